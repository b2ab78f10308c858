#include "classify/place.h"

#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "base/status.h"

#define LABEL_CHARS_MAX 63  /* RFC 1035 section 2.3.4 */
#define LABELS_MAX      127 /* a name of 253 characters has no more */

struct place_slot {
	struct place *place; /* NULL: empty */
	size_t row;
};

struct place_index {
	struct place_slot *slots; /* domains and AS numbers */
	size_t count, capacity;
	struct place_slot *networks;
	size_t network_count, network_capacity;
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_name_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static const char *check_name(const char *name)
{
	size_t label = 0, dots = 0;
	bool letters = false;

	if (strlen(name) >= PLACE_NAME_CHARS)
		return "This name is longer than a host name may be (253 characters).";
	for (const char *at = name;; at++) {
		if (*at == '.' || *at == '\0') {
			if (label == 0 || label > LABEL_CHARS_MAX || at[-1] == '-')
				return "This is no host name: a part of it is empty, too long, or "
				       "ends with a hyphen.";
			label = 0;
			dots += *at == '.';
			if (*at == '\0')
				break;
			continue;
		}
		if (*at == '*')
			return "Write the name without a star: every name under it is meant "
			       "anyway.";
		if (!is_name_letter(*at) || (*at == '-' && label == 0))
			return "A host name has small letters, digits, hyphens and dots; names of "
			       "other scripts are written in their xn-- form.";
		letters = letters || *at < '0' || *at > '9';
		label++;
	}
	if (dots == 0)
		return "A host name has at least one dot.";
	return letters ? NULL : "This is an address, not a name; write cidr: before it.";
}

static const char *parse_domain(const char *name, struct place *ret)
{
	const char *wrong = check_name(name);

	if (wrong)
		return wrong;
	if (psl_is_public_suffix2(psl_builtin(), name, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE))
		return "Everybody can register names under this one; give the organisation's own.";
	ret->kind = PLACE_DOMAIN;
	memcpy(ret->domain, name, strlen(name) + 1);
	return NULL;
}

static const char *parse_asn(const char *text, struct place *ret)
{
	uint64_t number;

	if (!span_to_u64(span_of_text(text), UINT32_MAX, &number) || number == 0)
		return "An AS number is written asn:64496, between 1 and 4294967295.";
	ret->kind = PLACE_ASN;
	ret->asn = (uint32_t)number;
	return NULL;
}

static const char *parse_network(const char *text, struct place *ret)
{
	if (!prefix_parse(text, &ret->network))
		return "A network is written cidr:192.0.2.0/24 or cidr:2001:db8::/32, with no bits "
		       "behind the prefix.";
	if (ret->network.bits == 0)
		return "This network would cover every address.";
	ret->kind = PLACE_NETWORK;
	return NULL;
}

const char *place_parse(const char *text, unsigned allowed, struct place *ret)
{
	struct place place;
	const char *wrong;

	memset(&place, 0, sizeof(place));
	if ((allowed & PLACE_DOMAIN) && strncmp(text, "domain:", 7) == 0)
		wrong = parse_domain(text + 7, &place);
	else if ((allowed & PLACE_ASN) && strncmp(text, "asn:", 4) == 0)
		wrong = parse_asn(text + 4, &place);
	else if ((allowed & PLACE_NETWORK) && strncmp(text, "cidr:", 5) == 0)
		wrong = parse_network(text + 5, &place);
	else
		wrong = allowed & PLACE_NETWORK ? "Write domain:name, asn:number or cidr:network."
		                                : "Write domain:name or asn:number.";
	if (!wrong)
		*ret = place;
	return wrong;
}

const char *place_registered(const char *host)
{
	struct addr a;
	const char *found;

	if (addr_parse(host, &a))
		return host;
	found = psl_registrable_domain(psl_builtin(), host);
	return found ? found : host;
}

int place_index_new(struct place_index **ret_gives)
{
	struct place_index *x = calloc(1, sizeof(*x));

	if (!x)
		return STATUS_NO_MEMORY;
	*ret_gives = x;
	return STATUS_OK;
}

struct place_index *place_index_free(struct place_index *x)
{
	if (!x)
		return NULL;
	for (size_t i = 0; i < x->capacity; i++)
		free(x->slots[i].place);
	for (size_t i = 0; i < x->network_count; i++)
		free(x->networks[i].place);
	free(x->slots);
	free(x->networks);
	free(x);
	return NULL;
}

static size_t hash_name(const char *name, size_t len)
{
	return fnv_span(FNV_BASIS, span_of(name, len)); /* the names are a file's, no peer's */
}

static size_t hash_place(const struct place *p)
{
	return p->kind == PLACE_DOMAIN ? hash_name(p->domain, strlen(p->domain))
	                               : p->asn * 2654435761u;
}

static bool same_place(const struct place *a, const struct place *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == PLACE_DOMAIN ? strcmp(a->domain, b->domain) == 0 : a->asn == b->asn;
}

/* The slot that holds the place, or the empty one where it belongs. */
static struct place_slot *slot_of(const struct place_index *x, const struct place *p)
{
	size_t at = hash_place(p) & (x->capacity - 1);

