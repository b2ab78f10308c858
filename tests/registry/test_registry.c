#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "registry/columns.h"
#include "registry/cells.h"
#include "registry/load.h"

#define FILE_BYTES_MAX 16384

static void a_whole_register_loads(void **state)
{
	int status;
	struct registry *r = load_with(REGISTRY_PRACTICE, span_of_text(PRACTICE_CSV), &status);
	const struct registry_practice *practice = registry_practice(r);
	const struct registry_contract *contract;
	const struct match_rule *rules;
	char date[TIME_DATE_CHARS];
	size_t count;

	(void)state;
	for (size_t i = 0; i < registry_problem_count(r); i++)
		assert_string_equal(registry_problem(r, i)->id, "country-any");
	assert_int_equal(registry_problem_count(r), 1);
	assert_int_equal(status, 0);
	assert_string_equal(practice->name, "Nullawarra Family Practice");
	assert_string_equal(practice->timezone, "Australia/Sydney");
	assert_int_equal(practice->internal_net_count, 2);
	assert_int_equal(practice->excluded_net_count, 1);
	assert_int_equal(practice->excluded_nets[0].bits, 24);
	time_format_day(practice->capture_authorised_day, date);
	assert_string_equal(date, "2026-11-02");
	assert_int_equal(registry_program_count(r), 8);
	assert_string_equal(registry_program(r, 1)->id, "bookaroo");
	assert_int_equal(registry_program(r, 1)->kind, KIND_BOOKING);
	assert_int_equal(registry_program(r, 5)->status, PROGRAM_TRIAL);
	assert_int_equal(registry_program(r, 2)->reads_clinical_db, ANSWER_NO);
	assert_int_equal(registry_program(r, 2)->place.line, 4);
	assert_int_equal(registry_destination_count(r), 8);
	assert_int_equal(registry_destination(r, 6)->program, 6);
	assert_int_equal(registry_destination(r, 6)->allowed_country_count, 2);
	assert_string_equal(registry_destination(r, 6)->allowed_countries[1], "NZ");
	assert_true(registry_destination(r, 7)->any_country);
	assert_int_equal(registry_destination(r, 2)->role, ROLE_INDEPENDENT);
	contract = registry_contract(r, 4);
	assert_string_equal(contract->id, "c-05");
	assert_int_equal(contract->place.line, 6);
	assert_int_equal(contract->program_count, 1);
	assert_int_equal(contract->programs[0], 4);
	time_format_day(contract->end_day, date);
	assert_string_equal(date, "2026-01-31");
	assert_int_equal(registry_contract(r, 1)->end_day, REGISTRY_NO_DAY);
	assert_true(registry_contract(r, 0)->deid_promised);
	assert_int_equal(registry_contract(r, 0)->categories, 1u << CATEGORY_DEIDENTIFIED);
	assert_int_equal(registry_basis_count(r), 6);
	assert_int_equal(registry_basis(r, 4)->basis, BASIS_CONSENT_PER_VISIT);
	assert_int_equal(registry_basis(r, 4)->overseas, OVERSEAS_UNKNOWN);
	assert_int_equal(registry_basis(r, 3)->overseas, OVERSEAS_REASONABLE_STEPS);
	rules = registry_program_rules(r, &count);
	assert_int_equal(count, 12);
	assert_int_equal(rules[11].owner, 7);
	assert_int_equal(rules[11].port, 7070);
	rules = registry_destination_rules(r, &count);
	assert_int_equal(count, 8);
	assert_int_equal(rules[7].owner, 7);
	assert_int_equal(strlen(registry_sha256(r)), 64);
	registry_free(r);
}

