#include "decode/http2_frame.h"

#define SETTING_BYTES      6
#define SETTINGS_FIRST_MAX 16 /* in a server's first frame: ten identifiers are registered */
#define DEFAULT_BYTES_MAX  16384
#define ANY_LENGTH         UINT32_MAX
#define STREAM_BITS        0x7fffffffu

struct rule {
	uint32_t payload_bytes; /* or ANY_LENGTH */
	uint8_t flags;          /* that have a meaning */
	bool on_stream, on_connection;
};

static const struct rule rules[HTTP2_TYPES] = {
        [HTTP2_DATA] = {ANY_LENGTH, 0x09, true, false},
        [HTTP2_HEADERS] = {ANY_LENGTH, 0x2d, true, false},
        [HTTP2_PRIORITY] = {5, 0, true, false},
        [HTTP2_RST_STREAM] = {4, 0, true, false},
        [HTTP2_SETTINGS] = {ANY_LENGTH, 0x01, false, true},
        [HTTP2_PUSH_PROMISE] = {ANY_LENGTH, 0x0c, true, false},
        [HTTP2_PING] = {8, 0x01, false, true},
        [HTTP2_GOAWAY] = {ANY_LENGTH, 0, false, true},
        [HTTP2_WINDOW_UPDATE] = {4, 0, true, true},
        [HTTP2_CONTINUATION] = {ANY_LENGTH, 0x04, true, false},
};

bool http2_frame_take(struct cursor *c, struct http2_frame *ret)
{
	if (cursor_left(c) < HTTP2_FRAME_HEADER_BYTES)
		return false;
	ret->payload_bytes = cursor_u24be(c);
	ret->type = cursor_u8(c);
	ret->flags = cursor_u8(c);
	ret->stream = cursor_u32be(c) & STREAM_BITS;
	return true;
}

bool http2_frame_is_valid(const struct http2_frame *f)
{
	const struct rule *rule;

	if (f->type >= HTTP2_TYPES)
		return true; /* section 4.1: to be passed over */
	rule = &rules[f->type];
	if (f->stream > 0 ? !rule->on_stream : !rule->on_connection)
		return false;
	if (f->type == HTTP2_SETTINGS)
		return f->payload_bytes % SETTING_BYTES == 0;
	if (f->type == HTTP2_GOAWAY)
		return f->payload_bytes >= 8;
	return rule->payload_bytes == ANY_LENGTH || rule->payload_bytes == f->payload_bytes;
}

bool http2_frame_is_likely(const struct http2_frame *f)
{
	return f->type < HTTP2_TYPES && (f->flags & ~rules[f->type].flags) == 0 &&
	       f->payload_bytes <= DEFAULT_BYTES_MAX && http2_frame_is_valid(f);
}

bool http2_frame_block(
        const struct http2_frame *f, struct span payload, struct span *ret, uint32_t *ret_promised)
{
	bool padded = f->type != HTTP2_CONTINUATION && (f->flags & HTTP2_FLAG_PADDED);
	struct cursor c = cursor_open(payload);
	size_t padding = padded ? cursor_u8(&c) : 0;
	uint32_t promised = 0;

	if (f->type == HTTP2_HEADERS && (f->flags & HTTP2_FLAG_PRIORITY))
		cursor_skip(&c, 5);
	if (f->type == HTTP2_PUSH_PROMISE)
		promised = cursor_u32be(&c) & STREAM_BITS;
	if (cursor_failed(&c) || padding > cursor_left(&c))
		return false;
	*ret = cursor_span(&c, cursor_left(&c) - padding);
	*ret_promised = promised;
	return true;
}

static enum probe_answer begins_with_preface(struct span bytes)
{
	size_t have = bytes.len < HTTP2_PREFACE_BYTES ? bytes.len : HTTP2_PREFACE_BYTES;

	if (!span_equal(span_slice(bytes, 0, have), span_of(HTTP2_PREFACE, have)))
		return PROBE_NO;
	return have == HTTP2_PREFACE_BYTES ? PROBE_YES : PROBE_MORE;
}

/* Two zeros, a small length, type 4, no flags, stream 0: nine bytes that little else begins
 * with. */
static enum probe_answer begins_with_settings(struct span bytes)
{
	static const uint8_t shape[HTTP2_FRAME_HEADER_BYTES] = {[3] = HTTP2_SETTINGS};

	for (size_t i = 0; i < sizeof(shape) && i < bytes.len; i++) {
		uint8_t b = bytes.data[i];

		if (i == 2 ? b % SETTING_BYTES != 0 || b > SETTINGS_FIRST_MAX * SETTING_BYTES
		           : b != shape[i])
			return PROBE_NO;
	}
	return bytes.len < sizeof(shape) ? PROBE_MORE : PROBE_YES;
}

enum probe_answer http2_frame_begins(struct span bytes)
{
	enum probe_answer answer = begins_with_preface(bytes);

	return answer == PROBE_NO ? begins_with_settings(bytes) : answer;
}
