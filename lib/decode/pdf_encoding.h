/* pdf_encoding: which characters the one-byte codes of a font mean, where it says no more than the
 * name of an encoding, or names of glyphs.
 *
 * Source: ISO 32000-2:2020, Annex D (Latin character sets and encodings); Adobe Glyph List
 * Specification 1.7 for names that are made by a rule. */
#ifndef EXEAT_DECODE_PDF_ENCODING_H
#define EXEAT_DECODE_PDF_ENCODING_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

enum pdf_encoding { PDF_STANDARD, PDF_WIN_ANSI, PDF_MAC_ROMAN };

/* 0: the encoding has none there. */
uint32_t pdf_encoding_character(enum pdf_encoding encoding, uint8_t code);
/* 0: the name does not say. */
uint32_t pdf_glyph_character(struct span name);

#endif
