/* mirror_check: is this capture port any good? In the first 30 seconds or 10,000 packets it looks
 * for the three usual mistakes of a visit: only one direction mirrored, no mirroring at all, the
 * router's outside instead of its inside. Says so at once, in one sentence. */
#ifndef EXEAT_PIPELINE_MIRROR_CHECK_H
#define EXEAT_PIPELINE_MIRROR_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "flow/flow.h"
#include "net/packet.h"

#define MIRROR_FAR_MAX     64  /* far addresses remembered: enough to know that there are many */
#define MIRROR_PACKETS_MIN 100 /* fewer say nothing */
#define MIRROR_FAR_MIN     8   /* one inside address and this many far ones: it may be the router */
#define MIRROR_TEXT_CHARS  256

struct mirror_check {
	bool done;
	int64_t first_ns;
	uint64_t packets, broadcast, outward, inward;
	struct addr inside; /* the only inside address so far */
	bool several_inside;
	struct addr far[MIRROR_FAR_MAX];
	unsigned far_count;
	char warning[MIRROR_TEXT_CHARS]; /* "" while nothing is wrong */
};

/* True when this packet completed the check and the warning is to be said. */
bool mirror_check_feed(struct mirror_check *m, const struct packet *p,
        const struct inside_nets *inside) NONNULL(1, 2, 3);
/* The input ended before the check was complete: judges what there is. */
void mirror_check_finish(struct mirror_check *m) NONNULL(1);

#endif
