#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "frame_maker.h"

static const char hello[] = "hello"; /* the payload of every good frame, 5 bytes */

static void put_hello(struct frame_maker *m)
{
	put_bytes(m, hello, 5);
}

/* IPv4 and TCP with the payload, 45 bytes. */
static void put_inside(struct frame_maker *m)
{
	put_ipv4(m, 6, 25);
	put_tcp(m, 20, TCP_ACK | TCP_PSH);
	put_hello(m);
}

#define INSIDE_BYTES 45

static void make_plain(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_inside(m);
}

static void make_padded(struct frame_maker *m)
{
	make_plain(m);
	put_zeros(m, 9);
}

static void make_options(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put8(m, 0x46);
	put8(m, 0);
	put16(m, 24 + 32 + 5);
	put32(m, 0x12344000); /* id, don't fragment */
	put8(m, 63);
	put8(m, 6);
	put16(m, 0);
	put_addr(m, "192.0.2.1");
	put_addr(m, "198.51.100.2");
	put32(m, 0x01010101);
	put_tcp(m, 32, TCP_ACK);
	put_hello(m);
}

static void make_udp(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 17, 13);
	put_udp(m, 53, 5);
	put_hello(m);
}

static void make_udp_inner_padding(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 17, 16);
	put_udp(m, 53, 5);
	put_hello(m);
	put_zeros(m, 3);
}

static void make_sctp(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 132, 17);
	put16(m, 40000);
	put16(m, 443);
	put_zeros(m, 8);
	put_hello(m);
}

static void make_icmp(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 1, 9);
	put8(m, 8);
	put8(m, 1);
	put16(m, 0);
	put_hello(m);
}

static void make_ipv6(struct frame_maker *m)
{
	put_ethernet(m, 0x86dd);
	put_ipv6(m, 6, 25);
	put_tcp(m, 20, TCP_ACK | TCP_PSH);
	put_hello(m);
}

/* Hop by hop, routing, destination options, AH, whole-packet fragment header. */
static void make_ipv6_extensions(struct frame_maker *m)
{
	put_ethernet(m, 0x86dd);
	put_ipv6(m, 0, 8 + 8 + 16 + 16 + 8 + 25);
	put8(m, 43), put8(m, 0), put_zeros(m, 6);
	put8(m, 60), put8(m, 0), put_zeros(m, 6);
	put8(m, 51), put8(m, 1), put_zeros(m, 14);
	put8(m, 44), put8(m, 2), put_zeros(m, 14);
	put8(m, 6), put8(m, 0), put16(m, 0), put32(m, 99);
	put_tcp(m, 20, TCP_ACK | TCP_PSH);
	put_hello(m);
}

static void make_icmpv6(struct frame_maker *m)
{
	put_ethernet(m, 0x86dd);
	put_ipv6(m, 58, 9);
	put8(m, 128);
	put8(m, 0);
	put16(m, 0);
	put_hello(m);
}

static void make_vlan(struct frame_maker *m)
{
	put_ethernet(m, 0x8100);
	put16(m, 0x2000 | 77);
	put16(m, 0x0800);
	put_inside(m);
}

static void make_qinq(struct frame_maker *m)
{
	put_ethernet(m, 0x88a8);
	put16(m, 77);
	put16(m, 0x8100);
	put16(m, 12);
	put16(m, 0x0800);
	put_inside(m);
}

static void make_snap(struct frame_maker *m)
{
	put_ethernet(m, 8 + INSIDE_BYTES);
	put_bytes(m, "\xaa\xaa\x03\0\0\0\x08\0", 8);
	put_inside(m);
}

static void make_mpls(struct frame_maker *m)
{
	put_ethernet(m, 0x8847);
	put32(m, 0x00010040);
	put32(m, 0x00020140);
	put_inside(m);
}

static void make_mpls_pseudowire(struct frame_maker *m)
{
	put_ethernet(m, 0x8847);
	put32(m, 0x00020140);
	put32(m, 0);
	make_plain(m);
}

static void make_pppoe(struct frame_maker *m)
{
	put_ethernet(m, 0x8864);
	put16(m, 0x1100);
	put16(m, 9);
	put16(m, 2 + INSIDE_BYTES);
	put16(m, 0x0021);
	put_inside(m);
	put_zeros(m, 4);
}

