/* dtls: takes the hello of one direction out of DTLS datagrams, whatever its fragments' order. RFC
 * 6347 sections 4.1 and 4.2.2 (1.2), RFC 4347 (1.0); RFC 9147 (1.3) begins with the same form.
 *
 * A client that is asked for a cookie says its hello twice; the later one counts. */
#ifndef EXEAT_NET_DTLS_H
#define EXEAT_NET_DTLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/cursor.h"
#include "net/pieces.h"

/* A value; initialise with dtls_init. */
struct dtls {
	struct pieces pieces;
	uint32_t len;      /* of the message */
	uint16_t sequence; /* which message of its direction */
	bool begun;
};

/* True for a datagram that begins with a handshake record of DTLS. */
bool dtls_is_handshake(struct span datagram);
/* Borrows the budget for the life of d. */
void dtls_init(struct dtls *d, struct budget *budget) NONNULL(1, 2);
/* Takes in the fragments of messages of type `wanted` (net/handshake.h). STATUS_ITEM: *ret is a
 * whole one's body, borrowed until the next call. STATUS_MORE: none yet. STATUS_UNSUPPORTED: not
 * DTLS. STATUS_MALFORMED, STATUS_LIMIT: a fragment was left out. */
int dtls_feed(struct dtls *d, struct span datagram, uint8_t wanted, struct span *ret) WUNRES
        NONNULL(1, 4);
void dtls_free(struct dtls *d);

#endif
