#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/status.h"
#include "priv/calls.h"
#include "priv/landlock.h"
#include "priv/priv.h"

static int drop_user(const struct priv_user *user)
{
	if (!user->changes)
		return STATUS_OK;
	if (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
	        setresuid(user->uid, user->uid, user->uid) != 0)
		return status_from_errno(errno);
	if (setresuid(0, 0, 0) == 0) /* coming back must fail */
		return STATUS_BUG;
	/* A change of user takes away what the fork had set (prctl(2)): die with the monitor. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return status_from_errno(errno);
	return STATUS_OK;
}

static int drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	/* Without CAP_SETPCAP the bounding set cannot change; it gives nothing without exec. */
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return STATUS_NO_PERMISSION;
	return STATUS_OK;
}

static int restrict_files(const struct priv_sandbox *s, size_t read_count)
{
	const int write_fds[] = {s->output_fd, s->store_fd, s->save_fd};

	return landlock_restrict(write_fds, ARRAY_LEN(write_fds), s->read_only, read_count);
}

static void describe(int abi, bool own_uid, char ret[static PRIV_LEVEL_CHARS])
{
	const char *left = landlock_left(abi);

	if (abi == 0)
		snprintf(ret, PRIV_LEVEL_CHARS, "seccomp%s; this kernel has no Landlock",
		        own_uid ? ", own user id" : "");
	else
		snprintf(ret, PRIV_LEVEL_CHARS, "seccomp, Landlock ABI %d%s%s%s", abi,
		        own_uid ? ", own user id" : "", *left ? "; left to seccomp: " : "", left);
}

int priv_sandbox_enter(const struct priv_sandbox *s, char ret_level[static PRIV_LEVEL_CHARS])
{
	const struct rlimit none = {0, 0};
	int abi = landlock_abi();
	int status = STATUS_OK;

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return status_from_errno(errno);
	/* Landlock opens the paths that it allows, so it comes while we may still open them. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return status_from_errno(errno);
	if (abi > 0)
		status = restrict_files(s, s->read_only_count);
	if (status == STATUS_OK)
		status = drop_user(s->user);
	if (status == STATUS_OK)
		status = drop_capabilities();
	if (status == STATUS_OK && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		status = status_from_errno(errno);
	if (status == STATUS_OK)
		status = calls_restrict_inspector(s->passed_fd);
	if (status != STATUS_OK)
		return status;
	describe(abi, s->user->changes, ret_level);
	return STATUS_OK;
}

int priv_sandbox_seal(const struct priv_sandbox *s)
{
	if (landlock_abi() == 0)
		return STATUS_OK;
	return restrict_files(s, 0);
}
