/* word_index: finds what a look at each word finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "detect/word_index.h"

#define WORDS 300
#define TEXTS 20000

/* The same in every run. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

static size_t make_text(uint32_t *state, unsigned letters, char *text, size_t max)
{
	size_t len = 1 + next_random(state) % max;

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + next_random(state) % letters);
	return len;
}

static bool fits(const struct word *w, const char *text, size_t len)
{
	if (len < w->len)
		return false;
	if (w->star_before && w->star_behind)
		return memmem(text, len, w->text, w->len) != NULL;
	if (w->star_before)
		return !memcmp(text + len - w->len, w->text, w->len);
	return !memcmp(text, w->text, w->len) && (w->star_behind || len == w->len);
}

static void compare(unsigned letters)
{
	static char texts[WORDS][WORD_BYTES_MAX];
	struct word words[WORDS];
	struct word_index *x = NULL;
	uint32_t random = 1;

	for (size_t i = 0; i < WORDS; i++)
		words[i] = (struct word){.text = texts[i],
		        .len = make_text(
		                &random, letters, texts[i], i % 10 == 0 ? WORD_BYTES_MAX : 7),
		        .kind = (uint8_t)(i % KIND_SET_KINDS),
		        .set = (uint8_t)(next_random(&random) % WORD_SETS),
		        .star_before = next_random(&random) % 2 == 0,
		        .star_behind = next_random(&random) % 2 == 0};
	assert_int_equal(word_index_new(&x, words, WORDS), STATUS_OK);
	for (unsigned n = 0; n < TEXTS; n++) {
		char text[2 * WORD_BYTES_MAX];
		size_t len = make_text(&random, letters, text, n % 10 == 0 ? sizeof(text) : 9);
		enum word_set set = (enum word_set)(n % WORD_SETS);
		struct kind_set expected = {{0}}, found;

		for (size_t i = 0; i < WORDS; i++)
			if (words[i].set == set && fits(&words[i], text, len))
				kind_set_add(&expected, words[i].kind);
		found = kind_set_join(word_index_find_start(x, set, span_of(text, len)),
		        word_index_find_end(x, set, span_of(text, len)));
		assert_memory_equal(&found, &expected, sizeof(found));
	}
	assert_null(word_index_free(x));
}

/* Of few letters, so that words lie in each other and texts hit; of many, so that most miss. */
static void test_as_a_look_at_each(void **state)
{
	(void)state;
	compare(3);
	compare(8);
	compare(26);
}

static void test_none(void **state)
{
	struct word_index *x = NULL;

	(void)state;
	assert_int_equal(word_index_new(&x, NULL, 0), STATUS_OK);
	assert_false(kind_set_any(word_index_find_start(x, WORD_KEY, span_of_text("medicare"))));
	assert_false(kind_set_any(word_index_find_end(x, WORD_KEY, span_of_text("medicare"))));
	assert_false(kind_set_any(word_index_find_start(x, WORD_KEY, span_of(NULL, 0))));
	assert_false(kind_set_any(word_index_find_end(x, WORD_KEY, span_of(NULL, 0))));
	word_index_free(x);
	assert_null(word_index_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_as_a_look_at_each),
	        cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
