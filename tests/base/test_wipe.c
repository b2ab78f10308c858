/* What is given back is overwritten first. The linker leads free() here (--wrap), which looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/wipe.h"

#define BLOCK_BYTES 1000

void __real_free(void *memory);
void __wrap_free(void *memory);

/* The block that is watched, and whether it was free of content when it was given back. */
static uint8_t *watched;
static bool came, was_clean;

void __wrap_free(void *memory)
{
	if (memory && memory == watched) {
		came = was_clean = true;
		for (size_t i = 0; i < BLOCK_BYTES; i++)
			was_clean = was_clean && watched[i] == 0;
	}
	__real_free(memory);
}

static void watch(void *block)
{
	volatile uint8_t *content = block; /* or the compiler leaves out what is freed unread */

	assert_non_null(block);
	for (size_t i = 0; i < BLOCK_BYTES; i++)
		content[i] = 'x';
	watched = block;
	came = was_clean = false;
}

static void memory_is_overwritten_before_it_is_given_back(void **state)
{
	(void)state;
	watch(malloc(BLOCK_BYTES));
	wipe_free(watched);
	assert_true(came && was_clean);
	watch(wipe_zlib_alloc(NULL, BLOCK_BYTES / 10, 10));
	wipe_zlib_free(NULL, watched);
	assert_true(came && was_clean);
	watch(malloc(BLOCK_BYTES));
	__wrap_free(watched);
	assert_true(came && !was_clean); /* the test can tell */
	wipe_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(memory_is_overwritten_before_it_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
