/* The promise of the README's process picture, tested from inside: a test enters the sandbox in a
 * child process and tries what must not work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/status.h"
#include "priv/landlock.h"
#include "priv/priv.h"

/* Numbers of the checks; the child exits with the first that fails, 0 when all hold. */
enum check {
	CHECK_ENTER = 1,
	CHECK_READ_ALLOWED,
	CHECK_SEAL,
	CHECK_WRITE_OUTPUT,
	CHECK_RENAME_OUTPUT,
	CHECK_OPEN_PASSWD,
	CHECK_OPEN_READ_ONLY_AFTER_SEAL,
	CHECK_CREATE_OUTSIDE,
	CHECK_FORK,
	CHECK_SOCKET_INET,
	CHECK_SOCKET_UNIX,
	CHECK_SOCKET_PACKET,
	CHECK_PRIVILEGES,
	CHECK_CORE,
	CHECK_DUMPABLE,
	CHECK_UID,
	CHECK_MODE,
	CHECK_ATTRIBUTE,
	CHECK_TRUNCATE,
	CHECK_TERMINAL,
	CHECK_SIGNAL,
	CHECK_OWN_SIGNAL,
	CHECK_DEATH_SIGNAL,
};

static void must(int check, bool holds)
{
	if (!holds)
		_exit(check);
}

static bool refused(long result)
{
	return result == -1 && (errno == EPERM || errno == EACCES);
}

