#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.h"
#include "priv/calls.h"
#include "priv/drop.h"
#include "priv/landlock.h"
#include "priv/priv.h"

#define TAKING_FD    3 /* behind the standard streams; nothing else stays open */
#define EXIT_MACHINE 6

/* A stop that the terminal asks of all of us is the inspector's matter: it still needs answers. */
static void ignore_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE};
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		signal(signals[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGALRM, SIG_DFL); /* ends a job; whoever started us may have passed it over */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Leaves the end that takes, and nothing to read from or to write to. */
static int close_all(int taking_fd)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	int last_fd = STDERR_FILENO;
	int status = STATUS_OK;

#ifdef PRIV_SANITIZED
	last_fd = STDOUT_FILENO; /* a report of the sanitizer must be seen */
#endif
	if (nowhere < 0)
		return status_from_errno(errno);
	for (int fd = STDIN_FILENO; fd <= last_fd; fd++)
		if (nowhere != fd && dup2(nowhere, fd) < 0)
			status = status_from_errno(errno);
	if (status == STATUS_OK && taking_fd != TAKING_FD && dup2(taking_fd, TAKING_FD) < 0)
		status = status_from_errno(errno);
	if (status == STATUS_OK && close_range(TAKING_FD + 1, ~0u, 0) != 0)
		status = status_from_errno(errno);
	return status;
}

/* As the inspector's, but no folder is left to it. */
static int enter(const struct priv_user *user, int taking_fd)
{
	int status = close_all(taking_fd);

	if (status == STATUS_OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		status = status_from_errno(errno);
	if (status == STATUS_OK && landlock_abi() > 0)
		status = landlock_restrict(NULL, 0, NULL, 0);
	if (status == STATUS_OK)
		status = drop_user(user);
	if (status == STATUS_OK)
		status = drop_capabilities();
	if (status == STATUS_OK)
		status = drop_traces();
	return status == STATUS_OK ? calls_restrict_unpacker(TAKING_FD) : status;
}

static int limit(int resource, rlim_t soft, rlim_t hard)
{
	const struct rlimit both = {.rlim_cur = soft, .rlim_max = hard};

	return setrlimit((__rlimit_resource_t)resource, &both) == 0 ? STATUS_OK
	                                                            : status_from_errno(errno);
}

/* In the process of one document. */
static int begin_job(void)
{
	const struct itimerval wall = {.it_value.tv_sec = PRIV_JOB_SECONDS};
	int status;

	close(TAKING_FD);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
	        setitimer(ITIMER_REAL, &wall, NULL) != 0)
		return status_from_errno(errno);
	status = limit(RLIMIT_CPU, PRIV_JOB_CPU_SECONDS, PRIV_JOB_CPU_SECONDS + 1);
	if (status == STATUS_OK) /* it may not even change the document */
		status = limit(RLIMIT_FSIZE, 0, 0);
#ifndef PRIV_SANITIZED /* whose shadow of the memory takes terabytes */
	if (status == STATUS_OK)
		status = limit(RLIMIT_AS, PRIV_JOB_MEMORY_BYTES, PRIV_JOB_MEMORY_BYTES);
#endif
	return status == STATUS_OK ? calls_restrict_unpacking() : status;
}

/* Waits for those that have ended; for one that has not when there are too many. */
static unsigned reap(unsigned jobs)
{
	while (jobs > 0) {
		pid_t done = waitpid(-1, NULL, jobs < PRIV_JOBS_MAX ? WNOHANG : 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return 0;
		if (done == 0)
			break;
		jobs--;
	}
	return jobs;
}

static void close_job(const struct handover *job)
{
	for (int i = 0; i < HANDOVER_FILES; i++)
		close(job->fds[i]);
}

/* Returns in the processes of documents alone: whoever handed one over sees the pipe end when it
 * could not be opened. */
static void serve(struct handover *ret_job)
{
	unsigned jobs = 0;

	for (;;) {
		int status = handover_take(TAKING_FD, ret_job);
		pid_t pid;

		if (status == STATUS_MALFORMED)
			continue;
		if (status != STATUS_ITEM)
			_exit(status == STATUS_END ? 0 : EXIT_MACHINE);
		jobs = reap(jobs);
		pid = fork();
		if (pid == 0) {
			if (begin_job() != STATUS_OK)
				_exit(EXIT_MACHINE);
			return;
		}
		jobs += pid > 0;
		close_job(ret_job);
	}
}

static void run(const struct priv_user *user, int taking_fd, pid_t parent, struct handover *ret_job)
{
	prctl(PR_SET_NAME, PRIV_UNPACKER_NAME); /* for whoever looks at processes */
	ignore_signals();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
	        enter(user, taking_fd) != STATUS_OK)
		_exit(EXIT_MACHINE);
	serve(ret_job);
}

int priv_start_unpacker(
        const struct priv_user *user, int *ret_fd, bool *ret_is_job, struct handover *ret_job)
{
	pid_t parent = getpid(), pid;
	int ends[2];
	int status = handover_open(ends);

	*ret_is_job = false;
	if (status != STATUS_OK)
		return status;
	pid = fork();
	if (pid < 0) {
		status = status_from_errno(errno);
		close(ends[0]);
		close(ends[1]);
		return status;
	}
	if (pid == 0) {
		run(user, ends[1], parent, ret_job);
		*ret_is_job = true;
		return STATUS_OK;
	}
	close(ends[1]);
	*ret_fd = fcntl(ends[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	status = *ret_fd < 0 ? status_from_errno(errno) : STATUS_OK;
	close(ends[0]);
	return status;
}
