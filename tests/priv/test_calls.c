/* The lists of system calls, tested from inside: a process takes a list on and tries one call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/status.h"
#include "priv/calls.h"

#define ENDS      (-1) /* in place of an errno: the call ends the process */
#define SUCCEEDED 200  /* exit code */
#define NO_LIST   201

/* Calls that Debian 12's headers do not name. */
#define CALL_FCHMODAT2     452
#define CALL_SETXATTRAT    463
#define CALL_REMOVEXATTRAT 466

enum role { INSPECTOR, MONITOR, ROLES };

struct attempt {
	const char *name;
	long call, first, second, third;
	int answer; /* errno, or ENDS */
};

#define CALL(name, answer)                                                                         \
	{                                                                                          \
#name, SYS_##name, 0, 0, 0, answer                                                 \
	}

/* What nobody but an intruder tries. */
static const struct attempt fatal[] = {
        CALL(execve, ENDS),
        CALL(execveat, ENDS),
        CALL(ptrace, ENDS),
        CALL(process_vm_readv, ENDS),
        CALL(process_vm_writev, ENDS),
        CALL(pidfd_getfd, ENDS),
        CALL(kcmp, ENDS),
        CALL(bpf, ENDS),
        CALL(perf_event_open, ENDS),
        CALL(userfaultfd, ENDS),
        CALL(io_uring_setup, ENDS),
        CALL(io_uring_enter, ENDS),
        CALL(keyctl, ENDS),
        CALL(add_key, ENDS),
        CALL(request_key, ENDS),
        CALL(mount, ENDS),
        CALL(umount2, ENDS),
        CALL(move_mount, ENDS),
        CALL(fsopen, ENDS),
        CALL(pivot_root, ENDS),
        CALL(chroot, ENDS),
        CALL(unshare, ENDS),
        CALL(setns, ENDS),
        CALL(open_by_handle_at, ENDS),
        CALL(init_module, ENDS),
        CALL(finit_module, ENDS),
        CALL(delete_module, ENDS),
        CALL(kexec_load, ENDS),
        CALL(kexec_file_load, ENDS),
        CALL(reboot, ENDS),
        CALL(swapon, ENDS),
        CALL(swapoff, ENDS),
        CALL(acct, ENDS),
        CALL(settimeofday, ENDS),
        CALL(clock_settime, ENDS),
};

/* What a library may try, or what would act on others, whichever the process. */
static const struct attempt refused[] = {
        CALL(socket, EPERM),
        CALL(socketpair, EPERM),
        CALL(connect, EPERM),
        CALL(bind, EPERM),
        CALL(listen, EPERM),
        CALL(accept, EPERM),
        CALL(accept4, EPERM),
        CALL(sendto, EPERM),
        CALL(sendmsg, EPERM),
        CALL(sendmmsg, EPERM),
        CALL(recvmsg, EPERM),
        CALL(setsockopt, EPERM),
        CALL(adjtimex, EPERM),
        CALL(clock_adjtime, EPERM),
        CALL(fchmodat, EPERM),
        CALL(setxattr, EPERM),
        CALL(lsetxattr, EPERM),
        CALL(fsetxattr, EPERM),
        CALL(removexattr, EPERM),
        CALL(lremovexattr, EPERM),
        CALL(utimensat, EPERM),
        CALL(truncate, EPERM),
        CALL(mknodat, EPERM),
        CALL(symlinkat, EPERM),
        CALL(linkat, EPERM),
        CALL(tkill, EPERM),
        CALL(rt_sigqueueinfo, EPERM),
        CALL(rt_tgsigqueueinfo, EPERM),
        CALL(setresuid, EPERM),
        CALL(setresgid, EPERM),
        CALL(capset, EPERM),
        CALL(seccomp, EPERM),
        CALL(memfd_create, EPERM),
        CALL(shmget, EPERM),
        CALL(timer_create, EPERM),
        CALL(pkey_mprotect, EPERM),
        CALL(pidfd_send_signal, ENOSYS),
        CALL(pidfd_open, ENOSYS),
        CALL(clone3, ENOSYS),
        {"fchmodat2", CALL_FCHMODAT2, 0, 0, 0, ENOSYS},
        {"setxattrat", CALL_SETXATTRAT, 0, 0, 0, ENOSYS},
        {"removexattrat", CALL_REMOVEXATTRAT, 0, 0, 0, ENOSYS},
        {"a call of later years", 511, 0, 0, 0, ENOSYS},
        {"clone of a process", SYS_clone, SIGCHLD, 0, 0, EPERM},
        {"kill of another", SYS_kill, 1, 0, 0, EPERM},
        {"tgkill of another", SYS_tgkill, 1, 1, 0, EPERM},
        /* On anything but a terminal the kernel answers ENOTTY; here it is not even asked. It does
         * not read the upper half of a request. */
        {"TIOCSTI", SYS_ioctl, 0, TIOCSTI, 0, EPERM},
        {"TIOCSTI, longer", SYS_ioctl, 0, TIOCSTI | INT64_C(1) << 32, 0, EPERM},
        {"TIOCLINUX", SYS_ioctl, 0, TIOCLINUX, 0, EPERM},
        {"FIOASYNC", SYS_ioctl, 0, FIOASYNC, 0, EPERM},
        {"F_SETOWN", SYS_fcntl, 0, F_SETOWN, 1, EPERM},
        {"F_SETSIG", SYS_fcntl, 0, F_SETSIG, SIGKILL, EPERM},
        {"PR_SET_DUMPABLE", SYS_prctl, PR_SET_DUMPABLE, 1, 0, EPERM},
        {"PR_SET_PDEATHSIG", SYS_prctl, PR_SET_PDEATHSIG, 0, 0, EPERM},
        {"memory to run", SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, EPERM},
        {"data to run", SYS_mprotect, 0, 4096, PROT_READ | PROT_EXEC, EPERM},
        {"all memory to run", SYS_personality, READ_IMPLIES_EXEC, 0, 0, EPERM},
#ifdef __x86_64__ /* calls that later architectures do not have */
        CALL(fork, EPERM),
        CALL(vfork, EPERM),
        CALL(chmod, EPERM),
        CALL(chown, EPERM),
        CALL(lchown, EPERM),
        CALL(utime, EPERM),
        CALL(utimes, EPERM),
        CALL(futimesat, EPERM),
        CALL(symlink, EPERM),
        CALL(link, EPERM),
#endif
};

