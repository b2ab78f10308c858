/* Files on their way from the monitor to the inspector, and SIGHUP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.h"
#include "priv/calls.h"
#include "priv/priv.h"

static void fill(struct priv_passed *p, const char *note)
{
	*p = (struct priv_passed){.note = {0}};
	for (size_t i = 0; i < PRIV_PASSED_FILES; i++)
		p->fds[i] = -1;
	memcpy(p->note, note, strlen(note));
}

static bool same_file(int a, int b)
{
	struct stat first, second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

static void files_arrive_at_their_places(void **state)
{
	struct priv_passed sent, taken;
	int ends[2];

	(void)state;
	assert_int_equal(priv_passing_open(ends), STATUS_OK);
	assert_int_equal(priv_take_passed(ends[1], &taken), STATUS_OK);
	for (int round = 0; round < 3; round++) {
		fill(&sent, "a note");
		sent.fds[0] = round == 1 ? -1 : STDIN_FILENO;
		sent.fds[PRIV_PASSED_FILES - 1] = round == 1 ? -1 : ends[0];
		assert_int_equal(priv_pass(ends[0], &sent), STATUS_OK);
		assert_int_equal(priv_take_passed(ends[1], &taken), STATUS_ITEM);
		assert_memory_equal(taken.note, sent.note, sizeof(sent.note));
		for (size_t i = 0; i < PRIV_PASSED_FILES; i++) {
			assert_int_equal(taken.fds[i] >= 0, sent.fds[i] >= 0);
			if (taken.fds[i] < 0)
				continue;
			assert_true(same_file(taken.fds[i], sent.fds[i]));
			assert_int_equal(fcntl(taken.fds[i], F_GETFD), FD_CLOEXEC);
			close(taken.fds[i]);
		}
	}
	assert_int_equal(priv_take_passed(ends[1], &taken), STATUS_OK);
	close(ends[0]);
	close(ends[1]);
}

static void the_way_is_one_way_and_bounded(void **state)
{
	struct priv_passed sent, taken;
	unsigned waiting = 0;
	int ends[2], status;

	(void)state;
	assert_int_equal(priv_passing_open(ends), STATUS_OK);
	fill(&sent, "");
	assert_true(priv_pass(ends[1], &sent) < 0);
	while ((status = priv_pass(ends[0], &sent)) == STATUS_OK && waiting < 100000)
		waiting++;
	assert_int_equal(status, STATUS_BUSY);
	for (; waiting > 0; waiting--)
		assert_int_equal(priv_take_passed(ends[1], &taken), STATUS_ITEM);
	assert_int_equal(priv_take_passed(ends[1], &taken), STATUS_OK);
	close(ends[0]);
	close(ends[1]);
}

/* In a process of its own, which has room for one descriptor of two. */
static int take_without_room(int passed_fd)
{
	struct rlimit limit = {0};
	struct priv_passed taken;
	int next = dup(passed_fd);

	close(next);
	limit.rlim_cur = limit.rlim_max = (rlim_t)next + 1;
	if (next < 0 || setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1;
	if (priv_take_passed(passed_fd, &taken) != STATUS_LIMIT)
		return 2;
	return dup(passed_fd) == next ? 0 : 3; /* the one that came is closed */
}

static void expect_clean_end(pid_t child)
{
	int wait_status = 0;

	assert_int_equal(waitpid(child, &wait_status, 0), child);
	assert_true(WIFEXITED(wait_status));
	assert_int_equal(WEXITSTATUS(wait_status), 0);
}

static void what_finds_no_room_is_named(void **state)
{
	struct priv_passed sent;
	int ends[2];
	pid_t child;

	(void)state;
	assert_int_equal(priv_passing_open(ends), STATUS_OK);
	fill(&sent, "");
	sent.fds[0] = sent.fds[1] = STDIN_FILENO;
	assert_int_equal(priv_pass(ends[0], &sent), STATUS_OK);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(take_without_room(ends[1]));
	expect_clean_end(child);
	close(ends[0]);
	close(ends[1]);
}

/* Each in its bounds: messages go this way, by this pair and no other. */
static int pass_in_bounds(const int ends[2], const int others[2], bool takes)
{
	struct priv_passed p;
	const struct rlimit none = {0, 0};
	int status;

	fill(&p, "bound");
	p.fds[3] = takes ? -1 : ends[0];
	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return 1;
	status = takes ? calls_restrict_inspector(ends[1], -1)
	               : calls_restrict_monitor(getppid(), ends[0]);
	if (status != STATUS_OK)
		return 2;
	if (takes && priv_take_passed(others[1], &p) != STATUS_NO_PERMISSION)
		return 3;
	if (!takes && priv_pass(others[0], &p) != STATUS_NO_PERMISSION)
		return 4;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p.fds) == 0)
		return 5;
	if (takes)
		return priv_take_passed(ends[1], &p) == STATUS_ITEM && p.fds[3] >= 0 ? 0 : 6;
	return priv_pass(ends[0], &p) == STATUS_OK ? 0 : 7;
}