	while (x->slots[at].place && !same_place(x->slots[at].place, p))
		at = (at + 1) & (x->capacity - 1);
	return &x->slots[at];
}

static int grow_slots(struct place_index *x)
{
	struct place_index larger = {.capacity = x->capacity ? x->capacity * 2 : 256};

	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < x->capacity; i++)
		if (x->slots[i].place)
			*slot_of(&larger, x->slots[i].place) = x->slots[i];
	free(x->slots);
	x->slots = larger.slots;
	x->capacity = larger.capacity;
	return STATUS_OK;
}

static int add_network(struct place_index *x, const struct place *p, struct place_slot **ret)
{
	for (size_t i = 0; i < x->network_count; i++)
		if (memcmp(&x->networks[i].place->network, &p->network, sizeof(p->network)) == 0)
			return STATUS_BUSY;
	if (x->network_count == x->network_capacity) {
		size_t capacity = x->network_capacity ? x->network_capacity * 2 : 64;
		struct place_slot *larger = reallocarray(x->networks, capacity, sizeof(*larger));

		if (!larger)
			return STATUS_NO_MEMORY;
		x->networks = larger;
		x->network_capacity = capacity;
	}
	*ret = &x->networks[x->network_count];
	return STATUS_OK;
}

int place_index_add(struct place_index *x, const struct place *p, size_t row)
{
	struct place_slot *slot = NULL;
	struct place *copy;
	int status = STATUS_OK;

	if (p->kind == PLACE_NETWORK) {
		status = add_network(x, p, &slot);
	} else {
		if (x->count * 2 >= x->capacity)
			status = grow_slots(x);
		if (status == STATUS_OK)
			slot = slot_of(x, p);
		if (slot && slot->place)
			status = STATUS_BUSY;
	}
	if (status != STATUS_OK)
		return status;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return STATUS_NO_MEMORY;
	*copy = *p;
	*slot = (struct place_slot){copy, row};
	x->count += p->kind != PLACE_NETWORK;
	x->network_count += p->kind == PLACE_NETWORK;
	return STATUS_OK;
}

size_t place_find_host(const struct place_index *x, const char *host)
{
	struct place key = {.kind = PLACE_DOMAIN};
	char name[PLACE_NAME_CHARS];
	size_t len = strlen(host);
	const char *at = name;

	if (x->count == 0 || len == 0)
		return PLACE_NONE;
	if (host[len - 1] == '.')
		len--;
	if (len >= sizeof(name))
		return PLACE_NONE;
	for (size_t i = 0; i < len; i++)
		name[i] = lower(host[i]);
	name[len] = '\0';
	for (int labels = 0; labels < LABELS_MAX && *at; labels++) {
		const struct place_slot *slot;

		memcpy(key.domain, at, len - (size_t)(at - name) + 1);
		slot = slot_of(x, &key);
		if (slot->place)
			return slot->row;
		at = strchr(at, '.');
		if (!at)
			break;
		at++;
	}
	return PLACE_NONE;
}

