#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "flow/tcp_stream.h"

#define ISN    UINT32_C(0xffffff00) /* so that every longer test wraps */
#define BUDGET (8u << 20)
#define MAX    (1u << 20)

/* A stream under test. The byte at offset i of the conversation is pattern(i). */
struct bench {
	struct budget budget;
	struct tcp_stream *stream;
	uint64_t at;        /* offset that the next chunk must have */
	uint64_t shift;     /* conversation offset of stream offset 0, plus unknown gaps */
	uint64_t data, gap; /* bytes given out */
	unsigned unknown;
	unsigned chunks;
	int64_t time_ns;
};

static uint8_t pattern(uint64_t i)
{
	return (uint8_t)(i * 31 + (i >> 8) * 7);
}

static void setup(struct bench *b, size_t max_bytes, size_t budget_bytes)
{
	*b = (struct bench){0};
	budget_init(&b->budget, budget_bytes);
	assert_int_equal(tcp_stream_new(&b->stream, 1, max_bytes, &b->budget), STATUS_OK);
}

static void teardown(struct bench *b)
{
	b->stream = tcp_stream_free(b->stream);
	assert_int_equal(b->budget.used_bytes, 0);
}

static void pull(struct bench *b)
{
	struct chunk c;
	int status;

	while ((status = tcp_stream_next(b->stream, &c)) == STATUS_ITEM) {
		assert_int_equal(c.direction, 1);
		assert_int_equal(c.offset, b->at);
		assert_false(c.datagram);
		b->chunks++;
		if (c.gap == CHUNK_DATA) {
			assert_true(c.bytes.len > 0);
			for (size_t i = 0; i < c.bytes.len; i++)
				assert_int_equal(c.bytes.data[i], pattern(b->shift + b->at + i));
			b->at += c.bytes.len;
			b->data += c.bytes.len;
		} else {
			assert_int_equal(c.bytes.len, 0);
			b->at += c.gap_bytes;
			b->gap += c.gap_bytes;
			b->unknown += c.gap == CHUNK_GAP_UNKNOWN;
		}
	}
	assert_int_equal(status, STATUS_OK);
}

/* One segment of the conversation, of which the capture kept some bytes. */
static void send_cut(struct bench *b, uint64_t offset, size_t len, size_t captured, unsigned flags)
{
	uint8_t *bytes = malloc(captured ? captured : 1);
	struct packet p = {.tcp_flags = (uint8_t)flags, .time_ns = b->time_ns};

	assert_non_null(bytes);
	for (size_t i = 0; i < captured; i++)
		bytes[i] = pattern(offset + i);
	p.tcp_seq = (uint32_t)(ISN + 1 + offset) - ((flags & TCP_SYN) ? 1 : 0);
	p.payload = span_of(bytes, captured);
	p.payload_wire_bytes = (uint32_t)len;
	assert_int_equal(tcp_stream_feed(b->stream, &p), STATUS_OK);
	pull(b);
	free(bytes);
}

static void send(struct bench *b, uint64_t offset, size_t len)
{
	send_cut(b, offset, len, len, TCP_ACK);
}

static void send_bytes(struct bench *b, uint64_t offset, const char *text)
{
	struct packet p = {.tcp_seq = (uint32_t)(ISN + 1 + offset), .tcp_flags = TCP_ACK};

	p.payload = span_of_text(text);
	p.payload_wire_bytes = (uint32_t)p.payload.len;
	assert_int_equal(tcp_stream_feed(b->stream, &p), STATUS_OK);
	pull(b);
}

static void acknowledge(struct bench *b, uint64_t offset)
{
	tcp_stream_acknowledged(b->stream, (uint32_t)(ISN + 1 + offset));
	pull(b);
}

static struct flow_counts counts_of(const struct bench *b)
{
	struct flow_counts counts = {0};

	tcp_stream_counts(b->stream, &counts);
	return counts;
}

