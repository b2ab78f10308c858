/* branch: the branches of a direction's own stream: messages that are under way at once, each with
 * a child stream of its own. One is active and lies in the lane; the others are parked here. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/session.h"

#define BRANCHES_BYTES (DECODE_BRANCHES_MAX * sizeof(struct branch))

static bool is_empty(const struct branch *b)
{
	return b->message == 0 && b->depth == 0;
}

/* Everything below the outermost stream is idle when it applies an operation: what it put out is
 * drained and its queues can go. */
static void park(struct decode_session *s, struct lane *lane, struct branch *b)
{
	const struct stream *st = lane->stack[0];

	b->message = st->message;
	b->carrier = st->carrier;
	b->streams = lane->streams;
	b->streams_from = lane->streams_from;
	memcpy(b->name, st->name, sizeof(b->name));
	memcpy(b->message_place, st->message_place, sizeof(b->message_place));
	for (b->depth = 0; b->depth + 1 < lane->depth; b->depth++) {
		b->stack[b->depth] = lane->stack[b->depth + 1];
		b->stack[b->depth]->out = decode_out_free(b->stack[b->depth]->out, s->spares);
		lane->stack[b->depth + 1] = NULL;
	}
}

static void bring(struct lane *lane, struct branch *b)
{
	struct stream *st = lane->stack[0];

	st->message = b->message;
	st->carrier = b->carrier;
	lane->streams = b->streams;
	lane->streams_from = b->streams_from;
	memcpy(st->name, b->name, sizeof(st->name));
	memcpy(st->message_place, is_empty(b) ? st->place : b->message_place,
	        sizeof(st->message_place));
	for (unsigned i = 0; i < b->depth; i++)
		lane->stack[i + 1] = b->stack[i];
	lane->depth = b->depth + 1;
	memset(b, 0, sizeof(*b));
}

int branch_switch(struct decode_session *s, struct lane *lane, unsigned branch)
{
	if (branch >= DECODE_BRANCHES_MAX || lane->depth == 0)
		return STATUS_BUG;
	if (branch == lane->branch)
		return STATUS_OK;
	if (!lane->parked) {
		if (budget_charge(s->budget, BRANCHES_BYTES) != STATUS_OK)
			return STATUS_LIMIT;
		lane->parked = calloc(DECODE_BRANCHES_MAX, sizeof(struct branch));
		if (!lane->parked) {
			budget_release(s->budget, BRANCHES_BYTES);
			return STATUS_NO_MEMORY;
		}
	}
	park(s, lane, &lane->parked[lane->branch]);
	bring(lane, &lane->parked[branch]);
	lane->branch = branch;
	return STATUS_OK;
}

bool branch_next_open(const struct lane *lane, unsigned *ret)
{
	for (unsigned i = 0; lane->parked && i < DECODE_BRANCHES_MAX; i++) {
		if (!is_empty(&lane->parked[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

void branch_free_all(struct decode_session *s, struct lane *lane)
{
	if (!lane->parked)
		return;
	for (unsigned i = 0; i < DECODE_BRANCHES_MAX; i++) {
		struct branch *b = &lane->parked[i];

		while (b->depth > 0) {
			b->depth--;
			b->stack[b->depth] = stream_free(s, b->stack[b->depth]);
		}
	}
	explicit_bzero(lane->parked, BRANCHES_BYTES);
	free(lane->parked);
	lane->parked = NULL;
	budget_release(s->budget, BRANCHES_BYTES);
	lane->branch = 0;
}
