/* crew: all workers, and how packets reach them. Comes in: packets in order, packet time. Goes out:
 * rows of the store, the same for any number of workers. */
#ifndef EXEAT_PIPELINE_CREW_H
#define EXEAT_PIPELINE_CREW_H

#include "base/compiler.h"
#include "pipeline/worker.h"

#define CREW_WORKERS_MAX WORKER_LANES

struct crew;

/* workers: 1 to CREW_WORKERS_MAX. */
int crew_new(struct crew **ret_gives, const struct worker_surroundings *surroundings,
        unsigned workers) WUNRES NONNULL(1, 2);
struct crew *crew_free(struct crew *c); /* NULL ok, returns NULL */
/* A decoded packet (outcome PACKET_OK); borrowed for the call. */
int crew_feed(struct crew *c, const struct packet *packet) WUNRES NONNULL(1, 2);
/* See worker.h; of all workers. */
int crew_tick(struct crew *c, int64_t now_ns) WUNRES NONNULL(1);
int crew_keep(struct crew *c) WUNRES NONNULL(1);
int crew_finish(struct crew *c) WUNRES NONNULL(1);
int crew_tell_losses(struct crew *c, int64_t hour_ns) WUNRES NONNULL(1);
void crew_counts(const struct crew *c, struct shard_counts *ret) NONNULL(1, 2);

#endif
