#include "registry/cells.h"

#define MEDICARE_DIGITS 10 /* with a reference number 11 */
#define IHI_DIGITS      16

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

bool holds_patient_number(struct span text)
{
	uint8_t digits[IHI_DIGITS + 1];
	size_t count = 0, since_digit = 0;

	for (size_t i = 0; i <= text.len; i++) {
		uint8_t byte = i < text.len ? text.data[i] : 0;

		if (byte >= '0' && byte <= '9') {
			if (count < sizeof(digits))
				digits[count++] = (uint8_t)(byte - '0');
			since_digit = 0;
			continue;
		}
		if (count > 0 && since_digit == 0 && (byte == ' ' || byte == '-' || byte == '/')) {
			since_digit = 1;
			continue;
		}
		if (is_medicare(digits, count) || is_ihi(digits, count))
			return true;
		count = 0;
		since_digit = 0;
	}
	return false;
}
