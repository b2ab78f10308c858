/* report.html: what it must hold, what it must never hold, and that texts stay texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "report/html_parts.h"
#include "sample.h"

static char *html_of(struct sample *s)
{
	char path[64], *text;
	int fd = sample_folder(path);
	struct report *r = sample_report(s, fd);

	assert_int_equal(report_write_dir(r), STATUS_OK);
	report_free(r);
	text = sample_read(fd, "report.html");
	assert_non_null(text);
	close(fd);
	sample_remove_folder(path);
	return text;
}

static void it_answers_the_four_questions(void **state)
{
	static const char *const held[] = {
	        "<!DOCTYPE html>",
	        "default-src 'none'",
	        "@page { size: A4;",
	        "<p class=\"practice\">Example Practice, Nullawarra</p>",
	        "<dt>Period</dt><dd>21 November 2026 to 23 November 2026</dd>",
	        "<dt>Authorised by</dt><dd>Practice principal, 2026-11-02</dd>",
	        "<b>2</b>organisations contacted",
	        "<b>0</b>covered by paper",
	        "<b>2</b>needing a decision",
	        "<li>The recording was incomplete; 0.5% of traffic was not seen.",
	        "<section class=\"decision urgent\">",
	        "Bookaroo &#8594; Bookaroo Health Pty Ltd (sync.bookaroo.example)",
	        ("<dt>What we saw</dt><dd><ul><li>2 conversations from 192.0.2.10, 3000 bytes "
	         "sent, "
	         "first on 21 November 2026, 23:30. What these computers call themselves: "
	         "reception1 (192.0.2.10). What went out looks like patient identifiers, of "
	         "about 2 patients. Into some of it we could not "
	         "look.</li><li>Information left the practice in a form anyone on the way could "
	         "read.</li>"),
	        "<dt>What your register says</dt><dd>contracts.csv:2 c-02</dd>",
	        ("<dt>Why it matters</dt><dd>Anyone on the way could have read it. More was sent "
	         "than the recorded agreement is about.</dd>"),
	        "<dt>What would settle it</dt><dd>An agreement that covers it.</dd>",
	        "<h2>Programs and recipients</h2>",
	        "<h2>What this report cannot see</h2>",
	        "<li>3 conversations (124 kB): encrypted on the way.</li>",
	        "<b>A flag is a question, not a finding of breach.</b>",
	        "Times are those of Australia/Sydney.",
	};
	struct sample s;
	char *text;

	(void)state;
	sample_open(&s);
	text = html_of(&s);
	for (size_t i = 0; i < ARRAY_LEN(held); i++)
		if (!strstr(text, held[i]))
			fail_msg("missing: %s", held[i]);
	free(text);
	sample_close(&s);
}

/* Words that would state a legal conclusion or promise too much; "breach" stands in the footer. */
static void it_draws_no_conclusion(void **state)
{
	static const char *const words[] = {"illegal", "violation", "complian", "leak", "exfiltrat",
	        "hacked", "stolen", "anonymous", "stored in Australia", "all traffic", " safe",
	        "no consent", "<script", "javascript:", "http://", "https://", "url(", "src="};
	struct sample s;
	const char *breach;
	char *text;

	(void)state;
	sample_open(&s);
	text = html_of(&s);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasestr(text, words[i]))
			fail_msg("holds: %s", words[i]);
	breach = strcasestr(text, "breach");
	assert_non_null(breach);
	assert_null(strcasestr(breach + 1, "breach"));
	free(text);
	sample_close(&s);
}

/* At the top, whether the run says so or only what it left in the store. */
static void what_was_not_looked_into_is_told(void **state)
{
	struct sample s;
	char *text;

	(void)state;
	sample_open(&s);
	text = html_of(&s);
	assert_null(strstr(text, "not looked into, as asked"));
	free(text);
	s.run.no_content = true;
	text = html_of(&s);
	assert_non_null(strstr(text,
	        "What was sent in the conversations read this time was not looked into, as asked "
	        "(--no-content). For them, this report says "));
	free(text);
	s.run.no_content = false;
	snprintf(s.flows[0].not_inspected_reason, sizeof(s.flows[0].not_inspected_reason),
	        "bypassed");
	text = html_of(&s);
	assert_non_null(
	        strstr(text, "What 1 conversation carried was not looked into, as asked; "));
	free(text);
	sample_close(&s);
}

