#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

/* Of a store of an earlier version: half of what SQLite holds in memory (mxMemdbSize of its
 * configuration), which leaves room for what the new version adds. */
#define COPY_BYTES_MAX (512u << 20)

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
		return STATUS_MALFORMED;
	bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return status_from_errno(errno);
	s->mapped = bytes;
	s->mapped_bytes = (size_t)info.st_size;
	return STATUS_OK;
}

/* Read only: SQLite does not write through the pointer. */
static int read_mapped(struct store *s)
{
	int status = store_status(
	        sqlite3_deserialize(s->db, "main", s->mapped, (sqlite3_int64)s->mapped_bytes,
	                (sqlite3_int64)s->mapped_bytes, SQLITE_DESERIALIZE_READONLY));

	return status == STATUS_OK ? store_start_reading(s) : status;
}

/* A file of an earlier version is brought up to date in a copy: who only reads may not write. */
static int read_updated_copy(struct store *s)
{
	unsigned char *copy = sqlite3_malloc64(s->mapped_bytes);
	int status;

	if (!copy)
		return STATUS_NO_MEMORY;
	memcpy(copy, s->mapped, s->mapped_bytes);
	status = store_status(sqlite3_deserialize(s->db, "main", copy,
	        (sqlite3_int64)s->mapped_bytes, (sqlite3_int64)s->mapped_bytes,
	        SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE));
	return status == STATUS_OK ? store_start_writing(s) : status;
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
	if (status == STATUS_OK)
		status = read_mapped(s);
	if (status == STATUS_MORE && s->mapped_bytes <= COPY_BYTES_MAX)
		status = read_updated_copy(s);
	if (status != STATUS_OK)
		return store_not_opened(s, status);
	*ret_gives = s;
	return STATUS_OK;
}
