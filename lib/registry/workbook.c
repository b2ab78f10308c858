#include "registry/workbook.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/csv.h"
#include "base/status.h"
#include "registry/part.h"

#define LINKS_MAX 256 /* of one part; a workbook has a few more than sheets */

static const char form[] =
        "This is a zip file, but no workbook of Excel; in Excel choose Save As, \"Excel Workbook "
        "(.xlsx)\".";

/* What a part points to: the parts of the workbook (ECMA-376 part 2, 6.5). */
struct link {
	char id[64];
	char type[32]; /* the last word of its web address */
	char part[WORKBOOK_PART_CHARS];
};

struct links {
	struct link items[LINKS_MAX];
	size_t count;
};

struct custom_format {
	unsigned long id;
	enum number_format format;
};

const char *workbook_problem_id(int status)
{
	switch (status) {
	case STATUS_LIMIT:
		return "workbook-limit";
	case STATUS_ENCRYPTED:
		return "workbook-locked";
	case STATUS_UNSUPPORTED:
	case STATUS_NOT_FOUND:
		return "workbook-form";
	default:
		return "workbook-damaged";
	}
}

static const char *last_word(const char *address)
{
	const char *slash = strrchr(address, '/');

	return slash ? slash + 1 : address;
}

/* A target counts from the folder of the part that names it, or from the top after a slash. */
static bool resolve(const char *folder, const char *target, char ret[static WORKBOOK_PART_CHARS])
{
	int len = target[0] == '/' ? snprintf(ret, WORKBOOK_PART_CHARS, "%s", target + 1)
	                           : snprintf(ret, WORKBOOK_PART_CHARS, "%s%s", folder, target);

	return len > 0 && len < WORKBOOK_PART_CHARS;
}

static bool add_link(struct links *l, const struct xml_event *e, const char *folder)
{
	struct link *link = &l->items[l->count];
	const char *id = xml_attribute(e, "", "Id");
	const char *type = xml_attribute(e, "", "Type");
	const char *target = xml_attribute(e, "", "Target");
	const char *mode = xml_attribute(e, "", "TargetMode");

	if (!id || !type || !target || (mode && strcmp(mode, "External") == 0))
		return true;
	if (l->count == LINKS_MAX)
		return false;
	if (strlen(id) >= sizeof(link->id) || !resolve(folder, target, link->part))
		return true;
	snprintf(link->id, sizeof(link->id), "%s", id);
	snprintf(link->type, sizeof(link->type), "%.31s", last_word(type));
	l->count++;
	return true;
}

/* The links of the part `name` in `folder` ("" or "xl/"). */
static int read_links(const struct workbook *w, const char *folder, const char *name,
        struct links *ret, const char **ret_reason)
{
	char path[WORKBOOK_PART_CHARS + 16];
	int len = snprintf(path, sizeof(path), "%s_rels/%s.rels", folder, name);
	struct xml_event e;
	struct part part;
	int status;

	ret->count = 0;
	status = part_open(&part, &w->zip, span_of(path, (size_t)len), ret_reason);
	if (status != STATUS_OK)
		return status;
	while ((status = part_next(&part, &e, ret_reason)) == STATUS_ITEM) {
		if (e.kind != XML_EVENT_START || strcmp(e.name, "Relationship") != 0)
			continue;
		if (!add_link(ret, &e, folder)) {
			*ret_reason = "The workbook has more parts than a register needs; copy the "
			              "rows into a new workbook.";
			status = STATUS_LIMIT;
			break;
		}
	}
	part_close(&part);
	return status == STATUS_END ? STATUS_OK : status;
}

static const struct link *link_of_type(const struct links *l, const char *type)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->items[i].type, type) == 0)
			return &l->items[i];
	return NULL;
}

static const struct link *link_of_id(const struct links *l, const char *id)
{
	for (size_t i = 0; id && i < l->count; i++)
		if (strcmp(l->items[i].id, id) == 0)
			return &l->items[i];
	return NULL;
}

static const char *link_id(const struct xml_event *e)
{
	const char *id = xml_attribute(
	        e, "http://schemas.openxmlformats.org/officeDocument/2006/relationships", "id");

	return id ? id
	          : xml_attribute(
	                    e, "http://purl.oclc.org/ooxml/officeDocument/relationships", "id");
}

