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

static const char listing[] =
        "001 INVENTED LAB                                             07 01/07/1996\n"
        "002 \n"
        "003 Report Run Number : 001 Created:   01/10/2026     at    10:00:00\n"
        "009 ---------------------------------------------------------------------------\n"
        "010 DR A INVENTED                   2426621B\n"
        "019 ---------------------------------------------------------------------------\n"
        "020 Your Ref.   Patient Name                   Lab Ref.        Test\n"
        "021             INVENTED JO                    26-1234567      FBE\n"
        "029 ---------------------------------------------------------------------------\n"
        "100 Start Patient  :      INVENTED JO\n"
        "101                       1 SAMPLE ST\n"
        "104                       Birthdate: 01/02/1980   Age: Y046   Sex: F\n"
        "105                       Telephone: 0355501234\n"
        "109 \n"
        "110 Your Reference :      \n"
        "112 Medicare Number:      21234567011\n"
        "121 Referred by....:      DR A INVENTED\n"
        "200 Start of Result:\n"
        "205 Name of Test   :      FBE\n"
        "301 Haemoglobin          135 g/L\n"
        "301 Film: normal\n"
        "309 \n"
        "390 End of Report  :\n"
        "399 ---------------------------------------------------------------------------\n"
        "100 Start Patient  :      SAMPLE KIM\n"
        "104                       Birthdate: 03/04/1990   Sex: M\n"
        "301 {\\rtf1\\ansi Dear doctor,\\par\n"
        "301 Kim was seen on 1 Oct.\\par}\n"
        "390 End of Report  :\n"
        "999 END OF LISTING - Run Number: 001  01/10/2026  10:00:00\n";

/* The listing with other line ends. Gives; free() it. */
static struct span with_line_ends(const char *end)
{
	char *bytes = malloc(2 * sizeof(listing));
	size_t len = 0;

	assert_non_null(bytes);
	for (size_t i = 0; i < sizeof(listing) - 1; i++) {
		if (listing[i] != '\n') {
			bytes[len++] = listing[i];
			continue;
		}
		memcpy(bytes + len, end, strlen(end));
		len += strlen(end);
	}
	return span_of(bytes, len);
}

static void test_listing(void **state)
{
	static const char *const ends[] = {"\n", "\r\n", "\r"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct span bytes = with_line_ends(ends[i]);
		struct transcript t = transcript_bytes(bytes, 0, 80);

		assert_int_equal(transcript_count(&t, "begin pit"), 2);
		assert_true(transcript_has(&t, "key=Start Patient   [PIT message 1] INVENTED JO"));
		assert_true(transcript_has(&t, "key=Birthdate [PIT message 1] 01/02/1980\n"));
		assert_true(transcript_has(&t, "key=Sex [PIT message 1] F\n"));
		assert_true(transcript_has(&t, "key=Telephone [PIT message 1] 0355501234\n"));
		assert_true(
		        transcript_has(&t, "key=Medicare Number [PIT message 1] 21234567011\n"));
		assert_true(transcript_has(&t, "key=pit.101 [PIT message 1] 1 SAMPLE ST\n"));
		assert_true(transcript_has(&t, "key=pit.021 [PIT message 1] INVENTED JO\n"));
		assert_true(transcript_has(&t, "Haemoglobin          135 g/L"));
		assert_true(transcript_has(&t, "[PIT message 2] SAMPLE KIM\n"));
		assert_true(transcript_has(&t, "begin document rtf [PIT message 2 > RTF text]"));
		assert_true(transcript_has(&t, "Kim was seen on 1 Oct."));
		assert_int_equal(t.summary.unread_bytes[0], 0);
		transcript_free(&t);
		assert_true(transcript_stable(bytes, 80));
		free((void *)(uintptr_t)bytes.data);
	}
}

static bool is_pit(const char *text)
{
	struct transcript t = transcript_bytes(span_of_text(text), 0, 80);
	bool yes = transcript_has(&t, "begin pit");

	transcript_free(&t);
	return yes;
}

/* Lists of numbered lines are not. */
static void test_what_is_none(void **state)
{
	(void)state;
	assert_true(is_pit("100 Start Patient  :  INVENTED JO\n104 Birthdate: 01/02/1980\n"));
	assert_true(is_pit("001 LAB PATHOLOGY REPORTS\n002 \n"));
	assert_false(is_pit("001 first line\n002 second line\n003 third line\n"));
	assert_false(is_pit("001 Start Patient\nno code here\n"));
	assert_false(is_pit("100 patients were asked\n"));
	assert_false(is_pit("220 mail.example ESMTP\n"));
	assert_false(is_pit("001"));
}

/* Long lines, lines without a code, labels without an end. */
static void test_hostile(void **state)
{
	char *bytes = malloc(100000);
	size_t len = 0;
	struct transcript t;

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes, "100 Start Patient  :  A: B: C: D: E: F: G: H:\n105 ", 50);
	len = 50;
	memset(bytes + len, 'x', 60000);
	memcpy(bytes + len + 60000, "\n112 Medicare Number: 21234567011\n", 34);
	t = transcript_bytes(span_of(bytes, len + 60034), 0, 80);
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "key=Medicare Number [PIT message 1] 21234567011"));
	assert_true(t.budget_peak < 512u << 10);
	transcript_free(&t);
	free(bytes);
}

static void test_gap(void **state)
{
	struct segment segs[] = {
	        SEGMENT(0, "100 Start Patient  :  INVENTED JO\n112 Medica"),
	        {.gap_bytes = 20},
	        SEGMENT(0, "4567011\n104 Birthdate: 01/02/1980\n"),
	};
	struct transcript t = transcript_run(segs, 3, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "key=Birthdate [PIT message 1] 01/02/1980\n"));
	assert_true(transcript_has(&t, "stream [] gap"));
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_listing),
	        cmocka_unit_test(test_what_is_none),
	        cmocka_unit_test(test_hostile),
	        cmocka_unit_test(test_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
