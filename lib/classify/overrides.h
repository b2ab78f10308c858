/* overrides: what somebody has found out about an address and wrote down with its source; it stands
 * above every database. Comes in: geo/overrides.csv, or a practice's own overrides.csv. Goes out:
 * the location of an address, put right.
 *
 * Columns: match (`domain:`, `asn:` or `cidr:`, see place.h), organisation, country, source,
 * checked_on. Of the rows that fit a conversation one counts: a name before a network before an AS
 * number, the longer one first. What a row leaves empty stays as it was. */
#ifndef EXEAT_CLASSIFY_OVERRIDES_H
#define EXEAT_CLASSIFY_OVERRIDES_H

#include "base/compiler.h"
#include "base/csv.h"
#include "classify/location.h"

#define OVERRIDES_ROWS_MAX                                                                         \
	2000 /* of a file: each is a person's finding; networks are searched
                                  * one by one */

struct overrides;

/* Copies. STATUS_MALFORMED or STATUS_LIMIT with *ret_problem. */
int overrides_new(struct overrides **ret_gives, struct span overrides_csv,
        struct csv_problem *ret_problem) WUNRES NONNULL(1, 3);
struct overrides *overrides_free(struct overrides *o); /* NULL ok, returns NULL */
/* Puts right what is known of an address that was called host (NULL: no name). True when a row
 * fitted. o may be NULL. */
bool overrides_apply(const struct overrides *o, const struct addr *a, const char *host,
        struct location *l) NONNULL(2, 4);

#endif
