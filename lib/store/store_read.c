#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "store/store.h"
#include "store/store_internal.h"

struct store_cursor {
	struct store *store; /* borrows */
	sqlite3_stmt *flows;
	sqlite3_stmt *names, *software;
};

void store_read_text(sqlite3_stmt *statement, int column, char *ret, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, column);
	size_t len = text ? (size_t)sqlite3_column_bytes(statement, column) : 0;

	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(ret, text, len);
	ret[len] = '\0';
}

static uint64_t read_u64(sqlite3_stmt *statement, int column)
{
	return (uint64_t)sqlite3_column_int64(statement, column);
}

static void read_addr(sqlite3_stmt *statement, int column, struct addr *ret)
{
	const uint8_t *blob = sqlite3_column_blob(statement, column);
	int len = sqlite3_column_bytes(statement, column);

	*ret = (struct addr){0};
	if (blob && len == 4)
		*ret = addr_ipv4(blob);
	else if (blob && len == 16)
		*ret = addr_ipv6(blob);
}

static void read_counts(sqlite3_stmt *statement, int column, struct flow_counts ret[2])
{
	const void *blob = sqlite3_column_blob(statement, column);
	struct cursor c = cursor_open_bytes(
	        blob, blob ? (size_t)sqlite3_column_bytes(statement, column) : 0);

	for (int d = 0; d < 2; d++) {
		ret[d].packets = cursor_u64be(&c);
		ret[d].wire_bytes = cursor_u64be(&c);
		ret[d].payload_bytes = cursor_u64be(&c);
		ret[d].gap_bytes = cursor_u64be(&c);
		ret[d].gaps_unknown = cursor_u64be(&c);
		ret[d].retransmitted_bytes = cursor_u64be(&c);
		ret[d].overlap_conflicts = cursor_u64be(&c);
	}
}

int store_get_meta(struct store *s, const char *key, char *ret, size_t size)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_META_GET, &statement);

	if (status != STATUS_OK)
		return status;
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	ret[0] = '\0';
	if (sqlite3_step(statement) == SQLITE_ROW)
		store_read_text(statement, 0, ret, size);
	return store_status(sqlite3_reset(statement));
}

int store_get_meta_bytes(struct store *s, const char *key, struct buf *ret)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_META_GET, &statement);

	if (status != STATUS_OK)
		return status;
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		const void *bytes = sqlite3_column_blob(statement, 0);

		if (bytes)
			status = buf_append(
			        ret, span_of(bytes, (size_t)sqlite3_column_bytes(statement, 0)));
	}
	if (status != STATUS_OK) {
		sqlite3_reset(statement);
		return status;
	}
	return store_status(sqlite3_reset(statement));
}

/* Position in `id` order of the input table is the caller's input index of that run. */
#define SELECT_FLOWS                                                                               \
	"SELECT flow.*, (SELECT count(*) FROM input i WHERE i.id < flow.input) FROM flow"

static int open_cursor(struct store *s, const char *sql, struct store_cursor **ret_gives)
{
	static const char names[] =
	        "SELECT name, source, age_ns FROM name WHERE flow=?1 ORDER BY position";
	static const char software[] =
	        "SELECT sender, source, text FROM software WHERE flow=?1 ORDER BY position";
	struct store_cursor *c = calloc(1, sizeof(*c));
	int status;

	if (!c)
		return STATUS_NO_MEMORY;
	c->store = s;
	status = store_status(sqlite3_prepare_v2(s->db, sql, -1, &c->flows, NULL));
	if (status == STATUS_OK)
		status = store_status(sqlite3_prepare_v2(s->db, names, -1, &c->names, NULL));
	if (status == STATUS_OK)
		status = store_status(sqlite3_prepare_v2(s->db, software, -1, &c->software, NULL));
	if (status != STATUS_OK) {
		store_cursor_free(c);
		return status;
	}
	*ret_gives = c;
	return STATUS_OK;
}

int store_flows(struct store *s, const struct store_query *q, struct store_cursor **ret_gives)
{
	static const char sql[] = SELECT_FLOWS
	        " WHERE last_ns >= ?1 AND first_ns < ?2"
	        " ORDER BY first_ns, src, src_port, dst, dst_port, proto, id";
	struct store_cursor *c = NULL;
	int status = open_cursor(s, sql, &c);

	if (status != STATUS_OK)
		return status;
	sqlite3_bind_int64(c->flows, 1, q->from_ns);
	sqlite3_bind_int64(c->flows, 2, q->to_ns);
	*ret_gives = c;
	return STATUS_OK;
}

