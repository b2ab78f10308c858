/* json_seek: what stands where no JSON text is open: before the first, between two, and behind one
 * that broke off. Whatever it is, it is read: identifiers stand in broken documents too.
 *
 * It is looked at in windows, so that what is decided does not depend on how the input was cut. A
 * window is running text up to where a JSON text may begin; when it holds what no text holds, all
 * that follows becomes a child stream, whose decoder the session picks. */
#include <string.h>

#include "base/status.h"
#include "decode/json_state.h"

#define WINDOW_BYTES      DECODE_PROBE_BYTES_MAX /* as much as any decoder gets to decide */
#define SEPARATOR_BYTES   16 /* a frame's length, RS (RFC 7464), "\0": passed over between texts */
#define CONTROL_SHARE     64 /* one control character in so many bytes is still text */
#define NAME_CHARS_MAX    64 /* of a function in JSONP */
#define ELEMENT_BYTES_MAX 32 /* of a number that begins an array */
#define TEXTS_MAX         65536 /* in one stream: a parser is made for each; then it is all text */

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\r' || b == '\n';
}

static struct span skip_blanks(struct span text)
{
	while (text.len > 0 && is_blank(text.data[0]))
		text = span_slice(text, 1, SIZE_MAX);
	return text;
}

static size_t digits_of(struct span text)
{
	size_t len = 0;

	while (len < text.len && text.data[len] >= '0' && text.data[len] <= '9')
		len++;
	return len;
}

/* RFC 8259 section 6. */
static bool is_number(struct span text)
{
	size_t digits;

	if (text.len > 0 && text.data[0] == '-')
		text = span_slice(text, 1, SIZE_MAX);
	digits = digits_of(text);
	if (digits == 0 || (digits > 1 && text.data[0] == '0'))
		return false;
	text = span_slice(text, digits, SIZE_MAX);
	if (text.len > 1 && text.data[0] == '.') {
		digits = digits_of(span_slice(text, 1, SIZE_MAX));
		if (digits == 0)
			return false;
		text = span_slice(text, 1 + digits, SIZE_MAX);
	}
	if (text.len > 1 && (text.data[0] == 'e' || text.data[0] == 'E')) {
		size_t sign = text.data[1] == '+' || text.data[1] == '-';

		digits = digits_of(span_slice(text, 1 + sign, SIZE_MAX));
		text = span_slice(text, digits > 0 ? 1 + sign + digits : 0, SIZE_MAX);
	}
	return text.len == 0;
}

/* The first element of an array, when it is a word or a number. Log lines begin with "[2026-…" and
 * turns of a conversation with "[00:16]", which are no JSON. */
static enum probe_answer element_begins(struct span head, bool end)
{
	size_t len = 0;

	while (len < head.len && len <= ELEMENT_BYTES_MAX && !is_blank(head.data[len]) &&
	        head.data[len] != ',' && head.data[len] != ']')
		len++;
	if (len > ELEMENT_BYTES_MAX)
		return PROBE_NO;
	if (len == head.len)
		return end ? PROBE_NO : PROBE_MORE;
	head = span_slice(head, 0, len);
	return span_equal_text(head, "true") || span_equal_text(head, "false") ||
	                       span_equal_text(head, "null") || is_number(head)
	               ? PROBE_YES
	               : PROBE_NO;
}

enum probe_answer json_text_begins(struct span head, bool end)
{
	bool object;

	head = skip_blanks(head);
	if (head.len == 0)
		return end ? PROBE_NO : PROBE_MORE;
	object = head.data[0] == '{';
	if (!object && head.data[0] != '[')
		return PROBE_NO;
	head = skip_blanks(span_slice(head, 1, SIZE_MAX));
	if (head.len == 0)
		return end ? PROBE_NO : PROBE_MORE;
	if (object)
		return head.data[0] == '"' || head.data[0] == '}' ? PROBE_YES : PROBE_NO;
	if (head.data[0] && strchr("{[\"]", head.data[0]))
		return PROBE_YES;
	return head.data[0] && strchr("-0123456789tfn", head.data[0]) ? element_begins(head, end)
	                                                              : PROBE_NO;
}

static bool is_name_byte(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') ||
	       b == '_' || b == '$' || b == '.';
}

/* JSONP: name({ … }); */
static enum probe_answer call_begins(struct span head, bool end)
{
	size_t len = 0;

	while (len < head.len && len <= NAME_CHARS_MAX && is_name_byte(head.data[len]))
		len++;
	if (len == head.len && len <= NAME_CHARS_MAX)
		return end ? PROBE_NO : PROBE_MORE;
	if (len == 0 || len > NAME_CHARS_MAX || head.data[len] != '(')
		return PROBE_NO;
	return json_text_begins(span_slice(head, len + 1, SIZE_MAX), end);
}

