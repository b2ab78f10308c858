#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "classify/overrides.h"

#define HEADER "match,organisation,country,source,checked_on\n"
#define DATED  "letter,2026-11-22\n"

static struct location apply(
        const struct overrides *o, const char *address, const char *host, uint32_t asn)
{
	struct location l = {.country = "US",
	        .confidence = COUNTRY_UNPROVEN,
	        .asn = asn,
	        .organisation = "Everywhere Edge"};
	struct addr a = {0};

	assert_true(addr_parse(address, &a));
	overrides_apply(o, &a, host, &l);
	return l;
}

static void a_row_stands_above_the_database(void **state)
{
	static const char shipped[] = HEADER
	        "asn:64496,,NZ," DATED "cidr:192.0.2.0/24,Quoll,AU," DATED
	        "cidr:192.0.2.128/25,Quoll Two,," DATED "domain:vendor.example,Vendor,DE," DATED;
	struct csv_problem problem;
	struct overrides *o = NULL;
	struct location l;

	(void)state;
	assert_int_equal(overrides_new(&o, span_of_text(shipped), &problem), STATUS_OK);
	l = apply(o, "192.0.2.1", NULL, 64496);
	assert_string_equal(l.country, "AU");
	assert_string_equal(l.organisation, "Quoll");
	assert_int_equal(l.confidence, COUNTRY_OVERRIDE);
	l = apply(o, "192.0.2.200", NULL, 0); /* the longer network; it names no country */
	assert_string_equal(l.organisation, "Quoll Two");
	assert_string_equal(l.country, "US");
	assert_int_equal(l.confidence, COUNTRY_UNPROVEN);
	l = apply(o, "192.0.2.1", "API.vendor.example", 64496); /* a name before a network */
	assert_string_equal(l.country, "DE");
	l = apply(o, "198.51.100.1", "other.example", 64496);
	assert_string_equal(l.country, "NZ");
	assert_string_equal(l.organisation, "Everywhere Edge");
	l = apply(o, "198.51.100.1", "other.example", 64497);
	assert_int_equal(l.confidence, COUNTRY_UNPROVEN);
	assert_string_equal(apply(NULL, "192.0.2.1", NULL, 0).country, "US");
	overrides_free(o);
}

static void each_kind_of_mistake_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *problem;
		unsigned line, column;
	} cases[] = {
	        {"", "empty", 1, 0},
	        {"match,organisation,country,source\n", "lacks a column", 1, 0},
	        {HEADER "cidr:192.0.2.0/24,A,AU," DATED "x\n", "more or fewer", 3, 0},
	        {HEADER "192.0.2.0/24,A,AU," DATED, "cidr:network", 2, 1},
	        {HEADER "cidr:192.0.2.1/24,A,AU," DATED, "no bits", 2, 1},
	        {HEADER "cidr:192.0.2.0/33,A,AU," DATED, "no bits", 2, 1},
	        {HEADER "cidr:0.0.0.0/0,A,AU," DATED, "every address", 2, 1},
	        {HEADER "domain:com.au,A,AU," DATED, "Everybody", 2, 1},
	        {HEADER "asn:x,A,AU," DATED, "AS number", 2, 1},
	        {HEADER "asn:1,A,UKR," DATED, "two capital", 2, 3},
	        {HEADER "asn:1,A,au," DATED, "two capital", 2, 3},
	        {HEADER "asn:1,,," DATED, "neither", 2, 3},
	        {HEADER "asn:1,A,AU,,2026-11-22\n", "learnt", 2, 4},
	        {HEADER "asn:1,A,AU,letter,soon\n", "date", 2, 5},
	        {HEADER "cidr:192.0.2.0/24,A,AU," DATED "cidr:192.0.2.0/24,B,AU," DATED, "already",
	                3, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct csv_problem problem = {0};
		struct overrides *o = NULL;

		assert_int_equal(
		        overrides_new(&o, span_of_text(cases[i].text), &problem), STATUS_MALFORMED);
		if (!strstr(problem.text, cases[i].problem) || problem.column != cases[i].column ||
		        problem.line != cases[i].line)
			fail_msg("case %zu: %u:%u %s", i, problem.line, problem.column,
			        problem.text);
		assert_null(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_row_stands_above_the_database),
	        cmocka_unit_test(each_kind_of_mistake_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
