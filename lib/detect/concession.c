/* concession: customer reference numbers of pensioner, health care and seniors cards, and numbers
 * of PBS safety net cards. */
#include <string.h>

#include "detect/check_digit.h"
#include "detect/detector.h"

#define CRN_DIGITS       9
#define SAFETY_NET_CHARS 11

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
        .pattern = "(?:^|[^0-9])[0-9]{3}" DETECTOR_GAP "[0-9]{3}" DETECTOR_GAP
                   "[0-9]{3}" DETECTOR_GAP "[ABCHJKLSTVX]",
        .chars = CRN_DIGITS + 1,
        .checked = true,
        .read = read_crn,
};

static bool read_safety_net(struct span value, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));

	if (len != SAFETY_NET_CHARS || (text[0] != 'S' && text[0] != 'C') || text[1] != 'N' ||
	        strspn(text + 2, "0123456789") != len - 2)
		return false;
	ret->valid = check_safety_net(span_of(text, len));
	memcpy(ret->normal, text, len + 1);
	return true;
}

const struct detector detector_safety_net = {
        .name = "safety_net",
        .pattern = "(?:^|[^A-Za-z0-9])[SC]N ?[0-9]{9}",
        .chars = SAFETY_NET_CHARS,
        .checked = true,
        .read = read_safety_net,
};
