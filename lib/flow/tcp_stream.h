/* tcp_stream: puts one direction of a TCP conversation back in order (RFC 9293).
 *
 * Overlap rule: the first copy of a byte wins; a later copy that differs is counted as long as the
 * first one still waits (bytes given out are gone, and a later copy of them counts as
 * retransmitted). Segments ahead of a gap wait, at most max bytes of them and at most
 * TCP_STREAM_SEGMENTS_MAX; past either, or when the other side has acknowledged what we miss, the
 * gap is given up and reported with its length. A start in mid-stream begins at the first segment
 * seen. Bytes cut by the snap length are a gap of known length. A single byte or none just below
 * the next expected one is a keep-alive and counts for nothing; a zero-window probe is the next
 * byte, as data.
 *
 * Jumps: a segment further than TCP_STREAM_JUMP_BYTES from the next expected byte is a stray
 * (forged, or of another connection) and is left out, unless the next segment continues it: then
 * the stream goes on there, behind a gap of unknown length. */
#ifndef EXEAT_FLOW_TCP_STREAM_H
#define EXEAT_FLOW_TCP_STREAM_H

#include "flow/flow.h"

#define TCP_STREAM_SEGMENTS_MAX                                                                    \
	2048 /* a 1 MiB window of full segments is 700; the longest hellos in single bytes 2000 */
#define TCP_STREAM_JUMP_BYTES   (16 << 20) /* receive windows of common systems grow up to this */
#define TCP_STREAM_SEGMENT_COST 64         /* charged for each waiting segment beside its bytes */

struct tcp_stream;

int tcp_stream_new(struct tcp_stream **ret_gives, uint8_t direction, size_t max_bytes,
        struct budget *borrowed) WUNRES NONNULL(1, 4);
struct tcp_stream *tcp_stream_free(struct tcp_stream *s); /* NULL ok, returns NULL */
/* The first byte has this sequence number (the SYN's plus one). Only before the first segment. */
void tcp_stream_start(struct tcp_stream *s, uint32_t sequence) NONNULL(1);
/* From now on places are counted and bytes are not kept: chunks of data may be without them, and
 * most segments give none. */
void tcp_stream_pass_over(struct tcp_stream *s) NONNULL(1);
bool tcp_stream_passes_over(const struct tcp_stream *s) NONNULL(1);
/* Takes in a TCP packet; SYN and FIN count. All chunks of the previous call must have been pulled:
 * STATUS_BUG otherwise. Borrows the packet's payload until its chunks have been pulled. */
int tcp_stream_feed(struct tcp_stream *s, const struct packet *p) WUNRES NONNULL(1, 2);
/* The other direction acknowledged up to here: what is missing before it will not come. */
void tcp_stream_acknowledged(struct tcp_stream *s, uint32_t ack) NONNULL(1);
/* Gives up waiting: everything held is released behind gaps. */
void tcp_stream_flush(struct tcp_stream *s) NONNULL(1);
/* STATUS_ITEM and a chunk that borrows until the next call; 0 when there is no more now. */
int tcp_stream_next(struct tcp_stream *s, struct chunk *ret_borrowed) WUNRES NONNULL(1, 2);
bool tcp_stream_closed(const struct tcp_stream *s) NONNULL(1); /* FIN reached in order */
bool tcp_stream_waits(const struct tcp_stream *s) NONNULL(1);  /* some segment, behind a gap */
/* Whether one that waits was captured before that time. */
bool tcp_stream_waits_since(struct tcp_stream *s, int64_t before_ns) NONNULL(1);
/* Sets the stream's share of a direction's counters: payload, gaps, retransmissions, conflicts. */
void tcp_stream_counts(const struct tcp_stream *s, struct flow_counts *ret) NONNULL(1, 2);
/* How often a gap was given up for lack of room. */
uint64_t tcp_stream_over_budget(const struct tcp_stream *s) NONNULL(1);
/* Segments moved to make room, summed: the cost of reordering, for tests of hostile input. */
uint64_t tcp_stream_moves(const struct tcp_stream *s) NONNULL(1);

#endif
