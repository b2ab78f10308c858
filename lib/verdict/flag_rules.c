#include "verdict/flag_rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "verdict/prescribed.h"

struct flag_rules {
	struct csv_table *table; /* owns the texts */
	struct flag_rule rows[FLAGS];
	bool present[FLAGS];
	struct prescribed *prescribed; /* NULL: none is */
};

enum rule_column {
	COLUMN_ID,
	COLUMN_SEVERITY,
	COLUMN_RAISES,
	COLUMN_SCOPE,
	COLUMN_SENTENCE,
	COLUMN_RULE,
	COLUMN_WOULD_CLEAR,
	RULE_COLUMNS
};

static const char *const column_names[RULE_COLUMNS] = {
        "id", "severity", "raises", "scope", "sentence", "rule", "would_clear"};

static const char *const raises_names[] = {"no", "identifiable", "seen-urgent", "unregistered"};

/* The name of a blank, and the words that stand in it when nothing is known. */
static const struct {
	const char *name, *unknown;
} blank_names[BLANKS] = {
        [BLANK_PROGRAM] = {"program", "a program"},
        [BLANK_RECIPIENT] = {"recipient", "the recipient"},
        [BLANK_COUNTRY] = {"country", "another country"},
        [BLANK_LIST] = {"list", "nothing"},
        [BLANK_DATE] = {"date", "a date that is not recorded"},
        [BLANK_CATEGORY] = {"category", "information"},
        [BLANK_COMPUTER] = {"computer", "the computer"},
        [BLANK_PERCENT] = {"percent", "an unknown part"},
        [BLANK_LINE] = {"line", "that is not known"},
        [BLANK_REASON] = {"reason", "for a reason that is not recorded"},
        [BLANK_PURPOSE] = {"purpose", "something else"},
        [BLANK_TIMES] = {"times", "at a time that is not known"},
        [BLANK_VERSION] = {"version", "version not seen"},
        [BLANK_COUNT] = {"count", "many"},
};

