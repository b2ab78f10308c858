/* keys: the texts of one column of a sheet, sorted, so that thousands of rows are looked up
 * quickly. */
#ifndef EXEAT_REGISTRY_KEYS_H
#define EXEAT_REGISTRY_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "registry/sheet.h"

struct key {
	const char *text; /* borrows from the sheet */
	size_t row;
};

/* Equal texts stand in the order of their rows; empty cells are left out. */
struct keys {
	struct key *items;
	size_t count;
};

/* 0 or STATUS_NO_MEMORY; then there are no items, and keys_free does no harm. */
int keys_build(struct keys *ret, const struct sheet *s, size_t column) WUNRES NONNULL(1, 2);
void keys_free(struct keys *k) NONNULL(1);
/* The index of the first item at or after the text; count when there is none. */
size_t keys_seek(const struct keys *k, struct span text) NONNULL(1);
/* The first row whose cell holds the text; SIZE_MAX when there is none. */
size_t keys_row(const struct keys *k, struct span text) NONNULL(1);

#endif
