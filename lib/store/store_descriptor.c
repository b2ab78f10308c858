#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

/* What SQLite sees of the descriptor. A mapping of the file would do the same, but its pages count
 * as memory of the process, and a store may be larger than that may grow. */
struct descriptor_file {
	sqlite3_file base; /* first: SQLite hands out pointers to it */
	int fd;
	struct store *writer; /* NULL: only read */
};

static int file_of(const sqlite3_file *file)
{
	return ((const struct descriptor_file *)file)->fd;
}

static int file_close(sqlite3_file *file)
{
	(void)file; /* the descriptor is the caller's */
	return SQLITE_OK;
}

/* SQLite wants zeros for what lies beyond the end. */
static int file_read(sqlite3_file *file, void *to, int len, sqlite3_int64 offset)
{
	size_t done = 0, all = (size_t)len;

	while (done < all) {
		ssize_t got = pread(
		        file_of(file), (char *)to + done, all - done, (off_t)offset + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return SQLITE_IOERR_READ;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	if (done == all)
		return SQLITE_OK;
	memset((char *)to + done, 0, all - done);
	return SQLITE_IOERR_SHORT_READ;
}

static struct store *writer_of(const sqlite3_file *file)
{
	return ((const struct descriptor_file *)file)->writer;
}

static int not_written(struct store *writer, int error)
{
	if (status_from_errno(error) != STATUS_NO_SPACE)
		return SQLITE_IOERR_WRITE;
	writer->ran_out = true;
	return SQLITE_FULL;
}

static int file_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 offset)
{
	struct store *writer = writer_of(file);
	size_t done = 0, all = (size_t)len;

	if (!writer)
		return SQLITE_READONLY;
	while (done < all) {
		ssize_t put = pwrite(file_of(file), (const char *)from + done, all - done,
		        (off_t)offset + (off_t)done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return not_written(writer, put < 0 ? errno : ENOSPC);
		done += (size_t)put;
	}
	return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if (!writer_of(file))
		return SQLITE_READONLY;
	while (ftruncate(file_of(file), (off_t)size) != 0)
		if (errno != EINTR)
			return SQLITE_IOERR_TRUNCATE;
	return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	struct stat info;

	if (fstat(file_of(file), &info) != 0)
		return SQLITE_IOERR_FSTAT;
	*ret = info.st_size;
	return SQLITE_OK;
}

/* The lock is taken before SQLite sees the file, and kept. One that is written nobody else has. */
static int file_lock(sqlite3_file *file, int level)
{
	return level > SQLITE_LOCK_SHARED && !writer_of(file) ? SQLITE_READONLY : SQLITE_OK;
}

static int file_unlock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return SQLITE_OK;
}

static int file_is_reserved(sqlite3_file *file, int *ret)
{
	(void)file;
	*ret = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int what, void *argument)
{
	(void)file;
	(void)what;
	(void)argument;
	return SQLITE_NOTFOUND;
}

static int file_sector_bytes(sqlite3_file *file)
{
	(void)file;
	return 0; /* its default */
}

static int file_traits(sqlite3_file *file)
{
	return writer_of(file) ? 0 : SQLITE_IOCAP_IMMUTABLE;
}

static const sqlite3_io_methods file_methods = {.iVersion = 1,
        .xClose = file_close,
        .xRead = file_read,
        .xWrite = file_write,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_is_reserved,
        .xFileControl = file_control,
        .xSectorSize = file_sector_bytes,
        .xDeviceCharacteristics = file_traits};

/* The database itself is the one file that there is; SQLite calls it temporary when it has no
 * name. */
static int system_open(
        sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	struct descriptor_file *opened = (struct descriptor_file *)file;
	struct store *s = vfs->pAppData;
	int kind = s->writes_fd ? SQLITE_OPEN_TEMP_DB : SQLITE_OPEN_MAIN_DB;

	(void)name;
	opened->base.pMethods = NULL;
	if (!(flags & kind))
		return SQLITE_CANTOPEN;
	opened->fd = s->fd;
	opened->writer = s->writes_fd ? s : NULL;
	opened->base.pMethods = &file_methods;
	if (ret_flags)
		*ret_flags = kind | (s->writes_fd ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
	return SQLITE_OK;
}

static int system_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	(void)name;
	(void)sync;
	return SQLITE_READONLY;
}

/* No journal is looked for: with one beside it a store is opened by its path. */
static int system_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
	(void)vfs;
	(void)name;
	(void)flags;
	*ret = 0;
	return SQLITE_OK;
}

