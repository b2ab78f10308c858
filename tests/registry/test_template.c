#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/timestamp.h"
#include "registry/columns.h"
#include "registry/template.h"

#define GUIDE_LINE_CHARS 82 /* a printed page */

static struct buf fresh(void)
{
	struct buf b;

	buf_init(&b, TEMPLATE_BYTES_MAX, NULL);
	return b;
}

static void the_example_loads_without_a_complaint(void **state)
{
	struct registry_folder folder = {.on_day = true};
	struct buf files[REGISTRY_FILES];
	struct registry *r = NULL;
	char line[REGISTRY_PROBLEM_CHARS];
	int status;

	(void)state;
	assert_true(time_parse_date("2027-06-30", &folder.today));
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		files[i] = fresh();
		assert_int_equal(template_example((enum registry_file)i, &files[i]), 0);
		folder.tables[i] = buf_span(&files[i]);
		folder.has_table[i] = true;
	}
	status = registry_load_folder(&r, &folder);
	for (size_t i = 0; i < registry_problem_count(r); i++) {
		registry_problem_format(registry_problem(r, i), line);
		print_error("%s\n", line);
	}
	assert_int_equal(status, 0);
	assert_int_equal(registry_problem_count(r), 0);
	assert_int_equal(registry_program_count(r), 3);
	assert_int_equal(registry_exception_count(r), 1);
	assert_string_equal(registry_program(r, 0)->versions_known.items[2], "7.4.1");
	registry_free(r);
	for (unsigned i = 0; i < REGISTRY_FILES; i++)
		buf_free(&files[i]);
}

/* Each value that the example names belongs to a column: none is lost for a name typed wrong. */
static void every_value_of_the_example_is_written(void **state)
{
	static const size_t filled[REGISTRY_FILES] = {16, 45, 42, 37, 30, 6};

	(void)state;
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		struct buf b = fresh();
		size_t count = 0;

		assert_int_equal(template_example((enum registry_file)i, &b), 0);
		assert_int_equal(buf_append_byte(&b, 0), 0);
		for (const char *at = strchr((char *)b.data, '\n') + 1; *at; at++)
			count += (at[0] == ',' || at[0] == '\n') && at[-1] != ',' && at[-1] != '\r';
		for (const char *at = strchr((char *)b.data, '\n') + 1; *at; at++)
			count += at[0] == '\r' && at[-1] != ',';
		if (i == REGISTRY_PRACTICE)
			count -= file_format(REGISTRY_PRACTICE)->column_count;
		if (count != filled[i])
			print_error("%s: %zu values\n", registry_file_name((enum registry_file)i),
			        count);
		assert_int_equal(count, filled[i]);
		buf_free(&b);
	}
}

/* Header rows alone: what is missing is values, never a column. */
static void the_tables_have_every_column(void **state)
{
	struct registry_folder folder = {.on_day = false};
	struct buf files[REGISTRY_FILES];
	struct registry *r = NULL;

	(void)state;
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		files[i] = fresh();
		assert_int_equal(template_table((enum registry_file)i, &files[i]), 0);
		folder.tables[i] = buf_span(&files[i]);
		folder.has_table[i] = true;
	}
	assert_true(registry_load_folder(&r, &folder) != 0);
	assert_true(registry_problem_count(r) > 0);
	for (size_t i = 0; i < registry_problem_count(r); i++) {
		assert_string_equal(registry_problem(r, i)->id, "cell-missing");
		assert_int_equal(registry_problem(r, i)->file, REGISTRY_PRACTICE);
	}
	registry_free(r);
	for (unsigned i = 0; i < REGISTRY_FILES; i++)
		buf_free(&files[i]);
}

static void the_guide_explains_every_column_and_word(void **state)
{
	struct buf b = fresh();
	const char *text, *section;

	(void)state;
	assert_int_equal(template_guide(&b), 0);
	assert_int_equal(buf_append_byte(&b, 0), 0);
	text = (const char *)b.data;
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		const struct file_format *f = file_format((enum registry_file)i);
		char heading[64];

		snprintf(heading, sizeof(heading), "\n%s\r\n---", f->name);
		section = strstr(text, heading);
		assert_non_null(section);
		for (size_t c = 0; c < f->column_count; c++) {
			snprintf(heading, sizeof(heading), "\n  %s", f->columns[c].name);
			assert_non_null(strstr(section, heading));
			assert_non_null(f->columns[c].means);
			assert_int_equal(f->columns[c].means[strlen(f->columns[c].means) - 1], '.');
		}
	}
	assert_non_null(strstr(text, "informed-consent-8.2b"));
	assert_non_null(strstr(text, "ai-training"));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\r\n") <= GUIDE_LINE_CHARS);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_example_loads_without_a_complaint),
	        cmocka_unit_test(every_value_of_the_example_is_written),
	        cmocka_unit_test(the_tables_have_every_column),
	        cmocka_unit_test(the_guide_explains_every_column_and_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
