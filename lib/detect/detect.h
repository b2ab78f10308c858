/* detect: which fields hold clinical data, and of what kind. Comes in: decode events. Goes out:
 * findings. A finding never holds the value: kind, place, count, a mask of its shape, a keyed tag.
 *
 * Order of trust: a label from the carrier (HL7 authority, FHIR system, column header) outranks the
 * check digit; a check digit alone is `weak` and never flags; five distinct valid values in one
 * column with at least 60 % passing are `high` whatever the header says. Running text is judged by
 * what its words add up to. Rules: rules/identifiers.csv, rules/terms.csv. */
#ifndef EXEAT_DETECT_DETECT_H
#define EXEAT_DETECT_DETECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/category.h"
#include "base/compiler.h"
#include "base/csv.h"
#include "base/digest.h"
#include "decode/decode.h"

#define DETECT_KIND_CHARS 32
#define DETECT_MASK_CHARS 64
#define DETECT_COLUMN_RUN_MIN                                                                      \
	5 /* distinct valid values: chance 6e-6 for random digits (clinical.md 3.4) */
#define DETECT_COLUMN_PASS_PERCENT 60
#define DETECT_TAGS_MAX            65536 /* distinct tags kept of a flow; past it "at least" */

enum tier {
	TIER_NONE,
	TIER_REFERENCE,
	TIER_DIRECTORY,
	TIER_WEAK,
	TIER_MEDIUM,
	TIER_HIGH,
	TIER_SEALED,
	TIER_OPAQUE
};

enum finding_class {
	CLASS_PATIENT,   /* says something about a patient */
	CLASS_DIRECTORY, /* identifies clinicians and firms */
	CLASS_REFERENCE, /* documentation, terminology */
	CLASS_CARRIER,   /* a clinical document whose patient was not seen */
};

struct finding {
	/* a row of rules/identifiers.csv: "medicare", "hl7-result", … */
	char kind[DETECT_KIND_CHARS];
	enum category category;
	enum finding_class class;
	enum tier tier;
	bool metadata;  /* stood in a URL, file name or heading */
	uint64_t count; /* occurrences that this finding adds; at least 1 */
	/* Of a recording: how long it is shows at its end, in a second finding whose count is 0. */
	bool sound;
	uint64_t seconds;               /* 0: not known */
	char place[DECODE_PLACE_CHARS]; /* of a flow's later findings without number of message */
	char mask[DETECT_MASK_CHARS];   /* shape only: "•••• ••••• •" */
	/* Keyed tag of a patient's own number; 0: none. Counts distinct patients, so of a message
	 * only the numbers of one kind carry tags: a patient with a Medicare number and an IHI is
	 * one. Of a Medicare number it is made of the nine digits that survive a re-issue of the
	 * card and of the person's reference number where there is one: a card without it counts as
	 * one. */
	uint64_t tag;
	uint8_t direction;
	int64_t time_ns;
	uint64_t packet;
	uint64_t message; /* of the decode session: findings of one message belong together */
};

struct detect_rules; /* compiled once, shared by all sessions of a worker */

/* What the rules are read from, in memory; files that a practice may tune. */
#define DETECT_IDENTIFIERS "identifiers.csv"
#define DETECT_TERMS       "terms.csv"
struct detect_files {
	struct span identifiers, terms;
};
struct detect_problem {
	const char *file; /* static: one of the two names */
	struct csv_problem at;
};

/* Compiles the files. STATUS_MALFORMED with *ret_problem for a bad row. STATUS_LIBRARY:
 * the pattern engine failed its self-test (matches known strings at 64 paddings) and must not be
 * used. */
int detect_rules_new(struct detect_rules **ret_gives, const struct detect_files *files,
        const uint8_t tag_key[static DIGEST_KEY_BYTES], struct detect_problem *ret_problem) WUNRES
        NONNULL(1, 2, 4);
/* The same with the key of other rules: a patient who was seen by those is the same by these. */
int detect_rules_again(struct detect_rules **ret_gives, const struct detect_files *files,
        const struct detect_rules *before, struct detect_problem *ret_problem) WUNRES
        NONNULL(1, 2, 3, 4);
/* The same rules for another worker: borrows from r for its life. */
int detect_rules_share(struct detect_rules **ret_gives, const struct detect_rules *r) WUNRES
        NONNULL(1, 2);
struct detect_rules *detect_rules_free(struct detect_rules *r);
/* A session borrows them. */
bool detect_rules_in_use(const struct detect_rules *r) NONNULL(1);

struct detect_session; /* one flow */

int detect_session_new(struct detect_session **ret_gives, struct detect_rules *borrowed,
        struct budget *borrowed_budget) WUNRES NONNULL(1, 2, 3);
struct detect_session *detect_session_free(struct detect_session *s);
/* All findings of the previous feed must have been pulled (STATUS_BUG). STATUS_LIMIT: the budget
 * refused memory, findings of this event may be missing; the session goes on. */
int detect_session_feed(struct detect_session *s, const struct decode_event *e) WUNRES
        NONNULL(1, 2);
/* The flow has ended: open columns and texts are judged. */
int detect_session_finish(struct detect_session *s) WUNRES NONNULL(1);
int detect_session_next(struct detect_session *s, struct finding *ret) WUNRES NONNULL(1, 2);
/* DETECT_TAGS_MAX tags have been given: the distinct patients of this flow are a lower bound. */
bool detect_session_tags_full(const struct detect_session *s) NONNULL(1);

const char *tier_name(enum tier t);
const char *tier_words(enum tier t); /* for people */
bool tier_parse(const char *name, enum tier *ret) NONNULL(1, 2);
const char *finding_class_name(enum finding_class c);
bool finding_class_parse(const char *name, enum finding_class *ret) NONNULL(1, 2);

#endif
