#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "capture_builder.h"

#define T0_US UINT64_C(1791000000000000)
#define T0_NS INT64_C(1791000000000000000)

static void reads_sections_of_both_orders(void **state)
{
	struct built_result r;
	struct builder b;

	(void)state;
	build_start(&b, true);
	build_section(&b);
	build_interface(&b, 1, 0, -1);
	build_packet(&b, 0, T0_US, 61);
	b.big_endian = false;
	build_section(&b);
	build_interface(&b, 101, 0, 9);
	build_interface(&b, 113, 0, 0x80 | 10);
	build_packet(&b, 1, UINT64_C(1791000002) << 10, 20);
	build_packet(&b, 0, (uint64_t)T0_NS + 1, 20);
	build_check(buf_span(&b.bytes), &r);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.counts.end, STATUS_END);
	assert_string_equal(r.counts.format, "pcapng");
	assert_int_equal(r.frames[0].time_ns, T0_NS);
	assert_int_equal(r.frames[0].link_type, 1);
	assert_int_equal(r.frames[0].len, 61);
	assert_int_equal(r.frames[0].interface, 0);
	assert_int_equal(r.frames[1].time_ns, T0_NS + INT64_C(2000000000));
	assert_int_equal(r.frames[1].link_type, 113);
	assert_int_equal(r.frames[1].interface, 2);
	assert_int_equal(r.frames[2].time_ns, T0_NS + 1);
	assert_int_equal(r.frames[2].interface, 1);
	assert_int_equal(r.counts.out_of_order, 1);
	build_free(&b);
}

static void adds_the_time_offset(void **state)
{
	struct built_result r;
	struct builder b;
	size_t opened;

	(void)state;
	for (int big = 0; big < 2; big++) {
		build_start(&b, big);
		build_section(&b);
		opened = build_block_open(&b, 1);
		build_u16(&b, 1);
		build_u16(&b, 0);
		build_u32(&b, 0);
		build_u16(&b, 14);
		build_u16(&b, 8);
		build_u64(&b, UINT64_MAX - 9);   /* minus ten seconds */
		build_option(&b, 13, "\x04", 1); /* if_fcslen */
		build_option(&b, 0, "", 0);
		build_block_close(&b, opened);
		build_packet(&b, 0, T0_US, 14);
		build_check(buf_span(&b.bytes), &r);
		assert_int_equal(r.frames[0].time_ns, T0_NS - INT64_C(10000000000));
		build_free(&b);
	}
}

static void reads_simple_and_obsolete_packets(void **state)
{
	struct built_result r;
	struct builder b;
	size_t opened;

	(void)state;
	build_start(&b, false);
	build_section(&b);
	build_interface(&b, 1, 16, -1);
	opened = build_block_open(&b, 3); /* before any time is known */
	build_u32(&b, 10);
	build_zeros(&b, 10);
	build_block_close(&b, opened);
	opened = build_block_open(&b, 2);
	build_u16(&b, 0);
	build_u16(&b, 5); /* lost before this one */
	build_u32(&b, (uint32_t)(T0_US >> 32));
	build_u32(&b, (uint32_t)T0_US);
	build_u32(&b, 13);
	build_u32(&b, 90);
	build_zeros(&b, 13);
	build_block_close(&b, opened);
	opened = build_block_open(&b, 3);
	build_u32(&b, 90); /* cut by the interface's snap length */
	build_zeros(&b, 16);
	build_block_close(&b, opened);
	build_check(buf_span(&b.bytes), &r);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.frames[0].len, 10);
	assert_int_equal(r.frames[0].time_ns, 0);
	assert_int_equal(r.frames[1].len, 13);
	assert_int_equal(r.frames[1].time_ns, T0_NS);
	assert_int_equal(r.frames[2].len, 16);
	assert_int_equal(r.frames[2].length_bytes, 90);
	assert_int_equal(r.frames[2].time_ns, T0_NS);
	assert_int_equal(r.counts.untimed_frames, 2);
	assert_int_equal(r.counts.dropped_frames, 5);
	assert_int_equal(r.counts.cut_frames, 2);
	assert_int_equal(r.counts.first_ns, T0_NS);
	build_free(&b);
}

static void add_statistics(
        struct builder *b, uint32_t interface, uint64_t if_drop, uint64_t os_drop)
{
	size_t opened = build_block_open(b, 5);

	build_u32(b, interface);
	build_u64(b, 0);
	build_u16(b, 5);
	build_u16(b, 8);
	build_u64(b, if_drop);
	build_u16(b, 7);
	build_u16(b, 8);
	build_u64(b, os_drop);
	build_block_close(b, opened);
}

