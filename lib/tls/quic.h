/* quic: reads the handshake out of QUIC's Initial packets, whose keys anybody can derive. Comes in:
 * the datagrams of one UDP flow. Goes out: the TLS messages of each end, or the name in a hello of
 * Google's older QUIC.
 *
 * RFC 9000 section 17.2, RFC 9001 section 5 and appendix A (version 1), RFC 9369 (version 2), RFC
 * 9368 (a server may answer in another version); draft-ietf-quic-tls-22 to -34 for the salts of
 * drafts; draft-thomson-quic-bit-grease and Google's "QUIC Crypto" for versions Q024 to Q050. */
#ifndef EXEAT_TLS_QUIC_H
#define EXEAT_TLS_QUIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/cursor.h"

#define QUIC_CONNECTION_ID_MAX 20  /* RFC 9000 section 17.2 */
#define QUIC_PACKETS_MAX       16  /* coalesced in one datagram; real ones hold up to four */
#define QUIC_DATAGRAMS_MAX     128 /* looked at for one flow: a hello of 64 KiB takes 56 */
#define QUIC_NAME_CHARS        256
#define QUIC_NO_DIRECTION      2

struct quic;

/* True when a flow's datagram may begin a QUIC connection: a long header, or Google's, of a version
 * that we can read. */
bool quic_is_initial(struct span datagram);
/* STATUS_LIMIT: no room in the budget, borrowed for the life of *ret_gives. */
int quic_new(struct quic **ret_gives, struct budget *borrowed) WUNRES NONNULL(1, 2);
struct quic *quic_free(struct quic *q); /* NULL ok, returns NULL */
/* A datagram of direction 0 or 1; which of them is the client's is found out. STATUS_OK: taken in.
 * STATUS_UNSUPPORTED: nothing for us. STATUS_MALFORMED: breaks the format. STATUS_ENCRYPTED: no key
 * of ours fits. STATUS_LIMIT: a maximum was reached, and what followed was left out. */
int quic_feed(struct quic *q, unsigned direction, struct span datagram) WUNRES NONNULL(1);
/* The direction of the client; QUIC_NO_DIRECTION until its first packet was read. */
unsigned quic_client(const struct quic *q) NONNULL(1);
/* The TLS handshake bytes from the start, as far as they are there; borrow until the next call. */
struct span quic_handshake(const struct quic *q, bool of_client) NONNULL(1);
/* The server name in a Google QUIC hello, raw; "" when there is none (yet). */
const char *quic_google_name(const struct quic *q) NONNULL(1);
uint32_t quic_version(const struct quic *q) NONNULL(1); /* of the last packet read; 0: none */

#endif
