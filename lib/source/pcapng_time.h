/* pcapng_time: a packet's time in units of its interface, as nanoseconds since 1970 UTC.
 *
 * draft-ietf-opsawg-pcapng section 4.2: if_tsresol is a negative power of 10, or of 2 when its
 * highest bit is set; if_tsoffset is whole seconds to add. Every resolution is defined; a time that
 * does not fit stays at the nearer end of 0 to SOURCE_TIME_NS_MAX (the years 1970 and 2116). */
#ifndef EXEAT_SOURCE_PCAPNG_TIME_H
#define EXEAT_SOURCE_PCAPNG_TIME_H

#include <stdint.h>

#define PCAPNG_RESOLUTION_DEFAULT 6 /* microseconds */

int64_t pcapng_time_ns(uint64_t units, uint8_t resolution, int64_t offset_s);

#endif
