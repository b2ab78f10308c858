#include "decode/base64_finder.h"

#include <string.h>

#include "decode/opener.h"

/* OUTSIDE of any run; COLLECTING digits that may be proven; PASSING over a run without a beginning;
 * READING the digits of a text that was opened, or BETWEEN two lines of it. */
enum finder_state { OUTSIDE, COLLECTING, PASSING, READING, BETWEEN };

#define RAW_MAX 0x7fff /* run bytes are counted up to here */

/* What an escape came to; below 0x100 it is that byte. */
enum { ESCAPE_MORE = 0x100, ESCAPE_NONE };

/* Digits, and the two bytes that begin escapes inside runs: what a run is made of. One bit for each
 * byte of ASCII, because every text is asked. */
static bool is_raw(uint8_t byte)
{
	static const uint64_t raw[4] = {0x03ffa82000000000, 0x07fffffe97fffffe};

	return raw[byte >> 6] >> (byte & 63) & 1;
}

static bool is_break(uint8_t byte)
{
	return byte == '\r' || byte == '\n';
}

static bool is_special(uint8_t byte)
{
	return byte == '-' || byte == '_' || byte == '/' || byte == '+';
}

bool base64_finder_is_open(const struct base64_finder *f)
{
	return f->state == READING || f->state == BETWEEN;
}

static void begin_run(struct base64_finder *f)
{
	f->state = COLLECTING;
	f->count = 0;
	f->starts = 0;
	f->start = true;
	f->raw = 0;
	f->looked = 0;
	f->escape_count = 0;
}

/* ---- ordinary text ---- */

/* Where the first run begins that is BASE64_LINE_MIN long, or that the input cuts; the length when
 * there is none. Of a run so long, one byte in BASE64_LINE_MIN is enough to see that it is
 * there. */
static size_t find_run(struct span s)
{
	size_t from = 0, look = BASE64_LINE_MIN - 1, at;

	while (look < s.len) {
		at = look + 1;
		while (at > from && is_raw(s.data[at - 1]))
			at--;
		if (at == from)
			return at;
		from = at;
		look = at + BASE64_LINE_MIN - 1;
	}
	at = s.len;
	while (at > from && is_raw(s.data[at - 1]))
		at--;
	return at;
}

/* ---- escapes ---- */

static int hex_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static int escape_hex(struct span digits, unsigned base)
{
	unsigned value = 0;

	for (size_t i = 0; i < digits.len; i++) {
		int digit = hex_digit(digits.data[i]);

		if (digit < 0 || (unsigned)digit >= base)
			return ESCAPE_NONE;
		value = value * base + (unsigned)digit;
	}
	return value < 0x80 && digits.len > 0 ? (int)value : ESCAPE_NONE;
}

/* \n \/ \u002b as JSON writes them; a backslash may itself be escaped. */
static int escape_backslash(struct base64_finder *f)
{
	struct span text = span_of(f->escape, f->escape_count);

	switch (text.data[1]) {
	case '\\':
		f->escape_count = 1;
		return ESCAPE_MORE;
	case 'n':
	case 'r':
	case 't':
		return '\n';
	case '/':
		return '/';
	case 'u':
		return text.len < 6 ? ESCAPE_MORE : escape_hex(span_slice(text, 2, 4), 16);
	default:
		return ESCAPE_NONE;
	}
}

/* &#13; &#xD; */
static int escape_entity(const struct base64_finder *f)
{
	struct span text = span_of(f->escape, f->escape_count);
	bool hex = text.len > 2 && (text.data[2] | 0x20) == 'x';
	struct span digits = span_slice(text, hex ? 3 : 2, SIZE_MAX);

	if (text.data[1] != '#')
		return ESCAPE_NONE;
	if (text.data[text.len - 1] != ';')
		return text.len < BASE64_ESCAPE_CHARS ? ESCAPE_MORE : ESCAPE_NONE;
	digits.len -= digits.len > 0;
	return escape_hex(digits, hex ? 16 : 10);
}

static int escape_byte(struct base64_finder *f, uint8_t byte)
{
	f->escape[f->escape_count++] = byte;
	if (f->escape_count == 1)
		return ESCAPE_MORE;
	if (f->escape[0] == '\\')
		return escape_backslash(f);
	if (f->escape[0] == '&')
		return escape_entity(f);
	if (f->escape_count < 3)
		return ESCAPE_MORE;
	return escape_hex(span_of(f->escape + 1, 2), 16);
}

