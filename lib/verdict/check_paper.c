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

static void check_contract_in_force(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	const struct registry_contract *c;
	char name[DECISION_ROW_CHARS], date[TIME_DATE_CHARS];
	struct blanks blanks;

	if (t->contract_ending >= 0) {
		c = registry_contract(d->registry, (size_t)t->contract_ending);
		time_format_day(c->end_day, date);
		blanks = decision_with(d, BLANK_DATE, date);
		decision_raise(d, FLAG_CONTRACT_ENDING, &blanks, "%s ends %s",
		        contract_name(d, t->contract_ending, name), date);
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
		        "contracts.csv: no row for this recipient%s; %s",
		        d->ai_recipient ? ", so none on training_use" : "",
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
		decision_categories(missing, categories);
		decision_raise(d, FLAG_NO_BASIS, &d->blanks, "%s does not list %s",
		        basis_name(d, t->basis_in_force, name), categories);
	}
}

static void check_coverage(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	category_set missing = d->subject->seen & ~t->contract_covers;
	char seen[DECISION_LIST_CHARS], covered[DECISION_LIST_CHARS];
	char listed[DECISION_LIST_CHARS], name[DECISION_ROW_CHARS];
	struct blanks blanks;

	if (t->contract_in_force < 0 || missing == 0)
		return;
	category_set_words(missing, seen);
	category_set_words(t->contract_categories, covered);
	decision_categories(t->contract_categories, listed);
	blanks = decision_with(d, BLANK_CATEGORY, seen);
	blanks.text[BLANK_LIST] = covered;
	decision_raise(d, FLAG_CATEGORY_NOT_COVERED, &blanks, "%s lists %s",
	        contract_name(d, t->contract_in_force, name), listed);
}

/* An extract often has two agreements or two reasons with one recipient, of which one is for data
 * that names patients. What that one covers contradicts nothing. */
static void check_deidentified(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	category_set seen = d->subject->seen;
	char name[DECISION_ROW_CHARS];

	if (!d->subject->patient_seen || d->verdict->evidence != EVIDENCE_SEEN)
		return;
	if (t->contract_deid >= 0 && (seen & ~category_set_covers(t->contract_openly)))
		decision_raise(d, FLAG_DEID_CLAIM_CONTRADICTED, &d->blanks,
		        "%s promises de-identified data", contract_name(d, t->contract_deid, name));
	else if (t->basis_deid >= 0 && (seen & ~category_set_covers(t->basis_openly)))
		decision_raise(d, FLAG_DEID_CLAIM_CONTRADICTED, &d->blanks,
		        "%s rests on de-identified data", basis_name(d, t->basis_deid, name));
}

/* What a program of this kind is for; an agreement that covers any of it will do. Kinds that do
 * many things are not asked. */
static purpose_set purposes_of_kind(enum program_kind kind)
{
#define FOR(p) ((purpose_set)1 << PURPOSE_##p)
	static const purpose_set purposes[PROGRAM_KINDS] = {
	        [KIND_EXTRACT] = FOR(QI_INTERNAL) | FOR(QI_SHARED) | FOR(RESEARCH) | FOR(PLANNING),
	        [KIND_BOOKING] = FOR(CARE) | FOR(CARE_ADMIN),
	        [KIND_EPRESCRIBE] = FOR(CARE) | FOR(CARE_ADMIN),
	        [KIND_SECURE_MSG] = FOR(CARE) | FOR(CARE_ADMIN),
	        [KIND_RECALL_SMS] = FOR(CARE) | FOR(CARE_ADMIN),
	        [KIND_AI_SCRIBE] = FOR(CARE) | FOR(CARE_ADMIN),
	        [KIND_BACKUP] = FOR(BACKUP) | FOR(SUPPORT),
	        [KIND_REMOTE] = FOR(SUPPORT),
	        [KIND_CLAIMS] = FOR(CLAIMS) | FOR(CARE_ADMIN),
	        [KIND_MHR] = FOR(CARE) | FOR(LEGAL_DUTY),
	        [KIND_ANALYTICS] = FOR(QI_INTERNAL) | FOR(QI_SHARED) | FOR(RESEARCH) |
	                           FOR(PLANNING) | FOR(CARE_ADMIN),
	        [KIND_IMAGING_PATH] = FOR(CARE) | FOR(CARE_ADMIN),
	};
#undef FOR

	return purposes[kind];
}

