#include "registry/saved.h"

#include <string.h>

#include "base/csv.h"
#include "base/status.h"
#include "base/utf8.h"

#define SAVE_AS "in Excel choose Save As, \"CSV UTF-8 (Comma delimited)\"."

static const struct span nothing = {.data = NULL};

static struct place file_place(enum registry_file file, unsigned line)
{
	return (struct place){.file = file, .line = line};
}

static bool starts_with_bytes(struct span file, const void *bytes, size_t len)
{
	return span_equal(span_slice(file, 0, len), span_of(bytes, len));
}

static bool looks_utf16(struct span file)
{
	return file.len >= 4 && (file.data[0] == 0) != (file.data[1] == 0) &&
	       (file.data[2] == 0) != (file.data[3] == 0);
}

static uint32_t unit_at(struct span units, size_t at, bool big_end)
{
	uint8_t first = units.data[at], second = units.data[at + 1];

	return big_end ? (uint32_t)first << 8 | second : (uint32_t)second << 8 | first;
}

/* The text's bytes in ret, which has room for three a unit; SIZE_MAX when it is no UTF-16. */
static size_t from_utf16(struct span units, bool big_end, char *ret)
{
	size_t len = 0;

	if (units.len % 2 != 0)
		return SIZE_MAX;
	for (size_t i = 0; i < units.len; i += 2) {
		uint32_t c = unit_at(units, i, big_end);
		char encoded[UTF8_BYTES_MAX];
		size_t count;

		if (c >= 0xd800 && c < 0xdc00 && i + 2 < units.len) {
			uint32_t low = unit_at(units, i + 2, big_end);

			if (low < 0xdc00 || low > 0xdfff)
				return SIZE_MAX;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		} else if (c >= 0xd800 && c <= 0xdfff) {
			return SIZE_MAX;
		}
		count = utf8_encode(c, encoded);
		memcpy(ret + len, encoded, count);
		len += count;
	}
	return len;
}

static int convert_utf16(struct arena *a, enum registry_file file, struct span bytes,
        struct span *ret, struct problems *p)
{
	struct span units = span_slice(bytes, 2, bytes.len);
	char *text = arena_alloc(a, units.len / 2 + 1, 3);
	size_t len;

	if (!text)
		return STATUS_NO_MEMORY;
	len = from_utf16(units, bytes.data[0] == 0xfe, text);
	if (len == SIZE_MAX) {
		problems_error(p, file_place(file, 0), "file-utf16",
		        "The file was saved as \"Unicode text\" (UTF-16) and is damaged; " SAVE_AS);
		return STATUS_OK;
	}
	problems_warning(p, file_place(file, 0), "file-utf16",
	        "The file was saved as \"Unicode text\" (UTF-16) and is read as such; " SAVE_AS);
	*ret = span_of(text, len);
	return STATUS_OK;
}

static unsigned line_of(struct span file, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset && i < file.len; i++)
		line += file.data[i] == '\n';
	return line;
}

int saved_encoding(struct arena *a, enum registry_file file, struct span bytes,
        struct span *ret_borrows, struct problems *p)
{
	size_t valid;

	*ret_borrows = nothing;
	if (bytes.len == 0) {
		problems_error(p, file_place(file, 0), "file-empty",
		        "The file is empty; it needs at least its header row.");
		return STATUS_OK;
	}
	if (bytes.len > CSV_FILE_BYTES_MAX) {
		problems_error(p, file_place(file, 0), "csv-limit",
		        "The file is larger than 16 MiB; it is not a register.");
		return STATUS_OK;
	}
	if (starts_with_bytes(bytes, "PK\x03\x04", 4) ||
	        starts_with_bytes(bytes, "\xd0\xcf\x11\xe0", 4)) {
		problems_error(p, file_place(file, 0), "file-is-workbook",
		        "This is an Excel workbook with the name of a CSV file; " SAVE_AS);
		return STATUS_OK;
	}
	if (starts_with_bytes(bytes, "\xff\xfe", 2) || starts_with_bytes(bytes, "\xfe\xff", 2))
		return convert_utf16(a, file, bytes, ret_borrows, p);
	if (looks_utf16(bytes)) {
		problems_error(p, file_place(file, 0), "file-utf16",
		        "The file was saved as UTF-16 without the mark that says so; " SAVE_AS);
		return STATUS_OK;
	}
	valid = utf8_valid_length(bytes);
	if (valid != bytes.len && span_find_byte(bytes, 0) == SIZE_MAX) {
		problems_error(p, file_place(file, line_of(bytes, valid)), "file-not-utf8",
		        "From this line on the file holds letters in the old Windows encoding "
		        "(Windows-1252); " SAVE_AS);
		return STATUS_OK;
	}
	*ret_borrows = bytes;
	return STATUS_OK;
}