static void make_gre(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 47, 16 + INSIDE_BYTES);
	put16(m, 0xb000);
	put16(m, 0x0800);
	put_zeros(m, 12);
	put_inside(m);
}

static void make_gre_bridged(struct frame_maker *m)
{
	put_ethernet(m, 0x86dd);
	put_ipv6(m, 47, 4 + 14 + INSIDE_BYTES);
	put16(m, 0);
	put16(m, 0x6558);
	make_plain(m);
}

static void make_pptp(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 47, 16 + 3 + INSIDE_BYTES);
	put16(m, 0x3081);
	put16(m, 0x880b);
	put_zeros(m, 12);
	put_bytes(m, "\xff\x03\x21", 3);
	put_inside(m);
}

static void make_erspan1(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 47, 4 + 14 + INSIDE_BYTES);
	put16(m, 0);
	put16(m, 0x88be);
	make_plain(m);
}

static void make_erspan2(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 47, 16 + 14 + INSIDE_BYTES);
	put16(m, 0x1000);
	put16(m, 0x88be);
	put32(m, 1);
	put32(m, 0x10010001);
	put32(m, 0);
	make_plain(m);
}

static void make_erspan3(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 47, 28 + 14 + INSIDE_BYTES);
	put16(m, 0x1000);
	put16(m, 0x22eb);
	put32(m, 1);
	put32(m, 0x20010001);
	put32(m, 0);
	put32(m, 0x00000001); /* O: the platform's 8 bytes follow */
	put32(m, 0), put32(m, 0);
	make_plain(m);
}

static void make_erspan3_ip(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 47, 20 + INSIDE_BYTES);
	put16(m, 0x1000);
	put16(m, 0x22eb);
	put32(m, 1);
	put32(m, 0x20010001);
	put32(m, 0);
	put32(m, 2u << 10);
	put_inside(m);
}

static void make_vxlan(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 17, 16 + 14 + INSIDE_BYTES);
	put_udp(m, 4789, 8 + 14 + INSIDE_BYTES);
	put32(m, 0x08000000);
	put32(m, 0x00000500);
	make_plain(m);
}

static void make_ip_in_ip(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 4, INSIDE_BYTES);
	put_inside(m);
}

static void make_6in4(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_ipv4(m, 41, 40 + 25);
	put_ipv6(m, 6, 25);
	put_tcp(m, 20, TCP_ACK | TCP_PSH);
	put_hello(m);
}

static void make_offloaded(struct frame_maker *m)
{
	put_ethernet(m, 0x0800);
	put_inside(m);
	m->bytes[14 + 2] = m->bytes[14 + 3] = 0; /* total length */
}

static void make_null_little(struct frame_maker *m)
{
	put32(m, 0x02000000);
	put_inside(m);
}

static void make_null_big(struct frame_maker *m)
{
	put32(m, 2);
	put_inside(m);
}

static void make_null_ipv6(struct frame_maker *m)
{
	put32(m, 0x1e000000);
	put_ipv6(m, 6, 25);
	put_tcp(m, 20, TCP_ACK | TCP_PSH);
	put_hello(m);
}

static void make_cooked(struct frame_maker *m)
{
	put16(m, 4), put16(m, 1), put16(m, 6);
	put_bytes(m, "\x02\0\0\0\0\x05\0\0", 8);
	put16(m, 0x0800);
	put_inside(m);
}

static void make_cooked2(struct frame_maker *m)
{
	put16(m, 0x0800), put16(m, 0), put32(m, 2), put16(m, 1), put8(m, 4), put8(m, 6);
	put_bytes(m, "\x02\0\0\0\0\x05\0\0", 8);
	put_inside(m);
}

static void make_ppp(struct frame_maker *m)
{
	put_bytes(m, "\xff\x03\0\x21", 4);
	put_inside(m);
}

static void make_ppp_short(struct frame_maker *m)
{
	put8(m, 0x21);
	put_inside(m);
}

static void make_cisco(struct frame_maker *m)
{
	put32(m, 0x0f000800);
	put_inside(m);
}

