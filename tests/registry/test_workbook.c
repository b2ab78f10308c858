#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>

#include "base/csv.h"
#include "base/status.h"
#include "registry/fixture.h"
#include "registry/registry.h"
#include "registry/workbook.h"
#include "registry/worksheet.h"

#define AGAIN "run fixtures/make/make_register_xlsx.py if the register of clinic-day was changed"

static const char *const tables[REGISTRY_FILES] = {
        "practice", "programs", "destinations", "contracts", "basis", "exceptions"};

/* A folder whose files the test owns. */
struct held {
	struct registry_folder folder;
	struct buf csv[REGISTRY_FILES], xlsx[REGISTRY_WORKBOOKS];
};

static void hold_csv(struct held *h, enum registry_file file, const char *path)
{
	h->folder.has_table[file] = fixture_read(path, &h->csv[file]);
	h->folder.tables[file] = buf_span(&h->csv[file]);
}

static void hold_xlsx(struct held *h, unsigned slot, const char *path)
{
	h->folder.has_workbook[slot] = fixture_read(path, &h->xlsx[slot]);
	h->folder.workbooks[slot] = buf_span(&h->xlsx[slot]);
}

static void clinic_day(struct held *h)
{
	memset(h, 0, sizeof(*h));
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		char path[128];

		snprintf(path, sizeof(path), "clinic-day/register/%s.csv", tables[i]);
		hold_csv(h, (enum registry_file)i, path);
	}
}

static void let_go(struct held *h)
{
	for (unsigned i = 0; i < REGISTRY_FILES; i++)
		buf_free(&h->csv[i]);
	for (unsigned i = 0; i < REGISTRY_WORKBOOKS; i++)
		buf_free(&h->xlsx[i]);
}

static struct registry *load(const struct held *h, int *ret_status)
{
	struct registry *r = NULL;

	*ret_status = registry_load_folder(&r, &h->folder);
	assert_non_null(r);
	return r;
}

static void print_problems(const struct registry *r)
{
	for (size_t i = 0; i < registry_problem_count(r); i++) {
		char text[REGISTRY_PROBLEM_CHARS];

		registry_problem_format(registry_problem(r, i), text);
		print_error("%s: %s\n", registry_problem(r, i)->id, text);
	}
}

/* The same complaints at the same cells. form: of the table that the second was read from. */
static void assert_same_problems(const struct registry *a, const struct registry *b)
{
	if (registry_problem_count(a) != registry_problem_count(b)) {
		print_problems(a);
		print_problems(b);
	}
	assert_int_equal(registry_problem_count(a), registry_problem_count(b));
	for (size_t i = 0; i < registry_problem_count(a); i++) {
		const struct registry_problem *x = registry_problem(a, i);
		const struct registry_problem *y = registry_problem(b, i);

		assert_string_equal(x->id, y->id);
		assert_string_equal(x->text, y->text);
		assert_string_equal(x->cell, y->cell);
		assert_int_equal(x->column, y->column);
		assert_int_equal(x->file, y->file);
		assert_int_equal(x->error, y->error);
	}
}

static void assert_same_list(const struct registry_list *a, const struct registry_list *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->none, b->none);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->items[i], b->items[i]);
}

static void assert_same_programs(const struct registry *a, const struct registry *b)
{
	assert_int_equal(registry_program_count(a), registry_program_count(b));
	for (size_t i = 0; i < registry_program_count(a); i++) {
		const struct registry_program *x = registry_program(a, i);
		const struct registry_program *y = registry_program(b, i);

		assert_string_equal(x->id, y->id);
		assert_string_equal(x->name, y->name);
		assert_string_equal(x->vendor, y->vendor);
		assert_string_equal(x->version_seen, y->version_seen);
		assert_int_equal(x->kind, y->kind);
		assert_int_equal(x->cadence_days, y->cadence_days);
		assert_int_equal(x->eos_day, y->eos_day);
		assert_int_equal(x->place.line, y->place.line);
		assert_same_list(&x->update_hosts, &y->update_hosts);
	}
}

