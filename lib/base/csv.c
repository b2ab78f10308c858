#include "base/csv.h"

#include <csv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/utf8.h"

#define CELLS_FIRST 256
#define ROWS_FIRST  64

struct row_entry {
	size_t first_cell;
	size_t cell_count;
	unsigned line;
};

struct csv_table {
	char *text; /* all cells, each with its closing zero; never moves */
	size_t text_len, text_capacity;
	struct csv_cell *cells;
	size_t cell_count, cell_capacity;
	struct row_entry *rows;
	size_t row_count, row_capacity;
	bool had_bom;
};

/* What libcsv's two callbacks share. It tells no positions, so the feeder below hands it one byte
 * at a time and keeps count. */
struct reader {
	struct csv_table *table;
	size_t row_first_cell;
	unsigned line, cell_line, row_line;
	bool row_ended;
	int status; /* of the callbacks; stays */
	const char *reason;
	unsigned column;
};

static const char *const reason_quote =
        "A quotation mark stands where none may be; put the whole cell in quotation marks and "
        "double each mark inside it.";
static const char *const reason_formula =
        "A spreadsheet's formula stands here, such as =\"001\"; type the plain value, in a cell of "
        "the format Text.";

static void fail(struct reader *r, int status, const char *reason)
{
	if (r->status != STATUS_OK)
		return;
	r->status = status;
	r->reason = reason;
	r->column = (unsigned)(r->table->cell_count - r->row_first_cell + 1);
}

/* Makes room for one more element; the arrays are bounded by the row and cell limits. */
static int grow(void **array, size_t element_bytes, size_t count, size_t *capacity, size_t first)
{
	size_t wanted = *capacity == 0 ? first : *capacity * 2;
	void *larger;

	if (count < *capacity)
		return STATUS_OK;
	larger = reallocarray(*array, wanted, element_bytes);
	if (!larger)
		return STATUS_NO_MEMORY;
	*array = larger;
	*capacity = wanted;
	return STATUS_OK;
}

static void cell_ended(void *text, size_t len, void *context)
{
	struct reader *r = context;
	struct csv_table *t = r->table;
	void *cells = t->cells;

	if (r->status != STATUS_OK)
		return;
	if (t->cell_count - r->row_first_cell >= CSV_CELLS_MAX) {
		fail(r, STATUS_LIMIT,
		        "This line has more than 64 cells; no table here is so wide.");
		return;
	}
	if (len > CSV_CELL_BYTES_MAX) {
		fail(r, STATUS_LIMIT, "This cell holds more than 4096 bytes; shorten it.");
		return;
	}
	if (t->text_capacity - t->text_len <= len) {
		fail(r, STATUS_BUG, "");
		return;
	}
	if (grow(&cells, sizeof(*t->cells), t->cell_count, &t->cell_capacity, CELLS_FIRST) != 0) {
		fail(r, STATUS_NO_MEMORY, "");
		return;
	}
	t->cells = cells;
	if (len > 0)
		memcpy(t->text + t->text_len, text, len);
	t->text[t->text_len + len] = '\0';
	t->cells[t->cell_count++] = (struct csv_cell){
	        .text = t->text + t->text_len, .len = len, .line = r->cell_line};
	t->text_len += len + 1;
}

static void row_ended(int terminator, void *context)
{
	struct reader *r = context;
	struct csv_table *t = r->table;
	void *rows = t->rows;

	(void)terminator;
	if (r->status != STATUS_OK)
		return;
	if (t->row_count >= CSV_ROWS_MAX) {
		r->row_first_cell = t->cell_count;
		fail(r, STATUS_LIMIT,
		        "The file has more than 20,000 rows, and a register has tens; delete what "
		        "is no part of it.");
		r->column = 0;
		return;
	}
	if (grow(&rows, sizeof(*t->rows), t->row_count, &t->row_capacity, ROWS_FIRST) != 0) {
		fail(r, STATUS_NO_MEMORY, "");
		return;
	}
	t->rows = rows;
	t->rows[t->row_count++] = (struct row_entry){.first_cell = r->row_first_cell,
	        .cell_count = t->cell_count - r->row_first_cell,
	        .line = r->row_line};
	r->row_first_cell = t->cell_count;
	r->row_ended = true;
}

/* Spaces are content: the register complains of them, so libcsv must not trim them. */
static int no_space(unsigned char byte)
{
	(void)byte;
	return 0;
}

/* The quotation mark at `at` begins the text of a cell that is a formula: ="001". */
static bool is_formula(struct span file, size_t at)
{
	if (at == 0 || file.data[at - 1] != '=')
		return false;
	return at == 1 || strchr(",\r\n", file.data[at - 2]) != NULL;
}

static void feed(struct reader *r, struct csv_parser *parser, struct span file)
{
	bool skip_lf = false;
	size_t cells_before;

	for (size_t i = 0; i < file.len && r->status == STATUS_OK; i++) {
		uint8_t byte = file.data[i];
		bool after_cr = i > 0 && file.data[i - 1] == '\r';

		if (byte == '\n' && skip_lf) {
			skip_lf = false;
			continue;
		}
		r->row_ended = false;
		cells_before = r->table->cell_count;
		if (csv_parse(parser, &byte, 1, cell_ended, row_ended, r) != 1) {
			if (csv_error(parser) == CSV_EPARSE)
				fail(r, STATUS_MALFORMED,
				        is_formula(file, i) ? reason_formula : reason_quote);
			else
				fail(r, STATUS_NO_MEMORY, "");
		}
		if (r->status != STATUS_OK)
			return;
		skip_lf = byte == '\r' && r->row_ended;
		if (byte == '\r' || (byte == '\n' && !after_cr))
			r->line++;
		if (r->table->cell_count != cells_before || r->row_ended)
			r->cell_line = r->line;
		if (r->row_ended)
			r->row_line = r->line;
	}
}

