#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "store/store_internal.h"

#define USUAL_CACHE "PRAGMA cache_size=-16384" /* KiB */

#define FLOW_ROW                                                                                   \
	" INTO flow VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,"   \
	"?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,?32,?33,?34,?35,?36,?37,?38,?39,?40,"     \
	"?41,?42,?43,?44,?45,?46,?47,?48,?49,?50,?51,?52,?53,?54,?55,?56,?57,?58)"

static const char *const statement_sql[STATEMENTS] = {
        [STATEMENT_INPUT_ADD] = "INSERT INTO input DEFAULT VALUES",
        [STATEMENT_INPUT_SET] =
                "UPDATE input SET sha256=?2, format=?3, kind=?4, frames=?5, bytes=?6, dropped=?7,"
                " cut=?8, filtered=?9, first_ns=?10, last_ns=?11, end=?12, end_reason=?13,"
                " end_after_frame=?14, unread=?15 WHERE id=?1",
        [STATEMENT_FLOW] = "INSERT OR IGNORE" FLOW_ROW,
        [STATEMENT_FLOW_AGAIN] = "INSERT OR REPLACE" FLOW_ROW,
        [STATEMENT_FLOW_WHO] = "SELECT first_ns, src, src_port, dst, dst_port, proto, input,"
                               " first_packet FROM flow WHERE id=?1",
        [STATEMENT_NAME] = "INSERT OR REPLACE INTO name VALUES (?1,?2,?3,?4,?5)",
        [STATEMENT_RECORD] = "INSERT OR REPLACE INTO record VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
        [STATEMENT_FINDING] =
                "INSERT INTO finding VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
        [STATEMENT_FINDINGS_CLEAR] = "DELETE FROM finding WHERE flow=?1",
        [STATEMENT_TAG] = "INSERT OR IGNORE INTO tag VALUES (?1,?2)",
        [STATEMENT_LOSS] = ("INSERT INTO loss VALUES (?1,?2,?3,?4)"
                            " ON CONFLICT (input, hour_ns, name) DO UPDATE SET count = count + "
                            "excluded.count"),
        [STATEMENT_META_SET] = "INSERT OR REPLACE INTO meta VALUES (?1,?2)",
        [STATEMENT_META_GET] = "SELECT value FROM meta WHERE key=?1",
        [STATEMENT_SOFTWARE] = "INSERT OR REPLACE INTO software VALUES (?1,?2,?3,?4,?5)",
        [STATEMENT_DAY_SET] = "INSERT OR REPLACE INTO day VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
        [STATEMENT_DAYS_OF] = ("SELECT date, flows, bytes_out, bytes_in, first_ns, last_ns, hours"
                               " FROM day WHERE program=?1 AND destination=?2 AND date<?3"
                               " ORDER BY date"),
        [STATEMENT_VERSION_SET] = "INSERT OR IGNORE INTO version VALUES (?1,?2,?3,?4,?5)",
        [STATEMENT_UPDATE_SET] = "INSERT OR IGNORE INTO update_contact VALUES (?1,?2)",
        [STATEMENT_SEEN_GET] =
                "SELECT 1 FROM day WHERE program=?1 AND destination=?2 AND date<?3 LIMIT 1",
        [STATEMENT_FINDINGS_OF] = "SELECT * FROM finding WHERE flow=?1",
        [STATEMENT_RECORDS_OF] = "SELECT * FROM record WHERE flow=?1 ORDER BY sequence",
};

int store_status(int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return STATUS_OK;
	case SQLITE_NOMEM:
		return STATUS_NO_MEMORY;
	case SQLITE_FULL:
		return STATUS_NO_SPACE;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return STATUS_NO_PERMISSION;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return STATUS_IO;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STATUS_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: /* at opening: STATUS_MALFORMED */
		return STATUS_DAMAGED;
	default:
		return STATUS_LIBRARY;
	}
}

