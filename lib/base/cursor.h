/* cursor: the one way to read bytes that came from outside.
 *
 * A span borrows bytes; a cursor walks a span. Each read consumes first, then answers; a read past
 * the end yields zero, moves nothing, and sets an error that stays. So a parser reads like its
 * specification and tests cursor_failed() once. A length prefix opens a smaller cursor with
 * cursor_sub(), and nothing can escape from it. The only bounds test is `length > left`.
 *
 * The reads stand here and not in cursor.c because each packet makes a hundred of them; so do the
 * comparisons with texts, whose length a compiler then knows. */
#ifndef EXEAT_BASE_CURSOR_H
#define EXEAT_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

struct span {
	const uint8_t *data; /* borrows; may be NULL when len is 0 */
	size_t len;          /* bytes */
};

struct cursor {
	const uint8_t *at;
	size_t left; /* bytes not read yet */
	bool failed; /* a read went past the end; stays */
};

static inline struct span span_of(const void *data, size_t len)
{
	return (struct span){.data = data, .len = len};
}

/* A part of a span, clipped to it. */
static inline struct span span_slice(struct span s, size_t offset, size_t len)
{
	if (offset > s.len)
		offset = s.len;
	if (len > s.len - offset)
		len = s.len - offset;
	return span_of(s.data ? s.data + offset : NULL, len);
}

static inline struct cursor cursor_open(struct span span)
{
	return (struct cursor){.at = span.data, .left = span.len};
}

static inline struct cursor cursor_open_bytes(const void *data, size_t len)
{
	return cursor_open(span_of(data, len));
}

static inline bool cursor_failed(const struct cursor *c)
{
	return c->failed;
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->left;
}

/* The next len bytes as a span that borrows them; an empty span and the error if there are
 * fewer. All reading goes through here. */
static inline struct span cursor_span(struct cursor *c, size_t len)
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

/* All that is left. */
static inline struct span cursor_rest(struct cursor *c)
{
	return cursor_span(c, c->left);
}

/* A cursor over the next len bytes, which are consumed from c; a failed cursor if there are
 * fewer. */
static inline struct cursor cursor_sub(struct cursor *c, size_t len)
{
	struct span span = cursor_span(c, len);

	return (struct cursor){.at = span.data, .left = span.len, .failed = c->failed};
}

static inline void cursor_skip(struct cursor *c, size_t len)
{
	(void)cursor_span(c, len);
}

/* The byte at offset from here without consuming; -1 when there is none. Sets no error. */
static inline int cursor_peek(const struct cursor *c, size_t offset)
{
	return c->failed || offset >= c->left ? -1 : c->at[offset];
}

/* For the reads below; a known width makes it one load. */
static inline uint64_t cursor_be(struct cursor *c, size_t width)
{
	struct span span = cursor_span(c, width);
	uint64_t value = 0;

	for (size_t i = 0; i < width && span.data; i++)
		value = value << 8 | span.data[i];
	return value;
}

static inline uint64_t cursor_le(struct cursor *c, size_t width)
{
	struct span span = cursor_span(c, width);
	uint64_t value = 0;

	for (size_t i = width; i > 0 && span.data; i--)
		value = value << 8 | span.data[i - 1];
	return value;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_be(c, 1);
}

static inline uint16_t cursor_u16be(struct cursor *c)
{
	return (uint16_t)cursor_be(c, 2);
}

static inline uint16_t cursor_u16le(struct cursor *c)
{
	return (uint16_t)cursor_le(c, 2);
}

static inline uint32_t cursor_u24be(struct cursor *c)
{
	return (uint32_t)cursor_be(c, 3);
}

static inline uint32_t cursor_u32be(struct cursor *c)
{
	return (uint32_t)cursor_be(c, 4);
}

static inline uint32_t cursor_u32le(struct cursor *c)
{
	return (uint32_t)cursor_le(c, 4);
}

static inline uint64_t cursor_u64be(struct cursor *c)
{
	return cursor_be(c, 8);
}

static inline uint64_t cursor_u64le(struct cursor *c)
{
	return cursor_le(c, 8);
}

/* Copies len bytes to out; zeroes out and sets the error if there are fewer. */
void cursor_copy(struct cursor *c, void *out, size_t len) NONNULL(1, 2);

static inline struct span span_of_text(const char *text)
{
	return span_of(text, strlen(text));
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool span_equal_text(struct span a, const char *text)
{
	return span_equal(a, span_of_text(text));
}

static inline bool span_starts(struct span a, const char *text)
{
	const size_t len = strlen(text);

	return len <= a.len && (len == 0 || memcmp(a.data, text, len) == 0);
}

/* In ASCII. */
static inline uint8_t span_lower(uint8_t byte)
{
	return (uint8_t)(byte - 'A') < 26 ? byte | 0x20 : byte;
}

/* How many bytes at the beginning are the same but for their case. */
static inline size_t span_common_nocase(struct span a, const char *text)
{
	size_t len = 0;

	while (len < a.len && text[len] != '\0' &&
	        span_lower(a.data[len]) == span_lower((uint8_t)text[len]))
		len++;
	return len;
}

/* ASCII case-insensitive comparisons. */
bool span_equal_nocase(struct span a, const char *text) NONNULL(2);
bool span_starts_nocase(struct span a, const char *text) NONNULL(2);
bool span_has_nocase(struct span a, const char *text) NONNULL(2);
/* Offset of the first occurrence of needle, or SIZE_MAX. */
size_t span_find(struct span s, struct span needle);
size_t span_find_byte(struct span s, uint8_t byte);
/* Without leading and trailing ASCII spaces and tabs. */
struct span span_trim(struct span s);
/* Decimal digits only; false when empty, not digits, or over max. */
bool span_to_u64(struct span s, uint64_t max, uint64_t *ret) NONNULL(3);

#endif
