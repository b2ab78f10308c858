/* fuzz_router_advert: a router advertisement behind its checksum. */
#include <stdlib.h>

#include "base/status.h"
#include "net/router_advert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct router_advert advert;
	int status = router_advert_parse(span_of(data, size), &advert);

	if (status < 0)
		abort();
	if (status != STATUS_OK)
		return 0;
	if (advert.count > ROUTER_PREFIXES_MAX)
		abort();
	for (unsigned i = 0; i < advert.count; i++)
		if (!prefix_contains(&advert.on_link[i], &advert.on_link[i].addr))
			abort();
	return 0;
}
