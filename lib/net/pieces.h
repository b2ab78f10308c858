/* pieces: puts the bytes of one message back together that came in any order, twice, overlapping.
 * For handshakes over datagrams: QUIC's CRYPTO frames (RFC 9000 section 19.6) and DTLS fragments
 * (RFC 6347 section 4.2.3). Where copies differ, the first byte stays. */
#ifndef EXEAT_NET_PIECES_H
#define EXEAT_NET_PIECES_H

#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/cursor.h"

#define PIECES_BYTES_MAX  65540 /* the largest handshake message with its header */
#define PIECES_STEP_BYTES 4096  /* room grows in these: most hellos need one */

/* A value; initialise with pieces_init. */
struct pieces {
	uint8_t *bytes;
	uint8_t *seen; /* one bit a byte */
	size_t room;   /* of bytes */
	size_t front;  /* how many lie together at the start */
	struct budget *budget;
};

/* Borrows the budget for the life of the pieces. Allocates nothing. */
void pieces_init(struct pieces *p, struct budget *budget) NONNULL(1, 2);
/* Copies. STATUS_LIMIT: past PIECES_BYTES_MAX or the budget, and nothing was taken. */
int pieces_add(struct pieces *p, uint64_t offset, struct span bytes) WUNRES NONNULL(1);
/* What lies together from the start; borrows until the next change. */
struct span pieces_front(const struct pieces *p) NONNULL(1);
/* Can be used again. */
void pieces_free(struct pieces *p);

#endif
