/* store: what was seen, kept in SQLite so that verdicts can be recomputed with a corrected register
 * and reports made without the capture. Comes in: flows, hourly records, findings, losses of an
 * input. Goes out: the same by day. No payload, no identifier: names have passed base/display,
 * patients are keyed tags.
 *
 * One transaction a set of files: an input that is run again (same sha256) replaces its records
 * whole; an interrupted run leaves the store as it was. A live input, which cannot be run again, is
 * committed in steps (store_keep), each of which leaves a store that can be reported on. Schema:
 * lib/store/schema.sql, with its version and migrations. */
#ifndef EXEAT_STORE_STORE_H
#define EXEAT_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/category.h"
#include "base/compiler.h"
#include "base/digest.h"
#include "base/display.h"
#include "base/timestamp.h"
#include "detect/detect.h"
#include "flow/flow.h"

#define STORE_SCHEMA_VERSION 8
#define STORE_NAMES_MAX      8
#define STORE_SOFTWARE_MAX   6 /* program, its parts and the machine: more say nothing new */
#define STORE_HOUR_UNKNOWN   INT64_MIN /* of a loss: any time in which its input was captured */

#define STORE_CERTIFICATE_CHARS 512 /* a few names of usual length; the others are counted */

struct store;

struct store_name {
	char name[DISPLAY_CHARS_MAX]; /* shown form */
	char source[16];              /* "sni", "http-host", "dns", … */
	int64_t age_ns;               /* DNS: from the answer to the flow's first packet; else 0 */
};

/* What an end of a flow said of the software that it is, in a field that protocols have for that:
 * never in content. Shown form. */
struct store_software {
	uint8_t sender;  /* 0: src, 1: dst */
	char source[16]; /* "user-agent", "http-server", "hl7", … */
	char text[96];   /* "BookarooSync/4.2 (Windows)" */
};

/* Whether a certificate is made out to the name that was asked for. */
enum store_name_check { STORE_NAME_UNCHECKED, STORE_NAME_FITS, STORE_NAME_DIFFERS };

/* What the far end showed of itself, up to TLS 1.2; shown form. */
struct store_certificate {
	bool seen;
	char names[STORE_CERTIFICATE_CHARS]; /* whole ones, a space between them */
	uint32_t names_left_out;
	char issuer[DISPLAY_CHARS_MAX];
	int64_t not_before_s, not_after_s; /* Unix time */
	bool self_signed;
	enum store_name_check name_check;
};

/* One conversation. All text is shown form; "" for not known. */
struct store_flow {
	uint64_t id;
	uint32_t input; /* index given by store_input_begin */
	struct tuple tuple;
	char community_id[32];
	enum flow_direction direction;
	int out_index;
	struct addr computer;
	/* what it calls itself, "" not known; how that is known: "dhcp", "netbios" */
	char computer_name[DISPLAY_CHARS_MAX], computer_name_source[8];
	int64_t first_ns, last_ns;
	uint64_t first_packet;
	struct flow_counts counts[2]; /* totals */
	enum flow_end end;
	struct store_name names[STORE_NAMES_MAX];
	unsigned name_count;
	struct store_software software[STORE_SOFTWARE_MAX];
	unsigned software_count;
	/* What the organisation registered of the best name (public suffix list); "" no name. */
	char domain[DISPLAY_CHARS_MAX];
	char country[3];
	char country_confidence[16];
	char organisation[DISPLAY_CHARS_MAX];
	uint32_t asn;
	bool anycast;
	/* by rules/services.csv; "" none is known */
	char service[DISPLAY_CHARS_MAX], service_kind[32];
	bool service_test; /* the maker's service for tests */
	char app[48], app_confidence[16];
	char app_category[32], app_risks[160]; /* nDPI's words; risks by "|" */
	char protocol[16];                     /* of the decode session */
	bool clear;
	char tls_version[16], cipher[48], ja3[40], ja4[48];
	struct store_certificate certificate;
	char user_agent[DISPLAY_CHARS_MAX];
	/* from the capture */
	char process_name[DISPLAY_CHARS_MAX], process_path[DISPLAY_CHARS_MAX];
	bool inspected;                /* every payload byte was looked into */
	char not_inspected_reason[24]; /* closed list of design.md section 6; "" */
	uint64_t not_inspected_bytes;
	enum tier tier;             /* highest of the egress findings, or opaque/sealed */
	uint64_t distinct_patients; /* within this flow */
	bool distinct_at_least;     /* the tag table was full */
	/* The flow that had announced this one as its content (FTP's data); 0: none had. */
	uint64_t related_to;
	uint16_t related_port;     /* of the service that that flow went to */
	bool related_from_outside; /* the far end had begun that flow */
};

