#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "decode/pdf_text.h"

/* Shows the content with one font whatever its name; draws nothing. */
static void run(struct pdf_page *page, struct span content, const struct pdf_font *font)
{
	struct pdf_text text;
	char name[PDF_NAME_CHARS];
	enum pdf_need need;
	int status;

	pdf_page_begin(page);
	pdf_text_begin(&text, page, content, NULL);
	while ((status = pdf_text_next(&text, &need, name)) == STATUS_ITEM) {
		if (need == PDF_NEED_FONT && strcmp(name, "None") != 0)
			pdf_text_use_font(&text, font);
		if (need == PDF_NEED_ROOM)
			buf_clear(&page->text);
	}
	assert_int_equal(status, STATUS_END);
}

static void assert_shows(const char *content, const char *expected)
{
	struct pdf_font font;
	struct pdf_page page;

	pdf_font_init(&font, PDF_WIN_ANSI);
	run(&page, span_of_text(content), &font);
	if (!span_equal_text(buf_span(&page.text), expected))
		print_message("shows: %.*s\n", (int)page.text.len, (const char *)page.text.data);
	assert_true(span_equal_text(buf_span(&page.text), expected));
	pdf_page_end(&page);
}

static void strings(void **state)
{
	(void)state;
	assert_shows("BT /F1 10 Tf (A\\(b\\)\\101\\n\\\\) Tj ET", "A(b)A\\");
	assert_shows("BT /F1 10 Tf <48 6 9> Tj ET", "Hi");
	assert_shows("BT /F#31 10 Tf (nested (twice) here) Tj ET", "nested (twice) here");
	assert_shows("BT /F1 10 Tf (\x92) Tj (\xa0\xa0x) Tj ET", "\xe2\x80\x99 x");
	assert_shows("BT /F1 10 Tf (not closed", "");
	assert_shows("BT (no font) Tj ET", "");
	assert_shows("% comment (x) Tj\nBT /F1 10 Tf (a) Tj % more\nET", "a");
}

static void words_by_where_they_stand(void **state)
{
	(void)state;
	assert_shows("BT /F1 10 Tf [(Sur) 20 (name) -300 (Made)] TJ ET", "Surname Made");
	assert_shows("BT /F1 10 Tf (a) Tj 30 0 Td (b) Tj ET", "a b");
	assert_shows("BT /F1 10 Tf 12 TL (a) Tj T* (b) Tj 0 -12 TD (c) Tj (d) ' ET", "a\nb\nc\nd");
	assert_shows("BT /F1 10 Tf 12 TL 1 2 (a) \" ET", "a");
	assert_shows("BT /F1 10 Tf 1 0 0 1 50 700 Tm (a) Tj 1 0 0 1 50 600 Tm (b) Tj ET", "a\nb");
	/* Each letter by itself, as some printers do it. */
	assert_shows("BT /F1 10 Tf 1 0 0 1 0 0 Tm (1) Tj 1 0 0 1 5.3 0 Tm (2) Tj "
	             "1 0 0 1 14 0 Tm (3) Tj ET",
	        "12 3");
	/* The same turned by a quarter, and with the page upside down. */
	assert_shows("BT /F1 10 Tf 0 1 -1 0 0 0 Tm (1) Tj 0 1 -1 0 0 5.3 Tm (2) Tj ET", "12");
	assert_shows("q 1 0 0 -1 0 842 cm BT /F1 10 Tf (a) Tj 0 12 Td (b) Tj ET Q", "a\nb");
	assert_shows(
	        "q 2 0 0 2 0 0 cm Q BT /F1 1 Tf 10 0 0 10 0 0 Tm (a) Tj .53 0 Td (b) Tj ET", "ab");
}

