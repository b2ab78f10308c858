/* tds_request: what a client of TDS asks: texts of SQL, calls of procedures with their parameters,
 * who it is, and what encryption it can.
 *
 * Source: [MS-TDS] sections 2.2.6.4 (LOGIN7), 2.2.6.5 (PRELOGIN), 2.2.6.6 (RPC), 2.2.6.7 (batches),
 * 2.2.5.3 (headers of both). Of passwords nothing is put out. */
#include <string.h>

#include "base/status.h"
#include "decode/tds_body.h"

#define REQUEST_PLACE        "database request"
#define HEADERS_BYTES_MAX    0xffff /* what is more is text: its second byte pair is no zero */
#define LOGIN_FIXED_BYTES    94u
#define LOGIN_STRINGS_AT     36u
#define LOGIN_READ_BYTES_MAX 8192u /* seven names of 128 characters; a ticket may follow */
#define PRELOGIN_BYTES_MAX   4096u
#define PRELOGIN_OVER        0xff
#define PRELOGIN_ENCRYPTION  1
#define NUMBERED             0xffff /* instead of a name's length */
#define CALL_OVER            0xff
#define CALL_OVER_NO_EXECUTE 0xfe
#define CALL_OVER_OLD        0x80

/* Procedures that have a number, and which of their parameters holds statements. */
static const struct {
	const char *name;
	int sql; /* from 0; -1: none */
} procedures[] = {
        {"", -1},
        {"sp_cursor", -1},
        {"sp_cursoropen", 1},
        {"sp_cursorprepare", 2},
        {"sp_cursorexecute", -1},
        {"sp_cursorprepexec", 3},
        {"sp_cursorunprepare", -1},
        {"sp_cursorfetch", -1},
        {"sp_cursoroption", -1},
        {"sp_cursorclose", -1},
        {"sp_executesql", 0},
        {"sp_prepare", 2},
        {"sp_execute", -1},
        {"sp_prepexec", 2},
        {"sp_prepexecrpc", -1},
        {"sp_unprepare", -1},
};

/* ---- PRELOGIN ---- */

/* Options: a number, where it stands and how long it is; then what they say. */
static int prelogin(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct span all = span_of(in->c.at, cursor_left(&in->c));
	struct cursor c = cursor_open(all);
	int first = cursor_peek(&c, 0);

	if (first >= 0x14 && first <= 0x17) { /* the handshake of TLS */
		b->lost = STREAM_ENCRYPTED;
		b->phase = PHASE_LOST;
		return STATUS_ITEM;
	}
	if (!in->last && all.len < PRELOGIN_BYTES_MAX)
		return STATUS_OK;
	for (;;) {
		uint8_t option = cursor_u8(&c);
		size_t at = option == PRELOGIN_OVER ? 0 : cursor_u16be(&c);
		size_t len = option == PRELOGIN_OVER ? 0 : cursor_u16be(&c);
		struct span value = span_slice(all, at, len);

		if (option == PRELOGIN_OVER || cursor_failed(&c))
			break;
		if (option == PRELOGIN_ENCRYPTION && value.len > 0)
			b->encryption = value.data[0];
	}
	if (cursor_failed(&c))
		decode_count_malformed(out);
	b->phase = PHASE_PASS;
	return STATUS_ITEM;
}

/* ---- LOGIN7 ---- */

static struct span login_string(struct span login, unsigned index)
{
	struct cursor c = cursor_open(span_slice(login, LOGIN_STRINGS_AT + 4 * index, 4));
	size_t at = cursor_u16le(&c);

	return span_slice(login, at, 2u * cursor_u16le(&c));
}

