/* stream: one stream of content: its input, its decoder, what the decoder put out, its end.
 *
 * The session steps the deepest stream that has something to do. A stream takes input only when its
 * own queue is empty and everything below it is idle; so spans that borrow from a parent's
 * operation or from the chunk stay valid until they are used. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/session.h"

static struct stream *stream_alloc(struct decode_session *s)
{
	struct stream *st;

	if (budget_charge(s->budget, sizeof(*st)) != STATUS_OK)
		return NULL;
	st = calloc(1, sizeof(*st));
	if (!st)
		budget_release(s->budget, sizeof(*st));
	return st;
}

/* Where the stream stands: below its parent's open message, or on its own. */
static void stream_place(struct stream *st, const struct stream *parent)
{
	if (!parent)
		return;
	st->parent = parent->number;
	st->parent_message = parent->message;
	memcpy(st->place, parent->message ? parent->message_place : parent->place,
	        sizeof(st->place));
	place_add(st->place, st->content.place);
}

/* A call that goes on all day may have a message for each of its pieces; what was packed may not
 * have one for each of its zeros. */
static uint64_t streams_max(const struct lane *lane)
{
	uint64_t bytes = lane->stack[0]->in_bytes - lane->streams_from;

	return DECODE_STREAMS_MAX + bytes / DECODE_STREAM_BYTES_MIN;
}

int stream_open(struct decode_session *s, struct lane *lane, const struct content *content)
{
	struct stream *parent = lane->depth > 0 ? lane->stack[lane->depth - 1] : NULL;
	struct stream *st;

	if (lane->depth >= DECODE_STACK_MAX)
		return STATUS_BUG;
	st = stream_alloc(s);
	if (!st)
		return STATUS_LIMIT;
	if (content)
		st->content = *content;
	st->number = ++s->streams;
	st->env = (struct decode_env){
	        .tuple = &s->tuple,
	        .content = &st->content,
	        .budget = s->budget,
	        .depth = lane->depth,
	        .direction = (uint8_t)(lane - s->lanes),
	        .datagram = s->chunk.datagram,
	        .expected = s->expected,
	        .unpacker = s->unpacker,
	};
	buf_init(&st->held, DECODE_MESSAGE_BYTES_MAX, s->budget);
	stream_place(st, parent);
	memcpy(st->message_place, st->place, sizeof(st->place));
	if (lane->depth == 0)
		lane->streams_from = 0;
	lane->stack[lane->depth++] = st;
	if (lane->depth - 1 > s->limits.depth_max || lane->streams > streams_max(lane))
		stream_stop(s, st, STREAM_LIMIT);
	return STATUS_OK;
}

static struct stream *other_outermost(struct decode_session *s, const struct stream *st)
{
	const struct lane *lane = &s->lanes[st->env.direction ^ 1];

	return st->env.depth == 0 && lane->depth > 0 ? lane->stack[0] : NULL;
}

/* Frees the decoder's state; the other direction must not look at it any more. */
static void state_free(struct decode_session *s, struct stream *st)
{
	struct stream *other = other_outermost(s, st);

	if (!st->state)
		return;
	if (other && other->env.peer == st->state)
		other->env.peer = NULL;
	if (st->decoder->close)
		st->decoder->close(st->state);
	explicit_bzero(st->state, st->decoder->state_bytes);
	free(st->state);
	budget_release(s->budget, st->decoder->state_bytes);
	st->state = NULL;
}

struct stream *stream_free(struct decode_session *s, struct stream *st)
{
	state_free(s, st);
	st->out = decode_out_free(st->out, s->spares);
	field_free(s, &st->outlet);
	buf_free(&st->held);
	explicit_bzero(st, sizeof(*st));
	free(st);
	budget_release(s->budget, sizeof(*st));
	return NULL;
}

static void count_unread(struct stream *st, uint64_t bytes, enum stream_end why)
{
	/* What follows the end of a format is a format that we do not read. */
	if (why == STREAM_COMPLETE)
		why = STREAM_UNKNOWN;
	st->unread_bytes[why] += bytes;
}

