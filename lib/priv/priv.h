/* priv: who may do what. The monitor opens things; the inspector parses, and may do nothing else.
 *
 * monitor: starts with whatever privilege the user gave; opens inputs, interface, output folder;
 * forks the inspector; waits; hands finished files to whoever started the command. It parses
 * nothing that came from outside. inspector: own uid when started as root (the user behind sudo,
 * else user `exeat`, else 65534), no_new_privs, seccomp, Landlock, no core dumps: no exec, no
 * ptrace, no sockets, no file outside the folders of outputs, of the store and of saved content.
 * unpacker: opens documents for the inspector, each in a process that may only compute and answer.
 * Each has a list of the system calls that it may make (calls.h). README has the picture. */
#ifndef EXEAT_PRIV_PRIV_H
#define EXEAT_PRIV_PRIV_H

#include <stdbool.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/handover.h"

#define PRIV_READ_ONLY_MAX 16
#define PRIV_LEVEL_CHARS   160
/* Rules and a register as CSV and as workbooks are 19. */
#define PRIV_PASSED_FILES      32
#define PRIV_PASSED_NOTE_BYTES 128

/* Who the inspector will be, and to whom finished outputs belong. */
struct priv_user {
	bool changes; /* false: not started as root, nothing to drop */
	uid_t uid;    /* the inspector's */
	gid_t gid;
	uid_t owner_uid; /* of finished outputs */
	gid_t owner_gid;
};

/* Reads SUDO_UID/SUDO_GID and the user database. Never fails: falls back to 65534. */
void priv_user_find(struct priv_user *ret) NONNULL(1);

/* What a folder is for. Reports are passed on, and saved content holds patients' records. */
enum priv_folder {
	PRIV_REPORTS, /* and the store, and country data */
	PRIV_SAVED    /* base/saved_name.h, and nothing else */
};

/* Creates the output folder if needed (its parent must exist) and opens it. STATUS_USAGE when there
 * are files in it that must not be: in one of saved content, anything else; in one of reports,
 * saved content. With `changes` set the folder and our files in it are handed to the inspector's
 * uid, and anything but our files of that kind, or one that has a second name, is refused before
 * anything is handed over: nobody's own folder changes hands. A folder that stood there keeps its
 * owner, which *user then names: each folder needs a priv_user of its own. Symbolic links are
 * refused. STATUS_BUSY: another run has the folder, until it ends (flock(2)). */
int priv_open_output(const char *path, enum priv_folder folder, struct priv_user *user,
        int *ret_fd) WUNRES NONNULL(1, 3, 4);
/* For reading what another run has the folder for: takes nothing over, and hands nothing back. */
int priv_share_output(const char *path, struct priv_user *user, int *ret_fd) WUNRES
        NONNULL(1, 2, 3);
/* Hands the folder and our files in it to the owner. */
int priv_finish_output(int dir_fd, const struct priv_user *user) WUNRES NONNULL(2);
/* True for the names that exeat writes into an output folder (summary.csv, exeat.db, …), or into
 * one of saved content (base/saved_name.h). */
bool priv_is_output_name(const char *name) NONNULL(1);

/* What the sandbox still allows. Descriptors that are open stay usable. */
struct priv_sandbox {
	const struct priv_user *user;
	int store_fd;    /* folder of the store when it is another one; -1: none */
	int save_fd;     /* folder of saved content; -1: none */
	int output_fd;   /* folder, read and write below it; -1: none */
	int passed_fd;   /* priv_take_passed; -1: none */
	int unpacker_fd; /* priv_start_unpacker; 0 or less: none */
	const char *read_only[PRIV_READ_ONLY_MAX]; /* files or folders, opened for reading only */
	size_t read_only_count;
};

/* Stage one, before configuration is read: drops the uid and capabilities, sets no_new_privs,
 * RLIMIT_CORE 0, PR_SET_DUMPABLE 0, Landlock with read_only and the folders, seccomp
 * (calls_restrict_inspector). ret_level gets one line for run.json: what is in force and what this
 * kernel lacks. A negative status means the process must not go on. */
int priv_sandbox_enter(const struct priv_sandbox *s, char ret_level[static PRIV_LEVEL_CHARS]) WUNRES
        NONNULL(1);
/* Stage two, before the first packet is read: a second Landlock layer leaves those folders
 * only. */
