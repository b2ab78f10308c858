/* saved_name: what a file of saved content is called: STEM-20261122T111538Z.pcapng, by the UTC
 * second in which it was begun; the second of one second STEM-20261122T111538Z-2.pcapng. By this
 * name exeat knows the files that it may delete, and when. */
#ifndef EXEAT_BASE_SAVED_NAME_H
#define EXEAT_BASE_SAVED_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define SAVED_STEM_CHARS_MAX 100 /* with the rest far from the 255 of a file name */
#define SAVED_NUMBER_MAX     999 /* files begun in one second: of 1 MiB, more than 8 Gbit/s */
#define SAVED_SUFFIX         ".pcapng"
/* Stem, "-", the time, "-999", the suffix and the closing zero. */
#define SAVED_NAME_CHARS (SAVED_STEM_CHARS_MAX + 1 + 16 + 4 + sizeof(SAVED_SUFFIX))

/* time_s: seconds since 1970, to the year 9999; number from 1. */
void saved_name_format(const char *stem, int64_t time_s, unsigned number,
        char ret[static SAVED_NAME_CHARS]) NONNULL(1);
/* False, and outputs untouched, when this is not such a name. *ret_stem borrows the name. */
bool saved_name_parse(const char *name, struct span *ret_stem, int64_t *ret_time_s)
        NONNULL(1, 2, 3);

#endif