static const struct good_frame {
	void (*make)(struct frame_maker *m);
	uint32_t link;
	uint8_t protocol;
	uint8_t family;
	uint16_t vlan;
} good[] = {
        {make_plain, 1, 6, 4, 0},
        {make_padded, 1, 6, 4, 0},
        {make_options, 1, 6, 4, 0},
        {make_udp, 1, 17, 4, 0},
        {make_udp_inner_padding, 1, 17, 4, 0},
        {make_sctp, 1, 132, 4, 0},
        {make_icmp, 1, 1, 4, 0},
        {make_ipv6, 1, 6, 6, 0},
        {make_ipv6_extensions, 1, 6, 6, 0},
        {make_icmpv6, 1, 58, 6, 0},
        {make_vlan, 1, 6, 4, 77},
        {make_qinq, 1, 6, 4, 77},
        {make_snap, 1, 6, 4, 0},
        {make_mpls, 1, 6, 4, 0},
        {make_mpls_pseudowire, 1, 6, 4, 0},
        {make_pppoe, 1, 6, 4, 0},
        {make_gre, 1, 6, 4, 0},
        {make_gre_bridged, 1, 6, 4, 0},
        {make_pptp, 1, 6, 4, 0},
        {make_erspan1, 1, 6, 4, 0},
        {make_erspan2, 1, 6, 4, 0},
        {make_erspan3, 1, 6, 4, 0},
        {make_erspan3_ip, 1, 6, 4, 0},
        {make_vxlan, 1, 6, 4, 0},
        {make_ip_in_ip, 1, 6, 4, 0},
        {make_6in4, 1, 6, 6, 0},
        {make_offloaded, 1, 6, 4, 0},
        {put_inside, 12, 6, 4, 0},
        {put_inside, 14, 6, 4, 0},
        {put_inside, 101, 6, 4, 0},
        {put_inside, 228, 6, 4, 0},
        {make_null_little, 0, 6, 4, 0},
        {make_null_big, 0, 6, 4, 0},
        {make_null_big, 108, 6, 4, 0},
        {make_null_ipv6, 0, 6, 6, 0},
        {make_cooked, 113, 6, 4, 0},
        {make_cooked2, 276, 6, 4, 0},
        {make_ppp, 9, 6, 4, 0},
        {make_ppp_short, 50, 6, 4, 0},
        {make_cisco, 50, 6, 4, 0},
        {make_cisco, 104, 6, 4, 0},
};

static void check_good(const struct good_frame *row, const struct packet *p)
{
	char src[ADDR_TEXT_CHARS], dst[ADDR_TEXT_CHARS];

	assert_int_equal(p->outcome, PACKET_OK);
	addr_format(&p->tuple.src.addr, src);
	addr_format(&p->tuple.dst.addr, dst);
	assert_string_equal(src, row->family == 4 ? "192.0.2.1" : "2001:db8::1");
	assert_string_equal(dst, row->family == 4 ? "198.51.100.2" : "2001:db8::2");
	assert_int_equal(p->tuple.protocol, row->protocol);
	assert_int_equal(p->tuple.vlan, row->vlan);
	assert_int_equal(p->time_ns, 11);
	assert_int_equal(p->number, 7);
	assert_int_equal(p->interface, 3);
	assert_int_equal(p->input, 2);
	assert_int_equal(p->payload_wire_bytes, 5);
	if (row->protocol == 6) {
		assert_int_equal(p->tuple.src.port, 40000);
		assert_int_equal(p->tuple.dst.port, 443);
		assert_int_equal(p->tcp_seq, 0x01020304);
		assert_int_equal(p->tcp_ack, 0x05060708);
		assert_int_equal(p->tcp_window, 512);
		assert_true(p->tcp_flags & TCP_ACK);
	}
}

static void decodes_every_link_and_wrapping(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct frame_maker m = {.len = 0};
		struct packet p;

		good[i].make(&m);
		p = decode(&m, good[i].link);
		check_good(&good[i], &p);
		assert_true(span_equal_text(p.payload, hello));
		assert_int_equal(p.wire_bytes, m.len);
		assert_int_equal(p.ttl, good[i].family == 4 ? 63 : 62);
		assert_int_equal(cursor_open(p.ip).at[0] >> 4, good[i].family);
	}
}

static bool comes_tunnelled(void (*make)(struct frame_maker *m), size_t lost_bytes)
{
	struct frame_maker m = {.len = 0};

	make(&m);
	m.len -= lost_bytes;
	return decode(&m, 1).tunnelled;
}

