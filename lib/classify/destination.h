/* destination: everything that is known beforehand of the far end of a conversation, joined by
 * stated rules. Comes in: its address and the best name it was called by. Goes out: organisation,
 * country with how sure it is, and the service.
 *
 * - The country is that of the database; where an override of the country data names one it is the
 *   override's. What the practice itself found out is added when a stored conversation is judged
 *   (pipeline/own_findings.h), so that a correction needs no second reading.
 * - It is unproven where the address is anycast, where the sources of the database differ, or where
 *   the service or the AS is one behind which many stand (`unproven` in rules/services.csv),
 *   unless an override names it.
 * - The organisation is the override's, else that of the AS; the service stands beside it. */
#ifndef EXEAT_CLASSIFY_DESTINATION_H
#define EXEAT_CLASSIFY_DESTINATION_H

#include "base/compiler.h"
#include "classify/location.h"
#include "classify/overrides.h"
#include "classify/service.h"

/* Borrows; each may be NULL. */
struct destination_facts {
	const struct location_db *location;
	const struct overrides *overrides; /* of the country data */
	const struct services *services;
};

struct destination {
	struct location location;
	const struct service *service; /* borrows from the services; NULL: none known */
};

/* host NULL or "": the far end was never called by a name. */
void destination_find(const struct destination_facts *facts, const struct addr *a, const char *host,
        struct destination *ret) NONNULL(1, 2, 4);

#endif
