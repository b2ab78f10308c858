#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "net/match_rule.h"

static struct match_rule rule_of(const char *text)
{
	struct match_rule rule;
	const char *reason = NULL;

	assert_int_equal(match_rule_parse(span_of_text(text), &rule, &reason), 0);
	assert_null(reason);
	return rule;
}

static void each_kind_is_read(void **state)
{
	struct match_rule r;

	(void)state;
	r = rule_of("sni:*.Quoll.EXAMPLE");
	assert_int_equal(r.kind, MATCH_SNI);
	assert_string_equal(r.text, "*.quoll.example");
	assert_int_equal(match_rule_strength(&r), MATCH_STRENGTH_NAME);
	r = rule_of("dns:up.quoll.example");
	assert_int_equal(r.kind, MATCH_DNS);
	r = rule_of("cert:_x.quoll.example");
	assert_int_equal(r.kind, MATCH_CERT);
	r = rule_of("ip:198.51.100.0/24");
	assert_int_equal(r.kind, MATCH_IP);
	assert_int_equal(r.prefix.bits, 24);
	assert_int_equal(match_rule_strength(&r), MATCH_STRENGTH_IP);
	r = rule_of("ip:2001:db8::1");
	assert_int_equal(r.prefix.bits, 128);
	r = rule_of("port:tcp/5938");
	assert_int_equal(r.protocol, 6);
	assert_int_equal(r.port, 5938);
	assert_int_equal(match_rule_strength(&r), MATCH_STRENGTH_PORT);
	r = rule_of("port:udp/65535");
	assert_int_equal(r.protocol, 17);
	r = rule_of("ua:QuollSync/ 2");
	assert_string_equal(r.text, "quollsync/ 2");
	assert_int_equal(match_rule_strength(&r), MATCH_STRENGTH_AGENT);
	r = rule_of("proc:Quoll Sync.exe");
	assert_string_equal(r.text, "quoll sync.exe");
	assert_int_equal(match_rule_strength(&r), MATCH_STRENGTH_PROCESS);
}

static void each_mistake_is_named_and_nothing_is_written(void **state)
{
	static const char *const wrong[] = {"", "quoll.example", "SNI:x.example",
	        "sni:", "sni: x.example", "sni:x.example ", "sni:https://x.example",
	        "sni:x.example/path", "sni:*", "sni:*.", "sni:x.*.example", "sni:**.example",
	        "sni:a..example", "sni:.example", "sni:example.", "sni:localhost", "sni:*.example",
	        "sni:caf\xc3\xa9.au", "ip:10.1", "ip:192.0.2.1/33", "ip:192.0.2.1/24", "ip:x",
	        "ip:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", "port:5938",
	        "port:tcp/0", "port:tcp/65536", "port:tcp/", "port:tcp/5.9", "port:icmp/1", "ua:ab",
	        "proc:C:\\x\\y.exe", "proc:/usr/bin/curl", "proc:*.exe"};
	char host[400] = "sni:";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct match_rule rule;
		struct match_rule before;
		const char *reason = NULL;

		memset(&rule, 0x5a, sizeof(rule));
		before = rule;
		assert_int_equal(
		        match_rule_parse(span_of_text(wrong[i]), &rule, &reason), STATUS_MALFORMED);
		assert_non_null(reason);
		assert_memory_equal(&rule, &before, sizeof(rule));
	}
	for (size_t i = 4; i + 2 < sizeof(host); i += 2)
		memcpy(host + i, "a.", 3);
	host[398] = 'a';
	host[399] = '\0';
	{
		struct match_rule rule;
		const char *reason = NULL;

		assert_int_equal(
		        match_rule_parse(span_of_text(host), &rule, &reason), STATUS_MALFORMED);
		assert_non_null(reason);
	}
}

static void a_star_swallows_labels_but_not_the_domain(void **state)
{
	(void)state;
	assert_true(match_host("*.quoll.example", "up.quoll.example"));
	assert_true(match_host("*.quoll.example", "a.b.quoll.example"));
	assert_false(match_host("*.quoll.example", "quoll.example"));
	assert_false(match_host("*.quoll.example", ".quoll.example"));
	assert_false(match_host("*.quoll.example", "notquoll.example"));
	assert_false(match_host("*.quoll.example", "up.quoll.example.evil.test"));
	assert_true(match_host("quoll.example", "quoll.example"));
	assert_false(match_host("quoll.example", "up.quoll.example"));
	assert_false(match_host("quoll.example", ""));
}

static void a_subject_is_held_against_each_kind(void **state)
{
	static const uint8_t far[4] = {198, 51, 100, 7};
	struct match_subject s = {.names = {"cdn.example", "up.quoll.example"},
	        .name_count = 2,
	        .certificate = "gw.quoll.example",
	        .user_agent = "Mozilla/5.0 QuollSync/3",
	        .process_name = "Quoll.EXE",
	        .far = addr_ipv4(far),
	        .far_port = 443,
	        .protocol = 6};
	static const char *const hits[] = {"sni:up.quoll.example", "dns:*.quoll.example",
	        "cert:*.quoll.example", "ip:198.51.100.0/24", "ip:198.51.100.7", "port:tcp/443",
	        "ua:quollsync", "proc:quoll.exe"};
	static const char *const misses[] = {"sni:gw.quoll.example", "cert:up.quoll.example",
	        "ip:198.51.100.8", "ip:2001:db8::/32", "port:udp/443", "port:tcp/444",
	        "ua:bookaroo", "proc:quoll"};
	struct match_subject nothing = {.name_count = 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hits); i++) {
		struct match_rule r = rule_of(hits[i]);

		assert_true(match_rule_matches(&r, &s));
		assert_false(match_rule_matches(&r, &nothing));
	}
	for (size_t i = 0; i < ARRAY_LEN(misses); i++) {
		struct match_rule r = rule_of(misses[i]);

		assert_false(match_rule_matches(&r, &s));
	}
}

static void a_common_port_says_nothing_alone(void **state)
{
	struct match_rule https = rule_of("port:tcp/443");
	struct match_rule quic = rule_of("port:udp/443");
	struct match_rule own = rule_of("port:tcp/7070");
	struct match_rule name = rule_of("sni:443.example");

	(void)state;
	assert_true(match_rule_is_common_port(&https));
	assert_true(match_rule_is_common_port(&quic));
	assert_false(match_rule_is_common_port(&own));
	assert_false(match_rule_is_common_port(&name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_kind_is_read),
	        cmocka_unit_test(each_mistake_is_named_and_nothing_is_written),
	        cmocka_unit_test(a_star_swallows_labels_but_not_the_domain),
	        cmocka_unit_test(a_subject_is_held_against_each_kind),
	        cmocka_unit_test(a_common_port_says_nothing_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
