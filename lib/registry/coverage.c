#include "registry/coverage.h"

#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "registry/cells.h"
#include "registry/values.h"

#define ASPECTS_MAX 4
#define SLOTS_MAX   ((size_t)CATEGORIES * PURPOSES) /* bases for other purposes are other bases */

/* What the rows of one file have in common for these checks. */
struct paper {
	const struct sheet *sheet;
	size_t programs, recipient, start, end, categories;
	size_t aspects[ASPECTS_MAX]; /* columns in which two rows must not differ */
	size_t aspect_count;
	const char *orphan_id, *gap_id, *ended_id, *disagree_id;
};

/* One program of one row. */
struct term {
	size_t program, row;
	const char *recipient;
	int32_t start, end;
	bool counts; /* false: the row says that there is nothing */
};

/* Of the rows so far that speak of one category: the one that ends last, and the one that ends last
 * of those that say something else. A later row contradicts an earlier one that is still in force
 * exactly when it contradicts one of these two. */
struct voice {
	uint32_t value[2];
	const struct term *term[2];
};

static int compare_terms(const void *a, const void *b)
{
	const struct term *x = a, *y = b;
	int order;

	if (x->program != y->program)
		return x->program < y->program ? -1 : 1;
	order = strcmp(x->recipient, y->recipient);
	if (order != 0)
		return order;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static bool same_group(const struct term *a, const struct term *b)
{
	return a->program == b->program && strcmp(a->recipient, b->recipient) == 0;
}

static bool counts(const struct paper *paper, size_t row)
{
	if (paper->sheet->file == REGISTRY_CONTRACTS)
		return strcmp(sheet_cell(paper->sheet, row, CONTRACT_TYPE)->text, "none") != 0;
	return paper->sheet->file != REGISTRY_BASIS ||
	       strcmp(sheet_cell(paper->sheet, row, BASIS_BASIS)->text, "unknown") != 0;
}

/* The terms of one row, at *count; those of programs that are not known have their complaint. */
static bool add_terms(const struct paper *paper, const struct keys *programs, size_t row,
        struct term *terms, size_t *count)
{
	const struct sheet *s = paper->sheet;
	const struct sheet_cell *cell = sheet_cell(s, row, paper->programs);
	struct span rest = span_of_text(cell->text);
	bool timed = paper->start != SIZE_MAX;
	int32_t start = timed ? cell_day(sheet_cell(s, row, paper->start)) : 0;
	int32_t end = timed ? cell_day(sheet_cell(s, row, paper->end)) : 0;
	struct span item;

	if (value_count(cell) == 0)
		return true;
	while (list_next(&rest, &item)) {
		size_t program = keys_row(programs, item);

		if (program == SIZE_MAX || start == REGISTRY_NO_DAY)
			continue;
		if (*count == COVERAGE_PAIRS_MAX)
			return false;
		terms[(*count)++] = (struct term){.program = program,
		        .row = row,
		        .recipient = sheet_cell(s, row, paper->recipient)->text,
		        .start = start,
		        .end = end == REGISTRY_NO_DAY ? INT32_MAX : end,
		        .counts = counts(paper, row)};
	}
	return true;
}

static size_t count_terms(const struct paper *paper)
{
	size_t count = 0;

	for (size_t i = 0; i < paper->sheet->row_count; i++)
		count += value_count(sheet_cell(paper->sheet, i, paper->programs));
	return count < COVERAGE_PAIRS_MAX ? count : COVERAGE_PAIRS_MAX;
}

/* *ret_gives is freed by the caller. */
static int build_terms(const struct paper *paper, const struct keys *programs,
        struct term **ret_gives, size_t *ret_count, struct problems *p)
{
	struct term *terms = calloc(count_terms(paper) + 1, sizeof(*terms));
	size_t count = 0;

	if (!terms)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < paper->sheet->row_count; i++)
		if (!add_terms(paper, programs, i, terms, &count)) {
			problems_error(p, (struct place){.file = paper->sheet->file},
			        "pairs-too-many",
			        "The rows of this file name more than %d programs in all; a "
			        "register has tens.",
			        COVERAGE_PAIRS_MAX);
			count = 0;
			break;
		}
	if (count > 1)
		qsort(terms, count, sizeof(*terms), compare_terms);
	*ret_gives = terms;
	*ret_count = count;
	return STATUS_OK;
}

