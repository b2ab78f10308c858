#include "registry/cells.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/country.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "registry/rules.h"

#define ID_BYTES_MIN    2
#define ID_BYTES_MAX    32
#define ITEM_BYTES_MAX  256
#define WORDS_SHOWN_MAX 120 /* bytes of allowed words in one sentence */

struct check {
	const struct column *column;
	const char *text; /* the cell, or one item of its list */
	struct place at;
	struct problems *problems;
};

bool list_next(struct span *rest, struct span *ret_item)
{
	size_t bar;

	if (!rest->data)
		return false;
	bar = span_find_byte(*rest, '|');
	*ret_item = span_slice(*rest, 0, bar);
	if (bar == SIZE_MAX)
		*rest = (struct span){.data = NULL};
	else
		*rest = span_slice(*rest, bar + 1, rest->len);
	return true;
}

bool cell_is_none(const struct sheet_cell *cell)
{
	return strcmp(cell->text, "none") == 0;
}

int32_t cell_day(const struct sheet_cell *cell)
{
	int32_t day;

	return time_parse_date(cell->text, &day) ? day : REGISTRY_NO_DAY;
}

int cell_word(const struct column *c, const struct sheet_cell *cell, int absent)
{
	int index = word_index(c->words, cell->text);

	return index >= 0 ? index : absent;
}

category_set cell_categories(const struct sheet_cell *cell)
{
	struct span rest = span_of_text(cell->text);
	category_set set = 0;
	struct span item;

	while (list_next(&rest, &item)) {
		char name[ITEM_BYTES_MAX];
		enum category category;

		snprintf(name, sizeof(name), "%.*s", (int)item.len, (const char *)item.data);
		if (category_parse(name, &category))
			set |= UINT32_C(1) << category;
	}
	return set;
}

static bool is_blank_character(uint32_t c)
{
	return c == ' ' || c == '\t' || c == 0xa0 || (c >= 0x2000 && c <= 0x200b) || c == 0x202f ||
	       c == 0x3000 || c == 0xfeff;
}

/* Control, zero-width and direction characters; line ends may stand in text. */
static bool is_hidden(uint32_t c, bool text)
{
	if (c == '\n' || c == '\r')
		return !text;
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static bool is_text_type(enum cell_type type)
{
	return type == CELL_TEXT || type == CELL_TEXTS;
}

/* Spaces that a person does not see and a comparison does. */
static bool check_spaces(const struct check *k)
{
	struct span rest = span_of_text(k->text);
	uint32_t first = 0, last = 0, c = 0;
	bool hidden = false, hard = false;
	size_t len;

	for (size_t at = 0; at < rest.len; at += len) {
		len = utf8_decode(span_slice(rest, at, rest.len), &c);
		if (len == 0)
			return true;
		first = at == 0 ? c : first;
		last = c;
		hidden = hidden || is_hidden(c, is_text_type(k->column->type));
		hard = hard || (c != ' ' && is_blank_character(c));
	}
	if (is_blank_character(first) || is_blank_character(last) || hard) {
		problems_error(k->problems, k->at, "cell-spaces",
		        "There is a space before or after the text, or one that does not break; "
		        "delete the cell and type it again.");
		return false;
	}
	if (hidden)
		problems_error(k->problems, k->at, "cell-hidden",
		        "There is a character that cannot be seen; delete the cell and type it "
		        "again.");
	return !hidden;
}

/* A long number as a spreadsheet shows it, 2.9E+12. */
static bool is_shortened_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	size_t len = digits;

	if (digits == 0)
		return false;
	if (text[len] == '.' || text[len] == ',')
		len += 1 + strspn(text + len + 1, "0123456789");
	return text[len] == 'E' && (text[len + 1] == '+' || text[len + 1] == '-') &&
	       strspn(text + len + 2, "0123456789") > 0 &&
	       text[len + 2 + strspn(text + len + 2, "0123456789")] == '\0';
}

/* ####, #REF!, #NAME?, and the same in other languages: #BEZUG!, #NOMBRE?. Without a mark at the
 * end: #N/A, #NV, #N/D, #GETTING_DATA. LibreOffice writes Err:502. */
static bool is_error_value(const char *text)
{
	static const char *const unmarked[] = {"#N/A", "#NV", "#N/D", "#GETTING_DATA"};
	size_t len = strlen(text);

	if (strncmp(text, "Err:", 4) == 0)
		return len > 4 && strspn(text + 4, "0123456789") == len - 4;
	if (text[0] != '#' || len < 2)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(unmarked); i++)
		if (strcmp(text, unmarked[i]) == 0)
			return true;
	if (strspn(text, "#") == len)
		return true;
	return (text[len - 1] == '!' || text[len - 1] == '?') &&
	       strpbrk(text, " abcdefghijklmnopqrstuvwxyz") == NULL;
}

