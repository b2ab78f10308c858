#include "registry/agreement.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "registry/cells.h"
#include "registry/coverage.h"
#include "registry/keys.h"

/* Column 0 of each file but practice.csv and exceptions.csv is its id. */
static int check_duplicates(const struct sheet *s, struct problems *p)
{
	struct keys ids;
	int status = keys_build(&ids, s, 0);

	if (status != STATUS_OK)
		return status;
	for (size_t i = 1; i < ids.count; i++) {
		const struct key
		        *first = &ids.items[keys_seek(&ids, span_of_text(ids.items[i].text))];

		if (first->row != ids.items[i].row)
			problems_error(p, sheet_cell(s, ids.items[i].row, 0)->place, "id-duplicate",
			        "Line %u has this id already; give each row its own.",
			        sheet_cell(s, first->row, 0)->place.line);
	}
	keys_free(&ids);
	return STATUS_OK;
}

/* The id without the zeros that a spreadsheet would take from its front; NULL when that changes
 * nothing, or leaves nothing. */
static const char *without_zeros(const char *id)
{
	size_t zeros = strspn(id, "0");

	return strspn(id, "0123456789") == strlen(id) && zeros > 0 && id[zeros] ? id + zeros : NULL;
}

/* True when an id of the table differs from the number only by zeros at its front. */
static bool lost_zeros(const struct keys *ids, struct span item)
{
	for (size_t i = 0; i < ids->count && ids->items[i].text[0] == '0'; i++) {
		const char *bare = without_zeros(ids->items[i].text);

		if (bare && span_equal_text(item, bare))
			return true;
	}
	return false;
}

static bool is_number(struct span item)
{
	for (size_t i = 0; i < item.len; i++)
		if (item.data[i] < '0' || item.data[i] > '9')
			return false;
	return item.len > 0;
}

static void complain_reference(const struct keys *ids, struct span item, const char *file,
        const struct sheet_cell *cell, struct problems *p)
{
	/* Past the limit complaints are only counted, so none is worth a search. */
	if (p->count < REGISTRY_PROBLEMS_MAX && is_number(item) && lost_zeros(ids, item))
		problems_error(p, cell->place, "id-zeros-lost",
		        "%s has this id with zeros before it, which a spreadsheet took away "
		        "here; type the id in full, in a cell of the format Text.",
		        file);
	else
		problems_error(p, cell->place, "reference-unknown",
		        "No row of %s has this id; add the row there or type one of its ids.",
		        file);
}

static void check_reference(
        const struct sheet_cell *cell, const struct keys *programs, struct problems *p)
{
	struct span rest = span_of_text(cell->text);
	struct span item;

	while (cell->text[0] != '\0' && !cell_is_none(cell) && list_next(&rest, &item)) {
		if (item.len == 0 || keys_row(programs, item) != SIZE_MAX)
			continue;
		complain_reference(programs, item, "programs.csv", cell, p);
		return;
	}
}

/* update_method may name the program that brings the updates. */
static void check_bundled(
        const struct sheet_cell *cell, const struct keys *programs, struct problems *p)
{
	struct span id = span_of_text(cell->text);

	if (!span_starts(id, BUNDLED_WITH))
		return;
	id = span_slice(id, strlen(BUNDLED_WITH), id.len);
	if (id.len > 0 && keys_row(programs, id) == SIZE_MAX)
		complain_reference(programs, id, "programs.csv", cell, p);
}

static void check_references(const struct sheet *s, const struct keys *programs, struct problems *p)
{
	for (size_t c = 0; c < s->format->column_count; c++) {
		enum cell_type type = s->format->columns[c].type;

		for (size_t i = 0; i < s->row_count; i++) {
			if (type == CELL_REFERENCE || type == CELL_REFERENCES)
				check_reference(sheet_cell(s, i, c), programs, p);
			else if (type == CELL_UPDATE_METHOD)
				check_bundled(sheet_cell(s, i, c), programs, p);
		}
	}
}

static int check_exception_destinations(
        const struct sheet sheets[static REGISTRY_FILES], struct problems *p)
{
	const struct sheet *s = &sheets[REGISTRY_EXCEPTIONS];
	struct keys destinations = {.count = 0};
	int status = keys_build(&destinations, &sheets[REGISTRY_DESTINATIONS], DEST_ID);

	for (size_t i = 0; status == STATUS_OK && i < s->row_count && destinations.count > 0; i++) {
		const struct sheet_cell *cell = sheet_cell(s, i, EXCEPTION_DEST);
		struct span id = span_of_text(cell->text);

		if (id.len > 0 && keys_row(&destinations, id) == SIZE_MAX)
			complain_reference(&destinations, id, "destinations.csv", cell, p);
	}
	keys_free(&destinations);
	return status;
}

