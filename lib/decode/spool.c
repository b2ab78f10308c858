#include "decode/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/handover.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "decode/session.h"
#include "decode/unpacker.h"

#define NS_PER_MS  1000000
#define PAGE_BYTES 4096u

struct decode_unpacker {
	int fd; /* borrows */
	unsigned spools;
	struct budget budget;
};

int decode_unpacker_new(struct decode_unpacker **ret_gives, int fd)
{
	struct decode_unpacker *u = calloc(1, sizeof(*u));

	if (!u)
		return STATUS_NO_MEMORY;
	u->fd = fd;
	budget_init(&u->budget, UNPACK_SPOOLS_BYTES_MAX);
	*ret_gives = u;
	return STATUS_OK;
}

struct decode_unpacker *decode_unpacker_free(struct decode_unpacker *u)
{
	free(u);
	return NULL;
}

void decode_session_open_with(struct decode_session *s, struct decode_unpacker *borrowed)
{
	s->unpacker = borrowed;
}

static int64_t now_ns(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

int spool_open(struct spool *s, struct decode_unpacker *borrowed)
{
	if (borrowed->spools >= UNPACK_SPOOLS_MAX)
		return STATUS_LIMIT;
	s->fd = memfd_create("document", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->fd < 0)
		return STATUS_NO_PERMISSION;
	s->unpacker = borrowed;
	s->answer_fd = -1;
	s->len = 0;
	borrowed->spools++;
	return STATUS_OK;
}

static size_t pages(size_t len)
{
	return (len + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

/* The kernel's memory may run out, too: then there is no room. */
static int write_at(int fd, struct span bytes, size_t at)
{
	while (bytes.len > 0) {
		ssize_t len = pwrite(fd, bytes.data, bytes.len, (off_t)at);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return STATUS_LIMIT;
		at += (size_t)len;
		bytes = span_slice(bytes, (size_t)len, bytes.len);
	}
	return STATUS_OK;
}

int spool_add(struct spool *s, struct span bytes)
{
	size_t more = pages(s->len + bytes.len) - pages(s->len);
	int status;

	if (bytes.len > UNPACK_SPOOL_BYTES_MAX - s->len)
		return STATUS_LIMIT;
	if (budget_charge(&s->unpacker->budget, more) != STATUS_OK)
		return STATUS_LIMIT;
	status = write_at(s->fd, bytes, s->len);
	if (status == STATUS_OK)
		s->len += bytes.len;
	else
		budget_release(&s->unpacker->budget, more);
	return status;
}

/* Its length stays, so that nobody who has mapped it loses a page; its bytes are still to be
 * wiped. */
static int seal(const struct spool *s)
{
	return fcntl(s->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0
	               ? STATUS_OK
	               : STATUS_NOT_FOUND;
}

int spool_ask(struct spool *s, enum unpack_format format)
{
	struct handover job = {.note = {(uint8_t)format}};
	int ends[2];
	int status = seal(s);

	if (status != STATUS_OK || pipe2(ends, O_CLOEXEC) != 0)
		return STATUS_NOT_FOUND;
	job.fds[0] = s->fd;
	job.fds[1] = ends[1];
	status = handover_send(s->unpacker->fd, &job);
	close(ends[1]);
	if (status != STATUS_OK) {
		close(ends[0]);
		return STATUS_NOT_FOUND;
	}
	s->answer_fd = ends[0];
	s->wait_left_ns = UNPACK_SECONDS_MAX * NS_PER_SECOND;
	return STATUS_OK;
}

/* As poll(2). Only the time in which there is nothing to look into counts, so that it does not
 * depend on what else the machine does, nor on what is looked into in between. */
static int wait_for_answer(struct spool *s)
{
	struct pollfd answer = {.fd = s->answer_fd, .events = POLLIN};
	int64_t begin_ns = now_ns();
	int ready = poll(&answer, 1, (int)(s->wait_left_ns / NS_PER_MS) + 1);

	s->wait_left_ns -= now_ns() - begin_ns;
	return ready;
}

int spool_read(struct spool *s, uint8_t *ret, size_t max_bytes, size_t *ret_len)
{
	for (;;) {
		int ready = s->wait_left_ns > 0 ? wait_for_answer(s) : 0;
		ssize_t len;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return STATUS_LIMIT;
		len = read(s->answer_fd, ret, max_bytes);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return STATUS_END;
		*ret_len = (size_t)len;
		return STATUS_ITEM;
	}
}

static void wipe(const struct spool *s)
{
	static const uint8_t zeros[PAGE_BYTES];

	for (size_t at = 0; at < s->len; at += sizeof(zeros))
		if (write_at(s->fd, span_slice(span_of(zeros, sizeof(zeros)), 0, s->len - at),
		            at) != STATUS_OK)
			return;
}

void spool_close(struct spool *s)
{
	if (!s->unpacker)
		return;
	if (s->answer_fd >= 0)
		close(s->answer_fd);
	wipe(s);
	close(s->fd);
	budget_release(&s->unpacker->budget, pages(s->len));
	s->unpacker->spools--;
	*s = (struct spool){.fd = -1, .answer_fd = -1};
}