static void try_files(const struct priv_sandbox *s, const char *readable)
{
	char outside[256];
	int fd = openat(s->output_fd, "summary.csv", O_CREAT | O_WRONLY | O_TRUNC, 0600);

	must(CHECK_WRITE_OUTPUT, fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
	must(CHECK_RENAME_OUTPUT,
	        renameat(s->output_fd, "summary.csv", s->output_fd, "flags.csv") == 0);
	if (landlock_abi() == 0)
		return;
	must(CHECK_OPEN_PASSWD, refused(open("/etc/passwd", O_RDONLY)));
	must(CHECK_OPEN_READ_ONLY_AFTER_SEAL, refused(open(readable, O_RDONLY)));
	snprintf(outside, sizeof(outside), "/tmp/exeat-outside-%d", (int)getpid());
	must(CHECK_CREATE_OUTSIDE, refused(open(outside, O_CREAT | O_WRONLY, 0600)));
}

static void try_calls(void)
{
	struct rlimit core;

	must(CHECK_FORK, refused(fork()));
	must(CHECK_SOCKET_INET, refused(socket(AF_INET, SOCK_STREAM, 0)));
	must(CHECK_SOCKET_UNIX, refused(socket(AF_UNIX, SOCK_STREAM, 0)));
	must(CHECK_SOCKET_PACKET, refused(socket(AF_PACKET, SOCK_RAW, 0)));
	must(CHECK_PRIVILEGES, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	must(CHECK_CORE, getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	must(CHECK_DUMPABLE, prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
}

/* What Landlock lets through: a file that may be read must not be changed by its path. */
static void try_around_landlock(const char *readable)
{
	char letter = 'x';

	must(CHECK_MODE, refused(chmod(readable, 0777)) &&
	                         refused(fchmodat(AT_FDCWD, readable, 0777, 0)) &&
	                         refused(chown(readable, getuid(), getgid())));
	must(CHECK_ATTRIBUTE, refused(setxattr(readable, "user.exeat", "x", 1, 0)));
	must(CHECK_TRUNCATE, refused(truncate(readable, 0)));
	/* On anything but a terminal the kernel answers ENOTTY; here it is not even asked. It does
	 * not read the upper half of a request. */
	must(CHECK_TERMINAL, refused(ioctl(STDIN_FILENO, TIOCSTI, &letter)) &&
	                             refused(syscall(SYS_ioctl, STDIN_FILENO,
	                                     TIOCSTI | UINT64_C(1) << 32, &letter)));
	must(CHECK_SIGNAL, refused(kill(getppid(), 0)) && refused(kill(getpid(), 0)) &&
	                           refused(syscall(SYS_tgkill, getppid(), getppid(), 0)));
	must(CHECK_OWN_SIGNAL, raise(SIGURG) == 0); /* ignored unless it is caught */
}

static void inside(const struct priv_sandbox *s, const char *readable)
{
	char level[PRIV_LEVEL_CHARS] = "";
	int fd, death_signal = 0;

	must(CHECK_DEATH_SIGNAL, prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	must(CHECK_ENTER, priv_sandbox_enter(s, level) == STATUS_OK && level[0] != '\0');
	fd = open(readable, O_RDONLY);
	must(CHECK_READ_ALLOWED, fd >= 0 && close(fd) == 0);
	must(CHECK_SEAL, priv_sandbox_seal(s) == STATUS_OK);
	try_files(s, readable);
	try_calls();
	try_around_landlock(readable);
	must(CHECK_DEATH_SIGNAL,
	        prctl(PR_GET_PDEATHSIG, &death_signal) == 0 && death_signal == SIGKILL);
	must(CHECK_UID, !s->user->changes || (getuid() == s->user->uid && geteuid() != 0));
	_exit(0);
}

static void make_readable(char *path)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
}

static void the_inspector_cannot_reach_out(void **state)
{
	char folder[] = "/tmp/exeat-output-XXXXXX";
	char readable[] = "/tmp/exeat-readable-XXXXXX";
	struct priv_user user;
	struct priv_sandbox s = {.user = &user,
	        .output_fd = -1,
	        .store_fd = -1,
	        .save_fd = -1,
	        .passed_fd = -1,
	        .unpacker_fd = -1};
	int wait_status = 0;
	pid_t child;

	(void)state;
	assert_non_null(mkdtemp(folder));
	make_readable(readable);
	priv_user_find(&user);
	assert_int_equal(priv_open_output(folder, PRIV_REPORTS, &user, &s.output_fd), STATUS_OK);
	s.read_only[s.read_only_count++] = readable;
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		inside(&s, readable);
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	assert_true(WIFEXITED(wait_status));
	assert_int_equal(WEXITSTATUS(wait_status), 0);
	assert_int_equal(priv_finish_output(s.output_fd, &user), STATUS_OK);
	assert_int_equal(unlinkat(s.output_fd, "flags.csv", 0), 0);
	close(s.output_fd);
	rmdir(folder);
	unlink(readable);
}

static void make_file(int folder_fd, const char *name)
{
	int fd = openat(folder_fd, name, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* The folder and every file in it stay whose they were, whatever the order of the entries. */
static void refuse_folder(const char *folder, struct priv_user *user, int folder_fd)
{
	static const char *const names[] = {".", "a.db", "z.db"};
	struct stat info;
	int fd = -1;

	assert_int_equal(priv_open_output(folder, PRIV_REPORTS, user, &fd), STATUS_USAGE);
	assert_int_equal(fd, -1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(fstatat(folder_fd, names[i], &info, 0), 0);
		assert_int_equal(info.st_uid, 0);
	}
}

static void nobodys_folder_changes_hands(void **state)
{
	char folder[] = "/tmp/exeat-foreign-XXXXXX";
	struct priv_user user = {.changes = true, .uid = 65534, .gid = 65534};
	struct stat info;
	int fd = -1;

	(void)state;
	if (geteuid() != 0) {
		print_message(
		        "SKIP: only root can give files away; runs as priv_sandbox_as_root\n");
		skip();
	}
	assert_non_null(mkdtemp(folder));
	assert_int_equal(priv_open_output(folder, PRIV_REPORTS, &user, &fd), STATUS_OK);
	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(info.st_uid, 65534);
	assert_int_equal(priv_finish_output(fd, &user), STATUS_OK);
	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(info.st_uid, 0);
	close(fd); /* with it goes the lock */
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	make_file(fd, "a.db");
	make_file(fd, "letters.docx");
	make_file(fd, "z.db");
	refuse_folder(folder, &user, fd);
	unlinkat(fd, "letters.docx", 0);
	/* A name of ours for a file that stands elsewhere, too. */
	assert_int_equal(linkat(fd, "a.db", fd, "summary.csv", 0), 0);
	refuse_folder(folder, &user, fd);
	unlinkat(fd, "summary.csv", 0);
	unlinkat(fd, "a.db", 0);
	unlinkat(fd, "z.db", 0);
	close(fd);
	rmdir(folder);
}

/* Reports are passed on, patients' records are not. Whoever runs it. */
static void reports_and_saved_content_stay_apart(void **state)
{
	static const char saved[] = "visit-20261122T111538Z.pcapng";
	static const struct {
		const char *name;
		int as_reports, as_saved, as_reports_of_root;
	} cases[] = {
	        {saved, STATUS_USAGE, STATUS_OK, STATUS_USAGE},
	        {"run.json", STATUS_OK, STATUS_USAGE, STATUS_OK},
	        {"letters.docx", STATUS_OK, STATUS_USAGE, STATUS_USAGE},
	        {".run.json.tmp", STATUS_OK, STATUS_USAGE, STATUS_OK},
	};
	struct priv_user user = {.changes = false};
	struct priv_user root = {.changes = true, .uid = geteuid(), .gid = getegid()};
	char folder[] = "/tmp/exeat-apart-XXXXXX";
	int fd, place;

	(void)state;
	assert_non_null(mkdtemp(folder));
	place = open(folder, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct {
			enum priv_folder kind;
			struct priv_user *user;
			int status;
		} turns[] = {{PRIV_REPORTS, &user, cases[i].as_reports},
		        {PRIV_SAVED, &user, cases[i].as_saved},
		        {PRIV_REPORTS, &root, cases[i].as_reports_of_root},
		        {PRIV_SAVED, &root, cases[i].as_saved}};

		make_file(place, cases[i].name);
		for (size_t t = 0; t < ARRAY_LEN(turns); t++) {
			fd = -1;
			assert_int_equal(
			        priv_open_output(folder, turns[t].kind, turns[t].user, &fd),
			        turns[t].status);
			assert_int_equal(fd >= 0, turns[t].status == STATUS_OK);
			if (fd >= 0)
				close(fd);
		}
		assert_int_equal(unlinkat(place, cases[i].name, 0), 0);
	}
	close(place);
	assert_int_equal(rmdir(folder), 0);
}

static void a_folder_is_one_runs_at_a_time(void **state)
{
	char folder[] = "/tmp/exeat-busy-XXXXXX";
	struct priv_user user = {.changes = false}, reader = {.changes = true};
	int fd = -1, other = -1;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(priv_open_output(folder, PRIV_REPORTS, &user, &fd), STATUS_OK);
	assert_int_equal(priv_open_output(folder, PRIV_REPORTS, &user, &other), STATUS_BUSY);
	assert_int_equal(other, -1);
	assert_int_equal(priv_share_output(folder, &reader, &other), STATUS_OK);
	assert_false(reader.changes);
	close(other);
	close(fd);
	assert_int_equal(priv_open_output(folder, PRIV_REPORTS, &user, &fd), STATUS_OK);
	close(fd);
	rmdir(folder);
}

static void a_link_is_no_folder(void **state)
{
	char name[64];
	struct priv_user user = {.changes = false};
	int fd = -1;

	(void)state;
	snprintf(name, sizeof(name), "/tmp/exeat-link-%d", (int)getpid());
	assert_int_equal(symlink("/etc", name), 0);
	assert_true(priv_open_output(name, PRIV_REPORTS, &user, &fd) < 0);
	assert_int_equal(fd, -1);
	unlink(name);
	assert_true(priv_is_output_name("run.json"));
	assert_true(priv_is_output_name(".flows.jsonl.tmp"));
	assert_true(priv_is_output_name("march.db"));
	assert_false(priv_is_output_name("passwd"));
	assert_false(priv_is_output_name(".db"));
}

/* In the output folder, where a core file would land. */
static void die_inside(const struct priv_sandbox *s, bool by_exec)
{
	char *const arguments[] = {(char *)"true", NULL};
	char level[PRIV_LEVEL_CHARS];

	if (fchdir(s->output_fd) != 0 || priv_sandbox_enter(s, level) != STATUS_OK)
		_exit(CHECK_ENTER);
	if (by_exec)
		execv("/bin/true", arguments);
	else
		abort();
	_exit(CHECK_CORE);
}

static void a_dying_inspector_leaves_no_memory_behind(void **state)
{
	char folder[] = "/tmp/exeat-dying-XXXXXX";
	struct priv_user user;
	struct priv_sandbox s = {.user = &user,
	        .output_fd = -1,
	        .store_fd = -1,
	        .save_fd = -1,
	        .passed_fd = -1,
	        .unpacker_fd = -1};

	(void)state;
	assert_non_null(mkdtemp(folder));
	priv_user_find(&user);
	assert_int_equal(priv_open_output(folder, PRIV_REPORTS, &user, &s.output_fd), STATUS_OK);
	for (int by_exec = 0; by_exec < 2; by_exec++) {
		int wait_status = 0;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			die_inside(&s, by_exec != 0);
		assert_int_equal(waitpid(child, &wait_status, 0), child);
		assert_true(WIFSIGNALED(wait_status));
		assert_int_equal(WTERMSIG(wait_status), by_exec ? SIGSYS : SIGABRT);
		assert_false(WCOREDUMP(wait_status));
	}
	close(s.output_fd);
	assert_int_equal(rmdir(folder), 0); /* it is empty */
}

enum death { DEATH_EXIT, DEATH_SIGNAL, DEATH_FORBIDDEN };

static void die(enum death death)
{
	char level[PRIV_LEVEL_CHARS];
	const struct priv_user user = {.changes = false};
	const struct priv_sandbox s = {.user = &user,
	        .output_fd = -1,
	        .store_fd = -1,
	        .save_fd = -1,
	        .passed_fd = -1,
	        .unpacker_fd = -1};

	if (death == DEATH_EXIT)
		_exit(3);
	if (death == DEATH_FORBIDDEN && priv_sandbox_enter(&s, level) == STATUS_OK)
		_exit(unshare(0));
	raise(SIGKILL);
}

/* In a process of its own, because a monitor that hands over is bound for good. */
static void watch(enum priv_afterwards afterwards, enum death death, int expected)
{
	int wait_status = 0;
	pid_t monitor = fork();

	assert_true(monitor >= 0);
	if (monitor == 0) {
		bool is_inspector = false;
		int code = -1;
		int status = priv_run_inspector(afterwards, &is_inspector, &code);

		if (is_inspector)
			die(death);
		_exit(status == STATUS_OK && (fork() < 0) == (afterwards == PRIV_HANDS_OVER) ? code
		                                                                             : 100);
	}
	assert_int_equal(waitpid(monitor, &wait_status, 0), monitor);
	assert_true(WIFEXITED(wait_status));
	assert_int_equal(WEXITSTATUS(wait_status), expected);
}

static void a_dead_inspector_is_a_failure_of_the_machine(void **state)
{
	(void)state;
	for (enum priv_afterwards i = PRIV_HANDS_OVER; i <= PRIV_GOES_ON; i++) {
		watch(i, DEATH_EXIT, 3);
		watch(i, DEATH_SIGNAL, 6);
		watch(i, DEATH_FORBIDDEN, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_inspector_cannot_reach_out),
	        cmocka_unit_test(nobodys_folder_changes_hands),
	        cmocka_unit_test(reports_and_saved_content_stay_apart),
	        cmocka_unit_test(a_folder_is_one_runs_at_a_time),
	        cmocka_unit_test(a_link_is_no_folder),
	        cmocka_unit_test(a_dying_inspector_leaves_no_memory_behind),
	        cmocka_unit_test(a_dead_inspector_is_a_failure_of_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
