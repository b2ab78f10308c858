#include "classify/overrides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "classify/place.h"

enum column {
	COLUMN_MATCH,
	COLUMN_ORGANISATION,
	COLUMN_COUNTRY,
	COLUMN_SOURCE,
	COLUMN_CHECKED,
	COLUMNS
};

static const char *const column_names[COLUMNS] = {
        "match", "organisation", "country", "source", "checked_on"};

struct sheet {
	struct place_table table; /* owns the texts */
	struct place_index *index;
};

struct overrides {
	struct sheet sheets[OVERRIDES_FILES_MAX]; /* in the order of their coming */
	size_t count;
};

int overrides_new(struct overrides **ret_gives)
{
	struct overrides *o = calloc(1, sizeof(*o));

	if (!o)
		return STATUS_NO_MEMORY;
	*ret_gives = o;
	return STATUS_OK;
}

static void sheet_close(struct sheet *s)
{
	place_index_free(s->index);
	place_table_close(&s->table);
}

struct overrides *overrides_free(struct overrides *o)
{
	if (!o)
		return NULL;
	for (size_t i = 0; i < o->count; i++)
		sheet_close(&o->sheets[i]);
	free(o);
	return NULL;
}

static bool is_country(const char *text)
{
	return text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z' && !text[2];
}

/* NULL, or what is wrong with the row and in which column. */
static const char *check_row(const struct place_table *t, size_t row, enum column *ret_column)
{
	const char *country = place_table_cell(t, row, COLUMN_COUNTRY);
	const char *organisation = place_table_cell(t, row, COLUMN_ORGANISATION);
	int32_t day;

	*ret_column = COLUMN_ORGANISATION;
	if (strlen(organisation) >= LOCATION_ORG_CHARS)
		return "The name of the organisation is longer than 127 bytes.";
	*ret_column = COLUMN_COUNTRY;
	if (country[0] && !is_country(country))
		return "A country is two capital letters (ISO 3166), or empty.";
	if (!country[0] && !organisation[0])
		return "The row says neither a country nor an organisation.";
	*ret_column = COLUMN_SOURCE;
	if (!place_table_cell(t, row, COLUMN_SOURCE)[0])
		return "Each row says where this was learnt.";
	*ret_column = COLUMN_CHECKED;
	if (!time_parse_date(place_table_cell(t, row, COLUMN_CHECKED), &day))
		return "checked_on must be a date such as 2026-11-22.";
	return NULL;
}

static int read_rows(struct sheet *s, struct csv_problem *ret_problem)
{
	size_t rows = place_table_rows(&s->table);

	if (rows > OVERRIDES_ROWS_MAX) {
		*ret_problem = (struct csv_problem){.line = 0,
		        .column = 0,
		        .text = "The file has more than 2000 rows; each is one person's finding."};
		return STATUS_LIMIT;
	}
	for (size_t i = 0; i < rows; i++) {
		struct place place;
		enum column column = COLUMN_MATCH;
		const char *wrong = place_parse(place_table_cell(&s->table, i, COLUMN_MATCH),
		        PLACE_DOMAIN | PLACE_ASN | PLACE_NETWORK, &place);
		int status;

		if (!wrong)
			wrong = check_row(&s->table, i, &column);
		if (wrong)
			return place_table_refuse(&s->table, i, column, wrong, ret_problem);
		status = place_index_add(s->index, &place, i);
		if (status == STATUS_BUSY)
			return place_table_refuse(&s->table, i, COLUMN_MATCH,
			        "This place has a row already.", ret_problem);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

int overrides_add(struct overrides *o, struct span overrides_csv, struct csv_problem *ret_problem)
{
	struct sheet s = {.index = NULL};
	int status = o->count < OVERRIDES_FILES_MAX ? STATUS_OK : STATUS_USAGE;

	if (status == STATUS_OK)
		status = place_table_read(
		        overrides_csv, column_names, COLUMNS, &s.table, ret_problem);
	if (status != STATUS_OK)
		return status;
	status = place_index_new(&s.index);
	if (status == STATUS_OK)
		status = read_rows(&s, ret_problem);
	if (status != STATUS_OK) {
		sheet_close(&s);
		return status;
	}
	o->sheets[o->count++] = s;
	return STATUS_OK;
}

bool overrides_apply(
        const struct overrides *o, const struct addr *a, const char *host, struct location *l)
{
	for (size_t i = o ? o->count : 0; i-- > 0;) {
		const struct sheet *s = &o->sheets[i];
		size_t row = host ? place_find_host(s->index, host) : PLACE_NONE;
		const char *country, *organisation;

		if (row == PLACE_NONE)
			row = place_find_addr(s->index, a);
		if (row == PLACE_NONE)
			row = place_find_asn(s->index, l->asn);
		if (row == PLACE_NONE)
			continue;
		country = place_table_cell(&s->table, row, COLUMN_COUNTRY);
		organisation = place_table_cell(&s->table, row, COLUMN_ORGANISATION);
		if (country[0]) {
			memcpy(l->country, country, sizeof(l->country));
			l->confidence = COUNTRY_OVERRIDE;
		}
		if (organisation[0])
			snprintf(l->organisation, sizeof(l->organisation), "%s", organisation);
		return true;
	}
	return false;
}
