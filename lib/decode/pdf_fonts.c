#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "decode/pdf_document.h"
#include "decode/pdf_text.h"

#define WIDTHS_MAX 65536 /* entries of /W that are looked at */

/* ---- simple fonts ---- */

static enum pdf_encoding encoding_of(struct pdf_document *d, qpdf_oh name, enum pdf_encoding other)
{
	if (pdf_is_name(d, name, "/WinAnsiEncoding"))
		return PDF_WIN_ANSI;
	if (pdf_is_name(d, name, "/MacRomanEncoding"))
		return PDF_MAC_ROMAN;
	return pdf_is_name(d, name, "/StandardEncoding") ? PDF_STANDARD : other;
}

/* [code /name /name … code /name …] */
static void read_differences(struct pdf_document *d, qpdf_oh array, struct pdf_font *f)
{
	int count = qpdf_oh_is_array(d->qpdf, array) ? qpdf_oh_get_array_n_items(d->qpdf, array)
	                                             : 0;
	int code = 0;

	for (int i = 0; i < count && i < 1024; i++) {
		qpdf_oh item = qpdf_oh_get_array_item(d->qpdf, array, i);

		if (qpdf_oh_is_integer(d->qpdf, item))
			code = qpdf_oh_get_int_value_as_int(d->qpdf, item);
		else if (qpdf_oh_is_name(d->qpdf, item) && code >= 0 && code < 256)
			f->characters[code++] = pdf_glyph_character(
			        span_of_text(qpdf_oh_get_name(d->qpdf, item) + 1));
		pdf_drop(d, item);
	}
}

static void read_encoding(struct pdf_document *d, qpdf_oh dictionary, struct pdf_font *f)
{
	qpdf_oh encoding = pdf_key(d, dictionary, "/Encoding");
	qpdf_oh subtype = pdf_key(d, dictionary, "/Subtype");
	enum pdf_encoding base = pdf_is_name(d, subtype, "/TrueType") ? PDF_WIN_ANSI : PDF_STANDARD;
	qpdf_oh name = pdf_key(d, encoding, "/BaseEncoding");
	qpdf_oh differences = pdf_key(d, encoding, "/Differences");

	base = encoding_of(d, encoding, encoding_of(d, name, base));
	pdf_font_init(f, base);
	read_differences(d, differences, f);
	pdf_drop(d, differences);
	pdf_drop(d, name);
	pdf_drop(d, subtype);
	pdf_drop(d, encoding);
}

/* Type 3 fonts measure their glyphs by a matrix of their own. */
static double width_unit(struct pdf_document *d, qpdf_oh dictionary)
{
	qpdf_oh matrix = pdf_key(d, dictionary, "/FontMatrix");
	double unit = 1;

	if (qpdf_oh_is_array(d->qpdf, matrix) && qpdf_oh_get_array_n_items(d->qpdf, matrix) > 0) {
		qpdf_oh first = qpdf_oh_get_array_item(d->qpdf, matrix, 0);

		unit = 1000 * pdf_number(d, first, 0.001);
		pdf_drop(d, first);
	}
	pdf_drop(d, matrix);
	return unit;
}

static void read_widths(struct pdf_document *d, qpdf_oh dictionary, struct pdf_font *f)
{
	qpdf_oh first = pdf_key(d, dictionary, "/FirstChar");
	qpdf_oh widths = pdf_key(d, dictionary, "/Widths");
	double unit = width_unit(d, dictionary), from = pdf_number(d, first, 0);
	int count = qpdf_oh_is_array(d->qpdf, widths) ? qpdf_oh_get_array_n_items(d->qpdf, widths)
	                                              : 0;

	for (int i = 0; i < count && from >= 0 && from + i < 256; i++) {
		qpdf_oh width = qpdf_oh_get_array_item(d->qpdf, widths, i);

		f->widths[(int)from + i] = (float)(unit * pdf_number(d, width, -1));
		pdf_drop(d, width);
	}
	pdf_drop(d, widths);
	pdf_drop(d, first);
}

