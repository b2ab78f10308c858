/* sql_head: the beginning of a statement of SQL, as far as it says whose rows come: the table and
 * its columns. Read from bytes that may not all be there yet.
 *
 * Sources: ISO/IEC 9075-2 (names, literals, comments), and what MySQL, PostgreSQL, SQLite and
 * Microsoft SQL Server add to it in their manuals: names in grave accents or brackets, comments
 * from a number sign, COPY. */
#ifndef EXEAT_DECODE_SQL_HEAD_H
#define EXEAT_DECODE_SQL_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define SQL_HEAD_BYTES_MAX (64u << 10) /* 1024 columns and what is said of each */

enum sql_kind {
	SQL_OTHER,
	SQL_INSERT, /* rows in brackets follow */
	SQL_COPY,   /* rows in lines follow */
	SQL_CREATE, /* a table; its statement is text, too */
	SQL_GO,     /* a line that says only that */
};

struct sql_head {
	enum sql_kind kind;
	uint32_t table;      /* hash of its name; 0: none */
	size_t len;          /* up to where the rows begin */
	struct span columns; /* what stands in brackets; empty: nothing */
	bool list;           /* there is one, whole or not */
	bool graves;         /* names stand in grave accents: MySQL, where a backslash escapes */
};

/* The statement at the front, after blanks. STATUS_ITEM and *ret; STATUS_MORE when more of it is
 * needed: *ret says what is known. */
int sql_head_read(struct span statement, bool last, struct sql_head *ret) WUNRES NONNULL(3);
/* Takes the next column's name off a list; false at its end. create: what else is said of a column
 * is passed over. */
bool sql_next_column(struct span *columns, bool create, struct span *ret_name) NONNULL(1, 3);
/* Whether bytes begin SQL: 1 yes, 0 no, STATUS_MORE: not yet to be told. */
int sql_probe_text(struct span head, bool end) WUNRES;

#endif
