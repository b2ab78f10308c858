/* Each file of fixtures/register-mistakes is one file of the small register (rows.h) as a person or
 * a spreadsheet spoilt it; list.csv says which complaint must name which place. */
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
#include "base/timestamp.h"
#include "registry/load.h"

#define FOLDER         SOURCE "/fixtures/register-mistakes/"
#define FILE_BYTES_MAX 65536

enum list_column {
	LIST_FIXTURE,
	LIST_REPLACES,
	LIST_TODAY,
	LIST_FILE,
	LIST_ID,
	LIST_SEVERITY,
	LIST_LINE,
	LIST_COLUMN,
	LIST_CELL,
	LIST_SAYS
};

static size_t read_file(const char *path, char ret[static FILE_BYTES_MAX])
{
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file)
		print_error("cannot open %s\n", path);
	assert_non_null(file);
	len = fread(ret, 1, FILE_BYTES_MAX, file);
	fclose(file);
	assert_true(len < FILE_BYTES_MAX);
	return len;
}

static struct csv_table *read_list(void)
{
	static char text[FILE_BYTES_MAX];
	struct csv_problem problem;
	struct csv_table *list;

	assert_int_equal(
	        csv_table_read(span_of(text, read_file(FOLDER "list.csv", text)), &list, &problem),
	        STATUS_OK);
	return list;
}

static enum registry_file file_of(const char *name)
{
	for (unsigned i = 0; i < REGISTRY_FILES; i++)
		if (strcmp(registry_file_name((enum registry_file)i), name) == 0)
			return (enum registry_file)i;
	print_error("no file %s\n", name);
	fail();
	return REGISTRY_FILES;
}

/* An exact copy on the heap, so that a read past the end shows. */
static struct registry *load_fixture(const struct csv_cell *cells, int *ret_status)
{
	static char text[FILE_BYTES_MAX];
	struct registry_folder folder = {.on_day = false};
	enum registry_file file = file_of(cells[LIST_REPLACES].text);
	struct registry *r = NULL;
	char path[512];
	char *exact;
	size_t len;

	whole_files(folder.tables, folder.has_table);
	snprintf(path, sizeof(path), FOLDER "%s", cells[LIST_FIXTURE].text);
	len = read_file(path, text);
	exact = malloc(len + 1);
	assert_non_null(exact);
	memcpy(exact, text, len);
	folder.tables[file] = span_of(exact, len);
	folder.on_day = time_parse_date(cells[LIST_TODAY].text, &folder.today);
	assert_int_equal(folder.on_day, cells[LIST_TODAY].len > 0);
	*ret_status = registry_load_folder(&r, &folder);
	free(exact);
	assert_non_null(r);
	return r;
}

static const struct registry_problem *find(const struct registry *r, const struct csv_cell *cells)
{
	for (size_t i = 0; i < registry_problem_count(r); i++) {
		const struct registry_problem *p = registry_problem(r, i);
		char line[16], column[16];

		snprintf(line, sizeof(line), "%u", p->line);
		snprintf(column, sizeof(column), "%u", p->column);
		if (strcmp(p->id, cells[LIST_ID].text) == 0 &&
		        p->file == file_of(cells[LIST_FILE].text) &&
		        strcmp(line, cells[LIST_LINE].text) == 0 &&
		        strcmp(column, cells[LIST_COLUMN].text) == 0 &&
		        strstr(p->text, cells[LIST_SAYS].text))
			return p;
	}
	for (size_t i = 0; i < registry_problem_count(r); i++)
		print_error("  there is %s at %u:%u: %s\n", registry_problem(r, i)->id,
		        registry_problem(r, i)->line, registry_problem(r, i)->column,
		        registry_problem(r, i)->text);
	return NULL;
}

