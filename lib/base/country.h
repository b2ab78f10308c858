/* country: the names that people read in the place of ISO 3166-1 alpha-2 codes, as of 2025. Codes
 * and names are those of the public-domain iso3166.tab of tzdata, with "and" for its "&" and the
 * usual name where it turns one round ("South Korea" for its "Korea (South)"). */
#ifndef EXEAT_BASE_COUNTRY_H
#define EXEAT_BASE_COUNTRY_H

#include <stdbool.h>

#include "base/compiler.h"

bool country_known(const char *code) NONNULL(1);
/* "SG": "Singapore", "US": "the United States", as they stand in a sentence. The code itself,
 * borrowed, when it is none. */
const char *country_name(const char *code) NONNULL(1);
/* "singapore": "SG", in any case of letters, with or without "the"; NULL when it is the name of
 * none. */
const char *country_code(const char *name) NONNULL(1);

#endif
