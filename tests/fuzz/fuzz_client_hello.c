/* fuzz_client_hello: the start of a stream, read as both hellos. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "net/cipher_suite.h"
#include "net/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client_hello hello = {0};
	struct server_hello server = {0};
	struct handshake front;
	char text[48];
	int status = client_hello_parse(span_of(data, size), &hello);

	if (status < 0)
		abort();
	if (status == STATUS_OK && strlen(hello.server_name) >= sizeof(hello.server_name))
		abort();
	if (status == STATUS_OK && size > 5 &&
	        client_hello_parse(span_of(data, 5), &hello) != STATUS_MORE)
		abort();
	if (handshake_front(span_of(data, size), HANDSHAKE_CLIENT_HELLO, &front) == STATUS_OK) {
		struct client_hello cut = {0};

		if (client_hello_read_front(front.body, &cut) == STATUS_OK &&
		        (cut.server_name[0] == '\0' || cut.extensions.len > 0))
			abort();
		if (status == STATUS_OK && hello.server_name[0] != '\0' &&
		        strcmp(hello.server_name, cut.server_name) != 0)
			abort();
		handshake_free(&front);
	}
	if (server_hello_parse(span_of(data, size), &server) < 0)
		abort();
	cipher_suite_text(server.cipher, text);
	return 0;
}
