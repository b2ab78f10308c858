#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/status.h"
#include "frame_maker.h"
#include "net/router_advert.h"

#define PUT(m, literal) put_bytes(m, literal, sizeof(literal) - 1)

static void put_prefix(struct frame_maker *m, const char *prefix, unsigned bits, unsigned flags)
{
	put8(m, 3), put8(m, 4), put8(m, bits), put8(m, flags);
	put32(m, 86400), put32(m, 14400), put32(m, 0);
	put_addr(m, prefix);
}

/* A link-layer address, three prefixes of which one is not on the link, and a name server. */
static void put_advert(struct frame_maker *m)
{
	m->len = 0;
	put32(m, 0x40000708), put32(m, 0), put32(m, 0);
	PUT(m, "\1\1\2\0\0\0\0\5");
	put_prefix(m, "2001:db8:20::", 64, 0xc0);
	put_prefix(m, "2001:db8:21::", 64, 0x40);
	put_prefix(m, "2001:db8:22::5", 56, 0x80);
	put8(m, 25), put8(m, 3), put16(m, 0), put32(m, 600), put_addr(m, "2001:db8::53");
}

static struct router_advert parsed;

static int parse(const struct frame_maker *m)
{
	return router_advert_parse(span_of(m->bytes, m->len), &parsed);
}

static void reads_the_prefixes_of_the_link(void **state)
{
	struct frame_maker m;
	char text[PREFIX_TEXT_CHARS];

	(void)state;
	put_advert(&m);
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.count, 2);
	assert_int_equal(parsed.left_out, 0);
	prefix_format(&parsed.on_link[0], text);
	assert_string_equal(text, "2001:db8:20::/64");
	prefix_format(&parsed.on_link[1], text);
	assert_string_equal(text, "2001:db8:22::/56");
	/* One that is withdrawn. */
	m.len = 12;
	put_prefix(&m, "2001:db8:20::", 64, 0x80);
	memset(m.bytes + 16, 0, 4);
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.count, 0);
}

/* Between two options nothing is missing that could be missed: what there is counts. */
static void cut_anywhere_it_is_truncated_or_a_shorter_one(void **state)
{
	static struct router_advert before;
	struct frame_maker m;

	(void)state;
	put_advert(&m);
	for (size_t len = 0; len < m.len; len++) {
		bool whole = len == 12 || len == 20 || len == 52 || len == 84 || len == 116;
		uint8_t *exact = malloc(len ? len : 1);

		memset(&parsed, 0x5a, sizeof(parsed));
		before = parsed;
		assert_non_null(exact);
		memcpy(exact, m.bytes, len);
		assert_int_equal(router_advert_parse(span_of(exact, len), &parsed),
		        whole ? STATUS_OK : STATUS_TRUNCATED);
		if (!whole)
			assert_memory_equal(&parsed, &before, sizeof(parsed));
		free(exact);
	}
}

static void refuses_contradictions(void **state)
{
	struct frame_maker m = {.len = 0};

	(void)state;
	put_zeros(&m, 12);
	PUT(&m, "\1\0\2\0\0\0\0\5"); /* an option of no length */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	m.len = 12;
	PUT(&m, "\3\1\x40\xc0\0\0\0\0"); /* a prefix option without room for one */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	m.len = 12;
	put_prefix(&m, "2001:db8::", 129, 0x80);
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	m.len = 12;
	for (unsigned i = 0; i < ROUTER_PREFIXES_MAX + 2; i++)
		put_prefix(&m, "2001:db8:20::", 64, 0x80);
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.count, ROUTER_PREFIXES_MAX);
	assert_int_equal(parsed.left_out, 2);
}

static struct packet advert_packet(void)
{
	struct packet p = {.ttl = 255,
	        .icmp_type = 134,
	        .mac_dst = {0x33, 0x33, 0, 0, 0, 1},
	        .tuple = {.protocol = 58}};

	(void)addr_parse("fe80::5", &p.tuple.src.addr);
	(void)addr_parse("ff02::1", &p.tuple.dst.addr);
	return p;
}

static void only_the_link_s_own_router_counts(void **state)
{
	struct packet p = advert_packet();

	(void)state;
	assert_true(router_advert_is_own(&p));
	memset(p.mac_dst, 0, sizeof(p.mac_dst)); /* a capture without frame addresses */
	assert_true(router_advert_is_own(&p));
	p.mac_dst[0] = 2; /* out of a tunnel: the frame went to one computer */
	assert_false(router_advert_is_own(&p));
	p = advert_packet();
	p.ttl = 254;
	assert_false(router_advert_is_own(&p));
	p = advert_packet();
	p.icmp_type = 133;
	assert_false(router_advert_is_own(&p));
	p = advert_packet();
	p.icmp_code = 1;
	assert_false(router_advert_is_own(&p));
	p = advert_packet();
	(void)addr_parse("2001:db8::5", &p.tuple.src.addr);
	assert_false(router_advert_is_own(&p));
	p = advert_packet();
	(void)addr_parse("fe80::9", &p.tuple.dst.addr);
	assert_false(router_advert_is_own(&p));
	p = advert_packet();
	p.tuple.protocol = 1;
	assert_false(router_advert_is_own(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_the_prefixes_of_the_link),
	        cmocka_unit_test(cut_anywhere_it_is_truncated_or_a_shorter_one),
	        cmocka_unit_test(refuses_contradictions),
	        cmocka_unit_test(only_the_link_s_own_router_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
