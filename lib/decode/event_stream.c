/* event_stream: server-sent events (WHATWG HTML section 9.2, text/event-stream): lines of fields
 * until an empty line. The data lines of an event, joined, are one child stream; the names, numbers
 * and comments of events hold nothing that a page is given: what is too long for one is not read,
 * and says so. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

#define OPS_PER_STEP    5
#define QUIET_BYTES_MAX 64 /* of a line that is no data: a name, a number, a sign of life */

enum event_phase {
	LINE,     /* begins */
	DATA,     /* of a data line */
	OTHER,    /* of any other */
	LINE_END, /* a carriage return was read */
};

struct event_stream {
	enum event_phase phase;
	bool in_event;
	unsigned events;
	uint64_t quiet_bytes; /* of the line, when it is no data */
};

static enum probe_answer event_stream_probe(const struct probe *p)
{
	const struct content *c = p->env->content;

	return strcmp(c->type, "text/event-stream") == 0 && c->wrappings[0] == WRAPPING_NONE
	               ? PROBE_YES
	               : PROBE_NO;
}

static void event_end(struct event_stream *s, struct decode_out *out, enum stream_end end)
{
	if (s->in_event)
		decode_child_close(out, end);
	s->in_event = false;
}

static bool is_line_end(int byte)
{
	return byte == '\r' || byte == '\n';
}

/* ---- steps: STATUS_ITEM, go on; STATUS_OK, more input is needed ---- */

static void data_begin(struct event_stream *s, struct decode_out *out)
{
	struct content content = {.place = ""};

	s->phase = DATA;
	if (s->in_event) {
		decode_child_bytes(out, span_of("\n", 1));
		return;
	}
	snprintf(content.place, sizeof(content.place), "event %u", ++s->events);
	decode_child_open(out, &content);
	s->in_event = true;
}

/* A line without a colon is a field without a value. */
static int line_step(struct event_stream *s, struct cursor *c, bool last, struct decode_out *out)
{
	static const char name[] = "data:";
	struct span rest = span_of(c->at, c->left);
	size_t common = 0;

	if (is_line_end(rest.data[0])) {
		event_end(s, out, STREAM_COMPLETE);
		s->phase = OTHER;
		return STATUS_ITEM;
	}
	while (common < rest.len && common < sizeof(name) - 1 && rest.data[common] == name[common])
		common++;
	if (common < sizeof(name) - 1) {
		if (common == rest.len && !last)
			return STATUS_OK;
		s->phase = OTHER;
		return STATUS_ITEM;
	}
	if (rest.len == common && !last)
		return STATUS_OK;
	cursor_skip(c, common + (cursor_peek(c, common) == ' '));
	data_begin(s, out);
	return STATUS_ITEM;
}

static void pass_quiet(struct event_stream *s, size_t len, struct decode_out *out)
{
	uint64_t before = s->quiet_bytes;

	s->quiet_bytes += len;
	if (s->quiet_bytes <= QUIET_BYTES_MAX)
		return;
	if (before < QUIET_BYTES_MAX)
		len = (size_t)(s->quiet_bytes - QUIET_BYTES_MAX);
	decode_unread(out, len, STREAM_UNKNOWN);
}

static int rest_step(struct event_stream *s, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t len = 0;

	while (len < rest.len && !is_line_end(rest.data[len]))
		len++;
	if (s->phase == DATA && len > 0)
		decode_child_bytes(out, span_slice(rest, 0, len));
	if (s->phase == OTHER)
		pass_quiet(s, len, out);
	cursor_skip(c, len);
	if (len < rest.len) {
		s->quiet_bytes = 0;
		s->phase = rest.data[len] == '\r' ? LINE_END : LINE;
		cursor_skip(c, 1);
	}
	return STATUS_ITEM;
}

static int event_step(struct event_stream *s, struct cursor *c, const struct decode_in *in,
        struct decode_out *out)
{
	if (cursor_left(c) == 0)
		return STATUS_OK;
	if (s->phase == LINE_END) {
		if (cursor_peek(c, 0) == '\n')
			cursor_skip(c, 1);
		s->phase = LINE;
		return STATUS_ITEM;
	}
	return s->phase == LINE ? line_step(s, c, in->last, out) : rest_step(s, c, out);
}

static int event_stream_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct event_stream *s = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && decode_room(out) >= OPS_PER_STEP)
		status = event_step(s, &c, in, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM)
		return STATUS_MORE;
	if (in->last)
		event_end(s, out, in->end);
	return STATUS_OK;
}

static int event_stream_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct event_stream *s = state;

	(void)missing_bytes;
	decode_unread(out, before.len, STREAM_GAP);
	event_end(s, out, STREAM_GAP);
	s->phase = OTHER; /* to the end of that line */
	return STATUS_OK;
}

const struct decoder decoder_event_stream = {
        .name = "event-stream",
        .clear = true,
        .state_bytes = sizeof(struct event_stream),
        .probe = event_stream_probe,
        .feed = event_stream_feed,
        .gap = event_stream_gap,
};
