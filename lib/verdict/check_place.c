#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/country.h"
#include "verdict/decision.h"

/* Countries that a flow brings up: that of the computer contacted, that of the recipient, that
 * where the data is kept. */
#define PLACES_MAX 3

/* The country of the computer contacted, where it is certain; "" else. */
static const char *certain_country(const struct decision *d)
{
	return d->subject->country && d->subject->country_certain ? d->subject->country : "";
}

static bool is_overseas(const char *country)
{
	return country[0] != '\0' && strcmp(country, "AU") != 0;
}

static bool holds(const char *const *items, size_t count, const char *item)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(items[i], item) == 0)
			return true;
	return false;
}

static void check_country(struct decision *d)
{
	const struct registry_destination *to = d->trail.destination;
	const char *country = certain_country(d);
	char name[DECISION_ROW_CHARS], list[128] = "", allowed[DECISION_LIST_CHARS] = "";
	struct blanks blanks = decision_with(d, BLANK_LIST, allowed);

	if (country[0] == '\0') {
		decision_raise(d, FLAG_COUNTRY_UNCERTAIN, &d->blanks, "%s%s",
		        to ? "recorded country of the recipient: " : VERDICT_NOTHING_RECORDED,
		        to ? country_name(to->recipient_country) : "");
		return;
	}
	if (!to)
		return;
	if (!to->any_country && !holds(to->allowed_countries, to->allowed_country_count, country)) {
		decision_list(to->allowed_countries, to->allowed_country_count, list, sizeof(list));
		decision_countries(to->allowed_countries, to->allowed_country_count, allowed);
		decision_raise(d, FLAG_COUNTRY_NOT_ALLOWED, &blanks, "%s allowed_countries %s",
		        decision_destination(d, name), list);
	} else if (d->trail.contract_elsewhere >= 0 && is_overseas(country)) {
		const struct registry_contract *c = registry_contract(
		        d->registry, (size_t)d->trail.contract_elsewhere);

		decision_list(c->countries.items, c->countries.count, list, sizeof(list));
		decision_countries(c->countries.items, c->countries.count, allowed);
		decision_raise(d, FLAG_COUNTRY_NOT_ALLOWED, &blanks, "%s countries %s",
		        decision_row(c->place, c->id, name), list);
	}
}

static const char *overseas_word(enum overseas_basis basis)
{
	switch (basis) {
	case OVERSEAS_NONE_NEEDED:
		return "none-needed";
	case OVERSEAS_PRESCRIBED_COUNTRY:
		return "prescribed-country, which no regulation on record prescribes";
	case OVERSEAS_UNKNOWN:
		return "unknown";
	default:
		return "empty";
	}
}

/* Recorded as overseas: the recipient, where it stores, or who can look. Where the first computer
 * contacted stands proves no disclosure, and is asked elsewhere. */
static void check_overseas(struct decision *d)
{
	const struct registry_destination *to = d->trail.destination;
	const struct registry_basis *b;
	char name[DECISION_ROW_CHARS], basis[DECISION_ROW_CHARS], what[64];

	if (is_overseas(to->recipient_country))
		snprintf(what, sizeof(what), "recipient_country %s", to->recipient_country);
	else if (is_overseas(to->storage_country))
		snprintf(what, sizeof(what), "storage_country %s", to->storage_country);
	else if (to->overseas_access == ANSWER_YES)
		snprintf(what, sizeof(what), "overseas_access yes");
	else
		return;
	if (!d->trail.needed || d->trail.overseas_reason)
		return;
	decision_destination(d, name);
	if (d->trail.basis_no_reason < 0) {
		decision_raise(d, FLAG_OVERSEAS_BASIS_MISSING, &d->blanks,
		        "%s %s; basis.csv: no overseas_basis", name, what);
		return;
	}
	b = registry_basis(d->registry, (size_t)d->trail.basis_no_reason);
	decision_raise(d, FLAG_OVERSEAS_BASIS_MISSING, &d->blanks, "%s %s; %s overseas_basis %s",
	        name, what, decision_row(b->place, b->id, basis), overseas_word(b->overseas));
}

/* What an unknown recipient was sent is looked at only when something about patients was seen:
 * else every advertisement on a web page would ask. */
static void check_policy(struct decision *d)
{
	const struct registry_list *policy = &registry_practice(d->registry)->policy_countries;
	const struct registry_destination *to = d->trail.destination;
	const char *places[PLACES_MAX] = {
	        certain_country(d), to ? to->recipient_country : "", to ? to->storage_country : ""};
	const char *missing[PLACES_MAX];
	char list[DECISION_LIST_CHARS], named[256];
	size_t count = 0;
	struct blanks blanks = decision_with(d, BLANK_COUNTRY, list);

	if ((policy->count == 0 && !policy->none) || (to ? !d->trail.needed : !d->subject->seen))
		return;
	for (size_t i = 0; i < PLACES_MAX; i++)
		if (is_overseas(places[i]) && !holds(policy->items, policy->count, places[i]) &&
		        !holds(missing, count, places[i]))
			missing[count++] = places[i];
	if (count == 0)
		return;
	decision_countries(missing, count, list);
	decision_list(policy->items, policy->count, named, sizeof(named));
	decision_raise(d, FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, &blanks,
	        "practice.csv: policy_countries %s", policy->none ? "none" : named);
}

