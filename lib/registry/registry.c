#include "registry/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "registry/agreement.h"
#include "registry/cells.h"
#include "registry/rivals.h"
#include "registry/snapshot.h"
#include "registry/values.h"

static int open_sheets(struct registry *r, struct sheet sheets[static REGISTRY_FILES])
{
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		const struct file_format *format = file_format((enum registry_file)i);
		struct place at = {.file = (enum registry_file)i};
		int status;

		sheets[i].file = (enum registry_file)i;
		sheets[i].format = format;
		sheets[i].form = r->problems.forms[i];
		if (!r->tables[i].present) {
			if (format->required)
				problems_error(&r->problems, at, "file-missing",
				        "The file is missing; a register needs it, even if it "
				        "holds only its header row.");
			continue;
		}
		if (!r->tables[i].readable)
			continue;
		status = sheet_open(&sheets[i], (enum registry_file)i, r->tables[i].text, &r->arena,
		        &r->problems);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static void check_cells(const struct sheet *s, struct problems *p)
{
	for (size_t i = 0; i < s->row_count; i++)
		for (size_t c = 0; c < s->format->column_count; c++)
			if (!cell_check(&s->format->columns[c], sheet_cell(s, i, c), p))
				p->has_error = true;
}

/* Names and contents, so that a file that moved its rows to another is another register. Of a
 * workbook the contents are its cells: saving it again does not make another register. */
static int digest_tables(struct registry *r)
{
	struct digest *digest;
	int status = digest_new(&digest);

	if (status != STATUS_OK)
		return status;
	for (unsigned i = 0; i < REGISTRY_FILES && status == STATUS_OK; i++) {
		const struct folder_table *table = &r->tables[i];
		char name[REGISTRY_NAME_CHARS], head[96];
		int len;

		if (!table->readable)
			continue;
		registry_place_name((enum registry_file)i, r->problems.forms[i], name);
		len = snprintf(head, sizeof(head), "%s %zu\n", name, table->text.len);
		status = digest_update(digest, span_of(head, (size_t)len));
		if (status == STATUS_OK)
			status = digest_update(digest, table->text);
	}
	if (status == STATUS_OK)
		status = digest_hex(digest, r->sha256);
	digest_free(digest);
	return status;
}

static size_t count_rules(const struct sheet *s, size_t column)
{
	size_t count = 0;

	for (size_t i = 0; i < s->row_count; i++)
		count += value_count(sheet_cell(s, i, column));
	return count;
}

static void check_rule_count(const struct sheet *s, size_t column, struct problems *p)
{
	if (count_rules(s, column) > REGISTRY_RULES_MAX)
		problems_error(p, (struct place){.file = s->file}, "rules-too-many",
		        "The rows of this file have more than %d match rules in all; a register "
		        "has tens.",
		        REGISTRY_RULES_MAX);
}

/* The rows of a register with errors are given to nobody. */
static int build(struct registry *r, const struct sheet sheets[static REGISTRY_FILES])
{
	struct sheet no_sheets[REGISTRY_FILES];
	int status;

	for (unsigned i = 0; i < REGISTRY_FILES; i++)
		no_sheets[i] = (struct sheet){
		        .format = sheets[i].format, .file = sheets[i].file, .form = sheets[i].form};
	if (r->problems.has_error)
		return snapshot_build(r, no_sheets);
	status = snapshot_build(r, sheets);
	if (status != STATUS_OK)
		return status;
	return rivals_check(
	        &sheets[REGISTRY_PROGRAMS], r->program_rules, r->program_rule_count, &r->problems);
}

static int load(struct registry *r, struct sheet sheets[static REGISTRY_FILES],
        const struct registry_folder *folder)
{
	int status = folder_open(r->tables, folder, &r->problems);

	if (status == STATUS_OK)
		status = digest_tables(r);
	if (status == STATUS_OK)
		status = open_sheets(r, sheets);
	if (status != STATUS_OK)
		return status;
	for (unsigned i = 0; i < REGISTRY_FILES; i++)
		check_cells(&sheets[i], &r->problems);
	check_rule_count(&sheets[REGISTRY_PROGRAMS], PROGRAM_MATCH_RULES, &r->problems);
	check_rule_count(&sheets[REGISTRY_DESTINATIONS], DEST_MATCH, &r->problems);
	status = agreement_check(
	        sheets, folder->on_day ? folder->today : REGISTRY_NO_DAY, &r->problems);
	if (status == STATUS_OK)
		status = build(r, sheets);
	problems_sort(&r->problems);
	return status;
}

int registry_load_folder(struct registry **ret_gives, const struct registry_folder *folder)
{
	struct sheet sheets[REGISTRY_FILES] = {{.row_count = 0}};
	struct registry *r = calloc(1, sizeof(*r));
	int status;

	if (!r)
		return STATUS_NO_MEMORY;
	status = load(r, sheets, folder);
	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		sheet_close(&sheets[i]);
		r->tables[i].text = buf_span(&r->tables[i].converted); /* the rest was borrowed */
	}
	if (status != STATUS_OK) {
		registry_free(r);
		return status;
	}
	*ret_gives = r;
	return r->problems.has_error ? STATUS_REGISTER : STATUS_OK;
}