static void finish(struct reader *r, struct csv_parser *parser)
{
	if (r->status != STATUS_OK)
		return;
	if (csv_fini(parser, cell_ended, row_ended, r) == 0)
		return;
	if (csv_error(parser) == CSV_EPARSE)
		fail(r, STATUS_MALFORMED,
		        "A quotation mark opens here and is never closed; close it, or double it "
		        "if it belongs to the text.");
	else
		fail(r, STATUS_NO_MEMORY, "");
	r->line = r->cell_line;
}

static unsigned line_at(struct span file, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset && i < file.len; i++) {
		bool crlf = file.data[i] == '\r' && i + 1 < file.len && file.data[i + 1] == '\n';

		if (file.data[i] == '\n' || (file.data[i] == '\r' && !crlf))
			line++;
	}
	return line;
}

static int problem(struct csv_problem *ret, int status, unsigned line, const char *text)
{
	*ret = (struct csv_problem){.line = line, .column = 0, .text = text};
	return status;
}

/* What must hold before libcsv sees a byte. */
static int check_bytes(struct span file, struct csv_problem *ret)
{
	size_t zero, valid;

	if (file.len > CSV_FILE_BYTES_MAX)
		return problem(ret, STATUS_LIMIT, 0,
		        "The file is larger than 16 MiB; it is not a register.");
	zero = span_find_byte(file, 0);
	if (zero != SIZE_MAX)
		return problem(ret, STATUS_MALFORMED, line_at(file, zero),
		        "The file holds zero bytes, so it is not plain text; save it as "
		        "\"CSV UTF-8\".");
	valid = utf8_valid_length(file);
	if (valid != file.len)
		return problem(ret, STATUS_MALFORMED, line_at(file, valid),
		        "The file is not UTF-8 text; save it as \"CSV UTF-8\".");
	return STATUS_OK;
}

static int parse(struct csv_table *t, struct span file, struct csv_problem *ret_problem)
{
	struct reader r = {.table = t, .line = 1, .cell_line = 1, .row_line = 1};
	struct csv_parser parser;

	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
		return STATUS_NO_MEMORY;
	csv_set_space_func(&parser, no_space);
	feed(&r, &parser, file);
	finish(&r, &parser);
	csv_free(&parser);
	if (r.status > 0)
		*ret_problem = (struct csv_problem){.line = r.line,
		        .column = r.column,
		        .text = r.reason,
		        .row = (unsigned)t->row_count + 1};
	return r.status;
}

int csv_table_read(struct span file, struct csv_table **ret_gives, struct csv_problem *ret_problem)
{
	static const uint8_t bom[] = {0xef, 0xbb, 0xbf};
	struct csv_table *t;
	int status = check_bytes(file, ret_problem);

	if (status != STATUS_OK)
		return status;
	t = calloc(1, sizeof(*t));
	if (!t)
		return STATUS_NO_MEMORY;
	t->had_bom = span_equal(span_slice(file, 0, sizeof(bom)), span_of(bom, sizeof(bom)));
	if (t->had_bom)
		file = span_slice(file, sizeof(bom), file.len);
	/* Each cell but the last ends in a byte of the file that is no part of any cell. */
	t->text_capacity = file.len + 1;
	t->text = malloc(t->text_capacity);
	status = t->text ? parse(t, file, ret_problem) : STATUS_NO_MEMORY;
	if (status != STATUS_OK) {
		csv_table_free(t);
		return status;
	}
	*ret_gives = t;
	return STATUS_OK;
}

struct csv_table *csv_table_free(struct csv_table *t)
{
	if (t) {
		free(t->text);
		free(t->cells);
		free(t->rows);
		free(t);
	}
	return NULL;
}

bool csv_table_had_bom(const struct csv_table *t)
{
	return t->had_bom;
}

size_t csv_table_row_count(const struct csv_table *t)
{
	return t->row_count;
}

struct csv_row csv_table_row(const struct csv_table *t, size_t index)
{
	const struct row_entry *entry = &t->rows[index];

	return (struct csv_row){.cells = t->cells ? t->cells + entry->first_cell : NULL,
	        .cell_count = entry->cell_count,
	        .row = (unsigned)index + 1,
	        .line = entry->line};
}

size_t csv_table_column(const struct csv_table *t, const char *name)
{
	struct csv_row header;

	if (t->row_count == 0)
		return SIZE_MAX;
	header = csv_table_row(t, 0);
	for (size_t i = 0; i < header.cell_count; i++)
		if (strcmp(header.cells[i].text, name) == 0)
			return i;
	return SIZE_MAX;
}

void csv_cell_name(size_t column, unsigned row, char ret[static CSV_CELL_NAME_CHARS])
{
	char letters[8] = "";
	size_t at = sizeof(letters) - 1;

	while (column > 0 && at > 0) {
		column--;
		letters[--at] = (char)('A' + column % 26);
		column /= 26;
	}
	snprintf(ret, CSV_CELL_NAME_CHARS, "%.7s%u", letters + at, row % 100000000u);
}

int csv_append_quoted(struct buf *ret, struct span text)
{
	int status = buf_append_byte(ret, '"');

	while (status == STATUS_OK && text.len > 0) {
		size_t mark = span_find_byte(text, '"');
		size_t len = mark == SIZE_MAX ? text.len : mark + 1;

		status = buf_append(ret, span_slice(text, 0, len));
		if (status == STATUS_OK && mark != SIZE_MAX)
			status = buf_append_byte(ret, '"');
		text = span_slice(text, len, text.len);
	}
	return status == STATUS_OK ? buf_append_byte(ret, '"') : status;
}
