/* Files appear together or not at all, also when the disk is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "report/output_file.h"
#include "sample.h"

static void write_set(int fd, const char *text)
{
	struct output_set set;
	FILE *file;

	output_init(&set, fd);
	assert_int_equal(output_open(&set, "", "a.csv", &file), STATUS_OK);
	fputs(text, file);
	assert_int_equal(output_open(&set, "draft", "b.csv", &file), STATUS_OK);
	fputs(text, file);
	assert_int_equal(output_commit(&set), STATUS_OK);
}

static void expect_content(int fd, const char *name, const char *expected)
{
	char *text = sample_read(fd, name);

	if (expected) {
		assert_non_null(text);
		assert_string_equal(text, expected);
	} else {
		assert_null(text);
	}
	free(text);
}

static void files_appear_together_and_private(void **state)
{
	char path[64];
	int fd = sample_folder(path);
	struct output_set set;
	struct stat about;
	FILE *file;
	mode_t mask = umask(0);

	(void)state;
	write_set(fd, "old");
	umask(mask);
	assert_int_equal(fstatat(fd, "a.csv", &about, 0), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	output_init(&set, fd);
	assert_int_equal(output_open(&set, "", "a.csv", &file), STATUS_OK);
	fputs("new", file);
	fflush(file);
	expect_content(fd, "a.csv", "old");
	output_abort(&set);
	output_abort(&set);
	expect_content(fd, "a.csv", "old");
	expect_content(fd, ".a.csv.tmp", NULL);
	write_set(fd, "new");
	expect_content(fd, "a.csv", "new");
	expect_content(fd, "draft/b.csv", "new");
	close(fd);
	sample_remove_folder(path);
}

/* Somebody who may write to the folder cannot make us write elsewhere. */
static void links_are_not_followed(void **state)
{
	char path[64];
	int fd = sample_folder(path);
	struct output_set set;
	FILE *file;

	(void)state;
	assert_int_equal(symlinkat("target", fd, ".a.csv.tmp"), 0);
	assert_int_equal(symlinkat("target", fd, "a.csv"), 0);
	assert_int_equal(symlinkat(".", fd, "draft"), 0);
	output_init(&set, fd);
	assert_int_equal(output_open(&set, "", "a.csv", &file), STATUS_OK);
	fputs("ours", file);
	assert_true(output_open(&set, "draft", "b.csv", &file) < 0);
	assert_int_equal(output_commit(&set), STATUS_OK);
	expect_content(fd, "a.csv", "ours");
	expect_content(fd, "target", NULL);
	close(fd);
	sample_remove_folder(path);
}

static void nothing_is_left_of_a_failed_set(void **state)
{
	char path[64];
	int fd = sample_folder(path);
	struct rlimit old, tight = {1000, 1000};
	struct output_set set;
	FILE *file;

	(void)state;
	write_set(fd, "old");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	output_init(&set, fd);
	assert_int_equal(output_open(&set, "", "a.csv", &file), STATUS_OK);
	fputs("new", file);
	assert_int_equal(output_open(&set, "draft", "b.csv", &file), STATUS_OK);
	for (int i = 0; i < 2000; i++)
		fputc('x', file);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_int_equal(output_commit(&set), STATUS_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_false(set.replaced);
	expect_content(fd, "a.csv", "old");
	expect_content(fd, "draft/b.csv", "old");
	expect_content(fd, ".a.csv.tmp", NULL);
	expect_content(fd, "draft/.b.csv.tmp", NULL);
	close(fd);
	sample_remove_folder(path);
}

/* A folder stands where the second file belongs. */
static void a_set_says_when_it_fails_half_way(void **state)
{
	char path[64];
	int fd = sample_folder(path);
	struct output_set set;
	FILE *file;

	(void)state;
	output_init(&set, fd);
	assert_int_equal(output_open(&set, "", "a.csv", &file), STATUS_OK);
	fputs("new", file);
	assert_int_equal(output_open(&set, "", "b.csv", &file), STATUS_OK);
	assert_int_equal(mkdirat(fd, "b.csv", 0700), 0);
	assert_true(output_commit(&set) < 0);
	assert_true(set.replaced);
	expect_content(fd, "a.csv", "new");
	expect_content(fd, ".b.csv.tmp", NULL);
	assert_int_equal(unlinkat(fd, "b.csv", AT_REMOVEDIR), 0);
	close(fd);
	sample_remove_folder(path);
}

/* Fills the report's folder on a file system of 64 KiB. */
static void full_disk_keeps_the_old_files(int fd)
{
	struct sample s;
	struct report *r = NULL;
	int status = STATUS_OK;

	sample_open(&s);
	r = sample_report(&s, fd);
	assert_int_equal(report_write_dir(r), STATUS_OK);
	report_free(r);
	assert_int_equal(report_new(&r, s.store, s.registry, &s.run, fd), STATUS_OK);
	for (int i = 0; status == STATUS_OK && i < 1000; i++)
		status = report_add_flow(r, &s.report_flows[i % SAMPLE_FLOWS]);
	if (status == STATUS_OK)
		status = report_write_dir(r);
	assert_int_equal(status, STATUS_NO_SPACE);
	report_free(r);
	sample_close(&s);
}

static void a_full_disk_is_named(void **state)
{
	static const char *const names[] = {"summary.csv", "flags.csv", "flows.jsonl", "run.json",
	        "report.html", "draft/programs.csv", "draft/destinations.csv"};
	char path[64];
	int fd = sample_folder(path), inner;

	(void)state;
	close(fd);
	if (mount("none", path, "tmpfs", 0, "size=64k,mode=0700") != 0) {
		sample_remove_folder(path);
		print_message("SKIP: only root can mount a small file system; runs as "
		              "report_output_file_as_root\n");
		skip();
	}
	inner = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	full_disk_keeps_the_old_files(inner);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *text = sample_read(inner, names[i]);

		assert_non_null(text);
		assert_true(strlen(text) > 100);
		free(text);
	}
	expect_content(inner, ".flows.jsonl.tmp", NULL);
	expect_content(inner, ".summary.csv.tmp", NULL);
	close(inner);
	assert_int_equal(umount(path), 0);
	sample_remove_folder(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(files_appear_together_and_private),
	        cmocka_unit_test(links_are_not_followed),
	        cmocka_unit_test(a_set_says_when_it_fails_half_way),
	        cmocka_unit_test(nothing_is_left_of_a_failed_set),
	        cmocka_unit_test(a_full_disk_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
