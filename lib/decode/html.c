/* html: the text of web pages and of mails written as such.
 *
 * Source: WHATWG HTML Standard, section 13.2 (tokenisation), as far as text needs it. Tags of words
 * inside a line (b, span, a, …) part nothing; cells are parted by a tab, all others by a line's
 * end. Character references are undone. Scripts and styles are passed over, but JSON in a script is
 * text; so are comments, the values of input fields, titles of pictures, and addresses that hold
 * data. Read byte by byte, so that it may be cut anywhere; holds 4 KiB of text. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/charset.h"
#include "decode/decoder.h"

#define HTML_OUT_BYTES  4096
#define HTML_ROOM       16 /* put out for one byte of input, at most */
#define HTML_NAME_CHARS 15 /* of tags and attributes that matter */
#define HTML_REF_CHARS  10 /* "&thetasym;" is longer than any that is undone */

enum html_state {
	TEXT,
	TAG_OPEN, /* behind < */
	TAG_NAME,
	TAG,       /* between attributes */
	ATTRIBUTE, /* its name */
	EQUALS,    /* behind = */
	VALUE,
	DECLARATION, /* behind <! */
	COMMENT,
	RAW, /* of a script or style */
	REFERENCE,
};

struct html {
	bool begun, ended, text_open;
	bool single;         /* declared: one byte, one character */
	bool parted;         /* nothing has stood in this line or cell yet */
	bool closing;        /* the tag is an end tag */
	bool told;           /* the attribute's value is text */
	bool raw_shown;      /* the script is text */
	bool json;           /* the tag says that it holds JSON */
	uint8_t state, back; /* where a reference came from */
	uint8_t quote;
	uint8_t dashes; /* of a comment's end, or of its beginning */
	uint8_t name_len, ref_len, raw_matched, value_len;
	char name[HTML_NAME_CHARS + 1];
	char raw_end[HTML_NAME_CHARS + 1]; /* tag whose end ends the raw text */
	char tag[HTML_NAME_CHARS + 1];
	char ref[HTML_REF_CHARS + 1];
	char value[6]; /* its front: "data:" */
	size_t out_len;
	uint8_t out[HTML_OUT_BYTES];
};

/* ---- recognising ---- */

static bool is_letter(uint8_t byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' || byte == '\f';
}

static bool has_tag(struct span head)
{
	for (size_t i = 0; i + 1 < head.len; i++)
		if (head.data[i] == '<' && (is_letter(head.data[i + 1]) || head.data[i + 1] == '/'))
			return true;
	return false;
}

static enum probe_answer html_probe(const struct probe *p)
{
	static const char *const marks[] = {"<!doctype html", "<html", "<head>", "<body>"};
	struct span head = p->head;
	enum probe_answer answer = PROBE_NO;

	while (head.len > 0 && is_blank(head.data[0]))
		head = span_slice(head, 1, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		size_t same = span_common_nocase(head, marks[i]);

		if (marks[i][same] == '\0')
			return PROBE_YES;
		if (same == head.len)
			answer = PROBE_MORE;
	}
	if (answer == PROBE_NO && strcmp(p->env->content->type, "text/html") == 0 &&
	        head.data[0] != '{' && head.data[0] != '[' &&
	        memchr(head.data, 0, head.len) == NULL)
		answer = has_tag(head) ? PROBE_YES : PROBE_MORE;
	return answer == PROBE_MORE && p->end ? PROBE_NO : answer;
}

static int html_open(void *state, const struct decode_env *env)
{
	struct html *h = state;

	h->single = charset_is_single(env->content->charset);
	h->parted = true;
	return STATUS_OK;
}

/* ---- text ---- */

static void put(struct html *h, uint8_t byte)
{
	h->out[h->out_len++] = byte;
	h->parted = false;
}

static void put_code(struct html *h, uint32_t code)
{
	h->out_len += charset_put(h->out + h->out_len, code);
	h->parted = false;
}

static void put_text(struct html *h, uint8_t byte)
{
	if (byte >= 0x80 && h->single)
		put_code(h, charset_of_1252(byte));
	else
		put(h, is_blank(byte) ? ' ' : byte);
}

static void part(struct html *h, uint8_t by)
{
	if (h->parted)
		return;
	put(h, by);
	h->parted = true;
}

/* ---- character references ---- */

