#include "priv/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/status.h"

/* From here on a call has the same number on every architecture (asm-generic/unistd.h); amd64's
 * second table, x32, begins at the other end. */
#define CALL_NEWER_FIRST 424
#define CALL_NEWER_END   512

/* The kernel reads 32 bits of these arguments, so no more may be compared. */
#define INT_IS(argument, value)                                                                    \
	{                                                                                          \
		argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)(value)                    \
	}
#define NONE_OF(argument, bits)                                                                    \
	{                                                                                          \
		argument, SCMP_CMP_MASKED_EQ, (bits), 0                                            \
	}

/* A thread is in the namespaces of its process. */
#define CLONE_NEW_ANY                                                                              \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	        CLONE_NEWPID | CLONE_NEWNET)

/* What every process of exeat needs: memory, open descriptors, files below the folders that
 * Landlock leaves, and itself. */
static const int shared_calls[] = {
        SCMP_SYS(access),
        SCMP_SYS(brk),
        SCMP_SYS(clock_getres),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(close),
        SCMP_SYS(close_range),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(faccessat),
        SCMP_SYS(faccessat2),
        SCMP_SYS(fchmod),
        SCMP_SYS(fstat),
        SCMP_SYS(futex),
        SCMP_SYS(getdents64),
        SCMP_SYS(getegid),
        SCMP_SYS(geteuid),
        SCMP_SYS(getgid),
        SCMP_SYS(getpid),
        SCMP_SYS(getppid),
        SCMP_SYS(getrandom),
        SCMP_SYS(gettid),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(getuid),
        SCMP_SYS(lseek),
        SCMP_SYS(lstat),
        SCMP_SYS(madvise),
        SCMP_SYS(mremap),
        SCMP_SYS(munmap),
        SCMP_SYS(nanosleep),
        SCMP_SYS(newfstatat),
        SCMP_SYS(open),
        SCMP_SYS(openat),
        SCMP_SYS(read),
        SCMP_SYS(readlink),
        SCMP_SYS(readlinkat),
        SCMP_SYS(readv),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigtimedwait),
        SCMP_SYS(sched_yield),
        SCMP_SYS(sigaltstack),
        SCMP_SYS(stat),
        SCMP_SYS(statx),
        SCMP_SYS(time),
        SCMP_SYS(uname),
        SCMP_SYS(unlink),
        SCMP_SYS(unlinkat),
        SCMP_SYS(write),
        SCMP_SYS(writev),
};

/* SQLite's files, threads, the ring of an open capture and its statistics, the second Landlock
 * layer. */
static const int inspector_calls[] = {
        SCMP_SYS(dup),
        SCMP_SYS(dup2),
        SCMP_SYS(dup3),
        SCMP_SYS(fadvise64),
        SCMP_SYS(fallocate),
        SCMP_SYS(fchdir),
        SCMP_SYS(fdatasync),
        SCMP_SYS(fstatfs),
        SCMP_SYS(fsync),
        SCMP_SYS(ftruncate),
        SCMP_SYS(getcpu),
        SCMP_SYS(getcwd),
        SCMP_SYS(getrusage),
        SCMP_SYS(getsockname),
        SCMP_SYS(landlock_add_rule),
        SCMP_SYS(landlock_create_ruleset),
        SCMP_SYS(landlock_restrict_self),
        SCMP_SYS(membarrier),
        SCMP_SYS(mkdirat),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(pread64),
        SCMP_SYS(pwrite64),
        SCMP_SYS(rename),
        SCMP_SYS(renameat),
        SCMP_SYS(renameat2),
        SCMP_SYS(rseq),
        SCMP_SYS(sched_getaffinity),
        SCMP_SYS(set_robust_list),
        SCMP_SYS(statfs),
        SCMP_SYS(sysinfo),
};

/* Of whoever unpacks documents: memory, its answer, its end. Nothing about signals: the clock that
 * ends it must not be passed over. */
