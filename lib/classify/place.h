/* place: what a row of services.csv or overrides.csv is about, and how it is found again.
 *
 * A place is written as `domain:vendor.example` (that name and every name under it), `asn:64496` or
 * `cidr:192.0.2.0/24`. Names are in letters, digits and hyphens (RFC 1123), lower case; names of
 * other scripts in their xn-- form. A name under which strangers register theirs (`com.au`; the
 * public suffix list, publicsuffix.org, by libpsl) is no place: it would cover them all. Suffixes
 * that companies run for their customers (`cloudfront.net`) are. */
#ifndef EXEAT_CLASSIFY_PLACE_H
#define EXEAT_CLASSIFY_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/csv.h"
#include "net/addr.h"

#define PLACE_NAME_CHARS  254 /* RFC 1035 section 2.3.4 and the closing zero */
#define PLACE_NONE        SIZE_MAX
#define PLACE_COLUMNS_MAX 8

enum place_kind { PLACE_DOMAIN = 1, PLACE_ASN = 2, PLACE_NETWORK = 4 };

struct place {
	enum place_kind kind;
	char domain[PLACE_NAME_CHARS];
	uint32_t asn;
	struct prefix network;
};

/* NULL, or what is wrong (static). allowed: enum place_kind joined. */
const char *place_parse(const char *text, unsigned allowed, struct place *ret) NONNULL(1, 3);

/* Where a registered name begins in host: `vendor.com.au` of `api.vendor.com.au` (public suffix
 * list with the part that companies added: `shop.github.io` is one). The whole host when it is a
 * suffix itself, an address, or empty. host in lower case. Borrows from host. */
const char *place_registered(const char *host) NONNULL(1);

/* From places to the numbers of their rows: a hash table, and for networks the longest prefix. */
struct place_index;

int place_index_new(struct place_index **ret_gives) WUNRES NONNULL(1);
struct place_index *place_index_free(struct place_index *x); /* NULL ok, returns NULL */
/* STATUS_BUSY: the place is there already. */
int place_index_add(struct place_index *x, const struct place *p, size_t row) WUNRES NONNULL(1, 2);
/* The row of the longest name that host is or stands under, in any case of letters; PLACE_NONE. */
size_t place_find_host(const struct place_index *x, const char *host) NONNULL(1, 2);
size_t place_find_asn(const struct place_index *x, uint32_t asn) NONNULL(1);
size_t place_find_addr(const struct place_index *x, const struct addr *a) NONNULL(1, 2);

/* A table of such rows: a header with the columns given, in any order, and no others. */
struct place_table {
	struct csv_table *csv; /* owned; cells borrow from it */
	size_t columns[PLACE_COLUMNS_MAX];
	size_t column_count;
};

/* STATUS_MALFORMED or STATUS_LIMIT with *ret_problem. */
int place_table_read(struct span file, const char *const *names, size_t count,
        struct place_table *ret, struct csv_problem *ret_problem) WUNRES NONNULL(2, 4, 5);
void place_table_close(struct place_table *t) NONNULL(1);
size_t place_table_rows(const struct place_table *t) NONNULL(1);
/* Row from 0 (the first behind the header). */
const char *place_table_cell(const struct place_table *t, size_t row, size_t column) NONNULL(1);
/* Fills ret with the place of a cell; returns STATUS_MALFORMED. */
int place_table_refuse(const struct place_table *t, size_t row, size_t column, const char *text,
        struct csv_problem *ret) WUNRES NONNULL(1, 4, 5);

#endif
