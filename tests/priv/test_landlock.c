/* What each version of Landlock adds, tested from inside of a process that has only Landlock: in
 * the sandbox the list of system calls would answer first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.h"
#include "priv/landlock.h"

#define NOT_RESTRICTED 100

/* What the parent prepared. */
struct scene {
	char folder[32]; /* may be written */
	char readable[32];
	int folder_fd;
	struct sockaddr_un abstract; /* somebody listens there */
	socklen_t abstract_len;
	int listener;
};

/* The attempts below: 0 when all is forbidden that should be, else the line of the first that is
 * not. */
#define MUST_FAIL(call, expected)                                                                  \
	do {                                                                                       \
		if ((call) != -1 || errno != (expected))                                           \
			return __LINE__;                                                           \
	} while (0)

static int reach_files(const struct scene *s)
{
	char inside[64];
	int fd = openat(s->folder_fd, "flags.csv", O_CREAT | O_RDWR, 0600);

	if (fd < 0 || write(fd, "x", 1) != 1)
		return __LINE__;
	close(fd);
	snprintf(inside, sizeof(inside), "%s/pipe", s->folder);
	MUST_FAIL(open("/etc/passwd", O_RDONLY), EACCES);
	MUST_FAIL(open("/proc/self/maps", O_RDONLY), EACCES);
	MUST_FAIL(open(s->readable, O_WRONLY), EACCES);
	MUST_FAIL(mkfifo(inside, 0600), EACCES);
	MUST_FAIL(symlink("/etc", inside), EACCES);
	MUST_FAIL(link(s->readable, inside), EXDEV); /* from folder to folder */
	MUST_FAIL(execl(s->readable, s->readable, (char *)NULL), EACCES);
	return unlinkat(s->folder_fd, "flags.csv", 0) == 0 ? 0 : __LINE__;
}

static int change_length(const struct scene *s)
{
	int fd = openat(s->folder_fd, "flags.csv", O_CREAT | O_RDWR, 0600);

	if (fd < 0 || ftruncate(fd, 10) != 0) /* its own stay */
		return __LINE__;
	close(fd);
	unlinkat(s->folder_fd, "flags.csv", 0);
	MUST_FAIL(truncate(s->readable, 0), EACCES);
	return 0;
}

static int reach_network(const struct scene *s)
{
	struct sockaddr_in there = {
	        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)s;
	if (fd < 0)
		return __LINE__;
	MUST_FAIL(connect(fd, (struct sockaddr *)&there, sizeof(there)), EACCES);
	there.sin_port = 0;
	MUST_FAIL(bind(fd, (struct sockaddr *)&there, sizeof(there)), EACCES);
	return 0;
}

static int drive_device(const struct scene *s)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int size = 0;

	(void)s;
	if (fd < 0)
		return __LINE__;
	/* The device itself would answer ENOTTY. */
	MUST_FAIL(ioctl(fd, TIOCGWINSZ, &size), EACCES);
	return 0;
}

static int reach_processes(const struct scene *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return __LINE__;
	MUST_FAIL(kill(getppid(), 0), EPERM);
	if (raise(SIGURG) != 0) /* ignored unless it is caught */
		return __LINE__;
	MUST_FAIL(connect(fd, (const struct sockaddr *)&s->abstract, s->abstract_len), EPERM);
	return 0;
}

/* In order of the kernel's versions: 1 to 6. The seventh is about what is logged. */
static const struct {
	int abi;
	const char *what;
	int (*act)(const struct scene *s);
} attempts[] = {
        {1, "files", reach_files},
        {3, "the length of files", change_length},
        {4, "TCP", reach_network},
        {5, "requests to devices", drive_device},
        {6, "other processes", reach_processes},
};

static int try_inside(const struct scene *s, size_t which)
{
	const char *const readable[] = {s->readable, "/dev/zero", "/proc/no such file"};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	        landlock_restrict(&s->folder_fd, 1, readable, 3) != STATUS_OK)
		return NOT_RESTRICTED;
	return attempts[which].act(s);
}

static void set_scene(struct scene *s)
{
	int fd;

	*s = (struct scene){.folder = "/tmp/exeat-landlock-XXXXXX",
	        .readable = "/tmp/exeat-readable-XXXXXX",
	        .abstract = {.sun_family = AF_UNIX}};
	assert_non_null(mkdtemp(s->folder));
	s->folder_fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->folder_fd >= 0);
	fd = mkstemp(s->readable);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0755), 0);
	close(fd);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->abstract_len = sizeof(s->abstract.sun_family);
	/* The kernel chooses an abstract name. */
	assert_int_equal(bind(s->listener, (struct sockaddr *)&s->abstract, s->abstract_len), 0);
	s->abstract_len = sizeof(s->abstract);
	assert_int_equal(
	        getsockname(s->listener, (struct sockaddr *)&s->abstract, &s->abstract_len), 0);
	assert_int_equal(listen(s->listener, 1), 0);
}

static void strike_scene(const struct scene *s)
{
	close(s->listener);
	close(s->folder_fd);
	unlink(s->readable);
	assert_int_equal(rmdir(s->folder), 0);
}

static void each_version_forbids_what_it_knows(void **state)
{
	struct scene scene;
	int abi = landlock_abi();

	(void)state;
	if (abi == 0) {
		print_message("SKIP: this kernel has no Landlock\n");
		skip();
	}
	set_scene(&scene);
	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		int wait_status = 0;
		pid_t child;

		if (abi < attempts[i].abi) {
			print_message("SKIP: %s need Landlock ABI %d, this kernel has %d\n",
			        attempts[i].what, attempts[i].abi, abi);
			continue;
		}
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			int line = try_inside(&scene, i);

			if (line != 0)
				fprintf(stderr, "%s: line %d, errno %d\n", attempts[i].what, line,
				        errno);
			_exit(line != 0);
		}
		assert_int_equal(waitpid(child, &wait_status, 0), child);
		assert_true(WIFEXITED(wait_status));
		assert_int_equal(WEXITSTATUS(wait_status), 0);
	}
	strike_scene(&scene);
}

static void what_an_older_kernel_leaves_is_told(void **state)
{
	(void)state;
	assert_string_equal(landlock_left(7), "");
	assert_string_equal(landlock_left(6), "");
	assert_string_equal(landlock_left(5), "signals and abstract sockets");
	assert_non_null(strstr(landlock_left(4), "devices"));
	assert_null(strstr(landlock_left(4), "TCP"));
	assert_non_null(strstr(landlock_left(3), "TCP"));
	for (int abi = 1; abi < 3; abi++)
		assert_non_null(strstr(landlock_left(abi), "lengths of files"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_version_forbids_what_it_knows),
	        cmocka_unit_test(what_an_older_kernel_leaves_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
