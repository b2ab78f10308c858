/* Registers larger than any practice has: each ends in a named complaint, in bounded time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/status.h"
#include "registry/load.h"

#define BYTES_MAX     (32u << 20)
#define SECONDS_MAX   20 /* of processor time: what hangs, not what is slow on a busy machine */
#define ROWS_EXPECTED 10000

#define PROGRAM_HEAD                                                                               \
	"program_id,name,vendor,kind,status,owner,match_rules,reads_clinical_db,update_owner,"     \
	"via_program\n"
#define DEST_HEAD "dest_id,program_id,recipient,recipient_country,role,match,allowed_countries\n"
#define CONTRACT_HEAD                                                                              \
	"contract_id,recipient,program_ids,type,start,end,review_by,categories,purposes,"          \
	"countries,deid_promised,doc_ref\n"
#define BASIS_HEAD                                                                                 \
	"basis_id,program_id,recipient,purpose,categories,basis,evidence_ref,from,approved_by\n"

static double seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static struct buf text_of(const char *head)
{
	struct buf b;

	buf_init(&b, BYTES_MAX, NULL);
	assert_int_equal(buf_append_text(&b, head), 0);
	return b;
}

static struct registry *load_files(struct buf files[static REGISTRY_FILES], int *ret_status)
{
	struct registry_folder folder = {.on_day = false};
	struct registry *r = NULL;
	double begin = seconds();

	for (size_t i = 0; i < REGISTRY_FILES; i++) {
		folder.tables[i] = files[i].len > 0 ? buf_span(&files[i]) : span_of_text(whole[i]);
		folder.has_table[i] = true;
	}
	*ret_status = registry_load_folder(&r, &folder);
	assert_non_null(r);
	assert_true(seconds() - begin < SECONDS_MAX);
	for (size_t i = 0; i < REGISTRY_FILES; i++)
		buf_free(&files[i]);
	return r;
}

static bool says(const struct registry *r, const char *id)
{
	for (size_t i = 0; i < registry_problem_count(r); i++)
		if (strcmp(registry_problem(r, i)->id, id) == 0)
			return true;
	return false;
}

/* One file alone is spoilt; the complaint must be there. */
static void expect(enum registry_file file, struct buf content, const char *id)
{
	struct buf files[REGISTRY_FILES] = {{.len = 0}};
	int status;
	struct registry *r;

	files[file] = content;
	r = load_files(files, &status);
	assert_int_equal(status, STATUS_REGISTER);
	if (!says(r, id))
		print_error("no %s, but %s\n", id, registry_problem(r, 0)->id);
	assert_true(says(r, id));
	assert_true(registry_problem_count(r) <= REGISTRY_PROBLEMS_MAX);
	registry_free(r);
}

static void add_program(struct buf *b, int i, const char *rules, const char *via)
{
	assert_int_equal(
	        buf_printf(b, "p-%d,Program,Vendor,other,approved,owner,%s,no,unknown,%s\n", i,
	                rules, via),
	        0);
}

