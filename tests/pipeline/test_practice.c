/* What packets tell of the practice itself, from frames to rows: names of computers, networks that
 * count as inside. The frames are made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../net/frame_maker.h"
#include "base/status.h"
#include "pipeline/pipeline.h"
#include "rules_of_source.h"

#define PUT(m, literal) put_bytes(m, literal, sizeof(literal) - 1)

#define ROWS_MAX 8

/* A capture that grows, and what it became. */
struct road {
	struct store *store;
	FILE *out;
	int fd;
	uint32_t second; /* of the next frame; a second apart */
	struct pipeline_options options;
	struct pipeline_result result;
	struct store_flow rows[ROWS_MAX];
	size_t count;
};

static void put_own32(FILE *out, uint32_t value)
{
	fwrite(&value, sizeof(value), 1, out); /* a pcap file in this machine's own order */
}

static void begin(struct road *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = memfd_create("capture", 0);
	r->out = fdopen(dup(r->fd), "wb");
	assert_non_null(r->out);
	put_own32(r->out, 0xa1b2c3d4);
	put_own32(r->out, 2 | 4 << 16);
	put_own32(r->out, 0);
	put_own32(r->out, 0);
	put_own32(r->out, 262144);
	put_own32(r->out, 1);
	r->second = 1790000000;
}

static void add_frame(struct road *r, const struct frame_maker *m)
{
	put_own32(r->out, r->second++);
	put_own32(r->out, 0);
	put_own32(r->out, (uint32_t)m->len);
	put_own32(r->out, (uint32_t)m->len);
	fwrite(m->bytes, 1, m->len, r->out);
}

static void run(struct road *r)
{
	static const struct destination_facts nothing_known;
	static const struct store_query everything = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_cursor *cursor = NULL;
	struct pipeline *pipeline = NULL;
	struct source *source = NULL;

	assert_int_equal(fclose(r->out), 0);
	assert_int_equal(lseek(r->fd, 0, SEEK_SET), 0);
	assert_int_equal(store_open(&r->store, NULL, false), STATUS_OK);
	assert_int_equal(source_open_files(&source, &r->fd, 1, NULL), STATUS_OK);
	assert_int_equal(
	        pipeline_new(&pipeline, source, rules, &nothing_known, r->store), STATUS_OK);
	assert_int_equal(store_begin(r->store), STATUS_OK);
	assert_int_equal(pipeline_run(pipeline, &r->options, &r->result), STATUS_OK);
	pipeline_free(pipeline);
	source_free(source);
	assert_int_equal(store_flows(r->store, &everything, &cursor), STATUS_OK);
	while (r->count < ROWS_MAX && store_next_flow(cursor, &r->rows[r->count]) == STATUS_ITEM)
		r->count++;
	store_cursor_free(cursor);
}

static void end(struct road *r)
{
	store_free(r->store);
}

static uint64_t loss_of(struct road *r, const char *name)
{
	static const struct store_query everything = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_loss *losses = NULL;
	uint64_t found = 0;
	size_t count = 0;

	assert_int_equal(store_losses(r->store, &everything, &losses, &count), STATUS_OK);
	for (size_t i = 0; i < count; i++)
		if (strcmp(losses[i].name, name) == 0)
			found = losses[i].count;
	free(losses);
	return found;
}

/* The row of the flow that began from this address and port; fails without one. */
static const struct store_flow *row_of(const struct road *r, const char *src, uint16_t port)
{
	char text[ADDR_TEXT_CHARS];

	for (size_t i = 0; i < r->count; i++) {
		addr_format(&r->rows[i].tuple.src.addr, text);
		if (strcmp(text, src) == 0 && r->rows[i].tuple.src.port == port)
			return &r->rows[i];
	}
	fail();
	return NULL;
}

struct ends {
	const char *src, *dst;
	uint16_t src_port, dst_port;
};

