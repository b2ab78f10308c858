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

#define EXTRACT_BYTES 8192

struct extract {
	char text[EXTRACT_BYTES];
	size_t len;
};

static void add(struct extract *e, const char *surname, const char *date, const char *card)
{
	int len = snprintf(e->text + e->len, EXTRACT_BYTES - e->len,
	        "%-9s%-5s%-30s%-30s%-40s%-25s%-4s%-10s%-12s%-1s%-14s%-14s%-14s%-14s%-1s%-1s\r\n",
	        "P1", "MS", surname, "JO", "1 SAMPLE ST", "SAMPLETOWN", "3000", date, card, "1", "",
	        "", "0355501234", "", "", "F");

	assert_true(len > 0 && e->len + (size_t)len < EXTRACT_BYTES);
	e->len += (size_t)len;
}

static void test_patients(void **state)
{
	struct extract e = {.len = 0};
	struct transcript t;

	(void)state;
	add(&e, "INVENTED", "01/02/1980", "2123456701");
	add(&e, "SAMPLE", "03/04/1990", "3278851195");
	t = transcript_bytes(span_of(e.text, e.len), 0, 80);
	assert_true(transcript_has(&t, "begin table"));
	assert_true(transcript_has(&t, "column=Surname row=1 column=3 [column 3] INVENTED\n"));
	assert_true(transcript_has(&t, "column=DOB row=2 column=8 [column 8] 03/04/1990\n"));
	assert_true(
	        transcript_has(&t, "column=Medicare No row=2 column=9 [column 9] 3278851195\n"));
	assert_true(
	        transcript_has(&t, "column=Home phone row=1 column=13 [column 13] 0355501234\n"));
	assert_true(transcript_has(&t, "stream [] complete"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(e.text, e.len), 80));
}

/* A line without an end is counted, and the next one read. */
static void test_long_line(void **state)
{
	struct extract e = {.len = 0};
	struct transcript t;

	(void)state;
	add(&e, "INVENTED", "01/02/1980", "2123456701");
	memset(e.text + e.len, 'x', 3000);
	e.len += 3000;
	memcpy(e.text + e.len, "\r\n", 2);
	e.len += 2;
	add(&e, "SAMPLE", "03/04/1990", "3278851195");
	t = transcript_bytes(span_of(e.text, e.len), 0, 80);
	assert_int_equal(t.summary.unread_bytes[0], 3000);
	assert_int_equal(t.summary.malformed, 1);
	assert_true(transcript_has(&t, "SAMPLE\n"));
	transcript_free(&t);
	assert_true(transcript_stable(span_of(e.text, e.len), 80));
}

static void test_what_is_none(void **state)
{
	struct extract e = {.len = 0};
	struct transcript t;

	(void)state;
	add(&e, "INVENTED", "01-02-1980", "2123456701");
	t = transcript_bytes(span_of(e.text, e.len), 0, 80);
	assert_false(transcript_has(&t, "begin table"));
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_patients),
	        cmocka_unit_test(test_long_line),
	        cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