static void read_simple(struct pdf_document *d, qpdf_oh dictionary, struct pdf_font *f)
{
	qpdf_oh name = pdf_key(d, dictionary, "/BaseFont");

	read_encoding(d, dictionary, f);
	read_widths(d, dictionary, f);
	if (qpdf_oh_is_name(d->qpdf, name) && strstr(qpdf_oh_get_name(d->qpdf, name), "Courier"))
		f->default_width = 600;
	pdf_drop(d, name);
}

/* ---- composite fonts ---- */

static void set_width(struct pdf_font *f, double code, double width)
{
	if (code >= 0 && code < PDF_WIDE_CODES_MAX)
		f->wide[(size_t)code] = (float)width;
}

/* 9.7.4.3: "c [w1 w2 …]" or "first last w". Item i is c or first; the number of items used. */
static int read_wide_entry(struct pdf_document *d, qpdf_oh array, int i, struct pdf_font *f)
{
	qpdf_oh first = qpdf_oh_get_array_item(d->qpdf, array, i);
	qpdf_oh second = qpdf_oh_get_array_item(d->qpdf, array, i + 1);
	double from = pdf_number(d, first, -1);
	int used = 2;

	if (qpdf_oh_is_array(d->qpdf, second)) {
		int count = qpdf_oh_get_array_n_items(d->qpdf, second);

		for (int k = 0; k < count && k < PDF_WIDE_CODES_MAX; k++) {
			qpdf_oh width = qpdf_oh_get_array_item(d->qpdf, second, k);

			set_width(f, from + k, pdf_number(d, width, -1));
			pdf_drop(d, width);
		}
	} else {
		qpdf_oh width = qpdf_oh_get_array_item(d->qpdf, array, i + 2);
		double last = pdf_number(d, second, -1), value = pdf_number(d, width, -1);

		for (double code = from > 0 ? from : 0; code <= last && code < PDF_WIDE_CODES_MAX;
		        code++)
			set_width(f, code, value);
		pdf_drop(d, width);
		used = 3;
	}
	pdf_drop(d, second);
	pdf_drop(d, first);
	return used;
}

static void read_wide(struct pdf_document *d, qpdf_oh descendant, struct pdf_font *f)
{
	qpdf_oh array = pdf_key(d, descendant, "/W");
	qpdf_oh usual = pdf_key(d, descendant, "/DW");
	int count = qpdf_oh_is_array(d->qpdf, array) ? qpdf_oh_get_array_n_items(d->qpdf, array)
	                                             : 0;

	f->default_width = (float)pdf_number(d, usual, 1000);
	if (count > 1)
		f->wide = malloc(PDF_WIDE_CODES_MAX * sizeof(*f->wide));
	for (size_t i = 0; f->wide && i < PDF_WIDE_CODES_MAX; i++)
		f->wide[i] = -1;
	for (int i = 0; f->wide && i + 1 < count && i < WIDTHS_MAX;)
		i += read_wide_entry(d, array, i, f);
	pdf_drop(d, usual);
	pdf_drop(d, array);
}

static struct pdf_cmap *read_cmap(struct pdf_document *d, qpdf_oh stream)
{
	struct pdf_cmap *cmap = NULL;
	struct span bytes;

	if (!qpdf_oh_is_stream(d->qpdf, stream) || !pdf_stream(d, stream, true, &bytes))
		return NULL;
	if (pdf_cmap_new(&cmap, bytes) != STATUS_OK)
		cmap = NULL;
	free((void *)(uintptr_t)bytes.data);
	return cmap;
}

static void read_composite(struct pdf_document *d, qpdf_oh dictionary, struct pdf_font *f)
{
	qpdf_oh encoding = pdf_key(d, dictionary, "/Encoding");
	qpdf_oh array = pdf_key(d, dictionary, "/DescendantFonts");

	pdf_font_init(f, PDF_STANDARD);
	f->composite = true;
	if (qpdf_oh_is_name(d->qpdf, encoding)) {
		const char *name = qpdf_oh_get_name(d->qpdf, encoding);

		f->utf16 = strstr(name, "UCS2") || strstr(name, "UTF16");
	}
	f->codes = read_cmap(d, encoding);
	if (qpdf_oh_is_array(d->qpdf, array) && qpdf_oh_get_array_n_items(d->qpdf, array) > 0) {
		qpdf_oh descendant = qpdf_oh_get_array_item(d->qpdf, array, 0);

		read_wide(d, descendant, f);
		pdf_drop(d, descendant);
	}
	pdf_drop(d, array);
	pdf_drop(d, encoding);
}

