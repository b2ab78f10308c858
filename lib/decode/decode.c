/* decode: the session: takes chunks in, runs the streams of the active direction until they are
 * idle, and tells what it knows as a whole. */
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/session.h"

const struct decode_limits decode_default_limits = {
        .depth_max = DECODE_DEPTH_MAX,
        .ratio_max = DECODE_RATIO_MAX,
        .child_bytes_max = 0,
};

int decode_session_new(struct decode_session **ret_gives, const struct tuple *tuple,
        const struct decode_limits *limits, struct budget *borrowed)
{
	struct decode_session *s;

	if (budget_charge(borrowed, sizeof(*s)) != STATUS_OK)
		return STATUS_LIMIT;
	s = calloc(1, sizeof(*s));
	if (!s) {
		budget_release(borrowed, sizeof(*s));
		return STATUS_NO_MEMORY;
	}
	s->tuple = *tuple;
	s->limits = *limits;
	if (s->limits.depth_max > DECODE_DEPTH_MAX)
		s->limits.depth_max = DECODE_DEPTH_MAX;
	if (s->limits.ratio_max == 0)
		s->limits.ratio_max = DECODE_RATIO_MAX;
	s->budget = borrowed;
	*ret_gives = s;
	return STATUS_OK;
}

void decode_session_expect(struct decode_session *s, const char *protocol)
{
	memcpy(s->expected, protocol, strnlen(protocol, sizeof(s->expected) - 1));
}

void decode_session_lend(struct decode_session *s, struct decode_spares *borrowed)
{
	s->spares = borrowed;
}

struct decode_session *decode_session_free(struct decode_session *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < 2; i++) {
		struct lane *lane = &s->lanes[i];

		branch_free_all(s, lane);
		while (lane->depth > 0) {
			lane->depth--;
			lane->stack[lane->depth] = stream_free(s, lane->stack[lane->depth]);
		}
	}
	budget_release(s->budget, sizeof(*s));
	explicit_bzero(s, sizeof(*s));
	free(s);
	return NULL;
}

/* A stream that was never recognised, or that was lost: a known protocol may begin again at a later
 * chunk, as it does when a capture starts in the middle. */
static bool may_begin_again(const struct stream *st)
{
	if (st->env.datagram)
		return false;
	if (st->phase == PHASE_PROBE) {
		struct probe held = {.head = buf_span(&st->held), .env = &st->env};

		return held.head.len > 0 && !probe_protocol_possible(&held);
	}
	if (st->phase == PHASE_RUN)
		return st->decoder->fallback;
	return st->phase == PHASE_STOPPED &&
	       (st->end == STREAM_GAP || st->end == STREAM_MALFORMED || st->end == STREAM_LIMIT ||
	               st->end == STREAM_UNKNOWN);
}

static bool begins_protocol(const struct lane *lane, const struct chunk *c)
{
	const struct stream *st = lane->stack[0];
	struct probe probe = {
	        .head = span_slice(c->bytes, 0, DECODE_PROBE_BYTES_MAX),
	        .env = &st->env,
	};

	return c->gap == CHUNK_DATA && may_begin_again(st) && probe_protocol(&probe) != NULL;
}

static void lane_give(struct lane *lane, const struct chunk *c)
{
	struct stream *st = lane->stack[0];

	lane->fresh = false;
	if (c->gap != CHUNK_DATA) {
		st->gap = true;
		st->gap_bytes = c->gap == CHUNK_GAP_KNOWN ? c->gap_bytes : 0;
		return;
	}
	st->input = c->bytes;
	lane->offset = c->offset - (st->held.len - st->held_taken);
}

int decode_session_feed(struct decode_session *s, const struct chunk *c)
{
	struct lane *lane;

	if (s->busy || c->direction > 1)
		return STATUS_BUG;
	lane = &s->lanes[c->direction];
	lane->time_ns = c->time_ns;
	lane->packet = c->packet;
	if (lane->upgraded)
		return STATUS_OK;
	s->chunk = *c;
	s->active = c->direction;
	s->busy = true;
	lane->fresh = true;
	if (lane->depth > 0 && begins_protocol(lane, c)) {
		lane->stack[0]->ending = true;
		if (lane->stack[0]->phase != PHASE_STOPPED)
			lane->stack[0]->end = STREAM_TRUNCATED;
	} else if (lane->depth > 0) {
		lane_give(lane, c);
	}
	return STATUS_OK;
}

int decode_session_finish(struct decode_session *s, uint8_t direction)
{
	struct lane *lane;

	if (s->busy || direction > 1)
		return STATUS_BUG;
	lane = &s->lanes[direction];
	s->active = direction;
	s->busy = true;
	lane->fresh = false;
	if (lane->depth > 0)
		lane->stack[0]->ending = true;
	return STATUS_OK;
}

/* Steps the deepest stream that has something to do. */
static int lane_step(struct decode_session *s, struct lane *lane, struct decode_event *ret)
{
	int status = STATUS_OK;

	for (unsigned level = lane->depth; level > 0 && status == STATUS_OK; level--)
		status = stream_step(s, lane, level - 1, ret);
	return status;
}

static void lane_rest(struct decode_session *s, struct lane *lane)
{
	for (unsigned i = 0; i < lane->depth; i++)
		lane->stack[i]->out = decode_out_free(lane->stack[i]->out, s->spares);
}