/* What a spreadsheet leaves behind. */
static bool check_spreadsheet(const struct check *k)
{
	if (is_error_value(k->text)) {
		problems_error(k->problems, k->at, "cell-error-value",
		        "The spreadsheet could not show this cell; type the value itself.");
		return false;
	}
	if (is_shortened_number(k->text)) {
		problems_error(k->problems, k->at, "cell-number-shortened",
		        "A spreadsheet shortened a long number here, and its digits are lost; give "
		        "the cell the format Text and type the number again.");
		return false;
	}
	if (strchr("=+-@", k->text[0])) {
		problems_error(k->problems, k->at, "cell-formula",
		        "A cell may not begin with =, +, - or @, which a spreadsheet would run; "
		        "type the plain value, or leave the cell empty.");
		return false;
	}
	return true;
}

static bool check_patient(const struct check *k)
{
	if (!holds_patient_number(span_of_text(k->text)))
		return true;
	problems_patient(k->problems, k->at);
	return false;
}

/* Dashes and quotation marks of a word processor, U+2010 to U+201F, and the minus sign. */
static bool has_typography(const char *text)
{
	struct span rest = span_of_text(text);
	uint32_t c = 0;
	size_t len;

	for (size_t at = 0; at < rest.len; at += len) {
		len = utf8_decode(span_slice(rest, at, rest.len), &c);
		if (len == 0)
			return false;
		if ((c >= 0x2010 && c <= 0x201f) || c == 0x2212)
			return true;
	}
	return false;
}

