/* websocket: the frames of WebSocket, after HTTP has agreed to them. Each direction is read alone;
 * each message, whatever fragments and control frames it came in, is a message with one child
 * stream.
 *
 * Sources: RFC 6455 section 5 (frames, masks, fragments), RFC 7692 section 7 (permessage-deflate).
 * Whether a message is compressed its first frame says (RSV1), and an inflater that keeps its
 * window reads senders that keep theirs and senders that do not; so nothing of the agreement is
 * needed. Where the agreement was not captured, only a first frame that is a client's, whole and
 * JSON by its first bytes, is taken for one. A sound that goes on over messages shows what it is in
 * the first of them only: what follows it and is nothing else is counted as sound. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/status.h"
#include "base/wipe.h"
#include "decode/decoder.h"

#define INFLATE_MEMORY_BYTES (48u << 10) /* zlib's own figure is 44 KiB for a 32 KiB window */
#define OUT_BYTES            (8u << 10)
#define RAW_BYTES            2048
#define OPS_PER_STEP         6
#define CONTROL_BYTES_MAX    125 /* section 5.5 */
#define CONTROL_QUIET_BYTES  16  /* of a stamp or a counter; more could say something */
#define SHAPE_BYTES          16  /* of a JSON text that must be one, where nothing else says so */

enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };
enum socket_phase {
	HEADER,
	PAYLOAD, /* `left` bytes of a message */
	INFLATE, /* what is in `raw` comes out */
	CONTROL, /* `left` bytes of a control frame */
	FLUSHED, /* the last frame of a message has ended */
	CLOSING, /* all of the message is out */
};

struct socket_frame {
	bool fin, compressed, masked;
	uint8_t opcode;
	uint8_t mask[4];
	uint64_t payload_bytes;
	size_t header_bytes;
};

struct websocket {
	const struct decode_env *env;
	enum socket_phase phase;
	struct socket_frame frame;
	uint64_t left;
	unsigned mask_at;
	bool in_message, compressed;
	bool broken; /* the rest of the message cannot be read */
	enum stream_end why;
	bool tail;          /* what ends each compressed message has been given */
	bool binary, media; /* the message; an earlier one was sound or a picture */
	unsigned messages;
	bool ready; /* zlib holds memory */
	z_stream z;
	uint8_t raw[RAW_BYTES], out[OUT_BYTES];
};

/* ---- a frame's header ---- */

static bool is_plausible(uint8_t first)
{
	uint8_t opcode = first & 0x0f;
	bool control = opcode >= CLOSE;

	if ((first & 0x30) != 0 || opcode > PONG || (opcode > BINARY && opcode < CLOSE))
		return false;
	return !control || (first & 0xc0) == 0x80;
}

/* STATUS_OK, STATUS_MORE or STATUS_MALFORMED. Section 5.2; a length in more bytes than it needs is
 * malformed. */
static int frame_read(struct span bytes, struct socket_frame *ret)
{
	struct cursor c = cursor_open(bytes);
	uint8_t first = cursor_u8(&c);
	uint8_t second = cursor_u8(&c);
	uint64_t len = second & 0x7f;

	if (bytes.len > 0 && !is_plausible(first))
		return STATUS_MALFORMED;
	if (bytes.len < 2)
		return STATUS_MORE;
	*ret = (struct socket_frame){.fin = first & 0x80,
	        .compressed = first & 0x40,
	        .masked = second & 0x80,
	        .opcode = first & 0x0f};
	if (ret->opcode >= CLOSE && len > CONTROL_BYTES_MAX)
		return STATUS_MALFORMED;
	if (len == 126) {
		len = cursor_u16be(&c);
		if (!cursor_failed(&c) && len < 126)
			return STATUS_MALFORMED;
	} else if (len == 127) {
		len = cursor_u64be(&c);
		if (!cursor_failed(&c) && (len <= UINT16_MAX || len >> 63))
			return STATUS_MALFORMED;
	}
	if (ret->masked)
		cursor_copy(&c, ret->mask, sizeof(ret->mask));
	if (cursor_failed(&c))
		return STATUS_MORE;
	ret->payload_bytes = len;
	ret->header_bytes = bytes.len - cursor_left(&c);
	return STATUS_OK;
}

