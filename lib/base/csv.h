/* csv: reads the practice's register files and our rule files by libcsv, row by row, and knows for
 * each cell where it stands: line of the file, column, and the name Excel gives the cell.
 *
 * Format: RFC 4180, UTF-8, header row first, comma. A byte-order mark is skipped and reported. The
 * reader checks form only; what a cell means is the caller's. */
#ifndef EXEAT_BASE_CSV_H
#define EXEAT_BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/cursor.h"

#define CSV_CELLS_MAX       64          /* columns: the widest register file has 30 */
#define CSV_CELL_BYTES_MAX  4096        /* a list of hosts fits many times */
#define CSV_ROWS_MAX        20000       /* a practice has tens of programs */
#define CSV_FILE_BYTES_MAX  (16u << 20) /* larger is not a register */
#define CSV_CELL_NAME_CHARS 16

struct csv_cell {
	const char *text; /* borrows from the table; zero-terminated, no inner zeros */
	size_t len;
	unsigned line; /* of the file, from 1, where the cell starts */
};

struct csv_row {
	const struct csv_cell *cells; /* borrows from the table */
	size_t cell_count;
	unsigned row;  /* as Excel counts, from 1, header included */
	unsigned line; /* of the file, where the row starts */
};

struct csv_table;

struct csv_problem {
	unsigned line;    /* 0 when the whole file is meant */
	unsigned column;  /* cell number from 1; 0 when the whole line is meant */
	const char *text; /* one clear sentence, static */
	unsigned row;     /* as Excel counts, where there is a column; 0 when it is not known */
};

/* Reads a whole file that is in memory. 0; STATUS_MALFORMED or STATUS_LIMIT with *ret_problem
 * filled (unclosed quote, inner zero byte, not UTF-8, too large, too many cells or rows); or a
 * failure. Gives the table; it copies what it needs. */
int csv_table_read(struct span file, struct csv_table **ret_gives,
        struct csv_problem *ret_problem) WUNRES NONNULL(2, 3);
struct csv_table *csv_table_free(struct csv_table *t); /* NULL ok, returns NULL */

bool csv_table_had_bom(const struct csv_table *t) NONNULL(1);
size_t csv_table_row_count(const struct csv_table *t) NONNULL(1);
/* Borrows; index from 0 (the header). Blank rows (no cell has text) are counted but kept. */
struct csv_row csv_table_row(const struct csv_table *t, size_t index) NONNULL(1);
/* The column whose header equals name; SIZE_MAX when there is none. */
size_t csv_table_column(const struct csv_table *t, const char *name) NONNULL(1, 2);
/* "C7" for column 3 (from 1) of row 7. */
void csv_cell_name(size_t column, unsigned row, char ret[static CSV_CELL_NAME_CHARS]);

/* Appends a cell in quotation marks, which are doubled inside (RFC 4180). Answers as buf_append. */
int csv_append_quoted(struct buf *ret, struct span text) WUNRES NONNULL(1);

#endif
