#include "decode/json_gate.h"

#include <string.h>

#include "base/status.h"
#include "decode/decode.h"

#define NOT_BASE64 (BASE64_RUN_BYTES + 1)

enum gate_state { OUTSIDE, IN_STRING, IN_ESCAPE, IN_LONG, IN_LONG_ESCAPE, IN_LONG_UNIT };

/* Strings of base64 hold no escape but that of the slash, which some writers use. */
static void note_opening(struct json_gate *g, uint8_t byte)
{
	if (g->opening_count < BASE64_RUN_BYTES)
		g->opening[g->opening_count++] = byte;
}

static bool opening_is_base64(struct json_gate *g)
{
	if (g->opening_count != BASE64_RUN_BYTES)
		return false;
	g->opening_count = NOT_BASE64; /* asked once */
	return base64_run(span_of(g->opening, BASE64_RUN_BYTES));
}

static int give(struct json_gate_item *ret, enum json_gate_kind kind, struct span bytes)
{
	*ret = (struct json_gate_item){.kind = kind, .bytes = bytes};
	return STATUS_ITEM;
}

static int outside(struct json_gate *g, struct cursor *in, struct json_gate_item *ret)
{
	struct span rest = span_of(in->at, in->left);
	size_t len = 1;

	if (rest.data[0] == '"') {
		g->state = IN_STRING;
		g->token_bytes = 0;
		g->opening_count = 0;
	} else if (json_gate_is_literal(rest.data[0])) {
		while (len < rest.len && json_gate_is_literal(rest.data[len]))
			len++;
		g->token_bytes += len;
		if (g->token_bytes > JSON_LITERAL_BYTES_MAX)
			return STATUS_MALFORMED;
	} else {
		while (json_gate_is_blank(rest.data[0]) && len < rest.len &&
		        json_gate_is_blank(rest.data[len]))
			len++;
		g->token_bytes = 0;
	}
	return give(ret, JSON_SLICE, cursor_span(in, len));
}

static void string_byte(struct json_gate *g, uint8_t byte)
{
	g->token_bytes++;
	if (g->digits > 0)
		g->digits--;
	if (g->state == IN_ESCAPE) {
		g->state = IN_STRING;
		g->digits = byte == 'u' ? 4 : 0;
		if (byte == '/')
			note_opening(g, byte);
		else
			g->opening_count = NOT_BASE64;
	} else if (byte == '\\') {
		g->state = IN_ESCAPE;
	} else if (byte == '"') {
		g->state = OUTSIDE;
		g->token_bytes = 0;
		g->digits = 0;
	} else {
		note_opening(g, byte);
	}
}

/* Whether the string must be closed before this byte of it. */
static bool must_close(struct json_gate *g, uint8_t byte)
{
	if (g->state != IN_STRING || g->digits > 0 || byte == '"')
		return false;
	if (opening_is_base64(g)) {
		g->closing = JSON_LONG_DATA;
		return true;
	}
	g->closing = JSON_LONG;
	return g->token_bytes >= DECODE_VALUE_BYTES_MAX;
}

/* Takes the bytes at the front that are nothing but a part of the string, and before which it need
 * not be closed: all at once what string_byte() does one by one. */
static size_t plain_bytes(struct json_gate *g, struct span rest)
{
	const bool opens = g->opening_count < BASE64_RUN_BYTES;
	size_t max, len = 0;

	if (g->state != IN_STRING || g->digits > 0 || g->opening_count == BASE64_RUN_BYTES ||
	        g->token_bytes >= DECODE_VALUE_BYTES_MAX)
		return 0;
	max = DECODE_VALUE_BYTES_MAX - g->token_bytes;
	if (opens && max > BASE64_RUN_BYTES - (size_t)g->opening_count)
		max = BASE64_RUN_BYTES - (size_t)g->opening_count;
	if (max > rest.len)
		max = rest.len;
	while (len < max && rest.data[len] != '"' && rest.data[len] != '\\')
		len++;
	if (opens && len > 0) {
		memcpy(g->opening + g->opening_count, rest.data, len);
		g->opening_count = (uint8_t)(g->opening_count + len);
	}
	g->token_bytes += len;
	return len;
}

static int in_string(struct json_gate *g, struct cursor *in, struct json_gate_item *ret)
{
	struct span rest = span_of(in->at, in->left);
	size_t len = 0;

	while (g->state != OUTSIDE && !g->must_close) {
		len += plain_bytes(g, span_slice(rest, len, SIZE_MAX));
		if (len == rest.len)
			break;
		g->must_close = must_close(g, rest.data[len]);
		if (!g->must_close)
			string_byte(g, rest.data[len++]);
	}
	if (len > 0)
		return give(ret, JSON_SLICE, cursor_span(in, len));
	g->must_close = false;
	g->state = IN_LONG;
	g->high = 0;
	return give(ret, g->closing, span_of(NULL, 0));
}

