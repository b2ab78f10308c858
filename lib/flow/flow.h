/* flow: conversations, and their content in order. Comes in: `struct packet` (lib/net). Goes out:
 * flow events: a conversation began, a chunk of its content, an hour passed, it ended.
 *
 * One flow table is one shard: it owns its flows, their streams and a clock that runs on packet
 * time. lib/pipeline deals packets to 64 of them by tuple_hash(). */
#ifndef EXEAT_FLOW_FLOW_H
#define EXEAT_FLOW_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "flow/inside.h"
#include "net/packet.h"

#define FLOW_SHARDS 64 /* fixed, so that results do not depend on the number of workers */

#define FLOW_SECOND_NS INT64_C(1000000000)

#define FLOW_TCP_IDLE_NS   (300 * FLOW_SECOND_NS) /* Suricata's and Zeek's for established TCP */
#define FLOW_UDP_IDLE_NS   (60 * FLOW_SECOND_NS)  /* and all that is not TCP */
#define FLOW_TCP_CLOSED_NS (5 * FLOW_SECOND_NS)   /* late retransmissions after FIN or RST */
#define FLOW_GAP_WAIT_NS   (30 * FLOW_SECOND_NS)  /* a retransmission comes before that */
/* Packet time that falls back further is another recording: all flows end. Less is disorder. */
#define FLOW_CLOCK_BACK_NS (3600 * FLOW_SECOND_NS)

/* What is kept of a process; longer texts are cut. */
#define FLOW_PROCESS_NAME_BYTES    256
#define FLOW_PROCESS_PATH_BYTES    1024
#define FLOW_PROCESS_COMMAND_BYTES 4096

/* Which end lies inside the practice. */
enum flow_direction {
	FLOW_INTERNAL, /* both ends inside, or multicast/broadcast */
	FLOW_OUTGOING, /* inside talks to outside, inside began it */
	FLOW_INCOMING, /* outside began it */
	FLOW_TRANSIT,  /* neither end is inside: the report says so */
};

enum flow_end {
	FLOW_OPEN = 0,
	FLOW_FIN,     /* both sides closed */
	FLOW_RESET,   /* RST, or a SYN that began another connection on the same ports */
	FLOW_TIMEOUT, /* idle */
	FLOW_EVICTED, /* the table was full: counted and reported */
	FLOW_INPUT_ENDED,
};

/* Counters of one direction; index 0 is from tuple.src, 1 is from tuple.dst. */
struct flow_counts {
	uint64_t packets;
	uint64_t wire_bytes;    /* whole frames */
	uint64_t payload_bytes; /* TCP: stream bytes seen once; UDP: payload */
	uint64_t gap_bytes;     /* known to be missing */
	uint64_t gaps_unknown;  /* gaps of unknown length */
	uint64_t retransmitted_bytes;
	uint64_t overlap_conflicts; /* overlapping bytes that differed; the first copy won */
};

/* Of an id, from above: the second in which the flow began, more or less. The rest is hash. */
#define FLOW_ID_TIME_BITS 23

struct flow {
	/* of first time and tuple: the same in every run, mostly higher for later ones; never 0 */
	uint64_t id;
	/* below flows_max, unique among open flows of the shard: index for the caller's state */
	uint32_t slot;
	/* from the end that began it (SYN; else the lower port is the server) to the other */
	struct tuple tuple;
	bool start_seen; /* TCP: the SYN was captured */
	enum flow_direction direction;
	/* which flow_counts run from inside to outside: 0, 1; -1 when internal or transit */
	int out_index;
	struct addr computer; /* the inside end; the client when both are inside, or neither */
	int64_t first_ns, last_ns;
	uint64_t first_packet;
	uint32_t input; /* of the first frame */
	struct flow_counts counts[2];
	uint64_t mirror_duplicates; /* packets that the mirror port copied, dropped: see mirror.h */
	uint8_t icmp_type, icmp_code;
	uint8_t mac[2][6]; /* of the src and dst end's frames */
	enum flow_end end;
	/* of the first packet that carried one; strings owned by the flow */
	struct frame_process process;
};

