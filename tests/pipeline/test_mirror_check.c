#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/timestamp.h"
#include "pipeline/mirror_check.h"
#include "pipeline/pipeline.h"

static const struct inside_nets private_nets = {.count = 0};

static struct packet packet(const char *src, const char *dst, int64_t time_ns)
{
	struct packet p = {.outcome = PACKET_OK, .time_ns = time_ns};

	assert_true(addr_parse(src, &p.tuple.src.addr));
	assert_true(addr_parse(dst, &p.tuple.dst.addr));
	return p;
}

/* 200 packets over 40 s between pcs inside and fars outside; which ways the mirror shows. */
static void feed(struct mirror_check *m, int pcs, int fars, bool out, bool in)
{
	memset(m, 0, sizeof(*m));
	for (int i = 0; i < 200; i++) {
		struct packet p = packet(
		        "192.168.1.0", "203.0.113.0", i * (PIPELINE_MIRROR_NS / 150));

		p.tuple.src.addr.bytes[3] = (uint8_t)(i % pcs + 1);
		p.tuple.dst.addr.bytes[3] = (uint8_t)(i % fars + 1);
		if (out)
			(void)mirror_check_feed(m, &p, &private_nets);
		p.tuple = tuple_reverse(&p.tuple);
		if (in)
			(void)mirror_check_feed(m, &p, &private_nets);
	}
	mirror_check_finish(m);
}

static void a_good_mirror_is_silent(void **state)
{
	struct mirror_check m;

	(void)state;
	feed(&m, 3, 20, true, true);
	assert_string_equal(m.warning, "");
	feed(&m, 1, 3, true, true); /* one computer with few conversations is no router */
	assert_string_equal(m.warning, "");
}

static void one_direction_is_named(void **state)
{
	struct mirror_check m;

	(void)state;
	feed(&m, 3, 20, true, false);
	assert_non_null(strstr(m.warning, "leaving"));
	feed(&m, 3, 20, false, true);
	assert_non_null(strstr(m.warning, "entering"));
}

static void the_routers_outside_is_suspected(void **state)
{
	struct mirror_check m;

	(void)state;
	feed(&m, 1, 20, true, true);
	assert_non_null(strstr(m.warning, "192.168.1.1"));
}

static void broadcast_only_is_named_as_soon_as_it_is_known(void **state)
{
	struct mirror_check m = {.done = false};
	bool said = false;

	(void)state;
	for (int i = 0; i < 200 && !said; i++) {
		struct packet p = packet("192.168.1.4", "224.0.0.251", i * NS_PER_SECOND);

		said = mirror_check_feed(&m, &p, &private_nets);
		if (said)
			assert_int_equal(i, MIRROR_PACKETS_MIN - 1);
	}
	assert_true(said);
	memset(&m, 0, sizeof(m));
	for (int i = 0; i < 200; i++) {
		struct packet p = packet("192.168.1.4", "224.0.0.251", i);

		assert_false(mirror_check_feed(&m, &p, &private_nets));
	}
	mirror_check_finish(&m);
	assert_non_null(strstr(m.warning, "broadcast"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_good_mirror_is_silent),
	        cmocka_unit_test(one_direction_is_named),
	        cmocka_unit_test(the_routers_outside_is_suspected),
	        cmocka_unit_test(broadcast_only_is_named_as_soon_as_it_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
