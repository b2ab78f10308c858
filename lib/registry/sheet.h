/* sheet: one register file, opened, its columns found, its cells in their places. Comes in:
 * bytes. Goes out: cells by row and column of the file's format, or complaints. practice.csv,
 * which has one key a line, comes out as one row. */
#ifndef EXEAT_REGISTRY_SHEET_H
#define EXEAT_REGISTRY_SHEET_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/csv.h"
#include "registry/arena.h"
#include "registry/columns.h"
#include "registry/problems.h"

struct sheet_cell {
	const char *text; /* borrows from the sheet's table; "" when empty or absent */
	struct place place;
};

struct sheet {
	const struct file_format *format;
	enum registry_file file;
	enum registry_form form; /* lines of a workbook are its rows */
	struct csv_table *table;
	struct sheet_cell *cells; /* row after row, format->column_count each */
	size_t row_count;
};

/* Opens CSV text into a sheet that is all zero but for its form, which tells what the text was made
 * from. 0 even when there are complaints (the sheet may then be empty), or a failure. Borrows bytes
 * and arena for the life of the sheet. */
int sheet_open(struct sheet *s, enum registry_file file, struct span bytes, struct arena *arena,
        struct problems *problems) WUNRES NONNULL(1, 4, 5);
void sheet_close(struct sheet *s) NONNULL(1);
const struct sheet_cell *sheet_cell(const struct sheet *s, size_t row, size_t column) NONNULL(1);

#endif
