/* changes: what another register makes of the same evidence, flag by flag. A flag keeps its id from
 * register to register as long as it is about the same subject. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/csv.h"
#include "report/html_parts.h"
#include "report/rows.h"

static int by_hex(const void *left, const void *right)
{
	const struct flag_row *a = left, *b = right;

	return strcmp(a->hex, b->hex);
}

static int by_gravity(const void *left, const void *right)
{
	const struct flag_change *a = left, *b = right;
	int order = (int)a->kind - (int)b->kind;
	enum severity grave_a = a->after > a->before ? a->after : a->before;
	enum severity grave_b = b->after > b->before ? b->after : b->before;

	if (order == 0)
		order = (int)grave_b - (int)grave_a;
	if (order == 0)
		order = (int)a->row.id - (int)b->row.id;
	return order ? order : strcmp(a->row.hex, b->row.hex);
}

static int sorted_flags(struct report *r, struct flag_row **ret_gives, size_t *ret_count)
{
	int status = report_flags(r, ret_gives, ret_count);

	if (status == STATUS_OK && *ret_count > 1)
		qsort(*ret_gives, *ret_count, sizeof(**ret_gives), by_hex);
	return status;
}

/* Texts of the other report go with it: they are kept in this one's pool. */
static int keep_texts(struct report *r, struct flag_row *row)
{
	const char **const texts[] = {&row->program_id, &row->destination, &row->computer,
	        &row->sentence, &row->register_says, &row->would_clear, &row->rule,
	        &row->accepted_by};
	bool kept = true;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		*texts[i] = text_pool_add(r->pool, *texts[i]);
		kept = kept && *texts[i];
	}
	for (size_t i = 0; i < ROW_TEXTS; i++) {
		row->text[i] = text_pool_add(r->pool, row->text[i]);
		kept = kept && row->text[i];
	}
	return kept ? STATUS_OK : STATUS_NO_MEMORY;
}

static int add_change(struct report *r, const struct flag_row *before, const struct flag_row *after)
{
	struct flag_change *change = &r->changes[r->change_count++];

	*change = (struct flag_change){.row = after ? *after : *before,
	        .before = before ? before->severity : SEVERITY_NONE,
	        .after = after ? after->severity : SEVERITY_NONE};
	change->kind = CHANGE_SEVERITY;
	if (!before || !after)
		change->kind = after ? CHANGE_NEW : CHANGE_GONE;
	else if (before->accepted != after->accepted)
		change->kind = after->accepted ? CHANGE_ACCEPTED : CHANGE_NOT_ACCEPTED;
	return after ? STATUS_OK : keep_texts(r, &change->row);
}