int store_find_flow(struct store *s, uint64_t id, struct store_flow *ret)
{
	struct store_cursor *c = NULL;
	int status = open_cursor(s, SELECT_FLOWS " WHERE flow.id = ?1", &c);

	if (status != STATUS_OK)
		return status;
	sqlite3_bind_int64(c->flows, 1, (int64_t)id);
	status = store_next_flow(c, ret);
	store_cursor_free(c);
	return status;
}

struct store_cursor *store_cursor_free(struct store_cursor *c)
{
	if (!c)
		return NULL;
	sqlite3_finalize(c->flows);
	sqlite3_finalize(c->names);
	sqlite3_finalize(c->software);
	free(c);
	return NULL;
}

static void read_flow_tuple(sqlite3_stmt *statement, struct store_flow *ret)
{
	ret->id = read_u64(statement, 0);
	read_addr(statement, 2, &ret->tuple.src.addr);
	ret->tuple.src.port = (uint16_t)sqlite3_column_int(statement, 3);
	read_addr(statement, 4, &ret->tuple.dst.addr);
	ret->tuple.dst.port = (uint16_t)sqlite3_column_int(statement, 5);
	ret->tuple.protocol = (uint8_t)sqlite3_column_int(statement, 6);
	ret->tuple.vlan = (uint16_t)sqlite3_column_int(statement, 7);
	READ_TEXT(statement, 8, ret->community_id);
	ret->direction = (enum flow_direction)sqlite3_column_int(statement, 9);
	ret->out_index = sqlite3_column_int(statement, 10);
	read_addr(statement, 11, &ret->computer);
	READ_TEXT(statement, 12, ret->computer_name);
	ret->first_ns = sqlite3_column_int64(statement, 13);
	ret->last_ns = sqlite3_column_int64(statement, 14);
	ret->first_packet = read_u64(statement, 15);
	read_counts(statement, 16, ret->counts);
	ret->end = (enum flow_end)sqlite3_column_int(statement, 17);
}

static void read_flow_facts(sqlite3_stmt *statement, struct store_flow *ret)
{
	READ_TEXT(statement, 18, ret->country);
	READ_TEXT(statement, 19, ret->country_confidence);
	READ_TEXT(statement, 20, ret->organisation);
	ret->asn = (uint32_t)sqlite3_column_int64(statement, 21);
	ret->anycast = sqlite3_column_int(statement, 22);
	READ_TEXT(statement, 23, ret->app);
	READ_TEXT(statement, 24, ret->app_confidence);
	READ_TEXT(statement, 25, ret->protocol);
	ret->clear = sqlite3_column_int(statement, 26);
	READ_TEXT(statement, 27, ret->tls_version);
	READ_TEXT(statement, 28, ret->cipher);
	READ_TEXT(statement, 29, ret->ja4);
	READ_TEXT(statement, 30, ret->user_agent);
	READ_TEXT(statement, 31, ret->process_name);
	READ_TEXT(statement, 32, ret->process_path);
	ret->inspected = sqlite3_column_int(statement, 33);
	READ_TEXT(statement, 34, ret->not_inspected_reason);
	ret->not_inspected_bytes = read_u64(statement, 35);
	ret->tier = (enum tier)sqlite3_column_int(statement, 36);
	ret->distinct_patients = read_u64(statement, 37);
	ret->distinct_at_least = sqlite3_column_int(statement, 38);
	READ_TEXT(statement, 39, ret->service);
	READ_TEXT(statement, 40, ret->service_kind);
	ret->service_test = sqlite3_column_int(statement, 41);
	READ_TEXT(statement, 42, ret->domain);
	READ_TEXT(statement, 52, ret->app_category);
	READ_TEXT(statement, 53, ret->app_risks);
	ret->related_to = read_u64(statement, 54);
	ret->related_port = (uint16_t)sqlite3_column_int(statement, 55);
	ret->related_from_outside = sqlite3_column_int(statement, 56);
	READ_TEXT(statement, 57, ret->computer_name_source);
	ret->input = (uint32_t)sqlite3_column_int64(statement, 58);
}

