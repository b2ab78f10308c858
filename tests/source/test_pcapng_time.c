#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "source/pcapng_time.h"
#include "source/source.h"

static void converts_each_resolution(void **state)
{
	static const struct {
		uint64_t units;
		uint8_t resolution;
		int64_t offset_s;
		int64_t ns;
	} rows[] = {
	        {1791000000, 0, 0, INT64_C(1791000000000000000)},
	        {1791000000123, 3, 0, INT64_C(1791000000123000000)},
	        {1791000000123456, 6, 0, INT64_C(1791000000123456000)},
	        {INT64_C(1791000000123456789), 9, 0, INT64_C(1791000000123456789)},
	        {UINT64_C(17910000001234567899), 10, 0, INT64_C(1791000000123456789)},
	        {UINT64_MAX, 28, 0, 1},
	        {UINT64_MAX, 29, 0, 0},
	        {UINT64_MAX, 127, 0, 0},
	        {1791000000, 0x80, 0, INT64_C(1791000000000000000)},
	        {UINT64_C(1791000000) << 10 | 512, 0x8a, 0, INT64_C(1791000000500000000)},
	        {UINT64_C(1791000000) << 32 | 1u << 31, 0xa0, 0, INT64_C(1791000000500000000)},
	        {UINT64_C(3) << 62, 0xbf, 0, 1500000000},
	        {UINT64_MAX, 0xc0, 0, 999999999},
	        {UINT64_MAX, 0xff, 0, 0},
	        {5000000, 6, -5, 0},
	        {5000000, 6, 10, INT64_C(15000000000)},
	        {0, 6, -1, 0},
	        /* What does not fit stays at the nearer end of the range. */
	        {UINT64_MAX, 0, 0, SOURCE_TIME_NS_MAX},
	        {UINT64_MAX, 6, 0, SOURCE_TIME_NS_MAX},
	        {UINT64_MAX, 0x80, 0, SOURCE_TIME_NS_MAX},
	        {UINT64_MAX, 6, INT64_MAX, SOURCE_TIME_NS_MAX},
	        {0, 6, INT64_MIN, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
		        pcapng_time_ns(rows[i].units, rows[i].resolution, rows[i].offset_s),
		        rows[i].ns);
}

/* One unit is at most a second, and more units are never less time. */
static void no_resolution_overflows(void **state)
{
	(void)state;
	for (unsigned resolution = 0; resolution < 256; resolution++) {
		int64_t small = pcapng_time_ns(1, (uint8_t)resolution, 0);
		int64_t large = pcapng_time_ns(UINT64_MAX, (uint8_t)resolution, 0);

		assert_true(small >= 0 && small <= INT64_C(1000000000));
		assert_true(large >= small);
		assert_true(pcapng_time_ns(0, (uint8_t)resolution, 0) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(converts_each_resolution),
	        cmocka_unit_test(no_resolution_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
