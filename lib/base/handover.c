#include "base/handover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/status.h"

#define CONTROL_BYTES CMSG_SPACE(HANDOVER_FILES * sizeof(int))

union control {
	struct cmsghdr align;
	uint8_t bytes[CONTROL_BYTES];
};

int handover_open(int ret_fds[static 2])
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return status_from_errno(errno);
	if (shutdown(fds[0], SHUT_RD) != 0 || shutdown(fds[1], SHUT_WR) != 0) {
		int status = status_from_errno(errno);

		close(fds[0]);
		close(fds[1]);
		return status;
	}
	memcpy(ret_fds, fds, sizeof(fds));
	return STATUS_OK;
}

int handover_send(int fd, const struct handover *h)
{
	union control control = {.bytes = {0}};
	struct iovec piece = {.iov_base = (void *)(uintptr_t)h->note, .iov_len = sizeof(h->note)};
	struct msghdr message = {.msg_iov = &piece,
	        .msg_iovlen = 1,
	        .msg_control = control.bytes,
	        .msg_controllen = sizeof(control.bytes)};

	control.align = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
	        .cmsg_type = SCM_RIGHTS,
	        .cmsg_len = CMSG_LEN(sizeof(h->fds))};
	memcpy(CMSG_DATA(&control.align), h->fds, sizeof(h->fds));
	while (sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EAGAIN)
			return STATUS_BUSY;
		if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
			return STATUS_END;
		if (errno != EINTR)
			return status_from_errno(errno);
	}
	return STATUS_OK;
}

size_t handover_files(struct msghdr *message, int *ret)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(message);
	size_t count;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	        c->cmsg_len < CMSG_LEN(0))
		return 0;
	count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(ret, CMSG_DATA(c), count * sizeof(int));
	return count;
}

int handover_take(int fd, struct handover *ret)
{
	union control control;
	struct handover taken;
	struct iovec piece = {.iov_base = taken.note, .iov_len = sizeof(taken.note)};
	struct msghdr message = {.msg_iov = &piece,
	        .msg_iovlen = 1,
	        .msg_control = control.bytes,
	        .msg_controllen = sizeof(control.bytes)};
	size_t count;
	ssize_t len;

	do
		len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len < 0 && errno != ECONNRESET)
		return status_from_errno(errno);
	if (len <= 0)
		return STATUS_END;
	count = handover_files(&message, taken.fds);
	if (len == sizeof(taken.note) && count == HANDOVER_FILES &&
	        !(message.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
		*ret = taken;
		return STATUS_ITEM;
	}
	while (count > 0)
		close(taken.fds[--count]);
	return STATUS_MALFORMED;
}
