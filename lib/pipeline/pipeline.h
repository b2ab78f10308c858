/* pipeline: the one place that knows two stages. It pulls frames and deals packets to a crew of
 * workers (crew.h), whose shards join flow, classify, decode, detect and store; it owns every
 * stage's life time. assess.h then
 * joins stored evidence with the register. */
#ifndef EXEAT_PIPELINE_PIPELINE_H
#define EXEAT_PIPELINE_PIPELINE_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "classify/destination.h"
#include "detect/detect.h"
#include "flow/flow.h"
#include "pipeline/crew.h"
#include "pipeline/loss.h"
#include "pipeline/practice.h"
#include "source/source.h"
#include "store/store.h"

#define PIPELINE_FRAGMENT_BYTES (16u << 20) /* of datagrams that are not whole yet */
/* What all peers together can have buffered. Beyond it each worker but the first hears for itself
 * (OVERHEARD_BUDGET_BYTES), and mailboxes and the store's queue hold what is on its way
 * (MAILBOX_BATCHES, STORE_QUEUE_PLACES). */
#define PIPELINE_BUDGET_BYTES                                                                      \
	(PIPELINE_FRAGMENT_BYTES + WORKER_LANES * WORKER_LANE_BYTES + OVERHEARD_BUDGET_BYTES)
/* Of a live run, no more than this is lost when it is cut off. A minute's rows are written in a
 * moment, and a minute is soon captured again. */
#define PIPELINE_KEEP_NS        (60 * INT64_C(1000000000))
#define PIPELINE_MIRROR_NS      (30 * INT64_C(1000000000)) /* the mirror check speaks after this… */
#define PIPELINE_MIRROR_PACKETS 10000                      /* … or this */

struct saver;

struct pipeline_options {
	struct inside_nets inside;
	const struct prefix *excluded; /* guest and voice networks: dropped and counted */
	size_t excluded_count;
	struct saver *saver; /* live: keeps frames on purpose; NULL: nothing is kept */
	unsigned workers;    /* at most CREW_WORKERS_MAX; 0: one */
	int64_t duration_ns; /* live: stop after this much; 0: no end */
	const volatile sig_atomic_t *stop; /* set by a signal handler; NULL: never */
	bool progress;                     /* to standard error, a line a second at most */
	/* live: how often the caller could not even be asked, each a changed register that is not
	 * used; others may count while we read; NULL: never */
	const atomic_uint *not_asked;
	/* priv_start_unpacker; 0 or less: documents that only a library can open are not read */
	int unpacker_fd;
	int asks_fd; /* live: when it can be read the caller is asked; -1: never */
};

/* What the run as a whole can say. */
struct pipeline_result {
	uint64_t frames, flows;
	int64_t first_ns, last_ns;
	/* the most that each lane, the fragments and what was overheard held, added up */
	uint64_t budget_peak_bytes, budget_refusals;
	char mirror_warning[256];         /* "" when the mirror port looks right */
	char inside[PRACTICE_TEXT_CHARS]; /* what counted as inside, and why */
	/* Of a link type that exeat does not read; unread_link is the type of the first. */
	uint64_t unread_frames;
	uint32_t unread_link;
	uint64_t filtered; /* frames that the filter left out */
	bool any_packet;   /* a frame of a link type that exeat reads; false: nothing was stored */
	bool interrupted;  /* files: stopped before their end; nothing was stored */
};

struct pipeline;

/* Borrows all for its life. rules NULL: content is not looked into. Then handshakes and openings
 * are read as far as they name somebody, no decoder and no search is made, and what would have been
 * looked into is stored as not inspected, "bypassed". */
int pipeline_new(struct pipeline **ret_gives, struct source *source, struct detect_rules *rules,
        const struct destination_facts *facts, struct store *store) WUNRES NONNULL(1, 2, 4, 5);
struct pipeline *pipeline_free(struct pipeline *p);
/* Reads the source to its end (or the duration, or the stop flag) inside the store's transaction,
 * which the caller has begun and which ends here, but for STATUS_ITEM (below).
 * Files that the stop flag cut short, or without a packet that could be read, and failures leave
 * the store as it was. A live source is kept in the store from its start, then each minute and each
 * hour, as one that "did not end in order" until it has: then failures take back what came since.
 */
int pipeline_run(struct pipeline *p, const struct pipeline_options *options,
        struct pipeline_result *ret) WUNRES NONNULL(1, 2, 3);

/* ---- after pipeline_run gave STATUS_ITEM: asks_fd can be read ---- */
/* The caller reads it and calls pipeline_run again, with the options in force and the same *ret;
 * nothing was lost so far, but the source is not read in the meantime. */
/* From the next packet on these are in force, as far as they say what is inside and what is
 * excluded; open conversations keep the direction that they have. When it returns all that was read
 * is worked on, these are borrowed in place of those from before, and the store is the caller's
 * until pipeline_run. After a failure the run cannot go on, and the caller abandons the
 * transaction. */
int pipeline_renew(struct pipeline *p, const struct pipeline_options *options) WUNRES NONNULL(1, 2);
/* As pipeline_renew, for rules (crew_use_rules); the facts may be changed until pipeline_run. NULL
 * where they stay as they are, and for a pipeline that looks into nothing.
 * Conversations whose content has begun go on under the rules that they began with. */
int pipeline_use_rules(struct pipeline *p, struct detect_rules *rules) WUNRES NONNULL(1);
/* Something that the caller was asked for could not be done. */
void pipeline_count_loss(struct pipeline *p, enum loss what) NONNULL(1);

#endif