static void what_came_in_a_tunnel_says_so(void **state)
{
	(void)state;
	assert_true(comes_tunnelled(make_gre, 0));
	assert_true(comes_tunnelled(make_gre_bridged, 0));
	assert_true(comes_tunnelled(make_erspan2, 0));
	assert_true(comes_tunnelled(make_vxlan, 0));
	assert_true(comes_tunnelled(make_ip_in_ip, 0));
	assert_true(comes_tunnelled(make_6in4, 0));
	assert_false(comes_tunnelled(make_plain, 0));
	assert_false(comes_tunnelled(make_mpls, 0));
	assert_false(comes_tunnelled(make_pppoe, 0));
	/* What it holds is cut: the outer packet stands. */
	assert_false(comes_tunnelled(make_vxlan, INSIDE_BYTES));
}

/* Cut anywhere by the snap length: the same packet with fewer bytes, or a named outcome. */
static void a_cut_frame_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct frame_maker m = {.len = 0};

		good[i].make(&m);
		for (size_t len = 0; len < m.len; len++) {
			uint8_t *exact = malloc(len ? len : 1);
			struct frame frame = {.length_bytes = (uint32_t)m.len,
			        .link_type = good[i].link,
			        .time_ns = 11,
			        .number = 7,
			        .interface = 3,
			        .input = 2};
			struct packet p;

			assert_non_null(exact);
			memcpy(exact, m.bytes, len);
			frame.bytes = span_of(exact, len);
			packet_decode(&frame, &p);
			/* LLC that is cut is not yet IP; a tunnel that is cut stays a tunnel. */
			if (p.outcome == PACKET_OK && p.tuple.protocol == good[i].protocol &&
			        p.tuple.dst.port != 4789 && good[i].make != make_offloaded)
				check_good(&good[i], &p);
			else if (p.outcome == PACKET_OK)
				assert_true(p.payload_wire_bytes >= p.payload.len);
			else
				assert_true(p.outcome == PACKET_CUT || p.outcome == PACKET_NOT_IP);
			free(exact);
		}
	}
}

/* The frame really ends early: never a read past the end, never a payload beyond it. */
static void a_short_frame_is_malformed_or_less(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct frame_maker m = {.len = 0};

		good[i].make(&m);
		for (size_t len = 0; len < m.len; len++) {
			uint8_t *exact = malloc(len ? len : 1);
			struct frame frame = {.bytes = span_of(exact, len),
			        .length_bytes = (uint32_t)len,
			        .link_type = good[i].link};
			struct packet p;

			assert_non_null(exact);
			memcpy(exact, m.bytes, len);
			packet_decode(&frame, &p);
			assert_true(p.outcome < PACKET_OUTCOMES);
			assert_true(p.payload.len <= len);
			free(exact);
		}
	}
}

static void knows_the_ends(void **state)
{
	struct frame_maker m = {.len = 0};
	struct packet p;

	(void)state;
	put_ethernet(&m, 0x0806);
	put_zeros(&m, 46);
	assert_int_equal(decode(&m, 1).outcome, PACKET_NOT_IP);
	p = decode(&m, 1);
	assert_memory_equal(p.mac_src, "\x02\0\0\0\0\x05", 6);
	assert_memory_equal(p.mac_dst, "\x02\0\0\0\0\x0d", 6);
	assert_int_equal(decode(&m, 147).outcome, PACKET_UNKNOWN_LINK);
	m.len = 0;
	put_ethernet(&m, 38); /* spanning tree */
	put_bytes(&m, "\x42\x42\x03", 3);
	put_zeros(&m, 43);
	assert_int_equal(decode(&m, 1).outcome, PACKET_NOT_IP);
	m.len = 0;
	assert_int_equal(decode(&m, 1).outcome, PACKET_MALFORMED);
	assert_int_equal(decode_as(&m, 1, 0, 60).outcome, PACKET_CUT);
	m.len = 0;
	put_bytes(&m, "\xff\x03\xc0\x21\1\2\0\4", 8); /* PPP link control */
	assert_int_equal(decode(&m, 9).outcome, PACKET_NOT_IP);
	m.len = 0;
	put_bytes(&m, "\0\0\0\x63xxxx", 8);
	assert_int_equal(decode(&m, 0).outcome, PACKET_NOT_IP);
}

/* Sets one byte of the plain frame and tells the outcome. */
static enum packet_outcome plain_with(size_t offset, uint8_t value)
{
	struct frame_maker m = {.len = 0};

	make_plain(&m);
	m.bytes[offset] = value;
	return decode(&m, 1).outcome;
}

