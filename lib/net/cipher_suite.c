#include "net/cipher_suite.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* IANA TLS Cipher Suites registry: those that servers of the last fifteen years chose, and all that
 * are weak. In the order of their numbers. */
static const struct {
	uint16_t cipher;
	const char *name;
} suites[] = {
        {0x0000, "TLS_NULL_WITH_NULL_NULL"},
        {0x0001, "TLS_RSA_WITH_NULL_MD5"},
        {0x0002, "TLS_RSA_WITH_NULL_SHA"},
        {0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"},
        {0x0004, "TLS_RSA_WITH_RC4_128_MD5"},
        {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
        {0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"},
        {0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"},
        {0x0009, "TLS_RSA_WITH_DES_CBC_SHA"},
        {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0x000b, "TLS_DH_DSS_EXPORT_WITH_DES40_CBC_SHA"},
        {0x000c, "TLS_DH_DSS_WITH_DES_CBC_SHA"},
        {0x000d, "TLS_DH_DSS_WITH_3DES_EDE_CBC_SHA"},
        {0x000e, "TLS_DH_RSA_EXPORT_WITH_DES40_CBC_SHA"},
        {0x000f, "TLS_DH_RSA_WITH_DES_CBC_SHA"},
        {0x0010, "TLS_DH_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0x0011, "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA"},
        {0x0012, "TLS_DHE_DSS_WITH_DES_CBC_SHA"},
        {0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"},
        {0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"},
        {0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA"},
        {0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0x0017, "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"},
        {0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"},
        {0x0019, "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA"},
        {0x001a, "TLS_DH_anon_WITH_DES_CBC_SHA"},
        {0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"},
        {0x001e, "TLS_KRB5_WITH_DES_CBC_SHA"},
        {0x001f, "TLS_KRB5_WITH_3DES_EDE_CBC_SHA"},
        {0x0020, "TLS_KRB5_WITH_RC4_128_SHA"},
        {0x0022, "TLS_KRB5_WITH_DES_CBC_MD5"},
        {0x0023, "TLS_KRB5_WITH_3DES_EDE_CBC_MD5"},
        {0x0024, "TLS_KRB5_WITH_RC4_128_MD5"},
        {0x0026, "TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA"},
        {0x0027, "TLS_KRB5_EXPORT_WITH_RC2_CBC_40_SHA"},
        {0x0028, "TLS_KRB5_EXPORT_WITH_RC4_40_SHA"},
        {0x0029, "TLS_KRB5_EXPORT_WITH_DES_CBC_40_MD5"},
        {0x002a, "TLS_KRB5_EXPORT_WITH_RC2_CBC_40_MD5"},
        {0x002b, "TLS_KRB5_EXPORT_WITH_RC4_40_MD5"},
        {0x002c, "TLS_PSK_WITH_NULL_SHA"},
        {0x002d, "TLS_DHE_PSK_WITH_NULL_SHA"},
        {0x002e, "TLS_RSA_PSK_WITH_NULL_SHA"},
        {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
        {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
        {0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"},
        {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
        {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
        {0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA"},
        {0x003b, "TLS_RSA_WITH_NULL_SHA256"},
        {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
        {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
        {0x0046, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA"},
        {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
        {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
        {0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256"},
        {0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256"},
        {0x0082, "TLS_GOSTR341094_WITH_NULL_GOSTR3411"},
        {0x0083, "TLS_GOSTR341001_WITH_NULL_GOSTR3411"},
        {0x0089, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA"},
        {0x008a, "TLS_PSK_WITH_RC4_128_SHA"},
        {0x008b, "TLS_PSK_WITH_3DES_EDE_CBC_SHA"},
        {0x008e, "TLS_DHE_PSK_WITH_RC4_128_SHA"},
        {0x008f, "TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA"},
        {0x0092, "TLS_RSA_PSK_WITH_RC4_128_SHA"},
        {0x0093, "TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA"},
        {0x009b, "TLS_DH_anon_WITH_SEED_CBC_SHA"},
        {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
        {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
        {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
        {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
        {0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256"},
        {0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384"},
        {0x00b0, "TLS_PSK_WITH_NULL_SHA256"},
        {0x00b1, "TLS_PSK_WITH_NULL_SHA384"},
        {0x00b4, "TLS_DHE_PSK_WITH_NULL_SHA256"},
        {0x00b5, "TLS_DHE_PSK_WITH_NULL_SHA384"},
        {0x00b8, "TLS_RSA_PSK_WITH_NULL_SHA256"},
        {0x00b9, "TLS_RSA_PSK_WITH_NULL_SHA384"},
        {0x00bf, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256"},
        {0x00c5, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256"},
        {0x1301, "TLS_AES_128_GCM_SHA256"},
        {0x1302, "TLS_AES_256_GCM_SHA384"},
        {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
        {0x1304, "TLS_AES_128_CCM_SHA256"},
        {0x1305, "TLS_AES_128_CCM_8_SHA256"},
        {0xc001, "TLS_ECDH_ECDSA_WITH_NULL_SHA"},
        {0xc002, "TLS_ECDH_ECDSA_WITH_RC4_128_SHA"},
        {0xc003, "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA"},
        {0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"},
        {0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"},
        {0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"},
        {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
        {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
        {0xc00b, "TLS_ECDH_RSA_WITH_NULL_SHA"},
        {0xc00c, "TLS_ECDH_RSA_WITH_RC4_128_SHA"},
        {0xc00d, "TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA"},
        {0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"},
        {0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
        {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
        {0xc015, "TLS_ECDH_anon_WITH_NULL_SHA"},
        {0xc016, "TLS_ECDH_anon_WITH_RC4_128_SHA"},
        {0xc017, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA"},
        {0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"},
        {0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"},
        {0xc01a, "TLS_SRP_SHA_WITH_3DES_EDE_CBC_SHA"},
        {0xc01b, "TLS_SRP_SHA_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0xc01c, "TLS_SRP_SHA_DSS_WITH_3DES_EDE_CBC_SHA"},
        {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
        {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
        {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
        {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
        {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
        {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
        {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
        {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
        {0xc033, "TLS_ECDHE_PSK_WITH_RC4_128_SHA"},
        {0xc034, "TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA"},
        {0xc039, "TLS_ECDHE_PSK_WITH_NULL_SHA"},
        {0xc03a, "TLS_ECDHE_PSK_WITH_NULL_SHA256"},
        {0xc03b, "TLS_ECDHE_PSK_WITH_NULL_SHA384"},
        {0xc046, "TLS_DH_anon_WITH_ARIA_128_CBC_SHA256"},
        {0xc047, "TLS_DH_anon_WITH_ARIA_256_CBC_SHA384"},
        {0xc05a, "TLS_DH_anon_WITH_ARIA_128_GCM_SHA256"},
        {0xc05b, "TLS_DH_anon_WITH_ARIA_256_GCM_SHA384"},
        {0xc084, "TLS_DH_anon_WITH_CAMELLIA_128_GCM_SHA256"},
        {0xc085, "TLS_DH_anon_WITH_CAMELLIA_256_GCM_SHA384"},
        {0xc0b4, "TLS_SHA256_SHA256"},
        {0xc0b5, "TLS_SHA384_SHA384"},
        {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
        {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
        {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
};

void cipher_suite_text(uint16_t cipher, char ret[static CIPHER_SUITE_CHARS])
{
	for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
		if (suites[i].cipher == cipher) {
			snprintf(ret, CIPHER_SUITE_CHARS, "%s", suites[i].name);
			return;
		}
	}
	snprintf(ret, CIPHER_SUITE_CHARS, "0x%04x", cipher);
}

bool cipher_suite_is_weak(const char *name)
{
	/* The last two encrypt nothing and do not say so (RFC 9150). */
	static const char *const marks[] = {"_NULL", "_EXPORT_", "_anon_", "_RC4_", "_DES_",
	        "_DES40_", "_3DES_", "TLS_SHA256_SHA256", "TLS_SHA384_SHA384"};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (strstr(name, marks[i]))
			return true;
	return false;
}

bool tls_version_is_old(const char *version)
{
	static const char *const old[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1", "DTLS 1.0"};

	for (size_t i = 0; i < ARRAY_LEN(old); i++)
		if (strcmp(version, old[i]) == 0)
			return true;
	return false;
}