/* A UDP datagram in an Ethernet frame, of either family. */
static void add_datagram(struct road *r, struct ends e, const struct frame_maker *payload)
{
	struct frame_maker m = {.len = 0};
	bool ipv6 = strchr(e.src, ':') != NULL;
	size_t at;

	put_ethernet(&m, ipv6 ? 0x86dd : 0x0800);
	if (ipv6)
		put_ipv6(&m, 17, payload->len + 8);
	else
		put_ipv4(&m, 17, payload->len + 8);
	at = m.len;
	m.len = at - (ipv6 ? 32 : 8); /* the addresses end the header */
	put_addr(&m, e.src);
	put_addr(&m, e.dst);
	put16(&m, e.src_port), put16(&m, e.dst_port);
	put16(&m, (unsigned)payload->len + 8), put16(&m, 0);
	put_bytes(&m, payload->bytes, payload->len);
	add_frame(r, &m);
}

static void add_traffic(struct road *r, const char *src, uint16_t port, const char *dst)
{
	struct frame_maker payload = {.len = 0};

	put_zeros(&payload, 20);
	add_datagram(r, (struct ends){src, dst, port, 9999}, &payload);
}

/* The fixed part of a DHCP message, the cookie and the type. */
static void put_dhcp(struct frame_maker *m, unsigned op, unsigned type, const char *granted)
{
	put8(m, op), put8(m, 1), put8(m, 6), put8(m, 0);
	put32(m, 0xcafe0001);
	put_zeros(m, 8);
	put_addr(m, granted);
	put_zeros(m, 8);
	PUT(m, "\x02\x00\x5e\x00\x53\x07");
	put_zeros(m, 10 + 64 + 128);
	put32(m, 0x63825363);
	PUT(m, "\x35\1"), put8(m, type);
}

static void add_request_from(struct road *r, struct ends e, const char *name, const char *requested)
{
	struct frame_maker m = {.len = 0};

	put_dhcp(&m, 1, 3, "0.0.0.0");
	PUT(&m, "\x32\4"), put_addr(&m, requested);
	put8(&m, 12), put8(&m, (unsigned)strlen(name));
	put_bytes(&m, name, strlen(name));
	put8(&m, 255);
	add_datagram(r, e, &m);
}

static void add_request(struct road *r, const char *name, const char *requested)
{
	add_request_from(r, (struct ends){"0.0.0.0", "255.255.255.255", 68, 67}, name, requested);
}

static void add_acknowledgement(struct road *r, const char *granted, uint32_t mask)
{
	struct frame_maker m = {.len = 0};

	put_dhcp(&m, 2, 5, granted);
	put8(&m, 1), put8(&m, 4), put32(&m, mask);
	put8(&m, 255);
	add_datagram(r, (struct ends){"192.168.20.1", granted, 67, 68}, &m);
}

static void put_advert(struct frame_maker *m, const char *prefix, unsigned bits, unsigned hop_limit)
{
	put_bytes(m, "\x33\x33\0\0\0\1\2\0\0\0\0\5\x86\xdd", 14);
	put32(m, 0x60000000), put16(m, 16 + 32), put8(m, 58), put8(m, hop_limit);
	put_addr(m, "fe80::5"), put_addr(m, "ff02::1");
	put8(m, 134), put8(m, 0), put16(m, 0);
	put32(m, 0x40000708), put32(m, 0), put32(m, 0);
	put8(m, 3), put8(m, 4), put8(m, bits), put8(m, 0xc0);
	put32(m, 86400), put32(m, 14400), put32(m, 0), put_addr(m, prefix);
}

static void add_advert(struct road *r, const char *prefix, unsigned bits, unsigned hop_limit)
{
	struct frame_maker m = {.len = 0};

	put_advert(&m, prefix, bits, hop_limit);
	add_frame(r, &m);
}

/* What any program can send: a datagram that holds a frame (VXLAN), here with an advertisement. */
static void add_advert_in_datagram(struct road *r, const char *prefix)
{
	struct frame_maker m = {.len = 0};

	PUT(&m, "\x08\0\0\0\0\0\x2a\0");
	put_advert(&m, prefix, 64, 255);
	add_datagram(r, (struct ends){"192.168.20.5", "203.0.113.9", 50000, 4789}, &m);
}

/* Behind an IPv4 header of this protocol, from inside to outside: what a program may put there. */
static void add_wrapped(struct road *r, unsigned protocol, unsigned fragment, struct span inner)
{
	struct frame_maker m = {.len = 0};

	put_ethernet(&m, 0x0800);
	put_ipv4(&m, protocol, inner.len);
	m.bytes[14 + 6] = (uint8_t)(fragment >> 8);
	m.bytes[14 + 7] = (uint8_t)fragment;
	m.len -= 8;
	put_addr(&m, "192.168.20.5");
	put_addr(&m, "203.0.113.9");
	put_bytes(&m, inner.data, inner.len);
	add_frame(r, &m);
}

