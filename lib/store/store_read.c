#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "store/store.h"
#include "store/store_internal.h"

bool store_flow_bypassed(const struct store_flow *f)
{
	return strcmp(f->not_inspected_reason, "bypassed") == 0;
}

void store_read_text(sqlite3_stmt *statement, int column, char *ret, size_t size)
{
	size_t len = (size_t)sqlite3_column_bytes(statement, column);
	const void *text = NULL;

	/* As a blob it is not copied to get a zero behind it. */
	if (len > 0)
		text = sqlite3_column_blob(statement, column);
	if (!text)
		len = 0;
	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(ret, text, len);
	ret[len] = '\0';
}

uint64_t store_read_u64(sqlite3_stmt *statement, int column)
{
	return (uint64_t)sqlite3_column_int64(statement, column);
}

int store_get_meta(struct store *s, const char *key, char *ret, size_t size)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_META_GET, &statement);

	if (status != STATUS_OK)
		return status;
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	ret[0] = '\0';
	if (sqlite3_step(statement) == SQLITE_ROW)
		store_read_text(statement, 0, ret, size);
	return store_status(sqlite3_reset(statement));
}

int store_get_meta_bytes(struct store *s, const char *key, struct buf *ret)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_META_GET, &statement);

	if (status != STATUS_OK)
		return status;
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		const void *bytes = sqlite3_column_blob(statement, 0);

		if (bytes)
			status = buf_append(
			        ret, span_of(bytes, (size_t)sqlite3_column_bytes(statement, 0)));
	}
	if (status != STATUS_OK) {
		sqlite3_reset(statement);
		return status;
	}
	return store_status(sqlite3_reset(statement));
}

static void *add_row(struct store_rows *r)
{
	if (r->count == r->capacity) {
		size_t capacity = r->capacity ? r->capacity * 2 : 16;
		void *data = reallocarray(r->data, capacity, r->row_bytes);

		if (!data)
			return NULL;
		r->data = data;
		r->capacity = capacity;
	}
	memset((char *)r->data + r->count * r->row_bytes, 0, r->row_bytes);
	return (char *)r->data + r->count++ * r->row_bytes;
}

int store_add_row(struct store_rows *rows, void *ret_row)
{
	void *row = add_row(rows);

	if (!row)
		return STATUS_NO_MEMORY;
	memcpy(ret_row, &row, sizeof(row));
	return STATUS_OK;
}

int store_next_row(sqlite3_stmt *statement, struct store_rows *rows, void *ret_row)
{
	int result = sqlite3_step(statement);
	int status = store_status(result);

	if (result == SQLITE_ROW)
		status = store_add_row(rows, ret_row);
	return result == SQLITE_ROW && status == STATUS_OK ? STATUS_ITEM : status;
}

int store_give_rows(int status, struct store_rows *rows, void *ret_array, size_t *ret_count)
{
	if (status != STATUS_OK) {
		free(rows->data);
		return status;
	}
	memcpy(ret_array, &rows->data, sizeof(rows->data));
	*ret_count = rows->count;
	return STATUS_OK;
}

int store_finish_rows(sqlite3_stmt *statement, int status, struct store_rows *rows, void *ret_array,
        size_t *ret_count)
{
	sqlite3_finalize(statement);
	return store_give_rows(status, rows, ret_array, ret_count);
}

/* As store.h says. Sorted here: SQLite's sorter costs more than a few rows are worth. */
static int by_gravity(const void *left, const void *right)
{
	const struct store_finding *a = left, *b = right;
	int order = (int)b->finding.tier - (int)a->finding.tier;

	if (order == 0)
		order = strcmp(a->finding.kind, b->finding.kind);
	if (order == 0)
		order = strcmp(a->finding.place, b->finding.place);
	if (order == 0)
		order = (int)a->finding.direction - (int)b->finding.direction;
	if (order == 0)
		order = (a->first_ns > b->first_ns) - (a->first_ns < b->first_ns);
	if (order == 0)
		order = (a->finding.packet > b->finding.packet) -
		        (a->finding.packet < b->finding.packet);
	if (order == 0)
		order = strcmp(a->finding.mask, b->finding.mask);
	if (order == 0)
		order = (a->finding.count > b->finding.count) -
		        (a->finding.count < b->finding.count);
	return order;
}

