#include "report/width.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

struct range {
	uint32_t first, last;
};

static const struct range no_column[] = {{0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},
        {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
        {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
        {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f},
        {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0000, 0xe0fff}};
static const struct range two_columns[] = {{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf},
        {0xa960, 0xa97f}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60},
        {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
        {0x20000, 0x3fffd}};

static int is_in(const struct range *ranges, size_t count, uint32_t character)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return 1;
	return 0;
}

/* Columns of the first character, and its length in bytes (at least 1). */
static size_t first_width(const char *text, size_t len, size_t *ret_taken)
{
	uint32_t character;
	size_t taken = utf8_decode(span_of(text, len), &character);

	*ret_taken = taken ? taken : 1;
	if (taken == 0)
		return 1;
	if (is_in(no_column, ARRAY_LEN(no_column), character))
		return 0;
	return is_in(two_columns, ARRAY_LEN(two_columns), character) ? 2 : 1;
}

size_t text_width(const char *text, size_t len)
{
	size_t width = 0, taken;

	for (size_t at = 0; at < len; at += taken)
		width += first_width(text + at, len - at, &taken);
	return width;
}

size_t text_word_width(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t len = strcspn(text, " ,.-|/");
		size_t width = text_width(text, len) + (text[len] != '\0' && text[len] != ' ');

		longest = width > longest ? width : longest;
		text += len;
		text += *text != '\0';
	}
	return longest;
}

static size_t skip_spaces(const char *text, size_t at)
{
	while (text[at] == ' ')
		at++;
	return at;
}

/* A space is the better end, unless it would leave more than half of the line empty. */
static size_t choose_end(const char *text, size_t columns, size_t space, size_t other)
{
	if (space > other || (space > 0 && text_width(text, space) >= columns / 2))
		return space;
	return other;
}

size_t text_line(const char *text, size_t columns, size_t *ret_next)
{
	size_t len = strlen(text), width = 0, taken, at = 0;
	size_t space = 0, other = 0; /* the last places where the line may end */

	for (; at < len; at += taken) {
		width += first_width(text + at, len - at, &taken);
		if (columns > 0 && width > columns && at > 0)
			break;
		if (text[at] == ' ')
			space = at;
		else if (strchr(",.-|/", text[at]))
			other = at + taken;
	}
	if (at < len) {
		size_t end = text[at] == ' ' ? at : choose_end(text, columns, space, other);

		at = end ? end : at;
	}
	*ret_next = skip_spaces(text, at);
	while (at > 1 && text[at - 1] == ' ')
		at--;
	return at;
}
