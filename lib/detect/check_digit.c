#include "detect/check_digit.h"

#include <stdint.h>
#include <string.h>

#define MEDICARE_STEM_DIGITS 8
#define HEALTHCARE_DIGITS    16
#define PROVIDER_STEM_DIGITS 6
#define PRESCRIBER_DIGITS    7
#define CRN_DIGITS           9
#define ABN_DIGITS           11
#define DVA_CHARS_MAX        8 /* without the dependant's letter */
#define WAR_CODE_CHARS_MAX   3
#define TFN_DIGITS           9
#define ACN_DIGITS           9
#define PBS_DIGITS_MIN       4
#define PBS_DIGITS_MAX       6
#define SNOMED_DIGITS_MIN    6
#define SNOMED_DIGITS_MAX    18
#define SNOMED_LONG_DIGITS   11 /* an item of an extension: namespace of 7 digits and 1 before it */
#define LOINC_DIGITS_MAX     7

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_capital(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool all_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.data[i]))
			return false;
	return s.len > 0;
}

static unsigned weighted_sum(struct span digits, const uint8_t *weights, size_t count)
{
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (unsigned)(digits.data[i] - '0') * weights[i];
	return sum;
}

bool check_medicare(struct span digits)
{
	static const uint8_t weights[MEDICARE_STEM_DIGITS] = {1, 3, 7, 9, 1, 3, 7, 9};

	if ((digits.len != 10 && digits.len != 11) || !all_digits(digits))
		return false;
	if (digits.data[0] < '2' || digits.data[0] > '6' || digits.data[9] == '0')
		return false;
	if (digits.len == 11 && digits.data[10] == '0')
		return false;
	return weighted_sum(digits, weights, MEDICARE_STEM_DIGITS) % 10 ==
	       (unsigned)(digits.data[8] - '0');
}

bool check_luhn(struct span digits)
{
	unsigned sum = 0;

	if (digits.len < 2 || !all_digits(digits))
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		unsigned value = (unsigned)(digits.data[digits.len - 1 - i] - '0');

		if (i % 2 == 1)
			value = value > 4 ? value * 2 - 9 : value * 2;
		sum += value;
	}
	return sum % 10 == 0;
}

enum healthcare_identifier healthcare_identifier_of(struct span digits)
{
	if (digits.len != HEALTHCARE_DIGITS || !all_digits(digits))
		return HEALTHCARE_NONE;
	if (span_starts(digits, "800360"))
		return HEALTHCARE_PATIENT;
	if (span_starts(digits, "800361"))
		return HEALTHCARE_CLINICIAN;
	if (span_starts(digits, "800362"))
		return HEALTHCARE_ORGANISATION;
	if (span_starts(digits, "800363") || span_starts(digits, "800364") ||
	        span_starts(digits, "900360"))
		return HEALTHCARE_OTHER;
	return HEALTHCARE_NONE;
}

static bool is_war_code(const char *code)
{
	static const char codes[][WAR_CODE_CHARS_MAX + 1] = {"A", "AGX", "BUR", "BW", "CGW", "CN",
	        "CNK", "CNS", "CNX", "FIJ", "GHA", "GW", "HKS", "HKX", "IND", "IV", "KM", "KYA",
	        "MAL", "MAU", "MLS", "MTX", "MWI", "N", "NF", "NG", "NGR", "NK", "NRD", "NSM",
	        "NSS", "NSW", "NX", "P", "PAD", "PAM", "PCA", "PCR", "PCV", "PK", "PMS", "PSM",
	        "PSW", "PWO", "PX", "Q", "RD", "RDX", "SA", "SAX", "SL", "SM", "SR", "SS", "SUD",
	        "SWP", "TZA", "V", "X"};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (!strcmp(codes[i], code))
			return true;
	return false;
}

