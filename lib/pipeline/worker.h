/* worker: some of the lanes, run by one thread. Comes in: packets of its lanes, what all workers
 * hear (overheard.h), packet time. Goes out: rows of the store.
 *
 * A lane is eight of the 64 shards, with the label engine that they share: nDPI remembers addresses
 * from one conversation to the next, so what it has seen must not depend on the number of workers.
 * Two hosts' conversations all fall to one shard, so that those which belong together meet there
 * (related.h). */
#ifndef EXEAT_PIPELINE_WORKER_H
#define EXEAT_PIPELINE_WORKER_H

#include "base/compiler.h"
#include "classify/destination.h"
#include "detect/detect.h"
#include "pipeline/shard.h"
#include "store/store.h"

#define WORKER_LANES     8     /* so many workers at most have something to do */
#define WORKER_FLOWS_MAX 65536 /* open at once, over all shards */

/* Borrows all. */
struct worker_surroundings {
	struct detect_rules *rules; /* the worker's own: it works in their memory */
	const struct destination_facts *facts;
	const struct inside_nets *inside; /* the register's networks */
	struct store *store;
};

struct worker;

/* 0 to FLOW_SHARDS - 1: the same for all packets between two hosts, whatever the direction. */
unsigned worker_shard(const struct tuple *tuple) NONNULL(1);
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
/* See shard.h; of all its shards. */
int worker_tick(struct worker *w, int64_t now_ns) WUNRES NONNULL(1);
int worker_keep(struct worker *w) WUNRES NONNULL(1);
int worker_finish(struct worker *w) WUNRES NONNULL(1);
/* Stores what was lost since the last time, as of that hour. */
int worker_tell_losses(struct worker *w, int64_t hour_ns) WUNRES NONNULL(1);
/* Sums over its shards. */
void worker_counts(const struct worker *w, struct shard_counts *ret) NONNULL(1, 2);

#endif
