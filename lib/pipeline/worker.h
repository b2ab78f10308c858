/* worker: some of the lanes, run by one thread. Comes in: packets of its lanes, what all workers
 * hear (overheard.h), packet time. Goes out: rows of the store.
 *
 * A lane is eight of the 64 shards, with what they share: a budget, which no peer of another lane
 * can take, and a label engine: nDPI remembers addresses from one conversation to the next, so what
 * it has seen must not depend on the number of workers.
 * Conversations that may belong together, as FTP's control and its data do, all fall to one shard
 * and meet there (related.h): those over TCP between the same two hosts, but for those with a
 * service that has a port of its own. */
#ifndef EXEAT_PIPELINE_WORKER_H
#define EXEAT_PIPELINE_WORKER_H

#include "base/compiler.h"
#include "classify/destination.h"
#include "detect/detect.h"
#include "pipeline/overheard.h"
#include "pipeline/shard.h"

/* So many workers at most have something to do. */
#define WORKER_LANES     (FLOW_SHARDS / SHARDS_OF_A_LANE)
#define WORKER_FLOWS_MAX 4096 /* open at once in a shard; the budget is reached before */
/* Of a lane: what is buffered, and what is held for each open conversation. */
#define WORKER_LANE_BYTES (16u << 20)

/* Borrows all. */
struct worker_surroundings {
	/* The worker's own: it works in their memory. NULL: content is not looked into. */
	struct detect_rules *rules;
	const struct destination_facts *facts; /* by all workers */
	const struct inside_nets *inside;      /* the register's networks */
	struct store_queue *rows;
	uint64_t shard_key; /* worker_shard */
	int unpacker_fd;    /* by all workers; 0 or less: none */
};

/* The most that each lane held, and what the first worker overheard, added up; how often something
 * did not fit. */
struct worker_budgets {
	uint64_t peak_bytes, refusals;
};

struct worker;

/* 0 to FLOW_SHARDS - 1: the same for all packets of a conversation, whatever the direction. A key
 * that peers do not know keeps them from choosing. What conversations of a lane have of each other,
 * labels and room, follows from it: where runs must give the same, they have the same key. */
unsigned worker_shard(const struct tuple *tuple, uint64_t key) NONNULL(1);
/* 0 to count - 1: who runs the shard, of so many workers. */
unsigned worker_of(unsigned shard, unsigned count);

/* The worker that is at index of count. */
int worker_new(struct worker **ret_gives, const struct worker_surroundings *surroundings,
        unsigned index, unsigned count) WUNRES NONNULL(1, 2);
struct worker *worker_free(struct worker *w); /* NULL ok, returns NULL */
/* Any packet that overheard_concerns(); before worker_feed. */
int worker_hear(struct worker *w, const struct packet *packet) WUNRES NONNULL(1, 2);
/* A decoded packet (outcome PACKET_OK) of one of its shards; borrowed for the call. */
int worker_feed(struct worker *w, unsigned shard, const struct packet *packet) WUNRES NONNULL(1, 3);
/* Between two packets; as practice_know, of what all workers hear. */
void worker_know(struct worker *w, const struct inside_nets *borrowed) NONNULL(1, 2);
/* See shard.h; of all its shards. */
void worker_use_rules(struct worker *w, struct detect_rules *rules) NONNULL(1, 2);
int worker_tick(struct worker *w, int64_t now_ns) WUNRES NONNULL(1);
int worker_keep(struct worker *w) WUNRES NONNULL(1);
int worker_finish(struct worker *w) WUNRES NONNULL(1);
/* Stores what was lost since the last time, as of that hour. */
int worker_tell_losses(struct worker *w, int64_t hour_ns) WUNRES NONNULL(1);
/* Conversations that ended, with clinical data seen. */
uint64_t worker_clinical(const struct worker *w) NONNULL(1);
/* Sums over its shards, and over its lanes. */
void worker_counts(const struct worker *w, struct shard_counts *ret) NONNULL(1, 2);
void worker_add_budgets(const struct worker *w, struct worker_budgets *sum) NONNULL(1, 2);

#endif
