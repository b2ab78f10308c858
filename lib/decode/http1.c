/* http1: HTTP/1.0 and 1.1, RFC 9110 and RFC 9112. Each direction is read alone; when both are
 * there, responses know what they answer (HEAD, CONNECT).
 *
 * A message is: its head, put out as fields; its body, a child stream; its end. Missing bytes
 * inside a body are passed on; where it is not known how many are missing, or the head itself is
 * lost, lines are passed by until one is a whole request or status line. */
#include <string.h>

#include "base/status.h"
#include "decode/http1_fields.h"
#include "decode/http1_head.h"
#include "decode/http1_line.h"

#define HTTP1_ROOM           8    /* operations that one step may need */
#define HTTP1_PENDING_MAX    64   /* pipelined requests that wait for their answer */
#define HTTP1_CHUNK_LINE_MAX 4096 /* a chunk's size and its extensions; servers refuse at 4 KiB */

enum http1_phase {
	HTTP1_HEAD,       /* waits for a head */
	HTTP1_FIELDS,     /* puts it out */
	HTTP1_BODY,       /* `left` bytes */
	HTTP1_BODY_END,   /* to the end of the stream */
	HTTP1_CHUNK_SIZE, /* chunked: a line with the size */
	HTTP1_CHUNK_DATA, /* `left` bytes */
	HTTP1_CHUNK_NEXT, /* the line end after them */
	HTTP1_TRAILER,    /* header lines after the last chunk */
	HTTP1_RESYNC,     /* looks for the first line of a message */
	HTTP1_TUNNEL,     /* a request asked for another protocol: is this still HTTP? */
	HTTP1_OVER,       /* it is not: the rest belongs to another session */
};

/* What a request was, as far as its answer depends on it. */
enum http1_asked { HTTP1_ASKED_OTHER, HTTP1_ASKED_HEAD, HTTP1_ASKED_CONNECT };

enum http1_step { STEP_GO, STEP_WAIT, STEP_DRAIN };

struct http1 {
	const struct decode_env *env;
	enum http1_phase phase;
	bool response;               /* the last message was one */
	bool in_message;             /* a message is open */
	bool in_body;                /* a child stream is open */
	bool line_known;             /* HEAD: the first line is one */
	bool line_start;             /* RESYNC: the next byte begins a line */
	bool tunnel;                 /* the other direction has switched to another protocol */
	bool asks_socket;            /* TUNNEL: for WebSocket */
	enum stream_end skip_reason; /* RESYNC: why bytes are passed by */
	size_t scanned;
	uint64_t left;
	struct http1_head *head; /* of the open message, until its fields are out */
	struct http1_fields fields;
	uint8_t pending[HTTP1_PENDING_MAX]; /* requests without an answer, enum http1_asked */
	size_t pending_first, pending_count;
};

static enum probe_answer http1_probe(const struct probe *p)
{
	const struct content *c = p->env->content;

	/* A part of a batch is a whole message (RFC 9112 section 10.2). */
	if (p->env->depth > 0 &&
	        (strcmp(c->type, "application/http") != 0 || c->wrappings[0] != WRAPPING_NONE))
		return PROBE_NO;
	return p->env->datagram ? PROBE_NO : http1_line_begins(p->head);
}

static int http1_open(void *state, const struct decode_env *env)
{
	struct http1 *h = state;

	h->env = env;
	return STATUS_OK;
}

static void http1_close(void *state)
{
	struct http1 *h = state;

	h->head = http1_head_free(h->head);
}

/* ---- which request a response answers ---- */

static void pending_push(struct http1 *h, enum http1_asked asked)
{
	if (h->pending_count == HTTP1_PENDING_MAX)
		h->pending_count = 0; /* nobody answers: only one direction was captured */
	h->pending[(h->pending_first + h->pending_count) % HTTP1_PENDING_MAX] = (uint8_t)asked;
	h->pending_count++;
}

static enum http1_asked pending_pop(struct http1 *requests)
{
	enum http1_asked asked;

