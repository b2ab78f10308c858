#include "decode/xml_charset.h"

#include <string.h>

#include "decode/charset.h"

#define NAME_CHARS_MAX 24 /* of a charset */

/* The value of encoding="…" in the declaration. */
static struct span declared_inside(struct span head)
{
	size_t stop = span_find_byte(head, '>');
	size_t at;
	struct span rest;

	if (!span_starts(head, "<?xml") || stop == SIZE_MAX)
		return span_of(NULL, 0);
	at = span_find(span_slice(head, 0, stop), span_of_text("encoding"));
	if (at == SIZE_MAX)
		return span_of(NULL, 0);
	rest = span_slice(head, at + 8, stop - at - 8);
	while (rest.len > 0 && (rest.data[0] == ' ' || rest.data[0] == '='))
		rest = span_slice(rest, 1, SIZE_MAX);
	if (rest.len == 0 || (rest.data[0] != '"' && rest.data[0] != '\''))
		return span_of(NULL, 0);
	at = span_find_byte(span_slice(rest, 1, SIZE_MAX), rest.data[0]);
	return at == SIZE_MAX ? span_of(NULL, 0) : span_slice(rest, 1, at);
}

static bool is_one_byte(struct span name)
{
	char small[NAME_CHARS_MAX] = "";

	if (name.len >= sizeof(small))
		return false;
	for (size_t i = 0; i < name.len; i++)
		small[i] = (char)span_lower(name.data[i]);
	return charset_is_single(small);
}

void xml_charset_init(struct xml_charset *c, const char *declared, struct span head)
{
	*c = (struct xml_charset){
	        .one_byte = is_one_byte(
	                declared[0] != '\0' ? span_of_text(declared) : declared_inside(head))};
}

static size_t put_one(uint8_t byte, uint8_t *to)
{
	return charset_put(to, charset_of_1252(byte));
}

static size_t put_ascii(struct xml_charset *c, uint8_t byte, uint8_t *to)
{
	bool forbidden = byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r';

	c->wrong += forbidden;
	to[0] = forbidden ? ' ' : byte;
	return 1;
}

/* What was held is no character of UTF-8. */
static size_t give_held(struct xml_charset *c, uint8_t *out)
{
	size_t len = 0;

	c->wrong += c->held_count;
	for (size_t i = 0; i < c->held_count; i++)
		len += put_one(c->held[i], out + len);
	c->held_count = 0;
	return len;
}

/* Bytes of the character that begins so; 0: none does. */
static uint8_t length_of(uint8_t byte)
{
	if (byte >= 0xc2 && byte < 0xe0)
		return 2;
	if (byte >= 0xe0 && byte < 0xf0)
		return 3;
	return byte >= 0xf0 && byte < 0xf5 ? 4 : 0;
}

/* All bytes are there: neither too long a form, nor a surrogate, nor a non-character. */
static bool is_sound(const uint8_t *b, uint8_t count)
{
	if (count == 3 && b[0] == 0xe0)
		return b[1] >= 0xa0;
	if (count == 3 && b[0] == 0xed)
		return b[1] < 0xa0;
	if (count == 3 && b[0] == 0xef && b[1] == 0xbf)
		return b[2] < 0xbe;
	if (count == 4 && b[0] == 0xf0)
		return b[1] >= 0x90;
	return count != 4 || b[0] != 0xf4 || b[1] < 0x90;
}

size_t xml_charset_byte(
        struct xml_charset *c, uint8_t byte, uint8_t out[static XML_CHARSET_OUT_MAX])
{
	size_t len = 0;

	if (c->held_count > 0 && (byte & 0xc0) == 0x80) {
		c->held[c->held_count++] = byte;
		if (c->held_count < c->held_needed)
			return 0;
		if (!is_sound(c->held, c->held_count))
			return give_held(c, out);
		memcpy(out, c->held, c->held_count);
		len = c->held_count;
		c->held_count = 0;
		return len;
	}
	if (c->held_count > 0)
		len = give_held(c, out);
	if (byte < 0x80)
		return len + put_ascii(c, byte, out + len);
	if (c->one_byte)
		return len + put_one(byte, out + len);
	c->held_needed = length_of(byte);
	if (c->held_needed == 0) {
		c->wrong++;
		return len + put_one(byte, out + len);
	}
	c->held[c->held_count++] = byte;
	return len;
}

size_t xml_charset_finish(struct xml_charset *c, uint8_t out[static XML_CHARSET_OUT_MAX])
{
	return give_held(c, out);
}
