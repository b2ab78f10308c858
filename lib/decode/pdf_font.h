/* pdf_font: what the codes of a string that is shown mean, and how wide they are. Comes in: what
 * the font's dictionary says. Goes out: characters.
 *
 * Source: ISO 32000-2:2020, 9.6 (simple fonts), 9.7 (composite fonts), 9.10 (text content). */
#ifndef EXEAT_DECODE_PDF_FONT_H
#define EXEAT_DECODE_PDF_FONT_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/pdf_cmap.h"
#include "decode/pdf_encoding.h"

#define PDF_WIDE_CODES_MAX 65536 /* of a composite font */

struct pdf_font {
	bool composite;              /* codes of several bytes */
	bool utf16;                  /* they are UTF-16 themselves (9.7.5.2: UniGB-UTF16-H, …) */
	struct pdf_cmap *to_unicode; /* owned; NULL: none */
	struct pdf_cmap *codes;      /* of composite fonts: how long codes are; owned; NULL: two */
	uint32_t characters[256];    /* of simple fonts; 0: none */
	float widths[256];           /* of simple fonts, in thousandths; below 0: not said */
	float *wide;                 /* of composite ones, by code; owned; NULL: none said */
	float default_width;
};

/* A simple font with that encoding. */
void pdf_font_init(struct pdf_font *f, enum pdf_encoding encoding) NONNULL(1);
void pdf_font_clear(struct pdf_font *f) NONNULL(1);

struct pdf_glyph {
	uint8_t text[PDF_CMAP_TEXT_BYTES]; /* UTF-8 */
	size_t text_len;                   /* 0: nobody can say what it means */
	double width;                      /* thousandths of the font's size */
	bool space;                        /* the one-byte code 32: word spacing holds */
};

/* The first code of a string that is not empty: its length in bytes. */
size_t pdf_font_glyph(const struct pdf_font *f, struct span string, struct pdf_glyph *ret)
        NONNULL(1, 3);

#endif
