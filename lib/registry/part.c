#include "registry/part.h"

#include <string.h>

#include "base/csv.h"
#include "base/status.h"
#include "base/utf8.h"

#define ESCAPE_BYTES 7 /* _xHHHH_ */
/* More than a cell may hold, even when all of it is escapes. */
#define RAW_BYTES_MAX ((size_t)CSV_CELL_BYTES_MAX * 8)

int part_open(struct part *p, const struct zip_file *z, struct span name, const char **ret_reason)
{
	size_t index = zip_file_find(z, name);
	int status;

	buf_init(&p->bytes, ZIP_FILE_PART_BYTES_MAX, NULL);
	p->xml = NULL;
	if (index == SIZE_MAX) {
		*ret_reason = "A part of the workbook is missing; open it in Excel and save it "
		              "again.";
		return STATUS_NOT_FOUND;
	}
	status = zip_file_read(z, index, &p->bytes, ret_reason);
	if (status == STATUS_OK)
		status = xml_new(&p->xml, NULL);
	if (status == STATUS_OK)
		xml_feed(p->xml, buf_span(&p->bytes), true);
	else
		part_close(p);
	return status;
}

int part_next(struct part *p, struct xml_event *ret, const char **ret_reason)
{
	int status = xml_next(p->xml, ret);

	if (status == STATUS_LIMIT)
		*ret_reason = "The workbook nests deeper or is wider than any that Excel makes; "
		              "copy the rows into a new workbook.";
	else if (status == STATUS_UNSUPPORTED)
		*ret_reason = "The workbook holds a document type, which Excel never writes; copy "
		              "the rows into a new workbook.";
	else if (status == STATUS_MALFORMED)
		*ret_reason = "The workbook is damaged: one of its parts is no XML. Open it in "
		              "Excel and save it again.";
	return status;
}

void part_close(struct part *p)
{
	p->xml = xml_free(p->xml);
	buf_free(&p->bytes);
}

bool part_is(const struct xml_event *e, const char *name)
{
	static const char transitional[] =
	        "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
	static const char strict[] = "http://purl.oclc.org/ooxml/spreadsheetml/main";

	return strcmp(e->name, name) == 0 &&
	       (strcmp(e->space, transitional) == 0 || strcmp(e->space, strict) == 0);
}

void string_item_init(struct string_item *s)
{
	*s = (struct string_item){.in_text = false};
	buf_init(&s->raw, RAW_BYTES_MAX, NULL);
}

void string_item_free(struct string_item *s)
{
	buf_free(&s->raw);
}

int string_item_feed(struct string_item *s, const struct xml_event *e)
{
	if (e->kind == XML_EVENT_TEXT)
		return s->in_text ? buf_append(&s->raw,
		                            span_slice(e->text, 0, RAW_BYTES_MAX - s->raw.len))
		                  : STATUS_OK;
	if (part_is(e, "rPh") && e->kind == XML_EVENT_START && s->phonetic_depth == 0)
		s->phonetic_depth = e->depth;
	else if (e->kind == XML_EVENT_END && e->depth == s->phonetic_depth)
		s->phonetic_depth = 0;
	else if (part_is(e, "t") && s->phonetic_depth == 0)
		s->in_text = e->kind == XML_EVENT_START;
	return STATUS_OK;
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* The code of the escape at the front of s; -1 when there is none. */
static int32_t escape_at(struct span s)
{
	int32_t code = 0;

	if (s.len < ESCAPE_BYTES || s.data[0] != '_' || s.data[1] != 'x' || s.data[6] != '_')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int digit = hex_value(s.data[i]);

		if (digit < 0)
			return -1;
		code = code * 16 + digit;
	}
	return code;
}

/* The character of one escape, or of two that are a surrogate pair; 0 when it is none. */
static uint32_t character_at(struct span s, size_t *ret_len)
{
	int32_t code = escape_at(s);
	int32_t low = escape_at(span_slice(s, ESCAPE_BYTES, s.len));

	*ret_len = ESCAPE_BYTES;
	if (code <= 0 || code >= 0xfffe)
		return 0;
	if (code < 0xd800 || code > 0xdfff)
		return (uint32_t)code;
	if (code > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return 0;
	*ret_len = 2 * (size_t)ESCAPE_BYTES;
	return 0x10000 + ((uint32_t)(code - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
}

/* Appends raw with its _xHHHH_ turned into characters; those that no text may hold stay. */
static int xstring_append(struct buf *ret, struct span raw)
{
	int status = STATUS_OK;
	size_t at = 0, plain = 0;

	while (status == STATUS_OK && at < raw.len) {
		char utf8[UTF8_BYTES_MAX];
		uint32_t character = 0;
		size_t len = 0;

		if (raw.data[at] == '_')
			character = character_at(span_slice(raw, at, raw.len), &len);
		if (character == 0) {
			at++;
			continue;
		}
		status = buf_append(ret, span_slice(raw, plain, at - plain));
		if (status == STATUS_OK)
			status = buf_append(ret, span_of(utf8, utf8_encode(character, utf8)));
		at += len;
		plain = at;
	}
	return status == STATUS_OK ? buf_append(ret, span_slice(raw, plain, raw.len)) : status;
}

int string_item_take(struct string_item *s, struct buf *ret)
{
	size_t before = ret->len;
	int status = xstring_append(ret, buf_span(&s->raw));

	if (ret->len - before > CSV_CELL_BYTES_MAX + 1)
		ret->len = before + CSV_CELL_BYTES_MAX + 1;
	buf_clear(&s->raw);
	s->in_text = false;
	s->phonetic_depth = 0;
	return status;
}