static void excel_form_is_the_same_register(void **state)
{
	static const char bom[] = "\xef\xbb\xbf";
	char text[FILE_BYTES_MAX];
	size_t len = 0;
	int status;
	struct registry *r;

	(void)state;
	len += (size_t)snprintf(text, sizeof(text), "%s", bom);
	for (const char *at = BASIS_CSV; *at; at++) {
		if (*at == '\n')
			text[len++] = '\r';
		text[len++] = *at;
	}
	/* rows that were deleted in a spreadsheet stay as commas at the end */
	len += (size_t)snprintf(text + len, sizeof(text) - len, ",,,,,,,,,,\r\n,,,,,,,,,,\r\n");
	r = load_with(REGISTRY_BASIS, span_of(text, len), &status);
	assert_int_equal(status, 0);
	assert_int_equal(registry_problem_count(r), 1);
	assert_int_equal(registry_basis_count(r), 6);
	registry_free(r);
}

/* The file with the first occurrence of `from` replaced. */
static size_t replaced(
        const char *text, const char *from, const char *to, char ret[static FILE_BYTES_MAX])
{
	const char *at = strstr(text, from);

	assert_non_null(at);
	return (size_t)snprintf(
	        ret, FILE_BYTES_MAX, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void a_missing_file_is_named_and_exceptions_may_be_missing(void **state)
{
	struct span files[REGISTRY_FILES];
	bool present[REGISTRY_FILES];
	struct registry *r = NULL;

	(void)state;
	whole_files(files, present);
	present[REGISTRY_EXCEPTIONS] = false;
	assert_int_equal(registry_load(&r, files, present), 0);
	r = registry_free(r);
	for (size_t i = 0; i < REGISTRY_EXCEPTIONS; i++) {
		bool found = false;

		whole_files(files, present);
		present[i] = false;
		assert_int_equal(registry_load(&r, files, present), STATUS_REGISTER);
		for (size_t k = 0; k < registry_problem_count(r); k++)
			found = found || (strcmp(registry_problem(r, k)->id, "file-missing") == 0 &&
			                         registry_problem(r, k)->file == i);
		assert_true(found);
		r = registry_free(r);
	}
}

/* Numbers and names typed into the wrong cell must not come back out of the machine. */
static void no_complaint_repeats_what_could_be_a_patient(void **state)
{
	static const char *const secrets[] = {"2428778132", "2428 77813 2", "0412345678",
	        "Jane Sample", "1957-03-04X", "4/3/1957"};
	static const enum registry_file files[] = {
	        REGISTRY_PROGRAMS, REGISTRY_DESTINATIONS, REGISTRY_CONTRACTS, REGISTRY_BASIS};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		for (size_t k = 0; k < ARRAY_LEN(files); k++) {
			const char *text = whole[files[k]];
			size_t header = strcspn(text, "\n") + 1;
			size_t width = 1;
			char copy[FILE_BYTES_MAX];
			size_t len;
			struct registry *r;
			int status;

			for (size_t c = 0; c < header; c++)
				width += text[c] == ',';
			len = (size_t)snprintf(copy, sizeof(copy), "%.*s", (int)header, text);
			for (size_t c = 0; c < width; c++)
				len += (size_t)snprintf(copy + len, sizeof(copy) - len, "%s%s",
				        secrets[i], c + 1 < width ? "," : "\n");
			r = load_with(files[k], span_of(copy, len), &status);
			assert_int_equal(status, STATUS_REGISTER);
			for (size_t n = 0; n < registry_problem_count(r); n++)
				assert_null(strstr(registry_problem(r, n)->text, secrets[i]));
			registry_free(r);
		}
	}
}

static void problems_stand_in_the_order_of_the_files(void **state)
{
	char text[FILE_BYTES_MAX], line[REGISTRY_PROBLEM_CHARS];
	size_t len;
	int status;
	struct registry *r;

	(void)state;
	len = replaced(whole[REGISTRY_CONTRACTS], "c-02,Bookaroo Health Pty Ltd,bookaroo",
	        "c-01,Bookaroo Health Pty Ltd,nobody", text);
	r = load_with(REGISTRY_CONTRACTS, span_of(text, len), &status);
	assert_int_equal(registry_problem_count(r), 3);
	assert_string_equal(registry_problem(r, 0)->id, "country-any");
	assert_string_equal(registry_problem(r, 1)->id, "id-duplicate");
	assert_string_equal(registry_problem(r, 2)->id, "reference-unknown");
	registry_problem_format(registry_problem(r, 1), line);
	assert_string_equal(line,
	        "contracts.csv:3:1 (cell A3): Line 2 has this id already; give each row its own. "
	        "[id-duplicate]");
	registry_free(r);
}

static void another_content_is_another_register(void **state)
{
	char text[FILE_BYTES_MAX];
	size_t len = replaced(BASIS_CSV, "v7 s3", "v7 s4", text);
	int status;
	struct registry *a = load_with(REGISTRY_BASIS, span_of_text(BASIS_CSV), &status);
	struct registry *b = load_with(REGISTRY_BASIS, span_of(text, len), &status);
	struct registry *c = load_with(REGISTRY_BASIS, span_of_text(BASIS_CSV), &status);

	(void)state;
	assert_string_not_equal(registry_sha256(a), registry_sha256(b));
	assert_string_equal(registry_sha256(a), registry_sha256(c));
	registry_free(a);
	registry_free(b);
	registry_free(c);
	assert_null(registry_free(NULL));
}

static void every_cut_of_a_file_is_judged(void **state)
{
	(void)state;
	for (size_t len = 0; len <= strlen(CONTRACTS_CSV); len++) {
		char *exact = malloc(len + 1);
		struct registry *r;
		int status;

		assert_non_null(exact);
		memcpy(exact, CONTRACTS_CSV, len);
		r = load_with(REGISTRY_CONTRACTS, span_of(exact, len), &status);
		free(exact);
		assert_true(status == 0 || status == STATUS_REGISTER);
		assert_true(status == 0 || registry_problem_count(r) > 1);
		registry_free(r);
	}
}

/* The register of the fixture day is what a practice would hand in: not one complaint. */
static void the_register_of_the_fixture_has_no_mistake(void **state)
{
	struct span files[REGISTRY_FILES] = {{.data = NULL}};
	bool present[REGISTRY_FILES] = {false};
	struct registry *r = NULL;
	char line[REGISTRY_PROBLEM_CHARS];
	int status;

	(void)state;
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		char *bytes = calloc(1, FILE_BYTES_MAX);
		char path[4096];
		FILE *file;

		assert_non_null(bytes);
		snprintf(path, sizeof(path), "%s/fixtures/clinic-day/register/%s", SOURCE,
		        registry_file_name((enum registry_file)i));
		file = fopen(path, "rb");
		present[i] = file != NULL;
		files[i] = span_of(bytes, file ? fread(bytes, 1, FILE_BYTES_MAX, file) : 0);
		if (file)
			fclose(file);
	}
	status = registry_load(&r, files, present);
	for (size_t i = 1; i < registry_problem_count(r); i++) {
		registry_problem_format(registry_problem(r, i), line);
		print_error("%s\n", line);
	}
	/* One warning was put there on purpose: a row that allows every country. */
	assert_int_equal(status, 0);
	assert_int_equal(registry_problem_count(r), 1);
	assert_string_equal(registry_problem(r, 0)->id, "country-any");
	registry_free(r);
	for (unsigned i = 0; i < REGISTRY_FILES; i++)
		free((void *)(uintptr_t)files[i].data);
}