/* A client's first frame that is one whole JSON text, as far as SHAPE_BYTES show. */
static enum probe_answer probe_shape(const struct probe *p)
{
	struct socket_frame frame;
	struct span payload;
	int status;

	if (p->head.data[0] != (0x80 | TEXT))
		return PROBE_NO;
	if (p->head.len > 1 && !(p->head.data[1] & 0x80) && !p->other)
		return PROBE_NO;
	status = frame_read(p->head, &frame);
	if (status == STATUS_MALFORMED ||
	        (status == STATUS_OK && frame.payload_bytes < SHAPE_BYTES))
		return PROBE_NO;
	if (status == STATUS_MORE)
		return p->end ? PROBE_NO : PROBE_MORE;
	payload = span_slice(p->head, frame.header_bytes, SHAPE_BYTES);
	for (size_t i = 0; i < payload.len; i++) {
		uint8_t byte = payload.data[i] ^ frame.mask[i % 4];

		if (i == 0 && byte != '{' && byte != '[')
			return PROBE_NO;
		if (byte == 0x7f || (byte < ' ' && byte != '\n' && byte != '\r' && byte != '\t'))
			return PROBE_NO;
	}
	if (payload.len < SHAPE_BYTES)
		return p->end ? PROBE_NO : PROBE_MORE;
	return PROBE_YES;
}

static enum probe_answer websocket_probe(const struct probe *p)
{
	bool named = strcmp(p->env->content->type, WEBSOCKET_TYPE) == 0 ||
	             (p->env->depth == 0 && strcmp(p->env->expected, "websocket") == 0);

	if (p->head.len == 0 || p->env->datagram)
		return PROBE_NO;
	if (named)
		return is_plausible(p->head.data[0]) ? PROBE_YES : PROBE_NO;
	return p->env->depth == 0 ? probe_shape(p) : PROBE_NO;
}

static int websocket_open(void *state, const struct decode_env *env)
{
	struct websocket *w = state;

	w->env = env;
	return STATUS_OK;
}

static void inflater_free(struct websocket *w)
{
	if (!w->ready)
		return;
	inflateEnd(&w->z);
	budget_release(w->env->budget, INFLATE_MEMORY_BYTES);
	w->ready = false;
}

static void websocket_close(void *state)
{
	inflater_free(state);
}

static int inflater_make(struct websocket *w)
{
	int result;

	if (w->ready)
		return STATUS_OK;
	if (budget_charge(w->env->budget, INFLATE_MEMORY_BYTES) != STATUS_OK)
		return STATUS_LIMIT;
	w->z = (z_stream){.zalloc = wipe_zlib_alloc, .zfree = wipe_zlib_free};
	result = inflateInit2(&w->z, -15);
	if (result != Z_OK) {
		budget_release(w->env->budget, INFLATE_MEMORY_BYTES);
		return result == Z_MEM_ERROR ? STATUS_NO_MEMORY : STATUS_LIBRARY;
	}
	w->ready = true;
	return STATUS_OK;
}

/* ---- messages ---- */

static void message_begin(struct websocket *w, struct decode_out *out)
{
	struct content content = {.type = ""};
	char place[DECODE_STEP_CHARS];

	w->in_message = true;
	w->compressed = w->frame.compressed;
	w->broken = w->tail = false;
	w->binary = w->frame.opcode == BINARY;
	if (w->binary && w->media)
		memcpy(content.type, "audio/*", sizeof("audio/*"));
	snprintf(place, sizeof(place), "socket message %u", ++w->messages);
	decode_begin(out, CARRIER_SOCKET, span_of_text(w->binary ? "binary" : "text"), place);
	decode_child_open(out, &content);
}

