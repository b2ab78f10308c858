/* sql_row: rows as SQL writes them: values in brackets behind VALUES, and the lines of COPY.
 *
 * Sources: ISO/IEC 9075-2 (literals), MySQL 8.0 Reference Manual section 9.1 (escapes, hexadecimal
 * literals, _binary), PostgreSQL 15 documentation sections 4.1.2 (E'…') and COPY (text format). */
#include <string.h>

#include "base/status.h"
#include "decode/sql.h"

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\n' || b == '\r';
}

void sql_value_begin(struct sql *s, enum db_form form)
{
	s->value.field = rowset_field(&s->rows);
	rowset_place(&s->rows, s->value.place);
	db_value_begin(&s->value, form);
	s->value_open = true;
}

int sql_value_end(struct sql *s, struct decode_out *out)
{
	int status = db_value_end(&s->value, STREAM_COMPLETE, out);

	if (status == STATUS_OK)
		s->value_open = false;
	return status;
}

int sql_value_bytes(struct sql *s, struct cursor *c, size_t len, struct decode_out *out)
{
	struct cursor part = cursor_open(span_of(c->at, len));
	int status = db_value_feed(&s->value, &part, out);

	cursor_skip(c, len - cursor_left(&part));
	return status == STATUS_OK ? STATUS_ITEM : status;
}

/* A byte that was written as an escape. */
static void put_plain(struct sql *s, uint8_t byte)
{
	s->plain_at = 0;
	s->plain[0] = byte;
	s->plain_len = 1;
}

static uint8_t escaped_byte(uint8_t b)
{
	switch (b) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'v':
		return '\v';
	case '0':
		return 0;
	case 'Z':
		return 0x1a;
	default:
		return b;
	}
}

/* ---- values in brackets ---- */

static bool bare_is(const struct sql *s, const char *word)
{
	return span_equal_nocase(span_of(s->bare, s->bare_len), word);
}

static int between_rows(struct sql *s, struct cursor *c, struct decode_out *out)
{
	int byte = cursor_peek(c, 0);

	if (is_blank((uint8_t)byte) || byte == ',') {
		cursor_skip(c, 1);
	} else if (byte == '(') {
		cursor_skip(c, 1);
		rowset_row(&s->rows, out, "");
		s->value.nested = s->rows.row == 1 ? 0 : s->value.nested;
		s->depth = 0;
		s->mode = MODE_ROW;
	} else {
		s->mode = MODE_STATEMENT;
	}
	return STATUS_ITEM;
}

/* A comma, a bracket: behind a value. */
static void behind_value(struct sql *s, uint8_t byte)
{
	s->mode = MODE_AFTER;
	if (byte == '(') {
		s->depth++;
	} else if (byte == ')' && s->depth > 0) {
		s->depth--;
	} else if (byte == ')') {
		s->mode = MODE_ROWS;
	} else if (byte == ',' && s->depth == 0) {
		s->rows.column++;
		s->mode = MODE_ROW;
	}
}

static void open_string(struct sql *s, uint8_t quote, enum db_form form)
{
	s->quote = quote;
	s->escapes = s->backslashes;
	sql_value_begin(s, form);
	s->mode = MODE_STRING;
}

static int before_value(struct sql *s, struct cursor *c)
{
	uint8_t byte = cursor_u8(c);

	if (is_blank(byte))
		return STATUS_ITEM;
	if (byte == '\'' || byte == '"') {
		open_string(s, byte, DB_UTF8);
	} else if (byte == '(') {
		s->depth++;
	} else if (byte == ',' || byte == ')') {
		behind_value(s, byte);
	} else {
		s->bare[0] = (char)byte;
		s->bare_len = 1;
		s->mode = MODE_BARE;
	}
	return STATUS_ITEM;
}

/* N'…' and its kin. */
static void prefixed_string(struct sql *s, uint8_t quote)
{
	if (bare_is(s, "x")) {
		s->nibble = 16;
		s->quote = quote;
		sql_value_begin(s, DB_BINARY);
		s->mode = MODE_HEX;
		return;
	}
	open_string(s, quote, bare_is(s, "_binary") ? DB_BINARY : DB_UTF8);
	s->escapes = s->escapes || bare_is(s, "e");
}

/* A number or a word has ended; words that say "nothing" say nothing. */
static int end_bare(struct sql *s, struct decode_out *out)
{
	int status;

	if (bare_is(s, "null") || bare_is(s, "default"))
		return STATUS_OK;
	s->value.field = rowset_field(&s->rows);
	rowset_place(&s->rows, s->value.place);
	status = db_value_whole(&s->value, DB_UTF8, span_of(s->bare, s->bare_len), out);
	return status;
}

static int bare(struct sql *s, struct cursor *c, struct decode_out *out)
{
	int byte = cursor_peek(c, 0);
	int status;

	if (byte == 'x' && s->bare_len == 1 && s->bare[0] == '0') {
		cursor_skip(c, 1);
		s->nibble = 16;
		s->quote = 0;
		sql_value_begin(s, DB_BINARY);
		s->mode = MODE_HEX;
		return STATUS_ITEM;
	}
	/* _binary 'abc' */
	if (byte == ' ' && s->bare[0] == '_') {
		cursor_skip(c, 1);
		return STATUS_ITEM;
	}
	if (byte == '\'') {
		cursor_skip(c, 1);
		prefixed_string(s, '\'');
		return STATUS_ITEM;
	}
	if (byte == '(') { /* a function: its first argument is taken */
		cursor_skip(c, 1);
		s->depth++;
		s->mode = MODE_ROW;
		return STATUS_ITEM;
	}
	if (!is_blank((uint8_t)byte) && byte != ',' && byte != ')') {
		cursor_skip(c, 1);
		if (s->bare_len < sizeof(s->bare))
			s->bare[s->bare_len++] = (char)byte;
		else
			decode_unread(out, 1, STREAM_LIMIT);
		return STATUS_ITEM;
	}
	status = end_bare(s, out);
	if (status == STATUS_OK)
		s->mode = MODE_AFTER;
	return status == STATUS_OK ? STATUS_ITEM : status;
}

