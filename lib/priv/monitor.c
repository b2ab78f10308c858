#include <cap-ng.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "priv/calls.h"
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

/* What handing over takes where the inspector's files are another user's. Nothing is added that is
 * not there; started by an ordinary user, nothing is. */
static int keep_few_capabilities(void)
{
	static const unsigned needed[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL};
	bool have[ARRAY_LEN(needed)];

	if (capng_get_caps_process() != 0)
		return STATUS_NO_PERMISSION;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		have[i] = capng_have_capability(CAPNG_EFFECTIVE, needed[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (have[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, needed[i]);
	return capng_apply(CAPNG_SELECT_CAPS) == 0 ? STATUS_OK : STATUS_NO_PERMISSION;
}

/* From here on the monitor only waits and hands over. */
static int restrict_monitor(pid_t child)
{
	int status = keep_few_capabilities();

	if (status == STATUS_OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		status = status_from_errno(errno);
	return status == STATUS_OK ? calls_restrict_monitor(child) : status;
}

static int exit_code_of(int wait_status)
{
	/* A library that ends the process has codes of its own. */
	if (WIFEXITED(wait_status))
		return WEXITSTATUS(wait_status) <= EXIT_MACHINE ? WEXITSTATUS(wait_status)
		                                                : EXIT_MACHINE;
	if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGSYS)
		log_error("the inspecting process made a system call that exeat never makes, as if "
		          "its input had taken it over, and was ended; what it had not finished is "
		          "lost, "
		          "earlier results are unchanged; keep the input and report this");
	/* Whoever read our output has gone: there is nobody to tell. */
	else if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) != SIGPIPE)
		log_error("the inspecting process was ended by signal %d; what it had not finished "
		          "is "
		          "lost, earlier results are unchanged",
		        WTERMSIG(wait_status));
	return EXIT_MACHINE;
}

/* Without its own bounds the monitor must not go on, and the child goes with it. */
static int end(pid_t child, int status)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return status;
}

int priv_run_inspector(enum priv_afterwards afterwards, bool *ret_is_inspector, int *ret_exit)
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
	status = afterwards == PRIV_HANDS_OVER ? restrict_monitor(child) : STATUS_OK;
	status = status == STATUS_OK ? wait_for(child, &wait_status) : end(child, status);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (status == STATUS_OK)
		*ret_exit = exit_code_of(wait_status);
	return status;
}
