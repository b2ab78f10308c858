/* pcapng_writer: one capture file of one interface, draft-ietf-opsawg-pcapng: section header,
 * interface description, enhanced packet blocks, interface statistics at the end.
 *
 * Bytes reach the file as whole blocks only, so that a process that is killed leaves a file that
 * can be read to its end, and a disk that fills up leaves one too: what was written of a block in
 * part is taken back. Integers stand in the byte order of the machine, as the format allows. */
#ifndef EXEAT_SOURCE_PCAPNG_WRITER_H
#define EXEAT_SOURCE_PCAPNG_WRITER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "net/packet.h"

/* Collected before a write: a system call for some hundred packets. */
#define PCAPNG_WRITER_PENDING_BYTES (256u << 10)
#define PCAPNG_WRITER_TEXT_MAX      1024 /* of a comment or a name; longer ones are cut */

/* What stands at the head of the file. Borrowed for the call; NULL or "" leaves an option out. */
struct pcapng_head {
	const char *application, *comment, *interface;
	uint32_t link_type; /* a LINKTYPE, 16 bits in this format */
	uint32_t snap_bytes;
};

/* Of the time in which the file was written. */
struct pcapng_statistics {
	int64_t first_ns, last_ns;  /* its start and end, since 1970 */
	uint64_t received;          /* by the interface: given to us, and dropped */
	uint64_t interface_dropped; /* by the interface */
	uint64_t dropped;           /* by the operating system */
};

struct pcapng_writer {
	int fd; /* borrows */
	struct buf pending;
	uint64_t pending_frames;
	uint64_t written_bytes, written_frames; /* of whole blocks, in the file */
};

/* Of an empty file. 0 or a failure; pcapng_writer_end either way. */
int pcapng_writer_begin(struct pcapng_writer *w, int fd_borrowed,
        const struct pcapng_head *head) WUNRES NONNULL(1, 3);
/* After a failure the frames that are pending are lost; the file ends with the last whole block. */
int pcapng_writer_add(struct pcapng_writer *w, const struct frame *frame) WUNRES NONNULL(1, 2);
int pcapng_writer_flush(struct pcapng_writer *w) WUNRES NONNULL(1);
/* The last block, and flushes. */
int pcapng_writer_finish(struct pcapng_writer *w, const struct pcapng_statistics *s) WUNRES
        NONNULL(1, 2);
/* Wipes and frees what is pending; leaves the descriptor open. */
void pcapng_writer_end(struct pcapng_writer *w) NONNULL(1);

#endif
