#include "decode/xlsx_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/number_format.h"
#include "base/status.h"
#include "base/xml.h"
#include "decode/decode.h"

#define PART_BYTES_TOLD_MAX ((la_int64_t)1 << 40) /* so that their sum is none too large */

struct format {
	unsigned long id;
	enum number_format format;
};

struct workbook {
	struct unpack_sink *sink;
	bool found, from_1904; /* it is a workbook; its days count from 1904 */
	struct buf texts;
	size_t *ends; /* of the shared strings in the texts */
	size_t count, capacity;
	struct format formats[XLSX_FORMATS_MAX];
	size_t format_count;
	uint8_t styles[XLSX_STYLES_MAX]; /* enum number_format */
	size_t style_count;
	bool in_styles, in_text, in_phonetic;
	bool limited, broken;
	unsigned parts;
	uint64_t read_bytes, locked_bytes; /* of parts, unpacked, as far as they say */
};

/* Of the sheet that is being read. */
struct sheet {
	struct workbook *book;
	struct buf csv, value;
	unsigned column, filled; /* of the cell, from 1; cells that the row has by now */
	char type;               /* first letter of the cell's type, 'n' without */
	size_t style;
	bool in_value;
};

enum part_kind { PART_OTHER, PART_BOOK, PART_STRINGS, PART_STYLES, PART_SHEET };

static enum part_kind kind_of(struct span name)
{
	if (span_equal_nocase(name, "xl/workbook.xml"))
		return PART_BOOK;
	if (span_equal_nocase(name, "xl/sharedStrings.xml"))
		return PART_STRINGS;
	if (span_equal_nocase(name, "xl/styles.xml"))
		return PART_STYLES;
	if (span_has_nocase(name, "_rels/"))
		return PART_OTHER;
	return span_starts_nocase(name, "xl/worksheets/") ? PART_SHEET : PART_OTHER;
}

/* Of a printer, in a form that is its driver's. */
static bool is_settings(struct span name)
{
	return span_starts_nocase(name, "xl/printerSettings/");
}

/* ---- what sheets need of the others ---- */

static int add_string(struct workbook *b)
{
	size_t capacity = b->capacity == 0 ? 1024 : 2 * b->capacity;
	size_t *larger;

	if (b->count == XLSX_STRINGS_MAX)
		return STATUS_LIMIT;
	if (b->count == b->capacity) {
		larger = reallocarray(b->ends, capacity, sizeof(*larger));
		if (!larger)
			return STATUS_NO_MEMORY;
		b->ends = larger;
		b->capacity = capacity;
	}
	b->ends[b->count++] = b->texts.len;
	return STATUS_OK;
}

static int take_string(struct workbook *b, const struct xml_event *e)
{
	bool starts = e->kind == XML_EVENT_START;

	if (e->kind == XML_EVENT_TEXT)
		return b->in_text && !b->in_phonetic ? buf_append(&b->texts, e->text) : STATUS_OK;
	if (strcmp(e->name, "t") == 0)
		b->in_text = starts;
	if (strcmp(e->name, "rPh") == 0)
		b->in_phonetic = starts;
	return strcmp(e->name, "si") == 0 && !starts ? add_string(b) : STATUS_OK;
}

static uint64_t number_of(const struct xml_event *e, const char *attribute, uint64_t max)
{
	const char *text = xml_attribute(e, "", attribute);
	uint64_t value;

	return text && span_to_u64(span_of_text(text), max, &value) ? value : 0;
}

static enum number_format format_of(const struct workbook *b, unsigned long id)
{
	for (size_t i = 0; i < b->format_count; i++)
		if (b->formats[i].id == id)
			return b->formats[i].format;
	return number_format_builtin((unsigned)id);
}