/* Statistics run on from block to block; packets' own counts are another view of the same loss. */
static void counts_what_was_dropped(void **state)
{
	struct built_result r;
	struct builder b;
	size_t opened;

	(void)state;
	build_start(&b, true);
	build_section(&b);
	build_interface(&b, 1, 0, -1);
	build_interface(&b, 1, 0, -1);
	opened = build_packet_open(&b, 0, T0_US, 14);
	build_u16(&b, 4);
	build_u16(&b, 8);
	build_u64(&b, 6);
	build_block_close(&b, opened);
	add_statistics(&b, 0, 3, 1);
	add_statistics(&b, 0, 7, 2);
	add_statistics(&b, 1, 10, 0);
	add_statistics(&b, 2, 99, 0); /* no such interface */
	build_check(buf_span(&b.bytes), &r);
	assert_int_equal(r.counts.dropped_frames, 19);
	assert_int_equal(r.counts.skipped_blocks, 1);
	build_free(&b);
}

static void passes_over_other_blocks(void **state)
{
	static const uint32_t types[] = {4, 9, 0x0bad, 0x40000bad, 0x12345678, 0xffffffff};
	struct built_result r;
	struct builder b;

	(void)state;
	build_start(&b, false);
	build_section(&b);
	build_interface(&b, 1, 0, -1);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		size_t opened = build_block_open(&b, types[i]);

		build_u32(&b, 46254); /* another enterprise */
		build_zeros(&b, 8 * i);
		build_block_close(&b, opened);
	}
	build_packet(&b, 0, T0_US, 14);
	build_check(buf_span(&b.bytes), &r);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.counts.skipped_blocks, ARRAY_LEN(types));
	build_free(&b);
}

static void a_long_block_is_passed_over_without_holding_it(void **state)
{
	struct built_result r;
	struct builder b;
	size_t opened;

	(void)state;
	build_start(&b, false);
	build_section(&b);
	build_interface(&b, 1, 0, -1);
	opened = build_block_open(&b, 4);
	build_zeros(&b, 3u << 20);
	build_block_close(&b, opened);
	build_packet(&b, 0, T0_US, 14);
	build_packet(&b, 0, T0_US, (1u << 20) + 3); /* longer than a frame may be */
	build_packet(&b, 0, T0_US, 15);
	build_read_bytes(buf_span(&b.bytes), &r);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.frames[1].len, SOURCE_FRAME_BYTES_MAX);
	assert_int_equal(r.frames[1].length_bytes, (1u << 20) + 3);
	assert_int_equal(r.frames[2].len, 15);
	assert_int_equal(r.counts.cut_frames, 1);
	assert_int_equal(r.counts.end, STATUS_END);
	build_read_bytes(span_slice(buf_span(&b.bytes), 0, 2u << 20), &r);
	assert_int_equal(r.count, 0);
	assert_int_equal(r.counts.end, STATUS_TRUNCATED);
	build_free(&b);
}

/* Fills a block with what stands in its body and expects how reading ends. */
static void expect_end(struct builder *b, int end, const char *says)
{
	struct built_result r;

	build_packet(b, 0, T0_US, 14);
	build_check(buf_span(&b->bytes), &r);
	assert_int_equal(r.counts.end, end);
	assert_non_null(strstr(r.counts.end_reason, says));
	build_free(b);
}

static void start_one(struct builder *b)
{
	build_start(b, false);
	build_section(b);
	build_interface(b, 1, 0, -1);
	build_packet(b, 0, T0_US, 14);
}

static void damaged_blocks_end_the_reading(void **state)
{
	struct builder b;
	size_t opened;

	(void)state;
	start_one(&b);
	build_u32(&b, 6);
	build_u32(&b, 8);
	expect_end(&b, STATUS_MALFORMED, "impossible length");
	start_one(&b);
	build_u32(&b, 6);
	build_u32(&b, 34);
	expect_end(&b, STATUS_MALFORMED, "impossible length");
	start_one(&b);
	opened = build_packet_open(&b, 0, T0_US, 20);
	build_block_close(&b, opened);
	b.bytes.data[b.bytes.len - 4]++;
	expect_end(&b, STATUS_MALFORMED, "two lengths differ");
	start_one(&b);
	build_packet(&b, 1, T0_US, 20);
	expect_end(&b, STATUS_MALFORMED, "names an interface");
	start_one(&b);
	opened = build_packet_open(&b, 0, T0_US, 20);
	build_block_close(&b, opened);
	b.bytes.data[opened + 20] = 24; /* longer than its block by one word */
	expect_end(&b, STATUS_MALFORMED, "longer than its block");
	start_one(&b);
	opened = build_packet_open(&b, 0, T0_US, 20);
	build_block_close(&b, opened);
	memset(b.bytes.data + opened + 20, 0xff, 4);
	expect_end(&b, STATUS_MALFORMED, "longer than its block");
	start_one(&b);
	opened = build_block_open(&b, 1);
	build_block_close(&b, opened);
	expect_end(&b, STATUS_MALFORMED, "shorter than");
	start_one(&b);
	opened = build_block_open(&b, 0x0a0d0d0a);
	build_u32(&b, 0x12345678);
	build_block_close(&b, opened);
	expect_end(&b, STATUS_MALFORMED, "byte-order mark");
}

