/* rules/services.csv as somebody may have edited it: refused with a place, or read; then each kind
 * of question is asked. */
#include <stdint.h>
#include <stdlib.h>

#include "base/status.h"
#include "classify/place.h"
#include "classify/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_problem problem = {0};
	struct services *s = NULL;
	char host[300];
	size_t len = size < sizeof(host) - 1 ? size : sizeof(host) - 1;
	int status = services_new(&s, span_of(data, size), &problem);

	if (status > 0 && !problem.text)
		abort();
	for (size_t i = 0; i < len; i++)
		host[i] = (char)data[size - len + i];
	host[len] = '\0';
	(void)services_find(s, host, 64496);
	(void)services_find(s, "api.quoll.example", (uint32_t)size);
	(void)place_registered(host);
	services_free(s);
	return 0;
}
