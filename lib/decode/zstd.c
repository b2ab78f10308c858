/* zstd: Zstandard frames (RFC 8878), by libzstd; recognised by their magic number. The window that
 * a frame asks for is charged to the budget before it is given, and 8 MiB is the most (RFC
 * 9659). */
#include <zstd.h>

#include "base/status.h"
#include "decode/decoder.h"

#define ZSTD_WINDOW_LOG_MAX   23           /* RFC 9659 section 3: 8 MiB for Content-Encoding */
#define ZSTD_CONTEXT_BYTES    (192u << 10) /* ZSTD_estimateDStreamSize() less the window */
#define ZSTD_BLOCK_BYTES_MAX  (128u << 10) /* RFC 8878 section 3.1.1.2.4; two are buffered */
#define ZSTD_HEADER_BYTES_MAX 18           /* RFC 8878 section 3.1.1.1, with the magic number */
#define ZSTD_MAGIC            0xfd2fb528u
#define ZSTD_MAGIC_SKIP       0x184d2a50u /* and the next 15: skippable frames */

struct zstd {
	const struct decode_env *env;
	ZSTD_DCtx *context;
	size_t charged_bytes;
	bool opened, done;
	bool inside; /* a frame is open */
	uint8_t out[DECODE_PIECE_BYTES_MAX];
};

static bool is_magic(uint32_t magic)
{
	return magic == ZSTD_MAGIC || (magic & 0xfffffff0u) == ZSTD_MAGIC_SKIP;
}

static enum probe_answer zstd_probe(const struct probe *p)
{
	static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
	static const uint8_t skip[4] = {0x50, 0x2a, 0x4d, 0x18};
	size_t have = p->head.len < 4 ? p->head.len : 4;

	if (span_equal(span_slice(p->head, 0, have), span_of(magic, have)))
		return have == 4 ? PROBE_YES : PROBE_MORE;
	if (p->head.len > 0 && (p->head.data[0] & 0xf0) == 0x50 &&
	        span_equal(span_slice(p->head, 1, have - 1), span_of(skip + 1, have - 1)))
		return have == 4 ? PROBE_YES : PROBE_MORE;
	return PROBE_NO;
}

static int charge(struct zstd *z, size_t bytes)
{
	if (bytes <= z->charged_bytes)
		return STATUS_OK;
	if (budget_charge(z->env->budget, bytes - z->charged_bytes) != STATUS_OK)
		return STATUS_LIMIT;
	z->charged_bytes = bytes;
	return STATUS_OK;
}

