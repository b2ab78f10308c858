/* mysql: the protocol of MySQL and MariaDB between a client and its server.
 *
 * Source: MySQL internals, chapter "Client/Server Protocol", and MariaDB's "Clients & Servers
 * Protocol" for what it adds to descriptions of columns. Packets have a length and a number; a
 * login, then commands and their answers. Texts of SQL are read as such (sql.c), rows of both
 * forms as a table, files that the server asks for as files. A compressed conversation is named
 * and not looked into. */
#include "decode/mysql.h"

#include <string.h>

#include "base/status.h"
#include "base/text.h"

#define SERVER_PORT       3306
#define GREETING          0x0a
#define VERSION_CHARS_MAX 64
#define PROBE_LEN_MAX     0x1fff /* of a first packet, where nothing else speaks for it */
#define LOGIN_ZEROS_AT    13u
#define LOGIN_ZEROS       19u
#define FIXED_COLUMN      13u /* what ends the description of a column */
#define CHARSET_LATIN1    8
#define CHARSET_BINARY    63
#define ANSWER_OK         0x00
#define ANSWER_FILE       0xfb
#define ANSWER_END        0xfe
#define ANSWER_ERROR      0xff
#define END_BYTES         5u
#define CAN_COMPRESS      0x20
#define TLS_HANDSHAKE     0x16

/* ---- recognition ---- */

static enum probe_answer more_or_no(const struct probe *p)
{
	return p->end ? PROBE_NO : PROBE_MORE;
}

/* The server's first packet: a version, in digits first. */
static enum probe_answer probe_greeting(const struct probe *p)
{
	for (size_t i = 5; i < 5 + VERSION_CHARS_MAX && i < p->head.len; i++) {
		uint8_t b = p->head.data[i];

		if (b == 0)
			return i > 6 ? PROBE_YES : PROBE_NO;
		if (b <= ' ' || b >= 0x7f || (i == 5 && (b < '0' || b > '9')))
			return PROBE_NO;
	}
	return p->head.len >= 5 + VERSION_CHARS_MAX ? PROBE_NO : more_or_no(p);
}

/* The client's first packet: what it can, and zeros. */
static enum probe_answer probe_login(const struct probe *p)
{
	for (size_t i = 0; i < LOGIN_ZEROS; i++) {
		if (LOGIN_ZEROS_AT + i >= p->head.len)
			return more_or_no(p);
		if (p->head.data[LOGIN_ZEROS_AT + i] != 0)
			return PROBE_NO;
	}
	return p->head.data[5] & 0x02 ? PROBE_YES : PROBE_NO; /* speaks 4.1 */
}

/* The number of columns, and the first description: "def" and a number before it. */
static enum probe_answer probe_columns(const struct probe *p)
{
	static const char model[] = "\x01\x00\x00\x01";
	size_t len = p->head.len < 4 ? p->head.len : 4;

	if (!span_equal(span_slice(p->head, 0, len), span_of(model, len)))
		return PROBE_NO;
	if (p->head.len < 13)
		return more_or_no(p);
	return memcmp(p->head.data + 8,
	               "\x02\x03"
	               "def",
	               5) == 0
	               ? PROBE_YES
	               : PROBE_NO;
}

/* A verb with which statements begin. */
static enum probe_answer probe_verb(const struct probe *p)
{
	static const char *const verbs[] = {"select ", "insert ", "update ", "delete ", "set ",
	        "show ", "replace ", "create ", "call ", "begin", "commit"};
	struct span text = span_slice(p->head, 5, SIZE_MAX);

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		size_t same = span_common_nocase(text, verbs[i]);

		if (verbs[i][same] == '\0')
			return PROBE_YES;
		if (same == text.len)
			return more_or_no(p);
	}
	return PROBE_NO;
}

static enum probe_answer mysql_probe(const struct probe *p)
{
	const struct tuple *t = p->env->tuple;
	bool hint = p->other || t->src.port == SERVER_PORT || t->dst.port == SERVER_PORT;
	struct cursor c = cursor_open(p->head);
	uint32_t len = (uint32_t)cursor_le(&c, 3);
	uint8_t sequence = cursor_u8(&c);
	int first = cursor_peek(&c, 0);