int decode_session_next(struct decode_session *s, struct decode_event *ret)
{
	struct lane *lane = &s->lanes[s->active];
	int status;

	if (!s->busy)
		return STATUS_OK;
	for (;;) {
		status = lane_step(s, lane, ret);
		if (status == STATUS_ITEM || status < 0)
			return status;
		if (status == STATUS_MORE)
			continue;
		if (!lane->fresh || lane->depth > 0)
			break;
		status = stream_open(s, lane, NULL);
		if (status == STATUS_LIMIT) {
			lane->unread_bytes[STREAM_LIMIT] += s->chunk.bytes.len;
			s->limits_hit++;
			break;
		}
		if (status != STATUS_OK)
			return status;
		lane_give(lane, &s->chunk);
	}
	lane->fresh = false;
	lane_rest(s, lane);
	s->busy = false;
	s->chunk.bytes = span_of(NULL, 0);
	return STATUS_OK;
}

/* Streams that lie one in the other, from the innermost out: what was not looked into is added to
 * ret_why as the outer one counts it. */
static void summarise_stack(
        struct stream *const *stack, unsigned depth, uint64_t ret_why[static STREAM_ENDS])
{
	uint64_t why[STREAM_ENDS] = {0};

	for (unsigned i = depth; i > 0; i--) {
		struct stream st = *stack[i - 1];

		for (int k = 0; k < STREAM_ENDS; k++)
			st.child_unread_bytes[k] += why[k];
		(void)stream_unread(&st, why);
	}
	for (int k = 0; k < STREAM_ENDS; k++)
		ret_why[k] += why[k];
}

/* Of a lane, the open streams included. ret_why is added to. */
static void summarise_lane(const struct lane *lane, uint64_t *ret_read, uint64_t *ret_unread,
        uint64_t ret_why[static STREAM_ENDS])
{
	uint64_t why[STREAM_ENDS] = {0};
	uint64_t unread = 0, in = 0;

	if (lane->depth > 0) {
		struct stream st = *lane->stack[0];

		summarise_stack(lane->stack + 1, lane->depth - 1, st.child_unread_bytes);
		for (unsigned i = 0; lane->parked && i < DECODE_BRANCHES_MAX; i++)
			summarise_stack(lane->parked[i].stack, lane->parked[i].depth,
			        st.child_unread_bytes);
		unread = stream_unread(&st, why);
		in = st.in_bytes;
	}
	*ret_read = lane->read_bytes + in - unread;
	for (int k = 0; k < STREAM_ENDS; k++) {
		unread += lane->unread_bytes[k];
		ret_why[k] += lane->unread_bytes[k] + why[k];
	}
	*ret_unread = unread;
}

static enum stream_end main_reason(const uint64_t why[static STREAM_ENDS])
{
	enum stream_end best = STREAM_COMPLETE;

	for (int i = 0; i < STREAM_ENDS; i++)
		if (why[i] > why[best])
			best = (enum stream_end)i;
	return best;
}

void decode_session_summary(const struct decode_session *s, struct decode_summary *ret)
{
	uint64_t why[STREAM_ENDS] = {0};

	*ret = (struct decode_summary){
	        .clear = s->read_in_clear && (!s->protocol || s->protocol->clear),
	        .malformed = s->malformed,
	        .limits_hit = s->limits_hit,
	};
	if (s->protocol)
		memcpy(ret->protocol, s->protocol->protocol,
		        strnlen(s->protocol->protocol, sizeof(ret->protocol) - 1));
	for (size_t i = 0; i < 2; i++)
		summarise_lane(&s->lanes[i], &ret->read_bytes[i], &ret->unread_bytes[i], why);
	ret->unread_reason = main_reason(why);
}

const char *carrier_text(enum carrier c)
{
	static const char *const texts[CARRIERS] = {
	        [CARRIER_NONE] = "nothing",
	        [CARRIER_HTTP_REQUEST] = "web request",
	        [CARRIER_HTTP_RESPONSE] = "web response",
	        [CARRIER_MAIL] = "e-mail",
	        [CARRIER_FTP] = "file transfer",
	        [CARRIER_SSH] = "SSH greeting",
	        [CARRIER_HL7_V2] = "HL7 message",
	        [CARRIER_FHIR] = "FHIR resource",
	        [CARRIER_JSON] = "JSON document",
	        [CARRIER_FORM] = "web form",
	        [CARRIER_TABLE] = "table",
	        [CARRIER_ARCHIVE] = "archive",
	        [CARRIER_TEXT] = "text",
	        [CARRIER_XML] = "XML document",
	        [CARRIER_CDA] = "clinical document (CDA)",
	        [CARRIER_PIT] = "result or letter (PIT)",
	        [CARRIER_PRESCRIPTION] = "electronic prescription",
	        [CARRIER_CLAIM] = "claim",
	        [CARRIER_DICOM] = "medical picture (DICOM)",
	        [CARRIER_DOCUMENT] = "document",
	        [CARRIER_DATABASE] = "database conversation",
	        [CARRIER_SOCKET] = "web socket message",
	        [CARRIER_RPC] = "call of a service",
	        [CARRIER_SEALED] = "sealed message",
	        [CARRIER_IMAGE] = "picture or scanned document",
	        [CARRIER_AUDIO] = "sound recording",
	        [CARRIER_BINARY] = "binary data",
	};

	return (unsigned)c < CARRIERS ? texts[c] : "nothing";
}

const char *stream_end_text(enum stream_end e)
{
	static const char *const texts[STREAM_ENDS] = {
	        [STREAM_COMPLETE] = "complete",
	        [STREAM_TRUNCATED] = "cut short",
	        [STREAM_GAP] = "bytes missing",
	        [STREAM_LIMIT] = "over a limit",
	        [STREAM_ENCRYPTED] = "encrypted",
	        [STREAM_SEALED] = "sealed for its recipient",
	        [STREAM_MALFORMED] = "malformed",
	        [STREAM_UNKNOWN] = "unknown format",
	        [STREAM_MEDIA] = "sound or picture",
	};

	return (unsigned)e < STREAM_ENDS ? texts[e] : "unknown format";
}
