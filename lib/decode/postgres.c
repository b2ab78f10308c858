/* postgres: the protocol of PostgreSQL between a client and its server, version 3.
 *
 * Source: PostgreSQL 15 documentation, chapter 55 "Frontend/Backend Protocol": a first message
 * without a type, then a type, a length and what belongs to it. Texts of SQL are read as such
 * (sql.c), parameters and answers in text form as values, rows as a table, and what COPY carries
 * as a file. Of passwords nothing is put out; values in binary form are read when they are
 * documents, or short texts. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "decode/db_value.h"
#include "decode/postgres.h"
#include "decode/rowset.h"

#define UNIT_BYTES_MAX 65536u /* a name, a description of a column, a remark */
#define POSTGRES_ROOM  8
#define REQUEST_PLACE  "database request"
#define ANSWER_PLACE   "database answer"
#define NO_VALUE       0xffffffffu

enum postgres_phase {
	AT_START, /* a client's first message */
	AT_MESSAGE,
	IN_MESSAGE, /* at a part of it */
	IN_TEXT,    /* of SQL, up to its closing zero */
	IN_VALUE,   /* of left_value bytes */
	IN_REST,    /* which says nothing */
};

/* Parts of the message that come one after the other. */
enum postgres_part { PART_FIRST, PART_COUNT, PART_FORMATS, PART_VALUES, PART_DONE };

struct postgres {
	const struct decode_env *env;
	enum postgres_phase phase;
	enum postgres_part part;
	bool server;
	bool asked_tls; /* and waits for an answer */
	bool tls;       /* agreed on */
	bool open;      /* a message of ours that is no table */
	bool copying;   /* the file of COPY is open */
	bool binary;    /* the values that follow are in binary form */
	bool lost;      /* after a gap: looks for a message */
	uint8_t type;
	enum stream_end rest; /* why the rest is not read; STREAM_COMPLETE: it says nothing */
	uint32_t left_bytes;  /* of the message */
	uint32_t left_value;  /* of the value */
	uint32_t count;       /* parts left: columns, formats, parameters */
	struct rowset rows;
	struct db_value value;
};

/* ---- life ---- */

static int postgres_open(void *state, const struct decode_env *env)
{
	struct postgres *g = state;

	g->env = env;
	g->server = env->direction == 1;
	g->phase = AT_START;
	rowset_init(&g->rows, env->budget);
	db_value_init(&g->value, env->budget);
	return STATUS_OK;
}

static void postgres_close(void *state)
{
	struct postgres *g = state;

	rowset_free(&g->rows);
	db_value_free(&g->value);
}

/* ---- messages of ours ---- */

static void said(struct postgres *g, struct decode_out *out)
{
	rowset_end(&g->rows, out);
	if (g->copying)
		decode_child_close(out, STREAM_COMPLETE);
	if (g->open)
		decode_end(out);
	g->open = g->copying = false;
}

static void say(struct postgres *g, const char *name, struct decode_out *out)
{
	said(g, out);
	decode_begin(out, CARRIER_DATABASE, span_of_text(name),
	        g->server ? ANSWER_PLACE : REQUEST_PLACE);
	g->open = true;
	g->value.nested = 0;
}

/* Up to a zero, which is taken too; without one the cursor fails. */
static struct span string_of(struct cursor *c)
{
	struct span rest = span_of(c->at, cursor_left(c));
	size_t len = span_find_byte(rest, 0);
	struct span text = cursor_span(c, len == SIZE_MAX ? rest.len + 1 : len);

	cursor_skip(c, 1);
	return text;
}

/* ---- what stands whole in the input ---- */

/* Names and values of the first message, behind its version. */
static void read_startup(struct postgres *g, struct cursor c, struct decode_out *out)
{
	static const struct {
		const char *name, *label;
		enum field_role role;
	} known[] = {
	        {"user", "login", ROLE_CONTENT},
	        {"database", "database", ROLE_CONTENT},
	        {"application_name", "program", ROLE_SOFTWARE},
	};

	say(g, "login", out);
	while (cursor_left(&c) > 1 && decode_room(out) > 2) {
		struct span name = string_of(&c), value = string_of(&c);

		if (cursor_failed(&c)) {
			decode_count_malformed(out);
			break;
		}
		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			if (span_equal_text(name, known[i].name))
				db_tell(out, known[i].role, known[i].label, value);
	}
	said(g, out);
}

