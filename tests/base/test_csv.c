#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/csv.h"
#include "base/status.h"

static struct csv_table *read_text(const char *text)
{
	struct csv_table *t = NULL;
	struct csv_problem problem = {0};

	assert_int_equal(csv_table_read(span_of_text(text), &t, &problem), 0);
	assert_non_null(t);
	return t;
}

/* Reads bytes that must be refused; nothing may have been given. */
static struct csv_problem refused(struct span file, int status)
{
	struct csv_table *t = (struct csv_table *)(uintptr_t)0x10;
	struct csv_problem problem = {.line = 77, .column = 77, .text = NULL};

	assert_int_equal(csv_table_read(file, &t, &problem), status);
	assert_ptr_equal(t, (struct csv_table *)(uintptr_t)0x10);
	assert_non_null(problem.text);
	assert_true(strlen(problem.text) > 10);
	return problem;
}

static void a_cell_knows_its_place(void **state)
{
	struct csv_table *t = read_text("id,name,note\r\n"
	                                "a,\"two\r\nlines\",x\r\n"
	                                "\r\n"
	                                ",,\r\n"
	                                "b,\"say \"\"hi\"\"\",last");
	char cell[CSV_CELL_NAME_CHARS];
	struct csv_row row;

	(void)state;
	assert_int_equal(csv_table_row_count(t), 5);
	row = csv_table_row(t, 1);
	assert_int_equal(row.cell_count, 3);
	assert_int_equal(row.line, 2);
	assert_int_equal(row.row, 2);
	assert_string_equal(row.cells[1].text, "two\r\nlines");
	assert_int_equal(row.cells[1].line, 2);
	assert_int_equal(row.cells[2].line, 3);
	row = csv_table_row(t, 2);
	assert_int_equal(row.line, 4);
	assert_int_equal(row.cell_count, 0);
	assert_int_equal(csv_table_row(t, 3).cell_count, 3);
	row = csv_table_row(t, 4);
	assert_int_equal(row.line, 6);
	assert_int_equal(row.row, 5);
	assert_string_equal(row.cells[1].text, "say \"hi\"");
	assert_int_equal(row.cells[1].len, 8);
	assert_string_equal(row.cells[2].text, "last");
	csv_cell_name(2, row.row, cell);
	assert_string_equal(cell, "B5");
	assert_int_equal(csv_table_column(t, "note"), 2);
	assert_true(csv_table_column(t, "Note") == SIZE_MAX);
	csv_table_free(t);
}

static void every_line_ending_counts_the_same(void **state)
{
	static const char *const endings[] = {"\n", "\r\n", "\r"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		char text[64];
		struct csv_table *t;

		snprintf(text, sizeof(text), "a,b%s1,2%s%s3,4%s", endings[i], endings[i],
		        endings[i], endings[i]);
		t = read_text(text);
		assert_int_equal(csv_table_row_count(t), 4);
		assert_int_equal(csv_table_row(t, 2).cell_count, 0);
		assert_int_equal(csv_table_row(t, 3).line, 4);
		assert_string_equal(csv_table_row(t, 3).cells[0].text, "3");
		csv_table_free(t);
	}
}

static void spaces_are_content_and_a_bom_is_not(void **state)
{
	struct csv_table *t = read_text("\xef\xbb\xbf"
	                                "id, name \n AU ,x\n");

	(void)state;
	assert_true(csv_table_had_bom(t));
	assert_int_equal(csv_table_column(t, "id"), 0);
	assert_int_equal(csv_table_column(t, " name "), 1);
	assert_string_equal(csv_table_row(t, 1).cells[0].text, " AU ");
	csv_table_free(t);
	t = read_text("");
	assert_int_equal(csv_table_row_count(t), 0);
	assert_true(csv_table_column(t, "id") == SIZE_MAX);
	assert_false(csv_table_had_bom(t));
	csv_table_free(t);
	assert_null(csv_table_free(NULL));
}

