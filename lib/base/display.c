#include "base/display.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define IDENTIFIER_DIGITS 7 /* fewer are port, count, year, post code */
#define SEPARATORS_MAX    2 /* between two digits of one number, as in "2123 45670  1" */
#define DVA_CHARS         8 /* of a file number without its dependant letter */
/* Cleaned characters that are looked at. More than can be shown, since masking shortens. */
#define CLEAN_CHARS_MAX 1024
/* When the text went on past that, this many at its end are only looked at: the longest thing that
 * has a meaning as a whole (a dotted address with a prefix length, 18) is shorter. */
#define CLEAN_TAIL_CHARS 32

#define ELLIPSIS "\xe2\x80\xa6"
#define ESCAPE   0x1b

/* Cleaned text, one character an element. */
struct clean {
	uint32_t chars[CLEAN_CHARS_MAX];
	size_t count;
	bool cut;
};

/* A mask takes 16 bytes and stands for 7 characters or more, so four bytes a character do. */
struct out {
	char text[CLEAN_CHARS_MAX * UTF8_BYTES_MAX + sizeof(DISPLAY_IDENTIFIER)];
	size_t len;
};

struct range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* Unicode characters that show nothing or turn the text around them (categories Cc, Cf, Zl, Zp, the
 * fillers that have no glyph, private use and the non-characters). */