/* Both sorted by id: the next of each, or the same of both. */
static int merge(struct report *r, const struct flag_row *before, size_t before_count,
        const struct flag_row *after, size_t after_count)
{
	size_t i = 0, j = 0;
	int status = STATUS_OK;

	while (status == STATUS_OK && (i < before_count || j < after_count)) {
		int order = i == before_count ? 1 : -1;

		if (i < before_count && j < after_count)
			order = strcmp(before[i].hex, after[j].hex);
		if (order == 0 && before[i].severity == after[j].severity &&
		        before[i].accepted == after[j].accepted)
			r->flags_unchanged++;
		else
			status = add_change(
			        r, order <= 0 ? &before[i] : NULL, order >= 0 ? &after[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	return status;
}

int report_compare(struct report *r, struct report *before, const char *against)
{
	struct flag_row *old = NULL, *new = NULL;
	size_t old_count = 0, new_count = 0;
	int status = STATUS_OK;

	if (r->changes)
		return STATUS_BUG;
	status = sorted_flags(before, &old, &old_count);
	if (status == STATUS_OK)
		status = sorted_flags(r, &new, &new_count);
	if (status == STATUS_OK) {
		r->changes = reallocarray(NULL, old_count + new_count + 1, sizeof(*r->changes));
		status = r->changes ? STATUS_OK : STATUS_NO_MEMORY;
	}
	if (status == STATUS_OK)
		status = merge(r, old, old_count, new, new_count);
	if (status == STATUS_OK) {
		qsort(r->changes, r->change_count, sizeof(*r->changes), by_gravity);
		r->compared_with = text_pool_add(r->pool, against);
		status = r->compared_with ? STATUS_OK : STATUS_NO_MEMORY;
	}
	free(old);
	free(new);
	return status;
}

const char *change_name(enum change_kind kind)
{
	static const char *const names[] = {[CHANGE_GONE] = "gone",
	        [CHANGE_NEW] = "new",
	        [CHANGE_SEVERITY] = "severity",
	        [CHANGE_ACCEPTED] = "accepted",
	        [CHANGE_NOT_ACCEPTED] = "not-accepted"};

	return names[kind];
}

int csv_write_changes(const struct report *r, FILE *out)
{
	static const char *const columns[] = {"schema", "change", "id", "flag", "scope",
	        "severity_before", "severity_after", "sentence", "computer", "program_id",
	        "program_name", "dest_id", "recipient", "register_says", "would_clear"};
	char schema[8];

	snprintf(schema, sizeof(schema), "%d", REPORT_SCHEMA_VERSION);
	for (unsigned i = 0; i < ARRAY_LEN(columns); i++)
		csv_write_cell(out, i, columns[i]);
	csv_end_row(out);
	for (size_t n = 0; n < r->change_count && !ferror(out); n++) {
		const struct flag_change *c = &r->changes[n];
		const char *const cells[ARRAY_LEN(columns)] = {schema, change_name(c->kind),
		        c->row.hex, flag_name(c->row.id), flag_scope_name(c->row.scope),
		        severity_name(c->before), severity_name(c->after), c->row.sentence,
		        c->row.computer, c->row.program_id, c->row.text[ROW_PROGRAM_NAME],
		        c->row.text[ROW_DEST_ID], c->row.text[ROW_RECIPIENT], c->row.register_says,
		        c->kind == CHANGE_GONE ? "" : c->row.would_clear};

		for (unsigned i = 0; i < ARRAY_LEN(columns); i++)
			csv_write_cell(out, i, cells[i]);
		csv_end_row(out);
	}
	return stream_status(out);
}

void changes_sentence(const struct report *r, char *ret, size_t size)
{
	size_t counts[CHANGE_KINDS] = {0};

	for (size_t i = 0; i < r->change_count; i++)
		counts[r->changes[i].kind]++;
	snprintf(ret, size,
	        "Compared with %s: %zu flag%s gone, %zu new, %zu of another severity, %zu now "
	        "accepted, %zu no longer accepted, %zu as before.",
	        r->compared_with, counts[CHANGE_GONE], counts[CHANGE_GONE] == 1 ? "" : "s",
	        counts[CHANGE_NEW], counts[CHANGE_SEVERITY], counts[CHANGE_ACCEPTED],
	        counts[CHANGE_NOT_ACCEPTED], r->flags_unchanged);
}

void change_severities(const struct flag_change *c, char ret[static CHANGE_SEVERITY_CHARS])
{
	if (c->before != c->after && c->kind != CHANGE_NEW && c->kind != CHANGE_GONE)
		snprintf(ret, CHANGE_SEVERITY_CHARS, "%s, was %s", severity_name(c->after),
		        severity_name(c->before));
	else
		snprintf(ret, CHANGE_SEVERITY_CHARS, "%s",
		        severity_name(c->kind == CHANGE_GONE ? c->before : c->after));
}

const char *change_heading(enum change_kind kind)
{
	static const char *const headings[] = {[CHANGE_NEW] = "New",
	        [CHANGE_SEVERITY] = "Of another severity",
	        [CHANGE_ACCEPTED] = "Now accepted",
	        [CHANGE_NOT_ACCEPTED] = "No longer accepted",
	        [CHANGE_GONE] = "Gone"};

	return headings[kind];
}

static const char *first_text(const struct flag_row *row, const enum row_text *which, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (row->text[which[i]][0] != '\0')
			return row->text[which[i]];
	return "";
}

void change_subject(const struct flag_change *c, char ret[static CHANGE_SUBJECT_CHARS])
{
	static const enum row_text senders[] = {
	        ROW_PROGRAM_NAME, ROW_COMPUTER_NAMES, ROW_COMPUTERS};
	static const enum row_text receivers[] = {ROW_RECIPIENT, ROW_HOST, ROW_PREFIX};
	const char *sender = first_text(&c->row, senders, ARRAY_LEN(senders));
	const char *receiver = first_text(&c->row, receivers, ARRAY_LEN(receivers));

	if (c->row.scope == SCOPE_RUN)
		snprintf(ret, CHANGE_SUBJECT_CHARS, "the whole report");
	else if (c->row.scope == SCOPE_PROGRAM || *receiver == '\0')
		snprintf(ret, CHANGE_SUBJECT_CHARS, "%.400s", sender);
	else
		snprintf(ret, CHANGE_SUBJECT_CHARS, "%.400s to %.400s", sender, receiver);
}

void html_write_changes(const struct report *r, FILE *out)
{
	char text[CHANGE_SUBJECT_CHARS];

	if (!r->compared_with)
		return;
	changes_sentence(r, text, sizeof(text));
	fputs("<h2>Changes</h2>\n", out);
	html_element(out, "p", text);
	if (r->change_count > 0)
		fputs("\n<table><thead><tr><th>Change</th><th>Severity</th><th>Flag</th>"
		      "<th>About</th><th>Id</th></tr></thead><tbody>",
		        out);
	for (size_t i = 0; i < r->change_count && i < HTML_ROWS_MAX; i++) {
		const struct flag_change *c = &r->changes[i];

		fputs("\n<tr>", out);
		html_element(out, "td", change_heading(c->kind));
		change_severities(c, text);
		html_element(out, "td", text);
		html_element(out, "td", c->row.sentence);
		fputs("<td class=\"name\">", out);
		change_subject(c, text);
		html_name(out, text);
		fputs("</td>", out);
		html_element(out, "td", c->row.hex);
		fputs("</tr>", out);
	}
	if (r->change_count > 0)
		fputs("\n</tbody></table>\n", out);
	if (r->change_count > HTML_ROWS_MAX)
		fprintf(out, "<p>%zu more changes stand in changes.csv.</p>\n",
		        r->change_count - HTML_ROWS_MAX);
}