void stream_stop(struct decode_session *s, struct stream *st, enum stream_end why)
{
	if (st->phase == PHASE_STOPPED)
		return;
	st->phase = PHASE_STOPPED;
	st->end = why;
	if (why == STREAM_LIMIT)
		s->limits_hit++;
	if (why == STREAM_MALFORMED)
		s->malformed++;
}

static uint64_t sum_of(const uint64_t bytes[static STREAM_ENDS])
{
	uint64_t sum = 0;

	for (int i = 0; i < STREAM_ENDS; i++)
		sum += bytes[i];
	return sum;
}

uint64_t stream_unread(const struct stream *st, uint64_t ret_why[static STREAM_ENDS])
{
	uint64_t own = sum_of(st->unread_bytes), below = sum_of(st->child_unread_bytes);
	uint64_t read = own < st->in_bytes ? st->in_bytes - own : 0;
	double share = st->child_bytes > read ? (double)read / (double)st->child_bytes : 1;
	uint64_t all = own + (uint64_t)((double)below * share), told = 0;
	int most = 0;

	for (int i = 0; i < STREAM_ENDS; i++) {
		ret_why[i] = st->unread_bytes[i] +
		             (uint64_t)((double)st->child_unread_bytes[i] * share);
		told += ret_why[i];
		if (ret_why[i] > ret_why[most])
			most = i;
	}
	if (told < all) /* what the rounding took */
		ret_why[most] += all - told;
	return all < st->in_bytes ? all : st->in_bytes;
}

/* ---- input ---- */

/* Everything that waits, in one span; what is held comes first. 0, or a failure; a full budget
 * stops the stream. Sets *ret_rest when some input did not fit yet. */
static int gather(struct decode_session *s, struct stream *st, struct span *ret, bool *ret_rest)
{
	size_t room;
	size_t len;
	int status;

	*ret_rest = false;
	if (st->held_taken > 0 && (st->input.len > 0 || st->held_taken == st->held.len)) {
		buf_drop_front(&st->held, st->held_taken);
		st->held_taken = 0;
	}
	if (st->held.len == 0) {
		*ret = st->input;
		return STATUS_OK;
	}
	room = DECODE_MESSAGE_BYTES_MAX - st->held.len;
	len = st->input.len < room ? st->input.len : room;
	status = buf_append(&st->held, span_slice(st->input, 0, len));
	if (status == STATUS_LIMIT)
		stream_stop(s, st, STREAM_LIMIT);
	else if (status != STATUS_OK)
		return status;
	else
		st->input = span_slice(st->input, len, st->input.len);
	*ret_rest = st->input.len > 0;
	*ret = span_slice(buf_span(&st->held), st->held_taken, st->held.len);
	return STATUS_OK;
}

static void take(struct stream *st, size_t len)
{
	st->in_bytes += len;
	if (st->held.len > 0)
		st->held_taken += len;
	else
		st->input = span_slice(st->input, len, st->input.len);
}

/* Keeps the input for later. */
static int hold(struct decode_session *s, struct stream *st)
{
	int status;

	if (st->held.len - st->held_taken >= DECODE_MESSAGE_BYTES_MAX) {
		stream_stop(s, st, STREAM_LIMIT);
		return STATUS_OK;
	}
	if (st->input.len == 0)
		return STATUS_OK;
	status = buf_append(&st->held, span_slice(st->input, 0, DECODE_MESSAGE_BYTES_MAX));
	if (status == STATUS_LIMIT) {
		stream_stop(s, st, STREAM_LIMIT);
		return STATUS_OK;
	}
	if (status != STATUS_OK)
		return status;
	st->input = span_slice(st->input, DECODE_MESSAGE_BYTES_MAX, st->input.len);
	return STATUS_OK;
}

/* Counts what waits as not looked into. */
static void discard(struct stream *st, enum stream_end why)
{
	size_t len = st->held.len - st->held_taken + st->input.len;

	st->in_bytes += len;
	count_unread(st, len, why);
	buf_free(&st->held);
	st->held_taken = 0;
	st->input = span_of(NULL, 0);
}

static bool has_input(const struct stream *st)
{
	return st->input.len > 0 || st->held.len > st->held_taken;
}

/* ---- choosing the decoder ---- */

