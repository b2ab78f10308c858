/* sql: statements of SQL: dumps of databases, scripts, and what clients send to servers. Rows that
 * are brought (INSERT … VALUES, COPY … FROM stdin) become cells of a table under their columns'
 * names, one table for all statements in a row that name the same; all else is running text.
 *
 * Sources: see sql_head.h and sql_row.c. The columns of the last CREATE TABLE are those of an
 * INSERT that names none. A backslash escapes where names stand in grave accents (MySQL). Nothing
 * is held but the head of a statement; a statement ends at its semicolon or at the end of a line
 * outside of quotation marks, whichever comes first. */
#include "decode/sql.h"

#include <string.h>

#include "base/fnv.h"
#include "base/status.h"
#include "decode/sql_head.h"

#define COMMENT_LINE  '-'
#define COMMENT_BLOCK '*'

static bool is_declared(const struct content *c)
{
	return strcmp(c->type, "application/sql") == 0 || strcmp(c->type, "text/x-sql") == 0 ||
	       strcmp(c->extension, "sql") == 0;
}

static enum probe_answer sql_probe(const struct probe *p)
{
	bool end = p->end || p->head.len >= DECODE_PROBE_BYTES_MAX;
	int status;

	if (p->head.len > 0 && memchr(p->head.data, 0, p->head.len))
		return PROBE_NO;
	if (is_declared(p->env->content))
		return p->head.len > 0 ? PROBE_YES : PROBE_MORE;
	status = sql_probe_text(p->head, end);
	if (status == STATUS_MORE)
		return PROBE_MORE;
	return status > 0 ? PROBE_YES : PROBE_NO;
}

static int sql_open(void *state, const struct decode_env *env)
{
	struct sql *s = state;

	s->env = env;
	s->mode = MODE_STATEMENT;
	s->nibble = 16;
	rowset_init(&s->rows, env->budget);
	db_value_init(&s->value, env->budget);
	return STATUS_OK;
}

static void sql_close(void *state)
{
	struct sql *s = state;

	rowset_free(&s->rows);
	db_value_free(&s->value);
}

/* ---- running text ---- */

static void text_piece(struct sql *s, struct span bytes, bool last, struct decode_out *out)
{
	struct field field = {
	        .kind = FIELD_TEXT,
	        .bytes = bytes,
	        .first = !s->text_begun,
	        .last = last,
	};

	decode_field(out, &field, "");
	s->text_begun = !last;
}

static void text_open(struct sql *s, struct decode_out *out)
{
	rowset_end(&s->rows, out);
	if (!s->text_open)
		decode_begin(out, CARRIER_DATABASE, span_of_text("sql"), "");
	s->text_open = true;
}

static void text_close(struct sql *s, struct decode_out *out)
{
	if (s->text_begun)
		text_piece(s, span_of(NULL, 0), true, out);
	if (s->text_open)
		decode_end(out);
	s->text_open = false;
}

/* Quotation marks and comments of one byte. True when a statement may end behind it. */
static bool follow(struct sql *s, uint8_t byte)
{
	uint8_t before = s->before;

	s->before = byte;
	switch (s->quote) {
	case 0:
		if (byte == '\'' || byte == '"' || byte == '`')
			s->quote = byte;
		else if (byte == '-' && before == '-')
			s->quote = COMMENT_LINE;
		else if (byte == '*' && before == '/')
			s->quote = COMMENT_BLOCK;
		s->backslashes = s->backslashes || byte == '`';
		return byte == ';' || byte == '\n';
	case COMMENT_LINE:
		if (byte == '\n')
			s->quote = 0;
		return byte == '\n';
	case COMMENT_BLOCK:
		if (byte == '/' && before == '*')
			s->quote = 0;
		return false;
	default:
		if (byte == s->quote && !(s->backslashes && before == '\\'))
			s->quote = 0;
		if (byte == '\\' && before == '\\')
			s->before = 0;
		return false;
	}
}

