/* text: identifiers in running text, and in values that hold more than one thing. Comes in: pieces
 * of one text. Goes out: what was found, to the message the text is in (message_found).
 *
 * A number counts for its kind when a word of that kind stands within TEXT_CONTEXT_BYTES of it, on
 * either side, or when the label of the text says so; with its check digit alone it is weak. Pieces
 * may be cut anywhere: a candidate waits until what follows is known, and the last TEXT_TAIL_BYTES
 * stay at hand. Text in UTF-16 is squeezed on its way in: each zero byte that alternates with
 * others goes, so one set of patterns serves both (a second, interleaved set would double the work
 * for all text to serve a little of it); zero bytes that do not alternate stay and end a number. */
#ifndef EXEAT_DETECT_TEXT_H
#define EXEAT_DETECT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "detect/codes.h"
#include "detect/rules.h"

#define TEXT_CONTEXT_BYTES 300 /* keyword distance: clinical.md section 0 */
#define TEXT_BEFORE_BYTES  48  /* longest identifier with separators, and an OID root before it */
#define TEXT_BEHIND_BYTES  8   /* its tail and the neighbour behind it */
#define TEXT_TAIL_BYTES    1024
/* Terms that fit in one place end one another (`diabetes`, `type 2 diabetes`): no more than one for
 * every two bytes, in small letters and with capitals. */
#define TEXT_PENDING_MAX    TERM_BYTES_MAX
#define TEXT_CANDIDATES_MAX 48 /* waiting at once; more in 300 bytes: the oldest is judged early */

struct candidate {
	uint64_t end; /* offset behind what the pattern matched */
	uint32_t contexts;
	uint8_t scan;  /* number of the pattern */
	uint8_t group; /* enum term_group of a word that a name or a date stands behind */
};

/* Bytes around the names of a code system that are still to be looked through. */
struct code_region {
	uint64_t from, to; /* alike: none */
};

/* Bytes that wait to see whether a zero among them alternates. -1: none. */
struct squeeze {
	int before2, before1;
	int held[2]; /* held[0] is a zero byte */
};

struct message;

struct text_scan {
	struct detect_rules *rules;
	struct message *message;
	struct scanner_stream *stream; /* NULL: a whole value */
	uint64_t total;                /* bytes before the piece */
	struct span piece;             /* being scanned */
	struct squeeze squeeze;
	uint64_t word_end[RULES_CONTEXTS_MAX]; /* of the last word of each context; 0: none yet */
	uint32_t preset;                       /* contexts that the label gives to all of it */
	uint16_t pending[TEXT_PENDING_MAX];    /* terms at the end of the piece: what is behind? */
	unsigned pending_count;
	struct code_region regions[CODE_SYSTEMS];
	unsigned candidate_count;
	struct candidate candidates[TEXT_CANDIDATES_MAX];
	int status; /* first failure inside a hit */
	size_t tail_len;
	uint8_t tail[TEXT_TAIL_BYTES]; /* the bytes before the piece */
};

/* What was found. Borrows the shape. */
struct text_found {
	uint8_t kind;
	bool labelled; /* a word or a label vouches for it; else its check digit only */
	struct reading reading;
	struct span shape; /* as it stands in the text */
};

/* A text of many pieces, charged with what the scanner keeps between them. label: the kinds that
 * its label means. STATUS_NO_MEMORY; STATUS_LIMIT: the budget refuses. */
int text_open(struct text_scan *t, struct detect_rules *rules, struct message *message,
        struct kind_set label) WUNRES NONNULL(1, 2, 3);
int text_feed(struct text_scan *t, struct span bytes) WUNRES NONNULL(1);
int text_finish(struct text_scan *t) WUNRES NONNULL(1); /* judges all, frees, wipes */
void text_abandon(struct text_scan *t) NONNULL(1);      /* frees, wipes */

/* A whole value; t is scratch memory that is wiped again. */
int text_value(struct text_scan *t, struct detect_rules *rules, struct message *message,
        struct span value, struct kind_set label) WUNRES NONNULL(1, 2, 3);

/* From the scanner. */
void text_hit(struct text_scan *t, const struct scanner_hit *hit) NONNULL(1, 2);

#endif
