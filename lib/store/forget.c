/* forget: what is too old goes. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "store/store_internal.h"

#define META_FLOWS_BEFORE "flows_before"
#define DAY_NS            (24 * NS_PER_HOUR)

/* The newest frame that can be trusted to be of now or of earlier; 0 when there is none. */
static int find_newest(struct store *s, int64_t now_ns, int64_t *ret_ns)
{
	static const char sql[] = "SELECT max(last_ns) FROM input WHERE frames > unread"
	                          " AND last_ns <= ?1";
	int64_t limit_ns = now_ns > INT64_MAX - DAY_NS ? INT64_MAX : now_ns + DAY_NS;
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

	*ret_ns = 0;
	if (result == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, limit_ns);
		result = sqlite3_step(statement);
	}
	if (result == SQLITE_ROW)
		*ret_ns = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return store_status(result);
}

/* Runs SQL; adds up what it changed. */
static int delete_rows(struct store *s, const char *sql, uint64_t *ret_count)
{
	int status = store_exec(s, sql);

	if (status == STATUS_OK && ret_count)
		*ret_count += (uint64_t)sqlite3_changes(s->db);
	return status;
}

static int delete_flows(struct store *s, int64_t before_ns, uint64_t *ret_count)
{
	static const char *const children[] = {"name", "record", "finding", "tag", "software"};
	sqlite3_int64 before = before_ns;
	char sql[192];
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < ARRAY_LEN(children); i++) {
		sqlite3_snprintf(sizeof(sql), sql,
		        "DELETE FROM %s WHERE flow IN (SELECT id FROM flow WHERE last_ns < %lld)",
		        children[i], before);
		status = delete_rows(s, sql, NULL);
	}
	sqlite3_snprintf(sizeof(sql), sql, "DELETE FROM flow WHERE last_ns < %lld", before);
	if (status == STATUS_OK)
		status = delete_rows(s, sql, ret_count);
	/* Of a flow that goes on the hours that are too old go. */
	sqlite3_snprintf(sizeof(sql), sql, "DELETE FROM record WHERE hour_ns < %lld", before);
	if (status == STATUS_OK)
		status = delete_rows(s, sql, NULL);
	sqlite3_snprintf(sizeof(sql), sql,
	        "UPDATE input SET kept_from_ns = %lld WHERE first_ns < %lld AND kept_from_ns < "
	        "%lld",
	        before, before, before);
	return status == STATUS_OK ? delete_rows(s, sql, NULL) : status;
}

static int delete_history(struct store *s, int32_t first_day, struct store_forgotten *ret)
{
	sqlite3_int64 before = time_local_midnight(first_day);
	char date[TIME_DATE_CHARS], sql[192];
	int status;

	time_format_day(first_day, date);
	sqlite3_snprintf(sizeof(sql), sql, "DELETE FROM day WHERE date < %Q", date);
	status = delete_rows(s, sql, &ret->days);
	sqlite3_snprintf(sizeof(sql), sql, "DELETE FROM version WHERE date < %Q", date);
	if (status == STATUS_OK)
		status = delete_rows(s, sql, &ret->versions);
	sqlite3_snprintf(sizeof(sql), sql, "DELETE FROM update_contact WHERE date < %Q", date);
	if (status == STATUS_OK)
		status = delete_rows(s, sql, NULL);
	sqlite3_snprintf(sizeof(sql), sql,
	        "DELETE FROM loss WHERE input IN (SELECT id FROM input WHERE last_ns < %lld)",
	        before);
	if (status == STATUS_OK)
		status = delete_rows(s, sql, NULL);
	sqlite3_snprintf(sizeof(sql), sql, "DELETE FROM input WHERE last_ns < %lld", before);
	return status == STATUS_OK ? delete_rows(s, sql, &ret->inputs) : status;
}

int store_flows_before(struct store *s, char ret[static TIME_DATE_CHARS])
{
	return store_get_meta(s, META_FLOWS_BEFORE, ret, TIME_DATE_CHARS);
}

static int note_flows_before(struct store *s, int32_t day, struct store_forgotten *ret)
{
	char date[TIME_DATE_CHARS];

	time_format_day(day, date);
	if (strcmp(date, ret->flows_before) <= 0)
		return STATUS_OK;
	memcpy(ret->flows_before, date, sizeof(date));
	return store_set_meta(s, META_FLOWS_BEFORE, date);
}

static int forget_before(struct store *s, int32_t day, struct store_forgotten *ret)
{
	int changes = sqlite3_total_changes(s->db);
	int status = delete_flows(s, time_local_midnight(day - STORE_FLOW_DAYS), &ret->flows);

	if (status == STATUS_OK && sqlite3_total_changes(s->db) != changes)
		status = note_flows_before(s, day - STORE_FLOW_DAYS, ret);
	return status == STATUS_OK ? delete_history(s, day - STORE_HISTORY_DAYS, ret) : status;
}

int store_forget(struct store *s, int64_t now_ns, struct store_forgotten *ret)
{
	struct store_forgotten forgotten = {.flows = 0};
	int64_t newest_ns = 0;
	int status = store_flows_before(s, forgotten.flows_before);

	if (status == STATUS_OK)
		status = find_newest(s, now_ns, &newest_ns);
	if (status == STATUS_OK && newest_ns > 0) {
		status = store_begin(s);
		if (status != STATUS_OK)
			return status;
		status = forget_before(s, time_local_day(newest_ns), &forgotten);
		if (status == STATUS_OK)
			status = store_commit(s);
		if (status != STATUS_OK)
			store_abandon(s);
	}
	if (status == STATUS_OK)
		*ret = forgotten;
	return status;
}
