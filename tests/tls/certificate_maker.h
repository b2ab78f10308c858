/* certificate_maker: makes Certificate messages for tests, self-signed, with many names. */
#ifndef EXEAT_TESTS_TLS_CERTIFICATE_MAKER_H
#define EXEAT_TESTS_TLS_CERTIFICATE_MAKER_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

struct certificate_plan {
	const char *common_name;  /* or NULL */
	const char *organisation; /* or NULL */
	const char
	        *alternatives; /* as OpenSSL writes them: "DNS:a.example,IP:192.0.2.1", or NULL */
	unsigned extra_names;  /* n0.example, n1.example, … */
	const char *issuer;    /* organisation of somebody else; NULL: it vouches for itself */
};

static inline void make_extension(X509 *x, const struct certificate_plan *plan)
{
	size_t size = 64 + (plan->alternatives ? strlen(plan->alternatives) : 0) +
	              (size_t)plan->extra_names * 24;
	char *text = calloc(1, size);
	X509_EXTENSION *extension;
	size_t len = 0;

	if (!text)
		return;
	if (plan->alternatives)
		len = (size_t)snprintf(text, size, "%s", plan->alternatives);
	for (unsigned i = 0; i < plan->extra_names; i++)
		len += (size_t)snprintf(
		        text + len, size - len, "%sDNS:n%u.example", len ? "," : "", i);
	extension = len ? X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text) : NULL;
	if (extension)
		X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
	free(text);
}

static inline void make_issuer(X509 *x, const char *organisation)
{
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_txt(
	        name, "O", MBSTRING_UTF8, (const unsigned char *)organisation, -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_NAME_free(name);
}

/* 2025-01-01 to 2026-01-01. Gives the message body, to be freed. */
static inline struct span make_certificate(const struct certificate_plan *plan)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	unsigned char *der = NULL;
	uint8_t *body;
	size_t len;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	ASN1_TIME_set_string(X509_getm_notBefore(x), "20250101000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), "20260101000000Z");
	if (plan->organisation)
		X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
		        (const unsigned char *)plan->organisation, -1, -1, 0);
	if (plan->common_name)
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		        (const unsigned char *)plan->common_name, -1, -1, 0);
	X509_set_issuer_name(x, name);
	if (plan->issuer)
		make_issuer(x, plan->issuer);
	X509_set_pubkey(x, key);
	make_extension(x, plan);
	X509_sign(x, key, EVP_sha256());
	len = (size_t)i2d_X509(x, &der);
	body = calloc(1, len + 6);
	if (body) {
		for (size_t i = 0; i < 3; i++) {
			body[i] = (uint8_t)((len + 3) >> (16 - 8 * i));
			body[3 + i] = (uint8_t)(len >> (16 - 8 * i));
		}
		memcpy(body + 6, der, len);
	}
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(key);
	return span_of(body, body ? len + 6 : 0);
}

#endif
