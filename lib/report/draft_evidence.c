/* draft_evidence: what was seen of each drafted row, for the person who confirms it. It stands
 * beside the drafts, not in them, so that their columns stay the register's. */
#include <inttypes.h>
#include <string.h>

#include "base/status.h"
#include "report/columns.h"
#include "report/csv.h"
#include "report/rows.h"
#include "report/sentences.h"
#include "report/width.h"

#define LISTED_MAX 200 /* more are in the files */

static const char *const columns[] = {"file", "id", "conversations", "bytes_out", "bytes_in",
        "first_seen", "last_seen", "computers", "computer_names", "names", "network", "country",
        "country_confidence", "organisation", "service", "protocol", "seen_in_clear", "program",
        "program_known_by", "program_confidence"};

static const char *program_shown(const struct summary_row *row)
{
	return row->text[ROW_PROGRAM_NAME][0] != '\0' ? row->text[ROW_PROGRAM_NAME]
	                                              : row->program_id;
}

static void write_row(const struct draft_row *d, FILE *out)
{
	const struct summary_row *row = &d->all;
	char flows[24], bytes_out[24], bytes_in[24], seen[CATEGORY_SET_CHARS];
	char first[TIME_RFC3339_CHARS], last[TIME_RFC3339_CHARS];
	const char *const *text = row->text;
	const char *const cells[ARRAY_LEN(columns)] = {registry_file_name(d->file), d->id, flows,
	        bytes_out, bytes_in, first, last, text[ROW_COMPUTERS], text[ROW_COMPUTER_NAMES],
	        text[ROW_NAMES], text[ROW_PREFIX], text[ROW_COUNTRY], text[ROW_COUNTRY_CONFIDENCE],
	        text[ROW_ORGANISATION], text[ROW_SERVICE], text[ROW_PROTOCOL], seen,
	        program_shown(row), text[ROW_ATTRIBUTION], text[ROW_CONFIDENCE]};

	snprintf(flows, sizeof(flows), "%" PRIu64, row->flows);
	snprintf(bytes_out, sizeof(bytes_out), "%" PRIu64, row->bytes_out);
	snprintf(bytes_in, sizeof(bytes_in), "%" PRIu64, row->bytes_in);
	time_rfc3339(row->first_ns, first);
	time_rfc3339(row->last_ns, last);
	category_set_format(row->seen, seen);
	for (unsigned i = 0; i < ARRAY_LEN(columns); i++)
		csv_write_cell(out, i, cells[i]);
	csv_end_row(out);
}

int draft_write_evidence(const struct drafts *d, FILE *out)
{
	for (unsigned i = 0; i < ARRAY_LEN(columns); i++)
		csv_write_cell(out, i, columns[i]);
	csv_end_row(out);
	for (size_t i = 0; i < d->count && !ferror(out); i++)
		write_row(&d->rows[i], out);
	return stream_status(out);
}

static void write_prose(FILE *out, unsigned width, size_t first_indent, const char *text)
{
	size_t next;

	for (bool first = true; *text; first = false, text += next) {
		size_t margin = first ? first_indent : first_indent + 2;
		size_t len = text_line(text, width > 0 ? width - margin : 0, &next);

		fprintf(out, "%*s%.*s\n", (int)margin, "", (int)len, text);
	}
}

/* "reception1, 192.0.2.7"; of what was not seen, words that fit. */
static void format_or(const char *joined, const char *otherwise, char ret[static CELL_CHARS])
{
	format_list(*joined ? joined : otherwise, ret);
}

static void describe_where(const struct summary_row *row, char ret[static SENTENCE_CHARS])
{
	char names[CELL_CHARS], owner[CELL_CHARS], country[CELL_CHARS], how[CELL_CHARS];
	const char *const *text = row->text;
	int len;

	format_or(text[ROW_NAMES], text[ROW_PREFIX], names);
	format_list(text[ROW_ORGANISATION], owner);
	sentence_countries(text[ROW_COUNTRY], country);
	snprintf(how, sizeof(how), "%s",
	        strchr(text[ROW_COUNTRY_CONFIDENCE], '|')
	                ? "not equally sure of each"
	                : sentence_country_confidence(text[ROW_COUNTRY_CONFIDENCE]));
	len = snprintf(ret, SENTENCE_CHARS, "%.900s%s%.300s; ", names,
	        *owner ? ", network of " : "", owner);
	if (*country)
		len += snprintf(ret + len, SENTENCE_CHARS - (size_t)len,
		        "appears to be in %.200s (%.100s)", country, how);
	else
		len += snprintf(
		        ret + len, SENTENCE_CHARS - (size_t)len, "we could not tell the country");
	if (*text[ROW_SERVICE])
		snprintf(ret + len, SENTENCE_CHARS - (size_t)len, "; looks like %.200s",
		        text[ROW_SERVICE]);
}