/* What one hour of a flow added. */
struct store_record {
	uint64_t flow;
	int64_t hour_ns;
	uint64_t bytes_out, bytes_in, packets_out, packets_in; /* payload bytes */
	uint64_t gap_bytes;                                    /* missing, in both directions */
	uint32_t sequence;
	bool last;
};

/* Findings of one flow, added up by kind, place, tier and direction. */
struct store_finding {
	uint64_t flow;
	struct finding finding; /* tag unused */
	bool outward;           /* direction is from inside to outside */
	int64_t first_ns, last_ns;
};

struct store_input {
	char sha256[DIGEST_HEX_CHARS];
	char format[24];
	uint64_t frames, bytes, dropped, cut, filtered;
	uint64_t unread; /* of the frames, those of a link type that is not read */
	int64_t first_ns, last_ns;
	char end[24];         /* "end", "cut short", … */
	char end_reason[160]; /* "" */
	uint64_t end_after_frame;
	char kind[8]; /* "file" or "live" */
};

/* A count of something not seen or not followed: "packets not IP", "flows evicted", … */
struct store_loss {
	char name[48];
	uint64_t count;
	int64_t hour_ns; /* time_hour() of when, or STORE_HOUR_UNKNOWN; not filled in by reading */
};

/* True when what it carried could have been read, and nobody was to look. */
bool store_flow_bypassed(const struct store_flow *f) NONNULL(1);

/* All functions: STATUS_DAMAGED when the file turns out not to be what SQLite wrote.
 *
 * path NULL: in memory; else a name in the working folder, or a path that this user may walk.
 * STATUS_MALFORMED: the file is no store, or another program's database. STATUS_UNSUPPORTED: it is
 * of a later version than this program. STATUS_MORE: read only, and of an earlier version: opening
 * it once for writing brings it up to date. */
int store_open(struct store **ret_gives, const char *path, bool read_only) WUNRES NONNULL(1);
/* Reads a store through its descriptor, which is borrowed, where the folder is not this process's
 * to open. Nobody can write to the file meanwhile. STATUS_BUSY: somebody goes on writing. One of an
 * earlier version is read from a copy in memory; STATUS_MORE: it is too large for that. */
int store_open_descriptor(struct store **ret_gives, int fd) WUNRES NONNULL(1);
/* A store that one run fills and reads, in a file that nobody else has: the descriptor, which is
 * borrowed, is of an empty one and can be written. Nothing is written to it before the cache is
 * full, and store_free leaves it as it is. After store_abandon, or a failure, the store can only be
 * freed: there is no journal to go back by. */
int store_open_temporary(struct store **ret_gives, int fd) WUNRES NONNULL(1);
/* True when a write to that file found no room: then a failure, STATUS_DAMAGED too, came of it. */
bool store_ran_out(const struct store *s) NONNULL(1);
struct store *store_free(struct store *s); /* rolls back what is open; NULL ok */

/* The set of inputs of one run becomes one transaction: begin, add, commit. The earlier records of
 * an input with the same sha256 are replaced at commit. */
int store_begin(struct store *s) WUNRES NONNULL(1);
/* The sha256 is known only after reading: store_input_set fills the row then. */
int store_input_begin(struct store *s, uint32_t *ret_input) WUNRES NONNULL(1, 2);
int store_input_set(struct store *s, uint32_t input, const struct store_input *i) WUNRES
        NONNULL(1, 3);
/* The flow's row comes before its records, findings and tags; a second call for the same flow (its
 * next hour: same input and first packet) replaces the row and keeps them. Copies. When the id is
 * that of another flow, this one gets another, which f->id tells: what belongs to it is added under
 * that. */