static int take_style(struct workbook *b, const struct xml_event *e)
{
	bool starts = e->kind == XML_EVENT_START;
	const char *code;

	if (e->kind == XML_EVENT_TEXT)
		return STATUS_OK;
	if (strcmp(e->name, "cellXfs") == 0)
		b->in_styles = starts;
	if (starts && strcmp(e->name, "numFmt") == 0 && b->format_count < XLSX_FORMATS_MAX &&
	        (code = xml_attribute(e, "", "formatCode")))
		b->formats[b->format_count++] = (struct format){
		        .id = number_of(e, "numFmtId", 65536), .format = number_format_of(code)};
	if (starts && b->in_styles && strcmp(e->name, "xf") == 0 &&
	        b->style_count < XLSX_STYLES_MAX)
		b->styles[b->style_count++] = (uint8_t)format_of(
		        b, number_of(e, "numFmtId", 65536));
	return STATUS_OK;
}

static int take_book(struct workbook *b, const struct xml_event *e)
{
	const char *value;

	if (e->kind != XML_EVENT_START || strcmp(e->name, "workbookPr") != 0)
		return STATUS_OK;
	value = xml_attribute(e, "", "date1904");
	b->from_1904 = value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
	return STATUS_OK;
}

/* ---- sheets ---- */

static void flush(struct sheet *s)
{
	unpack_put_all(s->book->sink, UNPACK_BYTES, 0, buf_span(&s->csv));
	buf_clear(&s->csv);
}

/* "C7": the column, from 1; 0 when it is no such thing. */
static unsigned column_of(const char *reference)
{
	unsigned column = 0;

	for (; *reference >= 'A' && *reference <= 'Z' && column <= XLSX_COLUMNS_MAX; reference++)
		column = column * 26 + (unsigned)(*reference - 'A') + 1;
	return column;
}

static void start_cell(struct sheet *s, const struct xml_event *e)
{
	const char *reference = xml_attribute(e, "", "r"), *type = xml_attribute(e, "", "t");
	unsigned column = reference ? column_of(reference) : 0;

	if (column <= s->filled || column > XLSX_COLUMNS_MAX)
		column = s->filled + 1;
	s->column = column;
	s->type = 'n';
	if (type && *type)
		s->type = strcmp(type, "str") == 0 || strcmp(type, "inlineStr") == 0 ? 't' : *type;
	s->style = number_of(e, "s", XLSX_STYLES_MAX - 1);
	s->in_value = false;
}

static struct span shared(const struct workbook *b, struct span index)
{
	uint64_t at;
	size_t from;

	if (!span_to_u64(index, SIZE_MAX, &at) || at >= b->count)
		return span_of(NULL, 0);
	from = at > 0 ? b->ends[at - 1] : 0;
	return span_slice(buf_span(&b->texts), from, b->ends[at] - from);
}

static int append_cell(struct sheet *s, struct span text)
{
	int status = STATUS_OK;

	for (unsigned i = s->filled > 0 ? s->filled : 1; i < s->column && status == STATUS_OK; i++)
		status = buf_append_byte(&s->csv, ',');
	s->filled = s->column;
	return status == STATUS_OK ? csv_append_quoted(&s->csv, text) : status;
}

static int end_cell(struct sheet *s)
{
	const struct workbook *b = s->book;
	struct span value = buf_span(&s->value);
	enum number_format format = s->style < b->style_count
	                                    ? (enum number_format)b->styles[s->style]
	                                    : NUMBER_PLAIN;
	char number[NUMBER_TEXT_CHARS];
	int status;

	if (s->type == 's')
		value = shared(b, span_trim(value));
	else if (s->type == 'b')
		value = span_of_text(span_equal_text(value, "0") ? "FALSE" : "TRUE");
	else if (s->type == 'd')
		value = span_slice(value, 0, span_find(value, span_of_text("T00:00:00")));
	else if (s->type == 'n' && number_text(span_trim(value), format, b->from_1904, number))
		value = span_of_text(number);
	status = value.len > 0 && s->type != 'e' ? append_cell(s, value) : STATUS_OK;
	buf_clear(&s->value);
	if (status == STATUS_OK && s->csv.len >= UNPACK_PAYLOAD_BYTES)
		flush(s);
	return status;
}

