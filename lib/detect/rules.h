/* rules: rules/identifiers.csv in memory. Which kinds a label may mean, which kind a carrier is,
 * and the compiled scanner. One for a worker: it also holds the scratch memory that sessions share,
 * so two threads must not use it at once.
 *
 * A label may fit several kinds (`AUSHIC^NI` is a patient's or a clinician's number); the order of
 * the rows decides which is tried first, the shape of the value which it is. */
#ifndef EXEAT_DETECT_RULES_H
#define EXEAT_DETECT_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "base/digest.h"
#include "detect/detect.h"
#include "detect/detector.h"
#include "detect/scanner.h"
#include "detect/term.h"
#include "detect/word_index.h"

#define RULES_KINDS_MAX    KIND_SET_KINDS
#define RULES_WORDS_MAX    2048 /* a row has tens, a file has tens of rows */
#define RULES_CONTEXTS_MAX 32   /* kinds that have words for running text */
#define RULES_CACHE_LABELS 512  /* labels of open tables and documents repeat without end */
#define RULES_CACHE_BYTES  64   /* longer labels are looked up each time */
#define RULES_NONE         0xff

struct kind {
	char name[DETECT_KIND_CHARS];
	enum category category;
	enum finding_class class;
	const struct detector *detector; /* NULL: a carrier */
	uint8_t context; /* bit of its words in running text; RULES_NONE: it has none */
};

struct label_cache {
	uint8_t label_kind, len; /* len 0: empty */
	char label[RULES_CACHE_BYTES];
	struct kind_set kinds;
};

/* Kinds that the code itself speaks of; RULES_NONE when the file has no row for it. */
struct rules_special {
	uint8_t sealed, encrypted, image, audio, media, patient_table, deidentified_table;
	uint8_t letter, unnamed, codes; /* of running text: text:letter, … */
	uint8_t abn;                    /* of the detector abn */
};

struct detect_rules {
	struct kind kinds[RULES_KINDS_MAX];
	size_t kind_count;
	struct word *words;
	size_t word_count;
	struct word_index *index;
	struct term_list terms;
	struct rules_special special;
	uint8_t context_kind[RULES_CONTEXTS_MAX];
	uint8_t context_count;
	uint8_t scan_kind
	        [RULES_KINDS_MAX]; /* kinds that have a pattern, by number of the pattern */
	uint8_t scan_count;
	uint8_t run_kind[RULES_CONTEXTS_MAX]; /* patient kinds with a check: the column-run rule */
	uint8_t run_count;
	struct scanner *scanner;
	struct label_cache *cache;
	uint8_t tag_key[DIGEST_KEY_BYTES];
	bool shared;       /* the words and their index are another's */
	unsigned sessions; /* that borrow these */
};

/* The kinds that a label may mean; 0 for none. */
struct kind_set rules_label(struct detect_rules *r, enum label_kind label_kind, struct span label)
        NONNULL(1);
/* The kind of a carrier, "hl7" and "ORU", "fhir" and "Patient"; RULES_NONE for none. */
uint8_t rules_carrier(const struct detect_rules *r, const char *family, struct span name)
        NONNULL(1, 2);
/* The tag of a normal form; 0 when it is empty. */
int rules_tag(const struct detect_rules *r, uint8_t kind, const char *normal, uint64_t *ret) WUNRES
        NONNULL(1, 3, 4);

#endif