	if (p->env->depth > 0 || p->env->datagram)
		return PROBE_NO;
	if (p->head.len > 2 && p->head.data[2] != 0)
		return PROBE_NO;
	if (p->head.len > 1 && p->head.data[1] > PROBE_LEN_MAX >> 8)
		return PROBE_NO;
	if (first < 0)
		return p->head.len > 3 && (sequence > 1 || len == 0) ? PROBE_NO : more_or_no(p);
	if (sequence > 1 || len == 0)
		return PROBE_NO;
	if (sequence == 0 && first == GREETING)
		return probe_greeting(p);
	if (sequence == 0 && hint)
		return first > 0 && first <= 0x1f ? PROBE_YES : PROBE_NO;
	if (sequence == 0)
		return first == MYSQL_QUERY || first == MYSQL_PREPARE ? probe_verb(p) : PROBE_NO;
	if (hint && p->env->direction == 1)
		return first == ANSWER_OK || first == ANSWER_ERROR || len <= 2 ? PROBE_YES
		                                                               : PROBE_NO;
	return len > 2 ? probe_login(p) : probe_columns(p);
}

/* ---- life ---- */

static int mysql_open(void *state, const struct decode_env *env)
{
	struct mysql *m = state;

	m->env = env;
	m->server = env->direction == 1;
	rowset_init(&m->rows, env->budget);
	db_value_init(&m->value, env->budget);
	return STATUS_OK;
}

static void mysql_close(void *state)
{
	struct mysql *m = state;

	rowset_free(&m->rows);
	db_value_free(&m->value);
}

/* ---- messages of ours ---- */

void mysql_said(struct mysql *m, struct decode_out *out)
{
	rowset_end(&m->rows, out);
	if (m->in_file)
		decode_child_close(out, STREAM_COMPLETE);
	if (m->open)
		decode_end(out);
	m->open = m->in_file = false;
}

void mysql_say(struct mysql *m, const char *name, struct decode_out *out)
{
	mysql_said(m, out);
	decode_begin(out, CARRIER_DATABASE, span_of_text(name),
	        m->server ? "database answer" : "database request");
	m->open = true;
	m->value.nested = 0;
}

bool mysql_take(struct mysql *m, struct cursor *c, const struct cursor *behind)
{
	size_t len = cursor_left(c) - cursor_left(behind);

	if (cursor_failed(behind) || len > m->left_bytes)
		return false;
	*c = *behind;
	m->left_bytes -= (uint32_t)len;
	return true;
}

/* ---- answers ---- */

static void greeting(struct mysql *m, struct cursor c, struct decode_out *out)
{
	struct span rest, version;
	size_t len;

	cursor_skip(&c, 1);
	rest = span_of(c.at, cursor_left(&c));
	len = span_find_byte(rest, 0);
	version = cursor_span(&c, len == SIZE_MAX ? rest.len : len);
	cursor_skip(&c, 14); /* number, salt */
	m->compressed = cursor_u16le(&c) & CAN_COMPRESS;
	mysql_say(m, "greeting", out);
	db_tell(out, ROLE_SOFTWARE, "server", version);
	mysql_said(m, out);
}

/* What an error says may quote a value. */
static void error(struct mysql *m, struct cursor c, struct decode_out *out)
{
	cursor_skip(&c, 3);
	if (cursor_peek(&c, 0) == '#')
		cursor_skip(&c, 6);
	mysql_say(m, "message", out);
	db_tell(out, ROLE_CONTENT, "message", cursor_rest(&c));
	mysql_said(m, out);
}

/* The answer to COM_STMT_PREPARE: its number, and how many columns and parameters it has. */
static void prepared(struct mysql *m, struct cursor c)
{
	struct mysql_statement *s = &m->statements[m->statement_at++ % MYSQL_STATEMENTS_MAX];

	cursor_skip(&c, 1);
	s->id = cursor_u32le(&c);
	m->count = cursor_u16le(&c);
	s->params = cursor_u16le(&c);
	m->count += s->params;
	m->prepared = true;
	m->answer = ANSWER_COLUMNS;
	if (m->count == 0)
		m->answer = ANSWER_FIRST;
}

static uint8_t asked(const struct mysql *m)
{
	const struct mysql *peer = m->env->peer;

	return peer ? peer->command : 0;
}

static void end_login(struct mysql *m, struct decode_out *out)
{
	const struct mysql *peer = m->env->peer;

	m->answer = ANSWER_FIRST;
	if (m->compressed && peer && peer->compressed)
		decode_stop(out, STREAM_UNKNOWN);
}

