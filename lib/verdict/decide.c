#include <stdio.h>
#include <string.h>

#include "base/country.h"
#include "base/status.h"
#include "verdict/decision.h"

/* The flags stay as they are: they are as many as flag_count says, and 70 KB to clear for each
 * conversation. */
static void init(struct verdict *v)
{
	v->evidence = EVIDENCE_NONE;
	v->paper = PAPER_NONE;
	v->outcome = OUTCOME_NONE;
	v->destination = v->contract = v->basis = -1;
	v->declared = 0;
	v->timed = false;
	v->flag_count = 0;
	v->severity = SEVERITY_NONE;
}

/* What was seen beside a sealed message was seen all the same. */
static enum evidence evidence_of(const struct verdict_subject *s)
{
	if (s->tier == TIER_MEDIUM || s->tier == TIER_HIGH || s->seen != 0)
		return EVIDENCE_SEEN;
	if (s->tier == TIER_SEALED || s->tier == TIER_OPAQUE || s->bypassed)
		return EVIDENCE_NOT_INSPECTABLE;
	return EVIDENCE_NONE;
}

static void check_program(struct decision *d)
{
	const struct verdict_subject *s = d->subject;
	const struct registry_program *p;
	char name[DECISION_ROW_CHARS];

	if (s->program < 0) {
		if (!d->registry)
			decision_raise(
			        d, FLAG_UNKNOWN_PROGRAM, &d->blanks, "no register was given");
		else if (s->program_shown && s->program_shown[0] != '\0')
			decision_raise(d, FLAG_UNKNOWN_PROGRAM, &d->blanks,
			        "programs.csv: no row for %s", s->program_shown);
		else
			decision_raise(d, FLAG_UNKNOWN_PROGRAM, &d->blanks,
			        "programs.csv: no match_rules fit this traffic");
		return;
	}
	p = registry_program(d->registry, (size_t)s->program);
	decision_row(p->place, p->id, name);
	if (p->status == PROGRAM_BANNED)
		decision_raise(d, FLAG_PROGRAM_BANNED, &d->blanks, "%s status banned", name);
	if (p->status == PROGRAM_RETIRED)
		decision_raise(
		        d, FLAG_PROGRAM_RETIRED_ACTIVE, &d->blanks, "%s status retired", name);
}

static void check_destination(struct decision *d)
{
	const char *far = d->subject->far_shown ? d->subject->far_shown : "";

	if (d->trail.destination)
		return;
	if (!d->registry)
		decision_raise(d, FLAG_UNKNOWN_DESTINATION, &d->blanks, "no register was given");
	else
		decision_raise(d, FLAG_UNKNOWN_DESTINATION, &d->blanks,
		        "destinations.csv: no row for %s%s", far,
		        d->subject->program >= 0 ? " and this program" : "");
}

static bool is_ai(const struct decision *d)
{
	const struct registry_destination *to = d->trail.destination;

	return d->subject->far_service == FAR_SERVICE_AI ||
	       (to && registry_program(d->registry, to->program)->kind == KIND_AI_SCRIBE);
}

static enum paper paper_of(const struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	category_set seen = d->subject->seen;

	if (!t->destination)
		return PAPER_ABSENT;
	if (t->contract_in_force < 0) {
		if (t->contract_later >= 0)
			return PAPER_GAP;
		return t->contract_ended >= 0 ? PAPER_EXPIRED : PAPER_ABSENT;
	}
	if (t->basis_in_force < 0 || (seen & ~t->basis_covers) || (seen & ~t->contract_covers))
		return PAPER_GAP;
	return PAPER_COVERED;
}

static void name_rows(struct verdict *v, const struct paper_trail *t)
{
	v->destination = t->destination_index;
	v->contract = t->contract_in_force;
	if (v->contract < 0)
		v->contract = t->contract_later >= 0 ? t->contract_later : t->contract_ended;
	v->basis = t->basis_in_force >= 0 ? t->basis_in_force : t->basis_ended;
	if (v->evidence != EVIDENCE_SEEN)
		v->declared = t->contract_categories ? t->contract_categories : t->basis_categories;
}

