#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timestamp.h"
#include "pipeline/progress.h"

static void expect(const struct progress *now, const char *line)
{
	char text[PROGRESS_CHARS];

	progress_line(now, text);
	assert_string_equal(text, line);
}

static void files_of_known_size_have_a_share_and_an_end(void **state)
{
	struct progress now = {.bytes = 300000000,
	        .bytes_total = 1200000000,
	        .packets = 1503221,
	        .clinical = 1,
	        .elapsed_ns = 4 * NS_PER_SECOND};

	(void)state;
	expect(&now, "25% of 1.2 GB, 1503221 packets, clinical data in 1 conversation, "
	             "about 12 s left");
	now.elapsed_ns = NS_PER_SECOND;
	expect(&now, "25% of 1.2 GB, 1503221 packets, clinical data in 1 conversation");
	now.elapsed_ns = 100 * NS_PER_SECOND;
	now.clinical = 3;
	expect(&now, "25% of 1.2 GB, 1503221 packets, clinical data in 3 conversations, "
	             "about 5 min left");
	now.elapsed_ns = 3600 * NS_PER_SECOND;
	now.clinical = 0;
	expect(&now,
	        "25% of 1.2 GB, 1503221 packets, no clinical data seen so far, about 3 h left");
}

/* A file that grows while it is read, one that is a pipe, and one not begun. */
static void what_is_not_known_is_not_said(void **state)
{
	struct progress now = {.bytes = 1300, .bytes_total = 1200, .elapsed_ns = NS_PER_SECOND * 9};

	(void)state;
	expect(&now, "100% of 1.2 kB, 0 packets, no clinical data seen so far, about 0 s left");
	now.bytes_total = 0;
	expect(&now, "1.3 kB, 0 packets, no clinical data seen so far");
	now = (struct progress){.bytes_total = 999, .elapsed_ns = NS_PER_SECOND * 9};
	expect(&now, "0% of 999 bytes, 0 packets, no clinical data seen so far");
}

static void a_live_run_ends_by_the_clock(void **state)
{
	struct progress now = {.bytes = 123456,
	        .packets = 7,
	        .elapsed_ns = NS_PER_SECOND / 2,
	        .duration_ns = 7200 * NS_PER_SECOND};

	(void)state;
	expect(&now, "123 kB, 7 packets, no clinical data seen so far, about 2 h left");
	now.elapsed_ns = 7201 * NS_PER_SECOND;
	expect(&now, "123 kB, 7 packets, no clinical data seen so far, about 0 s left");
	now.duration_ns = 0;
	expect(&now, "123 kB, 7 packets, no clinical data seen so far");
}

static void the_largest_numbers_fit(void **state)
{
	const struct progress now = {.bytes = UINT64_MAX,
	        .packets = UINT64_MAX,
	        .clinical = UINT64_MAX,
	        .elapsed_ns = 0,
	        .duration_ns = INT64_MAX - NS_PER_SECOND};

	(void)state;
	expect(&now, "18446744 TB, 18446744073709551615 packets, "
	             "clinical data in 18446744073709551615 conversation"
	             "s, about 2562048 h left");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(files_of_known_size_have_a_share_and_an_end),
	        cmocka_unit_test(what_is_not_known_is_not_said),
	        cmocka_unit_test(a_live_run_ends_by_the_clock),
	        cmocka_unit_test(the_largest_numbers_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