bool check_dva(struct span text)
{
	char code[WAR_CODE_CHARS_MAX + 1] = {0};
	size_t at = 1, letters = 0, digits = 0;

	if (text.len < 3 || !memchr("NVQWST", text.data[0], 6))
		return false;
	while (at < text.len && letters < WAR_CODE_CHARS_MAX && is_capital(text.data[at]))
		code[letters++] = (char)text.data[at++];
	if (!is_war_code(code))
		return false;
	while (at < text.len && is_digit(text.data[at])) {
		at++;
		digits++;
	}
	if (digits == 0 || at > DVA_CHARS_MAX)
		return false;
	return at == text.len || (at + 1 == text.len && is_capital(text.data[at]));
}

/* Value of the practice location: digits, then letters without I, O, S and Z; -1: none. */
static int provider_location(uint8_t c)
{
	static const char locations[] = "0123456789ABCDEFGHJKLMNPQRTUVWXY";
	const char *at = c ? strchr(locations, c) : NULL;

	return at ? (int)(at - locations) : -1;
}

bool check_provider(struct span text)
{
	static const uint8_t weights[PROVIDER_STEM_DIGITS] = {3, 5, 8, 4, 2, 1};
	static const char letters[] = "YXWTLKJHFBA";
	size_t stem = text.len - 2;
	unsigned sum;
	int location;

	if (text.len != PROVIDER_STEM_DIGITS + 2 && text.len != PROVIDER_STEM_DIGITS + 1)
		return false;
	if (!all_digits(span_slice(text, 0, stem)))
		return false;
	location = provider_location(text.data[stem]);
	if (location < 0)
		return false;
	sum = weighted_sum(text, weights + (PROVIDER_STEM_DIGITS - stem), stem);
	return letters[(sum + 6 * (unsigned)location) % 11] == (char)text.data[stem + 1];
}

bool check_prescriber(struct span digits)
{
	static const uint8_t plain[PRESCRIBER_DIGITS - 1] = {1, 3, 7, 9, 1, 3};
	static const uint8_t zero[PRESCRIBER_DIGITS - 1] = {0, 5, 8, 4, 2, 1};
	unsigned check;

	if (digits.len != PRESCRIBER_DIGITS || !all_digits(digits))
		return false;
	check = (unsigned)(digits.data[PRESCRIBER_DIGITS - 1] - '0');
	if (digits.data[0] == '0')
		return weighted_sum(digits, zero, PRESCRIBER_DIGITS - 1) % 11 == check;
	return weighted_sum(digits, plain, PRESCRIBER_DIGITS - 1) % 10 == check;
}

bool check_crn(struct span text)
{
	static const char letters[] = "XVTSLKJHCBA";
	unsigned sum = 0;

	if (text.len != CRN_DIGITS + 1 && text.len != CRN_DIGITS + 2)
		return false;
	if (!all_digits(span_slice(text, 0, CRN_DIGITS)))
		return false;
	if (text.len == CRN_DIGITS + 2 && !is_capital(text.data[CRN_DIGITS + 1]))
		return false;
	for (unsigned i = 0; i < CRN_DIGITS; i++)
		sum += (unsigned)(text.data[i] - '0') << (CRN_DIGITS - i);
	return letters[sum % 11] == (char)text.data[CRN_DIGITS];
}

bool check_abn(struct span digits)
{
	static const uint8_t weights[ABN_DIGITS] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};

	if (digits.len != ABN_DIGITS || !all_digits(digits) || digits.data[0] == '0')
		return false;
	return (weighted_sum(digits, weights, ABN_DIGITS) - weights[0]) % 89 == 0;
}

static bool all_alike(struct span digits)
{
	for (size_t i = 1; i < digits.len; i++)
		if (digits.data[i] != digits.data[0])
			return false;
	return true;
}

