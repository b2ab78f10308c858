/* A whole workbook, or another package of the office: what it answers must be records, and end
 * with the one that says so. */
#include <stdlib.h>

#include "base/status.h"
#include "decode/unpack_record.h"
#include "decode/xlsx_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf answer;
	struct unpack_sink sink = {.fd = -1, .buf = &answer};
	struct unpack_record record = {.kind = UNPACK_NONE};
	struct span rest;
	size_t len;

	buf_init(&answer, 64u << 20, NULL);
	xlsx_file_read(span_of(data, size), &sink);
	rest = buf_span(&answer);
	while (rest.len > 0) {
		if (unpack_record_read(rest, &record, &len) != STATUS_ITEM)
			abort();
		rest = span_slice(rest, len, rest.len);
	}
	if (record.kind != UNPACK_END && sink.status == STATUS_OK)
		abort();
	buf_free(&answer);
	return 0;
}