static void what_is_not_text(void **state)
{
	struct pdf_page page;
	struct pdf_font font;

	(void)state;
	pdf_font_init(&font, PDF_WIN_ANSI);
	run(&page,
	        span_of_text("q BI /W 1 /H 1 /BPC 8 ID (x) Tj\nEI Q /Sp <</MCID 0>> BDC "
	                     "BT /F1 9 Tf (z) Tj /None 9 Tf (abc) Tj ET EMC 1 0 0 RG ]] >> 3 w"),
	        &font);
	assert_int_equal(page.pictures, 1);
	assert_true(span_equal_text(buf_span(&page.text), "z"));
	assert_int_equal(page.readable, 1);
	assert_int_equal(page.unreadable, 3);
	pdf_page_end(&page);
}

/* Each Q without its q, q without end, numbers beyond all measure. */
static void nonsense_is_bounded(void **state)
{
	(void)state;
	assert_shows("Q Q Q BT /F1 10 Tf (a) Tj ET", "a");
	assert_shows("q q q q q q q q BT /F1 10 Tf (a) Tj ET", "a");
	assert_shows("99999999999999999999999999999 0 0 9e9 --5 +-3.5.5 cm "
	             "BT /F1 99999999999999999999 Tf (a) Tj ET",
	        "a");
	assert_shows("[[[[ (a) ]] TJ BT /F1 10 Tf (b) Tj", "");
	assert_shows("BT /F1 10 Tf [(a) [(b)] <</x (c)>> (d)] TJ ET", "abcd");
	assert_shows("Tj ' \" TJ Tf Do cm Tm Td", "");
}

static void cut_anywhere_it_is_the_beginning(void **state)
{
	static const char content[] = "BT /F1 10 Tf 12 TL 5 0 Td (Alma) Tj [(Ma) -400 (de)] TJ "
	                              "<4142> ' q 1 0 0 1 0 0 cm BI /W 1 ID x EI Q ET";
	struct pdf_page whole, page;
	struct pdf_font font;

	(void)state;
	pdf_font_init(&font, PDF_WIN_ANSI);
	run(&whole, span_of_text(content), &font);
	for (size_t len = 0; len < sizeof(content); len++) {
		uint8_t *exact = malloc(len + 1);

		assert_non_null(exact);
		memcpy(exact, content, len);
		run(&page, span_of(exact, len), &font);
		assert_true(page.text.len <= whole.text.len);
		assert_true(page.text.len == 0 ||
		            memcmp(page.text.data, whole.text.data, page.text.len) == 0);
		pdf_page_end(&page);
		free(exact);
	}
	pdf_page_end(&whole);
}

static void fonts_of_two_bytes(void **state)
{
	struct pdf_font font;
	struct pdf_page page;

	(void)state;
	pdf_font_init(&font, PDF_STANDARD);
	font.composite = true;
	run(&page, span_of_text("BT /F1 10 Tf <00410042> Tj ET"), &font);
	assert_int_equal(page.text.len, 0);
	assert_int_equal(page.unreadable, 2);
	pdf_page_end(&page);
	font.utf16 = true;
	run(&page, span_of_text("BT /F1 10 Tf <00410042fb01> Tj ET"), &font);
	assert_true(span_equal_text(buf_span(&page.text), "ABfi"));
	pdf_page_end(&page);
	assert_int_equal(pdf_cmap_new(&font.to_unicode,
	                         span_of_text("1 beginbfchar <0041> <0078> endbfchar")),
	        STATUS_OK);
	run(&page, span_of_text("BT /F1 10 Tf <0041> Tj ET"), &font);
	assert_true(span_equal_text(buf_span(&page.text), "x"));
	pdf_page_end(&page);
	pdf_font_clear(&font);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(strings),
	        cmocka_unit_test(words_by_where_they_stand),
	        cmocka_unit_test(what_is_not_text),
	        cmocka_unit_test(nonsense_is_bounded),
	        cmocka_unit_test(cut_anywhere_it_is_the_beginning),
	        cmocka_unit_test(fonts_of_two_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
