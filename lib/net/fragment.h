/* fragment: puts IP fragments back together (RFC 791, RFC 8200 section 4.5), bounded.
 *
 * First bytes win where fragments overlap with equal content; an overlap that differs drops the
 * datagram (RFC 5722) and is counted. Bytes that the capture cut are not there, so such a datagram
 * expires. Feed-then-pull; runs on packet time. */
#ifndef EXEAT_NET_FRAGMENT_H
#define EXEAT_NET_FRAGMENT_H

#include "base/buf.h"
#include "net/packet.h"

#define FRAGMENT_DATAGRAMS_MAX 256                        /* open at once; the oldest goes first */
#define FRAGMENT_TIMEOUT_NS    (30 * INT64_C(1000000000)) /* RFC 791 suggests 15 s, hosts use 30 */
/* Mirror ports copy a frame within this time: fragments of a datagram just finished are copies. */
#define FRAGMENT_DUPLICATE_NS (10 * INT64_C(1000000))

struct fragment_counts {
	uint64_t fragments;
	uint64_t reassembled;
	uint64_t expired;
	uint64_t evicted; /* table or budget full */
	uint64_t overlaps;
	uint64_t malformed;  /* past 65,535 bytes, empty, lengths that contradict */
	uint64_t duplicates; /* of a datagram just finished */
};

struct fragment_table;

int fragment_table_new(struct fragment_table **ret_gives, struct budget *borrowed) WUNRES
        NONNULL(1, 2);
struct fragment_table *fragment_table_free(struct fragment_table *t); /* NULL ok, returns NULL */
/* Takes in a packet whose outcome is PACKET_FRAGMENT (STATUS_BUG otherwise). STATUS_ITEM: *ret is
 * the whole datagram, decoded, borrowing from the table until the next feed; its wire_bytes are
 * those of all fragments; time, number and process are the last one's. It may be a fragment again
 * (of what a tunnel carried): feed it. 0: more are needed (or it was dropped and counted). */
int fragment_table_feed(struct fragment_table *t, const struct packet *p, struct packet *ret) WUNRES
        NONNULL(1, 2, 3);
void fragment_table_counts(const struct fragment_table *t, struct fragment_counts *ret)
        NONNULL(1, 2);

#endif
