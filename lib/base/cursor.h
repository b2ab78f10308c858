/* cursor: the one way to read bytes that came from outside.
 *
 * A span borrows bytes; a cursor walks a span. Each read consumes first, then answers; a read past
 * the end yields zero, moves nothing, and sets an error that stays. So a parser reads like its
 * specification and tests cursor_failed() once. A length prefix opens a smaller cursor with
 * cursor_sub(), and nothing can escape from it. The only bounds test is `length > left`. */
#ifndef EXEAT_BASE_CURSOR_H
#define EXEAT_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct cursor cursor_open(struct span span);
struct cursor cursor_open_bytes(const void *data, size_t len);

bool cursor_failed(const struct cursor *c) NONNULL(1);
size_t cursor_left(const struct cursor *c) NONNULL(1);

uint8_t cursor_u8(struct cursor *c) NONNULL(1);
uint16_t cursor_u16be(struct cursor *c) NONNULL(1);
uint16_t cursor_u16le(struct cursor *c) NONNULL(1);
uint32_t cursor_u24be(struct cursor *c) NONNULL(1);
uint32_t cursor_u32be(struct cursor *c) NONNULL(1);
uint32_t cursor_u32le(struct cursor *c) NONNULL(1);
uint64_t cursor_u64be(struct cursor *c) NONNULL(1);
uint64_t cursor_u64le(struct cursor *c) NONNULL(1);

/* The next len bytes as a span that borrows them; an empty span and the error if there are
 * fewer. */
struct span cursor_span(struct cursor *c, size_t len) NONNULL(1);
/* All that is left. */
struct span cursor_rest(struct cursor *c) NONNULL(1);
/* A cursor over the next len bytes, which are consumed from c; a failed cursor if there are
 * fewer. */
struct cursor cursor_sub(struct cursor *c, size_t len) NONNULL(1);
void cursor_skip(struct cursor *c, size_t len) NONNULL(1);
/* Copies len bytes to out; zeroes out and sets the error if there are fewer. */
void cursor_copy(struct cursor *c, void *out, size_t len) NONNULL(1, 2);
/* The byte at offset from here without consuming; -1 when there is none. Sets no error. */
int cursor_peek(const struct cursor *c, size_t offset) NONNULL(1);

struct span span_of(const void *data, size_t len);
struct span span_of_text(const char *text) NONNULL(1);
/* A part of a span, clipped to it. */
struct span span_slice(struct span s, size_t offset, size_t len);
bool span_equal(struct span a, struct span b);
bool span_equal_text(struct span a, const char *text) NONNULL(2);
/* ASCII case-insensitive comparison. */
bool span_equal_nocase(struct span a, const char *text) NONNULL(2);
bool span_starts(struct span a, const char *text) NONNULL(2);
/* Offset of the first occurrence of needle, or SIZE_MAX. */
size_t span_find(struct span s, struct span needle);
size_t span_find_byte(struct span s, uint8_t byte);
/* Without leading and trailing ASCII spaces and tabs. */
struct span span_trim(struct span s);
/* Decimal digits only; false when empty, not digits, or over max. */
bool span_to_u64(struct span s, uint64_t max, uint64_t *ret) NONNULL(3);

#endif