int store_add_flow(struct store *s, struct store_flow *f) WUNRES NONNULL(1, 2);
int store_add_record(struct store *s, const struct store_record *r) WUNRES NONNULL(1, 2);
int store_add_finding(struct store *s, const struct store_finding *f) WUNRES NONNULL(1, 2);
/* The flow's findings are about to be given again, with later counts. */
int store_clear_findings(struct store *s, uint64_t flow) WUNRES NONNULL(1);
int store_add_tag(struct store *s, uint64_t flow, uint64_t tag) WUNRES NONNULL(1);
int store_add_loss(struct store *s, uint32_t input, const struct store_loss *l) WUNRES
        NONNULL(1, 3);
int store_set_meta(struct store *s, const char *key, const char *value) WUNRES NONNULL(1, 2, 3);
/* "" when absent. */
int store_get_meta(struct store *s, const char *key, char *ret, size_t size) WUNRES
        NONNULL(1, 2, 3);
/* The same for bytes of any kind, such as a file of the register; nothing is appended when the key
 * is absent. STATUS_LIMIT: more than the buffer may hold. */
int store_set_meta_bytes(struct store *s, const char *key, struct span value) WUNRES NONNULL(1, 2);
int store_get_meta_bytes(struct store *s, const char *key, struct buf *ret) WUNRES NONNULL(1, 2, 3);
/* Commits what was added until now and goes on with the same inputs. STATUS_BUSY: somebody reads
 * the store; nothing is lost, and it can be tried again later. */
int store_keep(struct store *s) WUNRES NONNULL(1);
int store_commit(struct store *s) WUNRES NONNULL(1);
/* Undoes what came since store_begin, or the last store_keep. */
void store_abandon(struct store *s) NONNULL(1);

/* Reading. from/to: half-open, ns; flows of which any part lies between. Sorted by first time, then
 * tuple (IPv4 and IPv6 by their bytes), then id. */
struct store_query {
	int64_t from_ns, to_ns; /* INT64_MIN, INT64_MAX: all */
	bool in_no_order;       /* flows of all times, as they lie in the store: costs least */
};
struct store_cursor;
int store_flows(struct store *s, const struct store_query *q,
        struct store_cursor **ret_gives) WUNRES NONNULL(1, 2, 3);
/* STATUS_ITEM and *ret, or 0. */
int store_next_flow(struct store_cursor *c, struct store_flow *ret) WUNRES NONNULL(1, 2);
/* store_findings and store_records of the flow that the cursor gave last; at most once each, as
 * they are read on the way. */
int store_cursor_findings(struct store_cursor *c, struct store_finding **ret_gives,
        size_t *ret_count) WUNRES NONNULL(1, 2, 3);
int store_cursor_records(struct store_cursor *c, struct store_record **ret_gives,
        size_t *ret_count) WUNRES NONNULL(1, 2, 3);
struct store_cursor *store_cursor_free(struct store_cursor *c);
/* The flow of this id: STATUS_ITEM and *ret, or 0 when there is none. */
int store_find_flow(struct store *s, uint64_t id, struct store_flow *ret) WUNRES NONNULL(1, 3);
/* Findings of a flow, sorted by tier downwards, kind, place. Gives an array to be freed by
 * free(). */
int store_findings(struct store *s, uint64_t flow, struct store_finding **ret_gives,
        size_t *ret_count) WUNRES NONNULL(1, 3, 4);
int store_records(struct store *s, uint64_t flow, struct store_record **ret_gives,
        size_t *ret_count) WUNRES NONNULL(1, 3, 4);
/* Distinct tags over a set of flows. */
int store_distinct_tags(struct store *s, const uint64_t *flows, size_t count, uint64_t *ret) WUNRES
        NONNULL(1, 4);
/* Those of which any part lies between; in the order in which they were read. */
int store_inputs(struct store *s, const struct store_query *q, struct store_input **ret_gives,
        size_t *ret_count) WUNRES NONNULL(1, 2, 3, 4);
/* Summed over all inputs and the hours that lie between, or touch it; sorted by name. */
int store_losses(struct store *s, const struct store_query *q, struct store_loss **ret_gives,
        size_t *ret_count) WUNRES NONNULL(1, 2, 3, 4);

struct store_coverage {
	bool captured;       /* an input with frames that could be read touches it */
	int64_t captured_ns; /* the union of the inputs' times, inside of it */
	/* The larger of the shares that are known: frames dropped by the capturing machine (of
	 * whole inputs), bytes missing inside conversations. 0: none known. */
	double loss_percent;
};

