/* registry: the practice's own CSV files or Excel workbooks, checked, as one immutable snapshot.
 * Comes in: the bytes of practice.csv, programs.csv, destinations.csv, contracts.csv, basis.csv
 * (exceptions.csv may be missing), or of the .xlsx of the same name, or of register.xlsx, which has
 * a sheet for each. Goes out: a snapshot, or complaints with file, line, column and Excel cell.
 *
 * Nothing is guessed: a cell that cannot be read is an error that stops (exit code 3); a strange
 * but readable one is a warning that raises register-problem. Columns, values and their meaning:
 * rules/FORMAT.md. Empty means "not recorded", never "no". */
#ifndef EXEAT_REGISTRY_REGISTRY_H
#define EXEAT_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/category.h"
#include "base/compiler.h"
#include "base/csv.h"
#include "base/cursor.h"
#include "base/digest.h"
#include "net/match_rule.h"

#define REGISTRY_ROWS_MAX           15000      /* of a file: a hundred times the largest practice */
#define REGISTRY_RULES_MAX          60000      /* match rules of a file, four a row */
#define REGISTRY_PROBLEMS_MAX       200        /* more are counted */
#define REGISTRY_PROBLEM_CHARS      416        /* of a complaint with its place */
#define REGISTRY_EXCEPTION_DAYS_MAX 366        /* twelve months */
#define REGISTRY_NO_DAY             INT32_MIN  /* a date that is not recorded */
#define REGISTRY_NO_NUMBER          (-1)       /* a number that is not recorded */
#define REGISTRY_NO_ROW             UINT32_MAX /* an index of a row that is not recorded */

enum registry_file {
	REGISTRY_PRACTICE,
	REGISTRY_PROGRAMS,
	REGISTRY_DESTINATIONS,
	REGISTRY_CONTRACTS,
	REGISTRY_BASIS,
	REGISTRY_EXCEPTIONS,
	REGISTRY_FILES
};

/* What a table was read from, which its complaints name. */
enum registry_form {
	REGISTRY_FORM_CSV,      /* programs.csv */
	REGISTRY_FORM_WORKBOOK, /* programs.xlsx */
	REGISTRY_FORM_SHEET,    /* the sheet programs of register.xlsx */
	REGISTRY_FORM_BOOK      /* register.xlsx, no sheet of it */
};

#define REGISTRY_WORKBOOKS  (REGISTRY_FILES + 1) /* one for each table, and register.xlsx */
#define REGISTRY_NAME_CHARS 48                   /* "register.xlsx sheet destinations" */

/* Files that are not read, but told of: in the place of a workbook, bits. */
#define REGISTRY_OTHER_XLSM 1u /* with macros */
#define REGISTRY_OTHER_XLS  2u
#define REGISTRY_OTHER_ODS  4u
#define REGISTRY_OTHER_LOCK 8u /* ~$programs.xlsx: Excel, or another program, has it open */

/* What lies in the folder of a register. Borrows. The last place of the workbooks is
 * register.xlsx. */
struct registry_folder {
	struct span tables[REGISTRY_FILES]; /* CSV */
	bool has_table[REGISTRY_FILES];
	enum registry_form forms[REGISTRY_FILES]; /* of the CSV: what it was made from before */
	struct span workbooks[REGISTRY_WORKBOOKS];
	bool has_workbook[REGISTRY_WORKBOOKS];
	unsigned others[REGISTRY_WORKBOOKS]; /* a lock also of the CSV */
	/* Name also what has ended by today, days since 1970. It is no part of loading, since the
	 * same register must load the same on every day. */
	bool on_day;
	int32_t today;
};

