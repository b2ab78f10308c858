/* columns: extracts whose columns have fixed widths that nobody declares, put out as a table.
 *
 * Lines of one length in which the blanks of all lines stand below each other: a column begins
 * where a position is blank in every line and the next is not, and on both sides of a date that
 * stands at one place in every line. That is judged by the first COLUMNS_LINES lines, which wait
 * until then; what turns out to be no table is running text, of which nothing is lost. A first line
 * without digits is the header; a line of dashes below it is passed over.
 *
 * Lines are measured in characters when that makes them equal, else in bytes. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/text.h"

#define COLUMNS_LINES     64 /* judged */
#define COLUMNS_LINES_MIN 8
#define COLUMNS_HELD_MAX  (64u << 10) /* or as many as these hold */
#define LINE_CHARS_MIN    40
#define LINE_CHARS_MAX    2000 /* wider extracts of practice software have separators */
#define LINE_BYTES_MAX    4096
#define COLUMNS_MIN       4
#define COLUMNS_MAX       256
#define DATE_CHARS        10 /* 02/03/1961, 1961-03-02 */
#define PROBE_GAPS_MIN    3  /* runs of two blanks and more in a first line that is not whole */
#define SOLID_SHARE       2  /* one of so many cells of a column that counts says something */
#define SYMBOLS_SHARE     4  /* one of so many characters may be neither letter nor digit */
#define HEX_COLUMNS_SHARE 2  /* one of so many columns of two or four hex digits: a dump */

enum columns_state { JUDGING, TABLE, TEXT };

/* What stands at one position, over all lines. */
struct position {
	uint8_t filled, digits, marks; /* marks: the ones that stand in dates */
};

struct columns {
	enum columns_state state;
	bool begun, ended, lost; /* lost: up to the next line's end */
	bool chars;              /* positions are characters, not bytes */
	bool headed;             /* the first line is a header that has not been read */
	size_t looked;           /* of the line at the front */
	size_t cell_at;          /* in that line, whose cells are being put out */
	uint32_t cell;
	uint64_t row;
	uint32_t count;
	uint16_t starts[COLUMNS_MAX + 1];
	uint16_t label_at[COLUMNS_MAX + 1];
	char labels[LINE_BYTES_MAX];
	struct position positions[LINE_CHARS_MAX];
	struct running_text text;
};

static bool is_line_end(uint8_t byte)
{
	return byte == '\r' || byte == '\n';
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_letter(uint8_t byte)
{
	return ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte >= 0x80;
}

static size_t line_bytes(struct span rest)
{
	size_t len = 0;

	while (len < rest.len && !is_line_end(rest.data[len]))
		len++;
	return len;
}

static struct span skip_ends(struct span rest)
{
	while (rest.len > 0 && is_line_end(rest.data[0]))
		rest = span_slice(rest, 1, SIZE_MAX);
	return rest;
}

/* Bytes of the character at the front: of UTF-8 when it is whole and `chars` says so. */
static size_t char_bytes(struct span text, bool chars)
{
	size_t len = 1, want;

	if (!chars || text.data[0] < 0xc2 || text.data[0] > 0xf4)
		return 1;
	want = text.data[0] < 0xe0 ? 2 : text.data[0] < 0xf0 ? 3 : 4;
	while (len < want && len < text.len && (text.data[len] & 0xc0) == 0x80)
		len++;
	return len == want ? len : 1;
}

static size_t skip_chars(struct span text, size_t count, bool chars)
{
	size_t at = 0;

	for (; count > 0 && at < text.len; count--)
		at += char_bytes(span_slice(text, at, SIZE_MAX), chars);
	return at;
}

static size_t line_chars(struct span line, bool chars)
{
	size_t at = 0, count = 0;

	for (; at < line.len; count++)
		at += char_bytes(span_slice(line, at, SIZE_MAX), chars);
	return count;
}

/* ---- the probe ---- */

static unsigned wide_gaps(struct span line)
{
	unsigned gaps = 0;

	for (size_t i = 2; i < line.len; i++)
		gaps += line.data[i] != ' ' && line.data[i - 1] == ' ' && line.data[i - 2] == ' ';
	return gaps;
}

/* Lines of one length so far, or one longer line with runs of blanks. A character of UTF-8 may
 * make a line as many bytes longer as it is itself. */
static enum probe_answer columns_probe(const struct probe *p)
{
	struct span rest = p->head;
	size_t first = 0;
	unsigned lines = 0;

	if (p->env->datagram || p->env->depth == 0)
		return PROBE_NO;
	for (size_t i = 0; i < rest.len; i++)
		if ((rest.data[i] < ' ' && !is_line_end(rest.data[i])) || rest.data[i] == 0x7f)
			return PROBE_NO;
	for (rest = skip_ends(rest); rest.len > 0; rest = skip_ends(rest)) {
		size_t len = line_bytes(rest);
		size_t count = line_chars(span_slice(rest, 0, len), true);
		bool whole = len < rest.len;

		if (whole && (len < LINE_CHARS_MIN ||
		                     (lines == 0 && wide_gaps(span_slice(rest, 0, len)) == 0)))
			return PROBE_NO;
		if (lines == 0 && !whole)
			break;
		if (lines == 0)
			first = count;
		if (whole ? count != first && len != first : count > first)
			return PROBE_NO;
		rest = span_slice(rest, len, SIZE_MAX);
		lines++;
	}
	if (!p->end)
		return PROBE_MORE;
	return lines > 1 || wide_gaps(p->head) >= PROBE_GAPS_MIN ? PROBE_YES : PROBE_NO;
}

/* ---- judging ---- */

struct sample {
	struct span lines[COLUMNS_LINES];
	unsigned count;
	bool enough; /* no further line is looked at */
};

static bool is_rule(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] != '-' && line.data[i] != '=' && line.data[i] != ' ')
			return false;
	return true;
}