static void in_order_needs_no_memory(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	send_cut(&b, 0, 0, 0, TCP_SYN);
	for (uint64_t i = 0; i < 100; i++)
		send(&b, i * 100, 100);
	assert_int_equal(b.data, 10000);
	assert_int_equal(b.gap, 0);
	assert_int_equal(b.chunks, 100);
	assert_int_equal(b.budget.peak_bytes, 0);
	assert_int_equal(counts_of(&b).payload_bytes, 10000);
	teardown(&b);
}

static void data_in_the_syn_counts(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	send_cut(&b, 0, 10, 10, TCP_SYN);
	send(&b, 10, 10);
	assert_int_equal(b.data, 20);
	teardown(&b);
}

static void every_order_of_five_segments_gives_the_same(void **state)
{
	static const size_t starts[6] = {0, 7, 8, 40, 300, 555};
	unsigned orders = 0;

	(void)state;
	for (unsigned code = 0; code < 5 * 5 * 5 * 5 * 5; code++) {
		unsigned order[5], left = code, used = 0;
		struct bench b;

		for (unsigned i = 0; i < 5; i++, left /= 5) {
			order[i] = left % 5;
			used |= 1u << order[i];
		}
		if (used != 31)
			continue;
		orders++;
		setup(&b, MAX, BUDGET);
		tcp_stream_start(b.stream, ISN + 1);
		for (unsigned i = 0; i < 5; i++)
			send(&b, starts[order[i]], starts[order[i] + 1] - starts[order[i]]);
		assert_int_equal(b.data, 555);
		assert_int_equal(b.gap, 0);
		assert_int_equal(counts_of(&b).retransmitted_bytes, 0);
		teardown(&b);
	}
	assert_int_equal(orders, 120);
}

/* A small generator, the same on every machine (xorshift64, Marsaglia 2003). */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Segments of random place and length with overlaps and repeats, some cut; in the end all bytes or
 * gaps, in order, and what was given out is right. */
static void random_overlaps_agree_with_the_original(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		uint64_t r = seed * UINT64_C(0x9e3779b97f4a7c15);
		struct bench b;

		setup(&b, seed % 3 ? MAX : 1500, BUDGET);
		tcp_stream_start(b.stream, ISN + 1);
		for (int i = 0; i < 200; i++) {
			uint64_t offset = random_next(&r) % 3000;
			size_t len = random_next(&r) % 200;
			size_t captured = seed % 2 || len == 0 ? len : random_next(&r) % (len + 1);

			send_cut(&b, offset, len, captured, TCP_ACK);
			if (i % 50 == 49)
				acknowledge(&b, random_next(&r) % 3000);
		}
		for (uint64_t offset = 0; offset < 3200; offset += 100)
			send(&b, offset, 100);
		tcp_stream_flush(b.stream);
		pull(&b);
		assert_int_equal(b.at, 3200);
		assert_int_equal(b.data + b.gap, 3200);
		assert_int_equal(counts_of(&b).overlap_conflicts, 0);
		assert_int_equal(counts_of(&b).payload_bytes, b.data);
		assert_int_equal(counts_of(&b).gap_bytes, b.gap);
		teardown(&b);
	}
}

