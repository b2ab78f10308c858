/* rtf: letters in Rich Text Format: their running text, and what they say of themselves.
 *
 * Source: Microsoft RTF Specification 1.9.1. Read byte by byte, so that it may be cut anywhere:
 * text, \'hh in the code page that \ansicpg names (1252 and UTF-8; others as 1252), \uN with what
 * stands in for it, the words that part paragraphs and cells. Tables of fonts and styles, and
 * groups that begin with \* (text boxes apart), are no text. Pictures and embedded objects are
 * counted as not looked into. Title, author and the like come as headings. Holds 4 KiB of text and
 * RTF_GROUPS_MAX levels. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/charset.h"
#include "decode/decoder.h"

#define RTF_GROUPS_MAX  128 /* nested; a deeper one is as its parent. Writers reach 20 */
#define RTF_OUT_BYTES   4096
#define RTF_WORD_CHARS  32 /* the specification's longest control word */
#define RTF_INFO_BYTES  256
#define RTF_NUMBER_MAX  0x7fffffff
#define RTF_CHAR_BYTES  8 /* put out for one byte of input, at most */
#define RTF_FALLBACK    1 /* characters that stand in for \uN, unless \uc says so */
#define CODE_PAGE_UTF8  65001
#define CODE_PAGE_LATIN 1252

enum rtf_place { IN_TEXT, IN_INFO, IN_TABLE, IN_PICTURE, IN_OBJECT };

enum rtf_state { PLAIN, BACKSLASH, WORD, NUMBER, HEX, HEX_TWO, BINARY, OVER };

struct rtf_group {
	uint8_t place;    /* enum rtf_place */
	uint8_t fallback; /* \uc */
};

struct rtf {
	bool begun, ended, text_open, too_deep, told;
	bool starred;    /* the group has begun with \*: its word says whether it is read */
	bool info_ready; /* info goes out */
	bool has_number, negative;
	uint8_t state;
	uint8_t hex;
	unsigned skip; /* characters that stand in for one that has gone out */
	uint32_t code_page;
	uint16_t high; /* half of a character that \uN gave */
	uint64_t binary_left;
	uint64_t unread_bytes[2]; /* of pictures, of objects */
	uint32_t depth;           /* open groups */
	struct rtf_group groups[RTF_GROUPS_MAX];
	size_t word_len;
	char word[RTF_WORD_CHARS + 1];
	uint32_t number;
	size_t info_len, out_len;
	uint8_t info[RTF_INFO_BYTES + RTF_CHAR_BYTES];
	uint8_t out[RTF_OUT_BYTES];
};

/* What a control word does. */
enum rtf_deed {
	DEED_TEXT,
	DEED_PLACE,
	DEED_INFO,
	DEED_CODE_PAGE,
	DEED_UNICODE,
	DEED_FALLBACK,
	DEED_BINARY
};

struct rtf_word {
	const char *name;
	enum rtf_deed deed;
	uint32_t what; /* a character, an enum rtf_place */
};

/* In the order of strcmp(). */
static const struct rtf_word words[] = {
        {"ansicpg", DEED_CODE_PAGE, 0},
        {"author", DEED_INFO, 0},
        {"bin", DEED_BINARY, 0},
        {"bullet", DEED_TEXT, 0x2022},
        {"cell", DEED_TEXT, '\t'},
        {"colorschememapping", DEED_PLACE, IN_TABLE},
        {"colortbl", DEED_PLACE, IN_TABLE},
        {"company", DEED_INFO, 0},
        {"datastore", DEED_PLACE, IN_TABLE},
        {"doccomm", DEED_INFO, 0},
        {"emdash", DEED_TEXT, 0x2014},
        {"emspace", DEED_TEXT, ' '},
        {"endash", DEED_TEXT, '-'},
        {"enspace", DEED_TEXT, ' '},
        {"filetbl", DEED_PLACE, IN_TABLE},
        {"fldinst", DEED_PLACE, IN_TABLE},
        {"fonttbl", DEED_PLACE, IN_TABLE},
        {"generator", DEED_PLACE, IN_TABLE},
        {"keywords", DEED_INFO, 0},
        {"latentstyles", DEED_PLACE, IN_TABLE},
        {"ldblquote", DEED_TEXT, '"'},
        {"line", DEED_TEXT, '\n'},
        {"listoverridetable", DEED_PLACE, IN_TABLE},
        {"listtable", DEED_PLACE, IN_TABLE},
        {"lquote", DEED_TEXT, '\''},
        {"nestcell", DEED_TEXT, '\t'},
        {"nestrow", DEED_TEXT, '\n'},
        {"nonesttables", DEED_PLACE, IN_TABLE},
        {"objdata", DEED_PLACE, IN_OBJECT},
        {"operator", DEED_INFO, 0},
        {"page", DEED_TEXT, '\n'},
        {"par", DEED_TEXT, '\n'},
        {"pict", DEED_PLACE, IN_PICTURE},
        {"qmspace", DEED_TEXT, ' '},
        {"rdblquote", DEED_TEXT, '"'},
        {"revtbl", DEED_PLACE, IN_TABLE},
        {"row", DEED_TEXT, '\n'},
        {"rquote", DEED_TEXT, '\''},
        {"rsidtbl", DEED_PLACE, IN_TABLE},
        {"sect", DEED_TEXT, '\n'},
        {"shptxt", DEED_PLACE, IN_TEXT},
        {"stylesheet", DEED_PLACE, IN_TABLE},
        {"subject", DEED_INFO, 0},
        {"tab", DEED_TEXT, '\t'},
        {"themedata", DEED_PLACE, IN_TABLE},
        {"title", DEED_INFO, 0},
        {"u", DEED_UNICODE, 0},
        {"uc", DEED_FALLBACK, 0},
        {"xmlnstbl", DEED_PLACE, IN_TABLE},
};