int store_exec(struct store *s, const char *sql)
{
	return store_status(sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

int store_prepare(struct store *s, enum store_statement which, sqlite3_stmt **ret)
{
	sqlite3_stmt *statement = s->statements[which];

	if (!statement) {
		int result = sqlite3_prepare_v3(s->db, statement_sql[which], -1,
		        SQLITE_PREPARE_PERSISTENT, &statement, NULL);

		if (result != SQLITE_OK)
			return store_status(result);
		s->statements[which] = statement;
	}
	sqlite3_reset(statement);
	*ret = statement;
	return STATUS_OK;
}

int store_run(sqlite3_stmt *statement)
{
	int status = store_status(sqlite3_step(statement));
	int reset = store_status(sqlite3_reset(statement));

	return status != STATUS_OK ? status : reset;
}

static int read_number(struct store *s, const char *sql, int *ret)
{
	sqlite3_stmt *statement = NULL;
	int status = store_status(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL));

	if (status != STATUS_OK)
		return status;
	status = store_status(sqlite3_step(statement));
	*ret = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return status;
}

/* The version of the file, 0 for an empty one. A later version is STATUS_UNSUPPORTED, a database of
 * another program STATUS_MALFORMED. */
static int read_version(struct store *s, int *ret)
{
	int tables = 0;
	int status = read_number(s, "PRAGMA user_version", ret);

	if (status == STATUS_OK)
		status = read_number(s, "SELECT count(*) FROM sqlite_master", &tables);
	if (status != STATUS_OK)
		return status;
	if (*ret < 0 || (*ret == 0) != (tables == 0))
		return STATUS_MALFORMED;
	return *ret > STORE_SCHEMA_VERSION ? STATUS_UNSUPPORTED : STATUS_OK;
}

/* Steps from each schema version to the next; index 0 makes an empty file version 1. */
static int migrate(struct store *s, int version)
{
	const char *const steps[STORE_SCHEMA_VERSION] = {store_schema_sql, store_schema_2_sql,
	        "ALTER TABLE flow ADD COLUMN service TEXT NOT NULL DEFAULT '';"
	        "ALTER TABLE flow ADD COLUMN service_kind TEXT NOT NULL DEFAULT '';"
	        "ALTER TABLE flow ADD COLUMN service_test INTEGER NOT NULL DEFAULT 0;"
	        "ALTER TABLE flow ADD COLUMN domain TEXT NOT NULL DEFAULT '';",
	        store_schema_4_sql,
	        "ALTER TABLE flow ADD COLUMN app_category TEXT NOT NULL DEFAULT '';"
	        "ALTER TABLE flow ADD COLUMN app_risks TEXT NOT NULL DEFAULT '';",
	        "ALTER TABLE flow ADD COLUMN related_to INTEGER NOT NULL DEFAULT 0;"
	        "ALTER TABLE flow ADD COLUMN related_port INTEGER NOT NULL DEFAULT 0;"
	        "ALTER TABLE flow ADD COLUMN related_from_outside INTEGER NOT NULL DEFAULT 0;",
	        store_schema_7_sql, store_schema_8_sql};
	char set_version[64];
	int status;

	if (version == STORE_SCHEMA_VERSION)
		return STATUS_OK;
	status = store_exec(s, "BEGIN IMMEDIATE");
	for (; status == STATUS_OK && version < STORE_SCHEMA_VERSION; version++)
		status = store_exec(s, steps[version]);
	sqlite3_snprintf(
	        sizeof(set_version), set_version, "PRAGMA user_version=%d", STORE_SCHEMA_VERSION);
	if (status == STATUS_OK)
		status = store_exec(s, set_version);
	if (status == STATUS_OK)
		status = store_exec(s, "COMMIT");
	return status;
}

/* SQLite makes every path absolute, which the inspector's user id may not be allowed to walk. This
 * VFS is the system's own but for that: a name stays relative to the working folder, which is the
 * store's. */
static int keep_relative(sqlite3_vfs *vfs, const char *name, int size, char *ret)
{
	(void)vfs;
	if ((int)strlen(name) >= size)
		return SQLITE_CANTOPEN;
	memcpy(ret, name, strlen(name) + 1);
	return SQLITE_OK;
}

static int register_relative_vfs(void)
{
	static sqlite3_vfs relative;
	sqlite3_vfs *system = sqlite3_vfs_find(NULL);

	if (sqlite3_vfs_find("exeat-relative"))
		return STATUS_OK;
	if (!system)
		return STATUS_LIBRARY;
	relative = *system;
	relative.zName = "exeat-relative";
	relative.xFullPathname = keep_relative;
	return store_status(sqlite3_vfs_register(&relative, 0));
}

/* The rollback journal needs no shared memory, and temporary tables stay in memory: nothing is
 * written outside the output folder. A new file has pages of 16 KiB: a usual page of 4 KiB holds
 * eight conversations, and every second one of them had three pages written anew. */
static const char settings[] =
        "PRAGMA page_size=16384; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;"
        " PRAGMA busy_timeout=5000; " USUAL_CACHE;

void store_usual_cache(struct store *s)
{
	sqlite3_exec(s->db, USUAL_CACHE, NULL, NULL, NULL);
}

int store_not_opened(struct store *s, int status)
{
	bool foreign = s && s->db && (sqlite3_errcode(s->db) & 0xff) == SQLITE_NOTADB;

	store_free(s);
	return status == STATUS_DAMAGED && foreign ? STATUS_MALFORMED : status;
}

int store_start_reading(struct store *s)
{
	int version = 0;
	int status = store_exec(s, settings);

	if (status == STATUS_OK)
		status = read_version(s, &version);
	/* A reader cannot bring it up to date. */
	if (status == STATUS_OK && version != STORE_SCHEMA_VERSION)
		status = version == 0 ? STATUS_MALFORMED : STATUS_MORE;
	return status;
}

int store_start_writing(struct store *s)
{
	int version = 0;
	int status = store_exec(s, settings);

	if (status == STATUS_OK)
		status = read_version(s, &version);
	/* A file without a name ends with its run: there is nothing to go back to, nor to wipe. */
	if (status == STATUS_OK)
		status = store_exec(
		        s, s->writes_fd ? "PRAGMA journal_mode=OFF; PRAGMA secure_delete=OFF"
		                        : "PRAGMA journal_mode=DELETE; PRAGMA secure_delete=ON");
	return status == STATUS_OK ? migrate(s, version) : status;
}

int store_open(struct store **ret_gives, const char *path, bool read_only)
{
	struct store *s = calloc(1, sizeof(*s));
	int flags = SQLITE_OPEN_NOMUTEX;
	int status;

	if (!s)
		return STATUS_NO_MEMORY;
	s->for_one_run = !path;
	/* No mutexes: a store is used by one thread. */
	flags |= path && read_only ? SQLITE_OPEN_READONLY
	                           : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	status = register_relative_vfs();
	if (status == STATUS_OK)
		status = store_status(sqlite3_open_v2(
		        path ? path : ":memory:", &s->db, flags, path ? "exeat-relative" : NULL));
	if (status == STATUS_OK)
		status = read_only ? store_start_reading(s) : store_start_writing(s);
	if (status != STATUS_OK)
		return store_not_opened(s, status);
	*ret_gives = s;
	return STATUS_OK;
}

struct store *store_free(struct store *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db); /* rolls back an open transaction */
	store_forget_system(s);
	free(s->hours);
	free(s->inputs);
	free(s);
	return NULL;
}

