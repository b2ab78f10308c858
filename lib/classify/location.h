/* location: the country and organisation of an address, from MMDB files by libmaxminddb. Offline
 * always: no look-up leaves the machine.
 *
 * Reads our own databases and those of MaxMind (GeoLite2, GeoIP2), DB-IP and IPinfo. What a file
 * holds is told by its type in the metadata and by the fields of its first records:
 * - country: `country.iso_code` (MaxMind, DB-IP), else `country_code` or `country` with two
 *   letters (IPinfo and other flat files); a country that is none of ISO 3166 reads as not known;
 * - AS: `autonomous_system_number` and `autonomous_system_organization` (MaxMind, DB-IP), else
 *   `asn` ("AS64496") and `as_name` or `name` (IPinfo);
 * - marks: `traits.is_anycast`, else `is_anycast`.
 * One file may hold both. The first file that holds a thing is the one that is asked for it.
 *
 * How sure a country is, strongest first:
 * - override: a row of an overrides file names it (overrides.h);
 * - unproven: the address is anycast, or belongs to a content delivery network, or the sources of
 *   the database differ: the computer contacted may stand in any country;
 * - database: the database says so, and nothing above speaks against it;
 * - none: nothing is known. */
#ifndef EXEAT_CLASSIFY_LOCATION_H
#define EXEAT_CLASSIFY_LOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/addr.h"

#define LOCATION_ORG_CHARS  128
#define LOCATION_FILES_MAX  8  /* a folder has two or three */
#define LOCATION_TYPE_CHARS 64 /* database_type, cut */
/* Nodes that are looked at when a file is opened: enough to meet hundreds of records. */
#define LOCATION_PROBE_NODES_MAX 65536
#define LOCATION_OLD_DAYS        180 /* after this many days a report warns */

enum country_confidence { COUNTRY_NONE, COUNTRY_UNPROVEN, COUNTRY_DATABASE, COUNTRY_OVERRIDE };

struct location {
	char country[3]; /* ISO 3166 alpha-2, "" when not known */
	enum country_confidence confidence;
	uint32_t asn;                          /* 0: not known */
	char organisation[LOCATION_ORG_CHARS]; /* raw; through display before anybody reads it */
	bool anycast, proxy, satellite;
	bool sources_differ; /* of the database */
};

struct location_db;

/* What is wrong with a file, for one sentence: "<name of the file>: <text>". */
struct location_problem {
	size_t file; /* index in the paths */
	char text[192];
};

/* Opens the files. Paths may be /proc/self/fd/N. STATUS_MALFORMED (no database, cut short, a tree
 * that does not end) or STATUS_UNSUPPORTED (a database of something else) with *ret_problem filled;
 * STATUS_LIMIT: more than LOCATION_FILES_MAX; STATUS_IO. */
int location_db_new(struct location_db **ret_gives, const char *const *paths, size_t count,
        struct location_problem *ret_problem) WUNRES NONNULL(1, 4);
struct location_db *location_db_free(struct location_db *db);
/* Fills ret; an address that the database does not hold gives COUNTRY_NONE. db may be NULL. Records
 * that were met are kept decoded inside of db, under a lock: any thread may ask it. */
void location_find(const struct location_db *db, const struct addr *a, struct location *ret)
        NONNULL(2, 3);
/* Build time of the country data, ns since 1970; 0 when there is none. */
int64_t location_built_ns(const struct location_db *db);
/* The same of the data on AS numbers. */
int64_t location_asn_built_ns(const struct location_db *db);
/* database_type of the country data, "" none; borrows from db. */
const char *location_type(const struct location_db *db);
const char *country_confidence_text(
        enum country_confidence c); /* "none", "unproven", "database", "override" */

#endif
