/* The process that opens documents, tested from inside: what a job may not do, how it ends, and
 * that the next one is not the worse for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.h"
#include "priv/calls.h"
#include "priv/priv.h"

/* What a job is told to try; it answers with one byte. */
enum trial {
	TRY_ANSWER,
	TRY_OPEN,
	TRY_OPEN_WRITE,
	TRY_SOCKET,
	TRY_FORK,
	TRY_SIGNAL,
	TRY_EXEC,
	TRY_PTRACE,
	TRY_CHANGE_DOCUMENT,
	TRY_DESCRIPTORS,
	TRY_CORE,
	TRY_MEMORY,
	TRY_CRASH,
	TRY_SPIN,
	TRY_PID, /* answers its process id, and waits to be killed */
	TRY_TIMER,
};

#define REFUSED 'r'
#define DONE    'd'

static char refused(long result)
{
	return result == -1 && (errno == EPERM || errno == EACCES) ? REFUSED : DONE;
}

static char try_descriptors(const struct handover *job)
{
	for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
		if (fd != job->fds[0] && fd != job->fds[1] && write(fd, "", 0) == 0)
			return DONE;
	return REFUSED;
}

static char try_core(void)
{
	struct rlimit core = {1, 1};

	/* Refused, as all of the limits are by now: that they hold the next trials show. */
	return refused(getrlimit(RLIMIT_CORE, &core));
}

static char try_memory(void)
{
	for (unsigned i = 0; i < 64; i++) {
		uint8_t *memory = mmap(NULL, 16u << 20, PROT_READ | PROT_WRITE,
		        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return REFUSED;
	}
	return DONE;
}

/* The clock that ends it cannot be put off, nor what it rings be passed over. */
static char try_timer(void)
{
	const struct itimerval never = {.it_value.tv_sec = 0};
	const struct sigaction pass_over = {.sa_handler = SIG_IGN};
	sigset_t all;

	sigfillset(&all);
	if (refused(setitimer(ITIMER_REAL, &never, NULL)) != REFUSED ||
	        refused(sigaction(SIGALRM, &pass_over, NULL)) != REFUSED)
		return DONE;
	return refused(sigprocmask(SIG_BLOCK, &all, NULL));
}

static char try_pid(int answer_fd)
{
	pid_t own = getpid();

	if (write(answer_fd, &own, sizeof(own)) != sizeof(own))
		return DONE;
	for (;;)
		sched_yield();
}

static char try_it(enum trial trial, const struct handover *job)
{
	volatile unsigned turns = 0;
	static char *const nothing[] = {NULL};

	switch (trial) {
	case TRY_ANSWER:
		return DONE;
	case TRY_OPEN:
		return refused(open("/etc/passwd", O_RDONLY));
	case TRY_OPEN_WRITE:
		return refused(open("/tmp/exeat-job", O_CREAT | O_WRONLY, 0600));
	case TRY_SOCKET:
		return refused(socket(AF_INET, SOCK_STREAM, 0));
	case TRY_FORK:
		return refused(fork());
	case TRY_SIGNAL:
		return refused(kill(getppid(), 0));
	case TRY_EXEC:
		return refused(execve("/bin/true", nothing, nothing));
	case TRY_PTRACE:
		return refused(syscall(SYS_ptrace, 0, 0, 0, 0));
	case TRY_CHANGE_DOCUMENT:
		return refused(write(job->fds[0], "x", 1));
	case TRY_DESCRIPTORS:
		return try_descriptors(job);
	case TRY_CORE:
		return try_core();
	case TRY_MEMORY:
		return try_memory();
	case TRY_CRASH:
		raise(SIGSEGV); /* refused as well: the list names no signals of others */
		_exit(1);
	case TRY_SPIN:
		for (;;)
			turns++;
	case TRY_PID:
		return try_pid(job->fds[1]);
	case TRY_TIMER:
		return try_timer();
	}
	return DONE;
}

static int start(void)
{
	struct priv_user user;
	struct handover job;
	bool is_job;
	int fd = -1;

	priv_user_find(&user);
	assert_int_equal(priv_start_unpacker(&user, &fd, &is_job, &job), STATUS_OK);
	if (is_job) {
		char answer = try_it((enum trial)job.note[0], &job);

		_exit(write(job.fds[1], &answer, 1) == 1 ? 0 : 1);
	}
	return fd;
}

/* The end of the pipe from which the answer is read. */
static int hand_over(int fd, enum trial trial)
{
	struct handover job = {.note = {(uint8_t)trial}};
	int pipe_fds[2];

	job.fds[0] = memfd_create("document", MFD_CLOEXEC);
	assert_true(job.fds[0] >= 0);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	job.fds[1] = pipe_fds[1];
	assert_int_equal(handover_send(fd, &job), STATUS_OK);
	close(job.fds[0]);
	close(job.fds[1]);
	return pipe_fds[0];
}

/* The job's byte; 0 when it ended without one. */
static char answer_to(int fd, enum trial trial)
{
	int answer_fd = hand_over(fd, trial);
	char answer = 0;

	if (read(answer_fd, &answer, 1) != 1)
		answer = 0;
	close(answer_fd);
	return answer;
}

static void a_job_may_compute_and_answer_alone(void **state)
{
	static const enum trial refusals[] = {TRY_OPEN, TRY_OPEN_WRITE, TRY_SOCKET, TRY_FORK,
	        TRY_SIGNAL, TRY_DESCRIPTORS, TRY_CORE, TRY_TIMER};
	int fd = start();

	(void)state;
	assert_int_equal(answer_to(fd, TRY_ANSWER), DONE);
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		assert_int_equal(answer_to(fd, refusals[i]), REFUSED);
	close(fd);
}

static void what_an_intruder_tries_ends_the_job(void **state)
{
	static const enum trial deaths[] = {TRY_EXEC, TRY_PTRACE, TRY_CHANGE_DOCUMENT, TRY_CRASH};
	int fd = start();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(deaths); i++) {
		assert_int_equal(answer_to(fd, deaths[i]), 0);
		assert_int_equal(answer_to(fd, TRY_ANSWER), DONE);
	}
	close(fd);
}

