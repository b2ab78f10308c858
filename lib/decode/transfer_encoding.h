/* transfer_encoding: undoes base64 and quoted-printable while the bytes arrive.
 *
 * Sources: RFC 2045 sections 6.7 and 6.8 (MIME), RFC 4648 section 5 (the URL-safe alphabet, read as
 * well). A reader skips what its alphabet does not know, as RFC 2045 asks, so nothing is malformed:
 * what it skipped is counted. Holds at most a few bytes. */
#ifndef EXEAT_DECODE_TRANSFER_ENCODING_H
#define EXEAT_DECODE_TRANSFER_ENCODING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

enum transfer_encoding {
	TRANSFER_IDENTITY, /* 7bit, 8bit, binary */
	TRANSFER_BASE64,
	TRANSFER_QUOTED_PRINTABLE,
};

struct transfer_reader {
	enum transfer_encoding encoding;
	uint32_t bits;      /* base64: bits not given out yet */
	unsigned bit_count; /* of them */
	uint8_t held[3];    /* quoted-printable: "=", "=A", "=\r" */
	unsigned held_count;
	uint64_t skipped_bytes; /* outside of the alphabet; line ends are not counted */
};

void transfer_reader_init(struct transfer_reader *r, enum transfer_encoding encoding) NONNULL(1);
/* Takes bytes from *in until it is empty or room is full; returns how many bytes stand in out.
 * room of 4 or more always makes progress. */
size_t transfer_reader_read(struct transfer_reader *r, struct cursor *in, uint8_t *out, size_t room)
        NONNULL(1, 2, 3);
/* The stream has ended: gives what was held (at most 3 bytes). */
size_t transfer_reader_finish(struct transfer_reader *r, uint8_t out[static 3]) NONNULL(1);

/* The value of a Content-Transfer-Encoding header; identity when it is another one. */
enum transfer_encoding transfer_encoding_parse(struct span value);

#define BASE64_RUN_BYTES 64 /* no name or sentence goes on like this for so long */

/* 0 to 63, or -1 for a byte outside of both alphabets. */
int base64_digit(uint8_t byte);
/* Whether text is base64, line ends apart, of a format that can hold clinical data (opener.h): what
 * a decoder asks of the first BASE64_RUN_BYTES of a text before it treats all of it as base64. */
bool base64_run(struct span text);

#endif
