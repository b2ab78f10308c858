#include "detect/term.h"

#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "base/status.h"

#define LIST_FIRST  2048
#define LITERAL_MIN 5
/* A curly apostrophe, as word processors and dictation write it. */
#define APOSTROPHE     "\xe2\x80\x99"
#define APOSTROPHE_LEN (sizeof(APOSTROPHE) - 1)

static const char *const group_names[TERM_GROUPS] = {
        [TERM_MEDICINE] = "medicine",
        [TERM_CONDITION] = "condition",
        [TERM_FINDING] = "finding",
        [TERM_TEST] = "test",
        [TERM_UNIT] = "unit",
        [TERM_SHORTHAND] = "shorthand",
        [TERM_PATIENT] = "patient",
        [TERM_AGE] = "age",
        [TERM_TALK] = "talk",
        [TERM_LETTER] = "letter",
        [TERM_HEADING] = "heading",
        [TERM_CLINICIAN_TURN] = "clinician-turn",
        [TERM_PATIENT_TURN] = "patient-turn",
        [TERM_ARTICLE] = "article",
        [TERM_SPECIFICATION] = "specification",
        [TERM_TITLE] = "title",
        [TERM_NAME] = "name",
        [TERM_BIRTH] = "birth",
        [TERM_SNOMED] = "snomed",
        [TERM_LOINC] = "loinc",
};

struct reader {
	struct term_list *list;
	struct scanner_build *build;
	struct csv_problem *problem;
	unsigned line;
	uint32_t seen[2 * TERMS_MAX]; /* hashes of the terms; 0: free */
};

static int refuse(struct reader *r, unsigned column, const char *text)
{
	*r->problem = (struct csv_problem){.line = r->line, .column = column, .text = text};
	return STATUS_MALFORMED;
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c >= 0x80;
}

static int find_group(struct span name)
{
	for (int i = 0; i < TERM_GROUPS; i++)
		if (span_equal_text(name, group_names[i]))
			return i;
	return -1;
}

/* False when it was there before. Two terms of one hash do not occur among a few thousand; if they
 * did, the second would be refused as written twice. */
static bool remember(struct reader *r, uint32_t hash)
{
	size_t at = hash % ARRAY_LEN(r->seen);

	hash |= 1;
	while (r->seen[at] && r->seen[at] != hash)
		at = (at + 1) % ARRAY_LEN(r->seen);
	if (r->seen[at])
		return false;
	r->seen[at] = hash;
	return true;
}

static int grow(struct term_list *list)
{
	size_t capacity = list->capacity ? 2 * list->capacity : LIST_FIRST;
	struct term *larger = realloc(list->terms, capacity * sizeof(*larger));

	if (!larger)
		return STATUS_NO_MEMORY;
	list->terms = larger;
	list->capacity = capacity;
	return STATUS_OK;
}

static bool is_gap(uint8_t c)
{
	/* the last two are a space that does not break */
	return c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n' || c == 0xc2 ||
	       c == 0xa0;
}

/* The last words of a term, as few as make a literal that is not too common; in these a space is a
 * space. */
static struct span literal_of(struct span text)
{
	size_t start = text.len;

	while (start > 0 && (text.len - start < LITERAL_MIN || !is_gap(text.data[start - 1])))
		start--;
	return span_slice(text, start, text.len);
}

static int append(struct reader *r, enum term_group group, struct span text, uint32_t hash)
{
	struct term_list *list = r->list;
	struct term new = {
	        .group = (uint8_t)group,
	        .len = (uint8_t)text.len,
	        .bit = (uint8_t)(hash >> 8) % TERM_GROUP_BITS,
	        .word_start = is_word(text.data[0]),
	        .word_end = is_word(text.data[text.len - 1]),
	        .any_case = true,
	};
	const struct span literal = literal_of(text);
	int status = list->count < list->capacity ? STATUS_OK : grow(list);

	new.literal = (uint8_t)literal.len;
	memcpy(new.text, text.data, text.len);
	for (size_t i = 0; i < text.len; i++)
		new.any_case = new.any_case && !(text.data[i] >= 'A' && text.data[i] <= 'Z');
	if (status == STATUS_OK)
		status = scanner_build_term(r->build, (uint16_t)list->count, literal, new.any_case);
	if (status == STATUS_OK)
		list->terms[list->count++] = new;
	return status;
}

/* The term with its first apostrophe made curly. */
static int append_curly(struct reader *r, enum term_group group, struct span text, uint32_t hash)
{
	uint8_t curly[TERM_BYTES_MAX + APOSTROPHE_LEN];
	size_t at = span_find_byte(text, '\'');

	if (at == SIZE_MAX)
		return STATUS_OK;
	memcpy(curly, text.data, at);
	memcpy(curly + at, APOSTROPHE, APOSTROPHE_LEN);
	memcpy(curly + at + APOSTROPHE_LEN, text.data + at + 1, text.len - at - 1);
	return append(r, group, span_of(curly, text.len + APOSTROPHE_LEN - 1), hash);
}

