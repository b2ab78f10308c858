/* saving: which frames the saver (lib/source) is given, and what is of an excluded network.
 *
 * Guest and voice networks are neither inspected nor saved: a frame is of one when an end of its
 * packet is, inside a tunnel or of the tunnel itself. With such networks a frame is not saved
 * either when its ends cannot be read, or those of what a tunnel holds, when it has a tunnel inside
 * a tunnel, or is a piece of a datagram that may be a tunnel's. */
#ifndef EXEAT_PIPELINE_SAVING_H
#define EXEAT_PIPELINE_SAVING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/packet.h"
#include "pipeline/pipeline.h"

/* True when the packet has an end in an excluded network. */
bool saving_excludes_packet(const struct pipeline_options *o, const struct packet *packet)
        NONNULL(1, 2);
/* The same, or the outermost packet of its frame has. */
bool saving_excludes_frame(const struct pipeline_options *o, const struct frame *frame,
        const struct packet *packet) NONNULL(1, 2, 3);
/* Of a frame that is not excluded: false when it is not saved, for it might have to be. Without a
 * saver there is nothing to do. */
bool saving_feed(const struct pipeline_options *o, const struct frame *frame,
        const struct packet *packet) NONNULL(1, 2, 3);
/* saver: NULL ok, in all of these. Says on standard error what is in the way, once. */
void saving_tick(struct saver *saver, int64_t monotonic_ns, int64_t time_of_day_ns);
void saving_finish(struct saver *saver);
uint64_t saving_lost(const struct saver *saver);

#endif