static void each_mistake_is_named_where_it_stands(void **state)
{
	struct csv_table *list = read_list();

	(void)state;
	assert_true(csv_table_row_count(list) > 100);
	for (size_t i = 1; i < csv_table_row_count(list); i++) {
		const struct csv_cell *cells = csv_table_row(list, i).cells;
		bool error = strcmp(cells[LIST_SEVERITY].text, "error") == 0;
		int status;
		struct registry *r = load_fixture(cells, &status);
		const struct registry_problem *p = find(r, cells);
		char line[REGISTRY_PROBLEM_CHARS];

		if (!p)
			print_error("%s: no %s\n", cells[LIST_FIXTURE].text, cells[LIST_ID].text);
		assert_non_null(p);
		assert_string_equal(p->cell, cells[LIST_CELL].text);
		assert_int_equal(p->error, error);
		assert_int_equal(status, error ? STATUS_REGISTER : 0);
		registry_problem_format(p, line);
		assert_true(strlen(line) < sizeof(line) - 1);
		assert_true(strlen(p->text) < sizeof(p->text) - 1);
		registry_free(r);
	}
	csv_table_free(list);
}

/* A mistake brings the complaint that it is about, and at most those that follow from it. */
static void a_warning_stands_alone(void **state)
{
	struct csv_table *list = read_list();

	(void)state;
	for (size_t i = 1; i < csv_table_row_count(list); i++) {
		const struct csv_cell *cells = csv_table_row(list, i).cells;
		int status;
		struct registry *r;

		if (strcmp(cells[LIST_SEVERITY].text, "warning") != 0 || cells[LIST_TODAY].len > 0)
			continue;
		r = load_fixture(cells, &status);
		if (registry_problem_count(r) > 3)
			print_error("%s: %zu complaints\n", cells[LIST_FIXTURE].text,
			        registry_problem_count(r));
		assert_true(registry_problem_count(r) <= 3);
		registry_free(r);
	}
	csv_table_free(list);
}

/* Complaints that no small CSV file can bring out: those of folders, limits and workbooks, which
 * the other tests bring out. */
static bool is_shown_elsewhere(const char *id)
{
	static const char *const ids[] = {"file-missing", "file-open", "csv-limit", "rows-too-many",
	        "rules-too-many", "pairs-too-many", "file-twice", "file-is-xls", "file-is-ods",
	        "cells-merged", "row-hidden", "column-hidden"};

	if (strncmp(id, "workbook-", 9) == 0 || strncmp(id, "sheet-", 6) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	return false;
}

static bool has_fixture(const struct csv_table *list, const char *id)
{
	for (size_t i = 1; i < csv_table_row_count(list); i++)
		if (strcmp(csv_table_row(list, i).cells[LIST_ID].text, id) == 0)
			return true;
	return false;
}

/* Every id in the first column of the table of complaints has a fixture, and the other way. */
static void what_people_read_of_complaints_is_what_is_checked(void **state)
{
	static char text[FILE_BYTES_MAX];
	struct csv_table *list = read_list();
	size_t len = read_file(SOURCE "/rules/FORMAT.md", text);
	char *section, *end, quoted[80];
	unsigned count = 0;

	(void)state;
	text[len] = '\0';
	section = strstr(text, "\n## Complaints");
	assert_non_null(section);
	end = strstr(section + 1, "\n## ");
	assert_non_null(end);
	*end = '\0';
	for (size_t i = 1; i < csv_table_row_count(list); i++) {
		snprintf(
		        quoted, sizeof(quoted), "`%s`", csv_table_row(list, i).cells[LIST_ID].text);
		if (!strstr(section, quoted))
			print_error("not documented: %s\n", quoted);
		assert_non_null(strstr(section, quoted));
	}
	for (char *row = strstr(section, "\n| `"); row; row = strstr(row + 1, "\n| `")) {
		for (char *at = row + 3; *at == '`' || (at[0] == ',' && at[2] == '`');) {
			char id[64];

			at += *at == ',' ? 3 : 1;
			snprintf(id, sizeof(id), "%.*s", (int)strcspn(at, "`"), at);
			if (!is_shown_elsewhere(id) && !has_fixture(list, id))
				print_error("no fixture: %s\n", id);
			assert_true(is_shown_elsewhere(id) || has_fixture(list, id));
			at += strlen(id) + 1;
			count++;
		}
	}
	assert_true(count > 40);
	csv_table_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_mistake_is_named_where_it_stands),
	        cmocka_unit_test(a_warning_stands_alone),
	        cmocka_unit_test(what_people_read_of_complaints_is_what_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
