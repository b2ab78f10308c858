/* flow_cursor: conversations, each with what belongs to it. In the order of time, the index of
 * times gives the order, so that nothing is sorted but those that begin at one and the same time.
 * Without an order, they come as they lie, and so does what belongs to them. It comes out of walks
 * through other tables in the same order: one statement a table, as a million small ones cost more
 * than what they read. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "store/store.h"
#include "store/store_internal.h"

/* In the order of time, rows lie anywhere in the file, as ids are in no order, but those of several
 * conversations share a page. All of a million conversations would take three times as much: more
 * than a report may. */
#define READING_CACHE "PRAGMA cache_size=-65536" /* KiB */

enum cursor_statement {
	CURSOR_BEFORE, /* begun before the period, and reaching into it: ids */
	CURSOR_TIED,   /* begun at one and the same time: ids */
	CURSOR_FLOW,   /* by id, as the two that follow */
	CURSOR_NAMES,
	CURSOR_SOFTWARE,
	CURSOR_INPUT,
	CURSOR_STATEMENTS
};

/* Walks through a table: time and id of the conversation, then columns. */
enum walk_table { WALK_FLOWS, WALK_NAMES, WALK_SOFTWARE, WALK_FINDINGS, WALK_RECORDS, WALKS };
#define WALK_COLUMNS 2 /* time and id */

struct walk {
	sqlite3_stmt *statement; /* NULL: not begun */
	bool has_row;
	int64_t first_ns, id;
};

struct store_cursor {
	struct store *store; /* borrows */
	sqlite3_stmt *statements[CURSOR_STATEMENTS];
	struct walk walks[WALKS];
	struct store_query period;
	bool only, only_given; /* of store_find_flow: one conversation */
	bool in_before, in_tie;
	int64_t first_ns, id; /* of the conversation that was given last; in no order: 0 and id */
	bool by_id;           /* it did not come out of a walk */
	/* Position of an input in the order of ids: the caller's index of that run. */
	int64_t input_id;
	uint32_t input_position;
	bool input_known;
};

#define TUPLE_ORDER "first_ns, src, src_port, dst, dst_port, proto, id"

static const char *const cursor_sql[CURSOR_STATEMENTS] = {
        [CURSOR_BEFORE] = "SELECT id FROM flow WHERE last_ns >= ?1 AND +first_ns < ?1"
                          " ORDER BY " TUPLE_ORDER,
        [CURSOR_TIED] = "SELECT id FROM flow WHERE first_ns = ?1 ORDER BY " TUPLE_ORDER,
        [CURSOR_FLOW] = "SELECT first_ns, id, flow.* FROM flow WHERE id = ?1",
        [CURSOR_NAMES] = "SELECT 0, flow, name, source, age_ns FROM name WHERE flow=?1"
                         " ORDER BY position",
        [CURSOR_SOFTWARE] = "SELECT 0, flow, sender, source, text FROM software WHERE flow=?1"
                            " ORDER BY position",
        [CURSOR_INPUT] = "SELECT count(*) FROM input WHERE id < ?1",
};

/* The other side of CURSOR_BEFORE is shorter where the period lies in the store's first half. */
static const char early_sql[] = "SELECT id FROM flow WHERE +last_ns >= ?1 AND first_ns < ?1"
                                " ORDER BY " TUPLE_ORDER;

#define WALK_PERIOD " WHERE first_ns >= ?1 AND first_ns < ?2 ORDER BY first_ns, id"
#define WALK_OF(columns, table)                                                                    \
	"SELECT f.first_ns, f.id, " columns " FROM flow f CROSS JOIN " table " t ON t.flow = f.id" \
	" WHERE f.first_ns >= ?1 AND f.first_ns < ?2 ORDER BY f.first_ns, f.id, t."

static const char *const walk_sql[WALKS] = {
        [WALK_FLOWS] = "SELECT first_ns, id, flow.* FROM flow" WALK_PERIOD,
        [WALK_NAMES] = WALK_OF("name, source, age_ns", "name") "position",
        [WALK_SOFTWARE] = WALK_OF("sender, source, text", "software") "position",
        [WALK_FINDINGS] = WALK_OF("t.*", "finding") "rowid",
        [WALK_RECORDS] = WALK_OF("t.*", "record") "sequence",
};

/* In no order: all tables lie by the id of the conversation. */
#define LYING_OF(columns, table, then)                                                             \
	"SELECT 0, flow, " columns " FROM " table " ORDER BY flow, " then

