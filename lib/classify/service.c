#include "classify/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "classify/place.h"

enum column {
	COLUMN_MATCH,
	COLUMN_ORGANISATION,
	COLUMN_COUNTRY,
	COLUMN_KIND,
	COLUMN_FLAGS,
	COLUMN_SOURCE,
	COLUMN_CHECKED,
	COLUMNS
};

static const char *const column_names[COLUMNS] = {
        "match", "organisation", "country_hq", "kind", "flags", "source", "checked_on"};

static const char *const kind_names[SERVICE_KINDS] = {
        [SERVICE_NONE] = "",
        [SERVICE_GOVERNMENT_HEALTH] = "government-health",
        [SERVICE_PRESCRIPTION_EXCHANGE] = "prescription-exchange",
        [SERVICE_PATHOLOGY] = "pathology",
        [SERVICE_SECURE_MESSAGING] = "secure-messaging",
        [SERVICE_VENDOR] = "vendor",
        [SERVICE_BOOKING] = "booking",
        [SERVICE_EXTRACTION] = "extraction",
        [SERVICE_TELEHEALTH] = "telehealth",
        [SERVICE_REMOTE_ACCESS] = "remote-access",
        [SERVICE_CONSUMER_CLOUD] = "consumer-cloud",
        [SERVICE_CONSUMER_MAIL] = "consumer-mail",
        [SERVICE_MESSAGING] = "messaging",
        [SERVICE_SOCIAL] = "social",
        [SERVICE_AI_SERVICE] = "ai-service",
        [SERVICE_ADVERTISING] = "advertising",
        [SERVICE_ANALYTICS] = "analytics",
        [SERVICE_CDN] = "cdn",
        [SERVICE_HOSTING] = "hosting",
        [SERVICE_DOH] = "doh",
        [SERVICE_TUNNEL] = "tunnel",
        [SERVICE_UPDATE] = "update",
        [SERVICE_SECURITY] = "security",
        [SERVICE_BACKUP] = "backup",
        [SERVICE_SMS] = "sms",
        [SERVICE_PAYMENT] = "payment",
        [SERVICE_IDENTITY] = "identity",
        [SERVICE_CONFERENCING] = "conferencing",
        [SERVICE_CERTIFICATE_STATUS] = "certificate-status",
};

struct services {
	struct place_table table; /* owns the texts */
	struct place_index *index;
	struct service *rows;
	size_t count;
};

static bool is_country(const char *text)
{
	return text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z' && !text[2];
}

static enum service_kind find_kind(const char *name)
{
	for (unsigned i = SERVICE_NONE + 1; i < SERVICE_KINDS; i++)
		if (strcmp(kind_names[i], name) == 0)
			return (enum service_kind)i;
	return SERVICE_NONE;
}

static bool read_flags(const char *list, unsigned *ret)
{
	static const struct {
		const char *name;
		enum service_flag flag;
	} names[] = {{"unproven", SERVICE_UNPROVEN}, {"test", SERVICE_TEST}};

	*ret = 0;
	while (*list) {
		size_t len = strcspn(list, "|");
		size_t i = 0;

		while (i < ARRAY_LEN(names) &&
		        (strlen(names[i].name) != len || strncmp(names[i].name, list, len) != 0))
			i++;
		if (i == ARRAY_LEN(names) || (list[len] == '|' && list[len + 1] == '\0'))
			return false;
		*ret |= names[i].flag;
		list += len + (list[len] == '|');
	}
	return true;
}

