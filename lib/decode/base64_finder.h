/* base64_finder: finds base64 of a known format anywhere in the text of fields: in a log line, an
 * SQL literal, a table's cell, a data: URI, lines between PEM-like marks.
 *
 * It looks on: the text itself is not changed. What begins where a word may begin, goes on for
 * BASE64_RUN_BYTES digits of either alphabet (RFC 4648 sections 4 and 5), and decodes to the header
 * of a known format (opener.h), is given out decoded, up to its padding or to the first byte that
 * is no digit. Line ends may stand between lines of BASE64_LINE_MIN digits and more, indented or
 * not; line ends, the slash, the plus sign and the padding may be written as JSON, XML and URLs
 * escape them. Pieces may be cut anywhere. Ordinary text costs a look at one byte in thirty. */
#ifndef EXEAT_DECODE_BASE64_FINDER_H
#define EXEAT_DECODE_BASE64_FINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "decode/transfer_encoding.h"

#define BASE64_LINE_MIN        32  /* shorter lines of letters and digits are words */
#define BASE64_LOOK_BYTES      256 /* of one run, in which a beginning is looked for */
#define BASE64_ESCAPE_CHARS    9   /* "&#x0000D" before its semicolon */
#define BASE64_FINDER_ROOM_MIN 64

struct base64_finder {
	uint8_t state;
	uint8_t count;        /* digits collected */
	uint8_t escape_count; /* bytes of an escape that is not whole */
	bool proven_waits;    /* the digits that proved it are not given out yet */
	bool start;           /* the next digit may begin a text */
	bool direct;          /* the line is long enough: its digits go straight out */
	bool ending;          /* what is collected goes out, then the end */
	uint16_t raw;         /* bytes of this run, without line ends; counted up to its limit */
	uint16_t looked;      /* of a run without a beginning */
	uint64_t starts;      /* bit i: digits[i] may begin a text */
	uint8_t digits[BASE64_RUN_BYTES];
	uint8_t escape[BASE64_ESCAPE_CHARS];
	struct transfer_reader reader;
};

enum base64_find {
	BASE64_NOTHING, /* all of the input is taken */
	BASE64_OPEN,    /* a text of a known format begins */
	BASE64_DATA,    /* bytes of it stand in the room */
	BASE64_CLOSE,   /* it has ended */
};

/* Where decoded bytes are put. */
struct base64_room {
	uint8_t *bytes; /* borrows */
	size_t size;    /* BASE64_FINDER_ROOM_MIN at least, while a text is open */
	size_t len;     /* of them, given by BASE64_DATA */
};

/* A text that has been opened is not closed yet. */
bool base64_finder_is_open(const struct base64_finder *f) NONNULL(1);
/* Takes from *in. last: the text ends behind *in; the finder is then as new when it says
 * NOTHING. */
enum base64_find base64_finder_step(struct base64_finder *f, struct cursor *in, bool last,
        struct base64_room *room) NONNULL(1, 2, 4);

#endif