static const int unpacking_calls[] = {
        SCMP_SYS(brk),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(close),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(fstat),
        SCMP_SYS(futex),
        SCMP_SYS(getpid),
        SCMP_SYS(getppid),
        SCMP_SYS(getrandom),
        SCMP_SYS(gettid),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(madvise),
        SCMP_SYS(membarrier),
        SCMP_SYS(mremap),
        SCMP_SYS(munmap),
        SCMP_SYS(newfstatat),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(rseq),
        SCMP_SYS(sched_yield),
        SCMP_SYS(set_robust_list),
        SCMP_SYS(sysinfo),
        SCMP_SYS(time),
        SCMP_SYS(write),
        SCMP_SYS(writev),
};

/* Of the one that makes them: waits for them, and limits what they may use. */
static const int unpacker_calls[] = {
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(seccomp),
        SCMP_SYS(setitimer),
        SCMP_SYS(wait4),
};

/* Waits, gives files away, and takes back what a failed run had made. */
static const int monitor_calls[] = {
        SCMP_SYS(fchown),
        SCMP_SYS(fchownat),
        SCMP_SYS(rmdir),
        SCMP_SYS(wait4),
        SCMP_SYS(waitid),
};

#ifdef PRIV_SANITIZED
/* A report of a sanitizer looks at memory through a pipe and asks for its limits; before a process
 * ends itself, AddressSanitizer asks where the stack for signals is. */
static const int sanitizer_calls[] = {
        SCMP_SYS(getrlimit),
        SCMP_SYS(mincore),
        SCMP_SYS(pipe),
        SCMP_SYS(pipe2),
        SCMP_SYS(sigaltstack),
};
#endif

/* Calls that depend on an argument; several lines of a call are alternatives. */
struct permit {
	int call;
	struct scmp_arg_cmp argument;
};

static const struct permit shared_permits[] = {
        {SCMP_SYS(fcntl), INT_IS(1, F_DUPFD_CLOEXEC)}, {SCMP_SYS(fcntl), INT_IS(1, F_GETFD)},
        {SCMP_SYS(fcntl), INT_IS(1, F_SETFD)}, {SCMP_SYS(fcntl), INT_IS(1, F_GETFL)},
        {SCMP_SYS(fcntl), INT_IS(1, F_SETFL)}, {SCMP_SYS(ioctl), INT_IS(1, TCGETS)}, /* isatty(3) */
};

/* Memory, but none that can be run. */
static const struct permit memory_permits[] = {
        {SCMP_SYS(mmap), NONE_OF(2, PROT_EXEC)},
        {SCMP_SYS(mprotect), NONE_OF(2, PROT_EXEC)},
};

static const struct permit inspector_permits[] = {
        /* Threads may start, processes may not. */
        {SCMP_SYS(clone), {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_NEW_ANY, CLONE_THREAD}},
        {SCMP_SYS(fcntl), INT_IS(1, F_GETLK)}, {SCMP_SYS(fcntl), INT_IS(1, F_SETLK)},
        {SCMP_SYS(fcntl), INT_IS(1, F_SETLKW)},
        {SCMP_SYS(ioctl), INT_IS(1, TIOCGWINSZ)},   /* the table's width */
        {SCMP_SYS(ioctl), INT_IS(1, SIOCGIFFLAGS)}, /* libpcap: is the interface down, or gone? */
        {SCMP_SYS(getsockopt), INT_IS(1, SOL_PACKET)},
        {SCMP_SYS(getsockopt), INT_IS(1, SOL_SOCKET)},
        {SCMP_SYS(prctl), INT_IS(0, PR_SET_NAME)}, /* of a thread */
        {SCMP_SYS(prctl), INT_IS(0, PR_GET_NAME)}, {SCMP_SYS(prctl), INT_IS(0, PR_GET_DUMPABLE)},
        {SCMP_SYS(prctl), INT_IS(0, PR_GET_NO_NEW_PRIVS)},
        {SCMP_SYS(prctl), INT_IS(0, PR_GET_PDEATHSIG)},
        {SCMP_SYS(prlimit64), INT_IS(0, 0)}, /* its own: the size of a thread's stack */
};

