#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/status.h"
#include "frame_maker.h"
#include "net/fragment.h"

#define BUDGET (4u << 20)

struct bench {
	struct budget budget;
	struct fragment_table *table;
	struct packet out;
	int64_t now_ns;
	unsigned family;
};

static void setup(struct bench *b, size_t budget_bytes)
{
	*b = (struct bench){.family = 4};
	budget_init(&b->budget, budget_bytes);
	assert_int_equal(fragment_table_new(&b->table, &b->budget), STATUS_OK);
}

static struct fragment_counts done(struct bench *b)
{
	struct fragment_counts counts;

	fragment_table_counts(b->table, &counts);
	b->table = fragment_table_free(b->table);
	assert_int_equal(b->budget.used_bytes, 0);
	return counts;
}

/* A fragment of a UDP datagram whose byte at n is n * 7 after the first eight. */
static int feed_filled(
        struct bench *b, uint32_t id, unsigned offset, unsigned len, bool more, int fill)
{
	struct frame_maker m = {.len = 0};
	struct frame frame = {.link_type = 101};
	struct packet p;
	int status;

	if (b->family == 4) {
		put_ipv4(&m, 17, len);
		m.bytes[4] = (uint8_t)(id >> 8), m.bytes[5] = (uint8_t)id;
		m.bytes[6] = (uint8_t)((more ? 0x20 : 0) | offset / 8 >> 8);
		m.bytes[7] = (uint8_t)(offset / 8);
	} else {
		put_ipv6(&m, 44, len + 8);
		put8(&m, 17), put8(&m, 0), put16(&m, offset | more), put32(&m, id);
	}
	for (unsigned i = offset; i < offset + len; i++) {
		static const uint8_t udp[8] = {0x14, 0xe9, 0, 53, 0, 0, 0, 0};

		put8(&m, fill >= 0 ? (unsigned)fill : i < 8 ? udp[i] : i * 7);
	}
	frame.bytes.data = malloc(m.len);
	assert_non_null(frame.bytes.data);
	memcpy((uint8_t *)frame.bytes.data, m.bytes, m.len);
	frame.bytes.len = m.len;
	frame.length_bytes = (uint32_t)m.len;
	frame.time_ns = b->now_ns;
	packet_decode(&frame, &p);
	assert_int_equal(p.outcome, PACKET_FRAGMENT);
	status = fragment_table_feed(b->table, &p, &b->out);
	free((uint8_t *)frame.bytes.data);
	return status;
}

static int feed(struct bench *b, uint32_t id, unsigned offset, unsigned len, bool more)
{
	return feed_filled(b, id, offset, len, more, -1);
}

static void check_out(const struct bench *b, size_t payload_bytes)
{
	assert_int_equal(b->out.outcome, PACKET_OK);
	assert_int_equal(b->out.tuple.protocol, 17);
	assert_int_equal(b->out.tuple.src.port, 5353);
	assert_int_equal(b->out.tuple.dst.port, 53);
	assert_int_equal(b->out.payload.len, payload_bytes);
	assert_int_equal(b->out.payload_wire_bytes, payload_bytes);
	for (size_t i = 0; i < payload_bytes; i++)
		assert_int_equal(b->out.payload.data[i], (uint8_t)((i + 8) * 7));
}