	if (!requests || requests->pending_count == 0)
		return HTTP1_ASKED_OTHER;
	asked = (enum http1_asked)requests->pending[requests->pending_first];
	requests->pending_first = (requests->pending_first + 1) % HTTP1_PENDING_MAX;
	requests->pending_count--;
	return asked;
}

/* After missing bytes nobody knows which answer belongs to which request. */
static void pending_forget(struct http1 *h)
{
	struct http1 *peer = h->env->peer;

	h->pending_count = 0;
	if (peer)
		peer->pending_count = 0;
}

/* ---- the end of a message ---- */

static void message_close(struct http1 *h, struct decode_out *out, enum stream_end end)
{
	if (h->in_body)
		decode_child_close(out, end);
	if (h->in_message)
		decode_end(out);
	h->in_body = false;
	h->in_message = false;
}

static void resync(struct http1 *h, enum stream_end reason)
{
	h->phase = HTTP1_RESYNC;
	h->line_start = true;
	h->skip_reason = reason;
	h->line_known = false;
	h->scanned = 0;
	pending_forget(h);
}

static void malformed(struct http1 *h, struct decode_out *out)
{
	decode_count_malformed(out);
	message_close(h, out, STREAM_MALFORMED);
	resync(h, STREAM_MALFORMED);
	h->line_start = false;
}

/* ---- the head ---- */

static void skip_blank_lines(struct cursor *c)
{
	int b = cursor_peek(c, 0);

	while (b == '\r' || b == '\n') {
		cursor_skip(c, 1);
		b = cursor_peek(c, 0);
	}
}

static int head_lost(
        struct http1 *h, struct cursor *c, size_t len, struct decode_out *out, enum stream_end why)
{
	cursor_skip(c, len);
	decode_unread(out, len, why);
	if (why == STREAM_LIMIT)
		decode_count_limit(out);
	else
		decode_count_malformed(out);
	resync(h, why);
	return STEP_GO;
}

static int step_head(struct http1 *h, struct cursor *c, struct decode_out *out)
{
	struct span rest;
	size_t len;
	int status;

	if (h->head)
		return STEP_DRAIN;
	if (h->scanned == 0)
		skip_blank_lines(c);
	rest = span_of(c->at, cursor_left(c));
	if (rest.len > 0 && !h->line_known) {
		enum probe_answer answer = http1_line_is_start(rest);

		if (answer == PROBE_NO)
			return head_lost(h, c, 0, out, STREAM_MALFORMED);
		h->line_known = answer == PROBE_YES;
	}
	len = http1_line_head_end(rest, &h->scanned);
	if (len == 0 && rest.len <= HTTP1_HEAD_BYTES_MAX)
		return STEP_WAIT;
	if (len == 0)
		return head_lost(h, c, rest.len, out, STREAM_LIMIT);
	h->response = http1_line_is_response(rest);
	status = http1_head_parse(&h->head, span_slice(rest, 0, len), h->response, h->env->budget);
	if (status == STATUS_LIMIT)
		return head_lost(h, c, len, out, STREAM_LIMIT);
	if (status == STATUS_MALFORMED)
		return head_lost(h, c, len, out, STREAM_MALFORMED);
	if (status != STATUS_OK)
		return status;
	cursor_skip(c, len);
	h->line_known = false;
	h->phase = HTTP1_FIELDS;
	h->fields = (struct http1_fields){.response = h->response};
	h->in_message = true;
	return STEP_GO;
}

static void body_open(struct http1 *h, struct decode_out *out)
{
	struct content content = {.place = "HTTP body"};

	http1_fields_content(h->head, &content, out);
	decode_child_open(out, &content);
	h->in_body = true;
}

static enum http1_asked asked_of(const struct http1_head *head)
{
	if (span_equal_text(http1_head_method(head), "HEAD"))
		return HTTP1_ASKED_HEAD;
	if (span_equal_text(http1_head_method(head), "CONNECT"))
		return HTTP1_ASKED_CONNECT;
	return HTTP1_ASKED_OTHER;
}