static int take_cell(struct sheet *s, const struct xml_event *e)
{
	bool starts = e->kind == XML_EVENT_START;

	if (e->kind == XML_EVENT_TEXT)
		return s->in_value ? buf_append(&s->value, e->text) : STATUS_OK;
	if (strcmp(e->name, "v") == 0 || strcmp(e->name, "t") == 0)
		s->in_value = starts;
	if (strcmp(e->name, "c") == 0 && starts)
		start_cell(s, e);
	else if (strcmp(e->name, "c") == 0)
		return end_cell(s);
	if (strcmp(e->name, "row") == 0 && !starts && s->filled > 0) {
		s->filled = 0;
		return buf_append_byte(&s->csv, '\n');
	}
	return STATUS_OK;
}

/* ---- parts ---- */

static int take_event(
        struct workbook *b, enum part_kind kind, struct sheet *s, const struct xml_event *e)
{
	switch (kind) {
	case PART_BOOK:
		return take_book(b, e);
	case PART_STRINGS:
		return take_string(b, e);
	case PART_STYLES:
		return take_style(b, e);
	default:
		return take_cell(s, e);
	}
}

/* STATUS_MORE until the document is over. */
static int feed_xml(struct workbook *b, enum part_kind kind, struct sheet *s, struct xml *x)
{
	struct xml_event e;
	int status;

	while ((status = xml_next(x, &e)) == STATUS_ITEM) {
		status = take_event(b, kind, s, &e);
		if (status != STATUS_OK)
			return status;
	}
	return status == STATUS_OK ? STATUS_MORE : status;
}

static int read_xml(struct workbook *b, struct archive *a, enum part_kind kind, struct sheet *s)
{
	struct xml *x = NULL;
	int status = xml_new(&x, NULL), archive_status = ARCHIVE_OK;

	if (status == STATUS_OK)
		status = STATUS_MORE;
	while (status == STATUS_MORE) {
		const void *bytes = NULL;
		size_t len = 0;
		la_int64_t offset;

		archive_status = archive_read_data_block(a, &bytes, &len, &offset);
		if (archive_status < ARCHIVE_WARN)
			status = STATUS_MALFORMED;
		if (status == STATUS_MORE)
			xml_feed(x, span_of(bytes, len), archive_status == ARCHIVE_EOF);
		if (status == STATUS_MORE)
			status = feed_xml(b, kind, s, x);
		if (archive_status == ARCHIVE_EOF && status == STATUS_MORE)
			status = STATUS_MALFORMED;
	}
	xml_free(x);
	return status;
}

static enum stream_end end_of(struct workbook *b, int status)
{
	if (status == STATUS_END)
		return STREAM_COMPLETE;
	b->limited |= status == STATUS_LIMIT || status < 0;
	b->broken |= status > 0 && status != STATUS_LIMIT;
	return status == STATUS_LIMIT || status < 0 ? STREAM_LIMIT : STREAM_MALFORMED;
}

static void put_member(struct workbook *b, unsigned detail, struct span name)
{
	unpack_put(b->sink, UNPACK_MEMBER, detail, 0, span_slice(name, 0, DECODE_VALUE_BYTES_MAX));
}

static void read_sheet(struct workbook *b, struct archive *a)
{
	struct sheet s = {.book = b};
	enum stream_end end;

	buf_init(&s.csv, 4 * XLSX_CELL_BYTES_MAX, NULL);
	buf_init(&s.value, XLSX_CELL_BYTES_MAX, NULL);
	put_member(b, UNPACK_TABLE, span_of(NULL, 0));
	end = end_of(b, read_xml(b, a, PART_SHEET, &s));
	flush(&s);
	unpack_put(b->sink, UNPACK_MEMBER_END, end, 0, span_of(NULL, 0));
	buf_free(&s.csv);
	buf_free(&s.value);
}