static const struct permit unpacker_permits[] = {
        /* A process, as fork(2) makes it; no thread. */
        {SCMP_SYS(clone),
                {0, SCMP_CMP_MASKED_EQ, CLONE_VM | CLONE_FILES | CLONE_THREAD | CLONE_NEW_ANY, 0}},
        {SCMP_SYS(prctl), INT_IS(0, PR_SET_NO_NEW_PRIVS)},
        {SCMP_SYS(prctl), INT_IS(0, PR_SET_PDEATHSIG)},
        {SCMP_SYS(prlimit64), INT_IS(0, 0)},
};

/* Of SOL_SOCKET, for the filter of the open capture: the register, which names the networks to
 * leave out, is read here. Then it is locked. */
static const int inspector_options[] = {SO_ATTACH_FILTER, SO_LOCK_FILTER};

static const int fatal_calls[] = {
        SCMP_SYS(execve),
        SCMP_SYS(execveat),
        SCMP_SYS(ptrace),
        SCMP_SYS(process_vm_readv),
        SCMP_SYS(process_vm_writev),
        SCMP_SYS(process_madvise),
        SCMP_SYS(pidfd_getfd),
        SCMP_SYS(kcmp),
        SCMP_SYS(bpf),
        SCMP_SYS(perf_event_open),
        SCMP_SYS(userfaultfd),
        SCMP_SYS(io_uring_setup),
        SCMP_SYS(io_uring_enter),
        SCMP_SYS(io_uring_register),
        SCMP_SYS(keyctl),
        SCMP_SYS(add_key),
        SCMP_SYS(request_key),
        SCMP_SYS(mount),
        SCMP_SYS(umount2),
        SCMP_SYS(move_mount),
        SCMP_SYS(open_tree),
        SCMP_SYS(mount_setattr),
        SCMP_SYS(fsopen),
        SCMP_SYS(fsconfig),
        SCMP_SYS(fsmount),
        SCMP_SYS(fspick),
        SCMP_SYS(pivot_root),
        SCMP_SYS(chroot),
        SCMP_SYS(unshare),
        SCMP_SYS(setns),
        SCMP_SYS(name_to_handle_at),
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
        SCMP_SYS(sethostname),
        SCMP_SYS(setdomainname),
        SCMP_SYS(quotactl),
        SCMP_SYS(iopl),
        SCMP_SYS(ioperm),
        SCMP_SYS(modify_ldt),
};

static int add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < count; i++)
		error = seccomp_rule_add(filter, action, calls[i], 0);
	return error;
}

static int add_permits(scmp_filter_ctx filter, const struct permit *permits, size_t count)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < count; i++)
		error = seccomp_rule_add_array(
		        filter, SCMP_ACT_ALLOW, permits[i].call, 1, &permits[i].argument);
	return error;
}

/* Other levels have other options of the same numbers. */
static int add_socket_options(scmp_filter_ctx filter)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < ARRAY_LEN(inspector_options); i++) {
		const struct scmp_arg_cmp arguments[] = {
		        INT_IS(1, SOL_SOCKET), INT_IS(2, inspector_options[i])};

		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt),
		        ARRAY_LEN(arguments), arguments);
	}
	return error;
}

/* Of messages, which other sockets have too: the capture's could send packets. -1: of none. */
static int add_messages(scmp_filter_ctx filter, int call, int fd)
{
	const struct scmp_arg_cmp argument = INT_IS(0, fd);

	if (fd < 0)
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &argument);
}

static bool is_listed(int call, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (calls[i] == call)
			return true;
	return false;
}

/* What is newer than any list here does not exist. */
static int add_newer(scmp_filter_ctx filter)
{
	int error = 0;

	for (int call = CALL_NEWER_FIRST; error == 0 && call < CALL_NEWER_END; call++) {
		if (is_listed(call, shared_calls, ARRAY_LEN(shared_calls)) ||
		        is_listed(call, inspector_calls, ARRAY_LEN(inspector_calls)) ||
		        is_listed(call, fatal_calls, ARRAY_LEN(fatal_calls)))
			continue;
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
	}
	return error;
}

/* abort() and raise() signal this process itself. */
static int add_own_signals(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	        SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)getpid()));
}

static int add_shared(scmp_filter_ctx filter)
{
	int error = add_calls(filter, SCMP_ACT_ALLOW, shared_calls, ARRAY_LEN(shared_calls));

	if (error == 0)
		error = add_permits(filter, shared_permits, ARRAY_LEN(shared_permits));
	return error == 0 ? add_own_signals(filter) : error;
}