/* A response that ends HTTP on this connection: its new protocol, else "". */
static const char *switched_to(const struct http1_head *head, enum http1_asked asked)
{
	unsigned status = http1_head_status(head);
	struct span to = http1_head_find(head, "upgrade");

	if (asked == HTTP1_ASKED_CONNECT && status / 100 == 2)
		return "unknown";
	if (status != 101)
		return "";
	if (to.len >= 4 && span_equal_nocase(span_slice(to, 0, 4), "tls/"))
		return "tls";
	if (span_equal_nocase(to, "websocket"))
		return "websocket";
	return span_equal_nocase(to, "h2c") ? "h2c" : "unknown";
}

static void after_response_head(struct http1 *h, struct cursor *c, const struct decode_in *in,
        struct decode_out *out, enum http1_asked asked)
{
	struct http1 *peer = h->env->peer;
	const char *to = switched_to(h->head, asked);

	if (*to == '\0' || h->env->depth > 0)
		return;
	message_close(h, out, STREAM_COMPLETE);
	if (peer)
		peer->tunnel = true;
	decode_upgrade(out, to, in->bytes.len - cursor_left(c));
	h->phase = HTTP1_OVER;
}

/* The fields are out: what follows the head. */
static void after_head(
        struct http1 *h, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	enum http1_asked asked = HTTP1_ASKED_OTHER;
	enum http1_framing framing;

	h->phase = HTTP1_HEAD;
	if (h->response && http1_head_status(h->head) / 100 != 1)
		asked = pending_pop(h->env->peer);
	if (!h->response)
		pending_push(h, asked_of(h->head));
	framing = http1_head_framing(h->head, asked == HTTP1_ASKED_HEAD, &h->left);
	/* A part of a batch ends with the part: most say no length (OData 4.01, section 11.7). */
	if (framing == HTTP1_NO_BODY && h->env->depth > 0 && !h->response)
		framing = HTTP1_TO_END;
	if (framing == HTTP1_AMBIGUOUS) {
		malformed(h, out);
		return;
	}
	if (framing != HTTP1_NO_BODY) {
		body_open(h, out);
		h->phase = framing == HTTP1_LENGTH    ? HTTP1_BODY
		           : framing == HTTP1_CHUNKED ? HTTP1_CHUNK_SIZE
		                                      : HTTP1_BODY_END;
	}
	if (h->response)
		after_response_head(h, c, in, out, asked);
	if (!h->in_body)
		message_close(h, out, STREAM_COMPLETE);
	if (!h->response && !h->in_body && h->env->depth == 0 &&
	        (asked_of(h->head) == HTTP1_ASKED_CONNECT ||
	                http1_head_find(h->head, "upgrade").len > 0)) {
		h->phase = HTTP1_TUNNEL;
		h->asks_socket = span_equal_nocase(
		        http1_head_find(h->head, "upgrade"), "websocket");
	}
}

static int step_fields(
        struct http1 *h, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	int status = http1_fields_put(&h->fields, h->head, out);

	if (status == STATUS_LIMIT)
		return status;
	if (status == STATUS_MORE || decode_room(out) < HTTP1_ROOM)
		return STEP_DRAIN;
	after_head(h, c, in, out);
	return STEP_GO;
}

/* A request asked for another protocol. What follows is HTTP again only when it looks like it. */
static int step_tunnel(
        struct http1 *h, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_of(c->at, cursor_left(c));
	enum probe_answer answer = http1_line_is_start(rest);

	if (rest.len == 0)
		return STEP_WAIT;
	if (!h->tunnel && answer == PROBE_YES) {
		h->phase = HTTP1_HEAD;
		return STEP_GO;
	}
	if (!h->tunnel && answer == PROBE_MORE && !in->last)
		return STEP_WAIT;
	decode_upgrade(
	        out, h->asks_socket ? "websocket" : "unknown", in->bytes.len - cursor_left(c));
	h->phase = HTTP1_OVER;
	return STEP_GO;
}

/* ---- the body ---- */

static struct span take_left(struct http1 *h, struct cursor *c)
{
	size_t len = cursor_left(c);

