/* The road from a capture file to stored evidence, over the fixture clinic-day and over what is
 * cut or hostile. What the evidence must say is the golden test's; this one asks for the road. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/status.h"
#include "pipeline/loss.h"
#include "pipeline/pipeline.h"
#include "rules_of_source.h"

struct road {
	struct detect_rules *rules;
	struct store *store;
	unsigned workers;
};

static struct buf read_file(const char *name)
{
	char path[1024];
	uint8_t piece[65536];
	struct buf b;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", getenv("EXEAT_SOURCE_ROOT"), name);
	buf_init(&b, 16 << 20, NULL);
	file = fopen(path, "rb");
	assert_non_null(file);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		assert_int_equal(buf_append(&b, span_of(piece, len)), STATUS_OK);
	fclose(file);
	return b;
}

static int memory_file(struct span bytes)
{
	int fd = memfd_create("capture", 0);

	assert_true(fd >= 0);
	for (size_t done = 0; done < bytes.len;) {
		ssize_t len = write(fd, bytes.data + done, bytes.len - done);

		assert_true(len > 0);
		done += (size_t)len;
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void open_road(struct road *r)
{
	r->rules = rules_of_source();
	assert_int_equal(store_open(&r->store, NULL, false), STATUS_OK);
}

static void close_road(struct road *r)
{
	r->rules = detect_rules_free(r->rules);
	r->store = store_free(r->store);
}

static const struct destination_facts nothing_known;

static void run_until(
        struct road *r, int fd, const volatile sig_atomic_t *stop, struct pipeline_result *ret)
{
	struct pipeline_options options = {.stop = stop, .workers = r->workers};
	struct source *source = NULL;
	struct pipeline *pipeline = NULL;

	assert_int_equal(source_open_files(&source, &fd, 1, NULL), STATUS_OK);
	assert_int_equal(
	        pipeline_new(&pipeline, source, r->rules, &nothing_known, r->store), STATUS_OK);
	assert_int_equal(store_begin(r->store), STATUS_OK);
	assert_int_equal(pipeline_run(pipeline, &options, ret), STATUS_OK);
	pipeline_free(pipeline);
	source_free(source);
}

static void run(struct road *r, int fd, struct pipeline_result *ret)
{
	run_until(r, fd, NULL, ret);
	assert_false(ret->interrupted);
}

static const struct store_query everything = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};

static size_t count_flows(struct store *s, size_t *ret_findings)
{
	struct store_cursor *cursor = NULL;
	struct store_flow flow;
	size_t flows = 0;

	*ret_findings = 0;
	assert_int_equal(store_flows(s, &everything, &cursor), STATUS_OK);
	while (store_next_flow(cursor, &flow) == STATUS_ITEM) {
		struct store_finding *findings = NULL;
		size_t count = 0;

		assert_int_equal(store_findings(s, flow.id, &findings, &count), STATUS_OK);
		free(findings);
		flows++;
		*ret_findings += count;
	}
	store_cursor_free(cursor);
	return flows;
}

static void a_second_run_replaces_the_first(void **state)
{
	struct buf capture = read_file("fixtures/clinic-day/in.pcapng");
	struct pipeline_result result;
	struct road r = {.workers = 1};
	size_t flows, findings, flows_again, findings_again;

	(void)state;
	open_road(&r);
	run(&r, memory_file(buf_span(&capture)), &result);
	flows = count_flows(r.store, &findings);
	assert_true(result.any_packet);
	assert_int_equal(result.flows, flows);
	assert_true(flows >= 31); /* conversations of truth.csv */
	assert_true(findings > 0);
	run(&r, memory_file(buf_span(&capture)), &result);
	flows_again = count_flows(r.store, &findings_again);
	assert_int_equal(flows, flows_again);
	assert_int_equal(findings, findings_again);
	close_road(&r);
	buf_free(&capture);
}

