/* db_value: a value in a conversation with a database, as it is told on: a field, pieces of running
 * text when it is long, or a stream of its own when it is a document.
 *
 * A value arrives whole or in pieces of any size. At most DB_VALUE_HELD_BYTES of one are held.
 * Texts become UTF-8 on the way. */
#ifndef EXEAT_DECODE_DB_VALUE_H
#define EXEAT_DECODE_DB_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "decode/decoder.h"

#define DB_VALUE_ROOM       4 /* operations that a step may need */
#define DB_VALUE_HELD_BYTES DECODE_VALUE_BYTES_MAX
#define DB_VALUE_BINARY_MIN 64   /* shorter ones are keys, stamps or text, no documents */
#define DB_VALUE_NESTED_MAX 1024 /* documents in one message; others are read as text */

enum db_form {
	DB_UTF8,
	DB_8BIT,   /* Windows-1252, as databases in Australia have it */
	DB_UTF16,  /* little endian */
	DB_BINARY, /* read only when it is a document, or a short text */
	DB_SQL,    /* statements in UTF-8: read as such (sql.c) */
	DB_SQL_UTF16,
};

struct db_value {
	struct buf held;
	enum db_form form;
	bool begun;         /* pieces have gone out */
	bool child;         /* into a stream of their own */
	struct field field; /* but for its bytes; borrows the label */
	char place[DECODE_STEP_CHARS];
	unsigned nested; /* documents of this message */
};

void db_value_init(struct db_value *v, struct budget *borrowed) NONNULL(1, 2);
void db_value_free(struct db_value *v) NONNULL(1);

/* Each of the steps answers STATUS_OK, STATUS_MORE (drain the queue and come again with the same),
 * STATUS_LIMIT (budget) or a failure. */

/* The longest that is not told in pieces. */
size_t db_value_whole_max(enum db_form form);
/* A value that stands whole in one span no longer than that. Nothing of an empty one. */
int db_value_whole(struct db_value *v, enum db_form form, struct span bytes,
        struct decode_out *out) WUNRES NONNULL(1, 4);
/* One that comes in pieces. The field and place are set before, and what they borrow stays. */
void db_value_begin(struct db_value *v, enum db_form form) NONNULL(1);
/* Takes what it can of the cursor. STATUS_OK: all of it. */
int db_value_feed(struct db_value *v, struct cursor *c, struct decode_out *out) WUNRES
        NONNULL(1, 2, 3);
int db_value_end(struct db_value *v, enum stream_end end, struct decode_out *out) WUNRES
        NONNULL(1, 3);
/* Its bytes are lost: what went out is closed. At most two operations. */
void db_value_abandon(struct db_value *v, enum stream_end end, struct decode_out *out)
        NONNULL(1, 3);

/* A short value that stands whole in the input, under a label of our own; one place in the queue.
 * Nothing of an empty one. */
void db_tell(struct decode_out *out, enum field_role role, const char *label, struct span value)
        NONNULL(1, 3);
/* UTF-16LE as UTF-8, as much of it as fits; its length. A lone surrogate becomes U+FFFD. */
size_t db_utf16(struct span wide, void *ret, size_t size) NONNULL(2);

#endif
