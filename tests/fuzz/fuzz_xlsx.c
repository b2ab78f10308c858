/* Any bytes as the workbook of a register. The first byte is '0' for practice.xlsx to '5', or '6'
 * for register.xlsx; from '8' on, what follows is a sheet alone, which is put into a workbook, so
 * that the reader of sheets is reached without a CRC. Loaded, or refused with complaints; what was
 * made of it loads again as the same register. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/status.h"
#include "registry/registry.h"
#include "registry/workbook.h"
#include "registry/worksheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAIN  "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""
#define LINKS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE                                                                                    \
	"<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"

struct entry {
	const char *name;
	struct span text;
	uint32_t offset;
};

static void le(struct buf *b, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		if (buf_append_byte(b, (uint8_t)(value >> 8 * i)) != STATUS_OK)
			abort();
}

static void header(struct buf *b, const struct entry *e, bool local)
{
	uint32_t crc = (uint32_t)crc32(0, e->text.data, (uInt)e->text.len);

	le(b, local ? 0x04034b50 : 0x02014b50, 4);
	le(b, 20, local ? 2 : 4);
	le(b, 0, 8);
	le(b, crc, 4);
	le(b, (uint32_t)e->text.len, 4);
	le(b, (uint32_t)e->text.len, 4);
	le(b, (uint32_t)strlen(e->name), 2);
	le(b, 0, local ? 2 : 4);
	if (!local) {
		le(b, 0, 8);
		le(b, e->offset, 4);
	}
	if (buf_append_text(b, e->name) != STATUS_OK)
		abort();
}

static void wrap(struct span sheet, struct buf *b)
{
	struct entry entries[] = {
	        {"_rels/.rels",
	                span_of_text(PACKAGE "<Relationship Id=\"a\" Type=\"x/officeDocument\" "
	                                     "Target=\"xl/w.xml\"/></Relationships>"),
	                0},
	        {"xl/w.xml",
	                span_of_text(
	                        "<workbook " MAIN " xmlns:r=\"" LINKS
	                        "\"><sheets><sheet name=\"s\" r:id=\"a\"/></sheets></workbook>"),
	                0},
	        {"xl/_rels/w.xml.rels",
	                span_of_text(PACKAGE
	                        "<Relationship Id=\"a\" Type=\"x/worksheet\" Target=\"s.xml\"/>"
	                        "<Relationship Id=\"b\" Type=\"x/styles\" Target=\"f.xml\"/>"
	                        "<Relationship Id=\"c\" Type=\"x/sharedStrings\" "
	                        "Target=\"t.xml\"/></Relationships>"),
	                0},
	        {"xl/f.xml",
	                span_of_text("<styleSheet " MAIN "><cellXfs><xf numFmtId=\"0\"/>"
	                             "<xf numFmtId=\"14\"/><xf numFmtId=\"20\"/></cellXfs>"
	                             "</styleSheet>"),
	                0},
	        {"xl/t.xml", span_of_text("<sst " MAIN "><si><t>text</t></si></sst>"), 0},
	        {"xl/s.xml", sheet, 0},
	};
	size_t directory;

	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		entries[i].offset = (uint32_t)b->len;
		header(b, &entries[i], true);
		if (buf_append(b, entries[i].text) != STATUS_OK)
			abort();
	}
	directory = b->len;
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		header(b, &entries[i], false);
	directory = b->len - directory;
	le(b, 0x06054b50, 4);
	le(b, 0, 4);
	le(b, (uint32_t)ARRAY_LEN(entries), 2);
	le(b, (uint32_t)ARRAY_LEN(entries), 2);
	le(b, (uint32_t)directory, 4);
	le(b, (uint32_t)(b->len - directory - 16), 4);
	le(b, 0, 2);
}

static void check_again(const struct registry *r)
{
	struct registry_folder again = {.has_table = {false}};
	struct registry *second = NULL;

	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		again.tables[i] = registry_converted(r, (enum registry_file)i);
		again.has_table[i] = again.tables[i].len > 0;
		again.forms[i] = registry_form(r, (enum registry_file)i);
		if (again.tables[i].len > CSV_FILE_BYTES_MAX ||
		        span_find_byte(again.tables[i], 0) != SIZE_MAX)
			abort();
	}
	if (registry_load_folder(&second, &again) < 0 && !second)
		abort();
	for (size_t i = 0; i < registry_problem_count(second); i++)
		if (strcmp(registry_problem(second, i)->id, "csv-form") == 0 ||
		        strcmp(registry_problem(second, i)->id, "csv-limit") == 0)
			abort();
	registry_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registry_folder folder = {.has_table = {false}};
	struct registry *r = NULL;
	struct buf wrapped;
	size_t slot;
	int status;

	if (size == 0 || data[0] < '0')
		return 0;
	buf_init(&wrapped, 4u << 20, NULL);
	slot = (size_t)(data[0] - '0') % 8 % REGISTRY_WORKBOOKS;
	folder.has_workbook[slot] = true;
	folder.workbooks[slot] = span_of(data + 1, size - 1);
	if (data[0] >= '8') {
		wrap(folder.workbooks[slot], &wrapped);
		folder.workbooks[slot] = buf_span(&wrapped);
	}
	status = registry_load_folder(&r, &folder);
	if ((status != STATUS_OK && status != STATUS_REGISTER) || !r)
		abort();
	for (size_t i = 0; i < registry_problem_count(r); i++) {
		char line[REGISTRY_PROBLEM_CHARS];

		registry_problem_format(registry_problem(r, i), line);
		if (strlen(registry_problem(r, i)->text) < 10)
			abort();
	}
	check_again(r);
	registry_free(r);
	buf_free(&wrapped);
	return 0;
}
