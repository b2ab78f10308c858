#include "decode/pdf_token.h"

#include <string.h>

#include "base/status.h"

#define DIGITS_MAX 18 /* more do not change what is meant */

bool pdf_is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t' || byte == '\f' ||
	       byte == 0;
}

static bool is_delimiter(uint8_t byte)
{
	return byte == '(' || byte == ')' || byte == '<' || byte == '>' || byte == '[' ||
	       byte == ']' || byte == '{' || byte == '}' || byte == '/' || byte == '%';
}

static bool is_regular(int byte)
{
	return byte >= 0 && !pdf_is_space((uint8_t)byte) && !is_delimiter((uint8_t)byte);
}

static void skip_blank(struct cursor *c)
{
	int byte;

	while ((byte = cursor_peek(c, 0)) >= 0) {
		if (byte == '%')
			while ((byte = cursor_peek(c, 0)) >= 0 && byte != '\n' && byte != '\r')
				cursor_skip(c, 1);
		else if (pdf_is_space((uint8_t)byte))
			cursor_skip(c, 1);
		else
			return;
	}
}

static struct span regular_span(struct cursor *c)
{
	size_t len = 0;

	while (is_regular(cursor_peek(c, len)))
		len++;
	return cursor_span(c, len);
}

/* Parentheses inside are balanced, or have a backslash before them. */
static struct span string_span(struct cursor *c)
{
	unsigned depth = 1;
	size_t len = 0;
	struct span raw;

	for (; cursor_peek(c, len) >= 0; len++) {
		int byte = cursor_peek(c, len);

		if (byte == '\\' && cursor_peek(c, len + 1) >= 0)
			len++;
		else if (byte == '(')
			depth++;
		else if (byte == ')' && --depth == 0)
			break;
	}
	raw = cursor_span(c, len);
	if (cursor_left(c) > 0)
		cursor_skip(c, 1);
	return raw;
}

static struct span hex_span(struct cursor *c)
{
	size_t len = 0;
	struct span raw;

	while (cursor_peek(c, len) >= 0 && cursor_peek(c, len) != '>')
		len++;
	raw = cursor_span(c, len);
	if (cursor_left(c) > 0)
		cursor_skip(c, 1);
	return raw;
}

static bool parse_number(struct span raw, double *ret)
{
	double value = 0, unit = 1;
	unsigned digits = 0;
	bool minus = false, point = false;
	size_t at = 0;

	while (at < raw.len && (raw.data[at] == '-' || raw.data[at] == '+'))
		minus |= raw.data[at++] == '-';
	for (; at < raw.len; at++) {
		uint8_t byte = raw.data[at];

		if (byte == '.' && !point) {
			point = true;
			continue;
		}
		if (byte == '-' && digits > 0)
			break; /* some writers put "0.00-35" */
		if (byte < '0' || byte > '9')
			return false;
		if (++digits > DIGITS_MAX)
			continue;
		if (point)
			unit /= 10;
		value = point ? value + unit * (byte - '0') : value * 10 + (byte - '0');
	}
	*ret = minus ? -value : value;
	return digits > 0 || point;
}

static void take_regular(struct cursor *c, struct pdf_token *ret)
{
	ret->raw = regular_span(c);
	ret->kind = parse_number(ret->raw, &ret->number) ? PDF_NUMBER : PDF_WORD;
}

static bool take_doubled(struct cursor *c, int byte)
{
	if (cursor_peek(c, 1) != byte)
		return false;
	cursor_skip(c, 2);
	return true;
}

int pdf_token_next(struct cursor *c, struct pdf_token *ret)
{
	for (;;) {
		int byte;

		skip_blank(c);
		byte = cursor_peek(c, 0);
		*ret = (struct pdf_token){.kind = PDF_WORD};
		if (byte < 0)
			return STATUS_END;
		if (is_regular(byte)) {
			take_regular(c, ret);
			return STATUS_ITEM;
		}
		if (byte == '<' && take_doubled(c, '<')) {
			ret->kind = PDF_DICTIONARY_BEGIN;
			return STATUS_ITEM;
		}
		if (byte == '>' && take_doubled(c, '>')) {
			ret->kind = PDF_DICTIONARY_END;
			return STATUS_ITEM;
		}
		cursor_skip(c, 1);
		if (byte == '[' || byte == ']') {
			ret->kind = byte == '[' ? PDF_ARRAY_BEGIN : PDF_ARRAY_END;
			return STATUS_ITEM;
		}
		if (byte == '/') {
			ret->kind = PDF_NAME;
			ret->raw = regular_span(c);
			return STATUS_ITEM;
		}
		if (byte == '(' || byte == '<') {
			ret->kind = byte == '(' ? PDF_STRING : PDF_HEX;
			ret->raw = byte == '(' ? string_span(c) : hex_span(c);
			return STATUS_ITEM;
		}
	}
}

static int hex_digit(int byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* An odd last digit stands for itself and a zero (7.3.4.3). */
static size_t hex_bytes(struct span raw, uint8_t *ret, size_t max)
{
	size_t len = 0;
	int high = -1;

	for (size_t i = 0; i < raw.len && len < max; i++) {
		int digit = hex_digit(raw.data[i]);

		if (digit < 0)
			continue;
		if (high < 0) {
			high = digit;
			continue;
		}
		ret[len++] = (uint8_t)(high << 4 | digit);
		high = -1;
	}
	if (high >= 0 && len < max)
		ret[len++] = (uint8_t)(high << 4);
	return len;
}

/* The character behind a backslash; -1: none. */
static int escaped(struct cursor *c)
{
	static const char letters[] = "nrtbf", meant[] = "\n\r\t\b\f";
	int byte = cursor_peek(c, 0), value = 0;
	const char *letter;

	if (byte < 0)
		return -1;
	for (int i = 0; i < 3 && cursor_peek(c, 0) >= '0' && cursor_peek(c, 0) <= '7'; i++)
		value = value * 8 + cursor_u8(c) - '0';
	if (byte >= '0' && byte <= '7')
		return value & 0xff;
	cursor_skip(c, 1);
	if (byte == '\r' && cursor_peek(c, 0) == '\n')
		cursor_skip(c, 1);
	if (byte == '\r' || byte == '\n')
		return -1;
	letter = byte != 0 ? strchr(letters, byte) : NULL;
	return letter ? meant[letter - letters] : byte;
}

static size_t string_bytes(struct span raw, uint8_t *ret, size_t max)
{
	struct cursor c = cursor_open(raw);
	size_t len = 0;

	while (cursor_left(&c) > 0 && len < max) {
		int byte = cursor_u8(&c);

		if (byte == '\\')
			byte = escaped(&c);
		if (byte >= 0)
			ret[len++] = (uint8_t)byte;
	}
	return len;
}

size_t pdf_token_bytes(const struct pdf_token *t, uint8_t *ret, size_t max)
{
	return t->kind == PDF_HEX ? hex_bytes(t->raw, ret, max) : string_bytes(t->raw, ret, max);
}

void pdf_token_name(const struct pdf_token *t, char *ret, size_t size)
{
	struct cursor c = cursor_open(t->raw);
	size_t len = 0;

	while (cursor_left(&c) > 0 && len + 1 < size) {
		int byte = cursor_u8(&c);
		int high = hex_digit(cursor_peek(&c, 0)), low = hex_digit(cursor_peek(&c, 1));

		if (byte == '#' && high >= 0 && low >= 0) {
			byte = high << 4 | low;
			cursor_skip(&c, 2);
		}
		ret[len++] = (char)byte;
	}
	ret[len] = '\0';
}
