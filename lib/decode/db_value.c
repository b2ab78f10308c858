/* Source: RFC 2781 (UTF-16). */
#include "decode/db_value.h"

#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "base/utf8.h"
#include "decode/charset.h"

#define REPLACEMENT    0xfffd
#define UTF8_PER_8BIT  3 /* bytes of UTF-8 for one of the character set, at most */
#define BYTES_8BIT_MAX (DB_VALUE_HELD_BYTES / 2) /* grow to no more than 24 KiB */

void db_value_init(struct db_value *v, struct budget *borrowed)
{
	buf_init(&v->held, DB_VALUE_HELD_BYTES, borrowed);
}

void db_value_free(struct db_value *v)
{
	buf_free(&v->held);
}

/* ---- character sets ---- */

static struct span text_8bit(struct span bytes, struct decode_out *out)
{
	size_t high = 0, len = 0;
	uint8_t *to;

	for (size_t i = 0; i < bytes.len; i++)
		high += bytes.data[i] >= 0x80;
	if (high == 0)
		return decode_keep(out, bytes);
	to = decode_scratch(out, bytes.len + (UTF8_PER_8BIT - 1) * high);
	if (!to)
		return span_of(NULL, 0);
	for (size_t i = 0; i < bytes.len; i++) {
		char unit[UTF8_BYTES_MAX];
		size_t size = utf8_encode(charset_of_1252(bytes.data[i]), unit);

		memcpy(to + len, unit, size);
		len += size;
	}
	return span_of(to, len);
}

/* The character at the front; a half of one is none. */
static uint32_t next_utf16(struct cursor *c)
{
	uint16_t unit = cursor_u16le(c);
	struct cursor next = *c;
	uint16_t low;

	if (unit < 0xd800 || unit >= 0xe000)
		return unit;
	low = cursor_u16le(&next);
	if (unit >= 0xdc00 || cursor_failed(&next) || low < 0xdc00 || low >= 0xe000)
		return REPLACEMENT;
	*c = next;
	return 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
}

size_t db_utf16(struct span wide, void *ret, size_t size)
{
	struct cursor c = cursor_open(wide);
	uint8_t *to = ret;
	size_t len = 0;

	while (cursor_left(&c) >= 2) {
		char unit[UTF8_BYTES_MAX];
		size_t unit_len = utf8_encode(next_utf16(&c), unit);

		if (unit_len > size - len)
			break;
		memcpy(to + len, unit, unit_len);
		len += unit_len;
	}
	return len;
}

static struct span text_utf16(struct span wide, struct decode_out *out)
{
	size_t need = 0;
	uint8_t *to;

	for (size_t i = 0; i + 1 < wide.len; i += 2)
		need += wide.data[i + 1] ? 3 : wide.data[i] < 0x80 ? 1 : 2;
	to = decode_scratch(out, need);
	return to ? span_of(to, db_utf16(wide, to, need)) : span_of(NULL, 0);
}

static bool is_utf16(enum db_form form)
{
	return form == DB_UTF16 || form == DB_SQL_UTF16;
}

static struct span to_utf8(enum db_form form, struct span bytes, struct decode_out *out)
{
	if (is_utf16(form))
		return text_utf16(bytes, out);
	return form == DB_8BIT ? text_8bit(bytes, out) : decode_keep(out, bytes);
}

/* No room in the queue's memory. */
static int no_room(const struct decode_out *out)
{
	return decode_room(out) == DECODE_QUEUE_OPS ? STATUS_LIMIT : STATUS_MORE;
}

/* ---- what goes out ---- */

static void child_open(struct db_value *v, struct content *content, struct decode_out *out)
{
	bool sql = v->form == DB_SQL || v->form == DB_SQL_UTF16;

	if (sql)
		text_copy(content->type, sizeof(content->type), "application/sql");
	else
		text_copy(content->place, sizeof(content->place), v->place);
	decode_child_open(out, content);
	v->nested += !sql;
}

/* Whether this is the beginning of a document of its own. */
static bool is_document(const struct db_value *v, struct span text, struct content *ret)
{
	if (v->form == DB_SQL || v->form == DB_SQL_UTF16)
		return true;
	if (v->nested >= DB_VALUE_NESTED_MAX)
		return false;
	if (v->form == DB_BINARY)
		return text.len >= DB_VALUE_BINARY_MIN;
	return content_is_nested(text, ret);
}

static void put_text(
        const struct db_value *v, struct span text, bool first, bool last, struct decode_out *out)
{
	while (text.len > 0 || last) {
		struct field field = v->field;

		field.kind = FIELD_TEXT;
		field.bytes = span_slice(text, 0, DECODE_PIECE_BYTES_MAX);
		text = span_slice(text, field.bytes.len, SIZE_MAX);
		field.first = first;
		field.last = last && text.len == 0;
		first = false;
		decode_field(out, &field, v->place);
		if (field.last)
			return;
	}
}

static void put_whole(struct db_value *v, struct span text, struct decode_out *out)
{
	struct content content = {0};

	if (is_document(v, text, &content)) {
		child_open(v, &content, out);
		decode_child_bytes(out, text);
		decode_child_close(out, STREAM_COMPLETE);
	} else if (v->form == DB_BINARY) {
		decode_unread(out, text.len, STREAM_LIMIT);
	} else if (text.len <= DECODE_VALUE_BYTES_MAX) {
		v->field.kind = FIELD_VALUE;
		v->field.bytes = text;
		decode_field(out, &v->field, v->place);
	} else {
		put_text(v, text, true, true, out);
	}
}

