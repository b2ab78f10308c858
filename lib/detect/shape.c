#include "detect/shape.h"

#include "base/fnv.h"
#include "detect/person.h"

#define MOST_PERCENT    80
#define DATE_BYTES_MAX  24 /* "2 September 1956", "1956-09-02 00:00:00.000" */
#define PHONE_BYTES_MAX 20
#define PHONE_DIGITS    10
#define FILTER_BITS     128

static bool most(const struct shape *s, uint64_t count)
{
	return s->values >= SHAPE_VALUES_MIN && count * 100 >= s->values * MOST_PERCENT;
}

static void take_name(struct shape *s, struct span value, unsigned words)
{
	const uint32_t bit = fnv_span(FNV_BASIS, value) % FILTER_BITS;

	if (s->names < SHAPE_NAMES_JUDGED)
		s->filter[bit / 64] |= (uint64_t)1 << bit % 64;
	s->names++;
	s->full_names += words > 1;
}

static bool is_sex(struct span value)
{
	static const char *const sexes[] = {
	        "m", "f", "male", "female", "x", "u", "other", "indeterminate", "intersex"};

	for (size_t i = 0; i < ARRAY_LEN(sexes); i++)
		if (span_equal_nocase(value, sexes[i]))
			return true;
	return false;
}

/* 0412 345 678; (03) 9123 4567; +61 412 345 678 */
static bool is_phone(struct span value)
{
	char digits[PHONE_DIGITS + 2] = "";
	size_t count = 0;

	if (value.len > PHONE_BYTES_MAX)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		const uint8_t c = value.data[i];

		if (c >= '0' && c <= '9' && count < sizeof(digits))
			digits[count++] = (char)c;
		else if (c != ' ' && c != '(' && c != ')' && c != '-' && c != '+')
			return false;
	}
	if (value.data[0] == '+')
		return count == PHONE_DIGITS + 1 && digits[0] == '6' && digits[1] == '1';
	return count == PHONE_DIGITS && digits[0] == '0' &&
	       (digits[1] == '4' || digits[1] == '2' || digits[1] == '3' || digits[1] == '7' ||
	               digits[1] == '8');
}

static void take_date(struct shape *s, unsigned year)
{
	if (s->dates == 0 || year < s->year_first)
		s->year_first = year;
	if (s->dates == 0 || year > s->year_last)
		s->year_last = year;
	s->dates++;
}

void shape_value(struct shape *s, struct span value)
{
	const unsigned words = person_name_words(value);
	const unsigned year = words == 0 && value.len <= DATE_BYTES_MAX ? person_date_year(value)
	                                                                : 0;

	s->values++;
	if (is_sex(value))
		s->sexes++;
	else if (words > 0)
		take_name(s, value, words);
	else if (year > 0)
		take_date(s, year);
	else
		s->phones += is_phone(value);
}

/* A suburb or a state of things stands there again and again. */
static bool differ(const struct shape *s)
{
	const uint64_t judged = s->names < SHAPE_NAMES_JUDGED ? s->names : SHAPE_NAMES_JUDGED;
	uint64_t different = 0;

	for (size_t i = 0; i < ARRAY_LEN(s->filter); i++)
		for (uint64_t bits = s->filter[i]; bits; bits &= bits - 1)
			different++;
	return 2 * different >= judged;
}

bool shape_is_names(const struct shape *s)
{
	return most(s, s->names) && differ(s);
}

bool shape_is_full_names(const struct shape *s)
{
	return most(s, s->full_names) && differ(s);
}

bool shape_is_dates(const struct shape *s)
{
	return most(s, s->dates);
}

bool shape_is_births(const struct shape *s)
{
	return most(s, s->dates) && s->year_last - s->year_first >= SHAPE_BIRTH_YEARS;
}

bool shape_is_sexes(const struct shape *s)
{
	return most(s, s->sexes);
}

bool shape_is_phones(const struct shape *s)
{
	return most(s, s->phones);
}
