#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/status.h"
#include "report/columns.h"
#include "report/html_parts.h"
#include "report/sentences.h"

#define ITEMS_MAX 12 /* texts of one answer; a subject has fewer flags of consequence */

/* Texts of one answer, each once. */
struct answer {
	const char *items[ITEMS_MAX];
	size_t count;
};

bool html_asks_decision(const struct summary_row *row)
{
	/* Less than medium is left only where somebody has accepted the rest. */
	return (row->outcome == OUTCOME_ACT || row->outcome == OUTCOME_LOOK) &&
	       row->severity >= SEVERITY_MEDIUM;
}

static bool belongs(const struct flag_row *flag, const struct summary_row *row)
{
	if (flag->scope == SCOPE_RUN || flag->scope == SCOPE_COMPUTER || flag->folded)
		return false;
	return strcmp(flag->program_id, row->program_id) == 0 &&
	       (flag->scope == SCOPE_PROGRAM || strcmp(flag->destination, row->destination) == 0);
}

static void add_item(struct answer *a, const char *text)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], text) == 0)
			return;
	if (*text != '\0' && a->count < ITEMS_MAX)
		a->items[a->count++] = text;
}

enum answer_form { ANSWER_LIST, ANSWER_SENTENCES, ANSWER_ROWS };

static void write_answer(
        FILE *out, const char *question, const struct answer *a, enum answer_form form)
{
	bool list = form == ANSWER_LIST && a->count > 1;

	fprintf(out, list ? "<dt>%s</dt><dd><ul>" : "<dt>%s</dt><dd>", question);
	if (a->count == 0)
		fputs("Nothing is recorded.", out);
	for (size_t i = 0; i < a->count; i++) {
		if (list) {
			html_element(out, "li", a->items[i]);
			continue;
		}
		if (i > 0)
			fputs(form == ANSWER_ROWS ? "; " : " ", out);
		html_text(out, a->items[i]);
	}
	fputs(list ? "</ul></dd>\n" : "</dd>\n", out);
}

static void format_local(int64_t time_ns, char ret[static 48])
{
	time_t seconds = (time_t)(time_ns / NS_PER_SECOND);
	struct tm parts;

	localtime_r(&seconds, &parts);
	if (strftime(ret, 48, "%e %B %Y, %H:%M", &parts) == 0)
		ret[0] = '\0';
	if (ret[0] == ' ')
		memmove(ret, ret + 1, strlen(ret));
}

/* "3 conversations from 192.0.2.10, 12 kB sent, first on 21 November 2026, 23:30." Each list holds
 * four computers and a mark for more: room for them whole, whatever they call themselves. */
static void describe_sending(const struct summary_row *row, char ret[static SENTENCE_CHARS])
{
	char computers[CELL_CHARS], names[CELL_CHARS], bytes[24], first[48];
	int len;

	format_list(row->text[ROW_COMPUTERS], computers);
	sentence_bytes(row->bytes_out, bytes);
	format_local(row->first_ns, first);
	len = snprintf(ret, SENTENCE_CHARS,
	        "%" PRIu64 " conversation%s from %.256s, %s sent, first on %s.", row->flows,
	        row->flows == 1 ? "" : "s", computers, bytes, first);
	format_list(row->text[ROW_COMPUTER_NAMES], names);
	if (names[0] != '\0' && len > 0 && len < SENTENCE_CHARS)
		snprintf(ret + len, SENTENCE_CHARS - (size_t)len,
		        " What these computers call themselves: %.1300s.", names);
}

/* Of several conversations some may be closed to us although we saw into others. */
static void append_content(const struct summary_row *row, char ret[static SENTENCE_CHARS])
{
	char kinds[CATEGORY_WORDS_CHARS], patients[64] = "";
	bool part_unseen = row->flags[FLAG_NOT_INSPECTABLE] || row->flags[FLAG_SEALED_MESSAGE] ||
	                   row->unread_bytes > 0 || row->outcome == OUTCOME_CANNOT_TELL;
	const char *closed = row->bypassed ? " Into some of it we did not look, as asked."
	                     : part_unseen ? " Into some of it we could not look."
	                                   : "";
	const char *unseen = row->bypassed ? "did not look inside, as asked"
	                                   : "could not look inside";

	category_set_words(row->seen ? row->seen : row->declared, kinds);
	if (row->patients > 0)
		snprintf(patients, sizeof(patients), ", of about %" PRIu64 " patient%s",
		        row->patients, row->patients == 1 ? "" : "s");
	if (row->seen)
		snprintf(ret, SENTENCE_CHARS, " What went out looks like %s%s.%s", kinds, patients,
		        closed);
	else if (row->evidence == EVIDENCE_NOT_INSPECTABLE && row->declared)
		snprintf(ret, SENTENCE_CHARS, " We %s. Your register expects: %s.", unseen, kinds);
	else if (row->evidence == EVIDENCE_NOT_INSPECTABLE)
		snprintf(ret, SENTENCE_CHARS, " We %s.", unseen);
	else if (part_unseen)
		snprintf(ret, SENTENCE_CHARS,
		        " Where we could look inside we saw nothing about patients.%s", closed);
	else
		snprintf(ret, SENTENCE_CHARS,
		        " In what we could read we saw nothing about patients.");
}