static bool find_name(const char *const *names, size_t count, const char *name, size_t *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (names[i] && strcmp(names[i], name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* The blank whose name stands behind a '{', at text; its length with the '}', 0 for none. */
static size_t blank_at(const char *text, enum blank *ret)
{
	for (unsigned i = 0; i < BLANKS; i++) {
		size_t len = strlen(blank_names[i].name);

		if (strncmp(text, blank_names[i].name, len) == 0 && text[len] == '}') {
			*ret = (enum blank)i;
			return len + 1;
		}
	}
	return 0;
}

static bool blanks_known(const char *template)
{
	enum blank blank;

	for (const char *at = strchr(template, '{'); at; at = strchr(at + 1, '{'))
		if (blank_at(at + 1, &blank) == 0)
			return false;
	return true;
}

static bool find_flag(const char *name, enum flag_id *ret)
{
	for (unsigned i = 0; i < FLAGS; i++) {
		if (strcmp(flag_name((enum flag_id)i), name) == 0) {
			*ret = (enum flag_id)i;
			return true;
		}
	}
	return false;
}

static bool find_severity(const char *name, enum severity *ret)
{
	for (unsigned i = SEVERITY_INFO; i <= SEVERITY_URGENT; i++) {
		if (strcmp(severity_name((enum severity)i), name) == 0) {
			*ret = (enum severity)i;
			return true;
		}
	}
	return false;
}

static bool find_scope(const char *name, enum flag_scope *ret)
{
	for (unsigned i = SCOPE_RUN; i <= SCOPE_FLOW; i++) {
		if (strcmp(flag_scope_name((enum flag_scope)i), name) == 0) {
			*ret = (enum flag_scope)i;
			return true;
		}
	}
	return false;
}

static const char *read_row(
        struct flag_rules *r, const char *const cells[RULE_COLUMNS], unsigned *ret_column)
{
	struct flag_rule rule = {.sentence = cells[COLUMN_SENTENCE],
	        .rule = cells[COLUMN_RULE],
	        .would_clear = cells[COLUMN_WOULD_CLEAR]};
	enum flag_id id;
	size_t raises;

	*ret_column = COLUMN_ID;
	if (!find_flag(cells[COLUMN_ID], &id))
		return "This is no flag that exeat can raise; see rules/FORMAT.md.";
	if (r->present[id])
		return "This flag has a row already.";
	*ret_column = COLUMN_SEVERITY;
	if (!find_severity(cells[COLUMN_SEVERITY], &rule.severity))
		return "The severity is one of info, low, medium, high, urgent.";
	*ret_column = COLUMN_RAISES;
	if (!find_name(raises_names, ARRAY_LEN(raises_names), cells[COLUMN_RAISES], &raises))
		return "raises is one of no, identifiable, seen-urgent, unregistered.";
	rule.raises = (enum raises)raises;
	*ret_column = COLUMN_SCOPE;
	if (!find_scope(cells[COLUMN_SCOPE], &rule.scope))
		return "The scope is one of run, computer, program, destination, flow.";
	for (unsigned i = COLUMN_SENTENCE; i < RULE_COLUMNS; i++) {
		*ret_column = i;
		if (cells[i][0] == '\0')
			return "This cell must hold a sentence.";
		if (!blanks_known(cells[i]))
			return "A word in braces is none that exeat can fill in; see "
			       "rules/FORMAT.md.";
	}
	r->rows[id] = rule;
	r->present[id] = true;
	return NULL;
}

static int refuse(struct csv_problem *ret, unsigned line, unsigned column, const char *text)
{
	*ret = (struct csv_problem){.line = line, .column = column, .text = text};
	return STATUS_MALFORMED;
}

static int read_rows(
        struct flag_rules *r, const size_t columns[RULE_COLUMNS], struct csv_problem *ret_problem)
{
	struct csv_row header = csv_table_row(r->table, 0);

	for (size_t i = 1; i < csv_table_row_count(r->table); i++) {
		struct csv_row row = csv_table_row(r->table, i);
		const char *cells[RULE_COLUMNS];
		const char *wrong;
		unsigned column;

		/* A sentence with a comma and no quotation marks would be cut at it. */
		if (row.cell_count != header.cell_count)
			return refuse(ret_problem, row.line, 0,
			        "This row has more or fewer cells than the header; put a sentence "
			        "that holds a comma in quotation marks.");
		for (unsigned k = 0; k < RULE_COLUMNS; k++)
			cells[k] = row.cells[columns[k]].text;
		wrong = read_row(r, cells, &column);
		if (wrong)
			return refuse(ret_problem, row.line, (unsigned)columns[column] + 1, wrong);
	}
	for (unsigned i = 0; i < FLAGS; i++)
		if (!r->present[i])
			return refuse(ret_problem, 0, 0,
			        "A flag that exeat can raise has no row here; see "
			        "rules/FORMAT.md.");
	return STATUS_OK;
}

static int read_table(struct flag_rules *r, struct csv_problem *ret_problem)
{
	size_t columns[RULE_COLUMNS];

	for (unsigned i = 0; i < RULE_COLUMNS; i++) {
		columns[i] = csv_table_column(r->table, column_names[i]);
		if (columns[i] == SIZE_MAX)
			return refuse(ret_problem, 1, 0,
			        "The header must be "
			        "id,severity,raises,scope,sentence,rule,would_clear.");
	}
	return read_rows(r, columns, ret_problem);
}

int flag_rules_new(
        struct flag_rules **ret_gives, struct span flags_csv, struct csv_problem *ret_problem)
{
	struct flag_rules *r = calloc(1, sizeof(*r));
	int status;

	if (!r)
		return STATUS_NO_MEMORY;
	status = csv_table_read(flags_csv, &r->table, ret_problem);
	if (status == STATUS_LIMIT)
		status = STATUS_MALFORMED;
	if (status == STATUS_OK)
		status = read_table(r, ret_problem);
	if (status != STATUS_OK) {
		flag_rules_free(r);
		return status;
	}
	*ret_gives = r;
	return STATUS_OK;
}

struct flag_rules *flag_rules_free(struct flag_rules *r)
{
	if (r) {
		csv_table_free(r->table);
		prescribed_free(r->prescribed);
		free(r);
	}
	return NULL;
}

int flag_rules_read_countries(
        struct flag_rules *r, struct span countries_csv, struct csv_problem *ret_problem)
{
	if (r->prescribed)
		return STATUS_BUG;
	return prescribed_new(&r->prescribed, countries_csv, ret_problem);
}

bool flag_rules_prescribes(const struct flag_rules *r, const char *country, int32_t day)
{
	return prescribed_holds(r->prescribed, country, day);
}

const struct flag_rule *flag_rules_get(const struct flag_rules *r, enum flag_id id)
{
	return &r->rows[id];
}

/* Appends what fits; the length of the text. */
static size_t append(char *ret, size_t size, size_t len, const char *text, size_t text_len)
{
	size_t room = size - 1 - len;

	if (text_len > room) {
		text_len = room;
		while (text_len > 0 && ((unsigned char)text[text_len] & 0xc0) == 0x80)
			text_len--;
	}
	memcpy(ret + len, text, text_len);
	ret[len + text_len] = '\0';
	return len + text_len;
}

void flag_sentence(const char *template, const struct blanks *blanks, char *ret, size_t size)
{
	bool capital = false; /* the sentence begins with words of ours */
	size_t len = 0;

	ret[0] = '\0';
	while (*template) {
		size_t plain = strcspn(template, "{");
		const char *text;
		enum blank blank;
		size_t taken;

		len = append(ret, size, len, template, plain);
		template += plain;
		taken = *template ? blank_at(template + 1, &blank) : 0;
		if (taken == 0)
			break;
		text = blanks->text[blank];
		if (!text || text[0] == '\0') {
			text = blank_names[blank].unknown;
			capital = capital || len == 0;
		}
		len = append(ret, size, len, text, strlen(text));
		template += taken + 1;
	}
	if (capital && ret[0] >= 'a' && ret[0] <= 'z')
		ret[0] = (char)(ret[0] - 'a' + 'A');
}
