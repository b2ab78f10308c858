/* coverage: how much of a stretch of time was captured, and how much of that is missing. */
#include "base/status.h"
#include "store/store_internal.h"

/* Hours are kept whole: one that the stretch only touches counts. */
static int64_t first_hour_after(int64_t from_ns)
{
	return from_ns < INT64_MIN + NS_PER_HOUR ? INT64_MIN : from_ns - NS_PER_HOUR;
}

void store_bind_period(sqlite3_stmt *statement, const struct store_query *q)
{
	sqlite3_bind_int64(statement, 1, q->from_ns);
	sqlite3_bind_int64(statement, 2, q->to_ns);
	if (sqlite3_bind_parameter_count(statement) > 2)
		sqlite3_bind_int64(statement, 3, first_hour_after(q->from_ns));
}

/* Captures may overlap: their union, which is not the time from the first to the last. */
static int add_inputs(struct store *s, const struct store_query *q, struct store_coverage *ret)
{
	static const char sql[] =
	        "SELECT max(first_ns, kept_from_ns, ?1), min(last_ns, ?2), frames, dropped"
	        " FROM input WHERE frames > unread AND last_ns >= max(?1, kept_from_ns)"
	        " AND max(first_ns, kept_from_ns) < ?2 ORDER BY 1, id";
	sqlite3_stmt *statement = NULL;
	int64_t covered_to_ns = INT64_MIN;
	double frames = 0, dropped = 0;
	int result = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

	if (result == SQLITE_OK)
		store_bind_period(statement, q);
	while (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		int64_t from_ns = sqlite3_column_int64(statement, 0);
		int64_t to_ns = sqlite3_column_int64(statement, 1);

		if (from_ns < covered_to_ns)
			from_ns = covered_to_ns;
		if (to_ns > from_ns)
			ret->captured_ns += to_ns - from_ns;
		if (to_ns > covered_to_ns)
			covered_to_ns = to_ns;
		frames += (double)sqlite3_column_int64(statement, 2);
		dropped += (double)sqlite3_column_int64(statement, 3);
		ret->captured = true;
		result = SQLITE_OK;
	}
	sqlite3_finalize(statement);
	if (dropped > 0)
		ret->loss_percent = 100.0 * dropped / (frames + dropped);
	return store_status(result);
}

static int add_gaps(struct store *s, const struct store_query *q, struct store_coverage *ret)
{
	static const char sql[] =
	        "SELECT total(gap_bytes), total(bytes_out) + total(bytes_in) FROM record"
	        " WHERE hour_ns > ?3 AND hour_ns < ?2";
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

	if (result == SQLITE_OK) {
		store_bind_period(statement, q);
		result = sqlite3_step(statement);
	}
	if (result == SQLITE_ROW) {
		double gaps = sqlite3_column_double(statement, 0);
		double bytes = gaps + sqlite3_column_double(statement, 1);
		double percent = bytes > 0 ? 100.0 * gaps / bytes : 0;

		if (percent > ret->loss_percent)
			ret->loss_percent = percent;
	}
	sqlite3_finalize(statement);
	return store_status(result);
}

int store_coverage(struct store *s, const struct store_query *q, struct store_coverage *ret)
{
	struct store_coverage coverage = {.captured = false};
	int status = add_inputs(s, q, &coverage);

	if (status == STATUS_OK)
		status = add_gaps(s, q, &coverage);
	if (status == STATUS_OK)
		*ret = coverage;
	return status;
}
