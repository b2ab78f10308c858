/* input: one capture file of a run, whatever its format, frame by frame.
 *
 * Internal to the source layer: the two format readers and the merge share these values. */
#ifndef EXEAT_SOURCE_INPUT_H
#define EXEAT_SOURCE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "net/packet.h"
#include "source/filter.h"
#include "source/input_stream.h"
#include "source/pcap_file.h"
#include "source/pcapng_file.h"
#include "source/shared.h"
#include "source/source.h"

enum input_format { INPUT_FORMAT_UNKNOWN, INPUT_FORMAT_PCAP, INPUT_FORMAT_PCAPNG };

struct input {
	struct input_stream stream;
	enum input_format format;
	struct pcap_file pcap;
	struct pcapng_file pcapng;
	uint32_t index;     /* of the input in the run */
	uint64_t number;    /* of the last frame, from 1 */
	int64_t last_ns;    /* of the last frame */
	struct frame frame; /* the last one given; borrows the stream's window */
	struct source_counts counts;
	bool ended;
};

/* Takes the descriptor, also when it fails. */
int input_open(struct input *in, int fd_taken, uint32_t index, size_t window_bytes) WUNRES
        NONNULL(1);
void input_close(struct input *in) NONNULL(1);
/* The next frame that the filter lets through goes to in->frame. STATUS_ITEM; 0 when the input has
 * ended (its counts are final then); STATUS_MORE when a signal came in between; or a failure. */
int input_next(struct input *in, struct source_shared *shared, struct filter *filter) WUNRES
        NONNULL(1, 2);
/* The counts as they stand. */
void input_counts(const struct input *in, struct source_counts *ret) NONNULL(1, 2);

#endif
