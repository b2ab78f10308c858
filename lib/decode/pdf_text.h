/* pdf_text: reads the operators of a content stream and puts out the text that they show, with
 * spaces and line ends where it moves. Comes in: the stream, unpacked; fonts, as it asks for them.
 * Goes out: UTF-8.
 *
 * Source: ISO 32000-2:2020, 8.4.4 and 8.10 (graphics state, form XObjects), 8.9.7 (inline images),
 * 9.3 and 9.4 (text state, text objects). */
#ifndef EXEAT_DECODE_PDF_TEXT_H
#define EXEAT_DECODE_PDF_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "decode/pdf_font.h"
#include "decode/pdf_token.h"

#define PDF_OPERANDS_MAX  6  /* of an operator that is read here: those of a matrix */
#define PDF_STATES_MAX    64 /* q inside q; deeper ones are not kept apart */
#define PDF_NAME_CHARS    128
#define PDF_FLUSH_BYTES   (16u << 10)
#define PDF_OPERATORS_MAX 20000000u /* of a document: some 100 MB of content */

struct pdf_matrix {
	double a, b, c, d, e, f;
};

extern const struct pdf_matrix pdf_identity;

struct pdf_matrix pdf_matrix_multiply(const struct pdf_matrix *m, const struct pdf_matrix *by);

/* Of a page, or whatever else is shown in one piece. */
struct pdf_page {
	struct buf text; /* that nobody has taken yet; its owner clears it */
	bool any;        /* something was shown: */
	bool blank;      /* what was put out last is a space or a line end */
	double x, y;     /* where the last of it ended */
	uint64_t readable,
	        unreadable; /* characters, and codes of which nobody knows what they say */
	uint64_t pictures;
	uint64_t operators;
};

struct pdf_state {
	struct pdf_matrix matrix;
	const struct pdf_font *font; /* borrows; NULL: none was chosen, or it is not there */
	double size, character_space, word_space, scale, leading, rise;
};

struct pdf_text {
	struct pdf_page *page;                       /* borrows */
	struct cursor content;                       /* borrows */
	struct pdf_token operands[PDF_OPERANDS_MAX]; /* the last ones */
	unsigned operand_count;
	struct pdf_state state, states[PDF_STATES_MAX];
	unsigned depth; /* may be more than are kept */
	struct pdf_matrix text, line;
};

enum pdf_need {
	PDF_NEED_FONT, /* of that name: pdf_text_use_font, or none is used */
	PDF_NEED_DRAW, /* the XObject of that name is drawn here, with the state's matrix */
	PDF_NEED_ROOM, /* page.text is to be taken */
};

void pdf_page_begin(struct pdf_page *page) NONNULL(1);
void pdf_page_end(struct pdf_page *page) NONNULL(1);
/* Borrows all. from: of the surrounding stream, or NULL. */
void pdf_text_begin(struct pdf_text *t, struct pdf_page *page, struct span content,
        const struct pdf_state *from) NONNULL(1, 2);
/* STATUS_ITEM: *ret_need, with its name; STATUS_END; STATUS_LIMIT: too many operators; or a
 * failure. */
int pdf_text_next(struct pdf_text *t, enum pdf_need *ret_need,
        char ret_name[static PDF_NAME_CHARS]) WUNRES NONNULL(1, 2, 3);
/* Borrows, as long as it may be shown with. */
void pdf_text_use_font(struct pdf_text *t, const struct pdf_font *font) NONNULL(1);

#endif