static enum probe_answer rtf_probe(const struct probe *p)
{
	static const char mark[] = "{\\rtf";
	size_t len = p->head.len < sizeof(mark) - 1 ? p->head.len : sizeof(mark) - 1;

	if (len > 0 && memcmp(p->head.data, mark, len) != 0)
		return PROBE_NO;
	if (len < sizeof(mark) - 1)
		return p->end ? PROBE_NO : PROBE_MORE;
	return PROBE_YES;
}

static int rtf_open(void *state, const struct decode_env *env)
{
	struct rtf *r = state;

	(void)env;
	r->code_page = CODE_PAGE_LATIN;
	r->groups[0].fallback = RTF_FALLBACK;
	return STATUS_OK;
}

static struct rtf_group *group(struct rtf *r)
{
	return &r->groups[r->depth < RTF_GROUPS_MAX ? r->depth : RTF_GROUPS_MAX - 1];
}

/* ---- text ---- */

static void put_byte(struct rtf *r, uint8_t byte)
{
	if (group(r)->place == IN_TEXT)
		r->out[r->out_len++] = byte;
	else if (group(r)->place == IN_INFO && r->info_len < RTF_INFO_BYTES)
		r->info[r->info_len++] = byte;
}

static void put_code(struct rtf *r, uint32_t code)
{
	uint8_t utf8[CHARSET_CHAR_MAX];
	size_t len = charset_put(utf8, code);

	for (size_t i = 0; i < len; i++)
		put_byte(r, utf8[i]);
}

/* A byte in the code page. */
static void put_coded(struct rtf *r, uint8_t byte)
{
	if (r->skip > 0)
		r->skip--;
	else if (byte < 0x80 || r->code_page == CODE_PAGE_UTF8)
		put_byte(r, byte);
	else
		put_code(r, charset_of_1252(byte));
}

/* \uN: a unit of UTF-16, written as a signed number. */
static void put_unit(struct rtf *r)
{
	uint32_t unit = (r->negative ? 0x10000u - r->number : r->number) & 0xffff;
	bool low = unit >= 0xdc00 && unit < 0xe000;

	r->skip = group(r)->fallback;
	if (unit >= 0xd800 && unit < 0xdc00) {
		r->high = (uint16_t)unit;
		return;
	}
	if (low && r->high)
		unit = 0x10000 + ((uint32_t)(r->high - 0xd800) << 10) + (unit - 0xdc00);
	r->high = 0;
	put_code(r, unit);
}

/* ---- groups and words ---- */

static void group_begin(struct rtf *r)
{
	struct rtf_group parent = *group(r);

	if (r->depth < UINT32_MAX)
		r->depth++;
	if (r->depth >= RTF_GROUPS_MAX)
		r->too_deep = true;
	else
		r->groups[r->depth] = parent;
	r->skip = 0;
	r->starred = false;
}

static void group_end(struct rtf *r)
{
	bool info = r->depth < RTF_GROUPS_MAX && group(r)->place == IN_INFO;

	if (r->depth > 0)
		r->depth--;
	r->skip = 0;
	r->starred = false;
	r->info_ready = info && r->info_len > 0 && group(r)->place != IN_INFO;
	if (r->depth == 0)
		r->state = OVER;
}

