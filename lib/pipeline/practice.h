/* practice: what packets tell of the practice's own computers and networks. Comes in: every packet
 * that is not of an excluded network, in order, before its flow. Goes out: which addresses lie
 * inside (flow/inside.h), and what the computers call themselves (classify/computer.h).
 *
 * A message that cannot be read tells nothing; it is recorded as the flow that it is. */
#ifndef EXEAT_PIPELINE_PRACTICE_H
#define EXEAT_PIPELINE_PRACTICE_H

#include "base/compiler.h"
#include "classify/computer.h"
#include "flow/inside.h"
#include "net/packet.h"

/* INSIDE_LEARNT_MAX networks with their reasons, and the sentence about private ranges. */
#define PRACTICE_TEXT_CHARS 1024

/* Stays where it was begun: inside points into it. */
struct practice {
	struct inside_nets inside;
	struct inside_learnt learnt;
	struct computer_table *computers;
};

int practice_begin(struct practice *p) WUNRES NONNULL(1);
void practice_end(struct practice *p) NONNULL(1);
/* The register's networks; with none, those that packets show are learnt. Borrows the prefixes. */
void practice_know(struct practice *p, const struct inside_nets *borrowed) NONNULL(1, 2);
/* Other packets tell nothing, and need not be fed. */
bool practice_concerns(const struct packet *packet) NONNULL(1);
void practice_feed(struct practice *p, const struct packet *packet) NONNULL(1, 2);
/* What counted as inside and why, in words. */
void practice_describe(const struct practice *p, char ret[static PRACTICE_TEXT_CHARS]) NONNULL(1);

#endif