static bool has_digit(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (is_digit(line.data[i]))
			return true;
	return false;
}

/* Neither a header nor what is drawn below it. */
static bool is_data(const struct sample *s, unsigned i)
{
	return !is_rule(s->lines[i]) && (i > 0 || has_digit(s->lines[i]));
}

/* Whole lines of one length, up to the first that has another. */
static void take_sample(struct span rest, bool last, bool chars, struct sample *ret)
{
	struct span held = span_slice(rest, 0, COLUMNS_HELD_MAX);
	size_t width = 0;

	ret->count = 0;
	ret->enough = last || rest.len >= COLUMNS_HELD_MAX;
	for (held = skip_ends(held); held.len > 0; held = skip_ends(held)) {
		struct span line = span_slice(held, 0, line_bytes(held));

		if (line.len == held.len && !(last && rest.len <= COLUMNS_HELD_MAX)) {
			ret->enough = ret->enough || line.len > LINE_BYTES_MAX;
			return;
		}
		if (ret->count == 0)
			width = line_chars(line, chars);
		if (ret->count == COLUMNS_LINES || line_chars(line, chars) != width ||
		        width > LINE_CHARS_MAX) {
			ret->enough = true;
			return;
		}
		ret->lines[ret->count++] = line;
		held = span_slice(held, line.len, SIZE_MAX);
	}
}

/* Returns the number of lines of data. */
static unsigned count_positions(struct columns *c, const struct sample *s)
{
	unsigned lines = 0;

	memset(c->positions, 0, sizeof(c->positions));
	for (unsigned i = 0; i < s->count; i++) {
		struct span line = s->lines[i];

		if (!is_data(s, i))
			continue;
		lines++;
		for (size_t at = 0, n = 0; at < line.len; n++) {
			struct position *p = &c->positions[n];
			uint8_t byte = line.data[at];

			p->filled = (uint8_t)(p->filled + (byte != ' '));
			p->digits = (uint8_t)(p->digits + is_digit(byte));
			p->marks = (uint8_t)(p->marks +
			                     (byte == '/' || byte == '-' || byte == '.'));
			at += char_bytes(span_slice(line, at, SIZE_MAX), c->chars);
		}
	}
	return lines;
}

/* In every line that has anything there, and in half of them, a date stands at that position. */
static bool is_date(const struct columns *c, size_t at, size_t width, const char *form)
{
	const struct position *p = c->positions + at;
	unsigned filled = p->filled;

	if (at + DATE_CHARS > width || filled < COLUMNS_LINES_MIN / 2)
		return false;
	for (size_t i = 0; i < DATE_CHARS; i++)
		if ((form[i] == '0' ? p[i].digits : p[i].marks) < filled ||
		        p[i].filled != p[i].digits + p[i].marks)
			return false;
	return true;
}

static void add_start(struct columns *c, size_t at)
{
	if (c->count < COLUMNS_MAX && (c->count == 0 || c->starts[c->count - 1] < at))
		c->starts[c->count++] = (uint16_t)at;
}

static void find_starts(struct columns *c, size_t width, unsigned lines)
{
	c->count = 0;
	for (size_t at = 0; at < width; at++) {
		bool blank = at == 0 || c->positions[at - 1].filled == 0;
		/* A value as wide as its column, before one that stands in every line. */
		bool edge = at > 1 && c->positions[at].filled == lines &&
		            c->positions[at - 1].filled * 4 <= lines &&
		            c->positions[at - 2].filled < lines;

		if (is_date(c, at, width, "00/00/0000") || is_date(c, at, width, "0000-00-00")) {
			add_start(c, at);
			add_start(c, at + DATE_CHARS);
			at += DATE_CHARS - 1;
		} else if ((blank && c->positions[at].filled > 0) || edge) {
			add_start(c, at);
		}
	}
	if (c->count > 0)
		c->starts[0] = 0;
	if (c->count > 0 && c->starts[c->count - 1] >= width)
		c->count--;
	c->starts[c->count] = LINE_BYTES_MAX;
}