static int compare_word(const void *key, const void *row)
{
	return strcmp(key, ((const struct rtf_word *)row)->name);
}

static void set_place(struct rtf *r, uint32_t place)
{
	uint8_t *now = &group(r)->place;

	/* A text box lies in a group that is else no text; pictures have nothing else in them. */
	if (*now != IN_PICTURE && *now != IN_OBJECT && r->depth < RTF_GROUPS_MAX)
		*now = (uint8_t)place;
}

static void obey(struct rtf *r, const struct rtf_word *word)
{
	switch (word->deed) {
	case DEED_TEXT:
		if (r->skip > 0)
			r->skip--;
		else
			put_code(r, word->what);
		break;
	case DEED_PLACE:
		set_place(r, word->what);
		break;
	case DEED_INFO:
		if (r->depth == 3 && group(r)->place == IN_TEXT) {
			set_place(r, IN_INFO);
			r->info_len = 0;
		}
		break;
	case DEED_CODE_PAGE:
		r->code_page = r->number;
		break;
	case DEED_UNICODE:
		if (r->has_number)
			put_unit(r);
		break;
	case DEED_FALLBACK:
		group(r)->fallback = r->number < 8 ? (uint8_t)r->number : 8;
		break;
	case DEED_BINARY:
		r->binary_left = r->negative ? 0 : r->number;
		r->state = r->binary_left > 0 ? BINARY : PLAIN;
		break;
	}
}

/* The word is whole. The byte behind it is not part of it, unless it is a space. */
static void word_end(struct rtf *r)
{
	const struct rtf_word *word;

	r->word[r->word_len] = '\0';
	r->state = PLAIN;
	word = bsearch(r->word, words, ARRAY_LEN(words), sizeof(words[0]), compare_word);
	if (r->starred && !(word && word->deed == DEED_PLACE))
		set_place(r, IN_TABLE);
	r->starred = false;
	if (word)
		obey(r, word);
}

/* ---- bytes ---- */

