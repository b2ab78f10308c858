/* mllp: the Minimal Lower Layer Protocol: a vertical tab, an HL7 message, a file separator and a
 * carriage return, again and again. Both directions look alike; the acknowledgements are messages.
 *
 * Sources: HL7 Implementation Guide, appendix C (v2.3) and "Transport Specification: MLLP" release
 * 2. Senders that leave out the carriage return, put line ends between frames, or begin the next
 * frame without ending the one before are read. Between frames, and after a gap, everything up to
 * the next vertical tab, or the next line of a segment, is passed over and counted. */
#include <string.h>

#include "base/status.h"
#include "decode/hl7v2.h"

#define FRAME_BEGIN 0x0b
#define FRAME_END   0x1c

enum mllp_phase {
	BETWEEN, /* frames */
	IN_FRAME,
	ENDING, /* the frame's end was read; what its message holds back must come out */
};

struct mllp {
	enum mllp_phase phase;
	bool gap_seen, after_gap; /* ever; in this frame */
	struct hl7_reader hl7;
};

static bool is_line_end(uint8_t byte)
{
	return byte == '\r' || byte == '\n';
}

static enum probe_answer mllp_probe(const struct probe *p)
{
	struct span head = p->head;
	int status;

	if (p->env->depth > 0)
		return PROBE_NO;
	while (head.len > 0 && is_line_end(head.data[0]))
		head = span_slice(head, 1, SIZE_MAX);
	if (head.len == 0)
		return p->end ? PROBE_NO : PROBE_MORE;
	if (head.data[0] != FRAME_BEGIN)
		return PROBE_NO;
	status = hl7_header_probe(span_slice(head, 1, SIZE_MAX));
	if (status == STATUS_MORE)
		return p->end ? PROBE_NO : PROBE_MORE;
	return status == STATUS_OK ? PROBE_YES : PROBE_NO;
}

static int mllp_open(void *state, const struct decode_env *env)
{
	struct mllp *m = state;

	(void)env;
	hl7_reader_init(&m->hl7);
	return STATUS_OK;
}

/* Passes over what stands between frames; line ends there are part of the framing. */
static void find_frame(struct mllp *m, struct cursor *c, struct decode_out *out)
{
	uint64_t junk_bytes = 0;

	while (cursor_left(c) > 0 && m->phase == BETWEEN) {
		uint8_t byte = cursor_u8(c);

		if (byte == FRAME_BEGIN)
			m->phase = IN_FRAME;
		else
			junk_bytes += !is_line_end(byte) && byte != FRAME_END;
	}
	if (junk_bytes > 0)
		decode_unread(out, junk_bytes, m->gap_seen ? STREAM_GAP : STREAM_UNKNOWN);
}

/* The frame's bytes up to its end, or to the beginning of the next. */
static int read_frame(struct mllp *m, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	struct cursor frame;
	size_t len = 0;
	int status;

	while (len < rest.len && rest.data[len] != FRAME_END && rest.data[len] != FRAME_BEGIN)
		len++;
	frame = cursor_open(span_slice(rest, 0, len));
	status = hl7_reader_feed(&m->hl7, &frame, out);
	len -= cursor_left(&frame);
	cursor_skip(c, len);
	if (status != STATUS_OK || cursor_left(c) == 0)
		return status;
	m->phase = ENDING;
	if (cursor_peek(c, 0) == FRAME_END)
		cursor_skip(c, 1);
	else if (!m->after_gap)
		decode_count_malformed(out); /* the next frame begins inside this one */
	return STATUS_OK;
}

static int mllp_step(struct mllp *m, struct cursor *c, struct decode_out *out)
{
	int status = STATUS_OK;

	if (m->phase == BETWEEN)
		find_frame(m, c, out);
	if (m->phase == IN_FRAME)
		status = read_frame(m, c, out);
	if (status == STATUS_OK && m->phase == ENDING) {
		status = hl7_reader_finish(&m->hl7, out);
		if (status == STATUS_OK) {
			m->phase = BETWEEN;
			m->after_gap = false;
		}
	}
	return status;
}

static int mllp_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct mllp *m = state;
	struct cursor c = cursor_open(in->bytes);
	int status;

	do
		status = mllp_step(m, &c, out);
	while (status == STATUS_OK && cursor_left(&c) > 0);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_OK && in->last && m->phase == IN_FRAME) {
		status = hl7_reader_finish(&m->hl7, out);
		if (status == STATUS_OK) {
			m->phase = BETWEEN;
			decode_stop(out, in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end);
		}
	}
	return status;
}

/* The frame goes on behind the gap, or another one has begun: the reader goes on at the next line,
 * and a message header begins a message whether or not its frame's first byte was seen. */
static int mllp_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct mllp *m = state;

	(void)before; /* nothing is left behind */
	(void)missing_bytes;
	m->gap_seen = true;
	if (m->phase == ENDING)
		return STATUS_OK;
	hl7_reader_gap(&m->hl7, out);
	m->phase = IN_FRAME;
	m->after_gap = true;
	return STATUS_OK;
}

const struct decoder decoder_mllp = {
        .name = "mllp",
        .protocol = "mllp",
        .clear = true,
        .state_bytes = sizeof(struct mllp),
        .probe = mllp_probe,
        .open = mllp_open,
        .feed = mllp_feed,
        .gap = mllp_gap,
};
