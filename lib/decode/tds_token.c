/* tds_token: answers of TDS, and rows that are sent to be stored: a run of tokens.
 *
 * Source: [MS-TDS] sections 2.2.4 (kinds of token) and 2.2.7 (each of them). */
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "decode/tds_body.h"

#define ANSWER_PLACE  "database answer"
#define STORE_PLACE   "database upload"
#define COLUMNS_SAME  0xffff /* as they were described before, or none */
#define FEATURES_OVER 0xff

enum {
	TOKEN_OFFSET = 0x78,
	TOKEN_STATUS = 0x79,
	TOKEN_COLUMNS = 0x81,
	TOKEN_TABLE_NAME = 0xa4,
	TOKEN_COLUMN_INFO = 0xa5,
	TOKEN_ORDER = 0xa9,
	TOKEN_ERROR = 0xaa,
	TOKEN_INFO = 0xab,
	TOKEN_RETURNED = 0xac,
	TOKEN_LOGIN = 0xad,
	TOKEN_FEATURES = 0xae,
	TOKEN_ROW = 0xd1,
	TOKEN_ROW_NULLS = 0xd2,
	TOKEN_CHANGE = 0xe3,
	TOKEN_SESSION = 0xe4,
	TOKEN_SSPI = 0xed,
	TOKEN_FEDERATED = 0xee,
	TOKEN_DONE = 0xfd,
	TOKEN_DONE_PROCEDURE = 0xfe,
	TOKEN_DONE_IN_PROCEDURE = 0xff,
};

/* Steps over a token of so many bytes in all, without waiting for them. */
static int skip_token(struct tds_body *b, uint32_t bytes)
{
	b->skip_bytes = bytes;
	return STATUS_ITEM;
}

static int skip_done(struct tds_body *b, struct decode_out *out)
{
	tds_said(b, out);
	return skip_token(b, b->old ? 9 : 13);
}

/* A token behind which stands its length in two or four bytes. */
static int skip_sized(struct tds_body *b, struct cursor c, size_t width)
{
	uint64_t bytes;

	cursor_skip(&c, 1);
	bytes = cursor_le(&c, width);
	if (cursor_failed(&c))
		return STATUS_OK;
	if (bytes > UINT32_MAX - 1 - width)
		return STATUS_MALFORMED;
	return skip_token(b, (uint32_t)(1 + width + bytes));
}

static int read_features(struct tds_input *in)
{
	struct cursor c = in->c;

	cursor_skip(&c, 1);
	while (cursor_u8(&c) != FEATURES_OVER && !cursor_failed(&c))
		cursor_skip(&c, cursor_u32le(&c));
	if (cursor_failed(&c))
		return STATUS_OK;
	in->c = c;
	return STATUS_ITEM;
}