int store_begin(struct store *s)
{
	int status = store_exec(s, "BEGIN IMMEDIATE");

	if (status != STATUS_OK)
		return status;
	s->in_transaction = true;
	s->input_count = 0;
	status = store_begin_filling(s);
	if (status != STATUS_OK)
		store_abandon(s);
	return status;
}

int store_input_begin(struct store *s, uint32_t *ret_input)
{
	sqlite3_stmt *statement;
	int64_t *inputs;
	int status;

	if (s->input_count >= STORE_INPUTS_MAX)
		return STATUS_BUG;
	inputs = reallocarray(s->inputs, s->input_count + 1, sizeof(*inputs));
	if (!inputs)
		return STATUS_NO_MEMORY;
	s->inputs = inputs;
	status = store_prepare(s, STATEMENT_INPUT_ADD, &statement);
	if (status == STATUS_OK)
		status = store_run(statement);
	if (status != STATUS_OK)
		return status;
	s->inputs[s->input_count] = sqlite3_last_insert_rowid(s->db);
	*ret_input = s->input_count++;
	return STATUS_OK;
}

void store_bind_text(sqlite3_stmt *statement, int position, const char *text)
{
	sqlite3_bind_text(statement, position, text, -1, SQLITE_STATIC);
}

void store_bind_count(sqlite3_stmt *statement, int position, uint64_t count)
{
	sqlite3_bind_int64(statement, position, count > INT64_MAX ? INT64_MAX : (int64_t)count);
}