static void refuses_contradictions(void **state)
{
	struct frame_maker m = {.len = 0};

	(void)state;
	assert_int_equal(plain_with(14, 0x55), PACKET_MALFORMED);           /* version */
	assert_int_equal(plain_with(14, 0x44), PACKET_MALFORMED);           /* header length */
	assert_int_equal(plain_with(14, 0x4f), PACKET_MALFORMED);           /* over total length */
	assert_int_equal(plain_with(14 + 3, 19), PACKET_MALFORMED);         /* total length */
	assert_int_equal(plain_with(14 + 20 + 12, 0x40), PACKET_MALFORMED); /* TCP offset low */
	assert_int_equal(plain_with(14 + 20 + 12, 0xf0), PACKET_MALFORMED); /* TCP offset high */
	make_udp(&m);
	m.bytes[14 + 20 + 5] = 7;
	assert_int_equal(decode(&m, 1).outcome, PACKET_MALFORMED);
	m.bytes[14 + 20 + 5] = 14; /* one more than the IP packet holds */
	assert_int_equal(decode(&m, 1).outcome, PACKET_MALFORMED);
	m.bytes[14 + 20 + 5] = 0;
	assert_int_equal(decode(&m, 1).outcome, PACKET_OK);
	m.bytes[14 + 20 + 5] = 8; /* empty, the rest is padding */
	assert_int_equal(decode(&m, 1).payload.len, 0);
}

static void a_total_length_beyond_the_frame_is_a_cut(void **state)
{
	struct frame_maker m = {.len = 0};
	struct packet p;

	(void)state;
	make_plain(&m);
	m.bytes[14 + 2] = 0x05; /* 5 * 256 + 45 */
	p = decode(&m, 1);
	assert_int_equal(p.outcome, PACKET_OK);
	assert_int_equal(p.payload.len, 5);
	assert_int_equal(p.payload_wire_bytes, 5 + 0x500);
}

static void a_snap_length_inside_tcp_options_still_tells_the_segment(void **state)
{
	struct frame_maker m = {.len = 0};
	struct packet p;

	(void)state;
	make_options(&m);
	p = decode_as(&m, 1, 14 + 24 + 20, m.len);
	assert_int_equal(p.outcome, PACKET_OK);
	assert_int_equal(p.payload.len, 0);
	assert_int_equal(p.payload_wire_bytes, 5);
	p = decode_as(&m, 1, 14 + 24 + 19, m.len);
	assert_int_equal(p.outcome, PACKET_CUT);
	assert_int_equal(p.tuple.dst.port, 443);
}

static void finds_fragments(void **state)
{
	struct frame_maker m = {.len = 0};
	struct packet p;

	(void)state;
	make_udp(&m);
	m.bytes[14 + 6] = 0x20; /* more */
	p = decode(&m, 1);
	assert_int_equal(p.outcome, PACKET_FRAGMENT);
	assert_int_equal(p.fragment_id, 0x1234);
	assert_int_equal(p.fragment_offset_bytes, 0);
	assert_true(p.fragment_more);
	assert_int_equal(p.payload.len, 13);
	assert_int_equal(p.tuple.dst.port, 0);
	m.bytes[14 + 6] = 0;
	m.bytes[14 + 7] = 3;
	p = decode(&m, 1);
	assert_int_equal(p.outcome, PACKET_FRAGMENT);
	assert_int_equal(p.fragment_offset_bytes, 24);
	assert_false(p.fragment_more);

	m.len = 0;
	put_ethernet(&m, 0x86dd);
	put_ipv6(&m, 60, 8 + 8 + 5);
	put8(&m, 44), put8(&m, 0), put_zeros(&m, 6);
	put8(&m, 17), put8(&m, 0), put16(&m, 0x0109), put32(&m, 0xcafe0001);
	put_hello(&m);
	p = decode(&m, 1);
	assert_int_equal(p.outcome, PACKET_FRAGMENT);
	assert_int_equal(p.tuple.protocol, 17);
	assert_int_equal(p.fragment_id, 0xcafe0001);
	assert_int_equal(p.fragment_offset_bytes, 0x108);
	assert_true(p.fragment_more);
	assert_true(span_equal_text(p.payload, hello));
}

