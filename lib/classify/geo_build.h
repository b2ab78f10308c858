/* geo_build: makes country.mmdb and asn.mmdb from the tables of two sources.
 *
 * Comes in: Tor's geoip and geoip6, and what `location dump` prints. Both go back to the same
 * project's data; Tor's is renewed by security updates, so it is the newer and counts. Where they
 * differ the record says so (mmdb_writer.h), and location.h then calls the country unproven. Names
 * of organisations, AS numbers and the marks anycast, proxy and satellite come of the dump alone.
 * Each database is dated by its newest source, not by the day on which it was made. */
#ifndef EXEAT_CLASSIFY_GEO_BUILD_H
#define EXEAT_CLASSIFY_GEO_BUILD_H

#include "base/buf.h"
#include "base/compiler.h"
#include "classify/geo_table.h"

#define GEO_NAMES_MAX 1000000 /* AS numbers with a name: 93,000 in 2022 */

struct geo_build;

struct geo_problem {
	unsigned line, column;
	const char *text; /* static */
};

int geo_build_new(struct geo_build **ret_gives) WUNRES NONNULL(1);
struct geo_build *geo_build_free(struct geo_build *b); /* NULL ok, returns NULL */
/* A table begins; its bytes follow, then geo_build_table_end. */
int geo_build_table(struct geo_build *b, enum geo_form form) WUNRES NONNULL(1);
/* STATUS_MALFORMED with *ret filled; STATUS_LIMIT; a failure. */
int geo_build_feed(struct geo_build *b, struct span bytes, struct geo_problem *ret) WUNRES
        NONNULL(1, 3);
/* STATUS_MALFORMED also when the table held no network or no date. */
int geo_build_table_end(struct geo_build *b, struct geo_problem *ret) WUNRES NONNULL(1, 2);
/* Both files, into buffers of the caller's. Once. */
int geo_build_finish(struct geo_build *b, struct buf *country, struct buf *asn) WUNRES
        NONNULL(1, 2, 3);

#endif
