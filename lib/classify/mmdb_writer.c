#include "classify/mmdb_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "base/status.h"

/* MaxMind DB file format specification 2.0: a binary search tree of 32-bit records, 16 zero bytes,
 * the data section, the metadata marker, the metadata map. */
#define NODES_MAX      (48u << 20) /* 1.3 million networks need about 10 million nodes */
#define DATA_BYTES_MAX (64u << 20)
#define RECORD_BITS    32
#define SEPARATOR      16

enum field_type {
	TYPE_TEXT = 2,
	TYPE_U16 = 5,
	TYPE_U32 = 6,
	TYPE_MAP = 7,
	TYPE_U64 = 9,
	TYPE_ARRAY = 11,
	TYPE_BOOL = 14
};

/* A run of bytes in a pool. Its hash is kept so that few of the runs themselves are looked at. */
struct seen {
	uint32_t at; /* offset plus one; 0: the place is free */
	uint32_t len, hash;
};

/* Bytes of which equal runs are kept once: open addressing. */
struct pool {
	struct buf bytes;
	struct seen *seen;
	uint32_t count, capacity;
};

/* What two sources together gave before: neighbours in the tree mostly say the same. */
#define PLACED_BITS 12

struct placed {
	uint32_t value[MMDB_WRITER_SOURCES]; /* as in a node; both 0: the place is free */
	uint32_t at;                         /* offset plus one in the data section */
};

/* A value as it was added. Every byte is set, so that equal values are equal bytes. */
struct row {
	uint32_t asn;
	uint32_t organisation; /* offset in the names plus one; 0: none */
	char country[3];
	uint8_t traits; /* enum trait */
};

enum trait { TRAIT_ANYCAST = 1, TRAIT_PROXY = 2, TRAIT_SATELLITE = 4 };

struct node {
	uint32_t child[2];                   /* 0: none (the root is no one's child) */
	uint32_t value[MMDB_WRITER_SOURCES]; /* offset of a row plus one; 0: none of its own */
};

struct mmdb_writer {
	struct node *nodes;
	uint32_t node_count, node_capacity;
	uint32_t ipv4; /* the node of ::/96; 0: not made yet */
	struct pool names, rows, data;
	struct placed placed[1u << PLACED_BITS];
	char type[64];
	int64_t build_ns;
};

static int add_node(struct mmdb_writer *w, uint32_t *ret)
{
	if (w->node_count == NODES_MAX)
		return STATUS_LIMIT;
	if (w->node_count == w->node_capacity) {
		uint32_t capacity = w->node_capacity ? w->node_capacity * 2 : 1024;
		struct node *nodes = reallocarray(w->nodes, capacity, sizeof(*nodes));

		if (!nodes)
			return STATUS_NO_MEMORY;
		w->nodes = nodes;
		w->node_capacity = capacity;
	}
	w->nodes[w->node_count] = (struct node){0};
	*ret = w->node_count++;
	return STATUS_OK;
}

int mmdb_writer_new(struct mmdb_writer **ret_gives, const char *type, int64_t build_ns)
{
	struct mmdb_writer *w = calloc(1, sizeof(*w));
	uint32_t root;
	int status;

	if (!w)
		return STATUS_NO_MEMORY;
	buf_init(&w->names.bytes, DATA_BYTES_MAX, NULL);
	buf_init(&w->rows.bytes, DATA_BYTES_MAX, NULL);
	buf_init(&w->data.bytes, DATA_BYTES_MAX, NULL);
	w->build_ns = build_ns;
	strncpy(w->type, type, sizeof(w->type) - 1);
	status = add_node(w, &root);
	if (status != STATUS_OK) {
		mmdb_writer_free(w);
		return status;
	}
	*ret_gives = w;
	return STATUS_OK;
}

void mmdb_writer_set_built(struct mmdb_writer *w, int64_t build_ns)
{
	w->build_ns = build_ns;
}

static void pool_free(struct pool *p)
{
	free(p->seen);
	buf_free(&p->bytes);
}