static void message_end(struct websocket *w, struct decode_out *out, enum stream_end end)
{
	if (!w->in_message)
		return;
	if (w->binary && decode_child_media(out))
		w->media = true;
	decode_child_close(out, w->broken ? w->why : end);
	decode_end(out);
	w->in_message = false;
}

/* The rest of the message is passed over. What was lost is no history for the next one. */
static void message_break(struct websocket *w, struct decode_out *out, enum stream_end why)
{
	w->broken = true;
	w->why = why;
	if (why == STREAM_MALFORMED)
		decode_count_malformed(out);
	w->z.avail_in = 0;
	if (w->ready && inflateReset(&w->z) != Z_OK)
		inflater_free(w);
}

/* ---- steps: STATUS_ITEM, go on; STATUS_OK, more is needed; STATUS_MORE, after draining ---- */

static int malformed(struct websocket *w, struct decode_out *out)
{
	message_end(w, out, STREAM_MALFORMED);
	return STATUS_MALFORMED;
}

static int header_step(struct websocket *w, struct cursor *c, struct decode_out *out)
{
	int status = frame_read(span_of(c->at, c->left), &w->frame);

	if (cursor_left(c) == 0 || status == STATUS_MORE)
		return STATUS_OK;
	if (status != STATUS_OK)
		return malformed(w, out);
	w->left = w->frame.payload_bytes;
	w->mask_at = 0;
	w->phase = CONTROL;
	if (w->frame.opcode < CLOSE) {
		bool goes_on = w->frame.opcode == CONTINUATION;

		if (goes_on != w->in_message || (goes_on && w->frame.compressed))
			return malformed(w, out);
		if (!goes_on)
			message_begin(w, out);
		if (w->compressed && !w->broken && inflater_make(w) != STATUS_OK) {
			message_end(w, out, STREAM_LIMIT);
			return STATUS_LIMIT;
		}
		w->phase = PAYLOAD;
	}
	cursor_skip(c, w->frame.header_bytes);
	return STATUS_ITEM;
}

static void unmask(struct websocket *w, struct span from, uint8_t *to)
{
	for (size_t i = 0; i < from.len; i++)
		to[i] = from.data[i] ^ w->frame.mask[(w->mask_at + i) % 4];
	w->mask_at = (unsigned)((w->mask_at + from.len) % 4);
}

static struct span take_left(struct websocket *w, struct cursor *c, size_t most)
{
	size_t len = cursor_left(c) < most ? cursor_left(c) : most;

	if (len > w->left)
		len = (size_t)w->left;
	w->left -= len;
	return cursor_span(c, len);
}

static void inflate_more(struct websocket *w, const void *bytes, size_t len)
{
	w->z.next_in = (z_const Bytef *)(uintptr_t)bytes;
	w->z.avail_in = (uInt)len;
	w->phase = INFLATE;
}

static int payload_step(struct websocket *w, struct cursor *c, struct decode_out *out)
{
	bool packed = w->compressed && !w->broken;
	struct span piece;

	if (w->left == 0) {
		w->phase = w->frame.fin ? FLUSHED : HEADER;
		return STATUS_ITEM;
	}
	if (cursor_left(c) == 0)
		return STATUS_OK;
	piece = take_left(w, c, w->broken ? SIZE_MAX : packed ? RAW_BYTES : OUT_BYTES);
	if (w->broken) {
		w->mask_at = (unsigned)((w->mask_at + piece.len) % 4);
		decode_unread(out, piece.len, w->why);
		return STATUS_ITEM;
	}
	unmask(w, piece, packed ? w->raw : w->out);
	if (packed) {
		inflate_more(w, w->raw, piece.len);
		return STATUS_ITEM;
	}
	decode_child_bytes(out, span_of(w->out, piece.len));
	return STATUS_MORE;
}

