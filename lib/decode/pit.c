/* pit: results and letters in the PIT format, one message a patient.
 *
 * Source: "File format specification for QML/S&N pathology results transfer", version 07, as
 * MedicalDirector publishes it (help page "PIT Format"), and files as senders write them. Each line
 * begins with a code of three digits. 001 to 099 are of the whole file, 100 begins a patient, 300
 * to 399 are the text of the result, 999 ends the listing. What stands before a colon labels what
 * stands behind it ("Birthdate: 01/02/1980   Sex: F"); else the code does ("pit.101"). RTF in the
 * lines of the text becomes a child stream. Lines end with LF, CR or both. Nothing is held but one
 * line of at most PIT_LINE_BYTES_MAX; a longer one is running text. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

#define PIT_LINE_BYTES_MAX 1024 /* the specification's lines have 80 */
#define PIT_PAIRS_MAX      6    /* labels in one line; more are a part of the last value */
#define PIT_LABEL_MAX      32
#define PIT_ROOM           (PIT_PAIRS_MAX + 4)
#define CODE_PATIENT       100
#define CODE_TEXT          300
#define CODE_TEXT_END      399
#define CODE_TRAILER       999
#define CODE_NONE          1000

enum pit_place { LINE_START, IN_LINE, IN_TEXT, IN_RTF };

struct pit {
	const struct decode_env *env;
	bool begun;   /* a message is open */
	bool patient; /* it has its patient */
	bool text_open, rtf_open, ended;
	uint8_t place;
	unsigned code;
	unsigned number; /* of messages */
	size_t looked;
};

static bool is_end(int byte)
{
	return byte == '\r' || byte == '\n';
}

static bool is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

/* The code at the front of a line; CODE_NONE: it has none. */
static unsigned code_of(struct span line)
{
	unsigned code = 0;

	for (size_t i = 0; i < 3; i++) {
		if (i >= line.len || !is_digit(line.data[i]))
			return CODE_NONE;
		code = code * 10 + (unsigned)(line.data[i] - '0');
	}
	return code;
}

/* ---- recognising ---- */

/* A separator: a code that ends in 9 with nothing but dashes or blanks behind it. */
static bool is_separator(struct span line, unsigned code)
{
	size_t dashes = 0;

	if (code % 10 != 9 || code >= CODE_TEXT)
		return false;
	for (size_t i = 3; i < line.len; i++) {
		if (line.data[i] != ' ' && line.data[i] != '-')
			return false;
		dashes += line.data[i] == '-';
	}
	return dashes > 8;
}

static bool says_pit(struct span line, unsigned code)
{
	static const char *const words[] = {"Report Run Number", "PATHOLOGY REPORTS",
	        "Start Patient", "Patient Name", "Surgery:", "Surgery  "};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_has_nocase(line, words[i]))
			return true;
	return is_separator(line, code);
}

/* Lines with rising codes of which one says what only PIT says. A numbered list has the codes. */
static enum probe_answer look_at_lines(struct span rest, bool end)
{
	unsigned before = 0;
	bool said = false;

	while (rest.len > 0) {
		size_t len = 0;
		unsigned code;

		while (len < rest.len && !is_end(rest.data[len]))
			len++;
		if (len == rest.len && !end)
			return PROBE_MORE;
		if (len > 0) {
			code = code_of(rest);
			if (len < 3 || code < before || code == CODE_NONE ||
			        (len > 3 && rest.data[3] != ' '))
				return PROBE_NO;
			before = code;
			said = said || says_pit(span_slice(rest, 0, len), code);
		}
		if (said && before > 1)
			return PROBE_YES;
		rest = span_slice(rest, len + 1, SIZE_MAX);
	}
	return end ? PROBE_NO : PROBE_MORE;
}

static enum probe_answer pit_probe(const struct probe *p)
{
	static const char *const marks[] = {"001 ", "100 Start Patient"};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		size_t len = strlen(marks[i]);
		size_t have = p->head.len < len ? p->head.len : len;

		if (have == 0 || memcmp(p->head.data, marks[i], have) != 0)
			continue;
		if (have < len)
			return p->end ? PROBE_NO : PROBE_MORE;
		return i == 1 ? PROBE_YES : look_at_lines(p->head, p->end);
	}
	return PROBE_NO;
}

static int pit_open(void *state, const struct decode_env *env)
{
	struct pit *t = state;

	t->env = env;
	return STATUS_OK;
}

/* ---- messages and text ---- */

static void text_piece(struct pit *t, struct decode_out *out, struct span bytes, bool last)
{
	struct field field = {
	        .kind = FIELD_TEXT, .bytes = bytes, .first = !t->text_open, .last = last};

	decode_field(out, &field, "");
	t->text_open = !last;
}

