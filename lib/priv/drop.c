#include "priv/drop.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/status.h"

int drop_user(const struct priv_user *user)
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

int drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	/* Without CAP_SETPCAP the bounding set cannot change; it gives nothing without exec. */
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return STATUS_NO_PERMISSION;
	return STATUS_OK;
}

int drop_traces(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return status_from_errno(errno);
	return STATUS_OK;
}