/* The first packet of an answer, which stands whole in `c`. */
static int first_packet(struct mysql *m, struct cursor c, struct decode_out *out)
{
	int first = cursor_peek(&c, 0);
	struct cursor next = c;
	uint64_t count;

	if (first == ANSWER_ERROR) {
		error(m, c, out);
		m->answer = m->answer == ANSWER_LOGIN ? ANSWER_LOGIN : ANSWER_FIRST;
		return STATUS_ITEM;
	}
	if (m->answer == ANSWER_LOGIN) {
		if (first == GREETING && m->sequence == 0)
			greeting(m, c, out);
		else if (first == ANSWER_OK)
			end_login(m, out);
		if (m->sequence != 0 || first == GREETING)
			return STATUS_ITEM;
	}
	if (first == ANSWER_OK || first == ANSWER_FILE || first == ANSWER_END) {
		mysql_said(m, out);
		if (asked(m) == MYSQL_COPY_LOG || asked(m) == MYSQL_COPY_LOG_BY_ID)
			m->rest = STREAM_UNKNOWN; /* all that is changed, for a second server */
		if (first == ANSWER_OK && asked(m) == MYSQL_PREPARE && cursor_left(&c) == 12)
			prepared(m, c);
		return STATUS_ITEM;
	}
	count = mysql_length(&next, NULL);
	if (cursor_left(&next) > 1 || count == 0 || count > ROWSET_COLUMNS_MAX)
		return STATUS_MALFORMED;
	m->binary = asked(m) == MYSQL_EXECUTE;
	m->answer = ANSWER_COLUMNS;
	m->prepared = false;
	m->count = (uint32_t)count;
	rowset_end(&m->rows, out);
	if (cursor_left(&next) == 1 && cursor_peek(&next, 0) == 0)
		m->answer = ANSWER_BETWEEN; /* as they were described before */
	else
		rowset_clear(&m->rows);
	return STATUS_ITEM;
}

/* A column: six names, then numbers. MariaDB may put a seventh text before those. */
static int describe(struct mysql *m, struct cursor c, struct decode_out *out)
{
	struct rowset_column column = {0};
	struct span name;
	uint16_t charset;

	for (unsigned i = 0; i < 4; i++)
		(void)mysql_string(&c);
	name = mysql_string(&c);
	(void)mysql_string(&c);
	if (cursor_left(&c) > FIXED_COLUMN)
		(void)mysql_string(&c);
	cursor_skip(&c, 1);
	charset = cursor_u16le(&c);
	column.size = cursor_u32le(&c);
	column.type = cursor_u8(&c);
	if (cursor_failed(&c))
		return STATUS_MALFORMED;
	column.flags = charset == CHARSET_BINARY;
	column.scale = charset == CHARSET_LATIN1;
	return rowset_add(&m->rows, column, name, out);
}

static int column_packet(struct mysql *m, struct cursor c, struct decode_out *out)
{
	int status;

	if (m->prepared && cursor_peek(&c, 0) == ANSWER_END && cursor_left(&c) == END_BYTES)
		return STATUS_ITEM; /* between parameters and columns */
	status = m->prepared ? STATUS_OK : describe(m, c, out);
	if (status != STATUS_OK)
		return status;
	if (--m->count == 0)
		m->answer = ANSWER_BETWEEN;
	return STATUS_ITEM;
}

