#include "base/cursor.h"

#include <string.h>

struct cursor cursor_open(struct span span)
{
	return (struct cursor){.at = span.data, .left = span.len};
}

struct cursor cursor_open_bytes(const void *data, size_t len)
{
	return (struct cursor){.at = data, .left = len};
}

bool cursor_failed(const struct cursor *c)
{
	return c->failed;
}

size_t cursor_left(const struct cursor *c)
{
	return c->left;
}

struct span cursor_span(struct cursor *c, size_t len)
{
	struct span span = {NULL, 0};

	if (c->failed || len > c->left) {
		c->failed = true;
		return span;
	}
	span.data = c->at;
	span.len = len;
	if (len > 0)
		c->at += len;
	c->left -= len;
	return span;
}

struct span cursor_rest(struct cursor *c)
{
	return cursor_span(c, c->left);
}

struct cursor cursor_sub(struct cursor *c, size_t len)
{
	struct span span = cursor_span(c, len);

	return (struct cursor){.at = span.data, .left = span.len, .failed = c->failed};
}

void cursor_skip(struct cursor *c, size_t len)
{
	(void)cursor_span(c, len);
}

void cursor_copy(struct cursor *c, void *out, size_t len)
{
	struct span span = cursor_span(c, len);

	if (c->failed)
		memset(out, 0, len);
	else if (len > 0)
		memcpy(out, span.data, len);
}

int cursor_peek(const struct cursor *c, size_t offset)
{
	if (c->failed || offset >= c->left)
		return -1;
	return c->at[offset];
}

static uint64_t read_be(struct cursor *c, size_t width)
{
	struct span span = cursor_span(c, width);
	uint64_t value = 0;

	for (size_t i = 0; i < span.len; i++)
		value = value << 8 | span.data[i];
	return value;
}

static uint64_t read_le(struct cursor *c, size_t width)
{
	struct span span = cursor_span(c, width);
	uint64_t value = 0;

	for (size_t i = span.len; i > 0; i--)
		value = value << 8 | span.data[i - 1];
	return value;
}

uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)read_be(c, 1);
}

uint16_t cursor_u16be(struct cursor *c)
{
	return (uint16_t)read_be(c, 2);
}

uint16_t cursor_u16le(struct cursor *c)
{
	return (uint16_t)read_le(c, 2);
}

uint32_t cursor_u24be(struct cursor *c)
{
	return (uint32_t)read_be(c, 3);
}

uint32_t cursor_u32be(struct cursor *c)
{
	return (uint32_t)read_be(c, 4);
}

uint32_t cursor_u32le(struct cursor *c)
{
	return (uint32_t)read_le(c, 4);
}

uint64_t cursor_u64be(struct cursor *c)
{
	return read_be(c, 8);
}

uint64_t cursor_u64le(struct cursor *c)
{
	return read_le(c, 8);
}

struct span span_of(const void *data, size_t len)
{
	return (struct span){.data = data, .len = len};
}

struct span span_of_text(const char *text)
{
	return span_of(text, strlen(text));
}

struct span span_slice(struct span s, size_t offset, size_t len)
{
	if (offset > s.len)
		offset = s.len;
	if (len > s.len - offset)
		len = s.len - offset;
	return span_of(s.data ? s.data + offset : NULL, len);
}

bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool span_equal_text(struct span a, const char *text)
{
	return span_equal(a, span_of_text(text));
}

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
}

bool span_equal_nocase(struct span a, const char *text)
{
	if (a.len != strlen(text))
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.data[i]) != lower((uint8_t)text[i]))
			return false;
	return true;
}

bool span_starts(struct span a, const char *text)
{
	size_t len = strlen(text);

	return len <= a.len && span_equal(span_slice(a, 0, len), span_of(text, len));
}

size_t span_find(struct span s, struct span needle)
{
	const uint8_t *hit;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return SIZE_MAX;
	hit = memmem(s.data, s.len, needle.data, needle.len);
	return hit ? (size_t)(hit - s.data) : SIZE_MAX;
}

size_t span_find_byte(struct span s, uint8_t byte)
{
	const uint8_t *hit = s.len ? memchr(s.data, byte, s.len) : NULL;

	return hit ? (size_t)(hit - s.data) : SIZE_MAX;
}

struct span span_trim(struct span s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = span_slice(s, 1, s.len - 1);
	while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool span_to_u64(struct span s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)s.data[i] - '0';

		if (s.data[i] < '0' || s.data[i] > '9' || value > (max - digit) / 10 || digit > max)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}
