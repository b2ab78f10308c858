/* tax: file numbers of persons, numbers of companies. One in ten numbers of nine digits passes
 * their checks, so in running text the pattern itself holds the word that vouches for them. */
#include <string.h>

#include "detect/check_digit.h"
#include "detect/detector.h"

#define NINE_DIGITS 9
#define WRITTEN     "[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}"

static bool read_number(
        struct span value, bool (*check)(struct span digits), size_t min, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));

	if (len < min || len > NINE_DIGITS || strspn(text, "0123456789") != len)
		return false;
	ret->valid = check(span_of(text, len));
	ret->normal[0] = '\0';
	return true;
}

static bool read_tfn(struct span value, struct reading *ret)
{
	return read_number(value, check_tfn, NINE_DIGITS - 1, ret);
}

static bool read_acn(struct span value, struct reading *ret)
{
	return read_number(value, check_acn, NINE_DIGITS, ret);
}

/* Of any person: staff have one, and a practice rarely knows its patients'. */
const struct detector detector_tfn = {
        .name = "tfn",
        .pattern = "(?i:tfn|tax[ _-]?file[ _-]?n(?:umber|o))[^0-9A-Za-z]{0,12}" WRITTEN,
        .chars = NINE_DIGITS,
        .checked = true,
        .specific = true,
        .anybody = true,
        .read = read_tfn,
};

const struct detector detector_acn = {
        .name = "acn",
        .pattern = "(?i:acn|company[ _-]number)[^0-9A-Za-z]{0,12}" WRITTEN,
        .chars = NINE_DIGITS,
        .checked = true,
        .specific = true,
        .read = read_acn,
};
