/* pdf_cmap: which characters the codes of a font mean: the ToUnicode CMap that a PDF gives a font,
 * and the codes' lengths that its other CMaps give.
 *
 * Source: ISO 32000-2:2020, 9.7.5 (CMaps), 9.10.3 (ToUnicode); Adobe Technical Note 5411. */
#ifndef EXEAT_DECODE_PDF_CMAP_H
#define EXEAT_DECODE_PDF_CMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define PDF_CMAP_RANGES_MAX     65536 /* a font of 16-bit codes has no more characters */
#define PDF_CMAP_SPACES_MAX     100   /* of codes; Adobe's own maximum in one block */
#define PDF_CMAP_CODE_BYTES_MAX 4
/* What one code stands for: "ffi" is three. UTF-16 units, and each takes 3 bytes at most. */
#define PDF_CMAP_UNITS_MAX  16
#define PDF_CMAP_TEXT_BYTES (3 * PDF_CMAP_UNITS_MAX)

struct pdf_cmap;

/* Reads what it can: lines that break the format are passed over, and what goes beyond the limits
 * is left out. 0, or a failure. */
int pdf_cmap_new(struct pdf_cmap **ret_gives, struct span bytes) WUNRES NONNULL(1);
struct pdf_cmap *pdf_cmap_free(struct pdf_cmap *m); /* NULL ok, returns NULL */
size_t pdf_cmap_ranges(const struct pdf_cmap *m) NONNULL(1);
/* The code at the front of s, which is not empty, and its length in bytes; 0 when the CMap does not
 * say how long codes are. A code that fits nowhere is as long as the shortest. */
size_t pdf_cmap_code(const struct pdf_cmap *m, struct span s, uint32_t *ret_code) NONNULL(1, 3);
/* What the code stands for, in UTF-8; 0: the CMap does not say. */
size_t pdf_cmap_text(const struct pdf_cmap *m, uint32_t code,
        uint8_t ret[static PDF_CMAP_TEXT_BYTES]) NONNULL(1, 3);
/* UTF-16BE as UTF-8 (at most 3 bytes for each 2), unpaired surrogates left out. */
size_t pdf_utf16_text(struct span utf16, uint8_t *ret, size_t max_bytes) NONNULL(2);

#endif
