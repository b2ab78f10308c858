/* columns: the one table of what a report row says. CSV prints the columns up to the first that is
 * for people only, in this order; HTML and the terminal pick columns by name and print their
 * headings. To add a column: an accessor and a row. */
#ifndef EXEAT_REPORT_COLUMNS_H
#define EXEAT_REPORT_COLUMNS_H

#include <stddef.h>

#include "base/compiler.h"
#include "report/rows.h"

#define CELL_CHARS 2560 /* a joined list of four shown texts, or all flags and categories */

struct summary_column {
	const char *name;    /* in CSV */
	const char *heading; /* for people */
	/* Gives a text that lives as long as the row or scratch; NULL: `text` of the row. */
	const char *(*cell)(const struct report *r, const struct summary_row *row,
	        char scratch[static CELL_CHARS]);
	enum row_text text;
};

struct flag_column {
	const char *name;
	const char *(*cell)(const struct flag_row *row, char scratch[static CELL_CHARS]);
	enum row_text text;
};

extern const struct summary_column summary_columns[];
extern const size_t summary_csv_columns; /* how many of them CSV prints */
extern const size_t summary_all_columns;
extern const struct flag_column flag_columns[];
extern const size_t flag_column_count;

/* NULL when there is none of this name. */
const struct summary_column *summary_column(const char *name) NONNULL(1);
const char *summary_cell(const struct summary_column *c, const struct report *r,
        const struct summary_row *row, char scratch[static CELL_CHARS]) NONNULL(1, 2, 3);
const char *flag_cell(const struct flag_column *c, const struct flag_row *row,
        char scratch[static CELL_CHARS]) NONNULL(1, 2);
/* Flags of a row, gravest first, with a text between them. */
void format_flags(const struct summary_row *row, const char *between, char ret[static CELL_CHARS])
        NONNULL(1, 2);
/* `|` becomes ", ". */
void format_list(const char *joined, char ret[static CELL_CHARS]) NONNULL(1);

#endif
