/* rows: what the aggregated reports are made of, inside lib/report. Comes in: assessed flows. Goes
 * out: one summary row per local date, program and destination, and one flag row per flag and
 * subject. Both tables are bounded (report.h); what does not fit is added up in a row "(other)". */
#ifndef EXEAT_REPORT_ROWS_H
#define EXEAT_REPORT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/category.h"
#include "base/compiler.h"
#include "base/timestamp.h"
#include "report/output_file.h"
#include "report/report.h"
#include "report/text_pool.h"

#define ROW_OTHER       "(other)"
#define ROW_IDS_MAX     65536 /* computers, or flows with patients, of one row */
#define ROW_REASONS_MAX 12    /* not_inspected_reason is a closed list of nine */

/* Texts of a row; those of several flows are joined with '|'. */
enum row_text {
	ROW_PROGRAM_NAME,
	ROW_KIND,
	ROW_ATTRIBUTION,
	ROW_CONFIDENCE,
	ROW_CARRIER,
	ROW_DEST_ID,
	ROW_RECIPIENT,
	ROW_HOST,
	ROW_PREFIX,
	ROW_COUNTRY,
	ROW_COUNTRY_CONFIDENCE,
	ROW_ORGANISATION,
	ROW_PROTOCOL,
	ROW_TLS_VERSION,
	ROW_CONTRACT,
	ROW_CONTRACT_END,
	ROW_BASIS,
	ROW_COMPUTERS,      /* their addresses */
	ROW_COMPUTER_NAMES, /* "reception1 (192.0.2.10)", of those whose name is known */
	ROW_MASKS,
	ROW_MATCH_RULES, /* how the register could name this far end */
	/* Of what the register does not know, for drafts: */
	ROW_DOMAIN,
	ROW_NAMES,   /* of the far end, each with how it is known: "api.x.example (sni)" */
	ROW_SERVICE, /* "Invented Cloud (ai)" */
	ROW_TEXTS
};

/* A set of numbers, sorted. */
struct id_set {
	uint64_t *ids;
	size_t count, capacity;
};

enum row_kind { ROW_FLOWS, ROW_QUIET, ROW_NOT_CAPTURED, ROW_FOLDED };

struct summary_row {
	enum row_kind row_kind;
	const char *date, *program_id, *destination; /* the key; of the pool */
	const char *text[ROW_TEXTS];                 /* of the pool */
	uint64_t flows;                              /* with a record on this date */
	uint64_t begun;                              /* of them, those whose first record it is */
	uint64_t egress_flows, bytes_out, bytes_in, unread_bytes;
	bool bypassed; /* some of what went out was not looked into, as asked */
	int64_t first_ns, last_ns;
	enum evidence evidence;
	enum paper paper;
	enum outcome outcome;
	enum severity severity;
	category_set seen, declared;
	uint8_t flags[FLAGS]; /* enum severity; SEVERITY_NONE: not raised */
	struct id_set computers;
	struct id_set patient_flows;
	uint64_t patients;  /* filled in by report_rows */
	bool new_today;     /* likewise */
	uint32_t hours;     /* of the day, local, in which something went out; bit 0: the first */
	bool outside_hours; /* something went out outside those that the register records */
	bool patient_seen;  /* identifiable */
	double captured_seconds, loss_percent; /* of its date; likewise */
};

struct flag_row {
	enum flag_id id;
	enum flag_scope scope;
	enum severity severity;
	bool folded;
	const char *program_id, *destination, *computer; /* the key, with id and scope */
	char hex[REPORT_FLAG_ID_CHARS];
	bool told_elsewhere; /* by a flag that says the same and more */
	int64_t spoken_ns;   /* when what they say began */
	const char *sentence, *register_says, *would_clear, *rule;
	bool accepted;                                 /* each time, by exceptions.csv */
	const char *accepted_by;                       /* "" when it is not, or nobody is named */
	int32_t accepted_from_day, accepted_until_day; /* REGISTRY_NO_DAY */
	const char *text[ROW_TEXTS];
	category_set categories;
	int64_t first_ns, last_ns;
	uint64_t times;
};

