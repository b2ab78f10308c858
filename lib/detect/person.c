#include "detect/person.h"

#include <string.h>

#define YEAR_MIN       1900
#define YEAR_MAX       2030
#define OLD_YEAR_MAX   2019 /* a later date beside a name is most often a visit's */
#define NAME_WORDS_MAX 4
#define SKIP_MAX       14 /* `: **`, ` - `, `: (` between a label and what it names */

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_capital(int c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_letter(int c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static int at(struct span s, size_t i)
{
	return i < s.len ? s.data[i] : -1;
}

/* ---- dates ---- */

/* Reads up to max digits; *count says how many there were. */
static unsigned read_number(struct span s, size_t *i, unsigned max, unsigned *count)
{
	unsigned value = 0;

	*count = 0;
	while (*count < max && is_digit(at(s, *i))) {
		value = value * 10 + (unsigned)(s.data[*i] - '0');
		(*i)++;
		(*count)++;
	}
	return value;
}

static unsigned read_month_name(struct span s, size_t *i)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (unsigned m = 0; m < 12; m++) {
		unsigned k = 0;

		while (k < 3 && (at(s, *i + k) | 0x20) == names[3 * m + k])
			k++;
		if (k < 3)
			continue;
		while (is_letter(at(s, *i)))
			(*i)++;
		return m + 1;
	}
	return 0;
}

static void skip_separators(struct span s, size_t *i)
{
	for (unsigned n = 0; n < 3 && at(s, *i) > 0 && strchr(" ,/.-", at(s, *i)); n++)
		(*i)++;
}

/* st, nd, rd, th, of */
static void skip_ordinal(struct span s, size_t *i)
{
	static const char *const ends[] = {"st", "nd", "rd", "th"};

	for (size_t k = 0; k < ARRAY_LEN(ends); k++) {
		if (at(s, *i) == ends[k][0] && at(s, *i + 1) == ends[k][1]) {
			*i += 2;
			break;
		}
	}
	if (at(s, *i) == ' ' && at(s, *i + 1) == 'o' && at(s, *i + 2) == 'f')
		*i += 3;
}

static unsigned read_year(struct span s, size_t *i, bool two_digits)
{
	unsigned count, year = read_number(s, i, 4, &count);

	if (is_digit(at(s, *i)) || is_letter(at(s, *i)))
		return 0;
	if (count == 4 && year >= YEAR_MIN && year <= YEAR_MAX)
		return year;
	return count == 2 && two_digits ? YEAR_MIN + year : 0;
}

static bool day_and_month(unsigned day, unsigned month)
{
	return day >= 1 && day <= 31 && month >= 1 && month <= 12;
}

/* The year of a date that begins here, 0 for none. */
static unsigned date_here(struct span s, bool two_digits)
{
	size_t i = 0;
	unsigned digits, first, month;

	month = read_month_name(s, &i);
	if (month) {
		skip_separators(s, &i);
		first = read_number(s, &i, 2, &digits);
		skip_ordinal(s, &i);
		skip_separators(s, &i);
		return digits && day_and_month(first, month) ? read_year(s, &i, two_digits) : 0;
	}
	first = read_number(s, &i, 4, &digits);
	if (digits == 4 && first >= YEAR_MIN && first <= YEAR_MAX) {
		bool packed = is_digit(at(s, i));
		unsigned year = first;

		i += !packed && at(s, i) > 0 && strchr("-/.", at(s, i)) ? 1 : 0;
		month = read_number(s, &i, 2, &digits);
		i += !packed && at(s, i) > 0 && strchr("-/.", at(s, i)) ? 1 : 0;
		first = digits == 2 ? read_number(s, &i, 2, &digits) : 0;
		return day_and_month(first, month) && !is_digit(at(s, i)) ? year : 0;
	}
	if (digits == 0 || digits > 2)
		return 0;
	skip_ordinal(s, &i);
	skip_separators(s, &i);
	month = read_month_name(s, &i);
	if (!month)
		month = read_number(s, &i, 2, &digits);
	if (!day_and_month(first, month) || is_digit(at(s, i)))
		return 0;
	skip_separators(s, &i);
	return read_year(s, &i, two_digits);
}

bool person_follows_birth(struct span behind)
{
	size_t i = 0;

	while (i < SKIP_MAX && i < behind.len && !is_digit(at(behind, i)) &&
	        !is_letter(at(behind, i)))
		i++;
	return date_here(span_slice(behind, i, behind.len), true) != 0;
}

bool person_then_date(struct span text)
{
	for (size_t i = 0; i + 8 <= text.len; i++) {
		bool starts = i == 0 ||
		              (!is_digit(text.data[i - 1]) && !is_letter(text.data[i - 1]));
		unsigned year;

		if (starts && text.data[i] >= 'a' && text.data[i] <= 'z')
			return false;
		if (!starts || !is_digit(text.data[i]))
			continue;
		year = date_here(span_slice(text, i, text.len), false);
		if (year != 0)
			return year <= OLD_YEAR_MAX;
	}
	return false;
}

/* "12:00:00 AM" is midnight, too. */
static bool is_midnight(struct span value)
{
	const size_t colon = span_find_byte(value, ':');

	if (colon == SIZE_MAX)
		return true;
	if (span_find(value, span_of_text("12:00:00 AM")) != SIZE_MAX)
		return true;
	for (size_t i = colon > 2 ? colon - 2 : 0; i < value.len; i++)
		if (value.data[i] >= '1' && value.data[i] <= '9')
			return false;
	return true;
}

unsigned person_date_year(struct span value)
{
	return is_midnight(value) ? date_here(value, false) : 0;
}

/* ---- names ---- */

/* The length of a word that begins with a capital and goes on in letters; 0: none. */
static size_t capital_word(struct span s)
{
	size_t len = 0;

	if (!is_capital(at(s, 0)))
		return 0;
	while (is_letter(at(s, len)) || at(s, len) == '\'' || at(s, len) == '-' ||
	        at(s, len) > 0x7f)
		len++;
	return len >= 2 ? len : 0;
}

static size_t skip_spaces(struct span s, size_t i)
{
	while (at(s, i) == ' ' || at(s, i) == '\t' || at(s, i) == 0xc2 || at(s, i) == 0xa0)
		i++;
	return i;
}

bool person_follows_title(struct span behind)
{
	size_t i = skip_spaces(behind, at(behind, 0) == '.' ? 1 : 0);

	return i > 0 && i < 4 && capital_word(span_slice(behind, i, behind.len)) > 0;
}

static bool equals_any(struct span word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal_nocase(word, words[i]))
			return true;
	return false;
}

