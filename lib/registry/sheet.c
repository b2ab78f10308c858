#include "registry/sheet.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "registry/cells.h"
#include "registry/saved.h"

#define HEADER_CHARS 64 /* longer is no column of ours */

static struct place file_place(const struct sheet *s, unsigned line)
{
	return (struct place){.file = s->file, .line = line};
}

static int parse(struct sheet *s, struct span file, struct problems *p)
{
	struct csv_problem problem;
	int status = csv_table_read(file, &s->table, &problem);

	if (status == STATUS_MALFORMED || status == STATUS_LIMIT) {
		struct place at = {.file = s->file,
		        .line = problem.line,
		        .column = problem.column,
		        .row = problem.row};

		problems_error(p, at, status == STATUS_LIMIT ? "csv-limit" : "csv-form", "%s",
		        problem.text);
		return STATUS_OK;
	}
	return status;
}

/* What a person or a program may have made of a column's name: capitals, spaces, hyphens, marks
 * that cannot be seen, a byte-order mark that was read as letters. No name of ours has these. */
static void fold(const char *text, char ret[static HEADER_CHARS])
{
	size_t len = 0;

	for (; *text && len + 1 < HEADER_CHARS; text++) {
		uint8_t c = (uint8_t)*text;

		if (c < 0x20 || c >= 0x7f || (c == ' ' && len == 0))
			continue;
		ret[len++] = c == ' ' || c == '-' ? '_' : (char)tolower(c);
	}
	while (len > 0 && ret[len - 1] == '_')
		len--;
	ret[len] = '\0';
}