struct mmdb_writer *mmdb_writer_free(struct mmdb_writer *w)
{
	if (!w)
		return NULL;
	free(w->nodes);
	pool_free(&w->names);
	pool_free(&w->rows);
	pool_free(&w->data);
	free(w);
	return NULL;
}

/* Control byte of a field: type in the top three bits (0: the next byte holds type - 7), size. */
static int put_control(struct buf *b, enum field_type type, size_t size)
{
	uint8_t bytes[4];
	size_t len = 0;
	uint8_t low = (uint8_t)(size < 29 ? size : size < 29 + 256 ? 29 : 30);

	if (size >= 285 + 65536)
		return STATUS_LIMIT;
	bytes[len++] = (uint8_t)((type <= 7 ? (unsigned)type << 5 : 0) | low);
	if (type > 7)
		bytes[len++] = (uint8_t)(type - 7);
	if (low == 29) {
		bytes[len++] = (uint8_t)(size - 29);
	} else if (low == 30) {
		bytes[len++] = (uint8_t)((size - 285) >> 8);
		bytes[len++] = (uint8_t)(size - 285);
	}
	return buf_append(b, span_of(bytes, len));
}

static int put_text(struct buf *b, const char *text)
{
	int status = put_control(b, TYPE_TEXT, strlen(text));

	return status == STATUS_OK ? buf_append_text(b, text) : status;
}

/* Big endian, as many bytes as the type has; leading zeros are allowed by the specification. */
static int put_number(struct buf *b, enum field_type type, uint64_t value)
{
	size_t size = type == TYPE_U16 ? 2 : type == TYPE_U32 ? 4 : 8;
	int status = put_control(b, type, size);

	for (size_t i = size; status == STATUS_OK && i > 0; i--)
		status = buf_append_byte(b, (uint8_t)(value >> (8 * (i - 1))));
	return status;
}

static int put_flag(struct buf *b, const char *name, bool wanted)
{
	int status;

	if (!wanted)
		return STATUS_OK;
	status = put_text(b, name);
	return status == STATUS_OK ? put_control(b, TYPE_BOOL, 1) : status;
}

/* What the sources say of one place together. */
struct joined {
	struct row row;
	const char *organisation; /* borrows; or NULL */
	bool differ;
	char other[3]; /* the country of the other source where they differ, "" none */
};

static int encode_country(struct buf *b, const char *country)
{
	int status = put_text(b, "country");

	if (status == STATUS_OK)
		status = put_control(b, TYPE_MAP, 1);
	if (status == STATUS_OK)
		status = put_text(b, "iso_code");
	return status == STATUS_OK ? put_text(b, country) : status;
}

static int encode_organisation(struct buf *b, const struct joined *j)
{
	int status = STATUS_OK;

	if (j->row.asn) {
		status = put_text(b, "autonomous_system_number");
		if (status == STATUS_OK)
			status = put_number(b, TYPE_U32, j->row.asn);
	}
	if (status == STATUS_OK && j->organisation) {
		status = put_text(b, "autonomous_system_organization");
		if (status == STATUS_OK)
			status = put_text(b, j->organisation);
	}
	return status;
}

static int encode_traits(struct buf *b, uint8_t traits)
{
	static const struct {
		enum trait trait;
		const char *name;
	} names[] = {{TRAIT_ANYCAST, "is_anycast"}, {TRAIT_PROXY, "is_anonymous_proxy"},
	        {TRAIT_SATELLITE, "is_satellite_provider"}};
	size_t count = 0;
	int status = put_text(b, "traits");

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		count += (traits & names[i].trait) != 0;
	if (status == STATUS_OK)
		status = put_control(b, TYPE_MAP, count);
	for (size_t i = 0; status == STATUS_OK && i < ARRAY_LEN(names); i++)
		status = put_flag(b, names[i].name, (traits & names[i].trait) != 0);
	return status;
}

static int encode_difference(struct buf *b, const char *other)
{
	int status = put_text(b, "exeat");

	if (status == STATUS_OK)
		status = put_control(b, TYPE_MAP, other[0] ? 2 : 1);
	if (status == STATUS_OK)
		status = put_text(b, "sources");
	if (status == STATUS_OK)
		status = put_text(b, "differ");
	if (status == STATUS_OK && other[0])
		status = put_text(b, "other");
	return status == STATUS_OK && other[0] ? put_text(b, other) : status;
}

