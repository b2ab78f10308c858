#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "net/community_id.h"

/* The specification's own baseline, seed 0 (baseline/baseline_deflt.json). Ports of ICMP rows are
 * type and code. */
static const struct {
	uint8_t protocol;
	const char *src, *dst;
	uint16_t src_port, dst_port;
	const char *expected;
} rows[] = {
        {58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0,
                "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
        {58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0,
                "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
        {58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 135, 0,
                "1:zavyT/cezQr1fmImYCwYnMXbgck="},
        {58, "3ffe:501:1800:2345::2", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0,
                "1:2ObVBgIn28oZvibYZhZMBgh7WdQ="},
        {58, "3ffe:501:410:0:2c0:dfff:fe47:33e", "3ffe:507:0:1:200:86ff:fe05:80da", 1, 4,
                "1:hLZd0XGWojozrvxqE0dWB1iM6R0="},
        {58, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:501:0:1001::2", 128, 0,
                "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="},
        {58, "3ffe:501:0:1001::2", "3ffe:507:0:1:200:86ff:fe05:80da", 129, 0,
                "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="},
        {58, "fe80::200:86ff:fe05:80da", "ff02::2", 133, 0, "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0="},
        {58, "fe80::260:97ff:fe07:69ea", "ff02::1", 134, 0, "1:pkvHqCL88/tg1k4cPigmZXUtL00="},
        {1, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
        {1, "192.168.0.1", "192.168.0.89", 0, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
        {1, "10.0.0.1", "10.0.0.2", 11, 0, "1:YHxtAirCG//0OzkcVAukqKQN9xM="},
        {6, "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 63943, 25,
                "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
        {6, "2607:f8b0:400c:c03::1a", "2001:470:e5bf:dead:4957:2174:e82c:4887", 25, 63943,
                "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
        {132, "192.168.170.8", "192.168.170.56", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
        {132, "192.168.170.56", "192.168.170.8", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
        {6, "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
        {6, "66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
        {17, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
        {17, "8.8.8.8", "192.168.1.52", 53, 54585, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
        {46, "10.1.12.1", "10.1.12.2", 0, 0, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
        {46, "10.1.12.2", "10.1.12.1", 0, 0, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
};

static void agrees_with_the_specifications_baseline(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tuple t = {.protocol = rows[i].protocol};
		bool icmp = t.protocol == 1 || t.protocol == 58;
		char id[COMMUNITY_ID_CHARS];

		assert_true(addr_parse(rows[i].src, &t.src.addr));
		assert_true(addr_parse(rows[i].dst, &t.dst.addr));
		if (!icmp) {
			t.src.port = rows[i].src_port;
			t.dst.port = rows[i].dst_port;
		}
		assert_int_equal(community_id(&t, icmp ? (uint8_t)rows[i].src_port : 0,
		                         icmp ? (uint8_t)rows[i].dst_port : 0, id),
		        STATUS_OK);
		assert_string_equal(id, rows[i].expected);
	}
}

static void says_nothing_without_addresses(void **state)
{
	struct tuple t = {0};
	char id[COMMUNITY_ID_CHARS] = "before";

	(void)state;
	assert_int_equal(community_id(&t, 0, 0, id), STATUS_UNSUPPORTED);
	assert_string_equal(id, "before");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(agrees_with_the_specifications_baseline),
	        cmocka_unit_test(says_nothing_without_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
