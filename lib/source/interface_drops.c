#include "source/interface_drops.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"

static const char *const counters[INTERFACE_DROPS_COUNTERS] = {
        "statistics/rx_missed_errors", "statistics/rx_fifo_errors"};

/* A number and a line end, as the kernel writes it anew for each reading from the start. */
static bool read_number(int fd, uint64_t *ret)
{
	char text[32];
	ssize_t len = fd >= 0 ? pread(fd, text, sizeof(text), 0) : -1;

	if (len > 0 && text[len - 1] == '\n')
		len--;
	return len > 0 && span_to_u64(span_of(text, (size_t)len), UINT64_MAX, ret);
}

static bool is_same_interface(int folder, unsigned index)
{
	int fd = openat(folder, "ifindex", O_RDONLY | O_CLOEXEC);
	uint64_t told = 0;
	bool same = read_number(fd, &told) && told == index;

	if (fd >= 0)
		close(fd);
	return same;
}

void interface_drops_open(
        struct interface_drops *d, const char *folder, const char *interface, unsigned index)
{
	int all = strchr(interface, '/') ? -1 : open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int one = all >= 0 ? openat(all, interface, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	bool same = one >= 0 && is_same_interface(one, index);

	*d = (struct interface_drops){.count = 0};
	for (size_t i = 0; i < INTERFACE_DROPS_COUNTERS; i++) {
		d->fds[i] = same ? openat(one, counters[i], O_RDONLY | O_CLOEXEC) : -1;
		(void)read_number(d->fds[i], &d->last[i]);
	}
	if (one >= 0)
		close(one);
	if (all >= 0)
		close(all);
}

uint64_t interface_drops_count(struct interface_drops *d)
{
	for (size_t i = 0; i < INTERFACE_DROPS_COUNTERS; i++) {
		uint64_t now;

		if (!read_number(d->fds[i], &now))
			continue;
		d->count += now >= d->last[i] ? now - d->last[i] : now;
		d->last[i] = now;
	}
	return d->count;
}

void interface_drops_close(struct interface_drops *d)
{
	for (size_t i = 0; i < INTERFACE_DROPS_COUNTERS; i++) {
		if (d->fds[i] >= 0)
			close(d->fds[i]);
		d->fds[i] = -1;
	}
}
