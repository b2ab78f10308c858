#include "classify/geo_build.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "classify/mmdb_writer.h"

#define NAMES_BYTES_MAX (64u << 20)

enum source { SOURCE_TOR, SOURCE_LOCATION };

struct as_name {
	uint32_t asn;
	uint32_t at; /* in the bytes of the names */
};

struct geo_build {
	struct mmdb_writer *country, *asn;
	struct geo_table *table;
	enum geo_form form;
	uint64_t networks; /* of the open table */
	int64_t country_built, asn_built;
	struct as_name *names; /* ascending, once sorted */
	size_t name_count, name_capacity;
	bool sorted;
	struct buf text; /* names, each with its closing zero */
};

int geo_build_new(struct geo_build **ret_gives)
{
	struct geo_build *b = calloc(1, sizeof(*b));
	int status;

	if (!b)
		return STATUS_NO_MEMORY;
	buf_init(&b->text, NAMES_BYTES_MAX, NULL);
	b->sorted = true;
	status = mmdb_writer_new(&b->country, "Exeat-Country", 0);
	if (status == STATUS_OK)
		status = mmdb_writer_new(&b->asn, "Exeat-ASN", 0);
	if (status != STATUS_OK) {
		geo_build_free(b);
		return status;
	}
	*ret_gives = b;
	return STATUS_OK;
}

struct geo_build *geo_build_free(struct geo_build *b)
{
	if (!b)
		return NULL;
	mmdb_writer_free(b->country);
	mmdb_writer_free(b->asn);
	geo_table_free(b->table);
	buf_free(&b->text);
	free(b->names);
	free(b);
	return NULL;
}

int geo_build_table(struct geo_build *b, enum geo_form form)
{
	b->table = geo_table_free(b->table);
	b->form = form;
	b->networks = 0;
	return geo_table_new(&b->table, form);
}

static int add_name(struct geo_build *b, const struct geo_item *item)
{
	if (b->name_count == GEO_NAMES_MAX)
		return STATUS_LIMIT;
	if (b->name_count == b->name_capacity) {
		size_t capacity = b->name_capacity ? b->name_capacity * 2 : 1024;
		struct as_name *names = reallocarray(b->names, capacity, sizeof(*names));

		if (!names)
			return STATUS_NO_MEMORY;
		b->names = names;
		b->name_capacity = capacity;
	}
	b->names[b->name_count++] = (struct as_name){item->asn, (uint32_t)b->text.len};
	b->sorted = b->name_count < 2 || (b->sorted && b->names[b->name_count - 2].asn < item->asn);
	return buf_append(&b->text, span_of(item->name, strlen(item->name) + 1));
}

static int compare_names(const void *a, const void *b)
{
	const struct as_name *x = a, *y = b;

	return x->asn < y->asn ? -1 : x->asn > y->asn;
}

static const char *find_name(struct geo_build *b, uint32_t asn)
{
	const struct as_name key = {.asn = asn};
	const struct as_name *found = NULL;

	if (!b->sorted && b->name_count)
		qsort(b->names, b->name_count, sizeof(*b->names), compare_names);
	b->sorted = true;
	if (b->name_count)
		found = bsearch(&key, b->names, b->name_count, sizeof(key), compare_names);
	return found ? (const char *)b->text.data + found->at : NULL;
}

/* From the first address of a prefix to the one behind its last. The caller knows that there is
 * one. */
static void add_one(struct addr *a, unsigned bits)
{
	const unsigned bytes = (bits + 7) / 8;
	unsigned carry = 1u << (8 * bytes - bits);

	for (unsigned at = bytes; at > 0 && carry > 0; at--) {
		const unsigned sum = a->bytes[at - 1] + carry;

		a->bytes[at - 1] = (uint8_t)sum;
		carry = sum >> 8;
	}
}

static bool bit(const struct addr *a, unsigned at)
{
	return a->bytes[at / 8] >> (7 - at % 8) & 1;
}

/* Half of an address as a number: ranges are compared bit by bit, several million times. */
static uint64_t half(const struct addr *a, unsigned which)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | a->bytes[8 * which + i];
	return value;
}