bool check_tfn(struct span digits)
{
	static const uint8_t nine[TFN_DIGITS] = {1, 4, 3, 7, 5, 8, 6, 9, 10};
	static const uint8_t eight[TFN_DIGITS - 1] = {10, 7, 8, 4, 6, 3, 5, 1};

	if ((digits.len != TFN_DIGITS && digits.len != TFN_DIGITS - 1) || !all_digits(digits) ||
	        all_alike(digits))
		return false;
	return weighted_sum(digits, digits.len == TFN_DIGITS ? nine : eight, digits.len) % 11 == 0;
}

bool check_acn(struct span digits)
{
	static const uint8_t weights[ACN_DIGITS - 1] = {8, 7, 6, 5, 4, 3, 2, 1};

	if (digits.len != ACN_DIGITS || !all_digits(digits) || all_alike(digits))
		return false;
	return (10 - weighted_sum(digits, weights, ACN_DIGITS - 1) % 10) % 10 ==
	       (unsigned)(digits.data[ACN_DIGITS - 1] - '0');
}

bool check_safety_net(struct span text)
{
	static const uint8_t weights[MEDICARE_STEM_DIGITS] = {1, 3, 7, 9, 1, 3, 7, 9};
	struct span digits = span_slice(text, 2, text.len);

	if (text.len != MEDICARE_STEM_DIGITS + 3 || !all_digits(digits) ||
	        (!span_starts(text, "SN") && !span_starts(text, "CN")))
		return false;
	return weighted_sum(digits, weights, MEDICARE_STEM_DIGITS) % 10 ==
	       (unsigned)(digits.data[MEDICARE_STEM_DIGITS] - '0');
}

bool check_pbs_item(struct span text)
{
	static const char letters[] = "BCDEFGHJKLMNPQRTWXY";
	unsigned value = 0;

	if (text.len < PBS_DIGITS_MIN + 1 || text.len > PBS_DIGITS_MAX + 1 ||
	        !all_digits(span_slice(text, 0, text.len - 1)))
		return false;
	for (size_t i = 0; i + 1 < text.len; i++)
		value = value * 10 + (unsigned)(text.data[i] - '0');
	return letters[value % 19] == (char)text.data[text.len - 1];
}

/* Multiplication of the dihedral group of ten elements: turns are 0 to 4, reflections 5 to 9. */
static unsigned dihedral(unsigned a, unsigned b)
{
	if (a < 5)
		return b < 5 ? (a + b) % 5 : 5 + (a + b) % 5;
	return b < 5 ? 5 + (a + 5 - b) % 5 : (a + 5 - b) % 5;
}

static bool check_verhoeff(struct span digits)
{
	static const uint8_t permutation[8][10] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
	        {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
	        {8, 9, 1, 6, 0, 4, 3, 5, 2, 7}, {9, 4, 5, 3, 1, 2, 6, 8, 7, 0},
	        {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5},
	        {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};
	unsigned state = 0;

	for (size_t i = 0; i < digits.len; i++)
		state = dihedral(state, permutation[i % 8][digits.data[digits.len - 1 - i] - '0']);
	return state == 0;
}

bool check_snomed(struct span digits)
{
	char first, second;

	if (digits.len < SNOMED_DIGITS_MIN || digits.len > SNOMED_DIGITS_MAX ||
	        !all_digits(digits) || digits.data[0] == '0')
		return false;
	first = (char)digits.data[digits.len - 3];
	second = (char)digits.data[digits.len - 2];
	if (first > '1' || second > '2' || (first == '1' && digits.len < SNOMED_LONG_DIGITS))
		return false;
	return check_verhoeff(digits);
}

bool check_loinc(struct span text)
{
	uint8_t digits[LOINC_DIGITS_MAX + 1];

	if (text.len < 3 || text.len > LOINC_DIGITS_MAX + 2 || text.data[text.len - 2] != '-')
		return false;
	memcpy(digits, text.data, text.len - 2);
	digits[text.len - 2] = text.data[text.len - 1];
	return check_luhn(span_of(digits, text.len - 1));
}
