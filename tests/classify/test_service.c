#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/status.h"
#include "classify/place.h"
#include "classify/service.h"

#define HEADER "match,organisation,country_hq,kind,flags,source,checked_on\n"
#define DATED  "letter,2026-11-22\n"

static int read_text(struct services **ret, const char *text, struct csv_problem *problem)
{
	return services_new(ret, span_of_text(text), problem);
}

static void the_longest_name_wins(void **state)
{
	static const char file[] = HEADER
	        "domain:quoll.example,Quoll,AU,vendor,," DATED
	        "domain:test.quoll.example,Quoll tests,,vendor,test," DATED
	        "asn:64496,Everywhere Edge,,cdn,unproven," DATED;
	struct csv_problem problem;
	struct services *s = NULL;
	const struct service *found;

	(void)state;
	assert_int_equal(read_text(&s, file, &problem), STATUS_OK);
	assert_int_equal(services_count(s), 3);
	found = services_find(s, "api.Quoll.example", 0);
	assert_string_equal(found->organisation, "Quoll");
	assert_string_equal(found->country_hq, "AU");
	assert_int_equal(found->kind, SERVICE_VENDOR);
	assert_int_equal(found->line, 2);
	found = services_find(s, "a.b.test.quoll.example.", 64496);
	assert_string_equal(found->organisation, "Quoll tests");
	assert_int_equal(found->flags, SERVICE_TEST);
	assert_string_equal(services_find(s, "quoll.example", 0)->organisation, "Quoll");
	assert_null(services_find(s, "notquoll.example", 0));
	assert_null(services_find(s, "example", 0));
	assert_null(services_find(s, "", 0));
	assert_null(services_find(s, NULL, 64497));
	found = services_find(s, "other.example", 64496);
	assert_int_equal(found->flags, SERVICE_UNPROVEN);
	assert_string_equal(service_kind_name(found->kind), "cdn");
	assert_null(services_find(NULL, "quoll.example", 64496));
	services_free(s);
}

static void each_kind_of_mistake_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *problem;
		unsigned line, column;
	} cases[] = {
	        {"", "empty", 1, 0},
	        {"match,organisation\n", "lacks a column", 1, 0},
	        {"match,organisation,country_hq,kind,flags,source,checked_on,note\n", "none of", 1,
	                0},
	        {HEADER "domain:a.example,A,,vendor," DATED, "more or fewer cells", 2, 0},
	        {HEADER "a.example,A,,vendor,," DATED, "domain:name", 2, 1},
	        {HEADER "cidr:192.0.2.0/24,A,,vendor,," DATED, "domain:name", 2, 1},
	        {HEADER "domain:*.a.example,A,,vendor,," DATED, "without a star", 2, 1},
	        {HEADER "domain:A.example,A,,vendor,," DATED, "small letters", 2, 1},
	        {HEADER "domain:a.example:443,A,,vendor,," DATED, "small letters", 2, 1},
	        {HEADER "domain:a..example,A,,vendor,," DATED, "no host name", 2, 1},
	        {HEADER "domain:,A,,vendor,," DATED, "no host name", 2, 1},
	        {HEADER "domain:a-.example,A,,vendor,," DATED, "hyphen", 2, 1},
	        {HEADER "domain:localhost,A,,vendor,," DATED, "one dot", 2, 1},
	        {HEADER "domain:192.0.2.1,A,,vendor,," DATED, "address", 2, 1},
	        {HEADER "domain:com.au,A,,vendor,," DATED, "Everybody can register", 2, 1},
	        {HEADER "asn:0,A,,vendor,," DATED, "AS number", 2, 1},
	        {HEADER "asn:AS1,A,,vendor,," DATED, "AS number", 2, 1},
	        {HEADER "asn:4294967296,A,,vendor,," DATED, "AS number", 2, 1},
	        {HEADER "domain:a.example,,,vendor,," DATED, "must be named", 2, 2},
	        {HEADER "domain:a.example,A,Australia,vendor,," DATED, "two capital", 2, 3},
	        {HEADER "domain:a.example,A,,Vendor,," DATED, "kind", 2, 4},
	        {HEADER "domain:a.example,A,,vendor,cdn," DATED, "Flags", 2, 5},
	        {HEADER "domain:a.example,A,,vendor,test|," DATED, "Flags", 2, 5},
	        {HEADER "domain:a.example,A,,vendor,,,2026-11-22\n", "source", 2, 6},
	        {HEADER "domain:a.example,A,,vendor,,letter,22/11/2026\n", "date", 2, 7},
	        {HEADER "domain:a.example,A,,vendor,," DATED "domain:a.example,B,,vendor,," DATED,
	                "already", 3, 1},
	        {HEADER "asn:1,A,,vendor,," DATED "asn:1,B,,vendor,," DATED, "already", 3, 1},
	        {HEADER "domain:a.example,\"A,,vendor,," DATED, "", 2, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct csv_problem problem = {0};
		struct services *s = NULL;

		assert_int_equal(read_text(&s, cases[i].text, &problem), STATUS_MALFORMED);
		assert_null(s);
		assert_non_null(problem.text);
		if (!strstr(problem.text, cases[i].problem) || problem.column != cases[i].column ||
		        (cases[i].problem[0] && problem.line != cases[i].line))
			fail_msg("case %zu: %u:%u %s", i, problem.line, problem.column,
			        problem.text);
	}
}

