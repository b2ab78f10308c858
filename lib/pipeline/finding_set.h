/* finding_set: the findings of one conversation, added up by what and where, and the keyed tags of
 * its patients. Bounded: past the maxima findings are folded and tags are "at least". */
#ifndef EXEAT_PIPELINE_FINDING_SET_H
#define EXEAT_PIPELINE_FINDING_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "detect/detect.h"

#define FINDING_SET_MAX 256 /* kinds times places of one conversation; real ones stay under 30 */

struct finding_sum {
	struct finding finding; /* count is the sum; time, packet and mask are the first one's */
	int64_t last_ns;
	uint64_t measured; /* of the count, recordings whose length is in the seconds */
};

struct finding_set {
	struct finding_sum *sums;
	unsigned count, capacity;
	uint64_t folded; /* findings that had no room of their own */
	uint64_t *tags;  /* open addressing; 0: free */
	uint32_t tag_count, tag_capacity;
	bool tags_at_least;    /* there were more than DETECT_TAGS_MAX, or no budget for them */
	struct budget *budget; /* borrows */
};

void finding_set_init(struct finding_set *s, struct budget *borrowed) NONNULL(1, 2);
void finding_set_free(struct finding_set *s) NONNULL(1);
/* outward: the finding left the practice; only then its patient counts. */
int finding_set_add(struct finding_set *s, const struct finding *f, bool outward) WUNRES
        NONNULL(1, 2);
/* The finding as it is told: of sound with its length, as far as it is known. */
void finding_set_tell(const struct finding_sum *sum, struct finding *ret) NONNULL(1, 2);

#endif
