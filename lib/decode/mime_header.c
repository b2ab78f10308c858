#include "decode/mime_header.h"

#include <stdio.h>
#include <string.h>

#include "decode/transfer_encoding.h"

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

bool mime_is_header(struct span line)
{
	size_t colon = span_find_byte(line, ':');

	for (size_t i = 0; i < colon && i < line.len; i++)
		if (line.data[i] <= ' ' || line.data[i] >= 0x7f)
			return false;
	return colon != SIZE_MAX && colon > 0;
}

size_t mime_unfold(struct span value, uint8_t *out)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++) {
		uint8_t byte = value.data[i];

		if (byte == '\r' || byte == '\n') {
			while (i + 1 < value.len &&
			        (is_blank(value.data[i + 1]) || value.data[i + 1] == '\n' ||
			                value.data[i + 1] == '\r'))
				i++;
			byte = ' ';
		}
		out[len++] = byte;
	}
	return len;
}

bool mime_is_latin1(struct span charset)
{
	static const char *const names[] = {
	        "iso-8859-1", "latin1", "windows-1252", "cp1252", "iso-8859-15"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_equal_nocase(charset, names[i]))
			return true;
	return false;
}

/* Windows-1252 0x80 to 0x9f; Latin-1 has control characters there that no mail means. */
static const uint16_t windows[32] = {0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021,
        0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c,
        0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178};

size_t mime_latin1(uint8_t byte, uint8_t out[static 3])
{
	uint16_t code = byte >= 0x80 && byte < 0xa0 ? windows[byte - 0x80] : byte;

	if (code < 0x80) {
		out[0] = (uint8_t)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (uint8_t)(0xc0 | code >> 6);
		out[1] = (uint8_t)(0x80 | (code & 0x3f));
		return 2;
	}
	out[0] = (uint8_t)(0xe0 | code >> 12);
	out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
	out[2] = (uint8_t)(0x80 | (code & 0x3f));
	return 3;
}

/* ---- encoded words ---- */

struct word {
	struct span charset, text;
	uint8_t encoding; /* 'B' or 'Q' */
	size_t len;       /* of the whole word */
};

/* RFC 2047 section 2: =?charset?encoding?text?= */
static bool read_word(struct span at, struct word *ret)
{
	size_t charset_end, text_end;

	if (!span_starts(at, "=?"))
		return false;
	charset_end = span_find_byte(span_slice(at, 2, SIZE_MAX), '?');
	if (charset_end == SIZE_MAX || at.len < charset_end + 6 || at.data[charset_end + 4] != '?')
		return false;
	ret->charset = span_slice(at, 2, charset_end);
	ret->charset = span_slice(ret->charset, 0, span_find_byte(ret->charset, '*'));
	ret->encoding = at.data[charset_end + 3] & 0xdf;
	ret->text = span_slice(at, charset_end + 5, SIZE_MAX);
	text_end = span_find(ret->text, span_of_text("?="));
	if (text_end == SIZE_MAX || (ret->encoding != 'B' && ret->encoding != 'Q'))
		return false;
	ret->text = span_slice(ret->text, 0, text_end);
	ret->len = charset_end + 5 + text_end + 2;
	return true;
}

static size_t put(uint8_t byte, bool latin1, uint8_t *out)
{
	if (latin1)
		return mime_latin1(byte, out);
	out[0] = byte;
	return 1;
}

static size_t word_text(const struct word *w, uint8_t *out)
{
	struct transfer_reader reader;
	bool latin1 = mime_is_latin1(w->charset);
	uint8_t part[8];
	size_t len = 0, count;

	transfer_reader_init(
	        &reader, w->encoding == 'B' ? TRANSFER_BASE64 : TRANSFER_QUOTED_PRINTABLE);
	for (size_t i = 0; i <= w->text.len; i++) {
		uint8_t byte = i < w->text.len ? w->text.data[i] : 0;
		struct cursor in = cursor_open_bytes(&byte, 1);

		if (byte == '_' && w->encoding == 'Q')
			byte = ' ';
		count = i < w->text.len ? transfer_reader_read(&reader, &in, part, sizeof(part))
		                        : transfer_reader_finish(&reader, part);
		for (size_t k = 0; k < count; k++)
			len += put(part[k], latin1, out + len);
	}
	return len;
}

size_t mime_words(struct span value, uint8_t *out)
{
	size_t len = 0, at = 0;
	bool after_word = false;

	while (at < value.len) {
		struct word word;
		size_t blanks = 0;

		/* Blanks between two words belong to neither. */
		while (after_word && at + blanks < value.len && is_blank(value.data[at + blanks]))
			blanks++;
		if (read_word(span_slice(value, at + blanks, SIZE_MAX), &word)) {
			len += word_text(&word, out + len);
			at += blanks + word.len;
			after_word = true;
			continue;
		}
		out[len++] = value.data[at++];
		after_word = false;
	}
	return len;
}

