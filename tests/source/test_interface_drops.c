#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "source/interface_drops.h"

static const char *const files[] = {
        "eth9/ifindex", "eth9/statistics/rx_missed_errors", "eth9/statistics/rx_fifo_errors"};

static void put(int folder, const char *name, const char *text)
{
	int fd = openat(folder, name, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Has the form of the kernel's folder. */
static int make_folder(char *path)
{
	int folder;

	assert_non_null(mkdtemp(path));
	folder = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(folder >= 0);
	assert_int_equal(mkdirat(folder, "eth9", 0700), 0);
	assert_int_equal(mkdirat(folder, "eth9/statistics", 0700), 0);
	put(folder, files[0], "7\n");
	put(folder, files[1], "1000\n");
	put(folder, files[2], "50\n");
	return folder;
}

static void remove_folder(int folder, const char *path)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlinkat(folder, files[i], 0);
	unlinkat(folder, "eth9/statistics", AT_REMOVEDIR);
	unlinkat(folder, "eth9", AT_REMOVEDIR);
	close(folder);
	assert_int_equal(rmdir(path), 0);
}

static void both_counters_count_from_the_start(void **state)
{
	char path[] = "/tmp/exeat-drops-XXXXXX";
	int folder = make_folder(path);
	struct interface_drops d;

	(void)state;
	interface_drops_open(&d, path, "eth9", 7);
	assert_int_equal(interface_drops_count(&d), 0);
	put(folder, files[1], "1004\n");
	put(folder, files[2], "51\n");
	assert_int_equal(interface_drops_count(&d), 5);
	assert_int_equal(interface_drops_count(&d), 5);
	put(folder, files[1], "3\n"); /* the interface was gone for a while */
	assert_int_equal(interface_drops_count(&d), 8);
	put(folder, files[1], "nonsense\n");
	assert_int_equal(interface_drops_count(&d), 8);
	put(folder, files[1], "");
	assert_int_equal(interface_drops_count(&d), 8);
	put(folder, files[1], "18446744073709551615\n");
	assert_true(interface_drops_count(&d) == UINT64_MAX - 3 + 8);
	interface_drops_close(&d);
	assert_int_equal(interface_drops_count(&d), UINT64_MAX - 3 + 8);
	remove_folder(folder, path);
}

static void nothing_is_counted_for_another_interface(void **state)
{
	static const struct {
		const char *name;
		unsigned index;
	} cases[] = {{"eth9", 8}, {"any", 0}, {"../eth9", 7}, {"", 7}};
	char path[] = "/tmp/exeat-drops-XXXXXX";
	int folder = make_folder(path);
	struct interface_drops d;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(folder, files[1], "1\n");
		interface_drops_open(&d, path, cases[i].name, cases[i].index);
		put(folder, files[1], "9\n");
		assert_int_equal(interface_drops_count(&d), 0);
		interface_drops_close(&d);
	}
	interface_drops_open(&d, "/nowhere", "eth9", 7);
	assert_int_equal(interface_drops_count(&d), 0);
	interface_drops_close(&d);
	remove_folder(folder, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(both_counters_count_from_the_start),
	        cmocka_unit_test(nothing_is_counted_for_another_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