static void text_end(struct pit *t, struct decode_out *out, enum stream_end end)
{
	if (t->text_open)
		text_piece(t, out, span_of(NULL, 0), true);
	if (t->rtf_open)
		decode_child_close(out, end);
	t->rtf_open = false;
}

static void message_end(struct pit *t, struct decode_out *out, enum stream_end end)
{
	text_end(t, out, end);
	if (t->begun)
		decode_end(out);
	t->begun = t->patient = false;
}

static void message_begin(struct pit *t, struct decode_out *out)
{
	char place[DECODE_STEP_CHARS];

	snprintf(place, sizeof(place), "PIT message %u", ++t->number);
	decode_begin(out, CARRIER_PIT, span_of(NULL, 0), place);
	t->begun = true;
}

/* ---- a line of labels and values ---- */

static bool is_label_byte(uint8_t byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

/* Where the label begins that ends before the colon: it has words parted by one space, and two
 * spaces or the line's start before it. SIZE_MAX: none. */
static size_t label_start(struct span line, size_t colon)
{
	size_t at = colon, end = colon;

	while (end > 0 && (line.data[end - 1] == ' ' || line.data[end - 1] == '.'))
		end--;
	for (at = end; at > 0; at--) {
		uint8_t byte = line.data[at - 1];

		if (byte == ' ' && (at == 1 || line.data[at - 2] == ' '))
			break;
		if (!is_label_byte(byte) && byte != ' ' && byte != '.' && byte != '/')
			return SIZE_MAX;
	}
	return end > at && end - at <= PIT_LABEL_MAX && is_label_byte(line.data[at]) ? at
	                                                                             : SIZE_MAX;
}

/* The next colon with a label before it; its start in *ret_start. */
static size_t find_label(struct span line, size_t from, size_t *ret_start)
{
	for (size_t i = from; i < line.len; i++) {
		if (line.data[i] != ':')
			continue;
		*ret_start = label_start(line, i);
		if (*ret_start != SIZE_MAX && *ret_start >= from)
			return i;
	}
	return SIZE_MAX;
}

/* Values without a label, parted by two spaces: the code is their label. */
static void put_bare(struct pit *t, struct decode_out *out, struct span text)
{
	char text_label[sizeof("pit.000")];
	struct span label;

	snprintf(text_label, sizeof(text_label), "pit.%03u", t->code % 1000);
	label = decode_keep(out, span_of_text(text_label));
	for (unsigned i = 0; i < PIT_PAIRS_MAX && text.len > 0; i++) {
		size_t gap = i + 1 < PIT_PAIRS_MAX ? span_find(text, span_of_text("  ")) : SIZE_MAX;
		struct span value = span_trim(span_slice(text, 0, gap));

		if (value.len > 0)
			decode_value(out, LABEL_KEY, label, value);
		text = span_trim(span_slice(text, gap, SIZE_MAX));
	}
}

static void put_line(struct pit *t, struct decode_out *out, struct span line)
{
	size_t start = 0, colon = find_label(line, 0, &start);

	if (is_separator(line, t->code))
		return;
	if (colon == SIZE_MAX) {
		put_bare(t, out, span_trim(line));
		return;
	}
	for (unsigned i = 0; i < PIT_PAIRS_MAX && colon != SIZE_MAX; i++) {
		size_t next_start = 0;
		size_t next = i + 1 < PIT_PAIRS_MAX ? find_label(line, colon + 1, &next_start)
		                                    : SIZE_MAX;
		size_t stop = next == SIZE_MAX ? line.len : next_start;
		struct span value = span_trim(span_slice(line, colon + 1, stop - colon - 1));

		if (value.len > 0)
			decode_value(out, LABEL_KEY, span_slice(line, start, colon - start), value);
		start = next_start;
		colon = next;
	}
}

/* ---- reading ---- */

/* Every step: STATUS_ITEM, something was taken; STATUS_OK, more input is needed. */

static int step_start(struct pit *t, struct cursor *c, bool last, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	unsigned code;

	if (is_end(rest.data[0])) {
		cursor_skip(c, 1);
		return STATUS_ITEM;
	}
	if (rest.len < 4 && !last && !(rest.len > 0 && !is_digit(rest.data[0])))
		return STATUS_OK;
	code = code_of(rest);
	if (code == CODE_NONE) /* goes on from the line before */
		code = t->code;
	else
		cursor_skip(c, rest.len > 3 && rest.data[3] == ' ' ? 4 : 3);
	if (code == CODE_PATIENT && t->patient)
		message_end(t, out, STREAM_COMPLETE);
	if (code < CODE_TEXT || code > CODE_TEXT_END || (t->rtf_open && code != t->code))
		text_end(t, out, STREAM_COMPLETE);
	if (!t->begun)
		message_begin(t, out);
	t->patient = t->patient || code == CODE_PATIENT;
	t->code = code;
	t->looked = 0;
	t->place = code >= CODE_TEXT && code <= CODE_TEXT_END ? IN_TEXT : IN_LINE;
	if (t->rtf_open)
		t->place = IN_RTF;
	return STATUS_ITEM;
}

static int step_line(struct pit *t, struct cursor *c, bool last, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);

	while (t->looked < rest.len && !is_end(rest.data[t->looked]))
		t->looked++;
	if (t->looked > PIT_LINE_BYTES_MAX) {
		t->place = IN_TEXT;
		return STATUS_ITEM;
	}
	if (t->looked == rest.len && !last)
		return STATUS_OK;
	put_line(t, out, span_slice(rest, 0, t->looked));
	cursor_skip(c, t->looked);
	if (t->code == CODE_TRAILER)
		message_end(t, out, STREAM_COMPLETE);
	t->place = LINE_START;
	return STATUS_ITEM;
}

