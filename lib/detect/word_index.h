/* word_index: the words of rules/identifiers.csv by what they fit. Comes in: the words, once. Goes
 * out: which of them fit a text, without a look at each of them.
 *
 * Words without a star, and those with one, are found by hash: of the whole text, of each of its
 * beginnings and of each of its ends that is as long as some word. The few with a star on both
 * sides are looked for one by one. */
#ifndef EXEAT_DETECT_WORD_INDEX_H
#define EXEAT_DETECT_WORD_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "detect/kind_set.h"

#define WORD_BYTES_MAX 96 /* the longest system address has 80 */

/* Which column of the file a word stands in. */
enum word_set { WORD_HL7, WORD_FHIR, WORD_SYSTEM, WORD_KEY, WORD_CARRIER, WORD_SETS };

/* A star says that anything may stand on that side. */
struct word {
	char *text; /* upper and lower case are one for keys and systems */
	size_t len; /* 1 to WORD_BYTES_MAX */
	uint8_t kind;
	uint8_t set; /* enum word_set */
	bool star_before, star_behind;
};

struct word_index;

/* Borrows the words, which must not move. STATUS_NO_MEMORY. */
int word_index_new(struct word_index **ret_gives, const struct word *words, size_t count) WUNRES
        NONNULL(1);
struct word_index *word_index_free(struct word_index *x); /* NULL ok, returns NULL */
/* The kinds of all words of the set that fit: of those without a star before them, and of those
 * with one. The latter fit the whole of a text if they fit an end of it. */
struct kind_set word_index_find_start(
        const struct word_index *x, enum word_set set, struct span text) NONNULL(1);
struct kind_set word_index_find_end(const struct word_index *x, enum word_set set, struct span text)
        NONNULL(1);

#endif
