/* google_quic: the server name in the hellos of Google's QUIC before the IETF's, versions Q024 to
 * Q046, which lie in clear, and the form of the hello itself, which Q050 seals as the IETF does.
 * Source: A. Langley, W. Chang, "QUIC Crypto", 2016, sections "Handshake message format" and
 * "Client handshake"; "QUIC Wire Layout Specification" (Google), 2016. */
#ifndef EXEAT_TLS_GOOGLE_QUIC_H
#define EXEAT_TLS_GOOGLE_QUIC_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define GOOGLE_QUIC_TAGS_MAX 128 /* of a hello; the specification's limit */

/* True for a datagram of such a version with a hello in it. */
bool google_quic_is_hello(struct span datagram);
/* The SNI value of the first hello in bytes; borrows. STATUS_NOT_FOUND: no hello, or no name in it.
 * STATUS_MORE: the name lies in a later part. STATUS_MALFORMED, STATUS_LIMIT: not as specified. */
int google_quic_name(struct span bytes, struct span *ret) WUNRES NONNULL(2);

#endif