/* In the order in which people read them. */
enum change_kind {
	CHANGE_NEW,
	CHANGE_SEVERITY,
	CHANGE_ACCEPTED, /* by a row of exceptions.csv, which was not there or did not count */
	CHANGE_NOT_ACCEPTED,
	CHANGE_GONE,
	CHANGE_KINDS
};

/* A flag that another register raises otherwise. */
struct flag_change {
	enum change_kind kind;
	enum severity before, after; /* SEVERITY_NONE: not raised */
	struct flag_row row;         /* as it is now; of one that is gone, as it was */
};

#define DRAFT_ID_CHARS 33 /* ids are [a-z0-9-]{2,32} */

/* A row that the register could have, and all that was seen of its subject. */
struct draft_row {
	enum registry_file file; /* programs or destinations */
	char id[DRAFT_ID_CHARS];
	struct summary_row all; /* own sets */
};

struct drafts {
	struct draft_row *rows; /* of both files, as first seen */
	size_t count, counts[REGISTRY_FILES];
};

/* Conversations that the rows do not tell apart, for "what could not be seen". */
struct seen_counts {
	uint64_t egress, inbound, internal, transit;
	uint64_t outcomes[OUTCOME_CANNOT_TELL + 1]; /* egress conversations by outcome */
	uint64_t encrypted, sealed;                 /* egress conversations */
	struct seen_reason {
		char reason[24];
		uint64_t flows, bytes;
	} reasons[ROW_REASONS_MAX]; /* most bytes first */
	unsigned reason_count;
};

struct report {
	struct store *store;
	const struct registry *registry;
	const struct report_run *run;
	struct text_pool *pool;
	struct summary_row *rows;
	size_t row_count, row_capacity;
	struct key_map *row_keys;
	struct flag_row *flags;
	size_t flag_count, flag_capacity;
	struct key_map *flag_keys;
	uint64_t rows_folded, flags_folded; /* times something went to "(other)" */
	uint64_t ids, ids_left_out, drafts_left_out;
	struct seen_counts seen;
	struct history *history;
	struct flag_change *changes; /* by report_compare */
	size_t change_count, flags_unchanged;
	const char *compared_with; /* NULL: with nothing */
	bool days_cut;             /* not every quiet day has its row */
	enum severity worst;
	struct output_set outputs;
	FILE *flows_file; /* borrows from outputs; NULL without a folder */
	bool written;
};

/* What a report_flow says once its register rows are looked up. All texts are of the pool. */
struct flow_facts {
	enum severity severity;
	const char *program_id, *destination, *computer;
	const char *text[ROW_TEXTS];
	category_set seen, declared;
	bool egress, patient_seen;
	const struct registry_hours *hours; /* of the program; NULL: it is not registered */
};

/* summary.c, row_list.c */
int summary_add(struct report *r, const struct report_flow *f,
        const struct flow_facts *facts) WUNRES NONNULL(1, 2, 3);
int summary_merge(struct report *r, struct summary_row *into, const struct summary_row *from) WUNRES
        NONNULL(1, 2, 3);
void summary_row_free(struct report *r, struct summary_row *row) NONNULL(1, 2);
/* What people see first of a row; FLAGS when no flag was raised. */
enum flag_id summary_top_flag(const struct summary_row *row) NONNULL(1);

/* A sorted copy of rows, with the days between filled in and the looked-up columns set. */
struct row_list {
	struct summary_row *rows;
	size_t count, capacity;
	bool own_sets; /* else the sets are the report's */
};
/* By date, program, destination; with the quiet days. date "": the day that the run is of, or
 * all. */
int report_rows(struct report *r, const char *date, struct row_list *ret) WUNRES NONNULL(1, 2, 3);
/* Folded over dates, worst first: for people. Only what sent something out. */
int report_rows_for_people(struct report *r, struct row_list *ret) WUNRES NONNULL(1, 2);
void row_list_free(struct report *r, struct row_list *l) NONNULL(1, 2);

/* flag_table.c */
int flags_add(struct report *r, const struct report_flow *f, const struct flow_facts *facts) WUNRES
        NONNULL(1, 2, 3);
