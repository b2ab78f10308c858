#include <string.h>

#include "registry/cells.h"

#define MEDICARE_DIGITS 10 /* with a reference number 11 */
#define IHI_DIGITS      16
#define ABN_DIGITS      11
#define RUN_DIGITS_MAX  64 /* several telephone numbers, and a patient's among them */

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* Medicare card number: digits 1 to 8 weighted 1 3 7 9 1 3 7 9, sum modulo 10, is digit 9; the
 * first is 2 to 6, the issue number not 0 (Services Australia's published check). */
static bool is_medicare(const uint8_t *digits, size_t count)
{
	static const unsigned weights[] = {1, 3, 7, 9, 1, 3, 7, 9};
	unsigned sum = 0;

	if (count != MEDICARE_DIGITS && count != MEDICARE_DIGITS + 1)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(weights); i++)
		sum += weights[i] * digits[i];
	return digits[0] >= 2 && digits[0] <= 6 && sum % 10 == digits[8] && digits[9] != 0;
}

/* Individual healthcare identifier: 800360, ten more digits, Luhn (ISO/IEC 7812-1) over all. */
static bool is_ihi(const uint8_t *digits, size_t count)
{
	static const uint8_t prefix[] = {8, 0, 0, 3, 6, 0};
	unsigned sum = 0;

	if (count != IHI_DIGITS || !span_equal(span_of(digits, sizeof(prefix)), span_of(prefix, 6)))
		return false;
	for (size_t i = 0; i < count; i++) {
		unsigned value = i % 2 == 0 ? 2u * digits[i] : digits[i];

		sum += value > 9 ? value - 9 : value;
	}
	return sum % 10 == 0;
}

/* Australian Business Number: the first digit less one, weighted sum, divisible by 89 (Australian
 * Business Register). It has the length of a Medicare number with its reference number. */
static bool is_abn(const uint8_t *digits, size_t count)
{
	static const unsigned weights[ABN_DIGITS] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
	unsigned sum = 0;

	if (count != ABN_DIGITS || digits[0] == 0)
		return false;
	for (size_t i = 0; i < ABN_DIGITS; i++)
		sum += weights[i] * (i == 0 ? digits[i] - 1u : digits[i]);
	return sum % 89 == 0;
}

/* Digits with at most one space, hyphen or slash between two of them. */
struct run {
	uint8_t digits[RUN_DIGITS_MAX];
	size_t count;
	size_t groups[RUN_DIGITS_MAX]; /* where each group of digits begins */
	size_t group_count;
};

static size_t group_digits(const struct run *r, size_t group)
{
	size_t end = group + 1 < r->group_count ? r->groups[group + 1] : r->count;

	return end - r->groups[group];
}

/* Whether the groups from this one on have these lengths, which end in 0. */
static bool has_shape(const struct run *r, size_t group, const uint8_t *shape)
{
	for (; *shape; shape++, group++)
		if (group >= r->group_count || group_digits(r, group) != *shape)
			return false;
	return true;
}

static bool is_patient_number(const uint8_t *digits, size_t count)
{
	return is_medicare(digits, count) || is_ihi(digits, count);
}

/* The whole run, however it is grouped, or, beside other numbers, what is grouped as on a card. */
static bool run_holds_number(const struct run *r, bool called_abn)
{
	static const uint8_t shapes[][5] = {
	        {10}, {11}, {16}, {10, 1}, {4, 5, 1}, {4, 5, 1, 1}, {4, 5, 2}, {4, 4, 4, 4}};
	static const uint8_t abn_shape[] = {2, 3, 3, 3, 0};
	bool abn = is_abn(r->digits, r->count) &&
	           (called_abn || (r->group_count == 4 && has_shape(r, 0, abn_shape)));

	if (is_patient_number(r->digits, r->count))
		return !abn;
	for (size_t i = 0; i < r->group_count; i++) {
		for (size_t k = 0; k < ARRAY_LEN(shapes); k++) {
			size_t count = 0;

			for (size_t n = 0; n < sizeof(shapes[k]); n++)
				count += shapes[k][n];
			if (has_shape(r, i, shapes[k]) &&
			        is_patient_number(r->digits + r->groups[i], count))
				return true;
		}
	}
	return false;
}

/* The run that begins at the digit at *at, which is moved past it. A run that is longer than any
 * number goes on as another one, at the group that found no room. */
static struct run next_run(struct span text, size_t *at)
{
	struct run r = {.count = 0};

	while (*at < text.len && is_digit(text.data[*at])) {
		size_t len = 0;

		while (*at + len < text.len && is_digit(text.data[*at + len]))
			len++;
		if (r.count + len > RUN_DIGITS_MAX) {
			*at += r.count == 0 ? len : 0; /* one long group is no patient's */
			return r;
		}
		r.groups[r.group_count++] = r.count;
		for (size_t i = 0; i < len; i++)
			r.digits[r.count++] = (uint8_t)(text.data[*at + i] - '0');
		*at += len;
		if (*at + 1 < text.len && strchr(" -/", text.data[*at]) &&
		        is_digit(text.data[*at + 1]))
			(*at)++;
	}
	return r;
}

/* "ABN", "ABN:" or "ABN " stands before. */
static bool is_called_abn(struct span text, size_t at)
{
	while (at > 0 && strchr(" :.", text.data[at - 1]))
		at--;
	return at >= 3 && span_equal_nocase(span_slice(text, at - 3, 3), "abn");
}

bool holds_patient_number(struct span text)
{
	size_t at = 0;

	while (at < text.len) {
		bool abn;
		struct run r;

		if (!is_digit(text.data[at])) {
			at++;
			continue;
		}
		abn = is_called_abn(text, at);
		r = next_run(text, &at);
		if (run_holds_number(&r, abn))
			return true;
	}
	return false;
}
