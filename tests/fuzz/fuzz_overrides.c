/* overrides.csv as a practice may have written it: refused with a place, or read and applied. */
#include <stdint.h>
#include <stdlib.h>

#include "base/status.h"
#include "classify/overrides.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct addr a = addr_ipv4((const uint8_t[]){192, 0, 2, 1});
	struct csv_problem problem = {0};
	struct overrides *o = NULL;
	struct location l = {.asn = 64496};
	int status = overrides_new(&o, span_of(data, size), &problem);

	if (status > 0 && !problem.text)
		abort();
	(void)overrides_apply(o, &a, "api.quoll.example", &l);
	overrides_free(o);
	return 0;
}
