#include "tls/certificate.h"

#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/status.h"
#include "net/addr.h"

/* A whole name's text, or nothing when it does not fit or holds zeros. */
static bool copy_name(struct span text, char *ret, size_t size)
{
	if (text.len == 0 || text.len >= size || span_find_byte(text, 0) != SIZE_MAX)
		return false;
	memcpy(ret, text.data, text.len);
	ret[text.len] = '\0';
	return true;
}

static void add_name(struct certificate *c, struct span name)
{
	if (c->name_count == CERTIFICATE_NAMES_MAX) {
		c->names_left_out++;
		return;
	}
	if (copy_name(name, c->names[c->name_count], sizeof(c->names[0])))
		c->name_count++;
}

static struct span string_span(const ASN1_STRING *s)
{
	int len = ASN1_STRING_length(s);

	return span_of(ASN1_STRING_get0_data(s), len > 0 ? (size_t)len : 0);
}

/* RFC 5280 section 4.2.1.6: four or sixteen bytes. */
static void add_address(struct certificate *c, struct span bytes)
{
	char text[ADDR_TEXT_CHARS];
	struct addr addr;

	if (bytes.len != 4 && bytes.len != 16)
		return;
	addr = bytes.len == 4 ? addr_ipv4(bytes.data) : addr_ipv6(bytes.data);
	addr_format(&addr, text);
	add_name(c, span_of_text(text));
}

static void add_alternative(struct certificate *c, const GENERAL_NAME *name, bool wildcards)
{
	struct span text;

	if (name->type == GEN_IPADD && !wildcards)
		add_address(c, string_span(name->d.iPAddress));
	if (name->type != GEN_DNS)
		return;
	text = string_span(name->d.dNSName);
	if (span_starts(text, "*") == wildcards)
		add_name(c, text);
}

static void read_alternatives(struct certificate *c, const X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	int count = names ? sk_GENERAL_NAME_num(names) : 0;

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < count; i++)
			add_alternative(c, sk_GENERAL_NAME_value(names, i), pass == 1);
	GENERAL_NAMES_free(names);
}

/* The last of its kind is the most specific one. */
static bool copy_entry(const X509_NAME *name, int kind, char *ret, size_t size)
{
	int at = -1, found = -1;
	unsigned char *text = NULL;
	bool copied = false;
	int len;

	while ((at = X509_NAME_get_index_by_NID((X509_NAME *)name, kind, at)) >= 0)
		found = at;
	if (found < 0)
		return false;
	len = ASN1_STRING_to_UTF8(
	        &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, found)));
	if (len > 0)
		copied = copy_name(span_of(text, (size_t)len), ret, size);
	OPENSSL_free(text);
	return copied;
}

static void read_common_name(struct certificate *c, const X509 *x)
{
	if (c->name_count == 0 && c->names_left_out == 0 &&
	        copy_entry(
	                X509_get_subject_name(x), NID_commonName, c->names[0], sizeof(c->names[0])))
		c->name_count = 1;
}

static void read_issuer(struct certificate *c, const X509 *x)
{
	const X509_NAME *issuer = X509_get_issuer_name(x);

	if (!copy_entry(issuer, NID_organizationName, c->issuer, sizeof(c->issuer)))
		(void)copy_entry(issuer, NID_commonName, c->issuer, sizeof(c->issuer));
	/* By names, key identifiers and the kind of key; its signature is not worth the time. */
	c->self_signed = (X509_get_extension_flags((X509 *)x) & EXFLAG_SS) != 0;
}

/* A final dot is no part of a name in a certificate (RFC 6125 section 6.4). */
static enum certificate_fit fit_of(const X509 *x, struct span asked)
{
	size_t len = asked.len;

	if (len > 0 && asked.data[len - 1] == '.')
		len--;
	if (len == 0)
		return CERTIFICATE_UNCHECKED;
	switch (X509_check_host((X509 *)x, (const char *)asked.data, len, 0, NULL)) {
	case 1:
		return CERTIFICATE_FITS;
	case 0:
		return CERTIFICATE_DIFFERS;
	default:
		return CERTIFICATE_UNCHECKED;
	}
}