static void cell_names_follow_excel(void **state)
{
	char name[CSV_CELL_NAME_CHARS];

	(void)state;
	csv_cell_name(1, 1, name);
	assert_string_equal(name, "A1");
	csv_cell_name(26, 7, name);
	assert_string_equal(name, "Z7");
	csv_cell_name(27, 20000, name);
	assert_string_equal(name, "AA20000");
	csv_cell_name(703, 4, name);
	assert_string_equal(name, "AAA4");
}

static void broken_form_is_named(void **state)
{
	static const uint8_t zero[] = {'a', '\n', 'b', 0, 'c'};
	struct csv_problem p;

	(void)state;
	p = refused(span_of_text("a,b\nx,\"open\nend"), STATUS_MALFORMED);
	assert_int_equal(p.line, 2);
	assert_int_equal(p.column, 2);
	assert_non_null(strstr(p.text, "never closed"));
	p = refused(span_of_text("a,b\nx,y\"z\n"), STATUS_MALFORMED);
	assert_int_equal(p.line, 2);
	assert_int_equal(p.column, 2);
	p = refused(span_of_text("a,b\n\"x\"y,z\n"), STATUS_MALFORMED);
	assert_int_equal(p.column, 1);
	p = refused(span_of(zero, sizeof(zero)), STATUS_MALFORMED);
	assert_int_equal(p.line, 2);
	p = refused(span_of_text("a\nb\ncaf\xe9\n"), STATUS_MALFORMED);
	assert_int_equal(p.line, 3);
	p = refused(span_of_text("\xc0\xaf"), STATUS_MALFORMED);
	assert_int_equal(p.line, 1);
	p = refused(span_of_text("x\n\xed\xa0\x80"), STATUS_MALFORMED);
	assert_int_equal(p.line, 2);
}

static void limits_are_outcomes(void **state)
{
	size_t size = CSV_FILE_BYTES_MAX + 1;
	char *big = malloc(size);
	struct csv_problem p;

	(void)state;
	assert_non_null(big);
	memset(big, 'a', size);
	p = refused(span_of(big, size), STATUS_LIMIT);
	assert_int_equal(p.line, 0);
	p = refused(span_of(big, CSV_CELL_BYTES_MAX + 1), STATUS_LIMIT);
	assert_int_equal(p.line, 1);
	assert_int_equal(p.column, 1);
	memset(big, ',', CSV_CELLS_MAX);
	big[0] = '\n';
	big[CSV_CELLS_MAX] = ',';
	p = refused(span_of(big, CSV_CELLS_MAX + 1), STATUS_LIMIT);
	assert_int_equal(p.line, 2);
	assert_int_equal(p.column, CSV_CELLS_MAX + 1);
	memset(big, '\n', CSV_ROWS_MAX + 1);
	p = refused(span_of(big, CSV_ROWS_MAX + 1), STATUS_LIMIT);
	assert_int_equal(p.line, CSV_ROWS_MAX + 1);
	free(big);
}

static void every_cut_is_read_or_refused(void **state)
{
	static const char whole[] = "\xef\xbb\xbfid,name\r\na,\"x\r\n\"\"y\"\"\"\r\n\xc3\xa9,z\r\n";

	(void)state;
	for (size_t len = 0; len < sizeof(whole); len++) {
		char *exact = malloc(len ? len : 1);
		struct csv_table *t = NULL;
		struct csv_problem problem = {0};
		int status;

		assert_non_null(exact);
		memcpy(exact, whole, len);
		status = csv_table_read(span_of(exact, len), &t, &problem);
		free(exact);
		if (status == 0) {
			for (size_t i = 0; i < csv_table_row_count(t); i++)
				assert_true(csv_table_row(t, i).cell_count <= 2);
		} else {
			assert_int_equal(status, STATUS_MALFORMED);
			assert_null(t);
		}
		csv_table_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_cell_knows_its_place),
	        cmocka_unit_test(every_line_ending_counts_the_same),
	        cmocka_unit_test(spaces_are_content_and_a_bom_is_not),
	        cmocka_unit_test(cell_names_follow_excel),
	        cmocka_unit_test(broken_form_is_named),
	        cmocka_unit_test(limits_are_outcomes),
	        cmocka_unit_test(every_cut_is_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
