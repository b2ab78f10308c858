/* coverage: how much of a stretch of time was captured, and how much of that is missing. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "store/store_internal.h"

#define HOURS_MAX (STORE_HISTORY_DAYS * 24)

/* What the records of each hour add up to. A report asks for many days: the records are read once,
 * and again when they have changed. */
struct store_hours {
	int64_t data_version; /* PRAGMA data_version: what others wrote */
	int changes;          /* what we wrote */
	bool known, too_many;
	size_t count;
	struct hour_sum {
		int64_t hour_ns;
		double gap_bytes, bytes;
	} sums[HOURS_MAX]; /* by time */
};

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

static int read_data_version(struct store *s, int64_t *ret)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(s->db, "PRAGMA data_version", -1, &statement, NULL);

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	*ret = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	return store_status(result);
}

/* The hour's sum, made if need be; NULL when there is no room. */
static struct hour_sum *sum_of(struct store_hours *h, int64_t hour_ns)
{
	size_t from = 0, to = h->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (h->sums[middle].hour_ns < hour_ns)
			from = middle + 1;
		else
			to = middle;
	}
	if (from < h->count && h->sums[from].hour_ns == hour_ns)
		return &h->sums[from];
	if (h->count == HOURS_MAX)
		return NULL;
	memmove(&h->sums[from + 1], &h->sums[from], (h->count - from) * sizeof(*h->sums));
	h->sums[from] = (struct hour_sum){.hour_ns = hour_ns};
	h->count++;
	return &h->sums[from];
}

static int read_hours(struct store *s, struct store_hours *h)
{
	static const char sql[] = "SELECT hour_ns, gap_bytes, bytes_out, bytes_in FROM record";
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

	h->count = 0;
	h->too_many = false;
	while (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		struct hour_sum *sum = sum_of(h, sqlite3_column_int64(statement, 0));

		h->too_many = !sum;
		if (!sum)
			break;
		sum->gap_bytes += sqlite3_column_double(statement, 1);
		sum->bytes += sqlite3_column_double(statement, 2) +
		              sqlite3_column_double(statement, 3);
		result = SQLITE_OK;
	}
	sqlite3_finalize(statement);
	return store_status(result);
}

/* *ret NULL: there are more hours than are kept. */
static int know_hours(struct store *s, const struct store_hours **ret)
{
	int64_t version;
	int changes = sqlite3_total_changes(s->db);
	int status = read_data_version(s, &version);

	*ret = NULL;
	if (!s->hours)
		s->hours = calloc(1, sizeof(*s->hours));
	if (!s->hours || status != STATUS_OK)
		return status != STATUS_OK ? status : STATUS_NO_MEMORY;
	if (!s->hours->known || s->hours->data_version != version || s->hours->changes != changes) {
		s->hours->known = false;
		status = read_hours(s, s->hours);
		s->hours->known = status == STATUS_OK;
		s->hours->data_version = version;
		s->hours->changes = changes;
	}
	if (status == STATUS_OK && !s->hours->too_many)
		*ret = s->hours;
	return status;
}

static void note_gaps(double gap_bytes, double bytes, struct store_coverage *ret)
{
	double all = gap_bytes + bytes;
	double percent = all > 0 ? 100.0 * gap_bytes / all : 0;

	if (percent > ret->loss_percent)
		ret->loss_percent = percent;
}

/* Of a store with more hours than are kept. */
static int read_gaps(struct store *s, const struct store_query *q, struct store_coverage *ret)
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
	if (result == SQLITE_ROW)
		note_gaps(sqlite3_column_double(statement, 0), sqlite3_column_double(statement, 1),
		        ret);
	sqlite3_finalize(statement);
	return store_status(result);
}

static int add_gaps(struct store *s, const struct store_query *q, struct store_coverage *ret)
{
	const int64_t after_ns = first_hour_after(q->from_ns);
	const struct store_hours *h;
	double gap_bytes = 0, bytes = 0;
	int status = know_hours(s, &h);

	if (status != STATUS_OK)
		return status;
	if (!h)
		return read_gaps(s, q, ret);
	for (size_t i = 0; i < h->count; i++) {
		if (h->sums[i].hour_ns > after_ns && h->sums[i].hour_ns < q->to_ns) {
			gap_bytes += h->sums[i].gap_bytes;
			bytes += h->sums[i].bytes;
		}
	}
	note_gaps(gap_bytes, bytes, ret);
	return STATUS_OK;
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