static int zstd_open(void *state, const struct decode_env *env)
{
	struct zstd *z = state;

	z->env = env;
	if (charge(z, ZSTD_CONTEXT_BYTES) != STATUS_OK)
		return STATUS_LIMIT;
	z->context = ZSTD_createDCtx();
	if (!z->context)
		return STATUS_NO_MEMORY;
	if (ZSTD_isError(
	            ZSTD_DCtx_setParameter(z->context, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
		return STATUS_LIBRARY;
	return STATUS_OK;
}

static void zstd_close(void *state)
{
	struct zstd *z = state;

	ZSTD_freeDCtx(z->context);
	if (z->env)
		budget_release(z->env->budget, z->charged_bytes);
}

static void finish(struct zstd *z, struct decode_out *out, enum stream_end end)
{
	z->done = true;
	decode_child_close(out, end);
	decode_stop(out, end);
}

/* Window of a frame, RFC 8878 section 3.1.1.1. STATUS_MORE until the header is there. */
static int window_of(struct span frame, uint64_t *ret)
{
	struct cursor c = cursor_open(frame);
	uint32_t magic = cursor_u32le(&c);
	uint8_t descriptor = cursor_u8(&c);
	uint8_t window;
	unsigned exponent;
	uint64_t base;

	if (cursor_failed(&c))
		return STATUS_MORE;
	*ret = 0;
	if (magic != ZSTD_MAGIC)
		return STATUS_OK;
	if (descriptor & 0x20) { /* single segment: the window is the content, whose size follows */
		size_t id_len = (size_t[]){0, 1, 2, 4}[descriptor & 3];
		unsigned size_code = descriptor >> 6;

		cursor_skip(&c, id_len);
		*ret = size_code == 0   ? cursor_u8(&c)
		       : size_code == 1 ? cursor_u16le(&c) + 256u
		       : size_code == 2 ? cursor_u32le(&c)
		                        : cursor_u64le(&c);
		return cursor_failed(&c) ? STATUS_MORE : STATUS_OK;
	}
	window = cursor_u8(&c);
	if (cursor_failed(&c))
		return STATUS_MORE;
	exponent = window >> 3;
	base = UINT64_C(1) << (10 + exponent);
	*ret = base + base / 8 * (window & 7);
	return STATUS_OK;
}

/* Before a frame: STATUS_OK to read it, STATUS_MORE to wait, else how the stream ends. */
static int frame_begin(struct zstd *z, const struct decode_in *in, struct decode_out *out)
{
	struct cursor c = cursor_open(in->bytes);
	uint64_t window;
	int status;

	if (in->bytes.len < ZSTD_HEADER_BYTES_MAX && !in->last &&
	        window_of(in->bytes, &window) == STATUS_MORE)
		return STATUS_MORE;
	if (in->bytes.len >= 4 && !is_magic(cursor_u32le(&c))) {
		finish(z, out, STREAM_COMPLETE);
		return STATUS_END;
	}
	status = window_of(in->bytes, &window);
	if (status != STATUS_OK) {
		finish(z, out, in->bytes.len == 0 ? STREAM_COMPLETE : STREAM_TRUNCATED);
		return STATUS_END;
	}
	if (window > UINT64_C(1) << ZSTD_WINDOW_LOG_MAX ||
	        charge(z, ZSTD_CONTEXT_BYTES + 2 * ZSTD_BLOCK_BYTES_MAX + (size_t)window) !=
	                STATUS_OK) {
		finish(z, out, STREAM_LIMIT);
		return STATUS_END;
	}
	z->inside = true;
	return STATUS_OK;
}

static int zstd_piece(
        struct zstd *z, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	ZSTD_inBuffer from = {.src = in->bytes.data, .size = in->bytes.len};
	ZSTD_outBuffer to = {.dst = z->out, .size = sizeof(z->out)};
	size_t result = ZSTD_decompressStream(z->context, &to, &from);

	*ret_consumed = from.pos;
	if (to.pos > 0)
		decode_child_bytes(out, span_of(z->out, to.pos));
	if (ZSTD_isError(result)) {
		finish(z, out, STREAM_MALFORMED);
		return STATUS_OK;
	}
	if (result == 0) {
		z->inside = false;
		return from.pos > 0 || to.pos > 0 ? STATUS_MORE : STATUS_OK;
	}
	return to.pos == to.size ? STATUS_MORE : STATUS_OK;
}

static int zstd_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct zstd *z = state;
	int status = STATUS_OK;

	if (z->done)
		return STATUS_OK;
	if (!z->opened) {
		struct content inner = {.place = "zstd content"};

		if (z->env->content->wrappings[0] != WRAPPING_NONE)
			inner = content_unwrapped(z->env->content, "");
		z->opened = true;
		decode_child_open(out, &inner);
	}
	if (!z->inside)
		status = frame_begin(z, in, out);
	if (status != STATUS_OK)
		return STATUS_OK;
	status = zstd_piece(z, in, ret_consumed, out);
	if (status == STATUS_OK && in->last && !z->done)
		finish(z, out, in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end);
	return status;
}

const struct decoder decoder_zstd = {
        .name = "zstd",
        .state_bytes = sizeof(struct zstd),
        .probe = zstd_probe,
        .open = zstd_open,
        .feed = zstd_feed,
        .close = zstd_close,
};