static int encode_value(struct buf *b, const struct joined *j)
{
	size_t keys = (j->row.country[0] ? 1u : 0u) + (j->row.asn ? 1u : 0u) +
	              (j->organisation ? 1u : 0u) + (j->row.traits ? 1u : 0u) +
	              (j->differ ? 1u : 0u);
	int status = put_control(b, TYPE_MAP, keys);

	if (status == STATUS_OK && j->row.country[0])
		status = encode_country(b, j->row.country);
	if (status == STATUS_OK)
		status = encode_organisation(b, j);
	if (status == STATUS_OK && j->row.traits)
		status = encode_traits(b, j->row.traits);
	return status == STATUS_OK && j->differ ? encode_difference(b, j->other) : status;
}

static uint32_t hash_bytes(struct span s)
{
	uint32_t hash = fnv_span(FNV_BASIS, s);

	return hash ^ hash >> 15; /* its low bits choose the place, and alone are no good mix */
}

static int pool_grow(struct pool *p)
{
	uint32_t capacity = p->capacity ? p->capacity * 2 : 1024;
	struct seen *seen = calloc(capacity, sizeof(*seen));

	if (!seen)
		return STATUS_NO_MEMORY;
	for (uint32_t i = 0; i < p->capacity; i++) {
		uint32_t at = p->seen[i].hash & (capacity - 1);

		if (!p->seen[i].at)
			continue;
		while (seen[at].at)
			at = (at + 1) & (capacity - 1);
		seen[at] = p->seen[i];
	}
	free(p->seen);
	p->seen = seen;
	p->capacity = capacity;
	return STATUS_OK;
}

/* The offset (plus one) of what was appended from start on: kept once, dropped when it was there
 * before. */
static int pool_settle(struct pool *p, size_t start, uint32_t *ret)
{
	struct span written = span_slice(buf_span(&p->bytes), start, p->bytes.len - start);
	uint32_t hash = hash_bytes(written);
	uint32_t at;
	int status = p->count * 2 >= p->capacity ? pool_grow(p) : STATUS_OK;

	if (status != STATUS_OK) {
		p->bytes.len = start;
		return status;
	}
	for (at = hash & (p->capacity - 1); p->seen[at].at; at = (at + 1) & (p->capacity - 1)) {
		const struct seen *s = &p->seen[at];

		if (s->hash != hash ||
		        !span_equal(written, span_of(p->bytes.data + s->at - 1, s->len)))
			continue;
		p->bytes.len = start;
		*ret = s->at;
		return STATUS_OK;
	}
	p->seen[at] = (struct seen){(uint32_t)start + 1, (uint32_t)written.len, hash};
	p->count++;
	*ret = (uint32_t)start + 1;
	return STATUS_OK;
}

static int pool_add(struct pool *p, struct span bytes, uint32_t *ret)
{
	size_t start = p->bytes.len;
	int status = buf_append(&p->bytes, bytes);

	return status == STATUS_OK ? pool_settle(p, start, ret) : status;
}

static int add_value(struct mmdb_writer *w, const struct mmdb_value *v, uint32_t *ret)
{
	struct row row;
	int status = STATUS_OK;

	memset(&row, 0, sizeof(row));
	row.asn = v->asn;
	if (v->country)
		strncpy(row.country, v->country, 2);
	row.traits = (uint8_t)((v->anycast ? TRAIT_ANYCAST : 0) | (v->proxy ? TRAIT_PROXY : 0) |
	                       (v->satellite ? TRAIT_SATELLITE : 0));
	if (v->organisation) {
		status = pool_add(&w->names, span_of(v->organisation, strlen(v->organisation) + 1),
		        &row.organisation);
	}
	return status == STATUS_OK ? pool_add(&w->rows, span_of(&row, sizeof(row)), ret) : status;
}