static int state_new(struct decode_session *s, struct stream *st)
{
	struct stream *other = other_outermost(s, st);
	size_t size = st->decoder->state_bytes;

	if (size == 0)
		return STATUS_OK;
	if (budget_charge(s->budget, size) != STATUS_OK)
		return STATUS_LIMIT;
	st->state = calloc(1, size);
	if (!st->state) {
		budget_release(s->budget, size);
		return STATUS_NO_MEMORY;
	}
	if (other && other->state && other->decoder == st->decoder) {
		st->env.peer = other->state;
		other->env.peer = st->state;
	}
	return st->decoder->open ? st->decoder->open(st->state, &st->env) : STATUS_OK;
}

static int stream_decide(struct decode_session *s, struct stream *st, const struct decoder *decoder)
{
	int status;

	st->decoder = decoder;
	st->phase = PHASE_RUN;
	st->again = true;
	status = state_new(s, st);
	if (status < 0)
		return status;
	if (status != STATUS_OK) {
		stream_stop(s, st, STREAM_LIMIT);
		return STATUS_MORE;
	}
	if (st->env.depth == 0 && decoder->protocol && !s->protocol)
		s->protocol = decoder;
	if (decoder->clear)
		s->read_in_clear = true;
	return STATUS_MORE;
}

/* A byte-order mark of UTF-8 at the start is not content. True when more bytes are needed to
 * know. */
static bool skip_mark(struct stream *st, struct span *head, bool end)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t len = head->len < 3 ? head->len : 3;

	if (st->mark_checked)
		return false;
	if (len > 0 && memcmp(head->data, mark, len) == 0 && len < 3 && !end)
		return true;
	st->mark_checked = true;
	if (len == 3 && memcmp(head->data, mark, 3) == 0) {
		take(st, 3);
		*head = span_slice(*head, 3, head->len);
	}
	return false;
}

/* No byte has come yet: a gap is passed over, an end is the end. */
static int nothing_yet(struct stream *st)
{
	if (st->gap) {
		st->gap = false;
		st->gap_seen = true;
		return STATUS_MORE;
	}
	if (!st->ending)
		return STATUS_OK;
	st->phase = PHASE_STOPPED;
	return STATUS_MORE;
}

static int stream_probe(struct decode_session *s, struct stream *st)
{
	struct stream *other = other_outermost(s, st);
	struct probe probe = {.env = &st->env};
	const struct decoder *decoder;
	bool rest;
	int status = gather(s, st, &probe.head, &rest);

	if (status != STATUS_OK || st->phase == PHASE_STOPPED)
		return status != STATUS_OK ? status : STATUS_MORE;
	probe.end = st->ending || st->gap || st->env.datagram;
	if (skip_mark(st, &probe.head, probe.end)) {
		status = hold(s, st);
		return status;
	}
	if (probe.head.len == 0)
		return nothing_yet(st);
	if (probe.head.len >= DECODE_PROBE_BYTES_MAX)
		probe.end = true;
	probe.head = span_slice(probe.head, 0, DECODE_PROBE_BYTES_MAX);
	decoder = probe_choose(&probe, other ? other->decoder : NULL);
	return decoder ? stream_decide(s, st, decoder) : hold(s, st);
}

/* ---- running the decoder ---- */

static int out_ready(struct decode_session *s, struct lane *lane, struct stream *st)
{
	const struct stream *child = stream_child(lane, st);
	int status;

	if (!st->out) {
		status = decode_out_new(&st->out, s->spares, s->budget);
		if (status == STATUS_LIMIT) {
			stream_stop(s, st, STREAM_LIMIT);
			return STATUS_LIMIT;
		}
		if (status != STATUS_OK)
			return status;
	}
	decode_out_reset(st->out);
	st->out->child_wanted = !child || child->phase != PHASE_STOPPED;
	st->out->child_media = child && child->unread_bytes[STREAM_MEDIA] > 0;
	if (child)
		st->out->child_end = child->end;
	return STATUS_OK;
}

static int outcome(struct stream *st, int status)
{
	switch (status) {
	case STATUS_OK:
	case STATUS_MORE:
		return STATUS_OK;
	case STATUS_MALFORMED:
		decode_stop(st->out, STREAM_MALFORMED);
		return STATUS_OK;
	case STATUS_LIMIT:
		decode_stop(st->out, STREAM_LIMIT);
		return STATUS_OK;
	case STATUS_ENCRYPTED:
		decode_stop(st->out, STREAM_ENCRYPTED);
		return STATUS_OK;
	default:
		return status < 0 ? status : STATUS_BUG;
	}
}

