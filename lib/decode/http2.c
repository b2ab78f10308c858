/* http2: HTTP/2 in clear, by prior knowledge or after an upgrade (RFC 9113, RFC 7540 section 3.2).
 * Each direction is read alone.
 *
 * Every stream of the connection that has begun is a branch of its own: a message with the fields
 * of its head, its body as a child stream, its end. Missing bytes inside a body of known length are
 * passed on. Any others may hold a part of a list of fields, and then no later list can be read
 * (lib/decode/hpack.h): frames are looked for, and bodies are read on without heads. */
#include <string.h>

#include "base/status.h"
#include "decode/hpack.h"
#include "decode/http1_fields.h"
#include "decode/http2_frame.h"

#define HTTP2_ROOM            12 /* operations that one step may need */
#define HTTP2_STREAMS_MAX     DECODE_BRANCHES_MAX
#define HTTP2_BLOCK_BYTES_MAX (64u << 10) /* of packed fields; what servers allow unpacked */
#define HTTP2_TABLE_SETTING   1           /* SETTINGS_HEADER_TABLE_SIZE, section 6.5.2 */

enum http2_phase {
	HTTP2_START,   /* the preface, if it is this side's */
	HTTP2_NEXT,    /* the header of a frame */
	HTTP2_PAYLOAD, /* of a frame that is read when it is whole */
	HTTP2_PAD,     /* the length of a body frame's padding */
	HTTP2_BODY,    /* `left` bytes */
	HTTP2_SKIP,    /* `left` bytes */
	HTTP2_FIELDS,  /* puts a head out */
	HTTP2_RESYNC,  /* looks for the header of a frame */
};

enum http2_step { STEP_GO, STEP_WAIT, STEP_DRAIN };

struct http2_stream {
	uint32_t id;  /* 0: the place is free */
	bool in_body; /* a child stream is open */
	bool gap;     /* bytes may be missing in it, and the child does not know yet */
	bool socket;  /* the request was for WebSocket, RFC 8441 section 4 */
};

struct http2 {
	const struct decode_env *env;
	enum http2_phase phase;
	struct http2_frame frame;
	uint64_t left;
	uint8_t padding;
	bool response;              /* the last head was one */
	struct hpack *hpack;        /* NULL: lost */
	enum stream_end lost;       /* why */
	uint32_t table_asked_bytes; /* by this side, of the other one's encoder; 0: the default */
	struct buf block;           /* of fields, over several frames */
	uint32_t block_stream;      /* 0: none is under way */
	bool block_ends;            /* the stream ends with it */
	bool block_pushed;          /* it is a request that the server expects */
	struct http1_head *head;    /* until its fields are out */
	struct http1_fields fields;
	unsigned at; /* in streams: of the body or the fields under way */
	struct http2_stream streams[HTTP2_STREAMS_MAX];
};

static enum probe_answer http2_probe(const struct probe *p)
{
	if (p->env->depth > 0 || p->env->datagram)
		return PROBE_NO;
	return http2_frame_begins(p->head);
}

static int http2_open(void *state, const struct decode_env *env)
{
	struct http2 *h = state;

	h->env = env;
	buf_init(&h->block, HTTP2_BLOCK_BYTES_MAX, env->budget);
	return hpack_new(&h->hpack, env->budget);
}

static void http2_close(void *state)
{
	struct http2 *h = state;

	h->head = http1_head_free(h->head);
	h->hpack = hpack_free(h->hpack);
	buf_free(&h->block);
}

/* ---- streams ---- */