static bool finding_is_sound(const struct finding *f)
{
	return (unsigned)f->category < CATEGORIES && (unsigned)f->class <= CLASS_CARRIER &&
	       (unsigned)f->tier <= TIER_OPAQUE;
}

int store_read_finding(sqlite3_stmt *statement, int at, struct store_finding *ret)
{
	ret->flow = store_read_u64(statement, at);
	READ_TEXT(statement, at + 1, ret->finding.kind);
	ret->finding.category = (enum category)sqlite3_column_int(statement, at + 2);
	ret->finding.class = (enum finding_class)sqlite3_column_int(statement, at + 3);
	ret->finding.tier = (enum tier)sqlite3_column_int(statement, at + 4);
	ret->finding.metadata = sqlite3_column_int(statement, at + 5);
	ret->finding.count = store_read_u64(statement, at + 6);
	READ_TEXT(statement, at + 7, ret->finding.place);
	READ_TEXT(statement, at + 8, ret->finding.mask);
	ret->finding.direction = (uint8_t)sqlite3_column_int(statement, at + 9);
	ret->outward = sqlite3_column_int(statement, at + 10);
	ret->first_ns = sqlite3_column_int64(statement, at + 11);
	ret->last_ns = sqlite3_column_int64(statement, at + 12);
	ret->finding.packet = store_read_u64(statement, at + 13);
	ret->finding.time_ns = ret->first_ns;
	return finding_is_sound(&ret->finding) ? STATUS_OK : STATUS_LIBRARY;
}

int store_give_findings(
        int status, struct store_rows *rows, struct store_finding **ret_gives, size_t *ret_count)
{
	if (status == STATUS_OK && rows->count > 1)
		qsort(rows->data, rows->count, sizeof(struct store_finding), by_gravity);
	return store_give_rows(status, rows, ret_gives, ret_count);
}

int store_findings(
        struct store *s, uint64_t flow, struct store_finding **ret_gives, size_t *ret_count)
{
	struct store_rows rows = {.row_bytes = sizeof(struct store_finding)};
	struct store_finding *f = NULL;
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(s, STATEMENT_FINDINGS_OF, &statement);

	if (status == STATUS_OK)
		sqlite3_bind_int64(statement, 1, (int64_t)flow);
	while (status == STATUS_OK &&
	        (status = store_next_row(statement, &rows, &f)) == STATUS_ITEM)
		status = store_read_finding(statement, 0, f);
	sqlite3_reset(statement);
	return store_give_findings(status, &rows, ret_gives, ret_count);
}

void store_read_record(sqlite3_stmt *statement, int at, struct store_record *ret)
{
	ret->flow = store_read_u64(statement, at);
	ret->sequence = (uint32_t)sqlite3_column_int64(statement, at + 1);
	ret->hour_ns = sqlite3_column_int64(statement, at + 2);
	ret->bytes_out = store_read_u64(statement, at + 3);
	ret->bytes_in = store_read_u64(statement, at + 4);
	ret->packets_out = store_read_u64(statement, at + 5);
	ret->packets_in = store_read_u64(statement, at + 6);
	ret->last = sqlite3_column_int(statement, at + 7);
	ret->gap_bytes = store_read_u64(statement, at + 8);
}

int store_records(
        struct store *s, uint64_t flow, struct store_record **ret_gives, size_t *ret_count)
{
	struct store_rows rows = {.row_bytes = sizeof(struct store_record)};
	struct store_record *r = NULL;
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(s, STATEMENT_RECORDS_OF, &statement);

	if (status == STATUS_OK)
		sqlite3_bind_int64(statement, 1, (int64_t)flow);
	while (status == STATUS_OK &&
	        (status = store_next_row(statement, &rows, &r)) == STATUS_ITEM) {
		store_read_record(statement, 0, r);
		status = STATUS_OK;
	}
	sqlite3_reset(statement);
	return store_give_rows(status, &rows, ret_gives, ret_count);
}

