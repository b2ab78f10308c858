#include "verdict/prescribed.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"

enum prescribed_column { COLUMN_COUNTRY, COLUMN_INSTRUMENT, COLUMN_FROM, PRESCRIBED_COLUMNS };

struct prescribed {
	struct csv_table *table; /* owns the texts */
	size_t columns[PRESCRIBED_COLUMNS];
};

static int refuse(struct csv_problem *ret, unsigned line, size_t column, const char *text)
{
	*ret = (struct csv_problem){.line = line, .column = (unsigned)column, .text = text};
	return STATUS_MALFORMED;
}

static bool is_country(const char *text)
{
	return strlen(text) == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' &&
	       text[1] <= 'Z' && strcmp(text, "AU") != 0;
}

static int check_row(
        const struct prescribed *p, const struct csv_row *row, struct csv_problem *ret_problem)
{
	const size_t *columns = p->columns;
	int32_t day;

	if (row->cell_count != csv_table_row(p->table, 0).cell_count)
		return refuse(ret_problem, row->line, 0,
		        "This row has more or fewer cells than the header; put a text that holds a "
		        "comma in quotation marks.");
	if (!is_country(row->cells[columns[COLUMN_COUNTRY]].text))
		return refuse(ret_problem, row->line, columns[COLUMN_COUNTRY] + 1,
		        "A country is two capital letters, such as NZ, and not Australia.");
	if (row->cells[columns[COLUMN_INSTRUMENT]].text[0] == '\0')
		return refuse(ret_problem, row->line, columns[COLUMN_INSTRUMENT] + 1,
		        "Type the regulation that prescribes the country.");
	if (!time_parse_date(row->cells[columns[COLUMN_FROM]].text, &day))
		return refuse(ret_problem, row->line, columns[COLUMN_FROM] + 1,
		        "Type the first day as year-month-day, such as 2027-01-31.");
	return STATUS_OK;
}

static int read_table(struct prescribed *p, struct csv_problem *ret_problem)
{
	static const char *const names[PRESCRIBED_COLUMNS] = {"country", "instrument", "from"};
	int status = STATUS_OK;

	for (unsigned i = 0; i < PRESCRIBED_COLUMNS; i++) {
		p->columns[i] = csv_table_column(p->table, names[i]);
		if (p->columns[i] == SIZE_MAX)
			return refuse(
			        ret_problem, 1, 0, "The header must be country,instrument,from.");
	}
	for (size_t i = 1; status == STATUS_OK && i < csv_table_row_count(p->table); i++) {
		struct csv_row row = csv_table_row(p->table, i);

		status = check_row(p, &row, ret_problem);
	}
	return status;
}

int prescribed_new(struct prescribed **ret_gives, struct span csv, struct csv_problem *ret_problem)
{
	struct prescribed *p = calloc(1, sizeof(*p));
	int status;

	if (!p)
		return STATUS_NO_MEMORY;
	status = csv_table_read(csv, &p->table, ret_problem);
	if (status == STATUS_LIMIT)
		status = STATUS_MALFORMED;
	if (status == STATUS_OK)
		status = read_table(p, ret_problem);
	if (status != STATUS_OK) {
		prescribed_free(p);
		return status;
	}
	*ret_gives = p;
	return STATUS_OK;
}

struct prescribed *prescribed_free(struct prescribed *p)
{
	if (p) {
		csv_table_free(p->table);
		free(p);
	}
	return NULL;
}

bool prescribed_holds(const struct prescribed *p, const char *country, int32_t day)
{
	for (size_t i = 1; p && i < csv_table_row_count(p->table); i++) {
		struct csv_row row = csv_table_row(p->table, i);
		int32_t from;

		if (strcmp(row.cells[p->columns[COLUMN_COUNTRY]].text, country) == 0 &&
		        time_parse_date(row.cells[p->columns[COLUMN_FROM]].text, &from) &&
		        from <= day)
			return true;
	}
	return false;
}
