/* text: the table on the terminal, the first answer that the person at the keyboard gets. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/columns.h"
#include "report/rows.h"
#include "report/sentences.h"
#include "report/width.h"

#define TEXT_ROWS_MAX 200 /* more are in summary.csv, where they can be sorted */
#define TEXT_COLUMNS  8
#define BETWEEN       2
#define INDENT        2
#define FLAGS_INDENT  10 /* below the program, when flags have no column */
#define MINIMUMS      (8 + 9 + 13 + 9 + 11 + 7 + 7)
#define WORD_COLUMNS  16 /* a longer word may be broken: hosts are */
#define FLAGS_MINIMUM 24 /* the longest name and a comma */

_Static_assert(MINIMUMS + (TEXT_COLUMNS - 2) * BETWEEN <= REPORT_TEXT_COLUMNS_MIN,
        "the narrowest table fits the narrowest terminal");

/* What the table shows; minimum and maximum columns of each. */
static const struct {
	const char *name;
	size_t min, max;
} shown[TEXT_COLUMNS] = {
        {"max_severity", 8, 8},
        {"program_shown", 9, 32},
        {"recipient_shown", 13, 56},
        {"country_shown", 9, 14},
        {"evidence_shown", 11, 48},
        {"paper_shown", 7, 10},
        {"verdict_shown", 7, 11},
        {"flags_shown", FLAGS_MINIMUM, 100},
};

struct layout {
	FILE *out;
	size_t width; /* 0 no limit */
	bool colour;
	size_t columns[TEXT_COLUMNS];
	size_t wanted[TEXT_COLUMNS], words[TEXT_COLUMNS]; /* of the whole text, of one word */
	size_t count; /* TEXT_COLUMNS, or one less when flags get a line of their own */
};

static const char *colour_of(const struct layout *l, enum severity severity)
{
	if (!l->colour)
		return "";
	switch (severity) {
	case SEVERITY_URGENT:
	case SEVERITY_HIGH:
		return "\033[1;31m";
	case SEVERITY_MEDIUM:
		return "\033[33m";
	default:
		return "";
	}
}

/* A sentence over as many lines as it needs. */
static void write_prose(
        const struct layout *l, size_t first_indent, size_t indent, const char *text)
{
	size_t next;

	for (bool first = true; *text; first = false, text += next) {
		size_t margin = first ? first_indent : indent;
		size_t len = text_line(text, l->width > 0 ? l->width - margin : 0, &next);

		fprintf(l->out, "%*s%.*s\n", (int)margin, "", (int)len, text);
	}
}

static void write_cells(
        const struct layout *l, const char *const cells[TEXT_COLUMNS], enum severity severity)
{
	const char *rest[TEXT_COLUMNS];
	const char *colour = colour_of(l, severity);
	bool more = true;

	memcpy(rest, cells, sizeof(rest));
	while (more) {
		size_t owed = 0; /* spaces before the next text: none at the end of a line */

		more = false;
		fputs(colour, l->out);
		for (size_t i = 0; i < l->count; i++) {
			size_t next, len = text_line(rest[i], l->columns[i], &next);
			size_t width = text_width(rest[i], len);

			if (len > 0)
				fprintf(l->out, "%*s%.*s", (int)owed, "", (int)len, rest[i]);
			owed = (len > 0 ? 0 : owed) + BETWEEN +
			       (l->columns[i] > width ? l->columns[i] - width : 0);
			rest[i] += next;
			more |= *rest[i] != '\0';
		}
		fprintf(l->out, "%s\n", *colour ? "\033[0m" : "");
	}
}

/* Widens columns by one in turn, as long as there is room, up to what they want. */
static void widen(struct layout *l, const size_t wanted[TEXT_COLUMNS], size_t *used)
{
	bool grew = true;

	while (grew) {
		grew = false;
		for (size_t i = 0; i < l->count && *used < l->width; i++) {
			if (l->columns[i] >= wanted[i] || l->columns[i] >= shown[i].max)
				continue;
			l->columns[i]++;
			(*used)++;
			grew = true;
		}
	}
}

/* Flags stand beside the rest only where its words need not be broken for them. */
static bool flags_fit(const struct layout *l)
{
	size_t used = (TEXT_COLUMNS - 1) * BETWEEN + FLAGS_MINIMUM;

	for (size_t i = 0; i < TEXT_COLUMNS - 1; i++) {
		size_t word = l->words[i] < WORD_COLUMNS ? l->words[i] : WORD_COLUMNS;

		used += l->columns[i] > word ? l->columns[i] : word;
	}
	return used <= l->width;
}

/* Every column gets its minimum; what is left goes first to whole words, then to whole texts. */
static void share_width(struct layout *l)
{
	size_t used = (TEXT_COLUMNS - 2) * BETWEEN;

	memcpy(l->columns, l->wanted, sizeof(l->columns));
	l->count = TEXT_COLUMNS;
	if (l->width == 0)
		return;
	for (size_t i = 0; i < TEXT_COLUMNS - 1; i++) {
		if (l->columns[i] > shown[i].min)
			l->columns[i] = shown[i].min;
		used += l->columns[i];
	}
	l->columns[TEXT_COLUMNS - 1] = FLAGS_MINIMUM;
	if (!flags_fit(l))
		l->count--;
	else
		used += BETWEEN + FLAGS_MINIMUM;
	widen(l, l->words, &used);
	widen(l, l->wanted, &used);
}

static void measure_text(struct layout *l, size_t column, const char *text)
{
	size_t width = text_width(text, strlen(text)), word = text_word_width(text);

	if (width > l->wanted[column])
		l->wanted[column] = width;
	if (word > l->words[column])
		l->words[column] = word;
}

