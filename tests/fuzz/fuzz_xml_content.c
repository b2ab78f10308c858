/* XML as the body of a response that ends with its connection: there, and not in the outermost
 * stream, nobody looks for another protocol, so the runs are compared however broken it is. */
#include "decode/decoder.h"
#include "fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "HTTP/1.0 200 OK\r\n\r\n";
	static const struct decode_env env = {.depth = 1};
	struct probe probe = {.end = true, .env = &env};
	uint8_t *all;

	if (size < 2)
		return 0;
	probe.head = span_of(
	        data + 1, size - 1 < DECODE_PROBE_BYTES_MAX ? size - 1 : DECODE_PROBE_BYTES_MAX);
	if (decoder_xml.probe(&probe) != PROBE_YES)
		return 0; /* text, which comes as it was cut */
	all = malloc(size + sizeof(head));
	if (!all)
		abort();
	all[0] = data[0];
	memcpy(all + 1, head, sizeof(head) - 1);
	memcpy(all + sizeof(head), data + 1, size - 1);
	fuzz_decode(all, size + sizeof(head) - 1, 80);
	free(all);
	return 0;
}
