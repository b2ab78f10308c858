#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "verdict/decision.h"

static const char *contract_name(
        const struct decision *d, int64_t index, char ret[static DECISION_ROW_CHARS])
{
	const struct registry_contract *c = registry_contract(d->registry, (size_t)index);

	return decision_row(c->place, c->id, ret);
}

static const char *basis_name(
        const struct decision *d, int64_t index, char ret[static DECISION_ROW_CHARS])
{
	const struct registry_basis *b = registry_basis(d->registry, (size_t)index);

	return decision_row(b->place, b->id, ret);
}

/* "contact, results" */
static void list_categories(category_set set, char ret[static DECISION_LIST_CHARS])
{
	char names[CATEGORY_SET_CHARS];
	size_t len = 0;

	category_set_format(set, names);
	for (const char *at = names; *at && len + 3 < DECISION_LIST_CHARS; at++) {
		if (*at == '|')
			ret[len++] = ',';
		ret[len++] = *at == '|' ? ' ' : *at;
	}
	ret[len] = '\0';
}

static void check_contract_in_force(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	const struct registry_contract *c = registry_contract(
	        d->registry, (size_t)t->contract_in_force);
	char name[DECISION_ROW_CHARS], date[TIME_DATE_CHARS];
	struct blanks blanks;

	if (c->end_day != REGISTRY_NO_DAY && c->end_day - d->subject->day <= PAPER_ENDING_DAYS) {
		time_format_day(c->end_day, date);
		blanks = decision_with(d, BLANK_DATE, date);
		decision_raise(d, FLAG_CONTRACT_ENDING, &blanks, "%s ends %s",
		        contract_name(d, t->contract_in_force, name), date);
	}
	if (t->contract_overdue >= 0) {
		c = registry_contract(d->registry, (size_t)t->contract_overdue);
		time_format_day(c->review_day, date);
		blanks = decision_with(d, BLANK_DATE, date);
		decision_raise(d, FLAG_REVIEW_OVERDUE, &blanks, "%s review_by %s",
		        contract_name(d, t->contract_overdue, name), date);
	}
}

static void check_contract_absent(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	char name[DECISION_ROW_CHARS], date[TIME_DATE_CHARS];
	struct blanks blanks;

	if (t->contract_later >= 0) {
		time_format_day(
		        registry_contract(d->registry, (size_t)t->contract_later)->start_day, date);
		blanks = decision_with(d, BLANK_DATE, date);
		decision_raise(d, FLAG_CONTRACT_NOT_STARTED, &blanks, "%s starts %s",
		        contract_name(d, t->contract_later, name), date);
	} else if (t->contract_ended >= 0) {
		time_format_day(
		        registry_contract(d->registry, (size_t)t->contract_ended)->end_day, date);
		blanks = decision_with(d, BLANK_DATE, date);
		decision_raise(d, FLAG_CONTRACT_EXPIRED, &blanks, "%s ended %s",
		        contract_name(d, t->contract_ended, name), date);
	} else {
		decision_raise(d, FLAG_NO_CONTRACT, &d->blanks,
		        "contracts.csv: no row for this recipient; %s",
		        decision_destination(d, name));
	}
}

static void check_contract(struct decision *d)
{
	if (d->trail.contract_in_force >= 0)
		check_contract_in_force(d);
	else if (d->trail.needed)
		check_contract_absent(d);
}

static void check_basis(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	category_set missing = d->subject->seen & ~t->basis_covers;
	char name[DECISION_ROW_CHARS], date[TIME_DATE_CHARS], categories[DECISION_LIST_CHARS];
	struct blanks blanks;

	if (!t->needed)
		return;
	if (t->basis_only_ended) {
		time_format_day(registry_basis(d->registry, (size_t)t->basis_ended)->to_day, date);
		blanks = decision_with(d, BLANK_DATE, date);
		decision_raise(d, FLAG_BASIS_EXPIRED, &blanks, "%s ended %s",
		        basis_name(d, t->basis_ended, name), date);
	} else if (t->basis_in_force < 0) {
		decision_raise(d, FLAG_NO_BASIS, &d->blanks,
		        "basis.csv: no row in force for this recipient; %s",
		        decision_destination(d, name));
	} else if (missing != 0) {
		list_categories(missing, categories);
		decision_raise(d, FLAG_NO_BASIS, &d->blanks, "%s does not list %s",
		        basis_name(d, t->basis_in_force, name), categories);
	}
}

static void check_coverage(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	category_set missing = d->subject->seen & ~t->contract_covers;
	char seen[DECISION_LIST_CHARS], listed[DECISION_LIST_CHARS], name[DECISION_ROW_CHARS];
	struct blanks blanks;

	if (t->contract_in_force < 0 || missing == 0)
		return;
	list_categories(missing, seen);
	list_categories(t->contract_categories, listed);
	blanks = decision_with(d, BLANK_CATEGORY, seen);
	blanks.text[BLANK_LIST] = listed;
	decision_raise(d, FLAG_CATEGORY_NOT_COVERED, &blanks, "%s lists %s",
	        contract_name(d, t->contract_in_force, name), listed);
}

static void check_deidentified(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	char name[DECISION_ROW_CHARS];

	if (!d->subject->patient_seen || d->verdict->evidence != EVIDENCE_SEEN)
		return;
	if (t->contract_in_force >= 0 && t->deid_promised)
		decision_raise(d, FLAG_DEID_CLAIM_CONTRADICTED, &d->blanks,
		        "%s promises de-identified data",
		        contract_name(d, t->contract_in_force, name));
	else if (t->basis_in_force >= 0 && t->basis_deidentified)
		decision_raise(d, FLAG_DEID_CLAIM_CONTRADICTED, &d->blanks,
		        "%s rests on de-identified data", basis_name(d, t->basis_in_force, name));
}

static void check_overseas(struct decision *d)
{
	const struct registry_destination *to = d->trail.destination;
	char name[DECISION_ROW_CHARS];

	if (to->recipient_country[0] == '\0' || strcmp(to->recipient_country, "AU") == 0 ||
	        !d->trail.needed || d->trail.overseas_reason)
		return;
	decision_raise(d, FLAG_OVERSEAS_BASIS_MISSING, &d->blanks,
	        "%s recipient_country %s; basis.csv: no overseas_basis",
	        decision_destination(d, name), to->recipient_country);
}

void check_paper(struct decision *d)
{
	check_contract(d);
	check_basis(d);
	check_coverage(d);
	check_deidentified(d);
	check_overseas(d);
}