enum chunk_gap { CHUNK_DATA = 0, CHUNK_GAP_KNOWN, CHUNK_GAP_UNKNOWN };
enum chunk_layer { CHUNK_RAW = 0, CHUNK_CLEAR = 1 }; /* as on the wire, or the inside of TLS */

/* A piece of one direction, in order. A datagram that the capture cut is followed by its gap. TCP
 * and UDP have chunks; ICMP and other protocols are counted only. */
struct chunk {
	uint8_t direction; /* 0 from tuple.src, 1 from tuple.dst */
	enum chunk_gap gap;
	enum chunk_layer layer;
	bool datagram;      /* UDP: one whole payload */
	uint64_t offset;    /* in the direction's stream */
	struct span bytes;  /* empty for a gap */
	uint64_t gap_bytes; /* for CHUNK_GAP_KNOWN */
	int64_t time_ns;
	uint64_t packet;
};

enum flow_event_kind { FLOW_EVENT_START, FLOW_EVENT_CHUNK, FLOW_EVENT_HOUR, FLOW_EVENT_END };

struct flow_event {
	enum flow_event_kind kind;
	/* borrows until the next call on the table; END: last time it is seen */
	const struct flow *flow;
	struct chunk chunk; /* CHUNK only; borrows likewise */
	int64_t hour_ns;    /* HOUR: start of the UTC hour that just ended for this flow */
};

struct flow_limits {
	uint32_t flows_max;      /* open at once in this shard; 2 at least (one slot stays free) */
	size_t stream_bytes_max; /* out-of-order bytes held for one direction */
	/* Of a budget that is part of another: where that one runs short, a table that holds no
	 * more than this gives up no flow for it. 0: each does. */
	size_t share_bytes;
};

struct flow_table_counts {
	uint64_t flows;
	uint64_t evicted;
	uint64_t streams_over_budget; /* times bytes were given up as a gap for lack of room */
	uint64_t mirror_duplicates;
	uint32_t open, open_peak;
};

struct flow_table;

/* What lies inside is asked once a flow, for its first packet. */
int flow_table_new(struct flow_table **ret_gives, const struct flow_limits *limits,
        const struct inside_nets *borrowed_inside, struct budget *borrowed_budget) WUNRES
        NONNULL(1, 2, 3, 4);
struct flow_table *flow_table_free(struct flow_table *t);
/* Takes in a decoded packet (outcome PACKET_OK; others are the caller's to count). All events of
 * the previous call must have been pulled: STATUS_BUG otherwise. Borrows the packet's bytes until
 * they have been. Events come in this order: flows that end (chunks that waited, then END), hours
 * and gaps given up, then START and the chunks of the packet. A flow has one START and one END. */
int flow_table_feed(struct flow_table *t, const struct packet *p) WUNRES NONNULL(1, 2);
/* Packet time has come this far: idle flows end, gaps that waited too long are given up. One that
 * falls back by more than FLOW_CLOCK_BACK_NS ends all, as a packet's does. */
int flow_table_tick(struct flow_table *t, int64_t now_ns) WUNRES NONNULL(1);
/* The input has ended: every flow ends. */
int flow_table_finish(struct flow_table *t) WUNRES NONNULL(1);
/* STATUS_ITEM and *ret, or 0. */
int flow_table_next(struct flow_table *t, struct flow_event *ret) WUNRES NONNULL(1, 2);
/* From the next call on no chunk of that direction of the flow comes any more, and no byte of it is
 * held: they are counted as before, but for conflicts in bytes that wait. Of TCP; other protocols
 * go on as they did. */
void flow_table_pass_over(struct flow_table *t, uint32_t slot, uint8_t direction) NONNULL(1);
/* The open flow in this slot, below flows_max; NULL when there is none. Borrows until the next call
 * on the table. */
const struct flow *flow_table_at(const struct flow_table *t, uint32_t slot) NONNULL(1);
void flow_table_counts(const struct flow_table *t, struct flow_table_counts *ret) NONNULL(1, 2);

const char *flow_end_text(enum flow_end end);
const char *flow_direction_text(enum flow_direction direction);

#endif
