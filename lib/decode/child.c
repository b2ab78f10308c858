/* child: a stream inside the message of another: it opens, takes bytes within the limits of the
 * session, and closes. Shared by what decoders put out (stream.c) and what is found in their fields
 * (field.c). */
#include "base/status.h"
#include "decode/session.h"

struct stream *stream_child(const struct lane *lane, const struct stream *st)
{
	return lane->depth > st->env.depth + 1 ? lane->stack[st->env.depth + 1] : NULL;
}

int stream_open_child(struct decode_session *s, struct lane *lane, struct stream *st,
        const struct content *content)
{
	int status;

	if (stream_child(lane, st))
		return STATUS_BUG;
	lane->streams++;
	status = stream_open(s, lane, content);
	if (status == STATUS_LIMIT) {
		/* No room even to count what lies inside: it is counted here. */
		stream_stop(s, st, STREAM_LIMIT);
		st->out->count = 0;
		status = STATUS_OK;
	}
	return status == STATUS_OK ? STATUS_MORE : status;
}

/* True when a wrapping gives out more than it may. The outermost stream's input is a measure too,
 * so that wrappings inside wrappings do not multiply. */
static bool over_ratio(
        const struct decode_session *s, const struct lane *lane, const struct stream *st)
{
	const struct stream *outermost = lane->stack[0];
	uint64_t ratio = s->limits.ratio_max;
	uint64_t own = st->in_bytes + st->input.len + st->held.len - st->held_taken;
	uint64_t whole = outermost->in_bytes + outermost->input.len + outermost->held.len;

	if (st->child_bytes <= DECODE_RATIO_FREE_BYTES)
		return false;
	return st->child_bytes / ratio >= own || st->child_bytes / ratio >= whole;
}

int stream_give_child(
        struct decode_session *s, struct lane *lane, struct stream *st, struct span bytes)
{
	struct stream *child = stream_child(lane, st);

	if (!child)
		return STATUS_BUG;
	child->input = bytes;
	st->child_bytes += bytes.len;
	lane->decoded_bytes += bytes.len;
	if (s->limits.child_bytes_max > 0 && lane->decoded_bytes > s->limits.child_bytes_max)
		stream_stop(s, child, STREAM_LIMIT);
	if (over_ratio(s, lane, st)) {
		stream_stop(s, st, STREAM_LIMIT);
		st->out->count = 1; /* this one; what else was put out is not wanted */
	}
	return STATUS_MORE;
}

int stream_close_child(struct lane *lane, struct stream *st, enum stream_end end)
{
	struct stream *child = stream_child(lane, st);

	if (!child)
		return STATUS_BUG;
	child->ending = true;
	if (child->phase != PHASE_STOPPED)
		child->end = end;
	return STATUS_MORE;
}