/* The two States whose own rules ask when health information leaves the State, by the words that
 * the register uses for States and Territories. */
static const struct {
	enum practice_state state;
	const char *code, *name;
} states[] = {{STATE_NSW, "NSW", "New South Wales"}, {STATE_VIC, "VIC", "Victoria"},
        {STATE_QLD, "QLD", "Queensland"}, {STATE_SA, "SA", "South Australia"},
        {STATE_WA, "WA", "Western Australia"}, {STATE_TAS, "TAS", "Tasmania"},
        {STATE_ACT, "ACT", "Australian Capital Territory"}, {STATE_NT, "NT", "Northern Territory"}};

static enum practice_state state_of(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (strcasecmp(text, states[i].code) == 0 || strcasecmp(text, states[i].name) == 0)
			return states[i].state;
	return STATE_NOT_RECORDED;
}

/* By the recorded storage_state alone: an address says nothing of a State. De-identified data is
 * no health information as long as nobody was seen in it. */
static void check_state(struct decision *d)
{
	const struct registry_destination *to = d->trail.destination;
	enum practice_state own = registry_practice(d->registry)->state;
	enum practice_state stored = state_of(to->storage_state);
	char name[DECISION_ROW_CHARS];
	struct blanks blanks = d->blanks;

	if ((own != STATE_NSW && own != STATE_VIC) || stored == STATE_NOT_RECORDED ||
	        stored == own || !d->trail.needed || d->trail.overseas_reason)
		return;
	if (d->trail.basis_deid >= 0 && !d->subject->patient_seen)
		return;
	blanks.text[BLANK_COUNTRY] = own == STATE_NSW ? "NSW" : "Victoria";
	decision_raise(d, FLAG_STATE_TRANSFER_BASIS_MISSING, &blanks, "%s storage_state %s",
	        decision_destination(d, name), to->storage_state);
}

/* Programs whose traffic the register says this one carries. */
static size_t count_carried(const struct registry *r, uint32_t broker)
{
	size_t count = 0;

	for (size_t i = 0; i < registry_program_count(r); i++)
		count += registry_program(r, i)->via_program == broker;
	return count;
}

/* Settled once the register lists who stands behind it, or says that nobody does. */
static void check_broker(struct decision *d)
{
	const struct registry_destination *to = d->trail.destination;
	const struct registry_program *p = registry_program(d->registry, to->program);
	size_t carried = count_carried(d->registry, to->program);
	char name[DECISION_ROW_CHARS];

	if ((to->role != ROLE_BROKER && p->kind != KIND_BROKER && carried == 0) ||
	        !d->trail.needed || to->subprocessors.count > 0 || to->subprocessors.none)
		return;
	decision_destination(d, name);
	if (carried > 0)
		decision_raise(d, FLAG_BROKER_MANY_RECIPIENTS, &d->blanks,
		        "%s; programs.csv: %zu by via_program %s; no subprocessors", name, carried,
		        p->id);
	else
		decision_raise(d, FLAG_BROKER_MANY_RECIPIENTS, &d->blanks,
		        "%s role %s, %s kind %s; no subprocessors", name,
		        destination_role_text(to->role), p->id, program_kind_text(p->kind));
}

static bool serves_nobody(const struct registry *r, const char *recipient)
{
	for (size_t i = 0; i < registry_destination_count(r); i++) {
		const struct registry_destination *to = registry_destination(r, i);

		if (strcmp(to->recipient, recipient) == 0 &&
		        registry_program(r, to->program)->status != PROGRAM_RETIRED)
			return false;
	}
	return true;
}

/* A service counts as closed when every program that the register has for its recipient is retired,
 * and the maker's support has ended or another program still sends there. (What a retired program
 * sends itself is program-retired-active.) */
static void check_closed(struct decision *d)
{
	int64_t index = d->trail.destination_index >= 0
	                        ? d->trail.destination_index
	                        : paper_any_destination(d->subject, d->registry);
	const struct registry_destination *to;
	const struct registry_program *p;
	struct blanks blanks = d->blanks;
	char name[DECISION_ROW_CHARS], program[DECISION_ROW_CHARS];
	bool ended;

	if (index < 0)
		return;
	to = registry_destination(d->registry, (size_t)index);
	p = registry_program(d->registry, to->program);
	ended = p->eos_day != REGISTRY_NO_DAY && p->eos_day < d->subject->day;
	if (!serves_nobody(d->registry, to->recipient) ||
	        (!ended && d->subject->program == (int64_t)to->program))
		return;
	blanks.text[BLANK_RECIPIENT] = to->recipient;
	decision_raise(d, FLAG_RETIRED_RECIPIENT, &blanks, "%s; %s status retired%s",
	        decision_row(to->place, to->id, name), decision_row(p->place, p->id, program),
	        ended ? ", eos_date is past" : "");
}

void check_place(struct decision *d)
{
	check_country(d);
	if (!d->registry)
		return;
	check_policy(d);
	check_closed(d);
	if (!d->trail.destination)
		return;
	check_overseas(d);
	check_state(d);
	check_broker(d);
}