static void damaged_interface_options_end_the_reading(void **state)
{
	struct builder b;
	size_t opened;

	(void)state;
	for (int i = 0; i < 3; i++) {
		start_one(&b);
		opened = build_block_open(&b, 1);
		build_u64(&b, 1);
		build_u16(&b, i == 0 ? 9 : i == 1 ? 14 : 2);
		build_u16(&b, i < 2 ? 2 : 40);
		build_u32(&b, 0);
		build_block_close(&b, opened);
		expect_end(&b, STATUS_MALFORMED, "option of an interface");
	}
}

static void damaged_packet_options_cost_only_themselves(void **state)
{
	struct built_result r;
	struct builder b;
	size_t opened;

	(void)state;
	start_one(&b);
	opened = build_packet_open(&b, 0, T0_US, 20);
	build_u16(&b, 1);
	build_u16(&b, 0xffff);
	build_block_close(&b, opened);
	build_packet(&b, 0, T0_US, 14);
	build_check(buf_span(&b.bytes), &r);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.counts.end, STATUS_END);
	assert_int_equal(r.counts.skipped_blocks, 1);
	build_free(&b);
}

static void unknown_versions_are_named(void **state)
{
	static const uint16_t versions[][2] = {{0, 1}, {1, 1}, {2, 0}, {1, 3}};
	struct builder b;
	size_t opened;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		start_one(&b);
		opened = build_block_open(&b, 0x0a0d0d0a);
		build_u32(&b, 0x1a2b3c4d);
		build_u16(&b, versions[i][0]);
		build_u16(&b, versions[i][1]);
		build_u64(&b, UINT64_MAX);
		build_block_close(&b, opened);
		expect_end(&b, STATUS_UNSUPPORTED, "version");
	}
}

static void too_many_interfaces_are_a_limit(void **state)
{
	struct built_result r;
	struct builder b;

	(void)state;
	build_start(&b, false);
	build_section(&b);
	for (int i = 0; i < SOURCE_INTERFACES_MAX; i++)
		build_interface(&b, (uint16_t)i, 0, -1);
	build_packet(&b, SOURCE_INTERFACES_MAX - 1, T0_US, 14);
	build_interface(&b, 1, 0, -1);
	build_read_bytes(buf_span(&b.bytes), &r);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.frames[0].link_type, SOURCE_INTERFACES_MAX - 1);
	assert_int_equal(r.counts.end, STATUS_LIMIT);
	build_free(&b);
}

static void add_secrets(struct builder *b, uint32_t type, uint32_t said, size_t len)
{
	size_t opened = build_block_open(b, 10);

	build_u32(b, type);
	build_u32(b, said);
	build_zeros(b, len);
	build_block_close(b, opened);
}

static void keeps_decryption_secrets(void **state)
{
	struct source_counts counts;
	struct source_secrets kept;
	struct source *source;
	struct frame frame;
	struct builder b;
	int fd;

	(void)state;
	build_start(&b, true);
	build_section(&b);
	build_interface(&b, 1, 0, -1);
	add_secrets(&b, 0x544c534b, 13, 13);
	add_secrets(&b, 0x57474b4c, 5, 5);
	add_secrets(&b, 0x544c534b, 9, 8 - 4); /* says more than it has */
	add_secrets(&b, 0x544c534b, SOURCE_SECRETS_BYTES_MAX - 18, SOURCE_SECRETS_BYTES_MAX - 18);
	add_secrets(&b, 0x544c534b, 1, 1); /* over the limit by one */
	build_packet(&b, 0, T0_US, 14);
	fd = build_file(buf_span(&b.bytes));
	assert_int_equal(source_open_files(&source, &fd, 1, NULL), STATUS_OK);
	assert_int_equal(source_next(source, 0, &frame), STATUS_ITEM);
	assert_int_equal(source_secrets_count(source), 3);
	kept = source_secrets(source, 1);
	assert_int_equal(kept.type, 0x57474b4c);
	assert_int_equal(kept.bytes.len, 5);
	assert_int_equal(source_secrets(source, 2).bytes.len, SOURCE_SECRETS_BYTES_MAX - 18);
	assert_int_equal(source_secrets(source, 3).bytes.len, 0);
	assert_int_equal(source_next(source, 0, &frame), 0);
	assert_int_equal(source_counts(source, 0, &counts), STATUS_OK);
	assert_int_equal(counts.skipped_blocks, 2);
	source_free(source);
	build_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_sections_of_both_orders),
	        cmocka_unit_test(adds_the_time_offset),
	        cmocka_unit_test(reads_simple_and_obsolete_packets),
	        cmocka_unit_test(counts_what_was_dropped),
	        cmocka_unit_test(passes_over_other_blocks),
	        cmocka_unit_test(a_long_block_is_passed_over_without_holding_it),
	        cmocka_unit_test(damaged_blocks_end_the_reading),
	        cmocka_unit_test(damaged_interface_options_end_the_reading),
	        cmocka_unit_test(damaged_packet_options_cost_only_themselves),
	        cmocka_unit_test(unknown_versions_are_named),
	        cmocka_unit_test(too_many_interfaces_are_a_limit),
	        cmocka_unit_test(keeps_decryption_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
