/* text: running text of no other format, passed on in pieces as it comes.
 *
 * Text is what has no control characters but those of lines and pages, in UTF-8 or in one of the
 * 8-bit sets. UTF-16 is made UTF-8 by its own decoder before it comes here. */
#include "decode/text.h"

#include "base/status.h"

#define TEXT_CONTROL_SHARE 64 /* one control character in so many bytes is still text */

static bool is_line_control(uint8_t b)
{
	return b == '\t' || b == '\n' || b == '\r' || b == '\f' || b == 0x1b || b == 0x0b ||
	       b == 0x1c;
}

static enum probe_answer text_probe(const struct probe *p)
{
	size_t controls = 0;

	for (size_t i = 0; i < p->head.len; i++) {
		uint8_t b = p->head.data[i];

		if (b == 0)
			return PROBE_NO;
		if ((b < ' ' && !is_line_control(b)) || b == 0x7f)
			controls++;
	}
	if (!p->end)
		return PROBE_MORE;
	return controls <= p->head.len / TEXT_CONTROL_SHARE ? PROBE_YES : PROBE_NO;
}

int running_text_open(void *state, const struct decode_env *env)
{
	struct running_text *t = state;

	t->first = true;
	t->datagram = env->datagram;
	return STATUS_OK;
}

static void text_piece(struct running_text *t, struct decode_out *out, struct span bytes, bool last)
{
	struct field field = {
	        .kind = FIELD_TEXT,
	        .bytes = bytes,
	        .first = t->first,
	        .last = last,
	};

	decode_field(out, &field, "");
	t->first = last;
}

int running_text_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct running_text *t = state;
	struct span rest = in->bytes;

	if (!t->begun && !t->ended) {
		decode_begin(out, CARRIER_TEXT, span_of_text(""), "");
		t->begun = true;
	}
	while (rest.len > 0 && decode_room(out) > 2) {
		struct span piece = span_slice(rest, 0, DECODE_PIECE_BYTES_MAX);

		rest = span_slice(rest, piece.len, rest.len);
		text_piece(t, out, piece, t->datagram && rest.len == 0);
	}
	*ret_consumed = in->bytes.len - rest.len;
	if (rest.len > 0)
		return STATUS_MORE;
	if (in->last && t->begun) {
		if (!t->first)
			text_piece(t, out, span_of(NULL, 0), true);
		decode_end(out);
		t->begun = false;
		t->ended = true;
	}
	return STATUS_OK;
}

/* What is before a gap and what follows are two texts. */
int running_text_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct running_text *t = state;

	(void)before; /* text leaves nothing */
	(void)missing_bytes;
	if (t->begun && !t->first)
		text_piece(t, out, span_of(NULL, 0), true);
	return STATUS_OK;
}

const struct decoder decoder_text = {
        .name = "text",
        .clear = true,
        .as_written = true,
        .fallback = true,
        .state_bytes = sizeof(struct running_text),
        .probe = text_probe,
        .open = running_text_open,
        .feed = running_text_feed,
        .gap = running_text_gap,
};