static int stream_run(struct decode_session *s, struct lane *lane, struct stream *st)
{
	struct decode_in in = {.end = st->end};
	size_t consumed = 0;
	bool progress;
	bool rest;
	int answer;
	int status = gather(s, st, &in.bytes, &rest);

	if (status == STATUS_OK && st->phase != PHASE_STOPPED)
		status = out_ready(s, lane, st);
	if (status < 0 || st->phase == PHASE_STOPPED)
		return status < 0 ? status : STATUS_MORE;
	in.last = st->ending && !rest;
	answer = st->decoder->feed(st->state, &in, &consumed, st->out);
	status = outcome(st, answer);
	if (status != STATUS_OK)
		return status;
	if (st->out->overflow || consumed > in.bytes.len)
		return STATUS_BUG;
	lane->call_offset = lane->offset;
	if (st->env.depth == 0)
		lane->offset += consumed;
	take(st, consumed);
	progress = consumed > 0 || st->out->count > 0 || st->out->stopped;
	if (answer == STATUS_MORE && !progress)
		return STATUS_BUG;
	st->again = answer == STATUS_MORE || (progress && consumed < in.bytes.len) ||
	            (rest && consumed > 0);
	if (st->again || st->out->stopped)
		return STATUS_MORE;
	if (in.last)
		st->finished = true;
	else if (has_input(st) && st->env.datagram && st->env.depth == 0)
		discard(st, STREAM_MALFORMED);
	else if (has_input(st))
		status = hold(s, st);
	return status == STATUS_OK ? STATUS_MORE : status;
}

static int stream_gap(struct decode_session *s, struct lane *lane, struct stream *st)
{
	struct span before;
	bool rest;
	int status;

	st->gap = false;
	st->gap_seen = true;
	st->outlet.cut = st->outlet.child;
	if (!st->decoder->gap) {
		discard(st, STREAM_GAP);
		stream_stop(s, st, STREAM_GAP);
		return STATUS_MORE;
	}
	status = gather(s, st, &before, &rest);
	if (status == STATUS_OK && st->phase != PHASE_STOPPED)
		status = out_ready(s, lane, st);
	if (status < 0 || st->phase == PHASE_STOPPED)
		return status < 0 ? status : STATUS_MORE;
	status = outcome(st, st->decoder->gap(st->state, before, st->gap_bytes, st->out));
	if (status == STATUS_OK && st->out->overflow)
		status = STATUS_BUG;
	take(st, before.len);
	return status == STATUS_OK ? STATUS_MORE : status;
}

/* ---- what the decoder put out ---- */

static void event_fill(const struct lane *lane, const struct stream *st, struct decode_event *ret)
{
	*ret = (struct decode_event){
	        .direction = st->env.direction,
	        .depth = (uint16_t)st->env.depth,
	        .stream = st->number,
	        .parent = st->parent,
	        .message = st->message,
	        .parent_message = st->parent_message,
	        .carrier = st->message ? st->carrier : CARRIER_NONE,
	        .time_ns = lane->time_ns,
	        .packet = lane->packet,
	};
	if (st->message)
		memcpy(ret->name, st->name, sizeof(ret->name));
	memcpy(ret->place, st->message ? st->message_place : st->place, sizeof(ret->place));
}

static int event_begin(struct decode_session *s, struct lane *lane, struct stream *st,
        const struct op *op, struct decode_event *ret)
{
	if (st->message)
		return STATUS_BUG;
	st->message = ++s->messages;
	st->carrier = op->begin.carrier;
	memcpy(st->name, op->begin.name, sizeof(st->name));
	memcpy(st->message_place, st->place, sizeof(st->place));
	place_add(st->message_place, op->place);
	if (st->env.depth == 0) {
		lane->streams = 0;
		lane->streams_from = st->in_bytes;
	}
	event_fill(lane, st, ret);
	ret->kind = DECODE_MESSAGE_BEGIN;
	return STATUS_ITEM;
}

