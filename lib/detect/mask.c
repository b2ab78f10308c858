#include "detect/mask.h"

#include <string.h>

#include "detect/detector.h"

#define DOT     "\xe2\x80\xa2" /* U+2022 */
#define DOT_LEN (sizeof(DOT) - 1)

void mask_text(char ret[static DETECT_MASK_CHARS])
{
	memcpy(ret, DOT DOT DOT, 3 * DOT_LEN + 1);
}

void mask_number(struct span shape, char ret[static DETECT_MASK_CHARS])
{
	size_t len = 0;

	for (size_t i = 0; i < shape.len && len + DOT_LEN < DETECT_MASK_CHARS; i++) {
		uint8_t c = shape.data[i];
		size_t gap = detector_gap_start(span_slice(shape, i, shape.len));

		if (gap > 0) {
			ret[len++] = gap == 1 && c < 0x80 ? (char)c : ' ';
			i += gap - 1;
			continue;
		}
		memcpy(ret + len, DOT, DOT_LEN);
		len += DOT_LEN;
	}
	ret[len] = '\0';
}