/* Hashes use all 64 bits: kept as the same bits, signed. */
static void bind_bits(sqlite3_stmt *statement, int position, uint64_t bits)
{
	sqlite3_bind_int64(statement, position, (int64_t)bits);
}

int store_input_set(struct store *s, uint32_t input, const struct store_input *i)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_INPUT_SET, &statement);

	if (status != STATUS_OK || input >= s->input_count)
		return status != STATUS_OK ? status : STATUS_BUG;
	sqlite3_bind_int64(statement, 1, s->inputs[input]);
	store_bind_text(statement, 2, i->sha256);
	store_bind_text(statement, 3, i->format);
	store_bind_text(statement, 4, i->kind);
	store_bind_count(statement, 5, i->frames);
	store_bind_count(statement, 6, i->bytes);
	store_bind_count(statement, 7, i->dropped);
	store_bind_count(statement, 8, i->cut);
	store_bind_count(statement, 9, i->filtered);
	sqlite3_bind_int64(statement, 10, i->first_ns);
	sqlite3_bind_int64(statement, 11, i->last_ns);
	store_bind_text(statement, 12, i->end);
	store_bind_text(statement, 13, i->end_reason);
	store_bind_count(statement, 14, i->end_after_frame);
	store_bind_count(statement, 15, i->unread);
	return store_run(statement);
}

static void put_u64(uint8_t *out, uint64_t value)
{
	for (int i = 7; i >= 0; i--) {
		out[i] = (uint8_t)value;
		value >>= 8;
	}
}

#define COUNTS_FIELDS 7

static void pack_counts(const struct flow_counts counts[2], uint8_t out[2 * COUNTS_FIELDS * 8])
{
	for (int d = 0; d < 2; d++) {
		const uint64_t values[COUNTS_FIELDS] = {counts[d].packets, counts[d].wire_bytes,
		        counts[d].payload_bytes, counts[d].gap_bytes, counts[d].gaps_unknown,
		        counts[d].retransmitted_bytes, counts[d].overlap_conflicts};

		for (int i = 0; i < COUNTS_FIELDS; i++)
			put_u64(out + (d * COUNTS_FIELDS + i) * 8, values[i]);
	}
}

size_t store_addr_bytes(const struct addr *a)
{
	return a->family == ADDR_IPV4 ? 4 : a->family == ADDR_IPV6 ? 16 : 0;
}

static void bind_addr(sqlite3_stmt *statement, int position, const struct addr *a)
{
	sqlite3_bind_blob(statement, position, a->bytes, (int)store_addr_bytes(a), SQLITE_STATIC);
}

/* A statement of the flow table. Most texts of most rows are blank, and stay bound from the row
 * before: a bit each. */
struct flow_row {
	sqlite3_stmt *statement;
	uint64_t *blank; /* borrows */
};

static void bind_flow_text(struct flow_row *row, int position, const char *text)
{
	const uint64_t bit = UINT64_C(1) << position;
	bool blank = text[0] == '\0';

	if (!blank || !(*row->blank & bit))
		store_bind_text(row->statement, position, blank ? "" : text);
	*row->blank = blank ? *row->blank | bit : *row->blank & ~bit;
}

static void bind_flow_tuple(struct flow_row *row, const struct store_flow *f)
{
	sqlite3_stmt *statement = row->statement;

	bind_bits(statement, 1, f->id);
	bind_addr(statement, 3, &f->tuple.src.addr);
	sqlite3_bind_int(statement, 4, f->tuple.src.port);
	bind_addr(statement, 5, &f->tuple.dst.addr);
	sqlite3_bind_int(statement, 6, f->tuple.dst.port);
	sqlite3_bind_int(statement, 7, f->tuple.protocol);
	sqlite3_bind_int(statement, 8, f->tuple.vlan);
	bind_flow_text(row, 9, f->community_id);
	sqlite3_bind_int(statement, 10, (int)f->direction);
	sqlite3_bind_int(statement, 11, f->out_index);
	bind_addr(statement, 12, &f->computer);
	bind_flow_text(row, 13, f->computer_name);
	sqlite3_bind_int64(statement, 14, f->first_ns);
	sqlite3_bind_int64(statement, 15, f->last_ns);
	store_bind_count(statement, 16, f->first_packet);
	sqlite3_bind_int(statement, 18, (int)f->end);
}

