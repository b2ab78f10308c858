#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/handover.h"
#include "base/status.h"
#include "priv/priv.h"

/* What travels beside the descriptors: which places have one, and the caller's note. */
struct envelope {
	uint8_t has_file[PRIV_PASSED_FILES];
	uint8_t note[PRIV_PASSED_NOTE_BYTES];
};

union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(PRIV_PASSED_FILES * sizeof(int))];
};

int priv_passing_open(int ret_fds[static 2])
{
	return handover_open(ret_fds);
}

int priv_pass(int passing_fd, const struct priv_passed *p)
{
	struct envelope envelope = {.note = {0}};
	struct iovec piece = {.iov_base = &envelope, .iov_len = sizeof(envelope)};
	union control control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
	int fds[PRIV_PASSED_FILES];
	size_t count = 0;

	memcpy(envelope.note, p->note, sizeof(envelope.note));
	for (size_t i = 0; i < PRIV_PASSED_FILES; i++) {
		envelope.has_file[i] = p->fds[i] >= 0;
		if (p->fds[i] >= 0)
			fds[count++] = p->fds[i];
	}
	if (count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.align = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
		        .cmsg_type = SCM_RIGHTS,
		        .cmsg_len = CMSG_LEN(count * sizeof(int))};
		memcpy(CMSG_DATA(&control.align), fds, count * sizeof(int));
	}
	while (sendmsg(passing_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EAGAIN)
			return STATUS_BUSY;
		if (errno != EINTR)
			return status_from_errno(errno);
	}
	return STATUS_OK;
}

static int sort_out(
        const struct envelope *envelope, const int *fds, size_t count, struct priv_passed *ret)
{
	size_t next = 0;

	memcpy(ret->note, envelope->note, sizeof(ret->note));
	for (size_t i = 0; i < PRIV_PASSED_FILES; i++) {
		ret->fds[i] = -1;
		if (envelope->has_file[i] && next < count)
			ret->fds[i] = fds[next++];
	}
	return next == count ? STATUS_ITEM : STATUS_BUG;
}

int priv_take_passed(int passed_fd, struct priv_passed *ret)
{
	struct envelope envelope;
	struct iovec piece = {.iov_base = &envelope, .iov_len = sizeof(envelope)};
	union control control;
	struct msghdr message = {.msg_iov = &piece,
	        .msg_iovlen = 1,
	        .msg_control = control.bytes,
	        .msg_controllen = sizeof(control.bytes)};
	int fds[PRIV_PASSED_FILES];
	size_t count;
	ssize_t len;

	do
		len = recvmsg(passed_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len < 0 && errno != EAGAIN)
		return status_from_errno(errno);
	if (len <= 0)
		return STATUS_OK;
	count = handover_files(&message, fds);
	if (len == sizeof(envelope) && !(message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)))
		return sort_out(&envelope, fds, count, ret);
	/* The kernel leaves out what finds no place in our table of descriptors. */
	while (count > 0)
		close(fds[--count]);
	return STATUS_LIMIT;
}