static void joins_in_any_order(void **state)
{
	static const unsigned orders[6][3] = {
	        {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static const unsigned lengths[3] = {1480, 1480, 13};

	(void)state;
	for (unsigned family = 4; family <= 6; family += 2) {
		for (unsigned i = 0; i < 6; i++) {
			struct bench b;
			struct fragment_counts counts;

			setup(&b, BUDGET);
			b.family = family;
			for (unsigned k = 0; k < 3; k++) {
				unsigned part = orders[i][k];

				assert_int_equal(feed(&b, 9, part * 1480, lengths[part], part < 2),
				        k < 2 ? STATUS_OK : STATUS_ITEM);
			}
			check_out(&b, 2 * 1480 + 13 - 8);
			assert_int_equal(
			        b.out.wire_bytes, 2 * 1480 + 13 + 3 * (family == 4 ? 20 : 48));
			counts = done(&b);
			assert_int_equal(counts.reassembled, 1);
			assert_int_equal(counts.fragments, 3);
		}
	}
}

static void the_largest_datagram_fits(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, BUDGET);
	for (unsigned offset = 0; offset < 64000; offset += 3200)
		assert_int_equal(feed(&b, 1, offset, 3200, true), STATUS_OK);
	assert_int_equal(feed(&b, 1, 64000, 65515 - 64000, false), STATUS_ITEM);
	check_out(&b, 65515 - 8);
	assert_int_equal(feed(&b, 2, 65512, 4, false), STATUS_OK); /* one byte too long */
	assert_int_equal(done(&b).malformed, 1);
}

static void equal_overlaps_are_fine_others_drop(void **state)
{
	struct bench b;
	struct fragment_counts counts;

	(void)state;
	setup(&b, BUDGET);
	assert_int_equal(feed(&b, 1, 0, 64, true), STATUS_OK);
	assert_int_equal(feed(&b, 1, 0, 64, true), STATUS_OK);
	assert_int_equal(feed(&b, 1, 32, 64, true), STATUS_OK);
	assert_int_equal(feed(&b, 1, 96, 5, false), STATUS_ITEM);
	check_out(&b, 101 - 8);
	assert_int_equal(feed(&b, 2, 0, 64, true), STATUS_OK);
	assert_int_equal(feed_filled(&b, 2, 32, 64, true, 0xee), STATUS_OK);
	assert_int_equal(feed(&b, 2, 64, 5, false), STATUS_OK); /* too late for it */
	assert_int_equal(feed(&b, 2, 64, 32, true), STATUS_OK);
	counts = done(&b);
	assert_int_equal(counts.overlaps, 1);
	assert_int_equal(counts.reassembled, 1);
}

static void lengths_must_agree(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, BUDGET);
	assert_int_equal(feed(&b, 1, 0, 13, true), STATUS_OK); /* not a multiple of eight */
	assert_int_equal(feed(&b, 2, 64, 8, false), STATUS_OK);
	assert_int_equal(feed(&b, 2, 128, 8, true), STATUS_OK); /* past the end */
	assert_int_equal(feed(&b, 3, 64, 8, false), STATUS_OK);
	assert_int_equal(feed(&b, 3, 64, 5, false), STATUS_OK); /* another end */
	assert_int_equal(feed(&b, 4, 128, 8, true), STATUS_OK);
	assert_int_equal(feed(&b, 4, 64, 8, false), STATUS_OK); /* before what is there */
	assert_int_equal(feed(&b, 5, 64, 0, true), STATUS_OK);  /* empty */
	assert_int_equal(done(&b).malformed, 5);
}

static void waiting_ends(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, BUDGET);
	assert_int_equal(feed(&b, 1, 0, 64, true), STATUS_OK);
	b.now_ns = FRAGMENT_TIMEOUT_NS + 1;
	assert_int_equal(feed(&b, 1, 64, 8, false), STATUS_OK);
	assert_int_equal(feed(&b, 1, 0, 64, true), STATUS_ITEM);
	assert_int_equal(done(&b).expired, 1);
}

static void copies_of_a_finished_datagram_are_duplicates(void **state)
{
	struct bench b;
	struct fragment_counts counts;

	(void)state;
	setup(&b, BUDGET);
	for (int copy = 0; copy < 2; copy++) {
		assert_int_equal(feed(&b, 1, 0, 64, true), STATUS_OK);
		assert_int_equal(feed(&b, 1, 64, 8, false), copy ? STATUS_OK : STATUS_ITEM);
	}
	b.now_ns += FRAGMENT_DUPLICATE_NS + 1; /* the number is used again */
	assert_int_equal(feed(&b, 1, 0, 64, true), STATUS_OK);
	assert_int_equal(feed(&b, 1, 64, 8, false), STATUS_ITEM);
	counts = done(&b);
	assert_int_equal(counts.duplicates, 2);
	assert_int_equal(counts.reassembled, 2);
	assert_int_equal(counts.expired, 0);
}