/* The line begins an RTF document: 1; 0: not; -1: cannot be told yet. */
static int begins_rtf(const struct pit *t, struct span rest, bool last)
{
	static const char mark[] = "{\\rtf";
	size_t have = rest.len < sizeof(mark) - 1 ? rest.len : sizeof(mark) - 1;

	if (t->looked > 0 || memcmp(rest.data, mark, have) != 0)
		return 0;
	return have == sizeof(mark) - 1 ? 1 : last ? 0 : -1;
}

static int step_text(struct pit *t, struct cursor *c, bool last, struct decode_out *out)
{
	static const struct content content = {.place = "RTF text", .type = "text/rtf"};
	struct span rest = span_slice(span_of(c->at, c->left), 0, DECODE_PIECE_BYTES_MAX);
	int rtf = begins_rtf(t, rest, last);
	size_t len = 0;

	if (rtf < 0)
		return STATUS_OK;
	if (rtf > 0) {
		text_end(t, out, STREAM_COMPLETE);
		decode_child_open(out, &content);
		t->rtf_open = true;
		t->place = IN_RTF;
		return STATUS_ITEM;
	}
	t->looked = 1; /* of the line, something */
	while (len < rest.len && !is_end(rest.data[len]))
		len++;
	if (len < rest.len) {
		len++; /* its end, as it stands */
		t->place = LINE_START;
	}
	text_piece(t, out, cursor_span(c, len), false);
	return STATUS_ITEM;
}

static int step_rtf(struct pit *t, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_slice(span_of(c->at, c->left), 0, DECODE_PIECE_BYTES_MAX);
	size_t len = 0;

	while (len < rest.len && !is_end(rest.data[len]))
		len++;
	if (len < rest.len) {
		len++;
		t->place = LINE_START;
	}
	decode_child_bytes(out, cursor_span(c, len));
	return STATUS_ITEM;
}

static int pit_step(struct pit *t, struct cursor *c, bool last, struct decode_out *out)
{
	switch ((enum pit_place)t->place) {
	case LINE_START:
		return step_start(t, c, last, out);
	case IN_LINE:
		return step_line(t, c, last, out);
	case IN_TEXT:
		return step_text(t, c, last, out);
	case IN_RTF:
		return step_rtf(t, c, out);
	}
	return STATUS_BUG;
}

static int pit_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct pit *t = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && decode_room(out) >= PIT_ROOM && cursor_left(&c) > 0)
		status = pit_step(t, &c, in->last, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM && cursor_left(&c) > 0)
		return STATUS_MORE;
	if (status < 0)
		return status;
	if (in->last && !t->ended) {
		if (t->begun || t->text_open || t->rtf_open)
			message_end(t, out, in->end);
		t->ended = true;
	}
	return STATUS_OK;
}

/* The line that is cut is lost; the next one may begin anything. */
static int pit_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct pit *t = state;

	(void)missing_bytes;
	decode_unread(out, before.len, STREAM_GAP);
	text_end(t, out, STREAM_GAP);
	if (t->place != LINE_START) {
		t->place = IN_TEXT;
		t->looked = 1;
	}
	return STATUS_OK;
}

const struct decoder decoder_pit = {
        .name = "pit",
        .clear = true,
        .as_written = true,
        .state_bytes = sizeof(struct pit),
        .probe = pit_probe,
        .open = pit_open,
        .feed = pit_feed,
        .gap = pit_gap,
};
