/* draft: rows for the register about what it does not know, for a person to confirm. What a capture
 * cannot tell (who the recipient is, what for, which countries are allowed) stays empty, so that
 * `register check` asks for it. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/csv.h"
#include "report/rows.h"

#define DRAFT_ROWS_MAX 2000 /* more than a person confirms by hand */
#define SLUG_CHARS     33   /* ids are [a-z0-9-]{2,32} */
#define UNREGISTERED   "unregistered:"

/* The register's columns, in its order (rules/FORMAT.md). */
static const char *const program_columns[] = {"program_id", "name", "vendor", "kind", "status",
        "owner", "hosts_installed", "match_rules", "reads_clinical_db", "via_program",
        "writes_back", "version_seen", "min_supported", "eos_date", "update_owner", "update_hosts",
        "cadence_days", "versions_known", "support_url", "update_method", "maintenance_window",
        "test_before", "depends_on", "last_update_recorded", "certificate_expiry",
        "due_diligence_date", "privacy_policy_url", "optout_method", "support_window", "rollback",
        "max_mb_day", "hours", "adha_conformant", "tga_device"};
static const char *const destination_columns[] = {"dest_id", "program_id", "recipient",
        "recipient_country", "role", "match", "allowed_countries", "storage_country",
        "storage_state", "overseas_access", "subprocessors", "onward_allowed", "min_tls", "source",
        "checked_on"};

struct draft_row {
	const struct summary_row *row;
	char id[SLUG_CHARS];
};

/* An id made of what is known; never fewer than two characters. */
static void make_slug(const char *text, char ret[static SLUG_CHARS])
{
	size_t len = 0;

	for (; *text && len + 1 < SLUG_CHARS - 4; text++) {
		char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (plain)
			ret[len++] = c;
		else if (len > 0 && ret[len - 1] != '-')
			ret[len++] = '-';
	}
	while (len > 0 && ret[len - 1] == '-')
		len--;
	ret[len] = '\0';
	if (len < 2)
		snprintf(ret, SLUG_CHARS, "to-name");
}

static bool id_is_taken(const struct draft_row *rows, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].id, id) == 0)
			return true;
	return false;
}

static void make_unique(const struct draft_row *rows, size_t count, char id[static SLUG_CHARS])
{
	size_t len = strlen(id);

	for (unsigned n = 2; n < 1000 && id_is_taken(rows, count, id); n++)
		snprintf(id + len, SLUG_CHARS - len, "-%u", n);
}

static bool is_unregistered(const struct summary_row *row)
{
	return row->row_kind == ROW_FLOWS && row->egress_flows > 0 &&
	       row->text[ROW_DEST_ID][0] == '\0';
}

static bool program_is_unknown(const struct summary_row *row)
{
	return row->row_kind == ROW_FLOWS && row->egress_flows > 0 &&
	       (row->program_id[0] == '\0' ||
	               strncmp(row->program_id, UNREGISTERED, strlen(UNREGISTERED)) == 0);
}

/* What a draft program is named for: its process, or without one the far end. */
static const char *program_subject(const struct summary_row *row)
{
	return row->program_id[0] != '\0' ? row->program_id + strlen(UNREGISTERED)
	                                  : row->destination;
}

static bool same_program(const struct summary_row *a, const struct summary_row *b)
{
	return strcmp(a->program_id, b->program_id) == 0 &&
	       (a->program_id[0] != '\0' || strcmp(a->destination, b->destination) == 0);
}

/* One draft per unknown program; gives an array. */
static int draft_programs(struct report *r, const struct row_list *rows,
        struct draft_row **ret_gives, size_t *ret_count)
{
	struct draft_row *drafts = calloc(DRAFT_ROWS_MAX, sizeof(*drafts));
	size_t count = 0;

	if (!drafts)
		return STATUS_NO_MEMORY;
	for (size_t n = 0; n < rows->count; n++) {
		const struct summary_row *row = &rows->rows[n];
		bool known = !program_is_unknown(row);

		for (size_t i = 0; i < count && !known; i++)
			known = same_program(drafts[i].row, row);
		r->drafts_left_out += !known && count == DRAFT_ROWS_MAX;
		if (known || count == DRAFT_ROWS_MAX)
			continue;
		drafts[count].row = row;
		make_slug(program_subject(row), drafts[count].id);
		make_unique(drafts, count, drafts[count].id);
		count++;
	}
	*ret_gives = drafts;
	*ret_count = count;
	return STATUS_OK;
}