static bool is_invisible(uint32_t c)
{
	static const struct range hidden[] = {{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad},
	        {0x34f, 0x34f}, {0x600, 0x605}, {0x61c, 0x61c}, {0x6dd, 0x6dd}, {0x70f, 0x70f},
	        {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f},
	        {0x2028, 0x202e}, {0x2060, 0x206f}, {0x2800, 0x2800}, {0x3164, 0x3164},
	        {0xe000, 0xf8ff}, {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
	        {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0x1bca0, 0x1bca3},
	        {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff}};

	return in_ranges(c, hidden, ARRAY_LEN(hidden));
}

static bool is_space(uint32_t c)
{
	static const struct range spaces[] = {{'\t', '\r'}, {' ', ' '}, {0x85, 0x85}, {0xa0, 0xa0},
	        {0x1680, 0x1680}, {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f},
	        {0x3000, 0x3000}};

	return in_ranges(c, spaces, ARRAY_LEN(spaces));
}

/* Digits of the scripts that a keyboard or a prankster produces become ASCII, so that the
 * identifier rule sees them. */
static uint32_t plain_digit(uint32_t c)
{
	static const uint32_t zeros[] = {0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10, 0x1d7ce,
	        0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6};

	for (size_t i = 0; i < ARRAY_LEN(zeros); i++)
		if (c >= zeros[i] && c <= zeros[i] + 9)
			return '0' + c - zeros[i];
	return c;
}

/* Length of the terminal escape at the front (ECMA-48: CSI up to its final byte, OSC and its like
 * up to BEL or ST). One that is never closed hides nothing: only its introducer goes. */
static size_t escape_length(struct span s)
{
	int kind = s.len > 1 ? s.data[1] : 0;
	size_t at = 2;

	if (kind == '[') {
		while (at < s.len && s.data[at] >= 0x20 && s.data[at] < 0x40)
			at++;
		return at < s.len && s.data[at] < 0x7f && s.data[at] >= 0x40 ? at + 1 : 2;
	}
	if (kind != ']' && kind != 'P' && kind != 'X' && kind != '^' && kind != '_')
		return 1;
	for (; at < s.len; at++) {
		if (s.data[at] == 0x07)
			return at + 1;
		if (s.data[at] == ESCAPE && at + 1 < s.len && s.data[at + 1] == '\\')
			return at + 2;
	}
	return 2;
}

/* Takes the letters, digits and signs of ASCII at the front of the text, which show themselves;
 * gives what follows. */
static struct span take_plain(struct span text, struct clean *ret)
{
	size_t at = 0;

	while (at < text.len && text.data[at] > ' ' && text.data[at] < 0x7f &&
	        ret->count < CLEAN_CHARS_MAX)
		ret->chars[ret->count++] = text.data[at++];
	return span_slice(text, at, text.len);
}

static void clean_text(struct span text, struct clean *ret)
{
	ret->count = 0;
	ret->cut = false;
	for (text = take_plain(text, ret); text.len > 0; text = take_plain(text, ret)) {
		uint32_t c;
		size_t len;

		if (text.data[0] == ESCAPE) {
			text = span_slice(text, escape_length(text), text.len);
			continue;
		}
		len = utf8_decode(text, &c);
		text = span_slice(text, len > 0 ? len : 1, text.len);
		if (len == 0 || (is_invisible(c) && !is_space(c)))
			continue;
		if (ret->count == CLEAN_CHARS_MAX) {
			ret->cut = true;
			return;
		}
		ret->chars[ret->count++] = is_space(c) ? ' ' : plain_digit(c);
	}
}

static bool is_digit(const struct clean *c, size_t at)
{
	return at < c->count && c->chars[at] >= '0' && c->chars[at] <= '9';
}

static bool is_letter(const struct clean *c, size_t at)
{
	uint32_t lower;

	if (at >= c->count)
		return false;
	lower = c->chars[at] | 0x20;
	return lower >= 'a' && lower <= 'z';
}

static bool is_separator(const struct clean *c, size_t at)
{
	if (at >= c->count || c->chars[at] >= 0x80)
		return at < c->count && c->chars[at] >= 0x2010 && c->chars[at] <= 0x2015;
	return c->chars[at] != 0 && strchr(" -/._,+%", (int)c->chars[at]) != NULL;
}

/* A decimal number of at most max, without leading zeros, at *at; moves past it. */
static bool take_number(const struct clean *c, size_t *at, unsigned max)
{
	size_t first = *at;
	unsigned value = 0;

	while (is_digit(c, *at) && *at - first < 4)
		value = value * 10 + (unsigned)(c->chars[(*at)++] - '0');
	if (*at == first || value > max)
		return false;
	return *at - first == 1 || c->chars[first] != '0';
}

/* Length of the dotted IPv4 address (perhaps with a prefix length) that starts here; 0 for none. */
static size_t ipv4_length(const struct clean *c, size_t start)
{
	size_t at = start;
	size_t end;

	for (unsigned i = 0; i < 4; i++) {
		if (i > 0 && (at >= c->count || c->chars[at++] != '.'))
			return 0;
		if (!take_number(c, &at, 255))
			return 0;
	}
	if (is_digit(c, at) || (is_separator(c, at) && c->chars[at] == '.' && is_digit(c, at + 1)))
		return 0;
	end = at;
	if (at < c->count && c->chars[at++] == '/' && take_number(c, &at, 32) && !is_digit(c, at))
		end = at;
	return end - start;
}

static unsigned number_at(const struct clean *c, size_t at, size_t digits)
{
	unsigned value = 0;

	for (size_t i = 0; i < digits; i++) {
		if (!is_digit(c, at + i))
			return 0;
		value = value * 10 + (unsigned)(c->chars[at + i] - '0');
	}
	return value;
}

/* Length of a date of our own times, YYYY-MM-DD, that starts here and stands alone; 0 for none. */
static size_t date_length(const struct clean *c, size_t start)
{
	unsigned year = number_at(c, start, 4);
	unsigned month = number_at(c, start + 5, 2);
	unsigned day = number_at(c, start + 8, 2);

	if (year < 2020 || year > 2099 || month < 1 || month > 12 || day < 1 || day > 31)
		return 0;
	if (c->chars[start + 4] != '-' || c->chars[start + 7] != '-')
		return 0;
	if (is_digit(c, start + 10) || (is_separator(c, start + 10) && is_digit(c, start + 11)))
		return 0;
	return 10;
}

/* Length of the run of digits and separators from the digit at start to its last digit. */
static size_t run_length(const struct clean *c, size_t start, size_t *ret_digits)
{
	size_t end = start;
	size_t at = start;

	*ret_digits = 0;
	while (at < c->count) {
		if (is_digit(c, at)) {
			(*ret_digits)++;
			end = ++at;
		} else if (is_separator(c, at) && at - end < SEPARATORS_MAX) {
			at++;
		} else {
			break;
		}
	}
	return end - start;
}

/* Length of a word of the shape of a DVA file number that starts here; 0 for none. */
static size_t dva_length(const struct clean *c, size_t start)
{
	size_t at = start;
	size_t letters, digits;

	while (is_letter(c, at) && at - start < 5)
		at++;
	letters = at - start;
	while (is_digit(c, at) && at - start < DVA_CHARS + 1)
		at++;
	digits = at - start - letters;
	if (letters < 1 || letters > 4 || !strchr("NVQSWTHMnvqswthm", (int)c->chars[start]))
		return 0;
	if (letters == 1 ? digits != 6 && digits != 7 : letters + digits != DVA_CHARS)
		return 0;
	if (is_letter(c, at))
		at++;
	return is_letter(c, at) || is_digit(c, at) ? 0 : at - start;
}

/* Length of the identifier that starts here (0: none); *ret_left is the length of what starts here
 * and is not to be looked into again. */
static size_t identifier_length(const struct clean *c, size_t at, size_t *ret_left)
{
	bool word_start = at == 0 || (!is_letter(c, at - 1) && !is_digit(c, at - 1));
	size_t digits, len;

	*ret_left = 1;
	if (word_start && is_letter(c, at))
		return dva_length(c, at);
	if (!is_digit(c, at))
		return 0;
	len = ipv4_length(c, at);
	if (len == 0)
		len = date_length(c, at);
	if (len > 0) {
		*ret_left = len;
		return 0;
	}
	len = run_length(c, at, &digits);
	*ret_left = len;
	return digits >= IDENTIFIER_DIGITS ? len : 0;
}

static void put(struct out *o, const char *bytes, size_t len)
{
	if (len > sizeof(o->text) - o->len)
		return;
	memcpy(o->text + o->len, bytes, len);
	o->len += len;
}

/* Copies what fits, cut between characters and ended in an ellipsis when it does not. */
static void copy_out(const struct out *o, bool cut, char *ret, size_t size)
{
	size_t len = o->len;
	size_t mark = strlen(ELLIPSIS);

	if (size > DISPLAY_CHARS_MAX)
		size = DISPLAY_CHARS_MAX;
	if (size <= mark + 1) {
		if (size > 0)
			ret[0] = '\0';
		return;
	}
	cut = cut || len >= size;
	if (cut && len > size - 1 - mark) {
		len = size - 1 - mark;
		while (len > 0 && ((uint8_t)o->text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(ret, o->text, len);
	if (cut) {
		memcpy(ret + len, ELLIPSIS, mark);
		len += mark;
	}
	ret[len] = '\0';
}

static uint32_t host_char(uint32_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c + 'a' - 'A';
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return c;
	return c != 0 && c < 0x80 && strchr("-._:*", (int)c) ? c : '?';
}

static void put_chars(struct out *o, const struct clean *c, size_t at, size_t len, bool host)
{
	for (size_t i = at; i < at + len; i++) {
		const uint32_t shown = host ? host_char(c->chars[i]) : c->chars[i];
		char bytes[UTF8_BYTES_MAX];

		if (shown > 0 && shown < 0x80 && o->len < sizeof(o->text))
			o->text[o->len++] = (char)shown;
		else
			put(o, bytes, utf8_encode(shown, bytes));
	}
}

static void show(struct span text, char *ret, size_t size, bool host)
{
	struct out o = {.len = 0};
	struct clean c;
	size_t end;

	clean_text(text, &c);
	end = c.cut ? c.count - CLEAN_TAIL_CHARS : c.count;
	for (size_t at = 0; at < end;) {
		size_t left;
		size_t masked = identifier_length(&c, at, &left);

		if (masked > 0)
			put(&o, DISPLAY_IDENTIFIER, strlen(DISPLAY_IDENTIFIER));
		else
			put_chars(&o, &c, at, left, host);
		at += masked > 0 ? masked : left;
	}
	if (o.len == 0 && text.len > 0)
		put(&o, "?", 1);
	copy_out(&o, c.cut, ret, size);
}

void display_text(struct span text, char *ret, size_t size)
{
	show(text, ret, size, false);
}

void display_host(struct span text, char *ret, size_t size)
{
	show(text, ret, size, true);
}

/* The extension, lower case, when it is of a kind of file that a practice exchanges; "" else. */
static const char *known_extension(struct span name)
{
	static const char *const known[] = {".pdf", ".doc", ".docx", ".rtf", ".odt", ".txt", ".csv",
	        ".tsv", ".xls", ".xlsx", ".xml", ".json", ".hl7", ".oru", ".pit", ".cda", ".htm",
	        ".html", ".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".bmp", ".dcm", ".zip",
	        ".gz", ".7z", ".rar", ".tar", ".bz2", ".xz", ".zst", ".bak", ".mdb", ".accdb",
	        ".db", ".sql", ".sqlite", ".mdf", ".ldf", ".wav", ".mp3", ".m4a", ".ogg", ".webm",
	        ".mp4", ".eml", ".msg", ".p7m", ".p7s", ".pgp", ".gpg", ".exe", ".msi", ".cab",
	        ".dll", ".log"};
	size_t dot = SIZE_MAX;

	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] == '.')
			dot = i;
	if (dot == SIZE_MAX)
		return "";
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (span_equal_nocase(span_slice(name, dot, name.len), known[i]))
			return known[i];
	return "";
}

void display_member(unsigned number, struct span name, char *ret, size_t size)
{
	const char *extension = known_extension(name);

	if (extension[0] != '\0')
		snprintf(ret, size, "member %u (%s)", number, extension);
	else
		snprintf(ret, size, "member %u", number);
}

static bool ends_word(struct span s, size_t at)
{
	return at >= s.len || s.data[at] == ' ' || s.data[at] == '"' || s.data[at] == '\t';
}

/* The length of the program's part of a command line. */
static size_t program_length(struct span s)
{
	static const char *const endings[] = {".exe", ".com", ".bat", ".cmd", ".ps1", ".scr"};
	size_t space;

	for (size_t i = 0; i + 4 <= s.len; i++) {
		struct span part = span_slice(s, i, 4);

		for (size_t k = 0; k < ARRAY_LEN(endings); k++)
			if (span_equal_nocase(part, endings[k]) && ends_word(s, i + 4))
				return i + 4;
	}
	space = span_find_byte(s, ' ');
	return s.len > 0 && s.data[0] == '/' && space != SIZE_MAX ? space : s.len;
}

void display_program(struct span path, char *ret, size_t size)
{
	struct span s = span_trim(path);
	size_t close, start = 0;

	if (s.len > 0 && s.data[0] == '"') {
		s = span_slice(s, 1, s.len);
		close = span_find_byte(s, '"');
		if (close != SIZE_MAX)
			s = span_slice(s, 0, close);
	}
	s = span_slice(s, 0, program_length(s));
	while (s.len > 1 && (s.data[s.len - 1] == '/' || s.data[s.len - 1] == '\\'))
		s.len--;
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.data[i] == '/' || s.data[i] == '\\')
			start = i + 1;
	s = span_slice(s, start, s.len);
	display_text(s.len > 0 ? s : path, ret, size);
}
