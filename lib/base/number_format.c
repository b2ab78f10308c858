#include "base/number_format.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"

#define SERIAL_MAX        2958465  /* 9999-12-31, the last day that Excel knows */
#define DAY_ZERO_1900     (-25569) /* 1899-12-30: serial 0, for serials after the false day */
#define DAY_ZERO_1904     (-24107) /* 1904-01-01 */
#define FALSE_LEAP_SERIAL 60       /* 1900-02-29 */
#define SERIALS_BETWEEN   1462     /* of one day, in the two systems */
#define DAY_SECONDS       86400

enum number_format number_format_builtin(unsigned id)
{
	if ((id >= 14 && id <= 17) || id == 22)
		return NUMBER_DATE;
	return (id >= 18 && id <= 21) || (id >= 45 && id <= 47) ? NUMBER_TIME : NUMBER_PLAIN;
}

/* The character after what a code quotes or puts aside: "text", [Red], \x, _x, *x. */
static const char *after_aside(const char *at)
{
	const char *end = NULL;

	if (*at == '"')
		end = strchr(at + 1, '"');
	else if (*at == '[')
		end = strchr(at + 1, ']');
	else if (strchr("\\_*", *at) && at[1])
		end = at + 1;
	return end ? end + 1 : at + 1;
}

/* [h], [mm]: hours that may pass 24. */
static bool is_elapsed(const char *at)
{
	size_t len = *at == '[' ? strspn(at + 1, "hHmMsS") : 0;

	return len > 0 && at[len + 1] == ']';
}

enum number_format number_format_of(const char *code)
{
	bool day_or_year = false, clock = false, month = false;

	while (*code && *code != ';') {
		switch (*code) {
		case 'y':
		case 'Y':
		case 'd':
		case 'D':
			day_or_year = true;
			break;
		case 'h':
		case 'H':
		case 's':
		case 'S':
			clock = true;
			break;
		case 'm': /* minutes beside hours or seconds */
		case 'M':
			month = true;
			break;
		default:
			clock = clock || is_elapsed(code);
			break;
		}
		code = after_aside(code);
	}
	if (day_or_year || (month && !clock))
		return NUMBER_DATE;
	return clock ? NUMBER_TIME : NUMBER_PLAIN;
}

static bool parse(struct span number, double *ret)
{
	char text[NUMBER_TEXT_CHARS];
	char *end;

	if (number.len == 0 || number.len >= sizeof(text))
		return false;
	memcpy(text, number.data, number.len);
	text[number.len] = '\0';
	if (strspn(text, "0123456789+-.eE") != number.len)
		return false;
	*ret = strtod(text, &end);
	return *end == '\0' && end != text && isfinite(*ret);
}

static void clock_text(long seconds, char *ret, size_t size)
{
	long minutes = seconds / 60;

	if (seconds % 60 == 0)
		snprintf(ret, size, "%02ld:%02ld", minutes / 60, minutes % 60);
	else
		snprintf(ret, size, "%02ld:%02ld:%02ld", minutes / 60, minutes % 60, seconds % 60);
}

static void day_text(long serial, bool from_1904, char ret[static TIME_DATE_CHARS])
{
	long zero = DAY_ZERO_1900;

	if (from_1904)
		zero = DAY_ZERO_1904;
	else if (serial < FALSE_LEAP_SERIAL)
		zero++;
	if (!from_1904 && serial == FALSE_LEAP_SERIAL)
		snprintf(ret, TIME_DATE_CHARS, "1900-02-29");
	else
		time_format_day((int32_t)(zero + serial), ret);
}

bool number_text(struct span number, enum number_format format, bool from_1904,
        char ret[static NUMBER_TEXT_CHARS])
{
	char date[TIME_DATE_CHARS], clock[12];
	double value, day;
	long serial, seconds, serial_max = SERIAL_MAX - (from_1904 ? SERIALS_BETWEEN : 0);

	if (!parse(number, &value))
		return false;
	snprintf(ret, NUMBER_TEXT_CHARS, "%.15G", value);
	if (format == NUMBER_PLAIN || value < 0 || value > SERIAL_MAX)
		return true;
	day = floor(value);
	seconds = lround((value - day) * DAY_SECONDS);
	serial = (long)day + seconds / DAY_SECONDS;
	seconds %= DAY_SECONDS;
	clock_text(seconds, clock, sizeof(clock));
	if (format == NUMBER_TIME) {
		if (serial == 0)
			snprintf(ret, NUMBER_TEXT_CHARS, "%s", clock);
		return true;
	}
	if (serial > serial_max ||
	        (serial == 0 && !from_1904)) /* Excel's "0 January 1900" is no day */
		return true;
	day_text(serial, from_1904, date);
	snprintf(ret, NUMBER_TEXT_CHARS, "%s%s%s", date, seconds > 0 ? " " : "",
	        seconds > 0 ? clock : "");
	return true;
}