static void the_first_copy_wins_and_conflicts_count(void **state)
{
	struct bench b;
	struct flow_counts counts;

	(void)state;
	setup(&b, MAX, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	send(&b, 10, 10);
	send_bytes(&b, 12, "\xff\xff\xff\xff"); /* differs from what waits */
	send(&b, 0, 30);                        /* fills both sides of it */
	assert_int_equal(b.data, 30);
	send(&b, 0, 30);
	counts = counts_of(&b);
	assert_int_equal(counts.overlap_conflicts, 4);
	assert_int_equal(counts.retransmitted_bytes, 4 + 10 + 30);
	assert_int_equal(counts.payload_bytes, 30);
	teardown(&b);
}

static void mid_stream_begins_at_the_first_segment(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	b.shift = 5000;
	send_cut(&b, 5000, 0, 0, TCP_ACK); /* a bare acknowledgement says nothing */
	send(&b, 5000, 100);
	send(&b, 4000, 500); /* before the beginning: not placed */
	send(&b, 4990, 210); /* reaches over it */
	assert_int_equal(b.data, 200);
	assert_int_equal(b.gap, 0);
	teardown(&b);
}

static void an_acknowledged_gap_is_given_up(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	send(&b, 0, 100);
	send(&b, 200, 100);
	acknowledge(&b, 100);
	assert_int_equal(b.at, 100);
	assert_true(tcp_stream_waits(b.stream));
	assert_false(tcp_stream_waits_since(b.stream, 0));
	assert_true(tcp_stream_waits_since(b.stream, 1));
	acknowledge(&b, 300);
	assert_int_equal(b.at, 300);
	assert_int_equal(b.gap, 100);
	assert_false(tcp_stream_waits(b.stream));
	assert_false(tcp_stream_waits_since(b.stream, INT64_MAX));
	acknowledge(&b, 500); /* the capture has lost 300 to 500: no waiting */
	send(&b, 500, 10);
	assert_int_equal(b.at, 510);
	send(&b, 300, 200); /* too late: given up */
	assert_int_equal(b.data, 210);
	assert_int_equal(counts_of(&b).gap_bytes, 300);
	assert_int_equal(counts_of(&b).retransmitted_bytes, 200);
	teardown(&b);
}

static void a_flush_releases_everything_behind_gaps(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	send(&b, 100, 50);
	send(&b, 200, 50);
	send(&b, 400, 50);
	assert_int_equal(b.at, 0);
	tcp_stream_flush(b.stream);
	pull(&b);
	assert_int_equal(b.at, 450);
	assert_int_equal(b.gap, 300);
	send(&b, 460, 5); /* a new gap waits again */
	assert_int_equal(b.at, 450);
	teardown(&b);
}

static void a_snap_length_makes_known_gaps(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	for (uint64_t i = 0; i < 10; i++)
		send_cut(&b, i * 1000, 1000, 42, TCP_ACK);
	assert_int_equal(b.data, 420);
	assert_int_equal(b.gap, 9580);
	assert_int_equal(b.budget.peak_bytes, 0);
	send_cut(&b, 10000, 1000, 0, TCP_ACK);
	assert_int_equal(b.gap, 10580);
	send_cut(&b, 13000, 1000, 10, TCP_ACK); /* cut and ahead: held with its tail */
	send_cut(&b, 13000, 1000, 0, TCP_ACK);
	send(&b, 11000, 2000);
	assert_int_equal(b.at, 14000);
	assert_int_equal(b.data, 420 + 2000 + 10);
	teardown(&b);
}

static void keep_alives_and_probes_do_no_harm(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	send(&b, 0, 100);
	send_cut(&b, 99, 0, 0, TCP_ACK);
	send_bytes(&b, 99, "x"); /* a keep-alive with a byte of nothing */
	assert_int_equal(counts_of(&b).retransmitted_bytes, 0);
	send(&b, 100, 1); /* zero-window probes: the next byte, again and again */
	send(&b, 100, 1);
	send(&b, 100, 50);
	assert_int_equal(b.data, 150);
	assert_int_equal(counts_of(&b).retransmitted_bytes, 1);
	teardown(&b);
}

static void fin_closes_in_order_only(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	send_cut(&b, 100, 20, 20, TCP_FIN);
	assert_false(tcp_stream_closed(b.stream));
	send(&b, 0, 100);
	assert_true(tcp_stream_closed(b.stream));
	teardown(&b);
	setup(&b, MAX, BUDGET);
	send_cut(&b, 0, 0, 0, TCP_SYN);
	send_cut(&b, 0, 0, 0, TCP_FIN);
	assert_true(tcp_stream_closed(b.stream));
	teardown(&b);
}

static void segments_and_bytes_are_bounded(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	for (uint64_t i = 1; i <= TCP_STREAM_SEGMENTS_MAX; i++)
		send(&b, i * 2, 1);
	assert_int_equal(b.at, 0);
	assert_int_equal(tcp_stream_over_budget(b.stream), 0);
	send(&b, 2 * TCP_STREAM_SEGMENTS_MAX + 2, 1); /* one more: the first gap is given up */
	assert_int_equal(b.at, 3);
	assert_int_equal(tcp_stream_over_budget(b.stream), 1);
	teardown(&b);

	setup(&b, 10000, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	for (uint64_t i = 0; i < 100; i++) {
		send(&b, 1000 + i * 1000, 1000);
		assert_true(b.budget.used_bytes <= 10000 + 4096);
	}
	assert_true(tcp_stream_over_budget(b.stream) > 0);
	assert_int_equal(b.gap, 1000);
	assert_int_equal(b.data, 100 * 1000);
	teardown(&b);
}

static void a_spent_budget_gives_gaps_not_failures(void **state)
{
	(void)state;
	for (size_t budget = 0; budget < 6000; budget += 97) {
		struct bench b;

		setup(&b, MAX, budget);
		tcp_stream_start(b.stream, ISN + 1);
		for (uint64_t i = 0; i < 20; i++)
			send(&b, 500 + i * 600, 500);
		assert_true(b.budget.peak_bytes <= budget);
		tcp_stream_flush(b.stream);
		pull(&b);
		assert_int_equal(b.at, 500 + 19 * 600 + 500);
		teardown(&b);
	}
}

static void one_stray_segment_does_not_move_the_stream(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	send(&b, 0, 100);
	send(&b, UINT64_C(1) << 30, 100); /* forged, far ahead */
	send(&b, UINT64_C(3) << 30, 100); /* forged, far behind */
	send(&b, 100, 100);
	assert_int_equal(b.data, 200);
	assert_int_equal(b.gap, 0);
	assert_int_equal(b.unknown, 0);
	teardown(&b);
}

static void a_jump_that_goes_on_is_followed(void **state)
{
	uint64_t far = UINT64_C(1) << 30;
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	send(&b, 0, 100);
	send(&b, 150, 10); /* something waits */
	send(&b, far, 100);
	send(&b, far + 100, 100);
	assert_int_equal(b.at, 160);
	b.shift = far + 200 - 160;
	send(&b, far + 200, 100);
	assert_int_equal(b.unknown, 1);
	assert_int_equal(b.at, 260);
	assert_int_equal(counts_of(&b).gaps_unknown, 1);
	teardown(&b);
}

/* Many tiny segments in the worst order, again and again: the work for each stays bounded. */
static void tiny_segments_out_of_order_stay_linear(void **state)
{
	enum { ROUNDS = 40, SEGMENTS = 500 };
	struct bench b;

	(void)state;
	setup(&b, MAX, BUDGET);
	tcp_stream_start(b.stream, ISN + 1);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint64_t base = round * (SEGMENTS + 1);

		for (uint64_t i = SEGMENTS; i > 0; i--)
			send(&b, base + i, 1);
		send(&b, base, 1);
		assert_int_equal(b.at, base + SEGMENTS + 1);
	}
	assert_int_equal(b.gap, 0);
	assert_true(tcp_stream_moves(b.stream) <=
	            (uint64_t)ROUNDS * SEGMENTS * (TCP_STREAM_SEGMENTS_MAX + 2));
	teardown(&b);
	setup(&b, MAX, BUDGET); /* one large segment over many small ones, never in order */
	tcp_stream_start(b.stream, ISN + 1);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		for (uint64_t i = 0; i < 300; i++)
			send(&b, 10 + i * 100, 1);
		send(&b, 5, 40000);
		send(&b, 45, 30000);
	}
	assert_true(tcp_stream_moves(b.stream) < (uint64_t)ROUNDS * 302 * 2000);
	teardown(&b);
}

