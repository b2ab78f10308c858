#include "base/saved_name.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"

#define STAMP_CHARS 16 /* 20261122T111538Z */

void saved_name_format(
        const char *stem, int64_t time_s, unsigned number, char ret[static SAVED_NAME_CHARS])
{
	char time[TIME_RFC3339_CHARS], stamp[STAMP_CHARS + 1], again[16] = "";
	size_t len = 0;

	time_rfc3339_seconds(time_s, time);
	for (const char *c = time; *c && len < STAMP_CHARS; c++)
		if (*c != '-' && *c != ':')
			stamp[len++] = *c;
	stamp[len] = '\0';
	if (number > 1)
		snprintf(again, sizeof(again), "-%u", number % (SAVED_NUMBER_MAX + 1));
	snprintf(ret, SAVED_NAME_CHARS, "%.*s-%s%s" SAVED_SUFFIX, SAVED_STEM_CHARS_MAX, stem, stamp,
	        again);
}

/* Two digits below a limit. */
static bool read_pair(const char *digits, uint64_t below, int64_t *ret)
{
	uint64_t value;

	if (!span_to_u64(span_of(digits, 2), below - 1, &value))
		return false;
	*ret = (int64_t)value;
	return true;
}

static bool read_stamp(const char *stamp, int64_t *ret_time_s)
{
	char date[TIME_DATE_CHARS];
	int64_t hours, minutes, seconds;
	int32_t day;

	if (stamp[8] != 'T' || stamp[15] != 'Z')
		return false;
	snprintf(date, sizeof(date), "%.4s-%.2s-%.2s", stamp, stamp + 4, stamp + 6);
	if (!time_parse_date(date, &day) || !read_pair(stamp + 9, 24, &hours) ||
	        !read_pair(stamp + 11, 60, &minutes) || !read_pair(stamp + 13, 61, &seconds))
		return false;
	*ret_time_s = ((int64_t)day * 24 + hours) * 3600 + minutes * 60 + seconds;
	return true;
}

/* Length without "-2" to "-999" at its end. */
static size_t without_number(const char *name, size_t len)
{
	size_t digits = 0;
	uint64_t number;

	while (digits < len && digits < 3 && name[len - digits - 1] >= '0' &&
	        name[len - digits - 1] <= '9')
		digits++;
	if (digits == 0 || digits == len || name[len - digits - 1] != '-' ||
	        !span_to_u64(span_of(name + len - digits, digits), SAVED_NUMBER_MAX, &number) ||
	        number < 2 || name[len - digits] == '0')
		return len;
	return len - digits - 1;
}

bool saved_name_parse(const char *name, struct span *ret_stem, int64_t *ret_time_s)
{
	const size_t suffix = strlen(SAVED_SUFFIX);
	size_t len = strlen(name);

	if (len <= suffix || strcmp(name + len - suffix, SAVED_SUFFIX) != 0)
		return false;
	len = without_number(name, len - suffix);
	if (len < 1 + 1 + STAMP_CHARS || len - 1 - STAMP_CHARS > SAVED_STEM_CHARS_MAX ||
	        name[len - STAMP_CHARS - 1] != '-' ||
	        !read_stamp(name + len - STAMP_CHARS, ret_time_s))
		return false;
	*ret_stem = span_of(name, len - STAMP_CHARS - 1);
	return true;
}