/* What people read about the register is what the code checks. */
static void every_column_is_documented(void **state)
{
	char *text = calloc(1, 65536);
	FILE *file = fopen(SOURCE "/rules/FORMAT.md", "rb");
	char quoted[80];

	(void)state;
	assert_non_null(text);
	assert_non_null(file);
	assert_true(fread(text, 1, 65535, file) > 1000);
	fclose(file);
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		const struct file_format *f = file_format((enum registry_file)i);

		for (size_t c = 0; c < f->column_count; c++) {
			char word[64] = "";

			snprintf(quoted, sizeof(quoted), "`%s`", f->columns[c].name);
			if (!strstr(text, quoted))
				print_error("not documented: %s\n", quoted);
			assert_non_null(strstr(text, quoted));
			for (size_t w = 0; f->columns[c].words; w++) {
				word_at(f->columns[c].words, w, word, sizeof(word));
				if (word[0] == '\0')
					break;
				snprintf(quoted, sizeof(quoted), "`%s`", word);
				assert_non_null(strstr(text, quoted));
			}
		}
	}
	free(text);
}

/* The words of the tables stand in the order of the enums that they become. */
static void words_stand_in_the_order_of_their_enums(void **state)
{
	const struct column *kinds = &file_format(REGISTRY_PROGRAMS)->columns[PROGRAM_KIND];
	const struct column *roles = &file_format(REGISTRY_DESTINATIONS)->columns[DEST_ROLE];
	const struct column *lists = &file_format(REGISTRY_CONTRACTS)->columns[CONTRACT_CATEGORIES];
	const struct column *purpose = &file_format(REGISTRY_BASIS)->columns[BASIS_PURPOSE];

	(void)state;
	for (unsigned i = 0; i < PROGRAM_KINDS; i++)
		assert_int_equal(
		        word_index(kinds->words, program_kind_text((enum program_kind)i)), i);
	for (unsigned i = 0; i <= ROLE_UPDATE_ONLY; i++)
		assert_int_equal(
		        word_index(roles->words, destination_role_text((enum destination_role)i)),
		        i);
	for (unsigned i = 0; i < PURPOSES; i++)
		assert_int_equal(word_index(purpose->words, purpose_text((enum purpose)i)), i);
	for (unsigned i = 0; i < CATEGORIES; i++)
		assert_int_equal(word_index(lists->words, category_name((enum category)i)), i);
}