static void assert_same_paper(const struct registry *a, const struct registry *b)
{
	assert_int_equal(registry_contract_count(a), registry_contract_count(b));
	for (size_t i = 0; i < registry_contract_count(a); i++) {
		const struct registry_contract *x = registry_contract(a, i);
		const struct registry_contract *y = registry_contract(b, i);

		assert_string_equal(x->id, y->id);
		assert_int_equal(x->start_day, y->start_day);
		assert_int_equal(x->end_day, y->end_day);
		assert_int_equal(x->review_day, y->review_day);
		assert_int_equal(x->categories, y->categories);
		assert_string_equal(x->doc_ref, y->doc_ref);
		assert_int_equal(x->place.line, y->place.line);
	}
	assert_int_equal(registry_basis_count(a), registry_basis_count(b));
	for (size_t i = 0; i < registry_basis_count(a); i++) {
		assert_string_equal(registry_basis(a, i)->id, registry_basis(b, i)->id);
		assert_int_equal(registry_basis(a, i)->from_day, registry_basis(b, i)->from_day);
		assert_int_equal(registry_basis(a, i)->to_day, registry_basis(b, i)->to_day);
	}
	assert_int_equal(registry_destination_count(a), registry_destination_count(b));
	for (size_t i = 0; i < registry_destination_count(a); i++)
		assert_string_equal(registry_destination(a, i)->id, registry_destination(b, i)->id);
	assert_string_equal(registry_practice(a)->name, registry_practice(b)->name);
	assert_string_equal(registry_practice(a)->timezone, registry_practice(b)->timezone);
}

static void compare_registers(const struct held *xlsx, enum registry_form form)
{
	struct held csv;
	struct registry *a, *b;
	char name[REGISTRY_NAME_CHARS];
	int status_a, status_b;

	clinic_day(&csv);
	a = load(&csv, &status_a);
	b = load(xlsx, &status_b);
	if (status_b != STATUS_OK)
		print_error("%s\n", AGAIN);
	assert_int_equal(status_a, status_b);
	assert_same_programs(a, b);
	assert_same_paper(a, b);
	assert_int_equal(registry_program(b, 0)->place.form, form);
	assert_int_equal(registry_form(b, REGISTRY_PROGRAMS), form);
	assert_true(registry_converted(b, REGISTRY_PROGRAMS).len > 100);
	assert_int_equal(registry_converted(a, REGISTRY_PROGRAMS).len, 0);
	registry_place_name(REGISTRY_PROGRAMS, form, name);
	assert_string_equal(name,
	        form == REGISTRY_FORM_SHEET ? "register.xlsx sheet programs" : "programs.xlsx");
	if (form == REGISTRY_FORM_WORKBOOK)
		assert_same_problems(a, b);
	registry_free(a);
	registry_free(b);
	let_go(&csv);
}

static void workbooks_load_as_their_tables(void **state)
{
	struct held h = {.folder = {.has_table = {false}}};

	(void)state;
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		char path[128];

		snprintf(path, sizeof(path), "register-xlsx/clinic-day/%s.xlsx", tables[i]);
		hold_xlsx(&h, i, path);
	}
	compare_registers(&h, REGISTRY_FORM_WORKBOOK);
	let_go(&h);
}

static void one_workbook_loads_as_all_tables(void **state)
{
	struct held h = {.folder = {.has_table = {false}}};
	struct registry *r;
	bool told = false;
	int status;

	(void)state;
	hold_xlsx(&h, REGISTRY_FILES, "register-xlsx/book/register.xlsx");
	compare_registers(&h, REGISTRY_FORM_SHEET);
	r = load(&h, &status);
	for (size_t i = 0; i < registry_problem_count(r); i++) {
		char text[REGISTRY_PROBLEM_CHARS];

		registry_problem_format(registry_problem(r, i), text);
		told = told || strncmp(text, "register.xlsx: \"Notes\" is not", 29) == 0;
	}
	assert_true(told);
	registry_free(r);
	let_go(&h);
}