/* U+00A0 to U+00FF (HTML 4.01 section 24.2.1). */
static const char *const latin[] = {"nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar",
        "sect", "uml", "copy", "ordf", "laquo", "not", "shy", "reg", "macr", "deg", "plusmn",
        "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm", "raquo",
        "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml",
        "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
        "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times",
        "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave",
        "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute",
        "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute",
        "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml",
        "yacute", "thorn", "yuml"};

struct reference {
	const char *name;
	uint32_t code;
};

static const struct reference references[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'},
        {"apos", '\''}, {"ensp", ' '}, {"emsp", ' '}, {"thinsp", ' '}, {"ndash", 0x2013},
        {"mdash", 0x2014}, {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201c},
        {"rdquo", 0x201d}, {"hellip", 0x2026}, {"bull", 0x2022}, {"Tab", '\t'}, {"NewLine", '\n'},
        {"sol", '/'}, {"colon", ':'}, {"num", '#'}, {"zwnj", 0x200c}, {"zwj", 0x200d},
        {"minus", 0x2212}, {"hyphen", 0x2010}};

/* The number of `#50` or `#x32`; 0: it is none. */
static uint32_t number_of(const char *text)
{
	bool hex = (text[1] | 0x20) == 'x';
	uint32_t code = 0;

	for (const char *at = text + (hex ? 2 : 1); *at; at++) {
		uint8_t c = (uint8_t)(*at | 0x20);
		uint32_t digit = *at >= '0' && *at <= '9'      ? (uint32_t)(*at - '0')
		                 : hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
		                                               : 16;

		if (digit > 9 + (hex ? 6u : 0u) || code > 0x10ffff)
			return 0;
		code = code * (hex ? 16 : 10) + digit;
	}
	return code >= 0x80 && code < 0xa0 ? charset_of_1252((uint8_t)code) : code;
}

static uint32_t code_of(const char *name)
{
	if (name[0] == '#')
		return number_of(name);
	for (size_t i = 0; i < ARRAY_LEN(references); i++)
		if (strcmp(references[i].name, name) == 0)
			return references[i].code;
	for (size_t i = 0; i < ARRAY_LEN(latin); i++)
		if (strcmp(latin[i], name) == 0)
			return 0xa0 + (uint32_t)i;
	return 0;
}

/* The reference ends before or with this byte. False: the byte is not part of it. */
static bool reference_end(struct html *h, bool semicolon)
{
	uint32_t code;

	h->ref[h->ref_len] = '\0';
	h->state = h->back;
	code = h->ref_len > 0 ? code_of(h->ref) : 0;
	if (code > 0) {
		put_code(h, code);
		return semicolon;
	}
	put(h, '&');
	for (size_t i = 0; i < h->ref_len; i++)
		put(h, (uint8_t)h->ref[i]);
	return false;
}

static bool reference_byte(struct html *h, uint8_t byte)
{
	bool part_of_it = is_letter(byte) || (byte >= '0' && byte <= '9') ||
	                  (byte == '#' && h->ref_len == 0);

	if (!part_of_it || h->ref_len == HTML_REF_CHARS)
		return reference_end(h, byte == ';');
	h->ref[h->ref_len++] = (char)byte;
	return true;
}

static void reference_begin(struct html *h)
{
	h->back = h->state;
	h->state = REFERENCE;
	h->ref_len = 0;
}

/* ---- tags ---- */

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Words inside a line: `<b>2123</b> 45670 1` is one number. */
static bool is_inline(const char *tag)
{
	static const char *const names[] = {"b", "i", "u", "s", "em", "strong", "span", "font", "a",
	        "sub", "sup", "small", "big", "mark", "wbr", "o:p", "code", "tt", "strike", "abbr",
	        "del", "ins", "bdi", "bdo", "cite", "kbd", "samp", "var", "q", "st1:place"};

	return is_one_of(tag, names, ARRAY_LEN(names));
}

static void name_add(struct html *h, uint8_t byte)
{
	if (h->name_len < HTML_NAME_CHARS)
		h->name[h->name_len++] = (char)span_lower(byte);
	h->name[h->name_len] = '\0';
}

static void tag_name_end(struct html *h)
{
	memcpy(h->tag, h->name, sizeof(h->tag));
	h->state = TAG;
	h->json = false;
	if (!is_inline(h->tag))
		part(h, strcmp(h->tag, "td") == 0 || strcmp(h->tag, "th") == 0 ? '\t' : '\n');
}

