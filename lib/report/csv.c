#include "report/csv.h"

#include <string.h>

#include "base/status.h"
#include "report/columns.h"
#include "report/rows.h"

static bool is_formula(const char *text)
{
	/* U+FF1D, U+FF0B, U+FF0D, U+FF20: what a spreadsheet set to an East Asian language takes
	 * for = + - @. */
	static const char *const wide[] = {
	        "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

	if (*text != '\0' && strchr("=+-@\t\r\n", *text))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (strncmp(text, wide[i], strlen(wide[i])) == 0)
			return true;
	return false;
}

void csv_write_cell(FILE *out, unsigned column, const char *text)
{
	bool formula = is_formula(text);
	bool quoted = formula || strpbrk(text, "\",\r\n;\t") || *text == ' ';

	if (column > 0)
		fputc(',', out);
	if (quoted)
		fputc('"', out);
	if (formula)
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	if (quoted)
		fputc('"', out);
}

void csv_end_row(FILE *out)
{
	fputs("\r\n", out);
}

int csv_write_summary(const struct report *r, const struct row_list *rows, FILE *out)
{
	char scratch[CELL_CHARS];

	for (unsigned i = 0; i < summary_csv_columns; i++)
		csv_write_cell(out, i, summary_columns[i].name);
	csv_end_row(out);
	for (size_t n = 0; n < rows->count; n++) {
		for (unsigned i = 0; i < summary_csv_columns; i++)
			csv_write_cell(out, i,
			        summary_cell(&summary_columns[i], r, &rows->rows[n], scratch));
		csv_end_row(out);
		if (ferror(out))
			break;
	}
	return stream_status(out);
}

int csv_write_flags(const struct flag_row *flags, size_t count, FILE *out)
{
	char scratch[CELL_CHARS];

	for (unsigned i = 0; i < flag_column_count; i++)
		csv_write_cell(out, i, flag_columns[i].name);
	csv_end_row(out);
	for (size_t n = 0; n < count; n++) {
		for (unsigned i = 0; i < flag_column_count; i++)
			csv_write_cell(out, i, flag_cell(&flag_columns[i], &flags[n], scratch));
		csv_end_row(out);
		if (ferror(out))
			break;
	}
	return stream_status(out);
}
