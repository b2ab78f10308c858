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

#define PORT 9999

static struct span span_text(const char *text)
{
	return span_of(text, strlen(text));
}

static void has_all(const char *table, const char *const *lines, size_t count)
{
	struct transcript t = transcript_bytes(span_text(table), 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	transcript_free(&t);
	assert_true(transcript_stable(span_text(table), PORT));
}

static void cells_stand_under_their_header(void **state)
{
	static const char *const lines[] = {
	        "begin table",
	        "field content row=0 column=1 [column 1] Patient list\n",
	        "field header row=0 column=4 [column 4] MedicareNo\n",
	        "field content column=Surname row=1 column=1 [column 1] CITIZEN\n",
	        "column=First name row=1 column=2 [column 2] Jane \"JJ\"\n",
	        "column=MedicareNo row=1 column=4 [column 4] 29518731251\n",
	        "column=Surname row=2 column=1 [column 1] O'Brien, Jr\n",
	        "column=MedicareNo row=2 column=4 [column 4] two\\x0alines\n",
	        "column=DOB row=3 column=3 [column 3] 2\n",
	        "end table",
	};

	(void)state;
	has_all("Patient list,,,\r\nSurname,\"First name\",DOB,MedicareNo\r\n"
	        "CITIZEN,\"Jane \"\"JJ\"\"\",29/02/1980,29518731251\r\n\r\n"
	        "\"O'Brien, Jr\",,x,\"two\nlines\"\r\nlast,1,2",
	        lines, ARRAY_LEN(lines));
}

static void any_separator_and_line_end(void **state)
{
	static const char *const tables[] = {
	        "Name;No\nCITIZEN;1\nSAMPLE;2\n",
	        "Name\tNo\rCITIZEN\t1\rSAMPLE\t2",
	        "Name|No\r\nCITIZEN|1\r\nSAMPLE|2\r\n",
	        "sep=#\nName#No\nCITIZEN#1\nSAMPLE#2\n",
	        "Name,No,X\nCITIZEN,1,\nSAMPLE,2,\n",
	        "\xef\xbb\xbfName;No\nCITIZEN;1\nSAMPLE;2\n",
	        "\"Name\"|\"No\"\r\"CITIZEN\"|\"1\"\r\"SAMPLE\"|\"2\"\r",
	        "sep=;\r\nName;No\r\nCITIZEN;1\r\nSAMPLE;2\r\n",
	};
	static const char *const lines[] = {"column=Name row=1 column=1 [column 1] CITIZEN\n",
	        "column=No row=2 column=2 [column 2] 2\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		has_all(tables[i], lines, ARRAY_LEN(lines));
}

static void a_first_row_of_data_is_no_header(void **state)
{
	static const char *const lines[] = {"field content row=1 column=2 [column 2] 29518731251\n",
	        "field content row=2 column=1 [column 1] SAMPLE\n"};

	(void)state;
	has_all("CITIZEN;29518731251\nSAMPLE;2123456701\n", lines, ARRAY_LEN(lines));
}

static void prose_and_other_formats_are_no_table(void **state)
{
	static const char *const texts[] = {"Dear Jane, hello\nthis is prose, yes, no\nbye\n",
	        "one,two,three", "{\"a\": 1,\n\"b\": 2,\n\"c\": 3,\n",
	        "one, two\nthree, four\nfive, six\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct transcript t = transcript_bytes(span_text(texts[i]), 0, PORT);

		assert_false(transcript_has(&t, "begin table"));
		transcript_free(&t);
	}
}

/* "Name;Note", and one row with a cell of the given length. */
static struct span long_cell(size_t len, bool quoted)
{
	static const char head[] = "Name;Note\n1;2\n3;";
	struct buf b;

	buf_init(&b, 4u << 20, NULL);
	assert_int_equal(buf_append_text(&b, head), STATUS_OK);
	if (quoted)
		assert_int_equal(buf_append_byte(&b, '"'), STATUS_OK);
	for (size_t i = quoted ? 2 : 0; i < len; i++)
		assert_int_equal(buf_append_byte(&b, quoted && i % 5 == 0 ? ';' : 'x'), STATUS_OK);
	if (quoted)
		assert_int_equal(buf_append_byte(&b, '"'), STATUS_OK);
	assert_int_equal(buf_append_text(&b, "\n4;5\n"), STATUS_OK);
	return buf_span(&b);
}

static void both_sides_of_the_value_limit(void **state)
{
	static const size_t lengths[] = {DECODE_VALUE_BYTES_MAX - 1, DECODE_VALUE_BYTES_MAX,
	        DECODE_VALUE_BYTES_MAX + 1, 2 * DECODE_VALUE_BYTES_MAX, 100000};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(lengths); i++) {
		size_t len = lengths[i / 2];
		struct span bytes = long_cell(len, i % 2);
		struct transcript whole = transcript_bytes(bytes, 0, PORT);
		struct transcript cut = transcript_bytes(bytes, 1, PORT);

		assert_int_equal(whole.status, STATUS_OK);
		assert_true(transcript_has(&whole,
		        len <= DECODE_VALUE_BYTES_MAX ? "field content column=Note row=2 column=2"
		                                      : "text content column=Note row=2 column=2"));
		assert_true(transcript_has(&whole, "column=Note row=3 column=2 [column 2] 5\n"));
		assert_true(transcript_equal(&whole, &cut));
		assert_true(whole.budget_peak < 256u << 10);
		transcript_free(&whole);
		transcript_free(&cut);
		free((void *)bytes.data);
	}
}

/* A header of so many columns, and two rows below it. */
static struct span wide_table(unsigned columns)
{
	struct buf b;

	buf_init(&b, 1u << 20, NULL);
	for (unsigned i = 1; i < columns; i++)
		assert_int_equal(buf_append_text(&b, "col;"), STATUS_OK);
	assert_int_equal(buf_append_text(&b, "collast\n"), STATUS_OK);
	for (unsigned i = 0; i < 2 * columns; i++)
		assert_int_equal(buf_append_text(&b, (i + 1) % columns ? "7;" : "7\n"), STATUS_OK);
	return buf_span(&b);
}

static void both_sides_of_the_column_limit(void **state)
{
	(void)state;
	for (unsigned columns = 1023; columns <= 1025; columns++) {
		struct span bytes = wide_table(columns);
		struct transcript t = transcript_bytes(bytes, 0, PORT);
		char line[64];

		assert_int_equal(t.status, STATUS_OK);
		snprintf(line, sizeof(line), "collast row=1 column=%u", columns);
		assert_int_equal(transcript_has(&t, line), columns <= 1024);
		snprintf(line, sizeof(line), "row=2 column=%u", columns);
		assert_true(transcript_has(&t, line));
		transcript_free(&t);
		free((void *)bytes.data);
	}
}

static void a_gap_costs_one_row(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "Name;No\nCITIZEN;1\nSAMPLE;2\nCUT"),
	        {.gap_bytes = 30},
	        SEGMENT(0, "ted;3\nNEXT;4\n"),
	};
	struct transcript t = transcript_run(segments, 3, 0, PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "column=Name row=4 column=1 [column 1] NEXT\n"));
	assert_true(transcript_has(&t, "column=No row=4 column=2 [column 2] 4\n"));
	assert_false(transcript_has(&t, "CUT"));
	assert_true(transcript_has(&t, "stream [] gap"));
	assert_int_equal(t.summary.unread_bytes[0], 8);
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(cells_stand_under_their_header),
	        cmocka_unit_test(any_separator_and_line_end),
	        cmocka_unit_test(a_first_row_of_data_is_no_header),
	        cmocka_unit_test(prose_and_other_formats_are_no_table),
	        cmocka_unit_test(both_sides_of_the_value_limit),
	        cmocka_unit_test(both_sides_of_the_column_limit),
	        cmocka_unit_test(a_gap_costs_one_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
