/* loss: what a run did not follow, by name. The pipeline counts; the store and the report keep the
 * names, so a name is never changed. */
#ifndef EXEAT_PIPELINE_LOSS_H
#define EXEAT_PIPELINE_LOSS_H

#include <stdbool.h>

#include "base/compiler.h"
#include "store/store.h"

/* Things not followed, by name; each becomes a row of the report's losses. */
enum loss {
	LOSS_NOT_IP,
	LOSS_UNKNOWN_LINK,
	LOSS_CUT,
	LOSS_MALFORMED,
	LOSS_TOO_DEEP,
	LOSS_FRAGMENTS_EXPIRED,
	LOSS_FRAGMENTS_EVICTED,
	LOSS_FRAGMENT_OVERLAPS,
	LOSS_EXCLUDED_NET,
	LOSS_FLOWS_EVICTED,
	LOSS_STREAMS_OVER_BUDGET,
	LOSS_MIRROR_DUPLICATES,
	LOSS_FLOWS_WITHOUT_ROOM,
	LOSS_FINDINGS_FOLDED,
	LOSS_FIELDS_WITHOUT_ROOM,
	LOSS_NAMES_FORGOTTEN,
	LOSS_NAMES_UNASKED,
	LOSS_COMPUTERS_FORGOTTEN,
	LOSS_NETS_REFUSED,
	LOSS_NETS_LEFT_OUT,
	LOSS_CERTIFICATES_TOO_LARGE,
	LOSS_CERTIFICATES_UNREAD,
	LOSS_LABELS_WITHOUT_ROOM,
	LOSS_RELATED_REFUSED,
	LOSS_RELATED_FORGOTTEN,
	LOSS_FRAMES_CUT,
	LOSS_FRAMES_DROPPED,
	LOSS_GAP_BYTES,
	LOSS_INTERFACE_DROPPED,
	LOSS_FRAMES_NOT_SAVED,
	LOSS_FRAMES_PERHAPS_EXCLUDED,
	LOSS_REGISTERS_REFUSED,
	LOSS_RULES_REFUSED,
	LOSSES
};

const char *loss_name(enum loss what); /* static */

/* Adds a row for so many of a kind; none for 0. Its name is filled in here. */
int loss_store(struct store *store, uint32_t input, enum loss what, struct store_loss row) WUNRES
        NONNULL(1);

/* True for the name of a loss (struct store_loss) that means that content is missing. */
bool loss_is_gap(const char *name) NONNULL(1);

#endif