/* Whose law on health records applies beside the Commonwealth's. */
enum practice_state {
	STATE_NSW,
	STATE_VIC,
	STATE_QLD,
	STATE_SA,
	STATE_WA,
	STATE_TAS,
	STATE_ACT,
	STATE_NT,
	STATE_NOT_RECORDED
};
enum program_kind {
	KIND_PMS,
	KIND_ADMIN,
	KIND_EXTRACT,
	KIND_BOOKING,
	KIND_EPRESCRIBE,
	KIND_SECURE_MSG,
	KIND_RECALL_SMS,
	KIND_AI_SCRIBE,
	KIND_BACKUP,
	KIND_REMOTE,
	KIND_CLAIMS,
	KIND_MHR,
	KIND_BROKER,
	KIND_ANALYTICS,
	KIND_IMAGING_PATH,
	KIND_EMAIL,
	KIND_OS_UPDATE,
	KIND_OTHER,
	PROGRAM_KINDS
};
enum program_status { PROGRAM_APPROVED, PROGRAM_TRIAL, PROGRAM_RETIRED, PROGRAM_BANNED };
enum destination_role {
	ROLE_PROCESSOR,
	ROLE_INDEPENDENT,
	ROLE_GOVERNMENT,
	ROLE_BROKER,
	ROLE_CDN_ONLY,
	ROLE_UPDATE_ONLY
};
enum contract_type {
	CONTRACT_AGREEMENT,
	CONTRACT_CLICK_THROUGH,
	CONTRACT_DATA_SHARING,
	CONTRACT_GOVERNMENT_TERMS,
	CONTRACT_NONE
};
/* Of contracts for AI: whether the maker may train on what it receives. */
enum training_use { TRAINING_NOT_RECORDED, TRAINING_PROHIBITED, TRAINING_ALLOWED, TRAINING_SILENT };
enum purpose {
	PURPOSE_CARE,
	PURPOSE_CARE_ADMIN,
	PURPOSE_CLAIMS,
	PURPOSE_LEGAL_DUTY,
	PURPOSE_QI_INTERNAL,
	PURPOSE_QI_SHARED,
	PURPOSE_RESEARCH,
	PURPOSE_PLANNING,
	PURPOSE_MARKETING,
	PURPOSE_AI_TRAINING,
	PURPOSE_SUPPORT,
	PURPOSE_BACKUP,
	PURPOSES
};
enum basis_kind {
	BASIS_PRIMARY_PURPOSE,
	BASIS_DIRECTLY_RELATED,
	BASIS_EXPRESS_CONSENT,
	BASIS_CONSENT_PER_VISIT,
	BASIS_OPT_OUT_NOTICE,
	BASIS_DEIDENTIFIED,
	BASIS_LAW,
	BASIS_RESEARCH,
	BASIS_INTERNAL_USE,
	BASIS_UNKNOWN
};
enum overseas_basis {
	OVERSEAS_NOT_RECORDED,
	OVERSEAS_NONE_NEEDED,
	OVERSEAS_REASONABLE_STEPS,
	OVERSEAS_SIMILAR_LAW,
	OVERSEAS_PRESCRIBED_COUNTRY,
	OVERSEAS_INFORMED_CONSENT,
	OVERSEAS_LAW,
	OVERSEAS_UNKNOWN
};
enum yes_no { ANSWER_NOT_RECORDED, ANSWER_YES, ANSWER_NO, ANSWER_UNKNOWN };
/* Whether the maker states conformance with the Australian Digital Health Agency's security
 * profile for connecting systems (DH-3981:2024); "n/a" where it asks none. */
enum conformance {
	CONFORMANCE_NOT_RECORDED,
	CONFORMANCE_YES,
	CONFORMANCE_NO,
	CONFORMANCE_NOT_ASKED,
	CONFORMANCE_UNKNOWN
};
/* The oldest TLS that a destination may use; 1.2 where nothing is recorded. */
enum tls_floor { TLS_FLOOR_1_2, TLS_FLOOR_1_3, TLS_FLOOR_NONE };

typedef uint32_t purpose_set; /* bit 1 << enum purpose */

/* Where a row stands, for "register_says": programs.csv:7. */
struct registry_place {
	enum registry_file file;
	enum registry_form form;
	unsigned line;
};