static void measure(struct layout *l, const struct report *r, const struct row_list *rows)
{
	char scratch[CELL_CHARS];

	for (size_t i = 0; i < TEXT_COLUMNS; i++) {
		const struct summary_column *c = summary_column(shown[i].name);

		measure_text(l, i, c->heading);
		for (size_t n = 0; n < rows->count && n < TEXT_ROWS_MAX; n++)
			measure_text(l, i, summary_cell(c, r, &rows->rows[n], scratch));
	}
	share_width(l);
}

static int write_table(struct layout *l, const struct report *r, const struct row_list *rows)
{
	const char *cells[TEXT_COLUMNS];
	char(*scratch)[CELL_CHARS] = calloc(TEXT_COLUMNS, sizeof(*scratch));

	if (!scratch)
		return STATUS_NO_MEMORY;
	measure(l, r, rows);
	for (size_t i = 0; i < TEXT_COLUMNS; i++)
		cells[i] = summary_column(shown[i].name)->heading;
	write_cells(l, cells, SEVERITY_NONE);
	for (size_t n = 0; n < rows->count && n < TEXT_ROWS_MAX; n++) {
		for (size_t i = 0; i < TEXT_COLUMNS; i++)
			cells[i] = summary_cell(
			        summary_column(shown[i].name), r, &rows->rows[n], scratch[i]);
		write_cells(l, cells, rows->rows[n].severity);
		if (l->count < TEXT_COLUMNS)
			write_prose(l, FLAGS_INDENT, FLAGS_INDENT, cells[TEXT_COLUMNS - 1]);
	}
	free(scratch);
	if (rows->count > TEXT_ROWS_MAX)
		fprintf(l->out, "and %zu more rows, in summary.csv\n", rows->count - TEXT_ROWS_MAX);
	return STATUS_OK;
}

static int write_head(const struct layout *l, struct report *r)
{
	const struct verdict *v = r->run->run_verdict;
	char line[SENTENCE_CHARS];
	int status = sentence_recorded(r, line);

	if (status != STATUS_OK)
		return status;
	write_prose(l, 0, INDENT, line);
	if (r->run->inside && *r->run->inside) {
		snprintf(line, sizeof(line), "Inside: %s.", r->run->inside);
		write_prose(l, 0, INDENT, line);
	}
	if (r->run->authorised_by && *r->run->authorised_by) {
		snprintf(line, sizeof(line), "Authorised by %s.", r->run->authorised_by);
		write_prose(l, 0, INDENT, line);
	}
	sentence_bypassed(r, line);
	if (line[0] != '\0')
		write_prose(l, 0, INDENT, line);
	sentence_saved(r, line);
	if (line[0] != '\0')
		write_prose(l, 0, INDENT, line);
	if (r->run->mirror_warning && *r->run->mirror_warning)
		write_prose(l, 0, INDENT, r->run->mirror_warning);
	if (r->run->geo_warning && *r->run->geo_warning)
		write_prose(l, 0, INDENT, r->run->geo_warning);
	for (unsigned i = 0; v && i < v->flag_count; i++) {
		snprintf(line, sizeof(line), "%s: %s (%s)", severity_name(v->flags[i].severity),
		        v->flags[i].sentence, flag_name(v->flags[i].id));
		write_prose(l, 0, INDENT, line);
	}
	fputc('\n', l->out);
	return STATUS_OK;
}

static void write_changes(const struct layout *l, const struct report *r)
{
	char line[SENTENCE_CHARS], severity[CHANGE_SEVERITY_CHARS];
	char subject[CHANGE_SUBJECT_CHARS];

	changes_sentence(r, line, sizeof(line));
	write_prose(l, 0, INDENT, line);
	for (size_t i = 0; i < r->change_count && i < TEXT_ROWS_MAX; i++) {
		const struct flag_change *c = &r->changes[i];

		if (i == 0 || c->kind != r->changes[i - 1].kind)
			fprintf(l->out, "\n%s\n", change_heading(c->kind));
		change_severities(c, severity);
		change_subject(c, subject);
		snprintf(line, sizeof(line), "%s: %s (%s: %s; id %s)", severity, c->row.sentence,
		        flag_name(c->row.id), subject, c->row.hex);
		write_prose(l, INDENT, 2 * INDENT, line);
	}
	if (r->change_count > TEXT_ROWS_MAX)
		fprintf(l->out, "and %zu more changes, in changes.csv\n",
		        r->change_count - TEXT_ROWS_MAX);
	fputc('\n', l->out);
}

int report_write_text(struct report *r, FILE *out, unsigned width, bool colour)
{
	struct layout l = {.out = out, .width = width, .colour = colour};
	struct row_list rows = {0};
	char line[SENTENCE_CHARS];
	int status = report_rows_for_people(r, &rows);

	if (status != STATUS_OK)
		return status;
	if (width > 0 && width < REPORT_TEXT_COLUMNS_MIN)
		l.width = REPORT_TEXT_COLUMNS_MIN;
	status = write_head(&l, r);
	if (status == STATUS_OK && rows.count > 0)
		status = write_table(&l, r, &rows);
	fputs(rows.count > 0 ? "\n" : "", out);
	row_list_free(r, &rows);
	if (status != STATUS_OK)
		return status;
	if (r->compared_with)
		write_changes(&l, r);
	sentence_totals(r, line);
	write_prose(&l, 0, INDENT, line);
	sentence_unseen(r, line);
	write_prose(&l, 0, INDENT, line);
	return stream_status(out);
}
