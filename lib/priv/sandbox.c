#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/status.h"
#include "priv/landlock.h"
#include "priv/priv.h"

/* Calls that Debian 12's headers do not name; newer ones have one number on every architecture. */
#define CALL_FCHMODAT2     452 /* Linux 6.6 */
#define CALL_SETXATTRAT    463 /* Linux 6.13 */
#define CALL_REMOVEXATTRAT 466

/* What the inspector never needs. Everything else stays allowed, because the libraries that parse
 * choose their own calls; what is left cannot reach beyond descriptors and the output folder. */
static const int forbidden[] = {
        SCMP_SYS(execve),
        SCMP_SYS(execveat),
        SCMP_SYS(fork),
        SCMP_SYS(vfork),
        SCMP_SYS(ptrace),
        SCMP_SYS(process_vm_readv),
        SCMP_SYS(process_vm_writev),
        SCMP_SYS(pidfd_getfd),
        SCMP_SYS(pidfd_open),
        SCMP_SYS(kcmp),
        SCMP_SYS(socket),
        SCMP_SYS(socketpair),
        SCMP_SYS(connect),
        SCMP_SYS(bind),
        SCMP_SYS(listen),
        SCMP_SYS(accept),
        SCMP_SYS(accept4),
        SCMP_SYS(sendto),
        SCMP_SYS(sendmsg),
        SCMP_SYS(sendmmsg),
        SCMP_SYS(bpf),
        SCMP_SYS(perf_event_open),
        SCMP_SYS(userfaultfd),
        SCMP_SYS(io_uring_setup),
        SCMP_SYS(keyctl),
        SCMP_SYS(add_key),
        SCMP_SYS(request_key),
        SCMP_SYS(mount),
        SCMP_SYS(umount2),
        SCMP_SYS(pivot_root),
        SCMP_SYS(chroot),
        SCMP_SYS(unshare),
        SCMP_SYS(setns),
        SCMP_SYS(open_by_handle_at),
        SCMP_SYS(init_module),
        SCMP_SYS(finit_module),
        SCMP_SYS(delete_module),
        SCMP_SYS(kexec_load),
        SCMP_SYS(kexec_file_load),
        SCMP_SYS(reboot),
        SCMP_SYS(swapon),
        SCMP_SYS(swapoff),
        SCMP_SYS(acct),
        SCMP_SYS(settimeofday),
        SCMP_SYS(clock_settime),
        SCMP_SYS(adjtimex),
        SCMP_SYS(clock_adjtime),
        /* What Landlock does not see: other people's files by their path, and, before its third
         * ABI, their length. Those of an open descriptor stay. */
        SCMP_SYS(chmod),
        SCMP_SYS(fchmodat),
        CALL_FCHMODAT2,
        SCMP_SYS(chown),
        SCMP_SYS(lchown),
        SCMP_SYS(fchownat),
        SCMP_SYS(setxattr),
        SCMP_SYS(lsetxattr),
        SCMP_SYS(removexattr),
        SCMP_SYS(lremovexattr),
        CALL_SETXATTRAT,
        CALL_REMOVEXATTRAT,
        SCMP_SYS(utime),
        SCMP_SYS(utimes),
        SCMP_SYS(futimesat),
        SCMP_SYS(truncate),
        /* Other processes of the same user. */
        SCMP_SYS(kill),
        SCMP_SYS(tkill),
        SCMP_SYS(rt_sigqueueinfo),
        SCMP_SYS(rt_tgsigqueueinfo),
        SCMP_SYS(pidfd_send_signal),
};

/* Terminal requests that type into the terminal from which exeat was started. */
static const unsigned typing[] = {TIOCSTI, TIOCLINUX};

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

static int forbid_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int error = filter ? 0 : -ENOMEM;

	for (size_t i = 0; error == 0 && i < ARRAY_LEN(forbidden); i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
	/* Threads may start, processes may not. clone3 hides its flags: libc falls back. */
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
		        SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	/* The kernel reads 32 bits of a request, so no more may be compared. */
	for (size_t i = 0; error == 0 && i < ARRAY_LEN(typing); i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
		        SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, typing[i]));
	/* abort() and raise() signal this process itself. */
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1,
		        SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0));
	if (error == 0)
		error = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return error == 0 ? STATUS_OK : status_from_errno(-error);
}

static int restrict_files(const struct priv_sandbox *s, size_t read_count)
{
	const int write_fds[] = {s->output_fd, s->store_fd, s->save_fd};

	return landlock_restrict(write_fds, ARRAY_LEN(write_fds), s->read_only, read_count);
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
		status = forbid_calls();
	if (status != STATUS_OK)
		return status;
	if (abi > 0)
		snprintf(ret_level, PRIV_LEVEL_CHARS, "seccomp, Landlock ABI %d%s", abi,
		        s->user->changes ? ", own user id" : "");
	else
		snprintf(ret_level, PRIV_LEVEL_CHARS, "seccomp%s; this kernel has no Landlock",
		        s->user->changes ? ", own user id" : "");
	return STATUS_OK;
}

int priv_sandbox_seal(const struct priv_sandbox *s)
{
	if (landlock_abi() == 0)
		return STATUS_OK;
	return restrict_files(s, 0);
}