static void tag_end(struct html *h)
{
	bool script = strcmp(h->tag, "script") == 0;

	h->state = TEXT;
	if (h->closing || (!script && strcmp(h->tag, "style") != 0))
		return;
	memcpy(h->raw_end, h->tag, sizeof(h->raw_end));
	h->raw_shown = script && h->json;
	h->raw_matched = 0;
	h->state = RAW;
}

static void value_begin(struct html *h, uint8_t quote)
{
	static const char *const shown[] = {"value", "alt", "title", "content", "label", "srcdoc"};

	h->quote = quote;
	h->state = VALUE;
	h->value_len = 0;
	h->told = is_one_of(h->name, shown, ARRAY_LEN(shown));
	if (h->told)
		part(h, '\n');
}

static void value_end(struct html *h)
{
	if (h->told)
		part(h, '\n');
	h->state = TAG;
}

/* What an address holds in itself is text too: the front is waited for. */
static void value_front(struct html *h, uint8_t byte)
{
	static const char data[] = "data:", json[] = "json";

	if (h->value_len < sizeof(data) - 1) {
		h->value[h->value_len++] = (char)span_lower(byte);
		if (h->value_len == sizeof(data) - 1 &&
		        memcmp(h->value, data, sizeof(data) - 1) == 0) {
			part(h, '\n');
			h->told = true;
		}
	}
	/* The type of a script: "application/json", "application/ld+json". */
	if (strcmp(h->name, "type") == 0)
		h->raw_matched = span_lower(byte) == (uint8_t)json[h->raw_matched]
		                         ? (uint8_t)(h->raw_matched + 1)
		                         : span_lower(byte) == 'j';
	if (h->raw_matched == sizeof(json) - 1) {
		h->json = true;
		h->raw_matched = 0;
	}
}

static void value_byte(struct html *h, uint8_t byte)
{
	if (h->quote ? byte == h->quote : is_blank(byte) || byte == '>') {
		value_end(h);
		if (byte == '>')
			tag_end(h);
		return;
	}
	if (h->told && byte == '&')
		reference_begin(h);
	else if (h->told)
		put_text(h, byte);
	else
		value_front(h, byte);
}

static void tag_byte(struct html *h, uint8_t byte)
{
	if (byte == '>') {
		tag_end(h);
	} else if (h->state == ATTRIBUTE && byte == '=') {
		h->state = EQUALS;
	} else if (is_blank(byte) || byte == '/') {
		if (h->state != ATTRIBUTE || byte == '/')
			h->state = TAG;
	} else {
		if (h->state == TAG)
			h->name_len = 0;
		h->state = ATTRIBUTE;
		name_add(h, byte);
	}
}

static void equals_byte(struct html *h, uint8_t byte)
{
	if (byte == '"' || byte == '\'') {
		h->raw_matched = 0;
		value_begin(h, byte);
	} else if (byte == '>') {
		tag_end(h);
	} else if (!is_blank(byte)) {
		h->raw_matched = 0;
		value_begin(h, 0);
		value_byte(h, byte);
	}
}

/* False: the byte is text of its own. */
static bool tag_open_byte(struct html *h, uint8_t byte)
{
	if (byte == '/' && !h->closing) {
		h->closing = true;
		return true;
	}
	if (byte == '!' || byte == '?') {
		h->state = DECLARATION;
		h->dashes = 0;
		return true;
	}
	if (is_letter(byte)) {
		h->state = TAG_NAME;
		h->name_len = 0;
		name_add(h, byte);
		return true;
	}
	put(h, '<');
	if (h->closing)
		put(h, '/');
	h->state = TEXT;
	return false;
}

static void tag_name_byte(struct html *h, uint8_t byte)
{
	if (!is_blank(byte) && byte != '/' && byte != '>') {
		name_add(h, byte);
		return;
	}
	tag_name_end(h);
	if (byte == '>')
		tag_end(h);
}

/* ---- what is no tag ---- */

static void declaration_byte(struct html *h, uint8_t byte)
{
	h->dashes = byte == '-' ? (uint8_t)(h->dashes + 1) : 0xff;
	if (byte == '>')
		h->state = TEXT;
	else if (h->dashes == 2)
		h->state = COMMENT;
	else if (h->dashes == 0xff)
		h->dashes = 3; /* no comment: up to > */
	if (h->state == COMMENT)
		h->dashes = 0;
}