/* The flags of a verdict on what is no flow; those of the scope's subject are taken from facts. */
int flags_add_of(struct report *r, const struct verdict *v, const struct flow_facts *facts,
        int64_t first_ns, int64_t last_ns) WUNRES NONNULL(1, 2, 3);
/* A sorted copy, worst first, with the flags of the run. Gives; free with free(). */
int report_flags(struct report *r, struct flag_row **ret_gives, size_t *ret_count) WUNRES
        NONNULL(1, 2, 3);

/* flag_table.c: the flag's row for this flow alone, its subject and id filled in. */
int flag_row_of(struct report *r, const struct report_flow *f, const struct flow_facts *facts,
        unsigned index, struct flag_row *ret) WUNRES NONNULL(1, 2, 3, 5);

/* draft.c: what the register does not know. Gives. */
int drafts_make(struct report *r, const struct row_list *rows, struct drafts *ret) WUNRES
        NONNULL(1, 2, 3);
void drafts_free(struct report *r, struct drafts *d) NONNULL(1, 2);

/* changes.c */
#define CHANGE_SEVERITY_CHARS 32                   /* "urgent, was medium" */
#define CHANGE_SUBJECT_CHARS  1024                 /* two lists of names, the rest cut */
const char *change_name(enum change_kind kind);    /* "gone", of changes.csv */
const char *change_heading(enum change_kind kind); /* "Gone", for people */
void change_severities(const struct flag_change *c, char ret[static CHANGE_SEVERITY_CHARS])
        NONNULL(1);
/* Whom or what the flag is about, for people. */
void change_subject(const struct flag_change *c, char ret[static CHANGE_SUBJECT_CHARS]) NONNULL(1);
/* "Compared with …: 2 flags gone, 1 new, …" */
void changes_sentence(const struct report *r, char *ret, size_t size) NONNULL(1, 2);

/* The day that the run is of, or all times. */
struct store_query report_period(const struct report *r) NONNULL(1);
/* From midnight to midnight, local: 23 to 25 hours. */
struct store_query day_period(int32_t day);
/* From the first frame of all inputs to the last, within report_period; 0 when there is none. */
int run_period(struct report *r, int64_t *ret_first_ns, int64_t *ret_last_ns) WUNRES
        NONNULL(1, 2, 3);

/* report.c */
const struct verdict *flow_verdict(const struct report_flow *f) NONNULL(1); /* never NULL */
bool flow_is_egress(const struct store_flow *f) NONNULL(1);
const struct endpoint *flow_far_end(const struct store_flow *f) NONNULL(1);
const struct flow_counts *flow_out_counts(const struct store_flow *f) NONNULL(1);
const struct flow_counts *flow_in_counts(const struct store_flow *f) NONNULL(1);
const char *flow_direction_name(const struct store_flow *f) NONNULL(1);
const char *ip_protocol_name(uint8_t protocol, char scratch[static 8]);
/* What `evidence` names, as the closed list orders it when several flows share a row. */
category_set findings_seen(const struct report_flow *f) NONNULL(1);
/* STATUS_OK, or what the last failed write of the stream means. */
int stream_status(FILE *out) WUNRES NONNULL(1);

/* csv.c, json_flow.c, json_run.c, html.c, draft.c: each writes one file. */
int csv_write_summary(const struct report *r, const struct row_list *rows, FILE *out) WUNRES
        NONNULL(1, 2, 3);
int csv_write_changes(const struct report *r, FILE *out) WUNRES NONNULL(1, 2);
int csv_write_flags(const struct flag_row *flags, size_t count, FILE *out) WUNRES NONNULL(1, 3);
int json_write_flow(FILE *out, const struct report_flow *f) WUNRES NONNULL(1, 2);
int json_write_run(struct report *r, FILE *out) WUNRES NONNULL(1, 2);
int html_write(struct report *r, FILE *out) WUNRES NONNULL(1, 2);
int draft_write_programs(const struct drafts *d, FILE *out) WUNRES NONNULL(1, 2);
int draft_write_destinations(struct drafts *d, FILE *out) WUNRES NONNULL(1, 2);
int draft_write_evidence(const struct drafts *d, FILE *out) WUNRES NONNULL(1, 2);

#endif
