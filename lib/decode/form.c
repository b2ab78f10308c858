/* form: application/x-www-form-urlencoded bodies (WHATWG URL standard, section 5). Each pair
 * becomes a field; a value that is a document of its own, or too long for a field, becomes a child
 * stream.
 *
 * The type is what some programs declare for anything; so the start must look like a pair too. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/url_text.h"

#define FORM_ROOM           8
#define FORM_PAIR_BYTES_MAX DECODE_VALUE_BYTES_MAX
#define FORM_NAME_BYTES_MAX 256 /* a first name longer than that is no form */

enum form_step { STEP_GO, STEP_WAIT, STEP_DRAIN };

struct form {
	bool begun, ended;
	bool in_value; /* a long value is a child stream */
	unsigned number;
	size_t scanned;
};

static bool is_name_byte(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') ||
	       (b > 0 && strchr("_.-%+[]*$~!():@/", b));
}

static enum probe_answer form_probe(const struct probe *p)
{
	size_t i = 0;

	if (strcmp(p->env->content->type, "application/x-www-form-urlencoded") != 0)
		return PROBE_NO;
	while (i < p->head.len && i < FORM_NAME_BYTES_MAX && is_name_byte(p->head.data[i]))
		i++;
	if (i == p->head.len && i < FORM_NAME_BYTES_MAX)
		return PROBE_MORE;
	return i > 0 && p->head.data[0] != '[' && p->head.data[i] == '=' ? PROBE_YES : PROBE_NO;
}

static void value_open(struct form *f, struct content *content, struct decode_out *out)
{
	snprintf(content->place, sizeof(content->place), "form field %u", f->number);
	decode_child_open(out, content);
}

/* A complete pair. STEP_DRAIN when the queue's memory is full. */
static int put_pair(struct form *f, struct span pair, struct decode_out *out)
{
	struct span raw_name;
	struct span raw_value;
	struct content content = {0};
	struct span name;
	struct span value;

	if (!url_text_next_pair(&pair, &raw_name, &raw_value))
		return STEP_GO;
	name = url_text_decode(span_slice(raw_name, 0, DECODE_LABEL_BYTES_MAX), true, out);
	value = url_text_decode(raw_value, true, out);
	if (!name.data || (!value.data && raw_value.len > 0))
		return STEP_DRAIN;
	f->number++;
	if (!content_is_nested(value, &content)) {
		decode_value(out, LABEL_KEY, name, value);
		return STEP_GO;
	}
	value_open(f, &content, out);
	decode_child_bytes(out, value);
	decode_child_close(out, STREAM_COMPLETE);
	return STEP_GO;
}

/* A value too long for a field. Base64 is told by its beginning, if nothing in it is escaped. */
static void long_value_open(struct form *f, struct span value, struct decode_out *out)
{
	struct content content = {0};

	(void)content_is_nested(value, &content);
	value_open(f, &content, out);
}

static int step_pair(
        struct form *f, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_of(c->at, cursor_left(c));
	size_t off = span_find_byte(span_slice(rest, f->scanned, rest.len), '&');
	size_t stop = off == SIZE_MAX ? rest.len : f->scanned + off;
	int step;

	if (stop <= FORM_PAIR_BYTES_MAX) {
		if (off == SIZE_MAX && (!in->last || rest.len == 0)) {
			f->scanned = rest.len;
			return STEP_WAIT;
		}
		step = put_pair(f, span_slice(rest, 0, stop), out);
		if (step == STEP_GO) {
			cursor_skip(c, off == SIZE_MAX ? stop : stop + 1);
			f->scanned = 0;
		}
		return step;
	}
	stop = span_find_byte(rest, '=');
	cursor_skip(c, stop < DECODE_LABEL_BYTES_MAX ? stop + 1 : 0);
	f->number++;
	f->in_value = true;
	f->scanned = 0;
	long_value_open(f, span_of(c->at, cursor_left(c)), out);
	return STEP_GO;
}

/* Bytes at the end that may be the start of a %XX. */
static size_t cut_escape(struct span piece)
{
	if (piece.len > 0 && piece.data[piece.len - 1] == '%')
		return 1;
	return piece.len > 1 && piece.data[piece.len - 2] == '%' ? 2 : 0;
}

/* A piece of a long value; a percent sign is not parted from its digits. */
static int step_value(
        struct form *f, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_slice(span_of(c->at, cursor_left(c)), 0, DECODE_PIECE_BYTES_MAX);
	size_t stop = span_find_byte(rest, '&');
	struct span piece = span_slice(rest, 0, stop);
	struct span plain;

	if (stop == SIZE_MAX && !(in->last && rest.len == cursor_left(c)))
		piece.len -= cut_escape(piece);
	plain = url_text_decode(piece, true, out);
	if (!plain.data && piece.len > 0)
		return STEP_DRAIN;
	if (plain.len > 0)
		decode_child_bytes(out, plain);
	cursor_skip(c, piece.len);
	if (stop == SIZE_MAX)
		return piece.len > 0 ? STEP_GO : STEP_WAIT;
	cursor_skip(c, 1);
	decode_child_close(out, STREAM_COMPLETE);
	f->in_value = false;
	return STEP_GO;
}

static void at_end(struct form *f, enum stream_end end, struct decode_out *out)
{
	if (f->ended)
		return;
	f->ended = true;
	if (f->in_value)
		decode_child_close(out, end);
	decode_end(out);
}

static int form_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct form *f = state;
	struct cursor c = cursor_open(in->bytes);

	if (!f->begun)
		decode_begin(out, CARRIER_FORM, span_of_text(""), "");
	f->begun = true;
	while (decode_room(out) >= FORM_ROOM) {
		int step = f->in_value ? step_value(f, &c, in, out) : step_pair(f, &c, in, out);

		*ret_consumed = in->bytes.len - cursor_left(&c);
		if (step == STEP_DRAIN && decode_room(out) == DECODE_QUEUE_OPS)
			return STATUS_LIMIT;
		if (step == STEP_DRAIN)
			return STATUS_MORE;
		if (step == STEP_WAIT && in->last)
			at_end(f, in->end, out);
		if (step == STEP_WAIT)
			return STATUS_OK;
	}
	return STATUS_MORE;
}

const struct decoder decoder_form = {
        .name = "form",
        .clear = true,
        .state_bytes = sizeof(struct form),
        .probe = form_probe,
        .feed = form_feed,
};
