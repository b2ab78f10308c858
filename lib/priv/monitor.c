#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "priv/priv.h"

#define EXIT_MACHINE 6 /* design: failure of the machine */

static void watched_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGCHLD);
}

/* Waits for the child; what asks us to stop is passed on, and the child stops in its own way. */
static int wait_for(pid_t child, int *ret_wait_status)
{
	sigset_t set;
	siginfo_t info;

	watched_signals(&set);
	for (;;) {
		pid_t done = waitpid(child, ret_wait_status, WNOHANG);

		if (done == child)
			return STATUS_OK;
		if (done < 0 && errno != EINTR)
			return status_from_errno(errno);
		if (sigwaitinfo(&set, &info) < 0)
			continue;
		/* The terminal has already told the child of a SIGINT of its own. */
		if (info.si_signo == SIGTERM || (info.si_signo == SIGINT && info.si_code <= 0))
			kill(child, SIGTERM);
	}
}

static int exit_code_of(int wait_status)
{
	/* A library that ends the process has codes of its own. */
	if (WIFEXITED(wait_status))
		return WEXITSTATUS(wait_status) <= EXIT_MACHINE ? WEXITSTATUS(wait_status)
		                                                : EXIT_MACHINE;
	/* Whoever read our output has gone: there is nobody to tell. */
	if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) != SIGPIPE)
		log_error("the inspecting process was ended by signal %d; what it had not finished "
		          "is "
		          "lost, earlier results are unchanged",
		        WTERMSIG(wait_status));
	return EXIT_MACHINE;
}

int priv_run_inspector(bool *ret_is_inspector, int *ret_exit)
{
	sigset_t set, before;
	int wait_status = 0;
	int status;
	pid_t child;

	watched_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, &before) != 0)
		return status_from_errno(errno);
	fflush(NULL);
	child = fork();
	if (child < 0)
		return status_from_errno(errno);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_SETMASK, &before, NULL);
		*ret_is_inspector = true;
		return STATUS_OK;
	}
	*ret_is_inspector = false;
	status = wait_for(child, &wait_status);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (status == STATUS_OK)
		*ret_exit = exit_code_of(wait_status);
	return status;
}