/* Errors and remarks: a letter and a text each; M is what is said, D and W may quote values. */
static void read_remark(struct postgres *g, struct cursor c, struct decode_out *out)
{
	say(g, "message", out);
	while (cursor_left(&c) > 1 && decode_room(out) > 2) {
		uint8_t what = cursor_u8(&c);
		struct span text = string_of(&c);

		if (cursor_failed(&c)) {
			decode_count_malformed(out);
			break;
		}
		if (what == 'M' || what == 'D' || what == 'W')
			db_tell(out, ROLE_CONTENT, "message", text);
	}
	if (cursor_left(&c) > 1) {
		decode_unread(out, cursor_left(&c), STREAM_LIMIT);
		decode_count_limit(out);
	}
	said(g, out);
}

/* What one client lets others know: who does, under what name, and what. */
static void read_notice(struct postgres *g, struct cursor c, struct decode_out *out)
{
	cursor_skip(&c, 4);
	(void)string_of(&c);
	say(g, "notice", out);
	db_tell(out, ROLE_CONTENT, "notice", string_of(&c));
	said(g, out);
}

static void read_setting(struct postgres *g, struct cursor c, struct decode_out *out)
{
	struct span name = string_of(&c), value = string_of(&c);

	if (cursor_failed(&c) || !span_equal_text(name, "server_version"))
		return;
	say(g, "setting", out);
	db_tell(out, ROLE_SOFTWARE, "server_version", value);
	said(g, out);
}

/* ---- values ---- */

static enum db_form form_of(const struct postgres *g)
{
	return g->binary ? DB_BINARY : DB_UTF8;
}

static void next_value(struct postgres *g)
{
	if (g->server)
		g->rows.column++;
	g->count--;
	g->phase = IN_MESSAGE;
}

/* The length of a value, and all of it when that is short. */
static int value_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c;
	uint32_t len = cursor_u32be(&next);
	int status;

	if (g->left_bytes < 4)
		return STATUS_MALFORMED; /* more values are announced than there are */
	if (cursor_failed(&next))
		return STATUS_OK;
	if (len != NO_VALUE && len > g->left_bytes - 4)
		return STATUS_MALFORMED;
	if (g->server) {
		struct rowset_column column = rowset_column(&g->rows, g->rows.column);

		g->binary = column.flags;
		g->value.field = rowset_field(&g->rows);
		rowset_place(&g->rows, g->value.place);
	} else {
		g->value.field = (struct field){.first = true, .last = true};
		text_copy(g->value.place, sizeof(g->value.place), "parameter");
	}
	if (len != NO_VALUE && len > db_value_whole_max(form_of(g))) {
		db_value_begin(&g->value, form_of(g));
		g->left_value = len;
		g->left_bytes -= 4;
		g->phase = IN_VALUE;
		*c = next;
		return STATUS_ITEM;
	}
	if (len == NO_VALUE)
		len = 0;
	if (cursor_left(&next) < len)
		return STATUS_OK;
	status = db_value_whole(&g->value, form_of(g), cursor_span(&next, len), out);
	if (status != STATUS_OK)
		return status;
	*c = next;
	g->left_bytes -= 4 + len;
	next_value(g);
	return STATUS_ITEM;
}

/* Bytes of a text or a value as they come. */
static int stream_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < g->left_value ? cursor_left(c) : g->left_value;
	struct cursor part = cursor_open(span_of(c->at, len));
	int status;

	if (len == 0 && g->left_value > 0)
		return STATUS_OK;
	status = db_value_feed(&g->value, &part, out);
	len -= cursor_left(&part);
	cursor_skip(c, len);
	g->left_value -= (uint32_t)len;
	g->left_bytes -= (uint32_t)len;
	if (status != STATUS_OK)
		return status;
	if (g->left_value > 0)
		return STATUS_ITEM;
	status = db_value_end(&g->value, STREAM_COMPLETE, out);
	if (status != STATUS_OK)
		return status;
	if (g->phase == IN_VALUE)
		next_value(g);
	else
		g->phase = IN_REST;
	return STATUS_ITEM;
}

/* ---- messages in parts ---- */

/* A text of SQL begins: all of the message but its zero, and what stands behind that in Parse. */
static int begin_sql(struct postgres *g, struct decode_out *out)
{
	say(g, g->type == 'Q' ? "query" : "parse", out);
	g->value.field = (struct field){.first = true, .last = true};
	g->value.place[0] = '\0';
	db_value_begin(&g->value, DB_SQL);
	g->phase = IN_TEXT;
	return STATUS_ITEM;
}

