/* byte_order: integers of a capture file, whose byte order is known only when it is read.
 *
 * Reads from a checked span: what lies past its end reads as zero, as with a cursor, so callers
 * test the length once before. Inline, because each packet of a file passes here several times. */
#ifndef EXEAT_SOURCE_BYTE_ORDER_H
#define EXEAT_SOURCE_BYTE_ORDER_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"

static inline bool ordered_fits(struct span s, size_t at, size_t width)
{
	return at <= s.len && width <= s.len - at;
}

static inline uint16_t ordered_u16(struct span s, size_t at, bool big_endian)
{
	uint16_t value;

	if (!ordered_fits(s, at, sizeof(value)))
		return 0;
	memcpy(&value, s.data + at, sizeof(value));
	return big_endian ? be16toh(value) : le16toh(value);
}

static inline uint32_t ordered_u32(struct span s, size_t at, bool big_endian)
{
	uint32_t value;

	if (!ordered_fits(s, at, sizeof(value)))
		return 0;
	memcpy(&value, s.data + at, sizeof(value));
	return big_endian ? be32toh(value) : le32toh(value);
}

static inline uint64_t ordered_u64(struct span s, size_t at, bool big_endian)
{
	uint64_t value;

	if (!ordered_fits(s, at, sizeof(value)))
		return 0;
	memcpy(&value, s.data + at, sizeof(value));
	return big_endian ? be64toh(value) : le64toh(value);
}

#endif
