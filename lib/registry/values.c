#include "registry/values.h"

#include <string.h>

#include "base/display.h"
#include "base/status.h"
#include "registry/cells.h"

#define NUMBER_MAX     1000000000 /* what cells.c lets pass, and within an int32_t */
#define HOURS_BYTES    11         /* 18:00-06:00 */
#define WORD_BYTES_MAX 64         /* longer is no word of ours */

static const char *copy_of(struct arena *a, struct span text)
{
	char shown[DISPLAY_CHARS_MAX];
	size_t len;
	char *copy;

	display_text(text, shown, sizeof(shown));
	len = strlen(shown);
	copy = arena_alloc(a, len + 1, 1);
	if (copy)
		memcpy(copy, shown, len + 1);
	return copy;
}

const char *value_text(struct arena *a, const struct sheet_cell *cell)
{
	if (cell_is_none(cell) || cell->text[0] == '\0')
		return "";
	return copy_of(a, span_of_text(cell->text));
}

size_t value_count(const struct sheet_cell *cell)
{
	struct span rest = span_of_text(cell->text);
	struct span item;
	size_t count = 0;

	while (cell->text[0] != '\0' && !cell_is_none(cell) && list_next(&rest, &item))
		count++;
	return count;
}

int value_list(struct arena *a, const struct sheet_cell *cell, struct registry_list *ret)
{
	struct span rest = span_of_text(cell->text);
	size_t count = value_count(cell);
	struct span item;
	const char **items;

	*ret = (struct registry_list){.none = cell_is_none(cell)};
	if (count == 0)
		return STATUS_OK;
	items = arena_alloc(a, count, sizeof(*items));
	if (!items)
		return STATUS_NO_MEMORY;
	ret->items = items;
	while (list_next(&rest, &item)) {
		items[ret->count] = copy_of(a, item);
		if (!items[ret->count])
			return STATUS_NO_MEMORY;
		ret->count++;
	}
	return STATUS_OK;
}

static uint16_t minute_of(const char *clock)
{
	return (uint16_t)(((clock[0] - '0') * 10 + clock[1] - '0') * 60 + (clock[3] - '0') * 10 +
	                  clock[4] - '0');
}

struct registry_hours value_hours(const struct sheet_cell *cell)
{
	if (strlen(cell->text) != HOURS_BYTES || strspn(cell->text, "0123456789:-") != HOURS_BYTES)
		return (struct registry_hours){.recorded = false};
	return (struct registry_hours){.recorded = true,
	        .from_minute = minute_of(cell->text),
	        .to_minute = minute_of(cell->text + 6)};
}

int32_t value_number(const struct sheet_cell *cell)
{
	uint64_t value;

	return span_to_u64(span_of_text(cell->text), NUMBER_MAX, &value) ? (int32_t)value
	                                                                 : REGISTRY_NO_NUMBER;
}

int value_word(const struct sheet *s, size_t row, size_t column, int absent)
{
	return cell_word(&s->format->columns[column], sheet_cell(s, row, column), absent);
}

int value_answer(const struct sheet *s, size_t row, size_t column)
{
	return value_word(s, row, column, -1) + 1;
}

uint32_t value_words(const struct sheet *s, size_t row, size_t column)
{
	const struct sheet_cell *cell = sheet_cell(s, row, column);
	struct span rest = span_of_text(cell->text);
	uint32_t set = 0;
	struct span item;

	while (cell->text[0] != '\0' && list_next(&rest, &item)) {
		char word[WORD_BYTES_MAX];
		int index;

		if (item.len == 0 || item.len >= sizeof(word))
			continue;
		memcpy(word, item.data, item.len);
		word[item.len] = '\0';
		index = word_index(s->format->columns[column].words, word);
		if (index >= 0)
			set |= UINT32_C(1) << index;
	}
	return set;
}
