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

struct overrides {
	struct place_table table; /* owns the texts */
	struct place_index *index;
};

struct overrides *overrides_free(struct overrides *o)
{
	if (!o)
		return NULL;
	place_index_free(o->index);
	place_table_close(&o->table);
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

static int read_rows(struct overrides *o, struct csv_problem *ret_problem)
{
	size_t rows = place_table_rows(&o->table);

	if (rows > OVERRIDES_ROWS_MAX) {
		*ret_problem = (struct csv_problem){.line = 0,
		        .column = 0,
		        .text = "The file has more than 2000 rows; each is one person's finding."};
		return STATUS_LIMIT;
	}
	for (size_t i = 0; i < rows; i++) {
		struct place place;
		enum column column = COLUMN_MATCH;
		const char *wrong = place_parse(place_table_cell(&o->table, i, COLUMN_MATCH),
		        PLACE_DOMAIN | PLACE_ASN | PLACE_NETWORK, &place);
		int status;

		if (!wrong)
			wrong = check_row(&o->table, i, &column);
		if (wrong)
			return place_table_refuse(&o->table, i, column, wrong, ret_problem);
		status = place_index_add(o->index, &place, i);
		if (status == STATUS_BUSY)
			return place_table_refuse(&o->table, i, COLUMN_MATCH,
			        "This place has a row already.", ret_problem);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

int overrides_new(
        struct overrides **ret_gives, struct span overrides_csv, struct csv_problem *ret_problem)
{
	struct overrides *o = calloc(1, sizeof(*o));
	int status;

	if (!o)
		return STATUS_NO_MEMORY;
	status = place_table_read(overrides_csv, column_names, COLUMNS, &o->table, ret_problem);
	if (status == STATUS_OK)
		status = place_index_new(&o->index);
	if (status == STATUS_OK)
		status = read_rows(o, ret_problem);
	if (status == STATUS_OK)
		*ret_gives = o;
	else
		overrides_free(o);
	return status;
}

bool overrides_apply(
        const struct overrides *o, const struct addr *a, const char *host, struct location *l)
{
	size_t row = PLACE_NONE;
	const char *country, *organisation;

	if (!o)
		return false;
	if (host)
		row = place_find_host(o->index, host);
	if (row == PLACE_NONE)
		row = place_find_addr(o->index, a);
	if (row == PLACE_NONE)
		row = place_find_asn(o->index, l->asn);
	if (row == PLACE_NONE)
		return false;
	country = place_table_cell(&o->table, row, COLUMN_COUNTRY);
	organisation = place_table_cell(&o->table, row, COLUMN_ORGANISATION);
	if (country[0]) {
		memcpy(l->country, country, sizeof(l->country));
		l->confidence = COUNTRY_OVERRIDE;
	}
	if (organisation[0])
		snprintf(l->organisation, sizeof(l->organisation), "%s", organisation);
	return true;
}