static void write_header(FILE *out, const char *const *columns, size_t count)
{
	for (unsigned i = 0; i < count; i++)
		csv_write_cell(out, i, columns[i]);
	csv_end_row(out);
}

static void write_cell_of(FILE *out, const char *const *columns, unsigned i, const char *const *set)
{
	const char *text = "";

	for (; *set; set += 2)
		if (strcmp(*set, columns[i]) == 0)
			text = set[1];
	csv_write_cell(out, i, text);
}

static void write_program(FILE *out, const struct draft_row *d)
{
	const struct summary_row *row = d->row;
	bool process = row->program_id[0] != '\0';
	char name[DISPLAY_CHARS_MAX + 32], match[DISPLAY_CHARS_MAX + 32];
	const char *const set[] = {"program_id", d->id, "name", name, "kind", "other",
	        "hosts_installed", row->text[ROW_COMPUTERS], "match_rules", match,
	        "reads_clinical_db", "unknown", "update_owner", "unknown", NULL};

	snprintf(name, sizeof(name), "%s%.58s", process ? "" : "program that contacts ",
	        program_subject(row));
	snprintf(match, sizeof(match), "%s%.256s", process ? "proc:" : "",
	        process ? program_subject(row) : row->text[ROW_MATCH_RULES]);
	for (unsigned i = 0; i < ARRAY_LEN(program_columns); i++)
		write_cell_of(out, program_columns, i, set);
	csv_end_row(out);
}

int draft_write_programs(struct report *r, const struct row_list *rows, FILE *out)
{
	struct draft_row *drafts = NULL;
	size_t count = 0;
	int status = draft_programs(r, rows, &drafts, &count);

	if (status != STATUS_OK)
		return status;
	write_header(out, program_columns, ARRAY_LEN(program_columns));
	for (size_t i = 0; i < count && !ferror(out); i++)
		write_program(out, &drafts[i]);
	free(drafts);
	return stream_status(out);
}

static const char *program_of(
        const struct summary_row *row, const struct draft_row *programs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (same_program(programs[i].row, row))
			return programs[i].id;
	return program_is_unknown(row) ? "" : row->program_id;
}

static void write_destination(FILE *out, const struct draft_row *d, const char *program)
{
	char source[DISPLAY_CHARS_MAX + 64];
	const char *owner = d->row->text[ROW_ORGANISATION];
	const char *const set[] = {"dest_id", d->id, "program_id", program, "match",
	        d->row->text[ROW_MATCH_RULES], "overseas_access", "unknown", "onward_allowed",
	        "unknown", "source", source, NULL};

	snprintf(source, sizeof(source), "seen by exeat on %s%s%.150s", d->row->date,
	        *owner ? "; network of " : "", owner);
	for (unsigned i = 0; i < ARRAY_LEN(destination_columns); i++)
		write_cell_of(out, destination_columns, i, set);
	csv_end_row(out);
}

static bool same_subject(const struct summary_row *a, const struct summary_row *b)
{
	return strcmp(a->program_id, b->program_id) == 0 &&
	       strcmp(a->destination, b->destination) == 0;
}

int draft_write_destinations(struct report *r, const struct row_list *rows, FILE *out)
{
	struct draft_row *programs = NULL, *drafts;
	size_t program_count = 0, count = 0;
	int status = draft_programs(r, rows, &programs, &program_count);

	if (status != STATUS_OK)
		return status;
	drafts = calloc(DRAFT_ROWS_MAX, sizeof(*drafts));
	if (!drafts) {
		free(programs);
		return STATUS_NO_MEMORY;
	}
	write_header(out, destination_columns, ARRAY_LEN(destination_columns));
	for (size_t n = 0; n < rows->count && !ferror(out); n++) {
		const struct summary_row *row = &rows->rows[n];
		bool known = !is_unregistered(row);

		for (size_t i = 0; i < count && !known; i++)
			known = same_subject(drafts[i].row, row);
		r->drafts_left_out += !known && count == DRAFT_ROWS_MAX;
		if (known || count == DRAFT_ROWS_MAX)
			continue;
		drafts[count].row = row;
		make_slug(row->destination, drafts[count].id);
		make_unique(drafts, count, drafts[count].id);
		write_destination(out, &drafts[count++], program_of(row, programs, program_count));
	}
	free(programs);
	free(drafts);
	return stream_status(out);
}
