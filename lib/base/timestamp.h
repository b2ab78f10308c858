/* timestamp: nanoseconds since 1970-01-01 UTC, as packets carry them, and their printed forms.
 * Local forms use the process's TZ, which the caller sets from the register before the sandbox. */
#ifndef EXEAT_BASE_TIMESTAMP_H
#define EXEAT_BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_HOUR   (INT64_C(3600) * NS_PER_SECOND)

#define TIME_RFC3339_CHARS 40 /* 2026-10-01T09:30:00.123456Z and the closing zero */
#define TIME_DATE_CHARS    16 /* 2026-10-01 */

/* RFC 3339 in UTC with microseconds. Times outside the years 1970 to 9999 print as the nearest
 * end. */
void time_rfc3339(int64_t time_ns, char ret[static TIME_RFC3339_CHARS]);
/* The same for whole seconds, without a fraction, in the years 0 to 9999. */
void time_rfc3339_seconds(int64_t time_s, char ret[static TIME_RFC3339_CHARS]);
/* The local calendar day, YYYY-MM-DD. */
void time_local_date(int64_t time_ns, char ret[static TIME_DATE_CHARS]);
/* The local day as days since 1970-01-01 (civil), for comparing with register dates. */
int32_t time_local_day(int64_t time_ns);
/* Minutes since the local midnight by the clock on the wall, 0 to 1439. */
unsigned time_local_minute(int64_t time_ns);
/* Start of the hour that holds the time, UTC. Floors for negative times too. */
int64_t time_hour(int64_t time_ns);

/* A civil date as days since 1970-01-01; false unless exactly YYYY-MM-DD and a real day. */
bool time_parse_date(const char *text, int32_t *ret_day) NONNULL(1, 2);
void time_format_day(int32_t day, char ret[static TIME_DATE_CHARS]);
/* The instant at which the local day begins. */
int64_t time_local_midnight(int32_t day);
/* Sets TZ for this process; false when the zone is not known to the system. */
bool time_set_zone(const char *zone) NONNULL(1);

#endif
