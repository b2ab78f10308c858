#include "base/utf8.h"

/* Length by the first byte; 0 for a byte that cannot stand first. */
static size_t length_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

size_t utf8_decode(struct span s, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	struct cursor c = cursor_open(s);
	uint8_t first = cursor_u8(&c);
	size_t len = length_of(first);
	uint32_t value;

	if (len == 0 || len > s.len)
		return 0;
	value = first & first_bits[len];
	for (size_t i = 1; i < len; i++) {
		uint8_t next = cursor_u8(&c);

		if ((next & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (next & 0x3fu);
	}
	if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*ret = value;
	return len;
}

size_t utf8_encode(uint32_t character, char ret[static UTF8_BYTES_MAX])
{
	if (character < 0x80) {
		ret[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		ret[0] = (char)(0xc0 | character >> 6);
		ret[1] = (char)(0x80 | (character & 0x3f));
		return 2;
	}
	if (character < 0x10000) {
		ret[0] = (char)(0xe0 | character >> 12);
		ret[1] = (char)(0x80 | (character >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (character & 0x3f));
		return 3;
	}
	ret[0] = (char)(0xf0 | character >> 18);
	ret[1] = (char)(0x80 | (character >> 12 & 0x3f));
	ret[2] = (char)(0x80 | (character >> 6 & 0x3f));
	ret[3] = (char)(0x80 | (character & 0x3f));
	return 4;
}

size_t utf8_valid_length(struct span s)
{
	size_t at = 0;

	while (at < s.len) {
		uint32_t character;
		size_t len = utf8_decode(span_slice(s, at, s.len), &character);

		if (len == 0)
			return at;
		at += len;
	}
	return at;
}
