#include <ctype.h>
#include <string.h>

#include "base/timestamp.h"
#include "verdict/history.h"

#define MINUTES_A_DAY 1440

/* Letters, digits and what joins numbers: "4.2" does not stand whole in "4.2.1" or "14.2". A full
 * stop that ends the text, or a v in front of a digit, joins nothing. */
static bool goes_on_before(const char *text, const char *at)
{
	char c = at > text ? at[-1] : ' ';

	if ((c == 'v' || c == 'V') && isdigit((unsigned char)*at))
		return at - 1 > text && isalnum((unsigned char)at[-2]);
	if (isalnum((unsigned char)c))
		return true;
	return c == '.' && at - 1 > text && isalnum((unsigned char)at[-2]);
}

static bool goes_on_after(const char *end)
{
	if (isalnum((unsigned char)*end))
		return true;
	return *end == '.' && isalnum((unsigned char)end[1]);
}

static bool names(const char *text, const char *version)
{
	size_t len = strlen(version);

	for (const char *at = text; len > 0 && (at = strstr(at, version)); at++)
		if (!goes_on_before(text, at) && !goes_on_after(at + len))
			return true;
	return false;
}

int version_find(const struct registry_list *known, const char *text)
{
	size_t longest = 0;
	int found = -1;

	for (size_t i = 0; i < known->count; i++) {
		size_t len = strlen(known->items[i]);

		if (len > longest && names(text, known->items[i])) {
			longest = len;
			found = (int)i;
		}
	}
	return found;
}

/* Of a name that the register gives: the whole cell. */
static int place_of(const struct registry_list *known, const char *version)
{
	for (size_t i = 0; version[0] != '\0' && i < known->count; i++)
		if (strcmp(known->items[i], version) == 0)
			return (int)i;
	return -1;
}

bool version_ended(const struct registry_program *p, int32_t day)
{
	return p->eos_day != REGISTRY_NO_DAY && day > p->eos_day && p->status != PROGRAM_RETIRED;
}

bool version_unsupported(const struct registry_program *p, int version, int32_t day)
{
	int oldest = place_of(&p->versions_known, p->min_supported);

	if (version_ended(p, day))
		return true;
	if (version < 0)
		version = place_of(&p->versions_known, p->version_seen);
	return version >= 0 && oldest >= 0 && version < oldest;
}

/* From midnight to midnight, or any minute to itself: all day, as in a support_window. */
static bool is_within(const struct registry_hours *h, int minute)
{
	if (h->from_minute == h->to_minute)
		return true;
	if (h->from_minute <= h->to_minute)
		return minute >= h->from_minute && minute <= h->to_minute;
	return minute >= h->from_minute || minute <= h->to_minute;
}

/* Both ends of the stretch lie outside, and the hours do not begin in between. */
bool hours_missed(const struct registry_hours *h, int64_t from_ns, int64_t to_ns)
{
	int from = (int)time_local_minute(from_ns), to = (int)time_local_minute(to_ns);
	int until_begin = (h->from_minute - from + MINUTES_A_DAY) % MINUTES_A_DAY;

	if (!h->recorded || is_within(h, from) || is_within(h, to))
		return false;
	return (to_ns - from_ns) / (60 * NS_PER_SECOND) < until_begin;
}
