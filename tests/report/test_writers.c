/* The small writers: CSV cells, JSON, terminal widths, texts kept once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/text_pool.h"
#include "report/width.h"

static void csv_cells_are_quoted_and_defused(void **state)
{
	static const struct {
		const char *text, *written;
	} cases[] = {
	        {"", ""},
	        {"plain", "plain"},
	        {"12345", "12345"},
	        {"0.50", "0.50"},
	        {"a,b", "\"a,b\""},
	        {"say \"g'day\"", "\"say \"\"g'day\"\"\""},
	        {"two\r\nlines", "\"two\r\nlines\""},
	        {"=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""},
	        {"+61", "\"'+61\""},
	        {"-2+3", "\"'-2+3\""},
	        {"@SUM(A1)", "\"'@SUM(A1)\""},
	        {"\t=1", "\"'\t=1\""},
	        {"\r=1", "\"'\r=1\""},
	        {"\n=1", "\"'\n=1\""},
	        {"\xef\xbc\x9d"
	         "1",
	                "\"'\xef\xbc\x9d"
	                "1\""},
	        {"a=b", "a=b"},
	        {"a;=b", "\"a;=b\""},
	        {" =1", "\" =1\""},
	        {"\xe2\x80\xb9identifier\xe2\x80\xba", "\xe2\x80\xb9identifier\xe2\x80\xba"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *written = NULL;
		size_t len;
		FILE *out = open_memstream(&written, &len);

		csv_write_cell(out, 0, cases[i].text);
		fclose(out);
		assert_string_equal(written, cases[i].written);
		free(written);
	}
}

static void csv_rows_end_as_the_rfc_says(void **state)
{
	char *written = NULL;
	size_t len;
	FILE *out = open_memstream(&written, &len);

	(void)state;
	csv_write_cell(out, 0, "a");
	csv_write_cell(out, 1, "");
	csv_write_cell(out, 2, "c");
	csv_end_row(out);
	fclose(out);
	assert_string_equal(written, "a,,c\r\n");
	free(written);
}

static void json_escapes_what_it_must(void **state)
{
	char *written = NULL;
	size_t len;
	FILE *out = open_memstream(&written, &len);
	struct json_out j = {.out = out};

	(void)state;
	json_open(&j, NULL, '{');
	json_text(&j, "quote\"", "a\\b\"c\n\t\r");
	json_text(&j, "control", "\x01\x1b[31m\x7f\xc2\x85\xe2\x80\xa8");
	json_text(&j, "broken", "x\xff\xc3(\xed\xa0\x80y");
	json_text(&j, "none", NULL);
	json_text(&j, "html", "</script><!--");
	json_list(&j, "list", "a|b|");
	json_list(&j, "empty", "");
	json_number(&j, "number", UINT64_MAX);
	json_decimal(&j, "not a number", NAN);
	json_decimal(&j, "half", 0.5);
	json_bool(&j, "yes", true);
	json_open(&j, "inner", '[');
	json_close(&j, ']');
	json_close(&j, '}');
	fclose(out);
	assert_string_equal(written,
	        "{\"quote\\\"\":\"a\\\\b\\\"c\\n\\t\\r\","
	        "\"control\":\"\\u0001\\u001b[31m\\u007f\\u0085\\u2028\","
	        "\"broken\":\"x\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy\","
	        "\"none\":\"\",\"html\":\"</script><!--\",\"list\":[\"a\",\"b\"],\"empty\":[],"
	        "\"number\":18446744073709551615,\"not a number\":null,\"half\":0.500,\"yes\":true,"
	        "\"inner\":[]}");
	free(written);
}

static void widths_count_columns_not_bytes(void **state)
{
	static const struct {
		const char *text;
		size_t width;
	} cases[] = {{"", 0}, {"abc", 3}, {"\xe2\x80\xa2\xe2\x80\xa2 \xe2\x80\xa2", 4},
	        {"e\xcc\x81t\xc3\xa9", 3}, {"\xe6\xbc\xa2\xe5\xad\x97", 4}, {"\xf0\x9f\x98\x80", 2},
	        {"\xff\xfe", 2}, {"\x1b", 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(text_width(cases[i].text, strlen(cases[i].text)), cases[i].width);
}

static void lines_end_where_words_do(void **state)
{
	static const struct {
		const char *text;
		size_t columns, len, next;
	} cases[] = {
	        {"", 5, 0, 0},
	        {"short", 5, 5, 5},
	        {"short", 0, 5, 5},
	        {"one two", 5, 3, 4},
	        {"one  two", 4, 3, 5},
	        {"onetwothree", 4, 4, 4},
	        {"not-inspectable", 8, 4, 4},
	        {"a not-inspectable", 8, 6, 6},
	        {"\xe6\xbc\xa2\xe5\xad\x97", 1, 3, 3},
	        {"\xe6\xbc\xa2\xe5\xad\x97", 3, 3, 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t next = 99;

		assert_int_equal(text_line(cases[i].text, cases[i].columns, &next), cases[i].len);
		assert_int_equal(next, cases[i].next);
	}
}

static void texts_are_kept_once(void **state)
{
	struct text_pool *p = NULL;
	const char *first, *list;
	char name[16];

	(void)state;
	assert_int_equal(text_pool_new(&p, 1 << 20), STATUS_OK);
	first = text_pool_add(p, "bookaroo");
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "host-%d", i);
		assert_string_equal(text_pool_add(p, name), name);
	}
	assert_ptr_equal(text_pool_add(p, "bookaroo"), first);
	assert_ptr_equal(text_pool_add(p, ""), text_pool_add(p, NULL));
	list = text_pool_join(p, "", "b|a");
	list = text_pool_join(p, list, "a|c|ab");
	assert_string_equal(list, "a|ab|b|c");
	list = text_pool_join(p, list, "d");
	assert_string_equal(list, "a|ab|b|c|" TEXT_POOL_FULL);
	assert_ptr_equal(text_pool_join(p, list, "e"), list);
	list = text_pool_join(p, list, "aa");
	assert_string_equal(list, "a|aa|ab|b|" TEXT_POOL_FULL);
	list = text_pool_join(p, text_pool_join(p, "", "e|d|c"), "b|aa|ab|a");
	assert_string_equal(list, "a|aa|ab|b|" TEXT_POOL_FULL);
	text_pool_free(p);
}

static void a_full_pool_says_so(void **state)
{
	struct text_pool *p = NULL;
	char name[64];

	(void)state;
	assert_int_equal(text_pool_new(&p, 70000), STATUS_OK);
	assert_false(text_pool_is_full(p));
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%060d", i);
		assert_non_null(text_pool_add(p, name));
	}
	assert_true(text_pool_is_full(p));
	assert_int_equal(text_pool_left_out(p), 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "x%060d", i);
		assert_non_null(text_pool_add(p, name));
	}
	assert_true(text_pool_left_out(p) > 0);
	assert_string_equal(text_pool_add(p, name), TEXT_POOL_FULL);
	text_pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(csv_cells_are_quoted_and_defused),
	        cmocka_unit_test(csv_rows_end_as_the_rfc_says),
	        cmocka_unit_test(json_escapes_what_it_must),
	        cmocka_unit_test(widths_count_columns_not_bytes),
	        cmocka_unit_test(lines_end_where_words_do),
	        cmocka_unit_test(texts_are_kept_once),
	        cmocka_unit_test(a_full_pool_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