/* ---- fonts by name ---- */

static void read_font(struct pdf_document *d, qpdf_oh dictionary, struct pdf_font *f)
{
	qpdf_oh subtype = pdf_key(d, dictionary, "/Subtype");
	qpdf_oh to_unicode = pdf_key(d, dictionary, "/ToUnicode");

	if (pdf_is_name(d, subtype, "/Type0"))
		read_composite(d, dictionary, f);
	else
		read_simple(d, dictionary, f);
	f->to_unicode = read_cmap(d, to_unicode);
	pdf_drop(d, to_unicode);
	pdf_drop(d, subtype);
}

static bool is_known(const struct pdf_known_font *known, const struct pdf_known_font *wanted)
{
	if (wanted->object > 0)
		return known->object == wanted->object && known->generation == wanted->generation;
	return known->object == 0 && known->owner == wanted->owner &&
	       strcmp(known->name, wanted->name) == 0;
}

static bool make_room(struct pdf_document *d)
{
	size_t capacity = d->font_capacity == 0 ? 16 : 2 * d->font_capacity;
	struct pdf_known_font **larger;

	if (d->font_count == PDF_FONTS_MAX) {
		d->limited = true;
		return false;
	}
	if (d->font_count < d->font_capacity)
		return true;
	larger = reallocarray(d->fonts, capacity, sizeof(struct pdf_known_font *));
	if (!larger)
		return false;
	d->fonts = larger;
	d->font_capacity = capacity;
	return true;
}

static const struct pdf_font *add_font(
        struct pdf_document *d, const struct pdf_known_font *wanted, qpdf_oh dictionary)
{
	struct pdf_known_font *known = make_room(d) ? malloc(sizeof(*known)) : NULL;

	if (!known)
		return NULL;
	*known = *wanted;
	read_font(d, dictionary, &known->font);
	d->fonts[d->font_count++] = known;
	return &known->font;
}

static const struct pdf_font *font_of(
        struct pdf_document *d, qpdf_oh dictionary, uint64_t owner, const char *name)
{
	struct pdf_known_font wanted = {.object = qpdf_oh_get_object_id(d->qpdf, dictionary),
	        .generation = qpdf_oh_get_generation(d->qpdf, dictionary),
	        .owner = owner};

	text_copy(wanted.name, sizeof(wanted.name), name);
	for (size_t i = d->font_count; i-- > 0;)
		if (is_known(d->fonts[i], &wanted))
			return &d->fonts[i]->font;
	return add_font(d, &wanted, dictionary);
}

const struct pdf_font *pdf_find_font(
        struct pdf_document *d, qpdf_oh resources, uint64_t owner, const char *name)
{
	char key[PDF_NAME_CHARS + 1] = "/";
	const struct pdf_font *font = NULL;
	qpdf_oh fonts = pdf_key(d, resources, "/Font"), dictionary;

	text_copy(key + 1, sizeof(key) - 1, name);
	dictionary = pdf_key(d, fonts, key);
	if (qpdf_oh_is_dictionary(d->qpdf, dictionary))
		font = font_of(d, dictionary, owner, name);
	pdf_drop(d, dictionary);
	pdf_drop(d, fonts);
	return font;
}

void pdf_fonts_free(struct pdf_document *d)
{
	for (size_t i = 0; i < d->font_count; i++) {
		pdf_font_clear(&d->fonts[i]->font);
		free(d->fonts[i]);
	}
	free(d->fonts);
	d->fonts = NULL;
	d->font_count = d->font_capacity = 0;
}
