/* The published examples, written out as hellos. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/status.h"
#include "hello_maker.h"
#include "tls/fingerprint.h"

static struct client_hello read_hello(const struct writing *h)
{
	struct client_hello hello;

	assert_int_equal(client_hello_read(span_of(h->bytes, h->len), &hello), STATUS_OK);
	return hello;
}

static void check_ja3(const struct writing *h, const char *wanted)
{
	struct client_hello hello = read_hello(h);
	char ja3[FINGERPRINT_JA3_CHARS] = "";

	assert_int_equal(fingerprint_ja3(&hello, ja3), STATUS_OK);
	assert_string_equal(ja3, wanted);
}

static void check_ja4(const struct writing *h, enum fingerprint_carrier carrier, const char *wanted)
{
	struct client_hello hello = read_hello(h);
	char ja4[FINGERPRINT_JA4_CHARS] = "";

	assert_int_equal(fingerprint_ja4(&hello, carrier, ja4), STATUS_OK);
	assert_string_equal(ja4, wanted);
}

/* The two examples in the README of github.com/salesforce/ja3. */
static void equals_the_examples_of_ja3(void **state)
{
	static const uint16_t ciphers[] = {
	        47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4};
	static const uint16_t old_ciphers[] = {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99};
	static const uint16_t groups[] = {23, 24, 25};
	struct writing h = {.len = 0}, extensions = {.len = 0};

	(void)state;
	add_extension(&extensions, 0, "\0\5\0\0\2ab", 7);
	add_numbers(&extensions, 10, groups, 3);
	add_extension(&extensions, 11, "\1\0", 2);
	begin_hello(&h, 769, ciphers, 12);
	end_hello(&h, &extensions);
	check_ja3(&h, "ada70206e40642a3e4461f35503241d5");
	begin_hello(&h, 769, old_ciphers, 11);
	check_ja3(&h, "de350869b8c85de67a350c8d186f11e6");
}

static const uint16_t browser_ciphers[] = {0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c,
        0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
static const uint16_t browser_signatures[] = {
        0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};

/* The extensions of JA4.md's example, with GREASE before and after. */
static void put_browser_extensions(struct writing *e, const char *alpn, size_t alpn_len)
{
	static const uint16_t types[] = {0x001b, 0x0033, 0x4469, 0x0017, 0x002d, 0x0005, 0x0023,
	        0x0012, 0xff01, 0x000a, 0x000b, 0x0015, 0xdada};

	e->len = 0;
	add_extension(e, 0x6a6a, "", 0);
	add_extension(e, 0, "\0\5\0\0\2ab", 7);
	add16(e, 16);
	add16(e, (unsigned)alpn_len + 3);
	add16(e, (unsigned)alpn_len + 1);
	add(e, &(uint8_t){(uint8_t)alpn_len}, 1);
	add(e, alpn, alpn_len);
	add_numbers(e, 13, browser_signatures, 8);
	add_extension(e, 43, "\6\x4a\x4a\3\4\3\3", 7);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		add_extension(e, types[i], "", 0);
}

static void equals_the_example_of_ja4(void **state)
{
	struct writing h = {.len = 0}, e = {.len = 0};

	(void)state;
	put_browser_extensions(&e, "h2", 2);
	begin_hello(&h, 0x0303, browser_ciphers, ARRAY_LEN(browser_ciphers));
	end_hello(&h, &e);
	check_ja4(&h, FINGERPRINT_TCP, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	check_ja4(&h, FINGERPRINT_QUIC, "q13d1516h2_8daaf6152771_e5627efa2ab1");
}

/* JA4.md, "ALPN Extension Value" */
static void writes_any_alpn(void **state)
{
	static const struct {
		const char *alpn;
		size_t len;
		const char *wanted;
	} cases[] = {{"http/1.1", 8, "h1"}, {"h", 1, "hh"}, {"\xab", 1, "ab"}, {" ", 1, "20"},
	        {"\xab\xcd", 2, "ad"}, {" a", 2, "21"}, {"0\xab", 2, "3b"}, {"a ", 2, "60"},
	        {"01\xab\xcd", 4, "3d"}, {"0\xab\xcd\x31", 4, "01"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char wanted[] = "t13d1516.._8daaf6152771_e5627efa2ab1";
		struct writing h = {.len = 0}, e = {.len = 0};

		memcpy(wanted + 8, cases[i].wanted, 2);
		put_browser_extensions(&e, cases[i].alpn, cases[i].len);
		begin_hello(&h, 0x0303, browser_ciphers, ARRAY_LEN(browser_ciphers));
		end_hello(&h, &e);
		check_ja4(&h, FINGERPRINT_TCP, wanted);
	}
}

/* Without extensions, with GREASE alone, with more than two digits hold, over DTLS. */
static void writes_what_is_missing(void **state)
{
	static const uint16_t grease[] = {0x0a0a, 0xfafa};
	struct writing h = {.len = 0}, e = {.len = 0};
	uint16_t many[150];

	(void)state;
	begin_hello(&h, 0x0301, grease, 2);
	check_ja4(&h, FINGERPRINT_TCP, "t10i000000_000000000000_000000000000");
	for (unsigned i = 0; i < ARRAY_LEN(many); i++)
		many[i] = 0xc02f;
	begin_hello(&h, 0x0300, many, ARRAY_LEN(many));
	add_extension(&e, 0x0017, "", 0);
	end_hello(&h, &e);
	check_ja4(&h, FINGERPRINT_TCP, "ts3i990100_91becfd55462_1ca028f07214");
}

static void leaves_out_what_is_broken(void **state)
{
	struct writing h = {.len = 0};
	struct client_hello hello;
	char ja3[FINGERPRINT_JA3_CHARS] = "old", ja4[FINGERPRINT_JA4_CHARS] = "old";

	(void)state;
	begin_hello(&h, 0x0303, browser_ciphers, 4);
	hello = read_hello(&h);
	hello.extensions = span_of("\0\1\0\5abc", 7);
	assert_int_equal(fingerprint_ja3(&hello, ja3), STATUS_MALFORMED);
	assert_int_equal(fingerprint_ja4(&hello, FINGERPRINT_TCP, ja4), STATUS_MALFORMED);
	assert_string_equal(ja3, "old");
	assert_string_equal(ja4, "old");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(equals_the_examples_of_ja3),
	        cmocka_unit_test(equals_the_example_of_ja4),
	        cmocka_unit_test(writes_any_alpn),
	        cmocka_unit_test(writes_what_is_missing),
	        cmocka_unit_test(leaves_out_what_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