/* Follows via_program from each row; a row that the same walk meets twice closes a ring. Each row
 * is walked over once. */
static int check_brokers(const struct sheet *s, const struct keys *programs, struct problems *p)
{
	size_t *walk = calloc(s->row_count + 1, sizeof(*walk)); /* 0: not yet met */

	if (!walk)
		return STATUS_NO_MEMORY;
	for (size_t first = 0; first < s->row_count; first++) {
		size_t at = first;

		while (at != SIZE_MAX && walk[at] == 0) {
			const struct sheet_cell *via = sheet_cell(s, at, PROGRAM_VIA);

			walk[at] = first + 1;
			at = via->text[0] ? keys_row(programs, span_of_text(via->text)) : SIZE_MAX;
		}
		if (at != SIZE_MAX && walk[at] == first + 1)
			problems_error(p, sheet_cell(s, at, PROGRAM_VIA)->place, "broker-ring",
			        "Following via_program from here leads back here; name the broker "
			        "that really hands the data on, and leave the broker's own empty.");
	}
	free(walk);
	return STATUS_OK;
}

static void check_retired(const struct sheet sheets[static REGISTRY_FILES],
        const struct keys *programs, struct problems *p)
{
	const struct sheet *s = &sheets[REGISTRY_DESTINATIONS];

	for (size_t i = 0; i < s->row_count; i++) {
		const struct sheet_cell *cell = sheet_cell(s, i, DEST_PROGRAM);
		size_t row = keys_row(programs, span_of_text(cell->text));

		if (row != SIZE_MAX &&
		        strcmp(sheet_cell(&sheets[REGISTRY_PROGRAMS], row, PROGRAM_STATUS)->text,
		                "retired") == 0)
			problems_warning(p, cell->place, "program-retired",
			        "Line %u of programs.csv says that this program is no longer used; "
			        "delete this row once nothing is sent, or correct the status.",
			        sheet_cell(&sheets[REGISTRY_PROGRAMS], row, 0)->place.line);
	}
}

/* An end that lies before its start. */
static void check_order(const struct sheet *s, size_t from, size_t to, struct problems *p)
{
	for (size_t i = 0; i < s->row_count; i++) {
		const struct sheet_cell *end = sheet_cell(s, i, to);
		int32_t first = cell_day(sheet_cell(s, i, from));
		int32_t last = cell_day(end);

		if (first != REGISTRY_NO_DAY && last != REGISTRY_NO_DAY && last < first)
			problems_error(p, end->place, "date-order",
			        "%s lies before %s; correct one of the two dates.",
			        s->format->columns[to].name, s->format->columns[from].name);
	}
}

static void check_programs(const struct sheet *s, struct problems *p)
{
	for (size_t i = 0; i < s->row_count; i++) {
		const struct sheet_cell *rules = sheet_cell(s, i, PROGRAM_MATCH_RULES);

		if (rules->text[0] != '\0' ||
		        strcmp(sheet_cell(s, i, PROGRAM_STATUS)->text, "retired") == 0)
			continue;
		if (rules->place.column == 0) {
			problems_error(p, (struct place){.file = s->file, .line = 1},
			        "column-missing",
			        "The column match_rules is missing; add it to the header row and "
			        "fill it.");
			return;
		}
		problems_error(p, rules->place, "program-no-rules",
		        "match_rules must be filled in, unless the program is retired; type how "
		        "its traffic is known, such as sni:*.vendor.example.");
	}
}

static void check_contracts(const struct sheet *s, struct problems *p)
{
	for (size_t i = 0; i < s->row_count; i++) {
		const struct sheet_cell *end = sheet_cell(s, i, CONTRACT_END);
		const struct sheet_cell *review = sheet_cell(s, i, CONTRACT_REVIEW);

		if (end->text[0] == '\0' && review->text[0] == '\0')
			problems_error(p, review->place, "contract-no-review",
			        "A contract without an end needs a date in review_by.");
	}
}

