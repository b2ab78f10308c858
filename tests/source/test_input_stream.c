#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <cmocka.h>

#include "base/digest.h"
#include "base/status.h"
#include "capture_builder.h"

#define FRAMES 40

static void build_capture(struct builder *b)
{
	build_start(b, false);
	build_pcap_header(b, 0xa1b2c3d4, 0x00020004, 1);
	for (uint32_t i = 0; i < FRAMES; i++)
		build_pcap_frame(b, 1791000000 + i, 0, 20 + i * 3);
}

static void add_gzip(struct builder *to, struct span bytes)
{
	uint8_t out[16384];
	z_stream z = {0};

	assert_int_equal(
	        deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (uint8_t *)bytes.data;
	z.avail_in = (uInt)bytes.len;
	z.next_out = out;
	z.avail_out = sizeof(out);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	build_bytes(to, out, sizeof(out) - z.avail_out);
	deflateEnd(&z);
}

static void add_zstd(struct builder *to, struct span bytes)
{
	uint8_t out[16384];
	size_t len = ZSTD_compress(out, sizeof(out), bytes.data, bytes.len, 3);

	assert_false(ZSTD_isError(len));
	build_bytes(to, out, len);
}

static void expect_all(struct span bytes, const char *format)
{
	struct built_result r;
	uint8_t digest[DIGEST_SHA256_BYTES];
	char hex[DIGEST_HEX_CHARS];

	build_check(bytes, &r);
	assert_int_equal(r.count, FRAMES);
	assert_int_equal(r.counts.end, STATUS_END);
	assert_string_equal(r.counts.format, format);
	assert_int_equal(digest_sha256(bytes, digest), STATUS_OK);
	digest_to_hex(digest, sizeof(digest), hex);
	assert_string_equal(r.counts.sha256, hex);
}

static void reads_gzip_members_and_padding(void **state)
{
	struct builder capture, packed;
	struct span all;

	(void)state;
	build_capture(&capture);
	all = buf_span(&capture.bytes);
	build_start(&packed, false);
	add_gzip(&packed, span_slice(all, 0, 100));
	add_gzip(&packed, span_slice(all, 100, 0)); /* an empty member */
	add_gzip(&packed, span_slice(all, 100, all.len));
	build_zeros(&packed, 300); /* as on a tape */
	expect_all(buf_span(&packed.bytes), "pcap in gzip");
	build_free(&packed);
	build_free(&capture);
}

static void reads_zstd_frames(void **state)
{
	struct builder capture, packed;
	struct span all;

	(void)state;
	build_capture(&capture);
	all = buf_span(&capture.bytes);
	build_start(&packed, false);
	add_zstd(&packed, span_slice(all, 0, 100));
	add_zstd(&packed, span_slice(all, 100, all.len));
	expect_all(buf_span(&packed.bytes), "pcap in zstd");
	build_free(&packed);
	build_free(&capture);
}

/* Flips or adds bytes at the end of packed data and expects all frames and a named end. */
static void damaged_compression_is_named(void **state)
{
	struct builder capture, packed;
	struct built_result r;

	(void)state;
	build_capture(&capture);
	build_start(&packed, false);
	add_gzip(&packed, buf_span(&capture.bytes));
	packed.bytes.data[packed.bytes.len - 5] ^= 1; /* the check sum */
	build_read_bytes(buf_span(&packed.bytes), &r);
	assert_int_equal(r.count, FRAMES);
	assert_int_equal(r.counts.end, STATUS_MALFORMED);
	packed.bytes.data[packed.bytes.len - 5] ^= 1;
	build_bytes(&packed, "tail", 4);
	build_read_bytes(buf_span(&packed.bytes), &r);
	assert_int_equal(r.count, FRAMES);
	assert_int_equal(r.counts.end, STATUS_MALFORMED);
	assert_string_equal(r.counts.end_reason, "other bytes follow the end of the gzip data");
	build_read_bytes(span_slice(buf_span(&packed.bytes), 0, packed.bytes.len - 8), &r);
	assert_int_equal(r.count, FRAMES);
	assert_int_equal(r.counts.end, STATUS_TRUNCATED);
	build_free(&packed);
	build_start(&packed, false);
	add_zstd(&packed, buf_span(&capture.bytes));
	build_bytes(&packed, "tail", 4);
	build_read_bytes(buf_span(&packed.bytes), &r);
	assert_int_equal(r.count, FRAMES);
	assert_int_equal(r.counts.end, STATUS_MALFORMED);
	build_free(&packed);
	build_free(&capture);
}

/* A frame header that asks for a window of 128 MiB. */
static void a_large_zstd_window_is_a_limit(void **state)
{
	static const uint8_t bytes[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 1, 0, 0};
	struct built_result r;

	(void)state;
	build_read_bytes(span_of(bytes, sizeof(bytes)), &r);
	assert_int_equal(r.counts.end, STATUS_LIMIT);
	assert_non_null(strstr(r.counts.end_reason, "8 MiB"));
}

static void expect_no_capture(int fd, int end, const char *says)
{
	struct built_result r;

	build_read(fd, &r);
	assert_int_equal(r.count, 0);
	assert_int_equal(r.counts.end, end);
	assert_non_null(strstr(r.counts.end_reason, says));
	assert_string_equal(r.counts.format, "");
}

static void what_is_no_capture_is_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int end;
		const char *says;
	} rows[] = {
	        {"", 0, STATUS_TRUNCATED, "empty"},
	        {"ab", 2, STATUS_UNSUPPORTED, "not a capture"},
	        {"date,program,host\n", 18, STATUS_UNSUPPORTED, "not a capture"},
	        {"PK\x03\x04zip archive", 15, STATUS_UNSUPPORTED, "zip"},
	        {"\xfd"
	         "7zXZ\0more",
	                10, STATUS_UNSUPPORTED, "xz"},
	        {"BZh91AY&SY", 10, STATUS_UNSUPPORTED, "bzip2"},
	        {"snoop\0\0\0\0\0\0\2", 12, STATUS_UNSUPPORTED, "snoop"},
	        {"ElfFile\0\0\0\0\0", 12, STATUS_UNSUPPORTED, "event log"},
	        {"\x1f\x8b", 2, STATUS_TRUNCATED, "gzip"},
	        {"\x1f\x8b\xff\xff\xff\xff", 6, STATUS_MALFORMED, "gzip"},
	        {"\x28\xb5\x2f\xfd", 4, STATUS_TRUNCATED, "zstd"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_no_capture(
		        build_file(span_of(rows[i].bytes, rows[i].len)), rows[i].end, rows[i].says);
	expect_no_capture(-1, STATUS_UNSUPPORTED, "could not be opened");
	expect_no_capture(open("/", O_RDONLY | O_DIRECTORY), STATUS_UNSUPPORTED, "folder");
	expect_no_capture(open("/dev/null", O_WRONLY), STATUS_UNSUPPORTED, "could not be opened");
	expect_no_capture(open("/dev/null", O_RDONLY), STATUS_TRUNCATED, "empty");
	expect_no_capture(open("/dev/zero", O_RDONLY), STATUS_UNSUPPORTED, "not a capture");
}

static void packed_twice_is_named(void **state)
{
	struct builder capture, once, twice;

	(void)state;
	build_capture(&capture);
	build_start(&once, false);
	add_gzip(&once, buf_span(&capture.bytes));
	build_start(&twice, false);
	add_gzip(&twice, buf_span(&once.bytes));
	expect_no_capture(build_file(buf_span(&twice.bytes)), STATUS_UNSUPPORTED, "packed twice");
	build_free(&twice);
	build_free(&once);
	build_free(&capture);
}

/* The hash is of the whole file also when reading stops early. */
static void a_damaged_file_is_hashed_whole(void **state)
{
	uint8_t digest[DIGEST_SHA256_BYTES];
	char hex[DIGEST_HEX_CHARS];
	struct built_result r;
	struct builder b;

	(void)state;
	build_capture(&b);
	memset(b.bytes.data + 24 + 8, 0xff, 4);
	build_zeros(&b, 3u << 20);
	build_read_bytes(buf_span(&b.bytes), &r);
	assert_int_equal(r.counts.end, STATUS_MALFORMED);
	assert_int_equal(digest_sha256(buf_span(&b.bytes), digest), STATUS_OK);
	digest_to_hex(digest, sizeof(digest), hex);
	assert_string_equal(r.counts.sha256, hex);
	build_read(build_pipe(buf_span(&b.bytes), 1000), &r);
	assert_string_equal(r.counts.sha256, hex);
	while (wait(NULL) > 0)
		;
	build_free(&b);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signal_number)
{
	(void)signal_number;
	alarms = alarms + 1;
}

/* A signal while a pipe is silent comes back to the caller, and nothing is lost by it. */
static void a_signal_interrupts_the_wait_for_a_pipe(void **state)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval soon = {.it_value = {.tv_usec = 50000}};
	struct source *source;
	struct frame frame;
	struct builder b;
	int ends[2];

	(void)state;
	build_capture(&b);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], b.bytes.data, 30), 30);
	assert_int_equal(source_open_files(&source, &ends[0], 1, NULL), STATUS_OK);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(source_next(source, 0, &frame), 0);
	assert_int_equal(alarms, 1);
	assert_false(source_ended(source));
	assert_int_equal(write(ends[1], b.bytes.data + 30, 30), 30);
	close(ends[1]);
	assert_int_equal(source_next(source, 0, &frame), STATUS_ITEM);
	assert_int_equal(frame.bytes.len, 20);
	assert_int_equal(source_next(source, 0, &frame), 0);
	assert_true(source_ended(source));
	source_free(source);
	build_free(&b);
}

