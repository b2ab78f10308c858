/* sql: the inside of the decoder of SQL: its state, and the two ways in which rows are written. */
#ifndef EXEAT_DECODE_SQL_H
#define EXEAT_DECODE_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "decode/db_value.h"
#include "decode/rowset.h"

#define SQL_ROOM        8 /* operations that a step may need */
#define SQL_BARE_CHARS  64
#define SQL_PLAIN_BYTES 64
/* What may be looked at in vain for heads of statements, beside as much again as was read eight
 * times: a head goes on until it closes, and each line may begin another. */
#define SQL_VAIN_BYTES_MAX (1u << 20)
#define SQL_VAIN_TIMES     8

enum sql_mode {
	MODE_STATEMENT, /* one begins here */
	MODE_TEXT,      /* inside of one that brings no rows */
	MODE_ROWS,      /* between the rows of an INSERT */
	MODE_ROW,       /* inside of one: before a value */
	MODE_BARE,      /* in a number, a word or a prefix */
	MODE_HEX,
	MODE_STRING,
	MODE_ESCAPED, /* behind a backslash in it */
	MODE_QUOTED,  /* behind a quotation mark in it, which may be doubled */
	MODE_AFTER,   /* behind a value, up to the next comma */
	MODE_COPY,    /* in a cell of COPY */
	MODE_COPY_ESCAPED,
};

struct sql {
	const struct decode_env *env;
	enum sql_mode mode;
	bool text_open; /* the message of running text */
	bool text_begun;
	bool backslashes;    /* they escape in every literal */
	bool escapes;        /* in this one */
	bool line_begun;     /* COPY: a cell of this row was seen */
	bool value_open;     /* a value was begun */
	uint8_t quote;       /* that is open; in text: also '-' and '*' for comments */
	uint8_t before;      /* the byte before, in text */
	uint8_t nibble;      /* of a pair; 16: none */
	unsigned depth;      /* brackets inside of a value */
	size_t looked;       /* of a head that was not whole */
	size_t inside;       /* of a statement whose head is known, to be read as text */
	uint64_t vain_bytes; /* looked at, and no head */
	uint64_t text_bytes; /* read as text */
	uint32_t table;      /* whose columns are known */
	uint32_t named;      /* hash of the list that named them */
	size_t bare_len, plain_len, plain_at;
	char bare[SQL_BARE_CHARS];
	uint8_t plain[SQL_PLAIN_BYTES]; /* undone, and to be told before all else */
	struct rowset rows;
	struct db_value value;
};

/* Each: STATUS_ITEM, something was taken; STATUS_OK, more is needed; STATUS_MORE, drain first; or a
 * failure. */
int sql_row_step(struct sql *s, struct cursor *c, bool last, struct decode_out *out) WUNRES
        NONNULL(1, 2, 4);
int sql_copy_step(struct sql *s, struct cursor *c, struct decode_out *out) WUNRES NONNULL(1, 2, 3);
/* Begins the value that is next in the row. */
void sql_value_begin(struct sql *s, enum db_form form) NONNULL(1);
int sql_value_end(struct sql *s, struct decode_out *out) WUNRES NONNULL(1, 2);
/* As much as can be taken now. */
int sql_value_bytes(struct sql *s, struct cursor *c, size_t len, struct decode_out *out) WUNRES
        NONNULL(1, 2, 4);

#endif