static int nibble_of(int byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static int hex(struct sql *s, struct cursor *c, struct decode_out *out)
{
	s->plain_at = 0;
	s->plain_len = 0;
	while (cursor_left(c) > 0 && s->plain_len < sizeof(s->plain)) {
		int value = nibble_of(cursor_peek(c, 0));

		if (value < 0)
			break;
		cursor_skip(c, 1);
		if (s->nibble < 16)
			s->plain[s->plain_len++] = (uint8_t)(s->nibble << 4 | value);
		s->nibble = s->nibble < 16 ? 16 : (uint8_t)value;
	}
	if (s->plain_len == 0 && cursor_left(c) > 0) {
		int status = sql_value_end(s, out);

		if (status != STATUS_OK)
			return status;
		if (s->quote && cursor_peek(c, 0) == s->quote)
			cursor_skip(c, 1);
		s->mode = MODE_AFTER;
	}
	return STATUS_ITEM;
}

static int string(struct sql *s, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, cursor_left(c));
	size_t len = 0;

	while (len < rest.len && rest.data[len] != s->quote &&
	        !(s->escapes && rest.data[len] == '\\'))
		len++;
	if (len > 0)
		return sql_value_bytes(s, c, len, out);
	s->mode = cursor_u8(c) == '\\' && s->quote != '\\' ? MODE_ESCAPED : MODE_QUOTED;
	return STATUS_ITEM;
}

static int behind_quote(struct sql *s, struct cursor *c, struct decode_out *out)
{
	int status;

	if (cursor_peek(c, 0) == s->quote) {
		cursor_skip(c, 1);
		put_plain(s, s->quote);
		s->mode = MODE_STRING;
		return STATUS_ITEM;
	}
	status = sql_value_end(s, out);
	if (status == STATUS_OK)
		s->mode = MODE_AFTER;
	return status == STATUS_OK ? STATUS_ITEM : status;
}

/* Behind a value; another literal there (`'a' || 'b'`) is told as one more value of the column. */
static int after_value(struct sql *s, struct cursor *c)
{
	uint8_t byte = cursor_u8(c);

	if (byte == '\'' || byte == '"')
		open_string(s, byte, DB_UTF8);
	else
		behind_value(s, byte);
	return STATUS_ITEM;
}

int sql_row_step(struct sql *s, struct cursor *c, bool last, struct decode_out *out)
{
	if (cursor_left(c) == 0) {
		int status = last && s->value_open ? sql_value_end(s, out) : STATUS_OK;

		if (status == STATUS_OK && last && s->mode == MODE_BARE) {
			status = end_bare(s, out);
			s->mode = status == STATUS_OK ? MODE_AFTER : s->mode;
		}
		return status;
	}
	switch (s->mode) {
	case MODE_ROWS:
		return between_rows(s, c, out);
	case MODE_ROW:
		return before_value(s, c);
	case MODE_BARE:
		return bare(s, c, out);
	case MODE_HEX:
		return hex(s, c, out);
	case MODE_STRING:
		return string(s, c, out);
	case MODE_ESCAPED:
		put_plain(s, escaped_byte(cursor_u8(c)));
		s->mode = MODE_STRING;
		return STATUS_ITEM;
	case MODE_QUOTED:
		return behind_quote(s, c, out);
	case MODE_AFTER:
		return after_value(s, c);
	default:
		return STATUS_BUG;
	}
}

/* ---- COPY ---- */

static int copy_cell_end(struct sql *s, struct cursor *c, struct decode_out *out)
{
	int status = s->value_open ? sql_value_end(s, out) : STATUS_OK;

	if (status != STATUS_OK)
		return status;
	if (cursor_u8(c) == '\t')
		s->rows.column++;
	else
		s->line_begun = false;
	return STATUS_ITEM;
}

/* `\.` ends the rows, `\N` is no value. */
static int copy_escape(struct sql *s, struct cursor *c, struct decode_out *out)
{
	uint8_t byte = cursor_u8(c);

	s->mode = MODE_COPY;
	if (byte == '.' && !s->line_begun) {
		s->mode = MODE_TEXT;
		return STATUS_ITEM;
	}
	if (!s->line_begun)
		rowset_row(&s->rows, out, "");
	s->line_begun = true;
	if (byte == 'N')
		return STATUS_ITEM;
	if (!s->value_open)
		sql_value_begin(s, DB_UTF8);
	put_plain(s, byte == '0' ? byte : escaped_byte(byte));
	return STATUS_ITEM;
}

int sql_copy_step(struct sql *s, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, cursor_left(c));
	size_t len = 0;

	if (s->mode == MODE_COPY_ESCAPED)
		return copy_escape(s, c, out);
	if (!s->line_begun && rest.data[0] != '\\') {
		rowset_row(&s->rows, out, "");
		s->line_begun = true;
		return STATUS_ITEM;
	}
	while (len < rest.len && rest.data[len] != '\t' && rest.data[len] != '\n' &&
	        rest.data[len] != '\\')
		len++;
	if (len > 0) {
		if (!s->value_open)
			sql_value_begin(s, DB_UTF8);
		return sql_value_bytes(s, c, len, out);
	}
	if (rest.data[0] == '\\') {
		cursor_skip(c, 1);
		s->mode = MODE_COPY_ESCAPED;
		return STATUS_ITEM;
	}
	return copy_cell_end(s, c, out);
}
