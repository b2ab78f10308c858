/* pcapng_process: the three ways in which a pcapng file says which process sent a packet.
 *
 * - Wireshark: custom blocks of the Wireshark Foundation (private enterprise number 32622), entry
 *   type 3, which hold the proposed Process Information Block (draft-ietf-opsawg-pcap pull request
 *   209); packets carry the process id in option 8, epb_processid_threadid.
 * - Apple: blocks 0x80000001 of tcpdump on macOS; packets carry a block number in options 0x8001
 *   (the process) and 0x8003 (the one on whose behalf it acts; preferred).
 * - PCAPdroid: custom blocks (private enterprise number 62652) of type 1 map a user id to an
 * Android   application; packets carry the comment `u-<uid>`. */
#ifndef EXEAT_SOURCE_PCAPNG_PROCESS_H
#define EXEAT_SOURCE_PCAPNG_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "net/packet.h"
#include "source/pcapng_file.h"

/* A custom block's body from the enterprise number on. 0 when it was used; STATUS_NOT_FOUND when it
 * is not ours; STATUS_MALFORMED, STATUS_LIMIT, or a failure. */
int pcapng_process_custom(struct pcapng_file *f, struct span body) WUNRES NONNULL(1);
/* The body of Apple's block. 0, STATUS_MALFORMED, STATUS_LIMIT, or a failure. */
int pcapng_process_darwin(struct pcapng_file *f, struct span body) WUNRES NONNULL(1);

/* What the options of one packet say; all zero before the first. */
struct pcapng_packet_facts {
	bool has_pid, has_darwin, has_darwin_effective, has_uid;
	uint32_t pid, darwin, darwin_effective, uid;
	uint64_t dropped; /* lost between this packet and the one before */
};

/* Reads a packet's options. 0, or STATUS_MALFORMED with what stood before. */
int pcapng_packet_options(
        struct span options, bool big_endian, struct pcapng_packet_facts *ret) WUNRES NONNULL(3);
/* The process of a packet at a time; zero when nothing is known. */
struct frame_process pcapng_process_of(const struct pcapng_file *f,
        const struct pcapng_packet_facts *facts, int64_t time_ns) NONNULL(1, 2);

#endif