static int sql_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_slice(span_of(c->at, cursor_left(c)), 0, g->left_bytes);
	size_t end = span_find_byte(rest, 0);
	size_t len = end == SIZE_MAX ? rest.len : end;
	struct cursor part = cursor_open(span_slice(rest, 0, len));
	int status = db_value_feed(&g->value, &part, out);

	len -= cursor_left(&part);
	cursor_skip(c, len);
	g->left_bytes -= (uint32_t)len;
	if (status == STATUS_OK && end == SIZE_MAX && g->left_bytes > 0)
		return rest.len > 0 ? STATUS_ITEM : STATUS_OK;
	if (status == STATUS_OK)
		status = db_value_end(&g->value, STREAM_COMPLETE, out);
	if (status != STATUS_OK)
		return status;
	g->phase = IN_REST;
	return STATUS_ITEM;
}

/* Takes so many bytes of the message when they are all there. */
static bool take(struct postgres *g, struct cursor *c, const struct cursor *behind)
{
	size_t len = cursor_left(c) - cursor_left(behind);

	if (cursor_failed(behind) || len > g->left_bytes)
		return false;
	*c = *behind;
	g->left_bytes -= (uint32_t)len;
	return true;
}

/* More is needed, unless the message has no more. */
static int short_of(const struct postgres *g, const struct cursor *c)
{
	return cursor_left(c) >= g->left_bytes || cursor_left(c) >= UNIT_BYTES_MAX
	               ? STATUS_MALFORMED
	               : STATUS_OK;
}

/* RowDescription: a name, table, column, type, its length and modifier, and the form. */
static int column_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c;
	struct rowset_column column = {0};
	struct span name = string_of(&next);
	int status;

	cursor_skip(&next, 16);
	column.flags = cursor_u16be(&next) == 1;
	if (!take(g, c, &next))
		return short_of(g, c);
	status = rowset_add(&g->rows, column, name, out);
	g->count--;
	return status == STATUS_OK ? STATUS_ITEM : status;
}

static int columns_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c;

	if (g->part != PART_FIRST) {
		if (g->count > 0)
			return column_step(g, c, out);
		g->phase = IN_REST;
		return STATUS_ITEM;
	}
	said(g, out);
	if (decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE; /* names of columns may be under way */
	g->count = cursor_u16be(&next);
	if (!take(g, c, &next))
		return short_of(g, c);
	if (g->count > ROWSET_COLUMNS_MAX)
		return STATUS_LIMIT;
	rowset_clear(&g->rows);
	g->part = PART_VALUES;
	return STATUS_ITEM;
}

static int row_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c;

	if (g->part != PART_FIRST) {
		if (g->count > 0)
			return value_step(g, c, out);
		g->phase = IN_REST;
		return STATUS_ITEM;
	}
	g->count = cursor_u16be(&next);
	if (!take(g, c, &next))
		return short_of(g, c);
	if (!g->rows.open) {
		said(g, out);
		g->value.nested = 0;
	}
	rowset_row(&g->rows, out, ANSWER_PLACE);
	g->part = PART_VALUES;
	return STATUS_ITEM;
}

/* Bind: portal, statement, forms of the values, values, forms of the answer. When forms differ
 * from each other, all are taken for binary: those are read when they are documents. */
static int bind_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c;

	switch (g->part) {
	case PART_FIRST:
		(void)string_of(&next);
		(void)string_of(&next);
		g->count = cursor_u16be(&next);
		if (!take(g, c, &next))
			return short_of(g, c);
		g->binary = false;
		g->part = PART_FORMATS;
		return STATUS_ITEM;
	case PART_FORMATS:
		if (g->count > 0) {
			bool binary = cursor_u16be(&next) == 1;

			if (!take(g, c, &next))
				return short_of(g, c);
			g->binary = g->binary || binary;
			g->count--;
			return STATUS_ITEM;
		}
		g->part = PART_COUNT;
		return STATUS_ITEM;
	case PART_COUNT:
		g->count = cursor_u16be(&next);
		if (!take(g, c, &next))
			return short_of(g, c);
		say(g, "bind", out);
		g->part = PART_VALUES;
		return STATUS_ITEM;
	default:
		if (g->count > 0)
			return value_step(g, c, out);
		said(g, out);
		g->phase = IN_REST;
		return STATUS_ITEM;
	}
}

