#include "verdict/paper.h"

#include <string.h>

#include "verdict/flag_rules.h"

/* How far a destination row is from saying something else: kind of match first, then how much of
 * the name it spells out. */
static unsigned weight_of(const struct match_rule *rule)
{
	size_t spelled = rule->kind == MATCH_IP ? rule->prefix.bits : strlen(rule->text);
	bool whole = rule->text[0] != '*';

	return (unsigned)match_rule_strength(rule) << 16 | (unsigned)whole << 12 |
	       (unsigned)(spelled & 0xfff);
}

/* program -1: a row of any program. */
static int64_t find_destination(
        const struct verdict_subject *s, int64_t program, const struct registry *registry)
{
	const struct match_rule *rules;
	int64_t best = -1;
	unsigned best_weight = 0;
	size_t count;

	rules = registry_destination_rules(registry, &count);
	for (size_t i = 0; i < count; i++) {
		const struct registry_destination *d = registry_destination(
		        registry, rules[i].owner);

		if (program >= 0 && d->program != (uint64_t)program)
			continue;
		if (match_rule_is_common_port(&rules[i]) ||
		        !match_rule_matches(&rules[i], &s->match))
			continue;
		if (best < 0 || weight_of(&rules[i]) > best_weight) {
			best = rules[i].owner;
			best_weight = weight_of(&rules[i]);
		}
	}
	return best;
}

int64_t paper_any_destination(const struct verdict_subject *s, const struct registry *registry)
{
	return find_destination(s, -1, registry);
}

static bool lists_program(const struct registry_contract *c, uint32_t program)
{
	for (size_t i = 0; i < c->program_count; i++)
		if (c->programs[i] == program)
			return true;
	return false;
}

static bool is_about(const struct paper_trail *t, const struct registry_contract *c)
{
	return c->type != CONTRACT_NONE && lists_program(c, t->destination->program) &&
	       strcmp(c->recipient, t->destination->recipient) == 0;
}

/* An end that is not recorded is after every other. */
static int64_t end_of(int32_t day)
{
	return day == REGISTRY_NO_DAY ? INT64_MAX : day;
}

static bool is_in_force(const struct paper_trail *t, const struct registry_contract *c, int32_t day)
{
	return is_about(t, c) && (c->start_day == REGISTRY_NO_DAY || c->start_day <= day) &&
	       end_of(c->end_day) >= day;
}

static bool list_holds(const struct registry_list *list, const char *item)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], item) == 0)
			return true;
	return false;
}

static void use_contract_in_force(
        struct paper_trail *t, const struct registry_contract *c, int64_t index)
{
	if (c->training_use == TRAINING_ALLOWED && t->contract_trains < 0)
		t->contract_trains = index;
	if (c->training_use != TRAINING_PROHIBITED && t->contract_silent < 0)
		t->contract_silent = index;
	t->contract_categories |= c->categories;
	t->contract_purposes |= c->purposes;
	if (!c->deid_promised && c->categories != UINT32_C(1) << CATEGORY_DEIDENTIFIED)
		t->contract_openly |= c->categories;
	else if (t->contract_deid < 0)
		t->contract_deid = index;
}

static void use_contract(
        struct paper_trail *t, const struct registry *registry, int64_t index, int32_t day)
{
	const struct registry_contract *c = registry_contract(registry, (size_t)index);
	const struct registry_contract *other;

	if (c->start_day != REGISTRY_NO_DAY && c->start_day > day) {
		other = t->contract_later < 0
		                ? NULL
		                : registry_contract(registry, (size_t)t->contract_later);
		if (!other || c->start_day < other->start_day)
			t->contract_later = index;
		return;
	}
	if (end_of(c->end_day) < day) {
		other = t->contract_ended < 0
		                ? NULL
		                : registry_contract(registry, (size_t)t->contract_ended);
		if (!other || c->end_day > other->end_day)
			t->contract_ended = index;
		return;
	}
	other = t->contract_in_force < 0
	                ? NULL
	                : registry_contract(registry, (size_t)t->contract_in_force);
	if (!other || end_of(c->end_day) > end_of(other->end_day))
		t->contract_in_force = index;
	if (c->review_day != REGISTRY_NO_DAY && c->review_day < day && t->contract_overdue < 0)
		t->contract_overdue = index;
	use_contract_in_force(t, c, index);
}

