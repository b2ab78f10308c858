#include "registry/folder.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "registry/workbook.h"
#include "registry/worksheet.h"

#define TABLE_CHARS 16 /* "destinations" */

struct opener {
	struct folder_table *tables;
	const struct registry_folder *folder;
	struct problems *problems;
};

/* "programs" */
static void table_name(enum registry_file file, char ret[static TABLE_CHARS])
{
	const char *name = registry_file_name(file);

	snprintf(ret, TABLE_CHARS, "%.*s", (int)(strcspn(name, ".")), name);
}

static struct place place_of(const struct opener *o, unsigned slot, enum registry_form form)
{
	struct place at = {.file = (enum registry_file)(slot < REGISTRY_FILES ? slot : 0),
	        .whole_book = slot == REGISTRY_FILES};

	if (slot < REGISTRY_FILES)
		o->problems->forms[slot] = form;
	return at;
}

static void refuse_workbook(
        const struct opener *o, unsigned slot, const struct workbook_problem *why)
{
	problems_error(
	        o->problems, place_of(o, slot, REGISTRY_FORM_WORKBOOK), why->id, "%s", why->text);
}

/* Claims the table for a workbook; false, with a complaint, when it is somewhere else as well. */
static bool claim(const struct opener *o, enum registry_file file, enum registry_form form)
{
	struct folder_table *table = &o->tables[file];
	char first[REGISTRY_NAME_CHARS], second[REGISTRY_NAME_CHARS];

	if (!table->present) {
		table->present = true;
		o->problems->forms[file] = form;
		return true;
	}
	registry_place_name(file, o->problems->forms[file], first);
	registry_place_name(file, form, second);
	problems_error(o->problems, (struct place){.file = file}, "file-twice",
	        "This table is here twice, as %s and as %s, and nobody can know which one counts; "
	        "keep one and move the other out of the folder.",
	        first, second);
	table->readable = false;
	return false;
}

static int convert(
        const struct opener *o, const struct workbook *w, size_t sheet, enum registry_file file)
{
	struct folder_table *table = &o->tables[file];
	bool had_error = o->problems->has_error;
	int status;

	buf_init(&table->converted, CSV_FILE_BYTES_MAX, NULL);
	o->problems->has_error = false;
	status = worksheet_to_csv(w, sheet, file, o->problems, &table->converted);
	table->text = buf_span(&table->converted);
	table->readable = status == STATUS_OK && !o->problems->has_error;
	o->problems->has_error = o->problems->has_error || had_error;
	return status;
}

/* programs.xlsx: its only sheet, or the one named programs. */
static int take_table(const struct opener *o, const struct workbook *w, enum registry_file file)
{
	char name[TABLE_CHARS];
	size_t sheet;

	table_name(file, name);
	sheet = workbook_sheet(w, name);
	if (sheet == SIZE_MAX && w->sheet_count == 1)
		sheet = 0;
	if (sheet != SIZE_MAX)
		return convert(o, w, sheet, file);
	problems_error(o->problems, (struct place){.file = file}, "sheet-missing",
	        "The workbook has several sheets and none is named %s; give the one that counts "
	        "this name.",
	        name);
	return STATUS_OK;
}

/* register.xlsx: a sheet for each table. */
static int take_sheets(const struct opener *o, const struct workbook *w)
{
	bool known[WORKBOOK_SHEETS_MAX] = {false};
	int status = STATUS_OK;

	for (unsigned i = 0; i < REGISTRY_FILES && status == STATUS_OK; i++) {
		char name[TABLE_CHARS];
		size_t sheet;

		table_name((enum registry_file)i, name);
		sheet = workbook_sheet(w, name);
		if (sheet == SIZE_MAX)
			continue;
		known[sheet] = true;
		if (claim(o, (enum registry_file)i, REGISTRY_FORM_SHEET))
			status = convert(o, w, sheet, (enum registry_file)i);
	}
	for (size_t i = 0; i < w->sheet_count && status == STATUS_OK; i++) {
		char quoted[QUOTED_CHARS];

		if (!known[i])
			problems_warning(o->problems, (struct place){.whole_book = true},
			        "sheet-unknown",
			        "%s is not the name of a table of the register (sheet %zu); the "
			        "sheet is not used.",
			        problems_quote(w->sheets[i].name, quoted), i + 1);
	}
	return status;
}

