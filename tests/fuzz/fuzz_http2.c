#include "decode/http2_frame.h"
#include "fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What does not begin as HTTP/2 is read by other decoders, which have targets of their own. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || http2_frame_begins(span_of(data + 1, size - 1)) != PROBE_YES)
		return 0;
	return fuzz_decode(data, size, 80);
}
