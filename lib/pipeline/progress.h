/* progress: the line that a person on a terminal sees while a long run goes on. Comes in: how far
 * the run is. Goes out: one line of text, "41% of 1.2 GB, 1503221 packets, clinical data in 3
 * conversations, about 12 s left".
 *
 * Flags need the register and the end of a conversation, so what is counted here is conversations
 * that have ended and in which clinical data was seen. */
#ifndef EXEAT_PIPELINE_PROGRESS_H
#define EXEAT_PIPELINE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define PROGRESS_CHARS 256

struct progress {
	uint64_t bytes, bytes_total; /* total 0: not known */
	uint64_t packets;
	bool no_content;   /* nobody looks for clinical data */
	uint64_t clinical; /* conversations with findings of tier medium or high */
	int64_t elapsed_ns;
	int64_t duration_ns; /* of a live run; 0: no end is set */
};

void progress_line(const struct progress *now, char ret[static PROGRESS_CHARS]) NONNULL(1);

#endif