/* A cell that holds a list, in the order in which it stands. Nothing recorded: no items. */
struct registry_list {
	const char *const *items;
	size_t count;
	bool none; /* the word `none`: recorded as none, which is more than not recorded */
};

/* A time of day each day, in the practice's time zone. */
struct registry_hours {
	bool recorded;                   /* false also for `none` */
	uint16_t from_minute, to_minute; /* of the day, 0 to 1439; from after to: across midnight */
};

/* All strings are owned by the snapshot, UTF-8, "" when not recorded. */
struct registry_program {
	struct registry_place place;
	const char *id, *name, *vendor, *owner;
	enum program_kind kind;
	enum program_status status;
	uint32_t
	        via_program; /* index of the broker, or REGISTRY_NO_ROW; chains never form a ring */
	enum yes_no reads_clinical_db;
	struct registry_list hosts_installed; /* addresses, MAC addresses or names */
	struct registry_hours hours;          /* when it is expected to be busy */
	struct registry_hours support_window; /* when the maker may connect */
	int32_t max_mb_day;                   /* or REGISTRY_NO_NUMBER */
	int32_t cadence_days; /* days from update to update, or REGISTRY_NO_NUMBER */
	struct registry_list update_hosts;
	struct registry_list versions_known; /* the maker's names of versions, oldest first */
	const char *version_seen, *min_supported;
	int32_t eos_day;                  /* the maker's support ends */
	int32_t last_update_recorded_day; /* or REGISTRY_NO_DAY */
	enum yes_no tga_device;           /* a medical device by the TGA's rules */
	enum conformance adha_conformant;
};

struct registry_destination {
	struct registry_place place;
	const char *id, *recipient, *recipient_country, *storage_country;
	uint32_t program; /* index */
	enum destination_role role;
	const char *const *allowed_countries; /* alpha-2 */
	size_t allowed_country_count;
	bool any_country; /* `*` */
	const char *storage_state;
	enum yes_no overseas_access; /* people abroad may look at the data */
	enum yes_no onward_allowed;  /* the recipient may pass it on */
	enum tls_floor min_tls;
	struct registry_list subprocessors;
};

struct registry_contract {
	struct registry_place place;
	const char *id, *recipient;
	const uint32_t *programs; /* indexes */
	size_t program_count;
	enum contract_type type;
	int32_t start_day, end_day, review_day; /* days since 1970; REGISTRY_NO_DAY */
	category_set categories;
	purpose_set purposes;
	bool deid_promised;
	struct registry_list countries; /* alpha-2 */
	enum training_use training_use;
	const char *doc_ref;
};

struct registry_basis {
	struct registry_place place;
	const char *id, *recipient;
	const char *evidence_ref; /* "" for `none` too: there is no form or notice */
	enum purpose purpose;
	uint32_t program;
	category_set categories;
	enum basis_kind basis;
	enum overseas_basis overseas;
	int32_t from_day, to_day;
};

/* What somebody decided to live with, for a while. Empty columns leave it open: any program, any
 * destination. */
struct registry_exception {
	struct registry_place place;
	const char *flag, *reason, *accepted_by;
	uint32_t program, destination; /* indexes, or REGISTRY_NO_ROW */
	/* Both days included. from may be REGISTRY_NO_DAY: then it holds for twelve months. */
	int32_t from_day, until_day;
};

struct registry_practice {
	const char *name, *timezone, *privacy_officer;
	enum practice_state state;
	struct registry_list
	        policy_countries;          /* alpha-2: where the privacy policy says data goes */
	const char *capture_authorised_by; /* "" when not recorded */
	int32_t capture_authorised_day;
	int32_t full_backup_mb; /* of the clinical database, as sent; or REGISTRY_NO_NUMBER */
	const struct prefix *internal_nets; /* and guest_nets, voip_nets, which are not inspected */
	size_t internal_net_count;
	const struct prefix *excluded_nets;
	size_t excluded_net_count;
};