static void read_flow_certificate(sqlite3_stmt *statement, struct store_flow *ret)
{
	struct store_certificate *c = &ret->certificate;

	READ_TEXT(statement, 43, ret->ja3);
	c->seen = sqlite3_column_int(statement, 44);
	READ_TEXT(statement, 45, c->names);
	c->names_left_out = (uint32_t)sqlite3_column_int64(statement, 46);
	READ_TEXT(statement, 47, c->issuer);
	c->not_before_s = sqlite3_column_int64(statement, 48);
	c->not_after_s = sqlite3_column_int64(statement, 49);
	c->self_signed = sqlite3_column_int(statement, 50);
	c->name_check = (enum store_name_check)sqlite3_column_int(statement, 51);
}

/* A file from elsewhere may hold any number: those that others count with are checked here. */
static bool flow_is_sound(const struct store_flow *f)
{
	return f->out_index >= -1 && f->out_index <= 1 && (unsigned)f->direction <= FLOW_TRANSIT &&
	       (unsigned)f->end <= FLOW_INPUT_ENDED && (unsigned)f->tier <= TIER_OPAQUE &&
	       (unsigned)f->certificate.name_check <= STORE_NAME_DIFFERS;
}

static bool finding_is_sound(const struct finding *f)
{
	return (unsigned)f->category < CATEGORIES && (unsigned)f->class <= CLASS_CARRIER &&
	       (unsigned)f->tier <= TIER_OPAQUE;
}