static void wrappings_end_at_the_limit(void **state)
{
	struct frame_maker m = {.len = 0};

	(void)state;
	for (unsigned count = PACKET_LAYERS_MAX; count <= PACKET_LAYERS_MAX + 1; count++) {
		m.len = 0;
		put_ethernet(&m, 0x8100);
		for (unsigned i = 1; i <= count; i++) {
			put16(&m, i);
			put16(&m, i < count ? 0x8100 : 0x0800);
		}
		put_inside(&m);
		assert_int_equal(decode(&m, 1).outcome,
		        count <= PACKET_LAYERS_MAX ? PACKET_OK : PACKET_LIMIT);
	}
	for (unsigned count = 8; count <= 9; count++) {
		m.len = 0;
		put_ipv6(&m, 60, 8 * count + 25);
		for (unsigned i = 1; i <= count; i++) {
			put16(&m, i < count ? 60 << 8 : 6 << 8);
			put_zeros(&m, 6);
		}
		put_tcp(&m, 20, TCP_ACK);
		put_hello(&m);
		assert_int_equal(decode(&m, 101).outcome, count <= 8 ? PACKET_OK : PACKET_LIMIT);
	}
}

static void what_a_tunnel_holds_may_be_unreadable(void **state)
{
	struct frame_maker m = {.len = 0};
	struct packet p;

	(void)state;
	make_vxlan(&m);
	m.bytes[14 + 20 + 8 + 8 + 14] = 0x15; /* inner IP version */
	p = decode(&m, 1);
	assert_int_equal(p.outcome, PACKET_OK);
	assert_int_equal(p.tuple.dst.port, 4789);
	assert_int_equal(p.payload.len, 8 + 14 + INSIDE_BYTES);
	m.len = 0;
	make_vxlan(&m);
	m.bytes[14 + 20 + 8] = 0; /* no valid network id: an ordinary datagram to that port */
	p = decode(&m, 1);
	assert_int_equal(p.tuple.dst.port, 4789);
	m.len = 0;
	make_gre(&m);
	m.bytes[14 + 20 + 2] = 0x7f; /* an unknown type inside GRE */
	p = decode(&m, 1);
	assert_int_equal(p.outcome, PACKET_OK);
	assert_int_equal(p.tuple.protocol, 47);
	m.len = 0;
	make_vxlan(&m);
	m.bytes[14 + 20 + 8 + 8 + 12] = 0x08, m.bytes[14 + 20 + 8 + 8 + 13] = 0x06;
	assert_int_equal(decode(&m, 1).outcome, PACKET_NOT_IP); /* ARP on the inner network */
}

static void decodes_from_an_ip_header_on(void **state)
{
	struct frame_maker m = {.len = 0};
	struct packet like, p;

	(void)state;
	make_vlan(&m);
	like = decode(&m, 1);
	m.len = 0;
	put_inside(&m);
	packet_decode_ip(span_of(m.bytes, m.len), &like, &p);
	assert_int_equal(p.outcome, PACKET_OK);
	assert_int_equal(p.tuple.vlan, 77);
	assert_int_equal(p.number, 7);
	assert_int_equal(p.input, 2);
	assert_int_equal(p.wire_bytes, like.wire_bytes);
	assert_memory_equal(p.mac_src, like.mac_src, 6);
	assert_true(span_equal_text(p.payload, hello));
}

static void names_the_outcomes(void **state)
{
	(void)state;
	for (int i = 0; i < PACKET_OUTCOMES; i++)
		assert_true(strlen(packet_outcome_text((enum packet_outcome)i)) > 0);
	assert_string_equal(packet_outcome_text(PACKET_OUTCOMES), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(decodes_every_link_and_wrapping),
	        cmocka_unit_test(a_cut_frame_says_so),
	        cmocka_unit_test(a_short_frame_is_malformed_or_less),
	        cmocka_unit_test(knows_the_ends),
	        cmocka_unit_test(refuses_contradictions),
	        cmocka_unit_test(a_total_length_beyond_the_frame_is_a_cut),
	        cmocka_unit_test(a_snap_length_inside_tcp_options_still_tells_the_segment),
	        cmocka_unit_test(finds_fragments),
	        cmocka_unit_test(wrappings_end_at_the_limit),
	        cmocka_unit_test(what_came_in_a_tunnel_says_so),
	        cmocka_unit_test(what_a_tunnel_holds_may_be_unreadable),
	        cmocka_unit_test(decodes_from_an_ip_header_on),
	        cmocka_unit_test(names_the_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