static size_t find_column(const struct file_format *f, const char *name)
{
	for (size_t i = 0; i < f->column_count; i++)
		if (strcmp(f->columns[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}

/* The column that a folded name was meant to be: the same, or with one letter wrong. A column that
 * the file has already is not meant. */
static size_t meant_column(const struct sheet *s, const char *folded)
{
	size_t same = find_column(s->format, folded);

	for (size_t i = 0; same == SIZE_MAX && i < s->format->column_count; i++)
		if (word_is_near(s->format->columns[i].name, folded) &&
		        (s->file == REGISTRY_PRACTICE ||
		                csv_table_column(s->table, s->format->columns[i].name) == SIZE_MAX))
			same = i;
	return same;
}

/* Characters that cannot be seen, or are none of plain English. */
static bool has_marks(const char *name)
{
	for (; *name; name++)
		if ((uint8_t)*name < 0x20 || (uint8_t)*name >= 0x7f)
			return true;
	return false;
}

/* A name that stands where a column's or a key's name must stand: its index, or a complaint. */
static size_t read_name(struct sheet *s, const char *name, struct place at, struct problems *p)
{
	const char *what = s->file == REGISTRY_PRACTICE ? "key" : "column";
	size_t index = find_column(s->format, name);
	char folded[HEADER_CHARS], quoted[QUOTED_CHARS];

	if (index != SIZE_MAX)
		return index;
	fold(name, folded);
	index = meant_column(s, folded);
	if (index != SIZE_MAX && has_marks(name))
		problems_error(p, at, "column-renamed",
		        "There is a character before, after or in this %s's name that is no part "
		        "of it; delete the cell and type %s.",
		        what, s->format->columns[index].name);
	else if (index != SIZE_MAX)
		problems_error(p, at, "column-renamed", "%s is not a known %s; type %s.",
		        problems_quote(name, quoted), what, s->format->columns[index].name);
	else
		problems_warning(p, at, "column-unknown",
		        "%s is not a known %s; it is kept but not used.",
		        problems_quote(name, quoted), what);
	return SIZE_MAX;
}

/* A workbook has rows and no lines; line ends inside of its cells do not count. */
static unsigned row_line(const struct sheet *s, const struct csv_row *row)
{
	return s->form == REGISTRY_FORM_CSV ? row->line : row->row;
}

static struct place cell_place(const struct sheet *s, const struct csv_row *row, size_t cell)
{
	return (struct place){.file = s->file,
	        .line = s->form == REGISTRY_FORM_CSV && cell < row->cell_count
	                        ? row->cells[cell].line
	                        : row_line(s, row),
	        .column = (unsigned)cell + 1,
	        .row = row->row};
}

/* Finds each column of the format in the header. False when there is no header. */
static bool read_header(struct sheet *s, size_t at[static COLUMNS_MAX], struct problems *p)
{
	struct csv_row header = csv_table_row(s->table, 0);
	size_t known = 0;

	for (size_t i = 0; i < header.cell_count; i++)
		known += find_column(s->format, header.cells[i].text) != SIZE_MAX;
	if (known == 0) {
		problems_error(p, file_place(s, 1), "header-missing",
		        "The first row must hold the names of the columns, such as %s.",
		        s->format->columns[0].name);
		return false;
	}
	for (size_t i = 0; i < header.cell_count; i++) {
		struct place place = cell_place(s, &header, i);
		size_t column;

		if (header.cells[i].len == 0)
			continue;
		column = read_name(s, header.cells[i].text, place, p);
		if (column == SIZE_MAX)
			continue;
		if (at[column] != SIZE_MAX)
			problems_error(p, place, "column-twice",
			        "The column %s stands here a second time; remove one of them.",
			        s->format->columns[column].name);
		at[column] = i;
	}
	for (size_t i = 0; i < s->format->column_count; i++)
		if (at[i] == SIZE_MAX && s->format->columns[i].required)
			problems_error(p, file_place(s, 1), "column-missing",
			        "The column %s is missing; add it to the header row and fill it.",
			        s->format->columns[i].name);
	return true;
}

static bool is_blank(const struct csv_row *row)
{
	for (size_t i = 0; i < row->cell_count; i++)
		if (row->cells[i].len > 0)
			return false;
	return true;
}

/* The index after the last row that holds something. */
static size_t rows_end(const struct csv_table *t)
{
	size_t end = csv_table_row_count(t);

	while (end > 0) {
		struct csv_row row = csv_table_row(t, end - 1);

		if (!is_blank(&row))
			break;
		end--;
	}
	return end;
}

static bool usable_row(const struct sheet *s, const struct csv_row *row, struct problems *p)
{
	size_t width = csv_table_row(s->table, 0).cell_count;
	struct place at = {.file = s->file, .line = row_line(s, row)};

	if (is_blank(row)) {
		problems_warning(p, at, "row-blank", "This row is blank; delete it.");
		return false;
	}
	if (row->cell_count > width) {
		problems_error(p, at, "row-long",
		        s->form == REGISTRY_FORM_CSV
		                ? "This row has more cells than the header; a text that holds a "
		                  "comma must stand in quotation marks."
		                : "This row has more cells than the header; delete what stands "
		                  "to the right of the last column.");
		return false;
	}
	return true;
}

/* Cells that no column of ours takes: nobody reads them, so what they must not hold is looked for
 * here. A cell under no name at all is content that somebody may think is used. */
static void check_unused_cell(struct sheet *s, const struct csv_row *row, size_t cell,
        struct place *unnamed, struct problems *p)
{
	struct csv_row header = csv_table_row(s->table, 0);
	const struct csv_cell *c = &row->cells[cell];
	struct place at = cell_place(s, row, cell);

	if (holds_patient_number(span_of_text(c->text)))
		problems_patient(p, at);
	else if (c->len > 0 && header.cells[cell].len == 0 && unnamed->line == 0)
		*unnamed = at;
}

static void check_unused(
        struct sheet *s, size_t end, const size_t at[static COLUMNS_MAX], struct problems *p)
{
	struct csv_row header = csv_table_row(s->table, 0);
	bool used[CSV_CELLS_MAX] = {false};

	for (size_t i = 0; i < s->format->column_count; i++)
		if (at[i] < CSV_CELLS_MAX)
			used[at[i]] = true;
	for (size_t c = 0; c < header.cell_count; c++) {
		struct place unnamed = {.line = 0};

		for (size_t i = 0; !used[c] && i < end; i++) {
			struct csv_row row = csv_table_row(s->table, i);

			if (c < row.cell_count)
				check_unused_cell(s, &row, c, &unnamed, p);
		}
		if (unnamed.line > 0)
			problems_warning(p, unnamed, "column-unnamed",
			        "This cell stands under no column's name, so it is not used; name "
			        "the column in the header row, or delete it.");
	}
}

static void place_row(
        struct sheet *s, const struct csv_row *row, const size_t at[static COLUMNS_MAX])
{
	struct sheet_cell *cells = s->cells + s->row_count * s->format->column_count;

	for (size_t i = 0; i < s->format->column_count; i++) {
		bool there = at[i] < row->cell_count;

		cells[i].text = there ? row->cells[at[i]].text : "";
		cells[i].place = at[i] == SIZE_MAX
		                         ? (struct place){.file = s->file, .line = row_line(s, row)}
		                         : cell_place(s, row, at[i]);
	}
	s->row_count++;
}

static int read_rows(struct sheet *s, struct problems *p)
{
	size_t end = rows_end(s->table);
	size_t at[COLUMNS_MAX];

	for (size_t i = 0; i < COLUMNS_MAX; i++)
		at[i] = SIZE_MAX;
	if (!read_header(s, at, p))
		return STATUS_OK;
	if (end > REGISTRY_ROWS_MAX + 1) {
		problems_error(p, file_place(s, 0), "rows-too-many",
		        "The file has more than %d rows; a register has tens.", REGISTRY_ROWS_MAX);
		return STATUS_OK;
	}
	s->cells = calloc(end * s->format->column_count, sizeof(*s->cells));
	if (!s->cells)
		return STATUS_NO_MEMORY;
	for (size_t i = 1; i < end; i++) {
		struct csv_row row = csv_table_row(s->table, i);

		if (usable_row(s, &row, p))
			place_row(s, &row, at);
	}
	check_unused(s, end, at, p);
	return STATUS_OK;
}

static void read_key_row(struct sheet *s, const struct csv_row *row, struct problems *p)
{
	struct sheet_cell *cell;
	size_t key;

	if (!usable_row(s, row, p))
		return;
	for (size_t i = 0; i < row->cell_count; i++)
		if (i != 1 && holds_patient_number(span_of_text(row->cells[i].text)))
			problems_patient(p, cell_place(s, row, i));
	key = read_name(s, row->cells[0].text, cell_place(s, row, 0), p);
	if (key == SIZE_MAX) {
		if (row->cell_count > 1 && holds_patient_number(span_of_text(row->cells[1].text)))
			problems_patient(p, cell_place(s, row, 1));
		return;
	}
	cell = &s->cells[key];
	if (cell->place.line > 0)
		problems_error(p, cell_place(s, row, 0), "column-twice",
		        "The key %s stands here a second time; remove one of them.",
		        s->format->columns[key].name);
	cell->text = row->cell_count > 1 ? row->cells[1].text : "";
	cell->place = cell_place(s, row, 1);
}

/* practice.csv: the rows are its columns. */
static int read_keys(struct sheet *s, struct problems *p)
{
	struct csv_row header = csv_table_row(s->table, 0);
	size_t end = rows_end(s->table);

	if (header.cell_count < 2 || strcmp(header.cells[0].text, "key") != 0 ||
	        strcmp(header.cells[1].text, "value") != 0) {
		problems_error(p, file_place(s, 1), "header-missing",
		        "The first row must hold the words key and value.");
		return STATUS_OK;
	}
	s->cells = calloc(s->format->column_count, sizeof(*s->cells));
	if (!s->cells)
		return STATUS_NO_MEMORY;
	s->row_count = 1;
	for (size_t i = 0; i < s->format->column_count; i++)
		s->cells[i] = (struct sheet_cell){.text = "", .place = {.file = s->file}};
	for (size_t i = 1; i < end; i++) {
		struct csv_row row = csv_table_row(s->table, i);

		read_key_row(s, &row, p);
	}
	return STATUS_OK;
}

/* A file as a spreadsheet saved it; *bytes is empty after an error. */
static int read_saved(
        enum registry_file file, struct span *bytes, struct arena *arena, struct problems *p)
{
	int status = saved_encoding(arena, file, *bytes, bytes, p);

	return status == STATUS_OK && bytes->data ? saved_delimiter(arena, file, *bytes, bytes, p)
	                                          : status;
}

int sheet_open(struct sheet *s, enum registry_file file, struct span bytes, struct arena *arena,
        struct problems *problems)
{
	int status = STATUS_OK;

	s->file = file;
	s->format = file_format(file);
	if (s->form == REGISTRY_FORM_CSV) {
		status = read_saved(file, &bytes, arena, problems);
		if (status != STATUS_OK || !bytes.data)
			return status;
	}
	/* A sheet without content is no text at all, and as empty as a file of blank rows. */
	status = parse(s, bytes, problems);
	if (status != STATUS_OK || !s->table)
		return status;
	if (rows_end(s->table) == 0) {
		problems_error(problems, file_place(s, 0), "file-empty",
		        "The file is empty; it needs at least its header row.");
		return STATUS_OK;
	}
	return file == REGISTRY_PRACTICE ? read_keys(s, problems) : read_rows(s, problems);
}

void sheet_close(struct sheet *s)
{
	csv_table_free(s->table);
	free(s->cells);
	*s = (struct sheet){.row_count = 0};
}

const struct sheet_cell *sheet_cell(const struct sheet *s, size_t row, size_t column)
{
	return &s->cells[row * s->format->column_count + column];
}