static void a_file_stopped_half_way_changes_nothing(void **state)
{
	struct buf capture = read_file("fixtures/clinic-day/in.pcapng");
	const volatile sig_atomic_t stop = 1;
	struct store_input *inputs = NULL;
	struct pipeline_result result;
	struct road r = {.workers = 1};
	size_t flows, findings, input_count = 0;

	(void)state;
	open_road(&r);
	run(&r, memory_file(buf_span(&capture)), &result);
	flows = count_flows(r.store, &findings);
	for (r.workers = 1; r.workers <= 3; r.workers++) {
		run_until(&r, memory_file(buf_span(&capture)), &stop, &result);
		assert_true(result.interrupted);
		assert_int_equal(count_flows(r.store, &findings), flows);
	}
	assert_int_equal(store_inputs(r.store, &everything, &inputs, &input_count), STATUS_OK);
	assert_int_equal(input_count, 1);
	free(inputs);
	run(&r, memory_file(buf_span(&capture)), &result);
	assert_int_equal(count_flows(r.store, &findings), flows);
	close_road(&r);
	buf_free(&capture);
}

/* A few offsets: all of them are the tests of the readers. */
static void a_cut_capture_gives_what_it_holds(void **state)
{
	struct buf capture = read_file("fixtures/clinic-day/in.pcapng");
	struct pipeline_result result;
	uint64_t frames = 0;

	(void)state;
	for (size_t len = 0; len < capture.len; len += 49999) {
		struct road r = {.workers = 1};

		open_road(&r);
		run(&r, memory_file(span_slice(buf_span(&capture), 0, len)), &result);
		assert_true(result.frames >= frames);
		frames = result.frames;
		close_road(&r);
	}
	assert_true(frames > 0);
	buf_free(&capture);
}

static void put_u32(uint8_t *out, uint32_t value)
{
	memcpy(out, &value, sizeof(value)); /* a pcap file in this machine's own order */
}

static void write_header(FILE *out)
{
	uint8_t header[24] = {[4] = 2, [6] = 4};

	put_u32(header, 0xa1b2c3d4);
	put_u32(header + 16, 262144);
	put_u32(header + 20, 1);
	fwrite(header, 1, sizeof(header), out);
}

