/* cells: what one cell may hold. Comes in: a cell and its column. Goes out: true, or complaints;
 * and for cells that passed, their values. Nothing is guessed: what could be read in two ways is
 * refused with both readings. */
#ifndef EXEAT_REGISTRY_CELLS_H
#define EXEAT_REGISTRY_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/category.h"
#include "base/compiler.h"
#include "base/cursor.h"
#include "registry/columns.h"
#include "registry/sheet.h"

#define TEXT_DEFAULT_MAX 80 /* characters: a name of a firm or a person */
#define LIST_ITEMS_MAX   256
#define BUNDLED_WITH     "bundled-with:" /* of update_method; a program_id follows */
#define ADVICE_CHARS     160

/* Checks the form of one cell. References are looked up elsewhere. */
bool cell_check(const struct column *c, const struct sheet_cell *cell, struct problems *p) WUNRES
        NONNULL(1, 2, 3);

/* The next item of a list separated by '|'; false at its end. */
bool list_next(struct span *rest, struct span *ret_item) NONNULL(1, 2);
/* The day of a date that passed; REGISTRY_NO_DAY when the cell is empty. */
int32_t cell_day(const struct sheet_cell *cell) NONNULL(1);
/* The index of the word of a cell that passed; `absent` when it is empty. */
int cell_word(const struct column *c, const struct sheet_cell *cell, int absent) NONNULL(1, 2);
/* The categories of a list that passed. */
category_set cell_categories(const struct sheet_cell *cell) NONNULL(1);
bool cell_is_none(const struct sheet_cell *cell) NONNULL(1);

/* How a cell that is no date could be read; each reading is named, none is chosen. */
void date_advice(const char *text, char ret[static ADVICE_CHARS]) NONNULL(1);
/* The code that a person may have meant ("Australia", "au"); NULL when it cannot be told. */
const char *country_meant(const char *text, char ret[static 3]) NONNULL(1);
/* True when the text holds a Medicare or health identifier number with its check digit right:
 * such a number has no place in a register. */
bool holds_patient_number(struct span text);

#endif
