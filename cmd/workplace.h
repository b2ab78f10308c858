/* workplace: what a run works with: rules, register, country data, store, output folder.
 *
 * Two halves, one for each process. The monitor opens descriptors and parses nothing
 * (workplace_open); the inspector, in its sandbox, reads them (workplace_load). */
#ifndef EXEAT_CMD_WORKPLACE_H
#define EXEAT_CMD_WORKPLACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/saved_name.h"
#include "classify/location.h"
#include "classify/overrides.h"
#include "classify/service.h"
#include "cmd/cmd.h"
#include "detect/detect.h"
#include "priv/priv.h"
#include "registry/registry.h"
#include "store/store.h"
#include "verdict/verdict.h"

#define WORKPLACE_PATH_CHARS    512
#define WORKPLACE_ZONE_CHARS    64
#define WORKPLACE_RULES_VERSION 13 /* 12 hex digits and the closing zero */

/* Values of getopt_long for the options that several subcommands have; their own begin at
 * OPTION_OWN. */
enum workplace_option {
	OPTION_REGISTER = 256,
	OPTION_OUT,
	OPTION_STORE,
	OPTION_RULES,
	OPTION_GEO,
	OPTION_AUTHORISED,
	OPTION_WORKERS,
	OPTION_NO_CONTENT,
	OPTION_HELP,
	OPTION_OWN
};

/* The rows of a subcommand's table of long options that all of them have. */
#define WORKPLACE_LONG_OPTIONS                                                                     \
	{"register", required_argument, NULL, OPTION_REGISTER},                                    \
	        {"out", required_argument, NULL, OPTION_OUT},                                      \
	        {"store", required_argument, NULL, OPTION_STORE},                                  \
	        {"rules", required_argument, NULL, OPTION_RULES},                                  \
	{                                                                                          \
		"help", no_argument, NULL, OPTION_HELP                                             \
	}

/* From the command line; NULL: not given. */
struct workplace_options {
	const char *register_dir;
	const char *rules_dir;
	const char *geo_dir;
	const char *out_dir;
	const char *store_path;
	const char *save_path; /* folder and stem of the files of saved content */
	bool store_read_only;
	bool register_on_day;  /* name also what of the register has ended today */
	bool store_must_exist; /* an absent store is a wrong command line, not an empty one */
	bool fills_store;      /* what is not kept goes into a temporary file */
};

#define WORKPLACE_OVERRIDES       "overrides.csv"
#define WORKPLACE_RULES_BYTES_MAX (4u << 20) /* of one file of rules; ours have 200 KB */

struct workplace {
	/* opened by the monitor; -1: not there */
	struct priv_user user;       /* owner: of the output folder */
	struct priv_user store_user; /* owner: of the store's folder, which may be another's */
	int register_fds[REGISTRY_FILES];
	bool register_open[REGISTRY_FILES];   /* in a spreadsheet */
	int workbook_fds[REGISTRY_WORKBOOKS]; /* of the register, as registry_folder has them */
	unsigned register_others[REGISTRY_WORKBOOKS]; /* the same */
	bool has_register;
	int32_t register_day; /* REGISTRY_NO_DAY, or the day on which it is checked */
	int identifiers_fd, terms_fd, flags_fd, services_fd, prescribed_fd;
	int overrides_fd, own_overrides_fd; /* of the country data, of the register */
	int geo_fds[LOCATION_FILES_MAX];
	char geo_names[LOCATION_FILES_MAX][64]; /* of the files in their folder, for complaints */
	size_t geo_count;
	int out_fd, store_fd;
	int save_fd; /* folder of saved content; -1: nothing is saved */
	struct priv_user save_user;
	char save_stem[SAVED_STEM_CHARS_MAX + 1]; /* of its files */
	int store_file_fd;    /* a store that is only read, wherever it lies; then store_fd is -1 */
	char store_name[128]; /* in store_fd; "" for a store that is not kept */
	int temporary_fd;     /* its file, without a name; -1: it stays in memory */
	const char *temporary_folder; /* where that file was made; borrowed, for good */
	bool store_read_only;
	const struct detect_rules *before; /* whose key is taken; NULL: the store's */
	bool follows;  /* read while an earlier one is in force, which then stays so */
	bool inspects; /* content will be searched: what only reports needs no patterns */
	/* the monitor's and the inspector's end of the way by which files follow; -1 */
	int pass_fds[2];
	/* of both: how often the monitor could not pass files on; NULL: none follow */
	atomic_uint *not_passed;
	int unpacker_fd; /* priv_start_unpacker; -1: documents are not opened */
	struct priv_sandbox sandbox;
	char geo_paths[LOCATION_FILES_MAX][32]; /* /proc/self/fd/N */

