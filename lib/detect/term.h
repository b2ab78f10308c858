/* term: the words of rules/terms.csv: medicines, diagnoses, phrases of letters and consultations,
 * and what speaks against them. Comes in: the file. Goes out: terms by number, for the scanner to
 * look for and for their sum (lib/detect/narrative.h) to add up.
 *
 * A term in small letters fits capitals too; one with a capital fits as it stands. A space or a
 * hyphen in it stands for spaces, hyphens or the end of a line. A term is a whole word: no letter
 * or digit may touch it. The scanner finds the end of a term, term_fits() the rest. */
#ifndef EXEAT_DETECT_TERM_H
#define EXEAT_DETECT_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/csv.h"
#include "base/cursor.h"
#include "detect/scanner.h"

#define TERMS_MAX       8192 /* ours are 1,900; the file that people tune grows slowly */
#define TERM_BYTES_MIN  2
#define TERM_BYTES_MAX  48
#define TERM_TEXT_BYTES (TERM_BYTES_MAX + 2) /* with a curly apostrophe */
#define TERM_GAP_MAX    8                    /* spaces between two words: an indented line */
#define TERM_GROUP_BITS 32 /* different terms of a group are told apart in so many bits */

enum term_group {
	/* clinical content */
	TERM_MEDICINE,
	TERM_CONDITION,
	TERM_FINDING,
	TERM_TEST,
	TERM_UNIT, /* behind a digit */
	/* who speaks of whom */
	TERM_SHORTHAND, /* clinical content too */
	TERM_PATIENT,
	TERM_AGE, /* behind a digit */
	TERM_TALK,
	TERM_LETTER,
	TERM_HEADING,
	TERM_CLINICIAN_TURN,
	TERM_PATIENT_TURN,
	/* against it */
	TERM_ARTICLE,
	TERM_SPECIFICATION,
	/* what a person's name or date of birth stands behind */
	TERM_TITLE,
	TERM_NAME,
	TERM_BIRTH,
	/* what a code stands near */
	TERM_SNOMED,
	TERM_LOINC,
	TERM_GROUPS
};

struct term {
	uint8_t text[TERM_TEXT_BYTES];
	uint8_t len;
	uint8_t literal; /* bytes of its end that the scanner finds */
	uint8_t group;   /* enum term_group */
	uint8_t bit;     /* 0 to TERM_GROUP_BITS - 1 */
	bool any_case;
	bool word_start, word_end; /* it begins, ends with a letter or digit */
};

struct term_list {
	struct term *terms;
	size_t count, capacity;
};

/* Reads the file and hands each term to the build. STATUS_MALFORMED with *ret_problem for a row
 * that cannot be used. */
int term_list_read(struct term_list *ret_gives, struct span file, struct scanner_build *build,
        struct csv_problem *ret_problem) WUNRES NONNULL(1, 3, 4);
/* The scanner found the term's literal where the bytes end. Does the rest of it stand in front?
 * *ret_len of the bytes are its. */
bool term_fits(const struct term *term, struct span bytes, size_t *ret_len) NONNULL(1, 3);
void term_list_free(struct term_list *list) NONNULL(1);

#endif
