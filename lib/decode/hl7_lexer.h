/* hl7_lexer: cuts HL7 v2 text into segments, fields, repetitions, components and pieces of text.
 *
 * Sources: HL7 v2.4 chapter 2, sections 2.7 (delimiters), 2.10 (escape sequences) and 2.15.2 (the
 * header segment declares its own delimiters). Any delimiter set is read from MSH, FHS or BHS.
 * Segments end with CR, LF, CR LF, or the framing bytes of MLLP. A line that does not begin with a
 * segment name continues the text before it, as senders that forget to escape a line end mean.
 * Holds at most HL7_ESCAPE_BYTES_MAX bytes; every token borrows from the input or from here. */
#ifndef EXEAT_DECODE_HL7_LEXER_H
#define EXEAT_DECODE_HL7_LEXER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define HL7_ESCAPE_BYTES_MAX 256 /* of one \X…\ sequence; a longer one is text */
#define HL7_HEAD_BYTES_MAX   12  /* "MSH|^~\&#|" and two more */

#define HL7_QUEUE_TOKENS 3 /* one byte ends a segment, begins one, begins its field */

enum hl7_token_kind {
	HL7_SEGMENT,      /* name is set; fields follow */
	HL7_FIELD,        /* a field begins */
	HL7_REPETITION,   /* of the same field */
	HL7_COMPONENT,    /* of the same repetition */
	HL7_SUBCOMPONENT, /* of the same component */
	HL7_TEXT,         /* a piece of the value, escapes undone */
	HL7_SEGMENT_END,
};

struct hl7_token {
	enum hl7_token_kind kind;
	char name[4];     /* SEGMENT */
	bool header;      /* SEGMENT: MSH, FHS or BHS; its next FIELD is the third one */
	struct span text; /* TEXT; borrows until the next call */
};

struct hl7_lexer {
	int state;
	bool delimiters_known, segment_open;
	uint8_t field, component, repetition, escape, subcomponent; /* 0: the message has none */
	uint8_t head[HL7_HEAD_BYTES_MAX]; /* of a line, until it is clear what it is */
	uint8_t head_count;
	uint8_t replay[HL7_HEAD_BYTES_MAX]; /* of it, once it turned out to be text */
	uint8_t replay_at, replay_count;
	uint8_t held[HL7_ESCAPE_BYTES_MAX + 1]; /* an escape sequence that is not closed yet */
	uint16_t held_count;
	uint8_t decoded[HL7_ESCAPE_BYTES_MAX + 1]; /* what TEXT borrows */
	struct hl7_token queue[HL7_QUEUE_TOKENS];
	uint8_t queue_at, queue_count;
	uint64_t junk_bytes; /* before the first header, or in a line cut by a gap */
};

void hl7_lexer_init(struct hl7_lexer *l) NONNULL(1);
/* STATUS_ITEM and *ret, or 0 when *in is empty. */
int hl7_lexer_next(struct hl7_lexer *l, struct cursor *in, struct hl7_token *ret) WUNRES
        NONNULL(1, 2, 3);
/* The message has ended here: STATUS_ITEM for each token that was held back, then 0. The delimiters
 * are forgotten with the last one. */
int hl7_lexer_finish(struct hl7_lexer *l, struct hl7_token *ret) WUNRES NONNULL(1, 2);
/* Bytes are missing here: drops what was held, goes on at the next line. */
void hl7_lexer_gap(struct hl7_lexer *l) NONNULL(1);

/* Whether text begins a header segment: MSH, FHS or BHS, a field separator, encoding characters.
 * STATUS_MORE when text is too short to say, STATUS_OK yes, STATUS_MALFORMED no. */
int hl7_header_probe(struct span text) WUNRES;

#endif
