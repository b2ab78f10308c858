/* Extracts of fixed widths that nobody declares (lib/decode/columns.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

#define PORT          80
#define EXTRACT_BYTES (32u << 10)

struct extract {
	char text[EXTRACT_BYTES];
	size_t len;
};

static const char *const surnames[] = {"INVENTED", "SAMPLE", "NOBODY", "EXAMPLE", "FIGMENT",
        "PLACEHOLDER", "SPECIMEN", "TEMPLATE", "O'MODEL", "PATTERN"};

static void start(struct extract *e)
{
	/* its body ends with the connection */
	e->len = (size_t)snprintf(e->text, EXTRACT_BYTES, "HTTP/1.1 200 OK\r\n\r\n");
}

static void add(struct extract *e, const char *line)
{
	int len = snprintf(e->text + e->len, EXTRACT_BYTES - e->len, "%s\r\n", line);

	assert_true(len > 0 && e->len + (size_t)len < EXTRACT_BYTES);
	e->len += (size_t)len;
}

static void add_patient(struct extract *e, unsigned number, const char *surname)
{
	char line[256], street[64];

	snprintf(street, sizeof(street), "%u %.*s Street", 7 + number * 13, (int)(3 + number % 7),
	        "Samplewood");
	snprintf(line, sizeof(line), "%6u %-20s%-12s%02u/0%u/19%02u%-24s%04u %-12s%s", number,
	        surname, number % 3 ? "JO" : "ALEXANDRA", 10 + number % 18, 1 + number % 9,
	        10 + number, street, 3000 + number, number % 4 ? "0355501234" : "",
	        number % 2 ? "F" : "M");
	add(e, line);
}

static struct transcript whole(const struct extract *e)
{
	struct transcript t = transcript_bytes(span_of(e->text, e->len), 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	return t;
}

static void columns_are_cells(void **state)
{
	struct extract e;
	struct transcript t;

	(void)state;
	start(&e);
	for (unsigned i = 0; i < 20; i++)
		add_patient(&e, i, surnames[i % ARRAY_LEN(surnames)]);
	t = whole(&e);
	assert_true(transcript_has(&t, "begin table"));
	assert_true(transcript_has(&t, "row=1 column=2 [HTTP body > column 2] INVENTED\n"));
	assert_true(transcript_has(&t, "row=4 column=3 [HTTP body > column 3] ALEXANDRA\n"));
	assert_true(transcript_has(&t, "row=4 column=4 [HTTP body > column 4] 13/04/1913\n"));
	assert_true(transcript_has(&t, "column=5 [HTTP body > column 5] 46 Sample Street"));
	assert_true(transcript_has(&t, "row=20 column=2 [HTTP body > column 2] PATTERN\n"));
	transcript_free(&t);
	assert_true(transcript_stable(span_of(e.text, e.len), PORT));
}

static void a_header_and_a_rule(void **state)
{
	struct extract e;
	struct transcript t;
	char line[256];

	(void)state;
	start(&e);
	snprintf(line, sizeof(line), "%6s %-20s%-12s%-10s%-24s%-4s %-12s%s", "ID", "Surname",
	        "Given", "Born", "Address", "Code", "Phone", "S");
	add(&e, line);
	for (char *c = line; *c; c++)
		*c = '-';
	add(&e, line);
	for (unsigned i = 0; i < 10; i++)
		add_patient(&e, i, surnames[i]);
	t = whole(&e);
	assert_true(transcript_has(&t, "column=Surname row=1 column=2 [HTTP body > column 2] INV"));
	assert_true(transcript_has(&t, "column=Born row=10 column=4 [HTTP body > column 4] 19/"));
	assert_true(transcript_has(&t, "[HTTP body > column 2] Surname\n"));
	assert_false(transcript_has(&t, "----"));
	transcript_free(&t);
	assert_true(transcript_stable(span_of(e.text, e.len), PORT));
}

/* Widths are of characters in UTF-8, and of bytes in Windows-1252. */
static void accents(void **state)
{
	static const char *const names[] = {"ZO\xc3\x8b INVENTED      ", "ZO\xcb INVENTED      "};

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		struct extract e;
		struct transcript t;
		char line[256];

		start(&e);
		for (unsigned i = 0; i < 10; i++) {
			snprintf(line, sizeof(line), "%5u  %s  %04u-02-03  SAMPLETOWN     %04u", i,
			        i == 4 ? names[n] : "JO INVENTED       ", 1950 + i, 3000 + i);
			add(&e, line);
		}
		t = whole(&e);
		assert_true(transcript_has(&t, "begin table"));
		assert_true(
		        transcript_has(&t, "row=5 column=2 [HTTP body > column 2] ZO\\xc3\\x8b "));
		assert_true(
		        transcript_has(&t, "row=5 column=3 [HTTP body > column 3] 1954-02-03\n"));
		transcript_free(&t);
		assert_true(transcript_stable(span_of(e.text, e.len), PORT));
	}
}

