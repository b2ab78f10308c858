/* Any bytes through the door: the result is bounded UTF-8 without controls, empty only for nothing,
 * and holds no seven digits in a row. */
#include <stdlib.h>
#include <string.h>

#include "base/display.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t room, size_t size)
{
	size_t len = strlen(text);
	size_t digits = 0;

	if (len >= room || utf8_valid_length(span_of_text(text)) != len ||
	        (len == 0) != (size == 0))
		abort();
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			abort();
		digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
		if (digits >= 7)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	char ret[DISPLAY_CHARS_MAX];
	char small[32];

	display_text(text, ret, sizeof(ret));
	check(ret, sizeof(ret), size);
	display_text(text, small, sizeof(small));
	check(small, sizeof(small), size);
	display_host(text, ret, sizeof(ret));
	check(ret, sizeof(ret), size);
	display_computer(text, ret, sizeof(ret));
	check(ret, sizeof(ret), size);
	display_computer(text, small, sizeof(small));
	check(small, sizeof(small), size);
	display_program(text, ret, sizeof(ret));
	check(ret, sizeof(ret), size);
	display_member(7, text, ret, sizeof(ret));
	check(ret, sizeof(ret), 1);
	return 0;
}
