/* medicare: card numbers. The tag is made of the nine digits that survive a re-issue of the card,
 * and the person's reference number where it stands there: one card serves a family. */
#include <string.h>

#include "detect/check_digit.h"
#include "detect/detector.h"

#define STEM_DIGITS 9

static bool all_digits_not_one(const char *text, size_t len)
{
	bool varied = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		varied = varied || text[i] != text[0];
	}
	return varied;
}

static bool read_medicare(struct span value, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));

	if ((len != 10 && len != 11) || !all_digits_not_one(text, len))
		return false;
	ret->valid = check_medicare(span_of(text, len));
	memcpy(ret->normal, text, STEM_DIGITS);
	ret->normal[STEM_DIGITS] = len == 11 ? text[10] : '\0';
	ret->normal[STEM_DIGITS + 1] = '\0';
	return true;
}

const struct detector detector_medicare = {
        .name = "medicare",
        .pattern = "(?:^|[^0-9])[2-6][0-9]{3}" DETECTOR_GAP "[0-9]{5}" DETECTOR_GAP "[0-9]",
        .chars = 10,
        .tail = TAIL_DIGIT,
        .checked = true,
        .read = read_medicare,
};
