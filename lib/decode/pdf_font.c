#include "decode/pdf_font.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define WIDE_CODE_BYTES 2

void pdf_font_init(struct pdf_font *f, enum pdf_encoding encoding)
{
	memset(f, 0, sizeof(*f));
	for (unsigned code = 0; code < 256; code++) {
		f->characters[code] = pdf_encoding_character(encoding, (uint8_t)code);
		f->widths[code] = -1;
	}
	f->default_width = -1;
}

void pdf_font_clear(struct pdf_font *f)
{
	f->to_unicode = pdf_cmap_free(f->to_unicode);
	f->codes = pdf_cmap_free(f->codes);
	free(f->wide);
	f->wide = NULL;
}

/* Where a font does not say how wide its glyphs are it is one that everybody has; Helvetica's are
 * near enough to tell a gap between words. */
static double usual_width(uint32_t character)
{
	static const char narrow[] = "iljtf.,:;'|!()I[]/ ", wide[] = "mwMWABCDEGHKNOPQRSUVXY&";

	if (character == 0 || character > 0x7e)
		return 500;
	if (strchr(narrow, (int)character))
		return 278;
	return strchr(wide, (int)character) ? 700 : 530;
}

static void take_character(struct pdf_glyph *g, uint32_t character)
{
	if (character != 0)
		g->text_len = utf8_encode(character, (char *)g->text);
}

static size_t simple_glyph(const struct pdf_font *f, struct span string, struct pdf_glyph *ret)
{
	uint8_t code = string.data[0];

	if (f->to_unicode)
		ret->text_len = pdf_cmap_text(f->to_unicode, code, ret->text);
	if (ret->text_len == 0)
		take_character(ret, f->characters[code]);
	ret->space = code == ' ';
	if (f->widths[code] >= 0)
		ret->width = (double)f->widths[code];
	else if (f->default_width >= 0)
		ret->width = (double)f->default_width;
	else
		ret->width = usual_width(f->characters[code]);
	return 1;
}

static size_t code_length(const struct pdf_font *f, struct span string, uint32_t *ret_code)
{
	const struct pdf_cmap *cmap = f->codes;
	size_t len = cmap ? pdf_cmap_code(cmap, string, ret_code) : 0;

	if (len > 0)
		return len;
	len = string.len < WIDE_CODE_BYTES ? string.len : WIDE_CODE_BYTES;
	*ret_code = 0;
	for (size_t i = 0; i < len; i++)
		*ret_code = *ret_code << 8 | string.data[i];
	return len;
}

static size_t composite_glyph(const struct pdf_font *f, struct span string, struct pdf_glyph *ret)
{
	uint32_t code;
	size_t len = code_length(f, string, &code);

	if (f->to_unicode)
		ret->text_len = pdf_cmap_text(f->to_unicode, code, ret->text);
	if (ret->text_len == 0 && f->utf16)
		ret->text_len = pdf_utf16_text(
		        span_slice(string, 0, len), ret->text, sizeof(ret->text));
	ret->space = len == 1 && code == ' ';
	ret->width = f->default_width >= 0 ? (double)f->default_width : 1000;
	if (f->wide && code < PDF_WIDE_CODES_MAX && f->wide[code] >= 0)
		ret->width = (double)f->wide[code];
	return len;
}

size_t pdf_font_glyph(const struct pdf_font *f, struct span string, struct pdf_glyph *ret)
{
	*ret = (struct pdf_glyph){.text_len = 0};
	return f->composite ? composite_glyph(f, string, ret) : simple_glyph(f, string, ret);
}