enum probe_answer json_wrapped_begins(struct span head, bool end)
{
	static const char *const guards[] = {")]}'", "for(;;);", "while(1);", "/**/"};

	for (size_t i = 0; i < ARRAY_LEN(guards); i++) {
		size_t len = strlen(guards[i]);
		size_t have = head.len < len ? head.len : len;

		if (!span_equal(span_slice(head, 0, have), span_of(guards[i], have)))
			continue;
		if (have < len)
			return end ? PROBE_NO : PROBE_MORE;
		head = span_slice(head, len, SIZE_MAX);
		if (head.len > 0 && head.data[0] == ',')
			head = span_slice(head, 1, SIZE_MAX);
		head = skip_blanks(head);
		break;
	}
	if (head.len > 0 && (head.data[0] == '{' || head.data[0] == '['))
		return json_text_begins(head, end);
	return call_begins(head, end);
}

/* Bytes before the first place where a text begins, or where it cannot be told yet. */
static size_t find_begin(struct span window, bool end, bool *ret_found)
{
	for (size_t i = 0; i < window.len; i++) {
		enum probe_answer answer = PROBE_NO;

		if (window.data[i] == '{' || window.data[i] == '[')
			answer = json_text_begins(span_slice(window, i, SIZE_MAX), end);
		*ret_found = answer == PROBE_YES;
		if (answer != PROBE_NO)
			return i;
	}
	return window.len;
}

/* Holds neither a letter nor a digit. */
static bool is_dull(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] >= 0x80 || (is_name_byte(text.data[i]) && text.data[i] != '.'))
			return false;
	return true;
}

static bool is_text(struct span text)
{
	size_t controls = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t b = text.data[i];

		if (b == 0)
			return false;
		controls += (b < ' ' && !is_blank(b)) || b == 0x7f;
	}
	return controls <= text.len / CONTROL_SHARE;
}

static bool is_hl7(struct span text)
{
	text = skip_blanks(text);
	return span_starts(text, "MSH|") || span_starts(text, "FHS|") || span_starts(text, "BHS|");
}

static void put_piece(struct json *j, struct span bytes, bool last, struct decode_out *out)
{
	struct field field = {
	        .kind = FIELD_TEXT,
	        .bytes = bytes,
	        .first = !j->text_running,
	        .last = last,
	};

	decode_field(out, &field, "");
	j->text_running = !last;
}

static void take(struct json *j, struct span text, struct decode_out *out)
{
	if (!j->text_open && is_dull(text))
		return;
	if (!j->text_open)
		decode_begin(out, CARRIER_TEXT, span_of_text(""), "text");
	j->text_open = true;
	put_piece(j, text, false, out);
}

static void text_end(struct json *j, struct decode_out *out)
{
	if (!j->text_open)
		return;
	if (j->text_running)
		put_piece(j, span_of(NULL, 0), true, out);
	decode_end(out);
	j->text_open = false;
}

static void begin_text(struct json *j, size_t prefix_len, struct decode_out *out)
{
	j->wrapped = j->texts == 0 && prefix_len > 0 && j->end == STREAM_COMPLETE;
	if (++j->texts == TEXTS_MAX)
		decode_count_limit(out);
}

enum seek json_seek(
        struct json *j, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span window = span_slice(span_of(c->at, cursor_left(c)), 0, WINDOW_BYTES);
	bool end = in->last || (j->env->datagram && j->env->depth == 0);
	bool full = window.len == WINDOW_BYTES;
	bool found = false;
	size_t len = window.len;
	struct span text;

	if (j->texts < TEXTS_MAX)
		len = find_begin(window, end && !full, &found);
	if (!found && !full && !end)
		return SEEK_WAIT;
	if (!found && len == 0)
		len = window.len; /* a bracket, and nothing but blanks behind it */
	text = span_slice(window, 0, len);
	if ((!j->text_open && is_hl7(text)) ||
	        (!is_dull(text) && !is_text(text) && !(found && len <= SEPARATOR_BYTES))) {
		text_end(j, out);
		return SEEK_OTHER;
	}
	if (len > 0)
		take(j, text, out);
	cursor_skip(c, len);
	if (found) {
		text_end(j, out);
		begin_text(j, len, out);
		return SEEK_FOUND;
	}
	if (cursor_left(c) > 0 || !in->last)
		return cursor_left(c) > 0 ? SEEK_GO : SEEK_WAIT;
	text_end(j, out);
	return SEEK_OVER;
}

void json_seek_gap(struct json *j, struct span before, struct decode_out *out)
{
	if (before.len > 0 && is_text(before))
		take(j, before, out);
	else if (before.len > 0)
		decode_unread(out, before.len, STREAM_GAP);
	text_end(j, out);
}
