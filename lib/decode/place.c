/* place: where a thing stands, told in steps: "HTTP body > member 2 (.csv) > column 4". */
#include <string.h>

#include "decode/session.h"

void place_add(char place[static DECODE_PLACE_CHARS], const char *step)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	size_t len = strlen(place);
	size_t room = DECODE_PLACE_CHARS - sizeof(ellipsis) - len;
	const char *joint = len > 0 ? " > " : "";

	if (*step == '\0' || (len >= 3 && strcmp(place + len - 3, ellipsis) == 0))
		return;
	if (len + sizeof(ellipsis) > DECODE_PLACE_CHARS || strlen(joint) + strlen(step) > room) {
		if (len + sizeof(ellipsis) <= DECODE_PLACE_CHARS)
			memcpy(place + len, ellipsis, sizeof(ellipsis));
		return;
	}
	memcpy(place + len, joint, strlen(joint));
	len += strlen(joint);
	memcpy(place + len, step, strlen(step) + 1);
}