	/* loaded by the inspector */
	char level[PRIV_LEVEL_CHARS];
	struct buf register_bytes[REGISTRY_FILES];
	enum registry_form register_forms[REGISTRY_FILES]; /* of the bytes that the store kept */
	struct buf workbook_bytes[REGISTRY_WORKBOOKS];
	struct registry *registry;   /* NULL without a register */
	struct detect_rules *detect; /* NULL: nothing is inspected */
	struct flag_rules *flags;
	struct location_db *location;
	struct overrides *overrides;     /* of the country data; NULL: there are none */
	struct overrides *own_overrides; /* the register's, given or remembered; the same */
	struct buf own_overrides_bytes;
	struct services *services; /* NULL: there are none */
	struct store *store;
	struct store_forgotten forgotten; /* what this run deleted by age */
	char timezone[WORKPLACE_ZONE_CHARS];
	char rules_version[WORKPLACE_RULES_VERSION];
	char patterns[DIGEST_HEX_CHARS]; /* of the files that patterns are made of */
};

/* Takes one of the options above into the struct; false when it is none of them. */
bool workplace_take_option(int option, const char *value, struct workplace_options *o) NONNULL(3);
/* Opens what the options name. EXIT_CLEAN, or the exit code after a sentence on standard error. */
enum exit_code workplace_open(struct workplace *w, const struct workplace_options *options) WUNRES
        NONNULL(1, 2);
/* Nothing is open, nothing loaded. */
void workplace_clear(struct workplace *w) NONNULL(1);
/* Of workplace_open, these alone; also while a capture goes on. */
enum exit_code workplace_open_rules(
        struct workplace *w, const struct workplace_options *options) WUNRES NONNULL(1, 2);
enum exit_code workplace_open_register(
        struct workplace *w, const struct workplace_options *options) WUNRES NONNULL(1, 2);
/* In the inspector: enters the sandbox, reads rules, register (from the store when none was given
 * and the store has one) and databases, opens the store, seals. */
enum exit_code workplace_load(struct workplace *w) WUNRES NONNULL(1);
/* In a process of its own that ends when it has answered (workplace_fork_asker): enters the sandbox
 * and reads the register alone. Makes nothing, and changes nothing. */
enum exit_code workplace_load_register(struct workplace *w) WUNRES NONNULL(1);
/* Opens one file of the register's folder. *ret_fd stays as it is when there is no such file;
 * EXIT_REGISTER with a message when it is a folder, a pipe or a link to nothing. */
enum exit_code workplace_open_table(int folder, const char *name, int *ret_fd) WUNRES NONNULL(2, 3);
/* STATUS_OK, or why nothing can be made in a folder that was just opened. */
int workplace_check_writable(int folder_fd, const struct priv_user *user) WUNRES NONNULL(2);
/* workplace_save.c: in the monitor, the folder of saved content. */
enum exit_code workplace_open_save_folder(
        struct workplace *w, const struct workplace_options *options) WUNRES NONNULL(1, 2);
/* workplace_unpacker.c: in the monitor, before it opens an interface or forks, where content is
 * looked into: who opens documents. Without one there is a warning, and they are counted as not
 * read. Does not return in the processes that it is for. */
void workplace_start_unpacker(struct workplace *w) NONNULL(1);
/* workplace_temporary.c: in the monitor, the file of a store that is not kept. Without one there is
 * a warning, and the store stays in memory. */
