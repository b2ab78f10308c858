/* pdf_token: the words of PDF's content streams and CMaps.
 *
 * Source: ISO 32000-2:2020, 7.2 (characters), 7.3 (numbers, strings, names). */
#ifndef EXEAT_DECODE_PDF_TOKEN_H
#define EXEAT_DECODE_PDF_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

enum pdf_token_kind {
	PDF_NUMBER,
	PDF_NAME,   /* raw: without its slash, escapes not undone */
	PDF_STRING, /* raw: between the parentheses */
	PDF_HEX,    /* raw: between the angle brackets */
	PDF_ARRAY_BEGIN,
	PDF_ARRAY_END,
	PDF_DICTIONARY_BEGIN,
	PDF_DICTIONARY_END,
	PDF_WORD, /* an operator, true, null, … */
};

struct pdf_token {
	enum pdf_token_kind kind;
	struct span raw; /* borrows */
	double number;
};

/* STATUS_ITEM, or STATUS_END. What is no word of PDF is passed over; a string that does not end
 * ends with the input. */
int pdf_token_next(struct cursor *c, struct pdf_token *ret) WUNRES NONNULL(1, 2);
/* Bytes of a string of either form, at most max; the rest is cut off. */
size_t pdf_token_bytes(const struct pdf_token *t, uint8_t *ret, size_t max) NONNULL(1, 2);
/* A name without its escapes, cut to fit. */
void pdf_token_name(const struct pdf_token *t, char *ret, size_t size) NONNULL(1, 2);
bool pdf_is_space(uint8_t byte);

#endif
