/* A content stream, shown with fonts that depend on their names. */
#include <stdlib.h>

#include "base/status.h"
#include "decode/pdf_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char cmap[] = "1 begincodespacerange <00> <ff> endcodespacerange "
                           "1 beginbfrange <00> <ff> <0020> endbfrange";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pdf_font fonts[3];
	struct pdf_page page;
	struct pdf_text text;
	char name[PDF_NAME_CHARS];
	enum pdf_need need;
	int status;

	for (int i = 0; i < 3; i++)
		pdf_font_init(&fonts[i], (enum pdf_encoding)i);
	fonts[1].composite = fonts[2].composite = fonts[1].utf16 = true;
	if (pdf_cmap_new(&fonts[2].to_unicode, span_of_text(cmap)) != STATUS_OK)
		abort();
	pdf_page_begin(&page);
	pdf_text_begin(&text, &page, span_of(data, size), NULL);
	while ((status = pdf_text_next(&text, &need, name)) == STATUS_ITEM) {
		if (need == PDF_NEED_FONT)
			pdf_text_use_font(&text, &fonts[(uint8_t)name[0] % 3]);
		if (need == PDF_NEED_ROOM)
			buf_clear(&page.text);
	}
	if (status != STATUS_END)
		abort();
	pdf_page_end(&page);
	pdf_font_clear(&fonts[2]);
	return 0;
}