/* The day on which the first of those in force ends, after a day and within the time that is looked
 * ahead; REGISTRY_NO_DAY: none does. */
static int32_t next_end(
        const struct paper_trail *t, const struct registry *registry, int32_t day, int32_t after)
{
	int32_t end = REGISTRY_NO_DAY;

	for (size_t i = 0; i < registry_contract_count(registry); i++) {
		const struct registry_contract *c = registry_contract(registry, i);

		if (is_in_force(t, c, day) && c->end_day != REGISTRY_NO_DAY && c->end_day > after &&
		        c->end_day - day <= PAPER_ENDING_DAYS &&
		        (end == REGISTRY_NO_DAY || c->end_day < end))
			end = c->end_day;
	}
	return end;
}

/* One of those that end on the day; -1 when what the others list goes on without a gap. */
static int64_t find_unfollowed(
        const struct paper_trail *t, const struct registry *registry, int32_t day, int32_t end)
{
	category_set ending = 0, going_on = 0;
	purpose_set ending_purposes = 0, going_on_purposes = 0;
	int64_t first = -1;

	for (size_t i = 0; i < registry_contract_count(registry); i++) {
		const struct registry_contract *c = registry_contract(registry, i);

		if (!is_about(t, c) || end_of(c->end_day) < end)
			continue;
		if (c->end_day != end &&
		        (c->start_day == REGISTRY_NO_DAY || c->start_day <= end + 1)) {
			going_on |= c->categories;
			going_on_purposes |= c->purposes;
		} else if (c->end_day == end && is_in_force(t, c, day)) {
			ending |= c->categories;
			ending_purposes |= c->purposes;
			first = first < 0 ? (int64_t)i : first;
		}
	}
	return (ending & ~category_set_covers(going_on)) || (ending_purposes & ~going_on_purposes)
	               ? first
	               : -1;
}

/* At most one round for each day that is looked ahead. */
static int64_t find_ending(
        const struct paper_trail *t, const struct registry *registry, int32_t day)
{
	int32_t end = next_end(t, registry, day, day - 1);
	int64_t found = -1;

	while (end != REGISTRY_NO_DAY && found < 0) {
		found = find_unfollowed(t, registry, day, end);
		end = next_end(t, registry, day, end);
	}
	return found;
}

/* A contract in force that lists no countries limits none. */
static int64_t find_elsewhere(const struct paper_trail *t, const struct registry *registry,
        const struct verdict_subject *s)
{
	int64_t elsewhere = -1;

	for (size_t i = 0; i < registry_contract_count(registry); i++) {
		const struct registry_contract *c = registry_contract(registry, i);

		if (!is_in_force(t, c, s->day))
			continue;
		if (c->countries.count == 0 || list_holds(&c->countries, s->country))
			return -1;
		elsewhere = elsewhere < 0 ? (int64_t)i : elsewhere;
	}
	return elsewhere;
}

static void find_contracts(struct paper_trail *t, const struct registry *registry, int32_t day)
{
	for (size_t i = 0; i < registry_contract_count(registry); i++) {
		const struct registry_contract *c = registry_contract(registry, i);

		if (is_about(t, c))
			use_contract(t, registry, (int64_t)i, day);
	}
	t->contract_covers = category_set_covers(t->contract_categories);
	if (t->contract_in_force >= 0)
		t->contract_ending = find_ending(t, registry, day);
}

/* A prescribed country is one only while a row of the rules says so. */
static bool is_overseas_reason(const struct paper_trail *t, const struct flag_rules *rules,
        enum overseas_basis basis, int32_t day)
{
	if (basis == OVERSEAS_PRESCRIBED_COUNTRY)
		return flag_rules_prescribes(rules, t->destination->recipient_country, day);
	return basis != OVERSEAS_NOT_RECORDED && basis != OVERSEAS_UNKNOWN &&
	       basis != OVERSEAS_NONE_NEEDED;
}