int registry_load(struct registry **ret_gives, const struct span files[static REGISTRY_FILES],
        const bool present[static REGISTRY_FILES])
{
	struct registry_folder folder = {.has_table = {false}};

	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		folder.tables[i] = files[i];
		folder.has_table[i] = present[i];
	}
	return registry_load_folder(ret_gives, &folder);
}

struct registry *registry_free(struct registry *r)
{
	if (r) {
		for (unsigned i = 0; i < REGISTRY_FILES; i++)
			buf_free(&r->tables[i].converted);
		arena_free(&r->arena);
		free(r);
	}
	return NULL;
}

size_t registry_problem_count(const struct registry *r)
{
	return r->problems.count;
}

const struct registry_problem *registry_problem(const struct registry *r, size_t index)
{
	return &r->problems.items[index];
}

size_t registry_problems_left_out(const struct registry *r)
{
	return r->problems.left_out;
}

void registry_problem_format(
        const struct registry_problem *p, char ret[static REGISTRY_PROBLEM_CHARS])
{
	const char *kind = p->error ? "" : ", a warning";
	char file[REGISTRY_NAME_CHARS];

	registry_place_name(p->file, p->form, file);
	if (p->line > 0 && p->column > 0)
		snprintf(ret, REGISTRY_PROBLEM_CHARS, "%s:%u:%u (cell %s): %s [%s%s]", file,
		        p->line, p->column, p->cell, p->text, p->id, kind);
	else if (p->line > 0)
		snprintf(ret, REGISTRY_PROBLEM_CHARS, "%s:%u: %s [%s%s]", file, p->line, p->text,
		        p->id, kind);
	else
		snprintf(ret, REGISTRY_PROBLEM_CHARS, "%s: %s [%s%s]", file, p->text, p->id, kind);
}

const struct registry_practice *registry_practice(const struct registry *r)
{
	return &r->practice;
}

size_t registry_program_count(const struct registry *r)
{
	return r->program_count;
}

const struct registry_program *registry_program(const struct registry *r, size_t index)
{
	return &r->programs[index];
}

size_t registry_destination_count(const struct registry *r)
{
	return r->destination_count;
}

const struct registry_destination *registry_destination(const struct registry *r, size_t index)
{
	return &r->destinations[index];
}

size_t registry_contract_count(const struct registry *r)
{
	return r->contract_count;
}

const struct registry_contract *registry_contract(const struct registry *r, size_t index)
{
	return &r->contracts[index];
}

size_t registry_basis_count(const struct registry *r)
{
	return r->basis_count;
}

const struct registry_basis *registry_basis(const struct registry *r, size_t index)
{
	return &r->basis[index];
}

size_t registry_exception_count(const struct registry *r)
{
	return r->exception_count;
}

const struct registry_exception *registry_exception(const struct registry *r, size_t index)
{
	return &r->exceptions[index];
}

const struct match_rule *registry_program_rules(const struct registry *r, size_t *ret_count)
{
	*ret_count = r->program_rule_count;
	return r->program_rules;
}

const struct match_rule *registry_destination_rules(const struct registry *r, size_t *ret_count)
{
	*ret_count = r->destination_rule_count;
	return r->destination_rules;
}

const char *registry_sha256(const struct registry *r)
{
	return r->sha256;
}

const char *registry_file_name(enum registry_file file)
{
	return (unsigned)file < REGISTRY_FILES ? file_format(file)->name : "";
}

void registry_place_name(
        enum registry_file file, enum registry_form form, char ret[static REGISTRY_NAME_CHARS])
{
	const char *name = registry_file_name(file);
	int stem = (int)strcspn(name, ".");

	if (form == REGISTRY_FORM_CSV)
		snprintf(ret, REGISTRY_NAME_CHARS, "%s", name);
	else if (form == REGISTRY_FORM_WORKBOOK)
		snprintf(ret, REGISTRY_NAME_CHARS, "%.*s.xlsx", stem, name);
	else if (form == REGISTRY_FORM_SHEET)
		snprintf(ret, REGISTRY_NAME_CHARS, "register.xlsx sheet %.*s", stem, name);
	else
		snprintf(ret, REGISTRY_NAME_CHARS, "register.xlsx");
}

enum registry_form registry_form(const struct registry *r, enum registry_file file)
{
	return r->problems.forms[file];
}

struct span registry_converted(const struct registry *r, enum registry_file file)
{
	return buf_span(&r->tables[file].converted);
}

static const char *nth_text(const char *const *texts, size_t count, unsigned index)
{
	return index < count ? texts[index] : "";
}

const char *program_kind_text(enum program_kind kind)
{
	static const char *const texts[] = {"pms", "admin", "extract", "booking", "eprescribe",
	        "secure-msg", "recall-sms", "ai-scribe", "backup", "remote", "claims", "mhr",
	        "broker", "analytics", "imaging-path", "email", "os-update", "other"};

	return nth_text(texts, ARRAY_LEN(texts), kind);
}

const char *destination_role_text(enum destination_role role)
{
	static const char *const texts[] = {
	        "processor", "independent", "government", "broker", "cdn-only", "update-only"};

	return nth_text(texts, ARRAY_LEN(texts), role);
}

const char *purpose_text(enum purpose purpose)
{
	static const char *const texts[] = {"care", "care-admin", "claims", "legal-duty",
	        "qi-internal", "qi-shared", "research", "planning", "marketing", "ai-training",
	        "support", "backup"};

	return nth_text(texts, ARRAY_LEN(texts), purpose);
}