/* The file that COPY sends or brings. */
static int copy_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	struct span part = cursor_span(
	        c, cursor_left(c) < g->left_bytes ? cursor_left(c) : g->left_bytes);

	if (!g->copying) {
		struct content content = {.type = ""};

		if (!g->open)
			say(g, "copy", out);
		text_copy(content.place, sizeof(content.place), "table's file");
		decode_child_open(out, &content);
		g->copying = true;
	}
	if (part.len > 0)
		decode_child_bytes(out, part);
	g->left_bytes -= (uint32_t)part.len;
	if (g->left_bytes == 0)
		g->phase = AT_MESSAGE;
	return part.len > 0 || g->left_bytes == 0 ? STATUS_ITEM : STATUS_OK;
}

/* One of the messages that are read when they are whole. */
static int whole_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	struct cursor body = cursor_open(span_of(c->at, cursor_left(c)));

	if (g->left_bytes > UNIT_BYTES_MAX)
		return STATUS_LIMIT;
	if (cursor_left(c) < g->left_bytes)
		return STATUS_OK;
	if (decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE;
	body = cursor_sub(&body, g->left_bytes);
	if (g->type == 'S')
		read_setting(g, body, out);
	else if (g->type == 'A')
		read_notice(g, body, out);
	else
		read_remark(g, body, out);
	g->phase = IN_REST;
	return STATUS_ITEM;
}

static int server_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	switch (g->type) {
	case 'T':
		return columns_step(g, c, out);
	case 'D':
		return row_step(g, c, out);
	case 'd':
		return copy_step(g, c, out);
	case 'A':
	case 'E':
	case 'N':
	case 'S':
		return whole_step(g, c, out);
	case 'C':
	case 'Z':
	case 'c':
		said(g, out);
		break;
	case 'V': /* what a function gives back: the large objects' among them */
		g->rest = STREAM_UNKNOWN;
		break;
	default: /* logins, states, descriptions of parameters */
		break;
	}
	g->phase = IN_REST;
	return STATUS_ITEM;
}

static int client_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c;

	switch (g->type) {
	case 'P':
		(void)string_of(&next);
		if (!take(g, c, &next))
			return short_of(g, c);
		return begin_sql(g, out);
	case 'Q':
		return begin_sql(g, out);
	case 'B':
		return bind_step(g, c, out);
	case 'd':
		return copy_step(g, c, out);
	case 'c':
	case 'f':
		said(g, out);
		break;
	case 'F': /* a function's arguments: the large objects' among them */
		g->rest = STREAM_UNKNOWN;
		break;
	default: /* passwords, names of statements */
		break;
	}
	g->phase = IN_REST;
	return STATUS_ITEM;
}

/* ---- reading ---- */

static void lose(struct postgres *g, enum stream_end why, struct decode_out *out)
{
	db_value_abandon(&g->value, why, out);
	said(g, out);
	g->rest = why;
	g->phase = IN_REST;
}

static int rest_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < g->left_bytes ? cursor_left(c) : g->left_bytes;

	if (g->rest != STREAM_COMPLETE)
		decode_unread(out, len, g->rest);
	cursor_skip(c, len);
	g->left_bytes -= (uint32_t)len;
	if (g->left_bytes > 0)
		return STATUS_OK;
	if (!g->server && g->type != 'd')
		said(g, out);
	g->phase = AT_MESSAGE;
	return STATUS_ITEM;
}