static bool rests_on_consent(const struct registry_basis *b)
{
	return b->basis == BASIS_EXPRESS_CONSENT || b->basis == BASIS_CONSENT_PER_VISIT ||
	       b->overseas == OVERSEAS_INFORMED_CONSENT;
}

static void use_basis_in_force(
        struct paper_trail *t, const struct registry_basis *b, int64_t index, bool reason)
{
	if (t->basis_in_force < 0)
		t->basis_in_force = index;
	if (rests_on_consent(b) && b->evidence_ref[0] == '\0' && t->basis_unproven < 0)
		t->basis_unproven = index;
	t->basis_categories |= b->categories;
	t->basis_purposes |= (purpose_set)1 << b->purpose;
	if (t->basis_of_purpose[b->purpose] < 0)
		t->basis_of_purpose[b->purpose] = index;
	if (b->basis != BASIS_DEIDENTIFIED)
		t->basis_openly |= b->categories;
	else if (t->basis_deid < 0)
		t->basis_deid = index;
	t->overseas_reason = t->overseas_reason || reason;
	if (!reason && t->basis_no_reason < 0)
		t->basis_no_reason = index;
}

/* True when the row has not ended. */
static bool use_basis(struct paper_trail *t, const struct registry *registry,
        const struct flag_rules *rules, int64_t index, int32_t day)
{
	const struct registry_basis *b = registry_basis(registry, (size_t)index);

	if (end_of(b->to_day) < day) {
		if (t->basis_ended < 0 ||
		        b->to_day > registry_basis(registry, (size_t)t->basis_ended)->to_day)
			t->basis_ended = index;
		return false;
	}
	if ((b->from_day != REGISTRY_NO_DAY && b->from_day > day) || b->basis == BASIS_UNKNOWN)
		return true;
	use_basis_in_force(t, b, index, is_overseas_reason(t, rules, b->overseas, day));
	return true;
}

static void find_bases(struct paper_trail *t, const struct registry *registry,
        const struct flag_rules *rules, int32_t day)
{
	bool open = false;

	for (size_t i = 0; i < registry_basis_count(registry); i++) {
		const struct registry_basis *b = registry_basis(registry, i);

		if (b->program == t->destination->program &&
		        strcmp(b->recipient, t->destination->recipient) == 0)
			open = use_basis(t, registry, rules, (int64_t)i, day) || open;
	}
	t->basis_only_ended = t->basis_ended >= 0 && !open;
	t->basis_covers = category_set_covers(t->basis_categories);
}

void paper_trail(const struct verdict_subject *s, const struct registry *registry,
        const struct flag_rules *rules, struct paper_trail *ret)
{
	*ret = (struct paper_trail){.destination_index = -1,
	        .contract_in_force = -1,
	        .contract_ended = -1,
	        .contract_later = -1,
	        .contract_overdue = -1,
	        .contract_ending = -1,
	        .contract_deid = -1,
	        .contract_elsewhere = -1,
	        .contract_trains = -1,
	        .contract_silent = -1,
	        .basis_in_force = -1,
	        .basis_ended = -1,
	        .basis_deid = -1,
	        .basis_unproven = -1,
	        .basis_no_reason = -1};
	for (unsigned i = 0; i < PURPOSES; i++)
		ret->basis_of_purpose[i] = -1;
	if (!registry)
		return;
	ret->destination_index = find_destination(s, s->program, registry);
	if (ret->destination_index < 0)
		return;
	ret->destination = registry_destination(registry, (size_t)ret->destination_index);
	ret->needed = s->seen != 0 || (ret->destination->role != ROLE_UPDATE_ONLY &&
	                                      ret->destination->role != ROLE_CDN_ONLY);
	find_contracts(ret, registry, s->day);
	if (s->country && s->country[0] != '\0' && s->country_certain)
		ret->contract_elsewhere = find_elsewhere(ret, registry, s);
	find_bases(ret, registry, rules, s->day);
}