static void bind_flow_facts(struct flow_row *row, const struct store_flow *f)
{
	sqlite3_stmt *statement = row->statement;

	bind_flow_text(row, 19, f->country);
	bind_flow_text(row, 20, f->country_confidence);
	bind_flow_text(row, 21, f->organisation);
	sqlite3_bind_int64(statement, 22, f->asn);
	sqlite3_bind_int(statement, 23, f->anycast);
	bind_flow_text(row, 24, f->app);
	bind_flow_text(row, 25, f->app_confidence);
	bind_flow_text(row, 26, f->protocol);
	sqlite3_bind_int(statement, 27, f->clear);
	bind_flow_text(row, 28, f->tls_version);
	bind_flow_text(row, 29, f->cipher);
	bind_flow_text(row, 30, f->ja4);
	bind_flow_text(row, 31, f->user_agent);
	bind_flow_text(row, 32, f->process_name);
	bind_flow_text(row, 33, f->process_path);
	sqlite3_bind_int(statement, 34, f->inspected);
	bind_flow_text(row, 35, f->not_inspected_reason);
	store_bind_count(statement, 36, f->not_inspected_bytes);
	sqlite3_bind_int(statement, 37, (int)f->tier);
	store_bind_count(statement, 38, f->distinct_patients);
	sqlite3_bind_int(statement, 39, f->distinct_at_least);
	bind_flow_text(row, 40, f->service);
	bind_flow_text(row, 41, f->service_kind);
	sqlite3_bind_int(statement, 42, f->service_test);
	bind_flow_text(row, 43, f->domain);
	bind_flow_text(row, 53, f->app_category);
	bind_flow_text(row, 54, f->app_risks);
	bind_flow_text(row, 58, f->computer_name_source);
}

static void bind_flow_certificate(struct flow_row *row, const struct store_flow *f)
{
	sqlite3_stmt *statement = row->statement;
	const struct store_certificate *c = &f->certificate;

	bind_flow_text(row, 44, f->ja3);
	sqlite3_bind_int(statement, 45, c->seen);
	bind_flow_text(row, 46, c->names);
	sqlite3_bind_int64(statement, 47, c->names_left_out);
	bind_flow_text(row, 48, c->issuer);
	sqlite3_bind_int64(statement, 49, c->not_before_s);
	sqlite3_bind_int64(statement, 50, c->not_after_s);
	sqlite3_bind_int(statement, 51, c->self_signed);
	sqlite3_bind_int(statement, 52, (int)c->name_check);
}

static void bind_flow_relation(sqlite3_stmt *statement, const struct store_flow *f)
{
	bind_bits(statement, 55, f->related_to);
	sqlite3_bind_int(statement, 56, f->related_port);
	sqlite3_bind_int(statement, 57, f->related_from_outside);
}

static int add_name(struct store *s, const struct store_flow *f, unsigned position)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_NAME, &statement);

	if (status != STATUS_OK)
		return status;
	bind_bits(statement, 1, f->id);
	sqlite3_bind_int(statement, 2, (int)position);
	store_bind_text(statement, 3, f->names[position].name);
	store_bind_text(statement, 4, f->names[position].source);
	sqlite3_bind_int64(statement, 5, f->names[position].age_ns);
	return store_run(statement);
}

static int add_software(struct store *s, const struct store_flow *f, unsigned position)
{
	const struct store_software *said = &f->software[position];
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_SOFTWARE, &statement);

	if (status != STATUS_OK)
		return status;
	bind_bits(statement, 1, f->id);
	sqlite3_bind_int(statement, 2, (int)position);
	sqlite3_bind_int(statement, 3, said->sender);
	store_bind_text(statement, 4, said->source);
	store_bind_text(statement, 5, said->text);
	return store_run(statement);
}

