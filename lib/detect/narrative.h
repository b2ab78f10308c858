/* narrative: what the words of a message add up to: a letter about a patient, a consultation, a
 * note. Comes in: terms where they end, names and dates of birth where they stand. Goes out, at the
 * end: what the densest stretch of the message was.
 *
 * Counted are different terms, not their number, in a window of NARRATIVE_BLOCKS blocks that moves
 * with the hits: a hit is one bit of its block. Clinical words alone are an article. With a person
 * who is named with a date of birth, they are that person's; with phrases that clinicians write or
 * say about one person, they are a patient's, named or not. Words of articles, leaflets and
 * guidelines speak against it. */
#ifndef EXEAT_DETECT_NARRATIVE_H
#define EXEAT_DETECT_NARRATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "detect/term.h"

#define NARRATIVE_BLOCK_BYTES  512
#define NARRATIVE_BLOCKS       8    /* a window of 4 KB: one or two pages of a letter */
#define NARRATIVE_PAIR_BYTES   400  /* from a name to a date of birth: an address and a telephone */
#define NARRATIVE_PERSON_BYTES 8192 /* a letter names its patient at its head */
#define NARRATIVE_TURNS_MAX    255

/* What a message was found to be; the higher says more. */
enum narrative_level {
	NARRATIVE_NONE,
	NARRATIVE_CLINICAL, /* talk or notes of one patient who is not named */
	NARRATIVE_LIKELY,   /* of a patient who is named, not beyond doubt */
	NARRATIVE_CERTAIN,
};

struct narrative_block {
	uint32_t terms[TERM_GROUPS];
	uint8_t clinician_turns, patient_turns;
};

struct narrative {
	uint64_t base;   /* bytes of the message's texts before the one that is open */
	uint64_t newest; /* number of the newest block */
	struct narrative_block blocks[NARRATIVE_BLOCKS];
	uint64_t name_at, birth_at, person_at; /* the last one, plus one; 0: none yet */
	uint32_t specification;                /* of the whole message */
	enum narrative_level level;            /* of the best window so far */
	bool dense; /* some window speaks of a patient, if one is named */
};

/* at: offset in the text that is open, of the byte behind the term. Terms come in their order. */
void narrative_term(struct narrative *e, uint64_t at, const struct term *term) NONNULL(1, 3);
/* Offsets at most TEXT_CONTEXT_BYTES behind that of the last term. */
void narrative_name(struct narrative *e, uint64_t at) NONNULL(1);
void narrative_birth(struct narrative *e, uint64_t at) NONNULL(1);
void narrative_person(struct narrative *e, uint64_t at) NONNULL(1);
/* A turn whose speaker a value of its own names. */
void narrative_turn(struct narrative *e, bool patient) NONNULL(1);
/* The text has ended, so many bytes long; what follows is of another. */
void narrative_text_end(struct narrative *e, uint64_t bytes) NONNULL(1);
/* The message has ended. named: it names its patient in labelled values. */
enum narrative_level narrative_judge(struct narrative *e, bool named) NONNULL(1);
/* It speaks of specifications more than once. */
bool narrative_specifies(const struct narrative *e) NONNULL(1);
/* A part inside a message goes on where that stands: a subject names whom the mail is about. */
void narrative_inherit(struct narrative *e, const struct narrative *from) NONNULL(1, 2);

#endif
