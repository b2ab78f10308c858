/* mailbox: packets and orders on their way from one thread to another, in order. Comes in: letters,
 * copied. Goes out: the same letters. Bounded: whoever puts waits while it is full.
 *
 * Letters travel in batches, so that neither side takes the lock for each of them; mailbox_send()
 * hands over one that is not full. */
#ifndef EXEAT_PIPELINE_MAILBOX_H
#define EXEAT_PIPELINE_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "flow/inside.h"
#include "net/packet.h"

/* On their way at once: 8 MiB of ordinary packets, 25 of the largest. One conversation with much to
 * inspect must not make the others wait with the reader. */
#define MAILBOX_BATCHES     128
#define MAILBOX_BATCH_BYTES (64u << 10) /* handed over when it has this much */

enum letter_kind {
	LETTER_PACKET, /* of a shard */
	LETTER_HEARD,  /* a packet that all workers hear */
	LETTER_TICK,   /* time_ns: packet time */
	LETTER_KEEP,
	LETTER_FINISH,
	LETTER_LOSSES, /* time_ns: the hour */
	LETTER_KNOW,   /* the practice's networks */
};

struct letter {
	enum letter_kind kind;
	unsigned shard;
	int64_t time_ns;
	const struct packet *packet;      /* of the first two; borrows */
	const struct inside_nets *inside; /* of the last; borrows */
};

struct mailbox;

int mailbox_new(struct mailbox **ret_gives) WUNRES NONNULL(1);
/* NULL ok, returns NULL. Nobody may be at it any more. Wipes what packets held. */
struct mailbox *mailbox_free(struct mailbox *m);

/* ---- the one who puts ---- */
/* STATUS_LIMIT: longer than a frame can be. */
int mailbox_put(struct mailbox *m, const struct letter *letter) WUNRES NONNULL(1, 2);
void mailbox_send(struct mailbox *m) NONNULL(1);
/* Sends, and waits until the other has asked for more after all of it. */
void mailbox_wait(struct mailbox *m) NONNULL(1);
/* Sends; after the last letter the other gets no more. */
void mailbox_close(struct mailbox *m) NONNULL(1);

/* ---- the one who takes ---- */
/* Waits for a letter; false: it was closed. Its packet is the mailbox's until the next call. */
bool mailbox_take(struct mailbox *m, struct letter *ret) NONNULL(1, 2);

#endif