/* Charts and macro sheets have no rows. */
static int add_sheet(struct workbook *w, const struct xml_event *e, const struct links *links,
        const char **ret_reason)
{
	const struct link *link = link_of_id(links, link_id(e));
	const char *name = xml_attribute(e, "", "name");
	const char *state = xml_attribute(e, "", "state"); /* 18.18.68 */
	struct workbook_sheet *sheet = &w->sheets[w->sheet_count];

	if (!name || !link || strlen(name) >= sizeof(sheet->name)) {
		*ret_reason = form;
		return STATUS_UNSUPPORTED;
	}
	if (strcmp(link->type, "worksheet") != 0)
		return STATUS_OK;
	if (w->sheet_count == WORKBOOK_SHEETS_MAX) {
		*ret_reason = "The workbook has more than 64 sheets; a register has six.";
		return STATUS_LIMIT;
	}
	if (workbook_sheet(w, name) != SIZE_MAX) {
		*ret_reason = "The workbook is damaged: two of its sheets have one name.";
		return STATUS_MALFORMED;
	}
	snprintf(sheet->name, sizeof(sheet->name), "%s", name);
	snprintf(sheet->part, sizeof(sheet->part), "%s", link->part);
	sheet->hidden = state && strcmp(state, "visible") != 0;
	w->sheet_count++;
	return STATUS_OK;
}

static int read_book(
        struct workbook *w, const char *path, const struct links *links, const char **ret_reason)
{
	struct xml_event e;
	struct part part;
	int status = part_open(&part, &w->zip, span_of_text(path), ret_reason);

	if (status != STATUS_OK)
		return status;
	while ((status = part_next(&part, &e, ret_reason)) == STATUS_ITEM) {
		const char *from_1904;

		if (e.kind != XML_EVENT_START)
			continue;
		if (part_is(&e, "sheet") && e.depth == 3 &&
		        (status = add_sheet(w, &e, links, ret_reason)) != STATUS_OK)
			break;
		from_1904 = part_is(&e, "workbookPr") ? xml_attribute(&e, "", "date1904") : NULL;
		if (from_1904)
			w->from_1904 = strcmp(from_1904, "1") == 0 ||
			               strcmp(from_1904, "true") == 0;
	}
	part_close(&part);
	return status == STATUS_END ? STATUS_OK : status;
}

/* Makes room for one more element of a table that has a maximum. */
static int grow(void **array, size_t element_bytes, size_t count, size_t *capacity, size_t max)
{
	size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
	void *larger;

	if (count == max)
		return STATUS_LIMIT;
	if (count < *capacity)
		return STATUS_OK;
	larger = reallocarray(*array, wanted, element_bytes);
	if (!larger)
		return STATUS_NO_MEMORY;
	*array = larger;
	*capacity = wanted;
	return STATUS_OK;
}

static int add_string(struct workbook *w, struct string_item *item, const char **ret_reason)
{
	size_t at = w->texts.len;
	void *strings = w->strings;
	int status = grow(&strings, sizeof(*w->strings), w->string_count, &w->string_capacity,
	        WORKBOOK_STRINGS_MAX);

	w->strings = strings;
	if (status == STATUS_OK)
		status = string_item_take(item, &w->texts);
	if (status == STATUS_LIMIT)
		*ret_reason = "The workbook holds more text than a register does; copy the rows "
		              "into a new workbook.";
	if (status == STATUS_OK)
		w->strings[w->string_count++] = (struct workbook_string){
		        .at = at, .len = w->texts.len - at};
	return status;
}

static int read_strings(struct workbook *w, const char *path, const char **ret_reason)
{
	struct string_item item;
	struct xml_event e;
	struct part part;
	int status = part_open(&part, &w->zip, span_of_text(path), ret_reason);

	if (status != STATUS_OK)
		return status;
	string_item_init(&item);
	while ((status = part_next(&part, &e, ret_reason)) == STATUS_ITEM) {
		if (e.kind == XML_EVENT_END && e.depth == 2 && part_is(&e, "si"))
			status = add_string(w, &item, ret_reason);
		else
			status = string_item_feed(&item, &e);
		if (status != STATUS_OK)
			break;
	}
	string_item_free(&item);
	part_close(&part);
	return status == STATUS_END ? STATUS_OK : status;
}

