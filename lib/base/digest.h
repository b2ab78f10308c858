/* digest: SHA-256 of inputs and ids, and the keyed tags that count patients without naming them
 * (HMAC-SHA-256, RFC 2104, cut to 64 bits). The work is OpenSSL's. */
#ifndef EXEAT_BASE_DIGEST_H
#define EXEAT_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define DIGEST_SHA256_BYTES 32
#define DIGEST_HEX_CHARS    (2 * DIGEST_SHA256_BYTES + 1) /* with the closing zero */
#define DIGEST_KEY_BYTES    32

struct digest; /* a running SHA-256 */

int digest_new(struct digest **ret_gives) WUNRES NONNULL(1);
struct digest *digest_free(struct digest *d); /* NULL ok, returns NULL */
int digest_update(struct digest *d, struct span bytes) WUNRES NONNULL(1);
/* Hex of the bytes so far; the digest can go on. */
int digest_hex(const struct digest *d, char ret[static DIGEST_HEX_CHARS]) WUNRES NONNULL(1);

int digest_sha256(struct span bytes, uint8_t ret[static DIGEST_SHA256_BYTES]) WUNRES;
void digest_to_hex(const uint8_t *bytes, size_t len, char *ret) NONNULL(1, 3); /* 2*len+1 chars */
/* HMAC-SHA-256, RFC 2104; a key has 64 bytes at most (STATUS_BUG). OpenSSL's own would look for its
 * algorithm at each call, which takes five times as long as a short text does. */
int digest_hmac(struct span key, struct span text, uint8_t ret[static DIGEST_SHA256_BYTES]) WUNRES;
/* A 64-bit keyed tag of a normalised value; never zero. */
int digest_tag(const uint8_t key[static DIGEST_KEY_BYTES], struct span value, uint64_t *ret) WUNRES
        NONNULL(3);

#endif