void workplace_open_temporary(struct workplace *w, const struct workplace_options *options)
        NONNULL(1, 2);
/* workplace_destinations.c: the practice's own overrides.csv. STATUS_MALFORMED or
 * STATUS_LIMIT after a sentence on standard error. */
int workplace_read_own_overrides(const struct buf *bytes, struct overrides **ret_gives) WUNRES
        NONNULL(1, 2);
/* The register's, from its bytes. */
enum exit_code workplace_load_own_overrides(struct workplace *w) WUNRES NONNULL(1);
/* workplace_register.c: in the monitor, opens the workbooks in the register's folder, and sees what
 * else lies there. */
enum exit_code workplace_open_workbooks(struct workplace *w, int folder) WUNRES NONNULL(1);
/* The register that was given, else the snapshot in the store, into w. */
enum exit_code workplace_read_register(struct workplace *w) WUNRES NONNULL(1);
/* The register that the store was last written with, and its overrides; NULL for what it remembers
 * none of. STATUS_REGISTER: they have mistakes by today's rules. */
int workplace_snapshot(struct workplace *w, struct registry **ret_gives,
        struct overrides **ret_own_gives) WUNRES NONNULL(1, 2, 3);
/* Inside the open transaction of the store: what a later `exeat report` needs, time zone and
 * register. */
int workplace_remember(struct workplace *w) WUNRES NONNULL(1);
/* Forks before anything is opened for the run. In the monitor: waits, returns the asker's exit
 * code, and keeps the workplace. */
enum exit_code workplace_fork_asker(bool *ret_is_asker) WUNRES NONNULL(1);
/* Forks. In the inspector: *ret_is_inspector true, and the caller goes on with workplace_load. In
 * the monitor: waits, hands the outputs to their owner, closes the workplace, and returns the exit
 * code of the whole run. */
enum exit_code workplace_fork(struct workplace *w, bool *ret_is_inspector) WUNRES NONNULL(1, 2);
/* In the monitor, for a run that ends before it has forked: hands over what workplace_open took,
 * closes the workplace, and returns the exit code. */
enum exit_code workplace_leave(struct workplace *w, enum exit_code code) WUNRES NONNULL(1);
/* Reads a whole file through its descriptor; STATUS_LIMIT when it is larger than it may be. */
int workplace_read_all(int fd, struct buf *ret, size_t max_bytes) WUNRES NONNULL(2);
/* Frees and closes. */
void workplace_close(struct workplace *w) NONNULL(1);
/* In the inspector, from the descriptors: identifiers.csv, terms.csv and flags.csv. */
enum exit_code workplace_load_rules(struct workplace *w) WUNRES NONNULL(1);
/* The country data, where there is any. */
enum exit_code workplace_load_location(struct workplace *w) WUNRES NONNULL(1);
/* services.csv and prescribed_countries.csv. */
enum exit_code workplace_load_lists(struct workplace *w) WUNRES NONNULL(1);
/* The version of the rules is a digest of what they are made of, taken up two at a time: first may
 * be the version so far. */
int workplace_set_rules_version(struct workplace *w, struct span first, struct span second) WUNRES
        NONNULL(1);
/* Digests the files that the patterns are made of. */
int workplace_digest_patterns(struct workplace *w, const struct detect_files *files) WUNRES
        NONNULL(1, 2);
/* workplace_destinations.c: services, overrides and prescribed countries, into w. */
enum exit_code workplace_load_destinations(struct workplace *w) WUNRES NONNULL(1);
/* One sentence for a failure: "cannot <what>: <why>". The exit code that fits. */
enum exit_code workplace_complain(const char *what, int status) NONNULL(1);
/* Of a file of the rules, with the place in it. */
enum exit_code workplace_complain_rules(
        const char *file, int status, const struct csv_problem *problem) NONNULL(1, 3);
/* Of what reads or writes the store: says which one when it is damaged, and where there is no
 * room. */
enum exit_code workplace_complain_store(const struct workplace *w, const char *what, int status)
        NONNULL(1, 2);

#endif
