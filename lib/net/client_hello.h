/* client_hello: what a TLS ClientHello says in clear: server name, ALPN, versions; and the version
 * and cipher of the ServerHello. RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2, RFC 6066 section
 * 3, RFC 7301, RFC 9849 (ECH: a hello with it carries an *outer* name only).
 *
 * The _read functions take one whole message (net/handshake: from TCP, QUIC or DTLS); the _parse
 * functions the first bytes of a TCP stream, across records and segments: the caller keeps what it
 * has and asks again with more. */
#ifndef EXEAT_NET_CLIENT_HELLO_H
#define EXEAT_NET_CLIENT_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "net/handshake.h"

#define CLIENT_HELLO_BYTES_MAX  HANDSHAKE_BYTES_MAX
#define CLIENT_HELLO_NAME_CHARS 256 /* a DNS name is at most 253 characters */
#define CLIENT_HELLO_ALPN_CHARS 64

struct client_hello {
	char server_name
	        [CLIENT_HELLO_NAME_CHARS];  /* raw, not yet through display; "" when absent */
	char alpn[CLIENT_HELLO_ALPN_CHARS]; /* first protocol offered */
	uint16_t version;                   /* highest offered, GREASE left out (RFC 8701) */
	uint16_t body_version;              /* the version field of the message itself */
	uint16_t highest_number; /* like version, but as a mere number, drafts as written: JA4's */
	/* ECH present: server_name is the outer name. Browsers also send a dummy that looks alike
	 * (RFC 9849 section 6.2); then the name is the real one, and nobody outside can tell. */
	bool encrypted_hello;
	/* For fingerprints; borrow from the message, empty after client_hello_parse. Lists without
	 * the length in front: 16-bit numbers, but for points (bytes) and extensions (as sent). */
	struct span cipher_suites, extensions, groups, points, signature_algorithms;
	struct span first_alpn;
};

struct server_hello {
	uint16_t version; /* chosen, supported_versions taken into account */
	uint16_t cipher;
};

/* 0, or STATUS_MALFORMED; ret untouched unless 0. A ClientHello of TLS or of DTLS (RFC 6347), by
 * its version. */
int client_hello_read(struct span body, struct client_hello *ret) WUNRES NONNULL(2);
int server_hello_read(struct span body, struct server_hello *ret) WUNRES NONNULL(2);
/* Only the front of a ClientHello, whose end was not captured: its name, when that is whole; all
 * else stays empty, since nothing can be said of the rest. STATUS_NOT_FOUND: no whole name in it.
 * STATUS_MALFORMED. ret untouched unless 0. */
int client_hello_read_front(struct span front, struct client_hello *ret) WUNRES NONNULL(2);
/* 0: *ret filled. STATUS_MORE: not all there yet. STATUS_MALFORMED: starts as TLS but breaks its
 * rules. STATUS_UNSUPPORTED: not a TLS ClientHello (ServerHello) at all. STATUS_LIMIT: longer
 * than HANDSHAKE_BYTES_MAX or in too many records. ret untouched unless 0. */
int client_hello_parse(struct span stream, struct client_hello *ret) WUNRES NONNULL(2);
int server_hello_parse(struct span stream, struct server_hello *ret) WUNRES NONNULL(2);
/* RFC 8701: 0x0a0a, 0x1a1a, … mean nothing. */
bool tls_is_grease(uint16_t value);
/* "TLS 1.3", "TLS 1.2", …, "SSL 3.0", "" for unknown. */
const char *tls_version_text(uint16_t version);

#endif