static int event_field(struct decode_session *s, struct lane *lane, struct stream *st,
        const struct op *op, struct decode_event *ret)
{
	struct field field;
	int status;

	if (!st->message || op->field.bytes.len > DECODE_VALUE_BYTES_MAX)
		return STATUS_BUG;
	status = field_apply(s, lane, st, &op->field, &field);
	if (status != STATUS_ITEM)
		return status;
	event_fill(lane, st, ret);
	ret->kind = DECODE_FIELD;
	ret->field = field;
	place_add(ret->place, op->place);
	return STATUS_ITEM;
}

static int event_end(const struct lane *lane, struct stream *st, struct decode_event *ret)
{
	if (!st->message)
		return STATUS_BUG;
	event_fill(lane, st, ret);
	ret->kind = DECODE_MESSAGE_END;
	st->message = 0;
	return STATUS_ITEM;
}

static int event_upgrade(
        struct lane *lane, struct stream *st, const struct op *op, struct decode_event *ret)
{
	if (st->env.depth != 0)
		return STATUS_BUG;
	event_fill(lane, st, ret);
	ret->kind = DECODE_UPGRADE;
	memcpy(ret->upgrade_to, op->upgrade.to, sizeof(ret->upgrade_to));
	ret->upgrade_offset = lane->call_offset + op->upgrade.at;
	ret->upgrade_bytes[0] = span_slice(buf_span(&st->held), st->held_taken, st->held.len);
	ret->upgrade_bytes[1] = st->input;
	lane->upgraded = true;
	st->upgraded = true;
	st->again = false;
	st->ending = true;
	st->finished = true;
	st->end = STREAM_COMPLETE;
	st->input = span_of(NULL, 0);
	return STATUS_ITEM;
}

static int event_related(const struct lane *lane, const struct stream *st, const struct op *op,
        struct decode_event *ret)
{
	event_fill(lane, st, ret);
	ret->kind = DECODE_RELATED;
	ret->related = op->related;
	return STATUS_ITEM;
}

static int change_branch(
        struct decode_session *s, struct lane *lane, struct stream *st, const struct op *op)
{
	int status = st->env.depth == 0 ? branch_switch(s, lane, op->branch) : STATUS_BUG;

	if (status == STATUS_LIMIT) {
		stream_stop(s, st, STREAM_LIMIT);
		st->out->count = 0;
		status = STATUS_OK;
	}
	return status == STATUS_OK ? STATUS_MORE : status;
}

/* Takes the first operation off the queue. */
static int stream_apply(
        struct decode_session *s, struct lane *lane, struct stream *st, struct decode_event *ret)
{
	struct decode_out *out = st->out;
	const struct op *op = &out->ops[out->first];
	struct stream *child = stream_child(lane, st);
	int status;

	if (field_settle(lane, st, op, &status))
		return status;
	switch (op->kind) {
	case OP_BEGIN:
		status = event_begin(s, lane, st, op, ret);
		break;
	case OP_FIELD:
		status = event_field(s, lane, st, op, ret);
		if (st->outlet.busy)
			return status;
		break;
	case OP_END:
		status = event_end(lane, st, ret);
		break;
	case OP_CHILD_OPEN:
		status = stream_open_child(s, lane, st, &op->content);
		break;
	case OP_CHILD_BYTES:
		status = stream_give_child(s, lane, st, op->bytes);
		break;
	case OP_CHILD_GAP:
		status = child ? STATUS_MORE : STATUS_BUG;
		if (child) {
			child->gap = true;
			child->gap_bytes = op->missing_bytes;
		}
		break;
	case OP_CHILD_CLOSE:
		status = stream_close_child(lane, st, op->end);
		break;
	case OP_UPGRADE:
		status = event_upgrade(lane, st, op, ret);
		break;
	case OP_BRANCH:
		status = change_branch(s, lane, st, op);
		break;
	case OP_RELATED:
		status = event_related(lane, st, op, ret);
		break;
	default:
		return STATUS_BUG;
	}
	if (out->count > 0) {
		out->first = (out->first + 1) % DECODE_QUEUE_OPS;
		out->count--;
	}
	return status;
}

