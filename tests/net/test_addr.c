#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "net/addr.h"
#include "net/siphash.h"

static struct addr parsed(const char *text)
{
	struct addr a = {0};

	assert_true(addr_parse(text, &a));
	return a;
}

static struct prefix parsed_prefix(const char *text)
{
	struct prefix p = {0};

	assert_true(prefix_parse(text, &p));
	return p;
}

static void siphash_gives_the_published_values(void **state)
{
	/* Appendix A of the paper, and the reference implementation's empty message. */
	uint8_t bytes[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		bytes[i] = i;
	assert_true(siphash24(bytes, span_of(bytes, 15)) == UINT64_C(0xa129ca6149be45e5));
	assert_true(siphash24(bytes, span_of(NULL, 0)) == UINT64_C(0x726fdb47dd0e0e31));
}

static void prints_the_canonical_text(void **state)
{
	/* RFC 5952 sections 4 and 5: input, expected. */
	static const char *const rows[][2] = {
	        {"192.0.2.1", "192.0.2.1"},
	        {"0.0.0.0", "0.0.0.0"},
	        {"255.255.255.255", "255.255.255.255"},
	        {"2001:0db8::0001", "2001:db8::1"},
	        {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
	        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
	        {"2001:DB8::AAAA", "2001:db8::aaaa"},
	        {"::", "::"},
	        {"::1", "::1"},
	        {"1::", "1::"},
	        {"0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"},
	        {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
	        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
	        {"::192.0.2.1", "::c000:201"},
	        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char text[ADDR_TEXT_CHARS];
	struct addr none = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct addr a = parsed(rows[i][0]);

		addr_format(&a, text);
		assert_string_equal(text, rows[i][1]);
	}
	addr_format(&none, text);
	assert_string_equal(text, "");
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const rows[] = {"", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4",
	        " 1.2.3.4", "1.2.3.4 ", "[::1]", "fe80::1%eth0", "::1::", "12345::", "example.com"};
	struct addr a = parsed("192.0.2.9");
	struct addr before = a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_false(addr_parse(rows[i], &a));
		assert_memory_equal(&a, &before, sizeof(a));
	}
}

static void knows_the_special_ranges(void **state)
{
	static const struct {
		const char *text;
		bool is_private, multicast, loopback;
	} rows[] = {
	        {"10.0.0.0", true, false, false},
	        {"9.255.255.255", false, false, false},
	        {"172.15.255.255", false, false, false},
	        {"172.16.0.0", true, false, false},
	        {"172.31.255.255", true, false, false},
	        {"172.32.0.0", false, false, false},
	        {"192.168.255.255", true, false, false},
	        {"192.169.0.0", false, false, false},
	        {"169.254.1.1", true, false, false},
	        {"223.255.255.255", false, false, false},
	        {"224.0.0.0", false, true, false},
	        {"239.255.255.255", false, true, false},
	        {"240.0.0.0", false, false, false},
	        {"255.255.255.255", false, true, false},
	        {"127.9.9.9", false, false, true},
	        {"::1", false, false, true},
	        {"::2", false, false, false},
	        {"ff02::1", false, true, false},
	        {"fc00::1", true, false, false},
	        {"fdff::1", true, false, false},
	        {"fe00::1", false, false, false},
	        {"fe80::1", true, false, false},
	        {"febf::1", true, false, false},
	        {"fec0::1", false, false, false},
	        {"2001:db8::1", false, false, false},
	        {"::ffff:10.0.0.1", false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct addr a = parsed(rows[i].text);

		assert_int_equal(addr_is_private(&a), rows[i].is_private);
		assert_int_equal(addr_is_multicast(&a), rows[i].multicast);
		assert_int_equal(addr_is_loopback(&a), rows[i].loopback);
	}
}

static void compares_and_orders(void **state)
{
	struct addr a = parsed("192.0.2.1");
	struct addr b = parsed("192.0.2.2");
	struct addr c = parsed("::");

	(void)state;
	assert_true(addr_compare(&a, &b) < 0);
	assert_true(addr_compare(&b, &a) > 0);
	assert_int_equal(addr_compare(&a, &a), 0);
	assert_true(addr_compare(&b, &c) < 0);
	assert_true(addr_equal(&a, &a));
	assert_false(addr_equal(&a, &b));
}

static void reads_prefixes(void **state)
{
	static const char *const bad[] = {"192.0.2.1/24", "192.0.2.0/33", "2001:db8::1/32",
	        "2001:db8::/129", "192.0.2.0/", "192.0.2.0/+8", "192.0.2.0/024", "192.0.2.0/24/",
	        "192.0.2.0/-1", "/24", "", "192.0.2.0 /24",
	        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa/16"};
	struct prefix p = parsed_prefix("192.0.2.0/24");
	struct prefix before = p;
	char text[PREFIX_TEXT_CHARS];

	(void)state;
	prefix_format(&p, text);
	assert_string_equal(text, "192.0.2.0/24");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(prefix_parse(bad[i], &p));
		assert_memory_equal(&p, &before, sizeof(p));
	}
	p = parsed_prefix("2001:db8::1");
	prefix_format(&p, text);
	assert_string_equal(text, "2001:db8::1/128");
	p = parsed_prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127");
	prefix_format(&p, text);
	assert_string_equal(text, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127");
	p = parsed_prefix("198.51.100.7");
	assert_int_equal(p.bits, 32);
}

static bool contains(const char *prefix, const char *address)
{
	struct prefix p = parsed_prefix(prefix);
	struct addr a = parsed(address);

	return prefix_contains(&p, &a);
}

static void prefixes_contain_their_own(void **state)
{
	struct addr a = parsed("203.0.113.77");
	struct addr b = parsed("2001:db8:1:2::9");
	struct prefix p = prefix_of(&a);
	char text[PREFIX_TEXT_CHARS];

	(void)state;
	assert_true(contains("192.0.2.0/24", "192.0.2.255"));
	assert_false(contains("192.0.2.0/24", "192.0.3.0"));
	assert_true(contains("192.0.2.128/25", "192.0.2.200"));
	assert_false(contains("192.0.2.128/25", "192.0.2.127"));
	assert_true(contains("0.0.0.0/0", "203.0.113.1"));
	assert_false(contains("0.0.0.0/0", "2001:db8::1"));
	assert_true(contains("::/0", "2001:db8::1"));
	assert_true(contains("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(contains("2001:db8::/33", "2001:db8:8000::1"));
	assert_true(contains("192.0.2.1", "192.0.2.1"));
	assert_false(contains("192.0.2.1", "192.0.2.2"));
	prefix_format(&p, text);
	assert_string_equal(text, "203.0.113.0/24");
	p = prefix_of(&b);
	prefix_format(&p, text);
	assert_string_equal(text, "2001:db8:1::/48");
}

static struct tuple make_tuple(
        const char *src, uint16_t src_port, const char *dst, uint16_t dst_port)
{
	return (struct tuple){
	        .src = {parsed(src), src_port}, .dst = {parsed(dst), dst_port}, .protocol = 6};
}

static void a_conversation_hashes_alike_both_ways(void **state)
{
	static const uint8_t key[16] = {7, 1, 2};
	static const uint8_t other_key[16] = {8, 1, 2};
	struct tuple a = make_tuple("192.0.2.1", 40000, "198.51.100.1", 443);
	struct tuple b = tuple_reverse(&a);
	struct tuple c = a;
	struct tuple six = make_tuple("2001:db8::1", 5, "2001:db8::1", 4);
	struct tuple six_back = tuple_reverse(&six);

	(void)state;
	assert_true(tuple_hash(&a, key) == tuple_hash(&b, key));
	assert_true(tuple_hash(&six, key) == tuple_hash(&six_back, key));
	assert_true(tuple_hash(&a, key) != tuple_hash(&a, other_key));
	assert_false(tuple_equal(&a, &b));
	assert_true(tuple_same_conversation(&a, &b));
	c.vlan = 12;
	assert_true(tuple_equal(&a, &c));
	assert_true(tuple_hash(&a, key) == tuple_hash(&c, key));
	c.protocol = 17;
	assert_false(tuple_same_conversation(&a, &c));
	assert_true(tuple_hash(&a, key) != tuple_hash(&c, key));
	c = a;
	c.src.port = 443;
	c.dst.port = 40000;
	assert_false(tuple_same_conversation(&a, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(siphash_gives_the_published_values),
	        cmocka_unit_test(prints_the_canonical_text),
	        cmocka_unit_test(refuses_what_is_no_address),
	        cmocka_unit_test(knows_the_special_ranges),
	        cmocka_unit_test(compares_and_orders),
	        cmocka_unit_test(reads_prefixes),
	        cmocka_unit_test(prefixes_contain_their_own),
	        cmocka_unit_test(a_conversation_hashes_alike_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