static int add_term(struct reader *r, enum term_group group, struct span text)
{
	const uint32_t hash = fnv_span(FNV_BASIS, text);
	int status;

	if (text.len < TERM_BYTES_MIN || text.len > TERM_BYTES_MAX)
		return refuse(r, 2,
		        "A term of this list is shorter than 2 or longer than 48 characters.");
	if (r->list->count + 2 > TERMS_MAX)
		return refuse(r, 2, "The file has more than 8192 terms; take some out.");
	if (!remember(r, hash))
		return refuse(r, 2, "A term of this list stands in the file twice.");
	status = append(r, group, text, hash);
	return status == STATUS_OK ? append_curly(r, group, text, hash) : status;
}

static int add_list(struct reader *r, enum term_group group, struct span list)
{
	int status = STATUS_OK;

	while (list.len > 0 && status == STATUS_OK) {
		size_t bar = span_find_byte(list, '|');
		size_t len = bar == SIZE_MAX ? list.len : bar;

		status = add_term(r, group, span_trim(span_slice(list, 0, len)));
		list = span_slice(list, len + 1, list.len);
	}
	return status;
}

/* Single letters at the start of a line head the parts of a note (subjective, objective,
 * assessment, plan); a list of words cannot name the start of a line. */
static int add_letters(struct reader *r)
{
	static const char *const letters[] = {"\nS:", "\nO:", "\nA:", "\nP:"};
	int status = STATUS_OK;

	for (size_t i = 0; i < ARRAY_LEN(letters) && status == STATUS_OK; i++)
		status = add_term(r, TERM_HEADING, span_of_text(letters[i]));
	return status;
}

static int read_row(struct reader *r, struct csv_row row)
{
	struct span cells[2] = {{0}};
	int group;

	for (size_t i = 0; i < ARRAY_LEN(cells) && i < row.cell_count; i++)
		cells[i] = span_trim(span_of(row.cells[i].text, row.cells[i].len));
	if (cells[0].len == 0 && cells[1].len == 0)
		return STATUS_OK;
	group = find_group(cells[0]);
	if (group < 0)
		return refuse(r, 1,
		        "There is no group of this name; see the list in rules/IDENTIFIERS.md.");
	if (row.cell_count > 3)
		return refuse(r, 4,
		        "This line has more cells than the header; put text that holds a comma "
		        "between quotation marks.");
	return add_list(r, (enum term_group)group, cells[1]);
}

static int read_rows(struct reader *r, const struct csv_table *table)
{
	int status = STATUS_OK;

	r->line = 1;
	if (csv_table_row_count(table) == 0 || csv_table_column(table, "group") != 0 ||
	        csv_table_column(table, "terms") != 1 || csv_table_column(table, "note") != 2)
		return refuse(r, 0, "The header is group, terms and note, in this order.");
	for (size_t i = 1; i < csv_table_row_count(table) && status == STATUS_OK; i++) {
		struct csv_row row = csv_table_row(table, i);

		r->line = row.line;
		status = read_row(r, row);
	}
	return status == STATUS_OK ? add_letters(r) : status;
}

int term_list_read(struct term_list *ret_gives, struct span file, struct scanner_build *build,
        struct csv_problem *ret_problem)
{
	struct csv_table *table = NULL;
	struct term_list list = {0};
	struct reader *r;
	int status = csv_table_read(file, &table, ret_problem);

	if (status == STATUS_LIMIT)
		return STATUS_MALFORMED;
	if (status != STATUS_OK)
		return status;
	r = calloc(1, sizeof(*r));
	if (r) {
		r->list = &list;
		r->build = build;
		r->problem = ret_problem;
		status = read_rows(r, table);
	} else {
		status = STATUS_NO_MEMORY;
	}
	free(r);
	csv_table_free(table);
	if (status == STATUS_OK)
		*ret_gives = list;
	else
		term_list_free(&list);
	return status;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool term_fits(const struct term *term, struct span bytes, size_t *ret_len)
{
	size_t at = bytes.len - term->literal;

	if (bytes.len < term->literal)
		return false;
	for (size_t i = (size_t)term->len - term->literal; i-- > 0;) {
		uint8_t c = term->text[i];

		if (c == ' ' || c == '-') {
			size_t gap = 0;

			while (gap < TERM_GAP_MAX && at > 0 && is_gap(bytes.data[at - 1])) {
				gap++;
				at--;
			}
			if (gap == 0)
				return false;
			continue;
		}
		if (at == 0 ||
		        (term->any_case ? lower(bytes.data[at - 1]) : bytes.data[at - 1]) != c)
			return false;
		at--;
	}
	*ret_len = bytes.len - at;
	return true;
}

void term_list_free(struct term_list *list)
{
	free(list->terms);
	*list = (struct term_list){0};
}
