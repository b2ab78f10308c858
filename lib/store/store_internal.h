/* store_internal: what the files that write the store and those that read it share. */
#ifndef EXEAT_STORE_STORE_INTERNAL_H
#define EXEAT_STORE_STORE_INTERNAL_H

#include <sqlite3.h>

#include "base/timestamp.h"
#include "store/store.h"

#define STORE_INPUTS_MAX 4096 /* of one transaction */

enum store_statement {
	STATEMENT_INPUT_ADD,
	STATEMENT_INPUT_SET,
	STATEMENT_FLOW, /* nothing changes when the number is taken */
	STATEMENT_FLOW_AGAIN,
	STATEMENT_FLOW_WHO,
	STATEMENT_NAME,
	STATEMENT_RECORD,
	STATEMENT_FINDING,
	STATEMENT_FINDINGS_CLEAR,
	STATEMENT_TAG,
	STATEMENT_LOSS,
	STATEMENT_META_SET,
	STATEMENT_META_GET,
	STATEMENT_SEEN_GET,
	STATEMENT_SOFTWARE,
	STATEMENT_DAY_SET,
	STATEMENT_DAYS_OF,
	STATEMENT_VERSION_SET,
	STATEMENT_UPDATE_SET,
	STATEMENT_FINDINGS_OF,
	STATEMENT_RECORDS_OF,
	STATEMENTS
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	uint64_t blank_texts[STATEMENTS]; /* of the flow table's; see bind_flow_text */
	int64_t *inputs; /* row ids by the caller's index, of the open transaction */
	uint32_t input_count;
	bool in_transaction;
	bool for_one_run; /* read by the run that fills it, and by nobody after; see fill.c */
	/* Of the open transaction: the store held no capture when it began; see fill.c. */
	bool was_empty, without_indexes;
	uint32_t rows; /* records since then, while there are no indexes */
	/* store_open_descriptor, store_open_temporary: SQLite's door to the one file. */
	sqlite3_vfs system;
	char system_name[48];
	bool system_known;
	int fd;
	bool writes_fd;            /* store_open_temporary */
	bool ran_out;              /* a write to it found no room */
	struct store_hours *hours; /* NULL: not asked for yet; see coverage.c */
};

extern const char store_schema_sql[];
extern const char store_schema_2_sql[];
extern const char store_schema_4_sql[];
extern const char store_schema_7_sql[];
extern const char store_schema_8_sql[];

/* Of those two; after the database is closed. */
void store_forget_system(struct store *s) NONNULL(1);
/* A transaction begins; a record comes; it is about to be committed. */
int store_begin_filling(struct store *s) WUNRES NONNULL(1);
int store_fill(struct store *s) WUNRES NONNULL(1);
int store_end_filling(struct store *s) WUNRES NONNULL(1);
/* Maps SQLite's result code to a status: SQLITE_FULL -> STATUS_NO_SPACE, … */
int store_status(int result) WUNRES;
/* Frees the store; the status that its caller gets: another format is STATUS_MALFORMED. */
int store_not_opened(struct store *s, int status) WUNRES;
/* Settings that readers need, and a look at the version: STATUS_MALFORMED, STATUS_UNSUPPORTED,
 * STATUS_MORE. */
int store_start_reading(struct store *s) WUNRES NONNULL(1);
/* The same for writers; brings an earlier version up to date. */
int store_start_writing(struct store *s) WUNRES NONNULL(1);
/* Runs SQL that gives no rows. */
int store_exec(struct store *s, const char *sql) WUNRES NONNULL(1, 2);
/* Prepares once, resets before each use. What was bound stays so: who uses it binds everything. */
int store_prepare(struct store *s, enum store_statement which, sqlite3_stmt **ret) WUNRES
        NONNULL(1, 3);
/* Steps a statement that gives no rows, and resets it. */
int store_run(sqlite3_stmt *statement) WUNRES NONNULL(1);
/* The conversation's number is in the store. f->id becomes the one under which its row is written:
 * the same when that row is its own, of an hour ago or an earlier run, whose belongings are deleted
 * then; else one that is free. */
int store_settle_number(struct store *s, struct store_flow *f) WUNRES NONNULL(1, 2);
/* As kept: 4 or 16 in network order, none for no address. */
size_t store_addr_bytes(const struct addr *a) NONNULL(1);
void store_bind_text(sqlite3_stmt *statement, int position, const char *text) NONNULL(1, 3);
void store_bind_count(sqlite3_stmt *statement, int position, uint64_t count) NONNULL(1);
/* Cut at size. */
void store_read_text(sqlite3_stmt *statement, int column, char *ret, size_t size) NONNULL(1, 3);
uint64_t store_read_u64(sqlite3_stmt *statement, int column) NONNULL(1);
/* Gives back what reading conversations had taken for its cache. */
void store_usual_cache(struct store *s) NONNULL(1);
#define READ_TEXT(statement, column, array) store_read_text(statement, column, array, sizeof(array))

/* A growing array of rows of one size. */
struct store_rows {
	void *data;
	size_t count, capacity, row_bytes;
};

/* Steps to the next row: STATUS_ITEM with *ret_row, 0 at the end, or a failure. */
int store_next_row(sqlite3_stmt *statement, struct store_rows *rows, void *ret_row) WUNRES
        NONNULL(1, 2, 3);
/* Room for one more, all zero. */
int store_add_row(struct store_rows *rows, void *ret_row) WUNRES NONNULL(1, 2);
/* Gives the array when the status is 0, else frees it; forwards the status. */
int store_give_rows(int status, struct store_rows *rows, void *ret_array, size_t *ret_count) WUNRES
        NONNULL(2, 3, 4);
/* The same behind a statement that is finalized; NULL ok. */
int store_finish_rows(sqlite3_stmt *statement, int status, struct store_rows *rows, void *ret_array,
        size_t *ret_count) WUNRES NONNULL(3, 4, 5);

/* Of all columns of the table, the first of which is that of number `at`. */
int store_read_finding(sqlite3_stmt *statement, int at, struct store_finding *ret) WUNRES
        NONNULL(1, 3);
void store_read_record(sqlite3_stmt *statement, int at, struct store_record *ret) NONNULL(1, 3);
/* store_give_rows of findings, sorted as store.h says. */
int store_give_findings(int status, struct store_rows *rows, struct store_finding **ret_gives,
        size_t *ret_count) WUNRES NONNULL(2, 3, 4);

/* ?1 and ?2: the times between; ?3, where there is one: hours after this one touch them. */
void store_bind_period(sqlite3_stmt *statement, const struct store_query *q) NONNULL(1, 2);

#endif