/* ---- collecting ---- */

/* A text cannot begin at the first digit: the next place where one can moves to the front. */
static void move_on(struct base64_finder *f)
{
	uint64_t rest = f->starts & ~(uint64_t)1;
	unsigned drop = rest ? (unsigned)__builtin_ctzll(rest) : f->count;

	f->looked = (uint16_t)(f->looked + drop);
	f->count = (uint8_t)(f->count - drop);
	memmove(f->digits, f->digits + drop, f->count);
	f->starts = drop < 64 ? f->starts >> drop : 0;
	if (f->looked >= BASE64_LOOK_BYTES)
		f->state = PASSING;
}

static bool is_proven(const struct base64_finder *f)
{
	uint8_t front[OPENER_BYTES];
	struct transfer_reader reader;
	struct cursor in = cursor_open(span_of(f->digits, f->count));

	transfer_reader_init(&reader, TRANSFER_BASE64);
	return opener_known(
	        span_of(front, transfer_reader_read(&reader, &in, front, sizeof(front))));
}

/* True when what is collected is the beginning of a text. */
static bool collect_digit(struct base64_finder *f, uint8_t byte)
{
	if (f->count > 0 || f->start) {
		if (f->start)
			f->starts |= (uint64_t)1 << f->count;
		f->digits[f->count++] = byte;
	}
	f->start = is_special(byte);
	if (f->count < BASE64_RUN_BYTES)
		return false;
	if (is_proven(f)) {
		f->state = READING;
		f->proven_waits = true;
		f->direct = true;
		f->ending = false;
		transfer_reader_init(&f->reader, TRANSFER_BASE64);
		return true;
	}
	move_on(f);
	return false;
}

static void drop_digits(struct base64_finder *f)
{
	f->count = 0;
	f->starts = 0;
	f->start = true;
}

/* A character of a run, or what an escape in it stands for. */
static bool collect_char(struct base64_finder *f, int c)
{
	if (c < 0x80 && base64_digit((uint8_t)c) >= 0)
		return collect_digit(f, (uint8_t)c);
	if (c < 0x80 && is_break((uint8_t)c) && f->count > 0)
		f->start = true; /* of another line, perhaps of another text */
	else
		drop_digits(f);
	return false;
}

/* A byte that is no part of a run: between lines of a base64 text, or the run's end. */
static void collect_other(struct base64_finder *f, uint8_t byte)
{
	bool line = f->raw >= BASE64_LINE_MIN;

	if (f->raw == 0 && f->count > 0 && (is_break(byte) || byte == ' ' || byte == '\t'))
		return; /* line ends, and what indents the next line */
	if (!line || !is_break(byte)) {
		f->state = OUTSIDE;
		return;
	}
	f->raw = 0;
	f->start = true;
	if (f->count == 0)
		f->state = OUTSIDE;
}

/* The escape was none, as its last byte shows, which may begin a text. */
static bool collect_behind(struct base64_finder *f, uint8_t byte)
{
	bool entity = f->escape[0] == '&';

	f->escape_count = 0;
	drop_digits(f);
	if (entity) /* no part of a run */
		f->raw = 1;
	if (!is_raw(byte))
		f->state = OUTSIDE;
	return base64_digit(byte) >= 0 && collect_digit(f, byte);
}

static bool collect_byte(struct base64_finder *f, uint8_t byte)
{
	int c;

	if (f->escape_count == 0 && byte == '&' && f->raw < BASE64_LINE_MIN) {
		f->state = OUTSIDE;
		return false;
	}
	if (f->escape_count == 0 && byte != '&' && !is_raw(byte)) {
		collect_other(f, byte);
		return false;
	}
	if (f->raw < RAW_MAX)
		f->raw++;
	if (f->escape_count == 0 && byte != '&' && base64_digit(byte) >= 0)
		return collect_digit(f, byte);
	if (f->escape_count > 0 && !is_raw(byte) && f->escape[0] != '&') {
		f->escape_count = 0; /* half an escape at the end of the run */
		drop_digits(f);
		collect_other(f, byte);
		return false;
	}
	c = escape_byte(f, byte);
	if (c == ESCAPE_MORE)
		return false;
	if (c != ESCAPE_NONE) {
		f->escape_count = 0;
		return collect_char(f, c);
	}
	return collect_behind(f, byte);
}

static void pass_byte(struct base64_finder *f, uint8_t byte)
{
	if (!is_raw(byte))
		f->state = OUTSIDE;
}

