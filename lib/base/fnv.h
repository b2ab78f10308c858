/* fnv: FNV-1a in 32 bits (Fowler, Noll and Vo), to spread what no peer gains by aiming at:
 * whoever looks something up by it compares the thing itself. Against peers there is net/siphash.h.
 */
#ifndef EXEAT_BASE_FNV_H
#define EXEAT_BASE_FNV_H

#include <stdint.h>

#include "base/cursor.h"

#define FNV_BASIS 2166136261u /* what a hash begins with */

static inline uint32_t fnv_byte(uint32_t hash, uint8_t byte)
{
	return (hash ^ byte) * 16777619u;
}

static inline uint32_t fnv_span(uint32_t hash, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = fnv_byte(hash, bytes.data[i]);
	return hash;
}

#endif