static int open_workbook(const struct opener *o, unsigned slot)
{
	struct workbook_problem why = {"workbook-damaged", ""};
	struct workbook *w = NULL;
	int status;

	if (!o->folder->has_workbook[slot])
		return STATUS_OK;
	if (slot < REGISTRY_FILES && !claim(o, (enum registry_file)slot, REGISTRY_FORM_WORKBOOK))
		return STATUS_OK;
	status = workbook_open(&w, o->folder->workbooks[slot], &why);
	if (status > 0) {
		refuse_workbook(o, slot, &why);
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		status = slot < REGISTRY_FILES ? take_table(o, w, (enum registry_file)slot)
		                               : take_sheets(o, w);
	workbook_free(w);
	return status;
}

/* register.xlsx counts as an answer for each table. */
static bool is_answered(const struct opener *o, unsigned slot)
{
	if (o->folder->has_workbook[REGISTRY_FILES])
		return true;
	return slot < REGISTRY_FILES && o->tables[slot].present;
}

/* Files of the register's names that cannot be read: beside one that can be, a warning. */
static void tell_others(const struct opener *o, unsigned slot)
{
	static const struct {
		unsigned bit;
		const char *id, *text;
	} others[] = {
	        {REGISTRY_OTHER_XLSM, "workbook-macros",
	                "The folder holds this table as a workbook with macros (.xlsm), which is "
	                "not read; in Excel choose Save As, \"Excel Workbook (.xlsx)\"."},
	        {REGISTRY_OTHER_XLS, "file-is-xls",
	                "The folder holds this table in the format of Excel 2003 (.xls), which is "
	                "not read; in Excel choose Save As, \"Excel Workbook (.xlsx)\"."},
	        {REGISTRY_OTHER_ODS, "file-is-ods",
	                "The folder holds this table as an OpenDocument file (.ods), which is not "
	                "read; choose Save As, \"Excel Workbook (.xlsx)\"."},
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct place at = {.file = (enum registry_file)(slot % REGISTRY_FILES),
		        .whole_book = slot == REGISTRY_FILES};

		if ((o->folder->others[slot] & others[i].bit) == 0)
			continue;
		if (is_answered(o, slot)) {
			problems_warning(o->problems, at, others[i].id, "%s", others[i].text);
			continue;
		}
		problems_error(o->problems, at, others[i].id, "%s", others[i].text);
		for (unsigned k = 0; k < REGISTRY_FILES; k++)
			if (slot == REGISTRY_FILES || k == slot)
				o->tables[k].present = true; /* "missing" would be wrong */
	}
	if (o->folder->others[slot] & REGISTRY_OTHER_LOCK)
		problems_warning(o->problems,
		        (struct place){.file = (enum registry_file)(slot % REGISTRY_FILES),
		                .whole_book = slot == REGISTRY_FILES},
		        "file-open",
		        "The file seems to be open in a spreadsheet; save it and close it there, "
		        "or changes that were not saved are not seen.");
}

int folder_open(struct folder_table tables[static REGISTRY_FILES],
        const struct registry_folder *folder, struct problems *p)
{
	const struct opener o = {.tables = tables, .folder = folder, .problems = p};
	int status = STATUS_OK;

	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		tables[i].present = tables[i].readable = folder->has_table[i];
		tables[i].text = folder->tables[i];
		p->forms[i] = folder->forms[i];
	}
	for (unsigned i = 0; i < REGISTRY_WORKBOOKS && status == STATUS_OK; i++)
		status = open_workbook(&o, i);
	for (unsigned i = 0; i < REGISTRY_WORKBOOKS && status == STATUS_OK; i++)
		tell_others(&o, REGISTRY_FILES - i);
	return status;
}
