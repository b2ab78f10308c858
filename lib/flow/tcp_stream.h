/* tcp_stream: puts one direction of a TCP conversation back in order (RFC 9293).
 *
 * Overlap rule: the first copy of a byte wins; a later copy that differs is counted. Segments ahead
 * of the gap wait, at most max bytes of them and at most TCP_STREAM_SEGMENTS_MAX; past either, or
 * when the other side has acknowledged what we miss, the gap is given up and reported with its
 * length. A start in mid-stream begins at the first segment seen. Bytes cut by the snap length are
 * a gap of known length. */
#ifndef EXEAT_FLOW_TCP_STREAM_H
#define EXEAT_FLOW_TCP_STREAM_H

#include "flow/flow.h"

#define TCP_STREAM_SEGMENTS_MAX 512 /* a 1 MiB window of full segments is 700; half suffices */

struct tcp_stream;

int tcp_stream_new(struct tcp_stream **ret_gives, uint8_t direction, size_t max_bytes,
        struct budget *borrowed) WUNRES NONNULL(1, 4);
struct tcp_stream *tcp_stream_free(struct tcp_stream *s);
/* All chunks of the previous feed must have been pulled. Borrows the packet until the next call. */
int tcp_stream_feed(struct tcp_stream *s, const struct packet *p) WUNRES NONNULL(1, 2);
/* The other direction acknowledged up to here: what is missing before it will not come. */
int tcp_stream_acknowledged(struct tcp_stream *s, uint32_t ack) WUNRES NONNULL(1);
/* Gives up waiting: everything held is released behind gaps. */
int tcp_stream_flush(struct tcp_stream *s) WUNRES NONNULL(1);
int tcp_stream_next(struct tcp_stream *s, struct chunk *ret_borrowed) WUNRES NONNULL(1, 2);
bool tcp_stream_closed(const struct tcp_stream *s) NONNULL(1); /* FIN reached in order */

#endif
