#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/timestamp.h"
#include "registry/cells.h"

#define GENERAL "type the date as year-month-day, such as 2026-07-01."

/* Excel counts days from 1899-12-30, on workbooks of old Macs from 1904-01-01. */
#define EXCEL_1900_DAY (-25569)
#define EXCEL_1904_DAY (-24107)
#define SERIAL_MIN     20000 /* 1954 */
#define SERIAL_MAX     80000 /* 2119 */

struct parts {
	unsigned value[3]; /* numbers as they stand; a month's name as its number */
	size_t digits[3];
	unsigned named; /* which of them was a month's name; 3: none */
};

static unsigned month_of(struct span word)
{
	static const char *const months[] = {
	        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};

	for (unsigned i = 0; i < ARRAY_LEN(months); i++)
		if (word.len >= 3 && span_equal_nocase(span_slice(word, 0, 3), months[i]))
			return i + 1;
	return 0;
}

/* Three parts between slashes, hyphens, full stops or spaces. */
static bool split(const char *text, struct parts *ret)
{
	struct span rest = span_of_text(text);

	ret->named = 3;
	for (unsigned i = 0; i < 3; i++) {
		size_t end = 0;
		struct span part;
		uint64_t value = 0;

		while (end < rest.len && !strchr("/-. ", rest.data[end]))
			end++;
		part = span_slice(rest, 0, end);
		if (i < 2 ? end == rest.len : end != rest.len)
			return false;
		rest = span_slice(rest, end + 1, rest.len);
		if (!span_to_u64(part, 9999, &value)) {
			value = month_of(part);
			ret->named = i;
		}
		if (value == 0 && ret->named == i)
			return false;
		ret->value[i] = (unsigned)value;
		ret->digits[i] = part.len;
	}
	return true;
}

/* A reading in ISO form, if there is such a day between 1990 and 2099. */
static bool reading(unsigned year, unsigned month, unsigned day, char ret[static TIME_DATE_CHARS])
{
	int32_t ignored;

	if (year < 100)
		year += 2000;
	if (year < 1990 || year > 2099 || month > 12 || day > 31)
		return false;
	snprintf(ret, TIME_DATE_CHARS, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
	return time_parse_date(ret, &ignored);
}

static void advise(char first[static TIME_DATE_CHARS], bool has_first,
        char second[static TIME_DATE_CHARS], bool has_second, char ret[static ADVICE_CHARS])
{
	if (has_first && has_second && strcmp(first, second) != 0)
		snprintf(ret, ADVICE_CHARS,
		        "it can be read as %s or as %s: type the one that is meant.", first,
		        second);
	else if (has_first || has_second)
		snprintf(ret, ADVICE_CHARS, "if %s is meant, type that.",
		        has_first ? first : second);
	else
		snprintf(ret, ADVICE_CHARS, GENERAL);
}

static void advise_parts(const struct parts *p, char ret[static ADVICE_CHARS])
{
	const unsigned *v = p->value;
	char first[TIME_DATE_CHARS] = "", second[TIME_DATE_CHARS] = "";
	bool has_first, has_second = false;

	if (p->digits[0] == 4 && p->named != 0) {
		has_first = reading(v[0], v[1], v[2], first);
		if (p->named == 3)
			has_second = reading(v[0], v[2], v[1], second);
	} else if (p->named == 0) {
		has_first = reading(v[2], v[0], v[1], first);
	} else {
		has_first = reading(v[2], v[1], v[0], first);
		if (p->named == 3)
			has_second = reading(v[2], v[0], v[1], second);
	}
	advise(first, has_first, second, has_second, ret);
}

void date_advice(const char *text, char ret[static ADVICE_CHARS])
{
	char first[TIME_DATE_CHARS], second[TIME_DATE_CHARS];
	struct parts parts;
	uint64_t serial;

	if (span_to_u64(span_of_text(text), SERIAL_MAX, &serial) && serial >= SERIAL_MIN) {
		time_format_day((int32_t)serial + EXCEL_1900_DAY, first);
		time_format_day((int32_t)serial + EXCEL_1904_DAY, second);
		snprintf(ret, ADVICE_CHARS,
		        "it is Excel's number for %s (or for %s in an old Mac workbook): type the "
		        "one that is meant.",
		        first, second);
		return;
	}
	if (split(text, &parts))
		advise_parts(&parts, ret);
	else
		snprintf(ret, ADVICE_CHARS, GENERAL);
}
