/* flow_slots: where the flows of one shard live: slots in blocks (so that a flow never moves), a
 * hash over the conversation, and lists by what ends a flow, each in order of last use. A block in
 * which no flow is left is given back, so that a flood takes no room for good. */
#ifndef EXEAT_FLOW_FLOW_SLOTS_H
#define EXEAT_FLOW_FLOW_SLOTS_H

#include "flow/flow.h"
#include "flow/mirror.h"
#include "flow/tcp_stream.h"

#define FLOW_SLOTS_BLOCK 16 /* slots made at once */

enum flow_list {
	FLOW_LIST_NONE, /* free */
	FLOW_LIST_TCP,
	FLOW_LIST_UNANSWERED, /* TCP: nothing but the SYN of who began it */
	FLOW_LIST_OTHER,
	FLOW_LIST_CLOSED,
	FLOW_LIST_ENDING, /* its last events are being pulled */
	FLOW_LISTS
};

struct flow_entry {
	struct flow flow;
	uint64_t hash;
	struct flow_entry *chain;           /* of the bucket, or of free slots of the block */
	struct flow_entry *previous, *next; /* in its list */
	enum flow_list list;
	struct flow_entry *waiting_previous, *waiting_next; /* of those behind a gap */
	bool waiting;
	int64_t used_ns; /* on the shard's clock */
	int64_t hour_ns; /* the hour that its counters run in */
	struct tcp_stream *streams[2];
	uint64_t over_budget_seen[2];
	uint32_t start_sequence[2];
	bool start_known[2];
	bool fin_seen[2];
	struct mirror mirror;
	char *process_text; /* owned; what flow.process points at */
	size_t process_bytes;
};

struct flow_block {
	struct flow_entry entries[FLOW_SLOTS_BLOCK];
	struct flow_entry *free;
	unsigned used;
	struct flow_block *previous, *next; /* of those with a free slot */
};

struct flow_slots {
	struct flow_block **blocks; /* NULL within: given back */
	size_t block_count, blocks_max;
	size_t slots_max;
	struct flow_block *roomy; /* the first with a free slot */
	struct flow_entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t in_hash;
	struct flow_entry *first[FLOW_LISTS], *last[FLOW_LISTS];
	struct flow_entry *first_waiting;
	struct budget *budget;
	uint8_t key[16];
};

int flow_slots_init(struct flow_slots *s, size_t slots_max, struct budget *borrowed) WUNRES
        NONNULL(1, 3);
/* Frees everything; the streams too. */
void flow_slots_release(struct flow_slots *s) NONNULL(1);

uint64_t flow_slots_hash(const struct flow_slots *s, const struct tuple *t) NONNULL(1, 2);
/* The flow of the conversation, whichever end sent; NULL when there is none. */
struct flow_entry *flow_slots_find(const struct flow_slots *s, uint64_t hash, const struct tuple *t)
        NONNULL(1, 3);
/* A free slot, zeroed but for its number; NULL when none is free (see flow_slots_make_free). */
struct flow_entry *flow_slots_take(struct flow_slots *s) NONNULL(1);
/* True when a slot is free, if need be after making more: false at the maximum or over budget. */
bool flow_slots_make_free(struct flow_slots *s) NONNULL(1);
/* Enters the flow under its tuple; out again; both leave the lists alone. */
void flow_slots_enter(struct flow_slots *s, struct flow_entry *e) NONNULL(1, 2);
void flow_slots_forget(struct flow_slots *s, struct flow_entry *e) NONNULL(1, 2);
/* To the end of a list, from whichever it is in. */
void flow_slots_move(struct flow_slots *s, struct flow_entry *e, enum flow_list list) NONNULL(1, 2);
/* Whether segments of the flow wait behind a gap, for those who look only at such flows. */
void flow_slots_wait(struct flow_slots *s, struct flow_entry *e, bool waiting) NONNULL(1, 2);
/* Gives the slot back, with streams and texts; maybe its block: the entry is gone. */
void flow_slots_give_back(struct flow_slots *s, struct flow_entry *e) NONNULL(1, 2);
/* Slots below this number may be there. */
size_t flow_slots_end(const struct flow_slots *s) NONNULL(1);
/* NULL: its block is not there. */
struct flow_entry *flow_slots_at(const struct flow_slots *s, size_t slot) NONNULL(1);

#endif
