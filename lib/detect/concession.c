/* concession: customer reference numbers of pensioner, health care and seniors cards. */
#include <string.h>

#include "detect/check_digit.h"
#include "detect/detector.h"

#define CRN_DIGITS 9

static bool read_crn(struct span value, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));
	size_t letters;

	if (strspn(text, len ? "0123456789" : "") != CRN_DIGITS)
		return false;
	letters = strspn(text + CRN_DIGITS, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (letters < 1 || letters > 2 || len != CRN_DIGITS + letters)
		return false;
	ret->valid = check_crn(span_of(text, len));
	memcpy(ret->normal, text, CRN_DIGITS + 1);
	ret->normal[CRN_DIGITS + 1] = '\0';
	return true;
}

const struct detector detector_crn = {
        .name = "crn",
        .pattern = "(?:^|[^0-9])[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3} ?[ABCHJKLSTVX]",
        .chars = CRN_DIGITS + 1,
        .checked = true,
        .read = read_crn,
};