struct styles_reader {
	struct custom_format formats[WORKBOOK_FORMATS_MAX];
	size_t format_count;
	bool in_formats, in_cells;
};

static enum number_format format_of(const struct styles_reader *r, const char *id_text)
{
	unsigned long id = id_text ? strtoul(id_text, NULL, 10) : 0;

	for (size_t i = 0; i < r->format_count; i++)
		if (r->formats[i].id == id)
			return r->formats[i].format;
	return number_format_builtin(id > 1000 ? 0 : (unsigned)id);
}

static int add_format(struct styles_reader *r, const struct xml_event *e)
{
	const char *id = xml_attribute(e, "", "numFmtId");
	const char *code = xml_attribute(e, "", "formatCode");

	if (!id || !code)
		return STATUS_OK;
	if (r->format_count == WORKBOOK_FORMATS_MAX)
		return STATUS_LIMIT;
	r->formats[r->format_count++] = (struct custom_format){
	        .id = strtoul(id, NULL, 10), .format = number_format_of(code)};
	return STATUS_OK;
}

static int add_style(struct workbook *w, const struct styles_reader *r, const struct xml_event *e)
{
	void *styles = w->styles;
	int status = grow(&styles, sizeof(*w->styles), w->style_count, &w->style_capacity,
	        WORKBOOK_STYLES_MAX);

	w->styles = styles;
	if (status == STATUS_OK)
		w->styles[w->style_count++] = format_of(r, xml_attribute(e, "", "numFmtId"));
	return status;
}

static int take_style_event(struct workbook *w, struct styles_reader *r, const struct xml_event *e)
{
	if (e->kind == XML_EVENT_TEXT)
		return STATUS_OK;
	if (e->depth == 2 && part_is(e, "numFmts"))
		r->in_formats = e->kind == XML_EVENT_START;
	else if (e->depth == 2 && part_is(e, "cellXfs"))
		r->in_cells = e->kind == XML_EVENT_START;
	else if (e->depth == 3 && e->kind == XML_EVENT_START && r->in_formats &&
	         part_is(e, "numFmt"))
		return add_format(r, e);
	else if (e->depth == 3 && e->kind == XML_EVENT_START && r->in_cells && part_is(e, "xf"))
		return add_style(w, r, e);
	return STATUS_OK;
}

static int read_styles(struct workbook *w, const char *path, const char **ret_reason)
{
	struct styles_reader r = {.format_count = 0};
	struct xml_event e;
	struct part part;
	int status = part_open(&part, &w->zip, span_of_text(path), ret_reason);

	if (status != STATUS_OK)
		return status;
	while ((status = part_next(&part, &e, ret_reason)) == STATUS_ITEM) {
		status = take_style_event(w, &r, &e);
		if (status != STATUS_OK)
			break;
	}
	if (status == STATUS_LIMIT && (r.in_cells || r.in_formats))
		*ret_reason = "The workbook has more cell formats than Excel allows; copy the rows "
		              "into a new workbook.";
	part_close(&part);
	return status == STATUS_END ? STATUS_OK : status;
}

static int read_parts(struct workbook *w, struct links *links, const char **ret_reason)
{
	char path[WORKBOOK_PART_CHARS], folder[WORKBOOK_PART_CHARS];
	const struct link *link;
	int status = read_links(w, "", "", links, ret_reason);

	if (status != STATUS_OK)
		return status;
	link = link_of_type(links, "officeDocument");
	*ret_reason = form;
	if (!link)
		return STATUS_UNSUPPORTED;
	snprintf(path, sizeof(path), "%s", link->part);
	snprintf(folder, sizeof(folder), "%.*s", (int)(last_word(path) - path), path);
	status = read_links(w, folder, last_word(path), links, ret_reason);
	if (status == STATUS_OK)
		status = read_book(w, path, links, ret_reason);
	link = link_of_type(links, "styles");
	if (status == STATUS_OK && link)
		status = read_styles(w, link->part, ret_reason);
	link = link_of_type(links, "sharedStrings");
	if (status == STATUS_OK && link)
		status = read_strings(w, link->part, ret_reason);
	if (status == STATUS_OK && w->sheet_count == 0) {
		*ret_reason = form;
		return STATUS_UNSUPPORTED;
	}
	return status;
}