/* NULL, or what is wrong with the row and in which column. */
static const char *read_row(
        const struct place_table *t, size_t row, struct service *ret, enum column *ret_column)
{
	const char *cells[COLUMNS];
	int32_t day;

	for (size_t i = 0; i < COLUMNS; i++)
		cells[i] = place_table_cell(t, row, i);
	*ret_column = COLUMN_ORGANISATION;
	if (!cells[COLUMN_ORGANISATION][0] ||
	        strlen(cells[COLUMN_ORGANISATION]) > SERVICE_TEXT_CHARS_MAX)
		return "The organisation must be named, in at most 120 characters.";
	*ret_column = COLUMN_COUNTRY;
	if (cells[COLUMN_COUNTRY][0] && !is_country(cells[COLUMN_COUNTRY]))
		return "A country is two capital letters (ISO 3166), or empty.";
	*ret_column = COLUMN_KIND;
	ret->kind = find_kind(cells[COLUMN_KIND]);
	if (ret->kind == SERVICE_NONE)
		return "This kind is none that exeat knows; see rules/FORMAT.md.";
	*ret_column = COLUMN_FLAGS;
	if (!read_flags(cells[COLUMN_FLAGS], &ret->flags))
		return "Flags are unproven and test, joined with |, or empty.";
	*ret_column = COLUMN_SOURCE;
	if (!cells[COLUMN_SOURCE][0] || strlen(cells[COLUMN_SOURCE]) > SERVICE_TEXT_CHARS_MAX)
		return "Each row names its source, in at most 120 characters.";
	*ret_column = COLUMN_CHECKED;
	if (!time_parse_date(cells[COLUMN_CHECKED], &day))
		return "checked_on must be a date such as 2026-11-22.";
	ret->organisation = cells[COLUMN_ORGANISATION];
	ret->country_hq = cells[COLUMN_COUNTRY];
	return NULL;
}

static int read_rows(struct services *s, struct csv_problem *ret_problem)
{
	for (size_t i = 0; i < s->count; i++) {
		struct place place;
		enum column column = COLUMN_MATCH;
		const char *wrong = place_parse(place_table_cell(&s->table, i, COLUMN_MATCH),
		        PLACE_DOMAIN | PLACE_ASN, &place);
		int status;

		if (!wrong)
			wrong = read_row(&s->table, i, &s->rows[i], &column);
		if (wrong)
			return place_table_refuse(&s->table, i, column, wrong, ret_problem);
		s->rows[i].line = csv_table_row(s->table.csv, i + 1).line;
		status = place_index_add(s->index, &place, i);
		if (status == STATUS_BUSY)
			return place_table_refuse(&s->table, i, COLUMN_MATCH,
			        "This name or number has a row already.", ret_problem);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

int services_new(
        struct services **ret_gives, struct span services_csv, struct csv_problem *ret_problem)
{
	struct services *s = calloc(1, sizeof(*s));
	int status = s ? STATUS_OK : STATUS_NO_MEMORY;

	if (status == STATUS_OK)
		status = place_table_read(
		        services_csv, column_names, COLUMNS, &s->table, ret_problem);
	if (status == STATUS_OK)
		status = place_index_new(&s->index);
	if (status == STATUS_OK) {
		s->count = place_table_rows(&s->table);
		s->rows = calloc(s->count + 1, sizeof(*s->rows));
		status = s->rows ? read_rows(s, ret_problem) : STATUS_NO_MEMORY;
	}
	if (status != STATUS_OK) {
		services_free(s);
		return status;
	}
	*ret_gives = s;
	return STATUS_OK;
}

struct services *services_free(struct services *s)
{
	if (!s)
		return NULL;
	place_index_free(s->index);
	place_table_close(&s->table);
	free(s->rows);
	free(s);
	return NULL;
}

const struct service *services_find(const struct services *s, const char *host, uint32_t asn)
{
	size_t row = PLACE_NONE;

	if (!s)
		return NULL;
	if (host)
		row = place_find_host(s->index, host);
	if (row == PLACE_NONE)
		row = place_find_asn(s->index, asn);
	return row == PLACE_NONE ? NULL : &s->rows[row];
}

size_t services_count(const struct services *s)
{
	return s->count;
}

const char *service_kind_name(enum service_kind k)
{
	return (unsigned)k < SERVICE_KINDS ? kind_names[k] : "";
}