/* However the segments of a stream come: its counters are those of one that is read, and of what
 * waits only places are held. */
static void what_is_passed_over_is_counted_all_the_same(void **state)
{
	static const struct {
		uint64_t offset;
		size_t len, captured;
	} sent[] = {{0, 100, 100}, {100, 100, 100}, {300, 100, 100}, {500, 50, 50}, {320, 30, 30},
	        {200, 100, 100}, {350, 200, 200}, {550, 100, 60}, {650, 50, 50}, {900, 100, 100},
	        {0, 300, 300}};
	struct flow_counts read, passed;

	(void)state;
	for (size_t from = 0; from <= ARRAY_LEN(sent); from++) {
		struct bench a, b;
		size_t held = 0;

		setup(&a, MAX, BUDGET);
		setup(&b, MAX, BUDGET);
		for (size_t i = 0; i < ARRAY_LEN(sent); i++) {
			struct packet p = {.tcp_seq = (uint32_t)(ISN + 1 + sent[i].offset),
			        .tcp_flags = TCP_ACK,
			        .payload_wire_bytes = (uint32_t)sent[i].len};
			uint8_t bytes[300] = {0};
			struct chunk c;

			if (i == from) {
				tcp_stream_pass_over(b.stream);
				held = b.budget.used_bytes;
			}
			p.payload = span_of(bytes, sent[i].captured);
			for (int which = 0; which < 2; which++) {
				struct bench *one = which ? &b : &a;

				assert_int_equal(tcp_stream_feed(one->stream, &p), STATUS_OK);
				while (tcp_stream_next(one->stream, &c) == STATUS_ITEM)
					assert_true(c.bytes.len == 0 || c.bytes.data);
			}
			if (i >= from) /* the array of places may grow */
				assert_true(b.budget.used_bytes <= held + 8192);
		}
		tcp_stream_flush(a.stream);
		tcp_stream_flush(b.stream);
		for (struct chunk c; tcp_stream_next(a.stream, &c) == STATUS_ITEM;)
			assert_true(c.bytes.len == 0 || c.bytes.data);
		for (struct chunk c; tcp_stream_next(b.stream, &c) == STATUS_ITEM;)
			assert_true(c.bytes.len == 0 || c.bytes.data);
		read = counts_of(&a);
		passed = counts_of(&b);
		assert_memory_equal(&read, &passed, sizeof(read));
		assert_true(read.gap_bytes > 0 && read.retransmitted_bytes > 0);
		teardown(&a);
		teardown(&b);
	}
}

