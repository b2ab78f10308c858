/* history: what outlives the flows. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "store/store_internal.h"

#define HOURS_A_DAY 24

int store_seen_before(
        struct store *s, const char *program, const char *destination, const char *date, bool *ret)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_SEEN_GET, &statement);

	if (status != STATUS_OK)
		return status;
	store_bind_text(statement, 1, program);
	store_bind_text(statement, 2, destination);
	store_bind_text(statement, 3, date);
	*ret = sqlite3_step(statement) == SQLITE_ROW;
	return store_status(sqlite3_reset(statement));
}

int store_clear_days(struct store *s, const char *from, const char *to)
{
	static const char *const tables[] = {"day", "version", "update_contact"};
	char sql[128];
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < ARRAY_LEN(tables); i++) {
		sqlite3_snprintf(sizeof(sql), sql, "DELETE FROM %s WHERE date BETWEEN %Q AND %Q",
		        tables[i], from, to);
		status = store_exec(s, sql);
	}
	return status;
}

int store_note_day(
        struct store *s, const char *program, const char *destination, const struct store_day *day)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_DAY_SET, &statement);

	if (status != STATUS_OK)
		return status;
	store_bind_text(statement, 1, program);
	store_bind_text(statement, 2, destination);
	store_bind_text(statement, 3, day->date);
	store_bind_count(statement, 4, day->flows);
	store_bind_count(statement, 5, day->bytes_out);
	store_bind_count(statement, 6, day->bytes_in);
	sqlite3_bind_int64(statement, 7, day->first_ns);
	sqlite3_bind_int64(statement, 8, day->last_ns);
	sqlite3_bind_int64(statement, 9, day->hours);
	return store_run(statement);
}

int store_note_version(struct store *s, const struct store_version *version)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_VERSION_SET, &statement);

	if (status != STATUS_OK)
		return status;
	store_bind_text(statement, 1, version->program);
	store_bind_text(statement, 2, version->computer);
	store_bind_text(statement, 3, version->first_date);
	store_bind_text(statement, 4, version->text);
	store_bind_text(statement, 5, version->source);
	return store_run(statement);
}

int store_note_update(struct store *s, const char *program, const char *date)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_UPDATE_SET, &statement);

	if (status != STATUS_OK)
		return status;
	store_bind_text(statement, 1, program);
	store_bind_text(statement, 2, date);
	return store_run(statement);
}

/* A store from elsewhere may hold any number. */
static uint64_t read_count(sqlite3_stmt *statement, int column)
{
	int64_t count = sqlite3_column_int64(statement, column);

	return count < 0 ? 0 : (uint64_t)count;
}

static int read_days(sqlite3_stmt *statement, struct store_rows *rows)
{
	struct store_day *d = NULL;
	int status;

	while ((status = store_next_row(statement, rows, &d)) == STATUS_ITEM) {
		READ_TEXT(statement, 0, d->date);
		d->flows = read_count(statement, 1);
		d->bytes_out = read_count(statement, 2);
		d->bytes_in = read_count(statement, 3);
		d->first_ns = sqlite3_column_int64(statement, 4);
		d->last_ns = sqlite3_column_int64(statement, 5);
		d->hours = (uint32_t)sqlite3_column_int64(statement, 6);
	}
	return status;
}

int store_days(struct store *s, const char *program, const char *destination, const char *before,
        struct store_day **ret_gives, size_t *ret_count)
{
	struct store_rows rows = {.row_bytes = sizeof(struct store_day)};
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(s, STATEMENT_DAYS_OF, &statement);

	if (status != STATUS_OK)
		return status;
	store_bind_text(statement, 1, program);
	store_bind_text(statement, 2, destination);
	store_bind_text(statement, 3, before);
	status = read_days(statement, &rows);
	sqlite3_reset(statement);
	return store_give_rows(status, &rows, ret_gives, ret_count);
}

/* The hours are joined digit by digit: SQLite has no sum of bits. */
static void join_hours(struct store_rows *rows)
{
	struct store_day *days = rows->data;
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		struct store_day *last = kept > 0 ? &days[kept - 1] : NULL;

		if (!last || strcmp(last->date, days[i].date) != 0) {
			days[kept++] = days[i];
			continue;
		}
		last->flows += days[i].flows;
		last->bytes_out += days[i].bytes_out;
		last->bytes_in += days[i].bytes_in;
		last->hours |= days[i].hours;
		if (days[i].first_ns < last->first_ns)
			last->first_ns = days[i].first_ns;
		if (days[i].last_ns > last->last_ns)
			last->last_ns = days[i].last_ns;
	}
	rows->count = kept;
}

int store_program_days(struct store *s, const char *program, const char *before,
        struct store_day **ret_gives, size_t *ret_count)
{
	static const char sql[] =
	        "SELECT date, flows, bytes_out, bytes_in, first_ns, last_ns, hours"
	        " FROM day WHERE program=?1 AND date<?2 ORDER BY date";
	struct store_rows rows = {.row_bytes = sizeof(struct store_day)};
	sqlite3_stmt *statement = NULL;
	int status = store_status(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL));

	if (status == STATUS_OK) {
		store_bind_text(statement, 1, program);
		store_bind_text(statement, 2, before);
		status = read_days(statement, &rows);
	}
	if (status == STATUS_OK)
		join_hours(&rows);
	return store_finish_rows(statement, status, &rows, ret_gives, ret_count);
}

