/* protobuf: messages of Protocol Buffers without their schema (protobuf.dev, "Encoding"), where a
 * type says that it is one. Fields are walked by their wire type; each text becomes a value whose
 * label is the path of field numbers to it ("1.3.2"), and so do whole numbers that are long enough
 * to be of a card.
 *
 * Text, bytes and messages have one wire type. What is UTF-8 is text; what can be walked to its
 * last byte is a message, also where its first byte is a line end to a reader of text; the rest, a
 * document perhaps, is a child stream that must show what it is. Of what is longer than
 * DECODE_VALUE_BYTES_MAX that much decides. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

#define NESTING_MAX     16 /* messages inside messages; services make 4 */
#define OPS_PER_STEP    4
#define VARINT_BYTES    10
#define FIELD_MAX       ((1u << 29) - 1)
#define FIELD_LIKELY    10000   /* where only the front of a message could be walked */
#define NUMBER_MIN      1000000 /* of seven digits: no count, and no enumeration */
#define BYTES_CHILD_MIN 16      /* no document is shorter */

enum wire { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };
enum protobuf_phase { TAG, DECIDE, SKIP, CHILD };

struct level {
	uint64_t end; /* offset in the stream */
	uint32_t field;
};

struct protobuf {
	enum protobuf_phase phase;
	bool begun, child_open;
	uint64_t at;   /* offset in the stream */
	uint64_t left; /* DECIDE, SKIP, CHILD: of the field's bytes */
	uint32_t field;
	unsigned depth;
	struct level levels[NESTING_MAX];
};

/* ---- walking ---- */

/* STATUS_OK; STATUS_MORE: it goes on; STATUS_MALFORMED: longer than any. */
static int read_varint(struct cursor *c, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_BYTES; i++) {
		uint8_t byte = cursor_u8(c);

		if (cursor_failed(c))
			return STATUS_MORE;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*ret = value;
			return STATUS_OK;
		}
	}
	return STATUS_MALFORMED;
}

struct element {
	uint32_t field;
	enum wire wire;
	uint64_t value; /* of a VARINT; the bytes that follow of the others */
};

static int read_element(struct cursor *c, struct element *ret)
{
	uint64_t tag = 0;
	int status = read_varint(c, &tag);

	if (status != STATUS_OK)
		return status;
	if (tag >> 3 == 0 || tag >> 3 > FIELD_MAX)
		return STATUS_MALFORMED;
	*ret = (struct element){.field = (uint32_t)(tag >> 3), .wire = (enum wire)(tag & 7)};
	switch (ret->wire) {
	case VARINT:
	case LENGTH:
		return read_varint(c, &ret->value);
	case FIXED64:
		ret->value = 8;
		return STATUS_OK;
	case FIXED32:
		ret->value = 4;
		return STATUS_OK;
	}
	return STATUS_MALFORMED; /* groups are not made any more */
}

/* The front of a message of `whole` bytes, or all of it. */
static bool walks(struct span front, uint64_t whole)
{
	struct cursor c = cursor_open(front);
	bool all = front.len == whole;

	while (cursor_left(&c) > 0) {
		uint64_t done = front.len - cursor_left(&c);
		struct element e;
		int status = read_element(&c, &e);

		if (status == STATUS_MORE)
			return !all && done > 0;
		if (status != STATUS_OK || (!all && e.field > FIELD_LIKELY))
			return false;
		if (e.wire == VARINT)
			continue;
		if (e.value > whole - (front.len - cursor_left(&c)))
			return false;
		if (e.value > cursor_left(&c))
			return true; /* it reaches behind the front, and fits */
		cursor_skip(&c, (size_t)e.value);
	}
	return front.len > 0;
}

