/* codes: how many different codes of SNOMED CT and LOINC a message holds beside a word that names
 * the code system. Three make it clinical even where nobody is named, when dates, ages or results
 * stand with them; codes with their terms alone are a terminology, and so are codes by the dozen of
 * which hardly one stands there twice.
 *
 * Sources: SNOMED CT Release File Specification (identifiers: 6 to 18 digits, partition, Verhoeff
 * check digit); LOINC Users' Guide (mod 10 check digit). */
#ifndef EXEAT_DETECT_CODES_H
#define EXEAT_DETECT_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define CODES_MIN            3
#define CODES_DISTINCT_MAX   200 /* then it is known what the message is */
#define CODES_FILTER_BITS    2048
#define CODES_REACH_BYTES    128 /* from the name of the system to a code in running text */
#define CODES_REACH_FIELDS   4   /* the same in fields: system, version, code, display */
#define CODES_TERMINOLOGY    20  /* different codes, of which hardly one stands there twice */
#define CODES_REPEAT_PERCENT 115
#define CODES_VALUE_SHARE    4  /* one value for so many codes at least */
#define CODES_TOKEN_BYTES    20 /* a code with its neighbour */

enum code_system { CODE_SNOMED, CODE_LOINC, CODE_SYSTEMS };

struct codes {
	uint32_t filter[CODES_FILTER_BITS / 32];
	uint32_t distinct, total;
	uint32_t values; /* dates, ages, results among them */
	uint32_t fields;
	uint32_t named[CODE_SYSTEMS]; /* the field that named the system last; 0: none */
	struct {
		uint32_t field, hash;
		uint8_t system;
	} recent[CODES_REACH_FIELDS]; /* codes that nothing has vouched for yet */
};

/* A code that begins here and ends before a letter, digit or hyphen; its length, 0 for none. */
size_t codes_token(struct span text, enum code_system *ret) NONNULL(2);
void codes_count(struct codes *c, struct span code) NONNULL(1);
/* A number that is no code: a date, an age, a result? */
void codes_number(struct codes *c, struct span text) NONNULL(1);
/* A value of a message; labelled: its label names the system of such codes. */
void codes_field(struct codes *c, struct span value, bool labelled) NONNULL(1);
bool codes_many(const struct codes *c) NONNULL(1);
bool codes_terminology(const struct codes *c) NONNULL(1);

#endif