/* What was made of workbooks loads again, from the store, as the same register. */
static void converted_text_is_the_same_register(void **state)
{
	struct held h = {.folder = {.has_table = {false}}};
	struct registry_folder again = {.has_table = {false}};
	struct registry *a, *b = NULL;
	int status;

	(void)state;
	hold_xlsx(&h, REGISTRY_FILES, "register-xlsx/book/register.xlsx");
	a = load(&h, &status);
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		again.tables[i] = registry_converted(a, (enum registry_file)i);
		again.has_table[i] = again.tables[i].len > 0;
		again.forms[i] = registry_form(a, (enum registry_file)i);
	}
	assert_int_equal(registry_load_folder(&b, &again), status);
	assert_string_equal(registry_sha256(a), registry_sha256(b));
	assert_same_programs(a, b);
	registry_free(a);
	registry_free(b);
	let_go(&h);
}

static enum registry_file table_of(const char *name)
{
	for (unsigned i = 0; i < REGISTRY_FILES; i++)
		if (strncmp(name, tables[i], strlen(tables[i])) == 0)
			return (enum registry_file)i;
	fail_msg("%s names no table", name);
	return REGISTRY_FILES;
}

static void compare_mistake(const char *stem)
{
	enum registry_file file = table_of(stem);
	struct held csv, xlsx;
	struct registry *a, *b;
	int status_a, status_b;
	char path[256];

	clinic_day(&csv);
	clinic_day(&xlsx);
	buf_free(&csv.csv[file]);
	snprintf(path, sizeof(path), "register-xlsx/mistakes/%s.csv", stem);
	hold_csv(&csv, file, path);
	xlsx.folder.has_table[file] = false;
	snprintf(path, sizeof(path), "register-xlsx/mistakes/%s.xlsx", stem);
	hold_xlsx(&xlsx, file, path);
	a = load(&csv, &status_a);
	b = load(&xlsx, &status_b);
	print_message("%s: %d\n", stem, status_a);
	assert_int_equal(status_a, status_b);
	assert_same_problems(a, b);
	registry_free(a);
	registry_free(b);
	let_go(&csv);
	let_go(&xlsx);
}

static void mistakes_are_told_as_in_csv(void **state)
{
	DIR *folder = opendir(SOURCE "/fixtures/register-xlsx/mistakes");
	size_t count = 0;
	struct dirent *entry;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		size_t len = strlen(entry->d_name);
		char stem[128];

		if (len < 5 || strcmp(entry->d_name + len - 5, ".xlsx") != 0)
			continue;
		snprintf(stem, sizeof(stem), "%.*s", (int)(len - 5), entry->d_name);
		compare_mistake(stem);
		count++;
	}
	closedir(folder);
	assert_true(count >= 16);
}

static const struct registry_problem *find(const struct registry *r, const char *id)
{
	for (size_t i = 0; i < registry_problem_count(r); i++)
		if (strcmp(registry_problem(r, i)->id, id) == 0)
			return registry_problem(r, i);
	print_problems(r);
	return NULL;
}

static void one_table_in_two_places_is_refused(void **state)
{
	const struct registry_problem *p;
	struct registry *r;
	struct held h;
	int status;

	(void)state;
	clinic_day(&h);
	hold_xlsx(&h, REGISTRY_PROGRAMS, "register-xlsx/clinic-day/programs.xlsx");
	r = load(&h, &status);
	assert_int_equal(status, STATUS_REGISTER);
	p = find(r, "file-twice");
	assert_non_null(p);
	assert_non_null(strstr(p->text, "programs.csv and as programs.xlsx"));
	assert_null(strstr(p->text, "destinations"));
	registry_free(r);
	h.folder.has_workbook[REGISTRY_PROGRAMS] = false;
	hold_xlsx(&h, REGISTRY_FILES, "register-xlsx/book/register.xlsx");
	r = load(&h, &status);
	assert_int_equal(status, STATUS_REGISTER);
	p = find(r, "file-twice");
	assert_non_null(p);
	assert_non_null(strstr(p->text, "practice.csv and as register.xlsx sheet practice"));
	registry_free(r);
	let_go(&h);
}

