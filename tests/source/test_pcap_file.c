#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "capture_builder.h"

#define MICRO       0xa1b2c3d4u
#define NANO        0xa1b23c4du
#define VERSION_2_4 0x00020004u

static void reads_both_orders_and_precisions(void **state)
{
	static const struct {
		bool big;
		uint32_t magic;
		int64_t fraction_ns;
	} rows[] = {{false, MICRO, 7000}, {true, MICRO, 7000}, {false, NANO, 7}, {true, NANO, 7}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct built_result r;
		struct builder b;

		build_start(&b, rows[i].big);
		build_pcap_header(&b, rows[i].magic, VERSION_2_4, 0x14000071); /* SLL, with FCS */
		build_pcap_frame(&b, 1791000000, 7, 60);
		build_pcap_frame(&b, UINT32_MAX, 999999, 0);
		build_pcap_frame(&b, 1791000001, 0, 33);
		build_check(buf_span(&b.bytes), &r);
		assert_int_equal(r.count, 3);
		assert_int_equal(
		        r.frames[0].time_ns, INT64_C(1791000000000000000) + rows[i].fraction_ns);
		assert_true(r.frames[1].time_ns > INT64_C(4294967295000000000));
		assert_int_equal(r.frames[0].link_type, 113);
		assert_int_equal(r.frames[2].len, 33);
		assert_int_equal(r.frames[2].number, 3);
		assert_int_equal(r.counts.end, STATUS_END);
		assert_int_equal(r.counts.bytes, 93);
		assert_int_equal(r.counts.out_of_order, 1);
		assert_int_equal(r.counts.first_ns, r.frames[0].time_ns);
		assert_int_equal(r.counts.last_ns, r.frames[1].time_ns);
		assert_string_equal(r.counts.format, "pcap");
		build_free(&b);
	}
}

static void older_versions_exchange_the_lengths(void **state)
{
	static const struct {
		uint32_t version;
		uint32_t first, second;
	} rows[] = {{0x00020002, 90, 60}, {0x00020003, 90, 60}, {0x00020003, 60, 90},
	        {VERSION_2_4, 60, 90}, {0x021f0000, 90, 60}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct built_result r;
		struct builder b;

		build_start(&b, false);
		build_pcap_header(&b, MICRO, rows[i].version, 1);
		build_u64(&b, 0);
		build_u32(&b, rows[i].first);
		build_u32(&b, rows[i].second);
		build_zeros(&b, 60);
		build_read_bytes(buf_span(&b.bytes), &r);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.frames[0].len, 60);
		assert_int_equal(r.frames[0].length_bytes, 90);
		assert_int_equal(r.counts.cut_frames, 1);
		build_free(&b);
	}
}

static void refuses_what_it_does_not_know(void **state)
{
	static const struct {
		uint32_t magic, version;
		const char *says;
	} rows[] = {{MICRO, 0x00020005, "version"}, {MICRO, 0x00010004, "version"},
	        {MICRO, 0x00030000, "version"}, {0xa1b2cd34, VERSION_2_4, "Kuznetzov"},
	        {0xa12b3c4d, VERSION_2_4, "Nokia"}, {0x1c0001ac, VERSION_2_4, "Ixia"},
	        {0xa1e2cb12, VERSION_2_4, "variant"}, {0xa1b2c3cd, VERSION_2_4, "variant"},
	        {0xa1b2c3d5, VERSION_2_4, "not a capture"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
		struct built_result r;
		struct builder b;

		build_start(&b, i % 2);
		build_pcap_header(&b, rows[i / 2].magic, rows[i / 2].version, 1);
		build_pcap_frame(&b, 1, 1, 10);
		build_read_bytes(buf_span(&b.bytes), &r);
		assert_int_equal(r.count, 0);
		assert_int_equal(r.counts.end, STATUS_UNSUPPORTED);
		assert_non_null(strstr(r.counts.end_reason, rows[i / 2].says));
		assert_int_equal(strlen(r.counts.sha256), 64);
		build_free(&b);
	}
}

static void accepts_packets_over_the_snap_length(void **state)
{
	struct built_result r;
	struct builder b;

	(void)state;
	build_start(&b, false);
	build_pcap_header(&b, MICRO, VERSION_2_4, 1); /* snap length 100 */
	build_pcap_frame(&b, 1, 0, 101);
	build_pcap_frame(&b, 2, 0, SOURCE_FRAME_BYTES_MAX);
	build_pcap_frame(&b, 3, 0, SOURCE_FRAME_BYTES_MAX + 1);
	build_pcap_frame(&b, 4, 0, 10);
	build_read_bytes(buf_span(&b.bytes), &r);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.frames[1].len, SOURCE_FRAME_BYTES_MAX);
	assert_int_equal(r.counts.end, STATUS_MALFORMED);
	assert_int_equal(r.counts.end_at_bytes, 24 + 16 + 101 + 16 + SOURCE_FRAME_BYTES_MAX);
	assert_int_equal(r.counts.end_after_frame, 2);
	build_free(&b);
}

