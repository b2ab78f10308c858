#include "decode/pdf_cmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/utf8.h"
#include "decode/pdf_token.h"

#define UNIT_BYTES_MAX (2 * PDF_CMAP_UNITS_MAX)
#define LOOK_BACK      8 /* ranges that overlap, which honest ones do not */

struct space {
	size_t bytes;
	uint32_t low, high;
};

/* Codes from low to high stand for the text and those that follow its last unit. */
struct range {
	uint32_t low, high;
	uint8_t len; /* bytes of UTF-16BE */
	uint8_t utf16[UNIT_BYTES_MAX];
};

struct pdf_cmap {
	struct space spaces[PDF_CMAP_SPACES_MAX];
	size_t space_count;
	struct range *ranges; /* by low */
	size_t count, capacity;
};

static bool is_string(const struct pdf_token *t)
{
	return t->kind == PDF_HEX || t->kind == PDF_STRING;
}

/* The code and its length; false when it is none. */
static bool code_of(const struct pdf_token *t, uint32_t *ret, size_t *ret_bytes)
{
	uint8_t bytes[PDF_CMAP_CODE_BYTES_MAX];
	size_t len = is_string(t) ? pdf_token_bytes(t, bytes, sizeof(bytes)) : 0;

	*ret = 0;
	for (size_t i = 0; i < len; i++)
		*ret = *ret << 8 | bytes[i];
	*ret_bytes = len;
	return len > 0;
}

static int add_range(struct pdf_cmap *m, uint32_t low, uint32_t high, const struct pdf_token *text)
{
	struct range range = {.low = low, .high = high};
	size_t capacity = m->capacity == 0 ? 64 : 2 * m->capacity;
	struct range *larger;

	if (!is_string(text) || high < low || m->count == PDF_CMAP_RANGES_MAX)
		return STATUS_OK;
	range.len = (uint8_t)(pdf_token_bytes(text, range.utf16, sizeof(range.utf16)) & ~1u);
	if (range.len == 0)
		return STATUS_OK;
	if (m->count == m->capacity) {
		larger = reallocarray(m->ranges, capacity, sizeof(*larger));
		if (!larger)
			return STATUS_NO_MEMORY;
		m->ranges = larger;
		m->capacity = capacity;
	}
	m->ranges[m->count++] = range;
	return STATUS_OK;
}

static bool ends_block(const struct pdf_token *t)
{
	return t->kind == PDF_WORD && span_starts(t->raw, "end");
}

/* <low> <high> … */
static void read_spaces(struct pdf_cmap *m, struct cursor *c)
{
	struct pdf_token low, high;
	struct space space;
	size_t bytes;

	while (pdf_token_next(c, &low) == STATUS_ITEM && !ends_block(&low)) {
		if (pdf_token_next(c, &high) != STATUS_ITEM || ends_block(&high))
			return;
		if (m->space_count < PDF_CMAP_SPACES_MAX && code_of(&low, &space.low, &bytes) &&
		        code_of(&high, &space.high, &space.bytes) && bytes == space.bytes)
			m->spaces[m->space_count++] = space;
	}
}

/* <code> <text> … */
static int read_characters(struct pdf_cmap *m, struct cursor *c)
{
	struct pdf_token code, text;
	uint32_t value;
	size_t bytes;
	int status = STATUS_OK;

	while (status == STATUS_OK && pdf_token_next(c, &code) == STATUS_ITEM &&
	        !ends_block(&code)) {
		if (pdf_token_next(c, &text) != STATUS_ITEM || ends_block(&text))
			return STATUS_OK;
		if (code_of(&code, &value, &bytes))
			status = add_range(m, value, value, &text);
	}
	return status;
}

/* [<text> <text> …], one for each code. */
static int read_array(struct pdf_cmap *m, struct cursor *c, uint32_t low, uint32_t high)
{
	struct pdf_token text;
	uint64_t code = low;
	int status = STATUS_OK;

	while (status == STATUS_OK && pdf_token_next(c, &text) == STATUS_ITEM &&
	        text.kind != PDF_ARRAY_END && !ends_block(&text)) {
		if (code <= high)
			status = add_range(m, (uint32_t)code, (uint32_t)code, &text);
		code++;
	}
	return status;
}

/* <low> <high> <text of the first>, or an array. */
static int read_ranges(struct pdf_cmap *m, struct cursor *c)
{
	struct pdf_token first, last, text;
	uint32_t low, high;
	size_t bytes;
	int status = STATUS_OK;

	while (status == STATUS_OK && pdf_token_next(c, &first) == STATUS_ITEM &&
	        !ends_block(&first)) {
		if (pdf_token_next(c, &last) != STATUS_ITEM || ends_block(&last) ||
		        pdf_token_next(c, &text) != STATUS_ITEM || ends_block(&text))
			return STATUS_OK;
		if (!code_of(&first, &low, &bytes) || !code_of(&last, &high, &bytes))
			continue;
		status = text.kind == PDF_ARRAY_BEGIN ? read_array(m, c, low, high)
		                                      : add_range(m, low, high, &text);
	}
	return status;
}

