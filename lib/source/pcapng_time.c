#include "source/pcapng_time.h"

#include "base/timestamp.h"
#include "source/source.h"

static uint64_t power_of_10(unsigned exponent)
{
	uint64_t value = 1;

	while (exponent-- > 0)
		value *= 10;
	return value;
}

static uint64_t clamp(unsigned __int128 value)
{
	return value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}

static uint64_t decimal_ns(uint64_t units, unsigned exponent)
{
	if (exponent <= 9)
		return clamp((unsigned __int128)units * power_of_10(9 - exponent));
	return exponent - 9 > 19 ? 0 : units / power_of_10(exponent - 9);
}

/* The product takes at most 64 + 30 bits, so no shift loses anything. */
static uint64_t binary_ns(uint64_t units, unsigned exponent)
{
	return clamp((unsigned __int128)units * (uint64_t)NS_PER_SECOND >> exponent);
}

int64_t pcapng_time_ns(uint64_t units, uint8_t resolution, int64_t offset_s)
{
	uint64_t ns = resolution & 0x80 ? binary_ns(units, resolution & 0x7f)
	                                : decimal_ns(units, resolution);
	__int128 sum = (__int128)offset_s * NS_PER_SECOND + ns;

	if (sum > SOURCE_TIME_NS_MAX)
		return SOURCE_TIME_NS_MAX;
	return sum < 0 ? 0 : (int64_t)sum;
}
