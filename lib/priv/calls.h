/* calls: the system calls that a process may make from now on (seccomp(2)); a list of what may be,
 * so that what nobody thought of is refused, too.
 *
 * Three answers to a call that is not on the list:
 * - EPERM. Libraries try some of these on their own and can live without: sockets (libc and libpcap
 *   look names up), other processes' signals, owners and modes of files by their path.
 * - ENOSYS for calls of Linux 5.1 and later (number 424 on, one number on every architecture), also
 *   for clone3, whose flags no filter can see: libc takes this for an older kernel and uses the
 *   call that it knew before.
 * - the end of the process (SIGSYS, no core file) for what neither exeat nor a library of it ever
 *   calls: execve, ptrace, mount, bpf, io_uring_setup and their like, another architecture's calls.
 *   Whoever tries one has taken the process over, and is not left a second try.
 *
 * The lists were found with strace(1) over inspect, capture, report, register and geo, built with
 * gcc and clang, with and without sanitizers, and hold for amd64 and arm64: libseccomp passes over
 * calls that an architecture does not have. A build with a sanitizer (PRIV_SANITIZED) allows what
 * its reports need as well. */
#ifndef EXEAT_PRIV_CALLS_H
#define EXEAT_PRIV_CALLS_H

#include <sys/types.h>

#include "base/compiler.h"

/* What parses: memory, threads, clocks, open descriptors, files (Landlock says which), statistics
 * of an open socket. No memory that can be run, no ioctl that types into the terminal, no signal
 * but to itself. Messages from passed_fd alone, and none with -1; messages to unpacker_fd alone,
 * and with 0 or less none, nor what they carry. */
int calls_restrict_inspector(int passed_fd, int unpacker_fd) WUNRES;
/* What waits for the inspector and then hands its outputs over: files and their owners, and
 * signals to itself and the child. Messages into passing_fd alone, and none with -1. */
int calls_restrict_monitor(pid_t child, int passing_fd) WUNRES;
/* What waits for documents: messages from taking_fd alone, and processes for them; no file, no
 * socket. */
int calls_restrict_unpacker(int taking_fd) WUNRES;
/* What opens one document: memory, and what is open already. No process, no file, no socket, no
 * signal. Holds beside the list of the process that it was forked from. */
int calls_restrict_unpacking(void) WUNRES;

#endif
