/* json_gate: hands JSON text to the parser a token at a time, and keeps long strings from it.
 *
 * The parser (yajl) keeps a token until it is whole, so a string of a gigabyte would cost a
 * gigabyte. The gate ends a string for the parser at DECODE_VALUE_BYTES_MAX, or as soon as it shows
 * itself to be base64 of a known format, and undoes the escapes of the rest itself. A token at a
 * time also means at most two calls back for each call of the parser. Source: RFC 8259 sections 2
 * and 7. Holds a few bytes. */
#ifndef EXEAT_DECODE_JSON_GATE_H
#define EXEAT_DECODE_JSON_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "decode/transfer_encoding.h"

#define JSON_LITERAL_BYTES_MAX 512 /* of a number; no system writes longer ones */

enum json_gate_kind {
	JSON_SLICE,     /* text for the parser: one token, or a part of one; or blanks */
	JSON_LONG,      /* the string is closed for the parser; what follows is JSON_PIECE */
	JSON_LONG_DATA, /* the same: it is base64 */
	JSON_PIECE,     /* text of a long string, escapes undone */
	JSON_LONG_END,  /* the string has ended; the parser must not see its quote */
};

struct json_gate {
	int state;
	enum json_gate_kind closing; /* what comes next when the string must be closed */
	bool must_close;
	size_t token_bytes;                /* of the string or literal so far, as written */
	uint8_t opening[BASE64_RUN_BYTES]; /* of the string */
	uint8_t opening_count;             /* over the size: not base64 */
	uint16_t unit;                     /* of a \u escape */
	uint16_t high;                     /* first half of a surrogate pair; 0: none */
	uint8_t digits;                    /* of the \u escape, still to come */
	uint8_t made[8];                   /* what JSON_PIECE borrows for an escape */
};

struct json_gate_item {
	enum json_gate_kind kind;
	struct span bytes; /* SLICE: of the input; PIECE: of the input or the gate */
};

/* STATUS_ITEM, 0 when *in is empty, or STATUS_MALFORMED for a literal over its maximum. */
int json_gate_next(struct json_gate *g, struct cursor *in, struct json_gate_item *ret) WUNRES
        NONNULL(1, 2, 3);
/* The last slice ended inside a string that the parser will get. */
bool json_gate_in_string(const struct json_gate *g) NONNULL(1);
/* It ended in a number or a word; what comes next may belong to it. */
bool json_gate_in_literal(const struct json_gate *g) NONNULL(1);
static inline bool json_gate_is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* The byte can stand in a number or a word. */
static inline bool json_gate_is_literal(uint8_t byte)
{
	const uint8_t letter = (uint8_t)((byte | 0x20) - 'a');

	return letter < 26 || (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' ||
	       byte == '.';
}

#endif
