/* fuzz_dtls: datagrams of one direction, each with its length in two bytes in front. */
#include <stdlib.h>

#include "base/status.h"
#include "net/client_hello.h"
#include "net/dtls.h"

#define BUDGET_BYTES ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_open_bytes(data, size);
	struct budget budget;
	struct dtls d;

	budget_init(&budget, BUDGET_BYTES);
	dtls_init(&d, &budget);
	while (!cursor_failed(&c) && cursor_left(&c) > 0) {
		size_t len = cursor_u16be(&c);
		struct span datagram = cursor_span(&c, len < c.left ? len : c.left);
		struct client_hello hello;
		struct span body;
		int status = dtls_feed(&d, datagram, HANDSHAKE_CLIENT_HELLO, &body);

		if (status < 0)
			abort();
		if (status == STATUS_ITEM && client_hello_read(body, &hello) < 0)
			abort();
	}
	dtls_free(&d);
	if (budget.used_bytes != 0)
		abort();
	return 0;
}
