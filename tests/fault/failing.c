/* failing: preloaded into the program (LD_PRELOAD), makes one of its requests to the machine fail:
 * the nth allocation, or the nth change of a file, or ends the process there. Only the inspector,
 * which is the monitor's child, is disturbed. In the environment:
 *
 *   FAILING_WHAT    alloc: no memory; write: no room on the disk; kill: SIGKILL before the change
 *   FAILING_AT      which one, from 1 on; 0: none, they are only counted
 *   FAILING_ALL     1: all after it as well
 *   FAILING_OBJECT  the part of the file name of who asks for memory: "exeat", "libsqlite3", …;
 *                   "": whoever asks
 *   FAILING_COUNT   a file of 16 bytes: how often was asked, and how often it was refused (uint64)
 *
 * Who asks is whoever called: what the C library asks for on somebody's behalf (fopen, strdup) is
 * its own. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RANGES_MAX 16

enum what { NOTHING, ALLOC, WRITE, KILL };

struct range {
	uintptr_t from, to;
};

static enum what what;
static uint64_t at;
static bool all, any_object, active;
static struct range ranges[RANGES_MAX]; /* code of the object */
static size_t range_count;
static atomic_ullong *counts; /* asked, refused */

static int find_object(struct dl_phdr_info *info, size_t size, void *wanted)
{
	const char *path = *info->dlpi_name ? info->dlpi_name : "/exeat";
	const char *slash = strrchr(path, '/');

	(void)size;
	if (!strstr(slash ? slash : path, wanted))
		return 0;
	for (int i = 0; i < info->dlpi_phnum && range_count < RANGES_MAX; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_LOAD && (part->p_flags & PF_X))
			ranges[range_count++] = (struct range){info->dlpi_addr + part->p_vaddr,
			        info->dlpi_addr + part->p_vaddr + part->p_memsz};
	}
	return 0;
}

static void activate(void)
{
	active = true;
}

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("FAILING_WHAT"), *count = getenv("FAILING_COUNT");
	const char *object = getenv("FAILING_OBJECT"), *text;
	char wanted[64];
	int fd = count ? open(count, O_RDWR | O_CLOEXEC) : -1;

	if (!name || fd < 0)
		return;
	counts = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (counts == MAP_FAILED)
		abort();
	what = strcmp(name, "alloc") == 0 ? ALLOC : strcmp(name, "write") == 0 ? WRITE : KILL;
	text = getenv("FAILING_AT");
	at = text ? strtoull(text, NULL, 10) : 0;
	text = getenv("FAILING_ALL");
	all = text && *text == '1';
	any_object = !object || !*object;
	snprintf(wanted, sizeof(wanted), "%s", object ? object : "");
	if (!any_object)
		dl_iterate_phdr(find_object, wanted);
	pthread_atfork(NULL, NULL, activate);
}

/* Counts one request; true when it is to fail. */
static bool count_one(void)
{
	uint64_t n = atomic_fetch_add(&counts[0], 1) + 1;

	if (at == 0 || (all ? n < at : n != at))
		return false;
	atomic_fetch_add(&counts[1], 1);
	return true;
}

static bool asks(uintptr_t caller)
{
	for (size_t i = 0; i < range_count; i++)
		if (caller >= ranges[i].from && caller < ranges[i].to)
			return true;
	return any_object;
}

static bool no_memory(void *caller)
{
	if (!active || what != ALLOC || !asks((uintptr_t)caller) || !count_one())
		return false;
	errno = ENOMEM;
	return true;
}

/* The functions of the C library that are stood in for here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *at, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *before, size_t size)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(before, size);
}

void *reallocarray(void *before, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || no_memory(__builtin_return_address(0)))
		return NULL;
	return __libc_realloc(before, bytes);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *found = no_memory(__builtin_return_address(0)) ? NULL
	                                                     : __libc_memalign(alignment, size);

	if (!found)
		return ENOMEM;
	*ret = found;
	return 0;
}

/* True: the change must not be made. */
static bool no_room(void)
{
	if (!active || what < WRITE || !count_one())
		return false;
	if (what == KILL) {
		raise(SIGKILL);
		__builtin_trap();
	}
	errno = ENOSPC;
	return true;
}

/* A call of the C library by its name, found once. */
#define REAL(result, name, ...)                                                                    \
	static result (*real)(__VA_ARGS__);                                                        \
	if (!real)                                                                                 \
		*(void **)&real = dlsym(RTLD_NEXT, #name);

/* Standard output and error are no files of ours. */
static bool is_ours(int fd)
{
	return fd > STDERR_FILENO;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
	REAL(ssize_t, write, int, const void *, size_t)
	return is_ours(fd) && no_room() ? -1 : real(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
	REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)
	return no_room() ? -1 : real(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
	REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
	return no_room() ? -1 : real(fd, bytes, count, offset);
}

int ftruncate64(int fd, off64_t length)
{
	REAL(int, ftruncate64, int, off64_t)
	return no_room() ? -1 : real(fd, length);
}

/* What a stream has gathered, all at once. */
int fflush(FILE *stream)
{
	REAL(int, fflush, FILE *)
	return stream && is_ours(fileno(stream)) && no_room() ? EOF : real(stream);
}

static mode_t mode_of(int flags, va_list arguments)
{
	return flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
}

int open64(const char *path, int flags, ...)
{
	REAL(int, open64, const char *, int, ...)
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return flags & O_CREAT && no_room() ? -1 : real(path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...)
{
	REAL(int, openat64, int, const char *, int, ...)
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return flags & O_CREAT && no_room() ? -1 : real(dir, path, flags, mode);
}

int fsync(int fd)
{
	REAL(int, fsync, int)
	return no_room() ? -1 : real(fd);
}

int fdatasync(int fd)
{
	REAL(int, fdatasync, int)
	return no_room() ? -1 : real(fd);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	REAL(int, renameat, int, const char *, int, const char *)
	return no_room() ? -1 : real(from_dir, from, to_dir, to);
}

int unlink(const char *path)
{
	REAL(int, unlink, const char *)
	return what == KILL && no_room() ? -1 : real(path);
}

int unlinkat(int dir, const char *path, int flags)
{
	REAL(int, unlinkat, int, const char *, int)
	return what == KILL && no_room() ? -1 : real(dir, path, flags);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	REAL(int, mkdirat, int, const char *, mode_t)
	return no_room() ? -1 : real(dir, path, mode);
}
