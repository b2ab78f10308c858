#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "flow/inside.h"

static bool contains(const struct inside_nets *nets, const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, &a));
	return inside_nets_contain(nets, &a);
}

static void learn(struct inside_learnt *l, const char *text, enum inside_reason reason)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	inside_learn(l, &p, reason);
}

static void what_is_learnt_adds_to_the_private_ranges(void **state)
{
	struct inside_learnt learnt = {.count = 0};
	const struct inside_nets nets = {.learnt = &learnt};

	(void)state;
	assert_true(contains(&nets, "192.168.20.5"));
	assert_true(contains(&nets, "fd00::5"));
	assert_true(contains(&nets, "fe80::5"));
	assert_true(contains(&nets, "127.0.0.1"));
	assert_true(contains(&nets, "0.0.0.0"));
	assert_false(contains(&nets, "2001:db8:20::5"));
	learn(&learnt, "2001:db8:20::/64", INSIDE_BY_ROUTER);
	learn(&learnt, "198.51.100.0/24", INSIDE_BY_DHCP);
	assert_true(contains(&nets, "2001:db8:20::5"));
	assert_false(contains(&nets, "2001:db8:20:1::5"));
	assert_true(contains(&nets, "198.51.100.7"));
	assert_true(contains(&nets, "192.168.20.5"));
	assert_int_equal(learnt.count, 2);
	assert_int_equal(learnt.nets[1].reason, INSIDE_BY_DHCP);
}

static void the_register_decides_alone(void **state)
{
	const struct prefix own = {.addr = {ADDR_IPV4, {198, 51, 100}}, .bits = 24};
	struct inside_learnt learnt = {.count = 0};
	const struct inside_nets nets = {.prefixes = &own, .count = 1, .learnt = &learnt};

	(void)state;
	learn(&learnt, "2001:db8:20::/64", INSIDE_BY_ROUTER);
	assert_true(contains(&nets, "198.51.100.7"));
	assert_false(contains(&nets, "2001:db8:20::5"));
	assert_false(contains(&nets, "192.168.20.5"));
}

static void no_advertisement_takes_in_the_internet(void **state)
{
	static const char *const wide[] = {"0.0.0.0/0", "0.0.0.0/1", "203.0.0.0/15", "::/0",
	        "2000::/3", "2001:db8::/47", "ff02::/64", "224.0.0.0/24", "64:ff9b::/96",
	        "::ffff:0:0/96"};
	struct inside_learnt learnt = {.count = 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
		learn(&learnt, wide[i], INSIDE_BY_ROUTER);
		assert_int_equal(learnt.count, 0);
		assert_int_equal(learnt.refused, i + 1);
	}
	learn(&learnt, "203.0.0.0/16", INSIDE_BY_DHCP);
	learn(&learnt, "2001:db8::/48", INSIDE_BY_ROUTER);
	assert_int_equal(learnt.count, 2);
	assert_int_equal(learnt.refused, ARRAY_LEN(wide));
}

static void known_networks_take_no_room_and_room_ends(void **state)
{
	struct inside_learnt learnt = {.count = 0};
	char text[PREFIX_TEXT_CHARS];

	(void)state;
	learn(&learnt, "10.0.0.0/8", INSIDE_BY_DHCP);
	learn(&learnt, "192.168.20.0/24", INSIDE_BY_DHCP);
	learn(&learnt, "fd00::/64", INSIDE_BY_ROUTER);
	assert_int_equal(learnt.count, 0);
	assert_int_equal(learnt.refused, 0);
	for (unsigned i = 0; i < INSIDE_LEARNT_MAX + 2; i++) {
		snprintf(text, sizeof(text), "2001:db8:%x::/56", i);
		learn(&learnt, text, INSIDE_BY_ROUTER);
	}
	learn(&learnt, "2001:db8:1:7::/64", INSIDE_BY_ROUTER); /* part of one */
	learn(&learnt, "2001:db8:1::/56", INSIDE_BY_ROUTER);
	assert_int_equal(learnt.count, INSIDE_LEARNT_MAX);
	assert_int_equal(learnt.left_out, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_learnt_adds_to_the_private_ranges),
	        cmocka_unit_test(the_register_decides_alone),
	        cmocka_unit_test(no_advertisement_takes_in_the_internet),
	        cmocka_unit_test(known_networks_take_no_room_and_room_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