static void memory_and_time_are_limited(void **state)
{
	int fd = start();
	int spinning = hand_over(fd, TRY_SPIN);
	char answer;

	(void)state;
#ifndef __SANITIZE_ADDRESS__
	assert_int_equal(answer_to(fd, TRY_MEMORY), REFUSED);
#endif
	/* One that takes long keeps nobody else from an answer. */
	assert_int_equal(answer_to(fd, TRY_ANSWER), DONE);
	assert_int_equal(read(spinning, &answer, 1), 0);
	close(spinning);
	close(fd);
}

static void a_job_that_is_killed_harms_no_other(void **state)
{
	int fd = start();
	int first = hand_over(fd, TRY_PID);
	char answer;
	pid_t pid;

	(void)state;
	assert_int_equal(read(first, &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(read(first, &answer, 1), 0);
	close(first);
	assert_int_equal(answer_to(fd, TRY_ANSWER), DONE);
	close(fd);
}

static void all_end_with_whoever_hands_over(void **state)
{
	int fd = start();
	int first = hand_over(fd, TRY_PID);
	char answer;
	pid_t pid;

	(void)state;
	assert_int_equal(read(first, &pid, sizeof(pid)), sizeof(pid));
	close(fd);
	assert_int_equal(read(first, &answer, 1), 0); /* long before its time is over */
	close(first);
}

/* Exit code of a process that has the inspector's list: 0 when it could hand a document over. */
static int hand_over_as_inspector(int fd)
{
	if (calls_restrict_inspector(-1, fd) != STATUS_OK)
		return 1;
	if (answer_to(fd, TRY_ANSWER) != DONE)
		return 2;
	return refused(send(fd, "x", 1, 0)) == REFUSED ? 0 : 3;
}

static void the_inspector_may_hand_over(void **state)
{
	int fd = start(), wait_status = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? hand_over_as_inspector(fd) : 4);
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	assert_true(WIFEXITED(wait_status));
	assert_int_equal(WEXITSTATUS(wait_status), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_job_may_compute_and_answer_alone),
	        cmocka_unit_test(what_an_intruder_tries_ends_the_job),
	        cmocka_unit_test(memory_and_time_are_limited),
	        cmocka_unit_test(a_job_that_is_killed_harms_no_other),
	        cmocka_unit_test(all_end_with_whoever_hands_over),
	        cmocka_unit_test(the_inspector_may_hand_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