static int in_long(struct json_gate *g, struct cursor *in, struct json_gate_item *ret)
{
	struct span rest = span_of(in->at, in->left);
	size_t len = 0;

	while (len < rest.len && rest.data[len] != '"' && rest.data[len] != '\\')
		len++;
	if (len > 0)
		return give(ret, JSON_PIECE, cursor_span(in, len));
	if (cursor_u8(in) == '\\') {
		g->state = IN_LONG_ESCAPE;
		return STATUS_MORE;
	}
	g->state = OUTSIDE;
	g->token_bytes = 0;
	return give(ret, JSON_LONG_END, span_of(NULL, 0));
}

static size_t put_utf8(uint8_t *to, uint32_t code)
{
	if (code < 0x80) {
		to[0] = (uint8_t)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (uint8_t)(0xc0 | code >> 6);
		to[1] = (uint8_t)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (uint8_t)(0xe0 | code >> 12);
		to[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
		to[2] = (uint8_t)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (uint8_t)(0xf0 | code >> 18);
	to[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
	to[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
	to[3] = (uint8_t)(0x80 | (code & 0x3f));
	return 4;
}

static int in_long_escape(struct json_gate *g, struct cursor *in, struct json_gate_item *ret)
{
	static const char written[] = "bfnrt";
	static const char meant[] = "\b\f\n\r\t";
	uint8_t byte = cursor_u8(in);
	const char *found = byte ? strchr(written, byte) : NULL;

	if (byte == 'u') {
		g->state = IN_LONG_UNIT;
		g->digits = 4;
		g->unit = 0;
		return STATUS_MORE;
	}
	g->state = IN_LONG;
	g->made[0] = found ? (uint8_t)meant[found - written] : byte;
	return give(ret, JSON_PIECE, span_of(g->made, 1));
}

/* RFC 8259 section 7: characters outside of the first plane are two units. A half alone is "?". */
static size_t unit_done(struct json_gate *g)
{
	bool low = g->unit >= 0xdc00 && g->unit < 0xe000;
	uint16_t high = g->high;

	g->high = 0;
	if (g->unit >= 0xd800 && g->unit < 0xdc00) {
		g->high = g->unit;
		return 0;
	}
	if (low && high)
		return put_utf8(g->made, 0x10000u + ((uint32_t)(high - 0xd800) << 10) +
		                                 (uint32_t)(g->unit - 0xdc00));
	return put_utf8(g->made, low ? '?' : g->unit);
}

static int in_long_unit(struct json_gate *g, struct cursor *in, struct json_gate_item *ret)
{
	size_t len;

	while (cursor_left(in) > 0 && g->digits > 0) {
		uint8_t byte = (uint8_t)cursor_peek(in, 0);
		int digit = byte >= '0' && byte <= '9' ? byte - '0' : -1;

		byte |= 0x20;
		if (byte >= 'a' && byte <= 'f')
			digit = byte - 'a' + 10;
		if (digit < 0)
			break;
		cursor_skip(in, 1);
		g->unit = (uint16_t)(g->unit << 4 | digit);
		g->digits--;
	}
	if (cursor_left(in) == 0 && g->digits > 0)
		return STATUS_OK;
	g->state = IN_LONG;
	g->digits = 0;
	len = unit_done(g);
	return len > 0 ? give(ret, JSON_PIECE, span_of(g->made, len)) : STATUS_MORE;
}

/* As json_gate_next(); STATUS_MORE: nothing to give yet, go on. */
static int gate_step(struct json_gate *g, struct cursor *in, struct json_gate_item *ret)
{
	switch ((enum gate_state)g->state) {
	case OUTSIDE:
		return outside(g, in, ret);
	case IN_STRING:
	case IN_ESCAPE:
		return in_string(g, in, ret);
	case IN_LONG:
		return in_long(g, in, ret);
	case IN_LONG_ESCAPE:
		return in_long_escape(g, in, ret);
	case IN_LONG_UNIT:
		return in_long_unit(g, in, ret);
	}
	return STATUS_BUG;
}

int json_gate_next(struct json_gate *g, struct cursor *in, struct json_gate_item *ret)
{
	int status = STATUS_MORE;

	while (status == STATUS_MORE && cursor_left(in) > 0)
		status = gate_step(g, in, ret);
	return status == STATUS_MORE ? STATUS_OK : status;
}

bool json_gate_in_string(const struct json_gate *g)
{
	return g->state == IN_STRING || g->state == IN_ESCAPE;
}

bool json_gate_in_literal(const struct json_gate *g)
{
	return g->state == OUTSIDE && g->token_bytes > 0;
}
