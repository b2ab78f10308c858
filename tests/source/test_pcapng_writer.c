/* What the writer writes, read back by the reader of this layer. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/status.h"
#include "capture_builder.h"
#include "source/pcapng_writer.h"

#define START_NS INT64_C(1795346138123456789)

static const struct pcapng_head head = {.application = "exeat test",
        .comment = "Purpose: a test",
        .interface = "eth7",
        .link_type = 1,
        .snap_bytes = 262144};

static uint8_t content[70000];

static struct frame frame_of(size_t len, uint32_t wire_bytes, int64_t time_ns)
{
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7);
	return (struct frame){
	        .bytes = {content, len}, .length_bytes = wire_bytes, .time_ns = time_ns};
}

static int temporary_file(void)
{
	char path[] = "/tmp/exeat-writer-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static struct buf content_of(int fd)
{
	struct stat info;
	struct buf bytes;
	uint8_t piece[4096];
	ssize_t len;

	assert_int_equal(fstat(fd, &info), 0);
	buf_init(&bytes, (size_t)info.st_size + 1, NULL);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	while ((len = read(fd, piece, sizeof(piece))) > 0)
		assert_int_equal(buf_append(&bytes, span_of(piece, (size_t)len)), STATUS_OK);
	return bytes;
}

static void what_is_written_can_be_read(void **state)
{
	static const size_t lengths[] = {60, 61, 62, 63, 1, 0, 1500};
	const struct pcapng_statistics statistics = {
	        START_NS, START_NS + 99, .received = 12, .interface_dropped = 2, .dropped = 3};
	struct pcapng_writer w;
	struct built_result result;
	struct buf bytes;
	int fd = temporary_file();

	(void)state;
	assert_int_equal(pcapng_writer_begin(&w, fd, &head), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct frame f = frame_of(
		        lengths[i], (uint32_t)(lengths[i] + i * 1000), START_NS + (int64_t)i);

		assert_int_equal(pcapng_writer_add(&w, &f), STATUS_OK);
	}
	assert_int_equal(w.pending_frames, ARRAY_LEN(lengths));
	assert_int_equal(pcapng_writer_finish(&w, &statistics), STATUS_OK);
	assert_int_equal(w.written_frames, ARRAY_LEN(lengths));
	pcapng_writer_end(&w);
	bytes = content_of(fd);
	assert_int_equal(bytes.len, w.written_bytes);
	assert_true(span_find(buf_span(&bytes), span_of_text("Purpose: a test")) != SIZE_MAX);
	assert_true(span_find(buf_span(&bytes), span_of_text("exeat test")) != SIZE_MAX);
	assert_true(span_find(buf_span(&bytes), span_of_text("eth7")) != SIZE_MAX);
	build_check(buf_span(&bytes), &result);
	assert_int_equal(result.count, ARRAY_LEN(lengths));
	for (size_t i = 0; i < result.count; i++) {
		assert_int_equal(result.frames[i].len, lengths[i]);
		assert_int_equal(result.frames[i].length_bytes, lengths[i] + i * 1000);
		assert_true(result.frames[i].time_ns == START_NS + (int64_t)i);
		assert_int_equal(result.frames[i].link_type, 1);
	}
	assert_int_equal(result.counts.dropped_frames, 5);
	assert_int_equal(result.counts.skipped_blocks, 0);
	assert_int_equal(result.counts.end, STATUS_END);
	buf_free(&bytes);
	close(fd);
}

static void frames_wait_until_there_are_many(void **state)
{
	struct pcapng_writer w;
	struct frame f = frame_of(1400, 1400, START_NS);
	uint64_t head_bytes;
	int fd = temporary_file();

	(void)state;
	assert_int_equal(pcapng_writer_begin(&w, fd, &head), STATUS_OK);
	head_bytes = w.written_bytes;
	for (int i = 0; i < 100; i++)
		assert_int_equal(pcapng_writer_add(&w, &f), STATUS_OK);
	assert_int_equal(w.written_bytes, head_bytes);
	for (int i = 0; i < 100; i++)
		assert_int_equal(pcapng_writer_add(&w, &f), STATUS_OK);
	assert_true(w.written_frames > 100);
	assert_int_equal(w.written_frames + w.pending_frames, 200);
	pcapng_writer_end(&w);
	close(fd);
}

/* The largest file that may be written stands for a disk that fills up in the middle of a block. */
static void a_full_disk_leaves_whole_blocks(void **state)
{
	const struct rlimit limit = {300000, RLIM_INFINITY};
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	struct pcapng_writer w;
	struct built_result result;
	struct frame f = frame_of(60000, 60000, START_NS);
	struct buf bytes;
	int fd = temporary_file();
	int status = STATUS_OK;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(pcapng_writer_begin(&w, fd, &head), STATUS_OK);
	assert_int_equal(pcapng_writer_add(&w, &f), STATUS_OK);
	assert_int_equal(pcapng_writer_flush(&w), STATUS_OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; status == STATUS_OK && i < 10; i++)
		status = pcapng_writer_add(&w, &f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_true(status < 0);
	assert_int_equal(w.written_frames, 1);
	assert_true(w.pending_frames > 0);
	pcapng_writer_end(&w);
	bytes = content_of(fd);
	assert_int_equal(bytes.len, w.written_bytes);
	build_read_bytes(buf_span(&bytes), &result);
	assert_int_equal(result.count, 1);
	assert_int_equal(result.counts.end, STATUS_END);
	buf_free(&bytes);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_written_can_be_read),
	        cmocka_unit_test(frames_wait_until_there_are_many),
	        cmocka_unit_test(a_full_disk_leaves_whole_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