static int add_path(struct mmdb_writer *w, uint32_t *node, const uint8_t *bytes, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++) {
		unsigned side = bytes[i / 8] >> (7 - i % 8) & 1;
		uint32_t child = w->nodes[*node].child[side];

		if (!child) {
			int status = add_node(w, &child);

			if (status != STATUS_OK)
				return status;
			w->nodes[*node].child[side] = child;
		}
		*node = child;
	}
	return STATUS_OK;
}

int mmdb_writer_add(struct mmdb_writer *w, const struct prefix *p, const struct mmdb_value *v)
{
	static const uint8_t zeros[12];
	uint32_t value, node = 0;
	int status = add_value(w, v, &value);

	if (p->addr.family == ADDR_IPV4) {
		if (status == STATUS_OK && !w->ipv4)
			status = add_path(w, &w->ipv4, zeros, 96);
		node = w->ipv4;
	}
	if (status == STATUS_OK)
		status = add_path(w, &node, p->addr.bytes, p->bits);
	if (status == STATUS_OK)
		w->nodes[node].value[v->source] = value;
	return status;
}

static struct row row_at(const struct mmdb_writer *w, uint32_t value)
{
	struct row row = {.asn = 0};

	if (value)
		memcpy(&row, w->rows.bytes.data + value - 1, sizeof(row));
	return row;
}

/* The first source counts; of the second come what the first does not say and the traits. */
static struct joined join(const struct mmdb_writer *w, const uint32_t values[MMDB_WRITER_SOURCES])
{
	struct joined j = {.row = row_at(w, values[0])};
	struct row second = row_at(w, values[1]);

	if (values[0] && values[1] && strcmp(j.row.country, second.country) != 0) {
		j.differ = true;
		memcpy(j.other, second.country, sizeof(j.other));
	}
	if (!values[0])
		j.row = second;
	j.row.traits |= second.traits;
	if (j.row.organisation)
		j.organisation = (const char *)w->names.bytes.data + j.row.organisation - 1;
	return j;
}

/* The offset (plus one) in the data section of what a node says; 0 for nothing. */
static int place_value(struct mmdb_writer *w, struct node *n)
{
	uint32_t mixed = (n->value[0] + n->value[1] * 31) * 2654435761u;
	struct placed *placed = &w->placed[mixed >> (32 - PLACED_BITS)];
	size_t start = w->data.bytes.len;
	int status = STATUS_OK;

	if (!n->value[0] && !n->value[1])
		return STATUS_OK;
	if (memcmp(placed->value, n->value, sizeof(n->value)) != 0) {
		struct joined j = join(w, n->value);
		uint32_t at;

		status = encode_value(&w->data.bytes, &j);
		if (status == STATUS_OK)
			status = pool_settle(&w->data, start, &at);
		if (status != STATUS_OK)
			return status;
		memcpy(placed->value, n->value, sizeof(n->value));
		placed->at = at;
	}
	n->value[0] = placed->at;
	return STATUS_OK;
}

/* Inner nodes get numbers in the file; a childless node is a data record of its parent. */
static bool is_leaf(const struct node *n)
{
	return !n->child[0] && !n->child[1];
}

/* Values run down to what has none of its own: children always stand behind their parents. Then
 * each turns into its place in the data section. */
static int settle_values(struct mmdb_writer *w)
{
	int status = STATUS_OK;

	for (uint32_t i = 0; i < w->node_count; i++) {
		const struct node *n = &w->nodes[i];

		for (int k = 0; k < 2 * MMDB_WRITER_SOURCES; k++) {
			uint32_t child = n->child[k % 2];

			if (child && !w->nodes[child].value[k / 2])
				w->nodes[child].value[k / 2] = n->value[k / 2];
		}
	}
	for (uint32_t i = 0; status == STATUS_OK && i < w->node_count; i++)
		if (!w->nodes[i].child[0] || !w->nodes[i].child[1])
			status = place_value(w, &w->nodes[i]);
	return status;
}

