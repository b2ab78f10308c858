/* live_clock: time of a live capture while few packets come, or none. Comes in: the machine's two
 * clocks. Goes out: how far packet time has come for conversations that wait for their end, and
 * how long the capture has listened.
 *
 * Packets have the time of day, which may be set while the capture goes on. Conversations are told
 * of a time that only goes forward: after the clock was set back by less than FLOW_CLOCK_BACK_NS it
 * goes on at half its speed until the time of day has caught up, so that conversations go on ending
 * and hours come to agree again. Set back by more, it is another time: all conversations end. */
#ifndef EXEAT_PIPELINE_LIVE_CLOCK_H
#define EXEAT_PIPELINE_LIVE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

/* Packets from before that are not in the ring any more when it was found empty: more than
 * LIVE_BLOCK_TIMEOUT_MS, after which the kernel hands over what it has. */
#define LIVE_CLOCK_LAG_NS (250 * INT64_C(1000000))
/* Of a time without a single frame, before the first or after the last, so much counts as captured:
 * a practice is not silent for longer, but a mirror port that was switched off is. */
#define LIVE_CLOCK_SILENCE_NS (3600 * INT64_C(1000000000))

/* All by the monotonic clock, but for ticked_ns. */
struct live_clock {
	int64_t began_ns, until_ns; /* listened from, to */
	int64_t first_ns, heard_ns; /* when the first and the last frame were read; 0: none was */
	int64_t ticked_ns;          /* packet time that conversations know … */
	int64_t since_ns;           /* … since then */
};

struct live_moment {
	int64_t monotonic_ns, time_of_day_ns;
	bool quiet; /* the source has just had nothing to read */
};

void live_clock_begin(struct live_clock *c, int64_t monotonic_ns) NONNULL(1);
void live_clock_heard(struct live_clock *c, int64_t monotonic_ns) NONNULL(1);
/* The packet time to tell conversations of, which know ticked_ns: that one again when there is
 * nothing to tell, or one that lies further back than FLOW_CLOCK_BACK_NS. */
int64_t live_clock_now(struct live_clock *c, const struct live_moment *m, int64_t ticked_ns) WUNRES
        NONNULL(1, 2);
/* From the first frame's time and the last one's to when listening began and ended. */
void live_clock_stretch(const struct live_clock *c, int64_t *first_ns, int64_t *last_ns)
        NONNULL(1, 2, 3);

#endif