	if (len > h->left)
		len = (size_t)h->left;
	h->left -= len;
	return cursor_span(c, len);
}

static int step_body(struct http1 *h, struct cursor *c, struct decode_out *out)
{
	struct span piece = take_left(h, c);

	if (piece.len > 0)
		decode_child_bytes(out, piece);
	if (h->left > 0)
		return STEP_WAIT;
	if (h->phase == HTTP1_CHUNK_DATA) {
		h->phase = HTTP1_CHUNK_NEXT;
		return STEP_GO;
	}
	message_close(h, out, STREAM_COMPLETE);
	h->phase = HTTP1_HEAD;
	return STEP_GO;
}

static int step_body_end(struct cursor *c, struct decode_out *out)
{
	if (cursor_left(c) > 0)
		decode_child_bytes(out, cursor_rest(c));
	return STEP_WAIT;
}

/* The line up to its LF, without CR LF; false while it is not complete. */
static bool take_line(struct cursor *c, struct span *ret)
{
	struct span rest = span_of(c->at, cursor_left(c));
	size_t stop = span_find_byte(rest, '\n');

	if (stop == SIZE_MAX)
		return false;
	*ret = cursor_span(c, stop);
	cursor_skip(c, 1);
	if (ret->len > 0 && ret->data[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

static bool hex_value(struct span text, uint64_t *ret)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > 15) /* 60 bits: more is a lie */
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t b = text.data[i];
		uint8_t letter = b | 0x20;

		if (b >= '0' && b <= '9')
			value = value * 16 + (uint64_t)(b - '0');
		else if (letter >= 'a' && letter <= 'f')
			value = value * 16 + (uint64_t)(letter - 'a' + 10);
		else
			return false;
	}
	*ret = value;
	return true;
}

static int step_chunk_size(struct http1 *h, struct cursor *c, struct decode_out *out)
{
	struct span line;
	uint64_t size;

	if (!take_line(c, &line)) {
		if (cursor_left(c) <= HTTP1_CHUNK_LINE_MAX)
			return STEP_WAIT;
		malformed(h, out);
		return STEP_GO;
	}
	line = span_trim(span_slice(line, 0, span_find_byte(line, ';')));
	if (!hex_value(line, &size)) {
		malformed(h, out);
		return STEP_GO;
	}
	h->left = size;
	h->phase = size > 0 ? HTTP1_CHUNK_DATA : HTTP1_TRAILER;
	return STEP_GO;
}

static int step_chunk_next(struct http1 *h, struct cursor *c, struct decode_out *out)
{
	int first = cursor_peek(c, 0);
	int second = cursor_peek(c, 1);

	if (first < 0 || (first == '\r' && second < 0))
		return STEP_WAIT;
	if (first == '\n' || (first == '\r' && second == '\n')) {
		cursor_skip(c, first == '\n' ? 1 : 2);
		h->phase = HTTP1_CHUNK_SIZE;
		return STEP_GO;
	}
	malformed(h, out);
	return STEP_GO;
}

static int step_trailer(struct http1 *h, struct cursor *c, struct decode_out *out)
{
	struct span line;

	if (!take_line(c, &line)) {
		if (cursor_left(c) <= DECODE_VALUE_BYTES_MAX)
			return STEP_WAIT;
		malformed(h, out);
		return STEP_GO;
	}
	if (h->in_body) {
		decode_child_close(out, STREAM_COMPLETE);
		h->in_body = false;
	}
	if (line.len == 0) {
		message_close(h, out, STREAM_COMPLETE);
		h->phase = HTTP1_HEAD;
	} else if (line.len <= DECODE_VALUE_BYTES_MAX) {
		http1_fields_trailer(line, out);
	}
	return STEP_GO;
}

/* ---- finding the way again ---- */

/* Bytes that are not understood go to the open body, if there is one: most likely they are its
 * own. */
static void pass_by(struct http1 *h, struct cursor *c, size_t len, struct decode_out *out)
{
	struct span piece = cursor_span(c, len);

	if (h->in_body)
		decode_child_bytes(out, piece);
	else
		decode_unread(out, piece.len, h->skip_reason);
}