/* Two halves that say the same are one, from the leaves up: a smaller tree is a faster one. */
static void merge_halves(struct mmdb_writer *w)
{
	for (uint32_t i = w->node_count; i-- > 1;) {
		struct node *n = &w->nodes[i];
		uint32_t value[2];

		if (is_leaf(n))
			continue;
		for (int side = 0; side < 2; side++) {
			const struct node *child = n->child[side] ? &w->nodes[n->child[side]] : n;

			value[side] = child->value[0];
			if (child != n && !is_leaf(child))
				break;
			if (side == 1 && value[0] == value[1]) {
				n->child[0] = n->child[1] = 0;
				n->value[0] = value[0];
			}
		}
	}
}

static int put_record(struct buf *b, uint32_t record)
{
	const uint8_t bytes[4] = {(uint8_t)(record >> 24), (uint8_t)(record >> 16),
	        (uint8_t)(record >> 8), (uint8_t)record};

	return buf_append(b, span_of(bytes, sizeof(bytes)));
}

static int put_tree(
        const struct mmdb_writer *w, const uint32_t *numbers, uint32_t inner, struct buf *b)
{
	int status = STATUS_OK;

	for (uint32_t i = 0; status == STATUS_OK && i < w->node_count; i++) {
		const struct node *n = &w->nodes[i];

		for (int side = 0; side < 2 && (!is_leaf(n) || i == 0) && status == STATUS_OK;
		        side++) {
			uint32_t child = n->child[side];
			uint32_t value = child ? w->nodes[child].value[0] : n->value[0];

			if (child && !is_leaf(&w->nodes[child]))
				status = put_record(b, numbers[child]);
			else
				status = put_record(
				        b, value ? inner + SEPARATOR + value - 1 : inner);
		}
	}
	return status;
}

static int put_metadata(const struct mmdb_writer *w, uint32_t inner, struct buf *b)
{
	static const char marker[] = "\xab\xcd\xefMaxMind.com";
	const struct {
		const char *name;
		enum field_type type;
		uint64_t value;
	} numbers[] = {
	        {"node_count", TYPE_U32, inner},
	        {"record_size", TYPE_U16, RECORD_BITS},
	        {"ip_version", TYPE_U16, 6},
	        {"binary_format_major_version", TYPE_U16, 2},
	        {"binary_format_minor_version", TYPE_U16, 0},
	        {"build_epoch", TYPE_U64, (uint64_t)(w->build_ns / INT64_C(1000000000))},
	};
	int status = buf_append(b, span_of(marker, sizeof(marker) - 1));

	if (status == STATUS_OK)
		status = put_control(b, TYPE_MAP, ARRAY_LEN(numbers) + 3);
	for (size_t i = 0; status == STATUS_OK && i < ARRAY_LEN(numbers); i++) {
		status = put_text(b, numbers[i].name);
		if (status == STATUS_OK)
			status = put_number(b, numbers[i].type, numbers[i].value);
	}
	if (status == STATUS_OK)
		status = put_text(b, "database_type");
	if (status == STATUS_OK)
		status = put_text(b, w->type);
	if (status == STATUS_OK)
		status = put_text(b, "languages");
	if (status == STATUS_OK)
		status = put_control(b, TYPE_ARRAY, 0);
	if (status == STATUS_OK)
		status = put_text(b, "description");
	return status == STATUS_OK ? put_control(b, TYPE_MAP, 0) : status;
}

int mmdb_writer_finish(struct mmdb_writer *w, struct buf *ret)
{
	static const uint8_t zeros[SEPARATOR];
	uint32_t *numbers = calloc(w->node_count, sizeof(*numbers));
	uint32_t inner = 0;
	int status;

	if (!numbers)
		return STATUS_NO_MEMORY;
	status = settle_values(w);
	merge_halves(w);
	for (uint32_t i = 0; i < w->node_count; i++)
		if (i == 0 || !is_leaf(&w->nodes[i]))
			numbers[i] = inner++;
	if (status == STATUS_OK)
		status = put_tree(w, numbers, inner, ret);
	free(numbers);
	if (status == STATUS_OK)
		status = buf_append(ret, span_of(zeros, sizeof(zeros)));
	if (status == STATUS_OK)
		status = buf_append(ret, buf_span(&w->data.bytes));
	return status == STATUS_OK ? put_metadata(w, inner, ret) : status;
}
