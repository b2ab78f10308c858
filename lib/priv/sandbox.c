#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "base/status.h"
#include "priv/calls.h"
#include "priv/drop.h"
#include "priv/landlock.h"
#include "priv/priv.h"

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
	int abi = landlock_abi();
	int status = STATUS_OK;

	/* Landlock opens the paths that it allows, so it comes while we may still open them. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return status_from_errno(errno);
	if (abi > 0)
		status = restrict_files(s, s->read_only_count);
	if (status == STATUS_OK)
		status = drop_user(s->user);
	if (status == STATUS_OK)
		status = drop_capabilities();
	if (status == STATUS_OK)
		status = drop_traces();
	if (status == STATUS_OK)
		status = calls_restrict_inspector(s->passed_fd, s->unpacker_fd);
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