static int write_flow_row(struct store *s, enum store_statement which, const struct store_flow *f)
{
	uint8_t counts[2 * COUNTS_FIELDS * 8];
	struct flow_row row = {.blank = &s->blank_texts[which]};
	int status = store_prepare(s, which, &row.statement);

	if (status != STATUS_OK)
		return status;
	bind_flow_tuple(&row, f);
	sqlite3_bind_int64(row.statement, 2, s->inputs[f->input]);
	pack_counts(f->counts, counts);
	sqlite3_bind_blob(row.statement, 17, counts, sizeof(counts), SQLITE_STATIC);
	bind_flow_facts(&row, f);
	bind_flow_certificate(&row, f);
	bind_flow_relation(row.statement, f);
	return store_run(row.statement);
}

int store_add_flow(struct store *s, struct store_flow *f)
{
	int status;

	if (f->input >= s->input_count)
		return STATUS_BUG;
	status = write_flow_row(s, STATEMENT_FLOW, f);
	if (status == STATUS_OK && sqlite3_changes(s->db) == 0) { /* its number is taken */
		status = store_settle_number(s, f);
		if (status == STATUS_OK)
			status = write_flow_row(s, STATEMENT_FLOW_AGAIN, f);
	}
	for (unsigned i = 0; status == STATUS_OK && i < f->name_count && i < STORE_NAMES_MAX; i++)
		status = add_name(s, f, i);
	for (unsigned i = 0; status == STATUS_OK && i < f->software_count && i < STORE_SOFTWARE_MAX;
	        i++)
		status = add_software(s, f, i);
	return status;
}

int store_add_record(struct store *s, const struct store_record *r)
{
	sqlite3_stmt *statement;
	int status = store_fill(s);

	if (status == STATUS_OK)
		status = store_prepare(s, STATEMENT_RECORD, &statement);
	if (status != STATUS_OK)
		return status;
	bind_bits(statement, 1, r->flow);
	sqlite3_bind_int64(statement, 2, r->sequence);
	sqlite3_bind_int64(statement, 3, r->hour_ns);
	store_bind_count(statement, 4, r->bytes_out);
	store_bind_count(statement, 5, r->bytes_in);
	store_bind_count(statement, 6, r->packets_out);
	store_bind_count(statement, 7, r->packets_in);
	sqlite3_bind_int(statement, 8, r->last);
	store_bind_count(statement, 9, r->gap_bytes);
	return store_run(statement);
}

int store_add_finding(struct store *s, const struct store_finding *f)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_FINDING, &statement);

	if (status != STATUS_OK)
		return status;
	bind_bits(statement, 1, f->flow);
	store_bind_text(statement, 2, f->finding.kind);
	sqlite3_bind_int(statement, 3, (int)f->finding.category);
	sqlite3_bind_int(statement, 4, (int)f->finding.class);
	sqlite3_bind_int(statement, 5, (int)f->finding.tier);
	sqlite3_bind_int(statement, 6, f->finding.metadata);
	store_bind_count(statement, 7, f->finding.count);
	store_bind_text(statement, 8, f->finding.place);
	store_bind_text(statement, 9, f->finding.mask);
	sqlite3_bind_int(statement, 10, f->finding.direction);
	sqlite3_bind_int(statement, 11, f->outward);
	sqlite3_bind_int64(statement, 12, f->first_ns);
	sqlite3_bind_int64(statement, 13, f->last_ns);
	store_bind_count(statement, 14, f->finding.packet);
	return store_run(statement);
}

int store_clear_findings(struct store *s, uint64_t flow)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_FINDINGS_CLEAR, &statement);

	if (status != STATUS_OK)
		return status;
	bind_bits(statement, 1, flow);
	return store_run(statement);
}

int store_add_tag(struct store *s, uint64_t flow, uint64_t tag)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_TAG, &statement);

	if (status != STATUS_OK)
		return status;
	bind_bits(statement, 1, flow);
	bind_bits(statement, 2, tag);
	return store_run(statement);
}