static int hex_of(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool is_letter(uint8_t byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static void symbol(struct rtf *r, uint8_t byte)
{
	r->state = PLAIN;
	switch (byte) {
	case '\'':
		r->state = HEX;
		break;
	case '*':
		r->starred = true;
		break;
	case '~':
		put_coded(r, ' ');
		break;
	case '_':
		put_coded(r, '-');
		break;
	case '\r':
	case '\n':
		put_byte(r, '\n');
		break;
	case '-':
	case '|':
	case ':':
		break;
	default:
		put_coded(r, byte);
		break;
	}
}

static void begin_word(struct rtf *r, uint8_t byte)
{
	r->word[0] = (char)byte;
	r->word_len = 1;
	r->number = 0;
	r->negative = false;
	r->has_number = false;
	r->state = WORD;
}

static void plain(struct rtf *r, uint8_t byte)
{
	if (byte == '{')
		group_begin(r);
	else if (byte == '}')
		group_end(r);
	else if (byte == '\\')
		r->state = BACKSLASH;
	else if (byte != '\r' && byte != '\n' && byte != '\0')
		put_coded(r, byte);
}

/* A byte of a word or its number; false: it belongs to what follows. */
static bool word_byte(struct rtf *r, uint8_t byte)
{
	if (r->state == WORD && is_letter(byte)) {
		if (r->word_len < RTF_WORD_CHARS)
			r->word[r->word_len++] = (char)byte;
		return true;
	}
	if (r->state == WORD && byte == '-') {
		r->negative = true;
		r->state = NUMBER;
		return true;
	}
	if (byte >= '0' && byte <= '9') {
		if (r->number <= RTF_NUMBER_MAX / 10 - 1)
			r->number = r->number * 10 + (uint32_t)(byte - '0');
		r->state = NUMBER;
		r->has_number = true;
		return true;
	}
	word_end(r);
	return byte == ' ';
}

static void hex_byte(struct rtf *r, uint8_t byte)
{
	int digit = hex_of(byte);

	if (digit < 0) { /* no character: what stands there is read as text */
		r->state = PLAIN;
		plain(r, byte);
		return;
	}
	if (r->state == HEX) {
		r->hex = (uint8_t)(digit << 4);
		r->state = HEX_TWO;
		return;
	}
	r->state = PLAIN;
	put_coded(r, (uint8_t)(r->hex | digit));
}

static void note_unread(struct rtf *r, uint64_t bytes)
{
	if (group(r)->place == IN_PICTURE)
		r->unread_bytes[0] += bytes;
	else if (group(r)->place == IN_OBJECT || r->state == BINARY)
		r->unread_bytes[1] += bytes;
}

static void step(struct rtf *r, struct cursor *c)
{
	uint8_t byte = (uint8_t)cursor_peek(c, 0);
	size_t len = 1;

	if (r->state == WORD || r->state == NUMBER) {
		len = word_byte(r, byte);
	} else if (r->state == BINARY) {
		len = cursor_left(c) < r->binary_left ? cursor_left(c) : (size_t)r->binary_left;
		note_unread(r, len);
		r->binary_left -= len;
		if (r->binary_left == 0)
			r->state = PLAIN;
	} else if (r->state == BACKSLASH && is_letter(byte)) {
		begin_word(r, byte);
	} else if (r->state == BACKSLASH) {
		symbol(r, byte);
	} else if (r->state == HEX || r->state == HEX_TWO) {
		hex_byte(r, byte);
	} else if (r->state == PLAIN) {
		note_unread(r, 1);
		plain(r, byte);
	}
	cursor_skip(c, len);
}

/* ---- going out ---- */

static void text_out(struct rtf *r, struct decode_out *out, bool last)
{
	struct field field = {.kind = FIELD_TEXT,
	        .bytes = span_of(r->out, r->out_len),
	        .first = !r->text_open,
	        .last = last};

	if (r->out_len == 0 && !(last && r->text_open))
		return;
	decode_field(out, &field, "");
	r->text_open = !last;
	r->out_len = 0; /* the bytes stay until the next call */
}

static void info_out(struct rtf *r, struct decode_out *out)
{
	struct field field = {.role = ROLE_HEADER,
	        .bytes = span_of(r->info, r->info_len),
	        .first = true,
	        .last = true};

	decode_field(out, &field, "heading");
	r->info_ready = false;
}

static void at_end(struct rtf *r, const struct decode_in *in, struct decode_out *out)
{
	r->ended = true;
	if (r->state == WORD || r->state == NUMBER)
		word_end(r);
	text_out(r, out, true);
	decode_end(out);
	if (r->depth > 0 && in->end == STREAM_COMPLETE)
		decode_stop(out, STREAM_TRUNCATED);
}

static void count(struct rtf *r, struct decode_out *out)
{
	static const enum stream_end why[] = {STREAM_MEDIA, STREAM_UNKNOWN};

	for (size_t i = 0; i < ARRAY_LEN(why); i++)
		decode_unread(out, r->unread_bytes[i], why[i]);
	memset(r->unread_bytes, 0, sizeof(r->unread_bytes));
	if (r->too_deep && !r->told)
		decode_count_limit(out);
	r->told = r->too_deep;
}

/* Behind the last brace some writers leave line ends and zero bytes. */
static bool is_filling(uint8_t byte)
{
	return byte == '\r' || byte == '\n' || byte == ' ' || byte == '\0' || byte == 0x1a;
}

static int rtf_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct rtf *r = state;
	struct cursor c = cursor_open(in->bytes);

	if (!r->begun)
		decode_begin(out, CARRIER_DOCUMENT, span_of_text("rtf"), "");
	r->begun = true;
	while (cursor_left(&c) > 0 && r->out_len + RTF_CHAR_BYTES <= RTF_OUT_BYTES &&
	        !r->info_ready && r->state != OVER)
		step(r, &c);
	while (r->state == OVER && cursor_left(&c) > 0 && is_filling((uint8_t)cursor_peek(&c, 0)))
		cursor_skip(&c, 1);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	count(r, out);
	if (r->info_ready) {
		text_out(r, out, false);
		info_out(r, out);
	}
	if (!r->ended && r->state == OVER) {
		at_end(r, in, out);
		if (cursor_left(&c) > 0)
			decode_stop(out, STREAM_COMPLETE);
		return STATUS_OK;
	}
	if (r->ended && cursor_left(&c) > 0)
		decode_stop(out, STREAM_COMPLETE);
	if (r->ended)
		return STATUS_OK;
	if (in->last && cursor_left(&c) == 0)
		at_end(r, in, out);
	else if (cursor_left(&c) == 0 || r->out_len + RTF_CHAR_BYTES > RTF_OUT_BYTES)
		text_out(r, out, false);
	return cursor_left(&c) > 0 ? STATUS_MORE : STATUS_OK;
}

const struct decoder decoder_rtf = {
        .name = "rtf",
        .clear = true,
        .state_bytes = sizeof(struct rtf),
        .probe = rtf_probe,
        .open = rtf_open,
        .feed = rtf_feed,
};
