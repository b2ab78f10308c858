/* What flags say: words that a person without a technical background reads at once, and none that
 * says more than was seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "reading.h"
#include "verdict/flag_rules.h"
#include "verdict/verdict.h"

#define FILE_BYTES_MAX 65536

static int set_up(void **state)
{
	static char bytes[FILE_BYTES_MAX];
	FILE *file = fopen(SOURCE "/rules/flags.csv", "rb");
	struct csv_problem problem;
	struct flag_rules *rules = NULL;
	size_t len;

	assert_non_null(file);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_true(len < sizeof(bytes));
	assert_int_equal(flag_rules_new(&rules, span_of(bytes, len), &problem), STATUS_OK);
	*state = rules;
	return 0;
}

static int tear_down(void **state)
{
	flag_rules_free(*state);
	return 0;
}

static void the_grade_is_counted_by_the_rule(void **state)
{
	static const struct {
		const char *text;
		unsigned words, sentences, syllables;
	} known[] = {
	        {"The cat sat.", 3, 1, 3},
	        {"A table is named.", 4, 1, 5},
	        {"Boxes needed! Notes made?", 4, 2, 6},
	        {"{program} asks for basis.csv; type evidence_ref.", 6, 1, 6},
	        {"De-identified data isn't here.", 4, 1, 9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		double expected = 0.39 * known[i].words / known[i].sentences +
		                  11.8 * known[i].syllables / known[i].words - 15.59;
		double difference = reading_grade(known[i].text) - expected;

		if (difference > 0.001 || difference < -0.001)
			print_error("%s: %.2f, expected %.2f\n", known[i].text,
			        reading_grade(known[i].text), expected);
		assert_true(difference < 0.001 && difference > -0.001);
	}
	assert_true(reading_grade("The organisation's authorisation documentation necessitates "
	                          "clarification.") > READING_GRADE_MAX);
}

static void every_sentence_reads_at_grade_nine(void **state)
{
	const struct flag_rules *rules = *state;
	bool good = true;

	for (unsigned i = 0; i < FLAGS; i++) {
		const struct flag_rule *rule = flag_rules_get(rules, (enum flag_id)i);
		const char *const told[] = {rule->sentence, rule->would_clear};

		for (size_t k = 0; k < ARRAY_LEN(told); k++) {
			if (reading_grade(told[k]) <= READING_GRADE_MAX)
				continue;
			print_error("grade %.1f, at most %.0f: %s: %s\n", reading_grade(told[k]),
			        READING_GRADE_MAX, flag_name((enum flag_id)i), told[k]);
			good = false;
		}
	}
	assert_true(good);
}

/* A flag is a question and says no more than was seen; {percent} is a share of traffic. */
static void no_sentence_says_more_than_we_know(void **state)
{
	const struct flag_rules *rules = *state;

	for (unsigned i = 0; i < FLAGS; i++) {
		const struct flag_rule *rule = flag_rules_get(rules, (enum flag_id)i);
		const char *const told[] = {rule->sentence, rule->would_clear, rule->rule};

		for (size_t k = 0; k < ARRAY_LEN(told); k++) {
			const char *word = reading_avoided(told[k]);

			if (word)
				print_error("%s: %s\n", flag_name((enum flag_id)i), word);
			assert_null(word);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_grade_is_counted_by_the_rule),
	        cmocka_unit_test(every_sentence_reads_at_grade_nine),
	        cmocka_unit_test(no_sentence_says_more_than_we_know),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
