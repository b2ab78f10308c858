/* What flags say: words that a person without a technical background reads at once, and none that
 * says more than was seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/status.h"
#include "verdict/flag_rules.h"
#include "verdict/verdict.h"

#define FILE_BYTES_MAX 65536
#define GRADE_MAX      9.0

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

/* ---- the grade ---- */

static bool is_vowel(char c)
{
	return c != '\0' && strchr("aeiouy", c) != NULL;
}

/* "made", "notes" and "named" end without a syllable; "table", "boxes" and "needed" do not. */
static bool ends_silent(const char *word, size_t len)
{
	char last = word[len - 1], before = len > 2 ? word[len - 3] : '\0';

	if (last == 'e')
		return !is_vowel(word[len - 2]) && (word[len - 2] != 'l' || is_vowel(before));
	if (word[len - 2] != 'e' || is_vowel(before))
		return false;
	if (last == 's')
		return !strchr("sxzcgh", before);
	return last == 'd' && !strchr("td", before);
}

/* A syllable for each run of vowels (a e i o u y), less a silent ending; one at least. A number
 * counts as one. */
static unsigned syllables(const char *word, size_t len)
{
	unsigned count = 0;

	for (size_t i = 0; i < len; i++)
		count += is_vowel(word[i]) && (i == 0 || !is_vowel(word[i - 1]));
	if (count > 1 && len > 2 && ends_silent(word, len))
		count--;
	return count > 0 ? count : 1;
}

struct reading {
	unsigned words, sentences, syllables;
};

/* A word with hyphens is one word of several parts; an apostrophe is no end. What stands for a
 * filled placeholder, a file or a column of the register ({program}, basis.csv, evidence_ref) is
 * one plain word: a reader copies it. */
static void read_word(struct reading *r, const char *word, size_t len, bool plain)
{
	char part[64];
	size_t part_len = 0;

	r->words++;
	if (plain) {
		r->syllables++;
		return;
	}
	for (size_t i = 0; i <= len; i++) {
		if (i < len && word[i] != '-') {
			if (word[i] != '\'' && part_len < sizeof(part))
				part[part_len++] = (char)tolower((unsigned char)word[i]);
			continue;
		}
		if (part_len > 0)
			r->syllables += syllables(part, part_len);
		part_len = 0;
	}
}

static size_t word_length(const char *at, bool *ret_plain)
{
	size_t len = 0;

	*ret_plain = *at == '{';
	if (*at == '{')
		return strcspn(at, "}") + 1;
	while (isalnum((unsigned char)at[len]) || at[len] == '-' || at[len] == '\'' ||
	        at[len] == '_' || strncmp(at + len, ".csv", 4) == 0) {
		*ret_plain = *ret_plain || at[len] == '_' || at[len] == '.';
		len++;
	}
	return len;
}

/* Flesch-Kincaid (Kincaid, Fishburne, Rogers and Chissom 1975): 0.39 words a sentence + 11.8
 * syllables a word - 15.59. A sentence ends at . ? or ! before a space or the end; a semicolon or a
 * colon ends none. */
static double grade(const char *text)
{
	struct reading r = {0};

	while (*text) {
		bool plain;
		size_t len = word_length(text, &plain);

		if (len > 0) {
			read_word(&r, text, len, plain);
			text += len;
			continue;
		}
		r.sentences += strchr(".?!", *text) && (text[1] == ' ' || text[1] == '\0');
		text++;
	}
	if (r.words == 0)
		return 0;
	return 0.39 * r.words / (r.sentences ? r.sentences : 1) + 11.8 * r.syllables / r.words -
	       15.59;
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
		double difference = grade(known[i].text) - expected;

		if (difference > 0.001 || difference < -0.001)
			print_error("%s: %.2f, expected %.2f\n", known[i].text,
			        grade(known[i].text), expected);
		assert_true(difference < 0.001 && difference > -0.001);
	}
	assert_true(grade("The organisation's authorisation documentation necessitates "
	                  "clarification.") > GRADE_MAX);
}

static void every_sentence_reads_at_grade_nine(void **state)
{
	const struct flag_rules *rules = *state;
	bool good = true;

	for (unsigned i = 0; i < FLAGS; i++) {
		const struct flag_rule *rule = flag_rules_get(rules, (enum flag_id)i);
		const char *const told[] = {rule->sentence, rule->would_clear};

		for (size_t k = 0; k < ARRAY_LEN(told); k++) {
			if (grade(told[k]) <= GRADE_MAX)
				continue;
			print_error("grade %.1f, at most %.0f: %s: %s\n", grade(told[k]), GRADE_MAX,
			        flag_name((enum flag_id)i), told[k]);
			good = false;
		}
	}
	assert_true(good);
}

/* ---- words ---- */

/* Parts of words: "non-compliant" and "compliance" are both avoided. */
static const char *const avoided[] = {"breach", "illegal", "unlawful", "violat", "complian", "safe",
        "leak", "exfiltrat", "hack", "stolen", "no consent", "anonymous", "stored in australia",
        "all traffic", "risk", "%", " percent", "payload", "packet loss", "egress", "TLS", "SNI",
        "DNS", "plaintext", "cleartext"};

/* A flag is a question and says no more than was seen; {percent} is a share of traffic. */
static void no_sentence_says_more_than_we_know(void **state)
{
	const struct flag_rules *rules = *state;

	for (unsigned i = 0; i < FLAGS; i++) {
		const struct flag_rule *rule = flag_rules_get(rules, (enum flag_id)i);
		const char *const told[] = {rule->sentence, rule->would_clear, rule->rule};

		for (size_t k = 0; k < ARRAY_LEN(avoided) * ARRAY_LEN(told); k++) {
			const char *word = avoided[k / ARRAY_LEN(told)];

			if (strcasestr(told[k % ARRAY_LEN(told)], word))
				print_error("%s: %s\n", flag_name((enum flag_id)i), word);
			assert_null(strcasestr(told[k % ARRAY_LEN(told)], word));
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
