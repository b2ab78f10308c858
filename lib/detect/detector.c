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

/* Bytes of U+2007, U+2009, U+202F, U+2010, U+2011 after 0xe2 0x80. */
static bool is_wide_gap(uint8_t c)
{
	return c == 0x87 || c == 0x89 || c == 0xaf || c == 0x90 || c == 0x91;
}

size_t detector_gap_start(struct span bytes)
{
	if (bytes.len == 0)
		return 0;
	if (is_separator(bytes.data[0]) || bytes.data[0] == 0xa0)
		return 1;
	if (bytes.len >= 2 && bytes.data[0] == 0xc2 && bytes.data[1] == 0xa0)
		return 2;
	return bytes.len >= 3 && bytes.data[0] == 0xe2 && bytes.data[1] == 0x80 &&
	                       is_wide_gap(bytes.data[2])
	               ? 3
	               : 0;
}

size_t detector_gap_end(struct span bytes)
{
	for (size_t len = 3; len > 0; len--)
		if (bytes.len >= len &&
		        detector_gap_start(span_slice(bytes, bytes.len - len, len)) == len)
			return len;
	return 0;
}

size_t detector_compact(struct span value, char *ret, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len;) {
		uint8_t c = value.data[i];
		size_t gap = is_word(c) ? 0 : detector_gap_start(span_slice(value, i, value.len));

		i += gap ? gap : 1;
		if (gap)
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
		size_t gap = start < end ? detector_gap_end(span_slice(window, 0, start)) : 0;

		start -= gap;
		if (start == 0 || !is_word(window.data[start - 1]))
			return false;
		start--;
		chars--;
	}
	*ret = start;
	return true;
}

/* A space in the number, of whatever width. */
static bool has_space(struct span number)
{
	for (size_t i = 0; i < number.len; i++)
		if (number.data[i] == ' ' || number.data[i] >= 0x80)
			return true;
	return false;
}

static size_t digit_tail(struct span window, size_t start, size_t end)
{
	bool spaced = has_space(span_slice(window, start, end - start));
	size_t gap = detector_gap_start(span_slice(window, end, window.len));
	size_t next = end + gap;

	if (is_digit(at(window, end)))
		return end + 1;
	if (gap == 0 || at(window, end) == '.' ||
	        (at(window, end) != '/' && at(window, end) != '-' && !spaced))
		return end;
	if (at(window, next) < '1' || at(window, next) > '9')
		return end;
	if (is_word(at(window, next + 1)) ||
	        (is_separator(at(window, next + 1)) && is_digit(at(window, next + 2))))
		return end;
	return next + 1;
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