/* Rows, or their columns, may begin with it. */
static bool may_begin_rows(uint8_t byte)
{
	return memchr("IiRrCcGg \t\r\n", byte, 12) != NULL;
}

static int text_step(struct sql *s, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_slice(span_of(c->at, cursor_left(c)), 0, DECODE_PIECE_BYTES_MAX);
	size_t len = 0;

	text_open(s, out);
	while (len < rest.len) {
		if (!follow(s, rest.data[len++]) || len < s->inside)
			continue;
		if (len < rest.len && !may_begin_rows(rest.data[len]))
			continue;
		s->mode = MODE_STATEMENT;
		break;
	}
	text_piece(s, span_slice(rest, 0, len), false, out);
	cursor_skip(c, len);
	s->text_bytes += len;
	s->inside -= len < s->inside ? len : s->inside;
	return STATUS_ITEM;
}

/* ---- statements ---- */

/* The columns that a list names, or those of a table that has just been created. */
static int take_columns(struct sql *s, const struct sql_head *head, struct decode_out *out)
{
	struct span list = head->columns, name;
	int status = STATUS_OK;

	rowset_clear(&s->rows);
	s->table = head->table;
	s->named = fnv_span(FNV_BASIS, head->columns);
	while (status == STATUS_OK && s->rows.count < ROWSET_COLUMNS_MAX &&
	        sql_next_column(&list, head->kind == SQL_CREATE, &name))
		status = rowset_add(&s->rows, (struct rowset_column){0}, name, out);
	return status;
}

static bool same_table(const struct sql *s, const struct sql_head *head)
{
	if (s->table != head->table)
		return false;
	return head->columns.len == 0 || s->named == fnv_span(FNV_BASIS, head->columns);
}

/* A statement that brings rows, or says what columns a table has. */
static int table_head(
        struct sql *s, struct cursor *c, const struct sql_head *head, struct decode_out *out)
{
	int status = STATUS_OK;

	if (!same_table(s, head) || head->kind == SQL_CREATE || s->text_open) {
		rowset_end(&s->rows, out);
		text_close(s, out);
		if (decode_room(out) < DECODE_QUEUE_OPS)
			return STATUS_MORE; /* names of columns may be under way */
		if (!same_table(s, head) || head->kind == SQL_CREATE)
			status = take_columns(s, head, out);
	}
	if (status != STATUS_OK)
		return status;
	s->quote = 0;
	s->before = 0;
	s->mode = head->kind == SQL_COPY     ? MODE_COPY
	          : head->kind == SQL_INSERT ? MODE_ROWS
	                                     : MODE_TEXT;
	s->line_begun = false;
	if (head->kind == SQL_CREATE)
		s->inside = head->len;
	else
		cursor_skip(c, head->len);
	return STATUS_ITEM;
}

static bool is_between(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == ';';
}

/* The head at the front: STATUS_ITEM, or STATUS_MORE. One that is not whole is looked at again
 * when an eighth more of it is there. */
static int look(
        struct sql *s, struct span rest, bool last, struct sql_head *ret, struct decode_out *out)
{
	uint64_t most = SQL_VAIN_BYTES_MAX + SQL_VAIN_TIMES * s->text_bytes;

	*ret = (struct sql_head){.kind = SQL_OTHER};
	if (s->vain_bytes > most) {
		decode_count_limit(out);
		return STATUS_ITEM;
	}
	rest = span_slice(rest, 0, SQL_HEAD_BYTES_MAX);
	if (!last && rest.len < SQL_HEAD_BYTES_MAX && rest.len < s->looked + s->looked / 8)
		return STATUS_MORE;
	s->looked = rest.len;
	if (sql_head_read(rest, last && rest.len < SQL_HEAD_BYTES_MAX, ret) == STATUS_MORE)
		return STATUS_MORE;
	s->looked = 0;
	if (ret->kind == SQL_OTHER)
		s->vain_bytes += ret->len;
	return STATUS_ITEM;
}

