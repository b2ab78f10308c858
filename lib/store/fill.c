/* fill: an empty store is filled without the indexes that only readers ask for, which are made at
 * the end: a conversation costs a third of what it costs with them, and sorting all of them once
 * costs less than finding the place of each. One that nobody keeps, in memory or in a temporary
 * file, is read by the run that fills it, as it lies, and never needs them. */
#include "base/status.h"
#include "store/store_internal.h"

/* Those of the schema. Findings keep theirs: a flow's are found by it while the store is filled. */
#define FLOW_TIME   "flow_time ON flow (first_ns)"
#define FLOW_INPUT  "flow_input ON flow (input)"
#define FLOW_LAST   "flow_last ON flow (last_ns)"
#define RECORD_HOUR "record_hour ON record (hour_ns)"

/* An index is sorted in memory, with some 50 bytes a row. */
#define ROWS_MAX (1u << 20)

static int is_empty(struct store *s, bool *ret)
{
	static const char sql[] = "SELECT NOT EXISTS (SELECT 1 FROM input)"
	                          " AND NOT EXISTS (SELECT 1 FROM flow)"
	                          " AND NOT EXISTS (SELECT 1 FROM record)";
	sqlite3_stmt *statement = NULL;
	int status = store_status(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL));

	if (status == STATUS_OK)
		status = store_status(sqlite3_step(statement));
	*ret = status == STATUS_OK && sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return status;
}

int store_begin_filling(struct store *s)
{
	int status = is_empty(s, &s->was_empty);

	s->without_indexes = false;
	s->rows = 0;
	if (status != STATUS_OK || !s->was_empty)
		return status;
	status = store_exec(s, "DROP INDEX IF EXISTS flow_time; DROP INDEX IF EXISTS flow_input;"
	                       "DROP INDEX IF EXISTS flow_last; DROP INDEX IF EXISTS record_hour");
	s->without_indexes = status == STATUS_OK;
	return status;
}

int store_fill(struct store *s)
{
	if (!s->without_indexes || ++s->rows < ROWS_MAX)
		return STATUS_OK;
	return store_end_filling(s);
}

int store_end_filling(struct store *s)
{
	int status;

	if (!s->without_indexes || s->for_one_run)
		return STATUS_OK;
	status = store_exec(s,
	        "CREATE INDEX IF NOT EXISTS " FLOW_TIME "; CREATE INDEX IF NOT EXISTS " FLOW_INPUT
	        "; CREATE INDEX IF NOT EXISTS " FLOW_LAST
	        "; CREATE INDEX IF NOT EXISTS " RECORD_HOUR);
	s->without_indexes = status != STATUS_OK;
	return status;
}