static void write_title(const struct report *r, const struct summary_row *row, FILE *out)
{
	char scratch[CELL_CHARS];

	fprintf(out, "<h3><span class=\"mark\">%s</span> ", severity_name(row->severity));
	html_text(out, summary_cell(summary_column("program_shown"), r, row, scratch));
	fputs(" &#8594; ", out);
	html_text(out, summary_cell(summary_column("recipient_shown"), r, row, scratch));
	fputs("</h3>\n", out);
}

static void write_decision(const struct report *r, const struct summary_row *row,
        const struct flag_row *flags, size_t flag_count, FILE *out)
{
	struct answer saw = {0}, says = {0}, why = {0}, settle = {0};
	char sending[2 * SENTENCE_CHARS];

	describe_sending(row, sending);
	append_content(row, sending + strlen(sending));
	add_item(&saw, sending);
	for (size_t i = 0; i < flag_count; i++) {
		if (!belongs(&flags[i], row))
			continue;
		if (strcmp(flags[i].register_says, VERDICT_NOTHING_RECORDED) != 0)
			add_item(&says, flags[i].register_says);
		if (flags[i].severity < SEVERITY_LOW || flags[i].accepted)
			continue; /* said in the first lines, or further down */
		add_item(&saw, flags[i].sentence);
		add_item(&why, sentence_why(flags[i].id));
		add_item(&settle, flags[i].would_clear);
	}
	fprintf(out, "<section class=\"decision %s\">\n", severity_name(row->severity));
	write_title(r, row, out);
	fputs("<dl>", out);
	write_answer(out, "What we saw", &saw, ANSWER_LIST);
	write_answer(out, "What your register says", &says, ANSWER_ROWS);
	write_answer(out, "Why it matters", &why, ANSWER_SENTENCES);
	write_answer(out, "What would settle it", &settle, ANSWER_LIST);
	fputs("</dl>\n<p class=\"sign\">Decision <span></span> Name <span></span> Date "
	      "<span></span>"
	      "</p>\n</section>\n",
	        out);
}

/* One line for each of the others: its first question. */
static void write_short(const struct report *r, const struct summary_row *row,
        const struct flag_row *flags, size_t flag_count, FILE *out)
{
	char scratch[CELL_CHARS];
	const struct flag_row *first = NULL;

	for (size_t i = 0; !first && i < flag_count; i++)
		if (belongs(&flags[i], row))
			first = &flags[i];
	fputs("<tr>", out);
	html_element(out, "td", severity_name(row->severity));
	fputs("<td class=\"name\">", out);
	html_name(out, summary_cell(summary_column("program_shown"), r, row, scratch));
	fputs("</td><td class=\"name\">", out);
	html_name(out, summary_cell(summary_column("recipient_shown"), r, row, scratch));
	fputs("</td>", out);
	html_element(out, "td", first ? first->sentence : "");
	html_element(out, "td", first ? first->would_clear : "");
	fputs("</tr>\n", out);
}

/* Nothing is hidden by an exception: who took it on stands here, and for how long. */
static void write_accepted(const struct flag_row *flags, size_t flag_count, FILE *out)
{
	char until[TIME_DATE_CHARS];
	bool any = false;

	for (size_t i = 0; i < flag_count; i++) {
		if (!flags[i].accepted)
			continue;
		if (!any)
			fputs("<h2>Accepted for now</h2>\n<table class=\"more\"><thead><tr>"
			      "<th>Weight</th><th>Program</th><th>Recipient</th><th>Question</th>"
			      "<th>Accepted by</th><th>Until</th></tr></thead><tbody>\n",
			        out);
		any = true;
		time_format_day(flags[i].accepted_until_day, until);
		fputs("<tr>", out);
		html_element(out, "td", severity_name(flags[i].severity));
		html_element(out, "td", flags[i].text[ROW_PROGRAM_NAME]);
		html_element(out, "td", flags[i].text[ROW_RECIPIENT]);
		html_element(out, "td", flags[i].sentence);
		html_element(out, "td", flags[i].accepted_by);
		html_element(out, "td", until);
		fputs("</tr>\n", out);
	}
	if (any)
		fputs("</tbody></table>\n", out);
}

int html_write_decisions(const struct report *r, const struct row_list *rows,
        const struct flag_row *flags, size_t flag_count, FILE *out)
{
	size_t done = 0;

	fputs("<h2>Decisions for you</h2>\n", out);
	for (size_t i = 0; i < rows->count && done < HTML_ROWS_MAX; i++) {
		if (!html_asks_decision(&rows->rows[i]))
			continue;
		if (done == HTML_DECISIONS_MAX)
			fputs("<h2>More to decide</h2>\n<table class=\"more\"><thead><tr>"
			      "<th>Weight</th><th>Program</th><th>Recipient</th>"
			      "<th>First question</th><th>What would settle it</th></tr></thead>"
			      "<tbody>\n",
			        out);
		if (done < HTML_DECISIONS_MAX)
			write_decision(r, &rows->rows[i], flags, flag_count, out);
		else
			write_short(r, &rows->rows[i], flags, flag_count, out);
		done++;
	}
	if (done == 0)
		fputs("<p>Nothing that we saw asks for a decision.</p>\n", out);
	if (done > HTML_DECISIONS_MAX)
		fputs("</tbody></table>\n", out);
	write_accepted(flags, flag_count, out);
	return stream_status(out);
}
