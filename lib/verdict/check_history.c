#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "verdict/decision.h"
#include "verdict/history.h"

/* The subject tells which exceptions are meant. */
static struct decision begin(const struct verdict_subject *subject, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret)
{
	*ret = (struct verdict){.destination = -1, .contract = -1, .basis = -1};
	return (struct decision){.subject = subject,
	        .registry = registry,
	        .rules = rules,
	        .verdict = ret,
	        .trail = {.destination_index = -1}};
}

/* NULL when the index is none. */
static const struct registry_program *find_program(struct decision *d, int64_t index)
{
	const struct registry_program *p;

	if (index < 0 || (uint64_t)index >= registry_program_count(d->registry))
		return NULL;
	p = registry_program(d->registry, (size_t)index);
	d->blanks.text[BLANK_PROGRAM] = p->name;
	return p;
}

int verdict_decide_pair(const struct history_pair *p, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret)
{
	const struct verdict_subject subject = {.program = p->program, .day = p->day};
	struct decision d = begin(&subject, registry, rules, ret);
	char name[DECISION_ROW_CHARS] = VERDICT_NOTHING_RECORDED;

	if (p->destination >= 0 &&
	        (!registry || (uint64_t)p->destination >= registry_destination_count(registry)))
		return STATUS_BUG;
	/* On the first day everything is new; of a program that nobody knows other flags ask. */
	if (p->seen_before || p->days_before == 0 || p->program < 0)
		return STATUS_OK;
	if (p->destination >= 0) {
		const struct registry_destination *to = registry_destination(
		        registry, (size_t)p->destination);

		d.trail.destination = to;
		d.trail.destination_index = p->destination;
		decision_row(to->place, to->id, name);
	}
	d.blanks.text[BLANK_PROGRAM] = p->program_shown;
	d.blanks.text[BLANK_RECIPIENT] = p->recipient_shown;
	decision_raise(&d, FLAG_FIRST_SEEN, &d.blanks, "%s; earlier days on record: %u", name,
	        p->days_before);
	return STATUS_OK;
}

/* More than the register allows counts before more than usual. */
static void check_volume(
        struct decision *d, const struct history_day *h, const struct registry_program *p)
{
	/* Rounded up: more than the register allows must not read as what it allows. */
	uint64_t mb = h->bytes_out / HISTORY_MB + (h->bytes_out % HISTORY_MB != 0);
	char name[DECISION_ROW_CHARS], reason[128];
	struct blanks blanks = decision_with(d, BLANK_REASON, reason);

	decision_row(p->place, p->id, name);
	if (p->max_mb_day != REGISTRY_NO_NUMBER &&
	        h->bytes_out > (uint64_t)p->max_mb_day * HISTORY_MB) {
		snprintf(reason, sizeof(reason),
		        "%" PRIu64 " MB in one day; your register allows %d MB", mb,
		        (int)p->max_mb_day);
		decision_raise(d, FLAG_VOLUME_ANOMALY, &blanks, "%s max_mb_day %d", name,
		        (int)p->max_mb_day);
	} else if (p->max_mb_day == REGISTRY_NO_NUMBER && h->days_before >= HISTORY_DAYS_MIN &&
	           h->bytes_out >= HISTORY_FLOOR_BYTES &&
	           h->bytes_out / HISTORY_TIMES >= h->usual_bytes) {
		uint64_t usual = h->usual_bytes ? h->usual_bytes : 1;

		if (h->bytes_out / usual < 1000)
			snprintf(reason, sizeof(reason), "%" PRIu64 " times its usual amount",
			        h->bytes_out / usual);
		else
			snprintf(reason, sizeof(reason), "%" PRIu64 " MB, far more than usual",
			        h->bytes_out / HISTORY_MB);
		decision_raise(d, FLAG_VOLUME_ANOMALY, &blanks, "%s max_mb_day not recorded", name);
	}
}

/* An agreement in force that speaks of the whole database. */
static bool may_send_all(
        const struct registry *registry, const struct registry_program *p, int32_t day)
{
	for (size_t i = 0; i < registry_contract_count(registry); i++) {
		const struct registry_contract *c = registry_contract(registry, i);
		bool begun = c->start_day == REGISTRY_NO_DAY || c->start_day <= day;
		bool over = c->end_day != REGISTRY_NO_DAY && c->end_day < day;

		if (!begun || over || !(c->categories & UINT32_C(1) << CATEGORY_FULL_DB))
			continue;
		for (size_t k = 0; k < c->program_count; k++)
			if (registry_program(registry, c->programs[k]) == p)
				return true;
	}
	return false;
}

static void check_backup_size(
        struct decision *d, const struct history_day *h, const struct registry_program *p)
{
	uint64_t whole = h->full_backup_mb > 0 ? (uint64_t)h->full_backup_mb * HISTORY_MB : 0;

	if (whole == 0 || h->bytes_out / HISTORY_BACKUP_PERCENT < whole / 100 ||
	        p->kind == KIND_BACKUP || may_send_all(d->registry, p, h->day))
		return;
	decision_raise(d, FLAG_FULL_DB_SIZE, &d->blanks, "practice.csv: full_backup_mb %d",
	        (int)h->full_backup_mb);
}

static void check_hours(
        struct decision *d, const struct history_day *h, const struct registry_program *p)
{
	char name[DECISION_ROW_CHARS];