static void read_other(struct workbook *b, struct archive *a, struct span name)
{
	int status = ARCHIVE_OK;

	put_member(b, 0, name);
	while (status >= ARCHIVE_WARN && status != ARCHIVE_EOF && b->sink->status == STATUS_OK) {
		const void *bytes = NULL;
		size_t len = 0;
		la_int64_t offset;

		status = archive_read_data_block(a, &bytes, &len, &offset);
		if (status >= ARCHIVE_WARN)
			unpack_put_all(b->sink, UNPACK_BYTES, 0, span_of(bytes, len));
	}
	b->broken |= status < ARCHIVE_WARN;
	unpack_put(b->sink, UNPACK_MEMBER_END,
	        status < ARCHIVE_WARN ? STREAM_MALFORMED : STREAM_COMPLETE, 0, span_of(NULL, 0));
}

static void count_part(struct workbook *b, struct archive_entry *entry)
{
	la_int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;

	if (size > PART_BYTES_TOLD_MAX)
		size = PART_BYTES_TOLD_MAX;
	if (archive_entry_is_encrypted(entry))
		b->locked_bytes += size > 0 ? (uint64_t)size : 1;
	else
		b->read_bytes += size > 0 ? (uint64_t)size : 0;
}

/* What sheets need comes first, whatever the order in the package; then all that says something. */
static void read_part(
        struct workbook *b, struct archive *a, struct archive_entry *entry, bool first)
{
	const char *text = archive_entry_pathname(entry);
	struct span name = span_of_text(text ? text : "");
	enum part_kind kind = kind_of(name);

	if (archive_entry_filetype(entry) == AE_IFDIR)
		return;
	if (!first)
		count_part(b, entry);
	if (first && (kind == PART_BOOK || kind == PART_STRINGS || kind == PART_STYLES)) {
		b->found |= kind == PART_BOOK;
		(void)end_of(b, read_xml(b, a, kind, NULL));
	} else if (!first && ++b->parts > XLSX_PARTS_MAX) {
		b->limited = true;
	} else if (!first && archive_entry_is_encrypted(entry)) {
		put_member(b, UNPACK_LOCKED, name);
	} else if (!first && b->found && kind == PART_SHEET) {
		read_sheet(b, a);
	} else if (!first && (!b->found || (kind == PART_OTHER && !is_settings(name)))) {
		read_other(b, a, name);
	}
}

/* False: the package has no list of its parts, or it is damaged. */
static bool read_parts(struct workbook *b, struct span document, bool first)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	int status = a ? archive_read_support_format_zip(a) : ARCHIVE_FATAL;

	if (status >= ARCHIVE_WARN)
		status = archive_read_open_memory(a, document.data, document.len);
	while (status >= ARCHIVE_WARN && status != ARCHIVE_EOF && !b->limited &&
	        b->sink->status == STATUS_OK) {
		status = archive_read_next_header(a, &entry);
		if (status >= ARCHIVE_WARN && status != ARCHIVE_EOF)
			read_part(b, a, entry, first);
	}
	archive_read_free(a);
	return status >= ARCHIVE_WARN;
}

/* Of the whole, by the unpacked bytes. */
static uint32_t looked_into(const struct workbook *b)
{
	uint64_t all = b->read_bytes + b->locked_bytes;

	return all == 0 ? UNPACK_WHOLE : (uint32_t)(b->read_bytes * UNPACK_WHOLE / all);
}

void xlsx_file_read(struct span document, struct unpack_sink *sink)
{
	struct workbook *b = calloc(1, sizeof(*b));
	enum stream_end end = STREAM_LIMIT;

	if (b) {
		setlocale(LC_CTYPE, "C.UTF-8");
		b->sink = sink;
		buf_init(&b->texts, XLSX_TEXT_BYTES_MAX, NULL);
		b->broken |= !read_parts(b, document, true);
		b->broken |= !b->limited && !read_parts(b, document, false);
		end = b->limited ? STREAM_LIMIT : b->broken ? STREAM_MALFORMED : STREAM_COMPLETE;
		buf_free(&b->texts);
		free(b->ends);
	}
	unpack_put(sink, UNPACK_END, end, end == STREAM_COMPLETE ? looked_into(b) : 0,
	        span_of(NULL, 0));
	free(b);
}
