/* url_text: percent-encoding (RFC 3986 section 2.1) and name=value pairs of queries and web forms
 * (WHATWG URL standard, application/x-www-form-urlencoded). */
#ifndef EXEAT_DECODE_URL_TEXT_H
#define EXEAT_DECODE_URL_TEXT_H

#include "decode/decoder.h"

/* Undoes %XX (a broken one stays as it is) and, when plus_is_space, '+'. Borrows when there is
 * nothing to undo; else lies in the queue's memory; data is NULL when there is no room for it. */
struct span url_text_decode(struct span text, bool plus_is_space, struct decode_out *out)
        NONNULL(3);
/* Takes the pair up to the next '&' off the front. False at the end. Empty pairs are passed
 * over. */
bool url_text_next_pair(struct span *rest, struct span *ret_name, struct span *ret_value)
        NONNULL(1, 2, 3);

#endif
