/* Files of saved content: when they are begun, when they are deleted, and what is in the way. */
#include <dirent.h>
#include <endian.h>
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

#include "base/status.h"
#include "base/timestamp.h"
#include "capture_builder.h"
#include "source/saver.h"

#define NOW_S  INT64_C(1795346138) /* 2026-11-22 11:15:38 */
#define NOW_NS (NOW_S * NS_PER_SECOND)
#define DAY_S  86400

static uint8_t content[1000];

static const struct frame frame = {.bytes = {content, sizeof(content)},
        .length_bytes = 1000,
        .link_type = 1,
        .time_ns = NOW_NS};

struct place {
	char path[32];
	int fd;
	struct saver *saver;
	struct saver_options options;
};

static void open_place(struct place *p)
{
	*p = (struct place){.path = "/tmp/exeat-saver-XXXXXX"};
	assert_non_null(mkdtemp(p->path));
	p->fd = open(p->path, O_RDONLY | O_DIRECTORY);
	assert_true(p->fd >= 0);
	p->options = (struct saver_options){.folder_fd = p->fd,
	        .stem = "visit",
	        .application = "exeat",
	        .interface = "eth0",
	        .comment = "a test",
	        .snap_bytes = 65536,
	        .keep_ns = 14 * DAY_S * NS_PER_SECOND,
	        .every_ns = 3600 * NS_PER_SECOND,
	        .file_bytes = 1 << 20};
}

static void start(struct place *p)
{
	assert_int_equal(saver_new(&p->saver, &p->options, NULL), STATUS_OK);
	saver_tick(p->saver, 0, NOW_NS);
}