/* A value that is the same for cells that say the same; 0 when the cell leaves it open. */
static uint32_t value_of(const struct sheet *s, size_t row, size_t column)
{
	const struct sheet_cell *cell = sheet_cell(s, row, column);
	struct span rest = span_of_text(cell->text);
	uint32_t sum = 0;
	struct span item;

	if (cell->text[0] == '\0' || strcmp(cell->text, "unknown") == 0 ||
	        strcmp(cell->text, "silent") == 0)
		return 0;
	if (s->file == REGISTRY_CONTRACTS && column == CONTRACT_TYPE)
		return cell_is_none(cell) ? 1 : 2; /* an agreement of any kind */
	/* The order of a list's items says nothing. */
	while (list_next(&rest, &item))
		sum += fnv_span(FNV_BASIS, item);
	return sum | 1u << 31;
}

static void complain_aspect(const struct paper *paper, const struct term *now,
        const struct term *before, size_t aspect, struct problems *p)
{
	const struct sheet *s = paper->sheet;

	problems_warning(p, sheet_cell(s, now->row, paper->aspects[aspect])->place,
	        paper->disagree_id,
	        "Line %u is in force at the same time for the same program, recipient and "
	        "category and has another %s; correct one of the two.",
	        sheet_cell(s, before->row, 0)->place.line,
	        s->format->columns[paper->aspects[aspect]].name);
}

/* The term joins what was said before it; the one of another opinion that is in force, or NULL. */
static const struct term *hear(struct voice *v, const struct term *t, uint32_t value)
{
	const struct term *against = NULL;
	unsigned mine;

	for (unsigned i = 0; i < 2 && !against; i++)
		if (v->term[i] && v->value[i] != value && v->term[i]->end >= t->start)
			against = v->term[i];
	mine = v->term[0] && v->value[0] != value;
	if (!v->term[mine] || t->end > v->term[mine]->end) {
		v->term[mine] = t;
		v->value[mine] = value;
	}
	if (v->term[1] && v->term[1]->end > v->term[0]->end)
		*v = (struct voice){
		        .term = {v->term[1], v->term[0]}, .value = {v->value[1], v->value[0]}};
	return against;
}

static void check_aspect(const struct paper *paper, const struct term *terms, size_t count,
        size_t aspect, uint8_t *told, struct problems *p)
{
	static const struct voice silence;
	const struct sheet *s = paper->sheet;
	struct voice voices[SLOTS_MAX];

	for (size_t i = 0; i < SLOTS_MAX; i++)
		voices[i] = silence;
	for (size_t i = 0; i < count; i++) {
		const struct term *t = &terms[i];
		uint32_t value = value_of(s, t->row, paper->aspects[aspect]);
		category_set set = cell_categories(sheet_cell(s, t->row, paper->categories));
		unsigned purpose = s->file == REGISTRY_BASIS
		                           ? (unsigned)value_word(s, t->row, BASIS_PURPOSE, 0)
		                           : 0;

		for (unsigned c = 0; value != 0 && c < CATEGORIES; c++) {
			const struct term *against;

			if (!(set & UINT32_C(1) << c))
				continue;
			against = hear(&voices[purpose * CATEGORIES + c], t, value);
			if (!against || told[t->row] & 1u << aspect)
				continue;
			told[t->row] |= (uint8_t)(1u << aspect);
			complain_aspect(paper, t, against, aspect, p);
		}
	}
}

