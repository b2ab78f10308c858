#include "registry/worksheet.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/status.h"
#include "registry/part.h"

#define COLUMNS_READ_MAX 16384   /* of Excel: XFD */
#define ROWS_READ_MAX    1048576 /* of Excel */
#define VALUE_BYTES_MAX  64      /* of a number, an index or a date */

enum value_type {
	TYPE_NUMBER,
	TYPE_SHARED,
	TYPE_TEXT,
	TYPE_INLINE,
	TYPE_BOOL,
	TYPE_ERROR,
	TYPE_DAY
};

struct read_cell {
	unsigned row, column; /* from 1 */
	size_t at, len;       /* in the texts */
};

struct reader {
	const struct workbook *book;
	struct problems *problems;
	enum registry_file file;
	bool failed; /* a complaint after which the sheet is not used */

	bool in_rows; /* inside <sheetData> */
	unsigned row, column;
	bool row_hidden, row_told;
	bool columns_hidden[CSV_CELLS_MAX + 1]; /* by column; told of once */

	enum value_type type; /* of the cell that we are inside */
	size_t style;
	bool formula, in_value;
	struct string_item value; /* <v>, or the text of <is> */

	struct buf texts;
	struct read_cell *cells;
	size_t cell_count, cell_capacity;
};

static struct place place_at(const struct reader *r, unsigned row, unsigned column)
{
	return (struct place){.file = r->file, .line = row, .column = column, .row = row};
}

static void refuse_cell(struct reader *r, const char *id, const char *text)
{
	problems_error(r->problems, place_at(r, r->row, r->column), id, "%s", text);
	r->failed = true;
}

/* "C7" as column and row; false when it is no such thing. */
static bool parse_reference(const char *text, unsigned *ret_column, unsigned *ret_row)
{
	unsigned column = 0, row = 0;

	for (; *text >= 'A' && *text <= 'Z' && column <= COLUMNS_READ_MAX; text++)
		column = column * 26 + (unsigned)(*text - 'A') + 1;
	for (; *text >= '0' && *text <= '9' && row <= ROWS_READ_MAX; text++)
		row = row * 10 + (unsigned)(*text - '0');
	if (*text != '\0' || column == 0 || column > COLUMNS_READ_MAX || row == 0 ||
	        row > ROWS_READ_MAX)
		return false;
	*ret_column = column;
	*ret_row = row;
	return true;
}