/* What somebody accepted is no less missing. */
static enum outcome outcome_of(const struct verdict_subject *s, const struct verdict *v)
{
	bool unseen = s->tier == TIER_SEALED || s->tier == TIER_OPAQUE || s->gap_bytes > 0 ||
	              s->unread_bytes > 0;
	enum severity worst = SEVERITY_NONE;

	for (unsigned i = 0; i < v->flag_count; i++)
		if (v->flags[i].severity > worst)
			worst = v->flags[i].severity;
	if (worst == SEVERITY_URGENT)
		return OUTCOME_ACT;
	if (worst >= SEVERITY_MEDIUM)
		return OUTCOME_LOOK;
	return unseen ? OUTCOME_CANNOT_TELL : OUTCOME_COVERED;
}

int verdict_decide(const struct verdict_subject *s, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret)
{
	struct decision d = {.subject = s, .registry = registry, .rules = rules, .verdict = ret};

	if (s->program >= 0 &&
	        (!registry || (uint64_t)s->program >= registry_program_count(registry)))
		return STATUS_BUG;
	init(ret);
	if (!s->egress)
		return STATUS_OK;
	ret->evidence = evidence_of(s);
	paper_trail(s, registry, rules, &d.trail);
	d.ai_recipient = is_ai(&d);
	ret->paper = paper_of(&d);
	name_rows(ret, &d.trail);
	d.blanks.text[BLANK_PROGRAM] = s->program_shown;
	d.blanks.text[BLANK_COMPUTER] = s->computer_shown;
	d.blanks.text[BLANK_COUNTRY] = s->country ? country_name(s->country) : NULL;
	d.blanks.text[BLANK_RECIPIENT] = d.trail.destination ? d.trail.destination->recipient
	                                                     : s->far_shown;
	check_program(&d);
	check_destination(&d);
	if (d.trail.destination)
		check_paper(&d);
	check_place(&d);
	check_traffic(&d);
	ret->outcome = outcome_of(s, ret);
	return STATUS_OK;
}

int verdict_decide_run(
        const struct verdict_run *run, const struct flag_rules *rules, struct verdict *ret)
{
	struct decision d = {.rules = rules, .verdict = ret};
	char percent[32] = "", file[REGISTRY_NAME_CHARS], line[REGISTRY_NAME_CHARS + 16];
	unsigned first;
	const struct registry_place *place = &run->register_warning;

	init(ret);
	/* What is wrong with a whole file shows from its first line on. */
	first = place->line > 0 ? place->line : 1;
	registry_place_name(place->file, place->form, file);
	snprintf(line, sizeof(line), "%u of %s", first, file);
	/* Nothing measured is not little: what a cut file lacks at its end may be most of it. */
	if (run->loss_percent >= 0.1)
		snprintf(percent, sizeof(percent), "%.1f%%", run->loss_percent);
	else if (run->loss_percent > 0)
		snprintf(percent, sizeof(percent), "less than 0.1%%");
	d.blanks.text[BLANK_LINE] = line;
	d.blanks.text[BLANK_PERCENT] = percent;
	d.blanks.text[BLANK_DATE] = run->date;
	if (run->has_register && run->register_warnings > 0)
		decision_raise(&d, FLAG_REGISTER_PROBLEM, &d.blanks,
		        "%s:%u; rows or cells to correct: %zu", file, first,
		        run->register_warnings);
	if (run->gap)
		decision_raise(&d, FLAG_CAPTURE_GAP, &d.blanks, VERDICT_NOTHING_RECORDED);
	if (run->not_captured)
		decision_raise(&d, FLAG_NOT_CAPTURED, &d.blanks, VERDICT_NOTHING_RECORDED);
	if (!run->authorised_by || run->authorised_by[0] == '\0')
		decision_raise(&d, FLAG_NO_CAPTURE_AUTHORITY, &d.blanks,
		        "practice.csv: capture_authorised_by or capture_authorised_on is empty");
	return STATUS_OK;
}
