#include "detect/label.h"

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

/* Appends the letters and digits of a part, as many as a form may have. */
static size_t append_words(struct span part, char *text)
{
	size_t len = 0;

	for (size_t i = 0; i < part.len && len + 1 < LABEL_FORM_CHARS; i++) {
		text[len] = kept(part.data[i]);
		len += text[len] != 0;
	}
	return len;
}

void label_forms_of_column(struct span header, struct label_forms *ret)
{
	ret->count = 1;
	ret->at[0] = 0;
	ret->len[0] = append_words(header, ret->text);
}

/* Where the part begins that ends here. */
static size_t part_start(struct span path, size_t end)
{
	while (end > 0 && path.data[end - 1] != '.' && path.data[end - 1] != '/')
		end--;
	return end;
}

void label_forms_of_key(struct span path, struct label_forms *ret)
{
	size_t starts[LABEL_FORMS_MAX], len = 0;

	ret->count = 0;
	for (size_t at = path.len + 1; at > 0 && ret->count < LABEL_FORMS_MAX;) {
		at = part_start(path, at - 1);
		starts[ret->count++] = at;
	}
	for (size_t f = ret->count; f-- > 0;) {
		const size_t end = f > 0 ? starts[f - 1] : path.len;

		ret->at[f] = len;
		len += append_words(span_slice(path, starts[f], end - starts[f]), ret->text + len);
	}
	for (size_t f = 0; f < ret->count; f++) {
		ret->len[f] = len - ret->at[f];
		if (ret->len[f] >= LABEL_FORM_CHARS)
			ret->len[f] = LABEL_FORM_CHARS - 1;
	}
}

void label_forms_of_system(struct span address, struct label_forms *ret)
{
	size_t len = address.len < LABEL_FORM_CHARS ? address.len : LABEL_FORM_CHARS - 1;

	ret->count = 1;
	ret->at[0] = 0;
	ret->len[0] = len;
	for (size_t i = 0; i < len; i++)
		ret->text[i] = lower(address.data[i]);
}

void label_forms_of_path(struct span path, struct label_forms *ret)
{
	size_t len = path.len < LABEL_FORM_CHARS ? path.len : LABEL_FORM_CHARS - 1;
	size_t dash = span_find_byte(path, '-');
	size_t dot = span_find_byte(path, '.');

	if (dash < dot && dot < len)
		len = dot;
	ret->count = 1;
	ret->at[0] = 0;
	ret->len[0] = len;
	if (len > 0)
		memcpy(ret->text, path.data, len);
}

static bool is_name(uint8_t c)
{
	return kept(c) != 0 || c == '_' || c == '$' || c == '.' || c == '-';
}

struct span label_assigned(struct span text)
{
	const struct span none = span_of(NULL, 0);
	size_t end = text.len, start;
	bool quoted, equals;

	end -= end > 0 && (text.data[end - 1] == '"' || text.data[end - 1] == '\'');
	if (end < 2 || (text.data[end - 1] != '=' && text.data[end - 1] != ':'))
		return none;
	equals = text.data[--end] == '=';
	quoted = text.data[end - 1] == '"' || text.data[end - 1] == '\'';
	end -= quoted;
	for (start = end; start > 0 && is_name(text.data[start - 1]);)
		start--;
	/* "Card:" of a letter is no source: there a name of this kind stands behind a sign. */
	if (start == end || start == 0 ||
	        (!equals && !quoted && !memchr("{,;(&?[", text.data[start - 1], 7)))
		return none;
	return span_slice(text, start, end - start);
}
