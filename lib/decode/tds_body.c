/* Source: [MS-TDS] sections 2.2.1 (what a message holds) and 2.2.5.2.3 (values in parts). */
#include "decode/tds_body.h"

#include <string.h>

#include "base/status.h"
#include "base/text.h"

void tds_body_init(struct tds_body *b, struct budget *borrowed)
{
	rowset_init(&b->rows, borrowed);
	db_value_init(&b->value, borrowed);
	b->encryption = TDS_ENCRYPTION_UNKNOWN;
}

void tds_body_free(struct tds_body *b)
{
	rowset_free(&b->rows);
	db_value_free(&b->value);
}

void tds_body_begin(struct tds_body *b, uint8_t message)
{
	b->message = message;
	b->phase = PHASE_START;
	b->skip_bytes = 0;
	b->columns_left = 0;
	b->headers_read = false;
	b->sql = false;
	b->value.nested = 0;
}

void tds_lose(struct tds_body *b, enum stream_end why, struct decode_out *out)
{
	if (why == STREAM_LIMIT)
		decode_count_limit(out);
	else if (why != STREAM_GAP)
		decode_count_malformed(out);
	b->lost = why;
	b->phase = PHASE_LOST;
}

void tds_said(struct tds_body *b, struct decode_out *out)
{
	rowset_end(&b->rows, out);
	if (b->open)
		decode_end(out);
	b->open = false;
}

void tds_say(struct tds_body *b, const char *name, const char *place, struct decode_out *out)
{
	tds_said(b, out);
	decode_begin(out, CARRIER_DATABASE, span_of_text(name), place);
	b->open = true;
	b->value.nested = 0;
}

int tds_tell(struct tds_body *b, enum field_role role, const char *label, struct span wide,
        struct decode_out *out)
{
	b->value.field = (struct field){
	        .role = role,
	        .label_kind = LABEL_KEY,
	        .label = span_of_text(label),
	        .first = true,
	        .last = true,
	};
	b->value.place[0] = '\0';
	return db_value_whole(
	        &b->value, DB_UTF16, span_slice(wide, 0, db_value_whole_max(DB_UTF16)), out);
}

void tds_label(struct tds_body *b, struct span wide)
{
	struct span name = span_of(b->label, db_utf16(wide, b->label, sizeof(b->label)));

	if (name.len > 0 && name.data[0] == '@')
		name = span_slice(name, 1, SIZE_MAX);
	b->value.field = (struct field){
	        .label_kind = name.len > 0 ? LABEL_KEY : LABEL_NONE,
	        .label = name,
	        .first = true,
	        .last = true,
	};
	text_copy(b->value.place, sizeof(b->value.place), "parameter");
	b->phase = PHASE_VALUE;
}

/* ---- values ---- */

static enum db_form form_of(const struct tds_body *b)
{
	enum db_form form = tds_type_form(&b->type);

	if (!b->sql)
		return form;
	return form == DB_UTF16 ? DB_SQL_UTF16 : DB_SQL;
}

int tds_value_start(struct tds_body *b, struct tds_input *in, bool in_row)
{
	int status = tds_value_extent(&in->c, &b->type, in_row, &b->extent, &b->left_bytes);
	enum db_form form = form_of(b);

	if (status != STATUS_OK)
		return STATUS_OK; /* more of it is needed */
	switch (b->extent) {
	case TDS_NULL:
		b->phase = b->behind;
		break;
	case TDS_SCALAR:
		b->phase = PHASE_WHOLE;
		break;
	case TDS_BYTES:
	case TDS_VARIANT:
		b->phase = b->left_bytes <= db_value_whole_max(form) ? PHASE_WHOLE : PHASE_BYTES;
		break;
	case TDS_PARTS:
		b->phase = PHASE_PART;
		break;
	}
	if (b->phase == PHASE_BYTES || b->phase == PHASE_PART)
		db_value_begin(&b->value, form);
	return STATUS_ITEM;
}

static int whole_value(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct cursor next = in->c;
	struct span bytes = cursor_span(&next, b->left_bytes);
	enum db_form form = form_of(b);
	char text[TDS_SCALAR_CHARS];
	struct tds_type type = b->type;
	bool read = true;
	int status = STATUS_OK;

	if (cursor_failed(&next))
		return STATUS_OK;
	if (b->extent == TDS_VARIANT) {
		read = tds_variant(&bytes, &type);
		form = tds_type_form(&type);
	}
	if (b->extent == TDS_SCALAR || (read && form == DB_BINARY && b->extent == TDS_VARIANT)) {
		bytes = span_of(text, tds_scalar(&type, bytes, text));
		form = DB_UTF8;
	}
	if (read)
		status = db_value_whole(&b->value, form, bytes, out);
	else
		decode_unread(out, b->left_bytes, STREAM_UNKNOWN);
	if (status != STATUS_OK)
		return status;
	in->c = next;
	b->phase = b->behind;
	return STATUS_ITEM;
}

