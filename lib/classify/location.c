#include "classify/location.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/status.h"
#include "base/timestamp.h"

#define SEPARATOR 16 /* bytes between the tree and the data section */

enum holds { HOLDS_COUNTRY = 1, HOLDS_ASN = 2 };

struct file {
	MMDB_s mmdb;
	unsigned holds; /* enum holds */
};

/* What a record of a file says: records are few and look-ups many, so it is decoded once. */
struct record {
	uint32_t key; /* its offset in the data section plus one; 0: the slot is free */
	uint32_t asn;
	const char *organisation; /* borrows from the file, without a closing zero */
	uint8_t organisation_len;
	uint8_t confidence; /* enum country_confidence */
	char country[3];
	bool anycast, proxy, satellite, sources_differ;
};

/* Ways down the tree for the first half of an IPv4 address are kept: the other half is walked. */
#define HALF_BITS 16

/* The records that were met, each at the place that its offset gives: a later one takes the place
 * of an earlier. The large networks' few thousand records answer for nearly every address. */
#define CACHE_BITS 12

/* What was met of one file. Bounded by its size; filled as addresses are asked for. */
struct memory {
	uint32_t halves[1u << HALF_BITS]; /* the tree's record plus one; 0: not walked yet */
	struct record slots[1u << CACHE_BITS];
};

/* Of the countries and the AS numbers, for one thread at a time. */
struct memories {
	pthread_mutex_t mutex;
	struct memory country, asn;
};

struct location_db {
	struct file files[LOCATION_FILES_MAX];
	size_t count;
	const MMDB_s *country, *asn; /* of the files; NULL: none holds it */
	struct memories *memories;
	char type[LOCATION_TYPE_CHARS];
};

/* Borrows from the file; not empty. */
static bool get_span(MMDB_entry_s *entry, const char *const *path, struct span *ret)
{
	MMDB_entry_data_s data;

	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	        data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size == 0)
		return false;
	*ret = span_of(data.utf8_string, data.data_size);
	return true;
}

static bool get_text(MMDB_entry_s *entry, const char *const *path, char *ret, size_t size)
{
	struct span text;
	size_t len;

	if (!get_span(entry, path, &text))
		return false;
	len = text.len < size - 1 ? text.len : size - 1;
	memcpy(ret, text.data, len);
	ret[len] = '\0';
	return true;
}

static bool get_flag(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;

	return MMDB_aget_value(entry, &data, path) == MMDB_SUCCESS && data.has_data &&
	       data.type == MMDB_DATA_TYPE_BOOLEAN && data.boolean;
}

static bool is_country(const char *code)
{
	/* Regions and marks that the makers use where no country is known. */
	static const char *const none[] = {"EU", "AP", "XX", "ZZ"};

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (strcmp(code, none[i]) == 0)
			return false;
	return code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' && !code[2];
}

/* The code of a record, if it has one in any of the schemas. */
static bool get_country(MMDB_entry_s *entry, char ret[static 3])
{
	static const char *const nested[] = {"country", "iso_code", NULL};
	static const char *const flat[] = {"country", NULL};
	static const char *const code[] = {"country_code", NULL};
	static const char *const *const paths[] = {nested, code, flat};
	char text[8];

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (!get_text(entry, paths[i], text, sizeof(text)) || strlen(text) != 2)
			continue;
		memcpy(ret, text, 3);
		return true;
	}
	return false;
}

