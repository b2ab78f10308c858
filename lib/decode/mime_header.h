/* mime_header: undoes what mail does to the values of its headers.
 *
 * Sources: RFC 5322 section 2.2.3 (folding), RFC 2047 (encoded words), RFC 2231 (parameters with
 * character sets, in parts). UTF-8, ASCII, Latin-1 and Windows-1252 become UTF-8; the bytes of
 * other sets are given as they are. */
#ifndef EXEAT_DECODE_MIME_HEADER_H
#define EXEAT_DECODE_MIME_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define MIME_HEADER_BYTES_MAX (8u << 10) /* of one header; the longest in use are lists of names */
#define MIME_PARAMETER_PARTS  16         /* of a name in parts (RFC 2231 section 3) */

/* A line begins with the name of a header and a colon. */
bool mime_is_header(struct span line);
/* Line ends go, the blanks behind them become one. out has room for value.len. Returns the length.
 *  */
size_t mime_unfold(struct span value, uint8_t *out) NONNULL(2);
/* Encoded words undone; out has room for 3 * value.len. Returns the length. */
size_t mime_words(struct span value, uint8_t *out) NONNULL(2);
/* The parameter of an unfolded header value; out has room for 4 * header.len. 0 when absent. */
size_t mime_parameter(struct span header, const char *name, uint8_t *out) NONNULL(2, 3);

bool mime_is_latin1(struct span charset);
/* One byte of Latin-1 or Windows-1252 as UTF-8: 1 to 3 bytes. */
size_t mime_latin1(uint8_t byte, uint8_t out[static 3]) NONNULL(2);

#endif
