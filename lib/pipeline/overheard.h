/* overheard: what packets tell of others than the two ends of their own conversation: names that
 * DNS gave, by datagram and over TCP; what the practice's computers call themselves, and which
 * networks lie inside (practice.h). Comes in: each packet that overheard_concerns(), in packet
 * order, before its conversation has it. Goes out: those names and networks, as of that packet.
 *
 * Each worker has one, and all are fed alike, so that none depends on what another has reached. A
 * message that cannot be read tells nothing; it is recorded as the conversation that it is. */
#ifndef EXEAT_PIPELINE_OVERHEARD_H
#define EXEAT_PIPELINE_OVERHEARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "classify/hostname.h"
#include "pipeline/loss.h"
#include "pipeline/practice.h"

/* A full cache of looked-up names, and the DNS conversations over TCP that are followed. */
#define OVERHEARD_BUDGET_BYTES (32u << 20)
/* Followed at once: a practice has a few, each over in a moment. */
#define OVERHEARD_STREAMS_MAX 64

struct overheard;

/* Borrows the register's networks (practice_know). */
int overheard_new(struct overheard **ret_gives, const struct inside_nets *borrowed) WUNRES
        NONNULL(1, 2);
struct overheard *overheard_free(struct overheard *o); /* NULL ok, returns NULL */
bool overheard_concerns(const struct packet *packet) NONNULL(1);
int overheard_feed(struct overheard *o, const struct packet *packet) WUNRES NONNULL(1, 2);
/* Between two packets: practice_know. */
void overheard_know(struct overheard *o, const struct inside_nets *borrowed) NONNULL(1, 2);
/* Borrow, for the life of it. */
struct hostname_cache *overheard_names(struct overheard *o) NONNULL(1);
const struct practice *overheard_practice(const struct overheard *o) NONNULL(1);
const struct budget *overheard_budget(const struct overheard *o) NONNULL(1);
/* Adds what is counted here. */
void overheard_add_losses(const struct overheard *o, uint64_t losses[static LOSSES]) NONNULL(1);

#endif
