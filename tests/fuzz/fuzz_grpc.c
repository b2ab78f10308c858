/* The input stands in the body of a call; its second byte says of which kind. */
#include <stdio.h>

#include "fuzz_decode.h"

#define BODY_BYTES_MAX (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"application/grpc", "application/x-protobuf",
	        "text/event-stream", "application/grpc-web-text+proto", "application/connect+json"};
	uint8_t *bytes;
	int len;

	if (size < 3 || size > BODY_BYTES_MAX)
		return 0;
	bytes = malloc(BODY_BYTES_MAX + 256);
	if (!bytes)
		abort();
	bytes[0] = data[0];
	len = snprintf((char *)bytes + 1, 255,
	        "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
	        types[data[1] % 5], size - 2);
	memcpy(bytes + 1 + len, data + 2, size - 2);
	fuzz_decode(bytes, (size_t)len + size - 1, 80);
	free(bytes);
	return 0;
}
