#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/status.h"
#include "pipeline/finding_set.h"

static struct finding example(const char *kind, uint64_t tag)
{
	struct finding f = {.category = CATEGORY_IDENTIFIERS,
	        .class = CLASS_PATIENT,
	        .tier = TIER_HIGH,
	        .count = 1,
	        .place = "HTTP body > column 4",
	        .tag = tag,
	        .time_ns = 5};

	snprintf(f.kind, sizeof(f.kind), "%s", kind);
	return f;
}

static void equal_findings_add_up_and_patients_count_once(void **state)
{
	struct budget budget;
	struct finding_set s;

	(void)state;
	budget_init(&budget, 1 << 20);
	finding_set_init(&s, &budget);
	for (uint64_t i = 0; i < 1000; i++) {
		struct finding f = example("medicare", 1 + i % 400);

		f.time_ns = (int64_t)i;
		assert_int_equal(finding_set_add(&s, &f, true), STATUS_OK);
	}
	struct finding other = example("ihi", 7);
	assert_int_equal(finding_set_add(&s, &other, false), STATUS_OK); /* came in: no patient */
	assert_int_equal(s.count, 2);
	assert_int_equal(s.sums[0].finding.count, 1000);
	assert_int_equal(s.sums[0].last_ns, 999);
	assert_int_equal(s.tag_count, 400);
	assert_false(s.tags_at_least);
	finding_set_free(&s);
	assert_int_equal(budget.used_bytes, 0);
}

struct length_case {
	uint64_t sounds, measured, seconds;
	const char *words;
};

static void sound_is_told_with_its_length(void **state)
{
	static const struct length_case cases[] = {
	        {1, 1, 754, "HTTP body > column 4, about 13 minutes"},
	        {1, 1, 45, "HTTP body > column 4, about 45 seconds"},
	        {2, 2, 1, "HTTP body > column 4, about 2 seconds"},
	        {3, 1, 600, "HTTP body > column 4, at least 10 minutes"},
	        {1, 0, 0, "HTTP body > column 4, of unknown length"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct budget budget;
		struct finding_set s;
		struct finding f = example("audio", 0), told;

		budget_init(&budget, 1 << 20);
		finding_set_init(&s, &budget);
		f.sound = true;
		f.count = 0; /* nothing began: nothing is told */
		assert_int_equal(finding_set_add(&s, &f, true), STATUS_OK);
		assert_int_equal(s.count, 0);
		f.count = 1;
		for (uint64_t n = 0; n < cases[i].sounds; n++)
			assert_int_equal(finding_set_add(&s, &f, true), STATUS_OK);
		f.count = 0;
		f.seconds = cases[i].seconds;
		for (uint64_t n = 0; n < cases[i].measured; n++)
			assert_int_equal(finding_set_add(&s, &f, true), STATUS_OK);
		assert_int_equal(s.sums[0].finding.count, cases[i].sounds);
		finding_set_tell(&s.sums[0], &told);
		assert_string_equal(told.place, cases[i].words);
		finding_set_free(&s);
		assert_int_equal(budget.used_bytes, 0);
	}
}

static void weak_findings_name_no_patient(void **state)
{
	struct budget budget;
	struct finding_set s;
	struct finding f = example("medicare", 9);

	(void)state;
	budget_init(&budget, 1 << 20);
	finding_set_init(&s, &budget);
	f.tier = TIER_WEAK;
	assert_int_equal(finding_set_add(&s, &f, true), STATUS_OK);
	assert_int_equal(s.tag_count, 0);
	finding_set_free(&s);
}

static void past_its_maximum_the_set_folds_and_says_so(void **state)
{
	struct budget budget;
	struct finding_set s;
	char kind[DETECT_KIND_CHARS];

	(void)state;
	budget_init(&budget, 8 << 20);
	finding_set_init(&s, &budget);
	for (int i = 0; i < FINDING_SET_MAX + 10; i++) {
		snprintf(kind, sizeof(kind), "kind-%d", i);
		struct finding f = example(kind, 0);
		assert_int_equal(finding_set_add(&s, &f, true), STATUS_OK);
	}
	assert_int_equal(s.count, FINDING_SET_MAX);
	assert_int_equal(s.folded, 10);
	finding_set_free(&s);
	budget_init(&budget, 100); /* no room at all: folded, never lost in silence */
	finding_set_init(&s, &budget);
	struct finding f = example("medicare", 5);
	assert_int_equal(finding_set_add(&s, &f, true), STATUS_OK);
	assert_int_equal(s.folded, 1);
	assert_true(s.tags_at_least);
	finding_set_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(equal_findings_add_up_and_patients_count_once),
	        cmocka_unit_test(sound_is_told_with_its_length),
	        cmocka_unit_test(weak_findings_name_no_patient),
	        cmocka_unit_test(past_its_maximum_the_set_folds_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