/* How much, for how long and what for; who deletes it, and what is still there. */
static void content_that_was_kept_is_told(void **state)
{
	struct report_saved saved = {.purpose = "to see what it sends",
	        .keep = "14d",
	        .files = 1,
	        .frames = 7,
	        .bytes = 9000,
	        .files_deleted = 3};
	struct sample s;
	char *text;

	(void)state;
	sample_open(&s);
	s.run.saved = &saved;
	text = html_of(&s);
	assert_non_null(strstr(text, "The content of 7 packets"));
	assert_non_null(strstr(text, "in 1 file, to be kept for 14d, for this purpose: to see"));
	assert_non_null(strstr(text, "After that exeat deletes a file when it next saves here; "
	                             "otherwise delete it by hand."));
	assert_null(strstr(text, "could not be"));
	free(text);
	saved.frames_not_saved = 1;
	saved.files_not_deleted = 2;
	text = html_of(&s);
	assert_non_null(strstr(text, "1 packet could not be saved."));
	assert_non_null(strstr(text, "2 files kept for longer than that could not be deleted: "
	                             "delete them by hand."));
	free(text);
	sample_close(&s);
}

static void texts_stay_texts(void **state)
{
	struct sample s;
	char *text;

	(void)state;
	sample_open(&s);
	s.run.practice = "<img src=x onerror=alert(1)>";
	s.report_flows[2].program_name = "a\"b'c</td><script>alert(2)</script>&amp;\x1b[31m";
	snprintf(s.flows[2].names[0].name, sizeof(s.flows[2].names[0].name), "<b>.example");
	snprintf(s.verdicts[2].flags[1].sentence, sizeof(s.verdicts[2].flags[1].sentence),
	        "</li><h1>no</h1>");
	snprintf(s.run_verdict.flags[0].sentence, sizeof(s.run_verdict.flags[0].sentence),
	        "<u>run</u>");
	text = html_of(&s);
	assert_null(strstr(text, "<img"));
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "<b>.example"));
	assert_null(strstr(text, "<h1>no"));
	assert_null(strstr(text, "<u>"));
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "&lt;img src=x onerror=alert(1)&gt;"));
	assert_non_null(strstr(text,
	        "a&quot;b&#39;c&lt;/td&gt;&lt;script&gt;alert(2)&lt;/script&gt;&amp;amp; [31m"));
	free(text);
	sample_close(&s);
}

static void equal_runs_give_equal_bytes(void **state)
{
	struct sample s;
	char *first, *second;

	(void)state;
	sample_open(&s);
	first = html_of(&s);
	second = html_of(&s);
	assert_string_equal(first, second);
	free(first);
	free(second);
	sample_close(&s);
}

/* Five in full, the others in a table. */
static void many_decisions_are_cut_short(void **state)
{
	struct report *r = NULL;
	struct sample s;
	char path[64], *text;
	size_t full = 0;
	int fd = sample_folder(path);

	(void)state;
	sample_open(&s);
	assert_int_equal(report_new(&r, s.store, NULL, &s.run, fd), STATUS_OK);
	for (int i = 0; i < 7; i++) {
		snprintf(s.flows[2].names[0].name, sizeof(s.flows[2].names[0].name), "h%d.example",
		        i);
		assert_int_equal(report_add_flow(r, &s.report_flows[2]), STATUS_OK);
	}
	assert_int_equal(report_write_dir(r), STATUS_OK);
	report_free(r);
	text = sample_read(fd, "report.html");
	for (const char *at = text; (at = strstr(at, "<section class=\"decision")); at++)
		full++;
	assert_int_equal(full, HTML_DECISIONS_MAX);
	assert_non_null(strstr(text, "<td class=\"name\">h6.<wbr>example</td><td>A computer sent"));
	assert_non_null(strstr(text, "no register: every recipient counts as not recorded"));
	free(text);
	close(fd);
	sample_remove_folder(path);
	sample_close(&s);
}

static void long_names_of_computers_are_whole(void **state)
{
	struct report *r = NULL;
	struct sample s;
	char path[64], *text;
	int fd = sample_folder(path);

	(void)state;
	sample_open(&s);
	assert_int_equal(report_new(&r, s.store, NULL, &s.run, fd), STATUS_OK);
	for (uint8_t i = 100; i < 106; i++) {
		struct store_flow *f = &s.flows[2];

		f->computer = addr_ipv4((const uint8_t[4]){192, 0, 2, i});
		memset(f->computer_name, 'a', sizeof(f->computer_name) - 1);
		assert_int_equal(report_add_flow(r, &s.report_flows[2]), STATUS_OK);
	}
	assert_int_equal(report_write_dir(r), STATUS_OK);
	report_free(r);
	text = sample_read(fd, "report.html");
	assert_non_null(strstr(text, "aaa (192.0.2.103), …. We could"));
	free(text);
	close(fd);
	sample_remove_folder(path);
	sample_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(it_answers_the_four_questions),
	        cmocka_unit_test(it_draws_no_conclusion),
	        cmocka_unit_test(what_was_not_looked_into_is_told),
	        cmocka_unit_test(content_that_was_kept_is_told),
	        cmocka_unit_test(texts_stay_texts),
	        cmocka_unit_test(equal_runs_give_equal_bytes),
	        cmocka_unit_test(many_decisions_are_cut_short),
	        cmocka_unit_test(long_names_of_computers_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
