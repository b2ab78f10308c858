/* rowset: rows that a database sends or is sent, put out as the cells of a table, each under its
 * column's name, so that the rules for tables hold for answers of databases as for files. */
#ifndef EXEAT_DECODE_ROWSET_H
#define EXEAT_DECODE_ROWSET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "decode/decoder.h"

#define ROWSET_COLUMNS_MAX     4096         /* of MySQL; the others have less */
#define ROWSET_NAMES_BYTES_MAX (128u << 10) /* 1024 columns of 128 characters */

/* What a protocol says of a column; all but the name is its own affair. */
struct rowset_column {
	uint32_t name_at, size;
	uint16_t name_len;
	uint8_t type, scale, flags;
};

struct rowset {
	struct buf names, columns;
	uint32_t count;  /* columns */
	uint32_t column; /* the one that is next, from 0 */
	uint64_t row;    /* of the message, from 1 */
	bool open;       /* the table's message has begun */
};

void rowset_init(struct rowset *r, struct budget *borrowed) NONNULL(1, 2);
void rowset_free(struct rowset *r) NONNULL(1);
/* Forgets the columns; nothing that borrows their names may be under way. */
void rowset_clear(struct rowset *r) NONNULL(1);
/* One more column, its name in UTF-8. Name over its maximum: it has none, and that is counted.
 * 0, STATUS_LIMIT (columns, budget) or a failure. */
int rowset_add(struct rowset *r, struct rowset_column column, struct span name,
        struct decode_out *out) WUNRES NONNULL(1, 4);
struct rowset_column rowset_column(const struct rowset *r, uint32_t index) NONNULL(1);
/* Another row begins; the first begins the message. At most one operation. */
void rowset_row(struct rowset *r, struct decode_out *out, const char *place) NONNULL(1, 2, 3);
/* The field of the next column, without its bytes: label, column and row. Borrows the name. */
struct field rowset_field(const struct rowset *r) NONNULL(1);
/* "column 4", of the next column. */
void rowset_place(const struct rowset *r, char ret[static DECODE_STEP_CHARS]) NONNULL(1);
/* Ends the message, if there is one. At most one operation. */
void rowset_end(struct rowset *r, struct decode_out *out) NONNULL(1, 2);

#endif
