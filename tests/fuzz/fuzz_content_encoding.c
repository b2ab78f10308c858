/* Content encodings: the input stands inside a response that declares one. How much of broken
 * content comes out before the error depends on the cut (brotli gives nothing of that call), so
 * runs are compared only where nothing is broken. */
#include <stdio.h>

#include "fuzz_decode.h"

#define BODY_BYTES_MAX (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says how to cut, the second which encoding is declared. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const encodings[] = {"gzip", "deflate", "br", "zstd", "identity",
	        "gzip, gzip", "deflate, br", "aws-chunked"};
	struct fuzz_run whole;
	struct fuzz_run cut;
	uint8_t *bytes;
	size_t total;
	int len;

	if (size < 3 || size > BODY_BYTES_MAX)
		return 0;
	bytes = malloc(BODY_BYTES_MAX + 256);
	if (!bytes)
		abort();
	bytes[0] = data[0];
	len = snprintf((char *)bytes + 1, 255,
	        "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
	        encodings[data[1] % 8], size - 2);
	memcpy(bytes + 1 + len, data + 2, size - 2);
	total = (size_t)len + size - 2;
	whole = fuzz_session(bytes + 1, total, total, 80);
	cut = fuzz_session(bytes + 1, total, data[0] + 1u, 80);
	if ((whole.malformed == 0) != (cut.malformed == 0) ||
	        (whole.malformed == 0 && whole.hash != cut.hash))
		abort();
	free(bytes);
	return 0;
}
