/* mirror: recognises the copies of a packet that a switch's mirror port makes when it sees the
 * same frame come in and go out, or before and after routing.
 *
 * The rule. A packet is a copy of one of the last MIRROR_MARKS packets of its flow when it runs
 * the same way, at most MIRROR_WINDOW_NS apart, with the same IPv4 identification, payload length
 * on the wire and transport fields (TCP: sequence, acknowledgement, flags, window; others: a hash
 * of the payload), and a time to live that is the same or one hop off. A real retransmission has
 * another identification, so it stays. Without one (IPv6, or zero) a TCP retransmission within
 * the window cannot be told from a copy: it is dropped, its bytes being the same; bare
 * acknowledgements and resets, which repeat by design, then count as copies only when the time to
 * live differs. */
#ifndef EXEAT_FLOW_MIRROR_H
#define EXEAT_FLOW_MIRROR_H

#include "net/packet.h"

#define MIRROR_MARKS 8 /* a copy follows within a few packets */
#define MIRROR_WINDOW_NS                                                                           \
	(5 * INT64_C(1000000)) /* switches delay by microseconds; real RTOs are longer */

struct mirror_mark {
	uint64_t print;
	int64_t time_ns;
	uint8_t ttl;
	bool set;
};

/* A value; all zero is empty. */
struct mirror {
	struct mirror_mark marks[MIRROR_MARKS];
	uint8_t next;
};

/* Says whether the packet is a copy; remembers it when not. The key keeps peers from finding two
 * payloads with one hash. */
bool mirror_is_copy(struct mirror *m, const struct packet *p, uint8_t direction, uint64_t key)
        NONNULL(1, 2);

#endif
