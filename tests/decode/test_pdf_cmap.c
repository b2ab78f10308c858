#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "decode/pdf_cmap.h"
#include "decode/pdf_encoding.h"

static const char two_bytes[] =
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        "2 beginbfchar\n<0003> <0041>\n<0004> <006600660069>\nendbfchar\n"
        "3 beginbfrange\n<0010> <0019> <0030>\n<0020> <0022> [<0058> <D83DDE00> <005A>]\n"
        "<0030> <002F> <0041>\nendbfrange\nendcmap\n";

static const char mixed[] = "2 begincodespacerange <00> <7f> <8140> <9ffc> endcodespacerange\n"
                            "2 beginbfchar <41> <0061> <8140> <0062> endbfchar";

static struct pdf_cmap *read_text(struct span bytes)
{
	struct pdf_cmap *m = NULL;

	assert_int_equal(pdf_cmap_new(&m, bytes), STATUS_OK);
	return m;
}

static void assert_means(const struct pdf_cmap *m, uint32_t code, const char *text)
{
	uint8_t bytes[PDF_CMAP_TEXT_BYTES];
	size_t len = pdf_cmap_text(m, code, bytes);

	assert_int_equal(len, strlen(text));
	assert_memory_equal(bytes, text, len);
}

static void characters_and_ranges(void **state)
{
	struct pdf_cmap *m = read_text(span_of_text(two_bytes));

	(void)state;
	assert_int_equal(pdf_cmap_ranges(m), 6);
	assert_means(m, 0x03, "A");
	assert_means(m, 0x04, "ffi");
	assert_means(m, 0x10, "0");
	assert_means(m, 0x19, "9");
	assert_means(m, 0x1a, "");
	assert_means(m, 0x20, "X");
	assert_means(m, 0x21, "\xf0\x9f\x98\x80");
	assert_means(m, 0x22, "Z");
	assert_means(m, 0x30, ""); /* its range ends before it begins */
	pdf_cmap_free(m);
}

static void codes_have_the_length_that_is_said(void **state)
{
	struct pdf_cmap *m = read_text(span_of_text(mixed));
	uint32_t code = 0;

	(void)state;
	assert_int_equal(pdf_cmap_code(m, span_of_text("AB"), &code), 1);
	assert_int_equal(code, 'A');
	assert_int_equal(pdf_cmap_code(m, span_of_text("\x81\x40x"), &code), 2);
	assert_int_equal(code, 0x8140);
	assert_int_equal(pdf_cmap_code(m, span_of_text("\x81"), &code), 1);
	assert_int_equal(pdf_cmap_code(m, span_of_text("\xff\xff"), &code), 1);
	assert_means(m, 0x8140, "b");
	pdf_cmap_free(m);
	m = read_text(span_of_text(""));
	assert_int_equal(pdf_cmap_code(m, span_of_text("A"), &code), 0);
	pdf_cmap_free(m);
}

static void cut_anywhere_it_means_no_more(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(two_bytes); len++) {
		uint8_t *exact = malloc(len + 1), text[PDF_CMAP_TEXT_BYTES];
		struct pdf_cmap *m;
		uint32_t code;

		assert_non_null(exact);
		memcpy(exact, two_bytes, len);
		m = read_text(span_of(exact, len));
		assert_true(pdf_cmap_ranges(m) <= 6);
		(void)pdf_cmap_text(m, 0x21, text);
		(void)pdf_cmap_code(m, span_of_text("\0\3"), &code);
		pdf_cmap_free(m);
		free(exact);
	}
}

static void names_of_glyphs(void **state)
{
	(void)state;
	assert_int_equal(pdf_glyph_character(span_of_text("A")), 'A');
	assert_int_equal(pdf_glyph_character(span_of_text("eight")), '8');
	assert_int_equal(pdf_glyph_character(span_of_text("eacute")), 0xe9);
	assert_int_equal(pdf_glyph_character(span_of_text("fi")), 0xfb01);
	assert_int_equal(pdf_glyph_character(span_of_text("a.sc")), 'a');
	assert_int_equal(pdf_glyph_character(span_of_text("uni00E9")), 0xe9);
	assert_int_equal(pdf_glyph_character(span_of_text("u1F600")), 0x1f600);
	assert_int_equal(pdf_glyph_character(span_of_text("uniD800")), 0);
	assert_int_equal(pdf_glyph_character(span_of_text(".notdef")), 0);
	assert_int_equal(pdf_glyph_character(span_of_text("g42")), 0);
	assert_int_equal(pdf_glyph_character(span_of_text("")), 0);
	assert_int_equal(pdf_encoding_character(PDF_WIN_ANSI, 0x92), 0x2019);
	assert_int_equal(pdf_encoding_character(PDF_MAC_ROMAN, 0x8e), 0xe9);
	assert_int_equal(pdf_encoding_character(PDF_STANDARD, 0x27), 0x2019);
	assert_int_equal(pdf_encoding_character(PDF_STANDARD, 0x80), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(characters_and_ranges),
	        cmocka_unit_test(codes_have_the_length_that_is_said),
	        cmocka_unit_test(cut_anywhere_it_means_no_more),
	        cmocka_unit_test(names_of_glyphs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