static void assert_named(const struct store_flow *f, const char *name, const char *source)
{
	assert_string_equal(f->computer_name, name);
	assert_string_equal(f->computer_name_source, source);
}

static void a_lease_names_the_flows_of_its_address(void **state)
{
	const struct store_flow *f;
	char text[ADDR_TEXT_CHARS];
	struct road r;

	(void)state;
	begin(&r);
	add_traffic(&r, "192.168.20.5", 50000, "203.0.113.9"); /* over before the lease */
	add_traffic(&r, "192.168.20.5", 50001, "203.0.113.9"); /* goes on behind it */
	add_request(&r, "RECEPTION1", "192.168.20.5");
	add_acknowledgement(&r, "192.168.20.5", 0xffffff00);
	add_traffic(&r, "192.168.20.5", 50001, "203.0.113.9");
	add_traffic(&r, "192.168.20.5", 50002, "203.0.113.9");
	add_traffic(&r, "192.168.20.6", 50003, "203.0.113.9");
	run(&r);
	assert_named(row_of(&r, "192.168.20.5", 50000), "", "");
	assert_named(row_of(&r, "192.168.20.5", 50001), "reception1", "dhcp");
	f = row_of(&r, "192.168.20.5", 50002);
	assert_named(f, "reception1", "dhcp");
	addr_format(&f->computer, text);
	assert_string_equal(text, "192.168.20.5");
	assert_named(row_of(&r, "192.168.20.6", 50003), "", "");
	/* A private subnet is inside anyway. */
	assert_null(strstr(r.result.inside, "DHCP"));
	end(&r);
}

static void hostile_names_pass_the_door_for_outside_text(void **state)
{
	const struct store_flow *f;
	struct road r;

	(void)state;
	begin(&r);
	add_request(&r, "<b>\033[31m|ward-8003608166690503", "192.168.20.5");
	add_acknowledgement(&r, "192.168.20.5", 0xffffff00);
	add_traffic(&r, "192.168.20.5", 50000, "203.0.113.9");
	run(&r);
	f = row_of(&r, "192.168.20.5", 50000);
	assert_null(strpbrk(f->computer_name, "<>\033[|"));
	assert_null(strstr(f->computer_name, "8003608166690503"));
	assert_non_null(strstr(f->computer_name, DISPLAY_IDENTIFIER));
	end(&r);
}

static void a_name_claimed_by_netbios_is_shown(void **state)
{
	static const char claim[] = "\xbe\xef\x29\x10\0\1\0\0\0\0\0\1"
	                            "\x20"
	                            "EOFFFCFDEFDCCACACACACACACACACAAA"
	                            "\0\0\x20\0\1\xc0\x0c\0\x20\0\1\0\0\1\x2c\0\6\0\0"
	                            "\xc0\xa8\x14\x05";
	struct frame_maker m = {.len = 0};
	struct road r;

	(void)state;
	begin(&r);
	PUT(&m, claim);
	add_datagram(&r, (struct ends){"192.168.20.5", "192.168.20.255", 137, 137}, &m);
	add_traffic(&r, "192.168.20.5", 50000, "203.0.113.9");
	run(&r);
	assert_named(row_of(&r, "192.168.20.5", 50000), "nurse2", "netbios");
	end(&r);
}