static void is_not_hashed_when_nobody_asks(void **state)
{
	struct source_counts counts;
	struct source *source;
	struct frame frame;
	struct builder b;
	unsigned frames = 0;
	int fd;

	(void)state;
	build_capture(&b);
	fd = build_pipe(buf_span(&b.bytes), 1000);
	assert_int_equal(source_open_files(&source, &fd, 1, NULL), STATUS_OK);
	source_without_hash(source);
	while (source_next(source, 0, &frame) == STATUS_ITEM)
		frames++;
	assert_int_equal(frames, FRAMES);
	assert_int_equal(source_counts(source, 0, &counts), STATUS_OK);
	assert_int_equal(counts.end, STATUS_END);
	assert_string_equal(counts.sha256, "");
	source_free(source);
	build_free(&b);
	while (wait(NULL) > 0)
		;
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* 128 MiB of frames out of an eighth of a MiB: memory must not follow. */
static void a_gzip_bomb_streams_in_flat_memory(void **state)
{
	static uint8_t zeros[1u << 16];
	struct builder b;
	struct built_result r;
	uint8_t out[65536];
	z_stream z = {0};
	long before;

	(void)state;
	build_start(&b, false);
	build_pcap_header(&b, 0xa1b2c3d4, 0x00020004, 1);
	assert_int_equal(
	        deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	{
		struct buf header = b.bytes;

		build_start(&b, false);
		z.next_in = header.data;
		z.avail_in = (uInt)header.len;
		for (int i = 0; i <= 2048; i++) {
			do {
				z.next_out = out;
				z.avail_out = sizeof(out);
				deflate(&z, i == 2048 ? Z_FINISH : Z_NO_FLUSH);
				build_bytes(&b, out, sizeof(out) - z.avail_out);
			} while (z.avail_out == 0);
			z.next_in = zeros;
			z.avail_in = sizeof(zeros);
		}
		buf_free(&header);
	}
	deflateEnd(&z);
	before = peak_kib();
	build_read_bytes(buf_span(&b.bytes), &r);
	assert_true(r.counts.frames > 8000000);
	assert_true(peak_kib() - before < 8192);
	build_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_gzip_members_and_padding),
	        cmocka_unit_test(reads_zstd_frames),
	        cmocka_unit_test(damaged_compression_is_named),
	        cmocka_unit_test(a_large_zstd_window_is_a_limit),
	        cmocka_unit_test(what_is_no_capture_is_named),
	        cmocka_unit_test(packed_twice_is_named),
	        cmocka_unit_test(a_damaged_file_is_hashed_whole),
	        cmocka_unit_test(is_not_hashed_when_nobody_asks),
	        cmocka_unit_test(a_signal_interrupts_the_wait_for_a_pipe),
	        cmocka_unit_test(a_gzip_bomb_streams_in_flat_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
