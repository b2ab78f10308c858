#include "base/timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SECONDS_MIN INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Floor division, so that times before 1970 fall into the second that holds them. */
static int64_t seconds_of(int64_t time_ns)
{
	int64_t seconds = time_ns / NS_PER_SECOND;

	if (time_ns % NS_PER_SECOND < 0)
		seconds--;
	if (seconds < 0)
		return 0;
	return seconds > SECONDS_MAX ? SECONDS_MAX : seconds;
}

void time_rfc3339(int64_t time_ns, char ret[static TIME_RFC3339_CHARS])
{
	time_t seconds = (time_t)seconds_of(time_ns);
	int micro = time_ns < 0 ? 0 : (int)(time_ns % NS_PER_SECOND / 1000);
	struct tm parts;

	gmtime_r(&seconds, &parts);
	snprintf(ret, TIME_RFC3339_CHARS, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
	        (parts.tm_year + 1900) % 10000, (parts.tm_mon + 1) % 100, parts.tm_mday % 100,
	        parts.tm_hour % 100, parts.tm_min % 100, parts.tm_sec % 100, micro);
}

void time_rfc3339_seconds(int64_t time_s, char ret[static TIME_RFC3339_CHARS])
{
	time_t seconds = (time_t)time_s;
	struct tm parts;

	if (time_s < SECONDS_MIN)
		seconds = SECONDS_MIN;
	if (time_s > SECONDS_MAX)
		seconds = SECONDS_MAX;
	gmtime_r(&seconds, &parts);
	snprintf(ret, TIME_RFC3339_CHARS, "%04d-%02d-%02dT%02d:%02d:%02dZ",
	        (parts.tm_year + 1900) % 10000, (parts.tm_mon + 1) % 100, parts.tm_mday % 100,
	        parts.tm_hour % 100, parts.tm_min % 100, parts.tm_sec % 100);
}

/* Howard Hinnant's civil-from-days arithmetic, proleptic Gregorian calendar. */
static int32_t days_of(int32_t year, int32_t month, int32_t day)
{
	int32_t y = month <= 2 ? year - 1 : year;
	int32_t era = (y >= 0 ? y : y - 399) / 400;
	int32_t year_of_era = y - era * 400;
	int32_t shifted = month > 2 ? month - 3 : month + 9;
	int32_t day_of_year = (153 * shifted + 2) / 5 + day - 1;
	int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

int32_t time_local_day(int64_t time_ns)
{
	time_t seconds = (time_t)seconds_of(time_ns);
	struct tm parts;

	localtime_r(&seconds, &parts);
	return days_of(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

unsigned time_local_minute(int64_t time_ns)
{
	time_t seconds = (time_t)seconds_of(time_ns);
	struct tm parts;

	localtime_r(&seconds, &parts);
	return (unsigned)parts.tm_hour * 60 + (unsigned)parts.tm_min;
}

void time_local_date(int64_t time_ns, char ret[static TIME_DATE_CHARS])
{
	time_format_day(time_local_day(time_ns), ret);
}

int64_t time_hour(int64_t time_ns)
{
	int64_t rest = time_ns % NS_PER_HOUR;

	return time_ns - (rest < 0 ? rest + NS_PER_HOUR : rest);
}

static void put_digits(char *to, size_t count, int32_t number)
{
	while (count > 0) {
		to[--count] = (char)('0' + number % 10);
		number /= 10;
	}
}

/* Hinnant's days-to-civil arithmetic; printed by hand, as reports do it for every conversation. */
static void format_civil(int32_t day, char ret[static TIME_DATE_CHARS])
{
	int32_t shifted = day + 719468;
	int32_t era = shifted / 146097;
	int32_t day_of_era = shifted % 146097;
	int32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
	                              day_of_era / 146096) /
	                      365;
	int32_t day_of_year = day_of_era -
	                      (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int32_t month = (5 * day_of_year + 2) / 153; /* from March on */

	put_digits(ret, 4, year_of_era + era * 400 + (month >= 10));
	put_digits(ret + 5, 2, month < 10 ? month + 3 : month - 9);
	put_digits(ret + 8, 2, day_of_year - (153 * month + 2) / 5 + 1);
	ret[4] = ret[7] = '-';
	ret[10] = '\0';
}

void time_format_day(int32_t day, char ret[static TIME_DATE_CHARS])
{
	time_t seconds = (time_t)day * 86400;
	struct tm parts;

	if (seconds >= 0 && seconds <= SECONDS_MAX) {
		format_civil(day, ret);
		return;
	}
	gmtime_r(&seconds, &parts);
	snprintf(ret, TIME_DATE_CHARS, "%04d-%02d-%02d", (parts.tm_year + 1900) % 10000,
	        (parts.tm_mon + 1) % 100, parts.tm_mday % 100);
}

int64_t time_local_midnight(int32_t day)
{
	time_t noon = (time_t)day * 86400 + 43200;
	struct tm parts;
	int64_t seconds;

	gmtime_r(&noon, &parts);
	parts.tm_hour = 0;
	parts.tm_min = 0;
	parts.tm_sec = 0;
	parts.tm_isdst = -1;
	seconds = (int64_t)mktime(&parts);
	/* Years past 2262 do not fit: they print as the nearest end, as elsewhere. */
	return seconds > INT64_MAX / NS_PER_SECOND ? INT64_MAX : seconds * NS_PER_SECOND;
}

static bool two_digits(const char *text, int32_t *ret)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*ret = (text[0] - '0') * 10 + (text[1] - '0');
	return true;
}

bool time_parse_date(const char *text, int32_t *ret_day)
{
	static const int32_t month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int32_t century, year, month, day;
	bool leap;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
		return false;
	if (!two_digits(text, &century) || !two_digits(text + 2, &year) ||
	        !two_digits(text + 5, &month) || !two_digits(text + 8, &day))
		return false;
	year += century * 100;
	if (year < 1900 || month < 1 || month > 12 || day < 1 || day > month_days[month - 1])
		return false;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (month == 2 && day == 29 && !leap)
		return false;
	*ret_day = days_of(year, month, day);
	return true;
}

bool time_set_zone(const char *zone)
{
	char path[256];
	struct stat info;

	if (strstr(zone, "..") || zone[0] == '/' || zone[0] == '\0')
		return false;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
	if (strcmp(zone, "UTC") != 0 && (stat(path, &info) != 0 || !S_ISREG(info.st_mode)))
		return false;
	if (setenv("TZ", zone, 1) != 0)
		return false;
	tzset();
	return true;
}
