#include "base/cursor.h"

#include <string.h>

void cursor_copy(struct cursor *c, void *out, size_t len)
{
	struct span span = cursor_span(c, len);

	if (c->failed)
		memset(out, 0, len);
	else if (len > 0)
		memcpy(out, span.data, len);
}

bool span_equal_nocase(struct span a, const char *text)
{
	const size_t len = span_common_nocase(a, text);

	return len == a.len && text[len] == '\0';
}

bool span_starts_nocase(struct span a, const char *text)
{
	return text[span_common_nocase(a, text)] == '\0';
}

bool span_has_nocase(struct span a, const char *text)
{
	for (size_t i = 0; i < a.len; i++)
		if (span_starts_nocase(span_slice(a, i, SIZE_MAX), text))
			return true;
	return false;
}

size_t span_find(struct span s, struct span needle)
{
	const uint8_t *hit;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return SIZE_MAX;
	hit = memmem(s.data, s.len, needle.data, needle.len);
	return hit ? (size_t)(hit - s.data) : SIZE_MAX;
}

size_t span_find_byte(struct span s, uint8_t byte)
{
	const uint8_t *hit = s.len ? memchr(s.data, byte, s.len) : NULL;

	return hit ? (size_t)(hit - s.data) : SIZE_MAX;
}

struct span span_trim(struct span s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = span_slice(s, 1, s.len - 1);
	while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool span_to_u64(struct span s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)s.data[i] - '0';

		if (s.data[i] < '0' || s.data[i] > '9' || value > (max - digit) / 10 || digit > max)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}