static int statement_step(struct sql *s, struct cursor *c, bool last, struct decode_out *out)
{
	struct span rest = span_of(c->at, cursor_left(c));
	struct sql_head head;
	size_t len = 0;

	while (len < rest.len && is_between(rest.data[len]))
		len++;
	if (len > 0) { /* between texts this is part of them */
		if (s->text_begun)
			text_piece(s,
			        span_slice(rest, 0,
			                len < DECODE_PIECE_BYTES_MAX ? len
			                                             : DECODE_PIECE_BYTES_MAX),
			        false, out);
		cursor_skip(c, s->text_begun && len > DECODE_PIECE_BYTES_MAX
		                       ? DECODE_PIECE_BYTES_MAX
		                       : len);
		return STATUS_ITEM;
	}
	if (!may_begin_rows(rest.data[0])) {
		s->mode = MODE_TEXT;
		return STATUS_ITEM;
	}
	if (look(s, rest, last, &head, out) == STATUS_MORE)
		return STATUS_OK;
	s->backslashes = s->backslashes || head.graves;
	if (head.kind == SQL_GO && s->rows.open) {
		cursor_skip(c, head.len);
		return STATUS_ITEM;
	}
	if (head.kind != SQL_OTHER && head.kind != SQL_GO)
		return table_head(s, c, &head, out);
	s->mode = MODE_TEXT;
	return STATUS_ITEM;
}

/* ---- reading ---- */

/* What an escape stood for goes before all else. */
static int tell_plain(struct sql *s, struct decode_out *out)
{
	struct cursor plain = cursor_open(
	        span_of(s->plain + s->plain_at, s->plain_len - s->plain_at));
	int status = db_value_feed(&s->value, &plain, out);

	s->plain_at = s->plain_len - cursor_left(&plain);
	return status == STATUS_OK ? STATUS_ITEM : status;
}

static int sql_step(struct sql *s, struct cursor *c, bool last, struct decode_out *out)
{
	if (decode_room(out) < SQL_ROOM)
		return STATUS_MORE;
	if (s->plain_at < s->plain_len)
		return tell_plain(s, out);
	if (s->mode >= MODE_ROWS && s->mode < MODE_COPY)
		return sql_row_step(s, c, last, out);
	if (cursor_left(c) == 0 && last && s->value_open) {
		int status = sql_value_end(s, out);

		return status == STATUS_OK ? STATUS_ITEM : status;
	}
	if (cursor_left(c) == 0)
		return STATUS_OK;
	if (s->mode >= MODE_COPY)
		return sql_copy_step(s, c, out);
	return s->mode == MODE_TEXT ? text_step(s, c, out) : statement_step(s, c, last, out);
}

static int sql_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct sql *s = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM)
		status = sql_step(s, &c, in->last, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_OK && in->last && cursor_left(&c) == 0) {
		rowset_end(&s->rows, out);
		text_close(s, out);
	}
	return status;
}

/* What follows may be anywhere in a statement: it is text up to the next one. */
static int sql_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct sql *s = state;

	(void)missing_bytes;
	decode_unread(out, before.len, STREAM_GAP);
	db_value_abandon(&s->value, STREAM_GAP, out);
	s->value_open = false;
	rowset_end(&s->rows, out);
	if (s->text_begun)
		text_piece(s, span_of(NULL, 0), true, out);
	s->plain_at = s->plain_len = 0;
	s->looked = s->inside = 0;
	s->line_begun = false;
	s->quote = 0;
	s->before = 0;
	if (s->mode != MODE_COPY && s->mode != MODE_COPY_ESCAPED)
		s->mode = MODE_TEXT;
	return STATUS_OK;
}

const struct decoder decoder_sql = {
        .name = "sql",
        .clear = true,
        .state_bytes = sizeof(struct sql),
        .probe = sql_probe,
        .open = sql_open,
        .feed = sql_feed,
        .gap = sql_gap,
        .close = sql_close,
};