static const struct attempt inspector_only[] = {
        CALL(fchown, EPERM),
        CALL(fchownat, EPERM),
        CALL(wait4, EPERM),
        /* 26 of another level is another option. */
        {"PACKET_ADD_MEMBERSHIP", SYS_setsockopt, -1, SOL_PACKET, PACKET_ADD_MEMBERSHIP, EPERM},
        {"SO_ATTACH_FILTER's number of a packet socket", SYS_setsockopt, -1, SOL_PACKET,
                SO_ATTACH_FILTER, EPERM},
        {"SO_ATTACH_FILTER's number of IP", SYS_setsockopt, -1, IPPROTO_IP, SO_ATTACH_FILTER,
                EPERM},
        {"SO_DETACH_FILTER", SYS_setsockopt, -1, SOL_SOCKET, SO_DETACH_FILTER, EPERM},
        {"SO_ATTACH_FILTER, of no socket", SYS_setsockopt, -1, SOL_SOCKET, SO_ATTACH_FILTER, EBADF},
        {"SO_LOCK_FILTER, of no socket", SYS_setsockopt, -1, SOL_SOCKET, SO_LOCK_FILTER, EBADF},
        {"a thread in namespaces of its own", SYS_clone, CLONE_THREAD | CLONE_NEWNET, 0, 0, EPERM},
        {"another's limits", SYS_prlimit64, 1, RLIMIT_CORE, 0, EPERM},
};

static const struct attempt monitor_only[] = {
        {"a thread", SYS_clone, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, 0, EPERM},
        CALL(renameat2, EPERM),
        CALL(mkdirat, EPERM),
        CALL(fallocate, EPERM),
        CALL(ftruncate, EPERM),
        CALL(recvfrom, EPERM),
        CALL(getsockopt, EPERM),
        CALL(landlock_restrict_self, EPERM),
};

static int restrict_as(enum role role)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return STATUS_NO_PERMISSION;
	return role == INSPECTOR ? calls_restrict_inspector(-1, -1)
	                         : calls_restrict_monitor(getppid(), -1);
}

static void try_call(enum role role, const struct attempt *a)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0 || restrict_as(role) != STATUS_OK)
		_exit(NO_LIST);
	if (syscall(a->call, a->first, a->second, a->third, 0, 0, 0) != -1)
		_exit(SUCCEEDED);
	_exit(errno);
}

static int answer_to(enum role role, const struct attempt *a)
{
	int wait_status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		try_call(role, a);
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	if (WIFSIGNALED(wait_status))
		return WTERMSIG(wait_status) == SIGSYS ? ENDS : 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

static void check_all(enum role role, const struct attempt *attempts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int answer = answer_to(role, &attempts[i]);

		if (answer == attempts[i].answer)
			continue;
		print_message("%s, %s: got %d, expected %d\n",
		        role == INSPECTOR ? "inspector" : "monitor", attempts[i].name, answer,
		        attempts[i].answer);
		fail();
	}
}

static void what_an_intruder_tries_ends_the_process(void **state)
{
	(void)state;
	for (enum role role = INSPECTOR; role < ROLES; role++)
		check_all(role, fatal, ARRAY_LEN(fatal));
}

