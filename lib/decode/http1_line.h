/* http1_line: the first line of an HTTP/1 message, RFC 9112 sections 3 and 4; and where a head
 * ends. Small pure functions that recognise; libhtp reads (http1_head.h). */
#ifndef EXEAT_DECODE_HTTP1_LINE_H
#define EXEAT_DECODE_HTTP1_LINE_H

#include "decode/decoder.h"

#define HTTP1_LINE_BYTES_MAX 8192 /* longest first line looked for in the middle of a stream */

/* The start of a connection: a known method and a target, an unknown method on a complete request
 * line, or a status line. */
enum probe_answer http1_line_begins(struct span bytes) WUNRES;
/* In the middle of a stream: only a complete and well-formed first line will do. */
enum probe_answer http1_line_is_start(struct span bytes) WUNRES;
bool http1_line_is_response(struct span line);
/* Length of the head with its closing empty line, or 0 while it is not complete. *scanned keeps how
 * far was looked; starts at 0 and is set to 0 when the head is found. */
size_t http1_line_head_end(struct span bytes, size_t *scanned) NONNULL(2);

#endif
