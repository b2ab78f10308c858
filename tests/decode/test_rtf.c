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

static const char letter[] =
        "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fnil "
        "Arial;}}{\\colortbl;\\red0\\green0\\blue0;}\n"
        "{\\stylesheet{\\s0 Normal;}}{\\info{\\title Letter about Jo Invented}{\\author Dr "
        "A}}{\\*\\generator Writer;}\n"
        "\\viewkind4\\uc1\\pard\\b Re: Jo Invented\\b0\\par\n"
        "Medicare\\cell 2123\\~45670\\~1\\cell\\row\n"
        "Ren\\'e9e, na\\u239?ve, \\ldblquote well\\rdblquote\\line\\uc2\\u8364 EU\\uc1 5\n"
        "{\\*\\shpinst{\\sp{\\sn a}{\\sv b}}{\\shptxt in a box\\par}}{\\pict\\pngblip "
        "89504e470d0a1a0a}\n"
        "{\\object{\\*\\objdata 0105000002}{\\result seen}}{\\pict\\bin4 }{}x}last\\par}\n";

static void test_letter(void **state)
{
	struct span bytes = span_of(letter, sizeof(letter) - 1);
	struct transcript t = transcript_bytes(bytes, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "begin document rtf"));
	assert_true(transcript_has(&t, "field header [heading] Letter about Jo Invented\n"));
	assert_true(transcript_has(&t, "field header [heading] Dr A\n"));
	assert_true(transcript_has(&t, "Re: Jo Invented\\x0aMedicare\\x092123 45670 1\\x09"));
	assert_true(transcript_has(&t, "Ren\\xc3\\xa9e, na\\xc3\\xafve, \"well\"\\x0a"));
	assert_true(transcript_has(&t, "\\xe2\\x82\\xac5in a box"));
	assert_true(transcript_has(&t, "seenlast\\x0a"));
	assert_false(transcript_has(&t, "Arial"));
	assert_false(transcript_has(&t, "89504e"));
	assert_false(transcript_has(&t, "0105000002"));
	assert_false(transcript_has(&t, "Writer"));
	assert_true(transcript_has(&t, "stream [] complete"));
	assert_int_equal(t.summary.unread_reason, STREAM_MEDIA);
	assert_true(t.summary.unread_bytes[0] > 20 && t.summary.unread_bytes[0] < 80);
	transcript_free(&t);
	assert_true(transcript_stable(bytes, 80));
}

static struct transcript run(const char *text)
{
	struct transcript t = transcript_bytes(span_of_text(text), 0, 80);

	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_stable(span_of_text(text), 80));
	return t;
}

static void test_characters(void **state)
{
	static const struct {
		const char *rtf, *text;
	} rows[] = {
	        {"{\\rtf1 \\'93x\\'94\\'a0y}", "\\xe2\\x80\\x9cx\\xe2\\x80\\x9d y\n"},
	        {"{\\rtf1\\ansicpg65001 \\'c3\\'a9}", "\\xc3\\xa9\n"},
	        {"{\\rtf1 \\u-10179?\\u-8704?.}", "\\xf0\\x9f\\x98\\x80.\n"},
	        {"{\\rtf1\\uc0 a\\u233 b}", "a\\xc3\\xa9b\n"},
	        {"{\\rtf1{\\uc2 a\\u233 xyb}\\u233 xz}", "a\\xc3\\xa9b\\xc3\\xa9z\n"},
	        {"{\\rtf1 a\\{b\\}c\\\\d\\-e\\_f\\~g}", "a{b}c\\x5cde-f g\n"},
	        {"{\\rtf1 a\\'zzb}", "azzb\n"},
	        {"{\\rtf1 one\\\ntwo\nthree}", "one\\x0atwothree\n"},
	        {"{\\rtf1 a{\\*\\unheard of {\\b it}}b}", "ab\n"},
	        {"{\\rtf1 2{\\b 123} 45670 1\\par}\n\n", "2123 45670 1\\x0a\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct transcript t = run(rows[i].rtf);

		if (!transcript_has(&t, rows[i].text))
			fail_msg("row %zu", i);
		assert_true(transcript_has(&t, "complete"));
		transcript_free(&t);
	}
}

static void test_binary_that_lies(void **state)
{
	struct transcript t = run("{\\rtf1 a{\\pict\\bin3 }}}x}b\\bin99999999 Medicare}");

	(void)state;
	assert_true(transcript_has(&t, "text content [] ab\n"));
	assert_true(transcript_has(&t, "stream [] truncated"));
	assert_true(t.summary.unread_bytes[0] >= 9);
	transcript_free(&t);
}

static void test_nested_groups(void **state)
{
	enum { GROUPS = 10000 };
	char *bytes = malloc(2 * GROUPS + 64);
	size_t len = 6;
	struct transcript t;

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes, "{\\rtf1", 6);
	memset(bytes + len, '{', GROUPS);
	len += GROUPS;
	memcpy(bytes + len, "deep", 4);
	len += 4;
	memset(bytes + len, '}', GROUPS);
	len += GROUPS;
	memcpy(bytes + len, "end}", 4);
	len += 4;
	t = transcript_bytes(span_of(bytes, len), 0, 80);
	assert_true(transcript_has(&t, "deepend\n"));
	assert_true(transcript_has(&t, "stream [] complete"));
	assert_int_equal(t.summary.limits_hit, 1);
	assert_true(t.budget_peak < 256u << 10);
	transcript_free(&t);
	free(bytes);
}

static void test_cut_short_and_more_behind(void **state)
{
	struct transcript t = run("{\\rtf1 some text");

	(void)state;
	assert_true(transcript_has(&t, "stream [] truncated"));
	transcript_free(&t);
	t = run("{\\rtf1 some text}\nand more that is no part of it");
	assert_int_equal(t.summary.unread_bytes[0], 30);
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_letter),
	        cmocka_unit_test(test_characters),
	        cmocka_unit_test(test_binary_that_lies),
	        cmocka_unit_test(test_nested_groups),
	        cmocka_unit_test(test_cut_short_and_more_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
