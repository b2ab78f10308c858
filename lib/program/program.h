/* program: which program a conversation belongs to, how that is known and how surely. Comes in:
 * what the capture says of the process, the register's match rules as plain structs, hints from the
 * wire. Goes out: one answer with method, confidence, candidates, and the reason when there is
 * none.
 *
 * The *carrier* is the process that sent the bytes (chrome.exe); the *requester* is the add-on that
 * a rule names (the booking site). Both are kept. */
#ifndef EXEAT_PROGRAM_PROGRAM_H
#define EXEAT_PROGRAM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/match_rule.h"

#define PROGRAM_ID_CHARS       64 /* register id (32) or "unregistered:" + cleaned exe name */
#define PROGRAM_CANDIDATES_MAX 8

/* What a flow shows: the part that rules match, and what only this layer asks. Borrows. */
struct program_evidence {
	struct match_subject match;
	const char *process_path; /* or NULL */
	bool nat_suspected;       /* every inside address is the router's own */
};

enum program_method {
	PROGRAM_NONE,
	PROGRAM_HINT,
	PROGRAM_RULE,
	PROGRAM_CAPTURE,
	PROGRAM_LOG_CSV,
	PROGRAM_LOG_SYSMON,
	PROGRAM_LOG_5156,
	PROGRAM_SOCK_DIAG,
	PROGRAM_EBPF
};
enum program_confidence {
	CONFIDENCE_NONE,
	CONFIDENCE_WEAK,
	CONFIDENCE_PROBABLE,
	CONFIDENCE_STRONG,
	CONFIDENCE_EXACT
};

struct program_answer {
	int64_t program; /* index into the register's programs; -1: not registered */
	/* "unregistered:<exe>" or "" when program is -1; register id filled by caller */
	char id[PROGRAM_ID_CHARS];
	char carrier[PROGRAM_ID_CHARS]; /* process name as shown, "" when not known */
	enum program_method method;
	enum program_confidence confidence;
	/* rival registered programs, the answer first */
	uint32_t candidates[PROGRAM_CANDIDATES_MAX];
	unsigned candidate_count;
	const char *reason; /* unattributed reason of design.md section 6; NULL when attributed */
};

/* rules[i].owner is the index of the program the rule belongs to. Port-only and ip-only matches are
 * weak evidence on their own: they give PROBABLE at most, names give STRONG, a named process gives
 * EXACT. Rules of equal strength for two programs: both are candidates, confidence is lowered.
 * Pure. */
void program_identify(const struct program_evidence *e, const struct match_rule *rules,
        size_t count, struct program_answer *ret) NONNULL(1, 4);
const char *program_method_text(enum program_method m); /* "capture", "rule", "hint", "none", … */
const char *program_confidence_text(enum program_confidence c);  /* "exact", … */
const char *program_confidence_words(enum program_confidence c); /* for people */

#endif
