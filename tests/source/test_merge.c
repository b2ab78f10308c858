#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/status.h"
#include "capture_builder.h"

/* A capture with frames at the given seconds, closed by a 0. */
static int capture_at(const uint32_t *seconds)
{
	struct builder b;
	int fd;

	build_start(&b, false);
	build_pcap_header(&b, 0xa1b2c3d4, 0x00020004, 1);
	for (; *seconds; seconds++)
		build_pcap_frame(&b, *seconds, 0, *seconds);
	fd = build_file(buf_span(&b.bytes));
	build_free(&b);
	return fd;
}

static void files_come_in_order_of_time(void **state)
{
	static const uint32_t seconds[][6] = {
	        {10, 30, 50, 0}, {0}, {20, 30, 40, 0}, {5, 60, 25, 70, 0}, {30, 0}};
	static const uint32_t expected[][2] = {{5, 3}, {10, 0}, {20, 2}, {30, 0}, {30, 2}, {30, 4},
	        {40, 2}, {50, 0}, {60, 3}, {25, 3}, {70, 3}};
	int fds[ARRAY_LEN(seconds) + 1];
	struct source_counts counts;
	struct source *source;
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(seconds); i++)
		fds[i] = capture_at(seconds[i]);
	fds[ARRAY_LEN(seconds)] = -1;
	assert_int_equal(source_open_files(&source, fds, ARRAY_LEN(fds), NULL), STATUS_OK);
	assert_int_equal(source_input_count(source), ARRAY_LEN(fds));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		assert_false(source_ended(source));
		assert_int_equal(source_next(source, 0, &frame), STATUS_ITEM);
		assert_int_equal(frame.bytes.len, expected[i][0]);
		assert_int_equal(frame.input, expected[i][1]);
	}
	assert_int_equal(source_next(source, 0, &frame), 0);
	assert_int_equal(source_next(source, 0, &frame), 0);
	assert_true(source_ended(source));
	assert_int_equal(source_counts(source, 3, &counts), STATUS_OK);
	assert_int_equal(counts.out_of_order, 1);
	assert_int_equal(counts.frames, 4);
	assert_int_equal(source_counts(source, 1, &counts), STATUS_OK);
	assert_int_equal(counts.end, STATUS_END);
	assert_int_equal(source_counts(source, 5, &counts), STATUS_OK);
	assert_int_equal(counts.end, STATUS_UNSUPPORTED);
	assert_int_equal(source_counts(source, 6, &counts), STATUS_USAGE);
	source_free(source);
}

/* What one frame borrows stays whole while frames of other files are read. */
static void a_frame_stays_valid_while_others_wait(void **state)
{
	int fds[SOURCE_INPUTS_MAX];
	struct source *source;
	struct frame frame;
	size_t frames = 0;
	uint32_t last = 0;

	(void)state;
	for (uint32_t i = 0; i < SOURCE_INPUTS_MAX; i++) {
		uint32_t seconds[] = {1 + i % 7, 10 + i % 11, 30 + i, 0};

		fds[i] = capture_at(seconds);
	}
	assert_int_equal(source_open_files(&source, fds, SOURCE_INPUTS_MAX, NULL), STATUS_OK);
	while (source_next(source, 0, &frame) == STATUS_ITEM) {
		uint32_t seconds = (uint32_t)(frame.time_ns / 1000000000);

		assert_true(seconds >= last);
		last = seconds;
		assert_int_equal(frame.bytes.len, seconds);
		for (size_t i = 0; i < frame.bytes.len; i++)
			assert_int_equal(frame.bytes.data[i], (uint8_t)(i * 7 + seconds));
		frames++;
	}
	assert_int_equal(frames, 3 * SOURCE_INPUTS_MAX);
	source_free(source);
}

static void interfaces_are_numbered_over_all_files(void **state)
{
	struct source *source;
	struct frame frame;
	struct builder b;
	int fds[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		build_start(&b, i);
		build_section(&b);
		build_interface(&b, 1, 0, -1);
		build_interface(&b, 101, 0, -1);
		build_packet(&b, 1, 1000000u + (unsigned)i, 20);
		fds[i] = build_file(buf_span(&b.bytes));
		build_free(&b);
	}
	assert_int_equal(source_open_files(&source, fds, 2, NULL), STATUS_OK);
	assert_int_equal(source_next(source, 0, &frame), STATUS_ITEM);
	assert_int_equal(frame.interface, 1);
	assert_int_equal(source_next(source, 0, &frame), STATUS_ITEM);
	assert_int_equal(frame.interface, 3);
	source_free(source);
}

static void the_number_of_files_is_bounded(void **state)
{
	int fds[SOURCE_INPUTS_MAX + 1];
	struct source *source = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = open("/dev/null", O_RDONLY);
	assert_int_equal(source_open_files(&source, fds, ARRAY_LEN(fds), NULL), STATUS_USAGE);
	assert_null(source);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		assert_int_equal(fcntl(fds[i], F_GETFD), -1); /* closed */
	assert_int_equal(source_open_files(&source, fds, 0, NULL), STATUS_USAGE);
	assert_null(source_free(source));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(files_come_in_order_of_time),
	        cmocka_unit_test(a_frame_stays_valid_while_others_wait),
	        cmocka_unit_test(interfaces_are_numbered_over_all_files),
	        cmocka_unit_test(the_number_of_files_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
