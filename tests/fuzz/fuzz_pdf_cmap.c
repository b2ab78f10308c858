/* A CMap, and codes that it is asked about. */
#include <stdlib.h>

#include "base/status.h"
#include "decode/pdf_cmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pdf_cmap *m;
	uint8_t text[PDF_CMAP_TEXT_BYTES];
	struct span rest = span_of(data, size);

	if (pdf_cmap_new(&m, rest) != STATUS_OK)
		abort();
	while (rest.len > 0) {
		uint32_t code = 0;
		size_t len = pdf_cmap_code(m, rest, &code);

		if (len > PDF_CMAP_CODE_BYTES_MAX || len > rest.len ||
		        pdf_cmap_text(m, code, text) > sizeof(text))
			abort();
		rest = span_slice(rest, len > 0 ? len : 1, rest.len);
	}
	pdf_cmap_free(m);
	return 0;
}
