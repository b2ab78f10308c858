/* What reports and explanations say in the place of closed lists and codes: plain words, none that
 * says more than was seen, and no name of a list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/country.h"
#include "reading.h"
#include "report/sentences.h"

static bool reads_well(const char *text, const char *slug, bool sentence)
{
	char whole[512];
	bool good;

	snprintf(
	        whole, sizeof(whole), sentence ? "%s" : "What we can say of it is this: %s.", text);
	good = reading_grade(whole) <= READING_GRADE_MAX && !reading_avoided(text) &&
	       text[0] != '\0' && !strchr(text, '_') && !(strchr(slug, '-') && strstr(text, slug));
	if (!good)
		print_error("'%s' (%s): grade %.1f, %s\n", text, slug, reading_grade(whole),
		        reading_avoided(text) ? reading_avoided(text) : "no word to avoid");
	return good;
}

static void every_reason_reads_well(void **state)
{
	static const char *const reasons[] = {"encrypted", "sealed", "gap", "budget", "limit",
	        "key-late", "unknown-protocol", "media", "bypassed"};
	static const char *const sure[] = {"none", "unproven", "database", "override"};
	bool good = true;

	(void)state;
	for (unsigned i = 0; i < FLAGS; i++)
		good &= reads_well(sentence_why((enum flag_id)i), "", true);
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		assert_string_not_equal(sentence_reason(reasons[i]), reasons[i]);
		good &= reads_well(sentence_reason(reasons[i]), reasons[i], false);
	}
	for (size_t i = 0; i < ARRAY_LEN(sure); i++) {
		assert_string_not_equal(sentence_country_confidence(sure[i]), sure[i]);
		good &= reads_well(sentence_country_confidence(sure[i]), sure[i], false);
	}
	assert_true(good);
}

static void every_word_of_the_register_reads_well(void **state)
{
	bool good = true;

	(void)state;
	for (unsigned i = 0; i < PROGRAM_KINDS; i++)
		good &= reads_well(program_kind_words(i), program_kind_text(i), false);
	for (unsigned i = 0; i <= PROGRAM_BANNED; i++)
		good &= reads_well(program_status_words(i), "", false);
	for (unsigned i = 0; i <= ROLE_UPDATE_ONLY; i++)
		good &= reads_well(destination_role_words(i), destination_role_text(i), false);
	for (unsigned i = 0; i < PURPOSES; i++)
		good &= reads_well(purpose_words(i), purpose_text(i), false);
	for (unsigned i = 0; i <= BASIS_UNKNOWN; i++)
		good &= reads_well(basis_words(i), "", false);
	for (unsigned i = 0; i < CATEGORIES; i++)
		good &= reads_well(category_words(i), category_name(i), false);
	assert_true(good);
}

static void every_word_of_a_verdict_reads_well(void **state)
{
	bool good = true;

	(void)state;
	for (unsigned i = 0; i <= TIER_OPAQUE; i++)
		good &= reads_well(tier_words(i), tier_name(i), false);
	for (unsigned i = 0; i <= EVIDENCE_NOT_INSPECTABLE; i++)
		good &= reads_well(evidence_words(i), evidence_name(i), false);
	for (unsigned i = PAPER_COVERED; i <= PAPER_UNREADABLE; i++)
		good &= reads_well(paper_words(i), paper_name(i), false);
	for (unsigned i = OUTCOME_COVERED; i <= OUTCOME_CANNOT_TELL; i++)
		good &= reads_well(outcome_words(i), outcome_name(i), false);
	for (unsigned i = 0; i < CHANGE_KINDS; i++)
		good &= reads_well(change_heading(i), change_name(i), false);
	assert_true(good);
}

static void codes_become_countries(void **state)
{
	char text[CELL_CHARS];

	(void)state;
	sentence_countries("SG|AU|XX", text);
	assert_string_equal(text, "Singapore, Australia, XX");
	sentence_countries("", text);
	assert_string_equal(text, "");
	assert_string_equal(country_code("new zealand"), "NZ");
	assert_null(country_code("Atlantis"));
	assert_true(country_known("DE") && !country_known("de") && !country_known("XX"));
}

static void a_list_of_all_categories_fits(void **state)
{
	char text[CATEGORY_WORDS_CHARS];

	(void)state;
	category_set_words((UINT32_C(1) << CATEGORIES) - 1, text);
	assert_true(strlen(text) + 1 < sizeof(text));
	assert_non_null(strstr(text, category_words(CATEGORIES - 1)));
	category_set_words(0, text);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_reason_reads_well),
	        cmocka_unit_test(every_word_of_the_register_reads_well),
	        cmocka_unit_test(every_word_of_a_verdict_reads_well),
	        cmocka_unit_test(codes_become_countries),
	        cmocka_unit_test(a_list_of_all_categories_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