static const char *const lying_sql[WALKS] = {
        [WALK_FLOWS] = "SELECT 0, id, * FROM flow ORDER BY id",
        [WALK_NAMES] = LYING_OF("name, source, age_ns", "name", "position"),
        [WALK_SOFTWARE] = LYING_OF("sender, source, text", "software", "position"),
        [WALK_FINDINGS] = LYING_OF("*", "finding", "rowid"),
        [WALK_RECORDS] = LYING_OF("*", "record", "sequence"),
};

static int prepare(struct store_cursor *c, enum cursor_statement which, const char *sql)
{
	return store_status(sqlite3_prepare_v2(c->store->db, sql, -1, &c->statements[which], NULL));
}

static int open_cursor(
        struct store *s, const struct store_query *q, struct store_cursor **ret_gives)
{
	struct store_cursor *c = calloc(1, sizeof(*c));
	int status;

	if (!c)
		return STATUS_NO_MEMORY;
	c->store = s;
	c->period = *q;
	status = q->in_no_order ? STATUS_OK : store_exec(s, READING_CACHE);
	for (int i = CURSOR_TIED; status == STATUS_OK && i < CURSOR_STATEMENTS; i++)
		status = prepare(c, (enum cursor_statement)i, cursor_sql[i]);
	if (status != STATUS_OK) {
		store_cursor_free(c);
		return status;
	}
	*ret_gives = c;
	return STATUS_OK;
}

static int lies_early(struct store *s, int64_t from_ns, bool *ret)
{
	static const char sql[] = "SELECT ?1 < (SELECT min(first_ns) FROM flow) / 2"
	                          " + (SELECT max(last_ns) FROM flow) / 2";
	sqlite3_stmt *statement = NULL;
	int status = store_status(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL));

	if (status == STATUS_OK) {
		sqlite3_bind_int64(statement, 1, from_ns);
		status = store_status(sqlite3_step(statement));
	}
	*ret = status == STATUS_OK && sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return status;
}

static int begin_before(struct store_cursor *c)
{
	bool early;
	int status = lies_early(c->store, c->period.from_ns, &early);

	if (status == STATUS_OK)
		status = prepare(c, CURSOR_BEFORE, early ? early_sql : cursor_sql[CURSOR_BEFORE]);
	if (status != STATUS_OK)
		return status;
	sqlite3_bind_int64(c->statements[CURSOR_BEFORE], 1, c->period.from_ns);
	c->in_before = true;
	return STATUS_OK;
}

static int step_walk(struct walk *w)
{
	int result = sqlite3_step(w->statement);

	w->has_row = result == SQLITE_ROW;
	if (w->has_row) {
		w->first_ns = sqlite3_column_int64(w->statement, 0);
		w->id = sqlite3_column_int64(w->statement, 1);
	}
	return store_status(result);
}

static int begin_walk(struct store_cursor *c, enum walk_table table)
{
	struct walk *w = &c->walks[table];
	const char *sql = c->period.in_no_order ? lying_sql[table] : walk_sql[table];
	int status = store_status(sqlite3_prepare_v2(c->store->db, sql, -1, &w->statement, NULL));

	if (status != STATUS_OK)
		return status;
	if (!c->period.in_no_order) {
		sqlite3_bind_int64(w->statement, 1, c->period.from_ns);
		sqlite3_bind_int64(w->statement, 2, c->period.to_ns);
	}
	return step_walk(w);
}

/* To the first row of the conversation that was given last, if it has any there. */
static int find_in_walk(struct store_cursor *c, enum walk_table table, bool *ret)
{
	struct walk *w = &c->walks[table];
	int status = w->statement ? STATUS_OK : begin_walk(c, table);

	while (status == STATUS_OK && w->has_row &&
	        (w->first_ns < c->first_ns || (w->first_ns == c->first_ns && w->id < c->id)))
		status = step_walk(w);
	*ret = w->has_row && w->id == c->id;
	return status;
}

/* The next row of the same conversation: false when there is none. */
static int step_within(struct store_cursor *c, enum walk_table table, bool *ret)
{
	int status = step_walk(&c->walks[table]);

	*ret = c->walks[table].has_row && c->walks[table].id == c->id;
	return status;
}

int store_flows(struct store *s, const struct store_query *q, struct store_cursor **ret_gives)
{
	struct store_cursor *c = NULL;
	int status = open_cursor(s, q, &c);

	if (status != STATUS_OK)
		return status;
	if (q->from_ns > INT64_MIN)
		status = begin_before(c);
	if (status == STATUS_OK)
		status = begin_walk(c, WALK_FLOWS);
	if (status != STATUS_OK) {
		store_cursor_free(c);
		return status;
	}
	*ret_gives = c;
	return STATUS_OK;
}

