#include "registry/rivals.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#define TOLD_TWICE    1
#define TOLD_SWALLOWS 2

struct rivals {
	const struct sheet *sheet;
	const struct match_rule **rules; /* sorted; common ports are left out */
	size_t count;
	uint8_t *told; /* of each row: what was said of it */
	struct problems *problems;
};

/* `sni:` and `dns:` mean the same. */
static enum match_kind kind_of(const struct match_rule *r)
{
	return r->kind == MATCH_DNS ? MATCH_SNI : r->kind;
}

static int compare_address(const struct match_rule *a, const struct match_rule *b)
{
	if (a->prefix.bits != b->prefix.bits)
		return a->prefix.bits < b->prefix.bits ? -1 : 1;
	return addr_compare(&a->prefix.addr, &b->prefix.addr);
}

static int compare_rules(const struct match_rule *a, const struct match_rule *b)
{
	if (kind_of(a) != kind_of(b))
		return kind_of(a) < kind_of(b) ? -1 : 1;
	if (a->kind == MATCH_IP)
		return compare_address(a, b);
	if (a->kind == MATCH_PORT)
		return a->port != b->port ? (a->port < b->port ? -1 : 1)
		                          : a->protocol - b->protocol;
	return strcmp(a->text, b->text);
}

static int compare_entries(const void *a, const void *b)
{
	const struct match_rule *x = *(const struct match_rule *const *)a;
	const struct match_rule *y = *(const struct match_rule *const *)b;
	int order = compare_rules(x, y);

	return order != 0 ? order : (x->owner > y->owner) - (x->owner < y->owner);
}

static void tell(struct rivals *v, uint32_t row, uint8_t what, uint32_t other)
{
	struct place at = sheet_cell(v->sheet, row, PROGRAM_MATCH_RULES)->place;
	unsigned line = sheet_cell(v->sheet, other, 0)->place.line;

	if (v->told[row] & what)
		return;
	v->told[row] |= what;
	if (what == TOLD_TWICE)
		problems_warning(v->problems, at, "rule-twice",
		        "Line %u has one of these rules too, so it does not tell the two programs "
		        "apart; leave it with one of them.",
		        line);
	else
		problems_warning(v->problems, at, "rule-swallows",
		        "A rule here also fits what the program of line %u is known by; name this "
		        "program's own hosts or addresses.",
		        line);
}

/* The rule that is equal to this one and belongs to another row, or NULL. */
static const struct match_rule *find_other(
        const struct rivals *v, const struct match_rule *wanted, uint32_t owner)
{
	size_t low = 0, high = v->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_rules(v->rules[middle], wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* Equal rules of one row may stand first; those of the next row follow at once. */
	while (low < v->count && v->rules[low]->owner == owner &&
	        compare_rules(v->rules[low], wanted) == 0)
		low++;
	return low < v->count && compare_rules(v->rules[low], wanted) == 0 ? v->rules[low] : NULL;
}

/* *.vendor.example swallows a.b.vendor.example and *.b.vendor.example. */
static void check_name(struct rivals *v, const struct match_rule *r)
{
	const char *rest = strncmp(r->text, "*.", 2) == 0 ? r->text + 2 : r->text;
	struct match_rule wider = {.kind = r->kind};

	for (const char *dot = strchr(rest, '.'); dot; dot = strchr(dot + 1, '.')) {
		const struct match_rule *other;
		size_t len = strlen(dot);

		if (len + 1 >= sizeof(wider.text))
			continue;
		wider.text[0] = '*';
		memcpy(wider.text + 1, dot, len + 1);
		other = find_other(v, &wider, r->owner);
		if (other)
			tell(v, other->owner, TOLD_SWALLOWS, r->owner);
	}
}

static void check_address(struct rivals *v, const struct match_rule *r)
{
	struct match_rule wider = {.kind = MATCH_IP};

	for (unsigned bits = 0; bits < r->prefix.bits; bits++) {
		const struct match_rule *other;

		wider.prefix = prefix_around(&r->prefix.addr, bits);
		other = find_other(v, &wider, r->owner);
		if (other)
			tell(v, other->owner, TOLD_SWALLOWS, r->owner);
	}
}

static void check_all(struct rivals *v)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct match_rule *r = v->rules[i];

		if (i > 0 && compare_rules(v->rules[i - 1], r) == 0 &&
		        v->rules[i - 1]->owner != r->owner)
			tell(v, r->owner, TOLD_TWICE, v->rules[i - 1]->owner);
		if (r->kind == MATCH_IP)
			check_address(v, r);
		else if (kind_of(r) == MATCH_SNI || r->kind == MATCH_CERT)
			check_name(v, r);
	}
}

int rivals_check(const struct sheet *programs, const struct match_rule *rules, size_t count,
        struct problems *p)
{
	struct rivals v = {.sheet = programs,
	        .rules = calloc(count + 1, sizeof(struct match_rule *)),
	        .told = calloc(programs->row_count + 1, 1),
	        .problems = p};
	int status = v.rules && v.told ? STATUS_OK : STATUS_NO_MEMORY;

	for (size_t i = 0; status == STATUS_OK && i < count; i++)
		if (!match_rule_is_common_port(&rules[i]))
			v.rules[v.count++] = &rules[i];
	if (v.count > 1)
		qsort(v.rules, v.count, sizeof(struct match_rule *), compare_entries);
	if (status == STATUS_OK)
		check_all(&v);
	free(v.rules);
	free(v.told);
	return status;
}