/* words: as a sentence says it; else as the cell does. */
static void list_purposes(purpose_set set, bool words, char ret[static DECISION_LIST_CHARS])
{
	const char *items[PURPOSES];
	size_t count = 0;

	for (unsigned i = 0; i < PURPOSES; i++)
		if (set >> i & 1)
			items[count++] = words ? purpose_words((enum purpose)i)
			                       : purpose_text((enum purpose)i);
	decision_list(items, count, ret, DECISION_LIST_CHARS);
}

/* The reason in force that is first recorded for one of these purposes. */
static int64_t basis_for(const struct paper_trail *t, purpose_set purposes)
{
	int64_t first = t->basis_in_force;

	for (unsigned i = PURPOSES; i-- > 0;)
		if (purposes >> i & 1 && t->basis_of_purpose[i] >= 0)
			first = t->basis_of_purpose[i];
	return first;
}

/* What the register itself says this is for comes first; only where it is silent, the program's
 * kind. */
static void check_purpose(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	const struct registry_program *p = registry_program(d->registry, t->destination->program);
	purpose_set missing = t->basis_purposes & ~t->contract_purposes;
	char used[DECISION_LIST_CHARS], listed[DECISION_LIST_CHARS];
	char use[DECISION_LIST_CHARS], covered[DECISION_LIST_CHARS];
	char name[DECISION_ROW_CHARS], other[DECISION_ROW_CHARS];
	struct blanks blanks;

	if (t->contract_in_force < 0 || !t->needed)
		return;
	if (t->basis_purposes == 0 && !(purposes_of_kind(p->kind) & t->contract_purposes))
		missing = purposes_of_kind(p->kind);
	if (missing == 0)
		return;
	list_purposes(missing, false, used);
	list_purposes(t->contract_purposes, false, listed);
	list_purposes(missing, true, use);
	list_purposes(t->contract_purposes, true, covered);
	blanks = decision_with(d, BLANK_PURPOSE, use);
	blanks.text[BLANK_LIST] = covered;
	decision_raise(d, FLAG_PURPOSE_NOT_COVERED, &blanks, "%s purposes %s; %s is for %s",
	        contract_name(d, t->contract_in_force, name), listed,
	        t->basis_purposes ? basis_name(d, basis_for(t, missing), other)
	                          : decision_row(p->place, p->id, other),
	        used);
}

static void check_consent(struct decision *d)
{
	char name[DECISION_ROW_CHARS];

	if (d->trail.needed && d->trail.basis_unproven >= 0)
		decision_raise(d, FLAG_NO_CONSENT_RECORD, &d->blanks,
		        "%s rests on consent; evidence_ref names no form or notice",
		        basis_name(d, d->trail.basis_unproven, name));
}

/* Who may train an AI on what it receives uses it for more than the visit. */
static void check_training(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	char name[DECISION_ROW_CHARS];

	if (d->ai_recipient && t->contract_trains >= 0 && t->basis_in_force >= 0 &&
	        !(t->basis_purposes >> PURPOSE_AI_TRAINING & 1))
		decision_raise(d, FLAG_NO_BASIS, &d->blanks,
		        "%s training_use allowed; basis.csv: no row for ai-training",
		        contract_name(d, t->contract_trains, name));
}

void check_paper(struct decision *d)
{
	check_contract(d);
	check_basis(d);
	check_consent(d);
	check_training(d);
	check_purpose(d);
	check_coverage(d);
	check_deidentified(d);
}
