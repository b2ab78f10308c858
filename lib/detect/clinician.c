/* clinician: numbers of clinicians and firms. They stand in public directories and never make a
 * finding about a patient. */
#include <string.h>

#include "detect/check_digit.h"
#include "detect/detector.h"

static bool read_provider(struct span value, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));

	if (len < 7 || len > 8 || strspn(text, "0123456789") < len - 2 || text[len - 1] < 'A')
		return false;
	ret->valid = check_provider(span_of(text, len));
	ret->normal[0] = '\0';
	return true;
}

const struct detector detector_provider = {
        .name = "provider",
        .pattern = "(?:^|[^A-Za-z0-9])[0-9]{6}[0-9A-HJ-NP-RT-Y][ABFHJKLTWXY]",
        .chars = 8,
        .checked = true,
        .read = read_provider,
};

static bool read_prescriber(struct span value, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));

	if (len < 6 || len > 7 || strspn(text, "0123456789") != len)
		return false;
	ret->valid = check_prescriber(span_of(text, len));
	ret->normal[0] = '\0';
	return true;
}

const struct detector detector_prescriber = {
        .name = "prescriber",
        .checked = true,
        .read = read_prescriber,
};

/* Three letters of the profession and ten digits; there is no check. */
static bool read_ahpra(struct span value, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));

	if (len != 13 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3 ||
	        strspn(text + 3, "0123456789") != 10)
		return false;
	ret->valid = true;
	ret->normal[0] = '\0';
	return true;
}

const struct detector detector_ahpra = {
        .name = "ahpra",
        .pattern = "(?:^|[^A-Za-z0-9])[A-Z]{3}[0-9]{10}",
        .chars = 13,
        .read = read_ahpra,
};

static bool read_abn(struct span value, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));

	if (len != 11 || strspn(text, "0123456789") != len)
		return false;
	ret->valid = check_abn(span_of(text, len));
	ret->normal[0] = '\0';
	return true;
}

const struct detector detector_abn = {
        .name = "abn",
        .checked = true,
        .read = read_abn,
};