static void other_files_are_told(void **state)
{
	static const struct {
		unsigned bit;
		const char *id;
		bool only_warning;
	} others[] = {{REGISTRY_OTHER_XLSM, "workbook-macros", false},
	        {REGISTRY_OTHER_XLS, "file-is-xls", false},
	        {REGISTRY_OTHER_ODS, "file-is-ods", false},
	        {REGISTRY_OTHER_LOCK, "file-open", true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		const struct registry_problem *p;
		struct registry *r;
		struct held h;
		int status;

		clinic_day(&h);
		h.folder.others[REGISTRY_PROGRAMS] = others[i].bit;
		r = load(&h, &status);
		assert_int_equal(status, 0);
		p = find(r, others[i].id);
		assert_non_null(p);
		assert_false(p->error);
		registry_free(r);
		h.folder.has_table[REGISTRY_PROGRAMS] = false;
		r = load(&h, &status);
		assert_int_equal(status, STATUS_REGISTER);
		p = find(r, others[i].id);
		assert_non_null(p);
		assert_int_equal(p->error, !others[i].only_warning);
		assert_int_equal(p->file, REGISTRY_PROGRAMS);
		for (size_t k = 0; k < registry_problem_count(r) && !others[i].only_warning; k++)
			assert_string_not_equal(registry_problem(r, k)->id, "file-missing");
		registry_free(r);
		let_go(&h);
	}
}

static void files_that_are_no_workbook_are_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *id;
	} files[] = {{"", 0, "file-empty"}, {"program_id,name\n", 16, "workbook-form"},
	        {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "workbook-locked"},
	        {"PK\x03\x04", 4, "workbook-damaged"},
	        {"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22, "workbook-form"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		const struct registry_problem *p;
		struct registry *r;
		struct held h;
		char line[REGISTRY_PROBLEM_CHARS];
		int status;

		clinic_day(&h);
		h.folder.has_table[REGISTRY_PROGRAMS] = false;
		h.folder.has_workbook[REGISTRY_PROGRAMS] = true;
		h.folder.workbooks[REGISTRY_PROGRAMS] = span_of(files[i].bytes, files[i].len);
		r = load(&h, &status);
		assert_int_equal(status, STATUS_REGISTER);
		p = find(r, files[i].id);
		assert_non_null(p);
		registry_problem_format(p, line);
		assert_memory_equal(line, "programs.xlsx: ", 15);
		registry_free(r);
		let_go(&h);
	}
}

/* The text of a sheet, or the complaint about the workbook. */
static int convert(struct span bytes, struct buf *ret, struct problems *problems)
{
	struct workbook_problem why = {NULL, NULL};
	struct workbook *w = (struct workbook *)(uintptr_t)0x10;
	int status = workbook_open(&w, bytes, &why);

	buf_init(ret, CSV_FILE_BYTES_MAX, NULL);
	if (status != STATUS_OK) {
		assert_true(status > 0);
		assert_ptr_equal(w, (struct workbook *)(uintptr_t)0x10);
		assert_non_null(why.id);
		assert_true(strlen(why.text) > 20);
		return status;
	}
	assert_int_equal(worksheet_to_csv(w, 0, REGISTRY_PROGRAMS, problems, ret), 0);
	workbook_free(w);
	return STATUS_OK;
}

static void every_kind_of_cell(void **state)
{
	struct problems *problems = calloc(1, sizeof(*problems));
	struct buf bytes, expected, text;

	(void)state;
	assert_non_null(problems);
	assert_true(fixture_read("register-xlsx/quirks.xlsx", &bytes));
	assert_true(fixture_read("register-xlsx/quirks.csv", &expected));
	assert_int_equal(convert(buf_span(&bytes), &text, problems), 0);
	if (!span_equal(buf_span(&text), buf_span(&expected)))
		print_error("%.*s", (int)text.len, (const char *)text.data);
	assert_true(span_equal(buf_span(&text), buf_span(&expected)));
	assert_int_equal(problems->count, 2);
	assert_string_equal(problems->items[0].id, "row-hidden");
	assert_int_equal(problems->items[0].line, 51);
	assert_string_equal(problems->items[1].id, "cells-merged");
	assert_string_equal(problems->items[1].cell, "A2");
	assert_false(problems->has_error);
	buf_free(&bytes);
	buf_free(&expected);
	buf_free(&text);
	free(problems);
}

