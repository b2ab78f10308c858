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

/* One mistake: a text of a file replaced by another, and the complaint that must follow. */
struct mistake {
	enum registry_file file;
	const char *from, *to;
	const char *id;
	bool warning;
	unsigned line, column;
	const char *cell;
	const char *says; /* part of the sentence */
};

static const struct mistake mistakes[] = {
        /* columns */
        {REGISTRY_EXCEPTIONS, "flag,program_id,dest_id,reason,accepted_by,from,until\n", "",
                "header-missing", false, 1, 0, "", "names of the columns"},
        {REGISTRY_PRACTICE, "key,value", "practice_name,x", "header-missing", false, 1, 0, "",
                "key and value"},
        {REGISTRY_BASIS, ",approved_by\n", ",Approved By\n", "column-renamed", false, 1, 11, "K1",
                "type approved_by"},
        {REGISTRY_BASIS, ",approved_by\n", ",approver\n", "column-missing", false, 1, 0, "",
                "approved_by is missing"},
        {REGISTRY_BASIS, ",approved_by\n", ",approved_by,mood\n", "column-unknown", true, 1, 12,
                "L1", "\"mood\" is not a known column"},
        {REGISTRY_BASIS, ",approved_by\n", ",approved_by,to\n", "column-twice", false, 1, 12, "L1",
                "second time"},
        {REGISTRY_PRACTICE, "state,NSW", "State,NSW", "column-renamed", false, 3, 1, "A3",
                "type state"},
        {REGISTRY_PRACTICE, "state,NSW\n", "", "column-missing", false, 0, 0, "", "key state"},
        {REGISTRY_PRACTICE, "state,NSW\n", "state,NSW\nstate,VIC\n", "column-twice", false, 4, 1,
                "A4", "second time"},
        {REGISTRY_PRACTICE, "state,NSW\n", "state,NSW\ncolour,red\n", "column-unknown", true, 4, 1,
                "A4", "not a known key"},
        /* rows */
        {REGISTRY_BASIS, "\nb-02", "\n,,,,\nb-02", "row-blank", true, 3, 0, "", "delete it"},
        {REGISTRY_BASIS, "Privacy policy v7 s3", "Privacy policy, v7", "row-long", false, 3, 0, "",
                "quotation marks"},
        /* any cell */
        {REGISTRY_BASIS, "Privacy policy v7 s3", "", "cell-missing", false, 3, 8, "H3",
                "evidence_ref must be filled in"},
        {REGISTRY_PRACTICE, "state,NSW", "state,", "cell-missing", false, 3, 2, "B3", "state"},
        {REGISTRY_DESTINATIONS, "Ltd,AU,processor,sni:up", "Ltd,AU ,processor,sni:up",
                "cell-spaces", false, 2, 4, "D2", "type it again"},
        {REGISTRY_CONTRACTS, "c-05,PingPath Inc,", "c-05,PingPath\xc2\xa0Inc,", "cell-spaces",
                false, 6, 2, "B6", "does not break"},
        {REGISTRY_CONTRACTS, "c-05,",
                "c-\xe2\x80\x8b"
                "05,",
                "cell-spaces", false, 6, 1, "A6", "space"},
        {REGISTRY_CONTRACTS, "vendor portal", "vendor \xe2\x80\xaeportal", "cell-hidden", false, 6,
                13, "M6", "cannot be seen"},
        {REGISTRY_CONTRACTS, "2023-02-01", "####", "cell-error-value", false, 6, 6, "F6",
                "could not show"},
        {REGISTRY_CONTRACTS, "2023-02-01", "#N/A", "cell-error-value", false, 6, 6, "F6", ""},
        {REGISTRY_CONTRACTS, "drawer 2", "=HYPERLINK(1)", "cell-formula", false, 5, 13, "M5",
                "plain value"},
        {REGISTRY_CONTRACTS, "drawer 2", "\"=\"\"001\"\"\"", "cell-formula", false, 5, 13, "M5",
                ""},
        {REGISTRY_CONTRACTS, "drawer 2", "-", "cell-formula", false, 5, 13, "M5", "empty"},
        {REGISTRY_CONTRACTS, "drawer 2", "drawer 2428 77813 2", "cell-patient-number", false, 5, 13,
                "M5", "remove it"},
        {REGISTRY_PROGRAMS, "Dr A", "8003608166690503", "cell-patient-number", false, 7, 6, "F7",
                ""},
        {REGISTRY_PROGRAMS, "Dr A",
                "A name that goes on and on and on, longer than any name of a person or a role "
                "ever was",
                "row-long", false, 7, 0, "", ""},
        {REGISTRY_PROGRAMS, "Dr A",
                "A name that goes on and on and on and is longer than any name of a person or a "
                "role ever was",
                "text-too-long", false, 7, 6, "F7", "at most 80"},
        /* ids and references */
        {REGISTRY_PROGRAMS, "\nquollextract,", "\nQuollExtract,", "id-form", false, 2, 1, "A2",
                "small letters"},
        {REGISTRY_PROGRAMS, "\nquollextract,",
                "\nquoll\xe2\x80\x93"
                "extract,",
                "id-form", false, 2, 1, "A2", "plain hyphens"},
        {REGISTRY_CONTRACTS, "\nc-02,", "\nc-01,", "id-duplicate", false, 3, 1, "A3",
                "Line 2 has this id"},
        {REGISTRY_DESTINATIONS, "bookaroo-api,bookaroo,", "bookaroo-api,bookaro,",
                "reference-unknown", false, 3, 2, "B3", "programs.csv"},
        {REGISTRY_CONTRACTS, "Ltd,wattlemail,", "Ltd,wattlemail|wattle,", "reference-unknown",
                false, 5, 3, "C5", ""},
        {REGISTRY_PROGRAMS, "30,none,", "30,halo,", "reference-unknown", false, 3, 11, "K3", ""},
        {REGISTRY_CONTRACTS, "c-05,PingPath Inc,", "c-05,Pingpath Inc,", "recipient-unmatched",
                true, 6, 2, "B6", "letter for letter"},
        {REGISTRY_BASIS, "b-05,pingpath,PingPath Inc,", "b-05,pingpath,Other Pty Ltd,",
                "recipient-unmatched", true, 5, 3, "C5", ""},
        /* dates */
        {REGISTRY_CONTRACTS, "2023-02-01", "1/2/24", "date-not-iso", false, 6, 6, "F6",
                "2024-02-01 or as 2024-01-02"},
        {REGISTRY_CONTRACTS, "2023-02-01", "13/2/2024", "date-not-iso", false, 6, 6, "F6",
                "if 2024-02-13 is meant"},
        {REGISTRY_CONTRACTS, "2023-02-01", "2/2/2024", "date-not-iso", false, 6, 6, "F6",
                "if 2024-02-02 is meant"},
        {REGISTRY_CONTRACTS, "2023-02-01", "01-Feb-2024", "date-not-iso", false, 6, 6, "F6",
                "if 2024-02-01 is meant"},
        {REGISTRY_CONTRACTS, "2023-02-01", "Feb 1 2024", "date-not-iso", false, 6, 6, "F6",
                "if 2024-02-01 is meant"},
        {REGISTRY_CONTRACTS, "2023-02-01", "2023/02/01", "date-not-iso", false, 6, 6, "F6",
                "2023-02-01 or as 2023-01-02"},
        {REGISTRY_CONTRACTS, "2023-02-01", "45306", "date-not-iso", false, 6, 6, "F6",
                "2024-01-15 (or for 2028-01-16"},
        {REGISTRY_CONTRACTS, "2023-02-01", "soon", "date-not-iso", false, 6, 6, "F6",
                "such as 2026-07-01"},
        {REGISTRY_CONTRACTS, "2023-02-01", "2023-02-30", "date-impossible", false, 6, 6, "F6",
                "no such day"},
        {REGISTRY_CONTRACTS, "2023-02-01,2026-01-31", "2027-02-01,2026-01-31", "date-order", false,
                6, 7, "G6", "end lies before start"},
        {REGISTRY_BASIS, "2026-03-01,2026-12-31", "2027-03-01,2026-12-31", "date-order", false, 6,
                10, "J6", "to lies before from"},
        {REGISTRY_CONTRACTS, "2024-04-01,,2027-03-01", "2024-04-01,,", "contract-no-review", false,
                3, 8, "H3", "review_by"},
        {REGISTRY_EXCEPTIONS, "2026-12-31", "2027-12-31", "exception-too-long", false, 2, 7, "G2",
                "twelve months"},
        /* words, numbers, countries, lists */
        {REGISTRY_PROGRAMS, "booking,approved", "booking,aproved", "word-unknown", false, 3, 5,
                "E3", "if \"approved\" is meant"},
        {REGISTRY_PROGRAMS, "booking,approved", "booking,Approved", "word-unknown", false, 3, 5,
                "E3", "\"Approved\" is not a word for status"},
        {REGISTRY_PROGRAMS, "booking,approved", "booking,ok", "word-unknown", false, 3, 5, "E3",
                "type one of: approved, trial, retired, banned."},
        {REGISTRY_PROGRAMS, "bundled-with:bookaroo", "sometimes", "word-unknown", false, 4, 13,
                "M4", "auto, notify, manual"},
        {REGISTRY_PROGRAMS, "vendor-auto,14", "vendor-auto,fortnightly", "number-form", false, 7,
                10, "J7", "plain digits"},
        {REGISTRY_PROGRAMS, "vendor-auto,14", "vendor-auto,2.9E+12", "number-form", false, 7, 10,
                "J7", ""},
        {REGISTRY_PROGRAMS, "vendor-auto,14", "vendor-auto,731", "number-range", false, 7, 10, "J7",
                "from 1 to 730"},
        {REGISTRY_DESTINATIONS, "Ltd,AU,processor,sni:up", "Ltd,Australia,processor,sni:up",
                "country-unknown", false, 2, 4, "D2", "type AU"},
        {REGISTRY_DESTINATIONS, "Ltd,AU,processor,sni:up", "Ltd,UK,processor,sni:up",
                "country-unknown", false, 2, 4, "D2", "type GB"},
        {REGISTRY_DESTINATIONS, "Ltd,AU,processor,sni:up", "Ltd,QQ,processor,sni:up",
                "country-unknown", false, 2, 4, "D2", "two capital letters"},
        {REGISTRY_DESTINATIONS, "AU|NZ", "AU|nz", "country-unknown", false, 8, 7, "G8", "type NZ"},
        {REGISTRY_DESTINATIONS, "AU|NZ", "*", "country-any", true, 8, 7, "G8",
                "list the countries"},
        {REGISTRY_CONTRACTS, "letters|results", "letters||results", "list-form", false, 5, 9, "I5",
                "empty item"},
        {REGISTRY_CONTRACTS, "letters|results", "letters | results", "list-form", false, 5, 9, "I5",
                "spaces around"},
        {REGISTRY_CONTRACTS, "letters|results", "letters;results", "list-form", false, 5, 9, "I5",
                "by |"},
        {REGISTRY_CONTRACTS, "letters|results", "\"letters,results\"", "list-form", false, 5, 9,
                "I5", "by |"},
        {REGISTRY_PROGRAMS, "18:00-06:00", "6pm-6am", "hours-form", false, 8, 12, "L8",
                "18:00-06:00"},
        {REGISTRY_PROGRAMS, "18:00-06:00", "18:00-24:00", "hours-form", false, 8, 12, "L8", ""},
        {REGISTRY_PRACTICE, "192.168.20.0/24", "192.168.20.5/24", "net-form", false, 5, 2, "B5",
                "192.168.1.0/24"},
        {REGISTRY_PRACTICE, "Australia/Sydney", "AEST", "timezone-form", false, 11, 2, "B11",
                "Australia/Sydney"},
        /* match rules */
        {REGISTRY_PROGRAMS, "sni:api.bookaroo.example", "api.bookaroo.example", "rule-form", false,
                3, 7, "G3", "starts with sni:"},
        {REGISTRY_PROGRAMS, "port:tcp/7070", "port:7070", "rule-form", false, 9, 7, "G9",
                "port:tcp/5938"},
        {REGISTRY_PROGRAMS, "sni:api.bookaroo.example", "sni:*.com.au", "rule-too-wide", false, 3,
                7, "G3", "unrelated owners"},
        {REGISTRY_PROGRAMS, "sni:api.bookaroo.example", "ip:0.0.0.0/0", "rule-too-wide", false, 3,
                7, "G3", "too wide"},
        {REGISTRY_PROGRAMS, "sni:api.bookaroo.example", "sni:*.amazonaws.com", "rule-shared-host",
                false, 3, 7, "G3", "many customers"},
        {REGISTRY_DESTINATIONS, "sni:api.bookaroo.example",
                "sni:*.s3.ap-southeast-2.amazonaws.com|dns:*.cloudfront.net|port:tcp/443",
                "rule-shared-host", false, 3, 6, "F3", ""},
        {REGISTRY_PROGRAMS, "sni:api.bookaroo.example", "port:tcp/443", "rule-common-port", false,
                3, 7, "G3", "Every program"},
        {REGISTRY_PROGRAMS, "sni:api.bookaroo.example", "", "program-no-rules", false, 3, 7, "G3",
                "unless the program is retired"},
};

