/* What the practice found out stands above what the store keeps, for far ends alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/status.h"
#include "pipeline/own_findings.h"

static const char csv[] = "match,organisation,country,source,checked_on\n"
                          "domain:quoll.example,,NZ,letter,2026-11-22\n"
                          "cidr:192.0.2.0/24,Quoll,,letter,2026-11-22\n"
                          "asn:64496,Edge,FJ,letter,2026-11-22\n";

static struct store_flow to_far_end(void)
{
	return (struct store_flow){.tuple = {.src = {{4, {192, 168, 20, 10}}, 50000},
	                                   .dst = {{4, {198, 51, 100, 7}}, 443},
	                                   .protocol = 6},
	        .direction = FLOW_OUTGOING,
	        .out_index = 0,
	        .country = "US",
	        .country_confidence = "unproven",
	        .organisation = "Everywhere"};
}

static void check(const struct overrides *o, struct store_flow flow, const char *country,
        const char *confidence, const char *organisation)
{
	(void)own_findings_apply(o, &flow);
	assert_string_equal(flow.country, country);
	assert_string_equal(flow.country_confidence, confidence);
	assert_string_equal(flow.organisation, organisation);
}

static void the_far_end_is_put_right(void **state)
{
	struct csv_problem problem;
	struct overrides *o = NULL;
	struct store_flow flow = to_far_end();

	(void)state;
	assert_int_equal(overrides_new(&o, span_of_text(csv), &problem), STATUS_OK);
	check(o, flow, "US", "unproven", "Everywhere");
	check(NULL, flow, "US", "unproven", "Everywhere");
	flow.asn = 64496;
	check(o, flow, "FJ", "override", "Edge");
	flow.tuple.dst.addr = (struct addr){4, {192, 0, 2, 7}};
	check(o, flow, "US", "unproven", "Quoll");
	flow.names[0] = (struct store_name){"api.quoll.example", "sni", 0};
	flow.name_count = 1;
	check(o, flow, "NZ", "override", "Everywhere");
	flow.direction = FLOW_INTERNAL;
	check(o, flow, "US", "unproven", "Everywhere");
	overrides_free(o);
}

/* The far end began: it is the source. */
static void a_visitor_is_a_far_end(void **state)
{
	struct csv_problem problem;
	struct overrides *o = NULL;
	struct store_flow flow = to_far_end();

	(void)state;
	assert_int_equal(overrides_new(&o, span_of_text(csv), &problem), STATUS_OK);
	flow.tuple.src.addr = (struct addr){4, {192, 0, 2, 7}};
	flow.direction = FLOW_INCOMING;
	check(o, flow, "US", "unproven", "Everywhere");
	flow.out_index = 1;
	check(o, flow, "US", "unproven", "Quoll");
	overrides_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_far_end_is_put_right),
	        cmocka_unit_test(a_visitor_is_a_far_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
