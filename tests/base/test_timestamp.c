#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/timestamp.h"

static void prints_utc_and_clamps(void **state)
{
	char text[TIME_RFC3339_CHARS];

	(void)state;
	time_rfc3339(INT64_C(1790000000123456789), text);
	assert_string_equal(text, "2026-09-21T14:13:20.123456Z");
	time_rfc3339(-5, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
	time_rfc3339(INT64_MAX, text);
	assert_string_equal(text, "2262-04-11T23:47:16.854775Z");
}

static void dates_are_exact_or_refused(void **state)
{
	int32_t day = 77;
	char text[TIME_DATE_CHARS];

	(void)state;
	assert_true(time_parse_date("1970-01-01", &day));
	assert_int_equal(day, 0);
	assert_true(time_parse_date("2024-02-29", &day));
	time_format_day(day, text);
	assert_string_equal(text, "2024-02-29");
	day = 77;
	assert_false(time_parse_date("2025-02-29", &day));
	assert_false(time_parse_date("2025-2-9", &day));
	assert_false(time_parse_date("01/02/2025", &day));
	assert_false(time_parse_date("2025-13-01", &day));
	assert_false(time_parse_date("", &day));
	assert_int_equal(day, 77);
}

static void local_days_follow_the_zone(void **state)
{
	int32_t day = 0;
	char text[TIME_DATE_CHARS];

	(void)state;
	assert_false(time_set_zone("../../etc/passwd"));
	assert_false(time_set_zone("Nowhere/Nothing"));
	assert_true(time_set_zone("UTC"));
	time_local_date(INT64_C(1790000000) * NS_PER_SECOND, text);
	assert_string_equal(text, "2026-09-21");
	if (!time_set_zone("Australia/Brisbane"))
		skip(); /* no zone data on this machine */
	time_local_date(INT64_C(1790000000) * NS_PER_SECOND, text);
	assert_string_equal(text, "2026-09-22");
	assert_true(time_parse_date("2026-09-22", &day));
	assert_true(time_local_midnight(day) == INT64_C(1789999200) * NS_PER_SECOND);
	assert_int_equal(time_local_day(time_local_midnight(day)), day);
	assert_true(time_parse_date("9999-12-31", &day));
	assert_true(time_local_midnight(day) == INT64_MAX);
	assert_true(time_parse_date("2026-09-22", &day));
	assert_int_equal(time_local_day(time_local_midnight(day) - 1), day - 1);
	assert_true(time_hour(INT64_C(1790000000) * NS_PER_SECOND) % NS_PER_HOUR == 0);
	assert_true(time_hour(-1) == -NS_PER_HOUR);
}

static void formats_whole_seconds(void **state)
{
	static const struct {
		int64_t time_s;
		const char *text;
	} cases[] = {{1735689600, "2025-01-01T00:00:00Z"}, {-1, "1969-12-31T23:59:59Z"},
	        {INT64_C(253402300799), "9999-12-31T23:59:59Z"},
	        {INT64_MAX, "9999-12-31T23:59:59Z"}, {INT64_MIN, "0000-01-01T00:00:00Z"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[TIME_RFC3339_CHARS];

		time_rfc3339_seconds(cases[i].time_s, text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(formats_whole_seconds),
	        cmocka_unit_test(prints_utc_and_clamps),
	        cmocka_unit_test(dates_are_exact_or_refused),
	        cmocka_unit_test(local_days_follow_the_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