int store_inputs(struct store *s, const struct store_query *q, struct store_input **ret_gives,
        size_t *ret_count)
{
	static const char sql[] = "SELECT * FROM input WHERE last_ns >= max(?1, kept_from_ns)"
	                          " AND max(first_ns, kept_from_ns) < ?2"
	                          " ORDER BY id";
	struct store_rows rows = {.row_bytes = sizeof(struct store_input)};
	struct store_input *i = NULL;
	sqlite3_stmt *statement = NULL;
	int status = store_status(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL));

	if (status == STATUS_OK)
		store_bind_period(statement, q);
	while (status == STATUS_OK &&
	        (status = store_next_row(statement, &rows, &i)) == STATUS_ITEM) {
		READ_TEXT(statement, 1, i->sha256);
		READ_TEXT(statement, 2, i->format);
		READ_TEXT(statement, 3, i->kind);
		i->frames = store_read_u64(statement, 4);
		i->bytes = store_read_u64(statement, 5);
		i->dropped = store_read_u64(statement, 6);
		i->cut = store_read_u64(statement, 7);
		i->filtered = store_read_u64(statement, 8);
		i->first_ns = sqlite3_column_int64(statement, 9);
		i->last_ns = sqlite3_column_int64(statement, 10);
		READ_TEXT(statement, 11, i->end);
		READ_TEXT(statement, 12, i->end_reason);
		i->end_after_frame = store_read_u64(statement, 13);
		i->unread = store_read_u64(statement, 14);
		if (i->first_ns < sqlite3_column_int64(statement, 15))
			i->first_ns = sqlite3_column_int64(statement, 15);
		status = STATUS_OK;
	}
	return store_finish_rows(statement, status, &rows, ret_gives, ret_count);
}

int store_losses(struct store *s, const struct store_query *q, struct store_loss **ret_gives,
        size_t *ret_count)
{
	static const char sql[] =
	        "SELECT name, sum(count) FROM loss JOIN input ON input.id = loss.input"
	        " WHERE (hour_ns = -9223372036854775807 - 1 AND last_ns >= max(?1, kept_from_ns)"
	        " AND max(first_ns, kept_from_ns) < ?2)"
	        " OR (hour_ns > ?3 AND hour_ns < ?2 AND hour_ns >= kept_from_ns) GROUP BY name "
	        "ORDER BY name";
	struct store_rows rows = {.row_bytes = sizeof(struct store_loss)};
	struct store_loss *l = NULL;
	sqlite3_stmt *statement = NULL;
	int status = store_status(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL));

	if (status == STATUS_OK)
		store_bind_period(statement, q);
	while (status == STATUS_OK &&
	        (status = store_next_row(statement, &rows, &l)) == STATUS_ITEM) {
		READ_TEXT(statement, 0, l->name);
		l->count = store_read_u64(statement, 1);
		status = STATUS_OK;
	}
	return store_finish_rows(statement, status, &rows, ret_gives, ret_count);
}

/* A temporary table (in memory) holds the set of flows, so that it can be of any size. */
int store_distinct_tags(struct store *s, const uint64_t *flows, size_t count, uint64_t *ret)
{
	sqlite3_stmt *statement = NULL;
	int status = store_exec(s,
	        "CREATE TEMP TABLE IF NOT EXISTS wanted (id INTEGER PRIMARY KEY);"
	        "DELETE FROM wanted");

	if (status == STATUS_OK)
		status = store_status(sqlite3_prepare_v2(
		        s->db, "INSERT OR IGNORE INTO wanted VALUES (?1)", -1, &statement, NULL));
	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		sqlite3_reset(statement);
		sqlite3_bind_int64(statement, 1, (int64_t)flows[i]);
		status = store_status(sqlite3_step(statement));
	}
	sqlite3_finalize(statement);
	statement = NULL;
	if (status == STATUS_OK)
		status = store_status(sqlite3_prepare_v2(s->db,
		        "SELECT count(DISTINCT tag) FROM tag WHERE flow IN wanted", -1, &statement,
		        NULL));
	if (status == STATUS_OK)
		status = store_status(sqlite3_step(statement));
	if (status == STATUS_OK)
		*ret = store_read_u64(statement, 0);
	sqlite3_finalize(statement);
	return status;
}
