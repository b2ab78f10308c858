/* fuzz_fingerprint: the body of a ClientHello, read and named. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "tls/fingerprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char ja3[FINGERPRINT_JA3_CHARS], ja4[FINGERPRINT_JA4_CHARS];
	struct client_hello hello;

	if (client_hello_read(span_of(data, size), &hello) != STATUS_OK)
		return 0;
	if (fingerprint_ja3(&hello, ja3) != STATUS_OK || strlen(ja3) + 1 != sizeof(ja3))
		abort();
	if (fingerprint_ja4(&hello, FINGERPRINT_TCP, ja4) != STATUS_OK ||
	        strlen(ja4) + 1 != sizeof(ja4))
		abort();
	return 0;
}