static bool stream_find(const struct http2 *h, uint32_t id, unsigned *ret)
{
	for (unsigned i = 0; i < HTTP2_STREAMS_MAX; i++) {
		if (h->streams[i].id == id) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void body_close(struct http2 *h, unsigned at, struct decode_out *out, enum stream_end end)
{
	struct http2_stream *st = &h->streams[at];

	decode_branch(out, at);
	if (st->in_body && st->gap)
		decode_child_gap(out, 0);
	if (st->in_body)
		decode_child_close(out, end);
	st->in_body = false;
	st->gap = false;
}

static void stream_close(struct http2 *h, unsigned at, struct decode_out *out, enum stream_end end)
{
	body_close(h, at, out, end);
	decode_end(out);
	h->streams[at] = (struct http2_stream){0};
}

/* A place for the stream. When all are taken the oldest goes: most likely it was reset. */
static unsigned stream_take(struct http2 *h, uint32_t id, struct decode_out *out)
{
	unsigned at = 0;

	if (!stream_find(h, 0, &at)) {
		for (unsigned i = 1; i < HTTP2_STREAMS_MAX; i++)
			if (h->streams[i].id < h->streams[at].id)
				at = i;
		decode_count_limit(out);
		stream_close(h, at, out, STREAM_LIMIT);
	}
	h->streams[at] = (struct http2_stream){.id = id};
	decode_branch(out, at);
	return at;
}

/* The answer knows it from the request. */
static bool is_socket(struct http2 *h, const struct http1_head *head)
{
	const struct http2 *peer = h->env->peer;
	struct http2_stream *st = &h->streams[h->at];
	unsigned at;

	if (http1_head_find(head, ":status").len > 0)
		return peer && stream_find(peer, st->id, &at) && peer->streams[at].socket;
	st->socket = span_equal_nocase(http1_head_find(head, ":protocol"), "websocket");
	return st->socket;
}

static void body_open(struct http2 *h, const struct http1_head *head, struct decode_out *out)
{
	struct content content = {.place = "HTTP body"};

	if (head)
		http1_fields_content(head, &content, out);
	if (head && is_socket(h, head))
		memcpy(content.type, WEBSOCKET_TYPE, sizeof(WEBSOCKET_TYPE));
	decode_child_open(out, &content);
	h->streams[h->at].in_body = true;
}

/* ---- when the place in the connection, or the fields, are lost ---- */

static void fields_lost(struct http2 *h, enum stream_end why)
{
	if (h->hpack)
		h->lost = why;
	h->hpack = hpack_free(h->hpack);
	buf_clear(&h->block);
}

static void resync(struct http2 *h, enum stream_end why)
{
	fields_lost(h, why);
	h->block_stream = 0;
	for (unsigned i = 0; i < HTTP2_STREAMS_MAX; i++)
		h->streams[i].gap = h->streams[i].in_body;
	h->phase = HTTP2_RESYNC;
}

static void malformed(struct http2 *h, struct decode_out *out)
{
	decode_count_malformed(out);
	resync(h, STREAM_MALFORMED);
}

/* Two headers of frames stand where they should, or one and the end. */
static enum probe_answer frame_begins(struct cursor c, bool last)
{
	enum probe_answer unknown = last ? PROBE_NO : PROBE_MORE;
	struct http2_frame frame;

	if (!http2_frame_take(&c, &frame))
		return unknown;
	if (!http2_frame_is_likely(&frame))
		return PROBE_NO;
	cursor_skip(&c, frame.payload_bytes);
	if (cursor_failed(&c))
		return unknown;
	if (last && cursor_left(&c) == 0)
		return PROBE_YES;
	if (!http2_frame_take(&c, &frame))
		return unknown;
	return http2_frame_is_likely(&frame) ? PROBE_YES : PROBE_NO;
}

/* Bytes of anything are passed by. */
static int step_resync(
        struct http2 *h, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	while (cursor_left(c) > 0) {
		enum probe_answer answer = frame_begins(*c, in->last);

		if (answer == PROBE_MORE)
			return STEP_WAIT;
		if (answer == PROBE_YES) {
			h->phase = HTTP2_NEXT;
			return STEP_GO;
		}
		cursor_skip(c, 1);
		decode_unread(out, 1, h->lost);
	}
	return STEP_WAIT;
}

/* ---- a head ---- */

/* Without its fields a stream is known only by what comes in it. */
static void head_unread(struct http2 *h, struct decode_out *out)
{
	unsigned at;

	decode_unread(out, h->block.len, h->lost);
	if (h->block_ends && stream_find(h, h->block_stream, &at))
		stream_close(h, at, out, STREAM_COMPLETE);
	buf_clear(&h->block);
	h->block_stream = 0;
	h->phase = HTTP2_NEXT;
}

/* A block that the table does not fit: when the other side allowed a larger table than ours, the
 * limit is the reason. */
static void head_unreadable(struct http2 *h, struct decode_out *out, int status)
{
	const struct http2 *peer = h->env->peer;
	size_t len = h->block.len;
	bool limit = status == STATUS_LIMIT ||
	             (peer && peer->table_asked_bytes > HPACK_TABLE_BYTES_MAX);

	if (limit)
		decode_count_limit(out);
	else
		decode_count_malformed(out);
	fields_lost(h, limit ? STREAM_LIMIT : STREAM_MALFORMED);
	decode_unread(out, len, h->lost);
	head_unread(h, out);
}

/* A list without :method and :status follows a body (section 8.1). */
static void head_begin(struct http2 *h, struct decode_out *out)
{
	bool response = http1_head_find(h->head, ":status").len > 0;
	bool trailer = !response && http1_head_find(h->head, ":method").len == 0;
	bool known = stream_find(h, h->block_stream, &h->at);

	if (known && trailer)
		body_close(h, h->at, out, STREAM_COMPLETE);
	else if (known)
		stream_close(h, h->at, out, STREAM_COMPLETE);
	if (!known && trailer)
		decode_count_malformed(out);
	if (!known || !trailer)
		h->at = stream_take(h, h->block_stream, out);
	if (!h->block_pushed && !trailer)
		h->response = response;
	h->fields = (struct http1_fields){
	        .response = trailer ? h->response : response,
	        .trailer = known && trailer,
	};
	h->block_stream = 0;
	h->phase = HTTP2_FIELDS;
}

static int head_read(struct http2 *h, struct decode_out *out)
{
	bool cut = false;
	int status;

	if (!h->hpack) {
		head_unread(h, out);
		return STEP_GO;
	}
	status = hpack_read(h->hpack, buf_span(&h->block), &h->head, &cut);
	if (status < 0)
		return status;
	if (status != STATUS_OK) {
		head_unreadable(h, out, status);
		return STEP_GO;
	}
	if (cut)
		decode_count_limit(out);
	buf_clear(&h->block);
	head_begin(h, out);
	return STEP_GO;
}

/* The fields are out: what follows them. */
static void after_fields(struct http2 *h, struct decode_out *out)
{
	bool interim = h->fields.response && http1_head_status(h->head) / 100 == 1;

	h->phase = HTTP2_NEXT;
	if (h->block_ends || h->fields.trailer || interim)
		stream_close(h, h->at, out, STREAM_COMPLETE);
	else
		body_open(h, h->head, out);
}

static int step_fields(struct http2 *h, struct decode_out *out)
{
	int status = http1_fields_put(&h->fields, h->head, out);

	if (status == STATUS_LIMIT)
		return status;
	if (status == STATUS_MORE || decode_room(out) < HTTP2_ROOM)
		return STEP_DRAIN;
	after_fields(h, out);
	return STEP_GO;
}

/* ---- frames that are read whole ---- */

static int read_block(struct http2 *h, struct span payload, struct decode_out *out)
{
	struct span part;
	uint32_t promised;
	int status;

	if (!http2_frame_block(&h->frame, payload, &part, &promised) ||
	        (h->frame.type == HTTP2_PUSH_PROMISE && promised == 0)) {
		malformed(h, out);
		return STEP_GO;
	}
	if (h->frame.type != HTTP2_CONTINUATION) {
		h->block_pushed = h->frame.type == HTTP2_PUSH_PROMISE;
		h->block_stream = h->block_pushed ? promised : h->frame.stream;
		h->block_ends = h->block_pushed || (h->frame.flags & HTTP2_FLAG_END_STREAM);
	}
	status = h->hpack ? buf_append(&h->block, part) : STATUS_OK;
	if (status < 0)
		return status;
	if (status == STATUS_LIMIT) {
		decode_count_limit(out);
		decode_unread(out, h->block.len, STREAM_LIMIT);
		fields_lost(h, STREAM_LIMIT);
	}
	if (!h->hpack)
		decode_unread(out, part.len, h->lost);
	if (h->frame.flags & HTTP2_FLAG_END_HEADERS)
		return head_read(h, out);
	return STEP_GO;
}

static void read_settings(struct http2 *h, struct span payload)
{
	struct cursor c = cursor_open(payload);

	while (cursor_left(&c) > 0 && !cursor_failed(&c)) {
		uint16_t name = cursor_u16be(&c);
		uint32_t value = cursor_u32be(&c);

		if (name == HTTP2_TABLE_SETTING && value > h->table_asked_bytes)
			h->table_asked_bytes = value;
	}
}

static int step_payload(struct http2 *h, struct cursor *c, struct decode_out *out)
{
	struct span payload;
	unsigned at;

	if (cursor_left(c) < h->frame.payload_bytes)
		return STEP_WAIT;
	payload = cursor_span(c, h->frame.payload_bytes);
	h->phase = HTTP2_NEXT;
	switch (h->frame.type) {
	case HTTP2_SETTINGS:
		read_settings(h, payload);
		return STEP_GO;
	case HTTP2_RST_STREAM:
		if (stream_find(h, h->frame.stream, &at))
			stream_close(h, at, out, STREAM_TRUNCATED);
		return STEP_GO;
	default:
		return read_block(h, payload, out);
	}
}

/* ---- the body ---- */

/* A body whose head was not read: what it is, it must show itself. */
static void begin_headless(struct http2 *h, struct decode_out *out)
{
	h->at = stream_take(h, h->frame.stream, out);
	decode_begin(out, h->response ? CARRIER_HTTP_RESPONSE : CARRIER_HTTP_REQUEST,
	        span_of_text(""), "");
	body_open(h, NULL, out);
}

/* An empty frame begins nothing; of an unknown stream it is passed over. */
static void begin_body(struct http2 *h, struct decode_out *out)
{
	bool known = stream_find(h, h->frame.stream, &h->at);

	h->left = h->frame.payload_bytes;
	h->padding = 0;
	h->phase = HTTP2_SKIP;
	if (!known && h->left == 0)
		return;
	if (!known)
		begin_headless(h, out);
	h->phase = h->frame.flags & HTTP2_FLAG_PADDED ? HTTP2_PAD : HTTP2_BODY;
}

static int step_pad(struct http2 *h, struct cursor *c, struct decode_out *out)
{
	int padding = cursor_peek(c, 0);

	if (h->left > 0 && padding < 0)
		return STEP_WAIT;
	if (h->left == 0 || (uint64_t)padding >= h->left) {
		malformed(h, out);
		return STEP_GO;
	}
	cursor_skip(c, 1);
	h->padding = (uint8_t)padding;
	h->left -= 1u + h->padding;
	h->phase = HTTP2_BODY;
	return STEP_GO;
}

static struct span take_left(struct http2 *h, struct cursor *c)
{
	size_t len = cursor_left(c);

	if (len > h->left)
		len = (size_t)h->left;
	h->left -= len;
	return cursor_span(c, len);
}

static int step_body(struct http2 *h, struct cursor *c, struct decode_out *out)
{
	struct http2_stream *st = &h->streams[h->at];
	struct span piece = take_left(h, c);

	if (piece.len > 0) {
		decode_branch(out, h->at);
		if (st->gap)
			decode_child_gap(out, 0);
		st->gap = false;
		decode_child_bytes(out, piece);
	}
	if (h->left > 0)
		return STEP_WAIT;
	if (h->frame.flags & HTTP2_FLAG_END_STREAM)
		stream_close(h, h->at, out, STREAM_COMPLETE);
	h->left = h->padding;
	h->phase = HTTP2_SKIP;
	return STEP_GO;
}

static int step_skip(struct http2 *h, struct cursor *c, struct decode_out *out)
{
	size_t len = take_left(h, c).len;

	/* What an unknown frame says, and the free text of GOAWAY, is not looked into. */
	if (h->frame.type >= HTTP2_TYPES || h->frame.type == HTTP2_GOAWAY)
		decode_unread(out, len, STREAM_UNKNOWN);
	else if (h->frame.type != HTTP2_DATA && h->frame.payload_bytes > HTTP2_BLOCK_BYTES_MAX)
		decode_unread(out, len, STREAM_LIMIT);
	if (h->left > 0)
		return STEP_WAIT;
	h->phase = HTTP2_NEXT;
	return STEP_GO;
}

/* ---- the decoder ---- */

static int step_start(struct http2 *h, struct cursor *c)
{
	if (cursor_peek(c, 0) == 'P' && cursor_left(c) < HTTP2_PREFACE_BYTES)
		return STEP_WAIT;
	if (cursor_peek(c, 0) == 'P')
		cursor_skip(c, HTTP2_PREFACE_BYTES);
	h->phase = HTTP2_NEXT;
	return STEP_GO;
}

/* Nothing may come between the frames of a block (section 6.10). */
static bool frame_fits(const struct http2 *h)
{
	bool goes_on = h->frame.type == HTTP2_CONTINUATION;

	return http2_frame_is_valid(&h->frame) && goes_on == (h->block_stream != 0) &&
	       (!goes_on || h->frame.stream == h->block_stream ||
	               (h->block_pushed && h->frame.stream != 0));
}

static bool is_read_whole(uint8_t type)
{
	return type == HTTP2_HEADERS || type == HTTP2_CONTINUATION || type == HTTP2_PUSH_PROMISE ||
	       type == HTTP2_SETTINGS || type == HTTP2_RST_STREAM;
}

static int step_next(struct http2 *h, struct cursor *c, struct decode_out *out)
{
	if (!http2_frame_take(c, &h->frame))
		return STEP_WAIT;
	if (!frame_fits(h)) {
		decode_unread(out, HTTP2_FRAME_HEADER_BYTES, STREAM_MALFORMED);
		malformed(h, out);
		return STEP_GO;
	}
	if (h->frame.type == HTTP2_DATA) {
		begin_body(h, out);
		return STEP_GO;
	}
	h->phase = HTTP2_PAYLOAD;
	if (is_read_whole(h->frame.type) && h->frame.payload_bytes <= HTTP2_BLOCK_BYTES_MAX)
		return STEP_GO;
	if (is_read_whole(h->frame.type)) {
		decode_count_limit(out);
		fields_lost(h, STREAM_LIMIT);
		h->block_stream = 0;
	}
	h->left = h->frame.payload_bytes;
	h->phase = HTTP2_SKIP;
	return STEP_GO;
}

static int http2_step(
        struct http2 *h, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	switch (h->phase) {
	case HTTP2_START:
		return step_start(h, c);
	case HTTP2_NEXT:
		return step_next(h, c, out);
	case HTTP2_PAYLOAD:
		return step_payload(h, c, out);
	case HTTP2_PAD:
		return step_pad(h, c, out);
	case HTTP2_BODY:
		return step_body(h, c, out);
	case HTTP2_SKIP:
		return step_skip(h, c, out);
	case HTTP2_FIELDS:
		return step_fields(h, out);
	case HTTP2_RESYNC:
		return step_resync(h, c, in, out);
	}
	return STATUS_BUG;
}

/* Nothing more comes: the session closes what is open as cut short. */
static void at_end(const struct http2 *h, enum stream_end end, struct decode_out *out)
{
	bool open = h->block_stream != 0 || (h->phase != HTTP2_NEXT && h->phase != HTTP2_RESYNC);

	for (unsigned i = 0; i < HTTP2_STREAMS_MAX && !open; i++)
		open = h->streams[i].id != 0;
	if (open)
		decode_stop(out, end == STREAM_COMPLETE ? STREAM_TRUNCATED : end);
}

static int http2_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct http2 *h = state;
	struct cursor c = cursor_open(in->bytes);

	if (h->phase != HTTP2_FIELDS)
		h->head = http1_head_free(h->head);
	while (decode_room(out) >= HTTP2_ROOM) {
		int step;

		if (h->phase != HTTP2_FIELDS && h->head)
			return STATUS_MORE; /* what was put out borrows from the head */
		step = http2_step(h, &c, in, out);
		*ret_consumed = in->bytes.len - cursor_left(&c);
		if (step == STATUS_LIMIT || step < 0)
			return step;
		if (step == STEP_DRAIN)
			return STATUS_MORE;
		if (step == STEP_WAIT && in->last)
			at_end(h, in->end, out);
		if (step == STEP_WAIT)
			return STATUS_OK;
	}
	return STATUS_MORE;
}

/* True when it is known that the gap lies inside a payload that is not kept: reading goes on. */
static bool gap_inside(struct http2 *h, uint64_t missing_bytes)
{
	if (h->phase != HTTP2_BODY && h->phase != HTTP2_SKIP)
		return false;
	if (missing_bytes == 0 || missing_bytes > h->left)
		return false;
	h->left -= missing_bytes;
	return true;
}

static int http2_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct http2 *h = state;
	bool inside = gap_inside(h, missing_bytes);

	h->head = http1_head_free(h->head);
	if (before.len > 0)
		decode_unread(out, before.len, STREAM_GAP);
	if (inside && h->phase == HTTP2_BODY) {
		decode_branch(out, h->at);
		decode_child_gap(out, missing_bytes);
	}
	if (!inside)
		resync(h, STREAM_GAP);
	return STATUS_OK;
}

const struct decoder decoder_http2 = {
        .name = "http2",
        .protocol = "http2",
        .clear = true,
        .state_bytes = sizeof(struct http2),
        .probe = http2_probe,
        .open = http2_open,
        .feed = http2_feed,
        .gap = http2_gap,
        .close = http2_close,
};