/* A piece of a value that is too long to be one field. */
static void put_piece(struct db_value *v, struct span text, struct decode_out *out)
{
	struct content content = {0};

	if (!v->begun) {
		v->child = is_document(v, text, &content);
		if (v->child)
			child_open(v, &content, out);
	}
	if (v->child)
		decode_child_bytes(out, text);
	else if (v->form == DB_BINARY)
		decode_unread(out, text.len, STREAM_LIMIT);
	else
		put_text(v, text, !v->begun, false, out);
	v->begun = true;
}

/* A short value in binary form is text when every byte of it is: texts are written the same in both
 * forms, keys and stamps hardly ever are. */
static bool is_text(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.data[i] < ' ' && !memchr("\t\r\n", bytes.data[i], 3))
			return false;
	return utf8_valid_length(bytes) == bytes.len;
}

size_t db_value_whole_max(enum db_form form)
{
	return form == DB_8BIT ? BYTES_8BIT_MAX : DB_VALUE_HELD_BYTES;
}

int db_value_whole(struct db_value *v, enum db_form form, struct span bytes, struct decode_out *out)
{
	struct span text;

	if (bytes.len == 0)
		return STATUS_OK;
	if (form == DB_BINARY && bytes.len < DB_VALUE_BINARY_MIN) {
		if (!is_text(bytes))
			return STATUS_OK;
		form = DB_UTF8;
	}
	v->form = form;
	v->begun = false;
	v->child = false;
	if (decode_room(out) < DB_VALUE_ROOM)
		return STATUS_MORE;
	text = to_utf8(form, bytes, out);
	if (!text.data)
		return no_room(out);
	put_whole(v, text, out);
	return STATUS_OK;
}

void db_value_begin(struct db_value *v, enum db_form form)
{
	v->form = form;
	v->begun = false;
	v->child = false;
	buf_clear(&v->held);
}

/* Bytes at the end that are a character with what follows. */
static size_t cut_character(const struct db_value *v)
{
	size_t odd = v->held.len & 1;
	uint8_t high;

	if (!is_utf16(v->form) || v->held.len < 2 + odd)
		return is_utf16(v->form) ? v->held.len : 0;
	high = v->held.data[v->held.len - odd - 1];
	return odd + (high >= 0xd8 && high < 0xdc ? 2 : 0);
}

/* Sends out what is held, but for the half of a character. */
static int flush(struct db_value *v, struct decode_out *out)
{
	size_t len = v->held.len - cut_character(v);
	struct span text;

	if (len == 0)
		return STATUS_OK;
	if (decode_room(out) < DB_VALUE_ROOM)
		return STATUS_MORE;
	text = to_utf8(v->form, span_slice(buf_span(&v->held), 0, len), out);
	if (!text.data)
		return no_room(out);
	put_piece(v, text, out);
	buf_drop_front(&v->held, len);
	return STATUS_OK;
}

int db_value_feed(struct db_value *v, struct cursor *c, struct decode_out *out)
{
	size_t max = db_value_whole_max(v->form);
	int status = STATUS_OK;

	while (status == STATUS_OK && cursor_left(c) > 0) {
		struct span part;

		if (v->held.len >= max) {
			status = flush(v, out);
			continue;
		}
		part = span_slice(span_of(c->at, cursor_left(c)), 0, max - v->held.len);
		status = buf_append(&v->held, part);
		if (status == STATUS_OK)
			cursor_skip(c, part.len);
	}
	return status;
}

int db_value_end(struct db_value *v, enum stream_end end, struct decode_out *out)
{
	struct span text;

	if (!v->begun && end == STREAM_COMPLETE) {
		int status = db_value_whole(v, v->form, buf_span(&v->held), out);

		if (status == STATUS_OK)
			buf_clear(&v->held);
		return status;
	}
	if (decode_room(out) < DB_VALUE_ROOM)
		return STATUS_MORE;
	text = to_utf8(v->form, buf_span(&v->held), out);
	if (!text.data && v->held.len > 0)
		return no_room(out);
	if (text.len > 0)
		put_piece(v, text, out);
	buf_clear(&v->held);
	db_value_abandon(v, end, out);
	return STATUS_OK;
}

void db_value_abandon(struct db_value *v, enum stream_end end, struct decode_out *out)
{
	if (v->begun && v->child)
		decode_child_close(out, end);
	else if (v->begun && v->form != DB_BINARY)
		put_text(v, span_of(NULL, 0), false, true, out);
	v->begun = false;
	v->child = false;
	buf_clear(&v->held);
}

void db_tell(struct decode_out *out, enum field_role role, const char *label, struct span value)
{
	struct field field = {
	        .role = role,
	        .label_kind = LABEL_KEY,
	        .label = span_of_text(label),
	        .bytes = span_slice(value, 0, DECODE_VALUE_BYTES_MAX),
	        .first = true,
	        .last = true,
	};

	if (field.bytes.len > 0)
		decode_field(out, &field, "");
}
