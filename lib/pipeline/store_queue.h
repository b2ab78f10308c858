/* store_queue: what conversations leave behind, on its way to the store. Comes in: the rows of a
 * conversation as of one moment, from any thread. Goes out: the same, in the store.
 *
 * One worker writes within its call. Several hand over a copy, which a thread writes that is alone
 * at the store; so none of them waits for another's rows. Bounded: whoever puts waits while it is
 * full. */
#ifndef EXEAT_PIPELINE_STORE_QUEUE_H
#define EXEAT_PIPELINE_STORE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "pipeline/finding_set.h"
#include "pipeline/loss.h"
#include "store/store.h"

/* On their way at once: about 1 MiB. A worker goes on while a page of the store is written. */
#define STORE_QUEUE_PLACES 128

/* Rows that belong together: they are written one behind the other. */
struct store_rows {
	struct store_flow flow;
	struct store_record record;
	/* Not NULL: all that were found by now; borrows. */
	const struct finding_set *findings;
	bool stored_before; /* some of them, as of an earlier moment: they are replaced */
	uint64_t gap_bytes; /* of a record that is final; 0: none, or it is not */
};

struct store_queue;

/* Borrows the store; until it is freed, and but for the time from store_queue_wait() to the next
 * put, the store is the queue's alone. */
int store_queue_new(struct store_queue **ret_gives, struct store *borrowed, bool threaded) WUNRES
        NONNULL(1, 2);
/* NULL ok, returns NULL. What was not written yet is dropped. */
struct store_queue *store_queue_free(struct store_queue *q);
/* Copies, what is borrowed, too. Fails where an earlier put was found to fail since. The flow's id
 * may become another (store_add_flow). */
int store_queue_put(struct store_queue *q, struct store_rows *rows) WUNRES NONNULL(1, 2);
/* A loss of the first input (loss_store). */
int store_queue_loss(struct store_queue *q, enum loss what, const struct store_loss *row) WUNRES
        NONNULL(1, 3);
/* Returns when all is written, or one of it has failed; that failure. */
int store_queue_wait(struct store_queue *q) WUNRES NONNULL(1);

#endif