/* How often the byte stands in the first line, outside of quotation marks. */
static size_t count_in_header(struct span file, uint8_t byte)
{
	bool quoted = false;
	size_t count = 0;

	for (size_t i = 0; i < file.len; i++) {
		uint8_t c = file.data[i];

		if (!quoted && (c == '\r' || c == '\n'))
			break;
		quoted = c == '"' ? !quoted : quoted;
		count += c == byte && !quoted;
	}
	return count;
}

/* 0 when each row has as many cells as the header and nothing holds a comma; else the line of the
 * first that does not fit. */
static unsigned first_misfit(struct span text, uint8_t delimiter, size_t header_count)
{
	size_t count = 0, bytes = 0, row_start = 0;
	bool quoted = false;

	for (size_t i = 0; i <= text.len; i++) {
		uint8_t c = i < text.len ? text.data[i] : '\n';

		if (c == ',')
			return line_of(text, i);
		quoted = c == '"' ? !quoted : quoted;
		if (i < text.len && (quoted || (c != '\n' && c != '\r'))) {
			count += c == delimiter && !quoted;
			bytes++;
			continue;
		}
		if (bytes > 0 && count != header_count)
			return line_of(text, row_start);
		row_start = i + 1;
		count = bytes = 0;
	}
	return 0;
}

static int with_commas(struct arena *a, struct span text, uint8_t delimiter, struct span *ret)
{
	uint8_t *copy = arena_alloc(a, text.len, 1);
	bool quoted = false;

	if (!copy)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < text.len; i++) {
		quoted = text.data[i] == '"' ? !quoted : quoted;
		copy[i] = text.data[i] == delimiter && !quoted ? ',' : text.data[i];
	}
	*ret = span_of(copy, text.len);
	return STATUS_OK;
}

/* "sep=;": which separator Excel is to use. */
static bool is_note(struct span text)
{
	size_t bom = starts_with_bytes(text, "\xef\xbb\xbf", 3) ? 3 : 0;
	struct span line = span_slice(text, bom, 6);

	return line.len == 6 && starts_with_bytes(line, "sep=", 4) &&
	       (line.data[5] == '\r' || line.data[5] == '\n');
}

int saved_delimiter(struct arena *a, enum registry_file file, struct span text,
        struct span *ret_borrows, struct problems *p)
{
	size_t semicolons = count_in_header(text, ';'), tabs = count_in_header(text, '\t');
	bool is_tab = semicolons == 0;
	const char *id = is_tab ? "delimiter-tab" : "delimiter-semicolon";
	const char *name = is_tab ? "tabs" : "semicolons";
	unsigned misfit;

	*ret_borrows = text;
	if (is_note(text)) {
		problems_error(p, file_place(file, 1), "header-missing",
		        "The first line is a note to Excel (sep=) and no header; delete this line, "
		        "or " SAVE_AS);
		*ret_borrows = nothing;
		return STATUS_OK;
	}
	if (count_in_header(text, ',') > 0 || (semicolons == 0 && tabs == 0))
		return STATUS_OK;
	misfit = first_misfit(text, is_tab ? '\t' : ';', is_tab ? tabs : semicolons);
	if (misfit == 0) {
		problems_warning(p, file_place(file, 1), id,
		        "The columns are separated by %s and are read so, since each row then has "
		        "as many cells as the header; " SAVE_AS,
		        name);
		return with_commas(a, text, is_tab ? '\t' : ';', ret_borrows);
	}
	problems_error(p, file_place(file, 1), id,
	        "The columns are separated by %s, and line %u has a comma or another number of "
	        "cells, so the cells cannot be told apart; " SAVE_AS,
	        name, misfit);
	*ret_borrows = nothing;
	return STATUS_OK;
}