/* Without a schema only what is declared is asked, and it must look like it. */
static enum probe_answer protobuf_probe(const struct probe *p)
{
	static const char *const types[] = {"application/x-protobuf", "application/protobuf",
	        "application/vnd.google.protobuf", "application/x-google-protobuf",
	        "application/proto"};
	const struct content *c = p->env->content;
	bool declared = false;

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		declared |= strcmp(c->type, types[i]) == 0;
	if (!declared || c->wrappings[0] != WRAPPING_NONE)
		return PROBE_NO;
	if (p->head.len > 0 && !walks(p->head, UINT32_MAX) && p->head.len >= 2 * VARINT_BYTES)
		return PROBE_NO;
	if (!p->end)
		return PROBE_MORE;
	return walks(p->head, p->head.len < DECODE_PROBE_BYTES_MAX ? p->head.len : UINT32_MAX)
	               ? PROBE_YES
	               : PROBE_NO;
}

/* ---- text ---- */

static bool is_control(uint8_t byte)
{
	return byte == 0x7f || (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r');
}

/* Bytes of the character, by RFC 3629; 0: none. */
static size_t utf8_len(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* all: no character may be cut at the end. */
static bool is_text(struct span s, bool all)
{
	for (size_t i = 0; i < s.len;) {
		size_t len = utf8_len(s.data[i]);

		if (len == 0 || is_control(s.data[i]))
			return false;
		for (size_t k = 1; k < len; k++) {
			if (i + k >= s.len)
				return !all;
			if ((s.data[i + k] & 0xc0) != 0x80)
				return false;
		}
		i += len;
	}
	return true;
}

/* In one of the sets of 8 bits. */
static bool is_short_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_control(s.data[i]))
			return false;
	return true;
}

/* ---- steps: STATUS_ITEM, go on; STATUS_OK, more is needed; STATUS_MORE, after draining ---- */

/* The path of field numbers; false when there is no memory for it now. */
static bool path_of(const struct protobuf *p, struct decode_out *out, struct span *ret)
{
	char text[(NESTING_MAX + 1) * 11];
	int len = 0;

	for (unsigned i = 0; i < p->depth; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%u.", p->levels[i].field);
	len += snprintf(text + len, sizeof(text) - (size_t)len, "%u", p->field);
	*ret = decode_keep(out, span_of(text, (size_t)len));
	return ret->data != NULL;
}

static int put_value(struct protobuf *p, struct decode_out *out, struct span value)
{
	struct span path;

	if (!path_of(p, out, &path))
		return decode_room(out) == DECODE_QUEUE_OPS ? STATUS_LIMIT : STATUS_MORE;
	decode_value(out, LABEL_KEY, path, value);
	return STATUS_ITEM;
}

static int put_number(struct protobuf *p, struct decode_out *out, uint64_t number)
{
	char text[24];
	struct span kept;
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);

	kept = decode_keep(out, span_of(text, (size_t)len));
	if (!kept.data)
		return decode_room(out) == DECODE_QUEUE_OPS ? STATUS_LIMIT : STATUS_MORE;
	return put_value(p, out, kept);
}

static void take(struct protobuf *p, struct cursor *c, size_t len)
{
	cursor_skip(c, len);
	p->at += len;
}

/* Out of the messages that end here. */
static void climb(struct protobuf *p)
{
	while (p->depth > 0 && p->at >= p->levels[p->depth - 1].end)
		p->depth--;
}

static int tag_step(struct protobuf *p, struct cursor *c, struct decode_out *out)
{
	struct cursor ahead = *c;
	struct element e = {.field = 0};
	size_t len;
	uint64_t end;
	int status;

	climb(p);
	end = p->depth > 0 ? p->levels[p->depth - 1].end : UINT64_MAX;
	if (cursor_left(c) == 0)
		return STATUS_OK;
	status = read_element(&ahead, &e);
	if (status != STATUS_OK)
		return status == STATUS_MORE ? STATUS_OK : STATUS_MALFORMED;
	len = cursor_left(c) - cursor_left(&ahead);
	if (len > end - p->at || (e.wire != VARINT && e.value > end - p->at - len))
		return STATUS_MALFORMED;
	p->field = e.field;
	if (e.wire == VARINT && e.value >= NUMBER_MIN && e.value <= INT64_MAX) {
		status = put_number(p, out, e.value);
		if (status != STATUS_ITEM)
			return status;
	}
	take(p, c, len);
	p->left = e.value;
	if (e.wire != VARINT && e.value > 0)
		p->phase = e.wire == LENGTH ? DECIDE : SKIP;
	return STATUS_ITEM;
}

