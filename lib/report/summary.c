/* summary: the table of rows by local date, program and destination. A flow counts for every date
 * on which it has an hourly record; the hour that holds midnight (time zones with half hours)
 * counts for the date in which it began. What was decided about a flow holds for all its dates. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/rows.h"
#include "verdict/history.h"

/* Ranks, so that the gravest of several flows stands in their row. */
static const uint8_t evidence_rank[] = {
        [EVIDENCE_NONE] = 0,
        [EVIDENCE_DECLARED] = 1,
        [EVIDENCE_NOT_INSPECTABLE] = 2,
        [EVIDENCE_LIKELY] = 3,
        [EVIDENCE_SEEN] = 4,
};
static const uint8_t paper_rank[] = {
        [PAPER_NONE] = 0,
        [PAPER_COVERED] = 1,
        [PAPER_GAP] = 2,
        [PAPER_EXPIRED] = 3,
        [PAPER_ABSENT] = 4,
        [PAPER_UNREADABLE] = 5,
};
static const uint8_t outcome_rank[] = {
        [OUTCOME_NONE] = 0,
        [OUTCOME_COVERED] = 1,
        [OUTCOME_CANNOT_TELL] = 2,
        [OUTCOME_LOOK] = 3,
        [OUTCOME_ACT] = 4,
};

static size_t id_position(const struct id_set *set, uint64_t id)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int id_set_add(struct report *r, struct id_set *set, uint64_t id)
{
	size_t at = id_position(set, id);

	if (at < set->count && set->ids[at] == id)
		return STATUS_OK;
	if (set->count >= ROW_IDS_MAX || r->ids >= REPORT_IDS_MAX) {
		r->ids_left_out++;
		return STATUS_OK;
	}
	if (set->count == set->capacity) {
		size_t capacity = set->capacity ? set->capacity * 2 : 2;
		uint64_t *ids = reallocarray(set->ids, capacity, sizeof(*ids));

		if (!ids)
			return STATUS_NO_MEMORY;
		set->ids = ids;
		set->capacity = capacity;
	}
	memmove(set->ids + at + 1, set->ids + at, (set->count - at) * sizeof(*set->ids));
	set->ids[at] = id;
	set->count++;
	r->ids++;
	return STATUS_OK;
}

static int id_set_merge(struct report *r, struct id_set *into, const struct id_set *from)
{
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < from->count; i++)
		status = id_set_add(r, into, from->ids[i]);
	return status;
}

void summary_row_free(struct report *r, struct summary_row *row)
{
	r->ids -= row->computers.count + row->patient_flows.count;
	free(row->computers.ids);
	free(row->patient_flows.ids);
	row->computers = row->patient_flows = (struct id_set){0};
}

enum flag_id summary_top_flag(const struct summary_row *row)
{
	enum flag_id top = FLAGS;

	for (int i = 0; i < FLAGS; i++)
		if (row->flags[i] > (top == FLAGS ? 0 : row->flags[top]))
			top = (enum flag_id)i;
	return top;
}

static void merge_verdicts(struct summary_row *into, const struct summary_row *from)
{
	if (evidence_rank[from->evidence] > evidence_rank[into->evidence])
		into->evidence = from->evidence;
	if (paper_rank[from->paper] > paper_rank[into->paper])
		into->paper = from->paper;
	if (outcome_rank[from->outcome] > outcome_rank[into->outcome])
		into->outcome = from->outcome;
	if (from->severity > into->severity)
		into->severity = from->severity;
	for (size_t i = 0; i < FLAGS; i++)
		if (from->flags[i] > into->flags[i])
			into->flags[i] = from->flags[i];
	into->seen |= from->seen;
	into->declared |= from->declared;
}