/* The file with the first occurrence of `from` replaced. */
static size_t replaced(
        const char *text, const char *from, const char *to, char ret[static FILE_BYTES_MAX])
{
	const char *at = strstr(text, from);

	assert_non_null(at);
	return (size_t)snprintf(
	        ret, FILE_BYTES_MAX, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static const struct registry_problem *find(const struct registry *r, const struct mistake *m)
{
	for (size_t i = 0; i < registry_problem_count(r); i++) {
		const struct registry_problem *p = registry_problem(r, i);

		if (strcmp(p->id, m->id) == 0 && p->file == m->file && p->line == m->line &&
		        p->column == m->column)
			return p;
	}
	return NULL;
}

static void each_mistake_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		const struct mistake *m = &mistakes[i];
		const struct registry_problem *p;
		char text[FILE_BYTES_MAX], line[384];
		size_t len = replaced(whole[m->file], m->from, m->to, text);
		int status;
		struct registry *r = load_with(m->file, span_of(text, len), &status);

		p = find(r, m);
		if (!p)
			print_error("mistake %zu: no %s at %u:%u\n", i, m->id, m->line, m->column);
		assert_non_null(p);
		assert_string_equal(p->cell, m->cell);
		if (!strstr(p->text, m->says))
			print_error("mistake %zu: %s\n", i, p->text);
		assert_non_null(strstr(p->text, m->says));
		assert_int_equal(p->error, !m->warning);
		assert_int_equal(status, m->warning ? 0 : STATUS_REGISTER);
		registry_problem_format(p, line);
		assert_true(strlen(line) < 383);
		registry_free(r);
	}
}

