/* rules_file: rules/identifiers.csv becomes detect_rules. A row that cannot be used refuses the
 * file, with its line and column: a rule that is silently left out would be a finding silently
 * missed. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "detect/rules.h"

enum column {
	COLUMN_KIND,
	COLUMN_CATEGORY,
	COLUMN_CLASS,
	COLUMN_CHECK,
	COLUMN_HL7,
	COLUMN_FHIR,
	COLUMN_SYSTEMS,
	COLUMN_KEYS,
	COLUMN_WORDS,
	COLUMN_CARRIERS,
	COLUMN_NOTE,
	COLUMNS
};

static const char *const column_names[COLUMNS] = {"kind", "category", "class", "check", "hl7",
        "fhir", "systems", "keys", "words", "carriers", "note"};

struct loader {
	struct detect_rules *rules;
	struct scanner_build *build;
	struct csv_problem *problem;
	size_t columns[COLUMNS];
	size_t header_cells;
	struct csv_row row;
};

static int refuse(struct loader *l, enum column column, const char *text)
{
	l->problem->line = l->row.line;
	l->problem->column = column == COLUMNS ? 0 : (unsigned)l->columns[column] + 1;
	l->problem->text = text;
	return STATUS_MALFORMED;
}

/* Text with a comma that is not quoted moves all cells behind it. */
static int refuse_width(struct loader *l)
{
	l->problem->line = l->row.line;
	l->problem->column = (unsigned)l->header_cells + 1;
	l->problem->text = "This line has more cells than the header; put text that holds a comma "
	                   "between quotation marks.";
	return STATUS_MALFORMED;
}

static struct span cell(const struct loader *l, enum column column)
{
	size_t index = l->columns[column];

	if (index >= l->row.cell_count)
		return span_of(NULL, 0);
	return span_trim(span_of(l->row.cells[index].text, l->row.cells[index].len));
}

/* The next part of a list with bars; false at its end. */
static bool next_part(struct span *list, struct span *ret)
{
	size_t bar = span_find_byte(*list, '|');
	size_t len = bar == SIZE_MAX ? list->len : bar;

	if (list->len == 0)
		return false;
	*ret = span_trim(span_slice(*list, 0, len));
	*list = span_slice(*list, len + 1, list->len);
	return true;
}

static void lower_case(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] - 'A' + 'a');
}

static int add_word(struct loader *l, struct span part, enum word_set set, enum column column)
{
	struct detect_rules *r = l->rules;
	struct word w = {.kind = (uint8_t)r->kind_count, .set = (uint8_t)set};

	if (part.len > 0 && part.data[0] == '*') {
		w.star_before = true;
		part = span_slice(part, 1, part.len);
	}
	if (part.len > 0 && part.data[part.len - 1] == '*') {
		w.star_behind = true;
		part.len--;
	}
	if (part.len == 0 || part.len > WORD_BYTES_MAX || span_find_byte(part, '*') != SIZE_MAX)
		return refuse(l, column,
		        "A word of this list is empty, too long, or has a star inside; give 1 to "
		        "96 characters with a star at the start or the end at most.");
	if (r->word_count == RULES_WORDS_MAX)
		return refuse(l, column, "The file has more than 2048 words; take some out.");
	w.text = malloc(part.len + 1);
	if (!w.text)
		return STATUS_NO_MEMORY;
	memcpy(w.text, part.data, part.len);
	w.text[part.len] = '\0';
	w.len = part.len;
	if (set == WORD_KEY || set == WORD_SYSTEM)
		lower_case(w.text, w.len);
	r->words[r->word_count++] = w;
	return STATUS_OK;
}

