/* handover: a note and two open files, handed from one process to another as one message.
 *
 * Many threads may send on one end at once: a message arrives whole or not at all. Source: unix(7),
 * SOCK_SEQPACKET and SCM_RIGHTS. */
#ifndef EXEAT_BASE_HANDOVER_H
#define EXEAT_BASE_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define HANDOVER_FILES      2
#define HANDOVER_NOTE_BYTES 32

struct handover {
	int fds[HANDOVER_FILES];
	uint8_t note[HANDOVER_NOTE_BYTES]; /* of the caller, as it is in memory */
};

/* Two ends, for one way: ret_fds[0] sends, ret_fds[1] takes. */
int handover_open(int ret_fds[static 2]) WUNRES NONNULL(1);
/* Borrows the descriptors; does not wait. STATUS_BUSY: too many are on their way. STATUS_END:
 * nobody takes any more. */
int handover_send(int fd, const struct handover *h) WUNRES NONNULL(2);
/* Waits. STATUS_ITEM: *ret gives its descriptors. STATUS_END: nobody will send any more.
 * STATUS_MALFORMED: something else came; nothing is given. */
int handover_take(int fd, struct handover *ret) WUNRES NONNULL(2);

/* Of a message that recvmsg(2) has filled: the descriptors that came with it, in order, which are
 * the caller's now. ret: room for as many as its control data holds. */
struct msghdr;
size_t handover_files(struct msghdr *message, int *ret) NONNULL(1, 2);

#endif