static bool is_title(struct span word)
{
	static const char *const titles[] = {"mr", "mrs", "ms", "miss", "master", "mstr"};

	return equals_any(word, titles, ARRAY_LEN(titles));
}

/* Words of forms and headings, which have capitals too. */
static bool is_form_word(struct span word)
{
	static const char *const words[] = {"date", "birth", "dob", "of", "patient", "name",
	        "address", "phone", "medicare", "hospital", "clinic", "medical", "centre", "center",
	        "street", "st", "road", "rd", "avenue", "ave", "health", "dear", "doctor", "dr",
	        "prof", "professor", "mrn", "ur", "urn", "ihi", "dva", "number", "no", "ref",
	        "reference", "letter", "report", "the", "this", "thank", "re", "sex", "gender",
	        "male", "female", "nsw", "vic", "qld", "australia", "australian", "new", "south",
	        "wales", "january", "february", "march", "april", "may", "june", "july", "august",
	        "september", "october", "november", "december", "monday", "tuesday", "wednesday",
	        "thursday", "friday", "university", "department", "surgery", "practice", "service",
	        "services", "unit", "ward", "admission", "discharge", "summary", "clinical",
	        "history", "progress", "notes", "test", "invoice", "order", "meeting", "project",
	        "request", "update", "team", "support", "company", "group"};

	return equals_any(word, words, ARRAY_LEN(words));
}

/* Two words with capitals here, with a comma between them at most. */
static bool name_here(struct span s)
{
	size_t first = capital_word(s), i, second;

	if (first == 0 || is_form_word(span_slice(s, 0, first)))
		return false;
	i = first + (at(s, first) == ',');
	if (at(s, i) != ' ')
		return false;
	i = skip_spaces(s, i);
	second = capital_word(span_slice(s, i, s.len));
	/* an initial between the two */
	if (second == 0 && is_capital(at(s, i)) && (at(s, i + 1) == ' ' || at(s, i + 1) == '.'))
		second = capital_word(
		        span_slice(s, skip_spaces(s, i + 1 + (at(s, i + 1) == '.')), s.len));
	else if (second > 0 && is_form_word(span_slice(s, i, second)))
		second = 0;
	return second > 0;
}

bool person_follows_label(struct span behind)
{
	size_t i = 0, word;

	while (i < SKIP_MAX && i < behind.len && !is_letter(behind.data[i]) &&
	        !is_digit(behind.data[i]))
		i++;
	behind = span_slice(behind, i, behind.len);
	word = capital_word(behind);
	if (word > 0 && is_title(span_slice(behind, 0, word)))
		return person_follows_title(span_slice(behind, word, behind.len));
	return name_here(behind);
}

unsigned person_name_words(struct span value)
{
	unsigned words = 0;

	for (size_t i = 0; i < value.len && words <= NAME_WORDS_MAX;) {
		const size_t len = capital_word(span_slice(value, i, value.len));
		const struct span word = span_slice(value, i, len);
		const bool initial = len == 0 && is_capital(at(value, i)) &&
		                     !is_letter(at(value, i + 1));

		if ((len == 0 && !initial) || (len > 0 && is_form_word(word)))
			return 0;
		words += len > 0 && !is_title(word);
		i += initial ? 1 : len;
		i += at(value, i) == '.';
		i += at(value, i) == ',';
		if (i < value.len && at(value, i) != ' ' && at(value, i - 1) != ',')
			return 0;
		i = skip_spaces(value, i);
	}
	return words <= NAME_WORDS_MAX ? words : 0;
}

bool person_has_name(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_capital(text.data[i]) && (i == 0 || !is_letter(text.data[i - 1])) &&
		        name_here(span_slice(text, i, text.len)))
			return true;
	return false;
}