static void make(const struct place *p, const char *name)
{
	int fd = openat(p->fd, name, O_CREAT | O_WRONLY | O_EXCL, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static bool there(const struct place *p, const char *name)
{
	struct stat info;

	return fstatat(p->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

static size_t frames_in(const struct place *p, const char *name)
{
	static struct built_result result;

	build_read(openat(p->fd, name, O_RDONLY), &result);
	assert_int_equal(result.counts.end, STATUS_END);
	assert_string_equal(result.counts.format, "pcapng");
	return result.counts.frames;
}

/* Removes what is there; gives how many there were. */
static size_t close_place(struct place *p)
{
	DIR *folder = fdopendir(p->fd);
	struct dirent *entry;
	size_t count = 0;

	saver_free(p->saver);
	rewinddir(folder);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' && unlinkat(p->fd, entry->d_name, 0) == 0)
			count++;
	closedir(folder);
	assert_int_equal(rmdir(p->path), 0);
	return count;
}

static void a_file_begins_with_its_first_frame(void **state)
{
	struct saver_counts counts;
	struct stat info;
	struct place p;

	(void)state;
	open_place(&p);
	start(&p);
	assert_false(there(&p, "visit-20261122T111538Z.pcapng"));
	for (int i = 0; i < 7; i++)
		saver_feed(p.saver, &frame);
	assert_int_equal(fstatat(p.fd, "visit-20261122T111538Z.pcapng", &info, 0), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	/* A second later what waits is written, so that little is lost by a kill. */
	saver_tick(p.saver, SAVER_FLUSH_NS, NOW_NS + SAVER_FLUSH_NS);
	assert_int_equal(frames_in(&p, "visit-20261122T111538Z.pcapng"), 7);
	saver_feed(p.saver, &frame);
	saver_finish(p.saver);
	saver_finish(p.saver);
	assert_int_equal(frames_in(&p, "visit-20261122T111538Z.pcapng"), 8);
	saver_counts(p.saver, &counts);
	assert_int_equal(counts.files, 1);
	assert_int_equal(counts.frames, 8);
	assert_int_equal(counts.frames_not_saved, 0);
	assert_null(saver_trouble(p.saver));
	assert_int_equal(close_place(&p), 1);
}

static void files_end_by_size_and_by_time(void **state)
{
	struct frame other = frame;
	struct place p;

	(void)state;
	open_place(&p);
	p.options.file_bytes = 5000;
	start(&p);
	for (int i = 0; i < 12; i++)
		saver_feed(p.saver, &frame);
	assert_int_equal(frames_in(&p, "visit-20261122T111538Z.pcapng"), 5);
	assert_int_equal(frames_in(&p, "visit-20261122T111538Z-2.pcapng"), 5);
	/* An hour after the third began it ends, though no frame comes. */
	saver_tick(p.saver, 3600 * NS_PER_SECOND, NOW_NS + 3600 * NS_PER_SECOND);
	assert_int_equal(frames_in(&p, "visit-20261122T111538Z-3.pcapng"), 2);
	saver_feed(p.saver, &frame);
	other.link_type = 101;
	saver_feed(p.saver, &other);
	saver_finish(p.saver);
	assert_int_equal(frames_in(&p, "visit-20261122T121538Z.pcapng"), 1);
	assert_int_equal(frames_in(&p, "visit-20261122T121538Z-2.pcapng"), 1);
	assert_int_equal(close_place(&p), 5);
}

static void what_is_too_old_is_deleted_and_nothing_else(void **state)
{
	static const char *const others[] = {
	        "visit-20261108T111539Z.pcapng", /* a second too young */
	        "visit-20260101T000000Z.pcap", "other-20260101T000000Z.pcapng", "visit.pcapng",
	        "visit-20260101.pcapng", "xvisit-20260101T000000Z.pcapng"};
	struct saver_counts counts;
	struct place p;

	(void)state;
	open_place(&p);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		make(&p, others[i]);
	make(&p, "visit-20261108T111538Z.pcapng");
	make(&p, "visit-20260101T000000Z-17.pcapng");
	assert_int_equal(symlinkat("visit.pcapng", p.fd, "visit-20260101T000001Z.pcapng"), 0);
	start(&p);
	assert_false(there(&p, "visit-20261108T111538Z.pcapng"));
	assert_false(there(&p, "visit-20260101T000000Z-17.pcapng"));
	assert_true(there(&p, "visit-20260101T000001Z.pcapng"));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_true(there(&p, others[i]));
	/* While it runs, too. */
	saver_tick(p.saver, SAVER_EXPIRY_NS_MAX - 1, NOW_NS + 2 * NS_PER_SECOND);
	assert_true(there(&p, others[0]));
	saver_tick(p.saver, SAVER_EXPIRY_NS_MAX, NOW_NS + 2 * NS_PER_SECOND);
	assert_false(there(&p, others[0]));
	saver_counts(p.saver, &counts);
	assert_int_equal(counts.files_deleted, 3);
	assert_int_equal(close_place(&p), ARRAY_LEN(others));
}

/* Its name says that it is too old, by a clock that stepped: what comes goes to another file. */
static void nothing_is_written_to_a_file_that_is_deleted(void **state)
{
	struct saver_counts counts;
	struct place p;

	(void)state;
	open_place(&p);
	start(&p);
	saver_feed(p.saver, &frame);
	saver_tick(p.saver, SAVER_EXPIRY_NS_MAX, NOW_NS + p.options.keep_ns);
	assert_false(there(&p, "visit-20261122T111538Z.pcapng"));
	saver_feed(p.saver, &frame);
	saver_feed(p.saver, &frame);
	saver_finish(p.saver);
	assert_int_equal(frames_in(&p, "visit-20261206T111538Z.pcapng"), 2);
	/* Back: the file of later stays. */
	saver_tick(p.saver, 2 * SAVER_EXPIRY_NS_MAX, NOW_NS);
	saver_feed(p.saver, &frame);
	saver_finish(p.saver);
	assert_int_equal(frames_in(&p, "visit-20261122T111538Z.pcapng"), 1);
	saver_counts(p.saver, &counts);
	assert_int_equal(counts.files, 3);
	assert_int_equal(counts.frames, 4);
	assert_int_equal(counts.files_deleted, 1);
	assert_int_equal(counts.frames_not_saved, 0);
	assert_int_equal(close_place(&p), 2);
}

/* The seconds of its name begin before it does. */
static void a_file_that_lasts_as_long_as_it_is_kept_is_whole(void **state)
{
	const int64_t half_ns = NS_PER_SECOND / 2, start_ns = NOW_NS + NS_PER_SECOND * 4 / 10;
	struct saver_counts counts;
	struct place p;

	(void)state;
	open_place(&p);
	p.options.keep_ns = p.options.every_ns = 4 * NS_PER_SECOND;
	assert_int_equal(saver_new(&p.saver, &p.options, NULL), STATUS_OK);
	saver_tick(p.saver, 0, start_ns);
	for (int64_t ns = half_ns; ns <= 4 * NS_PER_SECOND; ns += half_ns) {
		saver_tick(p.saver, ns, start_ns + ns);
		saver_feed(p.saver, &frame);
	}
	saver_finish(p.saver);
	saver_counts(p.saver, &counts);
	assert_int_equal(counts.files, 2);
	assert_int_equal(counts.files_deleted, 1);
	assert_int_equal(counts.frames, 8);
	assert_int_equal(frames_in(&p, "visit-20261122T111542Z.pcapng"), 1);
	assert_int_equal(close_place(&p), 1);
}

static void too_little_room_is_told_once_and_counted(void **state)
{
	struct saver_counts counts;
	const char *trouble;
	struct place p;

	(void)state;
	open_place(&p);
	p.options.floor_bytes = UINT64_C(1) << 60;
	start(&p);
	for (int i = 0; i < 5; i++)
		saver_feed(p.saver, &frame);
	trouble = saver_trouble(p.saver);
	assert_non_null(trouble);
	assert_non_null(strstr(trouble, "MiB are free"));
	assert_null(saver_trouble(p.saver));
	saver_tick(p.saver, 2 * SAVER_RETRY_NS, NOW_NS);
	saver_feed(p.saver, &frame);
	assert_null(saver_trouble(p.saver));
	saver_counts(p.saver, &counts);
	assert_int_equal(counts.frames_not_saved, 6);
	assert_int_equal(counts.files, 0);
	assert_int_equal(close_place(&p), 0);
}

/* An input of eight frames, after each of which it says that so many more were dropped. */
static struct source *open_dropping_source(uint64_t dropped)
{
	struct source *source;
	struct builder b;
	int fd;

	build_start(&b, false);
	build_section(&b);
	build_interface(&b, 1, 65536, 9);
	for (uint64_t i = 1; i <= 8; i++) {
		const uint64_t value = htole64(i * dropped);
		size_t opened;

		build_packet(&b, 0, (uint64_t)NOW_NS + i, 60);
		opened = build_block_open(&b, 5);
		build_u32(&b, 0);
		build_u64(&b, 0);
		build_option(&b, 5, &value, sizeof(value)); /* isb_ifdrop */
		build_u32(&b, 0);
		build_block_close(&b, opened);
	}
	fd = build_file(buf_span(&b.bytes));
	build_free(&b);
	assert_int_equal(source_open_files(&source, &fd, 1, NULL), STATUS_OK);
	return source;
}

struct told {
	uint64_t received, dropped, got;
};

/* Of the statistics at the end of a file, which are written in the machine's own byte order. */
static struct told told_by(const struct place *p, const char *name)
{
	/* Each option is 4 and 8 bytes; then the end of options and the block's length. */
	uint8_t tail[4 * 12 + 8];
	struct told told;
	int fd = openat(p->fd, name, O_RDONLY);

	assert_true(lseek(fd, -(off_t)sizeof(tail), SEEK_END) > 0);
	assert_int_equal(read(fd, tail, sizeof(tail)), sizeof(tail));
	close(fd);
	memcpy(&told.received, tail + 4, 8);
	memcpy(&told.dropped, tail + 2 * 12 + 4, 8);
	memcpy(&told.got, tail + 3 * 12 + 4, 8);
	return told;
}

static void feed_from(struct place *p, struct source *source, int count)
{
	struct frame read;

	while (count-- > 0) {
		assert_int_equal(source_next(source, 0, &read), STATUS_ITEM);
		saver_feed(p->saver, &read);
	}
}

/* Together the files tell of every frame once: by whatever one ends, and between two. */
static void statistics_tell_of_every_frame_once(void **state)
{
	const int64_t hour_ns = 3600 * NS_PER_SECOND;
	struct source *source = open_dropping_source(2);
	struct source_counts counts;
	struct frame left_out;
	struct told first, second, third, last;
	struct place p;

	(void)state;
	open_place(&p);
	p.options.file_bytes = 240; /* a head of about 100, and twice 92 */
	assert_int_equal(saver_new(&p.saver, &p.options, source), STATUS_OK);
	saver_tick(p.saver, 0, NOW_NS);
	feed_from(&p, source, 2);
	feed_from(&p, source, 1); /* begins the second: the first was full */
	saver_tick(p.saver, hour_ns, NOW_NS + hour_ns);
	assert_int_equal(source_next(source, 0, &left_out), STATUS_ITEM);
	feed_from(&p, source, 2);
	saver_tick(p.saver, 2 * hour_ns, NOW_NS + 2 * hour_ns);
	feed_from(&p, source, 2);
	saver_finish(p.saver);
	assert_int_equal(source_counts(source, 0, &counts), STATUS_OK);
	first = told_by(&p, "visit-20261122T111538Z.pcapng");
	second = told_by(&p, "visit-20261122T111538Z-2.pcapng");
	third = told_by(&p, "visit-20261122T121538Z.pcapng");
	last = told_by(&p, "visit-20261122T131538Z.pcapng");
	assert_int_equal(first.got, 2);
	assert_int_equal(first.received - first.dropped, 2);
	assert_int_equal(second.got, 1);
	assert_int_equal(second.received - second.dropped, 1);
	assert_int_equal(third.got, 2);
	assert_int_equal(third.received - third.dropped, 3); /* one of them was not saved */
	assert_int_equal(last.received - last.dropped, last.got);
	assert_int_equal(first.dropped + second.dropped + third.dropped + last.dropped,
	        counts.dropped_frames);
	assert_true(counts.dropped_frames > 0);
	close_place(&p);
	source_free(source);
}

/* A folder that is gone, until it is another one. */
static void trouble_is_tried_again(void **state)
{
	struct saver_counts counts;
	char gone[] = "/tmp/exeat-saver-XXXXXX";
	struct place p;
	int folder;

	(void)state;
	open_place(&p);
	folder = p.fd;
	assert_non_null(mkdtemp(gone));
	p.options.folder_fd = open(gone, O_RDONLY | O_DIRECTORY);
	assert_int_equal(rmdir(gone), 0);
	start(&p);
	saver_feed(p.saver, &frame);
	saver_feed(p.saver, &frame);
	assert_non_null(strstr(saver_trouble(p.saver), "cannot be saved"));
	assert_int_equal(dup2(folder, p.options.folder_fd), p.options.folder_fd);
	saver_feed(p.saver, &frame); /* too early */
	saver_tick(p.saver, SAVER_RETRY_NS, NOW_NS + SAVER_RETRY_NS);
	saver_feed(p.saver, &frame);
	saver_finish(p.saver);
	assert_int_equal(frames_in(&p, "visit-20261122T111543Z.pcapng"), 1);
	saver_counts(p.saver, &counts);
	assert_int_equal(counts.frames_not_saved, 3);
	assert_int_equal(counts.frames, 1);
	close(p.options.folder_fd);
	assert_int_equal(close_place(&p), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_file_begins_with_its_first_frame),
	        cmocka_unit_test(files_end_by_size_and_by_time),
	        cmocka_unit_test(what_is_too_old_is_deleted_and_nothing_else),
	        cmocka_unit_test(nothing_is_written_to_a_file_that_is_deleted),
	        cmocka_unit_test(a_file_that_lasts_as_long_as_it_is_kept_is_whole),
	        cmocka_unit_test(too_little_room_is_told_once_and_counted),
	        cmocka_unit_test(statistics_tell_of_every_frame_once),
	        cmocka_unit_test(trouble_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