int store_find_flow(struct store *s, uint64_t id, struct store_flow *ret)
{
	static const struct store_query all = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_cursor *c = NULL;
	int status = open_cursor(s, &all, &c);

	if (status != STATUS_OK)
		return status;
	c->only = true;
	c->id = (int64_t)id;
	status = store_next_flow(c, ret);
	store_cursor_free(c);
	return status;
}

struct store_cursor *store_cursor_free(struct store_cursor *c)
{
	if (!c)
		return NULL;
	for (int i = 0; i < CURSOR_STATEMENTS; i++)
		sqlite3_finalize(c->statements[i]);
	for (int i = 0; i < WALKS; i++)
		sqlite3_finalize(c->walks[i].statement);
	store_usual_cache(c->store);
	free(c);
	return NULL;
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

/* Columns of the table stand behind WALK_COLUMNS others. */
static void read_flow_tuple(sqlite3_stmt *statement, struct store_flow *ret)
{
	ret->id = store_read_u64(statement, 2);
	read_addr(statement, 4, &ret->tuple.src.addr);
	ret->tuple.src.port = (uint16_t)sqlite3_column_int(statement, 5);
	read_addr(statement, 6, &ret->tuple.dst.addr);
	ret->tuple.dst.port = (uint16_t)sqlite3_column_int(statement, 7);
	ret->tuple.protocol = (uint8_t)sqlite3_column_int(statement, 8);
	ret->tuple.vlan = (uint16_t)sqlite3_column_int(statement, 9);
	READ_TEXT(statement, 10, ret->community_id);
	ret->direction = (enum flow_direction)sqlite3_column_int(statement, 11);
	ret->out_index = sqlite3_column_int(statement, 12);
	read_addr(statement, 13, &ret->computer);
	READ_TEXT(statement, 14, ret->computer_name);
	ret->first_ns = sqlite3_column_int64(statement, 15);
	ret->last_ns = sqlite3_column_int64(statement, 16);
	ret->first_packet = store_read_u64(statement, 17);
	read_counts(statement, 18, ret->counts);
	ret->end = (enum flow_end)sqlite3_column_int(statement, 19);
}

static void read_flow_facts(sqlite3_stmt *statement, struct store_flow *ret)
{
	READ_TEXT(statement, 20, ret->country);
	READ_TEXT(statement, 21, ret->country_confidence);
	READ_TEXT(statement, 22, ret->organisation);
	ret->asn = (uint32_t)sqlite3_column_int64(statement, 23);
	ret->anycast = sqlite3_column_int(statement, 24);
	READ_TEXT(statement, 25, ret->app);
	READ_TEXT(statement, 26, ret->app_confidence);
	READ_TEXT(statement, 27, ret->protocol);
	ret->clear = sqlite3_column_int(statement, 28);
	READ_TEXT(statement, 29, ret->tls_version);
	READ_TEXT(statement, 30, ret->cipher);
	READ_TEXT(statement, 31, ret->ja4);
	READ_TEXT(statement, 32, ret->user_agent);
	READ_TEXT(statement, 33, ret->process_name);
	READ_TEXT(statement, 34, ret->process_path);
	ret->inspected = sqlite3_column_int(statement, 35);
	READ_TEXT(statement, 36, ret->not_inspected_reason);
	ret->not_inspected_bytes = store_read_u64(statement, 37);
	ret->tier = (enum tier)sqlite3_column_int(statement, 38);
	ret->distinct_patients = store_read_u64(statement, 39);
	ret->distinct_at_least = sqlite3_column_int(statement, 40);
	READ_TEXT(statement, 41, ret->service);
	READ_TEXT(statement, 42, ret->service_kind);
	ret->service_test = sqlite3_column_int(statement, 43);
	READ_TEXT(statement, 44, ret->domain);
	READ_TEXT(statement, 54, ret->app_category);
	READ_TEXT(statement, 55, ret->app_risks);
	ret->related_to = store_read_u64(statement, 56);
	ret->related_port = (uint16_t)sqlite3_column_int(statement, 57);
	ret->related_from_outside = sqlite3_column_int(statement, 58);
	READ_TEXT(statement, 59, ret->computer_name_source);
}

static void read_flow_certificate(sqlite3_stmt *statement, struct store_flow *ret)
{
	struct store_certificate *c = &ret->certificate;

	READ_TEXT(statement, 45, ret->ja3);
	c->seen = sqlite3_column_int(statement, 46);
	READ_TEXT(statement, 47, c->names);
	c->names_left_out = (uint32_t)sqlite3_column_int64(statement, 48);
	READ_TEXT(statement, 49, c->issuer);
	c->not_before_s = sqlite3_column_int64(statement, 50);
	c->not_after_s = sqlite3_column_int64(statement, 51);
	c->self_signed = sqlite3_column_int(statement, 52);
	c->name_check = (enum store_name_check)sqlite3_column_int(statement, 53);
}

/* A file from elsewhere may hold any number: those that others count with are checked here. */
static bool flow_is_sound(const struct store_flow *f)
{
	return f->out_index >= -1 && f->out_index <= 1 && (unsigned)f->direction <= FLOW_TRANSIT &&
	       (unsigned)f->end <= FLOW_INPUT_ENDED && (unsigned)f->tier <= TIER_OPAQUE &&
	       (unsigned)f->certificate.name_check <= STORE_NAME_DIFFERS;
}

static void read_name(sqlite3_stmt *statement, struct store_flow *ret)
{
	struct store_name *n = &ret->names[ret->name_count];

	if (ret->name_count == STORE_NAMES_MAX)
		return;
	ret->name_count++;
	READ_TEXT(statement, 2, n->name);
	READ_TEXT(statement, 3, n->source);
	n->age_ns = sqlite3_column_int64(statement, 4);
}

static void read_said(sqlite3_stmt *statement, struct store_flow *ret)
{
	struct store_software *said = &ret->software[ret->software_count];

	if (ret->software_count == STORE_SOFTWARE_MAX)
		return;
	ret->software_count++;
	said->sender = sqlite3_column_int(statement, 2) == 1;
	READ_TEXT(statement, 3, said->source);
	READ_TEXT(statement, 4, said->text);
}

/* By id or out of the walk. */
static int read_belongings(struct store_cursor *c, enum walk_table table, struct store_flow *ret)
{
	void (*read)(sqlite3_stmt *, struct store_flow *) = table == WALK_NAMES ? read_name
	                                                                        : read_said;
	sqlite3_stmt
	        *statement = c->statements[table == WALK_NAMES ? CURSOR_NAMES : CURSOR_SOFTWARE];
	bool more = false;
	int result, status;

	if (!c->by_id) {
		status = find_in_walk(c, table, &more);
		while (status == STATUS_OK && more) {
			read(c->walks[table].statement, ret);
			status = step_within(c, table, &more);
		}
		return status;
	}
	sqlite3_bind_int64(statement, 1, c->id);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		read(statement, ret);
	sqlite3_reset(statement);
	return store_status(result);
}

static int find_position(struct store_cursor *c, int64_t input_id, uint32_t *ret)
{
	sqlite3_stmt *statement = c->statements[CURSOR_INPUT];
	int status = STATUS_OK;

	if (!c->input_known || c->input_id != input_id) {
		sqlite3_bind_int64(statement, 1, input_id);
		status = store_status(sqlite3_step(statement));
		c->input_position = (uint32_t)sqlite3_column_int64(statement, 0);
		c->input_id = input_id;
		c->input_known = status == STATUS_OK;
		sqlite3_reset(statement);
	}
	*ret = c->input_position;
	return status;
}

/* Those that begin at one time are rare: only they are sorted. */
static int next_tied(struct store_cursor *c, int64_t *ret_id)
{
	sqlite3_stmt *tied = c->statements[CURSOR_TIED];
	int result = sqlite3_step(tied);

	if (result == SQLITE_ROW) {
		*ret_id = sqlite3_column_int64(tied, 0);
		return STATUS_ITEM;
	}
	c->in_tie = false;
	sqlite3_reset(tied);
	return store_status(result);
}

static int begin_tie(struct store_cursor *c, int64_t time_ns)
{
	struct walk *w = &c->walks[WALK_FLOWS];
	int status = STATUS_OK;

	sqlite3_bind_int64(c->statements[CURSOR_TIED], 1, time_ns);
	c->in_tie = true;
	while (status == STATUS_OK && w->has_row && w->first_ns == time_ns)
		status = step_walk(w);
	return status;
}

static int read_row(struct store_cursor *c, sqlite3_stmt *statement, struct store_flow *ret)
{
	memset(ret, 0, sizeof(*ret));
	read_flow_tuple(statement, ret);
	read_flow_facts(statement, ret);
	read_flow_certificate(statement, ret);
	if (!flow_is_sound(ret))
		return STATUS_LIBRARY;
	c->first_ns = c->period.in_no_order ? 0 : ret->first_ns;
	c->id = (int64_t)ret->id;
	return find_position(c, sqlite3_column_int64(statement, WALK_COLUMNS + 1), &ret->input);
}

/* STATUS_ITEM, or 0 when there is none. */
static int read_by_id(struct store_cursor *c, int64_t id, struct store_flow *ret)
{
	sqlite3_stmt *statement = c->statements[CURSOR_FLOW];
	int result, status;

	c->by_id = true;
	sqlite3_bind_int64(statement, 1, id);
	result = sqlite3_step(statement);
	status = result == SQLITE_ROW ? read_row(c, statement, ret) : store_status(result);
	sqlite3_reset(statement);
	return status == STATUS_OK && result == SQLITE_ROW ? STATUS_ITEM : status;
}

/* The row is read before it is known whether others begin at the same time, as it is gone then. */
static int read_from_walk(struct store_cursor *c, struct store_flow *ret)
{
	struct walk *w = &c->walks[WALK_FLOWS];
	int64_t time_ns = w->first_ns, id = 0;
	int status;

	if (!w->has_row)
		return STATUS_OK;
	c->by_id = false;
	status = read_row(c, w->statement, ret);
	if (status == STATUS_OK)
		status = step_walk(w);
	if (status != STATUS_OK)
		return status;
	if (!w->has_row || w->first_ns != time_ns || c->period.in_no_order)
		return STATUS_ITEM;
	status = begin_tie(c, time_ns);
	if (status == STATUS_OK)
		status = next_tied(c, &id);
	return status == STATUS_ITEM ? read_by_id(c, id, ret) : status;
}

static int next_before(struct store_cursor *c, int64_t *ret_id)
{
	int result = sqlite3_step(c->statements[CURSOR_BEFORE]);

	c->in_before = result == SQLITE_ROW;
	if (!c->in_before)
		return store_status(result);
	*ret_id = sqlite3_column_int64(c->statements[CURSOR_BEFORE], 0);
	return STATUS_ITEM;
}

static int next_flow(struct store_cursor *c, struct store_flow *ret)
{
	int64_t id = c->id;
	int status = STATUS_OK;

	if (c->only) {
		status = c->only_given ? STATUS_OK : STATUS_ITEM;
		c->only_given = true;
		return status == STATUS_ITEM ? read_by_id(c, id, ret) : status;
	}
	if (c->in_before)
		status = next_before(c, &id);
	if (status == STATUS_OK && c->in_tie)
		status = next_tied(c, &id);
	if (status == STATUS_ITEM)
		return read_by_id(c, id, ret);
	return status == STATUS_OK ? read_from_walk(c, ret) : status;
}

int store_next_flow(struct store_cursor *c, struct store_flow *ret)
{
	int status;

	do
		status = next_flow(c, ret);
	while (status == STATUS_ITEM && ret->last_ns < c->period.from_ns);
	if (status != STATUS_ITEM)
		return status;
	status = read_belongings(c, WALK_NAMES, ret);
	if (status == STATUS_OK)
		status = read_belongings(c, WALK_SOFTWARE, ret);
	return status == STATUS_OK ? STATUS_ITEM : status;
}

int store_cursor_findings(
        struct store_cursor *c, struct store_finding **ret_gives, size_t *ret_count)
{
	struct store_rows rows = {.row_bytes = sizeof(struct store_finding)};
	struct store_finding *f = NULL;
	bool more = false;
	int status;

