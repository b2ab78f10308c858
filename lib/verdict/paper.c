#include "verdict/paper.h"

#include <string.h>

/* How far a destination row is from saying something else: kind of match first, then how much of
 * the name it spells out. */
static unsigned weight_of(const struct match_rule *rule)
{
	size_t spelled = rule->kind == MATCH_IP ? rule->prefix.bits : strlen(rule->text);
	bool whole = rule->text[0] != '*';

	return (unsigned)match_rule_strength(rule) << 16 | (unsigned)whole << 12 |
	       (unsigned)(spelled & 0xfff);
}

static int64_t find_destination(const struct verdict_subject *s, const struct registry *registry)
{
	const struct match_rule *rules;
	int64_t best = -1;
	unsigned best_weight = 0;
	size_t count;

	rules = registry_destination_rules(registry, &count);
	for (size_t i = 0; i < count; i++) {
		const struct registry_destination *d = registry_destination(
		        registry, rules[i].owner);

		if (s->program >= 0 && d->program != (uint64_t)s->program)
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

static bool lists_program(const struct registry_contract *c, uint32_t program)
{
	for (size_t i = 0; i < c->program_count; i++)
		if (c->programs[i] == program)
			return true;
	return false;
}

/* An end that is not recorded is after every other. */
static int64_t end_of(int32_t day)
{
	return day == REGISTRY_NO_DAY ? INT64_MAX : day;
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
	t->contract_categories |= c->categories;
	t->deid_promised = t->deid_promised || c->deid_promised ||
	                   c->categories == UINT32_C(1) << CATEGORY_DEIDENTIFIED;
}

static void find_contracts(struct paper_trail *t, const struct registry *registry, int32_t day)
{
	for (size_t i = 0; i < registry_contract_count(registry); i++) {
		const struct registry_contract *c = registry_contract(registry, i);

		if (c->type != CONTRACT_NONE && lists_program(c, t->destination->program) &&
		        strcmp(c->recipient, t->destination->recipient) == 0)
			use_contract(t, registry, (int64_t)i, day);
	}
	t->contract_covers = category_set_covers(t->contract_categories);
}

static bool is_overseas_reason(enum overseas_basis basis)
{
	return basis != OVERSEAS_NOT_RECORDED && basis != OVERSEAS_UNKNOWN &&
	       basis != OVERSEAS_NONE_NEEDED;
}

/* True when the row has not ended. */
static bool use_basis(
        struct paper_trail *t, const struct registry *registry, int64_t index, int32_t day)
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
	if (t->basis_in_force < 0)
		t->basis_in_force = index;
	t->basis_categories |= b->categories;
	t->basis_deidentified = t->basis_deidentified || b->basis == BASIS_DEIDENTIFIED;
	t->overseas_reason = t->overseas_reason || is_overseas_reason(b->overseas);
	return true;
}

static void find_bases(struct paper_trail *t, const struct registry *registry, int32_t day)
{
	bool open = false;

	for (size_t i = 0; i < registry_basis_count(registry); i++) {
		const struct registry_basis *b = registry_basis(registry, i);

		if (b->program == t->destination->program &&
		        strcmp(b->recipient, t->destination->recipient) == 0)
			open = use_basis(t, registry, (int64_t)i, day) || open;
	}
	t->basis_only_ended = t->basis_ended >= 0 && !open;
	t->basis_covers = category_set_covers(t->basis_categories);
}

void paper_trail(
        const struct verdict_subject *s, const struct registry *registry, struct paper_trail *ret)
{
	*ret = (struct paper_trail){.destination_index = -1,
	        .contract_in_force = -1,
	        .contract_ended = -1,
	        .contract_later = -1,
	        .contract_overdue = -1,
	        .basis_in_force = -1,
	        .basis_ended = -1};
	if (!registry)
		return;
	ret->destination_index = find_destination(s, registry);
	if (ret->destination_index < 0)
		return;
	ret->destination = registry_destination(registry, (size_t)ret->destination_index);
	ret->needed = s->seen != 0 || (ret->destination->role != ROLE_UPDATE_ONLY &&
	                                      ret->destination->role != ROLE_CDN_ONLY);
	find_contracts(ret, registry, s->day);
	find_bases(ret, registry, s->day);
}