static void table_and_budget_are_bounded(void **state)
{
	struct bench b;
	struct fragment_counts counts;

	(void)state;
	setup(&b, BUDGET);
	for (uint32_t id = 0; id < FRAGMENT_DATAGRAMS_MAX + 10; id++)
		assert_int_equal(feed(&b, id, 0, 64, true), STATUS_OK);
	assert_int_equal(feed(&b, 5, 64, 8, false), STATUS_OK); /* evicted, begins anew */
	assert_int_equal(feed(&b, 200, 64, 8, false), STATUS_ITEM);
	counts = done(&b);
	assert_int_equal(counts.evicted, 11);

	setup(&b, 200000);
	for (uint32_t id = 0; id < 1000; id++) {
		assert_int_equal(feed(&b, id, 65496, 8, true), STATUS_OK);
		assert_true(b.budget.used_bytes <= 200000);
	}
	counts = done(&b);
	assert_int_equal(counts.evicted, 1000 - 3);

	setup(&b, 1000); /* not even one fits */
	assert_int_equal(feed(&b, 1, 0, 64, true), STATUS_OK);
	assert_int_equal(done(&b).evicted, 1);
}

static void cut_fragments_never_complete(void **state)
{
	struct bench b;
	struct frame_maker m = {.len = 0};
	struct packet p;

	(void)state;
	setup(&b, BUDGET);
	put_ipv4(&m, 17, 64);
	m.bytes[6] = 0x20;
	put_zeros(&m, 64);
	p = decode_as(&m, 101, 20 + 30, m.len);
	assert_int_equal(p.outcome, PACKET_FRAGMENT);
	assert_int_equal(fragment_table_feed(b.table, &p, &b.out), STATUS_OK);
	assert_int_equal(feed(&b, 0x1234, 64, 8, false), STATUS_OK);
	assert_int_equal(done(&b).reassembled, 0);
}

/* The outer datagram holds an IPv4 fragment; both are given and fed straight back. */
static void fragments_inside_fragments(void **state)
{
	struct bench b;
	struct packet p;

	(void)state;
	setup(&b, BUDGET);
	for (unsigned inner = 0; inner < 2; inner++) {
		struct frame_maker whole = {.len = 0}, m = {.len = 0};

		put_ipv4(&whole, 17, 16);
		whole.bytes[6] = inner == 0 ? 0x20 : 0;
		whole.bytes[7] = inner == 0 ? 0 : 2;
		if (inner == 0)
			put_udp(&whole, 53, 24), put_zeros(&whole, 8);
		else
			put_zeros(&whole, 16);
		for (unsigned part = 0; part < 2; part++) {
			m.len = 0;
			put_ipv4(&m, 4, part ? whole.len - 24 : 24);
			m.bytes[5] = (uint8_t)inner;
			m.bytes[6] = part ? 0 : 0x20;
			m.bytes[7] = part ? 3 : 0;
			put_bytes(&m, whole.bytes + 24 * part, part ? whole.len - 24 : 24);
			p = decode(&m, 101);
			assert_int_equal(fragment_table_feed(b.table, &p, &b.out),
			        part ? STATUS_ITEM : STATUS_OK);
		}
		assert_int_equal(b.out.outcome, PACKET_FRAGMENT);
		p = b.out;
		assert_int_equal(
		        fragment_table_feed(b.table, &p, &b.out), inner ? STATUS_ITEM : STATUS_OK);
	}
	assert_int_equal(b.out.outcome, PACKET_OK);
	assert_int_equal(b.out.payload.len, 24);
	p = decode_as(&(struct frame_maker){.len = 0}, 101, 0, 0);
	assert_int_equal(fragment_table_feed(b.table, &p, &b.out), STATUS_BUG);
	(void)done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(joins_in_any_order),
	        cmocka_unit_test(the_largest_datagram_fits),
	        cmocka_unit_test(equal_overlaps_are_fine_others_drop),
	        cmocka_unit_test(lengths_must_agree),
	        cmocka_unit_test(waiting_ends),
	        cmocka_unit_test(copies_of_a_finished_datagram_are_duplicates),
	        cmocka_unit_test(table_and_budget_are_bounded),
	        cmocka_unit_test(cut_fragments_never_complete),
	        cmocka_unit_test(fragments_inside_fragments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
