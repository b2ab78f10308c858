#include "decode/rowset.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"

void rowset_init(struct rowset *r, struct budget *borrowed)
{
	buf_init(&r->names, ROWSET_NAMES_BYTES_MAX, borrowed);
	buf_init(&r->columns, ROWSET_COLUMNS_MAX * sizeof(struct rowset_column), borrowed);
}

void rowset_free(struct rowset *r)
{
	buf_free(&r->names);
	buf_free(&r->columns);
}

void rowset_clear(struct rowset *r)
{
	buf_clear(&r->names);
	buf_clear(&r->columns);
	r->count = 0;
	r->column = 0;
}

int rowset_add(
        struct rowset *r, struct rowset_column column, struct span name, struct decode_out *out)
{
	int status = buf_append(&r->names, span_slice(name, 0, DECODE_LABEL_BYTES_MAX));

	column.name_at = 0;
	column.name_len = 0;
	if (status < 0)
		return status;
	if (status == STATUS_OK) {
		column.name_len = (uint16_t)span_slice(name, 0, DECODE_LABEL_BYTES_MAX).len;
		column.name_at = (uint32_t)(r->names.len - column.name_len);
	} else {
		decode_count_limit(out);
	}
	status = buf_append(&r->columns, span_of(&column, sizeof(column)));
	if (status == STATUS_OK)
		r->count++;
	return status;
}

struct rowset_column rowset_column(const struct rowset *r, uint32_t index)
{
	struct rowset_column column = {0};
	struct cursor c = cursor_open(
	        span_slice(buf_span(&r->columns), index * sizeof(column), sizeof(column)));

	cursor_copy(&c, &column, sizeof(column));
	return column;
}

void rowset_row(struct rowset *r, struct decode_out *out, const char *place)
{
	if (!r->open) {
		decode_begin(out, CARRIER_TABLE, span_of(NULL, 0), place);
		r->open = true;
		r->row = 0;
	}
	r->row++;
	r->column = 0;
}

struct field rowset_field(const struct rowset *r)
{
	struct rowset_column column = rowset_column(r, r->column);
	struct field field = {
	        .label = span_slice(buf_span(&r->names), column.name_at, column.name_len),
	        .first = true,
	        .last = true,
	        .column = r->column + 1,
	        .row = r->row,
	};

	field.label_kind = field.label.len > 0 ? LABEL_COLUMN : LABEL_NONE;
	return field;
}

void rowset_place(const struct rowset *r, char ret[static DECODE_STEP_CHARS])
{
	snprintf(ret, DECODE_STEP_CHARS, "column %u", (unsigned)(r->column + 1));
}

void rowset_end(struct rowset *r, struct decode_out *out)
{
	if (r->open)
		decode_end(out);
	r->open = false;
}
