#include "decode/charset.h"

#include <string.h>

/* 0x80 to 0x9f; the five that mean nothing stay what ISO 8859-1 has there. */
static const uint16_t upper_controls[] = {0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020,
        0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019,
        0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e,
        0x178};

bool charset_is_plain(struct span bytes)
{
	const uint64_t high = 0x8080808080808080u;
	size_t at = 0;
	uint64_t eight;

	for (; at + sizeof(eight) <= bytes.len; at += sizeof(eight)) {
		memcpy(&eight, bytes.data + at, sizeof(eight));
		if (eight & high)
			return false;
	}
	for (; at < bytes.len; at++)
		if (bytes.data[at] & 0x80)
			return false;
	return true;
}

bool charset_is_single(const char *name)
{
	static const char *const names[] = {"windows-1252", "cp1252", "iso-8859-1", "iso8859-1",
	        "iso-8859-15", "latin1", "latin-1", "l1", "x-ansi", "ansi"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

uint32_t charset_of_1252(uint8_t byte)
{
	return byte >= 0x80 && byte < 0xa0 ? upper_controls[byte - 0x80] : byte;
}

size_t charset_put(uint8_t out[static CHARSET_CHAR_MAX], uint32_t code)
{
	if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		code = 0xfffd;
	if (code < 0x80) {
		out[0] = (uint8_t)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (uint8_t)(0xc0 | code >> 6);
		out[1] = (uint8_t)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (uint8_t)(0xe0 | code >> 12);
		out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | code >> 18);
	out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (code & 0x3f));
	return 4;
}

static bool is_unseen(uint32_t code)
{
	return code == 0xad || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x202a && code <= 0x202e) || (code >= 0x2060 && code <= 0x2064) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

static bool is_space(uint32_t code)
{
	return code == 0xa0 || (code >= 0x2000 && code <= 0x200a) || code == 0x202f ||
	       code == 0x205f || code == 0x3000;
}

/* A character of the text, in the one form in which it goes out; 0 to 4 bytes. */
static size_t put_plain(uint8_t *out, uint32_t code)
{
	if (is_unseen(code))
		return 0;
	if (is_space(code))
		code = ' ';
	else if ((code >= 0x2010 && code <= 0x2013) || code == 0x2212)
		code = '-';
	else if (code >= 0xff10 && code <= 0xff19)
		code = code - 0xff10 + '0';
	return charset_put(out, code);
}

/* Whether the byte can stand behind what is held (RFC 3629 section 4). */
static bool goes_on(const struct charset_reader *r, uint8_t byte)
{
	if ((byte & 0xc0) != 0x80 || r->held_count > 1)
		return (byte & 0xc0) == 0x80;
	switch (r->held[0]) {
	case 0xe0:
		return byte >= 0xa0;
	case 0xed:
		return byte < 0xa0;
	case 0xf0:
		return byte >= 0x90;
	case 0xf4:
		return byte < 0x90;
	default:
		return true;
	}
}

static unsigned length_of(uint8_t lead)
{
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static size_t give_held(struct charset_reader *r, uint8_t *out)
{
	size_t len = 0;

	for (unsigned i = 0; i < r->held_count; i++)
		len += put_plain(out + len, charset_of_1252(r->held[i]));
	r->held_count = 0;
	return len;
}

/* The last byte of what is held: the character is whole. */
static size_t give_whole(struct charset_reader *r, uint8_t byte, uint8_t *out)
{
	uint32_t code = r->held[0] & (0x7fu >> (r->held_count + 1));

	for (unsigned i = 1; i < r->held_count; i++)
		code = code << 6 | (r->held[i] & 0x3fu);
	code = code << 6 | (byte & 0x3fu);
	r->held_count = 0;
	return put_plain(out, code);
}

static size_t high_byte(struct charset_reader *r, uint8_t byte, uint8_t *out)
{
	size_t len = 0;

	if (r->held_count > 0) {
		if (goes_on(r, byte)) {
			if (r->held_count + 1u == length_of(r->held[0]))
				return give_whole(r, byte, out);
			r->held[r->held_count++] = byte;
			return 0;
		}
		len = give_held(r, out);
	}
	if (!r->single && byte >= 0xc2 && byte <= 0xf4) {
		r->held[r->held_count++] = byte;
		return len;
	}
	return len + put_plain(out + len, charset_of_1252(byte));
}

size_t charset_read(struct charset_reader *r, struct cursor *in, uint8_t *out, size_t room)
{
	size_t len = 0;

	while (cursor_left(in) > 0 && room - len >= CHARSET_ROOM_MIN) {
		uint8_t byte = cursor_u8(in);

		if (byte >= 0x80) {
			len += high_byte(r, byte, out + len);
			continue;
		}
		if (r->held_count > 0)
			len += give_held(r, out + len);
		out[len++] = byte;
	}
	return len;
}

size_t charset_finish(struct charset_reader *r, uint8_t out[static CHARSET_ROOM_MIN])
{
	return give_held(r, out);
}