/* What every list has: no memory that can be run, and what ends the process. */
static int add_common(scmp_filter_ctx filter)
{
	int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (error == 0)
		error = add_permits(filter, memory_permits, ARRAY_LEN(memory_permits));
#ifdef PRIV_SANITIZED
	if (error == 0)
		error = add_calls(
		        filter, SCMP_ACT_ALLOW, sanitizer_calls, ARRAY_LEN(sanitizer_calls));
#endif
	if (error == 0)
		error = add_calls(
		        filter, SCMP_ACT_KILL_PROCESS, fatal_calls, ARRAY_LEN(fatal_calls));
	/* clone3 is among the newer calls. */
	return error == 0 ? add_newer(filter) : error;
}

static int start(scmp_filter_ctx *ret)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error;

	if (!filter)
		return -ENOMEM;
	error = add_common(filter);
	if (error == 0)
		*ret = filter;
	else
		seccomp_release(filter);
	return error;
}

/* Takes the filter. */
static int finish(scmp_filter_ctx filter, int error)
{
	if (error == 0)
		error = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return error == 0 ? STATUS_OK : status_from_errno(-error);
}

/* For documents that another process opens: their bytes in memory of their own, and its answer. */
static int add_documents(scmp_filter_ctx filter, int unpacker_fd)
{
	static const struct permit seals = {SCMP_SYS(fcntl), INT_IS(1, F_ADD_SEALS)};
	int error;

	if (unpacker_fd <= 0)
		return 0;
	error = add_messages(filter, SCMP_SYS(sendmsg), unpacker_fd);
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(memfd_create), 0);
#ifndef PRIV_SANITIZED
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(pipe2), 0);
#endif
	return error == 0 ? add_permits(filter, &seals, 1) : error;
}

int calls_restrict_inspector(int passed_fd, int unpacker_fd)
{
	scmp_filter_ctx filter = NULL;
	int error = start(&filter);

	if (error == 0)
		error = add_shared(filter);
	if (error == 0)
		error = add_calls(
		        filter, SCMP_ACT_ALLOW, inspector_calls, ARRAY_LEN(inspector_calls));
	if (error == 0)
		error = add_permits(filter, inspector_permits, ARRAY_LEN(inspector_permits));
	if (error == 0)
		error = add_socket_options(filter);
	if (error == 0)
		error = add_messages(filter, SCMP_SYS(recvmsg), passed_fd);
	if (error == 0)
		error = add_documents(filter, unpacker_fd);
	return finish(filter, error);
}

int calls_restrict_monitor(pid_t child, int passing_fd)
{
	scmp_filter_ctx filter = NULL;
	int error = start(&filter);

	if (error == 0)
		error = add_shared(filter);
	if (error == 0)
		error = add_calls(filter, SCMP_ACT_ALLOW, monitor_calls, ARRAY_LEN(monitor_calls));
	if (error == 0)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1,
		        SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)child));
	if (error == 0)
		error = add_messages(filter, SCMP_SYS(sendmsg), passing_fd);
	return finish(filter, error);
}

int calls_restrict_unpacker(int taking_fd)
{
	scmp_filter_ctx filter = NULL;
	int error = start(&filter);

	if (error == 0)
		error = add_calls(
		        filter, SCMP_ACT_ALLOW, unpacking_calls, ARRAY_LEN(unpacking_calls));
	if (error == 0)
		error = add_calls(
		        filter, SCMP_ACT_ALLOW, unpacker_calls, ARRAY_LEN(unpacker_calls));
	if (error == 0)
		error = add_permits(filter, unpacker_permits, ARRAY_LEN(unpacker_permits));
	if (error == 0)
		error = add_messages(filter, SCMP_SYS(recvmsg), taking_fd);
	return finish(filter, error);
}

int calls_restrict_unpacking(void)
{
	scmp_filter_ctx filter = NULL;
	int error = start(&filter);

	if (error == 0)
		error = add_calls(
		        filter, SCMP_ACT_ALLOW, unpacking_calls, ARRAY_LEN(unpacking_calls));
	return finish(filter, error);
}
