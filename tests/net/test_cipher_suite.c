#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/cipher_suite.h"
#include "net/client_hello.h"

static void knows_what_is_weak(void **state)
{
	static const struct {
		uint16_t cipher;
		const char *name;
		bool weak;
	} cases[] = {
	        {0x0000, "TLS_NULL_WITH_NULL_NULL", true},
	        {0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", true},
	        {0x0005, "TLS_RSA_WITH_RC4_128_SHA", true},
	        {0x0009, "TLS_RSA_WITH_DES_CBC_SHA", true},
	        {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", true},
	        {0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", true},
	        {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", false},
	        {0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", true},
	        {0x003b, "TLS_RSA_WITH_NULL_SHA256", true},
	        {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", false},
	        {0x1301, "TLS_AES_128_GCM_SHA256", false},
	        {0xc0b4, "TLS_SHA256_SHA256", true},
	        {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", false},
	        {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", false},
	        {0xfefe, "0xfefe", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[CIPHER_SUITE_CHARS];

		cipher_suite_text(cases[i].cipher, text);
		assert_string_equal(text, cases[i].name);
		assert_int_equal(cipher_suite_is_weak(text), cases[i].weak);
	}
}

static void knows_what_is_old(void **state)
{
	static const struct {
		uint16_t version;
		bool old;
	} cases[] = {{0x0300, true}, {0x0301, true}, {0x0302, true}, {0x0303, false},
	        {0x0304, false}, {0xfeff, true}, {0xfefd, false}, {0xfefc, false}, {0, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		        tls_version_is_old(tls_version_text(cases[i].version)), cases[i].old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(knows_what_is_weak),
	        cmocka_unit_test(knows_what_is_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