static int add_list(struct loader *l, enum column column, enum word_set set)
{
	struct span list = cell(l, column), part;

	while (next_part(&list, &part)) {
		int status = add_word(l, part, set, column);

		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

/* Words of running text: they go to the scanner, and the kind gets a context bit. */
static int add_context(struct loader *l, struct kind *k)
{
	struct detect_rules *r = l->rules;
	struct span list = cell(l, COLUMN_WORDS), part;

	if (list.len == 0)
		return STATUS_OK;
	if (r->context_count == RULES_CONTEXTS_MAX)
		return refuse(l, COLUMN_WORDS, "More than 32 kinds have words; take some out.");
	k->context = r->context_count;
	r->context_kind[r->context_count++] = (uint8_t)r->kind_count;
	while (next_part(&list, &part)) {
		int status = scanner_build_word(l->build, k->context, part);

		if (status == STATUS_LIMIT)
			return refuse(l, COLUMN_WORDS,
			        "A word of this list is shorter than 2 or longer than 64 "
			        "characters, or there are more than 256.");
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static int add_scan(struct loader *l, const struct kind *k)
{
	struct detect_rules *r = l->rules;

	if (!k->detector || !k->detector->pattern)
		return STATUS_OK;
	r->scan_kind[r->scan_count] = (uint8_t)r->kind_count;
	return scanner_build_pattern(l->build, r->scan_count++, k->detector->pattern);
}

static int read_names(struct loader *l, struct kind *k)
{
	struct span kind = cell(l, COLUMN_KIND), check = cell(l, COLUMN_CHECK);
	struct span category = cell(l, COLUMN_CATEGORY), class = cell(l, COLUMN_CLASS);

	if (kind.len == 0 || kind.len >= DETECT_KIND_CHARS)
		return refuse(l, COLUMN_KIND, "Give the kind a name of 1 to 31 characters.");
	memcpy(k->name, kind.data, kind.len);
	for (size_t i = 0; i < l->rules->kind_count; i++)
		if (!strcmp(l->rules->kinds[i].name, k->name))
			return refuse(l, COLUMN_KIND, "This kind stands in the file twice.");
	if (!category_parse(
	            (const char *)category.data ? (const char *)category.data : "", &k->category))
		return refuse(l, COLUMN_CATEGORY,
		        "This is not a data category; see the list in rules/FORMAT.md.");
	if (!finding_class_parse(
	            (const char *)class.data ? (const char *)class.data : "", &k->class))
		return refuse(
		        l, COLUMN_CLASS, "The class is patient, directory, reference or carrier.");
	k->detector = check.len ? detector_find(check) : NULL;
	if (check.len && !k->detector)
		return refuse(l, COLUMN_CHECK, "There is no check of this name.");
	return STATUS_OK;
}

static int read_row(struct loader *l)
{
	static const struct {
		enum column column;
		enum word_set set;
	} lists[] = {{COLUMN_HL7, WORD_HL7}, {COLUMN_FHIR, WORD_FHIR},
	        {COLUMN_SYSTEMS, WORD_SYSTEM}, {COLUMN_KEYS, WORD_KEY},
	        {COLUMN_CARRIERS, WORD_CARRIER}};
	struct detect_rules *r = l->rules;
	struct kind k = {.context = RULES_NONE};
	int status;

	if (r->kind_count == RULES_KINDS_MAX)
		return refuse(l, COLUMNS, "The file has more than 128 kinds; take some out.");
	status = read_names(l, &k);
	for (size_t i = 0; i < ARRAY_LEN(lists) && status == STATUS_OK; i++)
		status = add_list(l, lists[i].column, lists[i].set);
	if (status == STATUS_OK)
		status = add_context(l, &k);
	if (status == STATUS_OK)
		status = add_scan(l, &k);
	if (status != STATUS_OK)
		return status;
	if (k.detector && k.detector->checked && !k.detector->anybody && k.class == CLASS_PATIENT) {
		if (r->run_count == RULES_CONTEXTS_MAX)
			return refuse(l, COLUMN_CHECK, "More than 32 kinds have a check digit.");
		r->run_kind[r->run_count++] = (uint8_t)r->kind_count;
	}
	r->kinds[r->kind_count++] = k;
	return STATUS_OK;
}

static int find_columns(struct loader *l, const struct csv_table *table)
{
	if (csv_table_row_count(table) == 0)
		return refuse(l, COLUMNS, "The file is empty; a header row is needed.");
	l->row = csv_table_row(table, 0);
	l->header_cells = l->row.cell_count;
	for (size_t i = 0; i < COLUMNS; i++) {
		l->columns[i] = csv_table_column(table, column_names[i]);
		if (l->columns[i] == SIZE_MAX)
			return refuse(l, COLUMNS,
			        "The header needs kind, category, class, check, hl7, fhir, "
			        "systems, keys, words, carriers and note.");
	}
	return STATUS_OK;
}

static int load_table(struct loader *l, const struct csv_table *table)
{
	int status = find_columns(l, table);

	for (size_t i = 1; i < csv_table_row_count(table) && status == STATUS_OK; i++) {
		l->row = csv_table_row(table, i);
		if (l->row.cell_count > l->header_cells)
			return refuse_width(l);
		if (cell(l, COLUMN_KIND).len == 0 && cell(l, COLUMN_CATEGORY).len == 0)
			continue;
		status = read_row(l);
	}
	if (status == STATUS_OK && l->rules->scan_count == 0)
		return refuse(l, COLUMNS, "No kind of the file has a check that finds numbers.");
	return status;
}

static void find_special(struct detect_rules *r)
{
	const struct span none = {0};

	r->special = (struct rules_special){
	        .sealed = rules_carrier(r, "sealed", none),
	        .encrypted = rules_carrier(r, "encrypted", none),
	        .image = rules_carrier(r, "image", none),
	        .audio = rules_carrier(r, "audio", none),
	        .media = rules_carrier(r, "media", none),
	        .patient_table = rules_carrier(r, "table", span_of_text("patients")),
	        .deidentified_table = rules_carrier(r, "table", span_of_text("deidentified")),
	        .letter = rules_carrier(r, "text", span_of_text("letter")),
	        .unnamed = rules_carrier(r, "text", span_of_text("clinical")),
	        .codes = rules_carrier(r, "text", span_of_text("codes")),
	        .abn = RULES_NONE,
	};
	for (uint8_t i = 0; i < r->kind_count; i++)
		if (r->kinds[i].detector == &detector_abn)
			r->special.abn = i;
}

static int load_identifiers(struct detect_rules *r, struct span file, struct scanner_build *build,
        struct csv_problem *problem)
{
	struct csv_table *table = NULL;
	struct loader l = {.rules = r, .build = build, .problem = problem};
	int status = csv_table_read(file, &table, problem);

	if (status == STATUS_LIMIT)
		return STATUS_MALFORMED;
	if (status == STATUS_OK)
		status = load_table(&l, table);
	csv_table_free(table);
	return status;
}

static int load(
        struct detect_rules *r, const struct detect_files *files, struct detect_problem *problem)
{
	struct scanner_build *build = NULL;
	int status = scanner_build_new(&build);

	problem->file = DETECT_IDENTIFIERS;
	if (status == STATUS_OK)
		status = load_identifiers(r, files->identifiers, build, &problem->at);
	if (status == STATUS_OK) {
		problem->file = DETECT_TERMS;
		status = term_list_read(&r->terms, files->terms, build, &problem->at);
	}
	if (status == STATUS_OK)
		status = scanner_new(&r->scanner, build);
	if (status == STATUS_OK)
		status = word_index_new(&r->index, r->words, r->word_count);
	scanner_build_free(build);
	return status;
}

int detect_rules_new(struct detect_rules **ret_gives, const struct detect_files *files,
        const uint8_t tag_key[static DIGEST_KEY_BYTES], struct detect_problem *ret_problem)
{
	struct detect_rules *r = calloc(1, sizeof(*r));
	int status = STATUS_NO_MEMORY;

	*ret_problem = (struct detect_problem){.file = "", .at = {.text = ""}};
	if (r) {
		memcpy(r->tag_key, tag_key, DIGEST_KEY_BYTES);
		r->words = calloc(RULES_WORDS_MAX, sizeof(*r->words));
		r->cache = calloc(RULES_CACHE_LABELS, sizeof(*r->cache));
		if (r->words && r->cache)
			status = load(r, files, ret_problem);
	}
	if (status != STATUS_OK) {
		detect_rules_free(r);
		return status;
	}
	find_special(r);
	*ret_gives = r;
	return STATUS_OK;
}

int detect_rules_again(struct detect_rules **ret_gives, const struct detect_files *files,
        const struct detect_rules *before, struct detect_problem *ret_problem)
{
	return detect_rules_new(ret_gives, files, before->tag_key, ret_problem);
}

int detect_rules_share(struct detect_rules **ret_gives, const struct detect_rules *r)
{
	struct detect_rules *copy = calloc(1, sizeof(*copy));
	int status = STATUS_NO_MEMORY;

	if (!copy)
		return STATUS_NO_MEMORY;
	*copy = *r;
	copy->shared = true;
	copy->sessions = 0;
	copy->scanner = NULL;
	copy->cache = calloc(RULES_CACHE_LABELS, sizeof(*copy->cache));
	if (copy->cache)
		status = scanner_share(&copy->scanner, r->scanner);
	if (status != STATUS_OK) {
		detect_rules_free(copy);
		return status;
	}
	*ret_gives = copy;
	return STATUS_OK;
}

struct detect_rules *detect_rules_free(struct detect_rules *r)
{
	if (!r)
		return NULL;
	for (size_t i = 0; !r->shared && r->words && i < r->word_count; i++)
		free(r->words[i].text);
	if (!r->shared) {
		free(r->words);
		term_list_free(&r->terms);
		word_index_free(r->index);
	}
	free(r->cache);
	scanner_free(r->scanner);
	explicit_bzero(r->tag_key, sizeof(r->tag_key));
	free(r);
	return NULL;
}

bool detect_rules_in_use(const struct detect_rules *r)
{
	return r->sessions > 0;
}