/* 2,500 programs, each with a destination, a contract and a basis: checked as a whole. */
static void ten_thousand_rows_are_checked(void **state)
{
	struct buf files[REGISTRY_FILES] = {{.len = 0}};
	double begin = seconds();
	int status;
	struct registry *r;

	(void)state;
	files[REGISTRY_PROGRAMS] = text_of(PROGRAM_HEAD);
	files[REGISTRY_DESTINATIONS] = text_of(DEST_HEAD);
	files[REGISTRY_CONTRACTS] = text_of(CONTRACT_HEAD);
	files[REGISTRY_BASIS] = text_of(BASIS_HEAD);
	buf_init(&files[REGISTRY_EXCEPTIONS], BYTES_MAX, NULL);
	assert_int_equal(buf_append_text(&files[REGISTRY_EXCEPTIONS], "flag,until\n"), 0);
	for (int i = 0; i < ROWS_EXPECTED / 4; i++) {
		char rule[64];

		snprintf(rule, sizeof(rule), "sni:*.v%d.example|port:tcp/443", i);
		add_program(&files[REGISTRY_PROGRAMS], i, rule, "");
		assert_int_equal(
		        buf_printf(&files[REGISTRY_DESTINATIONS],
		                "d-%d,p-%d,Vendor %d,AU,processor,sni:up.v%d.example,AU|NZ\n", i, i,
		                i, i),
		        0);
		assert_int_equal(buf_printf(&files[REGISTRY_CONTRACTS],
		                         "c-%d,Vendor %d,p-%d,agreement,2026-01-01,2026-12-31,,"
		                         "clinical|letters,care,AU|NZ,no,drawer\n",
		                         i, i, i),
		        0);
		assert_int_equal(buf_printf(&files[REGISTRY_BASIS],
		                         "b-%d,p-%d,Vendor %d,care,clinical,primary-purpose,policy,"
		                         "2026-01-01,owner\n",
		                         i, i, i),
		        0);
	}
	r = load_files(files, &status);
	for (size_t i = 0; status != 0 && i < registry_problem_count(r) && i < 3; i++)
		print_error("%s\n", registry_problem(r, i)->text);
	assert_int_equal(status, 0);
	assert_int_equal(registry_problem_count(r), 0);
	assert_int_equal(registry_contract_count(r), ROWS_EXPECTED / 4);
	print_message("%d rows in %.3f s of processor time\n", ROWS_EXPECTED, seconds() - begin);
	registry_free(r);
}

/* The worst for each cross-check: every row in one group, every rule in one chain. */
static void crowded_rows_are_checked_without_squares(void **state)
{
	struct buf files[REGISTRY_FILES] = {{.len = 0}};
	int status;
	struct registry *r;

	(void)state;
	files[REGISTRY_CONTRACTS] = text_of(CONTRACT_HEAD);
	files[REGISTRY_PROGRAMS] = text_of(PROGRAM_HEAD);
	files[REGISTRY_DESTINATIONS] = text_of(DEST_HEAD);
	files[REGISTRY_BASIS] = text_of(BASIS_HEAD);
	files[REGISTRY_EXCEPTIONS] = text_of("flag,until\n");
	for (int i = 0; i < ROWS_EXPECTED; i++) {
		char rule[64];

		snprintf(rule, sizeof(rule), "sni:*.%s%d.vendor.example", i % 2 ? "a.b.c." : "",
		        i / 2);
		add_program(&files[REGISTRY_PROGRAMS], i, rule, "");
		assert_int_equal(
		        buf_printf(&files[REGISTRY_CONTRACTS],
		                "c-%d,V,p-1,agreement,2026-01-01,2026-12-31,,clinical,care,"
		                "AU,%s,x\n",
		                i, i % 3 ? "no" : "yes"),
		        0);
	}
	assert_int_equal(buf_append_text(&files[REGISTRY_DESTINATIONS],
	                         "d-1,p-1,V,AU,processor,sni:v.example,AU\n"),
	        0);
	r = load_files(files, &status);
	assert_int_equal(status, 0);
	assert_true(says(r, "contracts-disagree"));
	assert_true(registry_problems_left_out(r) > 5000);
	registry_free(r);
}

static void brokers_in_rings_and_chains_are_followed(void **state)
{
	struct buf ring = text_of(PROGRAM_HEAD);
	struct buf files[REGISTRY_FILES] = {{.len = 0}};
	struct registry *r;
	char via[32];
	int status;

	(void)state;
	for (int i = 0; i < ROWS_EXPECTED; i++) {
		snprintf(via, sizeof(via), "p-%d", (i + 1) % ROWS_EXPECTED);
		add_program(&ring, i, "sni:v.example", via);
	}
	expect(REGISTRY_PROGRAMS, ring, "broker-ring");
	files[REGISTRY_PROGRAMS] = text_of(PROGRAM_HEAD);
	for (int i = 0; i < ROWS_EXPECTED; i++) {
		snprintf(via, sizeof(via), "p-%d", i + 1);
		add_program(&files[REGISTRY_PROGRAMS], i, "sni:v.example",
		        i + 1 < ROWS_EXPECTED ? via : "");
	}
	r = load_files(files, &status);
	assert_false(says(r, "broker-ring"));
	registry_free(r);
}

