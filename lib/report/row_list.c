/* row_list: the rows as a report prints them: sorted, with the days on which nothing happened, and
 * with the columns that need the store. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/history.h"
#include "report/rows.h"

void row_list_free(struct report *r, struct row_list *l)
{
	for (size_t i = 0; l->own_sets && i < l->count; i++)
		summary_row_free(r, &l->rows[i]);
	free(l->rows);
	*l = (struct row_list){0};
}

static int add_row(struct row_list *l, const struct summary_row *row)
{
	if (l->count == l->capacity) {
		size_t capacity = l->capacity ? l->capacity * 2 : 64;
		struct summary_row *rows = reallocarray(l->rows, capacity, sizeof(*rows));

		if (!rows)
			return STATUS_NO_MEMORY;
		l->rows = rows;
		l->capacity = capacity;
	}
	l->rows[l->count++] = *row;
	return STATUS_OK;
}

/* Folded rows come last of their date, those of no date last of all. */
static int by_date(const void *left, const void *right)
{
	const struct summary_row *a = left, *b = right;
	int order = (*a->date == '\0') - (*b->date == '\0');

	if (order == 0)
		order = strcmp(a->date, b->date);
	if (order == 0)
		order = (a->row_kind == ROW_FOLDED) - (b->row_kind == ROW_FOLDED);
	if (order == 0)
		order = strcmp(a->program_id, b->program_id);
	return order ? order : strcmp(a->destination, b->destination);
}

static int by_subject(const void *left, const void *right)
{
	const struct summary_row *a = left, *b = right;
	int order = strcmp(a->program_id, b->program_id);

	if (order == 0)
		order = strcmp(a->destination, b->destination);
	return order ? order : by_date(left, right);
}

static int by_gravity(const void *left, const void *right)
{
	const struct summary_row *a = left, *b = right;
	int order = (int)b->severity - (int)a->severity;

	if (order == 0)
		order = (int)summary_top_flag(a) - (int)summary_top_flag(b);
	return order ? order : by_subject(left, right);
}

static void sort_rows(struct row_list *l, int (*order)(const void *, const void *))
{
	if (l->count > 1)
		qsort(l->rows, l->count, sizeof(*l->rows), order);
}

static bool has_date(const struct row_list *l, size_t sorted, const char *date)
{
	size_t low = 0, high = sorted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(l->rows[middle].date, date);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int add_empty_day(struct report *r, struct row_list *l, const char *date, bool was_captured)
{
	struct summary_row row = {.row_kind = was_captured ? ROW_QUIET : ROW_NOT_CAPTURED};

	row.date = text_pool_add(r->pool, date);
	if (!row.date)
		return STATUS_NO_MEMORY;
	row.program_id = row.destination = "";
	for (size_t i = 0; i < ROW_TEXTS; i++)
		row.text[i] = "";
	if (!was_captured) {
		row.flags[FLAG_NOT_CAPTURED] = SEVERITY_MEDIUM;
		row.severity = SEVERITY_MEDIUM;
		row.outcome = OUTCOME_CANNOT_TELL;
	}
	return add_row(l, &row);
}

static bool covers(const struct store_input *i, int32_t day)
{
	return i->frames > i->unread && time_local_day(i->first_ns) <= day &&
	       time_local_day(i->last_ns) >= day;
}

static bool captured(const struct store_input *inputs, size_t count, int32_t day)
{
	for (size_t i = 0; i < count; i++)
		if (covers(&inputs[i], day))
			return true;
	return false;
}

/* Every day from an input's first frame to its last has a row, as far as a report reaches. */
static int fill_days(
        struct report *r, struct row_list *l, const struct store_input *inputs, size_t count)
{
	size_t sorted = l->count, filled = 0;
	int status = STATUS_OK;

	while (sorted > 0 && *l->rows[sorted - 1].date == '\0')
		sorted--;
	for (size_t i = 0; i < count; i++) {
		int32_t day = time_local_day(inputs[i].first_ns);

		for (; status == STATUS_OK && covers(&inputs[i], day); day++) {
			char date[TIME_DATE_CHARS];

			time_format_day(day, date);
			if (captured(inputs, i, day) || has_date(l, sorted, date))
				continue;
			if (++filled > REPORT_DAYS_MAX) {
				r->days_cut = true;
				return STATUS_OK;
			}
			status = add_empty_day(r, l, date, true);
		}
	}
	return status;
}

struct store_query day_period(int32_t day)
{
	return (struct store_query){
	        .from_ns = time_local_midnight(day), .to_ns = time_local_midnight(day + 1)};
}

struct store_query report_period(const struct report *r)
{
	int32_t day;

	if (r->run->day && time_parse_date(r->run->day, &day))
		return day_period(day);
	return (struct store_query){.from_ns = INT64_MIN, .to_ns = INT64_MAX};
}

static int add_quiet_day(struct report *r, struct row_list *l, const char *date, int32_t day)
{
	const struct store_query period = day_period(day);
	struct store_coverage coverage;
	int status = store_coverage(r->store, &period, &coverage);

	return status == STATUS_OK ? add_empty_day(r, l, date, coverage.captured) : status;
}

static int add_quiet_days(struct report *r, struct row_list *l, const char *date)
{
	static const struct store_query all = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_input *inputs = NULL;
	size_t count = 0;
	int32_t day;
	int status;

	if (*date != '\0')
		return l->count == 0 && time_parse_date(date, &day) ? add_quiet_day(r, l, date, day)
		                                                    : STATUS_OK;
	status = store_inputs(r->store, &all, &inputs, &count);
	if (status == STATUS_OK)
		status = fill_days(r, l, inputs, count);
	free(inputs);
	return status;
}

/* Rows come sorted by date. Those of no date hold what did not fit, of the whole run. */
static int add_coverage(struct report *r, struct row_list *l)
{
	struct store_coverage coverage = {.captured = false};
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < l->count; i++) {
		struct store_query period = report_period(r);
		struct summary_row *row = &l->rows[i];
		int32_t day;

		if (time_parse_date(row->date, &day))
			period = day_period(day);
		if (i == 0 || strcmp(row->date, l->rows[i - 1].date) != 0)
			status = store_coverage(r->store, &period, &coverage);
		row->captured_seconds = (double)coverage.captured_ns / (double)NS_PER_SECOND;
		row->loss_percent = coverage.loss_percent;
	}
	return status;
}

