/* verdict: what the register says about what was seen. Comes in: a subject with its evidence, the
 * register at the flow's date. Goes out: evidence, paper, outcome and flags, each with a plain
 * sentence, the register row that decided, the rule behind it and what would clear it.
 *
 * A pure function: no clock, no I/O, no state. All checks run; all reasons are given. A flag is a
 * question, never a finding of breach; missing evidence never yields `covered`. Severities,
 * sentences and rules stand in rules/flags.csv, where a person can edit them. */
#ifndef EXEAT_VERDICT_VERDICT_H
#define EXEAT_VERDICT_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/category.h"
#include "base/compiler.h"
#include "base/csv.h"
#include "detect/detect.h"
#include "net/match_rule.h"
#include "registry/registry.h"

#define VERDICT_FLAGS_MAX 40 /* of one subject; fewer checks than that can apply at once */

enum severity {
	SEVERITY_NONE,
	SEVERITY_INFO,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_URGENT
};
enum flag_scope { SCOPE_RUN, SCOPE_COMPUTER, SCOPE_PROGRAM, SCOPE_DESTINATION, SCOPE_FLOW };
enum evidence {
	EVIDENCE_NONE,
	EVIDENCE_SEEN,
	EVIDENCE_LIKELY,
	EVIDENCE_DECLARED,
	EVIDENCE_NOT_INSPECTABLE
};
enum paper { PAPER_NONE, PAPER_COVERED, PAPER_GAP, PAPER_EXPIRED, PAPER_ABSENT, PAPER_UNREADABLE };
enum outcome { OUTCOME_NONE, OUTCOME_COVERED, OUTCOME_LOOK, OUTCOME_ACT, OUTCOME_CANNOT_TELL };

/* Every flag that the code can raise, in the order that breaks ties for the headline (domain
 * order). */
enum flag_id {
	FLAG_REGISTER_PROBLEM,
	FLAG_CAPTURE_GAP,
	FLAG_NOT_CAPTURED,
	FLAG_NO_CAPTURE_AUTHORITY,
	FLAG_UNKNOWN_PROGRAM,
	FLAG_UNKNOWN_DESTINATION,
	FLAG_PROGRAM_BANNED,
	FLAG_PROGRAM_RETIRED_ACTIVE,
	FLAG_NO_CONTRACT,
	FLAG_CONTRACT_EXPIRED,
	FLAG_CONTRACT_NOT_STARTED,
	FLAG_CONTRACT_ENDING,
	FLAG_REVIEW_OVERDUE,
	FLAG_NO_BASIS,
	FLAG_NO_CONSENT_RECORD,
	FLAG_BASIS_EXPIRED,
	FLAG_PURPOSE_NOT_COVERED,
	FLAG_CATEGORY_NOT_COVERED,
	FLAG_DEID_CLAIM_CONTRADICTED,
	FLAG_IDENTIFIER_IN_METADATA,
	FLAG_UNENCRYPTED,
	FLAG_WEAK_ENCRYPTION,
	FLAG_BAD_CERTIFICATE,
	FLAG_NOT_INSPECTABLE,
	FLAG_SEALED_MESSAGE,
	FLAG_COUNTRY_NOT_ALLOWED,
	FLAG_COUNTRY_UNCERTAIN,
	FLAG_OVERSEAS_BASIS_MISSING,
	FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY,
	FLAG_STATE_TRANSFER_BASIS_MISSING,
	FLAG_MHR_GATEWAY_UNEXPECTED,
	FLAG_MHR_LIKE_DOCUMENT_OFFSHORE,
	FLAG_BROKER_MANY_RECIPIENTS,
	FLAG_AI_SERVICE_UNREGISTERED,
	FLAG_CONSUMER_CLOUD,
	FLAG_TRACKER,
	FLAG_REMOTE_ACCESS_TOOL,
	FLAG_HIDDEN_DNS,
	FLAG_TUNNEL,
	FLAG_OPAQUE_UNREGISTERED,
	FLAG_TEST_HOST_LIVE_DATA,
	FLAG_LAN_PORT_AT_BORDER,
	FLAG_PRESCRIPTION_TOKEN,
	FLAG_IMAGE_DOCUMENT,
	FLAG_RETIRED_RECIPIENT,
	FLAG_VOLUME_ANOMALY,
	FLAG_FULL_DB_SIZE,
	FLAG_SCHEDULE_ANOMALY,
	FLAG_FIRST_SEEN,
	FLAG_EXPECTED_FLOW_MISSING,
	FLAG_EXPOSED_COMPUTER,
	FLAG_UNSUPPORTED_VERSION,
	FLAG_NO_UPDATES_SEEN,
	FLAG_VERSION_WENT_BACK,
	FLAG_UPDATE_IN_CLEAR,
	FLAGS
};

struct flag_rules; /* rules/flags.csv: id,severity,raises,scope,sentence,rule,would_clear */

/* STATUS_MALFORMED with *ret_problem for a bad, missing or unknown row. Copies. */
int flag_rules_new(struct flag_rules **ret_gives, struct span flags_csv,
        struct csv_problem *ret_problem) WUNRES NONNULL(1, 3);
struct flag_rules *flag_rules_free(struct flag_rules *r);
/* rules/prescribed_countries.csv: country,instrument,from. Without it no country is prescribed.
 * Once; STATUS_MALFORMED with *ret_problem for a bad row. Copies. */
int flag_rules_read_countries(struct flag_rules *r, struct span countries_csv,
        struct csv_problem *ret_problem) WUNRES NONNULL(1, 3);

