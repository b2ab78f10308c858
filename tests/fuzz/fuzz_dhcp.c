/* fuzz_dhcp: a DHCP message. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "net/dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dhcp_message message;
	int status = dhcp_parse(span_of(data, size), &message);

	if (status < 0)
		abort();
	if (status != STATUS_OK)
		return 0;
	if (strnlen(message.host, DHCP_NAME_CHARS) == DHCP_NAME_CHARS ||
	        strnlen(message.full_name, DHCP_NAME_CHARS) == DHCP_NAME_CHARS)
		abort();
	if (message.mask_bits > 32 || message.client.len > DHCP_HARDWARE_BYTES)
		abort();
	return 0;
}