/* A line of another length behind the lines that were judged is cut into cells as it comes. */
static void another_length(void **state)
{
	struct extract e;
	struct transcript t;

	(void)state;
	start(&e);
	for (unsigned i = 0; i < 9; i++)
		add_patient(&e, i, surnames[i]);
	add(&e, "TOTAL 9");
	add_patient(&e, 11, "LASTONE");
	t = whole(&e);
	assert_true(transcript_has(&t, "row=10 column=1 [HTTP body > column 1] TOTAL"));
	assert_true(transcript_has(&t, "row=11 column=2 [HTTP body > column 2] LASTONE\n"));
	transcript_free(&t);
	assert_true(transcript_stable(span_of(e.text, e.len), PORT));
}

static void stays_text(const char *what, const struct extract *e, const char *last)
{
	struct transcript t = whole(e);

	if (transcript_has(&t, "begin table") || !transcript_has(&t, "begin text") ||
	        !transcript_has(&t, last))
		fail_msg("%s is no text", what);
	transcript_free(&t);
	if (!transcript_stable(span_of(e->text, e->len), PORT))
		fail_msg("cut: %s", what);
}

static void what_is_none(void **state)
{
	static const char base64[] =
	        "7/7+/f38+/r5+Pf29fTz8vHw7+7t7Ovq6ejn5uXk4+Lh4N/e3dzb2tnY19bV1NPS";
	static const char *const art[] = {"  /----\\      /----\\      /----\\      /----\\    ",
	        "  |    |      |    |      |    |      |    |    "};
	struct extract e;
	char line[256];

	(void)state;
	start(&e);
	for (unsigned i = 0; i < 12; i++) {
		snprintf(line, sizeof(line),
		        "%08x  %02x 53 48 7c 5e 7e 5c 26  7c 41 7c 42 7c 43 7c %02x  "
		        ".SH^~.A.B.C..",
		        i * 16, i + 65, i * 7);
		add(&e, line);
	}
	stays_text("a dump", &e, "000000b0");
	start(&e);
	for (unsigned i = 0; i < 12; i++)
		add(&e, base64);
	stays_text("base64", &e, base64);
	start(&e);
	for (unsigned i = 0; i < 12; i++)
		add(&e, art[i % 2]);
	stays_text("art", &e, "----");
	start(&e);
	for (unsigned i = 0; i < 5; i++)
		add_patient(&e, i, surnames[i]);
	stays_text("few lines", &e, "NOBODY");
	start(&e);
	for (unsigned i = 0; i < 7; i++)
		add_patient(&e, i, surnames[i]);
	add(&e, "This is a sentence that has another length than all of the lines above it have.");
	stays_text("a list in a letter", &e, "another length");
	start(&e);
	for (unsigned i = 0; i < 12; i++) {
		snprintf(line, sizeof(line),
		        "2026-10-01 10:02:%02u INFO  request from 192.0.2.%u took %u ms", 10 + i,
		        i * 9, 7 + i * 13);
		add(&e, line);
	}
	stays_text("a log", &e, "192.0.2.99");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(columns_are_cells),
	        cmocka_unit_test(a_header_and_a_rule),
	        cmocka_unit_test(accents),
	        cmocka_unit_test(another_length),
	        cmocka_unit_test(what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
