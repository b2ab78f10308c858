/* shard: one of the 64 parts into which conversations are dealt: their table, and what is held for
 * each of them. Comes in: packets whose tuple falls to it, packet time. Goes out: rows of the
 * store, and what it did not follow.
 *
 * Shards know nothing of each other; those of a lane (worker.h) take turns at its budget and its
 * label engine. So results do not depend on who runs them, or how many do. */
#ifndef EXEAT_PIPELINE_SHARD_H
#define EXEAT_PIPELINE_SHARD_H

#include <stdint.h>

#include "base/compiler.h"
#include "flow/flow.h"
#include "pipeline/conversation.h"
#include "pipeline/loss.h"
#include "pipeline/store_queue.h"

#define SHARDS_OF_A_LANE 8

/* Borrows all. The table of announced connections is the shard's own, and so is its part of the
 * budget. */
struct shard_surroundings {
	struct conversation_context conversations;
	const struct inside_nets *inside;
	struct store_queue *rows;
};

/* From the beginning. */
struct shard_counts {
	uint64_t flows;          /* that ended */
	uint64_t clinical;       /* of them, with clinical data seen */
	uint64_t losses[LOSSES]; /* those that are known here; the others 0 */
};

struct shard;

/* flows_max: open at once. */
int shard_new(struct shard **ret_gives, const struct shard_surroundings *surroundings,
        uint32_t flows_max) WUNRES NONNULL(1, 2);
struct shard *shard_free(struct shard *s); /* NULL ok, returns NULL */
/* A decoded packet (outcome PACKET_OK) of the shard; borrowed for the call. */
int shard_feed(struct shard *s, const struct packet *packet) WUNRES NONNULL(1, 2);
/* Packet time has come this far: idle conversations end, also where no packet comes. */
int shard_tick(struct shard *s, int64_t now_ns) WUNRES NONNULL(1);
/* Conversations whose content begins from here on are searched by these; borrowed. */
void shard_use_rules(struct shard *s, struct detect_rules *rules) NONNULL(1, 2);
/* Stores what open conversations have shown by now; their next hour or their end replaces it. */
int shard_keep(struct shard *s) WUNRES NONNULL(1);
/* The input has ended, and every conversation with it. */
int shard_finish(struct shard *s) WUNRES NONNULL(1);
/* The same as in its counts, for those who ask often. */
uint64_t shard_clinical(const struct shard *s) NONNULL(1);
void shard_counts(const struct shard *s, struct shard_counts *ret) NONNULL(1, 2);
void shard_counts_add(struct shard_counts *sum, const struct shard_counts *more) NONNULL(1, 2);

#endif
