/* grpc: the messages of remote calls in a body of HTTP: gRPC ("gRPC over HTTP2", grpc.io), gRPC-Web
 * with its trailers as a last message and its form in base64, and Connect, which frames streams in
 * the same way. Each message is one child stream.
 *
 * A message stands behind five bytes: flags, and its length. How a compressed one is compressed the
 * head of the call says (grpc-encoding); its first bytes say the same of all that we can undo. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

#define PREFIX_BYTES    5
#define OPS_PER_STEP    6
#define FLAG_COMPRESSED 0x01
#define FLAG_END        0x02 /* Connect: what follows is the call's end, in JSON */
#define FLAG_TRAILER    0x80 /* gRPC-Web: lines of headers */
#define MAGIC_BYTES     4    /* of what a message was compressed with */

enum grpc_phase { PREFIX, FIRST, BODY };

struct grpc {
	const struct decode_env *env;
	enum grpc_phase phase;
	bool text, opened, closed; /* gRPC-Web in base64: is all one child */
	bool in_message;
	uint8_t flags;
	uint64_t left;
	unsigned messages;
};

static const char *const kinds[] = {
        "application/grpc-web-text", "application/grpc", "application/connect+"};

static bool has_kind(const struct content *c, size_t kind)
{
	return span_starts(span_of_text(c->type), kinds[kind]);
}

static enum probe_answer grpc_probe(const struct probe *p)
{
	if (p->env->content->wrappings[0] != WRAPPING_NONE)
		return PROBE_NO;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (has_kind(p->env->content, i))
			return PROBE_YES;
	return PROBE_NO;
}

static int grpc_open(void *state, const struct decode_env *env)
{
	struct grpc *g = state;

	g->env = env;
	g->text = has_kind(env->content, 0);
	return STATUS_OK;
}

/* What the messages of the call are, by the end of its type. */
static void declare_message(const struct grpc *g, struct content *ret)
{
	const char *plus = strchr(g->env->content->type, '+');
	const char *type = "";

	if (g->flags & FLAG_TRAILER)
		type = "text/plain";
	else if ((plus && strcmp(plus, "+json") == 0) || g->flags & FLAG_END)
		type = "application/json";
	else if (!plus || strcmp(plus, "+proto") == 0)
		type = "application/x-protobuf";
	snprintf(ret->type, sizeof(ret->type), "%s", type);
}

static void declare_compression(struct span first, struct content *ret)
{
	uint8_t wrapping = WRAPPING_UNKNOWN;

	if (span_starts(first, "\x1f\x8b"))
		wrapping = WRAPPING_GZIP;
	else if (span_starts(first, "\x28\xb5\x2f\xfd"))
		wrapping = WRAPPING_ZSTD;
	else if (first.len >= 2 && (first.data[0] & 15) == 8 &&
	         (first.data[0] * 256 + first.data[1]) % 31 == 0) /* RFC 1950 section 2.2 */
		wrapping = WRAPPING_DEFLATE;
	ret->wrappings[0] = wrapping;
}

static void message_end(struct grpc *g, struct decode_out *out, enum stream_end end)
{
	if (!g->in_message)
		return;
	decode_child_close(out, end);
	decode_end(out);
	g->in_message = false;
}

/* ---- steps: STATUS_ITEM, go on; STATUS_OK, more input is needed ---- */

static int prefix_step(struct grpc *g, struct cursor *c)
{
	if (cursor_left(c) < PREFIX_BYTES)
		return STATUS_OK;
	g->flags = cursor_u8(c);
	g->left = cursor_u32be(c);
	if (g->flags & ~(FLAG_COMPRESSED | FLAG_END | FLAG_TRAILER))
		return STATUS_MALFORMED;
	g->messages++;
	g->phase = g->left > 0 ? FIRST : PREFIX;
	return STATUS_ITEM;
}

static int first_step(struct grpc *g, struct cursor *c, bool last, struct decode_out *out)
{
	size_t needed = g->flags & FLAG_COMPRESSED ? MAGIC_BYTES : 1;
	struct content content = {.place = ""};
	char place[DECODE_STEP_CHARS];

	if (cursor_left(c) < (g->left < needed ? g->left : needed) && !last)
		return STATUS_OK;
	declare_message(g, &content);
	if (g->flags & FLAG_COMPRESSED)
		declare_compression(
		        span_slice(span_of(c->at, c->left), 0, (size_t)g->left), &content);
	snprintf(place, sizeof(place), "message %u", g->messages);
	decode_begin(out, CARRIER_RPC, span_of_text(""), place);
	decode_child_open(out, &content);
	g->in_message = true;
	g->phase = BODY;
	return STATUS_ITEM;
}

static int body_step(struct grpc *g, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < g->left ? cursor_left(c) : (size_t)g->left;

	if (len > 0)
		decode_child_bytes(out, cursor_span(c, len));
	g->left -= len;
	if (g->left > 0)
		return STATUS_OK;
	message_end(g, out, STREAM_COMPLETE);
	g->phase = PREFIX;
	return STATUS_ITEM;
}

/* Base64, in pieces that each may be padded, is undone as one content. */
static void text_feed(struct grpc *g, const struct decode_in *in, struct decode_out *out)
{
	struct content inner = {.type = "application/grpc-web", .wrappings = {WRAPPING_BASE64}};
	const char *plus = strchr(g->env->content->type, '+');

	if (plus)
		snprintf(inner.type, sizeof(inner.type), "application/grpc-web%.*s",
		        DECODE_TYPE_CHARS / 2, plus);
	if (!g->opened)
		decode_child_open(out, &inner);
	g->opened = true;
	if (in->bytes.len > 0)
		decode_child_bytes(out, in->bytes);
	if (in->last && !g->closed)
		decode_child_close(out, in->end);
	g->closed |= in->last;
}

static int grpc_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct grpc *g = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	if (g->text) {
		text_feed(g, in, out);
		*ret_consumed = in->bytes.len;
		return STATUS_OK;
	}
	while (status == STATUS_ITEM && decode_room(out) >= OPS_PER_STEP) {
		if (g->phase == PREFIX)
			status = prefix_step(g, &c);
		else if (g->phase == FIRST)
			status = first_step(g, &c, in->last, out);
		else
			status = body_step(g, &c, out);
	}
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM)
		return STATUS_MORE;
	if (status == STATUS_OK && in->last && g->in_message) {
		enum stream_end cut = in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;

		message_end(g, out, cut);
		decode_stop(out, cut);
	}
	return status;
}

/* Behind a gap that is not inside of a message, nobody knows where one begins. */
static int grpc_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct grpc *g = state;

	if (g->phase == BODY && missing_bytes > 0 && missing_bytes <= g->left) {
		g->left -= missing_bytes;
		decode_child_gap(out, missing_bytes);
		return STATUS_OK;
	}
	decode_unread(out, before.len, STREAM_GAP);
	if (g->opened && !g->closed)
		decode_child_close(out, STREAM_GAP);
	message_end(g, out, STREAM_GAP);
	decode_stop(out, STREAM_GAP);
	return STATUS_OK;
}

const struct decoder decoder_grpc = {
        .name = "grpc",
        .clear = true,
        .state_bytes = sizeof(struct grpc),
        .probe = grpc_probe,
        .open = grpc_open,
        .feed = grpc_feed,
        .gap = grpc_gap,
};
