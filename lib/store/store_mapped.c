#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/status.h"
#include "store/store.h"
#include "store/store_internal.h"

/* Where SQLite's lock of those who read lies in the file (https://www.sqlite.org/lockingv3.html,
 * SHARED_FIRST and SHARED_SIZE of its source). */
#define READERS_FIRST 0x40000002
#define READERS_BYTES 510

/* A writer holds the file while it commits, which takes as long as the disk does. */
#define TRIES        100
#define TRY_PAUSE_NS 50000000

/* While this lock is held nobody changes the file. It ends with the process, or when the file is
 * closed. */
static int lock_for_reading(int fd)
{
	const struct timespec pause = {.tv_nsec = TRY_PAUSE_NS};
	struct flock lock = {.l_type = F_RDLCK,
	        .l_whence = SEEK_SET,
	        .l_start = READERS_FIRST,
	        .l_len = READERS_BYTES};

	for (int i = 0; i < TRIES; i++) {
		if (fcntl(fd, F_SETLK, &lock) == 0)
			return STATUS_OK;
		if (errno != EACCES && errno != EAGAIN)
			return status_from_errno(errno);
		nanosleep(&pause, NULL);
	}
	return STATUS_BUSY;
}

static int map_file(struct store *s, int fd)
{
	struct stat info;
	void *bytes;

	if (fstat(fd, &info) != 0)
		return status_from_errno(errno);
	if (!S_ISREG(info.st_mode) || info.st_size <= 0)
		return STATUS_UNSUPPORTED;
	bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return status_from_errno(errno);
	s->mapped = bytes;
	s->mapped_bytes = (size_t)info.st_size;
	return STATUS_OK;
}

int store_open_mapped(struct store **ret_gives, int fd)
{
	struct store *s = calloc(1, sizeof(*s));
	int status = s ? lock_for_reading(fd) : STATUS_NO_MEMORY;

	if (status == STATUS_OK)
		status = map_file(s, fd);
	if (status == STATUS_OK)
		status = store_status(
		        sqlite3_open_v2(":memory:", &s->db, SQLITE_OPEN_READWRITE, NULL));
	/* Read only: SQLite does not write through the pointer. */
	if (status == STATUS_OK)
		status = store_status(sqlite3_deserialize(s->db, "main", s->mapped,
		        (sqlite3_int64)s->mapped_bytes, (sqlite3_int64)s->mapped_bytes,
		        SQLITE_DESERIALIZE_READONLY));
	if (status == STATUS_OK)
		status = store_start_reading(s);
	if (status != STATUS_OK)
		return store_not_opened(s, status);
	*ret_gives = s;
	return STATUS_OK;
}
