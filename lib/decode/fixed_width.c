/* fixed_width: extracts whose columns have fixed widths, one patient a line, put out as a table.
 *
 * Source: MedicalDirector, "PATIENTS.IN Format" (Generic ASCII v2): the interface file of practice
 * software, which other programs write as well. Recognised by its first line alone: the date of
 * birth, the postcode and the card number stand where that format has them. Nothing is held but one
 * line. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

#define LINE_BYTES_MIN 166  /* up to the reference number on the card */
#define LINE_BYTES_MAX 2048 /* the format's own lines are a quarter of it */
#define AT_POSTCODE    139
#define AT_BIRTH_DATE  143
#define AT_CARD        153

struct fixed_column {
	const char *label;
	unsigned bytes;
};

static const struct fixed_column columns[] = {{"External ID", 9}, {"Title", 5}, {"Surname", 30},
        {"First name", 30}, {"Address", 40}, {"City", 25}, {"Postcode", 4}, {"DOB", 10},
        {"Medicare No", 12}, {"Card index", 1}, {"Pension No", 14}, {"DVA No", 14},
        {"Home phone", 14}, {"Work phone", 14}, {"Pension code", 1}, {"Gender", 1},
        {"Safety net No", 14}, {"Record No", 10}, {"", LINE_BYTES_MAX}};

struct fixed_width {
	bool begun, ended, lost; /* lost: up to the next line's end */
	size_t looked;
	uint64_t row;
};

static bool is_line_end(int byte)
{
	return byte == '\r' || byte == '\n';
}

/* Whether the byte may stand there in the first line. */
static bool fits(size_t at, uint8_t byte)
{
	bool digit = byte >= '0' && byte <= '9';

	if (byte < ' ' || byte == 0x7f)
		return false;
	if (at == AT_BIRTH_DATE + 2 || at == AT_BIRTH_DATE + 5)
		return byte == '/';
	if (at >= AT_BIRTH_DATE && at < AT_CARD)
		return digit;
	return at < AT_POSTCODE || digit || byte == ' ';
}

static enum probe_answer fixed_width_probe(const struct probe *p)
{
	size_t len = p->head.len < LINE_BYTES_MIN ? p->head.len : LINE_BYTES_MIN;

	if (p->env->datagram)
		return PROBE_NO;
	for (size_t i = 0; i < len; i++)
		if (!fits(i, p->head.data[i]))
			return PROBE_NO;
	if (len < LINE_BYTES_MIN)
		return p->end ? PROBE_NO : PROBE_MORE;
	return PROBE_YES;
}

static void put_cells(struct fixed_width *f, struct span line, struct decode_out *out)
{
	size_t at = 0;

	f->row++;
	for (uint32_t i = 0; i < ARRAY_LEN(columns); i++) {
		struct span label = span_of_text(columns[i].label);
		struct field field = {.label_kind = label.len > 0 ? LABEL_COLUMN : LABEL_NONE,
		        .label = label,
		        .bytes = span_trim(span_slice(line, at, columns[i].bytes)),
		        .first = true,
		        .last = true,
		        .column = i + 1,
		        .row = f->row};
		char place[DECODE_STEP_CHARS];

		snprintf(place, sizeof(place), "column %u", (unsigned)field.column);
		if (field.bytes.len > 0)
			decode_field(out, &field, place);
		at += columns[i].bytes;
	}
}

/* STATUS_ITEM: a line was taken; STATUS_OK: more input is needed. */
static int take_line(struct fixed_width *f, struct cursor *c, bool last, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);

	while (f->looked < rest.len && !is_line_end(rest.data[f->looked]))
		f->looked++;
	if (f->looked > LINE_BYTES_MAX && !f->lost) {
		decode_count_malformed(out);
		f->lost = true;
	}
	if (f->lost) {
		decode_unread(out, f->looked, STREAM_MALFORMED);
		cursor_skip(c, f->looked);
		f->lost = cursor_left(c) == 0;
	} else if (f->looked == rest.len && !last) {
		return STATUS_OK;
	} else {
		put_cells(f, span_slice(rest, 0, f->looked), out);
		cursor_skip(c, f->looked);
	}
	f->looked = 0;
	return STATUS_ITEM;
}

static int fixed_width_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct fixed_width *f = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	if (!f->begun)
		decode_begin(out, CARRIER_TABLE, span_of(NULL, 0), "");
	f->begun = true;
	while (status == STATUS_ITEM && decode_room(out) > ARRAY_LEN(columns) + 1 &&
	        cursor_left(&c) > 0) {
		if (!is_line_end(cursor_peek(&c, 0)) || f->looked > 0) {
			status = take_line(f, &c, in->last, out);
			continue;
		}
		cursor_skip(&c, 1);
		f->lost = false;
	}
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM && cursor_left(&c) > 0)
		return STATUS_MORE;
	if (in->last && !f->ended) {
		decode_end(out);
		f->ended = true;
	}
	return STATUS_OK;
}

/* Behind a gap, up to the end of the line. */
static int fixed_width_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct fixed_width *f = state;

	(void)missing_bytes;
	decode_unread(out, before.len, STREAM_GAP);
	f->looked = 0;
	f->lost = true;
	return STATUS_OK;
}

const struct decoder decoder_fixed_width = {
        .name = "fixed_width",
        .clear = true,
        .as_written = true,
        .state_bytes = sizeof(struct fixed_width),
        .probe = fixed_width_probe,
        .feed = fixed_width_feed,
        .gap = fixed_width_gap,
};