static int read_all(struct pdf_cmap *m, struct span bytes)
{
	struct cursor c = cursor_open(bytes);
	struct pdf_token t;
	int status = STATUS_OK;

	while (status == STATUS_OK && pdf_token_next(&c, &t) == STATUS_ITEM) {
		if (t.kind != PDF_WORD)
			continue;
		if (span_equal_text(t.raw, "begincodespacerange"))
			read_spaces(m, &c);
		else if (span_equal_text(t.raw, "beginbfchar"))
			status = read_characters(m, &c);
		else if (span_equal_text(t.raw, "beginbfrange"))
			status = read_ranges(m, &c);
	}
	return status;
}

static int by_low(const void *a, const void *b)
{
	const struct range *first = a, *second = b;

	if (first->low != second->low)
		return first->low < second->low ? -1 : 1;
	return (first->high > second->high) - (first->high < second->high);
}

int pdf_cmap_new(struct pdf_cmap **ret_gives, struct span bytes)
{
	struct pdf_cmap *m = calloc(1, sizeof(*m));
	int status;

	if (!m)
		return STATUS_NO_MEMORY;
	status = read_all(m, bytes);
	if (status != STATUS_OK) {
		pdf_cmap_free(m);
		return status;
	}
	if (m->count > 1)
		qsort(m->ranges, m->count, sizeof(*m->ranges), by_low);
	*ret_gives = m;
	return STATUS_OK;
}

struct pdf_cmap *pdf_cmap_free(struct pdf_cmap *m)
{
	if (m)
		free(m->ranges);
	free(m);
	return NULL;
}

size_t pdf_cmap_ranges(const struct pdf_cmap *m)
{
	return m->count;
}

/* Each byte of a code lies between those of the range (9.7.6.2). */
static bool is_in_space(const struct space *s, uint32_t code)
{
	for (size_t i = 0; i < s->bytes; i++) {
		uint32_t byte = code >> 8 * i & 0xff;

		if (byte < (s->low >> 8 * i & 0xff) || byte > (s->high >> 8 * i & 0xff))
			return false;
	}
	return true;
}

size_t pdf_cmap_code(const struct pdf_cmap *m, struct span s, uint32_t *ret_code)
{
	size_t shortest = 0;
	uint32_t code = 0;

	for (size_t len = 1; len <= PDF_CMAP_CODE_BYTES_MAX && len <= s.len; len++) {
		code = code << 8 | s.data[len - 1];
		for (size_t i = 0; i < m->space_count; i++) {
			const struct space *space = &m->spaces[i];

			if (shortest == 0 || space->bytes < shortest)
				shortest = space->bytes;
			if (space->bytes == len && is_in_space(space, code)) {
				*ret_code = code;
				return len;
			}
		}
	}
	if (shortest > s.len)
		shortest = s.len;
	*ret_code = 0;
	for (size_t i = 0; i < shortest; i++)
		*ret_code = *ret_code << 8 | s.data[i];
	return shortest;
}

static const struct range *range_of(const struct pdf_cmap *m, uint32_t code)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->ranges[middle].low <= code)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = 0; i < LOOK_BACK && i < low; i++)
		if (m->ranges[low - 1 - i].high >= code)
			return &m->ranges[low - 1 - i];
	return NULL;
}

size_t pdf_utf16_text(struct span utf16, uint8_t *ret, size_t max_bytes)
{
	struct cursor c = cursor_open(utf16);
	size_t len = 0;

	while (cursor_left(&c) >= 2 && len + UTF8_BYTES_MAX <= max_bytes) {
		uint32_t unit = cursor_u16be(&c);
		struct cursor peek = c;

		if (unit >= 0xd800 && unit < 0xdc00) {
			uint32_t second = cursor_u16be(&peek);

			if (second < 0xdc00 || second > 0xdfff)
				continue;
			c = peek;
			unit = 0x10000 + ((unit & 0x3ff) << 10 | (second & 0x3ff));
		} else if (unit >= 0xdc00 && unit < 0xe000) {
			continue;
		}
		len += utf8_encode(unit, (char *)ret + len);
	}
	return len;
}

size_t pdf_cmap_text(
        const struct pdf_cmap *m, uint32_t code, uint8_t ret[static PDF_CMAP_TEXT_BYTES])
{
	const struct range *r = range_of(m, code);
	uint8_t utf16[UNIT_BYTES_MAX];
	uint32_t last;

	if (!r)
		return 0;
	memcpy(utf16, r->utf16, sizeof(utf16));
	last = (uint32_t)utf16[r->len - 2] << 8 | utf16[r->len - 1];
	last += code - r->low;
	utf16[r->len - 2] = (uint8_t)(last >> 8);
	utf16[r->len - 1] = (uint8_t)last;
	return pdf_utf16_text(span_of(utf16, r->len), ret, PDF_CMAP_TEXT_BYTES);
}