static bool is_true(const char *value)
{
	return value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

static void start_row(struct reader *r, const struct xml_event *e)
{
	const char *number = xml_attribute(e, "", "r");
	uint64_t row = (uint64_t)r->row + 1;

	r->column = 0;
	if (number && (!span_to_u64(span_of_text(number), ROWS_READ_MAX, &row) || row == 0))
		refuse_cell(r, "workbook-damaged",
		        "The workbook is damaged: a row after this one has no number. Open it in "
		        "Excel and save it again.");
	r->row = (unsigned)row;
	r->row_hidden = is_true(xml_attribute(e, "", "hidden"));
	r->row_told = false;
}

/* <col min="2" max="3" hidden="1"/>: of columns that may hold something. */
static void take_columns(struct reader *r, const struct xml_event *e)
{
	const char *min = xml_attribute(e, "", "min"), *max = xml_attribute(e, "", "max");
	uint64_t first, last;

	if (!is_true(xml_attribute(e, "", "hidden")) || !min || !max ||
	        !span_to_u64(span_of_text(min), COLUMNS_READ_MAX, &first) ||
	        !span_to_u64(span_of_text(max), COLUMNS_READ_MAX, &last))
		return;
	for (uint64_t i = first; i <= last && i < ARRAY_LEN(r->columns_hidden); i++)
		r->columns_hidden[i] = true;
}

static enum value_type type_of(const char *type)
{
	static const struct {
		const char *name;
		enum value_type type;
	} types[] = {{"s", TYPE_SHARED}, {"str", TYPE_TEXT}, {"inlineStr", TYPE_INLINE},
	        {"b", TYPE_BOOL}, {"e", TYPE_ERROR}, {"d", TYPE_DAY}};

	for (size_t i = 0; type && i < ARRAY_LEN(types); i++)
		if (strcmp(type, types[i].name) == 0)
			return types[i].type;
	return TYPE_NUMBER;
}

static void start_cell(struct reader *r, const struct xml_event *e)
{
	const char *reference = xml_attribute(e, "", "r");
	const char *style = xml_attribute(e, "", "s");
	unsigned column = r->column + 1, row = r->row;
	uint64_t index = 0;

	if (reference && (!parse_reference(reference, &column, &row) || row != r->row)) {
		refuse_cell(r, "workbook-damaged",
		        "The workbook is damaged: a cell of this row has no place. Open it in "
		        "Excel "
		        "and save it again.");
		return;
	}
	r->column = column;
	r->type = type_of(xml_attribute(e, "", "t"));
	r->style = style && span_to_u64(span_of_text(style), SIZE_MAX, &index) ? (size_t)index : 0;
	r->formula = false;
	r->in_value = false;
}

static enum number_format format_of(const struct reader *r)
{
	return r->style < r->book->style_count ? r->book->styles[r->style] : NUMBER_PLAIN;
}

static int append_number(struct reader *r, struct span value)
{
	char text[NUMBER_TEXT_CHARS];

	if (number_text(value, format_of(r), r->book->from_1904, text))
		return buf_append_text(&r->texts, text);
	refuse_cell(r, "workbook-damaged",
	        "The workbook is damaged: this cell should hold a number and holds none. Type it "
	        "again.");
	return STATUS_OK;
}

static int append_shared(struct reader *r, struct span value)
{
	const struct workbook *w = r->book;
	uint64_t index;

	if (!span_to_u64(value, SIZE_MAX, &index) || index >= w->string_count) {
		refuse_cell(r, "workbook-damaged",
		        "The workbook is damaged: the text of this cell is missing. Type it "
		        "again.");
		return STATUS_OK;
	}
	return buf_append(&r->texts,
	        span_slice(buf_span(&w->texts), w->strings[index].at, w->strings[index].len));
}

/* A day as ISO 8601 writes it; midnight goes without saying. */
static int append_day(struct reader *r, struct span value)
{
	struct span day = span_slice(value, 0, 10);
	struct span clock = span_slice(value, 10, value.len);

	if (clock.len == 0 || span_equal_text(span_slice(clock, 0, 9), "T00:00:00"))
		return buf_append(&r->texts, day);
	return buf_append(&r->texts, value);
}

static int append_value(struct reader *r)
{
	struct span value = buf_span(&r->value.raw);

	if (r->formula)
		return buf_append_byte(&r->texts, '=');
	if (r->type == TYPE_ERROR)
		return buf_append_text(&r->texts, "#N/A");
	if (value.len == 0)
		return STATUS_OK;
	if (r->type == TYPE_TEXT || r->type == TYPE_INLINE)
		return string_item_take(&r->value, &r->texts);
	if (r->type == TYPE_BOOL)
		return buf_append_text(&r->texts, span_equal_text(value, "0") ? "FALSE" : "TRUE");
	if (value.len > VALUE_BYTES_MAX)
		value = span_slice(value, 0, VALUE_BYTES_MAX);
	value = span_trim(value);
	if (r->type == TYPE_SHARED)
		return append_shared(r, value);
	return r->type == TYPE_DAY ? append_day(r, value) : append_number(r, value);
}

static int keep_cell(struct reader *r, size_t at)
{
	size_t capacity = r->cell_capacity == 0 ? 256 : r->cell_capacity * 2;
	struct read_cell *larger;

	if (r->cell_count == WORKSHEET_CELLS_MAX)
		return STATUS_LIMIT;
	if (r->cell_count == r->cell_capacity) {
		larger = reallocarray(r->cells, capacity, sizeof(*larger));
		if (!larger)
			return STATUS_NO_MEMORY;
		r->cells = larger;
		r->cell_capacity = capacity;
	}
	r->cells[r->cell_count++] = (struct read_cell){
	        .row = r->row, .column = r->column, .at = at, .len = r->texts.len - at};
	return STATUS_OK;
}

/* The limits of csv.h, by the place in the sheet. */
static bool within_limits(struct reader *r, size_t len)
{
	if (len > CSV_CELL_BYTES_MAX)
		refuse_cell(r, "csv-limit", "This cell holds more than 4096 bytes; shorten it.");
	else if (r->column > CSV_CELLS_MAX)
		refuse_cell(r, "csv-limit",
		        "This line has more than 64 cells; no table here is so wide.");
	else if (r->row > CSV_ROWS_MAX)
		refuse_cell(r, "csv-limit", "The file has more than 20,000 rows.");
	else
		return true;
	return false;
}

/* What nobody sees in Excel is read all the same. Of a cell within the limits. */
static void tell_hidden(struct reader *r)
{
	if (r->row_hidden && !r->row_told)
		problems_warning(r->problems, place_at(r, r->row, 0), "row-hidden",
		        "This row is hidden in Excel, but it counts; show it and check it.");
	r->row_told = true;
	if (r->columns_hidden[r->column])
		problems_warning(r->problems, place_at(r, r->row, r->column), "column-hidden",
		        "This column is hidden in Excel, but it counts; show it and check it.");
	r->columns_hidden[r->column] = false;
}

static int end_cell(struct reader *r)
{
	size_t at = r->texts.len;
	int status = append_value(r);

	buf_clear(&r->value.raw);
	r->value.in_text = false;
	if (status != STATUS_OK || r->texts.len == at || !within_limits(r, r->texts.len - at))
		return status;
	tell_hidden(r);
	return keep_cell(r, at);
}

static void tell_merged(struct reader *r, const struct xml_event *e)
{
	const char *range = xml_attribute(e, "", "ref");
	struct span first = span_of_text(range ? range : "");
	char text[16] = "";
	unsigned row, column;

	first = span_slice(first, 0, span_find_byte(first, ':'));
	if (first.len > 0 && first.len < sizeof(text))
		memcpy(text, first.data, first.len);
	if (parse_reference(text, &column, &row))
		problems_warning(r->problems, place_at(r, row, column), "cells-merged",
		        "This cell is merged with others, which count as empty; unmerge them and "
		        "fill each.");
}

/* Inside of <c>: a formula, a value, a text of its own. */
static int take_inner(struct reader *r, const struct xml_event *e)
{
	if (e->depth == 5 && part_is(e, "f"))
		r->formula = true;
	if (e->depth == 5 && part_is(e, "v") && r->type != TYPE_INLINE)
		r->value.in_text = e->kind == XML_EVENT_START;
	if (e->kind == XML_EVENT_TEXT || r->type == TYPE_INLINE)
		return string_item_feed(&r->value, e);
	return STATUS_OK;
}

static int take_event(struct reader *r, const struct xml_event *e)
{
	bool starts = e->kind == XML_EVENT_START;

	if (e->depth == 2 && part_is(e, "sheetData"))
		r->in_rows = starts;
	else if (e->depth == 3 && starts && part_is(e, "mergeCell"))
		tell_merged(r, e);
	else if (e->depth == 3 && starts && part_is(e, "col"))
		take_columns(r, e);
	else if (!r->in_rows)
		return STATUS_OK;
	else if (e->depth == 3 && starts && part_is(e, "row"))
		start_row(r, e);
	else if (e->depth == 4 && starts && part_is(e, "c"))
		start_cell(r, e);
	else if (e->depth == 4 && e->kind == XML_EVENT_END && part_is(e, "c"))
		return end_cell(r);
	else if (e->depth > 4)
		return take_inner(r, e);
	return STATUS_OK;
}

static void refuse_sheet(struct reader *r, int status, const char *reason)
{
	problems_error(r->problems, (struct place){.file = r->file}, workbook_problem_id(status),
	        "%s", reason);
	r->failed = true;
}

static int read_cells(struct reader *r, size_t sheet)
{
	const char *part_name = r->book->sheets[sheet].part;
	const char *reason = "The sheet holds more than a register does; copy the rows into a new "
	                     "workbook.";
	struct xml_event e;
	struct part part;
	int status = part_open(&part, &r->book->zip, span_of_text(part_name), &reason);

	while (status == STATUS_OK && !r->failed) {
		status = part_next(&part, &e, &reason);
		if (status == STATUS_ITEM)
			status = take_event(r, &e);
	}
	part_close(&part);
	if (status > 0 && status != STATUS_END)
		refuse_sheet(r, status, reason);
	return status < 0 ? status : STATUS_OK;
}

static int by_place(const void *a, const void *b)
{
	const struct read_cell *first = a, *second = b;

	if (first->row != second->row)
		return first->row < second->row ? -1 : 1;
	return (first->column > second->column) - (first->column < second->column);
}

/* In reading order; a file may have them in another. */
static void sort_cells(struct reader *r)
{
	if (r->cell_count > 1)
		qsort(r->cells, r->cell_count, sizeof(*r->cells), by_place);
	for (size_t i = 1; i < r->cell_count && !r->failed; i++) {
		if (by_place(&r->cells[i - 1], &r->cells[i]) != 0)
			continue;
		r->row = r->cells[i].row;
		r->column = r->cells[i].column;
		refuse_cell(r, "workbook-damaged",
		        "The workbook is damaged: this cell stands in it twice. Open it in Excel "
		        "and "
		        "save it again.");
	}
}

static int append_times(struct buf *ret, uint8_t byte, unsigned times)
{
	int status = STATUS_OK;

	for (unsigned i = 0; i < times && status == STATUS_OK; i++)
		status = buf_append_byte(ret, byte);
	return status;
}

static int write_csv(const struct reader *r, struct buf *ret)
{
	unsigned row = 1, column = 1;
	int status = STATUS_OK;

	for (size_t i = 0; i < r->cell_count && status == STATUS_OK; i++) {
		const struct read_cell *cell = &r->cells[i];

		status = append_times(ret, '\n', cell->row - row);
		column = cell->row == row ? column : 1;
		if (status == STATUS_OK)
			status = append_times(ret, ',', cell->column - column);
		if (status == STATUS_OK)
			status = csv_append_quoted(
			        ret, span_slice(buf_span(&r->texts), cell->at, cell->len));
		row = cell->row;
		column = cell->column;
	}
	if (status == STATUS_OK && r->cell_count > 0)
		status = buf_append_byte(ret, '\n');
	return status;
}

int worksheet_to_csv(const struct workbook *w, size_t sheet, enum registry_file file,
        struct problems *problems, struct buf *ret)
{
	struct reader r = {.book = w, .problems = problems, .file = file};
	int status;

	if (w->sheets[sheet].hidden)
		problems_warning(problems, (struct place){.file = file}, "sheet-hidden",
		        "This sheet is hidden in Excel, but it counts; show it and check it.");
	buf_init(&r.texts, CSV_FILE_BYTES_MAX, NULL);
	string_item_init(&r.value);
	status = read_cells(&r, sheet);
	if (status == STATUS_OK)
		sort_cells(&r);
	if (status == STATUS_OK && !r.failed)
		status = write_csv(&r, ret);
	if (status == STATUS_LIMIT) {
		refuse_sheet(&r, status, "The sheet is larger than 16 MiB; it is not a register.");
		status = STATUS_OK;
	}
	if (r.failed)
		buf_clear(ret);
	string_item_free(&r.value);
	buf_free(&r.texts);
	free(r.cells);
	return status;
}
