#include "detect/codes.h"

#include <string.h>

#include "base/fnv.h"
#include "detect/check_digit.h"

#define LOINC_DIGITS_MIN  3 /* the few shorter ones look like ranges, 5-8 */
#define LOINC_DIGITS_MAX  7
#define SNOMED_DIGITS_MIN 6
#define SNOMED_DIGITS_MAX 18
#define SYSTEM_BYTES_MAX  96
#define VALUE_DIGITS_MAX  4
#define DATE_DIGITS       8

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '_';
}

size_t codes_token(struct span text, enum code_system *ret)
{
	size_t digits = 0, len;

	while (digits < text.len && digits <= SNOMED_DIGITS_MAX && is_digit(text.data[digits]))
		digits++;
	if (digits >= LOINC_DIGITS_MIN && digits <= LOINC_DIGITS_MAX && digits + 1 < text.len &&
	        text.data[digits] == '-' && is_digit(text.data[digits + 1])) {
		len = digits + 2;
		*ret = CODE_LOINC;
		return (len == text.len || !is_word(text.data[len])) &&
		                       check_loinc(span_slice(text, 0, len))
		               ? len
		               : 0;
	}
	if (digits < SNOMED_DIGITS_MIN || digits > SNOMED_DIGITS_MAX ||
	        (digits < text.len && is_word(text.data[digits])))
		return 0;
	*ret = CODE_SNOMED;
	return check_snomed(span_slice(text, 0, digits)) ? digits : 0;
}

static void count_hash(struct codes *c, uint32_t hash)
{
	uint32_t bit = hash % CODES_FILTER_BITS;

	if (c->distinct == CODES_DISTINCT_MAX)
		return;
	c->total++;
	c->distinct += !(c->filter[bit / 32] >> bit % 32 & 1);
	c->filter[bit / 32] |= (uint32_t)1 << bit % 32;
}

void codes_count(struct codes *c, struct span code)
{
	count_hash(c, fnv_span(FNV_BASIS, code));
}

void codes_number(struct codes *c, struct span text)
{
	size_t digits = 0;

	if (c->distinct == CODES_DISTINCT_MAX)
		return;
	while (digits < text.len && is_digit(text.data[digits]))
		digits++;
	/* 67; 7.4; 12/03/2025; 2025-03-12; 20250312 */
	if ((digits <= VALUE_DIGITS_MAX || digits == DATE_DIGITS) &&
	        (digits == text.len || !is_word(text.data[digits]) || text.data[digits] == '-'))
		c->values++;
}

static bool holds(struct span value, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= value.len; i++)
		if (span_equal_nocase(span_slice(value, i, len), word))
			return true;
	return false;
}

/* What a value names, if it is short and nothing but the name of a code system. */
static bool names_system(struct span value, enum code_system *ret)
{
	if (value.len < 2 || value.len > SYSTEM_BYTES_MAX)
		return false;
	*ret = CODE_SNOMED;
	if (span_equal_nocase(value, "sct") || holds(value, "snomed") ||
	        holds(value, "2.16.840.1.113883.6.96"))
		return true;
	*ret = CODE_LOINC;
	return span_equal_text(value, "LN") || holds(value, "loinc") ||
	       span_equal_text(value, "2.16.840.1.113883.6.1") ||
	       span_equal_text(value, "urn:oid:2.16.840.1.113883.6.1");
}

static void name_system(struct codes *c, enum code_system system)
{
	c->named[system] = c->fields;
	for (size_t i = 0; i < CODES_REACH_FIELDS; i++) {
		if (c->recent[i].field && c->recent[i].system == system &&
		        c->fields - c->recent[i].field <= CODES_REACH_FIELDS) {
			count_hash(c, c->recent[i].hash);
			c->recent[i].field = 0;
		}
	}
}

void codes_field(struct codes *c, struct span value, bool labelled)
{
	enum code_system system;

	c->fields++;
	if (value.len == 0 || !is_digit(value.data[0])) {
		if (names_system(value, &system))
			name_system(c, system);
		return;
	}
	if (value.len > SNOMED_DIGITS_MAX || codes_token(value, &system) != value.len) {
		if (names_system(value, &system))
			name_system(c, system);
		else
			codes_number(c, value);
		return;
	}
	if (labelled || (c->named[system] && c->fields - c->named[system] <= CODES_REACH_FIELDS)) {
		codes_count(c, value);
		return;
	}
	c->recent[c->fields % CODES_REACH_FIELDS].field = c->fields;
	c->recent[c->fields % CODES_REACH_FIELDS].hash = fnv_span(FNV_BASIS, value);
	c->recent[c->fields % CODES_REACH_FIELDS].system = (uint8_t)system;
}

bool codes_many(const struct codes *c)
{
	return c->distinct >= CODES_MIN;
}

bool codes_terminology(const struct codes *c)
{
	if (c->values * CODES_VALUE_SHARE < c->total)
		return true;
	return c->distinct >= CODES_TERMINOLOGY &&
	       (uint64_t)c->total * 100 <= (uint64_t)c->distinct * CODES_REPEAT_PERCENT;
}