static bool same_subject(const struct summary_row *a, const struct summary_row *b)
{
	return strcmp(a->program_id, b->program_id) == 0 &&
	       strcmp(a->destination, b->destination) == 0;
}

static int look_up(struct report *r, struct summary_row *row)
{
	int status = STATUS_OK;
	bool before = false;

	if (row->patient_flows.count > 0)
		status = store_distinct_tags(
		        r->store, row->patient_flows.ids, row->patient_flows.count, &row->patients);
	if (status == STATUS_OK && row->new_today) {
		status = store_seen_before(
		        r->store, row->program_id, row->destination, row->date, &before);
		row->new_today = !before;
	}
	return status;
}

/* All rows; new are those whose subject has no row of an earlier date in this run. */
static int copy_rows(const struct report *r, struct row_list *l)
{
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < r->row_count; i++)
		status = add_row(l, &r->rows[i]);
	sort_rows(l, by_subject);
	for (size_t i = 0; i < l->count; i++)
		l->rows[i].new_today = l->rows[i].row_kind == ROW_FLOWS &&
		                       (i == 0 || !same_subject(&l->rows[i - 1], &l->rows[i]));
	return status;
}

static void keep_date(struct row_list *l, const char *date)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++)
		if (*date == '\0' || *l->rows[i].date == '\0' || !strcmp(l->rows[i].date, date))
			l->rows[kept++] = l->rows[i];
	l->count = kept;
}

int report_rows(struct report *r, const char *date, struct row_list *ret)
{
	struct row_list l = {0};
	int status = history_decide(r);

	if (status == STATUS_OK)
		status = copy_rows(r, &l);
	if (*date == '\0' && r->run->day)
		date = r->run->day;
	keep_date(&l, date);
	sort_rows(&l, by_date);
	if (status == STATUS_OK)
		status = add_quiet_days(r, &l, date);
	sort_rows(&l, by_date);
	if (status == STATUS_OK)
		status = add_coverage(r, &l);
	for (size_t i = 0; status == STATUS_OK && i < l.count; i++)
		status = look_up(r, &l.rows[i]);
	if (status != STATUS_OK) {
		row_list_free(r, &l);
		return status;
	}
	*ret = l;
	return STATUS_OK;
}

/* Appends a row of the report, or adds it to the last one when that is of the same subject. */
static int fold_row(struct report *r, struct row_list *l, const struct summary_row *from)
{
	struct summary_row empty = {.row_kind = from->row_kind,
	        .date = from->date,
	        .program_id = from->program_id,
	        .destination = from->destination};
	bool first = l->count == 0 || !same_subject(&l->rows[l->count - 1], from);
	int status = first ? add_row(l, &empty) : STATUS_OK;
	struct summary_row *into;

	if (status != STATUS_OK)
		return status;
	into = &l->rows[l->count - 1];
	for (size_t i = 0; first && i < ROW_TEXTS; i++)
		into->text[i] = "";
	status = summary_merge(r, into, from);
	/* A conversation over midnight is one conversation. */
	if (!first)
		into->flows -= from->flows - from->begun;
	return status;
}

static void keep_egress(struct report *r, struct row_list *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (l->rows[i].egress_flows > 0)
			l->rows[kept++] = l->rows[i];
		else
			summary_row_free(r, &l->rows[i]);
	}
	l->count = kept;
}

int report_rows_for_people(struct report *r, struct row_list *ret)
{
	struct row_list days = {0}, l = {.own_sets = true};
	int status = report_rows(r, "", &days);

	if (status != STATUS_OK)
		return status;
	sort_rows(&days, by_subject);
	for (size_t i = 0; status == STATUS_OK && i < days.count; i++)
		if (days.rows[i].flows > 0)
			status = fold_row(r, &l, &days.rows[i]);
	for (size_t i = 0; status == STATUS_OK && i < l.count; i++)
		if (l.rows[i].patient_flows.count > 0)
			status = store_distinct_tags(r->store, l.rows[i].patient_flows.ids,
			        l.rows[i].patient_flows.count, &l.rows[i].patients);
	row_list_free(r, &days);
	if (status != STATUS_OK) {
		row_list_free(r, &l);
		return status;
	}
	keep_egress(r, &l);
	sort_rows(&l, by_gravity);
	*ret = l;
	return STATUS_OK;
}
