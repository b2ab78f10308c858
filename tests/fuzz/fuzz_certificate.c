/* fuzz_certificate: the body of a Certificate message. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "tls/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certificate *c = NULL;
	int status = certificate_read(span_of(data, size), span_of_text("results.example.au"), &c);

	if (status < 0 || (status == STATUS_OK) != (c != NULL))
		abort();
	for (unsigned i = 0; c && i < c->name_count; i++)
		if (c->names[i][0] == '\0' || strlen(c->names[i]) >= CERTIFICATE_NAME_CHARS)
			abort();
	certificate_free(c);
	return 0;
}