static int system_full_name(sqlite3_vfs *vfs, const char *name, int room, char *ret)
{
	(void)vfs;
	snprintf(ret, (size_t)room, "%s", name);
	return SQLITE_OK;
}

/* A database without a name (https://www.sqlite.org/inmemorydb.html, "temporary databases") has its
 * file opened, and written, when its cache is full and not at each commit. */
static int open_through(struct store *s, int fd, bool writes)
{
	int flags = writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
	const sqlite3_vfs *usual = sqlite3_vfs_find(NULL);

	if (!usual)
		return STATUS_LIBRARY;
	snprintf(s->system_name, sizeof(s->system_name), "exeat-descriptor-%p", (void *)s);
	s->fd = fd;
	s->writes_fd = writes;
	s->system = *usual; /* its clock and its sources of random numbers */
	s->system.iVersion = 1;
	s->system.szOsFile = sizeof(struct descriptor_file);
	s->system.pNext = NULL;
	s->system.zName = s->system_name;
	s->system.pAppData = s;
	s->system.xOpen = system_open;
	s->system.xDelete = system_delete;
	s->system.xAccess = system_access;
	s->system.xFullPathname = system_full_name;
	if (sqlite3_vfs_register(&s->system, 0) != SQLITE_OK)
		return STATUS_NO_MEMORY;
	s->system_known = true;
	return store_status(sqlite3_open_v2(
	        writes ? "" : "store", &s->db, flags | SQLITE_OPEN_NOMUTEX, s->system_name));
}

void store_forget_system(struct store *s)
{
	if (s->system_known)
		sqlite3_vfs_unregister(&s->system);
	s->system_known = false;
}

/* A file of an earlier version is brought up to date in a copy: who only reads may not write. */
static int read_updated_copy(struct store *s, size_t bytes)
{
	struct descriptor_file file = {.fd = s->fd};
	unsigned char *copy = sqlite3_malloc64(bytes);
	int status;

	if (!copy)
		return STATUS_NO_MEMORY;
	status = store_status(file_read(&file.base, copy, (int)bytes, 0));
	sqlite3_close(s->db);
	s->db = NULL;
	store_forget_system(s);
	if (status == STATUS_OK)
		status = store_status(sqlite3_open_v2(
		        ":memory:", &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (status != STATUS_OK) {
		sqlite3_free(copy);
		return status;
	}
	status = store_status(
	        sqlite3_deserialize(s->db, "main", copy, (sqlite3_int64)bytes, (sqlite3_int64)bytes,
	                SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE));
	return status == STATUS_OK ? store_start_writing(s) : status;
}

static int look_at(int fd, size_t *ret_bytes)
{
	struct stat info;

	if (fstat(fd, &info) != 0)
		return status_from_errno(errno);
	if (!S_ISREG(info.st_mode) || info.st_size <= 0)
		return STATUS_MALFORMED;
	*ret_bytes = (size_t)info.st_size;
	return STATUS_OK;
}

int store_open_descriptor(struct store **ret_gives, int fd)
{
	struct store *s = calloc(1, sizeof(*s));
	int status = s ? lock_for_reading(fd) : STATUS_NO_MEMORY;
	size_t bytes = 0;

	if (status == STATUS_OK)
		status = look_at(fd, &bytes);
	if (status == STATUS_OK)
		status = open_through(s, fd, false);
	if (status == STATUS_OK)
		status = store_start_reading(s);
	if (status == STATUS_MORE && bytes <= COPY_BYTES_MAX)
		status = read_updated_copy(s, bytes);
	if (status != STATUS_OK)
		return store_not_opened(s, status);
	*ret_gives = s;
	return STATUS_OK;
}

int store_open_temporary(struct store **ret_gives, int fd)
{
	struct store *s = calloc(1, sizeof(*s));
	int status = s ? open_through(s, fd, true) : STATUS_NO_MEMORY;

	if (status == STATUS_OK) {
		s->for_one_run = true;
		status = store_start_writing(s);
	}
	if (status != STATUS_OK)
		return store_not_opened(s, status);
	*ret_gives = s;
	return STATUS_OK;
}

bool store_ran_out(const struct store *s)
{
	return s->ran_out;
}
