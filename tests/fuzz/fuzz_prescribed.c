/* Any bytes as rules/prescribed_countries.csv: refused with a reason, or a country can be asked
 * for. */
#include <stdlib.h>

#include "base/status.h"
#include "verdict/prescribed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_problem problem = {.text = NULL};
	struct prescribed *p = NULL;
	int status = prescribed_new(&p, span_of(data, size), &problem);

	if (status != STATUS_OK) {
		if (status != STATUS_MALFORMED || p || !problem.text)
			abort();
		return 0;
	}
	/* No row is of Australia, and none is of a country that has no name. */
	if (prescribed_holds(p, "AU", INT32_MAX) || prescribed_holds(p, "", INT32_MAX))
		abort();
	prescribed_free(p);
	return 0;
}
