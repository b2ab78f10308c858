/* location: the country and organisation of an address, from MMDB files by libmaxminddb. Offline
 * always: no look-up leaves the machine. Reads MaxMind's schema (country.iso_code,
 * autonomous_system_number, autonomous_system_organization, traits.is_anycast) and the flat
 * country_code of other makers. */
#ifndef EXEAT_CLASSIFY_LOCATION_H
#define EXEAT_CLASSIFY_LOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/addr.h"

#define LOCATION_ORG_CHARS 128

enum country_confidence { COUNTRY_NONE, COUNTRY_UNPROVEN, COUNTRY_DATABASE, COUNTRY_OVERRIDE };

struct location {
	char country[3];                       /* ISO 3166 alpha-2, "" when not known */
	enum country_confidence confidence;    /* UNPROVEN: anycast; the country may be any */
	uint32_t asn;                          /* 0: not known */
	char organisation[LOCATION_ORG_CHARS]; /* raw; through display before anybody reads it */
	bool anycast;
};

struct location_db;

/* Opens country.mmdb and asn.mmdb; either path may be NULL. Paths may be /proc/self/fd/N.
 * STATUS_MALFORMED: not a database; STATUS_IO. */
int location_db_new(struct location_db **ret_gives, const char *country_path,
        const char *asn_path) WUNRES NONNULL(1);
struct location_db *location_db_free(struct location_db *db);
/* Fills ret; an address that the database does not hold gives COUNTRY_NONE. db may be NULL. */
void location_find(const struct location_db *db, const struct addr *a, struct location *ret)
        NONNULL(2, 3);
/* Build time of the country data, ns since 1970; 0 when there is none. */
int64_t location_built_ns(const struct location_db *db);
const char *country_confidence_text(
        enum country_confidence c); /* "none", "unproven", "database", "override" */

#endif
