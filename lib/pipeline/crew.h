/* crew: all workers, and how packets reach them. Comes in: packets in order, packet time. Goes out:
 * rows of the store, the same for any number of workers.
 *
 * One worker does its work within the calls. With more, each has a thread and a mailbox; what fails
 * there is returned by a later call. */
#ifndef EXEAT_PIPELINE_CREW_H
#define EXEAT_PIPELINE_CREW_H

#include "base/compiler.h"
#include "pipeline/worker.h"

#define CREW_WORKERS_MAX WORKER_LANES
/* In use at once; a set takes some 10 MB with the scratch memory of its workers. */
#define CREW_RULES_MAX 4

struct crew;

/* workers: 1 to CREW_WORKERS_MAX. */
int crew_new(struct crew **ret_gives, const struct worker_surroundings *surroundings,
        unsigned workers) WUNRES NONNULL(1, 2);
/* NULL ok, returns NULL. Waits for the threads. */
struct crew *crew_free(struct crew *c);
/* A decoded packet (outcome PACKET_OK); borrowed for the call. */
int crew_feed(struct crew *c, const struct packet *packet) WUNRES NONNULL(1, 2);
/* See worker.h; of all workers. */
int crew_tick(struct crew *c, int64_t now_ns) WUNRES NONNULL(1);
/* No packet may come for a while: what was fed is worked on now. */
void crew_flush(struct crew *c) NONNULL(1);
/* From here on these networks are the practice's (practice_know); those from before are no longer
 * borrowed. Returns as the three below do: the store is the caller's until more is fed. */
int crew_know(struct crew *c, const struct inside_nets *borrowed) WUNRES NONNULL(1, 2);
/* After crew_know and before more is fed: conversations whose content begins from here on are
 * searched by these rules. 0: they were taken, and go at a later change, once no conversation is
 * searched by them. STATUS_LIMIT: conversations that began under earlier rules are open still, and
 * these find no place. */
int crew_use_rules(struct crew *c, struct detect_rules *rules) WUNRES NONNULL(1, 2);
/* The next three return when all that was fed is worked on, and rows of it are in the store. */
int crew_keep(struct crew *c) WUNRES NONNULL(1);
int crew_finish(struct crew *c) WUNRES NONNULL(1);
int crew_tell_losses(struct crew *c, int64_t hour_ns) WUNRES NONNULL(1);
/* Conversations that ended, with clinical data seen; at any time. */
uint64_t crew_clinical(const struct crew *c) NONNULL(1);
/* After one of the three, and before more is fed. */
void crew_counts(const struct crew *c, struct shard_counts *ret) NONNULL(1, 2);
void crew_budgets(const struct crew *c, struct worker_budgets *ret) NONNULL(1, 2);

#endif