static int read_names(sqlite3_stmt *statement, struct store_flow *ret)
{
	int result = SQLITE_ROW;

	sqlite3_reset(statement);
	sqlite3_bind_int64(statement, 1, (int64_t)ret->id);
	while (ret->name_count < STORE_NAMES_MAX &&
	        (result = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_name *n = &ret->names[ret->name_count++];

		READ_TEXT(statement, 0, n->name);
		READ_TEXT(statement, 1, n->source);
		n->age_ns = sqlite3_column_int64(statement, 2);
	}
	return store_status(result);
}

static int read_software(sqlite3_stmt *statement, struct store_flow *ret)
{
	int result = SQLITE_ROW;

	sqlite3_reset(statement);
	sqlite3_bind_int64(statement, 1, (int64_t)ret->id);
	while (ret->software_count < STORE_SOFTWARE_MAX &&
	        (result = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_software *said = &ret->software[ret->software_count++];

		said->sender = sqlite3_column_int(statement, 0) == 1;
		READ_TEXT(statement, 1, said->source);
		READ_TEXT(statement, 2, said->text);
	}
	return store_status(result);
}

int store_next_flow(struct store_cursor *c, struct store_flow *ret)
{
	int result = sqlite3_step(c->flows);

	if (result != SQLITE_ROW)
		return store_status(result);
	memset(ret, 0, sizeof(*ret));
	read_flow_tuple(c->flows, ret);
	read_flow_facts(c->flows, ret);
	read_flow_certificate(c->flows, ret);
	if (!flow_is_sound(ret))
		return STATUS_LIBRARY;
	result = read_names(c->names, ret);
	if (result == STATUS_OK)
		result = read_software(c->software, ret);
	return result == STATUS_OK ? STATUS_ITEM : result;
}

static void *add_row(struct store_rows *r)
{
	if (r->count == r->capacity) {
		size_t capacity = r->capacity ? r->capacity * 2 : 16;
		void *data = reallocarray(r->data, capacity, r->row_bytes);

		if (!data)
			return NULL;
		r->data = data;
		r->capacity = capacity;
	}
	memset((char *)r->data + r->count * r->row_bytes, 0, r->row_bytes);
	return (char *)r->data + r->count++ * r->row_bytes;
}

int store_next_row(sqlite3_stmt *statement, struct store_rows *rows, void *ret_row)
{
	int result = sqlite3_step(statement);
	void *row;

	if (result != SQLITE_ROW)
		return store_status(result);
	row = add_row(rows);
	if (!row)
		return STATUS_NO_MEMORY;
	memcpy(ret_row, &row, sizeof(row));
	return STATUS_ITEM;
}

int store_give_rows(int status, struct store_rows *rows, void *ret_array, size_t *ret_count)
{
	if (status != STATUS_OK) {
		free(rows->data);
		return status;
	}
	memcpy(ret_array, &rows->data, sizeof(rows->data));
	*ret_count = rows->count;
	return STATUS_OK;
}

int store_finish_rows(sqlite3_stmt *statement, int status, struct store_rows *rows, void *ret_array,
        size_t *ret_count)
{
	sqlite3_finalize(statement);
	return store_give_rows(status, rows, ret_array, ret_count);
}

/* As store.h says. Sorted here: SQLite's sorter costs more than a few rows are worth. */
static int by_gravity(const void *left, const void *right)
{
	const struct store_finding *a = left, *b = right;
	int order = (int)b->finding.tier - (int)a->finding.tier;

	if (order == 0)
		order = strcmp(a->finding.kind, b->finding.kind);
	if (order == 0)
		order = strcmp(a->finding.place, b->finding.place);
	if (order == 0)
		order = (int)a->finding.direction - (int)b->finding.direction;
	if (order == 0)
		order = (a->first_ns > b->first_ns) - (a->first_ns < b->first_ns);
	if (order == 0)
		order = (a->finding.packet > b->finding.packet) -
		        (a->finding.packet < b->finding.packet);
	if (order == 0)
		order = strcmp(a->finding.mask, b->finding.mask);
	if (order == 0)
		order = (a->finding.count > b->finding.count) -
		        (a->finding.count < b->finding.count);
	return order;
}

int store_findings(
        struct store *s, uint64_t flow, struct store_finding **ret_gives, size_t *ret_count)
{
	struct store_rows rows = {.row_bytes = sizeof(struct store_finding)};
	struct store_finding *f = NULL;
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(s, STATEMENT_FINDINGS_OF, &statement);

	if (status == STATUS_OK)
		sqlite3_bind_int64(statement, 1, (int64_t)flow);
	while (status == STATUS_OK &&
	        (status = store_next_row(statement, &rows, &f)) == STATUS_ITEM) {
		f->flow = flow;
		READ_TEXT(statement, 1, f->finding.kind);
		f->finding.category = (enum category)sqlite3_column_int(statement, 2);
		f->finding.class = (enum finding_class)sqlite3_column_int(statement, 3);
		f->finding.tier = (enum tier)sqlite3_column_int(statement, 4);
		f->finding.metadata = sqlite3_column_int(statement, 5);
		f->finding.count = read_u64(statement, 6);
		READ_TEXT(statement, 7, f->finding.place);
		READ_TEXT(statement, 8, f->finding.mask);
		f->finding.direction = (uint8_t)sqlite3_column_int(statement, 9);
		f->outward = sqlite3_column_int(statement, 10);
		f->first_ns = sqlite3_column_int64(statement, 11);
		f->last_ns = sqlite3_column_int64(statement, 12);
		f->finding.packet = read_u64(statement, 13);
		f->finding.time_ns = f->first_ns;
		status = finding_is_sound(&f->finding) ? STATUS_OK : STATUS_LIBRARY;
	}
	sqlite3_reset(statement);
	if (status == STATUS_OK && rows.count > 1)
		qsort(rows.data, rows.count, sizeof(struct store_finding), by_gravity);
	return store_give_rows(status, &rows, ret_gives, ret_count);
}

int store_records(
        struct store *s, uint64_t flow, struct store_record **ret_gives, size_t *ret_count)
{
	struct store_rows rows = {.row_bytes = sizeof(struct store_record)};
	struct store_record *r = NULL;
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(s, STATEMENT_RECORDS_OF, &statement);

	if (status == STATUS_OK)
		sqlite3_bind_int64(statement, 1, (int64_t)flow);
	while (status == STATUS_OK &&
	        (status = store_next_row(statement, &rows, &r)) == STATUS_ITEM) {
		r->flow = flow;
		r->sequence = (uint32_t)sqlite3_column_int64(statement, 1);
		r->hour_ns = sqlite3_column_int64(statement, 2);
		r->bytes_out = read_u64(statement, 3);
		r->bytes_in = read_u64(statement, 4);
		r->packets_out = read_u64(statement, 5);
		r->packets_in = read_u64(statement, 6);
		r->last = sqlite3_column_int(statement, 7);
		r->gap_bytes = read_u64(statement, 8);
		status = STATUS_OK;
	}
	sqlite3_reset(statement);
	return store_give_rows(status, &rows, ret_gives, ret_count);
}

int store_inputs(struct store *s, const struct store_query *q, struct store_input **ret_gives,
        size_t *ret_count)
{
	static const char sql[] = "SELECT * FROM input WHERE last_ns >= max(?1, kept_from_ns)"
	                          " AND max(first_ns, kept_from_ns) < ?2"
	                          " ORDER BY id";
	struct store_rows rows = {.row_bytes = sizeof(struct store_input)};
	struct store_input *i = NULL;
	sqlite3_stmt *statement = NULL;
	int status = store_status(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL));

	if (status == STATUS_OK)
		store_bind_period(statement, q);
	while (status == STATUS_OK &&
	        (status = store_next_row(statement, &rows, &i)) == STATUS_ITEM) {
		READ_TEXT(statement, 1, i->sha256);
		READ_TEXT(statement, 2, i->format);
		READ_TEXT(statement, 3, i->kind);
		i->frames = read_u64(statement, 4);
		i->bytes = read_u64(statement, 5);
		i->dropped = read_u64(statement, 6);
		i->cut = read_u64(statement, 7);
		i->filtered = read_u64(statement, 8);
		i->first_ns = sqlite3_column_int64(statement, 9);
		i->last_ns = sqlite3_column_int64(statement, 10);
		READ_TEXT(statement, 11, i->end);
		READ_TEXT(statement, 12, i->end_reason);
		i->end_after_frame = read_u64(statement, 13);
		i->unread = read_u64(statement, 14);
		if (i->first_ns < sqlite3_column_int64(statement, 15))
			i->first_ns = sqlite3_column_int64(statement, 15);
		status = STATUS_OK;
	}
	return store_finish_rows(statement, status, &rows, ret_gives, ret_count);
}

int store_losses(struct store *s, const struct store_query *q, struct store_loss **ret_gives,
        size_t *ret_count)
{
	static const char sql[] =
	        "SELECT name, sum(count) FROM loss JOIN input ON input.id = loss.input"
	        " WHERE (hour_ns = -9223372036854775807 - 1 AND last_ns >= max(?1, kept_from_ns)"
	        " AND max(first_ns, kept_from_ns) < ?2)"
	        " OR (hour_ns > ?3 AND hour_ns < ?2 AND hour_ns >= kept_from_ns) GROUP BY name "
	        "ORDER BY name";
	struct store_rows rows = {.row_bytes = sizeof(struct store_loss)};
	struct store_loss *l = NULL;
	sqlite3_stmt *statement = NULL;
	int status = store_status(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL));

	if (status == STATUS_OK)
		store_bind_period(statement, q);
	while (status == STATUS_OK &&
	        (status = store_next_row(statement, &rows, &l)) == STATUS_ITEM) {
		READ_TEXT(statement, 0, l->name);
		l->count = read_u64(statement, 1);
		status = STATUS_OK;
	}
	return store_finish_rows(statement, status, &rows, ret_gives, ret_count);
}