/* The queue is empty: the decoder's counters become ours. */
static void stream_settle(struct decode_session *s, struct stream *st)
{
	struct decode_out *out = st->out;

	for (int why = 0; why < STREAM_ENDS; why++) {
		if (out->unread_bytes[why] > 0)
			count_unread(st, out->unread_bytes[why], (enum stream_end)why);
		out->unread_bytes[why] = 0;
	}
	s->malformed += out->malformed;
	s->limits_hit += out->limits;
	out->malformed = 0;
	out->limits = 0;
	if (out->stopped)
		stream_stop(s, st, out->stop_end);
	out->stopped = false;
}

/* ---- the end ---- */

/* Closes what the decoder left open: first the child, then the message, of each branch. 0 when
 * nothing is open. */
static int stream_wind_up(
        struct decode_session *s, struct lane *lane, struct stream *st, struct decode_event *ret)
{
	struct stream *child = stream_child(lane, st);
	unsigned branch;

	if (child)
		return stream_close_child(
		        lane, st, st->end == STREAM_COMPLETE ? STREAM_TRUNCATED : st->end);
	if (st->message)
		return event_end(lane, st, ret);
	if (st->env.depth > 0 || !branch_next_open(lane, &branch))
		return STATUS_OK;
	return branch_switch(s, lane, branch) == STATUS_OK ? STATUS_MORE : STATUS_BUG;
}

static int stream_pop(
        struct decode_session *s, struct lane *lane, struct stream *st, struct decode_event *ret)
{
	struct stream *parent = st->env.depth > 0 ? lane->stack[st->env.depth - 1] : NULL;
	uint64_t unread, why[STREAM_ENDS];

	if (st->upgraded) {
		buf_free(&st->held);
		st->held_taken = 0;
	}
	if (has_input(st)) { /* the decoder wanted more than there was */
		if (st->end == STREAM_COMPLETE && st->phase != PHASE_STOPPED)
			st->end = STREAM_TRUNCATED;
		discard(st, st->end);
	}
	if (st->end == STREAM_COMPLETE && st->gap_seen)
		st->end = STREAM_GAP;
	unread = stream_unread(st, why);
	event_fill(lane, st, ret);
	ret->kind = DECODE_STREAM_END;
	ret->end = st->end;
	ret->stream_bytes = st->in_bytes;
	ret->unread_bytes = unread;
	for (int i = 0; i < STREAM_ENDS; i++)
		(parent ? parent->child_unread_bytes : lane->unread_bytes)[i] += why[i];
	if (!parent) {
		lane->read_bytes += st->in_bytes - unread;
		branch_free_all(s, lane);
	}
	lane->stack[--lane->depth] = stream_free(s, st);
	return STATUS_ITEM;
}

static int stream_step_stopped(
        struct decode_session *s, struct lane *lane, struct stream *st, struct decode_event *ret)
{
	int status = stream_wind_up(s, lane, st, ret);

	if (status != STATUS_OK)
		return status;
	if (st->state && st->decoder->pending)
		count_unread(st, st->decoder->pending(st->state), st->end);
	if (st->state)
		state_free(s, st);
	if (has_input(st)) {
		discard(st, st->end);
		return STATUS_MORE;
	}
	st->gap = false;
	return st->ending ? stream_pop(s, lane, st, ret) : STATUS_OK;
}

int stream_step(
        struct decode_session *s, struct lane *lane, unsigned level, struct decode_event *ret)
{
	struct stream *st = lane->stack[level];
	int status;

	if (st->out && st->out->count > 0)
		return stream_apply(s, lane, st, ret);
	if (st->out)
		stream_settle(s, st);
	if (st->phase == PHASE_STOPPED)
		return stream_step_stopped(s, lane, st, ret);
	if (st->phase == PHASE_PROBE)
		return stream_probe(s, st);
	if (st->again || st->input.len > 0)
		return stream_run(s, lane, st);
	if (st->gap)
		return stream_gap(s, lane, st);
	if (!st->ending)
		return STATUS_OK;
	if (!st->finished)
		return stream_run(s, lane, st);
	status = stream_wind_up(s, lane, st, ret);
	return status != STATUS_OK ? status : stream_pop(s, lane, st, ret);
}
