/* prescribed: rules/prescribed_countries.csv in memory: countries that regulations under APP 8.3
 * prescribe (Privacy Act 1988, since 11 December 2024). The file comes without rows: none was known
 * to be prescribed when it was made. */
#ifndef EXEAT_VERDICT_PRESCRIBED_H
#define EXEAT_VERDICT_PRESCRIBED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/csv.h"

struct prescribed;

/* country,instrument,from. STATUS_MALFORMED with *ret_problem for a bad row. Copies. */
int prescribed_new(struct prescribed **ret_gives, struct span csv,
        struct csv_problem *ret_problem) WUNRES NONNULL(1, 3);
struct prescribed *prescribed_free(struct prescribed *p); /* NULL ok, returns NULL */
/* Whether a row holds the country (alpha-2) and applies on that day. NULL: none does. */
bool prescribed_holds(const struct prescribed *p, const char *country, int32_t day) NONNULL(2);

#endif