/* A temporary table (in memory) holds the set of flows, so that it can be of any size. */
int store_distinct_tags(struct store *s, const uint64_t *flows, size_t count, uint64_t *ret)
{
	sqlite3_stmt *statement = NULL;
	int status = store_exec(s,
	        "CREATE TEMP TABLE IF NOT EXISTS wanted (id INTEGER PRIMARY KEY);"
	        "DELETE FROM wanted");

	if (status == STATUS_OK)
		status = store_status(sqlite3_prepare_v2(
		        s->db, "INSERT OR IGNORE INTO wanted VALUES (?1)", -1, &statement, NULL));
	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		sqlite3_reset(statement);
		sqlite3_bind_int64(statement, 1, (int64_t)flows[i]);
		status = store_status(sqlite3_step(statement));
	}
	sqlite3_finalize(statement);
	statement = NULL;
	if (status == STATUS_OK)
		status = store_status(sqlite3_prepare_v2(s->db,
		        "SELECT count(DISTINCT tag) FROM tag WHERE flow IN wanted", -1, &statement,
		        NULL));
	if (status == STATUS_OK)
		status = store_status(sqlite3_step(statement));
	if (status == STATUS_OK)
		*ret = read_u64(statement, 0);
	sqlite3_finalize(statement);
	return status;
}