static void check_destinations(const struct sheet *s, struct problems *p)
{
	for (size_t i = 0; i < s->row_count; i++) {
		const struct sheet_cell *allowed = sheet_cell(s, i, DEST_ALLOWED);
		const char *role = sheet_cell(s, i, DEST_ROLE)->text;

		if (strcmp(allowed->text, "*") == 0 && strcmp(role, "update-only") != 0 &&
		        strcmp(role, "cdn-only") != 0)
			problems_warning(p, allowed->place, "country-any",
			        "Every country is allowed here, so no place can be questioned; "
			        "list "
			        "the countries that the agreement names.");
	}
}

static void check_exceptions(const struct sheet *s, struct problems *p)
{
	for (size_t i = 0; i < s->row_count; i++) {
		const struct sheet_cell *until = sheet_cell(s, i, EXCEPTION_UNTIL);
		int32_t first = cell_day(sheet_cell(s, i, EXCEPTION_FROM));
		int32_t last = cell_day(until);

		if (first != REGISTRY_NO_DAY && last != REGISTRY_NO_DAY &&
		        last - first > REGISTRY_EXCEPTION_DAYS_MAX)
			problems_error(p, until->place, "exception-too-long",
			        "An exception lasts at most twelve months; type an earlier date.");
	}
}

/* A contract or a basis for a recipient that no destination names is often a name typed in two
 * ways, and then covers nothing. */
static void check_recipients(
        const struct sheet *s, size_t column, const struct keys *recipients, struct problems *p)
{
	for (size_t i = 0; i < s->row_count; i++) {
		const struct sheet_cell *cell = sheet_cell(s, i, column);

		if (cell->text[0] != '\0' &&
		        keys_row(recipients, span_of_text(cell->text)) == SIZE_MAX)
			problems_warning(p, cell->place, "recipient-unmatched",
			        "No row of destinations.csv has this recipient, letter for letter, "
			        "so "
			        "this row covers nothing; use the same name in both.");
	}
}

static void check_rows(const struct sheet sheets[static REGISTRY_FILES], struct problems *p)
{
	check_programs(&sheets[REGISTRY_PROGRAMS], p);
	check_destinations(&sheets[REGISTRY_DESTINATIONS], p);
	check_contracts(&sheets[REGISTRY_CONTRACTS], p);
	check_exceptions(&sheets[REGISTRY_EXCEPTIONS], p);
	check_order(&sheets[REGISTRY_CONTRACTS], CONTRACT_START, CONTRACT_END, p);
	check_order(&sheets[REGISTRY_BASIS], BASIS_FROM, BASIS_TO, p);
	check_order(&sheets[REGISTRY_EXCEPTIONS], EXCEPTION_FROM, EXCEPTION_UNTIL, p);
}

static int check_among_rows(const struct sheet sheets[static REGISTRY_FILES],
        const struct keys *programs, int32_t today, struct problems *p)
{
	int status;

	for (size_t i = REGISTRY_PROGRAMS; i < REGISTRY_FILES; i++)
		check_references(&sheets[i], programs, p);
	status = check_exception_destinations(sheets, p);
	if (status == STATUS_OK)
		status = check_brokers(&sheets[REGISTRY_PROGRAMS], programs, p);
	if (status == STATUS_OK && today != REGISTRY_NO_DAY)
		check_retired(sheets, programs, p);
	return status == STATUS_OK ? coverage_check(sheets, programs, today, p) : status;
}

int agreement_check(
        const struct sheet sheets[static REGISTRY_FILES], int32_t today, struct problems *p)
{
	struct keys programs = {.count = 0}, recipients = {.count = 0};
	int status = STATUS_OK;

	for (size_t i = REGISTRY_PROGRAMS; i <= REGISTRY_BASIS && status == STATUS_OK; i++)
		status = check_duplicates(&sheets[i], p);
	if (status == STATUS_OK)
		status = keys_build(&programs, &sheets[REGISTRY_PROGRAMS], PROGRAM_ID);
	if (status == STATUS_OK)
		status = keys_build(&recipients, &sheets[REGISTRY_DESTINATIONS], DEST_RECIPIENT);
	if (status == STATUS_OK) {
		check_rows(sheets, p);
		/* Without programs or destinations to look in, one complaint is enough. */
		if (programs.count > 0)
			status = check_among_rows(sheets, &programs, today, p);
		if (recipients.count > 0) {
			check_recipients(
			        &sheets[REGISTRY_CONTRACTS], CONTRACT_RECIPIENT, &recipients, p);
			check_recipients(&sheets[REGISTRY_BASIS], BASIS_RECIPIENT, &recipients, p);
		}
	}
	keys_free(&programs);
	keys_free(&recipients);
	return status;
}
