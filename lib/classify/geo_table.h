/* geo_table: reads the text tables from which the country databases are made, piece by piece.
 *
 * Three forms, told apart by the caller:
 * - Tor's `geoip` (src/config/geoip of Tor): `first,last,CC` with IPv4 addresses as numbers;
 * - Tor's `geoip6`: the same with IPv6 addresses as text;
 * - what `location dump` prints of libloc's database (location(1)): blocks of `key: value`, an
 *   empty line between them; `aut-num` and `name`, or `net` and what is known of it.
 * All begin with comments, of which `# Generated: Thu, 25 Jun 2026 04:33:59 GMT` dates the data.
 * A country that is none of ISO 3166 (`??`, `EU`, `AP`, `A1` …) reads as not known. */
#ifndef EXEAT_CLASSIFY_GEO_TABLE_H
#define EXEAT_CLASSIFY_GEO_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "net/addr.h"

#define GEO_LINE_BYTES_MAX 512 /* the longest line of 2026 has 130 */
#define GEO_NAME_CHARS     256 /* the longest name of an AS in 2026 has 120 bytes */

enum geo_form { GEO_TOR_IPV4, GEO_TOR_IPV6, GEO_LOCATION };

enum geo_item_kind { GEO_NETWORK, GEO_AS_NAME };

struct geo_item {
	enum geo_item_kind kind;
	struct addr first, last; /* of a network: both belong to it, first <= last */
	bool has_country;        /* the table says something, if only that it is not known */
	char country[3];         /* ISO 3166 alpha-2, "" not known */
	bool anycast, proxy, satellite;
	uint32_t asn;              /* 0: none */
	char name[GEO_NAME_CHARS]; /* of GEO_AS_NAME; UTF-8 is not checked */
};

struct geo_table;

int geo_table_new(struct geo_table **ret_gives, enum geo_form form) WUNRES NONNULL(1);
struct geo_table *geo_table_free(struct geo_table *t); /* NULL ok, returns NULL */
/* The next bytes; borrows them until geo_table_next has given 0. */
void geo_table_feed(struct geo_table *t, struct span bytes) NONNULL(1);
/* The file has ended: an open line or block is whole. */
void geo_table_end(struct geo_table *t) NONNULL(1);
/* STATUS_ITEM; 0: more bytes are needed; STATUS_MALFORMED, which stays: see geo_table_problem. */
int geo_table_next(struct geo_table *t, struct geo_item *ret) WUNRES NONNULL(1, 2);
/* What is wrong, and in which line and column (from 1; column 0: the line). Static text. */
const char *geo_table_problem(const struct geo_table *t, unsigned *ret_line, unsigned *ret_column)
        NONNULL(1, 2, 3);
/* The date in the comments, seconds since 1970; 0: none was seen. */
int64_t geo_table_generated(const struct geo_table *t) NONNULL(1);

#endif
