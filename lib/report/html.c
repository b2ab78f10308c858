/* html: report.html, one page or a few for the privacy officer. Self-contained, no script, black on
 * white; A4 when printed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/columns.h"
#include "report/html_parts.h"
#include "report/sentences.h"

static const char head[] =
        "<!DOCTYPE html>\n<html lang=\"en-AU\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n";

static const char style[] =
        "<style>\n"
        "@page { size: A4; margin: 14mm 15mm 14mm 15mm; }\n"
        "* { box-sizing: border-box; }\n"
        "body { font: 15px/1.45 \"Segoe UI\", \"Helvetica Neue\", Arial, \"Liberation Sans\", "
        "sans-serif; color: #000; background: #fff; max-width: 190mm; margin: 0 auto; "
        "padding: 8mm 5mm; }\n"
        "h1 { font-size: 1.75em; line-height: 1.15; margin: 0 0 .1em; font-weight: 600; }\n"
        "h2 { font-size: 1.2em; margin: 1.7em 0 .5em; padding-bottom: .15em; "
        "border-bottom: 1.5px solid #000; break-after: avoid; }\n"
        "h3 { font-size: 1em; margin: 0 0 .5em; break-after: avoid; }\n"
        "p { margin: .35em 0; }\n"
        ".practice { font-size: 1.15em; margin: 0 0 .8em; }\n"
        ".facts { display: grid; grid-template-columns: max-content 1fr; gap: .15em 1.2em; "
        "margin: 0; }\n"
        ".facts dt { color: #444; } .facts dd { margin: 0; }\n"
        ".numbers { display: grid; grid-template-columns: repeat(3, 1fr); gap: 5mm; "
        "margin: 1.4em 0 0; break-inside: avoid; }\n"
        ".numbers p { border: 1px solid #000; padding: .5em .8em .6em; margin: 0; }\n"
        ".numbers b { display: block; font-size: 2.3em; line-height: 1.1; font-weight: 600; }\n"
        ".notes { margin: 1.2em 0 0; padding: 0; list-style: none; }\n"
        ".notes li { border-left: 3px solid #000; padding: .1em .7em; margin: .4em 0; }\n"
        ".decision { border: 1px solid #000; border-left-width: 3px; padding: .8em 1em .5em; "
        "margin: 0 0 1em; break-inside: avoid; }\n"
        ".decision.high { border-left-width: 6px; } .decision.urgent { border-width: 2px; "
        "border-left-width: 10px; }\n"
        ".mark { border: 1.5px solid #000; padding: 0 .45em; margin-right: .3em; "
        "font-size: .8em; text-transform: uppercase; letter-spacing: .04em; }\n"
        ".decision dl { display: grid; grid-template-columns: 9.5em 1fr; gap: .35em 1em; "
        "margin: 0; }\n"
        ".decision dt { font-weight: 600; } .decision dd { margin: 0; }\n"
        "ul { margin: 0; padding-left: 1.1em; } li { margin: 0 0 .1em; }\n"
        ".sign { display: flex; gap: .6em; align-items: baseline; margin: .9em 0 .3em; "
        "font-size: .85em; color: #333; }\n"
        ".sign span { flex: 1; border-bottom: 1px dotted #000; height: 1.5em; } "
        ".sign span:first-child { flex: 2; }\n"
        "table { border-collapse: collapse; width: 100%; font-size: .82em; line-height: 1.35; }\n"
        "thead { display: table-header-group; }\n"
        "tr { break-inside: avoid; }\n"
        "th { text-align: left; border-bottom: 1.5px solid #000; padding: .3em .5em .3em 0; "
        "vertical-align: bottom; }\n"
        "td { border-bottom: 1px solid #999; padding: .35em .5em .35em 0; vertical-align: top; }\n"
        ".name { overflow-wrap: anywhere; min-width: 9em; }\n"
        ".unseen { break-inside: avoid; }\n"
        "th:last-child, td:last-child { padding-right: 0; }\n"
        ".number { text-align: right; white-space: nowrap; overflow-wrap: normal; }\n"
        "footer { margin-top: 2em; border-top: 1.5px solid #000; padding-top: .6em; "
        "break-inside: avoid; }\n"
        "footer small { color: #444; overflow-wrap: anywhere; }\n"
        "@media print { body { font-size: 9.5pt; line-height: 1.35; max-width: none; padding: 0; } "
        "}\n"
        "@media (max-width: 600px) { .decision dl, .facts, .numbers { display: block; } }\n"
        "</style>\n";

/* An organisation over all its rows. */
struct organisation {
	const char *name;
	bool covered, decision;
};

static void write_character(FILE *out, char character)
{
	switch (character) {
	case '&':
		fputs("&amp;", out);
		break;
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		fputc((unsigned char)character < 0x20 || character == 0x7f ? ' ' : character, out);
	}
}