int store_add_loss(struct store *s, uint32_t input, const struct store_loss *l)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_LOSS, &statement);

	if (status != STATUS_OK || input >= s->input_count)
		return status != STATUS_OK ? status : STATUS_BUG;
	sqlite3_bind_int64(statement, 1, s->inputs[input]);
	sqlite3_bind_int64(statement, 2, l->hour_ns);
	store_bind_text(statement, 3, l->name);
	store_bind_count(statement, 4, l->count);
	return store_run(statement);
}

int store_set_meta(struct store *s, const char *key, const char *value)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_META_SET, &statement);

	if (status != STATUS_OK)
		return status;
	store_bind_text(statement, 1, key);
	store_bind_text(statement, 2, value);
	return store_run(statement);
}

int store_set_meta_bytes(struct store *s, const char *key, struct span value)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_META_SET, &statement);

	if (status != STATUS_OK)
		return status;
	store_bind_text(statement, 1, key);
	sqlite3_bind_blob64(statement, 2, value.len > 0 ? (const void *)value.data : "", value.len,
	        SQLITE_STATIC);
	return store_run(statement);
}

/* Lists the inputs of earlier runs that this run read again. A file that was named twice in this
 * run is no earlier one. */
static int list_doomed(struct store *s)
{
	char sql[320];
	int status = store_exec(s,
	        "CREATE TEMP TABLE IF NOT EXISTS doomed (id INTEGER PRIMARY KEY);"
	        "DELETE FROM doomed");

	if (status != STATUS_OK || s->input_count == 0)
		return status;
	sqlite3_snprintf(sizeof(sql), sql,
	        "INSERT INTO doomed SELECT DISTINCT old.id FROM input old JOIN input new"
	        " ON old.sha256 = new.sha256 WHERE old.sha256 <> ''"
	        " AND old.id < %lld AND new.id >= %lld",
	        (sqlite3_int64)s->inputs[0], (sqlite3_int64)s->inputs[0]);
	return store_exec(s, sql);
}

/* Earlier runs of the same inputs go, with all that belongs to them. Flows that this run saw again
 * have already replaced the earlier rows under the same id. */
static int replace_earlier_runs(struct store *s)
{
	static const char *const steps[] = {
	        "DELETE FROM name WHERE flow IN (SELECT id FROM flow WHERE input IN doomed)",
	        "DELETE FROM record WHERE flow IN (SELECT id FROM flow WHERE input IN doomed)",
	        "DELETE FROM finding WHERE flow IN (SELECT id FROM flow WHERE input IN doomed)",
	        "DELETE FROM tag WHERE flow IN (SELECT id FROM flow WHERE input IN doomed)",
	        "DELETE FROM software WHERE flow IN (SELECT id FROM flow WHERE input IN doomed)",
	        "DELETE FROM flow WHERE input IN doomed",
	        "DELETE FROM loss WHERE input IN doomed",
	        "DELETE FROM input WHERE id IN doomed",
	};
	int status = s->was_empty ? STATUS_OK : list_doomed(s);

	for (size_t i = 0; !s->was_empty && status == STATUS_OK && i < ARRAY_LEN(steps); i++)
		status = store_exec(s, steps[i]);
	return status;
}

/* A keep before may have found another writer behind its commit: then there is no transaction, and
 * each row has been committed by itself. */
static int end_transaction(struct store *s)
{
	return sqlite3_get_autocommit(s->db) ? STATUS_OK : store_exec(s, "COMMIT");
}

int store_keep(struct store *s)
{
	int status = store_end_filling(s);

	if (status == STATUS_OK)
		status = end_transaction(s);
	if (status == STATUS_OK)
		status = store_exec(s, "BEGIN IMMEDIATE");
	return status;
}

int store_commit(struct store *s)
{
	int status = replace_earlier_runs(s);

	if (status == STATUS_OK)
		status = store_end_filling(s);
	if (status == STATUS_OK)
		status = end_transaction(s);
	if (status == STATUS_OK)
		s->in_transaction = false;
	return status;
}

void store_abandon(struct store *s)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_reset(s->statements[i]);
	/* After a full disk SQLite has rolled back by itself: then there is nothing to undo. */
	if (s->in_transaction && !sqlite3_get_autocommit(s->db))
		(void)!store_exec(s, "ROLLBACK");
	s->in_transaction = s->was_empty = s->without_indexes = false;
}