static int inflate_step(struct websocket *w, struct decode_out *out)
{
	int result;
	size_t made;

	w->z.next_out = w->out;
	w->z.avail_out = OUT_BYTES;
	result = inflate(&w->z, Z_SYNC_FLUSH);
	made = OUT_BYTES - w->z.avail_out;
	if (made > 0)
		decode_child_bytes(out, span_of(w->out, made));
	if (result == Z_MEM_ERROR)
		return STATUS_NO_MEMORY;
	if (result == Z_STREAM_END) /* a sender's last block may say so: section 7.2.3.4 */
		result = inflateReset(&w->z);
	if (result != Z_OK && result != Z_BUF_ERROR)
		message_break(w, out, STREAM_MALFORMED);
	if (w->z.avail_in == 0 && w->z.avail_out > 0)
		w->phase = w->tail ? CLOSING : PAYLOAD;
	else if (w->broken)
		w->phase = PAYLOAD;
	return made > 0 ? STATUS_MORE : STATUS_ITEM;
}

/* Section 7.2.2: four bytes that each message ends in are not sent. */
static int flushed_step(struct websocket *w)
{
	static const uint8_t tail[4] = {0, 0, 0xff, 0xff};

	w->phase = CLOSING;
	if (!w->compressed || w->broken)
		return STATUS_ITEM;
	w->tail = true;
	inflate_more(w, tail, sizeof(tail));
	return STATUS_ITEM;
}

/* A ping may carry a text, which nobody is shown: it is not read. */
static int control_step(struct websocket *w, struct cursor *c, struct decode_out *out)
{
	struct span piece = take_left(w, c, SIZE_MAX);

	if (w->frame.payload_bytes > CONTROL_QUIET_BYTES)
		decode_unread(out, piece.len, STREAM_UNKNOWN);
	if (w->left > 0)
		return STATUS_OK;
	w->phase = HEADER;
	return STATUS_ITEM;
}

static int websocket_step(struct websocket *w, struct cursor *c, struct decode_out *out)
{
	switch (w->phase) {
	case HEADER:
		return header_step(w, c, out);
	case PAYLOAD:
		return payload_step(w, c, out);
	case INFLATE:
		return inflate_step(w, out);
	case CONTROL:
		return control_step(w, c, out);
	case FLUSHED:
		return flushed_step(w);
	case CLOSING:
		message_end(w, out, STREAM_COMPLETE);
		w->phase = HEADER;
		return STATUS_ITEM;
	}
	return STATUS_BUG;
}

static int websocket_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct websocket *w = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && decode_room(out) >= OPS_PER_STEP)
		status = websocket_step(w, &c, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM)
		return STATUS_MORE;
	if (status == STATUS_OK && in->last && (w->in_message || w->left > 0)) {
		enum stream_end cut = in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;

		message_end(w, out, cut);
		decode_stop(out, cut);
	}
	return status;
}

/* Inside a payload reading goes on behind the gap; a compressed message cannot. Elsewhere nobody
 * knows where the next frame begins: the session looks for one at the start of a chunk. */
static int websocket_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct websocket *w = state;
	bool inside = (w->phase == PAYLOAD || w->phase == CONTROL) && missing_bytes > 0 &&
	              missing_bytes <= w->left;

	decode_unread(out, before.len, STREAM_GAP);
	if (!inside) {
		message_end(w, out, STREAM_GAP);
		decode_stop(out, STREAM_GAP);
		return STATUS_OK;
	}
	w->left -= missing_bytes;
	w->mask_at = (unsigned)((w->mask_at + missing_bytes) % 4);
	if (w->phase == CONTROL)
		return STATUS_OK;
	decode_child_gap(out, missing_bytes);
	if (w->compressed && !w->broken)
		message_break(w, out, STREAM_GAP);
	return STATUS_OK;
}

const struct decoder decoder_websocket = {
        .name = "websocket",
        .protocol = "websocket",
        .clear = true,
        .state_bytes = sizeof(struct websocket),
        .probe = websocket_probe,
        .open = websocket_open,
        .feed = websocket_feed,
        .gap = websocket_gap,
        .close = websocket_close,
};