/* A packet of an answer that is no row: read when it is whole. */
static int answer_packet(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c, packet;
	int status;

	if (m->left_bytes > MYSQL_UNIT_BYTES_MAX)
		return STATUS_LIMIT;
	if (cursor_left(c) < m->left_bytes)
		return STATUS_OK;
	if (decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE; /* names of columns may be under way */
	packet = cursor_sub(&next, m->left_bytes);
	m->phase = IN_REST;
	status = m->answer == ANSWER_COLUMNS ? column_packet(m, packet, out)
	                                     : first_packet(m, packet, out);
	return status == STATUS_OK ? STATUS_ITEM : status;
}

static int row_begin(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	struct cursor next = *c;

	if (m->binary) {
		cursor_skip(&next, 1);
		if (cursor_left(&next) < (m->rows.count + 9) / 8)
			return STATUS_OK;
		cursor_copy(&next, m->nulls, (m->rows.count + 9) / 8);
		if (!mysql_take(m, c, &next))
			return STATUS_MALFORMED;
	}
	if (!m->rows.open)
		m->value.nested = 0;
	rowset_row(&m->rows, out, "database answer");
	m->phase = IN_ROW;
	return STATUS_ITEM;
}

static int server_step(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	int first = cursor_peek(c, 0);
	bool end = first == ANSWER_END && m->left_bytes < MYSQL_PACKET_FULL;

	if (m->left_bytes == 0) {
		m->phase = IN_REST;
		return STATUS_ITEM;
	}
	if (first < 0)
		return STATUS_OK;
	if (m->answer < ANSWER_BETWEEN)
		return answer_packet(m, c, out);
	if (m->answer == ANSWER_BETWEEN) {
		bool between = end && m->left_bytes == END_BYTES;

		/* Behind descriptions of what was prepared nothing else comes. */
		if (between || m->prepared) {
			m->answer = m->prepared ? ANSWER_FIRST : ANSWER_ROWS;
			m->phase = between ? IN_REST : IN_PACKET;
			return STATUS_ITEM;
		}
		m->answer = ANSWER_ROWS;
	}
	if (end || first == ANSWER_ERROR) {
		m->answer = ANSWER_FIRST;
		rowset_end(&m->rows, out);
		if (first == ANSWER_ERROR)
			return STATUS_ITEM;
		m->phase = IN_REST;
		return STATUS_ITEM;
	}
	return m->rows.count > 0 ? row_begin(m, c, out) : STATUS_MALFORMED;
}

/* ---- packets ---- */

static int lose(struct mysql *m, enum stream_end why, struct decode_out *out)
{
	db_value_abandon(&m->value, why, out);
	if (!m->rows.open || m->phase != IN_ROW)
		mysql_said(m, out);
	m->rest = why;
	if (why == STREAM_LIMIT)
		decode_count_limit(out);
	else
		decode_count_malformed(out);
	m->phase = IN_REST;
	return STATUS_ITEM;
}

/* The header of the packet in which a long one goes on. */
static int next_packet(struct mysql *m, struct cursor *c)
{
	struct cursor next = *c;

	m->left_bytes = 0;
	if (cursor_left(c) < MYSQL_HEAD_BYTES)
		return STATUS_OK;
	m->left_bytes = (uint32_t)cursor_le(&next, 3);
	m->sequence = cursor_u8(&next);
	m->more = m->left_bytes == MYSQL_PACKET_FULL;
	*c = next;
	return STATUS_ITEM;
}

static int value_done(struct mysql *m, struct decode_out *out)
{
	int status = db_value_end(&m->value, STREAM_COMPLETE, out);

	if (status != STATUS_OK)
		return status;
	if (m->phase == IN_VALUE)
		m->rows.column++;
	m->phase = m->phase == IN_VALUE ? IN_ROW : IN_REST;
	return STATUS_ITEM;
}

/* Bytes of a text of SQL, or of a long value, as they come. */
static int stream_step(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < m->left_bytes ? cursor_left(c) : m->left_bytes;
	struct cursor part;
	int status;

	if (m->phase == IN_VALUE && len > m->left_value)
		len = (size_t)m->left_value;
	if (m->phase == IN_VALUE ? m->left_value == 0 : m->left_bytes == 0 && !m->more)
		return value_done(m, out);
	if (m->left_bytes == 0)
		return m->more ? next_packet(m, c) : lose(m, STREAM_MALFORMED, out);
	part = cursor_open(span_of(c->at, len));
	status = db_value_feed(&m->value, &part, out);
	len -= cursor_left(&part);
	cursor_skip(c, len);
	m->left_bytes -= (uint32_t)len;
	m->left_value -= m->phase == IN_VALUE ? len : 0;
	return status == STATUS_OK && len > 0 ? STATUS_ITEM : status;
}

static int file_step(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	struct span part = cursor_span(
	        c, cursor_left(c) < m->left_bytes ? cursor_left(c) : m->left_bytes);

	if (!m->in_file) {
		struct content content = {.type = ""};

		mysql_say(m, "file", out);
		text_copy(content.place, sizeof(content.place), "table's file");
		decode_child_open(out, &content);
		m->in_file = true;
	}
	if (part.len > 0)
		decode_child_bytes(out, part);
	m->left_bytes -= (uint32_t)part.len;
	if (m->left_bytes == 0)
		m->phase = IN_REST;
	return part.len > 0 || m->left_bytes == 0 ? STATUS_ITEM : STATUS_OK;
}

static int rest_step(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < m->left_bytes ? cursor_left(c) : m->left_bytes;

	if (m->rest != STREAM_COMPLETE)
		decode_unread(out, len, m->rest);
	cursor_skip(c, len);
	m->left_bytes -= (uint32_t)len;
	if (m->left_bytes > 0)
		return STATUS_OK;
	if (m->more)
		return next_packet(m, c);
	if (!m->server && !m->in_file)
		mysql_said(m, out);
	m->begun = true;
	m->phase = AT_PACKET;
	return STATUS_ITEM;
}

/* A handshake of TLS where a packet should begin. */
static bool is_tls(const struct mysql *m, const struct cursor *c)
{
	const struct mysql *peer = m->env->peer;

	return cursor_peek(c, 0) == TLS_HANDSHAKE && cursor_peek(c, 1) == 3 &&
	       (m->tls || (peer && peer->tls));
}

/* After a gap: a packet that begins something. */
static bool is_plausible(const struct mysql *m, const struct cursor *c)
{
	struct cursor next = *c;
	uint32_t len = (uint32_t)cursor_le(&next, 3);
	uint8_t sequence = cursor_u8(&next), first = cursor_u8(&next);

	if (len == 0 || len > MYSQL_UNIT_BYTES_MAX)
		return false;
	if (m->server)
		return sequence == 1 && ((len <= 2 && first > 0 && first < 0xfb) ||
		                                (len >= 7 && len < 64 && first == ANSWER_OK));
	return sequence == 0 &&
	       (first == MYSQL_QUERY || first == MYSQL_PREPARE || first == MYSQL_EXECUTE);
}

static int packet_step(struct mysql *m, struct cursor *c, size_t at, struct decode_out *out)
{
	const struct mysql *peer = m->env->peer;

	if (is_tls(m, c)) {
		decode_upgrade(out, "tls", at);
		return STATUS_OK;
	}
	if (!m->server && m->begun && m->compressed && peer && peer->compressed) {
		decode_stop(out, STREAM_UNKNOWN);
		return STATUS_OK;
	}
	if (cursor_left(c) < MYSQL_HEAD_BYTES + m->lost)
		return STATUS_OK;
	if (m->lost && !is_plausible(m, c)) {
		cursor_skip(c, 1);
		decode_unread(out, 1, STREAM_GAP);
		return STATUS_ITEM;
	}
	(void)next_packet(m, c);
	/* A capture that begins later than the login. */
	if (m->server && !m->begun && m->sequence != 0)
		m->answer = ANSWER_FIRST;
	m->lost = false;
	m->rest = STREAM_COMPLETE;
	m->phase = IN_PACKET;
	return STATUS_ITEM;
}

static int step(struct mysql *m, struct cursor *c, size_t at, struct decode_out *out)
{
	int status;

	if (decode_room(out) < MYSQL_ROOM)
		return STATUS_MORE;
	switch (m->phase) {
	case AT_PACKET:
		return cursor_left(c) > 0 ? packet_step(m, c, at, out) : STATUS_OK;
	case IN_PACKET:
		status = m->server ? server_step(m, c, out) : mysql_client_step(m, c, out);
		break;
	case IN_ROW:
		status = mysql_cell_step(m, c, out);
		break;
	case IN_TEXT:
	case IN_VALUE:
		return stream_step(m, c, out);
	case IN_FILE:
		return file_step(m, c, out);
	default:
		return rest_step(m, c, out);
	}
	if (status == STATUS_MALFORMED || status == STATUS_LIMIT)
		return lose(m, status == STATUS_LIMIT ? STREAM_LIMIT : STREAM_MALFORMED, out);
	return status;
}

static int mysql_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct mysql *m = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM)
		status = step(m, &c, in->bytes.len - cursor_left(&c), out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status != STATUS_OK || !in->last)
		return status;
	if (m->phase == IN_TEXT || m->phase == IN_VALUE)
		status = db_value_end(&m->value, STREAM_TRUNCATED, out);
	if (status == STATUS_OK && m->phase != AT_PACKET)
		decode_stop(out, in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end);
	return status;
}

