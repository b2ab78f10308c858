/* digest: HMAC-SHA-256 against the vectors of RFC 4231, and the tags made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/digest.h"
#include "base/status.h"

static void hmac_as_hex(struct span key, struct span text, char ret[static DIGEST_HEX_CHARS])
{
	uint8_t bytes[DIGEST_SHA256_BYTES];

	assert_int_equal(digest_hmac(key, text, bytes), STATUS_OK);
	digest_to_hex(bytes, sizeof(bytes), ret);
}

/* Sections 4.2, 4.3 and 4.4. */
static void test_hmac_of_rfc_4231(void **state)
{
	uint8_t key[20], text[50];
	char hex[DIGEST_HEX_CHARS];

	(void)state;
	memset(key, 0x0b, sizeof(key));
	hmac_as_hex(span_of(key, sizeof(key)), span_of_text("Hi There"), hex);
	assert_string_equal(
	        hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_as_hex(span_of_text("Jefe"), span_of_text("what do ya want for nothing?"), hex);
	assert_string_equal(
	        hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	memset(text, 0xdd, sizeof(text));
	hmac_as_hex(span_of(key, sizeof(key)), span_of(text, sizeof(text)), hex);
	assert_string_equal(
	        hex, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
}

static void test_hmac_of_nothing_and_with_too_long_a_key(void **state)
{
	uint8_t key[65] = {0}, bytes[DIGEST_SHA256_BYTES];
	char hex[DIGEST_HEX_CHARS];

	(void)state;
	hmac_as_hex(span_of(NULL, 0), span_of(NULL, 0), hex);
	assert_string_equal(
	        hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	memset(bytes, 7, sizeof(bytes));
	assert_int_equal(
	        digest_hmac(span_of(key, sizeof(key)), span_of(NULL, 0), bytes), STATUS_BUG);
	assert_int_equal(bytes[0], 7);
}

static void test_tag_is_the_beginning_of_it(void **state)
{
	const uint8_t key[DIGEST_KEY_BYTES] = {1};
	struct span text = span_of_text("medicare:295012345");
	uint8_t bytes[DIGEST_SHA256_BYTES];
	struct cursor c = cursor_open_bytes(bytes, sizeof(bytes));
	uint64_t tag = 0;

	(void)state;
	assert_int_equal(digest_hmac(span_of(key, sizeof(key)), text, bytes), STATUS_OK);
	assert_int_equal(digest_tag(key, text, &tag), STATUS_OK);
	assert_true(tag == cursor_u64be(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_hmac_of_rfc_4231),
	        cmocka_unit_test(test_hmac_of_nothing_and_with_too_long_a_key),
	        cmocka_unit_test(test_tag_is_the_beginning_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