static bool get_asn(MMDB_entry_s *entry, uint32_t *ret)
{
	static const char *const number[] = {"autonomous_system_number", NULL};
	static const char *const flat[] = {"asn", NULL};
	MMDB_entry_data_s data;
	char text[16];
	uint64_t value;

	if (MMDB_aget_value(entry, &data, number) == MMDB_SUCCESS && data.has_data &&
	        data.type == MMDB_DATA_TYPE_UINT32) {
		*ret = data.uint32;
		return true;
	}
	if (!get_text(entry, flat, text, sizeof(text)))
		return false;
	if (!span_to_u64(span_of_text(strncmp(text, "AS", 2) == 0 ? text + 2 : text), UINT32_MAX,
	            &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

/* A node on the way down that is still to be looked at. */
struct step {
	uint32_t node;
	uint8_t depth;
};

/* A file is of one kind: so many records without a further field say that it has none. */
#define PROBE_RECORDS_ALIKE 4096

/* Looks at the first nodes of the tree: the fields of their records tell what the file holds, and a
 * way deeper than an address is long tells that the tree does not end. */
struct probe {
	struct step open[2 * 130]; /* depth first: two a level at most */
	size_t open_count;
	uint32_t nodes;
	uint32_t fruitless; /* records in a row that told nothing new */
	unsigned holds;
};

static int probe_record(
        struct probe *p, const MMDB_s *m, uint8_t type, uint64_t record, MMDB_entry_s *entry)
{
	const unsigned held = p->holds;
	uint32_t asn;
	char code[3];

	if (type == MMDB_RECORD_TYPE_DATA) {
		if (held && p->fruitless >= PROBE_RECORDS_ALIKE)
			return STATUS_OK;
		if (!(held & HOLDS_COUNTRY) && get_country(entry, code))
			p->holds |= HOLDS_COUNTRY;
		if (!(held & HOLDS_ASN) && get_asn(entry, &asn))
			p->holds |= HOLDS_ASN;
		p->fruitless = p->holds == held ? p->fruitless + 1 : 0;
		return STATUS_OK;
	}
	if (type == MMDB_RECORD_TYPE_EMPTY)
		return STATUS_OK;
	if (type != MMDB_RECORD_TYPE_SEARCH_NODE || record >= m->metadata.node_count)
		return STATUS_MALFORMED;
	return STATUS_MORE; /* go down */
}

static int probe_node(struct probe *p, const MMDB_s *m, struct step step)
{
	const unsigned depth_max = m->metadata.ip_version == 4 ? 32 : 128;
	MMDB_search_node_s node;
	int status;

	if (MMDB_read_node(m, step.node, &node) != MMDB_SUCCESS)
		return STATUS_MALFORMED;
	for (int side = 1; side >= 0; side--) {
		uint64_t record = side ? node.right_record : node.left_record;

		status = probe_record(p, m, side ? node.right_record_type : node.left_record_type,
		        record, side ? &node.right_record_entry : &node.left_record_entry);
		if (status == STATUS_MALFORMED ||
		        (status == STATUS_MORE && step.depth + 1u >= depth_max))
			return STATUS_MALFORMED;
		if (status == STATUS_MORE && p->open_count < ARRAY_LEN(p->open))
			p->open[p->open_count++] = (struct step){
			        (uint32_t)record, (uint8_t)(step.depth + 1)};
	}
	return STATUS_OK;
}

static int probe_tree(struct file *f)
{
	struct probe p = {.open = {{0, 0}}, .open_count = 1};
	int status = STATUS_OK;

	while (status == STATUS_OK && p.open_count > 0 && p.nodes++ < LOCATION_PROBE_NODES_MAX)
		status = probe_node(&p, &f->mmdb, p.open[--p.open_count]);
	f->holds = p.holds;
	return status;
}

static int tell(struct location_problem *ret, int status, const char *text, const char *detail)
{
	snprintf(ret->text, sizeof(ret->text), "%s%s", text, detail);
	return status;
}

/* The type of the metadata in letters that a terminal can show. */
static void type_text(const MMDB_s *m, char ret[static LOCATION_TYPE_CHARS])
{
	const char *type = m->metadata.database_type ? m->metadata.database_type : "";
	size_t len = 0;

	for (; type[len] && len < LOCATION_TYPE_CHARS - 1; len++)
		ret[len] = type[len] > ' ' && type[len] < 0x7f ? type[len] : '.';
	ret[len] = '\0';
}

/* A file whose type says what it holds counts even when its first records do not show it. */
static unsigned holds_by_type(const MMDB_s *m)
{
	static const struct {
		const char *word;
		unsigned holds;
	} words[] = {{"Country", HOLDS_COUNTRY}, {"City", HOLDS_COUNTRY}, {"ASN", HOLDS_ASN},
	        {"ISP", HOLDS_ASN}, {"Enterprise", HOLDS_COUNTRY | HOLDS_ASN}};
	unsigned holds = 0;

	for (size_t i = 0; m->metadata.database_type && i < ARRAY_LEN(words); i++)
		if (strcasestr(m->metadata.database_type, words[i].word))
			holds |= words[i].holds;
	return holds;
}

static int open_failed(int result, struct location_problem *ret)
{
	switch (result) {
	case MMDB_FILE_OPEN_ERROR:
	case MMDB_IO_ERROR:
		return STATUS_IO;
	case MMDB_OUT_OF_MEMORY_ERROR:
		return STATUS_NO_MEMORY;
	case MMDB_UNKNOWN_DATABASE_FORMAT_ERROR:
		return tell(ret, STATUS_UNSUPPORTED,
		        "is a MaxMind DB of a version that exeat does not read", "");
	default:
		return tell(ret, STATUS_MALFORMED,
		        "is not a MaxMind DB file, or the end of it is missing", "");
	}
}

static int open_file(const char *path, struct file *f, struct location_problem *ret)
{
	char type[LOCATION_TYPE_CHARS];
	int result = MMDB_open(path, MMDB_MODE_MMAP, &f->mmdb);
	int status;

	if (result != MMDB_SUCCESS)
		return open_failed(result, ret);
	status = probe_tree(f);
	if (status == STATUS_OK) {
		f->holds |= holds_by_type(&f->mmdb);
		if (f->holds)
			return STATUS_OK;
		type_text(&f->mmdb, type);
		status = tell(ret, STATUS_UNSUPPORTED,
		        "holds neither countries nor AS numbers; it is of the type ", type);
	} else {
		status = tell(
		        ret, STATUS_MALFORMED, "is damaged: its search tree does not end", "");
	}
	MMDB_close(&f->mmdb);
	return status;
}

static struct memories *memories_new(void)
{
	struct memories *m = calloc(1, sizeof(*m));

	if (m && pthread_mutex_init(&m->mutex, NULL) != 0) {
		free(m);
		return NULL;
	}
	return m;
}

static void memories_free(struct memories *m)
{
	if (m)
		pthread_mutex_destroy(&m->mutex);
	free(m);
}

int location_db_new(struct location_db **ret_gives, const char *const *paths, size_t count,
        struct location_problem *ret_problem)
{
	struct location_db *db = calloc(1, sizeof(*db));
	int status = STATUS_OK;

	if (db)
		db->memories = memories_new();
	if (!db || !db->memories)
		status = STATUS_NO_MEMORY;
	else if (count > LOCATION_FILES_MAX)
		status = STATUS_LIMIT;
	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		struct file *f = &db->files[i];

		ret_problem->file = i;
		status = open_file(paths[i], f, ret_problem);
		if (status != STATUS_OK)
			break;
		db->count++;
		if (!db->country && (f->holds & HOLDS_COUNTRY)) {
			db->country = &f->mmdb;
			type_text(&f->mmdb, db->type);
		}
		if (!db->asn && (f->holds & HOLDS_ASN))
			db->asn = &f->mmdb;
	}
	if (status != STATUS_OK) {
		location_db_free(db);
		return status;
	}
	*ret_gives = db;
	return STATUS_OK;
}

struct location_db *location_db_free(struct location_db *db)
{
	if (!db)
		return NULL;
	for (size_t i = 0; i < db->count; i++)
		MMDB_close(&db->files[i].mmdb);
	memories_free(db->memories);
	free(db);
	return NULL;
}

/* A record of a node that the tree has: MaxMind DB file format specification 2.0, "Node Layout".
 * MMDB_open has refused a file that is shorter than its tree. */
static uint32_t tree_record(const MMDB_s *m, uint32_t node, unsigned side)
{
	const uint8_t *at = m->file_content + (size_t)node * m->full_record_byte_size;
	const uint8_t *low = at + side * (m->full_record_byte_size - 3u);
	uint32_t value;

	if (m->metadata.record_size == 32) {
		at += 4 * side;
		return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	}
	value = (uint32_t)low[0] << 16 | (uint32_t)low[1] << 8 | low[2];
	if (m->metadata.record_size == 28)
		value |= (side ? at[3] & 0x0fu : (uint32_t)at[3] >> 4) << 24;
	return value;
}

/* Goes down by the bits of an address, from the top one; ends where no node is left. */
static uint32_t walk(const MMDB_s *m, uint32_t record, uint32_t bits, unsigned count)
{
	const uint32_t nodes = m->metadata.node_count;

	for (; count > 0 && record < nodes; count--, bits <<= 1)
		record = tree_record(m, record, bits >> 31);
	return record;
}

static bool look_up_ipv4(
        const MMDB_s *m, struct memory *memory, const struct addr *a, MMDB_entry_s *ret)
{
	const uint32_t nodes = m->metadata.node_count;
	uint32_t bits = (uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16 |
	                (uint32_t)a->bytes[2] << 8 | a->bytes[3];
	uint32_t *half = &memory->halves[bits >> HALF_BITS];
	uint32_t start = m->metadata.ip_version == 4 ? 0 : m->ipv4_start_node.node_value;
	uint32_t record;

	if (!*half)
		*half = walk(m, start, bits, HALF_BITS) + 1;
	record = walk(m, *half - 1, bits << HALF_BITS, 32 - HALF_BITS);
	if (record < nodes + SEPARATOR || record - nodes - SEPARATOR >= m->data_section_size)
		return false;
	*ret = (MMDB_entry_s){.mmdb = m, .offset = record - nodes - SEPARATOR};
	return true;
}

static bool look_up(const MMDB_s *m, struct memory *memory, const struct addr *a, MMDB_entry_s *ret)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	MMDB_lookup_result_s result;
	int error = MMDB_SUCCESS;

	if (a->family == ADDR_IPV4)
		return look_up_ipv4(m, memory, a, ret);
	if (m->metadata.ip_version == 4)
		return false;
	memcpy(&in6.sin6_addr, a->bytes, 16);
	result = MMDB_lookup_sockaddr(m, (struct sockaddr *)&in6, &error);
	if (error != MMDB_SUCCESS || !result.found_entry)
		return false;
	*ret = result.entry;
	return true;
}

/* How many keys the record has: most have one, and nothing more needs to be asked for. */
static uint32_t key_count(MMDB_entry_s *entry)
{
	static const char *const top[] = {NULL};
	MMDB_entry_data_s data;

	if (MMDB_aget_value(entry, &data, top) != MMDB_SUCCESS || !data.has_data ||
	        data.type != MMDB_DATA_TYPE_MAP)
		return 0;
	return data.data_size;
}

static void decode_country(MMDB_entry_s *entry, struct record *ret)
{
	static const char *const anycast[] = {"traits", "is_anycast", NULL};
	static const char *const flat_anycast[] = {"is_anycast", NULL};
	static const char *const proxy[] = {"traits", "is_anonymous_proxy", NULL};
	static const char *const satellite[] = {"traits", "is_satellite_provider", NULL};
	static const char *const sources[] = {"exeat", "sources", NULL};
	char text[8];

	if (get_country(entry, text) && is_country(text)) {
		memcpy(ret->country, text, sizeof(ret->country));
		ret->confidence = COUNTRY_DATABASE;
		if (key_count(entry) == 1)
			return;
	}
	ret->anycast = get_flag(entry, anycast) || get_flag(entry, flat_anycast);
	ret->proxy = get_flag(entry, proxy);
	ret->satellite = get_flag(entry, satellite);
	ret->sources_differ = get_text(entry, sources, text, sizeof(text)) &&
	                      strcmp(text, "differ") == 0;
	if (ret->country[0] && (ret->anycast || ret->sources_differ))
		ret->confidence = COUNTRY_UNPROVEN;
}

static void decode_organisation(MMDB_entry_s *entry, struct record *ret)
{
	static const char *const nested[] = {"autonomous_system_organization", NULL};
	static const char *const as_name[] = {"as_name", NULL};
	static const char *const name[] = {"name", NULL};
	static const char *const *const paths[] = {nested, as_name, name};
	struct span text;

	_Static_assert(LOCATION_ORG_CHARS - 1 <= UINT8_MAX, "the length is kept in a byte");
	(void)get_asn(entry, &ret->asn);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (!get_span(entry, paths[i], &text))
			continue;
		text = span_slice(text, 0, LOCATION_ORG_CHARS - 1);
		ret->organisation = (const char *)text.data;
		ret->organisation_len = (uint8_t)text.len;
		return;
	}
}

/* The slot of a record; it is the record's own only where its key says so. */
static struct record *slot_of(struct memory *m, uint32_t key)
{
	return &m->slots[key * 2654435761u >> (32 - CACHE_BITS)]; /* Knuth, TAOCP 3, 6.4 */
}

static void find_country(const struct location_db *db, MMDB_entry_s *entry, struct location *ret)
{
	struct record *r = slot_of(&db->memories->country, entry->offset + 1);

	if (r->key != entry->offset + 1) {
		*r = (struct record){.key = entry->offset + 1};
		decode_country(entry, r);
	}
	memcpy(ret->country, r->country, sizeof(ret->country));
	ret->confidence = (enum country_confidence)r->confidence;
	ret->anycast = r->anycast;
	ret->proxy = r->proxy;
	ret->satellite = r->satellite;
	ret->sources_differ = r->sources_differ;
}

static void find_organisation(
        const struct location_db *db, MMDB_entry_s *entry, struct location *ret)
{
	struct record *r = slot_of(&db->memories->asn, entry->offset + 1);

	if (r->key != entry->offset + 1) {
		*r = (struct record){.key = entry->offset + 1};
		decode_organisation(entry, r);
	}
	ret->asn = r->asn;
	if (r->organisation_len)
		memcpy(ret->organisation, r->organisation, r->organisation_len);
}

void location_find(const struct location_db *db, const struct addr *a, struct location *ret)
{
	MMDB_entry_s entry;
	bool found;

	*ret = (struct location){.confidence = COUNTRY_NONE};
	if (!db || a->family == ADDR_NONE)
		return;
	pthread_mutex_lock(&db->memories->mutex);
	found = db->country && look_up(db->country, &db->memories->country, a, &entry);
	if (found)
		find_country(db, &entry, ret);
	if (db->asn && db->asn != db->country)
		found = look_up(db->asn, &db->memories->asn, a, &entry);
	if (found && db->asn)
		find_organisation(db, &entry, ret);
	pthread_mutex_unlock(&db->memories->mutex);
}

static int64_t built_ns(const MMDB_s *m)
{
	if (!m || m->metadata.build_epoch > INT64_MAX / NS_PER_SECOND)
		return 0;
	return (int64_t)m->metadata.build_epoch * NS_PER_SECOND;
}

int64_t location_built_ns(const struct location_db *db)
{
	return built_ns(db ? db->country : NULL);
}

int64_t location_asn_built_ns(const struct location_db *db)
{
	return built_ns(db ? db->asn : NULL);
}

const char *location_type(const struct location_db *db)
{
	return db ? db->type : "";
}

const char *country_confidence_text(enum country_confidence c)
{
	static const char *const texts[] = {
	        [COUNTRY_NONE] = "none",
	        [COUNTRY_UNPROVEN] = "unproven",
	        [COUNTRY_DATABASE] = "database",
	        [COUNTRY_OVERRIDE] = "override",
	};

	return (unsigned)c < ARRAY_LEN(texts) ? texts[c] : "none";
}
