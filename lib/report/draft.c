/* draft: rows for the register about what it does not know, for a person to confirm. What a capture
 * cannot tell (who the recipient is, what for, which countries are allowed) stays empty, so that
 * `register check` asks for it. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/csv.h"
#include "report/rows.h"

#define DRAFT_ROWS_MAX    2000 /* more than a person confirms by hand */
#define DRAFT_MATCH_CHARS 1200
#define UNREGISTERED      "unregistered:"

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

/* An id made of what is known; never fewer than two characters. */
static void make_slug(const char *text, char ret[static DRAFT_ID_CHARS])
{
	size_t len = 0;

	for (; *text && len + 1 < DRAFT_ID_CHARS - 4; text++) {
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
		snprintf(ret, DRAFT_ID_CHARS, "to-name");
}

static bool is_registered(const struct registry *r, enum registry_file file, const char *id)
{
	size_t programs = r ? registry_program_count(r) : 0;
	size_t destinations = r ? registry_destination_count(r) : 0;

	if (file == REGISTRY_PROGRAMS)
		for (size_t i = 0; i < programs; i++)
			if (strcmp(registry_program(r, i)->id, id) == 0)
				return true;
	if (file == REGISTRY_DESTINATIONS)
		for (size_t i = 0; i < destinations; i++)
			if (strcmp(registry_destination(r, i)->id, id) == 0)
				return true;
	return false;
}

static bool id_is_taken(
        const struct report *r, const struct drafts *d, enum registry_file file, const char *id)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->rows[i].file == file && strcmp(d->rows[i].id, id) == 0)
			return true;
	return is_registered(r->registry, file, id);
}