/* One frame of a protocol without ports, from inside to outside, with 40 bytes of payload. */
static int one_frame(uint8_t protocol)
{
	uint8_t frame[16 + 14 + 20 + 40] = {[28] = 8, [30] = 0x45, [33] = 60, [38] = 64};
	int fd = memfd_create("frame", 0);
	FILE *out = fdopen(dup(fd), "wb");

	assert_non_null(out);
	write_header(out);
	put_u32(frame, 1790000000);
	put_u32(frame + 8, sizeof(frame) - 16);
	put_u32(frame + 12, sizeof(frame) - 16);
	frame[39] = protocol;
	memcpy(frame + 42, "\xc0\xa8\x14\x0a\xcb\x00\x71\x09", 8);
	memset(frame + 50, 0x5a, 40);
	fwrite(frame, 1, sizeof(frame), out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void a_protocol_without_decoder_is_not_inspected(void **state)
{
	static const struct {
		uint8_t protocol;
		const char *reason;
		enum tier tier;
	} rows[] = {{50, "encrypted", TIER_OPAQUE}, {47, "unknown-protocol", TIER_NONE},
	        {132, "unknown-protocol", TIER_NONE}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct store_cursor *cursor = NULL;
		struct pipeline_result result;
		struct road r = {.workers = 1};
		struct store_flow flow;

		open_road(&r);
		run(&r, one_frame(rows[i].protocol), &result);
		assert_int_equal(store_flows(r.store, &everything, &cursor), STATUS_OK);
		assert_int_equal(store_next_flow(cursor, &flow), STATUS_ITEM);
		store_cursor_free(cursor);
		assert_false(flow.inspected);
		assert_true(flow.not_inspected_bytes > 0);
		assert_int_equal(
		        flow.not_inspected_bytes, flow.counts[flow.out_index].payload_bytes);
		assert_string_equal(flow.not_inspected_reason, rows[i].reason);
		assert_int_equal(flow.tier, rows[i].tier);
		close_road(&r);
	}
}

/* One SYN each from ever new addresses: what a port scan, or an attack on the table, looks like. */
static void write_scan(int fd, uint32_t count)
{
	uint8_t frame[16 + 14 + 20 + 20];
	FILE *out = fdopen(dup(fd), "wb");

	assert_non_null(out);
	write_header(out);
	for (uint32_t i = 0; i < count; i++) {
		memset(frame, 0, sizeof(frame));
		put_u32(frame, 1790000000 + i / 100000);
		put_u32(frame + 4, i % 100000 * 10);
		put_u32(frame + 8, sizeof(frame) - 16);
		put_u32(frame + 12, sizeof(frame) - 16);
		frame[16 + 12] = 8;
		frame[30] = 0x45;
		frame[30 + 3] = 40;
		frame[30 + 8] = 64;
		frame[30 + 9] = 6;
		frame[30 + 12] = 192;
		frame[30 + 13] = 168;
		frame[30 + 14] = (uint8_t)(i >> 8);
		frame[30 + 15] = (uint8_t)i;
		frame[30 + 16] = 203;
		frame[30 + 18] = (uint8_t)(i >> 16);
		frame[30 + 19] = 9;
		frame[50 + 3] = 80;
		frame[50 + 12] = 0x50;
		frame[50 + 13] = 2;
		fwrite(frame, 1, sizeof(frame), out);
	}
	assert_int_equal(fclose(out), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

static uint64_t count_evicted(struct store *s)
{
	struct store_cursor *cursor = NULL;
	struct store_flow flow;
	uint64_t evicted = 0;

	assert_int_equal(store_flows(s, &everything, &cursor), STATUS_OK);
	while (store_next_flow(cursor, &flow) == STATUS_ITEM)
		evicted += flow.end == FLOW_EVICTED;
	store_cursor_free(cursor);
	return evicted;
}

static void a_million_one_packet_flows_stay_inside_the_budget(void **state)
{
	const char *wanted = getenv("EXEAT_SCAN_FLOWS"); /* fewer under a sanitizer or valgrind */
	uint32_t count = wanted ? (uint32_t)strtoul(wanted, NULL, 10) : 200000;
	struct store_loss *losses = NULL;
	struct pipeline_result result;
	struct road r = {.workers = 1};
	size_t loss_count = 0;
	uint64_t evicted = 0;
	int fd = memfd_create("scan", 0);

	(void)state;
	assert_true(fd >= 0);
	write_scan(fd, count);
	open_road(&r);
	run(&r, fd, &result);
	assert_int_equal(result.flows, count);
	assert_true(result.budget_peak_bytes <= PIPELINE_BUDGET_BYTES);
	assert_int_equal(store_losses(r.store, &everything, &losses, &loss_count), STATUS_OK);
	for (size_t i = 0; i < loss_count; i++)
		if (strcmp(losses[i].name, "conversations given up for room") == 0)
			evicted = losses[i].count;
	free(losses);
	/* All came within seconds: what there is no room for was given up, and counted. */
	assert_true(evicted > count / 4);
	assert_int_equal(evicted, count_evicted(r.store));
	assert_true(loss_is_gap("conversations given up for room"));
	assert_false(loss_is_gap("frames that are not IP"));
	close_road(&r);
}

static void what_was_not_looked_into_is_a_gap(void **state)
{
	(void)state;
	assert_true(loss_is_gap("frames of an unknown link type"));
	assert_true(loss_is_gap("packets with too many wrappings"));
	assert_true(loss_is_gap("bytes missing inside conversations"));
	assert_false(loss_is_gap("frames that are not IP"));
	assert_false(loss_is_gap("packets doubled by the mirror port"));
	assert_false(loss_is_gap("no name of a loss"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_second_run_replaces_the_first),
	        cmocka_unit_test(a_file_stopped_half_way_changes_nothing),
	        cmocka_unit_test(a_cut_capture_gives_what_it_holds),
	        cmocka_unit_test(what_was_not_looked_into_is_a_gap),
	        cmocka_unit_test(a_protocol_without_decoder_is_not_inspected),
	        cmocka_unit_test(a_million_one_packet_flows_stay_inside_the_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
