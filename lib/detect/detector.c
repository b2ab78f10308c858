#include "detect/detector.h"

#include <string.h>

static const struct detector *const detectors[] = {
#define DETECTOR_ROW(x) &detector_##x,
        DETECTORS(DETECTOR_ROW)
#undef DETECTOR_ROW
};

const struct detector *detector_find(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++)
		if (span_equal_text(name, detectors[i]->name))
			return detectors[i];
	return NULL;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_word(int c)
{
	return is_digit(c) || is_letter(c);
}

static bool is_separator(int c)
{
	return c == ' ' || c == '-' || c == '/' || c == '.';
}

size_t detector_compact(struct span value, char *ret, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];

		if (is_separator(c))
			continue;
		if (!is_word(c) || len + 1 >= size)
			return 0;
		ret[len++] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	}
	ret[len] = '\0';
	return len;
}

/* The byte at an index of the window, -1 outside. */
static int at(struct span window, size_t index)
{
	return index < window.len ? window.data[index] : -1;
}

/* Walks back over `chars` letters and digits with at most one separator between two of them. */
static bool walk_back(struct span window, size_t end, unsigned chars, size_t *ret)
{
	size_t start = end;

	while (chars > 0) {
		if (start == 0)
			return false;
		start--;
		if (is_word(window.data[start]))
			chars--;
		else if (start + 1 >= end || !is_separator(window.data[start]) ||
		         !is_word(at(window, start + 1)))
			return false;
	}
	*ret = start;
	return true;
}

static size_t digit_tail(struct span window, size_t start, size_t end)
{
	bool spaced = memchr(window.data + start, ' ', end - start) != NULL;
	int gap = at(window, end);

	if (is_digit(gap))
		return end + 1;
	if (gap != '/' && gap != '-' && !(gap == ' ' && spaced))
		return end;
	if (at(window, end + 1) < '1' || at(window, end + 1) > '9')
		return end;
	if (is_word(at(window, end + 2)) ||
	        (is_separator(at(window, end + 2)) && is_digit(at(window, end + 3))))
		return end;
	return end + 2;
}

static bool neighbours_allow(struct span window, size_t start, size_t end)
{
	int left = start > 0 ? window.data[start - 1] : -1;
	int right = at(window, end);

	if (is_word(left) || is_word(right))
		return false;
	if (left == '-' && start > 1 && is_word(window.data[start - 2]))
		return false;
	if ((right == '.' || right == '-') && is_digit(at(window, end + 1)))
		return false;
	return true;
}

bool detector_extent(const struct detector *d, struct span window, size_t end, struct span *ret)
{
	size_t start, tail = end;

	if (end > window.len || !walk_back(window, end, d->chars, &start))
		return false;
	if (d->tail == TAIL_DIGIT)
		tail = digit_tail(window, start, end);
	else if (d->tail == TAIL_LETTER && is_letter(at(window, end)))
		tail = end + 1;
	while (d->tail == TAIL_WORD && is_word(at(window, tail)))
		tail++;
	if (!neighbours_allow(window, start, tail))
		return false;
	*ret = span_slice(window, start, tail - start);
	return true;
}
