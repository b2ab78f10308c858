/* report: turns assessed flows into what people and programs read: summary.csv, flags.csv,
 * flows.jsonl, report.html, draft/, run.json, and the table on the terminal. Comes in: one
 * report_flow after another, sorted, and the facts of the run. Goes out: files, each whole or
 * absent (temporary file, then rename), mode 0600.
 *
 * Every column stands once, in the column table of columns.c; CSV, HTML and text use it. Every text
 * was cleaned by base/display before it came here; this layer quotes for its format. */
#ifndef EXEAT_REPORT_REPORT_H
#define EXEAT_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/compiler.h"
#include "registry/registry.h"
#include "store/store.h"
#include "verdict/verdict.h"

#define REPORT_SCHEMA_VERSION   1
#define REPORT_TEXT_COLUMNS_MIN 76 /* seven columns of words do not fit into less */

/* Rows of summary.csv or flags.csv; later ones are added up in rows called "(other)", and
 * run.json says how many. A practice has tens of programs and hundreds of destinations a day; the
 * rows take at most about 100 MiB. */
#define REPORT_ROWS_MAX       100000
#define REPORT_TEXT_BYTES_MAX (32u << 20) /* names in these rows, each kept once */
#define REPORT_IDS_MAX        2000000     /* computers and flows with patients, over all rows */
#define REPORT_FLAG_ID_CHARS  11          /* first 10 hex digits of a SHA-256 */
#define REPORT_DAYS_MAX       400         /* days filled with a quiet row: 13 months */

/* One flow with everything that was decided about it. Borrows for the time of report_add_flow. */
struct report_flow {
	const struct store_flow *flow;
	const struct store_finding *findings;
	size_t finding_count;
	const struct store_record *records;
	size_t record_count;
	const char *program_id;   /* register id, "unregistered:x", "" */
	const char *program_name; /* register name or the shown executable; "" */
	const char *program_kind; /* "booking", "" */
	const char *program_method, *program_confidence;
	const char *program_candidates; /* ids joined with '|' */
	const char *carrier_process;
	const char *unattributed_reason; /* "" when attributed */
	const struct verdict *verdict;
};

/* What a live capture kept on purpose. */
struct report_saved {
	const char *purpose, *keep; /* shown forms; keep as it was asked for: "14d" */
	uint64_t files, frames, bytes, frames_not_saved, files_deleted;
	uint64_t files_not_deleted; /* too old, and still there */
};

/* The facts of the run: heads of reports, and run.json. */
struct report_run {
	const char *version; /* of exeat */
	const char *practice, *timezone;
	const char
	        *day; /* the local date that was asked for, "" all: decides the not-captured row */
	const char *register_sha256; /* "" without a register */
	const char *rules_version;   /* first 12 hex of the SHA-256 over the rule files */
	const char *geo_built;       /* date of the country data, "" none */
	const char *geo_asn_built;   /* date of the data on organisations, "" none */
	const char *protocol_engine; /* "nDPI 4.2.0", "none" */
	const char *sandbox;         /* "Landlock ABI 7, seccomp", "none: …" */
	const char *authorised_by;
	const char *inside;                    /* what counted as inside, in words */
	const char *mirror_warning;            /* sentence of the mirror check, "" */
	const char *geo_warning;               /* sentence when the country data is old, "" */
	double captured_seconds, loss_percent; /* of the day, or of all */
	uint64_t budget_peak_bytes, budget_refusals;
	double wall_seconds, cpu_seconds;
	const struct verdict *run_verdict; /* run-scope flags */
	/* For the flags that need more than one flow; NULL: they are not asked. */
	const struct flag_rules *flag_rules;
	const struct store_forgotten *forgotten; /* what this run deleted by age; NULL: nothing */
	const struct report_saved *saved;        /* NULL: no content was kept */
	bool no_content;                         /* this run looked into no content, as asked */
	/* Live: who leaves out guest and voice networks, "kernel filter" or "exeat: …" with the
	 * reason, and what changed meanwhile; "" or NULL: there never were any. */
	const char *excluded_by;
};

struct report;

/* Borrows all for its life; registry may be NULL. The strings and the verdict of `run` are read
 * when something is written, so losses and times may be filled in until then. dir_fd: the open
 * folder that outputs go to, -1 when only streams are written. */
int report_new(struct report **ret_gives, struct store *store, const struct registry *registry,
        const struct report_run *run, int dir_fd) WUNRES NONNULL(1, 2, 4);
/* Removes temporaries that were not made final. NULL ok, returns NULL. */
struct report *report_free(struct report *r);
/* Sorted as store_flows gives them. Copies what it needs; flows.jsonl rows go to a temporary file
 * in the folder at once, so that memory does not grow with the number of flows. */
int report_add_flow(struct report *r, const struct report_flow *f) WUNRES NONNULL(1, 2);
/* What changed since another register: `before` was given the same flows, judged with it, and is
 * borrowed for the call. After this reports show flags that are gone, new, now accepted or no
 * longer, or of another severity, and the folder gets changes.csv. Once. against: what stands
 * behind "Compared with". */
int report_compare(struct report *r, struct report *before, const char *against) WUNRES
        NONNULL(1, 2, 3);
/* The id that one of the flow's flags has in flags.csv. */
int report_flag_id(struct report *r, const struct report_flow *f, unsigned index,
        char ret[static REPORT_FLAG_ID_CHARS]) WUNRES NONNULL(1, 2);
/* A row of flags.csv. Borrows from the report. */
struct report_flag {
	const char *id, *name;
	enum flag_scope scope;
	enum severity severity;
	const char *sentence, *register_says, *rule, *would_clear;
	const char *program_id, *program_name; /* "" when the flag is of none */
	int64_t first_ns, last_ns;
	uint64_t times;
};
/* All of them, worst first, with those of the run. Gives an array to be freed by free(). */
int report_list_flags(struct report *r, struct report_flag **ret_gives, size_t *ret_count) WUNRES
        NONNULL(1, 2, 3);
/* Writes all files of the folder; once. When anything fails the temporaries go and the files of an
 * earlier run stay as they were: STATUS_NO_SPACE on a full disk. At the end the store notes what
 * was seen on which date. */
int report_write_dir(struct report *r) WUNRES NONNULL(1);
/* True when files of an earlier run were replaced: also by a report_write_dir that failed while it
 * gave its files their names. */
bool report_replaced(const struct report *r) NONNULL(1);
/* draft/ of the folder alone, with evidence.csv beside its two files, and what was drafted in words
 * on a stream; width as below. */
int report_write_drafts(struct report *r, int dir_fd, FILE *out, unsigned width) WUNRES
        NONNULL(1, 3);
/* The terminal table. width 0: no limit; less than REPORT_TEXT_COLUMNS_MIN counts as that. colour
 * only when asked. */
int report_write_text(struct report *r, FILE *out, unsigned width, bool colour) WUNRES
        NONNULL(1, 2);
/* summary.csv rows of one local date ("" all) to a stream: the cron job. A date without flows gets
 * its `flows=0` row, one without capture its `not-captured` row. */
int report_write_summary(struct report *r, FILE *out, const char *date) WUNRES NONNULL(1, 2, 3);
enum severity report_worst(const struct report *r) NONNULL(1);

#endif
