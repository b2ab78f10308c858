/* text: texts in arrays of their own. */
#ifndef EXEAT_BASE_TEXT_H
#define EXEAT_BASE_TEXT_H

#include <stddef.h>
#include <string.h>

/* As much as fits into size bytes (at least 1), with the closing zero. */
static inline void text_copy(char *ret, size_t size, const char *text)
{
	const size_t len = strnlen(text, size - 1);

	memcpy(ret, text, len);
	ret[len] = '\0';
}

#endif