/* The packet that the gap lies in is lost; when nobody knows where it ends, the next command or the
 * next answer is looked for. */
static int mysql_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct mysql *m = state;
	bool inside = m->phase != AT_PACKET && missing_bytes > 0 &&
	              before.len + missing_bytes <= m->left_bytes;
	bool row = m->phase == IN_ROW || m->phase == IN_VALUE;

	decode_unread(out, before.len, STREAM_GAP);
	if (m->phase != AT_PACKET)
		db_value_abandon(&m->value, STREAM_GAP, out);
	if (inside) {
		m->left_bytes -= (uint32_t)(before.len + missing_bytes);
		if (m->phase == IN_FILE) {
			decode_child_gap(out, missing_bytes);
			return STATUS_OK;
		}
		m->rest = STREAM_GAP;
		if (!row)
			mysql_said(m, out);
		m->phase = IN_REST;
		return STATUS_OK;
	}
	mysql_said(m, out);
	m->phase = AT_PACKET;
	m->more = false;
	m->answer = ANSWER_FIRST;
	m->begun = true;
	m->lost = true;
	return STATUS_OK;
}

const struct decoder decoder_mysql = {
        .name = "mysql",
        .protocol = "mysql",
        .clear = true,
        .state_bytes = sizeof(struct mysql),
        .probe = mysql_probe,
        .open = mysql_open,
        .feed = mysql_feed,
        .gap = mysql_gap,
        .close = mysql_close,
};
