/* category: the one vocabulary of what kind of data a contract covers, a rule maps to, a flow held.
 * Register, detectors, verdicts and reports all use it. A set is a bit mask. */
#ifndef EXEAT_BASE_CATEGORY_H
#define EXEAT_BASE_CATEGORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum category {
	CATEGORY_CONTACT,     /* names, addresses, dates of birth */
	CATEGORY_IDENTIFIERS, /* Medicare, DVA, IHI, … */
	CATEGORY_APPOINTMENT,
	CATEGORY_CLINICAL,
	CATEGORY_MEDICATION,
	CATEGORY_RESULTS,
	CATEGORY_LETTERS,
	CATEGORY_AUDIO,
	CATEGORY_IMAGES,
	CATEGORY_BILLING,
	CATEGORY_MHR_DOC,
	CATEGORY_DEIDENTIFIED,
	CATEGORY_FULL_DB,
	CATEGORY_CREDENTIALS,
	CATEGORY_TELEMETRY,
	CATEGORY_UNKNOWN,
	CATEGORIES
};

typedef uint32_t category_set; /* bit 1 << enum category */

#define CATEGORY_SET_CHARS 192 /* all names joined with '|' */

const char *category_name(enum category c);
/* "names and contact details": for people. */
const char *category_words(enum category c);
/* Words joined with ", "; "" for the empty set. */
#define CATEGORY_WORDS_CHARS 448 /* all of them */
void category_set_words(category_set set, char ret[static CATEGORY_WORDS_CHARS]);
bool category_parse(const char *name, enum category *ret) NONNULL(1, 2);
/* Names joined with '|', in the order of the enum; "" for the empty set. */
void category_set_format(category_set set, char ret[static CATEGORY_SET_CHARS]);
/* What a contract or a basis that lists `listed` covers: full-db covers all but credentials and
 * audio; a kind of clinical document covers the identifiers and contact details that such documents
 * carry; appointment covers contact. */
category_set category_set_covers(category_set listed);

#endif