static void too_many_rows_are_named(void **state)
{
	struct buf some = text_of(PROGRAM_HEAD), many = text_of(PROGRAM_HEAD);

	(void)state;
	for (int i = 0; i < 100000; i++) {
		add_program(&many, i, "sni:v.example", "");
		if (i <= REGISTRY_ROWS_MAX)
			add_program(&some, i, "sni:v.example", "");
	}
	expect(REGISTRY_PROGRAMS, some, "rows-too-many");
	expect(REGISTRY_PROGRAMS, many, "csv-limit");
}

static void wide_and_long_cells_are_named(void **state)
{
	struct buf wide = text_of("program_id"), cell = text_of(PROGRAM_HEAD "p-1,");

	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_int_equal(buf_append_text(&wide, ",column"), 0);
	expect(REGISTRY_PROGRAMS, wide, "csv-limit");
	for (int i = 0; i < 1 << 20; i++)
		assert_int_equal(buf_append_byte(&cell, 'x'), 0);
	expect(REGISTRY_PROGRAMS, cell, "csv-limit");
}

static void too_many_rules_and_pairs_are_named(void **state)
{
	struct buf rules = text_of(PROGRAM_HEAD), pairs = text_of(CONTRACT_HEAD);
	char list[4000];
	size_t len = 0;

	(void)state;
	for (int i = 0; i < 200; i++)
		len += (size_t)snprintf(
		        list + len, sizeof(list) - len, "%sip:10.1.1.%d", i > 0 ? "|" : "", i);
	for (int i = 0; i < 301; i++)
		add_program(&rules, i, list, "");
	expect(REGISTRY_PROGRAMS, rules, "rules-too-many");
	len = 0;
	for (int i = 0; i < 250; i++)
		len += (size_t)snprintf(
		        list + len, sizeof(list) - len, "%shopdesk", i > 0 ? "|" : "");
	for (int i = 0; i < 1300; i++)
		assert_int_equal(buf_printf(&pairs,
		                         "c-%d,HopDesk GmbH,%s,agreement,2026-01-01,2026-12-31,,"
		                         "clinical,care,AU,no,x\n",
		                         i, list),
		        0);
	expect(REGISTRY_CONTRACTS, pairs, "pairs-too-many");
}

static void complaints_past_the_limit_are_counted(void **state)
{
	struct buf files[REGISTRY_FILES] = {{.len = 0}};
	struct registry *r;
	int status;

	(void)state;
	files[REGISTRY_PROGRAMS] = text_of(PROGRAM_HEAD);
	for (int i = 0; i < 300; i++)
		assert_int_equal(buf_printf(&files[REGISTRY_PROGRAMS], "P %d,n\n", i), 0);
	r = load_files(files, &status);
	assert_int_equal(registry_problem_count(r), REGISTRY_PROBLEMS_MAX);
	assert_true(registry_problems_left_out(r) > 100);
	registry_free(r);
}

static void a_file_that_is_open_is_named(void **state)
{
	struct registry_folder folder = {.on_day = false};
	struct registry *r = NULL;

	(void)state;
	whole_files(folder.tables, folder.has_table);
	folder.others[REGISTRY_BASIS] = REGISTRY_OTHER_LOCK;
	assert_int_equal(registry_load_folder(&r, &folder), 0);
	assert_true(says(r, "file-open"));
	registry_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ten_thousand_rows_are_checked),
	        cmocka_unit_test(crowded_rows_are_checked_without_squares),
	        cmocka_unit_test(brokers_in_rings_and_chains_are_followed),
	        cmocka_unit_test(too_many_rows_are_named),
	        cmocka_unit_test(wide_and_long_cells_are_named),
	        cmocka_unit_test(too_many_rules_and_pairs_are_named),
	        cmocka_unit_test(complaints_past_the_limit_are_counted),
	        cmocka_unit_test(a_file_that_is_open_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
