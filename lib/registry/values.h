/* values: cells that passed as typed values, in the memory of the snapshot. A cell that did not
 * pass reads as not recorded. */
#ifndef EXEAT_REGISTRY_VALUES_H
#define EXEAT_REGISTRY_VALUES_H

#include "base/compiler.h"
#include "registry/arena.h"
#include "registry/registry.h"
#include "registry/sheet.h"

/* A copy of the text as it may be shown, "" for an empty cell and for `none`; NULL without
 * memory. */
const char *value_text(struct arena *a, const struct sheet_cell *cell) WUNRES NONNULL(1, 2);
/* How many items the list has; 0 for an empty cell and for `none`. */
size_t value_count(const struct sheet_cell *cell) NONNULL(1);
/* 0 or STATUS_NO_MEMORY. */
int value_list(struct arena *a, const struct sheet_cell *cell, struct registry_list *ret) WUNRES
        NONNULL(1, 2, 3);
struct registry_hours value_hours(const struct sheet_cell *cell) NONNULL(1);
int32_t value_number(const struct sheet_cell *cell) NONNULL(1);
/* The index of the cell's word; `absent` when there is none. */
int value_word(const struct sheet *s, size_t row, size_t column, int absent) NONNULL(1);
/* For enums that begin with "not recorded", before the first word. */
int value_answer(const struct sheet *s, size_t row, size_t column) NONNULL(1);
/* The words of a list, bit 1 << index. */
uint32_t value_words(const struct sheet *s, size_t row, size_t column) NONNULL(1);

#endif
