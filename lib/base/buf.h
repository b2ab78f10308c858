/* buf: growable bytes with a hard maximum, charged to a budget.
 *
 * Whoever buffers bytes that a peer sent charges them to a budget, so that no peer chooses our
 * memory use. Reaching a maximum is an outcome (STATUS_LIMIT), not a failure; the budget counts it
 * so that the report can say so. Content is wiped when it is freed. */
#ifndef EXEAT_BASE_BUF_H
#define EXEAT_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

/* A shared allowance in bytes. A value; initialise with budget_init. */
struct budget {
	size_t used_bytes;
	size_t max_bytes;
	size_t peak_bytes;
	uint64_t refusals;    /* how often something did not fit */
	struct budget *whole; /* borrows; what is charged is charged there as well; NULL: none */
};

void budget_init(struct budget *b, size_t max_bytes) NONNULL(1);
/* A part of another, and what it is charged is seen in both; several parts may add up to more. */
void budget_init_part(struct budget *b, size_t max_bytes, struct budget *borrowed_whole)
        NONNULL(1, 3);
/* 0, or STATUS_LIMIT (counted, also in the whole) and nothing charged. */
int budget_charge(struct budget *b, size_t bytes) WUNRES NONNULL(1);
void budget_release(struct budget *b, size_t bytes) NONNULL(1);

struct buf {
	uint8_t *data;
	size_t len;
	size_t capacity;
	size_t max_bytes;
	struct budget *budget; /* borrows; may be NULL */
};

/* Borrows the budget for the life of the buffer. Allocates nothing. */
void buf_init(struct buf *b, size_t max_bytes, struct budget *budget) NONNULL(1);
/* Wipes and frees; the buffer can be used again. NULL is fine. */
void buf_free(struct buf *b);
/* Keeps the allocation, forgets the content (wiped). */
void buf_clear(struct buf *b) NONNULL(1);
/* All or nothing: 0, STATUS_LIMIT (over its maximum or the budget), or STATUS_NO_MEMORY. */
int buf_append(struct buf *b, struct span bytes) WUNRES NONNULL(1);
/* Makes room for so many bytes more, as buf_append would: appending them cannot fail then. */
int buf_reserve(struct buf *b, size_t bytes) WUNRES NONNULL(1);
int buf_append_byte(struct buf *b, uint8_t byte) WUNRES NONNULL(1);
int buf_append_text(struct buf *b, const char *text) WUNRES NONNULL(1, 2);
/* Formats; for text of our own, never for bytes from outside. */
int buf_printf(struct buf *b, const char *format, ...) WUNRES PRINTF(2, 3) NONNULL(1, 2);
/* Drops the first len bytes (all, when there are fewer). */
void buf_drop_front(struct buf *b, size_t len) NONNULL(1);
/* Borrows the content until the next change. */
struct span buf_span(const struct buf *b) NONNULL(1);

#endif
