/* Stored evidence and the register of clinic-day: what was not seen is never covered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/status.h"
#include "pipeline/assess.h"

static struct buf read_file(const char *folder, const char *name, bool *ret_present)
{
	char path[1024];
	uint8_t piece[65536];
	struct buf b;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", getenv("EXEAT_SOURCE_ROOT"), folder, name);
	buf_init(&b, 1 << 20, NULL);
	file = fopen(path, "rb");
	*ret_present = file != NULL;
	while (file && (len = fread(piece, 1, sizeof(piece), file)) > 0)
		assert_int_equal(buf_append(&b, span_of(piece, len)), STATUS_OK);
	if (file)
		fclose(file);
	return b;
}

static struct registry *load_register(void)
{
	struct buf bytes[REGISTRY_FILES];
	struct span files[REGISTRY_FILES];
	bool present[REGISTRY_FILES];
	struct registry *r = NULL;

	for (int i = 0; i < REGISTRY_FILES; i++) {
		bytes[i] = read_file("fixtures/clinic-day/register",
		        registry_file_name((enum registry_file)i), &present[i]);
		files[i] = buf_span(&bytes[i]);
	}
	assert_int_equal(registry_load(&r, files, present), STATUS_OK);
	for (int i = 0; i < REGISTRY_FILES; i++)
		buf_free(&bytes[i]);
	return r;
}

static struct flag_rules *load_flags(void)
{
	struct csv_problem problem;
	struct flag_rules *rules = NULL;
	bool present;
	struct buf bytes = read_file("rules", "flags.csv", &present);

	assert_true(present);
	assert_int_equal(flag_rules_new(&rules, buf_span(&bytes), &problem), STATUS_OK);
	buf_free(&bytes);
	return rules;
}

/* An update check in clear: nothing about it is worse than low. */
static struct store_flow update_check(void)
{
	return (struct store_flow){.id = 1,
	        .tuple = {.src = {{4, {192, 168, 20, 10}}, 50000},
	                .dst = {{4, {203, 26, 177, 91}}, 80},
	                .protocol = 6},
	        .direction = FLOW_OUTGOING,
	        .out_index = 0,
	        .first_ns = INT64_C(1795300000000000000),
	        .counts = {{.packets = 3, .payload_bytes = 111}, {.packets = 3}},
	        .names = {{"update.paperbark.example", "dns", 0}},
	        .name_count = 1,
	        .country = "AU",
	        .country_confidence = "database",
	        .protocol = "http",
	        .clear = true,
	        .inspected = true};
}

static void what_was_not_seen_is_not_covered(void **state)
{
	struct registry *registry = load_register();
	struct flag_rules *rules = load_flags();
	struct store_flow flow = update_check();
	struct assessment a;

	(void)state;
	assert_int_equal(assess_flow(&flow, NULL, 0, registry, rules, &a), STATUS_OK);
	assert_int_equal(a.verdict.outcome, OUTCOME_COVERED);
	flow.inspected = false;
	flow.counts[0].gaps_unknown = 1;
	assert_int_equal(assess_flow(&flow, NULL, 0, registry, rules, &a), STATUS_OK);
	assert_int_equal(a.verdict.outcome, OUTCOME_CANNOT_TELL);
	/* What is missing of the way in says nothing of what left. */
	flow = update_check();
	flow.counts[1].gaps_unknown = 1;
	assert_int_equal(assess_flow(&flow, NULL, 0, registry, rules, &a), STATUS_OK);
	assert_int_equal(a.verdict.outcome, OUTCOME_COVERED);
	flow = update_check();
	flow.inspected = false;
	flow.not_inspected_bytes = 1;
	assert_int_equal(assess_flow(&flow, NULL, 0, registry, rules, &a), STATUS_OK);
	assert_int_equal(a.verdict.outcome, OUTCOME_CANNOT_TELL);
	flow = update_check();
	flow.inspected = false;
	flow.counts[0] = (struct flow_counts){.packets = 1, .gap_bytes = 500};
	flow.not_inspected_bytes = 500;
	assert_int_equal(assess_flow(&flow, NULL, 0, registry, rules, &a), STATUS_OK);
	assert_int_equal(a.verdict.outcome, OUTCOME_CANNOT_TELL);
	flag_rules_free(rules);
	registry_free(registry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_not_seen_is_not_covered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