static void the_file_of_the_product_is_read(void **state)
{
	FILE *file = fopen(SERVICES_CSV, "rb");
	struct csv_problem problem = {0};
	struct services *s = NULL;
	uint8_t piece[4096];
	struct buf bytes;
	size_t len;

	(void)state;
	assert_non_null(file);
	buf_init(&bytes, 1 << 24, NULL);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		assert_int_equal(buf_append(&bytes, span_of(piece, len)), STATUS_OK);
	fclose(file);
	if (services_new(&s, buf_span(&bytes), &problem) != STATUS_OK)
		fail_msg("line %u, column %u: %s", problem.line, problem.column, problem.text);
	assert_true(services_count(s) >= 400);
	assert_int_equal(
	        services_find(s, "relay-0a1b2c3d.net.anydesk.com", 0)->kind, SERVICE_REMOTE_ACCESS);
	assert_int_equal(services_find(s, "chatgpt.com", 13335)->kind, SERVICE_AI_SERVICE);
	assert_int_equal(
	        services_find(s, "services.ehealth.gov.au", 0)->kind, SERVICE_GOVERNMENT_HEALTH);
	assert_int_equal(
	        services_find(s, "b2b.ehealthvendortest.health.gov.au", 0)->flags, SERVICE_TEST);
	assert_int_equal(services_find(s, "stats.g.doubleclick.net", 0)->kind, SERVICE_ADVERTISING);
	assert_int_equal(services_find(s, NULL, 13335)->flags, SERVICE_UNPROVEN);
	assert_int_equal(services_find(s, "dns.google", 0)->kind, SERVICE_DOH);
	assert_null(services_find(s, "gov.au", 0));
	services_free(s);
	buf_free(&bytes);
}

static void the_registered_name_follows_the_public_suffix_list(void **state)
{
	static const struct {
		const char *host, *registered;
	} cases[] = {
	        {"api.vendor.com.au", "vendor.com.au"},
	        {"vendor.com.au", "vendor.com.au"},
	        {"com.au", "com.au"},
	        {"a.b.quoll.example", "quoll.example"},
	        {"x.shop.github.io", "shop.github.io"},
	        {"192.0.2.1", "192.0.2.1"},
	        {"2001:db8::1", "2001:db8::1"},
	        {"localhost", "localhost"},
	        {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(place_registered(cases[i].host), cases[i].registered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_longest_name_wins),
	        cmocka_unit_test(each_kind_of_mistake_is_refused_with_its_place),
	        cmocka_unit_test(the_file_of_the_product_is_read),
	        cmocka_unit_test(the_registered_name_follows_the_public_suffix_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
