#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/timestamp.h"
#include "flow/flow.h"
#include "pipeline/live_clock.h"

#define T0    (INT64_C(1790000000) * NS_PER_SECOND)
#define BEGAN (5000 * NS_PER_SECOND) /* by the monotonic clock */
#define LAG   LIVE_CLOCK_LAG_NS

/* So many seconds after it began; the time of day is off by so many. */
static struct live_moment moment(int64_t seconds, int64_t off_seconds, bool quiet)
{
	return (struct live_moment){.monotonic_ns = BEGAN + seconds * NS_PER_SECOND,
	        .time_of_day_ns = T0 + (seconds + off_seconds) * NS_PER_SECOND,
	        .quiet = quiet};
}

static int64_t now(struct live_clock *c, struct live_moment m, int64_t ticked_ns)
{
	return live_clock_now(c, &m, ticked_ns);
}

static void time_passes_while_nothing_comes(void **state)
{
	struct live_clock c;

	(void)state;
	live_clock_begin(&c, BEGAN);
	assert_int_equal(now(&c, moment(3, 0, true), 0), 0);
	assert_int_equal(now(&c, moment(10, 0, true), T0), T0 + 10 * NS_PER_SECOND - LAG);
	/* What waits in the ring may be older. */
	assert_int_equal(now(&c, moment(20, 0, false), T0), T0);
	/* A packet has come meanwhile: its time is later than what is known of all. */
	assert_int_equal(
	        now(&c, moment(20, 0, true), T0 + 20 * NS_PER_SECOND), T0 + 20 * NS_PER_SECOND);
}

static void a_clock_set_back_is_waited_for_at_half_speed(void **state)
{
	struct live_clock c;
	int64_t ticked_ns = T0, at = 1;

	(void)state;
	live_clock_begin(&c, BEGAN);
	assert_int_equal(now(&c, moment(at, -600, true), ticked_ns), T0);
	assert_int_equal(now(&c, moment(3, -600, false), ticked_ns), T0 + NS_PER_SECOND);
	for (at = 3; at < 2400; at += 2) {
		int64_t next_ns = now(&c, moment(at, -600, true), ticked_ns);

		assert_true(next_ns >= ticked_ns);
		ticked_ns = next_ns;
	}
	assert_true(ticked_ns <= moment(at, -600, true).time_of_day_ns);
	assert_true(ticked_ns > moment(at - 4, -600, true).time_of_day_ns);
}

static void a_clock_set_back_far_is_another_time(void **state)
{
	struct live_clock c;
	int64_t back_ns;

	(void)state;
	live_clock_begin(&c, BEGAN);
	back_ns = now(&c, moment(1, -7200, false), T0);
	assert_int_equal(back_ns, T0 - 7199 * NS_PER_SECOND - LAG);
	assert_true(T0 - back_ns > FLOW_CLOCK_BACK_NS);
	assert_int_equal(now(&c, moment(5, -7200, true), back_ns), back_ns + 4 * NS_PER_SECOND);
}

static void the_stretch_is_that_of_listening(void **state)
{
	int64_t first_ns = T0, last_ns = T0;
	struct live_clock c;

	(void)state;
	live_clock_begin(&c, BEGAN);
	live_clock_stretch(&c, &first_ns, &last_ns);
	assert_true(first_ns == T0 && last_ns == T0);
	live_clock_heard(&c, BEGAN + 3 * NS_PER_SECOND);
	live_clock_heard(&c, BEGAN + 4 * NS_PER_SECOND);
	assert_int_equal(now(&c, moment(9, 0, true), T0), T0 + 9 * NS_PER_SECOND - LAG);
	live_clock_stretch(&c, &first_ns, &last_ns);
	assert_int_equal(first_ns, T0 - 3 * NS_PER_SECOND);
	assert_int_equal(last_ns, T0 + 5 * NS_PER_SECOND);
}

static void a_long_silence_is_not_captured(void **state)
{
	int64_t first_ns = T0, last_ns = T0;
	struct live_clock c;

	(void)state;
	live_clock_begin(&c, BEGAN);
	live_clock_heard(&c, BEGAN + 5 * LIVE_CLOCK_SILENCE_NS);
	assert_true(now(&c, moment(36000, 0, true), T0) > T0);
	live_clock_stretch(&c, &first_ns, &last_ns);
	assert_int_equal(first_ns, T0 - LIVE_CLOCK_SILENCE_NS);
	assert_int_equal(last_ns, T0 + LIVE_CLOCK_SILENCE_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(time_passes_while_nothing_comes),
	        cmocka_unit_test(a_clock_set_back_is_waited_for_at_half_speed),
	        cmocka_unit_test(a_clock_set_back_far_is_another_time),
	        cmocka_unit_test(the_stretch_is_that_of_listening),
	        cmocka_unit_test(a_long_silence_is_not_captured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