static void words_of_enums_go_round(void **state)
{
	(void)state;
	assert_string_equal(program_kind_text(KIND_OTHER), "other");
	assert_string_equal(program_kind_text(KIND_IMAGING_PATH), "imaging-path");
	assert_string_equal(destination_role_text(ROLE_UPDATE_ONLY), "update-only");
	assert_string_equal(registry_file_name(REGISTRY_BASIS), "basis.csv");
}

/* Beside other numbers too, and however it is grouped; a firm's own number is none. */
static void patient_numbers_are_known_among_others(void **state)
{
	static const char *const held[] = {"2123456701", "2123 45670 1", "2123-45670-1/2",
	        "Jane, 21234567012", "room 3 2123456701", "ph 02 9876 5432 2123456701",
	        "1 2123 45670 1", "2123456701 4", "x2123456701x", "IHI8003608166690503",
	        "bed 4 8003 6081 6669 0503",
	        "2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 "
	        "2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 "
	        "2 2 2 2 2 2 2 2 2 2 2123456701"};
	static const char *const free_of[] = {"", "2123456711", "1123456701", "2123456700",
	        "8003608166690504", "02 9876 5432", "2026-07-01", "drawer 2123 45670",
	        "3 2123 456701", "ABN 30 000 003 070", "ABN 30000003070", "abn: 30000003070",
	        "30 000 003 070"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(held); i++) {
		if (!holds_patient_number(span_of_text(held[i])))
			print_error("not known: number %zu\n", i);
		assert_true(holds_patient_number(span_of_text(held[i])));
	}
	for (size_t i = 0; i < ARRAY_LEN(free_of); i++) {
		if (holds_patient_number(span_of_text(free_of[i])))
			print_error("taken for one: number %zu\n", i);
		assert_false(holds_patient_number(span_of_text(free_of[i])));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_whole_register_loads),
	        cmocka_unit_test(excel_form_is_the_same_register),
	        cmocka_unit_test(a_missing_file_is_named_and_exceptions_may_be_missing),
	        cmocka_unit_test(no_complaint_repeats_what_could_be_a_patient),
	        cmocka_unit_test(problems_stand_in_the_order_of_the_files),
	        cmocka_unit_test(another_content_is_another_register),
	        cmocka_unit_test(every_cut_of_a_file_is_judged),
	        cmocka_unit_test(the_register_of_the_fixture_has_no_mistake),
	        cmocka_unit_test(every_column_is_documented),
	        cmocka_unit_test(words_stand_in_the_order_of_their_enums),
	        cmocka_unit_test(words_of_enums_go_round),
	        cmocka_unit_test(patient_numbers_are_known_among_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