/* What an error or a remark says may quote a value. */
static int read_message(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct cursor c = in->c, token;
	int status;

	cursor_skip(&c, 1);
	token = cursor_sub(&c, cursor_u16le(&c));
	if (cursor_failed(&c))
		return STATUS_OK;
	if (decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE; /* so that what follows has the room it needs */
	cursor_skip(&token, 6);
	tds_say(b, "message", ANSWER_PLACE, out);
	status = tds_tell(
	        b, ROLE_CONTENT, "message", cursor_span(&token, 2u * cursor_u16le(&token)), out);
	tds_said(b, out);
	in->c = c;
	if (cursor_failed(&token))
		decode_count_malformed(out);
	return status == STATUS_OK ? STATUS_ITEM : status;
}

static int read_login_answer(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct cursor c = in->c, token;
	int status;

	cursor_skip(&c, 1);
	token = cursor_sub(&c, cursor_u16le(&c));
	if (cursor_failed(&c))
		return STATUS_OK;
	if (decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE;
	cursor_skip(&token, 1);
	b->old = cursor_u32be(&token) < 0x72000000;
	b->version_known = true;
	tds_say(b, "login", ANSWER_PLACE, out);
	status = tds_tell(
	        b, ROLE_SOFTWARE, "server", cursor_span(&token, 2u * cursor_u8(&token)), out);
	tds_said(b, out);
	in->c = c;
	return status == STATUS_OK ? STATUS_ITEM : status;
}

/* ---- rows ---- */

static int columns_begin(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct cursor c = in->c;
	uint32_t count;

	cursor_skip(&c, 1);
	count = cursor_u16le(&c);
	if (cursor_failed(&c))
		return STATUS_OK;
	if (b->rows.open || b->open)
		tds_said(b, out);
	if (decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE; /* names of columns may be under way */
	in->c = c;
	if (count == COLUMNS_SAME)
		return STATUS_ITEM;
	if (count > ROWSET_COLUMNS_MAX) {
		tds_lose(b, STREAM_LIMIT, out);
		return STATUS_ITEM;
	}
	rowset_clear(&b->rows);
	b->columns_left = count;
	b->phase = count > 0 ? PHASE_COLUMN : PHASE_TOKEN;
	return STATUS_ITEM;
}

/* The name of the table in which a text of the old kind stands. */
static void skip_table_name(const struct tds_body *b, struct cursor *c)
{
	unsigned words = b->old ? 1 : cursor_u8(c);

	for (unsigned i = 0; i < words && !cursor_failed(c); i++)
		cursor_skip(c, 2u * cursor_u16le(c));
}

static int read_column(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct cursor c = in->c;
	struct rowset_column column = {0};
	struct tds_type type;
	struct span name;
	int status;

	cursor_skip(&c, b->old ? 4 : 6);
	status = cursor_failed(&c) ? STATUS_MORE : tds_type_read(&c, &type);
	if (status == STATUS_MORE)
		return STATUS_OK;
	if (status != STATUS_OK || tds_type_is_nothing(type.type)) {
		tds_lose(b, STREAM_UNKNOWN, out);
		return STATUS_ITEM;
	}
	if (tds_type_is_old_long(type.type))
		skip_table_name(b, &c);
	name = cursor_span(&c, 2u * cursor_u8(&c));
	if (cursor_failed(&c))
		return STATUS_OK;
	column.type = type.type;
	column.scale = type.scale;
	column.size = type.size;
	column.flags = (uint8_t)(type.utf8 | type.parts << 1);
	status = rowset_add(&b->rows, column,
	        span_of(b->label, db_utf16(name, b->label, sizeof(b->label))), out);
	if (status != STATUS_OK)
		return status;
	in->c = c;
	if (--b->columns_left == 0)
		b->phase = PHASE_TOKEN;
	return STATUS_ITEM;
}

static int row_begin(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct cursor c = in->c;
	bool nulls = cursor_u8(&c) == TOKEN_ROW_NULLS;
	size_t bytes = nulls ? (b->rows.count + 7) / 8 : 0;

	if (cursor_left(&c) < bytes)
		return STATUS_OK;
	if (b->rows.count == 0) {
		tds_lose(b, STREAM_MALFORMED, out);
		return STATUS_ITEM;
	}
	cursor_copy(&c, b->nulls, bytes);
	in->c = c;
	b->nulls_known = nulls;
	if (b->open)
		tds_said(b, out);
	if (!b->rows.open)
		b->value.nested = 0;
	rowset_row(&b->rows, out, b->message == TDS_BULK ? STORE_PLACE : ANSWER_PLACE);
	b->phase = PHASE_CELL;
	return STATUS_ITEM;
}

static int cell(struct tds_body *b, struct tds_input *in)
{
	uint32_t at = b->rows.column;
	struct rowset_column column;
	int status;

	if (at == b->rows.count) {
		b->phase = PHASE_TOKEN;
		return STATUS_ITEM;
	}
	if (b->nulls_known && (b->nulls[at / 8] >> (at % 8) & 1)) {
		b->rows.column++;
		return STATUS_ITEM;
	}
	column = rowset_column(&b->rows, at);
	b->type = (struct tds_type){
	        .type = column.type,
	        .scale = column.scale,
	        .utf8 = column.flags & 1,
	        .parts = column.flags & 2,
	        .size = column.size,
	};
	b->sql = false;
	b->value.field = rowset_field(&b->rows);
	rowset_place(&b->rows, b->value.place);
	b->behind = PHASE_CELL;
	status = tds_value_start(b, in, true);
	if (status == STATUS_ITEM)
		b->rows.column++;
	return status;
}

/* A value that a procedure gives back: its name and type; then it is read like a cell. */
static int returned_begin(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct cursor c = in->c;
	struct span name;
	int status;

	cursor_skip(&c, 3);
	name = cursor_span(&c, 2u * cursor_u8(&c));
	cursor_skip(&c, b->old ? 5 : 7);
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
	tds_say(b, "returned", ANSWER_PLACE, out);
	b->behind = PHASE_TOKEN;
	b->sql = false;
	tds_label(b, name);
	return STATUS_ITEM;
}

static int token(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	int first = cursor_peek(&in->c, 0);

	if (first < 0)
		return STATUS_OK;
	switch (first) {
	case TOKEN_COLUMNS:
		return columns_begin(b, in, out);
	case TOKEN_ROW:
	case TOKEN_ROW_NULLS:
		return row_begin(b, in, out);
	case TOKEN_RETURNED:
		return returned_begin(b, in, out);
	case TOKEN_DONE:
	case TOKEN_DONE_PROCEDURE:
	case TOKEN_DONE_IN_PROCEDURE:
		return skip_done(b, out);
	case TOKEN_ERROR:
	case TOKEN_INFO:
		return read_message(b, in, out);
	case TOKEN_LOGIN:
		return read_login_answer(b, in, out);
	case TOKEN_FEATURES:
		return read_features(in);
	case TOKEN_OFFSET:
	case TOKEN_STATUS:
		return skip_token(b, 5);
	case TOKEN_TABLE_NAME:
	case TOKEN_COLUMN_INFO:
	case TOKEN_ORDER:
	case TOKEN_CHANGE:
	case TOKEN_SSPI:
		return skip_sized(b, in->c, 2);
	case TOKEN_SESSION:
	case TOKEN_FEDERATED:
		return skip_sized(b, in->c, 4);
	default:
		return STATUS_UNSUPPORTED;
	}
}

int tds_token_step(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	size_t len;
	int status;

	if (b->skip_bytes > 0) {
		len = cursor_left(&in->c) < b->skip_bytes ? cursor_left(&in->c) : b->skip_bytes;
		cursor_skip(&in->c, len);
		b->skip_bytes -= (uint32_t)len;
		return len > 0 ? STATUS_ITEM : STATUS_OK;
	}
	switch (b->phase) {
	case PHASE_COLUMN:
		return read_column(b, in, out);
	case PHASE_CELL:
		return cell(b, in);
	default:
		break;
	}
	status = token(b, in, out);
	if (status != STATUS_UNSUPPORTED && status != STATUS_MALFORMED)
		return status;
	tds_lose(b, status == STATUS_MALFORMED ? STREAM_MALFORMED : STREAM_UNKNOWN, out);
	return STATUS_ITEM;
}
