/* mysql_row: cells of rows in both of MySQL's forms.
 *
 * Source: MySQL internals, "Client/Server Protocol": Text Resultset Row, Binary Protocol Resultset
 * Row, Binary Protocol Value, Column Types, Length-Encoded Integers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/mysql.h"

#define NULL_LENGTH  0xfb
#define SCALAR_CHARS 64

enum {
	TYPE_TINY = 1,
	TYPE_SHORT = 2,
	TYPE_LONG = 3,
	TYPE_FLOAT = 4,
	TYPE_DOUBLE = 5,
	TYPE_NULL = 6,
	TYPE_TIMESTAMP = 7,
	TYPE_LONGLONG = 8,
	TYPE_INT24 = 9,
	TYPE_DATE = 10,
	TYPE_TIME = 11,
	TYPE_DATETIME = 12,
	TYPE_YEAR = 13,
	TYPE_BLOB_FIRST = 0xf9,
	TYPE_BLOB_LAST = 0xfc,
};

uint64_t mysql_length(struct cursor *c, bool *ret_null)
{
	uint8_t first = cursor_u8(c);

	if (ret_null)
		*ret_null = first == NULL_LENGTH;
	switch (first) {
	case NULL_LENGTH:
	case 0xff:
		return 0;
	case 0xfc:
		return cursor_u16le(c);
	case 0xfd:
		return cursor_le(c, 3);
	case 0xfe:
		return cursor_u64le(c);
	default:
		return first;
	}
}

struct span mysql_string(struct cursor *c)
{
	uint64_t len = mysql_length(c, NULL);

	return cursor_span(c, len > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)len);
}

static size_t print_integer(struct cursor c, size_t width, char *ret, size_t size)
{
	uint64_t value = cursor_le(&c, width);
	int64_t number = width == 1   ? (int8_t)value
	                 : width == 2 ? (int16_t)value
	                 : width == 4 ? (int32_t)value
	                              : (int64_t)value;

	if (cursor_failed(&c))
		return SIZE_MAX;
	snprintf(ret, size, "%" PRId64, number);
	return width;
}

static size_t print_float(struct cursor c, size_t width, char *ret, size_t size)
{
	uint64_t bits = cursor_le(&c, width);
	uint32_t few = (uint32_t)bits;
	double wide;
	float narrow;

	memcpy(&wide, &bits, sizeof(wide));
	memcpy(&narrow, &few, sizeof(narrow));
	if (cursor_failed(&c))
		return SIZE_MAX;
	snprintf(ret, size, "%.15g", width == 4 ? (double)narrow : wide);
	return width;
}

/* A length, the year, month and day, and the time when it says something. */
static size_t print_date(struct cursor c, bool time_only, char *ret, size_t size)
{
	uint8_t len = cursor_u8(&c);
	struct cursor part = cursor_sub(&c, len);
	unsigned year, month, day, hour, minute;

	if (cursor_failed(&c))
		return SIZE_MAX;
	if (time_only || len < 4)
		return len + 1u;
	year = cursor_u16le(&part);
	month = cursor_u8(&part);
	day = cursor_u8(&part);
	hour = cursor_u8(&part);
	minute = cursor_u8(&part);
	if (hour || minute)
		snprintf(ret, size, "%04u-%02u-%02u %02u:%02u", year, month, day, hour, minute);
	else
		snprintf(ret, size, "%04u-%02u-%02u", year, month, day);
	return len + 1u;
}

size_t mysql_scalar(uint8_t type, struct cursor c, char *ret, size_t size)
{
	ret[0] = '\0';
	switch (type) {
	case TYPE_TINY:
		return print_integer(c, 1, ret, size);
	case TYPE_SHORT:
	case TYPE_YEAR:
		return print_integer(c, 2, ret, size);
	case TYPE_LONG:
	case TYPE_INT24:
		return print_integer(c, 4, ret, size);
	case TYPE_LONGLONG:
		return print_integer(c, 8, ret, size);
	case TYPE_FLOAT:
		return print_float(c, 4, ret, size);
	case TYPE_DOUBLE:
		return print_float(c, 8, ret, size);
	case TYPE_DATE:
	case TYPE_DATETIME:
	case TYPE_TIMESTAMP:
		return print_date(c, false, ret, size);
	case TYPE_TIME:
		return print_date(c, true, ret, size);
	default:
		return 0;
	}
}

static enum db_form form_of(const struct rowset_column *column)
{
	bool blob = column->type >= TYPE_BLOB_FIRST && column->type <= TYPE_BLOB_LAST;

	return blob && column->flags ? DB_BINARY : column->scale ? DB_8BIT : DB_UTF8;
}

/* A text with its length; a long one goes on in IN_VALUE. */
static int text_cell(struct mysql *m, struct cursor *c, const struct rowset_column *column,
        struct decode_out *out)
{
	enum db_form form = form_of(column);
	struct cursor next = *c;
	bool null;
	uint64_t len = mysql_length(&next, &null);
	size_t head = cursor_left(c) - cursor_left(&next);
	int status;

	if (cursor_failed(&next) || head > m->left_bytes)
		return m->left_bytes <= cursor_left(c) ? STATUS_MALFORMED : STATUS_OK;
	if (len > m->left_bytes - head && !m->more)
		return STATUS_MALFORMED;
	if (len > db_value_whole_max(form) || len > m->left_bytes - head) {
		db_value_begin(&m->value, form);
		m->left_value = len;
		m->phase = IN_VALUE;
		return mysql_take(m, c, &next) ? STATUS_ITEM : STATUS_MALFORMED;
	}
	if (cursor_left(&next) < len)
		return STATUS_OK;
	status = db_value_whole(&m->value, form, cursor_span(&next, (size_t)len), out);
	if (status != STATUS_OK)
		return status;
	m->rows.column++;
	return mysql_take(m, c, &next) ? STATUS_ITEM : STATUS_MALFORMED;
}

static bool is_null(const struct mysql *m, uint32_t at)
{
	return m->binary && (m->nulls[(at + 2) / 8] >> ((at + 2) % 8) & 1);
}

int mysql_cell_step(struct mysql *m, struct cursor *c, struct decode_out *out)
{
	struct rowset_column column = rowset_column(&m->rows, m->rows.column);
	char text[SCALAR_CHARS];
	struct cursor next = *c;
	size_t len;
	int status;

	if (m->rows.column == m->rows.count) {
		m->phase = IN_REST;
		return STATUS_ITEM;
	}
	if (is_null(m, m->rows.column) || (m->binary && column.type == TYPE_NULL)) {
		m->rows.column++;
		return STATUS_ITEM;
	}
	m->value.field = rowset_field(&m->rows);
	rowset_place(&m->rows, m->value.place);
	len = m->binary ? mysql_scalar(column.type, *c, text, sizeof(text)) : 0;
	if (len == 0)
		return text_cell(m, c, &column, out);
	if (len == SIZE_MAX)
		return cursor_left(c) >= m->left_bytes ? STATUS_MALFORMED : STATUS_OK;
	status = db_value_whole(&m->value, DB_UTF8, span_of_text(text), out);
	if (status != STATUS_OK)
		return status;
	cursor_skip(&next, len);
	m->rows.column++;
	return mysql_take(m, c, &next) ? STATUS_ITEM : STATUS_MALFORMED;
}