static int login(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	static const struct {
		unsigned index;
		enum field_role role;
		const char *label;
	} strings[] = {
	        {0, ROLE_CONTENT, "computer"},
	        {1, ROLE_CONTENT, "login"},
	        {3, ROLE_SOFTWARE, "program"},
	        {4, ROLE_CONTENT, "server"},
	        {8, ROLE_CONTENT, "database"},
	};
	struct cursor c = in->c;
	struct span all;
	uint32_t bytes = cursor_u32le(&c);
	uint32_t version = cursor_u32le(&c);
	int status = STATUS_OK;

	if (bytes < LOGIN_FIXED_BYTES)
		bytes = LOGIN_FIXED_BYTES;
	if (bytes > LOGIN_READ_BYTES_MAX)
		bytes = LOGIN_READ_BYTES_MAX;
	all = span_slice(span_of(in->c.at, cursor_left(&in->c)), 0, bytes);
	if (all.len < bytes && !in->last)
		return STATUS_OK;
	if (decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE;
	if (all.len < LOGIN_FIXED_BYTES) {
		tds_lose(b, STREAM_MALFORMED, out);
		return STATUS_ITEM;
	}
	b->old = version < 0x72000000;
	b->version_known = true;
	tds_say(b, "login", REQUEST_PLACE, out);
	for (size_t i = 0; i < ARRAY_LEN(strings) && status == STATUS_OK; i++)
		status = tds_tell(b, strings[i].role, strings[i].label,
		        span_slice(
		                login_string(all, strings[i].index), 0, 2 * DECODE_LABEL_BYTES_MAX),
		        out);
	tds_said(b, out);
	b->phase = PHASE_PASS;
	return status == STATUS_OK ? STATUS_ITEM : status;
}

/* ---- statements and calls ---- */

/* STATUS_ITEM: what stands before the request has been read. */
static int read_headers(struct tds_body *b, struct tds_input *in)
{
	struct cursor c = in->c;
	uint32_t bytes = cursor_u32le(&c);

	if (cursor_failed(&c) && !in->last)
		return STATUS_OK;
	if (!cursor_failed(&c) && bytes >= 4 && bytes <= HEADERS_BYTES_MAX) {
		if (cursor_left(&in->c) < bytes && !in->last)
			return STATUS_OK;
		cursor_skip(&in->c, bytes < cursor_left(&in->c) ? bytes : cursor_left(&in->c));
	}
	b->headers_read = true;
	return STATUS_ITEM;
}

static int batch(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	int status;

	if (!b->open) {
		tds_say(b, "batch", REQUEST_PLACE, out);
		b->value.field = (struct field){.first = true, .last = true};
		b->value.place[0] = '\0';
		db_value_begin(&b->value, DB_SQL_UTF16);
		return STATUS_ITEM;
	}
	if (cursor_left(&in->c) == 0 && !in->last)
		return STATUS_OK;
	status = db_value_feed(&b->value, &in->c, out);
	if (status == STATUS_OK && in->last) {
		status = db_value_end(&b->value, STREAM_COMPLETE, out);
		if (status == STATUS_OK)
			b->phase = PHASE_PASS;
	}
	return status == STATUS_OK ? STATUS_ITEM : status;
}

static uint16_t procedure_of(struct span name)
{
	for (uint16_t i = 1; i < ARRAY_LEN(procedures); i++)
		if (span_equal_nocase(name, procedures[i].name))
			return i;
	return 0;
}

static int call(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct cursor c = in->c;
	uint16_t len = cursor_u16le(&c);
	uint16_t number = len == NUMBERED ? cursor_u16le(&c) : 0;
	struct span name = cursor_span(&c, len == NUMBERED ? 0 : 2u * len);
	char text[DECODE_PLACE_CHARS] = "";

	cursor_skip(&c, 2); /* options */
	if (cursor_failed(&c))
		return STATUS_OK;
	text[db_utf16(name, text, sizeof(text) - 1)] = '\0';
	b->procedure = number < ARRAY_LEN(procedures) ? number : 0;
	if (len != NUMBERED)
		b->procedure = procedure_of(span_of_text(text));
	in->c = c;
	tds_say(b, b->procedure ? procedures[b->procedure].name : text, REQUEST_PLACE, out);
	b->param = 0;
	b->phase = PHASE_PARAM;
	return STATUS_ITEM;
}

static bool call_is_over(const struct tds_body *b, int first)
{
	return first == CALL_OVER || first == CALL_OVER_NO_EXECUTE ||
	       (first == CALL_OVER_OLD && b->old);
}

static int param(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct cursor c = in->c;
	uint8_t first = cursor_u8(&c);
	struct span name;
	int status;

	if (cursor_failed(&c))
		return STATUS_OK;
	if (call_is_over(b, first)) {
		in->c = c;
		b->phase = PHASE_CALL;
		return STATUS_ITEM;
	}
	name = cursor_span(&c, 2u * first);
	cursor_skip(&c, 1);
	status = cursor_failed(&c) ? STATUS_MORE : tds_type_read(&c, &b->type);
	if (status == STATUS_MORE)
		return STATUS_OK;
	if (decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE; /* the label is used again */
	if (status != STATUS_OK) {
		tds_lose(b, STREAM_UNKNOWN, out);
		return STATUS_ITEM;
	}
	in->c = c;
	b->sql = procedures[b->procedure].sql == (int)b->param &&
	         tds_type_form(&b->type) != DB_BINARY;
	b->param++;
	b->behind = PHASE_PARAM;
	tds_label(b, name);
	return STATUS_ITEM;
}

int tds_request_step(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	switch (b->phase) {
	case PHASE_PRELOGIN:
		return prelogin(b, in, out);
	case PHASE_LOGIN:
		return login(b, in, out);
	case PHASE_SQL:
		return b->headers_read ? batch(b, in, out) : read_headers(b, in);
	case PHASE_CALL:
		return b->headers_read ? call(b, in, out) : read_headers(b, in);
	case PHASE_PARAM:
		return param(b, in, out);
	default:
		return STATUS_BUG;
	}
}