/* ---- reading ---- */

/* Whether a line of fewer than BASE64_LINE_MIN digits, ended by that, is the last of the text:
 * groups are of four, padded or not. */
static bool last_line(const struct base64_finder *f, int end)
{
	if (f->count == 0)
		return false;
	if (end == '=')
		return true;
	if (f->count % 4 != 0)
		return false;
	return end < 0 || is_break((uint8_t)end) || end == '"' || end == '\'' || end == '<' ||
	       end == ')' || end == ',' || end == '\\' || end == '&';
}

/* The text ends before c (-1: with the input). */
static void end_text(struct base64_finder *f, int c)
{
	if (f->state == BETWEEN && !last_line(f, c))
		f->count = 0;
	f->ending = true;
}

/* A character that is not taken as one of many. */
static void read_char(struct base64_finder *f, int c)
{
	if (c < 0x80 && base64_digit((uint8_t)c) >= 0) {
		f->digits[f->count++] = (uint8_t)c;
		if (f->state == READING || f->count == BASE64_LINE_MIN)
			f->direct = true;
		return;
	}
	if (c < 0x80 && is_break((uint8_t)c) && (f->state == READING || f->count == 0)) {
		f->state = BETWEEN;
		f->direct = false;
		return;
	}
	if (f->state == BETWEEN && f->count == 0 && (c == ' ' || c == '\t'))
		return;
	end_text(f, c);
}

static void read_byte(struct base64_finder *f, uint8_t byte)
{
	int c;

	if (f->escape_count == 0 && byte != '\\' && byte != '%' && byte != '&') {
		read_char(f, byte);
		return;
	}
	c = escape_byte(f, byte);
	if (c == ESCAPE_MORE)
		return;
	if (c == ESCAPE_NONE)
		end_text(f, f->escape[0]);
	else
		read_char(f, c);
	f->escape_count = 0;
}

/* What has been collected goes out. */
static void give_digits(struct base64_finder *f, struct base64_room *room)
{
	struct cursor digits = cursor_open(span_of(f->digits, f->count));

	room->len = transfer_reader_read(&f->reader, &digits, room->bytes, room->size);
	if (f->direct && f->state == BETWEEN)
		f->state = READING;
	f->count = 0;
	f->proven_waits = false;
}

/* The digits at the front of the input, as many as there is room for. */
static void give_run(struct base64_finder *f, struct cursor *in, struct base64_room *room)
{
	struct span rest = span_of(in->at, in->left);
	size_t len = 0;
	struct cursor digits;

	while (len < rest.len && base64_digit(rest.data[len]) >= 0)
		len++;
	digits = cursor_open(span_slice(rest, 0, len));
	room->len = transfer_reader_read(&f->reader, &digits, room->bytes, room->size);
	cursor_skip(in, len - cursor_left(&digits));
}

static enum base64_find close_text(struct base64_finder *f)
{
	f->state = OUTSIDE;
	f->ending = false;
	f->escape_count = 0;
	return BASE64_CLOSE;
}

static enum base64_find read_step(
        struct base64_finder *f, struct cursor *in, bool last, struct base64_room *room)
{
	while (room->len == 0) {
		if (f->count > 0 && (f->direct || f->ending || f->proven_waits))
			give_digits(f, room);
		else if (f->ending)
			return close_text(f);
		else if (cursor_left(in) == 0 && !last)
			return BASE64_NOTHING;
		else if (cursor_left(in) == 0)
			end_text(f, -1);
		else if (f->state == READING && f->escape_count == 0 && base64_digit(*in->at) >= 0)
			give_run(f, in, room);
		else
			read_byte(f, cursor_u8(in));
	}
	return BASE64_DATA;
}

enum base64_find base64_finder_step(
        struct base64_finder *f, struct cursor *in, bool last, struct base64_room *room)
{
	room->len = 0;
	if (base64_finder_is_open(f))
		return read_step(f, in, last, room);
	while (cursor_left(in) > 0) {
		if (f->state == OUTSIDE) {
			cursor_skip(in, find_run(span_of(in->at, in->left)));
			if (cursor_left(in) > 0)
				begin_run(f);
			continue;
		}
		if (f->state == PASSING)
			pass_byte(f, cursor_u8(in));
		else if (collect_byte(f, cursor_u8(in)))
			return BASE64_OPEN;
	}
	if (last) {
		f->state = OUTSIDE;
		f->escape_count = 0;
	}
	return BASE64_NOTHING;
}