/* A client's first message; after a capture that begins later, one with a type. */
static int start_step(struct postgres *g, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c;
	uint32_t len = cursor_u32be(&next), code = cursor_u32be(&next);

	if (g->server || cursor_peek(c, 0) != 0) {
		g->phase = AT_MESSAGE;
		return STATUS_ITEM;
	}
	if (cursor_failed(&next) || (len <= POSTGRES_STARTUP_BYTES_MAX && cursor_left(c) < len))
		return STATUS_OK;
	if (decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE;
	if (len < 8 || len > POSTGRES_STARTUP_BYTES_MAX)
		return STATUS_MALFORMED;
	if (code == POSTGRES_VERSION_3) {
		read_startup(g, cursor_sub(&next, len - 8), out);
		g->phase = AT_MESSAGE;
	}
	g->asked_tls = code == POSTGRES_CODE_TLS || code == POSTGRES_CODE_GSS;
	cursor_skip(c, len);
	return STATUS_ITEM;
}

/* The server's one letter; whether encryption follows is then seen from its first byte. */
static bool is_tls_answer(const struct postgres *g, const struct cursor *c)
{
	const struct postgres *peer = g->env->peer;
	int first = cursor_peek(c, 0);

	return g->server && peer && peer->asked_tls && !g->tls &&
	       (first == 'S' || first == 'N' || first == 'G') &&
	       (cursor_left(c) == 1 || cursor_peek(c, 1) != 0);
}

static int message_step(struct postgres *g, struct cursor *c, size_t at, struct decode_out *out)
{
	struct cursor next = *c;
	int first = cursor_peek(c, 0);
	uint32_t len;

	if (first == POSTGRES_TLS_HANDSHAKE && !g->lost) {
		if (cursor_left(c) > 1 && cursor_peek(c, 1) == 3)
			decode_upgrade(out, "tls", at);
		if (cursor_left(c) == 1 || cursor_peek(c, 1) == 3)
			return STATUS_OK;
	}
	if (is_tls_answer(g, c)) {
		g->tls = first == 'S';
		cursor_skip(c, 1);
		return STATUS_ITEM;
	}
	g->type = cursor_u8(&next);
	len = cursor_u32be(&next);
	if (!(g->server ? postgres_is_backend(g->type) : postgres_is_frontend(g->type)) ||
	        (!cursor_failed(&next) && (len < 4 || len > POSTGRES_MESSAGE_BYTES_MAX))) {
		if (!g->lost)
			decode_count_malformed(out);
		g->lost = true;
		decode_unread(out, 1, STREAM_GAP);
		cursor_skip(c, 1);
		return STATUS_ITEM;
	}
	if (cursor_failed(&next))
		return STATUS_OK;
	*c = next;
	g->lost = false;
	g->left_bytes = len - 4;
	g->part = PART_FIRST;
	g->rest = STREAM_COMPLETE;
	g->phase = IN_MESSAGE;
	return STATUS_ITEM;
}

static int step(struct postgres *g, struct cursor *c, size_t at, struct decode_out *out)
{
	int status;

	if (decode_room(out) < POSTGRES_ROOM)
		return STATUS_MORE;
	switch (g->phase) {
	case AT_START:
		return cursor_left(c) > 0 ? start_step(g, c, out) : STATUS_OK;
	case AT_MESSAGE:
		return cursor_left(c) > 0 ? message_step(g, c, at, out) : STATUS_OK;
	case IN_TEXT:
		return sql_step(g, c, out);
	case IN_VALUE:
		return stream_step(g, c, out);
	case IN_REST:
		return rest_step(g, c, out);
	default:
		break;
	}
	status = g->server ? server_step(g, c, out) : client_step(g, c, out);
	if (status != STATUS_MALFORMED && status != STATUS_LIMIT)
		return status;
	if (status == STATUS_MALFORMED)
		decode_count_malformed(out);
	else
		decode_count_limit(out);
	lose(g, status == STATUS_LIMIT ? STREAM_LIMIT : STREAM_MALFORMED, out);
	return STATUS_ITEM;
}

static int postgres_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct postgres *g = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM)
		status = step(g, &c, in->bytes.len - cursor_left(&c), out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status != STATUS_OK || !in->last)
		return status;
	if (g->phase == IN_TEXT || g->phase == IN_VALUE)
		status = db_value_end(&g->value, STREAM_TRUNCATED, out);
	if (status == STATUS_OK && g->phase > AT_MESSAGE)
		decode_stop(out, in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end);
	return status;
}

/* The message that the gap lies in is lost. What follows is looked through for one when nobody
 * knows how long the gap is, or it reaches further. */
static int postgres_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct postgres *g = state;
	bool inside = g->phase > AT_MESSAGE && missing_bytes > 0 &&
	              before.len + missing_bytes <= g->left_bytes;

	decode_unread(out, before.len, STREAM_GAP);
	if (g->phase > AT_MESSAGE)
		db_value_abandon(&g->value, STREAM_GAP, out);
	if (inside && g->type == 'd' && g->copying) {
		decode_child_gap(out, missing_bytes);
		g->left_bytes -= (uint32_t)(before.len + missing_bytes);
		return STATUS_OK;
	}
	said(g, out);
	if (inside) {
		g->left_bytes -= (uint32_t)(before.len + missing_bytes);
		g->rest = STREAM_GAP;
		g->phase = IN_REST;
		return STATUS_OK;
	}
	g->phase = AT_MESSAGE;
	g->lost = true;
	return STATUS_OK;
}

const struct decoder decoder_postgres = {
        .name = "postgres",
        .protocol = "postgresql",
        .clear = true,
        .state_bytes = sizeof(struct postgres),
        .probe = postgres_probe,
        .open = postgres_open,
        .feed = postgres_feed,
        .gap = postgres_gap,
        .close = postgres_close,
};
