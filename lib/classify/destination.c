#include "classify/destination.h"

#include <stddef.h>

static bool is_unproven(const struct service *s)
{
	return s && (s->flags & SERVICE_UNPROVEN);
}

void destination_find(const struct destination_facts *facts, const struct addr *a, const char *host,
        struct destination *ret)
{
	struct location *l = &ret->location;

	location_find(facts->location, a, l);
	ret->service = services_find(facts->services, host, l->asn);
	/* A name of its own may stand on the machines of a content delivery network. */
	if (l->confidence == COUNTRY_DATABASE &&
	        (is_unproven(ret->service) ||
	                is_unproven(services_find(facts->services, NULL, l->asn))))
		l->confidence = COUNTRY_UNPROVEN;
	(void)overrides_apply(facts->overrides, a, host, l);
}