void html_text(FILE *out, const char *text)
{
	for (; *text; text++)
		write_character(out, *text);
}

void html_name(FILE *out, const char *text)
{
	for (; *text; text++) {
		write_character(out, *text);
		if (*text == '.' && text[1] != '\0' && text[1] != ' ')
			fputs("<wbr>", out);
	}
}

void html_element(FILE *out, const char *tag, const char *text)
{
	fprintf(out, "<%s>", tag);
	html_text(out, text);
	fprintf(out, "</%s>", tag);
}

static void write_fact(FILE *out, const char *name, const char *text)
{
	if (!text || *text == '\0')
		return;
	html_element(out, "dt", name);
	html_element(out, "dd", text);
}

/* Only what rules out misreading goes to the top: who, when, on whose word, how much was seen. */
static int write_head(struct report *r, FILE *out)
{
	const struct report_run *run = r->run;
	char recorded[SENTENCE_CHARS], period[64];
	int status = sentence_recorded(r, recorded);

	if (status == STATUS_OK)
		status = sentence_period(r, period);
	if (status != STATUS_OK)
		return status;
	fputs(head, out);
	fputs("<title>What left the practice: ", out);
	html_text(out, run->practice ? run->practice : "");
	fputs("</title>\n", out);
	fputs(style, out);
	fputs("</head>\n<body>\n<header>\n<h1>What left the practice</h1>\n<p class=\"practice\">",
	        out);
	html_text(out, run->practice ? run->practice : "");
	fputs("</p>\n<dl class=\"facts\">", out);
	write_fact(out, "Period", period);
	write_fact(out, "Authorised by",
	        run->authorised_by && *run->authorised_by ? run->authorised_by : "not recorded");
	write_fact(out, "What was seen", recorded);
	write_fact(out, "Counted as inside", run->inside);
	sentence_bypassed(r, recorded);
	write_fact(out, "Content", recorded);
	sentence_saved(r, recorded);
	write_fact(out, "Content kept", recorded);
	write_fact(out, "Held against",
	        r->registry ? "your register as it stood when this report was made"
	                    : "no register: every recipient counts as not recorded");
	fputs("</dl>\n", out);
	return STATUS_OK;
}

static int by_name(const void *left, const void *right)
{
	const struct organisation *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static size_t merge_organisations(struct organisation *all, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(all, count, sizeof(*all), by_name);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && strcmp(all[kept - 1].name, all[i].name) == 0) {
			all[kept - 1].covered &= all[i].covered;
			all[kept - 1].decision |= all[i].decision;
		} else {
			all[kept++] = all[i];
		}
	}
	return kept;
}

static int write_numbers(const struct row_list *rows, FILE *out)
{
	struct organisation *all = calloc(rows->count + 1, sizeof(*all));
	size_t count, covered = 0, decision = 0;

	if (!all)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < rows->count; i++) {
		const struct summary_row *row = &rows->rows[i];

		all[i].name = row->text[ROW_RECIPIENT][0] != '\0' ? row->text[ROW_RECIPIENT]
		                                                  : row->destination;
		all[i].covered = row->paper == PAPER_COVERED;
		all[i].decision = html_asks_decision(row);
	}
	count = merge_organisations(all, rows->count);
	for (size_t i = 0; i < count; i++) {
		covered += all[i].covered;
		decision += all[i].decision;
	}
	free(all);
	fprintf(out,
	        "<div class=\"numbers\"><p><b>%zu</b>organisations contacted</p>"
	        "<p><b>%zu</b>covered by paper</p><p><b>%zu</b>needing a decision</p></div>\n",
	        count, covered, decision);
	return STATUS_OK;
}

static void write_run_flags(const struct report_run *run, FILE *out)
{
	const struct verdict *v = run->run_verdict;
	bool warned = run->mirror_warning && *run->mirror_warning;
	bool old = run->geo_warning && *run->geo_warning;

	if (!warned && !old && (!v || v->flag_count == 0))
		return;
	fputs("<ul class=\"notes\">", out);
	if (warned)
		html_element(out, "li", run->mirror_warning);
	if (old)
		html_element(out, "li", run->geo_warning);
	for (unsigned i = 0; v && i < v->flag_count; i++) {
		fputs("<li>", out);
		html_text(out, v->flags[i].sentence);
		if (v->flags[i].would_clear[0] != '\0') {
			fputs(" ", out);
			html_text(out, v->flags[i].would_clear);
		}
		fputs("</li>", out);
	}
	fputs("</ul>\n", out);
}

