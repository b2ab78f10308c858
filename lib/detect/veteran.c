/* veteran: file numbers of the Department of Veterans' Affairs. */
#include <string.h>

#include "detect/check_digit.h"
#include "detect/detector.h"

#define DVA_CHARS_MAX 9

/* State letter (H and M stand before some numbers), up to three letters, one to six digits, and a
 * dependant's letter. The war code says whether it is valid. */
static bool read_dva(struct span value, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));
	size_t letters, digits, tail;

	if (len < 3 || len > DVA_CHARS_MAX || !strchr("NVQWSTHM", text[0]))
		return false;
	letters = strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	digits = strspn(text + 1 + letters, "0123456789");
	tail = len - 1 - letters - digits;
	if (letters > 3 || digits == 0 || digits > 6 || tail > 1)
		return false;
	if (tail == 1 && (text[len - 1] < 'A' || text[len - 1] > 'Z'))
		return false;
	ret->valid = check_dva(span_of(text, len));
	memcpy(ret->normal, text, len + 1);
	return true;
}

const struct detector detector_dva = {
        .name = "dva",
        .pattern = "(?:^|[^A-Za-z0-9])[NVQWST](?:[A-Z][0-9]{6}|[A-Z]{2}[0-9]{5}|[A-Z]{3}[0-9]{4})",
        .chars = 8,
        .tail = TAIL_LETTER,
        .checked = true,
        .listed = true,
        .read = read_dva,
};