static bool read_time(const ASN1_TIME *from, int64_t *ret)
{
	struct tm parts;

	if (ASN1_TIME_to_tm(from, &parts) != 1)
		return false;
	*ret = timegm(&parts);
	return true;
}

/* Its lengths, then DER. */
int certificate_first(struct span body, struct span *ret)
{
	struct cursor c = cursor_open(body);
	struct cursor list = cursor_sub(&c, cursor_u24be(&c));

	if (cursor_failed(&list))
		return STATUS_MALFORMED;
	if (cursor_left(&list) == 0)
		return STATUS_NOT_FOUND;
	*ret = cursor_span(&list, cursor_u24be(&list));
	if (cursor_failed(&list) || ret->len == 0)
		return STATUS_MALFORMED;
	return ret->len > CERTIFICATE_BYTES_MAX ? STATUS_LIMIT : STATUS_OK;
}

static int read_fields(struct certificate *c, const X509 *x)
{
	if (!read_time(X509_get0_notBefore(x), &c->not_before_s) ||
	        !read_time(X509_get0_notAfter(x), &c->not_after_s))
		return STATUS_MALFORMED;
	read_alternatives(c, x);
	read_common_name(c, x);
	read_issuer(c, x);
	return STATUS_OK;
}

/* ---- OpenSSL without its algorithms ---- */

struct certificate_reader {
	OSSL_LIB_CTX *bare;
	OSSL_PROVIDER *nothing; /* so that OpenSSL does not load its usual one there */
};

int certificate_reader_new(struct certificate_reader **ret_gives)
{
	struct certificate_reader *r = calloc(1, sizeof(*r));

	if (r)
		r->bare = OSSL_LIB_CTX_new();
	if (r && r->bare)
		r->nothing = OSSL_PROVIDER_load(r->bare, "null");
	if (!r || !r->nothing) {
		certificate_reader_free(r);
		return STATUS_NO_MEMORY;
	}
	*ret_gives = r;
	return STATUS_OK;
}

struct certificate_reader *certificate_reader_free(struct certificate_reader *r)
{
	if (!r)
		return NULL;
	if (r->nothing)
		OSSL_PROVIDER_unload(r->nothing);
	OSSL_LIB_CTX_free(r->bare);
	free(r);
	return NULL;
}

static X509 *decode(struct span der, OSSL_LIB_CTX *library)
{
	const unsigned char *at = der.data;
	X509 *x = X509_new_ex(library, NULL);

	if (!x || d2i_X509(&x, &at, (long)der.len))
		return x;
	X509_free(x); /* NULL, where OpenSSL has freed it */
	return NULL;
}

/* Whether one that names itself as its issuer was signed by its own key, its kind of key tells. */
static X509 *decode_by(const struct certificate_reader *r, struct span der)
{
	X509 *x = decode(der, r ? r->bare : NULL);

	if (!x || !r || !(X509_get_extension_flags(x) & EXFLAG_SI))
		return x;
	X509_free(x);
	return decode(der, NULL);
}

int certificate_read_by(const struct certificate_reader *r, struct span message_body,
        struct span asked, struct certificate **ret_gives)
{
	struct certificate *c;
	struct span der = {.len = 0};
	X509 *x;
	int status = certificate_first(message_body, &der);

	if (status != STATUS_OK)
		return status;
	x = decode_by(r, der);
	if (!x)
		return STATUS_MALFORMED;
	c = calloc(1, sizeof(*c));
	status = c ? read_fields(c, x) : STATUS_NO_MEMORY;
	if (status == STATUS_OK)
		c->fit = fit_of(x, asked);
	X509_free(x);
	if (status == STATUS_OK)
		*ret_gives = c;
	else
		certificate_free(c);
	return status;
}

int certificate_read(struct span message_body, struct span asked, struct certificate **ret_gives)
{
	return certificate_read_by(NULL, message_body, asked, ret_gives);
}

struct certificate *certificate_free(struct certificate *c)
{
	free(c);
	return NULL;
}
