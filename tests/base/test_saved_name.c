#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/saved_name.h"

static void names_tell_when_they_were_begun(void **state)
{
	static const char *const stems[] = {"visit", "a", "x-1", "-", "x-20261122T111538Z"};
	char name[SAVED_NAME_CHARS];
	struct span stem;
	int64_t time_s;

	(void)state;
	saved_name_format("visit", 1795346138, 1, name);
	assert_string_equal(name, "visit-20261122T111538Z.pcapng");
	saved_name_format("visit", 1795346138, 2, name);
	assert_string_equal(name, "visit-20261122T111538Z-2.pcapng");
	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++)
		for (unsigned number = 1; number <= SAVED_NUMBER_MAX; number += 499) {
			saved_name_format(stems[i], 1795346138, number, name);
			time_s = 0;
			assert_true(saved_name_parse(name, &stem, &time_s));
			assert_int_equal(time_s, 1795346138);
			assert_true(span_equal_text(stem, stems[i]));
		}
}

static void the_longest_stem_fits(void **state)
{
	char long_stem[SAVED_STEM_CHARS_MAX + 2], name[SAVED_NAME_CHARS];
	struct span stem;
	int64_t time_s;

	(void)state;
	memset(long_stem, 's', sizeof(long_stem));
	long_stem[SAVED_STEM_CHARS_MAX] = '\0';
	saved_name_format(long_stem, 253402300799, SAVED_NUMBER_MAX, name);
	assert_int_equal(strlen(name), SAVED_NAME_CHARS - 1);
	assert_true(saved_name_parse(name, &stem, &time_s));
	assert_int_equal(stem.len, SAVED_STEM_CHARS_MAX);
	assert_true(time_s == 253402300799);
}

static void other_names_are_nobodys(void **state)
{
	static const char *const others[] = {"", ".pcapng", "visit.pcapng",
	        "20261122T111538Z.pcapng", "-20261122T111538Z.pcapng",
	        "visit-20261122T111538Z.pcap", "visit-20261122T111538Z.pcapng.gz",
	        "visit-20261122T111538.pcapng", "visit-20261122t111538Z.pcapng",
	        "visit-20261322T111538Z.pcapng", "visit-20261122T241538Z.pcapng",
	        "visit-20261122T116038Z.pcapng", "visit-2026112 T111538Z.pcapng",
	        "visit_20261122T111538Z.pcapng", "visit-20261122T111538Z-1.pcapng",
	        "visit-20261122T111538Z-02.pcapng", "visit-20261122T111538Z-1000.pcapng",
	        "visit-20261122T111538Z-.pcapng", "visit-20261122T111538Z-x.pcapng",
	        "visit-20261122T111538Z2.pcapng", "999.pcapng", "-999.pcapng"};
	struct span stem = {NULL, 77};
	int64_t time_s = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(saved_name_parse(others[i], &stem, &time_s));
	assert_int_equal(stem.len, 77);
	assert_int_equal(time_s, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_tell_when_they_were_begun),
	        cmocka_unit_test(the_longest_stem_fits),
	        cmocka_unit_test(other_names_are_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
