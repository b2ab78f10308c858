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

void priv_defer_hangup(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* A shell passes the end of its terminal on as anybody sends a signal; only the terminal itself
 * tells the two apart. */
static bool lost_terminal(const struct priv_inspector *i)
{
	for (int fd = 0; fd < (int)ARRAY_LEN(i->terminals); fd++)
		if (i->terminals[fd] && !isatty(fd))
			return true;
	return false;
}

/* Passes on what asks us to stop, and the child stops in its own way. STATUS_ITEM: SIGHUP. */
static int handle_signal(const struct priv_inspector *i, const siginfo_t *info)
{
	if (info->si_signo == SIGHUP && !lost_terminal(i))
		return STATUS_ITEM;
	/* The terminal has already told the child of a SIGINT of its own. */
	if (info->si_signo == SIGTERM || info->si_signo == SIGHUP ||
	        (info->si_signo == SIGINT && info->si_code <= 0))
		kill(i->pid, SIGTERM);
	return STATUS_OK;
}

/* Waits for the child. STATUS_ITEM: SIGHUP came, where that is waited for. */
static int wait_for(const struct priv_inspector *i, bool hangup, int *ret_wait_status)
{
	sigset_t set;
	siginfo_t info;

	watched_signals(&set);
	if (hangup)
		sigaddset(&set, SIGHUP);
	for (;;) {
		pid_t done = waitpid(i->pid, ret_wait_status, WNOHANG);

		if (done == i->pid)
			return STATUS_OK;
		if (done < 0 && errno != EINTR)
			return status_from_errno(errno);
		if (sigwaitinfo(&set, &info) > 0 && handle_signal(i, &info) == STATUS_ITEM)
			return STATUS_ITEM;
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
static int restrict_monitor(pid_t child, int passing_fd)
{
	int status = keep_few_capabilities();

	if (status == STATUS_OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		status = status_from_errno(errno);
	return status == STATUS_OK ? calls_restrict_monitor(child, passing_fd) : status;
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
static int end(const struct priv_inspector *i, int status)
{
	kill(i->pid, SIGKILL);
	waitpid(i->pid, NULL, 0);
	sigprocmask(SIG_SETMASK, &i->before, NULL);
	return status;
}

static int fork_inspector(struct priv_inspector *ret, bool *ret_is_inspector)
{
	sigset_t set;

	for (int fd = 0; fd < (int)ARRAY_LEN(ret->terminals); fd++)
		ret->terminals[fd] = isatty(fd);
	watched_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, &ret->before) != 0)
		return status_from_errno(errno);
	fflush(NULL);
	ret->pid = fork();
	if (ret->pid < 0)
		return status_from_errno(errno);
	*ret_is_inspector = ret->pid == 0;
	if (!*ret_is_inspector)
		return STATUS_OK;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_SETMASK, &ret->before, NULL);
	return STATUS_OK;
}

static int finish(const struct priv_inspector *i, int status, int wait_status, int *ret_exit)
{
	sigprocmask(SIG_SETMASK, &i->before, NULL);
	if (status == STATUS_OK)
		*ret_exit = exit_code_of(wait_status);
	return status;
}

int priv_run_inspector(enum priv_afterwards afterwards, bool *ret_is_inspector, int *ret_exit)
{
	struct priv_inspector child;
	int wait_status = 0;
	int status = fork_inspector(&child, ret_is_inspector);

	if (status != STATUS_OK || *ret_is_inspector)
		return status;
	if (afterwards == PRIV_HANDS_OVER)
		status = restrict_monitor(child.pid, -1);
	if (status != STATUS_OK)
		return end(&child, status);
	status = wait_for(&child, false, &wait_status);
	return finish(&child, status, wait_status, ret_exit);
}

int priv_start_inspector(int passing_fd, struct priv_inspector *ret, bool *ret_is_inspector)
{
	int status = fork_inspector(ret, ret_is_inspector);

	if (status != STATUS_OK || *ret_is_inspector)
		return status;
	status = restrict_monitor(ret->pid, passing_fd);
	return status == STATUS_OK ? STATUS_OK : end(ret, status);
}

int priv_wait_inspector(const struct priv_inspector *i, int *ret_exit)
{
	int wait_status = 0;
	int status = wait_for(i, true, &wait_status);

	return status == STATUS_ITEM ? status : finish(i, status, wait_status, ret_exit);
}
