/* Filters for the kernel, run here by libpcap's interpreter of the same language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pcap/pcap.h>
#include <cmocka.h>

#include "base/status.h"
#include "source/kernel_filter.h"

#define ETHERNET 1
#define VLAN     0x8100
#define SERVICE  0x88a8

struct made {
	uint8_t bytes[128];
	size_t len;
};

static const struct kernel_filter nothing_before;

static struct prefix net(const char *text)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	return p;
}

/* tag 0: none. Both ends are given as a bare address. */
static struct made frame_of(uint16_t tag, const char *src, const char *dst)
{
	const struct prefix ends[] = {net(src), net(dst)};
	const bool ipv6 = ends[0].addr.family == ADDR_IPV6;
	const size_t width = ipv6 ? 16 : 4;
	struct made m = {.len = 12};

	if (tag != 0) {
		m.bytes[m.len] = (uint8_t)(tag >> 8);
		m.bytes[m.len + 1] = (uint8_t)tag;
		m.len += 4;
	}
	m.bytes[m.len] = ipv6 ? 0x86 : 0x08;
	m.bytes[m.len + 1] = ipv6 ? 0xdd : 0x00;
	m.bytes[m.len + 2] = ipv6 ? 0x60 : 0x45;
	for (size_t i = 0; i < 2; i++)
		memcpy(m.bytes + m.len + 2 + (ipv6 ? 8 : 12) + i * width, ends[i].addr.bytes,
		        width);
	m.bytes[m.len + 2 + (ipv6 ? 6 : 9)] = 17; /* UDP */
	m.len += 2 + (ipv6 ? 40u : 20u) + 24;
	return m;
}

static bool passes(const struct kernel_filter *f, const struct made *m)
{
	const struct bpf_program program = {
	        .bf_len = (u_int)f->count, .bf_insns = (struct bpf_insn *)(uintptr_t)f->code};
	const struct pcap_pkthdr header = {
	        .caplen = (bpf_u_int32)m->len, .len = (bpf_u_int32)m->len};
	int taken = pcap_offline_filter(&program, &header, m->bytes);

	assert_true(taken == 0 || taken >= 65535);
	return taken != 0;
}

static struct kernel_filter exclude(const struct prefix *nets, size_t count)
{
	struct kernel_filter f = {.count = 0};

	assert_int_equal(
	        kernel_filter_exclude(&f, &nothing_before, ETHERNET, nets, count), STATUS_OK);
	assert_true(f.count > 0);
	return f;
}

static void both_ends_of_both_families_count(void **state)
{
	static const struct {
		const char *src, *dst;
		bool passes;
	} cases[] = {
	        {"192.168.50.7", "203.0.113.9", false},
	        {"203.0.113.9", "192.168.50.7", false},
	        {"192.168.51.7", "203.0.113.9", true},
	        {"192.168.49.255", "192.168.51.0", true},
	        {"10.77.200.1", "203.0.113.9", false},
	        {"10.80.0.1", "203.0.113.9", true},
	        {"2001:db8:77::5", "2001:db8::1", false},
	        {"2001:db8::1", "2001:db8:77:ffff::5", false},
	        {"2001:db8:78::5", "2001:db8::1", true},
	        {"2001:db8:5:8001::1", "2001:db8::1", false},
	        {"2001:db8:5:4001::1", "2001:db8::1", true},
	        {"2001:db8:9::1", "2001:db8::1", false},
	        {"2001:db8:9::2", "2001:db8::1", true},
	};
	const struct prefix nets[] = {net("192.168.50.0/24"), net("2001:db8:77::/48"),
	        net("10.72.0.0/13"), net("2001:db8:5:8000::/49"), net("2001:db8:9::1/128")};
	static const uint16_t tags[] = {0, VLAN, SERVICE};
	const struct kernel_filter f = exclude(nets, ARRAY_LEN(nets));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (size_t t = 0; t < ARRAY_LEN(tags); t++) {
			const struct made m = frame_of(tags[t], cases[i].src, cases[i].dst);

			assert_int_equal(passes(&f, &m), cases[i].passes);
		}
}

static void what_cannot_be_told_passes(void **state)
{
	const struct prefix all[] = {net("0.0.0.0/0"), net("::/0")};
	const struct kernel_filter f = exclude(all, 2);
	struct made m = frame_of(0, "192.0.2.1", "192.0.2.2");

	(void)state;
	assert_false(passes(&f, &m));
	m.len = 14 + 19; /* the addresses are cut */
	assert_true(passes(&f, &m));
	m = frame_of(0, "2001:db8::1", "2001:db8::2");
	assert_false(passes(&f, &m));
	m.len = 14 + 39;
	assert_true(passes(&f, &m));
	m = frame_of(VLAN, "192.0.2.1", "192.0.2.2");
	m.len = 14 + 4 + 19;
	assert_true(passes(&f, &m));
	m = frame_of(0, "192.0.2.1", "192.0.2.2");
	m.bytes[13] = 6; /* ARP */
	assert_true(passes(&f, &m));
}