static void list_draft(const struct draft_row *d, FILE *out, unsigned width)
{
	const struct summary_row *row = &d->all;
	char line[2 * SENTENCE_CHARS], where[SENTENCE_CHARS], computers[CELL_CHARS], bytes[24];
	char first[32], last[32], program[CELL_CHARS];
	bool once;

	sentence_bytes(row->bytes_out, bytes);
	sentence_moment(row->first_ns, first);
	sentence_moment(row->last_ns, last);
	once = strcmp(first, last) == 0;
	format_list(row->text[ROW_COMPUTERS], computers);
	format_or(program_shown(row), "a program that we could not tell", program);
	describe_where(row, where);
	snprintf(line, sizeof(line),
	        "%s: %" PRIu64 " conversation%s, %s sent, %s%s%s; from %.500s by %.200s to %s",
	        d->id, row->flows, row->flows == 1 ? "" : "s", bytes, first, once ? "" : " to ",
	        once ? "" : last, computers, program, where);
	write_prose(out, width, 2, line);
}

static void list_drafts(const struct report *r, const struct drafts *d, FILE *out, unsigned width)
{
	static const enum registry_file files[] = {REGISTRY_PROGRAMS, REGISTRY_DESTINATIONS};
	char line[SENTENCE_CHARS];
	size_t listed = 0;

	for (size_t f = 0; f < ARRAY_LEN(files); f++) {
		if (d->counts[files[f]] == 0)
			continue;
		fprintf(out, "draft/%s: %zu row%s\n", registry_file_name(files[f]),
		        d->counts[files[f]], d->counts[files[f]] == 1 ? "" : "s");
		for (size_t i = 0; i < d->count && listed < LISTED_MAX; i++)
			if (d->rows[i].file == files[f] && ++listed > 0)
				list_draft(&d->rows[i], out, width);
		fputc('\n', out);
	}
	if (d->count > listed)
		fprintf(out, "and %zu more rows, in the files\n", d->count - listed);
	if (r->drafts_left_out > 0)
		fprintf(out, "%" PRIu64 " more subjects did not fit into the drafts.\n",
		        r->drafts_left_out);
	snprintf(line, sizeof(line), "%s",
	        d->count == 0
	                ? "Nothing that was sent is unknown to the register: no row was drafted."
	                : "These rows permit nothing yet. A person looks at draft/evidence.csv, "
	                  "fills in what is empty (vendor, status and owner of a program; "
	                  "recipient, country, role and allowed countries of a destination), "
	                  "and copies the rows into the register. Agreements and reasons are "
	                  "never drafted: contracts.csv and basis.csv are a person's own.");
	write_prose(out, width, 0, line);
}

static int write_files(struct drafts *d, struct output_set *set)
{
	FILE *file;
	int status = output_open(set, "draft", "programs.csv", &file);

	if (status == STATUS_OK)
		status = draft_write_programs(d, file);
	if (status == STATUS_OK)
		status = output_open(set, "draft", "destinations.csv", &file);
	if (status == STATUS_OK)
		status = draft_write_destinations(d, file);
	if (status == STATUS_OK)
		status = output_open(set, "draft", "evidence.csv", &file);
	if (status == STATUS_OK)
		status = draft_write_evidence(d, file);
	if (status == STATUS_OK)
		return output_commit(set);
	output_abort(set);
	return status;
}

int report_write_drafts(struct report *r, int dir_fd, FILE *out, unsigned width)
{
	struct drafts drafts = {.rows = NULL};
	struct row_list rows = {0};
	struct output_set set;
	int status = report_rows(r, "", &rows);

	output_init(&set, dir_fd);
	if (width > 0 && width < REPORT_TEXT_COLUMNS_MIN)
		width = REPORT_TEXT_COLUMNS_MIN;
	if (status == STATUS_OK)
		status = drafts_make(r, &rows, &drafts);
	if (status == STATUS_OK)
		status = write_files(&drafts, &set);
	if (status == STATUS_OK) {
		list_drafts(r, &drafts, out, width);
		status = stream_status(out);
	}
	drafts_free(r, &drafts);
	row_list_free(r, &rows);
	return status;
}