static struct span cell_of(const struct columns *c, struct span line, uint32_t cell)
{
	size_t from = skip_chars(line, c->starts[cell], c->chars);
	struct span rest = span_slice(line, from, SIZE_MAX);
	size_t chars = (size_t)(c->starts[cell + 1] - c->starts[cell]);

	return span_trim(span_slice(rest, 0, skip_chars(rest, chars, c->chars)));
}

static bool is_hex(struct span cell)
{
	for (size_t i = 0; i < cell.len; i++)
		if (!is_digit(cell.data[i]) &&
		        ((cell.data[i] | 0x20) < 'a' || (cell.data[i] | 0x20) > 'f'))
			return false;
	return cell.len == 2 || cell.len == 4;
}

/* Columns that say something in many lines, not the bytes of a dump, and made of words and
 * numbers. */
static bool holds_table(const struct columns *c, const struct sample *s, unsigned lines)
{
	size_t symbols = 0, all = 0;
	unsigned solid = 0, hex = 0;

	for (uint32_t k = 0; k < c->count; k++) {
		unsigned filled = 0, dumped = 0;

		for (unsigned i = 0; i < s->count; i++) {
			struct span cell = cell_of(c, s->lines[i], k);

			if (!is_data(s, i))
				continue;
			filled += cell.len > 0;
			dumped += is_hex(cell);
		}
		solid += filled * SOLID_SHARE >= lines;
		hex += filled > 0 && dumped * 4 >= filled * 3;
	}
	for (unsigned i = 0; i < s->count; i++) {
		for (size_t at = 0; at < s->lines[i].len && is_data(s, i); at++) {
			uint8_t byte = s->lines[i].data[at];

			all += byte != ' ';
			symbols += byte != ' ' && !is_digit(byte) && !is_letter(byte);
		}
	}
	return solid >= COLUMNS_MIN && hex * HEX_COLUMNS_SHARE <= c->count &&
	       symbols * SYMBOLS_SHARE <= all;
}

/* Words without a digit over columns of which one has digits throughout. */
static bool is_header(const struct columns *c, const struct sample *s, unsigned lines)
{
	struct span line = s->lines[is_rule(s->lines[0]) ? 1 : 0];
	uint32_t named = 0;

	if (has_digit(line))
		return false;
	for (uint32_t k = 0; k < c->count; k++) {
		struct span cell = cell_of(c, line, k);

		named += cell.len > 0 && is_letter(cell.data[0]);
	}
	for (size_t n = 0; n < LINE_CHARS_MAX && named * 2 >= c->count; n++)
		if (c->positions[n].digits * 2u > lines)
			return true;
	return false;
}

/* STATUS_MORE: more lines are needed. */
static int judge(struct columns *c, const struct decode_in *in)
{
	struct sample s;
	unsigned lines;
	size_t width;

	c->chars = true;
	take_sample(in->bytes, in->last, true, &s);
	if (s.enough && s.count < COLUMNS_LINES_MIN) {
		c->chars = false;
		take_sample(in->bytes, in->last, false, &s);
	}
	if (!s.enough)
		return STATUS_MORE;
	c->state = TEXT;
	if (s.count < COLUMNS_LINES_MIN)
		return STATUS_OK;
	width = line_chars(s.lines[0], c->chars);
	if (width < LINE_CHARS_MIN)
		return STATUS_OK;
	lines = count_positions(c, &s);
	if (lines < COLUMNS_LINES_MIN)
		return STATUS_OK;
	find_starts(c, width, lines);
	if (c->count < COLUMNS_MIN || !holds_table(c, &s, lines))
		return STATUS_OK;
	c->state = TABLE;
	c->headed = is_header(c, &s, lines);
	c->row = 1;
	return STATUS_OK;
}

/* ---- reading ---- */

static void take_labels(struct columns *c, struct span line)
{
	size_t len = 0;

	for (uint32_t k = 0; k < c->count; k++) {
		struct span cell = span_slice(cell_of(c, line, k), 0, DECODE_LABEL_BYTES_MAX);

		if (cell.len > 0 && len + cell.len <= sizeof(c->labels)) {
			memcpy(c->labels + len, cell.data, cell.len);
			len += cell.len;
		}
		c->label_at[k + 1] = (uint16_t)len;
	}
}