/* Unique in its file, and against the register that the rows are meant for. */
static void make_id(
        const struct report *r, const struct drafts *d, struct draft_row *row, const char *subject)
{
	size_t len;

	make_slug(subject, row->id);
	len = strlen(row->id);
	for (unsigned n = 2; n < 1000 && id_is_taken(r, d, row->file, row->id); n++)
		snprintf(row->id + len, DRAFT_ID_CHARS - len, "-%u", n);
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

/* Of a program that the register does not know: whether its process is known, and its own. A rule
 * for a browser, or for a service of the system, would claim what all others send by it. */
static bool has_own_process(const struct summary_row *row)
{
	return row->program_id[0] != '\0' &&
	       !match_process_is_shared(row->program_id + strlen(UNREGISTERED));
}

/* What a draft program is named for: its process, or without one of its own the far end. */
static const char *program_subject(const struct summary_row *row)
{
	return has_own_process(row) ? row->program_id + strlen(UNREGISTERED) : row->destination;
}

static bool same_program(const struct summary_row *a, const struct summary_row *b)
{
	return strcmp(a->program_id, b->program_id) == 0 &&
	       (has_own_process(a) || strcmp(a->destination, b->destination) == 0);
}

static bool same_subject(const struct summary_row *a, const struct summary_row *b)
{
	return strcmp(a->program_id, b->program_id) == 0 &&
	       strcmp(a->destination, b->destination) == 0;
}

static struct draft_row *find_draft(
        struct drafts *d, enum registry_file file, const struct summary_row *row)
{
	for (size_t i = 0; i < d->count; i++) {
		struct draft_row *one = &d->rows[i];

		if (one->file == file && (file == REGISTRY_PROGRAMS ? same_program(&one->all, row)
		                                                    : same_subject(&one->all, row)))
			return one;
	}
	return NULL;
}

/* One draft for each subject; what was seen of it on other dates is added up. */
static int add_draft(
        struct report *r, struct drafts *d, enum registry_file file, const struct summary_row *row)
{
	struct draft_row *draft = find_draft(d, file, row);
	bool first = !draft;
	int status;

	if (first) {
		if (d->counts[file] == DRAFT_ROWS_MAX) {
			r->drafts_left_out++;
			return STATUS_OK;
		}
		draft = &d->rows[d->count];
		*draft = (struct draft_row){.file = file,
		        .all = {.row_kind = row->row_kind,
		                .date = row->date,
		                .program_id = row->program_id,
		                .destination = row->destination}};
		for (size_t i = 0; i < ROW_TEXTS; i++)
			draft->all.text[i] = "";
		make_id(r, d, draft,
		        file == REGISTRY_PROGRAMS ? program_subject(row) : row->destination);
		d->counts[file]++;
		d->count++;
	}
	status = summary_merge(r, &draft->all, row);
	/* A conversation over midnight is one conversation. */
	if (!first && file == REGISTRY_DESTINATIONS)
		draft->all.flows -= row->flows - row->begun;
	return status;
}

int drafts_make(struct report *r, const struct row_list *rows, struct drafts *ret)
{
	struct drafts d = {.rows = calloc(2 * DRAFT_ROWS_MAX, sizeof(*d.rows))};
	int status = d.rows ? STATUS_OK : STATUS_NO_MEMORY;

	for (size_t i = 0; status == STATUS_OK && i < rows->count; i++) {
		if (program_is_unknown(&rows->rows[i]))
			status = add_draft(r, &d, REGISTRY_PROGRAMS, &rows->rows[i]);
		if (status == STATUS_OK && is_unregistered(&rows->rows[i]))
			status = add_draft(r, &d, REGISTRY_DESTINATIONS, &rows->rows[i]);
	}
	*ret = d;
	if (status != STATUS_OK)
		drafts_free(r, ret);
	return status;
}

void drafts_free(struct report *r, struct drafts *d)
{
	for (size_t i = 0; i < d->count; i++)
		summary_row_free(r, &d->rows[i].all);
	free(d->rows);
	*d = (struct drafts){.rows = NULL};
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

/* Several names of one owner become one rule, unless the owner lends names to customers: then only
 * those that were seen are. What did not fit into the list is left out: it would be no rule. */
static void propose_match(const struct summary_row *row, char ret[static DRAFT_MATCH_CHARS])
{
	const char *rules = row->text[ROW_MATCH_RULES];
	const char *domain = row->text[ROW_DOMAIN];
	const char *cut = strstr(rules, "|" TEXT_POOL_FULL);
	bool names = strchr(rules, '|') && !strstr(rules, "ip:");

	if (names && *domain && !strchr(domain, '|') && !registry_is_shared_host(domain))
		snprintf(ret, DRAFT_MATCH_CHARS, "dns:*.%.250s|dns:%.250s", domain, domain);
	else
		snprintf(ret, DRAFT_MATCH_CHARS, "%.*s",
		        cut ? (int)(cut - rules) : DRAFT_MATCH_CHARS - 1, rules);
}

static void write_program(FILE *out, const struct draft_row *d)
{
	const struct summary_row *row = &d->all;
	bool process = has_own_process(row);
	char name[DISPLAY_CHARS_MAX + 32], match[DRAFT_MATCH_CHARS];
	const char *const set[] = {"program_id", d->id, "name", name, "kind", "other",
	        "hosts_installed", row->text[ROW_COMPUTERS], "match_rules", match,
	        "reads_clinical_db", "unknown", "update_owner", "unknown", NULL};

	snprintf(name, sizeof(name), "%s%.58s",
	        process                    ? ""
	        : *row->program_id != '\0' ? "site or program behind "
	                                   : "program that contacts ",
	        program_subject(row));
	if (process)
		snprintf(match, sizeof(match), "proc:%.256s", program_subject(row));
	else
		propose_match(row, match);
	for (unsigned i = 0; i < ARRAY_LEN(program_columns); i++)
		write_cell_of(out, program_columns, i, set);
	csv_end_row(out);
}

int draft_write_programs(const struct drafts *d, FILE *out)
{
	write_header(out, program_columns, ARRAY_LEN(program_columns));
	for (size_t i = 0; i < d->count && !ferror(out); i++)
		if (d->rows[i].file == REGISTRY_PROGRAMS)
			write_program(out, &d->rows[i]);
	return stream_status(out);
}

static const char *program_of(struct drafts *d, const struct summary_row *row)
{
	const struct draft_row *program = find_draft(d, REGISTRY_PROGRAMS, row);

	if (program)
		return program->id;
	return program_is_unknown(row) ? "" : row->program_id;
}

static void write_destination(FILE *out, struct drafts *drafts, const struct draft_row *d)
{
	char source[DISPLAY_CHARS_MAX + 64], match[DRAFT_MATCH_CHARS];
	char first[TIME_DATE_CHARS], last[TIME_DATE_CHARS];
	const char *owner = d->all.text[ROW_ORGANISATION];
	const char *const set[] = {"dest_id", d->id, "program_id", program_of(drafts, &d->all),
	        "match", match, "overseas_access", "unknown", "onward_allowed", "unknown", "source",
	        source, NULL};

	propose_match(&d->all, match);
	time_local_date(d->all.first_ns, first);
	time_local_date(d->all.last_ns, last);
	snprintf(source, sizeof(source), "seen by exeat %s %s%s%s%s%.120s",
	        strcmp(first, last) == 0 ? "on" : "from", first,
	        strcmp(first, last) == 0 ? "" : " to ", strcmp(first, last) == 0 ? "" : last,
	        *owner ? "; network of " : "", owner);
	for (unsigned i = 0; i < ARRAY_LEN(destination_columns); i++)
		write_cell_of(out, destination_columns, i, set);
	csv_end_row(out);
}

int draft_write_destinations(struct drafts *d, FILE *out)
{
	write_header(out, destination_columns, ARRAY_LEN(destination_columns));
	for (size_t i = 0; i < d->count && !ferror(out); i++)
		if (d->rows[i].file == REGISTRY_DESTINATIONS)
			write_destination(out, d, &d->rows[i]);
	return stream_status(out);
}