static void write_table(const struct report *r, const struct row_list *rows, FILE *out)
{
	static const struct {
		const char *name;
		const char *open; /* of a cell */
	} shown[] = {{"program_shown", "<td class=\"name\">"},
	        {"recipient_shown", "<td class=\"name\">"}, {"country_shown", "<td>"},
	        {"flows", "<td class=\"number\">"}, {"sent_shown", "<td class=\"number\">"},
	        {"evidence_shown", "<td>"}, {"paper_shown", "<td>"}, {"verdict_shown", "<td>"}};
	char scratch[CELL_CHARS];

	fputs("<h2>Programs and recipients</h2>\n<table><thead><tr>", out);
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		html_element(out, "th", summary_column(shown[i].name)->heading);
	fputs("</tr></thead><tbody>\n", out);
	for (size_t n = 0; n < rows->count && n < HTML_ROWS_MAX; n++) {
		fputs("<tr>", out);
		for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
			fputs(shown[i].open, out);
			html_name(out, summary_cell(summary_column(shown[i].name), r,
			                       &rows->rows[n], scratch));
			fputs("</td>", out);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
	if (rows->count > HTML_ROWS_MAX)
		fprintf(out, "<p>%zu more rows stand in summary.csv.</p>\n",
		        rows->count - HTML_ROWS_MAX);
	fputs("<p><small>Country: where the first computer contacted appears to be; it says little "
	      "about where data is kept. A question mark means that we are not sure. "
	      "<em>Could not look inside</em>: most often it was encrypted, which is good "
	      "practice. <em>Not looked into</em>: as asked. <em>Expected</em>: what your register "
	      "says goes there. <em>Look at "
	      "it</em>: needs a person. <em>Cannot tell</em>: the paper is "
	      "in order, but we did not see inside. <em>Covered</em>: what we saw is what the "
	      "paper says. Under Paper, <em>covered in part</em>: an agreement is recorded, but "
	      "it, or the reason on record, does not cover everything; <em>none recorded</em>: "
	      "your register has no agreement."
	      "</small></p>\n",
	        out);
}

static void write_unseen(const struct report *r, FILE *out)
{
	const struct seen_counts *c = &r->seen;
	char bytes[24];

	fputs("<section class=\"unseen\"><h2>What this report cannot see</h2>\n<ul>\n", out);
	for (unsigned i = 0; i < c->reason_count; i++) {
		sentence_bytes(c->reasons[i].bytes, bytes);
		fprintf(out, "<li>%" PRIu64 " conversation%s (%s): ", c->reasons[i].flows,
		        c->reasons[i].flows == 1 ? "" : "s", bytes);
		html_text(out, sentence_reason(c->reasons[i].reason));
		fputs(".</li>\n", out);
	}
	if (c->transit > 0)
		fprintf(out,
		        "<li>%" PRIu64 " conversation%s ran between outside addresses only, so we "
		        "cannot tell what left.</li>\n",
		        c->transit, c->transit == 1 ? "" : "s");
	if (r->run->loss_percent > 0)
		fprintf(out, "<li>%.2f%% of the traffic was lost while recording.</li>\n",
		        r->run->loss_percent);
	fputs("<li>What phones and laptops send over mobile data, and what other sites send.</li>\n"
	      "<li>What a recipient passes on, and what goes from one outside service to "
	      "another.</li>\n<li>Anything before the recording began or after it ended.</li>\n"
	      "</ul></section>\n",
	        out);
}

static void write_footer(const struct report_run *run, FILE *out)
{
	fputs("<footer>\n<p><b>A flag is a question, not a finding of "
	      "breach.</b></p>\n<p><small>Made "
	      "by exeat ",
	        out);
	html_text(out, run->version ? run->version : "");
	fputs(". Rules ", out);
	html_text(out, run->rules_version ? run->rules_version : "");
	if (run->register_sha256 && *run->register_sha256) {
		fputs(", register ", out);
		html_text(out, run->register_sha256);
	}
	if (run->geo_built && *run->geo_built) {
		fputs(", country data of ", out);
		html_text(out, run->geo_built);
	}
	fputs(". Times are those of ", out);
	html_text(out, run->timezone ? run->timezone : "UTC");
	fputs(".</small></p>\n</footer>\n</body>\n</html>\n", out);
}

int html_write(struct report *r, FILE *out)
{
	struct row_list rows = {0};
	struct flag_row *flags = NULL;
	size_t flag_count = 0;
	int status = report_rows_for_people(r, &rows);

	if (status == STATUS_OK)
		status = report_flags(r, &flags, &flag_count);
	if (status == STATUS_OK)
		status = write_head(r, out);
	if (status == STATUS_OK)
		status = write_numbers(&rows, out);
	if (status == STATUS_OK) {
		write_run_flags(r->run, out);
		fputs("</header>\n", out);
		status = html_write_decisions(r, &rows, flags, flag_count, out);
	}
	if (status == STATUS_OK) {
		html_write_changes(r, out);
		write_table(r, &rows, out);
		write_unseen(r, out);
		write_footer(r->run, out);
		status = stream_status(out);
	}
	free(flags);
	row_list_free(r, &rows);
	return status;
}