static void each_may_do_its_part_of_it_alone(void **state)
{
	int ends[2], others[2];

	(void)state;
	assert_int_equal(priv_passing_open(ends), STATUS_OK);
	assert_int_equal(priv_passing_open(others), STATUS_OK);
	for (int takes = 0; takes < 2; takes++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit(pass_in_bounds(ends, others, takes));
		expect_clean_end(child);
	}
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(others[i]);
	}
}

/* Started without a standard input, a process has the way at number 0. */
static int take_at_zero(int passed_fd)
{
	struct priv_passed taken;

	if (dup2(passed_fd, STDIN_FILENO) != STDIN_FILENO || close(passed_fd) != 0 ||
	        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	        calls_restrict_inspector(STDIN_FILENO, -1) != STATUS_OK)
		return 1;
	return priv_take_passed(STDIN_FILENO, &taken) == STATUS_ITEM ? 0 : 2;
}

static void the_way_may_have_number_zero(void **state)
{
	struct priv_passed sent;
	int ends[2];
	pid_t child;

	(void)state;
	assert_int_equal(priv_passing_open(ends), STATUS_OK);
	fill(&sent, "zero");
	assert_int_equal(priv_pass(ends[0], &sent), STATUS_OK);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(take_at_zero(ends[1]));
	expect_clean_end(child);
	close(ends[0]);
	close(ends[1]);
}

/* The inspector asks its monitor twice, and ends when both questions were answered. */
static int ask_twice(int passed_fd)
{
	struct priv_passed taken;

	for (int i = 0; i < 2; i++) {
		kill(getppid(), SIGHUP);
		raise(SIGHUP); /* deferred here for good */
		for (int tries = 0; priv_take_passed(passed_fd, &taken) != STATUS_ITEM; tries++) {
			if (tries == 1000)
				return 1;
			usleep(10000);
		}
	}
	return 5;
}

static int watch_hangups(void)
{
	struct priv_inspector inspector;
	struct priv_passed p;
	bool is_inspector = false;
	int ends[2], status, code = -1, count = 0;

	priv_defer_hangup();
	if (priv_passing_open(ends) != STATUS_OK ||
	        priv_start_inspector(ends[0], &inspector, &is_inspector) != STATUS_OK)
		return 1;
	if (is_inspector)
		_exit(ask_twice(ends[1]));
	fill(&p, "");
	while ((status = priv_wait_inspector(&inspector, &code)) == STATUS_ITEM) {
		count++;
		if (fork() >= 0 || priv_pass(ends[0], &p) != STATUS_OK)
			return 2;
	}
	return status == STATUS_OK && code == 5 && count == 2 ? 0 : 3;
}

static void a_hangup_comes_back_to_the_monitor(void **state)
{
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		_exit(watch_hangups());
	expect_clean_end(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(files_arrive_at_their_places),
	        cmocka_unit_test(the_way_is_one_way_and_bounded),
	        cmocka_unit_test(what_finds_no_room_is_named),
	        cmocka_unit_test(each_may_do_its_part_of_it_alone),
	        cmocka_unit_test(the_way_may_have_number_zero),
	        cmocka_unit_test(a_hangup_comes_back_to_the_monitor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