static int step_resync(
        struct http1 *h, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_of(c->at, cursor_left(c));
	size_t len = 0;
	size_t stop;

	while (len < rest.len) {
		struct span from = span_slice(rest, len, rest.len);
		enum probe_answer answer = h->line_start ? http1_line_is_start(from) : PROBE_NO;

		if (answer == PROBE_YES) {
			if (len > 0)
				pass_by(h, c, len, out);
			message_close(h, out, h->skip_reason);
			h->phase = HTTP1_HEAD;
			return STEP_GO;
		}
		if (answer == PROBE_MORE && !in->last)
			break;
		stop = span_find_byte(from, '\n');
		h->line_start = stop != SIZE_MAX;
		len = stop == SIZE_MAX ? rest.len : len + stop + 1;
	}
	if (len > 0)
		pass_by(h, c, len, out);
	return STEP_WAIT;
}

/* ---- the decoder ---- */

static int http1_step(
        struct http1 *h, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	switch (h->phase) {
	case HTTP1_HEAD:
		return step_head(h, c, out);
	case HTTP1_FIELDS:
		return step_fields(h, c, in, out);
	case HTTP1_BODY:
	case HTTP1_CHUNK_DATA:
		return step_body(h, c, out);
	case HTTP1_BODY_END:
		return step_body_end(c, out);
	case HTTP1_CHUNK_SIZE:
		return step_chunk_size(h, c, out);
	case HTTP1_CHUNK_NEXT:
		return step_chunk_next(h, c, out);
	case HTTP1_TRAILER:
		return step_trailer(h, c, out);
	case HTTP1_RESYNC:
		return step_resync(h, c, in, out);
	case HTTP1_TUNNEL:
		return step_tunnel(h, c, in, out);
	case HTTP1_OVER:
		return STEP_WAIT;
	}
	return STATUS_BUG;
}

/* Nothing more comes: what is open was cut short, unless it was to end like this. */
static void at_end(struct http1 *h, enum stream_end end, struct decode_out *out)
{
	enum stream_end body = end == STREAM_COMPLETE ? STREAM_TRUNCATED : end;

	if (h->phase == HTTP1_RESYNC)
		body = h->skip_reason;
	if (h->phase == HTTP1_BODY_END)
		body = end;
	if (h->in_message && h->phase != HTTP1_BODY_END)
		decode_stop(out, body);
	message_close(h, out, body);
	h->phase = HTTP1_HEAD;
}

static int http1_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct http1 *h = state;
	struct cursor c = cursor_open(in->bytes);

	if (h->phase != HTTP1_FIELDS)
		h->head = http1_head_free(h->head);
	while (decode_room(out) >= HTTP1_ROOM) {
		int step = http1_step(h, &c, in, out);

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

/* True when it is known that the gap lies inside the body: reading goes on behind it. */
static bool gap_inside(struct http1 *h, uint64_t missing_bytes)
{
	if (h->phase == HTTP1_BODY_END)
		return true;
	if (h->phase != HTTP1_BODY && h->phase != HTTP1_CHUNK_DATA)
		return false;
	if (missing_bytes == 0 || missing_bytes > h->left)
		return false;
	h->left -= missing_bytes;
	return true;
}

static int http1_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct http1 *h = state;
	bool inside = gap_inside(h, missing_bytes);

	h->head = http1_head_free(h->head);
	if (before.len > 0)
		decode_unread(out, before.len, STREAM_GAP);
	if (h->in_body)
		decode_child_gap(out, missing_bytes);
	if (inside)
		return STATUS_OK;
	if (!h->in_body)
		message_close(h, out, STREAM_GAP);
	resync(h, STREAM_GAP);
	return STATUS_OK;
}

const struct decoder decoder_http1 = {
        .name = "http1",
        .protocol = "http",
        .clear = true,
        .state_bytes = sizeof(struct http1),
        .probe = http1_probe,
        .open = http1_open,
        .feed = http1_feed,
        .gap = http1_gap,
        .close = http1_close,
};