static void chunks_must_be_pulled(void **state)
{
	struct bench b;
	struct packet p = {.tcp_seq = 1, .payload = span_of_text("abc"), .payload_wire_bytes = 3};

	(void)state;
	setup(&b, MAX, BUDGET);
	assert_int_equal(tcp_stream_feed(b.stream, &p), STATUS_OK);
	assert_int_equal(tcp_stream_feed(b.stream, &p), STATUS_BUG);
	teardown(&b);
	assert_null(tcp_stream_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(in_order_needs_no_memory),
	        cmocka_unit_test(data_in_the_syn_counts),
	        cmocka_unit_test(every_order_of_five_segments_gives_the_same),
	        cmocka_unit_test(random_overlaps_agree_with_the_original),
	        cmocka_unit_test(the_first_copy_wins_and_conflicts_count),
	        cmocka_unit_test(mid_stream_begins_at_the_first_segment),
	        cmocka_unit_test(an_acknowledged_gap_is_given_up),
	        cmocka_unit_test(a_flush_releases_everything_behind_gaps),
	        cmocka_unit_test(a_snap_length_makes_known_gaps),
	        cmocka_unit_test(keep_alives_and_probes_do_no_harm),
	        cmocka_unit_test(fin_closes_in_order_only),
	        cmocka_unit_test(segments_and_bytes_are_bounded),
	        cmocka_unit_test(a_spent_budget_gives_gaps_not_failures),
	        cmocka_unit_test(one_stray_segment_does_not_move_the_stream),
	        cmocka_unit_test(a_jump_that_goes_on_is_followed),
	        cmocka_unit_test(tiny_segments_out_of_order_stay_linear),
	        cmocka_unit_test(what_is_passed_over_is_counted_all_the_same),
	        cmocka_unit_test(chunks_must_be_pulled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