/* In the place of what the register says, where it has no row to name. */
#define VERDICT_NOTHING_RECORDED "nothing recorded"

struct flag {
	enum flag_id id;
	enum severity severity;
	enum flag_scope scope;
	/* Somebody decided to live with it for now (exceptions.csv): it stands behind the others
	 * and does not count for the severity of the whole. Never for urgent flags. */
	const struct registry_exception *accepted; /* borrows from the registry; NULL */
	char sentence[768];                        /* placeholders filled in */
	/* "contracts.csv:6 c-05 ended 2026-01-31", VERDICT_NOTHING_RECORDED, … */
	char register_says[256];
	char would_clear[640];
	const char *rule; /* borrows from the rules */
};

enum transport { TRANSPORT_UNKNOWN, TRANSPORT_CLEAR, TRANSPORT_ENCRYPTED };

/* What is publicly known of the far end, as far as it raises a question. Never clears one. */
enum far_service {
	FAR_SERVICE_OTHER,
	FAR_SERVICE_REMOTE_ACCESS,
	FAR_SERVICE_PERSONAL, /* file, mail or chat service for everybody */
	FAR_SERVICE_AI,
	FAR_SERVICE_TRACKER,
	FAR_SERVICE_HIDDEN_DNS,
	FAR_SERVICE_TUNNEL
};

/* Why what the far end showed of itself proves nothing; the first that applies. */
enum certificate_doubt {
	CERTIFICATE_NO_DOUBT, /* or none was to be seen */
	CERTIFICATE_SELF_SIGNED,
	CERTIFICATE_EXPIRED,
	CERTIFICATE_EARLY,
	CERTIFICATE_OTHER_NAME
};

/* One flow as evidence. Borrows everything. */
struct verdict_subject {
	bool egress;               /* payload went from inside to outside */
	int32_t day;               /* local day of the flow's first time */
	int64_t first_ns, last_ns; /* who asks them sets `timed` of the verdict */
	int64_t program;           /* index into the registry; -1 */
	const char *program_shown; /* name for sentences: register name, "unregistered:x.exe", "" */
	const char *computer_shown;
	const char *far_shown; /* host name or address for sentences */
	struct match_subject match;
	const char *country;  /* alpha-2 or "" */
	bool country_certain; /* confidence database or override */
	enum far_service far_service;
	const char *service_shown; /* its organisation for sentences; "" or NULL: none known */
	bool test_service;         /* the maker's service for tests */
	bool lan_port;             /* a service that is meant for inside a practice */
	bool from_outside;         /* the far end began the conversation */
	enum transport transport;
	bool weak_encryption;
	const char *tls_version; /* "TLS 1.2"; "" or NULL: not known */
	enum certificate_doubt certificate;
	bool infrastructure; /* DNS, DHCP, NTP: no `unencrypted` */
	enum tier tier;      /* highest of the egress findings; TIER_OPAQUE when encrypted */
	category_set seen;   /* of findings of tier medium and high */
	bool patient_seen;   /* one of them is of class patient */
	bool identifier_in_metadata;
	bool locked_files;   /* by a protocol that can be read: under a lock, or of no known form */
	bool pictures;       /* pictures or scans, which nobody read */
	bool prescription;   /* a link that opens an electronic prescription */
	bool mhr_unknown;    /* My Health Record's connection method, and not its gateway */
	const char *mhr_why; /* what shows that; "" or NULL */
	bool mhr_document;   /* of the kind used there */
	uint64_t gap_bytes;
	uint64_t unread_bytes;
	bool bypassed; /* the unread bytes could have been read, and nobody was to look */
};

struct verdict {
	enum evidence evidence;
	enum paper paper;
	enum outcome outcome;
	int64_t destination, contract, basis; /* indexes of the deciding rows; -1 */
	category_set declared;                /* what the register says goes there, when not seen */
	/* Of the worst that nobody accepted; `info` when all were. The outcome looks at all. */
	enum severity severity;
	/* The time of day had a part in it: the same at another time may be decided otherwise. */
	bool timed;
	unsigned flag_count;
	/* Worst first, then those that somebody accepted. Last, as most of it is not set. */
	struct flag flags[VERDICT_FLAGS_MAX];
};

/* registry NULL: no register was given; every recipient is unknown. */
int verdict_decide(const struct verdict_subject *s, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret) WUNRES NONNULL(1, 3, 4);

/* The run as a whole. */
struct verdict_run {
	bool has_register;
	size_t register_warnings;
	struct registry_place register_warning; /* where the first stands; line 0: the whole file */
	const char *authorised_by; /* --authorised-by or practice.csv; "" when neither */
	double loss_percent;       /* of packets or bytes not seen; 0 none known */
	bool gap;                  /* anything lost, cut or given up */
	bool not_captured;         /* the asked-for day has no capture */
	const char *date;          /* for not-captured */
};

int verdict_decide_run(const struct verdict_run *run, const struct flag_rules *rules,
        struct verdict *ret) WUNRES NONNULL(1, 2, 3);

const char *flag_name(enum flag_id id); /* "no-contract" */
const char *severity_name(enum severity s);
const char *flag_scope_name(enum flag_scope s);
/* Names are those of the closed lists; words are for people. */
const char *evidence_name(enum evidence e);
const char *evidence_words(enum evidence e);
const char *paper_name(enum paper p);
const char *paper_words(enum paper p);
const char *outcome_name(enum outcome o); /* "covered", "look", "act", "cannot-tell", "" */
const char *outcome_words(enum outcome o);

#endif
