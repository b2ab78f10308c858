#include "detect/label.h"

#include <stdbool.h>
#include <string.h>

/* What a word keeps of a byte: a letter in lower case, a digit; 0: nothing. */
static char kept(uint8_t c)
{
	const uint8_t low = c | 0x20;

	if ((uint8_t)(low - 'a') < 26)
		return (char)low;
	return (uint8_t)(c - '0') < 10 ? (char)c : 0;
}

static char lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Appends the letters and digits of a part, as far as they fit. */
static void append_words(struct span part, char *text, size_t *len)
{
	size_t to = *len;

	for (size_t i = 0; i < part.len && to + 1 < LABEL_FORM_CHARS; i++) {
		text[to] = kept(part.data[i]);
		to += text[to] != 0;
	}
	text[to] = '\0';
	*len = to;
}

void label_forms_of_column(struct span header, struct label_forms *ret)
{
	*ret = (struct label_forms){.count = 1};
	append_words(header, ret->text[0], &ret->len[0]);
}

/* Where the last `parts` parts of a dotted path begin. */
static size_t part_start(struct span path, size_t parts)
{
	size_t at = path.len;

	while (at > 0) {
		uint8_t c = path.data[at - 1];

		if ((c == '.' || c == '/') && --parts == 0)
			return at;
		at--;
	}
	return 0;
}

void label_forms_of_key(struct span path, struct label_forms *ret)
{
	ret->count = 0;
	for (size_t parts = 1; parts <= LABEL_FORMS_MAX; parts++) {
		size_t at = part_start(path, parts);

		ret->len[ret->count] = 0;
		append_words(span_slice(path, at, path.len), ret->text[ret->count],
		        &ret->len[ret->count]);
		ret->count++;
		if (at == 0)
			break;
	}
}

void label_forms_of_system(struct span address, struct label_forms *ret)
{
	size_t len = address.len < LABEL_FORM_CHARS ? address.len : LABEL_FORM_CHARS - 1;

	*ret = (struct label_forms){.count = 1};
	for (size_t i = 0; i < len; i++)
		ret->text[0][i] = lower(address.data[i]);
	ret->len[0] = len;
}

void label_forms_of_path(struct span path, struct label_forms *ret)
{
	size_t len = path.len < LABEL_FORM_CHARS ? path.len : LABEL_FORM_CHARS - 1;
	size_t dash = span_find_byte(path, '-');
	size_t dot = span_find_byte(path, '.');

	if (dash < dot && dot < len)
		len = dot;
	*ret = (struct label_forms){.count = 1, .len = {len}};
	memcpy(ret->text[0], path.data, len);
}