static void child_begin(struct protobuf *p, struct decode_out *out, struct content *content)
{
	snprintf(content->place, sizeof(content->place), "field %u", p->field);
	decode_child_open(out, content);
	p->child_open = true;
	p->phase = CHILD;
}

static void descend(struct protobuf *p, struct decode_out *out)
{
	p->phase = TAG;
	if (p->depth == NESTING_MAX) {
		decode_count_limit(out);
		decode_unread(out, p->left, STREAM_LIMIT);
		p->phase = SKIP;
		return;
	}
	p->levels[p->depth++] = (struct level){.end = p->at + p->left, .field = p->field};
}

static int text_step(struct protobuf *p, struct cursor *c, struct span text, struct decode_out *out)
{
	struct content content = {.place = ""};
	int status;

	if (text.len < p->left || content_is_nested(text, &content)) {
		child_begin(p, out, &content);
		return STATUS_ITEM;
	}
	status = put_value(p, out, text);
	if (status != STATUS_ITEM)
		return status;
	take(p, c, text.len);
	p->phase = TAG;
	return STATUS_ITEM;
}

static int decide_step(struct protobuf *p, struct cursor *c, bool last, struct decode_out *out)
{
	size_t most = p->left < DECODE_VALUE_BYTES_MAX ? (size_t)p->left : DECODE_VALUE_BYTES_MAX;
	struct span front = span_slice(span_of(c->at, c->left), 0, most);
	struct content content = {.place = ""};
	bool all = front.len == p->left, text;

	if (front.len < most && !last)
		return STATUS_OK;
	if (front.len == 0)
		return STATUS_OK;
	text = is_text(front, all) || (p->left < BYTES_CHILD_MIN && is_short_text(front));
	if ((!text || front.data[0] < ' ') && walks(front, p->left))
		descend(p, out);
	else if (text)
		return text_step(p, c, front, out);
	else if (p->left >= BYTES_CHILD_MIN)
		child_begin(p, out, &content);
	else
		p->phase = SKIP;
	return STATUS_ITEM;
}

static int bytes_step(struct protobuf *p, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < p->left ? cursor_left(c) : (size_t)p->left;

	if (p->phase == CHILD && len > 0)
		decode_child_bytes(out, span_of(c->at, len));
	take(p, c, len);
	p->left -= len;
	if (p->left > 0)
		return STATUS_OK;
	if (p->child_open)
		decode_child_close(out, STREAM_COMPLETE);
	p->child_open = false;
	p->phase = TAG;
	return STATUS_ITEM;
}

static int protobuf_step(
        struct protobuf *p, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	switch (p->phase) {
	case TAG:
		return tag_step(p, c, out);
	case DECIDE:
		return decide_step(p, c, in->last, out);
	case SKIP:
	case CHILD:
		return bytes_step(p, c, out);
	}
	return STATUS_BUG;
}

static void at_end(struct protobuf *p, const struct decode_in *in, struct decode_out *out)
{
	enum stream_end cut = in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;

	climb(p);
	if (p->child_open)
		decode_child_close(out, cut);
	p->child_open = false;
	decode_end(out);
	p->begun = false;
	if (p->depth > 0 || p->phase != TAG)
		decode_stop(out, cut);
}

static int protobuf_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct protobuf *p = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	if (!p->begun)
		decode_begin(out, CARRIER_RPC, span_of_text("protobuf"), "");
	p->begun = true;
	while (status == STATUS_ITEM && decode_room(out) >= OPS_PER_STEP)
		status = protobuf_step(p, &c, in, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM)
		return STATUS_MORE;
	if (status == STATUS_OK && in->last)
		at_end(p, in, out);
	return status;
}

const struct decoder decoder_protobuf = {
        .name = "protobuf",
        .clear = true,
        .state_bytes = sizeof(struct protobuf),
        .probe = protobuf_probe,
        .feed = protobuf_feed,
};