static bool has_part(const struct workbook *w, const char *name)
{
	return zip_file_find(&w->zip, span_of_text(name)) != SIZE_MAX;
}

/* The kinds of workbook that we do not read, each with its cure. */
static int refuse_kind(const struct workbook *w, struct workbook_problem *ret)
{
	if (has_part(w, "xl/vbaProject.bin"))
		*ret = (struct workbook_problem){"workbook-macros",
		        "The workbook holds macros, which a register needs none of; in Excel "
		        "choose "
		        "Save As, \"Excel Workbook (.xlsx)\"."};
	else if (has_part(w, "xl/workbook.bin"))
		*ret = (struct workbook_problem){"workbook-form",
		        "This is a binary workbook (.xlsb); in Excel choose Save As, \"Excel "
		        "Workbook "
		        "(.xlsx)\"."};
	else if (has_part(w, "mimetype"))
		*ret = (struct workbook_problem){"workbook-form",
		        "This is an OpenDocument file; choose Save As, \"Excel Workbook "
		        "(.xlsx)\"."};
	else
		return STATUS_OK;
	return STATUS_UNSUPPORTED;
}

static bool starts(struct span bytes, const char *mark)
{
	return span_equal_text(span_slice(bytes, 0, 4), mark);
}

/* Before anything is unpacked. */
static int recognise(struct span bytes, struct workbook_problem *ret)
{
	if (bytes.len == 0)
		*ret = (struct workbook_problem){
		        "file-empty", "The file is empty; it needs at least its header row."};
	else if (bytes.len > CSV_FILE_BYTES_MAX)
		*ret = (struct workbook_problem){
		        "workbook-limit", "The file is larger than 16 MiB; it is not a register."};
	else if (starts(bytes, "\xd0\xcf\x11\xe0"))
		*ret = (struct workbook_problem){"workbook-locked",
		        "This is a workbook with a password, or one of Excel 2003 or older; take "
		        "the password off, or choose Save As, \"Excel Workbook (.xlsx)\"."};
	else if (!starts(bytes, "PK\x03\x04"))
		*ret = (struct workbook_problem){"workbook-form",
		        "This is no workbook of Excel, although its name says so; in Excel choose "
		        "Save As, \"Excel Workbook (.xlsx)\"."};
	else
		return STATUS_OK;
	return STATUS_UNSUPPORTED;
}

static int open_parts(struct workbook *w, struct span bytes, struct workbook_problem *ret)
{
	struct links *links;
	int status = zip_file_open(&w->zip, bytes, &ret->text);

	if (status == STATUS_OK) {
		status = refuse_kind(w, ret);
		if (status != STATUS_OK)
			return status;
		links = malloc(sizeof(*links));
		if (!links)
			return STATUS_NO_MEMORY;
		status = read_parts(w, links, &ret->text);
		free(links);
	}
	ret->id = workbook_problem_id(status);
	return status;
}

int workbook_open(
        struct workbook **ret_gives, struct span bytes, struct workbook_problem *ret_problem)
{
	struct workbook *w;
	int status = recognise(bytes, ret_problem);

	if (status != STATUS_OK)
		return status;
	w = calloc(1, sizeof(*w));
	if (!w)
		return STATUS_NO_MEMORY;
	buf_init(&w->texts, ZIP_FILE_PART_BYTES_MAX, NULL);
	status = open_parts(w, bytes, ret_problem);
	if (status == STATUS_OK)
		*ret_gives = w;
	else
		workbook_free(w);
	return status;
}

struct workbook *workbook_free(struct workbook *w)
{
	if (w) {
		buf_free(&w->texts);
		free(w->strings);
		free(w->styles);
		free(w);
	}
	return NULL;
}

size_t workbook_sheet(const struct workbook *w, const char *name)
{
	for (size_t i = 0; i < w->sheet_count; i++)
		if (strcasecmp(w->sheets[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}