/* Mistakes of a whole file. */
static void each_broken_file_is_named(void **state)
{
	static const uint8_t utf16[] = {0xff, 0xfe, 'k', 0, 'e', 0, 'y', 0};
	static const uint8_t utf16_bare[] = {'k', 0, 'e', 0, 'y', 0};
	static const struct {
		const char *text;
		size_t len;
		const char *id;
		unsigned line;
	} broken[] = {
	        {"", 0, "file-empty", 0},
	        {"\n\n", 2, "file-empty", 0},
	        {"PK\x03\x04rest", 8, "file-is-workbook", 0},
	        {"\xd0\xcf\x11\xe0rest", 8, "file-is-workbook", 0},
	        {(const char *)utf16, sizeof(utf16), "file-utf16", 0},
	        {(const char *)utf16_bare, sizeof(utf16_bare), "file-utf16", 0},
	        {"program_id,name\nx,caf\xe9\n", 23, "file-not-utf8", 2},
	        {"program_id;name\nx;y\n", 20, "delimiter-semicolon", 1},
	        {"program_id\tname\nx\ty\n", 20, "delimiter-tab", 1},
	        {"program_id,name\nx,\"y\n", 21, "csv-form", 2},
	        {"program_id,name\nx,y\0z\n", 22, "csv-form", 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		int status;
		struct registry *r = load_with(
		        REGISTRY_PROGRAMS, span_of(broken[i].text, broken[i].len), &status);
		const struct registry_problem *p = registry_problem(r, 0);

		assert_int_equal(status, STATUS_REGISTER);
		assert_string_equal(p->id, broken[i].id);
		assert_int_equal(p->line, broken[i].line);
		assert_int_equal(p->file, REGISTRY_PROGRAMS);
		registry_free(r);
	}
}

static void limits_are_named(void **state)
{
	size_t size = 200000;
	char *text = malloc(size);
	struct registry *r;
	size_t len;
	int status;

	(void)state;
	assert_non_null(text);
	len = (size_t)snprintf(text, size, "program_id,name\n");
	for (int i = 0; i < REGISTRY_ROWS_MAX + 1; i++)
		len += (size_t)snprintf(text + len, size - len, "p-%d,n\n", i);
	r = load_with(REGISTRY_PROGRAMS, span_of(text, len), &status);
	assert_int_equal(status, STATUS_REGISTER);
	assert_true(registry_problem_count(r) <= REGISTRY_PROBLEMS_MAX);
	assert_true(registry_problem_count(r) > 0);
	registry_free(r);
	len = (size_t)snprintf(text, size, "program_id,name\n");
	for (int i = 0; i < 300; i++)
		len += (size_t)snprintf(text + len, size - len, "P %d,n\n", i);
	r = load_with(REGISTRY_PROGRAMS, span_of(text, len), &status);
	assert_int_equal(registry_problem_count(r), REGISTRY_PROBLEMS_MAX);
	assert_true(registry_problems_left_out(r) > 100);
	registry_free(r);
	memset(text, ',', 100);
	r = load_with(REGISTRY_PROGRAMS, span_of(text, 100), &status);
	assert_string_equal(registry_problem(r, 0)->id, "csv-limit");
	registry_free(r);
	free(text);
}

static void too_many_rows_are_one_complaint(void **state)
{
	size_t size = 200000;
	char *text = malloc(size);
	struct registry *r;
	bool found = false;
	size_t len;
	int status;

	(void)state;
	assert_non_null(text);
	len = (size_t)snprintf(text, size, "%s", EXCEPTIONS_CSV);
	for (int i = 0; i < REGISTRY_ROWS_MAX; i++)
		len += (size_t)snprintf(text + len, size - len, "no-contract,,,,,,2026-12-31\n");
	r = load_with(REGISTRY_EXCEPTIONS, span_of(text, len), &status);
	assert_int_equal(status, STATUS_REGISTER);
	for (size_t i = 0; i < registry_problem_count(r); i++)
		found = found || strcmp(registry_problem(r, i)->id, "rows-too-many") == 0;
	assert_true(found);
	registry_free(r);
	free(text);
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
	char text[FILE_BYTES_MAX], line[384];
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
	        "contracts.csv:3:1 (cell A3): Line 2 has this id already; give each row its own.");
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
	char line[384];
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
	for (size_t i = 0; i < registry_problem_count(r); i++) {
		registry_problem_format(registry_problem(r, i), line);
		print_error("%s\n", line);
	}
	assert_int_equal(status, 0);
	assert_int_equal(registry_problem_count(r), 0);
	registry_free(r);
	for (unsigned i = 0; i < REGISTRY_FILES; i++)
		free((void *)(uintptr_t)files[i].data);
}

/* What people read about the register is what the code checks. */
static void every_column_and_complaint_is_documented(void **state)
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
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		snprintf(quoted, sizeof(quoted), "`%s`", mistakes[i].id);
		assert_non_null(strstr(text, quoted));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_whole_register_loads),
	        cmocka_unit_test(excel_form_is_the_same_register),
	        cmocka_unit_test(each_mistake_is_named),
	        cmocka_unit_test(each_broken_file_is_named),
	        cmocka_unit_test(limits_are_named),
	        cmocka_unit_test(too_many_rows_are_one_complaint),
	        cmocka_unit_test(a_missing_file_is_named_and_exceptions_may_be_missing),
	        cmocka_unit_test(no_complaint_repeats_what_could_be_a_patient),
	        cmocka_unit_test(problems_stand_in_the_order_of_the_files),
	        cmocka_unit_test(another_content_is_another_register),
	        cmocka_unit_test(every_cut_of_a_file_is_judged),
	        cmocka_unit_test(the_register_of_the_fixture_has_no_mistake),
	        cmocka_unit_test(every_column_and_complaint_is_documented),
	        cmocka_unit_test(words_stand_in_the_order_of_their_enums),
	        cmocka_unit_test(words_of_enums_go_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
