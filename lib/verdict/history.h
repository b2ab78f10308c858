/* history: what earlier days say about a day. Comes in: plain numbers that somebody took from the
 * store. Goes out: flags about a program, a destination or a computer.
 *
 * Pure, like verdict.h. Missing history never raises a flag by itself: with too few earlier days,
 * or none that was captured, the checks stay silent. Days are local, since 1970. */
#ifndef EXEAT_VERDICT_HISTORY_H
#define EXEAT_VERDICT_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "registry/registry.h"
#include "verdict/verdict.h"

/* Earlier days with traffic, before "usual" means anything: a working week. */
#define HISTORY_DAYS_MIN 5
/* The latest of them that count, so that a practice that grows is not asked for ever: six weeks of
 * working days. */
#define HISTORY_DAYS_USED 30
/* How often the usual amount is unusual, from how much on (a web page of today weighs less), and
 * what share of a whole backup is close to it. */
#define HISTORY_TIMES          5
#define HISTORY_FLOOR_BYTES    UINT64_C(10000000)
#define HISTORY_BACKUP_PERCENT 80
#define HISTORY_MB             UINT64_C(1000000) /* as makers and providers count */
/* Days without a sign before silence is a question, and update cycles. */
#define HISTORY_SILENT_DAYS   2
#define HISTORY_CYCLES_MISSED 2
/* Hours captured of a day before its silence counts where no usual hour is known. */
#define HISTORY_DAY_HOURS 8

/* A program and a destination, on a day on which something was sent. Borrows. */
struct history_pair {
	const char *program_shown, *recipient_shown;
	int64_t program; /* index into the registry; -1 */
	int32_t day;
	int64_t destination;  /* index into the registry; -1 */
	bool seen_before;     /* on an earlier day */
	unsigned days_before; /* earlier days that were captured or are on record */
};

/* A registered program, on a day on which it sent something. */
struct history_day {
	int64_t program; /* index into the registry */
	int32_t day;
	uint64_t bytes_out;
	unsigned days_before; /* the latest earlier ones on which it sent something */
	uint64_t usual_bytes; /* their median */
	bool outside_hours;   /* something went out, and nothing of it inside the recorded hours */
	int32_t full_backup_mb; /* of practice.csv, or REGISTRY_NO_NUMBER */
	bool patient_seen;      /* identifiable clinical data was seen */
	int version;            /* highest that it named, index into versions_known; -1 */
};

/* A registered program, up to a day: what was not seen. */
struct history_silence {
	int64_t program;
	int32_t day;
	unsigned flow_days;     /* on which it sent at least a tenth of the usual amount */
	unsigned usual_silence; /* captured days between two of them, at most */
	unsigned silent_days;   /* captured days since the last */
	int32_t last_flow_day;
	unsigned update_silent_days; /* captured days since its update hosts were last seen, or an
				      * update was recorded, or the captures began */
};

/* A registered program on one computer, on a day on which it named its version. */
struct history_version {
	int64_t program;
	int32_t day;
	const char *computer_shown;
	int now, before; /* indexes into versions_known; before: of the last earlier day, -1 none */
};

/* A computer over the time of a report. */
struct history_computer {
	const char *computer_shown;
	const char *program_shown; /* the program whose version is not supported; NULL: none */
	bool remote_access;        /* somebody outside could see or control it */
	bool from_outside;         /* conversations that began outside were answered */
};

/* Each sets *ret to a verdict with flags alone. STATUS_BUG: an index is none of the registry. */
int verdict_decide_pair(const struct history_pair *p, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret) WUNRES NONNULL(1, 3, 4);
int verdict_decide_day(const struct history_day *h, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret) WUNRES NONNULL(1, 2, 3, 4);
int verdict_decide_silence(const struct history_silence *h, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret) WUNRES NONNULL(1, 2, 3, 4);
int verdict_decide_version(const struct history_version *h, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret) WUNRES NONNULL(1, 2, 3, 4);
int verdict_decide_computer(const struct history_computer *h, const struct flag_rules *rules,
        struct verdict *ret) WUNRES NONNULL(1, 2, 3);

/* Where the version that a text names stands in the maker's list, oldest first: "Sync/4.2.1 (x64)"
 * names "4.2.1" and not "4.2" or "2.1". The longest name that stands there whole counts; -1 when
 * none does, and then nothing can be told. No arithmetic: makers call versions what they like. */
int version_find(const struct registry_list *known, const char *text) WUNRES NONNULL(1, 2);
/* True when the register says that the version, or, -1, the one that it records, is no longer
 * supported on the day. */
bool version_unsupported(const struct registry_program *p, int version, int32_t day) WUNRES
        NONNULL(1);
/* True when the maker's support had ended by the day. Of a program that is retired the closed
 * service is another question. */
bool version_ended(const struct registry_program *p, int32_t day) WUNRES NONNULL(1);
/* True when the whole stretch of time lies outside the hours; false when none are recorded. */
bool hours_missed(const struct registry_hours *h, int64_t from_ns, int64_t to_ns) WUNRES NONNULL(1);

#endif