/* The interpreter of the tuple is the reference. */
static void every_width_agrees_with_the_check_of_the_pipeline(void **state)
{
	char text[PREFIX_TEXT_CHARS];

	(void)state;
	srand(5);
	for (unsigned round = 0; round < 4000; round++) {
		struct made m = frame_of(round % 3 == 0 ? VLAN : 0,
		        round % 2 ? "2001:db8::1" : "192.0.2.1",
		        round % 2 ? "2001:db8::2" : "192.0.2.2");
		size_t at = 14u + (round % 3 == 0 ? 4 : 0) + (round % 2 ? 8 : 12);
		size_t width = round % 2 ? 16 : 4;
		struct addr src = {.family = round % 2 ? ADDR_IPV6 : ADDR_IPV4}, dst = src;
		struct kernel_filter f;
		struct prefix near;

		/* Addresses that differ in one bit from the network's, or in none. */
		for (size_t i = 0; i < width; i++)
			m.bytes[at + i] = m.bytes[at + width + i] = (uint8_t)rand();
		memcpy(src.bytes, m.bytes + at, width);
		near = prefix_around(&src, (unsigned)rand() % ((unsigned)width * 8 + 1));
		m.bytes[at + (size_t)rand() % width] ^= (uint8_t)(1 << rand() % 8);
		m.bytes[at + width + (size_t)rand() % width] ^= (uint8_t)(1 << rand() % 8);
		memcpy(src.bytes, m.bytes + at, width);
		memcpy(dst.bytes, m.bytes + at + width, width);
		f = exclude(&near, 1);
		prefix_format(&near, text);
		if (passes(&f, &m) ==
		        (prefix_contains(&near, &src) || prefix_contains(&near, &dst)))
			fail_msg("%s in round %u", text, round);
	}
}

static struct kernel_filter compiled(const char *expression)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;
	struct kernel_filter f = {.count = 0};

	assert_int_equal(pcap_compile(dead, &program, expression, 1, PCAP_NETMASK_UNKNOWN), 0);
	f.count = program.bf_len;
	assert_true(f.count <= KERNEL_FILTER_MAX);
	for (size_t i = 0; i < f.count; i++)
		f.code[i] = (struct sock_filter){program.bf_insns[i].code, program.bf_insns[i].jt,
		        program.bf_insns[i].jf, program.bf_insns[i].k};
	pcap_freecode(&program);
	pcap_close(dead);
	return f;
}

static void the_filter_before_still_decides(void **state)
{
	static const char *const expressions[] = {"dst host 203.0.113.9",
	        "dst host 203.0.113.9 or (vlan and dst host 203.0.113.9)",
	        "udp and not dst port 99 and dst net 203.0.113.0/29 or dst 203.0.113.9"};
	const struct prefix guests = net("192.168.50.0/24");
	const struct made wanted = frame_of(0, "192.168.1.1", "203.0.113.9");
	const struct made unwanted = frame_of(0, "192.168.1.1", "203.0.113.10");
	const struct made guest = frame_of(0, "192.168.50.1", "203.0.113.9");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(expressions); i++) {
		const struct kernel_filter before = compiled(expressions[i]);
		struct kernel_filter f;

		assert_true(passes(&before, &guest));
		assert_int_equal(
		        kernel_filter_exclude(&f, &before, ETHERNET, &guests, 1), STATUS_OK);
		assert_true(passes(&f, &wanted));
		assert_false(passes(&f, &unwanted));
		assert_false(passes(&f, &guest));
	}
}

static void what_cannot_be_made_leaves_the_output(void **state)
{
	static struct prefix many[800];
	static struct kernel_filter f = {.count = 77};
	const struct kernel_filter odd = {.code = {{.code = BPF_RET | BPF_A}}, .count = 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = net("10.1.2.3/32");
	/* Three instructions for an address and end. */
	assert_int_equal(
	        kernel_filter_exclude(&f, &nothing_before, ETHERNET, many, 800), STATUS_LIMIT);
	assert_int_equal(
	        kernel_filter_exclude(&f, &nothing_before, 105, many, 1), STATUS_UNSUPPORTED);
	assert_int_equal(kernel_filter_exclude(&f, &odd, ETHERNET, many, 1), STATUS_UNSUPPORTED);
	assert_int_equal(f.count, 77);
	assert_int_equal(
	        kernel_filter_exclude(&f, &nothing_before, ETHERNET, many, 600), STATUS_OK);
	assert_true(f.count > 3600 && f.count <= KERNEL_FILTER_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(both_ends_of_both_families_count),
	        cmocka_unit_test(what_cannot_be_told_passes),
	        cmocka_unit_test(every_width_agrees_with_the_check_of_the_pipeline),
	        cmocka_unit_test(the_filter_before_still_decides),
	        cmocka_unit_test(what_cannot_be_made_leaves_the_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