static void put_cell(struct columns *c, struct span line, struct decode_out *out)
{
	uint32_t k = c->cell;
	struct field field = {.bytes = cell_of(c, line, k),
	        .role = c->headed ? ROLE_HEADER : ROLE_CONTENT,
	        .first = true,
	        .last = true,
	        .column = k + 1,
	        .row = c->headed ? 0 : c->row};
	char place[DECODE_STEP_CHARS];

	if (!c->headed)
		field.label = span_of(
		        c->labels + c->label_at[k], (size_t)(c->label_at[k + 1] - c->label_at[k]));
	field.label_kind = field.label.len > 0 ? LABEL_COLUMN : LABEL_NONE;
	snprintf(place, sizeof(place), "column %u", (unsigned)field.column);
	if (field.bytes.len > 0)
		decode_field(out, &field, place);
	c->cell++;
}

/* STATUS_ITEM: the line is taken; STATUS_MORE: the queue must be drained first. */
static int put_line(struct columns *c, struct span line, struct decode_out *out)
{
	if (c->row == 1 && is_rule(line))
		return STATUS_ITEM;
	while (c->cell < c->count && decode_room(out) > 1)
		put_cell(c, line, out);
	if (c->cell < c->count)
		return STATUS_MORE;
	if (c->headed)
		take_labels(c, line);
	else
		c->row++;
	c->cell = 0;
	c->headed = false;
	return STATUS_ITEM;
}

/* STATUS_ITEM: a line was taken; STATUS_MORE: drain first; STATUS_OK: more input is needed. */
static int take_line(struct columns *c, struct cursor *in, bool last, struct decode_out *out)
{
	struct span rest = span_of(in->at, in->left);
	int status = STATUS_ITEM;

	while (c->looked < rest.len && !is_line_end(rest.data[c->looked]))
		c->looked++;
	if (c->looked > LINE_BYTES_MAX && !c->lost) {
		decode_count_malformed(out);
		c->lost = true;
	}
	if (c->lost)
		decode_unread(out, c->looked, STREAM_MALFORMED);
	else if (c->looked == rest.len && !last)
		return STATUS_OK;
	else
		status = put_line(c, span_slice(rest, 0, c->looked), out);
	if (status != STATUS_ITEM)
		return status;
	cursor_skip(in, c->looked);
	c->lost = c->lost && cursor_left(in) == 0;
	c->looked = 0;
	return STATUS_ITEM;
}

static int read_lines(
        struct columns *c, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct cursor rest = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	if (!c->begun)
		decode_begin(out, CARRIER_TABLE, span_of(NULL, 0), "");
	c->begun = true;
	while (status == STATUS_ITEM && decode_room(out) > 1 && cursor_left(&rest) > 0) {
		if (!is_line_end((uint8_t)cursor_peek(&rest, 0)) || c->looked > 0) {
			status = take_line(c, &rest, in->last, out);
			continue;
		}
		cursor_skip(&rest, 1);
		c->lost = false;
	}
	*ret_consumed = in->bytes.len - cursor_left(&rest);
	if (status == STATUS_MORE || (status == STATUS_ITEM && cursor_left(&rest) > 0))
		return STATUS_MORE;
	if (in->last && !c->ended) {
		decode_end(out);
		c->ended = true;
	}
	return STATUS_OK;
}

static int columns_open(void *state, const struct decode_env *env)
{
	struct columns *c = state;

	return running_text_open(&c->text, env);
}

static int columns_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct columns *c = state;

	if (c->state == JUDGING) {
		bool due = in->last || in->bytes.len >= COLUMNS_HELD_MAX;

		for (; c->looked < in->bytes.len; c->looked++)
			due = due || is_line_end(in->bytes.data[c->looked]);
		if (!due || judge(c, in) == STATUS_MORE)
			return STATUS_OK;
		c->looked = 0;
	}
	if (c->state == TEXT)
		return running_text_feed(&c->text, in, ret_consumed, out);
	return read_lines(c, in, ret_consumed, out);
}

/* Behind a gap: up to the end of the line. What waits to be judged is text. */
static int columns_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct columns *c = state;
	size_t taken = 0;

	if (c->state == JUDGING) {
		const struct decode_in held = {.bytes = before};
		int status = running_text_feed(&c->text, &held, &taken, out);

		c->state = TEXT;
		if (status != STATUS_OK)
			return STATUS_BUG;
	}
	if (c->state == TEXT)
		return running_text_gap(&c->text, before, missing_bytes, out);
	decode_unread(out, before.len, STREAM_GAP);
	c->looked = 0;
	c->cell = 0;
	c->lost = true;
	return STATUS_OK;
}

const struct decoder decoder_columns = {
        .name = "columns",
        .clear = true,
        .as_written = true,
        .state_bytes = sizeof(struct columns),
        .probe = columns_probe,
        .open = columns_open,
        .feed = columns_feed,
        .gap = columns_gap,
};
