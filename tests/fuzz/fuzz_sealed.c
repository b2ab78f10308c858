#include "fuzz_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sealed content is read only inside of something: here the body of a mail. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char envelope[] =
	        "EHLO a.example\r\nMAIL FROM:<a@a.example>\r\nBDAT 99999 LAST\r\n"
	        "Subject: x\r\n\r\n";
	size_t len = sizeof(envelope) - 1;
	uint8_t *session;

	if (size < 2)
		return 0;
	session = malloc(size + len);
	if (!session)
		abort();
	session[0] = data[0];
	memcpy(session + 1, envelope, len);
	memcpy(session + 1 + len, data + 1, size - 1);
	(void)fuzz_decode(session, size + len, 25);
	free(session);
	return 0;
}