static void a_wire_length_below_the_captured_one_is_raised(void **state)
{
	struct built_result r;
	struct builder b;

	(void)state;
	build_start(&b, false);
	build_pcap_header(&b, MICRO, VERSION_2_4, 1);
	build_u64(&b, 0);
	build_u32(&b, 20);
	build_u32(&b, 0);
	build_zeros(&b, 20);
	build_read_bytes(buf_span(&b.bytes), &r);
	assert_int_equal(r.frames[0].length_bytes, 20);
	assert_int_equal(r.counts.cut_frames, 0);
	build_free(&b);
}

static void add_trailer(struct builder *b, uint8_t mac_byte, const char *name, size_t len)
{
	build_u64(b, 0);
	build_u32(b, 14 + 20 + 32);
	build_u32(b, 14 + 20 + 32);
	for (int i = 0; i < 12; i++)
		build_bytes(b, &mac_byte, 1);
	build_zeros(b, 2 + 20);
	build_bytes(b, "\x01\x07\x20\x21\x00\x00\x27\x11", 8);
	build_bytes(b, name, len);
	build_zeros(b, 20 - len + 4);
}

static void pcapdroid_names_the_application(void **state)
{
	struct built_result r;
	struct builder b;

	(void)state;
	build_start(&b, false);
	build_pcap_header(&b, MICRO, VERSION_2_4, 1);
	add_trailer(&b, 0, "Booking", 7);
	add_trailer(&b, 0, "ABCDEFGHIJKLMNOPQRST", 20); /* fills its field: no closing zero */
	add_trailer(&b, 2, "Forged", 6);                /* a real frame that a peer shaped */
	add_trailer(&b, 0, "", 0);
	build_check(buf_span(&b.bytes), &r);
	assert_int_equal(r.count, 4);
	assert_string_equal(r.frames[0].name, "Booking");
	assert_string_equal(r.frames[1].name, "ABCDEFGHIJKLMNOPQRST");
	assert_string_equal(r.frames[2].name, "");
	assert_string_equal(r.frames[3].name, "");
	build_free(&b);
}

static void truncation_is_told_with_its_place(void **state)
{
	struct built_result r;
	struct builder b;

	(void)state;
	build_start(&b, false);
	build_pcap_header(&b, MICRO, VERSION_2_4, 1);
	build_pcap_frame(&b, 1, 0, 50);
	build_pcap_frame(&b, 2, 0, 50);
	build_read_bytes(span_slice(buf_span(&b.bytes), 0, 24 + 66 + 66 - 1), &r);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.counts.end, STATUS_TRUNCATED);
	assert_int_equal(r.counts.end_at_bytes, 24 + 66);
	assert_int_equal(r.counts.end_after_frame, 1);
	build_read_bytes(span_slice(buf_span(&b.bytes), 0, 10), &r);
	assert_int_equal(r.counts.end, STATUS_TRUNCATED);
	assert_string_equal(r.counts.end_reason, "the file ends inside its header");
	build_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_both_orders_and_precisions),
	        cmocka_unit_test(older_versions_exchange_the_lengths),
	        cmocka_unit_test(refuses_what_it_does_not_know),
	        cmocka_unit_test(accepts_packets_over_the_snap_length),
	        cmocka_unit_test(a_wire_length_below_the_captured_one_is_raised),
	        cmocka_unit_test(pcapdroid_names_the_application),
	        cmocka_unit_test(truncation_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