static bool check_id(const struct check *k, const char *what)
{
	size_t len = strlen(k->text);
	char quoted[QUOTED_CHARS];

	if (strcmp(k->text, "none") == 0) {
		problems_error(k->problems, k->at, "id-form",
		        "none is no %s, since it means \"recorded as none\"; use another word.",
		        what);
		return false;
	}
	if (len >= ID_BYTES_MIN && len <= ID_BYTES_MAX &&
	        strspn(k->text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len) {
		if (k->column->type == CELL_NEW_ID && strspn(k->text, "0123456789") == len)
			problems_warning(k->problems, k->at, "id-number",
			        "A spreadsheet takes an id of digits for a number and drops its "
			        "first zeros; begin it with a letter, in every file.");
		return true;
	}
	if (has_typography(k->text)) {
		problems_error(k->problems, k->at, "id-typography",
		        "This %s has a long dash or curved quotation marks, which a program put in "
		        "place of plain ones; type it again with plain hyphens.",
		        what);
		return false;
	}
	problems_error(k->problems, k->at, "id-form",
	        "%s is no %s: use 2 to 32 small letters, digits and plain hyphens.",
	        problems_quote(k->text, quoted), what);
	return false;
}

static bool check_text(const struct check *k)
{
	size_t max = k->column->max > 0 ? (size_t)k->column->max : TEXT_DEFAULT_MAX;
	size_t count = 0;

	for (const char *at = k->text; *at; at++)
		count += ((uint8_t)*at & 0xc0) != 0x80;
	if (count <= max)
		return true;
	problems_error(k->problems, k->at, "text-too-long",
	        "This text has %zu characters; at most %zu fit. Shorten it.", count, max);
	return false;
}

static bool check_date(const struct check *k)
{
	char advice[ADVICE_CHARS];
	int32_t day;

	if (time_parse_date(k->text, &day))
		return true;
	if (strlen(k->text) == 10 && k->text[4] == '-' && k->text[7] == '-' &&
	        strspn(k->text, "0123456789-") == 10) {
		problems_error(k->problems, k->at, "date-impossible",
		        "There is no such day; type a real one as year-month-day.");
		return false;
	}
	date_advice(k->text, advice);
	problems_error(k->problems, k->at, "date-not-iso",
	        "This is not a date of the form YYYY-MM-DD; %s", advice);
	return false;
}

/* "a, b, c" as far as it fits, and "…" when some are left out. */
static void words_for_people(const char *words, char ret[static WORDS_SHOWN_MAX + 8])
{
	size_t len = 0;
	char word[64];

	ret[0] = '\0';
	for (size_t i = 0;; i++) {
		word_at(words, i, word, sizeof(word));
		if (word[0] == '\0')
			return;
		if (len + strlen(word) + 2 > WORDS_SHOWN_MAX) {
			snprintf(ret + len, 8, ", …");
			return;
		}
		len += (size_t)snprintf(
		        ret + len, WORDS_SHOWN_MAX - len, "%s%s", i > 0 ? ", " : "", word);
	}
}

/* The allowed word that the text was meant to be: other capitals, spaces for hyphens, one character
 * too many, too few or wrong. */
static bool word_meant(const char *words, const char *text, char ret[static 64])
{
	for (size_t i = 0;; i++) {
		word_at(words, i, ret, 64);
		if (ret[0] == '\0')
			return false;
		if (strcasecmp(ret, text) == 0 || word_is_near(ret, text))
			return true;
	}
}

static bool check_word(const struct check *k)
{
	char quoted[QUOTED_CHARS], meant[64], allowed[WORDS_SHOWN_MAX + 8];

	if (word_index(k->column->words, k->text) >= 0)
		return true;
	if (word_meant(k->column->words, k->text, meant)) {
		problems_error(k->problems, k->at, "word-unknown",
		        "%s is not a word for %s; if \"%s\" is meant, type that.",
		        problems_quote(k->text, quoted), k->column->name, meant);
		return false;
	}
	words_for_people(k->column->words, allowed);
	problems_error(k->problems, k->at, "word-unknown",
	        "%s is not a word for %s; type one of: %s.", problems_quote(k->text, quoted),
	        k->column->name, allowed);
	return false;
}

static bool check_number(const struct check *k)
{
	uint64_t value;

	if (!span_to_u64(span_of_text(k->text), 1000000000, &value)) {
		problems_error(k->problems, k->at, "number-form",
		        "This must be a whole number in plain digits, such as 30, without "
		        "commas, decimals, units or E+.");
		return false;
	}
	if (value >= (uint64_t)k->column->min && value <= (uint64_t)k->column->max)
		return true;
	problems_error(k->problems, k->at, "number-range", "%s must be from %d to %d.",
	        k->column->name, k->column->min, k->column->max);
	return false;
}

static bool check_country(const struct check *k)
{
	char quoted[QUOTED_CHARS], code[3];
	const char *meant;

	if (country_known(k->text))
		return true;
	meant = country_meant(k->text, code);
	problems_error(k->problems, k->at, "country-unknown",
	        "%s is not a country code; type %s%s.", problems_quote(k->text, quoted),
	        meant ? meant : "two capital letters, such as AU", meant ? "" : " for Australia");
	return false;
}

static bool is_clock(const char *text)
{
	return text[0] >= '0' && text[0] <= '2' && text[1] >= '0' && text[1] <= '9' &&
	       text[2] == ':' && text[3] >= '0' && text[3] <= '5' && text[4] >= '0' &&
	       text[4] <= '9' && (text[0] < '2' || text[1] <= '3');
}

static bool check_hours(const struct check *k)
{
	if (strlen(k->text) == 11 && is_clock(k->text) && k->text[5] == '-' &&
	        is_clock(k->text + 6))
		return true;
	problems_error(k->problems, k->at, "hours-form",
	        "Type the hours as 18:00-06:00, in 24-hour time with a plain hyphen.");
	return false;
}

/* aa:bb:cc:dd:ee:ff or aa-bb-cc-dd-ee-ff */
static bool is_mac(const char *text)
{
	for (size_t i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' && text[i] != '-' : !isxdigit((uint8_t)text[i]))
			return false;
	return text[17] == '\0';
}

/* A name of a computer has a letter; what has none and is no address was an address once, or is a
 * date or a decimal. */
static bool check_host(const struct check *k)
{
	struct prefix prefix;
	struct addr addr;

	if (addr_parse(k->text, &addr) || prefix_parse(k->text, &prefix) || is_mac(k->text))
		return true;
	if (strpbrk(k->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
	        !isdigit((uint8_t)k->text[0]))
		return true;
	if (strchr(k->text, '-') == NULL && strpbrk(k->text, "abcdefghijklmnopqrstuvwxyz"))
		return true; /* 3cx.vendor.example */
	problems_error(k->problems, k->at, "host-form",
	        "This is neither an address nor a computer's name; a spreadsheet may have made a "
	        "number or a date of it; type it such as 192.168.20.10.");
	return false;
}

static bool check_net(const struct check *k)
{
	struct prefix prefix;

	if (prefix_parse(k->text, &prefix))
		return true;
	problems_error(k->problems, k->at, "net-form",
	        "This is not a network; type it such as 192.168.1.0/24, with zeros where the "
	        "computers' own part stands.");
	return false;
}

static bool check_zone(const struct check *k)
{
	size_t len = strlen(k->text);
	const char *slash = strchr(k->text, '/');

	if (strcmp(k->text, "UTC") == 0 || (slash && slash != k->text && slash[1] != '\0' &&
	                                           k->text[0] != '/' && !strstr(k->text, "..") &&
	                                           strspn(k->text, "abcdefghijklmnopqrstuvwxyz"
	                                                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                                                           "0123456789_+-/") == len))
		return true;
	problems_error(k->problems, k->at, "timezone-form",
	        "Type the time zone as region and city, such as Australia/Sydney.");
	return false;
}

static bool check_update_method(const struct check *k)
{
	struct check id = *k;

	if (strncmp(k->text, BUNDLED_WITH, strlen(BUNDLED_WITH)) != 0)
		return check_word(k);
	id.text = k->text + strlen(BUNDLED_WITH);
	return check_id(&id, "program_id");
}

static bool check_one(const struct check *k)
{
	switch (k->column->type) {
	case CELL_ID:
	case CELL_NEW_ID:
		return check_id(k, k->column->name);
	case CELL_REFERENCE:
	case CELL_REFERENCES:
		return check_id(k, "program_id");
	case CELL_TEXT:
	case CELL_TEXTS:
		return check_text(k);
	case CELL_DATE:
		return check_date(k);
	case CELL_WORD:
	case CELL_WORDS:
		return check_word(k);
	case CELL_NUMBER:
		return check_number(k);
	case CELL_COUNTRY:
	case CELL_COUNTRIES:
	case CELL_ANY_COUNTRIES:
		return check_country(k);
	case CELL_HOURS:
		return check_hours(k);
	case CELL_NETS:
		return check_net(k);
	case CELL_HOSTS:
		return check_host(k);
	case CELL_RULES:
		return rule_check(k->text, k->at, k->problems);
	case CELL_ZONE:
		return check_zone(k);
	case CELL_UPDATE_METHOD:
		return check_update_method(k);
	}
	return false;
}

static bool is_list(enum cell_type type)
{
	return type == CELL_REFERENCES || type == CELL_TEXTS || type == CELL_WORDS ||
	       type == CELL_COUNTRIES || type == CELL_ANY_COUNTRIES || type == CELL_NETS ||
	       type == CELL_HOSTS || type == CELL_RULES;
}

static bool list_error(const struct check *k, const char *text)
{
	problems_error(k->problems, k->at, "list-form", "%s", text);
	return false;
}

static bool check_list(const struct check *k)
{
	struct span rest = span_of_text(k->text);
	bool fine = true;
	size_t count = 0;
	struct span item;

	if (!is_text_type(k->column->type) && k->column->type != CELL_RULES &&
	        strpbrk(k->text, ",;"))
		return list_error(k, "Separate the items of a list by | and nothing else.");
	while (list_next(&rest, &item)) {
		char text[ITEM_BYTES_MAX];
		struct check one = *k;

		if (++count > LIST_ITEMS_MAX || item.len >= sizeof(text))
			return list_error(
			        k, "This list is too long; 256 items of 255 characters fit.");
		if (item.len == 0)
			return list_error(k, "The list has an empty item; remove the | too many.");
		if (span_trim(item).len != item.len)
			return list_error(k, "Remove the spaces around | in the list.");
		memcpy(text, item.data, item.len);
		text[item.len] = '\0';
		one.text = text;
		fine = check_one(&one) && fine;
	}
	return fine;
}

static bool check_empty(const struct column *c, const struct sheet_cell *cell, struct problems *p)
{
	if (!c->required)
		return true;
	/* A missing column was named once, at the header. */
	if (cell->place.column == 0 && cell->place.line > 0)
		return false;
	if (cell->place.line == 0)
		problems_error(p, cell->place, "column-missing",
		        "The key %s is missing; add a row for it.", c->name);
	else
		problems_error(p, cell->place, "cell-missing", "%s must be filled in.", c->name);
	return false;
}

bool cell_check(const struct column *c, const struct sheet_cell *cell, struct problems *p)
{
	struct check k = {.column = c, .text = cell->text, .at = cell->place, .problems = p};

	if (cell->text[0] == '\0')
		return check_empty(c, cell, p);
	if (c->none && cell_is_none(cell))
		return true;
	if (!check_spaces(&k) || !check_spreadsheet(&k) || !check_patient(&k))
		return false;
	if (c->type == CELL_ANY_COUNTRIES && strcmp(cell->text, "*") == 0)
		return true;
	if (!is_list(c->type))
		return check_one(&k);
	if (!check_list(&k))
		return false;
	return c->type != CELL_RULES || rules_check_together(cell->text, cell->place, p);
}