int summary_merge(struct report *r, struct summary_row *into, const struct summary_row *from)
{
	int status;

	if (into->flows == 0 || from->first_ns < into->first_ns)
		into->first_ns = from->first_ns;
	if (into->flows == 0 || from->last_ns > into->last_ns)
		into->last_ns = from->last_ns;
	into->flows += from->flows;
	into->begun += from->begun;
	into->egress_flows += from->egress_flows;
	into->bytes_out += from->bytes_out;
	into->bytes_in += from->bytes_in;
	into->unread_bytes += from->unread_bytes;
	into->bypassed |= from->bypassed;
	into->new_today |= from->new_today;
	into->hours |= from->hours;
	into->outside_hours |= from->outside_hours;
	into->patient_seen |= from->patient_seen;
	merge_verdicts(into, from);
	for (size_t i = 0; i < ROW_TEXTS; i++) {
		into->text[i] = text_pool_join(r->pool, into->text[i], from->text[i]);
		if (!into->text[i])
			return STATUS_NO_MEMORY;
	}
	status = id_set_merge(r, &into->computers, &from->computers);
	if (status == STATUS_OK)
		status = id_set_merge(r, &into->patient_flows, &from->patient_flows);
	return status;
}

static struct row_key key_of(const struct summary_row *row)
{
	return (struct row_key){
	        {(uintptr_t)row->date, (uintptr_t)row->program_id, (uintptr_t)row->destination}};
}

static int append_row(struct report *r, const struct summary_row *key, size_t *ret)
{
	const struct row_key at = key_of(key);
	struct summary_row *row;
	int status;

	if (r->row_count == r->row_capacity) {
		size_t capacity = r->row_capacity ? r->row_capacity * 2 : 64;
		struct summary_row *rows = reallocarray(r->rows, capacity, sizeof(*rows));

		if (!rows)
			return STATUS_NO_MEMORY;
		r->rows = rows;
		r->row_capacity = capacity;
	}
	status = key_map_add(r->row_keys, &at, r->row_count);
	if (status != STATUS_OK)
		return status;
	row = &r->rows[r->row_count];
	*row = (struct summary_row){.row_kind = key->row_kind,
	        .date = key->date,
	        .program_id = key->program_id,
	        .destination = key->destination};
	for (size_t i = 0; i < ROW_TEXTS; i++)
		row->text[i] = "";
	*ret = r->row_count++;
	return STATUS_OK;
}

/* The row for the key; past the maximum that of its date's "(other)", past more dates than a report
 * has, one "(other)" for all. */
static int find_row(struct report *r, struct summary_row *key, size_t *ret)
{
	struct row_key at = key_of(key);
	bool full = r->row_count >= REPORT_ROWS_MAX - REPORT_DAYS_MAX - 1 ||
	            text_pool_is_full(r->pool);

	*ret = key_map_find(r->row_keys, &at);
	if (*ret == SIZE_MAX && full) {
		r->rows_folded++;
		key->row_kind = ROW_FOLDED;
		key->program_id = key->destination = ROW_OTHER;
		at = key_of(key);
		*ret = key_map_find(r->row_keys, &at);
	}
	if (*ret == SIZE_MAX && r->row_count >= REPORT_ROWS_MAX - 1) {
		key->date = "";
		at = key_of(key);
		*ret = key_map_find(r->row_keys, &at);
	}
	return *ret == SIZE_MAX ? append_row(r, key, ret) : STATUS_OK;
}

/* A folded row keeps no names: they would be examples of nothing. */
static int add_part(struct report *r, struct summary_row *part)
{
	size_t index;
	int status = find_row(r, part, &index);

	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; part->row_kind == ROW_FOLDED && i < ROW_TEXTS; i++)
		part->text[i] = "";
	return summary_merge(r, &r->rows[index], part);
}