int priv_sandbox_seal(const struct priv_sandbox *s) WUNRES NONNULL(1);

/* What the monitor does when the child has ended. */
enum priv_afterwards {
	PRIV_HANDS_OVER, /* ends, after it has given outputs to their owner */
	PRIV_GOES_ON,    /* opens an interface or forks again: stays as it is */
};

/* Forks. In the child: *ret_is_inspector true. In the parent: with PRIV_HANDS_OVER gives up the
 * capabilities and calls that handing over does not take (calls_restrict_monitor), for good; waits
 * for the child, forwards SIGINT and SIGTERM to it, and *ret_exit is its exit code (6 when a signal
 * ended it, with one sentence on stderr). */
int priv_run_inspector(enum priv_afterwards afterwards, bool *ret_is_inspector,
        int *ret_exit) WUNRES NONNULL(2, 3);

/* ---- files that are opened again while the inspector works (SIGHUP) ---- */
/* Files on their way to the inspector, which may open none, by their places. */
struct priv_passed {
	int fds[PRIV_PASSED_FILES];           /* -1: none at this place */
	uint8_t note[PRIV_PASSED_NOTE_BYTES]; /* of the caller, as it is in memory */
};

/* Two ends, for one way: ret_fds[0] is the monitor's, ret_fds[1] the inspector's. */
int priv_passing_open(int ret_fds[static 2]) WUNRES NONNULL(1);
/* Borrows the descriptors. STATUS_BUSY: the inspector has not taken the last ones yet. */
int priv_pass(int passing_fd, const struct priv_passed *p) WUNRES NONNULL(2);
/* STATUS_ITEM: *ret gives its descriptors. 0: nothing came. STATUS_LIMIT: there was no room for
 * them, and they are lost. */
int priv_take_passed(int passed_fd, struct priv_passed *ret) WUNRES NONNULL(2);

/* ---- documents that only a library can open ---- */

/* Of one document. 512 MiB hold what 32 MiB of it may unpack to, and the program; an honest one
 * takes a tenth of a second. */
#define PRIV_JOB_MEMORY_BYTES (512u << 20)
#define PRIV_JOB_CPU_SECONDS  5
/* By the clock, which also runs while an archive waits for its members to be looked into: some
 * hundred letters. Whoever waits for nothing else gives up long before. */
#define PRIV_JOB_SECONDS 120
/* At once: each of eight workers waits for one, in which there may be others, six deep. */
#define PRIV_JOBS_MAX      64
#define PRIV_UNPACKER_NAME "exeat-unpacker"

/* Forks a process that waits for documents and opens each in a process of its own; before the
 * inspector is forked, and before anything is open or in memory that they must not see. In the
 * caller: *ret_is_job false, *ret_fd (above 2) takes handovers (base/handover.h) of two
 * descriptors: the document's bytes and a pipe for the answer. In each process made for a document:
 * *ret_is_job true, *ret_job gives what was handed over; the process has the inspector's user, no
 * other open file, a list of calls that allows memory and writing alone, and the limits above; it
 * answers and ends.
 * They all end with the calling process, or when nobody can hand anything over any more. */
int priv_start_unpacker(const struct priv_user *user, int *ret_fd, bool *ret_is_job,
        struct handover *ret_job) WUNRES NONNULL(1, 2, 3, 4);

/* From here on SIGHUP waits until priv_wait_inspector takes it; in the inspector it stays so. */
void priv_defer_hangup(void);
/* An inspector that was forked; the monitor's. */
struct priv_inspector {
	pid_t pid;
	sigset_t before;   /* signals that were blocked */
	bool terminals[3]; /* which of the standard streams were one */
};
/* As priv_run_inspector with PRIV_HANDS_OVER, but returns at once; the monitor may still open files
 * and pass them on by passing_fd. */
int priv_start_inspector(int passing_fd, struct priv_inspector *ret, bool *ret_is_inspector) WUNRES
        NONNULL(2, 3);
/* STATUS_ITEM: a SIGHUP came; to be called again. 0: the inspector has ended, with *ret_exit. A
 * SIGHUP because the terminal went away is passed on as a SIGTERM. */
int priv_wait_inspector(const struct priv_inspector *i, int *ret_exit) WUNRES NONNULL(1, 2);

#endif
