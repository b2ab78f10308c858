#include "classify/mmdb_writer.h"

#include <stdlib.h>
#include <string.h>

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

struct node {
	uint32_t child[2]; /* 0: none (the root is no one's child) */
	uint32_t value;    /* offset in the data section plus one; 0: none of its own */
};

struct mmdb_writer {
	struct node *nodes;
	uint32_t node_count, node_capacity;
	struct buf data;
	uint32_t *seen; /* open addressing: offsets plus one of values written before */
	uint32_t *seen_len;
	uint32_t seen_count, seen_capacity;
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
	buf_init(&w->data, DATA_BYTES_MAX, NULL);
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

struct mmdb_writer *mmdb_writer_free(struct mmdb_writer *w)
{
	if (!w)
		return NULL;
	free(w->nodes);
	free(w->seen);
	free(w->seen_len);
	buf_free(&w->data);
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

static int encode_country(struct buf *b, const struct mmdb_value *v)
{
	int status = put_text(b, "country");

	if (status == STATUS_OK)
		status = put_control(b, TYPE_MAP, 1);
	if (status == STATUS_OK)
		status = put_text(b, "iso_code");
	return status == STATUS_OK ? put_text(b, v->country) : status;
}

static int encode_traits(struct buf *b, const struct mmdb_value *v, size_t traits)
{
	int status = put_text(b, "traits");

	if (status == STATUS_OK)
		status = put_control(b, TYPE_MAP, traits);
	if (status == STATUS_OK)
		status = put_flag(b, "is_anycast", v->anycast);
	if (status == STATUS_OK)
		status = put_flag(b, "is_anonymous_proxy", v->proxy);
	if (status == STATUS_OK)
		status = put_flag(b, "is_satellite_provider", v->satellite);
	return status;
}

static int encode_value(struct buf *b, const struct mmdb_value *v)
{
	size_t traits = (v->anycast ? 1u : 0u) + (v->proxy ? 1u : 0u) + (v->satellite ? 1u : 0u);
	size_t keys = (v->country ? 1u : 0u) + (v->asn ? 1u : 0u) + (v->organisation ? 1u : 0u) +
	              (traits ? 1u : 0u);
	int status = put_control(b, TYPE_MAP, keys);

	if (status == STATUS_OK && v->country)
		status = encode_country(b, v);
	if (status == STATUS_OK && v->asn) {
		status = put_text(b, "autonomous_system_number");
		if (status == STATUS_OK)
			status = put_number(b, TYPE_U32, v->asn);
	}
	if (status == STATUS_OK && v->organisation) {
		status = put_text(b, "autonomous_system_organization");
		if (status == STATUS_OK)
			status = put_text(b, v->organisation);
	}
	if (status == STATUS_OK && traits > 0)
		status = encode_traits(b, v, traits);
	return status;
}

static uint32_t hash_bytes(struct span s)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ s.data[i]) * 16777619u;
	return hash;
}

static int grow_seen(struct mmdb_writer *w)
{
	uint32_t capacity = w->seen_capacity ? w->seen_capacity * 2 : 1024;
	uint32_t *seen = calloc(capacity, sizeof(*seen));
	uint32_t *lens = calloc(capacity, sizeof(*lens));

	if (!seen || !lens) {
		free(seen);
		free(lens);
		return STATUS_NO_MEMORY;
	}
	for (uint32_t i = 0; i < w->seen_capacity; i++) {
		if (!w->seen[i])
			continue;
		struct span value = span_of(w->data.data + w->seen[i] - 1, w->seen_len[i]);
		uint32_t at = hash_bytes(value) & (capacity - 1);

		while (seen[at])
			at = (at + 1) & (capacity - 1);
		seen[at] = w->seen[i];
		lens[at] = w->seen_len[i];
	}
	free(w->seen);
	free(w->seen_len);
	w->seen = seen;
	w->seen_len = lens;
	w->seen_capacity = capacity;
	return STATUS_OK;
}

/* The offset (plus one) of the value in the data section, written there unless it already is. */
static int intern_value(struct mmdb_writer *w, const struct mmdb_value *v, uint32_t *ret)
{
	size_t start = w->data.len;
	struct span written;
	uint32_t at;
	int status = encode_value(&w->data, v);

	if (status == STATUS_OK && w->seen_count * 2 >= w->seen_capacity)
		status = grow_seen(w);
	if (status != STATUS_OK) {
		w->data.len = start;
		return status;
	}
	written = span_slice(buf_span(&w->data), start, w->data.len - start);
	for (at = hash_bytes(written) & (w->seen_capacity - 1); w->seen[at];
	        at = (at + 1) & (w->seen_capacity - 1)) {
		if (!span_equal(written, span_of(w->data.data + w->seen[at] - 1, w->seen_len[at])))
			continue;
		w->data.len = start;
		*ret = w->seen[at];
		return STATUS_OK;
	}
	w->seen[at] = (uint32_t)start + 1;
	w->seen_len[at] = (uint32_t)written.len;
	w->seen_count++;
	*ret = (uint32_t)start + 1;
	return STATUS_OK;
}

int mmdb_writer_add(struct mmdb_writer *w, const struct prefix *p, const struct mmdb_value *v)
{
	uint8_t bytes[16] = {0};
	unsigned bits = p->bits;
	uint32_t value, node = 0;
	int status = intern_value(w, v, &value);

	if (status != STATUS_OK)
		return status;
	if (p->addr.family == ADDR_IPV4) {
		memcpy(bytes + 12, p->addr.bytes, 4);
		bits += 96;
	} else {
		memcpy(bytes, p->addr.bytes, 16);
	}
	for (unsigned i = 0; i < bits; i++) {
		unsigned side = bytes[i / 8] >> (7 - i % 8) & 1;
		uint32_t child = w->nodes[node].child[side];

		if (!child) {
			status = add_node(w, &child);
			if (status != STATUS_OK)
				return status;
			w->nodes[node].child[side] = child;
		}
		node = child;
	}
	w->nodes[node].value = value;
	return STATUS_OK;
}

/* Inner nodes get numbers in the file; a childless node is a data record of its parent. */
static bool is_leaf(const struct node *n)
{
	return !n->child[0] && !n->child[1];
}

/* Values run down to what has none of its own: children always stand behind their parents. */
static void inherit_values(struct mmdb_writer *w)
{
	for (uint32_t i = 0; i < w->node_count; i++) {
		for (int side = 0; side < 2; side++) {
			uint32_t child = w->nodes[i].child[side];

			if (child && !w->nodes[child].value)
				w->nodes[child].value = w->nodes[i].value;
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
			uint32_t value = child ? w->nodes[child].value : n->value;

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
	inherit_values(w);
	for (uint32_t i = 0; i < w->node_count; i++)
		if (i == 0 || !is_leaf(&w->nodes[i]))
			numbers[i] = inner++;
	status = put_tree(w, numbers, inner, ret);
	free(numbers);
	if (status == STATUS_OK)
		status = buf_append(ret, span_of(zeros, sizeof(zeros)));
	if (status == STATUS_OK)
		status = buf_append(ret, buf_span(&w->data));
	return status == STATUS_OK ? put_metadata(w, inner, ret) : status;
}
