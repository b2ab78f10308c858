#include "registry/keys.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

static int compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	if (order != 0)
		return order;
	return (x->row > y->row) - (x->row < y->row);
}

int keys_build(struct keys *ret, const struct sheet *s, size_t column)
{
	ret->count = 0;
	ret->items = calloc(s->row_count + 1, sizeof(*ret->items));
	if (!ret->items)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < s->row_count; i++) {
		const char *text = sheet_cell(s, i, column)->text;

		if (text[0] != '\0')
			ret->items[ret->count++] = (struct key){.text = text, .row = i};
	}
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_keys);
	return STATUS_OK;
}

void keys_free(struct keys *k)
{
	free(k->items);
	*k = (struct keys){.count = 0};
}

size_t keys_seek(const struct keys *k, struct span text)
{
	size_t low = 0, high = k->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct span item = span_of_text(k->items[middle].text);
		size_t len = item.len < text.len ? item.len : text.len;
		int order = len > 0 ? memcmp(item.data, text.data, len) : 0;

		if (order < 0 || (order == 0 && item.len < text.len))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t keys_row(const struct keys *k, struct span text)
{
	size_t at = keys_seek(k, text);

	return at < k->count && span_equal_text(text, k->items[at].text) ? k->items[at].row
	                                                                 : SIZE_MAX;
}