/* What began before the advertisement stays what it was; what begins after it has an inside end. */
static void an_advertised_network_counts_from_then_on(void **state)
{
	const struct store_flow *f;
	struct road r;

	(void)state;
	begin(&r);
	add_traffic(&r, "2001:db8:20::5", 50000, "2001:db8:ff::9");
	add_advert(&r, "2001:db8:21::", 64, 64); /* from further away than it says */
	add_advert(&r, "2001:db8:20::", 64, 255);
	add_traffic(&r, "2001:db8:20::5", 50000, "2001:db8:ff::9");
	add_traffic(&r, "2001:db8:20::5", 50001, "2001:db8:ff::9");
	add_traffic(&r, "2001:db8:20::5", 50002, "2001:db8:20::6");
	add_traffic(&r, "2001:db8:21::5", 50003, "2001:db8:ff::9");
	run(&r);
	f = row_of(&r, "2001:db8:20::5", 50000);
	assert_int_equal(f->direction, FLOW_TRANSIT);
	assert_int_equal(f->counts[0].packets, 2);
	f = row_of(&r, "2001:db8:20::5", 50001);
	assert_int_equal(f->direction, FLOW_OUTGOING);
	assert_int_equal(f->out_index, 0);
	assert_int_equal(row_of(&r, "2001:db8:20::5", 50002)->direction, FLOW_INTERNAL);
	assert_int_equal(row_of(&r, "2001:db8:21::5", 50003)->direction, FLOW_TRANSIT);
	assert_non_null(strstr(r.result.inside, "2001:db8:20::/64 by router advertisements"));
	assert_null(strstr(r.result.inside, "2001:db8:21::"));
	end(&r);
}

/* Else a program could call its recipient's network the practice's own. */
static void an_advertisement_inside_a_tunnel_tells_nothing(void **state)
{
	struct road r;

	(void)state;
	begin(&r);
	add_advert_in_datagram(&r, "2001:db8:ff::");
	add_traffic(&r, "fd00::5", 50001, "2001:db8:ff::9");
	run(&r);
	assert_int_equal(row_of(&r, "fd00::5", 50001)->direction, FLOW_OUTGOING);
	assert_null(strstr(r.result.inside, "2001:db8:ff::"));
	end(&r);
}

static void a_network_too_wide_is_refused(void **state)
{
	struct road r;

	(void)state;
	begin(&r);
	add_advert(&r, "::", 0, 255);
	add_advert(&r, "2001:db8::", 32, 255);
	add_request(&r, "PC", "198.51.100.5");
	add_acknowledgement(&r, "198.51.100.5", 0);
	add_traffic(&r, "2001:db8:20::5", 50000, "2001:db8:ff::9");
	add_traffic(&r, "198.51.100.5", 50001, "203.0.113.9");
	run(&r);
	assert_int_equal(row_of(&r, "2001:db8:20::5", 50000)->direction, FLOW_TRANSIT);
	assert_int_equal(row_of(&r, "198.51.100.5", 50001)->direction, FLOW_TRANSIT);
	assert_int_equal(loss_of(&r, "networks shown too wide to be the practice's"), 3);
	assert_non_null(strstr(r.result.inside, "too wide"));
	end(&r);
}

static void a_subnet_counts_when_a_computer_asked_for_it(void **state)
{
	struct road r;

	(void)state;
	begin(&r);
	add_acknowledgement(&r, "203.0.113.5", 0xffffff00); /* nobody asked */
	add_request(&r, "PC7", "198.51.100.5");
	add_acknowledgement(&r, "198.51.100.5", 0xffffff00);
	add_traffic(&r, "198.51.100.5", 50000, "203.0.113.9");
	run(&r);
	assert_int_equal(row_of(&r, "198.51.100.5", 50000)->direction, FLOW_OUTGOING);
	assert_named(row_of(&r, "198.51.100.5", 50000), "pc7", "dhcp");
	assert_non_null(strstr(r.result.inside, "198.51.100.0/24 by DHCP"));
	assert_null(strstr(r.result.inside, "203.0.113."));
	end(&r);
}

/* A program asks its recipient, in whose network it has no place, and is answered. */
static void a_subnet_of_far_computers_does_not_count(void **state)
{
	struct road r;

	(void)state;
	begin(&r);
	add_request_from(
	        &r, (struct ends){"192.168.20.5", "203.0.113.9", 50000, 67}, "PC8", "203.0.113.5");
	add_acknowledgement(&r, "203.0.113.5", 0xffffff00);
	add_traffic(&r, "192.168.20.5", 50001, "203.0.113.9");
	run(&r);
	assert_int_equal(row_of(&r, "192.168.20.5", 50001)->direction, FLOW_OUTGOING);
	assert_null(strstr(r.result.inside, "203.0.113."));
	end(&r);
}

