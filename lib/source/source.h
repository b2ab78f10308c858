/* source: where frames come from. Comes in: capture files (pcap, pcapng, either gzip- or
 * zstd-compressed, or standard input) or a live interface. Goes out: `struct frame`, in time order.
 *
 * Several files are merged by time; equal times keep the order of the command line. Formats: pcap
 * (draft-ietf-opsawg-pcap), pcapng (draft-ietf-opsawg-pcapng), gzip (RFC 1952), zstd (RFC 8878).
 * The source takes open file descriptors and never opens a path, so it runs inside the sandbox. */
#ifndef EXEAT_SOURCE_SOURCE_H
#define EXEAT_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/digest.h"
#include "net/packet.h"

#define SOURCE_INPUTS_MAX        256          /* files merged in one run */
#define SOURCE_FRAME_BYTES_MAX   (256u << 10) /* libpcap's own maximum snap length */
#define SOURCE_INTERFACES_MAX    4096         /* of one file; real ones stop at a few hundred */
#define SOURCE_PROCESSES_MAX     65536        /* process blocks of one file */
#define SOURCE_SECRETS_BYTES_MAX (8u << 20)   /* decryption secrets kept for lib/tls */
/* Frames have times from 1970 to 2116: a classic capture ends in 2106, and the difference of two
 * times, and a time with a DNS lifetime added, fit into 64 bits. Others get the nearer end. */
#define SOURCE_TIME_NS_MAX ((INT64_C(1) << 62) - 1)

/* What became of one input. All counts are final once source_next gave 0; before that an input of
 * files reads as cut short where reading stands. */
struct source_counts {
	uint64_t frames;          /* given; with filtered_frames, all that were read */
	uint64_t bytes;           /* captured, of the frames given */
	uint64_t cut_frames;      /* shorter than on the wire */
	uint64_t filtered_frames; /* left out by the filter */
	uint64_t dropped_frames;  /* by the capturing machine, as the file or the kernel says */
	uint64_t interface_dropped_frames; /* live: by the interface, and not in those */
	uint64_t skipped_blocks;   /* pcapng blocks, or options of packets, that were not used */
	uint64_t untimed_frames;   /* have no time of their own: given that of the one before */
	uint64_t out_of_order;     /* frames older than the one before them in the same file */
	int64_t first_ns, last_ns; /* of all that were read; 0 when there was no frame */
	/* STATUS_END, STATUS_TRUNCATED, STATUS_MALFORMED, STATUS_UNSUPPORTED, STATUS_LIMIT */
	int end;
	uint64_t end_at_bytes;    /* offset in the (decompressed) file where reading stopped */
	uint64_t end_after_frame; /* last good frame */
	const char *end_reason;   /* one plain sentence, of the source; NULL: it ended well */
	/* of the file as stored, "" without; live: of start and interface */
	char sha256[DIGEST_HEX_CHARS];
	const char *format; /* "pcap", "pcapng", "pcap in gzip", …; "" when it was none */
};

/* A block of decryption secrets found before the packets that need it. Borrows from the source. */
struct source_secrets {
	uint32_t type; /* pcapng-secrets type, 0x544c534b is a TLS key log */
	struct span bytes;
};

struct source;

/* Takes the descriptors: closes them in source_free, or at once when it fails. A descriptor of -1
 * stands for a file that could not be opened. filter may be NULL; else libpcap's language, compiled
 * per link type: STATUS_USAGE when it is wrong (source_check_filter says why), and when there are
 * no files or more than SOURCE_INPUTS_MAX. A file that is no capture is not an error here: its
 * counts say so. */
int source_open_files(struct source **ret_gives, const int *fds_taken, size_t count,
        const char *filter) WUNRES NONNULL(1, 2);

/* Files: nobody will ask which they were, so their bytes are not hashed. Before the first frame. */
void source_without_hash(struct source *s) NONNULL(1);

struct source_live_options {
	const char *interface;
	const char *filter;  /* or NULL */
	unsigned buffer_mib; /* kernel ring; 0: 64 */
	uint32_t snap_bytes; /* 0: 262144 */
	bool promiscuous;
};

/* Opens an interface by libpcap (needs CAP_NET_RAW). On failure *ret_reason holds one sentence:
 * STATUS_NO_PERMISSION, STATUS_USAGE (no such interface, wrong filter), STATUS_LIBRARY. Drops are
 * counted by the kernel; the ring is 64 MiB because a burst of a second at 500 Mbit/s must fit. */
int source_open_live(struct source **ret_gives, const struct source_live_options *options,
        char ret_reason[static 256]) WUNRES NONNULL(1, 2);
/* STATUS_OK, or why this process may not listen on any interface. */
int source_may_capture(void) WUNRES;
/* Live: packets with an end in one of these networks no longer reach this process, beside what the
 * filter leaves out; below one VLAN tag, too. Nor are they counted. Needs no right. For good: a
 * second time the kernel refuses it. Any status but 0: the kernel goes on as before, and
 * *ret_reason says why in a few words: STATUS_LIMIT, STATUS_UNSUPPORTED (also files), or a failure.
 * Packets that were captured before may still come. */
int source_exclude(struct source *s, const struct prefix *nets, size_t count,
        char ret_reason[static 256]) WUNRES NONNULL(1);
struct source *source_free(struct source *s); /* NULL ok, returns NULL */

/* STATUS_ITEM: *ret borrows until the next call. 0: no more frames (files), or none within
 * timeout_ms (live), or a signal came while we waited for a pipe; source_ended() tells whether more
 * can come. <0: failure. timeout_ms is for live sources; below zero waits without end. */
int source_next(struct source *s, int timeout_ms, struct frame *ret) WUNRES NONNULL(1, 3);
bool source_ended(const struct source *s) NONNULL(1);
bool source_is_live(const struct source *s) NONNULL(1); /* an interface, not files */
/* True when every input is a file that keeps its bytes: what was not read of it now can be read
 * another time. A pipe's and an interface's are gone. */
bool source_can_be_read_again(const struct source *s) NONNULL(1);
size_t source_input_count(const struct source *s) NONNULL(1);
/* Live: asks the kernel for its drop counters first. */
int source_counts(struct source *s, size_t input, struct source_counts *ret) WUNRES NONNULL(1, 3);
/* How far reading has come, for a person who waits. */
struct source_position {
	uint64_t bytes;       /* read of the files as they are stored; live: of the frames given */
	uint64_t bytes_total; /* of all files; 0 when it is not known: a pipe, an interface */
};

struct source_position source_position(const struct source *s) NONNULL(1);
size_t source_secrets_count(const struct source *s) NONNULL(1);
struct source_secrets source_secrets(const struct source *s, size_t index) NONNULL(1);
/* libpcap's short name of a link type ("USER0"), static; "" when it has none. */
const char *source_link_name(uint32_t link_type);
/* Checks a filter expression without a source: 0, or STATUS_USAGE and one sentence in ret_reason.
 * Names of hosts are refused, since libpcap would look them up on the network. */
int source_check_filter(const char *filter, char ret_reason[static 256]) WUNRES NONNULL(1);

#endif