/* ---- parameters ---- */

struct parameter {
	struct span name, value; /* quotes still on */
};

/* The next `; name=value` of a header; false when there is none. */
static bool next_parameter(struct span *rest, struct parameter *ret)
{
	size_t equals, end;
	bool quoted = false;

	while (rest->len > 0 && (is_blank(rest->data[0]) || rest->data[0] == ';'))
		*rest = span_slice(*rest, 1, SIZE_MAX);
	for (end = 0; end < rest->len && (quoted || rest->data[end] != ';'); end++) {
		if (rest->data[end] == '\\' && quoted)
			end++;
		else if (rest->data[end] == '"')
			quoted = !quoted;
	}
	if (rest->len == 0)
		return false;
	ret->name = span_slice(*rest, 0, end);
	equals = span_find_byte(ret->name, '=');
	ret->value = equals == SIZE_MAX ? span_of(NULL, 0)
	                                : span_trim(span_slice(ret->name, equals + 1, SIZE_MAX));
	ret->name = span_trim(span_slice(ret->name, 0, equals));
	*rest = span_slice(*rest, end, SIZE_MAX);
	return true;
}

static size_t unquote(struct span value, uint8_t *out)
{
	size_t len = 0;

	if (value.len == 0 || value.data[0] != '"') {
		if (value.len > 0)
			memcpy(out, value.data, value.len);
		return value.len;
	}
	for (size_t i = 1; i < value.len && value.data[i] != '"'; i++) {
		if (value.data[i] == '\\' && i + 1 < value.len)
			i++;
		out[len++] = value.data[i];
	}
	return len;
}

static int hex_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* RFC 2231 section 4: charset'language'text with %XX. Only the first part names the charset. */
static size_t extended(struct span value, bool first, bool *latin1, uint8_t *out)
{
	size_t len = 0, quote;

	if (first) {
		quote = span_find_byte(value, '\'');
		*latin1 = mime_is_latin1(span_slice(value, 0, quote == SIZE_MAX ? 0 : quote));
		for (int i = 0; i < 2 && quote != SIZE_MAX; i++) {
			value = span_slice(value, quote + 1, SIZE_MAX);
			quote = span_find_byte(value, '\'');
		}
	}
	for (size_t i = 0; i < value.len; i++) {
		uint8_t byte = value.data[i];

		if (byte == '%' && i + 2 < value.len && hex_digit(value.data[i + 1]) >= 0 &&
		        hex_digit(value.data[i + 2]) >= 0) {
			byte = (uint8_t)(hex_digit(value.data[i + 1]) << 4 |
			                 hex_digit(value.data[i + 2]));
			i += 2;
		}
		len += put(byte, *latin1 && byte >= 0x80, out + len);
	}
	return len;
}

/* name*, name*0, name*0*: found in any order, put together in theirs. */
static bool find_part(struct span header, const char *name, int number, struct parameter *ret)
{
	char wanted[48];
	struct span rest = span_slice(header, span_find_byte(header, ';'), SIZE_MAX);

	if (number < 0)
		snprintf(wanted, sizeof(wanted), "%s*", name);
	else
		snprintf(wanted, sizeof(wanted), "%s*%d", name, number);
	while (next_parameter(&rest, ret)) {
		struct span bare = ret->name;

		if (number >= 0 && bare.len > 0 && bare.data[bare.len - 1] == '*')
			bare.len--;
		if (span_equal_nocase(bare, wanted))
			return true;
	}
	return false;
}

static bool find_plain(struct span header, const char *name, struct parameter *ret)
{
	struct span rest = span_slice(header, span_find_byte(header, ';'), SIZE_MAX);

	while (next_parameter(&rest, ret))
		if (span_equal_nocase(ret->name, name))
			return true;
	return false;
}

size_t mime_parameter(struct span header, const char *name, uint8_t *out)
{
	struct parameter p;
	bool latin1 = false, encoded = false;
	size_t len = 0, plain;

	if (find_part(header, name, -1, &p))
		return extended(p.value, true, &latin1, out);
	for (int number = 0; number < MIME_PARAMETER_PARTS; number++) {
		if (!find_part(header, name, number, &p))
			break;
		encoded |= p.name.data[p.name.len - 1] == '*';
		if (p.name.data[p.name.len - 1] == '*')
			len += extended(p.value, number == 0, &latin1, out + len);
		else
			len += unquote(p.value, out + len);
	}
	if (encoded || (len == 0 && !find_plain(header, name, &p)))
		return len;
	/* Not allowed by RFC 2047, and done by most: encoded words inside the quotes. */
	plain = len;
	if (len > 0)
		memcpy(out + 3 * header.len, out, len);
	else
		plain = unquote(p.value, out + 3 * header.len);
	return mime_words(span_of(out + 3 * header.len, plain), out);
}