static void the_register_s_networks_stand_alone(void **state)
{
	static const struct prefix own = {.addr = {ADDR_IPV4, {192, 168, 20}}, .bits = 24};
	struct road r;

	(void)state;
	begin(&r);
	r.options.inside = (struct inside_nets){.prefixes = &own, .count = 1};
	add_advert(&r, "2001:db8:20::", 64, 255);
	add_traffic(&r, "2001:db8:20::5", 50000, "2001:db8:ff::9");
	run(&r);
	assert_int_equal(row_of(&r, "2001:db8:20::5", 50000)->direction, FLOW_TRANSIT);
	assert_string_equal(r.result.inside, "192.168.20.0/24");
	end(&r);
}

/* A packet between two private addresses, as the inside of a tunnel over the border. */
static struct frame_maker private_packet(void)
{
	struct frame_maker m = {.len = 0};

	put_ipv4(&m, 17, 8 + 24);
	m.len -= 8;
	put_addr(&m, "192.168.20.5");
	put_addr(&m, "192.168.20.6");
	put16(&m, 50100), put16(&m, 9999), put16(&m, 8 + 24), put16(&m, 0);
	put_zeros(&m, 24);
	return m;
}

static void a_tunnel_over_the_border_is_egress(void **state)
{
	struct frame_maker inner = private_packet(), vxlan = {.len = 0};
	const struct store_flow *f;
	struct road r;

	(void)state;
	PUT(&vxlan, "\x08\0\0\0\0\0\x2a\0");
	put_ethernet(&vxlan, 0x0800);
	put_bytes(&vxlan, inner.bytes, inner.len);
	begin(&r);
	add_datagram(&r, (struct ends){"192.168.20.5", "203.0.113.9", 50000, 4789}, &vxlan);
	/* Between two computers inside it is a mirror port's, or nobody's business outside. */
	add_datagram(&r, (struct ends){"192.168.20.8", "192.168.20.9", 50001, 4789}, &vxlan);
	run(&r);
	f = row_of(&r, "192.168.20.5", 50000);
	assert_int_equal(f->direction, FLOW_OUTGOING);
	assert_int_equal(f->counts[f->out_index].payload_bytes, vxlan.len);
	assert_int_equal(row_of(&r, "192.168.20.5", 50100)->direction, FLOW_INTERNAL);
	assert_int_equal(r.count, 2);
	end(&r);
}

/* IP in IP, its inside sound or not, whole or in fragments. */
static void what_a_tunnel_holds_does_not_hide_it(void **state)
{
	struct frame_maker inner = private_packet();
	struct span whole = span_of(inner.bytes, inner.len);

	(void)state;
	for (int way = 0; way < 3; way++) {
		const struct store_flow *f;
		struct road r;

		begin(&r);
		if (way == 0)
			add_wrapped(&r, 4, 0, whole);
		else if (way == 1)
			add_wrapped(&r, 4, 0, span_of("clinical data of no form at all", 31));
		else
			add_wrapped(&r, 4, 0x2000, span_slice(whole, 0, 24));
		if (way == 2)
			add_wrapped(&r, 4, 3, span_slice(whole, 24, whole.len));
		run(&r);
		f = row_of(&r, "192.168.20.5", 0);
		assert_int_equal(f->tuple.protocol, 4);
		assert_int_equal(f->direction, FLOW_OUTGOING);
		assert_true(f->counts[f->out_index].payload_bytes > 0);
		end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_lease_names_the_flows_of_its_address),
	        cmocka_unit_test(hostile_names_pass_the_door_for_outside_text),
	        cmocka_unit_test(a_name_claimed_by_netbios_is_shown),
	        cmocka_unit_test(an_advertised_network_counts_from_then_on),
	        cmocka_unit_test(an_advertisement_inside_a_tunnel_tells_nothing),
	        cmocka_unit_test(a_network_too_wide_is_refused),
	        cmocka_unit_test(a_subnet_counts_when_a_computer_asked_for_it),
	        cmocka_unit_test(a_subnet_of_far_computers_does_not_count),
	        cmocka_unit_test(the_register_s_networks_stand_alone),
	        cmocka_unit_test(a_tunnel_over_the_border_is_egress),
	        cmocka_unit_test(what_a_tunnel_holds_does_not_hide_it),
	};

	return cmocka_run_group_tests(tests, open_rules, close_rules);
}