struct registry_problem {
	bool error;     /* false: warning */
	const char *id; /* "date-not-iso", "unknown-column", … static */
	enum registry_file file;
	enum registry_form form;
	unsigned line,
	        column; /* from 1; 0: the whole line or file. The line of a sheet is its row */
	char cell[CSV_CELL_NAME_CHARS];
	char text
	        [256]; /* one plain sentence: what, and what to type instead. Never holds the cell's
			 * content when that could be a patient's */
};

struct registry;

/* Loads the six files (a missing required file is a problem, not a failure). Always gives a
 * registry, from which problems can be read; STATUS_REGISTER (negative) tells that it has errors
 * and then it has no rows and must not be used for verdicts. */
int registry_load(struct registry **ret_gives, const struct span files[static REGISTRY_FILES],
        const bool present[static REGISTRY_FILES]) WUNRES NONNULL(1, 2, 3);
/* The same from all that lies in a folder. */
int registry_load_folder(struct registry **ret_gives, const struct registry_folder *folder) WUNRES
        NONNULL(1, 2);
struct registry *registry_free(struct registry *r); /* NULL ok, returns NULL */

size_t registry_problem_count(const struct registry *r) NONNULL(1);
const struct registry_problem *registry_problem(const struct registry *r, size_t index) NONNULL(1);
size_t registry_problems_left_out(const struct registry *r) NONNULL(1);
/* "programs.csv:7:3 (cell C7): … [word-unknown]"; of a warning "[row-blank, a warning]" */
void registry_problem_format(
        const struct registry_problem *p, char ret[static REGISTRY_PROBLEM_CHARS]) NONNULL(1);

const struct registry_practice *registry_practice(const struct registry *r) NONNULL(1);
size_t registry_program_count(const struct registry *r) NONNULL(1);
const struct registry_program *registry_program(const struct registry *r, size_t index) NONNULL(1);
size_t registry_destination_count(const struct registry *r) NONNULL(1);
const struct registry_destination *registry_destination(const struct registry *r, size_t index)
        NONNULL(1);
size_t registry_contract_count(const struct registry *r) NONNULL(1);
const struct registry_contract *registry_contract(const struct registry *r, size_t index)
        NONNULL(1);
size_t registry_basis_count(const struct registry *r) NONNULL(1);
const struct registry_basis *registry_basis(const struct registry *r, size_t index) NONNULL(1);
size_t registry_exception_count(const struct registry *r) NONNULL(1);
const struct registry_exception *registry_exception(const struct registry *r, size_t index)
        NONNULL(1);
/* owner: program index. */
const struct match_rule *registry_program_rules(const struct registry *r, size_t *ret_count)
        NONNULL(1, 2);
/* owner: destination index. */
const struct match_rule *registry_destination_rules(const struct registry *r, size_t *ret_count)
        NONNULL(1, 2);
/* SHA-256 over names and contents of the files, hex. */
const char *registry_sha256(const struct registry *r) NONNULL(1);
const char *registry_file_name(enum registry_file file);
/* "programs.csv", "programs.xlsx", "register.xlsx sheet programs" or "register.xlsx". */
void registry_place_name(
        enum registry_file file, enum registry_form form, char ret[static REGISTRY_NAME_CHARS]);
/* What the table was read from, and the CSV text that was made of it, for registry_folder; an empty
 * text when it was CSV. Borrows. */
enum registry_form registry_form(const struct registry *r, enum registry_file file) NONNULL(1);
struct span registry_converted(const struct registry *r, enum registry_file file) NONNULL(1);
/* A name of, or under, a service that lends names to many customers: alone it tells nobody. Lower
 * case. */
bool registry_is_shared_host(const char *name) NONNULL(1);
const char *program_kind_text(enum program_kind kind);
const char *destination_role_text(enum destination_role role);
const char *purpose_text(enum purpose purpose);
/* The same for people: "sends messages to patients". */
const char *program_kind_words(enum program_kind kind);
const char *program_status_words(enum program_status status);
const char *destination_role_words(enum destination_role role);
const char *purpose_words(enum purpose purpose);
const char *basis_words(enum basis_kind basis);

#endif
