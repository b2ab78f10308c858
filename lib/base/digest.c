#include "base/digest.h"

/* A digest of a few bytes: to look for the algorithm anew, as EVP does, takes most of the time. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

struct digest {
	EVP_MD_CTX *context;
};

int digest_new(struct digest **ret_gives)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (!d)
		return STATUS_NO_MEMORY;
	d->context = EVP_MD_CTX_new();
	if (!d->context || EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1) {
		digest_free(d);
		return STATUS_LIBRARY;
	}
	*ret_gives = d;
	return STATUS_OK;
}

struct digest *digest_free(struct digest *d)
{
	if (d)
		EVP_MD_CTX_free(d->context);
	free(d);
	return NULL;
}

int digest_update(struct digest *d, struct span bytes)
{
	return EVP_DigestUpdate(d->context, bytes.data, bytes.len) == 1 ? STATUS_OK
	                                                                : STATUS_LIBRARY;
}

int digest_hex(const struct digest *d, char ret[static DIGEST_HEX_CHARS])
{
	uint8_t bytes[DIGEST_SHA256_BYTES];
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	int ok = copy && EVP_MD_CTX_copy_ex(copy, d->context) == 1 &&
	         EVP_DigestFinal_ex(copy, bytes, NULL) == 1;

	EVP_MD_CTX_free(copy);
	if (!ok)
		return STATUS_LIBRARY;
	digest_to_hex(bytes, sizeof(bytes), ret);
	return STATUS_OK;
}

int digest_sha256(struct span bytes, uint8_t ret[static DIGEST_SHA256_BYTES])
{
	SHA256_CTX context;
	bool done = SHA256_Init(&context) == 1 &&
	            SHA256_Update(&context, bytes.data, bytes.len) == 1 &&
	            SHA256_Final(ret, &context) == 1;

	explicit_bzero(&context, sizeof(context));
	return done ? STATUS_OK : STATUS_LIBRARY;
}

void digest_to_hex(const uint8_t *bytes, size_t len, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * len] = '\0';
}

/* Of one hash over two texts; the context is wiped by the caller. */
static bool hash_two(
        SHA256_CTX *c, const uint8_t *first, struct span second, uint8_t ret[DIGEST_SHA256_BYTES])
{
	return SHA256_Init(c) == 1 && SHA256_Update(c, first, SHA256_CBLOCK) == 1 &&
	       SHA256_Update(c, second.data, second.len) == 1 && SHA256_Final(ret, c) == 1;
}

int digest_hmac(struct span key, struct span text, uint8_t ret[static DIGEST_SHA256_BYTES])
{
	uint8_t inner[SHA256_CBLOCK] = {0}, outer[SHA256_CBLOCK], hash[DIGEST_SHA256_BYTES];
	SHA256_CTX context;
	bool done;

	if (key.len > sizeof(inner))
		return STATUS_BUG;
	if (key.len > 0)
		memcpy(inner, key.data, key.len);
	for (size_t i = 0; i < sizeof(inner); i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	done = hash_two(&context, inner, text, hash) &&
	       hash_two(&context, outer, span_of(hash, sizeof(hash)), hash);
	if (done)
		memcpy(ret, hash, sizeof(hash));
	explicit_bzero(inner, sizeof(inner));
	explicit_bzero(outer, sizeof(outer));
	explicit_bzero(hash, sizeof(hash));
	explicit_bzero(&context, sizeof(context));
	return done ? STATUS_OK : STATUS_LIBRARY;
}

int digest_tag(const uint8_t key[static DIGEST_KEY_BYTES], struct span value, uint64_t *ret)
{
	uint8_t bytes[DIGEST_SHA256_BYTES];
	struct cursor c = cursor_open_bytes(bytes, sizeof(bytes));
	uint64_t tag;
	int status = digest_hmac(span_of(key, DIGEST_KEY_BYTES), value, bytes);

	if (status != STATUS_OK)
		return status;
	tag = cursor_u64be(&c);
	*ret = tag ? tag : 1;
	return STATUS_OK;
}