/* The largest prefix that begins at first and does not pass last; sets *ret_last to its end. */
static struct prefix largest_prefix(
        const struct addr *first, const struct addr *last, struct addr *ret_last)
{
	const uint64_t limit[2] = {half(last, 0), half(last, 1)};
	uint64_t end[2] = {half(first, 0), half(first, 1)};
	unsigned width = first->family == ADDR_IPV4 ? 32 : 128;
	struct prefix p = {*first, (uint8_t)width};

	*ret_last = *first;
	for (; p.bits > 0 && !bit(first, p.bits - 1u); p.bits--) {
		unsigned at = p.bits - 1u;

		end[at / 64] |= UINT64_C(1) << (63 - at % 64);
		if (end[0] > limit[0] || (end[0] == limit[0] && end[1] > limit[1]))
			break;
		ret_last->bytes[at / 8] |= (uint8_t)(0x80u >> at % 8);
	}
	return p;
}

static int add_range(
        struct mmdb_writer *w, const struct geo_item *item, const struct mmdb_value *value)
{
	struct addr at = item->first, end;
	int status;

	for (;;) {
		struct prefix p = largest_prefix(&at, &item->last, &end);

		status = mmdb_writer_add(w, &p, value);
		if (status != STATUS_OK || addr_compare(&end, &item->last) >= 0)
			return status;
		add_one(&at, p.bits);
	}
}

static int add_network(struct geo_build *b, const struct geo_item *item)
{
	const struct mmdb_value where = {.country = item->country[0] ? item->country : NULL,
	        .anycast = item->anycast,
	        .proxy = item->proxy,
	        .satellite = item->satellite,
	        .source = b->form == GEO_LOCATION ? SOURCE_LOCATION : SOURCE_TOR};
	const struct mmdb_value who = {
	        .asn = item->asn, .organisation = item->asn ? find_name(b, item->asn) : NULL};
	int status = STATUS_OK;

	b->networks++;
	if (item->has_country || item->anycast || item->proxy || item->satellite)
		status = add_range(b->country, item, &where);
	if (status == STATUS_OK && item->asn)
		status = add_range(b->asn, item, &who);
	return status;
}

static int pull(struct geo_build *b, struct geo_problem *ret)
{
	struct geo_item item;
	int status;

	while ((status = geo_table_next(b->table, &item)) == STATUS_ITEM) {
		status = item.kind == GEO_AS_NAME ? add_name(b, &item) : add_network(b, &item);
		if (status != STATUS_OK)
			return status;
	}
	if (status == STATUS_MALFORMED)
		ret->text = geo_table_problem(b->table, &ret->line, &ret->column);
	return status;
}

int geo_build_feed(struct geo_build *b, struct span bytes, struct geo_problem *ret)
{
	geo_table_feed(b->table, bytes);
	return pull(b, ret);
}

int geo_build_table_end(struct geo_build *b, struct geo_problem *ret)
{
	int64_t built;
	int status;

	geo_table_feed(b->table, span_of(NULL, 0));
	geo_table_end(b->table);
	status = pull(b, ret);
	built = geo_table_generated(b->table);
	if (status == STATUS_OK && (built <= 0 || b->networks == 0)) {
		*ret = (struct geo_problem){
		        .text = b->networks ? "the comments at its head hold no date (Generated: …)"
		                            : "it holds no network"};
		status = STATUS_MALFORMED;
	}
	if (status != STATUS_OK)
		return status;
	if (b->country_built < built)
		b->country_built = built;
	if (b->form == GEO_LOCATION)
		b->asn_built = built;
	return STATUS_OK;
}

int geo_build_finish(struct geo_build *b, struct buf *country, struct buf *asn)
{
	int status;

	mmdb_writer_set_built(b->country, b->country_built * NS_PER_SECOND);
	mmdb_writer_set_built(b->asn, b->asn_built * NS_PER_SECOND);
	status = mmdb_writer_finish(b->country, country);
	return status == STATUS_OK ? mmdb_writer_finish(b->asn, asn) : status;
}
