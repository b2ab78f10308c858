/* coverage: counts what every process of a coverage build runs through, also those in a sandbox and
 * those that a signal ends. Linked into every program of that build by tests/coverage.sh, and into
 * nothing else.
 *
 * gcov opens a file for each source when a process ends; the inspector may open none. So the memory
 * that holds the counters is shared with a scribe, forked before the program begins, which waits
 * until the program and its forks have ended, and then writes in their stead. With the counters the
 * program's other writable variables are shared between its forks: exeat has two, and neither is
 * written on both sides. */
#include <fcntl.h>
#include <gcov.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_FD 200 /* out of the way of what the program opens */

/* Set by the linker around what the program may write. */
extern char __data_start, _end;

void __wrap___gcov_exit(void);
/* Instead of gcov's own, which would open the files. */
void __wrap___gcov_exit(void)
{
}

static void share_counters(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	/* What is read-only once the program is linked ends with the page before. */
	char *from = (char *)((size_t)&__data_start / page * page);
	char *to = (char *)(((size_t)&_end + page - 1) / page * page);
	size_t len = (size_t)(to - from);
	char *copy = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		_exit(99);
	memcpy(copy, from, len);
	if (mremap(copy, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, from) != from)
		_exit(99);
}

/* Holds the lock, for which tests/coverage.sh waits, until it has written. */
static void be_scribe(int pipe_fd)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	char nothing;
	int fd;

	setsid();
	dup2(pipe_fd, 0);
	close_range(1, ~0u, 0);
	fd = open(COVERAGE_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	flock(fd, LOCK_SH);
	while (read(0, &nothing, 1) > 0)
		;
	/* Under a test's limit a file would be left half written. */
	if (setrlimit(RLIMIT_FSIZE, &all) == 0)
		__gcov_dump();
	_exit(0);
}

__attribute__((constructor)) static void begin(void)
{
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return;
	share_counters();
	child = fork();
	if (child == 0) {
		/* A child of nobody: tests look at those of the program. */
		if (fork() == 0) {
			close(fds[1]);
			be_scribe(fds[0]);
		}
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
	close(fds[0]);
	fcntl(fds[1], F_DUPFD_CLOEXEC, PIPE_FD);
	close(fds[1]);
}