#define TOLD_GAP   (1u << ASPECTS_MAX)
#define TOLD_ENDED (1u << (ASPECTS_MAX + 1))

static void check_gaps(const struct paper *paper, const struct term *terms, size_t count,
        uint8_t *told, struct problems *p)
{
	const struct sheet *s = paper->sheet;
	int32_t reach = REGISTRY_NO_DAY;
	char from[TIME_DATE_CHARS], to[TIME_DATE_CHARS];

	for (size_t i = 0; i < count; i++) {
		const struct term *t = &terms[i];

		if (!t->counts)
			continue;
		if (reach != REGISTRY_NO_DAY && reach < INT32_MAX && t->start > reach + 1 &&
		        !(told[t->row] & TOLD_GAP)) {
			told[t->row] |= (uint8_t)TOLD_GAP;
			time_format_day(reach + 1, from);
			time_format_day(t->start - 1, to);
			problems_warning(p, sheet_cell(s, t->row, paper->start)->place,
			        paper->gap_id,
			        "No row covers %s to %s for this program and recipient; if one "
			        "was in force, correct the dates.",
			        from, to);
		}
		reach = t->end > reach ? t->end : reach;
	}
}

static bool in_use(const struct sheet sheets[static REGISTRY_FILES], size_t program)
{
	const char *status = sheet_cell(&sheets[REGISTRY_PROGRAMS], program, PROGRAM_STATUS)->text;

	return strcmp(status, "approved") == 0 || strcmp(status, "trial") == 0;
}

static void check_ended(const struct paper *paper, const struct term *terms, size_t count,
        int32_t today, uint8_t *told, struct problems *p)
{
	const struct term *last = NULL;
	char date[TIME_DATE_CHARS];

	for (size_t i = 0; i < count; i++)
		if (terms[i].counts && (!last || terms[i].end > last->end))
			last = &terms[i];
	if (!last || last->end >= today || told[last->row] & TOLD_ENDED)
		return;
	told[last->row] |= (uint8_t)TOLD_ENDED;
	time_format_day(last->end, date);
	problems_warning(p, sheet_cell(paper->sheet, last->row, paper->end)->place, paper->ended_id,
	        "This ended on %s and nothing follows it, but the program is still in use; add a "
	        "row for what follows, or correct the program's status.",
	        date);
}

static bool has_term(const struct term *terms, size_t count, const struct term *wanted)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct term *t = &terms[middle];
		int order = t->program != wanted->program ? (t->program < wanted->program ? -1 : 1)
		                                          : strcmp(t->recipient, wanted->recipient);

		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && same_group(&terms[low], wanted);
}

enum { ROW_IS_MET = 1, ROW_HAS_RECIPIENT = 2, ROW_IS_IN_USE = 4 };

/* Rows for programs none of which sends to the recipient. Where no destination has the recipient at
 * all, that is said elsewhere. */
static int check_orphans(const struct paper *paper,
        const struct sheet sheets[static REGISTRY_FILES], const struct term *terms, size_t count,
        const struct term *sent, size_t sent_count, struct problems *p)
{
	const struct sheet *s = paper->sheet;
	uint8_t *rows = calloc(s->row_count + 1, 1);
	struct keys recipients = {.count = 0};
	int status = rows ? keys_build(&recipients, &sheets[REGISTRY_DESTINATIONS], DEST_RECIPIENT)
	                  : STATUS_NO_MEMORY;

	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		const struct term *t = &terms[i];

		if (has_term(sent, sent_count, t))
			rows[t->row] |= ROW_IS_MET;
		if (in_use(sheets, t->program))
			rows[t->row] |= ROW_IS_IN_USE;
		if (keys_row(&recipients, span_of_text(t->recipient)) != SIZE_MAX)
			rows[t->row] |= ROW_HAS_RECIPIENT;
	}
	for (size_t i = 0; status == STATUS_OK && i < s->row_count; i++)
		if (rows[i] == (ROW_HAS_RECIPIENT | ROW_IS_IN_USE))
			problems_warning(p, sheet_cell(s, i, paper->programs)->place,
			        paper->orphan_id,
			        "No row of destinations.csv has this recipient for this program, "
			        "so this row covers nothing; correct the program or add the "
			        "destination.");
	keys_free(&recipients);
	free(rows);
	return status;
}

