/* cipher_suite: the name of the protection that both ends of a TLS connection agreed on, and
 * whether it is out of date.
 *
 * Names: IANA, TLS Cipher Suites registry. Weak, by the parts of those names: NULL (nothing is
 * encrypted), EXPORT and DES (keys of 40 and 56 bits), RC4: RFC 9325 section 4.1, MUST NOT; 3DES:
 * there, below 128 bits, SHOULD NOT; anon (nobody says who the other end is): RFC 5246 section
 * F.1.1.1. Versions: RFC 9325 section 3.1 and RFC 8996: below TLS 1.2 and DTLS 1.2. */
#ifndef EXEAT_NET_CIPHER_SUITE_H
#define EXEAT_NET_CIPHER_SUITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define CIPHER_SUITE_CHARS 48 /* the longest name of the registry has 45 characters */

/* IANA name for the usual and the weak suites, "0x1301"-like text otherwise. */
void cipher_suite_text(uint16_t cipher, char ret[static CIPHER_SUITE_CHARS]);
/* By what cipher_suite_text gave; a number without a name is not known to be weak. */
bool cipher_suite_is_weak(const char *name) WUNRES NONNULL(1);
/* By what tls_version_text gave; "" is not known to be old. */
bool tls_version_is_old(const char *version) WUNRES NONNULL(1);

#endif