int store_coverage(struct store *s, const struct store_query *q, struct store_coverage *ret) WUNRES
        NONNULL(1, 2, 3);

/* ---- history: what outlives the flows; written by the report at the end of each run ----
 *
 * Flows are kept for STORE_FLOW_DAYS after the newest frame of the store, sums of a day, versions
 * and the times of captures for STORE_HISTORY_DAYS. Programs and destinations are the keys of
 * summary.csv, dates are local, YYYY-MM-DD. What a run tells of a date replaces what an earlier one
 * told. */
#define STORE_FLOW_DAYS    35  /* a month and its review */
#define STORE_HISTORY_DAYS 400 /* 13 months: the same season a year ago */

/* What one program sent to one destination on one date. flows 0: that it was seen is all that is
 * known. */
struct store_day {
	char date[TIME_DATE_CHARS];
	uint64_t flows, bytes_out, bytes_in;
	int64_t first_ns, last_ns;
	uint32_t hours; /* bit 0: something went out from 00:00 to 01:00, local time, … */
};

/* What a program said of its version on one computer. */
struct store_version {
	char program[64], computer[DISPLAY_CHARS_MAX]; /* its address */
	char text[96], source[16];
	char first_date[TIME_DATE_CHARS], last_date[TIME_DATE_CHARS];
};

/* Forgets what was noted of the dates from..to, both included; before they are noted again. */
int store_clear_days(struct store *s, const char *from, const char *to) WUNRES NONNULL(1, 2, 3);
int store_note_day(struct store *s, const char *program, const char *destination,
        const struct store_day *day) WUNRES NONNULL(1, 2, 3, 4);
/* One date: first_date. */
int store_note_version(struct store *s, const struct store_version *version) WUNRES NONNULL(1, 2);
int store_note_update(struct store *s, const char *program, const char *date) WUNRES
        NONNULL(1, 2, 3);
/* True when this program and destination were already seen on a local date before `date`. */
int store_seen_before(struct store *s, const char *program, const char *destination,
        const char *date, bool *ret) WUNRES NONNULL(1, 2, 3, 4, 5);
/* Days before the date, oldest first. Gives an array to be freed by free(). */
int store_days(struct store *s, const char *program, const char *destination, const char *before,
        struct store_day **ret_gives, size_t *ret_count) WUNRES NONNULL(1, 2, 3, 4, 5, 6);
/* All destinations of a program added up by date, before the date, oldest first. */
int store_program_days(struct store *s, const char *program, const char *before,
        struct store_day **ret_gives, size_t *ret_count) WUNRES NONNULL(1, 2, 3, 4, 5);
/* Of dates before; by program, computer, text, source. */
int store_versions(struct store *s, const char *before, struct store_version **ret_gives,
        size_t *ret_count) WUNRES NONNULL(1, 2, 3, 4);
/* The last date before `before` on which the update hosts of the program were contacted; "". */
int store_last_update(struct store *s, const char *program, const char *before,
        char ret[static TIME_DATE_CHARS]) WUNRES NONNULL(1, 2, 3, 4);
/* The first and the last local day that any capture reaches, whether its flows are still kept or
 * not; false when there is none. */
int store_captured_days(struct store *s, bool *ret_any, int32_t *ret_first,
        int32_t *ret_last) WUNRES NONNULL(1, 2, 3, 4);
/* For `count` days from `first` on: the hours, as in struct store_day, of which captures cover
 * three quarters or more. */
int store_captured_hours(struct store *s, int32_t first, size_t count, uint32_t *ret_hours) WUNRES
        NONNULL(1, 4);

/* What was deleted by age. */
struct store_forgotten {
	uint64_t flows, days, versions, inputs;
	char flows_before
	        [TIME_DATE_CHARS]; /* the first date whose flows are kept; "" none ever went */
};

/* Deletes what is older than the above, counted from the newest capture that does not lie after
 * now_ns by more than a day: a clock that was set wrong deletes nothing. A transaction of its own.
 * STATUS_BUSY: somebody reads the store. */
int store_forget(struct store *s, int64_t now_ns, struct store_forgotten *ret) WUNRES NONNULL(1, 3);
/* The first date whose flows are kept; "" when none were ever deleted. */
int store_flows_before(struct store *s, char ret[static TIME_DATE_CHARS]) WUNRES NONNULL(1, 2);

#endif