static int check_groups(const struct paper *paper, const struct sheet sheets[static REGISTRY_FILES],
        const struct term *terms, size_t count, int32_t today, struct problems *p)
{
	uint8_t *told = calloc(paper->sheet->row_count + 1, 1);
	size_t end;

	if (!told)
		return STATUS_NO_MEMORY;
	for (size_t first = 0; first < count; first = end) {
		const struct term *group = &terms[first];

		for (end = first + 1; end < count && same_group(group, &terms[end]); end++)
			;
		if (today != REGISTRY_NO_DAY && in_use(sheets, group->program))
			check_ended(paper, group, end - first, today, told, p);
		if (end - first < 2)
			continue;
		check_gaps(paper, group, end - first, told, p);
		for (size_t i = 0; i < paper->aspect_count; i++)
			check_aspect(paper, group, end - first, i, told, p);
	}
	free(told);
	return STATUS_OK;
}

static int check_paper(const struct paper *paper, const struct sheet sheets[static REGISTRY_FILES],
        const struct keys *programs, int32_t today, struct problems *p)
{
	const struct paper destinations = {.sheet = &sheets[REGISTRY_DESTINATIONS],
	        .programs = DEST_PROGRAM,
	        .recipient = DEST_RECIPIENT,
	        .start = SIZE_MAX};
	struct term *terms = NULL, *sent = NULL;
	size_t count = 0, sent_count = 0;
	int status = build_terms(paper, programs, &terms, &count, p);

	if (status == STATUS_OK)
		status = build_terms(&destinations, programs, &sent, &sent_count, p);
	if (status == STATUS_OK && sent_count > 0)
		status = check_orphans(paper, sheets, terms, count, sent, sent_count, p);
	if (status == STATUS_OK)
		status = check_groups(paper, sheets, terms, count, today, p);
	free(terms);
	free(sent);
	return status;
}

int coverage_check(const struct sheet sheets[static REGISTRY_FILES], const struct keys *programs,
        int32_t today, struct problems *p)
{
	const struct paper contracts = {.sheet = &sheets[REGISTRY_CONTRACTS],
	        .programs = CONTRACT_PROGRAMS,
	        .recipient = CONTRACT_RECIPIENT,
	        .start = CONTRACT_START,
	        .end = CONTRACT_END,
	        .categories = CONTRACT_CATEGORIES,
	        .aspects = {CONTRACT_TYPE, CONTRACT_DEID, CONTRACT_TRAINING_USE,
	                CONTRACT_COUNTRIES},
	        .aspect_count = 4,
	        .orphan_id = "contract-orphan",
	        .gap_id = "contract-gap",
	        .ended_id = "contract-ended",
	        .disagree_id = "contracts-disagree"};
	const struct paper bases = {.sheet = &sheets[REGISTRY_BASIS],
	        .programs = BASIS_PROGRAM,
	        .recipient = BASIS_RECIPIENT,
	        .start = BASIS_FROM,
	        .end = BASIS_TO,
	        .categories = BASIS_CATEGORIES,
	        .aspects = {BASIS_BASIS, BASIS_OVERSEAS},
	        .aspect_count = 2,
	        .orphan_id = "basis-orphan",
	        .gap_id = "basis-gap",
	        .ended_id = "basis-ended",
	        .disagree_id = "bases-disagree"};
	int status = check_paper(&contracts, sheets, programs, today, p);

	return status == STATUS_OK ? check_paper(&bases, sheets, programs, today, p) : status;
}
