#include "decode/hl7_lexer.h"

#include <string.h>

#include "base/status.h"

#define ENCODING_CHARS_MAX 5 /* component, repetition, escape, subcomponent, truncation (v2.7) */
#define VERTICAL_TAB       0x0b
#define FILE_SEPARATOR     0x1c

enum lexer_state { LINE_START, ENCODING, TEXT, ESCAPE, SKIP_LINE };

static const uint8_t new_line = '\n';

void hl7_lexer_init(struct hl7_lexer *l)
{
	*l = (struct hl7_lexer){.state = LINE_START};
}

static bool is_line_end(uint8_t byte)
{
	return byte == '\r' || byte == '\n' || byte == VERTICAL_TAB || byte == FILE_SEPARATOR;
}

static bool is_punctuation(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f && !(byte >= '0' && byte <= '9') &&
	       !((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

static bool is_segment_name(const uint8_t *name)
{
	for (int i = 0; i < 3; i++) {
		bool digit = name[i] >= '0' && name[i] <= '9';

		if (!(name[i] >= 'A' && name[i] <= 'Z') && !(digit && i > 0))
			return false;
	}
	return true;
}

static bool is_header_name(const uint8_t *name)
{
	return memcmp(name, "MSH", 3) == 0 || memcmp(name, "FHS", 3) == 0 ||
	       memcmp(name, "BHS", 3) == 0;
}

static bool is_delimiter(const struct hl7_lexer *l, uint8_t byte)
{
	return byte == l->field || (l->component && byte == l->component) ||
	       (l->repetition && byte == l->repetition) ||
	       (l->subcomponent && byte == l->subcomponent);
}

static void push(struct hl7_lexer *l, struct hl7_token token)
{
	if (l->queue_count < HL7_QUEUE_TOKENS)
		l->queue[l->queue_count++] = token;
}

static bool pop(struct hl7_lexer *l, struct hl7_token *ret)
{
	if (l->queue_at == l->queue_count)
		return false;
	*ret = l->queue[l->queue_at++];
	if (l->queue_at == l->queue_count)
		l->queue_at = l->queue_count = 0;
	return true;
}

static void push_kind(struct hl7_lexer *l, enum hl7_token_kind kind)
{
	push(l, (struct hl7_token){.kind = kind});
}

static void push_text(struct hl7_lexer *l, const void *bytes, size_t len)
{
	if (len > 0)
		push(l, (struct hl7_token){.kind = HL7_TEXT, .text = span_of(bytes, len)});
}

static void push_segment(struct hl7_lexer *l, bool header)
{
	struct hl7_token token = {.kind = HL7_SEGMENT, .header = header};

	if (l->segment_open)
		push_kind(l, HL7_SEGMENT_END);
	memcpy(token.name, l->head, 3);
	push(l, token);
	l->segment_open = true;
	l->head_count = 0;
}

/* The line is no segment: it continues the open one, or says nothing to us. */
static void reject_head(struct hl7_lexer *l)
{
	if (l->segment_open) {
		push_text(l, &new_line, 1);
		memcpy(l->replay, l->head, l->head_count);
		l->replay_count = l->head_count;
		l->replay_at = 0;
		l->state = TEXT;
	} else {
		l->junk_bytes += l->head_count;
		l->state = SKIP_LINE;
	}
	l->head_count = 0;
}

static void take_delimiters(struct hl7_lexer *l)
{
	size_t count = l->head_count > 4u ? l->head_count - 4u : 0;

	l->field = l->head[3];
	l->component = count > 0 ? l->head[4] : 0;
	l->repetition = count > 1 ? l->head[5] : 0;
	l->escape = count > 2 ? l->head[6] : 0;
	l->subcomponent = count > 3 ? l->head[7] : 0;
	l->delimiters_known = true;
	push_segment(l, true);
}

static void line_start_byte(struct hl7_lexer *l, struct cursor *from)
{
	uint8_t byte = (uint8_t)cursor_peek(from, 0);

	if (is_line_end(byte)) {
		if (l->head_count > 0) {
			reject_head(l);
			return;
		}
		cursor_skip(from, 1);
		return;
	}
	cursor_skip(from, 1);
	l->head[l->head_count++] = byte;
	if (l->head_count < 4)
		return;
	if (is_header_name(l->head) && is_punctuation(byte)) {
		l->state = ENCODING;
	} else if (l->delimiters_known && byte == l->field && is_segment_name(l->head)) {
		push_segment(l, false);
		push_kind(l, HL7_FIELD);
		l->state = TEXT;
	} else {
		reject_head(l);
	}
}

static void encoding_byte(struct hl7_lexer *l, struct cursor *from)
{
	uint8_t byte = (uint8_t)cursor_peek(from, 0);
	bool ends = byte == l->head[3] || is_line_end(byte);

	if (!ends && is_punctuation(byte) && l->head_count < 4 + ENCODING_CHARS_MAX) {
		cursor_skip(from, 1);
		l->head[l->head_count++] = byte;
		return;
	}
	if (!ends || l->head_count == 4) {
		reject_head(l);
		return;
	}
	cursor_skip(from, 1);
	take_delimiters(l);
	l->state = is_line_end(byte) ? LINE_START : TEXT;
	if (l->state == TEXT)
		push_kind(l, HL7_FIELD);
}

/* The longest run of plain text, as it stands; or the one delimiter before it. */
static void text_byte(struct hl7_lexer *l, struct cursor *from)
{
	struct span rest = cursor_rest(&(struct cursor){.at = from->at, .left = from->left});
	size_t count = 0;
	uint8_t byte;

	while (count < rest.len && !is_line_end(rest.data[count]) &&
	        !is_delimiter(l, rest.data[count]) && !(l->escape && rest.data[count] == l->escape))
		count++;
	if (count > 0) {
		struct span text = cursor_span(from, count);

		push_text(l, text.data, text.len);
		return;
	}
	byte = cursor_u8(from);
	if (is_line_end(byte)) {
		l->state = LINE_START;
	} else if (byte == l->field) {
		push_kind(l, HL7_FIELD);
	} else if (byte == l->component) {
		push_kind(l, HL7_COMPONENT);
	} else if (byte == l->repetition) {
		push_kind(l, HL7_REPETITION);
	} else if (byte == l->escape) {
		l->held[0] = byte;
		l->held_count = 1;
		l->state = ESCAPE;
	} else {
		push_kind(l, HL7_SUBCOMPONENT);
	}
}

static int hex_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* \Xhhhh…\ : the bytes themselves. SIZE_MAX when it is no even run of hexadecimal digits. */
static size_t decode_hex(struct hl7_lexer *l, struct span digits)
{
	size_t count = 0;

	for (size_t i = 0; i + 1 < digits.len; i += 2) {
		int high = hex_digit(digits.data[i]);
		int low = hex_digit(digits.data[i + 1]);

		if (high < 0 || low < 0)
			return SIZE_MAX;
		l->decoded[count++] = (uint8_t)(high << 4 | low);
	}
	return digits.len % 2 == 0 ? count : SIZE_MAX;
}

/* \F\ \S\ \T\ \R\ \E\ \P\ stand for a character, \H\ and \N\ switch highlighting. */
static size_t decode_letter(struct hl7_lexer *l, uint8_t letter)
{
	static const char letters[] = "FSTREP";
	const uint8_t meant[] = {
	        l->field, l->component, l->subcomponent, l->repetition, l->escape, '#'};
	const char *found = letter ? strchr(letters, letter) : NULL;

	if (letter == 'H' || letter == 'N')
		return 0;
	if (!found)
		return SIZE_MAX;
	l->decoded[0] = meant[found - letters];
	return l->decoded[0] ? 1 : 0;
}

/* Formatting commands of FT fields (section 2.10.6): all but a few break or space the text. */
static size_t decode_format(struct hl7_lexer *l, struct span command)
{
	static const char *const breaks[] = {".br", ".sp", ".ce", ".sk"};
	static const char *const silent[] = {".in", ".ti", ".fi", ".nf"};

	for (size_t i = 0; i < ARRAY_LEN(breaks); i++)
		if (span_equal_nocase(span_slice(command, 0, 3), breaks[i])) {
			l->decoded[0] = i == 3 ? ' ' : '\n';
			return 1;
		}
	for (size_t i = 0; i < ARRAY_LEN(silent); i++)
		if (span_equal_nocase(span_slice(command, 0, 3), silent[i]))
			return 0;
	return SIZE_MAX;
}

/* How many bytes of l->decoded the held sequence stands for; SIZE_MAX when it is no known one. */
static size_t decode_escape(struct hl7_lexer *l)
{
	struct span inner = span_slice(span_of(l->held, l->held_count), 1, SIZE_MAX);

	if (inner.len == 0) { /* a doubled escape character: the sender meant one */
		l->decoded[0] = l->escape;
		return 1;
	}
	if (inner.len == 1)
		return decode_letter(l, inner.data[0]);
	if (inner.data[0] == 'X' || inner.data[0] == 'x')
		return decode_hex(l, span_slice(inner, 1, SIZE_MAX));
	if (inner.data[0] == '.')
		return decode_format(l, inner);
	/* A switch of character set says nothing by itself. */
	if ((inner.data[0] == 'C' || inner.data[0] == 'M') &&
	        decode_hex(l, span_slice(inner, 1, SIZE_MAX)) != SIZE_MAX)
		return 0;
	return SIZE_MAX;
}

static void give_held(struct hl7_lexer *l)
{
	memcpy(l->decoded, l->held, l->held_count);
	push_text(l, l->decoded, l->held_count);
	l->held_count = 0;
}

static void escape_byte(struct hl7_lexer *l, struct cursor *from)
{
	uint8_t byte = (uint8_t)cursor_peek(from, 0);
	size_t count;

	if (byte == l->escape) {
		cursor_skip(from, 1);
		count = decode_escape(l);
		if (count == SIZE_MAX) { /* text with a stray escape character: this one may open */
			give_held(l);
			l->held[l->held_count++] = byte;
			return;
		}
		push_text(l, l->decoded, count);
		l->held_count = 0;
		l->state = TEXT;
		return;
	}
	if (is_line_end(byte) || is_delimiter(l, byte) || l->held_count == sizeof(l->held)) {
		give_held(l);
		l->state = TEXT;
		return;
	}
	cursor_skip(from, 1);
	l->held[l->held_count++] = byte;
}

static void skip_line_byte(struct hl7_lexer *l, struct cursor *from)
{
	while (cursor_left(from) > 0) {
		if (is_line_end((uint8_t)cursor_peek(from, 0))) {
			l->state = LINE_START;
			return;
		}
		cursor_skip(from, 1);
		l->junk_bytes++;
	}
}

static void step(struct hl7_lexer *l, struct cursor *from)
{
	switch ((enum lexer_state)l->state) {
	case LINE_START:
		line_start_byte(l, from);
		break;
	case ENCODING:
		encoding_byte(l, from);
		break;
	case TEXT:
		text_byte(l, from);
		break;
	case ESCAPE:
		escape_byte(l, from);
		break;
	case SKIP_LINE:
		skip_line_byte(l, from);
		break;
	}
}

int hl7_lexer_next(struct hl7_lexer *l, struct cursor *in, struct hl7_token *ret)
{
	while (!pop(l, ret)) {
		if (l->replay_at < l->replay_count) {
			struct cursor from = cursor_open_bytes(
			        l->replay + l->replay_at, (size_t)(l->replay_count - l->replay_at));

			step(l, &from);
			l->replay_at = (uint8_t)(l->replay_count - cursor_left(&from));
			continue;
		}
		if (cursor_left(in) == 0)
			return STATUS_OK;
		step(l, in);
	}
	return STATUS_ITEM;
}

/* Gives out one of the things that are held back; false when there is none. */
static bool finish_step(struct hl7_lexer *l)
{
	if (l->state == ENCODING && l->head_count > 4) { /* a header of nothing but delimiters */
		take_delimiters(l);
		l->state = LINE_START;
	} else if (l->head_count > 0) {
		reject_head(l);
	} else if (l->held_count > 0) {
		give_held(l);
		l->state = TEXT;
	} else if (l->segment_open) {
		push_kind(l, HL7_SEGMENT_END);
		l->segment_open = false;
	} else {
		return false;
	}
	return true;
}

int hl7_lexer_finish(struct hl7_lexer *l, struct hl7_token *ret)
{
	struct cursor none = cursor_open_bytes(NULL, 0);
	uint64_t junk_bytes;
	int status;

	do {
		status = hl7_lexer_next(l, &none, ret);
		if (status != STATUS_OK)
			return status;
	} while (finish_step(l));
	junk_bytes = l->junk_bytes;
	hl7_lexer_init(l);
	l->junk_bytes = junk_bytes;
	return STATUS_OK;
}

void hl7_lexer_gap(struct hl7_lexer *l)
{
	l->junk_bytes += (uint64_t)l->head_count + l->held_count + l->replay_count - l->replay_at;
	l->head_count = 0;
	l->held_count = 0;
	l->replay_at = l->replay_count = 0;
	l->queue_at = l->queue_count = 0;
	l->state = SKIP_LINE;
}

int hl7_header_probe(struct span text)
{
	size_t at = 4;

	if (text.len >= 3 && !is_header_name(text.data))
		return STATUS_MALFORMED;
	if (text.len >= 1 && text.data[0] != 'M' && text.data[0] != 'F' && text.data[0] != 'B')
		return STATUS_MALFORMED;
	if (text.len < 5)
		return STATUS_MORE;
	if (!is_punctuation(text.data[3]))
		return STATUS_MALFORMED;
	while (at < text.len && at < 4 + ENCODING_CHARS_MAX && text.data[at] != text.data[3] &&
	        is_punctuation(text.data[at]))
		at++;
	if (at == text.len)
		return STATUS_MORE;
	if (at == 4)
		return STATUS_MALFORMED;
	return text.data[at] == text.data[3] || is_line_end(text.data[at]) ? STATUS_OK
	                                                                   : STATUS_MALFORMED;
}
