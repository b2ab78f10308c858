/* mysql_client: what a client of MySQL says: its login, and commands.
 *
 * Source: MySQL internals, "Client/Server Protocol": HandshakeResponse41, SSLRequest, COM_QUERY,
 * COM_STMT_PREPARE, COM_STMT_EXECUTE, COM_STMT_SEND_LONG_DATA, LOCAL INFILE. Of what proves who
 * somebody is nothing is put out. */
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "decode/mysql.h"

#define LOGIN_FIXED_BYTES  32u
#define CAN_DATABASE       0x00000008u
#define CAN_COMPRESS       0x04000020u /* zlib, Zstandard */
#define CAN_TLS            0x00000800u
#define CAN_SECURE         0x00008000u
#define CAN_PLUGIN         0x00080000u
#define CAN_ATTRIBUTES     0x00100000u
#define CAN_LONG_PROOF     0x00200000u
#define EXECUTE_HEAD_BYTES 10u /* command, statement, flags, iterations */
#define PARAM_CHARS        64

/* Up to a zero, which is taken too. */
static struct span string_of(struct cursor *c)
{
	struct span rest = span_of(c->at, cursor_left(c));
	size_t len = span_find_byte(rest, 0);
	struct span text = cursor_span(c, len == SIZE_MAX ? rest.len : len);

	if (len != SIZE_MAX)
		cursor_skip(c, 1);
	return text;
}

/* Names and values that the client's library adds; the program is of interest. */
static void attributes(struct cursor c, struct decode_out *out)
{
	struct cursor all = cursor_open(mysql_string(&c));

	while (cursor_left(&all) > 0 && !cursor_failed(&all) && decode_room(out) > 2) {
		struct span name = mysql_string(&all), value = mysql_string(&all);

		if (span_equal_text(name, "program_name") || span_equal_text(name, "_client_name"))
			db_tell(out, ROLE_SOFTWARE, "program", value);
	}
}

static void login(struct mysql *m, struct cursor c, struct decode_out *out)
{
	uint32_t can = cursor_u32le(&c);
	struct span user;

	m->compressed = can & CAN_COMPRESS;
	cursor_skip(&c, LOGIN_FIXED_BYTES - 4);
	user = string_of(&c);
	if (can & CAN_LONG_PROOF)
		(void)mysql_string(&c);
	else if (can & CAN_SECURE)
		cursor_skip(&c, cursor_u8(&c));
	else
		(void)string_of(&c);
	mysql_say(m, "login", out);
	db_tell(out, ROLE_CONTENT, "login", user);
	if (can & CAN_DATABASE)
		db_tell(out, ROLE_CONTENT, "database", string_of(&c));
	if (can & CAN_PLUGIN)
		(void)string_of(&c);
	if (can & CAN_ATTRIBUTES)
		attributes(c, out);
	mysql_said(m, out);
}

/* ---- COM_STMT_EXECUTE ---- */

static unsigned params_of(const struct mysql *m, uint32_t id)
{
	const struct mysql *peer = m->env->peer;

	for (size_t i = 0; peer && i < MYSQL_STATEMENTS_MAX; i++)
		if (peer->statements[i].id == id && id != 0)
			return peer->statements[i].params;
	return 0;
}

/* False when no more of the packet can be told. */
static bool put_param(struct mysql *m, uint8_t type, struct cursor *c, struct decode_out *out)
{
	char text[PARAM_CHARS];
	size_t len = mysql_scalar(type, *c, text, sizeof(text));
	struct span value = span_of_text(text);
	enum db_form form = DB_UTF8;

	m->value.field = (struct field){.first = true, .last = true};
	text_copy(m->value.place, sizeof(m->value.place), "parameter");
	if (len == SIZE_MAX)
		return false;
	if (len == 0)
		value = mysql_string(c);
	else
		cursor_skip(c, len);
	if (cursor_failed(c))
		return false;
	if (value.len > db_value_whole_max(form)) {
		decode_unread(out, value.len - db_value_whole_max(form), STREAM_LIMIT);
		decode_count_limit(out);
		value = span_slice(value, 0, db_value_whole_max(form));
	}
	return db_value_whole(&m->value, form, value, out) == STATUS_OK;
}

/* A map of those that are NULL, their types, and their values. */
static void execute(struct mysql *m, struct cursor c, struct decode_out *out)
{
	size_t all = cursor_left(&c);
	uint32_t id;
	unsigned count;
	struct span nulls;
	struct cursor types;

	cursor_skip(&c, 1);
	id = cursor_u32le(&c);
	cursor_skip(&c, 5);
	count = params_of(m, id);
	nulls = cursor_span(&c, (count + 7) / 8);
	if (count == 0 || cursor_u8(&c) != 1) { /* types as before: those are not kept */
		if (all > EXECUTE_HEAD_BYTES)
			decode_unread(out, all, STREAM_UNKNOWN);
		return;
	}
	types = cursor_sub(&c, 2u * count);
	mysql_say(m, "execute", out);
	for (unsigned i = 0; i < count; i++) {
		uint8_t type = cursor_u8(&types);
		size_t left = cursor_left(&c);

		cursor_skip(&types, 1);
		if (cursor_failed(&types) || (nulls.data[i / 8] >> (i % 8) & 1))
			continue;
		if (decode_room(out) < DB_VALUE_ROOM + 2 || !put_param(m, type, &c, out)) {
			decode_unread(out, left, STREAM_LIMIT);
			decode_count_limit(out);
			break;
		}
	}
	mysql_said(m, out);
}