static void what_reaches_others_is_refused(void **state)
{
	(void)state;
	for (enum role role = INSPECTOR; role < ROLES; role++)
		check_all(role, refused, ARRAY_LEN(refused));
	check_all(INSPECTOR, inspector_only, ARRAY_LEN(inspector_only));
	check_all(MONITOR, monitor_only, ARRAY_LEN(monitor_only));
}

#ifdef __x86_64__
/* The calls of 32-bit processes, and of x32, have other numbers: no way around the list. */
static void call_as_another_architecture(bool x32)
{
	long result = 20; /* getpid, of both */

	if (restrict_as(INSPECTOR) != STATUS_OK)
		_exit(NO_LIST);
	if (x32)
		syscall(0x40000000L | SYS_getpid);
	else
		__asm__ volatile("int $0x80" : "+a"(result) : : "memory");
	_exit(SUCCEEDED);
}
#endif

static void calls_of_other_architectures_end_the_process(void **state)
{
	(void)state;
#ifdef __x86_64__
	for (int x32 = 0; x32 < 2; x32++) {
		int wait_status = 0;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			call_as_another_architecture(x32 != 0);
		assert_int_equal(waitpid(child, &wait_status, 0), child);
		assert_true(WIFSIGNALED(wait_status));
		/* A kernel without 32-bit calls takes the instruction for a fault. */
		assert_true(WTERMSIG(wait_status) == SIGSYS || WTERMSIG(wait_status) == SIGSEGV);
	}
#else
	print_message("SKIP: this architecture has no second table of calls\n");
	skip();
#endif
}

struct meeting {
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	int count;
};

static void *arrive(void *argument)
{
	struct meeting *meeting = argument;

	free(malloc(1 << 20)); /* memory of the thread's own */
	pthread_mutex_lock(&meeting->lock);
	meeting->count++;
	pthread_cond_signal(&meeting->arrived);
	pthread_mutex_unlock(&meeting->lock);
	return NULL;
}

static bool threads_work(void)
{
	struct meeting meeting = {
	        .lock = PTHREAD_MUTEX_INITIALIZER, .arrived = PTHREAD_COND_INITIALIZER};
	pthread_t threads[2];

	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		if (pthread_create(&threads[i], NULL, arrive, &meeting) != 0)
			return false;
	pthread_mutex_lock(&meeting.lock);
	while (meeting.count < 2)
		pthread_cond_wait(&meeting.arrived, &meeting.lock);
	pthread_mutex_unlock(&meeting.lock);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		if (pthread_setname_np(threads[i], "worker") != 0 && errno == EPERM)
			return false;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		if (pthread_join(threads[i], NULL) != 0)
			return false;
	return true;
}

static int work_as_inspector(void)
{
	struct pollfd nothing = {.fd = -1};
	const struct timespec moment = {.tv_nsec = 1000};
	cpu_set_t processors;

	if (restrict_as(INSPECTOR) != STATUS_OK)
		return NO_LIST;
	if (!threads_work())
		return 1;
	if (poll(&nothing, 1, 1) != 0 || clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL) != 0)
		return 2;
	if (sched_getaffinity(0, sizeof(processors), &processors) != 0 || sched_yield() != 0)
		return 3;
	if (raise(SIGURG) != 0) /* ignored unless it is caught */
		return 4;
	if (isatty(STDIN_FILENO) != 1 && errno == EPERM)
		return 5;
	return 0;
}

static int work_as_monitor(pid_t inspector)
{
	int wait_status = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	        calls_restrict_monitor(inspector, -1) != STATUS_OK)
		return NO_LIST;
	if (fork() >= 0 || kill(inspector, SIGTERM) != 0)
		return 1;
	if (waitpid(inspector, &wait_status, 0) != inspector || !WIFSIGNALED(wait_status))
		return 2;
	return fchown(STDIN_FILENO, (uid_t)-1, (gid_t)-1) == 0 || errno != EPERM ? 0 : 3;
}

static void expect_clean_end(pid_t child)
{
	int wait_status = 0;

	assert_int_equal(waitpid(child, &wait_status, 0), child);
	assert_true(WIFEXITED(wait_status));
	assert_int_equal(WEXITSTATUS(wait_status), 0);
}

static void what_each_needs_works(void **state)
{
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		_exit(work_as_inspector());
	expect_clean_end(child);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		pid_t inspector = fork();

		if (inspector == 0)
			pause();
		_exit(work_as_monitor(inspector));
	}
	expect_clean_end(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_an_intruder_tries_ends_the_process),
	        cmocka_unit_test(what_reaches_others_is_refused),
	        cmocka_unit_test(calls_of_other_architectures_end_the_process),
	        cmocka_unit_test(what_each_needs_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