int store_versions(
        struct store *s, const char *before, struct store_version **ret_gives, size_t *ret_count)
{
	static const char sql[] = "SELECT program, computer, text, source, min(date), max(date)"
	                          " FROM version WHERE date<?1 GROUP BY 1, 2, 3, 4"
	                          " ORDER BY 1, 2, 3, 4";
	struct store_rows rows = {.row_bytes = sizeof(struct store_version)};
	struct store_version *v = NULL;
	sqlite3_stmt *statement = NULL;
	int status = store_status(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL));

	if (status == STATUS_OK)
		store_bind_text(statement, 1, before);
	while (status == STATUS_OK &&
	        (status = store_next_row(statement, &rows, &v)) == STATUS_ITEM) {
		READ_TEXT(statement, 0, v->program);
		READ_TEXT(statement, 1, v->computer);
		READ_TEXT(statement, 2, v->text);
		READ_TEXT(statement, 3, v->source);
		READ_TEXT(statement, 4, v->first_date);
		READ_TEXT(statement, 5, v->last_date);
		status = STATUS_OK;
	}
	return store_finish_rows(statement, status, &rows, ret_gives, ret_count);
}

int store_last_update(
        struct store *s, const char *program, const char *before, char ret[static TIME_DATE_CHARS])
{
	static const char sql[] =
	        "SELECT max(date) FROM update_contact WHERE program=?1 AND date<?2";
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

	ret[0] = '\0';
	if (result == SQLITE_OK) {
		store_bind_text(statement, 1, program);
		store_bind_text(statement, 2, before);
		result = sqlite3_step(statement);
	}
	if (result == SQLITE_ROW)
		store_read_text(statement, 0, ret, TIME_DATE_CHARS);
	sqlite3_finalize(statement);
	return store_status(result);
}

int store_captured_days(struct store *s, bool *ret_any, int32_t *ret_first, int32_t *ret_last)
{
	static const char sql[] =
	        "SELECT min(first_ns), max(last_ns) FROM input WHERE frames > unread";
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	*ret_any = result == SQLITE_ROW && sqlite3_column_type(statement, 0) == SQLITE_INTEGER;
	if (*ret_any) {
		*ret_first = time_local_day(sqlite3_column_int64(statement, 0));
		*ret_last = time_local_day(sqlite3_column_int64(statement, 1));
	}
	sqlite3_finalize(statement);
	return store_status(result);
}

/* Days under count, and the nanoseconds of each of their hours that were captured. */
struct captured {
	int32_t first;
	size_t count;
	int64_t *hour_ns; /* count * HOURS_A_DAY */
};

/* Steps of at most an hour, none over the start of a local hour: zones differ by halves of it. A
 * day of 25 hours has one of them twice. */
static void add_time(struct captured *c, int64_t from_ns, int64_t to_ns)
{
	const int64_t step_ns = NS_PER_HOUR / 4;

	while (from_ns < to_ns) {
		int64_t end_ns = from_ns - from_ns % step_ns + step_ns;
		int32_t day = time_local_day(from_ns);
		size_t hour = (size_t)time_local_minute(from_ns) / 60;

		if (end_ns > to_ns)
			end_ns = to_ns;
		if (day >= c->first && (size_t)(day - c->first) < c->count)
			c->hour_ns[(size_t)(day - c->first) * HOURS_A_DAY + hour] += end_ns -
			                                                             from_ns;
		from_ns = end_ns;
	}
}

static int add_inputs(struct store *s, struct captured *c)
{
	static const char sql[] = "SELECT first_ns, last_ns FROM input"
	                          " WHERE frames > unread AND last_ns >= ?1 AND first_ns < ?2"
	                          " ORDER BY first_ns, id";
	int64_t begin_ns = time_local_midnight(c->first);
	int64_t end_ns = time_local_midnight(c->first + (int32_t)c->count);
	int64_t covered_to_ns = begin_ns;
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

	if (result == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, begin_ns);
		sqlite3_bind_int64(statement, 2, end_ns);
	}
	while (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		int64_t from_ns = sqlite3_column_int64(statement, 0);
		int64_t to_ns = sqlite3_column_int64(statement, 1);

		if (from_ns < covered_to_ns)
			from_ns = covered_to_ns;
		if (to_ns > end_ns)
			to_ns = end_ns;
		add_time(c, from_ns, to_ns);
		if (to_ns > covered_to_ns)
			covered_to_ns = to_ns;
		result = SQLITE_OK;
	}
	sqlite3_finalize(statement);
	return store_status(result);
}

int store_captured_hours(struct store *s, int32_t first, size_t count, uint32_t *ret_hours)
{
	struct captured c = {.first = first, .count = count};
	int status;

	if (count == 0)
		return STATUS_OK;
	if (count > STORE_HISTORY_DAYS)
		return STATUS_BUG;
	c.hour_ns = calloc(count * HOURS_A_DAY, sizeof(*c.hour_ns));
	if (!c.hour_ns)
		return STATUS_NO_MEMORY;
	status = add_inputs(s, &c);
	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		ret_hours[i] = 0;
		for (size_t h = 0; h < HOURS_A_DAY; h++)
			if (c.hour_ns[i * HOURS_A_DAY + h] >= NS_PER_HOUR / 4 * 3)
				ret_hours[i] |= UINT32_C(1) << h;
	}
	free(c.hour_ns);
	return status;
}