/* ---- packets ---- */

/* A packet that is read when it is whole: STATUS_OK, it is not; STATUS_ITEM with *ret. */
static int whole(struct mysql *m, struct cursor *c, struct decode_out *out, struct cursor *ret)
{
	struct cursor next = *c;

	if (m->left_bytes > MYSQL_UNIT_BYTES_MAX)
		return STATUS_LIMIT;
	if (cursor_left(c) < m->left_bytes)
		return STATUS_OK;
	if (decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE;
	*ret = cursor_sub(&next, m->left_bytes);
	m->phase = IN_REST;
	return STATUS_ITEM;
}

static int login_step(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	struct cursor packet, can;
	int status = whole(m, c, out, &packet);

	if (status != STATUS_ITEM)
		return status;
	can = packet;
	if (m->left_bytes == LOGIN_FIXED_BYTES && (cursor_u32le(&can) & CAN_TLS))
		m->tls = true;
	else if (m->left_bytes > LOGIN_FIXED_BYTES)
		login(m, packet, out);
	return STATUS_ITEM;
}

/* A statement: all of the packet behind the command, and two zero counts that may stand there. */
static int begin_sql(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c;

	if (cursor_left(c) < 3 && cursor_left(c) < m->left_bytes)
		return STATUS_OK;
	cursor_skip(&next, 1);
	if (cursor_peek(&next, 0) == 0 && cursor_peek(&next, 1) == 1 && m->left_bytes > 3)
		cursor_skip(&next, 2);
	if (!mysql_take(m, c, &next))
		return STATUS_MALFORMED;
	mysql_say(m, m->command == MYSQL_QUERY ? "query" : "prepare", out);
	m->value.field = (struct field){.first = true, .last = true};
	m->value.place[0] = '\0';
	db_value_begin(&m->value, DB_SQL);
	m->phase = IN_TEXT;
	return STATUS_ITEM;
}

/* Data of a long parameter. */
static int begin_long(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c;

	cursor_skip(&next, 7);
	if (cursor_failed(&next) && cursor_left(c) < m->left_bytes)
		return STATUS_OK;
	if (!mysql_take(m, c, &next))
		return STATUS_MALFORMED;
	mysql_say(m, "execute", out);
	m->value.field = (struct field){.first = true, .last = true};
	text_copy(m->value.place, sizeof(m->value.place), "parameter");
	db_value_begin(&m->value, DB_BINARY);
	m->phase = IN_TEXT;
	return STATUS_ITEM;
}

/* Pings, statistics, statements that are closed, other logins. */
static bool says_nothing(uint8_t command)
{
	static const uint8_t quiet[] = {0x01, 0x04, 0x07, 0x08, 0x09, 0x0a, 0x0c, 0x0d, 0x0e, 0x11,
	        MYSQL_COPY_LOG, 0x15, 0x19, 0x1a, 0x1b, 0x1c, MYSQL_COPY_LOG_BY_ID, 0x1f};

	return memchr(quiet, command, sizeof(quiet)) != NULL;
}

static int command_step(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	struct cursor packet;
	int status;

	m->command = (uint8_t)cursor_peek(c, 0);
	m->commands = true;
	switch (m->command) {
	case MYSQL_QUERY:
	case MYSQL_PREPARE:
		return begin_sql(m, c, out);
	case MYSQL_LONG_DATA:
		return begin_long(m, c, out);
	case MYSQL_INIT_DB:
	case MYSQL_EXECUTE:
		status = whole(m, c, out, &packet);
		if (status != STATUS_ITEM)
			return status;
		if (m->command == MYSQL_EXECUTE) {
			execute(m, packet, out);
			return STATUS_ITEM;
		}
		cursor_skip(&packet, 1);
		mysql_say(m, "use", out);
		db_tell(out, ROLE_CONTENT, "database", cursor_rest(&packet));
		mysql_said(m, out);
		return STATUS_ITEM;
	default:
		m->rest = says_nothing(m->command) ? STREAM_COMPLETE : STREAM_UNKNOWN;
		m->phase = IN_REST;
		return STATUS_ITEM;
	}
}

int mysql_client_step(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	if (m->left_bytes == 0) {
		m->phase = IN_REST;
		if (m->in_file) /* an empty packet ends the file */
			mysql_said(m, out);
		return STATUS_ITEM;
	}
	if (cursor_left(c) == 0)
		return STATUS_OK;
	if (m->sequence == 0)
		return command_step(m, c, out);
	if (m->commands && m->command == MYSQL_QUERY) {
		m->phase = IN_FILE;
		return STATUS_ITEM;
	}
	if (m->begun || m->sequence > 2) { /* more proofs of who it is */
		m->phase = IN_REST;
		return STATUS_ITEM;
	}
	return login_step(m, c, out);
}
