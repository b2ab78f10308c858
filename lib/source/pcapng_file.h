/* pcapng_file: reads the pcapng format, draft-ietf-opsawg-pcapng.
 *
 * Any number of sections, each with its own byte order and interfaces; each interface with its own
 * link type, snap length, time resolution (powers of 10 and of 2) and time offset. Packets come
 * from enhanced, simple and (obsolete) packet blocks; statistics give the drop counts, decryption
 * secrets are kept, process blocks are joined to packets (pcapng_process.h). Options are
 * bounds-checked; those that we do not use are passed over, as are other blocks (counted). */
#ifndef EXEAT_SOURCE_PCAPNG_FILE_H
#define EXEAT_SOURCE_PCAPNG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/packet.h"
#include "source/input_stream.h"
#include "source/process_table.h"
#include "source/shared.h"

#define PCAPNG_BLOCK_BYTES_MIN 12 /* type, length, length again */
/* Blocks that are held whole: a packet of the longest kind with 64 KiB of options and more. Longer
 * packet blocks give their packet without its options; other longer blocks are passed over. */
#define PCAPNG_BLOCK_BYTES_MAX (SOURCE_FRAME_BYTES_MAX + (128u << 10))

struct pcapng_interface {
	uint32_t interface; /* frame.interface */
	uint32_t link_type;
	uint32_t snap_bytes; /* 0: no limit */
	uint8_t resolution;  /* if_tsresol: 10^-n, or 2^-n with the highest bit set */
	int64_t offset_s;    /* if_tsoffset */
	uint64_t dropped;    /* as its statistics block said last */
};

struct pcapng_file {
	struct source_shared *shared;        /* borrows */
	bool big_endian;                     /* of the section */
	struct pcapng_interface *interfaces; /* of the section */
	size_t interface_count, interface_capacity;
	struct process_table processes; /* of the section */
	uint32_t darwin_blocks;         /* Apple's process blocks so far in the section */
	int64_t last_ns;                /* of the last packet with a time; 0 before it */
	uint64_t dropped_by_interfaces; /* sum of their statistics, over all sections */
	uint64_t dropped_by_packets;    /* sum of what packets say was lost before them */
	uint64_t skipped_blocks;
	uint64_t untimed_frames;
};

/* True when a pcapng file starts like this. */
bool pcapng_file_is(struct span start);
/* Borrows shared for its life. Reads nothing. */
void pcapng_file_open(struct pcapng_file *f, struct source_shared *shared) NONNULL(1, 2);
void pcapng_file_close(struct pcapng_file *f) NONNULL(1);
/* The next packet: fills all of *ret but input and number. STATUS_ITEM; STATUS_END;
 * STATUS_TRUNCATED, STATUS_MALFORMED, STATUS_UNSUPPORTED or STATUS_LIMIT with *ret_reason;
 * STATUS_MORE; or a failure. */
int pcapng_file_next(struct pcapng_file *f, struct input_stream *in, struct frame *ret,
        const char **ret_reason) WUNRES NONNULL(1, 2, 3, 4);
/* Fills in what the format reader counted. */
void pcapng_file_counts(const struct pcapng_file *f, struct source_counts *ret) NONNULL(1, 2);

#endif