	if (!h->outside_hours || !p->hours.recorded)
		return;
	decision_raise(d, FLAG_SCHEDULE_ANOMALY, &d->blanks, "%s hours %02u:%02u-%02u:%02u",
	        decision_row(p->place, p->id, name), p->hours.from_minute / 60u,
	        p->hours.from_minute % 60u, p->hours.to_minute / 60u, p->hours.to_minute % 60u);
}

static void check_support(
        struct decision *d, const struct history_day *h, const struct registry_program *p)
{
	bool ended = version_ended(p, h->day);
	const char *version = p->version_seen;
	char name[DECISION_ROW_CHARS], date[TIME_DATE_CHARS];
	struct blanks blanks;

	if (!version_unsupported(p, h->version, h->day))
		return;
	if (h->version >= 0 && (size_t)h->version < p->versions_known.count)
		version = p->versions_known.items[h->version];
	blanks = decision_with(d, BLANK_VERSION, version);
	decision_row(p->place, p->id, name);
	if (ended) {
		time_format_day(p->eos_day, date);
		decision_raise(d, FLAG_UNSUPPORTED_VERSION, &blanks, "%s eos_date %s", name, date);
	} else {
		decision_raise(d, FLAG_UNSUPPORTED_VERSION, &blanks, "%s min_supported %s", name,
		        p->min_supported);
	}
}

int verdict_decide_day(const struct history_day *h, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret)
{
	const struct verdict_subject subject = {
	        .program = h->program, .day = h->day, .patient_seen = h->patient_seen};
	struct decision d = begin(&subject, registry, rules, ret);
	const struct registry_program *p = find_program(&d, h->program);

	if (!p)
		return STATUS_BUG;
	if (h->patient_seen)
		ret->evidence = EVIDENCE_SEEN;
	check_volume(&d, h, p);
	check_backup_size(&d, h, p);
	check_hours(&d, h, p);
	check_support(&d, h, p);
	return STATUS_OK;
}

static void check_backup_missing(
        struct decision *d, const struct history_silence *h, const struct registry_program *p)
{
	char name[DECISION_ROW_CHARS], date[TIME_DATE_CHARS];
	struct blanks blanks;

	if (p->kind != KIND_BACKUP || h->flow_days < HISTORY_DAYS_MIN ||
	        h->silent_days < HISTORY_SILENT_DAYS || h->silent_days <= h->usual_silence)
		return;
	time_format_day(h->last_flow_day, date);
	blanks = decision_with(d, BLANK_DATE, date);
	decision_raise(d, FLAG_EXPECTED_FLOW_MISSING, &blanks,
	        "%s kind backup; %u days were recorded since", decision_row(p->place, p->id, name),
	        h->silent_days);
}

static void check_updates(
        struct decision *d, const struct history_silence *h, const struct registry_program *p)
{
	char name[DECISION_ROW_CHARS], count[16];
	struct blanks blanks = decision_with(d, BLANK_COUNT, count);

	if (p->cadence_days == REGISTRY_NO_NUMBER || p->update_hosts.count == 0 ||
	        h->update_silent_days < HISTORY_CYCLES_MISSED * (unsigned)p->cadence_days)
		return;
	snprintf(count, sizeof(count), "%u", h->update_silent_days);
	decision_raise(d, FLAG_NO_UPDATES_SEEN, &blanks, "%s cadence_days %d",
	        decision_row(p->place, p->id, name), (int)p->cadence_days);
}

/* Of what is no longer used, or never was to be, silence is no question. */
int verdict_decide_silence(const struct history_silence *h, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret)
{
	const struct verdict_subject subject = {.program = h->program, .day = h->day};
	struct decision d = begin(&subject, registry, rules, ret);
	const struct registry_program *p = find_program(&d, h->program);

	if (!p)
		return STATUS_BUG;
	if (p->status == PROGRAM_RETIRED || p->status == PROGRAM_BANNED)
		return STATUS_OK;
	check_backup_missing(&d, h, p);
	check_updates(&d, h, p);
	return STATUS_OK;
}

int verdict_decide_version(const struct history_version *h, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret)
{
	const struct verdict_subject subject = {.program = h->program, .day = h->day};
	struct decision d = begin(&subject, registry, rules, ret);
	const struct registry_program *p = find_program(&d, h->program);
	char name[DECISION_ROW_CHARS];

	if (!p || h->now >= (int64_t)p->versions_known.count ||
	        h->before >= (int64_t)p->versions_known.count)
		return STATUS_BUG;
	if (h->now < 0 || h->before < 0 || h->now >= h->before)
		return STATUS_OK;
	d.blanks.text[BLANK_COMPUTER] = h->computer_shown;
	d.blanks.text[BLANK_VERSION] = p->versions_known.items[h->now];
	decision_raise(&d, FLAG_VERSION_WENT_BACK, &d.blanks, "%s versions_known; before: %s",
	        decision_row(p->place, p->id, name), p->versions_known.items[h->before]);
	return STATUS_OK;
}

int verdict_decide_computer(
        const struct history_computer *h, const struct flag_rules *rules, struct verdict *ret)
{
	struct decision d = begin(NULL, NULL, rules, ret);

	if (!h->program_shown || !h->remote_access || !h->from_outside)
		return STATUS_OK;
	d.blanks.text[BLANK_COMPUTER] = h->computer_shown;
	d.blanks.text[BLANK_PROGRAM] = h->program_shown;
	decision_raise(&d, FLAG_EXPOSED_COMPUTER, &d.blanks,
	        "unsupported-version, remote-access-tool and a conversation begun outside");
	return STATUS_OK;
}