size_t place_find_asn(const struct place_index *x, uint32_t asn)
{
	const struct place key = {.kind = PLACE_ASN, .asn = asn};
	const struct place_slot *slot;

	if (x->count == 0 || asn == 0)
		return PLACE_NONE;
	slot = slot_of(x, &key);
	return slot->place ? slot->row : PLACE_NONE;
}

size_t place_find_addr(const struct place_index *x, const struct addr *a)
{
	size_t best = PLACE_NONE;
	unsigned bits = 0;

	for (size_t i = 0; i < x->network_count; i++) {
		const struct prefix *p = &x->networks[i].place->network;

		if (p->bits < bits || !prefix_contains(p, a))
			continue;
		bits = p->bits;
		best = x->networks[i].row;
	}
	return best;
}

static int find_columns(struct place_table *t, const char *const *names, struct csv_problem *ret)
{
	struct csv_row header = csv_table_row(t->csv, 0);

	for (size_t i = 0; i < t->column_count; i++) {
		t->columns[i] = csv_table_column(t->csv, names[i]);
		if (t->columns[i] != SIZE_MAX)
			continue;
		*ret = (struct csv_problem){.line = header.line,
		        .column = 0,
		        .text = "The header lacks a column of this file; see the head of its "
		                "description."};
		return STATUS_MALFORMED;
	}
	if (header.cell_count != t->column_count) {
		*ret = (struct csv_problem){.line = header.line,
		        .column = 0,
		        .text = "The header holds a column that is none of this file."};
		return STATUS_MALFORMED;
	}
	return STATUS_OK;
}

static int check_rows(const struct place_table *t, struct csv_problem *ret)
{
	for (size_t i = 1; i < csv_table_row_count(t->csv); i++) {
		struct csv_row row = csv_table_row(t->csv, i);

		/* A text with a comma and no quotation marks would be cut at it. */
		if (row.cell_count == t->column_count)
			continue;
		*ret = (struct csv_problem){.line = row.line,
		        .column = 0,
		        .text = "This row has more or fewer cells than the header; put a text that "
		                "holds a "
		                "comma in quotation marks."};
		return STATUS_MALFORMED;
	}
	return STATUS_OK;
}

int place_table_read(struct span file, const char *const *names, size_t count,
        struct place_table *ret, struct csv_problem *ret_problem)
{
	struct place_table t = {.column_count = count};
	int status = csv_table_read(file, &t.csv, ret_problem);

	if (status != STATUS_OK)
		return status;
	if (csv_table_row_count(t.csv) == 0) {
		*ret_problem = (struct csv_problem){
		        .line = 1, .column = 0, .text = "The file is empty; it needs a header."};
		status = STATUS_MALFORMED;
	}
	if (status == STATUS_OK)
		status = find_columns(&t, names, ret_problem);
	if (status == STATUS_OK)
		status = check_rows(&t, ret_problem);
	if (status != STATUS_OK) {
		place_table_close(&t);
		return status;
	}
	*ret = t;
	return STATUS_OK;
}

void place_table_close(struct place_table *t)
{
	t->csv = csv_table_free(t->csv);
}

size_t place_table_rows(const struct place_table *t)
{
	return csv_table_row_count(t->csv) - 1;
}

const char *place_table_cell(const struct place_table *t, size_t row, size_t column)
{
	return csv_table_row(t->csv, row + 1).cells[t->columns[column]].text;
}

int place_table_refuse(const struct place_table *t, size_t row, size_t column, const char *text,
        struct csv_problem *ret)
{
	struct csv_row cells = csv_table_row(t->csv, row + 1);

	*ret = (struct csv_problem){.line = cells.cells[t->columns[column]].line,
	        .column = (unsigned)t->columns[column] + 1,
	        .text = text};
	return STATUS_MALFORMED;
}