static void fill_part(struct summary_row *part, const struct report_flow *f,
        const struct flow_facts *facts, uint64_t ids[static 2])
{
	const struct verdict *v = flow_verdict(f);

	*part = (struct summary_row){.program_id = facts->program_id,
	        .destination = facts->destination,
	        .flows = 1,
	        .egress_flows = facts->egress,
	        .unread_bytes = f->flow->not_inspected_bytes,
	        .bypassed = f->flow->not_inspected_bytes > 0 && store_flow_bypassed(f->flow),
	        .evidence = v->evidence,
	        .paper = v->paper,
	        .outcome = v->outcome,
	        .severity = v->severity,
	        .seen = facts->seen,
	        .patient_seen = facts->patient_seen,
	        .declared = v->evidence == EVIDENCE_NOT_INSPECTABLE ? v->declared : 0,
	        .first_ns = f->flow->first_ns,
	        .last_ns = f->flow->last_ns};
	memcpy(part->text, facts->text, sizeof(part->text));
	/* What somebody accepted stands last. */
	for (unsigned i = 0; i < v->flag_count; i++)
		part->flags[v->flags[i].id] = v->flags[i].accepted ? (uint8_t)SEVERITY_INFO
		                                                   : (uint8_t)v->flags[i].severity;
	ids[0] = (uint64_t)(uintptr_t)facts->computer;
	part->computers = (struct id_set){.ids = &ids[0], .count = 1};
	ids[1] = f->flow->id;
	if (f->flow->distinct_patients > 0)
		part->patient_flows = (struct id_set){.ids = &ids[1], .count = 1};
}

static int64_t record_time(const struct report_flow *f, size_t i)
{
	int64_t hour = f->records[i].hour_ns;

	return hour > f->flow->first_ns ? hour : f->flow->first_ns;
}

/* The hours of the day, and whether they are those that the register records. */
static void add_hours(const struct report_flow *f, int64_t from_ns, int64_t to_ns,
        const struct registry_hours *hours, struct summary_row *part)
{
	if (to_ns > f->flow->last_ns)
		to_ns = f->flow->last_ns;
	if (to_ns < from_ns)
		to_ns = from_ns;
	part->hours |= UINT32_C(1) << time_local_minute(from_ns) / 60;
	part->hours |= UINT32_C(1) << time_local_minute(to_ns) / 60;
	if (hours && hours_missed(hours, from_ns, to_ns))
		part->outside_hours = true;
}

/* Adds up the records of one local day, from *at on; moves *at past them. */
static void take_day(const struct report_flow *f, size_t *at, const struct registry_hours *hours,
        struct summary_row *part)
{
	int32_t day = time_local_day(record_time(f, *at));

	part->first_ns = record_time(f, *at);
	part->bytes_out = part->bytes_in = 0;
	for (; *at < f->record_count && time_local_day(record_time(f, *at)) == day; (*at)++) {
		int64_t end = f->records[*at].hour_ns + NS_PER_HOUR;

		if (f->records[*at].bytes_out > 0)
			add_hours(f, record_time(f, *at), end - 1, hours, part);
		part->bytes_out += f->records[*at].bytes_out;
		part->bytes_in += f->records[*at].bytes_in;
		part->last_ns = end < f->flow->last_ns ? end : f->flow->last_ns;
	}
	if (part->last_ns < part->first_ns)
		part->last_ns = part->first_ns;
}

int summary_add(struct report *r, const struct report_flow *f, const struct flow_facts *facts)
{
	int status = STATUS_OK;
	size_t at = 0;

	do {
		struct summary_row part;
		char date[TIME_DATE_CHARS];
		uint64_t ids[2];

		fill_part(&part, f, facts, ids);
		part.begun = at == 0;
		part.bytes_out = flow_out_counts(f->flow)->payload_bytes;
		part.bytes_in = flow_in_counts(f->flow)->payload_bytes;
		if (f->record_count > 0)
			take_day(f, &at, facts->hours, &part);
		else if (part.bytes_out > 0)
			add_hours(f, f->flow->first_ns, f->flow->first_ns, facts->hours, &part);
		time_local_date(part.first_ns, date);
		part.date = text_pool_add(r->pool, date);
		status = part.date ? add_part(r, &part) : STATUS_NO_MEMORY;
	} while (status == STATUS_OK && at < f->record_count);
	return status;
}