	if (c->by_id)
		return store_findings(c->store, (uint64_t)c->id, ret_gives, ret_count);
	status = find_in_walk(c, WALK_FINDINGS, &more);
	while (status == STATUS_OK && more) {
		status = store_add_row(&rows, &f);
		if (status == STATUS_OK)
			status = store_read_finding(
			        c->walks[WALK_FINDINGS].statement, WALK_COLUMNS, f);
		if (status == STATUS_OK)
			status = step_within(c, WALK_FINDINGS, &more);
	}
	return store_give_findings(status, &rows, ret_gives, ret_count);
}

int store_cursor_records(struct store_cursor *c, struct store_record **ret_gives, size_t *ret_count)
{
	struct store_rows rows = {.row_bytes = sizeof(struct store_record)};
	struct store_record *r = NULL;
	bool more = false;
	int status;

	if (c->by_id)
		return store_records(c->store, (uint64_t)c->id, ret_gives, ret_count);
	status = find_in_walk(c, WALK_RECORDS, &more);
	while (status == STATUS_OK && more) {
		status = store_add_row(&rows, &r);
		if (status != STATUS_OK)
			break;
		store_read_record(c->walks[WALK_RECORDS].statement, WALK_COLUMNS, r);
		status = step_within(c, WALK_RECORDS, &more);
	}
	return store_give_rows(status, &rows, ret_gives, ret_count);
}
