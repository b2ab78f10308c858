/* fuzz_netbios: a message of the NetBIOS name service. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "net/netbios.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netbios_message message;
	int status = netbios_parse(span_of(data, size), &message);

	if (status < 0)
		abort();
	if (status != STATUS_OK)
		return 0;
	if (message.count > NETBIOS_NAMES_MAX)
		abort();
	for (unsigned i = 0; i < message.count; i++) {
		size_t len = strnlen(message.names[i].name, NETBIOS_NAME_CHARS);

		if (len == 0 || len == NETBIOS_NAME_CHARS)
			abort();
		if ((message.kind == NETBIOS_STATUS) != (message.names[i].addr.family == ADDR_NONE))
			abort();
	}
	return 0;
}
