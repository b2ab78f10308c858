/* rules/identifiers.csv: what is refused, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "harness.h"

#define HEADER "kind,category,class,check,hl7,fhir,systems,keys,words,carriers,note\n"
#define TERMS  "group,terms,note\nmedicine,metformin|paracetamol,Pills\n"
#define GOOD   "medicare,identifiers,patient,medicare,,,,*medicare*,medicare,,Card\n"

static const uint8_t key[DIGEST_KEY_BYTES];

static int read_rules(struct detect_rules **ret, const char *identifiers, const char *terms,
        struct detect_problem *ret_problem)
{
	const struct detect_files files = {
	        .identifiers = span_of_text(identifiers), .terms = span_of_text(terms)};

	return detect_rules_new(ret, &files, key, ret_problem);
}

static void expect_problem(
        const struct detect_problem *problem, const char *file, unsigned line, unsigned column)
{
	assert_string_equal(problem->file, file);
	assert_int_equal(problem->at.line, line);
	assert_int_equal(problem->at.column, column);
	assert_true(strlen(problem->at.text) > 10);
}

static void expect_refusal(const char *file, unsigned line, unsigned column)
{
	struct detect_rules *rules = NULL;
	struct detect_problem problem;

	assert_int_equal(read_rules(&rules, file, TERMS, &problem), STATUS_MALFORMED);
	assert_null(rules);
	expect_problem(&problem, DETECT_IDENTIFIERS, line, column);
}

static void expect_terms_refusal(const char *file, unsigned line, unsigned column)
{
	struct detect_rules *rules = NULL;
	struct detect_problem problem;

	assert_int_equal(read_rules(&rules, HEADER GOOD, file, &problem), STATUS_MALFORMED);
	assert_null(rules);
	expect_problem(&problem, DETECT_TERMS, line, column);
}

static void test_terms(void **state)
{
	static char many[1u << 18] = TERMS;
	size_t len = strlen(many);

	(void)state;
	expect_terms_refusal("", 1, 0);
	expect_terms_refusal("group,term,note\n", 1, 0);
	expect_terms_refusal(TERMS "medicines,aspirin,\n", 3, 1);
	expect_terms_refusal(TERMS "test,HbA1c||TSH,\n", 3, 2);
	expect_terms_refusal(TERMS "test,x,\n", 3, 2);
	expect_terms_refusal(TERMS "test,paracetamol|metformin,\n", 3, 2);
	expect_terms_refusal(TERMS "test,HbA1c,a note, and more\n", 3, 4);
	for (unsigned row = 0; row < 100; row++) {
		len += (size_t)snprintf(many + len, sizeof(many) - len, "test,");
		for (unsigned i = 0; i < 100; i++)
			len += (size_t)snprintf(many + len, sizeof(many) - len, "%s%u-%u",
			        i ? "|" : "", row, 1000 + i);
		len += (size_t)snprintf(many + len, sizeof(many) - len, ",\n");
	}
	expect_terms_refusal(many, 84, 2);
}

static void test_good(void **state)
{
	struct detect_rules *rules = NULL;
	struct detect_problem problem;

	(void)state;
	assert_int_equal(read_rules(&rules, HEADER GOOD, TERMS, &problem), STATUS_OK);
	detect_rules_free(rules);
	assert_null(detect_rules_free(NULL));
}

static void test_refusals(void **state)
{
	(void)state;
	expect_refusal("kind,category\nmedicare,identifiers\n", 1, 0);
	expect_refusal(HEADER GOOD "x,identifers,patient,,,,,,,,\n", 3, 2);
	expect_refusal(HEADER GOOD "x,identifiers,patients,,,,,,,,\n", 3, 3);
	expect_refusal(HEADER GOOD "x,identifiers,patient,medicar,,,,,,,\n", 3, 4);
	expect_refusal(HEADER GOOD "x,identifiers,patient,,,,,a*b,,,\n", 3, 8);
	expect_refusal(HEADER GOOD "x,identifiers,patient,,,,,a||b,,,\n", 3, 8);
	expect_refusal(HEADER GOOD "x,identifiers,patient,,,,,,a,,\n", 3, 9);
	expect_refusal(HEADER GOOD "x,identifiers,patient,,,,,,,,Card, old,\n", 3, 12);
	expect_refusal(HEADER GOOD GOOD, 3, 1);
	expect_refusal(HEADER GOOD ",identifiers,patient,,,,,,,,\n", 3, 1);
}

static void test_too_many_kinds(void **state)
{
	static char file[16384] = HEADER GOOD;
	size_t len = strlen(file);

	(void)state;
	for (unsigned i = 0; i < 128; i++)
		len += (size_t)snprintf(
		        file + len, sizeof(file) - len, "kind-%u,identifiers,patient,,,,,,,,\n", i);
	expect_refusal(file, 130, 0);
}

/* Words with characters that mean something to the pattern engine are taken as they stand. */
static void test_words_are_literal(void **state)
{
	static const char file[] = HEADER
	        "medicare,identifiers,patient,medicare,,,,,medi(care|card [no.],,Card\n"
	        "ihi,identifiers,patient,ihi,,,,,a.b+c$^,,Number\n";
	struct detect_rules *rules = NULL;
	struct detect_problem problem;

	(void)state;
	assert_int_equal(read_rules(&rules, file, TERMS, &problem), STATUS_OK);
	detect_rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),
	        cmocka_unit_test(test_refusals),
	        cmocka_unit_test(test_too_many_kinds),
	        cmocka_unit_test(test_words_are_literal),
	        cmocka_unit_test(test_terms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