/* An empty comment parts nothing: some programs put it between two pieces of one text. */
static void comment_byte(struct html *h, uint8_t byte)
{
	if (byte == '>' && h->dashes >= 2) {
		h->state = TEXT;
		return;
	}
	if (byte == '-') {
		h->dashes = h->dashes < 2 ? (uint8_t)(h->dashes + 1) : 2;
		return;
	}
	if (h->dashes > 0 && !is_blank(byte))
		put(h, '-');
	h->dashes = 0;
	if (!is_blank(byte) || !h->parted)
		put_text(h, byte);
}

static void raw_byte(struct html *h, uint8_t byte)
{
	uint8_t wanted = h->raw_matched == 0   ? '<'
	                 : h->raw_matched == 1 ? '/'
	                                       : (uint8_t)h->raw_end[h->raw_matched - 2];

	if (h->raw_shown)
		put_text(h, byte);
	if (span_lower(byte) != wanted) {
		h->raw_matched = byte == '<';
		return;
	}
	h->raw_matched++;
	if (h->raw_matched < 3 || h->raw_end[h->raw_matched - 2] != '\0')
		return;
	h->closing = true;
	memcpy(h->tag, h->raw_end, sizeof(h->tag));
	h->state = TAG;
	part(h, '\n');
}

/* One byte; false: it is to be looked at again. */
static bool step(struct html *h, uint8_t byte)
{
	switch ((enum html_state)h->state) {
	case TEXT:
		if (byte == '<') {
			h->state = TAG_OPEN;
			h->closing = false;
		} else if (byte == '&') {
			reference_begin(h);
		} else if (!is_blank(byte) || !h->parted) {
			put_text(h, byte);
		}
		return true;
	case TAG_OPEN:
		return tag_open_byte(h, byte);
	case TAG_NAME:
		tag_name_byte(h, byte);
		return true;
	case TAG:
	case ATTRIBUTE:
		tag_byte(h, byte);
		return true;
	case EQUALS:
		equals_byte(h, byte);
		return true;
	case VALUE:
		value_byte(h, byte);
		return true;
	case DECLARATION:
		declaration_byte(h, byte);
		return true;
	case COMMENT:
		comment_byte(h, byte);
		return true;
	case RAW:
		raw_byte(h, byte);
		return true;
	case REFERENCE:
		return reference_byte(h, byte);
	}
	return true;
}

/* ---- going out ---- */

static void text_out(struct html *h, struct decode_out *out, bool last)
{
	struct field field = {.kind = FIELD_TEXT,
	        .bytes = span_of(h->out, h->out_len),
	        .first = !h->text_open,
	        .last = last};

	if (h->out_len == 0 && !(last && h->text_open))
		return;
	decode_field(out, &field, "");
	h->text_open = !last;
	h->out_len = 0; /* the bytes stay until the next call */
}

static void at_end(struct html *h, struct decode_out *out)
{
	if (h->ended)
		return;
	h->ended = true;
	if (h->state == REFERENCE)
		(void)reference_end(h, false);
	text_out(h, out, true);
	decode_end(out);
}

static int html_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct html *h = state;
	struct cursor c = cursor_open(in->bytes);

	if (!h->begun)
		decode_begin(out, CARRIER_TEXT, span_of_text("html"), "");
	h->begun = true;
	while (cursor_left(&c) > 0 && h->out_len + HTML_ROOM <= HTML_OUT_BYTES)
		if (step(h, (uint8_t)cursor_peek(&c, 0)))
			cursor_skip(&c, 1);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (in->last && cursor_left(&c) == 0)
		at_end(h, out);
	else
		text_out(h, out, false);
	return cursor_left(&c) > 0 ? STATUS_MORE : STATUS_OK;
}

/* What is before a gap and what follows are two texts; the tag that is cut is lost. */
static int html_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct html *h = state;

	(void)missing_bytes;
	decode_unread(out, before.len, STREAM_GAP);
	text_out(h, out, true);
	if (h->state != RAW)
		h->state = TEXT;
	h->parted = true;
	return STATUS_OK;
}

const struct decoder decoder_html = {
        .name = "html",
        .clear = true,
        .state_bytes = sizeof(struct html),
        .probe = html_probe,
        .open = html_open,
        .feed = html_feed,
        .gap = html_gap,
};