static int next_part(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	struct cursor next = in->c;
	uint32_t bytes = cursor_u32le(&next);
	int status;

	if (cursor_failed(&next))
		return STATUS_OK;
	if (bytes == 0) {
		status = db_value_end(&b->value, STREAM_COMPLETE, out);
		if (status != STATUS_OK)
			return status;
	}
	in->c = next;
	b->left_bytes = bytes;
	b->phase = bytes > 0 ? PHASE_BYTES : b->behind;
	return STATUS_ITEM;
}

static int value_bytes(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	size_t len = cursor_left(&in->c) < b->left_bytes ? cursor_left(&in->c) : b->left_bytes;
	struct cursor part = cursor_open(span_of(in->c.at, len));
	int status;

	if (len == 0 && b->left_bytes > 0)
		return STATUS_OK;
	status = db_value_feed(&b->value, &part, out);
	len -= cursor_left(&part);
	cursor_skip(&in->c, len);
	b->left_bytes -= (uint32_t)len;
	if (status != STATUS_OK)
		return status;
	if (b->left_bytes > 0)
		return STATUS_ITEM;
	if (b->extent == TDS_PARTS) {
		b->phase = PHASE_PART;
		return STATUS_ITEM;
	}
	status = db_value_end(&b->value, STREAM_COMPLETE, out);
	if (status == STATUS_OK)
		b->phase = b->behind;
	return status == STATUS_OK ? STATUS_ITEM : status;
}

/* ---- messages ---- */

static int start(struct tds_body *b, struct tds_input *in)
{
	int first = cursor_peek(&in->c, 0);

	if (first < 0)
		return STATUS_OK;
	switch (b->message) {
	case TDS_BATCH:
		b->phase = PHASE_SQL;
		break;
	case TDS_RPC:
		b->phase = PHASE_CALL;
		break;
	case TDS_LOGIN:
		b->phase = PHASE_LOGIN;
		break;
	case TDS_PRELOGIN:
		b->phase = PHASE_PRELOGIN;
		break;
	case TDS_ANSWER: /* that to PRELOGIN looks like it, and like no token */
		b->phase = first == 0 ? PHASE_PRELOGIN : PHASE_TOKEN;
		break;
	case TDS_BULK:
		b->phase = PHASE_TOKEN;
		break;
	default: /* who they are, and transactions */
		b->phase = PHASE_PASS;
		break;
	}
	b->param = 0;
	return STATUS_ITEM;
}

static int pass(const struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	size_t len = cursor_left(&in->c);

	if (b->phase == PHASE_LOST)
		decode_unread(out, len, b->lost);
	cursor_skip(&in->c, len);
	return len > 0 ? STATUS_ITEM : STATUS_OK;
}

int tds_body_step(struct tds_body *b, struct tds_input *in, struct decode_out *out)
{
	if (decode_room(out) < TDS_BODY_ROOM)
		return STATUS_MORE;
	switch (b->phase) {
	case PHASE_START:
		return start(b, in);
	case PHASE_SQL:
	case PHASE_PRELOGIN:
	case PHASE_LOGIN:
	case PHASE_CALL:
	case PHASE_PARAM:
		return tds_request_step(b, in, out);
	case PHASE_TOKEN:
	case PHASE_COLUMN:
	case PHASE_CELL:
		return tds_token_step(b, in, out);
	case PHASE_VALUE:
		return tds_value_start(b, in, false);
	case PHASE_WHOLE:
		return whole_value(b, in, out);
	case PHASE_PART:
		return next_part(b, in, out);
	case PHASE_BYTES:
		return value_bytes(b, in, out);
	case PHASE_PASS:
	case PHASE_LOST:
		return pass(b, in, out);
	}
	return STATUS_BUG;
}

int tds_body_end(struct tds_body *b, enum stream_end end, struct decode_out *out)
{
	bool in_value = b->phase == PHASE_PART || b->phase == PHASE_BYTES || b->phase == PHASE_SQL;
	int status = STATUS_OK;

	if (decode_room(out) < TDS_BODY_ROOM)
		return STATUS_MORE;
	if (in_value && (b->open || b->rows.open))
		status = db_value_end(&b->value, end, out);
	else
		db_value_abandon(&b->value, end, out);
	if (status != STATUS_OK)
		return status;
	tds_said(b, out);
	b->phase = PHASE_PASS;
	return STATUS_OK;
}
