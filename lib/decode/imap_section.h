/* imap_section: what the text of a mail, or of a part of one, is that a server sends without the
 * headers that would say it: RFC 3501 section 6.4.5 (FETCH). */
#ifndef EXEAT_DECODE_IMAP_SECTION_H
#define EXEAT_DECODE_IMAP_SECTION_H

#include "decode/decoder.h"

#define IMAP_FRONT_BYTES 512 /* of it, that say what it is */

/* name: of the item, "BODY[1.2]"; front: its first IMAP_FRONT_BYTES, or all of it. Declares a mail,
 * the boundary of a multipart, or the transfer encoding, where they show. */
void imap_section_declare(struct span name, struct span front, bool all, struct content *ret)
        NONNULL(4);

#endif
