#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "classify/hostname.h"

#define SECOND INT64_C(1000000000)

static struct addr address(const char *text)
{
	struct addr a = {0};

	assert_true(addr_parse(text, &a));
	return a;
}

static struct dns_message answer(const char *question, const char *alias, const char *addr)
{
	struct dns_message m = {.response = true, .answer_count = 2};

	snprintf(m.question, sizeof(m.question), "%s", question);
	snprintf(m.answers[0].name, sizeof(m.answers[0].name), "%s", question);
	snprintf(m.answers[0].target, sizeof(m.answers[0].target), "%s", alias);
	snprintf(m.answers[1].name, sizeof(m.answers[1].name), "%s", alias);
	m.answers[1].addr = address(addr);
	m.answers[1].ttl_seconds = 60;
	return m;
}

static void the_asked_name_is_kept_not_the_alias(void **state)
{
	struct budget budget;
	struct hostname_cache *c = NULL;
	struct hostname_list list = {.count = 0};
	struct addr pc = address("192.168.1.5"), other = address("192.168.1.6");
	struct addr far = address("198.51.100.9");
	struct dns_message m = answer("api.bookaroo.example", "edge7.cdn.example", "198.51.100.9");
	struct dns_message n = answer("www.elsewhere.example", "edge7.cdn.example", "198.51.100.9");

	(void)state;
	budget_init(&budget, 1 << 20);
	assert_int_equal(hostname_cache_new(&c, &budget), STATUS_OK);
	assert_int_equal(hostname_cache_add(c, &pc, &m, 10 * SECOND), STATUS_OK);
	assert_int_equal(hostname_cache_add(c, &other, &n, 11 * SECOND), STATUS_OK);
	hostname_cache_find(c, &pc, &far, 12 * SECOND, &list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.names[0].name, "api.bookaroo.example");
	assert_int_equal(list.names[0].source, HOSTNAME_DNS);
	assert_true(list.names[0].age_ns == 2 * SECOND);
	list.count = 0;
	hostname_cache_find(c, &pc, &far, 5 * SECOND, &list); /* before it was asked */
	assert_int_equal(list.count, 0);
	hostname_cache_find(c, &pc, &far, 2 * 3600 * SECOND, &list); /* long forgotten */
	assert_int_equal(list.count, 0);
	hostname_cache_free(c);
	assert_int_equal(budget.used_bytes, 0);
}

static void the_cache_is_bounded_and_counts(void **state)
{
	struct budget budget;
	struct hostname_cache *c = NULL;
	struct addr pc = address("192.168.1.5");
	char name[64];

	(void)state;
	budget_init(&budget, 8 << 20);
	assert_int_equal(hostname_cache_new(&c, &budget), STATUS_OK);
	for (int i = 0; i < HOSTNAME_DNS_MAX + 100; i++) {
		snprintf(name, sizeof(name), "h%d.example", i);
		struct dns_message m = answer(name, "x.example", "198.51.100.9");
		m.answers[1].addr.bytes[2] = (uint8_t)(i >> 8);
		m.answers[1].addr.bytes[3] = (uint8_t)i;
		assert_int_equal(hostname_cache_add(c, &pc, &m, i), STATUS_OK);
	}
	assert_int_equal(hostname_cache_evicted(c), 100);
	hostname_cache_free(c);
	assert_int_equal(budget.used_bytes, 0);
}

/* One address with ever new names would else make every look-up walk them all. */
static void a_flood_of_names_for_one_address_is_bounded(void **state)
{
	const unsigned flood = 3 * HOSTNAME_CHAIN_MAX;
	struct budget budget;
	struct hostname_cache *c = NULL;
	struct hostname_list list = {.count = 0};
	struct addr pc = address("192.168.1.5"), far = address("198.51.100.9");

	(void)state;
	budget_init(&budget, 1 << 20);
	assert_int_equal(hostname_cache_new(&c, &budget), STATUS_OK);
	for (unsigned i = 0; i < flood; i++) {
		struct dns_message m = answer("", "edge.example", "198.51.100.9");

		snprintf(m.question, sizeof(m.question), "n%u.example", i);
		assert_int_equal(hostname_cache_add(c, &pc, &m, i * SECOND), STATUS_OK);
	}
	assert_int_equal(hostname_cache_evicted(c), flood - HOSTNAME_CHAIN_MAX);
	hostname_cache_find(c, &pc, &far, flood * SECOND, &list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.names[0].name, "n767.example");
	hostname_cache_free(c);
	assert_int_equal(budget.used_bytes, 0);
}

static void names_are_sorted_cleaned_and_bounded(void **state)
{
	struct hostname_list list = {.count = 0};

	(void)state;
	hostname_list_add(&list, span_of_text("edge.cdn.example"), HOSTNAME_DNS, 4);
	hostname_list_add(&list, span_of_text("API.Bookaroo.Example:8443"), HOSTNAME_HTTP, 0);
	hostname_list_add(&list, span_of_text("sni.example."), HOSTNAME_SNI, 0);
	hostname_list_add(&list, span_of_text("sni.example"), HOSTNAME_SNI, 0);
	hostname_list_add(&list, span_of_text("192.0.2.1:80"), HOSTNAME_HTTP, 0);
	hostname_list_add(&list, span_of_text("[2001:db8::1]:80"), HOSTNAME_HTTP, 0);
	hostname_list_add(&list, span_of_text("2001:db8::1"), HOSTNAME_HTTP, 0);
	hostname_list_add(&list, span_of("a\0b", 3), HOSTNAME_HTTP, 0);
	hostname_list_add(&list, span_of_text(""), HOSTNAME_HTTP, 0);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.names[0].name, "sni.example");
	assert_string_equal(list.names[1].name, "api.bookaroo.example");
	assert_string_equal(list.names[2].name, "edge.cdn.example");
	for (int i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d.example", i);
		hostname_list_add(&list, span_of_text(name), HOSTNAME_DNS, 0);
	}
	assert_int_equal(list.count, HOSTNAMES_MAX);
	assert_int_equal(list.left_out, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_asked_name_is_kept_not_the_alias),
	        cmocka_unit_test(the_cache_is_bounded_and_counts),
	        cmocka_unit_test(a_flood_of_names_for_one_address_is_bounded),
	        cmocka_unit_test(names_are_sorted_cleaned_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
