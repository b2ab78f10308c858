/* handshake: takes TLS handshake messages out of the records that carry them. RFC 8446 sections 4
 * and 5.1, RFC 5246 section 7.4.
 *
 * Works on a stream's first bytes, across records and segments: the caller keeps what it has and
 * asks again with more. */
#ifndef EXEAT_NET_HANDSHAKE_H
#define EXEAT_NET_HANDSHAKE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define HANDSHAKE_BYTES_MAX    65536 /* of one message; hellos with large keys reach 2 to 4 KiB */
#define HANDSHAKE_RECORDS_MAX  1024  /* up to its end; more is a game with our time */
#define HANDSHAKE_MESSAGES_MAX 16    /* passed over before it; real servers send at most five */
#define HANDSHAKE_HEADER_BYTES 4

enum handshake_type {
	HANDSHAKE_CLIENT_HELLO = 1,
	HANDSHAKE_SERVER_HELLO = 2,
	HANDSHAKE_CERTIFICATE = 11,
	HANDSHAKE_SERVER_DONE = 14,
};

struct handshake {
	struct span body; /* without its header; borrows from the stream or from copy */
	uint8_t *copy;    /* owned; NULL when the message lies in one record */
};

/* The first message of type `wanted` in a stream whose first one has type `first`. 0: *ret filled,
 * to be freed with handshake_free. STATUS_MORE: not all there yet. STATUS_UNSUPPORTED: not TLS, or
 * begins with another message. STATUS_MALFORMED: something else than handshake records, as after
 * ChangeCipherSpec. STATUS_NOT_FOUND: the flight ended without it. STATUS_LIMIT: past a maximum.
 * ret untouched unless 0. */
int handshake_find(struct span stream, uint8_t first, uint8_t wanted, struct handshake *ret) WUNRES
        NONNULL(4);
/* Of a stream that broke off: as much of its first message as is there, in *ret, to be freed.
 * STATUS_UNSUPPORTED: not TLS, or begins with another message. STATUS_MORE: not even its length.
 * STATUS_LIMIT: longer than the maximum. ret untouched unless 0. */
int handshake_front(struct span stream, uint8_t first, struct handshake *ret) WUNRES NONNULL(3);
void handshake_free(struct handshake *h);
/* The same as handshake_find for bytes that are messages without records, as QUIC's CRYPTO streams
 * carry them: the first message. *ret borrows. */
int handshake_open(struct span bytes, uint8_t wanted, struct span *ret) WUNRES NONNULL(3);

#endif