static void what_nobody_sees_is_read_and_told(void **state)
{
	static const char *const ids[] = {"sheet-hidden", "column-hidden", "column-hidden"};
	static const char *const cells[] = {"", "C1", "D2"};
	struct problems *problems = calloc(1, sizeof(*problems));
	struct buf bytes, text;

	(void)state;
	assert_non_null(problems);
	assert_true(fixture_read("register-xlsx/unseen.xlsx", &bytes));
	assert_int_equal(convert(buf_span(&bytes), &text, problems), 0);
	assert_true(span_equal_text(
	        buf_span(&text), "\"kind\",\"seen\",\"unseen\"\n\"a\",\"b\",\"c\",\"d\"\n"));
	assert_int_equal(problems->count, ARRAY_LEN(ids));
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		assert_string_equal(problems->items[i].id, ids[i]);
		assert_string_equal(problems->items[i].cell, cells[i]);
		assert_false(problems->items[i].error);
	}
	buf_free(&bytes);
	buf_free(&text);
	free(problems);
}

/* A sheet without rows is no table without rows: nothing would be covered, and nobody told. */
static void a_blank_sheet_is_refused(void **state)
{
	const struct registry_problem *p;
	struct registry *r;
	struct held h;
	int status;

	(void)state;
	clinic_day(&h);
	h.folder.has_table[REGISTRY_CONTRACTS] = false;
	hold_xlsx(&h, REGISTRY_CONTRACTS, "register-xlsx/blank.xlsx");
	r = load(&h, &status);
	assert_int_equal(status, STATUS_REGISTER);
	/* Before it stands the one warning that the register has anyhow. */
	assert_int_equal(registry_problem_count(r), 2);
	p = registry_problem(r, 1);
	assert_string_equal(p->id, "file-empty");
	assert_int_equal(p->file, REGISTRY_CONTRACTS);
	assert_int_equal(p->form, REGISTRY_FORM_WORKBOOK);
	assert_int_equal(registry_contract_count(r), 0);
	registry_free(r);
	let_go(&h);
}

/* Cut anywhere, or with any byte changed, a workbook is refused by name or says what it said. */
static void damage_is_named_or_harmless(void **state)
{
	struct problems *problems = calloc(1, sizeof(*problems));
	struct buf bytes, whole, text;
	size_t refused = 0;

	(void)state;
	assert_non_null(problems);
	assert_true(fixture_read("register-xlsx/clinic-day/practice.xlsx", &bytes));
	assert_int_equal(convert(buf_span(&bytes), &whole, problems), 0);
	for (size_t len = 0; len < bytes.len; len++) {
		assert_true(convert(span_slice(buf_span(&bytes), 0, len), &text, problems) > 0);
		buf_free(&text);
	}
	for (size_t at = 0; at < bytes.len; at++) {
		int status;

		memset(problems, 0, sizeof(*problems));
		bytes.data[at] ^= 0x20;
		status = convert(buf_span(&bytes), &text, problems);
		refused += status != STATUS_OK || problems->has_error;
		if (status == STATUS_OK && !problems->has_error)
			assert_true(span_equal(buf_span(&text), buf_span(&whole)));
		bytes.data[at] ^= 0x20;
		buf_free(&text);
	}
	assert_true(refused > bytes.len * 3 / 4);
	buf_free(&whole);
	buf_free(&bytes);
	free(problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(workbooks_load_as_their_tables),
	        cmocka_unit_test(one_workbook_loads_as_all_tables),
	        cmocka_unit_test(converted_text_is_the_same_register),
	        cmocka_unit_test(mistakes_are_told_as_in_csv),
	        cmocka_unit_test(one_table_in_two_places_is_refused),
	        cmocka_unit_test(other_files_are_told),
	        cmocka_unit_test(files_that_are_no_workbook_are_named),
	        cmocka_unit_test(every_kind_of_cell),
	        cmocka_unit_test(what_nobody_sees_is_read_and_told),
	        cmocka_unit_test(a_blank_sheet_is_refused),
	        cmocka_unit_test(damage_is_named_or_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
