/* coded: codes of diagnoses, results, medicines and services, and numbers of prescriptions. Their
 * shapes say little, so they count by their label only, beside more that speaks of a patient; what
 * a message holds of SNOMED CT and LOINC is counted in lib/detect/codes.h too. */
#include <string.h>

#include "detect/check_digit.h"
#include "detect/detector.h"

#define DIGITS   "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool accept(bool valid, struct reading *ret)
{
	ret->valid = valid;
	ret->normal[0] = '\0';
	return true;
}

/* ICD-10-AM, A00 to Z99 with up to two more digits; ICPC-2, a letter and two digits, PLUS with
 * three more. Without separators both are a letter and two to five digits. */
static bool is_classification(const char *text, size_t len)
{
	return len >= 3 && len <= 6 && strspn(text, CAPITALS) == 1 &&
	       strspn(text + 1, DIGITS) == len - 1;
}

static bool read_diagnosis_code(struct span value, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));

	if (is_classification(text, len))
		return accept(true, ret);
	if (len < 6 || len > 18 || strspn(text, DIGITS) != len)
		return false;
	return accept(check_snomed(span_of(text, len)), ret);
}

static bool read_result_code(struct span value, struct reading *ret)
{
	size_t digits = 0;

	while (digits < value.len && value.data[digits] >= '0' && value.data[digits] <= '9')
		digits++;
	if (digits == 0 || digits > 7 || digits + 2 != value.len || value.data[digits] != '-')
		return false;
	return accept(check_loinc(value), ret);
}

/* PBS items, and SNOMED CT where medicines are coded in AMT. */
static bool read_medicine_code(struct span value, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));
	size_t digits = len ? strspn(text, DIGITS) : 0;

	if (digits >= 4 && digits <= 6 && len == digits + 1)
		return accept(check_pbs_item(span_of(text, len)), ret);
	if (len < 6 || len > 18 || digits != len)
		return false;
	return accept(check_snomed(span_of(text, len)), ret);
}

static bool read_digits(struct span value, size_t min, size_t max, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));

	return len >= min && len <= max && strspn(text, DIGITS) == len && accept(true, ret);
}

/* An item of the Medicare Benefits Schedule: 3, 36, 721, 92210. */
static bool read_service_item(struct span value, struct reading *ret)
{
	return read_digits(value, 1, 5, ret);
}

/* Authority approvals have 8 digits, streamlined codes 4 or 5, prescriptions up to 12. */
static bool read_script_number(struct span value, struct reading *ret)
{
	return read_digits(value, 4, 12, ret);
}

const struct detector detector_diagnosis_code = {
        .name = "diagnosis_code", .clinical = true, .coded = true, .read = read_diagnosis_code};
const struct detector detector_result_code = {
        .name = "result_code", .clinical = true, .coded = true, .read = read_result_code};
const struct detector detector_medicine_code = {
        .name = "medicine_code", .clinical = true, .coded = true, .read = read_medicine_code};
const struct detector detector_service_item = {
        .name = "service_item", .clinical = true, .read = read_service_item};
const struct detector detector_script_number = {
        .name = "script_number", .clinical = true, .read = read_script_number};
