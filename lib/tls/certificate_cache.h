/* certificate_cache: certificates that were read before. A practice talks to few servers, each a
 * thousand times a day, and OpenSSL takes long over each certificate, most of it over a key that
 * nobody asks for. Comes in and goes out: as in certificate.h. */
#ifndef EXEAT_TLS_CERTIFICATE_CACHE_H
#define EXEAT_TLS_CERTIFICATE_CACHE_H

#include "tls/certificate.h"

#define CERTIFICATE_CACHE_ENTRIES   128
#define CERTIFICATE_CACHE_DER_BYTES 8192 /* longer ones are read each time: 2 MiB at most in all */

struct certificate_cache;

int certificate_cache_new(struct certificate_cache **ret_gives) WUNRES NONNULL(1);
struct certificate_cache *certificate_cache_free(struct certificate_cache *x); /* NULL ok */
/* The same as certificate_read, asked for the same name; borrowed until the next call. */
int certificate_cache_read(struct certificate_cache *x, struct span message_body, struct span asked,
        const struct certificate **ret_borrowed) WUNRES NONNULL(1, 4);

#endif
