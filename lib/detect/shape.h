/* shape: what the values of one column look like, whatever its header says: names, dates of birth,
 * sexes, telephones. One column says little; together they are a list of patients without headers,
 * or with headers of somebody's own (lib/detect/table.c adds them up). Comes in: the values of a
 * column. Goes out: an answer for each, true for most of the values of SHAPE_VALUES_MIN or more. */
#ifndef EXEAT_DETECT_SHAPE_H
#define EXEAT_DETECT_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define SHAPE_VALUES_MIN   5  /* fewer look like anything */
#define SHAPE_NAMES_JUDGED 64 /* of the first so many names half must be different */
/* Between the oldest and the youngest: those who work are 18 to 65, players of a team 17 to 40. */
#define SHAPE_BIRTH_YEARS 45

struct shape {
	uint64_t values, names, full_names, dates, sexes, phones;
	uint64_t filter[2]; /* names by hash */
	unsigned year_first, year_last;
};

/* A trimmed, not empty value. */
void shape_value(struct shape *s, struct span value) NONNULL(1);
bool shape_is_names(const struct shape *s) NONNULL(1);      /* words with capitals */
bool shape_is_full_names(const struct shape *s) NONNULL(1); /* two of them or more */
bool shape_is_dates(const struct shape *s) NONNULL(1);      /* without a time of day */
bool shape_is_births(const struct shape *s) NONNULL(1);     /* dates of young and old */
bool shape_is_sexes(const struct shape *s) NONNULL(1);
bool shape_is_phones(const struct shape *s) NONNULL(1); /* Australian */

#endif
