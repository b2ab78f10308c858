/* contact: names, dates of birth, addresses, telephones, and the words of a record. They have no
 * check: a label says what they are, and they count only beside more that speaks of a patient. */
#include <string.h>

#include "detect/detector.h"
#include "detect/person.h"

#define RECORD_DIGITS_MIN 3   /* "A1" is a row label, not a record number */
#define PHONE_DIGITS_MIN  8   /* a local number */
#define PHONE_DIGITS_MAX  15  /* E.164 */
#define NAME_BYTES_MAX    120 /* a longer value is a sentence */
#define BIRTH_YEAR_MIN    1890
#define BIRTH_YEAR_MAX    2100

struct census {
	size_t letters, digits, others;
};

static struct census census_of(struct span value)
{
	struct census c = {0};

	for (size_t i = 0; i < value.len; i++) {
		uint8_t b = value.data[i];

		if (b >= '0' && b <= '9')
			c.digits++;
		else if ((b | 0x20) >= 'a' && (b | 0x20) <= 'z')
			c.letters++;
		else if (b >= 0x80)
			c.letters++; /* a byte of an accented letter */
		else
			c.others++;
	}
	return c;
}

/* What systems write where nothing is known. */
static bool is_placeholder(struct span value)
{
	static const char *const words[] = {"null", "none", "unknown", "n/a", "nil", "undefined",
	        "true", "false", "not stated", "test"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_equal_nocase(value, words[i]))
			return true;
	return false;
}

static bool accept(struct reading *ret)
{
	ret->valid = true;
	ret->normal[0] = '\0';
	return true;
}

static bool read_record_number(struct span value, struct reading *ret)
{
	char text[25];
	size_t len = detector_compact(value, text, sizeof(text));

	if (len == 0 || census_of(span_of(text, len)).digits < RECORD_DIGITS_MIN)
		return false;
	ret->valid = true;
	memcpy(ret->normal, text, len + 1);
	return true;
}

static bool read_person_name(struct span value, struct reading *ret)
{
	struct census c = census_of(value);

	if (value.len > NAME_BYTES_MAX || c.letters < 2 || c.digits > 0 || is_placeholder(value))
		return false;
	return accept(ret);
}

static unsigned number_at(struct span value, size_t at, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++) {
		if (at + i >= value.len || value.data[at + i] < '0' || value.data[at + i] > '9')
			return 0;
		n = n * 10 + (unsigned)(value.data[at + i] - '0');
	}
	return n;
}

static bool is_birth_day(unsigned year, unsigned month, unsigned day)
{
	return year >= BIRTH_YEAR_MIN && year <= BIRTH_YEAR_MAX && month >= 1 && month <= 12 &&
	       day >= 1 && day <= 31;
}

/* 3/7/1950, 03-07-1950, 03.07.1950 */
static bool is_day_first(struct span value)
{
	unsigned part[3] = {0};
	size_t which = 0;

	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];

		if (c >= '0' && c <= '9' && part[which] < BIRTH_YEAR_MAX)
			part[which] = part[which] * 10 + (unsigned)(c - '0');
		else if ((c == '/' || c == '-' || c == '.') && which < 2)
			which++;
		else
			break; /* a time may follow */
	}
	return which == 2 && is_birth_day(part[2], part[1], part[0]);
}

static bool read_birth_date(struct span value, struct reading *ret)
{
	size_t gap = value.len > 4 && (value.data[4] == '-' || value.data[4] == '/');
	unsigned year = number_at(value, 0, 4);

	if (value.len < 8 || value.len > 32)
		return false;
	if (!is_birth_day(year, number_at(value, 4 + gap, 2), number_at(value, 6 + 2 * gap, 2)) &&
	        !is_day_first(value) && !person_date_year(value))
		return false;
	return accept(ret);
}

static bool read_address(struct span value, struct reading *ret)
{
	if (value.len > 2 * NAME_BYTES_MAX || census_of(value).letters < 3 || is_placeholder(value))
		return false;
	return accept(ret);
}

static bool read_phone(struct span value, struct reading *ret)
{
	struct census c = census_of(value);

	if (value.len > 32 || c.letters > 0 || c.digits < PHONE_DIGITS_MIN ||
	        c.digits > PHONE_DIGITS_MAX)
		return false;
	return accept(ret);
}

static bool read_clinical_text(struct span value, struct reading *ret)
{
	struct census c = census_of(value);

	if (c.letters + c.digits < 2 || is_placeholder(value))
		return false;
	return accept(ret);
}

static bool read_demographic(struct span value, struct reading *ret)
{
	if (value.len > 24 || is_placeholder(value))
		return false;
	return accept(ret);
}

const struct detector detector_record_number = {
        .name = "record_number", .read = read_record_number};
const struct detector detector_person_name = {
        .name = "person_name", .contact = true, .read = read_person_name};
const struct detector detector_birth_date = {
        .name = "birth_date", .contact = true, .read = read_birth_date};
const struct detector detector_address = {.name = "address", .contact = true, .read = read_address};
const struct detector detector_phone = {.name = "phone", .contact = true, .read = read_phone};
const struct detector detector_clinical_text = {
        .name = "clinical_text", .clinical = true, .read = read_clinical_text};
/* Says of whom the message is, and no more; a number or word of any kind does. */
const struct detector detector_employment = {.name = "employment", .read = read_demographic};
const struct detector detector_demographic = {.name = "demographic", .read = read_demographic};
