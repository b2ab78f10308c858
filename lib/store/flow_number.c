/* flow_number: what becomes of a conversation whose number is taken. Usually it is the same one: as
 * it was an hour ago, or as an earlier run saw it. But a number is some bits of a hash, of a time
 * that the capture tells, and both can be chosen: another conversation gets another number, so that
 * neither is lost. */
#include <string.h>

#include "base/digest.h"
#include "base/status.h"
#include "store/store_internal.h"

/* In a crafted file each more is as hard as the first was, some 2^20 hashes times as many: nobody
 * comes to the end. */
#define NUMBERS_MAX 16

enum number_state { NUMBER_FREE, NUMBER_SAME_RUN, NUMBER_EARLIER_RUN, NUMBER_OTHERS };

static bool same_bytes(sqlite3_stmt *statement, int column, const struct addr *a)
{
	const void *blob = sqlite3_column_blob(statement, column);
	size_t len = (size_t)sqlite3_column_bytes(statement, column);

	return len == store_addr_bytes(a) && (len == 0 || memcmp(blob, a->bytes, len) == 0);
}

static bool same_ends(sqlite3_stmt *statement, const struct store_flow *f)
{
	return sqlite3_column_int64(statement, 0) == f->first_ns &&
	       same_bytes(statement, 1, &f->tuple.src.addr) &&
	       sqlite3_column_int(statement, 2) == f->tuple.src.port &&
	       same_bytes(statement, 3, &f->tuple.dst.addr) &&
	       sqlite3_column_int(statement, 4) == f->tuple.dst.port &&
	       sqlite3_column_int(statement, 5) == f->tuple.protocol;
}

/* Of one input, the first packet tells one from another that began at the same time. Inputs may
 * hold the same conversation: then that of the later one counts, as it does in a later run. */
static enum number_state state_of(
        const struct store *s, sqlite3_stmt *statement, const struct store_flow *f)
{
	int64_t input = sqlite3_column_int64(statement, 6);

	if (!same_ends(statement, f))
		return NUMBER_OTHERS;
	if (input != s->inputs[f->input])
		return NUMBER_EARLIER_RUN;
	return store_read_u64(statement, 7) == f->first_packet ? NUMBER_SAME_RUN : NUMBER_OTHERS;
}

static int look_up(struct store *s, const struct store_flow *f, enum number_state *ret)
{
	sqlite3_stmt *statement;
	int status = store_prepare(s, STATEMENT_FLOW_WHO, &statement);
	int result;

	if (status != STATUS_OK)
		return status;
	sqlite3_bind_int64(statement, 1, (int64_t)f->id);
	result = sqlite3_step(statement);
	*ret = result == SQLITE_ROW ? state_of(s, statement, f) : NUMBER_FREE;
	sqlite3_reset(statement);
	return store_status(result);
}

/* The same in every run of the same input. */
static int choose_another(struct store_flow *f)
{
	const uint64_t parts[] = {f->id, f->first_packet};
	uint8_t digest[DIGEST_SHA256_BYTES];
	struct cursor c = cursor_open_bytes(digest, sizeof(digest));
	int status = digest_sha256(span_of((const void *)parts, sizeof(parts)), digest);

	if (status == STATUS_OK)
		f->id = f->id >> (64 - FLOW_ID_TIME_BITS) << (64 - FLOW_ID_TIME_BITS) |
		        cursor_u64be(&c) >> FLOW_ID_TIME_BITS;
	if (f->id == 0)
		f->id = 1;
	return status;
}

static int clear_belongings(struct store *s, uint64_t id)
{
	static const char *const children[] = {"name", "record", "finding", "tag", "software"};
	char sql[96];
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < ARRAY_LEN(children); i++) {
		sqlite3_snprintf(sizeof(sql), sql, "DELETE FROM %s WHERE flow=%lld", children[i],
		        (sqlite3_int64)id);
		status = store_exec(s, sql);
	}
	return status;
}

int store_settle_number(struct store *s, struct store_flow *f)
{
	enum number_state state = NUMBER_OTHERS;
	int status = STATUS_OK;

	for (int i = 0; i < NUMBERS_MAX; i++) {
		status = look_up(s, f, &state);
		if (status != STATUS_OK || state != NUMBER_OTHERS)
			break;
		status = choose_another(f);
		if (status != STATUS_OK)
			break;
	}
	if (status != STATUS_OK)
		return status;
	if (state == NUMBER_EARLIER_RUN)
		return clear_belongings(s, f->id);
	return state == NUMBER_OTHERS ? STATUS_LIMIT : STATUS_OK;
}
