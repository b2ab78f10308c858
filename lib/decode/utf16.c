/* utf16: text in UTF-16 becomes a child stream in UTF-8 (RFC 2781), so that every text format and
 * every detector sees one encoding. Recognised by its byte-order mark, or by the zero bytes that
 * Latin letters and digits have in it. */
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

#define UTF16_LOOK_BYTES 32 /* judged without a mark by so many */
#define UTF16_OUT_BYTES  4096
#define UTF16_UNIT_MAX   4 /* bytes of UTF-8 for one character */

enum utf16_order { UTF16_NONE, UTF16_LITTLE, UTF16_BIG };

struct utf16 {
	const struct decode_env *env;
	enum utf16_order order;
	bool opened, closed;
	uint16_t high; /* a surrogate that waits for its other half; 0: none */
	uint8_t out[UTF16_OUT_BYTES];
};

static enum utf16_order mark_of(struct span head)
{
	if (head.len >= 2 && head.data[0] == 0xff && head.data[1] == 0xfe)
		return UTF16_LITTLE;
	if (head.len >= 2 && head.data[0] == 0xfe && head.data[1] == 0xff)
		return UTF16_BIG;
	return UTF16_NONE;
}

/* Every pair has its zero on the same side, and something printable on the other. */
static enum utf16_order pattern_of(struct span head)
{
	size_t little = 0;
	size_t big = 0;
	size_t len = head.len < UTF16_LOOK_BYTES ? head.len & ~(size_t)1 : UTF16_LOOK_BYTES;

	for (size_t i = 0; i < len; i += 2) {
		uint8_t a = head.data[i];
		uint8_t b = head.data[i + 1];

		little += a >= '\t' && a < 0x7f && b == 0;
		big += b >= '\t' && b < 0x7f && a == 0;
	}
	if (len >= 8 && little == len / 2)
		return UTF16_LITTLE;
	if (len >= 8 && big == len / 2)
		return UTF16_BIG;
	return UTF16_NONE;
}

static enum probe_answer utf16_probe(const struct probe *p)
{
	if (p->env->datagram || mark_of(p->head) != UTF16_NONE)
		return p->env->datagram ? PROBE_NO : PROBE_YES;
	if (p->head.len < UTF16_LOOK_BYTES && !p->end)
		return p->head.len < 2 || memchr(p->head.data, 0, p->head.len) ? PROBE_MORE
		                                                               : PROBE_NO;
	return pattern_of(p->head) != UTF16_NONE ? PROBE_YES : PROBE_NO;
}

static int utf16_open(void *state, const struct decode_env *env)
{
	struct utf16 *u = state;

	u->env = env;
	return STATUS_OK;
}

static size_t put_utf8(uint8_t *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (uint8_t)(0xc0 | c >> 6);
		to[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (uint8_t)(0xe0 | c >> 12);
		to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		to[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (uint8_t)(0xf0 | c >> 18);
	to[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	to[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	to[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* One unit of 16 bits; a lone surrogate becomes U+FFFD. */
static size_t put_unit(struct utf16 *u, uint8_t *to, uint16_t unit)
{
	uint16_t high = u->high;
	size_t len = 0;

	u->high = 0;
	if (high && unit >= 0xdc00 && unit < 0xe000)
		return put_utf8(to,
		        0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(unit - 0xdc00));
	if (high)
		len = put_utf8(to, 0xfffd);
	if (unit >= 0xd800 && unit < 0xdc00) {
		u->high = unit;
		return len;
	}
	if (unit >= 0xdc00 && unit < 0xe000)
		return len + put_utf8(to + len, 0xfffd);
	return len + put_utf8(to + len, unit);
}

static size_t transcode(struct utf16 *u, struct cursor *c)
{
	size_t len = 0;

	while (cursor_left(c) >= 2 && len + 2 * UTF16_UNIT_MAX <= UTF16_OUT_BYTES)
		len += put_unit(
		        u, u->out + len, u->order == UTF16_BIG ? cursor_u16be(c) : cursor_u16le(c));
	return len;
}

static int utf16_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct utf16 *u = state;
	struct cursor c = cursor_open(in->bytes);
	size_t len;

	if (!u->opened) {
		struct content inner = content_unwrapped(u->env->content, "");

		u->order = mark_of(in->bytes);
		if (u->order != UTF16_NONE)
			cursor_skip(&c, 2);
		else
			u->order = pattern_of(in->bytes);
		u->opened = true;
		decode_child_open(out, &inner);
	}
	len = transcode(u, &c);
	if (len > 0)
		decode_child_bytes(out, span_of(u->out, len));
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (cursor_left(&c) >= 2)
		return STATUS_MORE;
	if (in->last && !u->closed) {
		u->closed = true;
		decode_child_close(
		        out, cursor_left(&c) > 0 || u->high ? STREAM_MALFORMED : in->end);
	}
	return STATUS_OK;
}

const struct decoder decoder_utf16 = {
        .name = "utf16",
        .clear = true,
        .state_bytes = sizeof(struct utf16),
        .probe = utf16_probe,
        .open = utf16_open,
        .feed = utf16_feed,
};
