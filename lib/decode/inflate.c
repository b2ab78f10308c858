/* inflate: gzip (RFC 1952) and deflate (RFC 1950 zlib, and bare RFC 1951 as some servers send it),
 * by zlib. Output goes to one child stream, a piece of DECODE_PIECE_BYTES_MAX a call. */
#include <zlib.h>

#include "base/status.h"
#include "base/wipe.h"
#include "decode/decoder.h"

#define INFLATE_MEMORY_BYTES (48u << 10) /* zlib's own figure is 44 KiB for a 32 KiB window */

struct inflate_state {
	const struct decode_env *env;
	z_stream z;
	bool gzip;
	bool ready; /* zlib holds memory */
	bool opened;
	bool between; /* gzip: after a member; another may follow */
	bool done;
	uint8_t out[DECODE_PIECE_BYTES_MAX];
};

static enum probe_answer gzip_probe(const struct probe *p)
{
	static const uint8_t magic[3] = {0x1f, 0x8b, 8};
	size_t have = p->head.len < sizeof(magic) ? p->head.len : sizeof(magic);

	if (!span_equal(span_slice(p->head, 0, have), span_of(magic, have)))
		return PROBE_NO;
	return have == sizeof(magic) ? PROBE_YES : PROBE_MORE;
}

static enum probe_answer deflate_probe(const struct probe *p)
{
	if (p->env->content->wrappings[0] != WRAPPING_DEFLATE)
		return PROBE_NO;
	return p->head.len >= 2 || p->end ? PROBE_YES : PROBE_MORE;
}

static int state_open(struct inflate_state *w, const struct decode_env *env, bool gzip)
{
	if (budget_charge(env->budget, INFLATE_MEMORY_BYTES) != STATUS_OK)
		return STATUS_LIMIT;
	w->env = env;
	w->gzip = gzip;
	return STATUS_OK;
}

static int gzip_open(void *state, const struct decode_env *env)
{
	return state_open(state, env, true);
}

static int deflate_open(void *state, const struct decode_env *env)
{
	return state_open(state, env, false);
}

static void inflate_close(void *state)
{
	struct inflate_state *w = state;

	if (w->ready)
		inflateEnd(&w->z);
	if (w->env)
		budget_release(w->env->budget, INFLATE_MEMORY_BYTES);
}

/* RFC 1950 section 2.2: method 8, and the two bytes are a multiple of 31. */
static bool is_zlib_header(struct span s)
{
	return s.len >= 2 && (s.data[0] & 15) == 8 && s.data[0] >> 4 <= 7 &&
	       (s.data[0] * 256 + s.data[1]) % 31 == 0;
}

static int begin(struct inflate_state *w, struct span head, struct decode_out *out)
{
	bool declared = w->env->content->wrappings[0] != WRAPPING_NONE;
	struct content inner = {.place = "gzip content"};
	int window = w->gzip ? 15 + 16 : is_zlib_header(head) ? 15 : -15;
	int result;

	w->z.zalloc = wipe_zlib_alloc;
	w->z.zfree = wipe_zlib_free;
	result = inflateInit2(&w->z, window);

	if (result == Z_MEM_ERROR)
		return STATUS_NO_MEMORY;
	if (result != Z_OK)
		return STATUS_LIBRARY;
	if (declared)
		inner = content_unwrapped(w->env->content, "");
	w->ready = true;
	w->opened = true;
	decode_child_open(out, &inner);
	return STATUS_OK;
}

static void finish(struct inflate_state *w, struct decode_out *out, enum stream_end end)
{
	w->done = true;
	decode_child_close(out, end);
	decode_stop(out, end);
}

/* After a member: another one, the end, or bytes that do not belong here. */
static int next_member(struct inflate_state *w, const struct decode_in *in, struct decode_out *out)
{
	if (w->gzip && in->bytes.len < 2 && !in->last)
		return STATUS_OK;
	if (w->gzip && in->bytes.len >= 2 && in->bytes.data[0] == 0x1f &&
	        in->bytes.data[1] == 0x8b) {
		if (inflateReset(&w->z) != Z_OK)
			return STATUS_LIBRARY;
		w->between = false;
		return STATUS_MORE;
	}
	finish(w, out, STREAM_COMPLETE);
	return STATUS_OK;
}

static int inflate_piece(struct inflate_state *w, const struct decode_in *in, size_t *ret_consumed,
        struct decode_out *out)
{
	size_t made;
	int result;

	w->z.next_in = (z_const Bytef *)(uintptr_t)in->bytes.data;
	w->z.avail_in = in->bytes.len > UINT32_MAX ? UINT32_MAX : (uInt)in->bytes.len;
	w->z.next_out = w->out;
	w->z.avail_out = sizeof(w->out);
	result = inflate(&w->z, Z_NO_FLUSH);
	*ret_consumed = in->bytes.len - w->z.avail_in;
	made = sizeof(w->out) - w->z.avail_out;
	if (made > 0)
		decode_child_bytes(out, span_of(w->out, made));
	if (result == Z_MEM_ERROR)
		return STATUS_NO_MEMORY;
	if (result == Z_STREAM_END) {
		w->between = true;
		return *ret_consumed > 0 || made > 0 ? STATUS_MORE : STATUS_OK;
	}
	if (result != Z_OK && result != Z_BUF_ERROR) {
		finish(w, out, STREAM_MALFORMED);
		return STATUS_OK;
	}
	return made == sizeof(w->out) ? STATUS_MORE : STATUS_OK;
}

static int inflate_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct inflate_state *w = state;
	int status = STATUS_OK;

	if (w->done)
		return STATUS_OK;
	if (!w->opened)
		status = begin(w, in->bytes, out);
	if (status != STATUS_OK)
		return status;
	while (w->between) {
		status = next_member(w, in, out);
		if (status != STATUS_MORE)
			return status;
	}
	status = inflate_piece(w, in, ret_consumed, out);
	if (status == STATUS_OK && in->last && !w->done)
		finish(w, out, in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end);
	return status;
}

const struct decoder decoder_gzip = {
        .name = "gzip",
        .state_bytes = sizeof(struct inflate_state),
        .probe = gzip_probe,
        .open = gzip_open,
        .feed = inflate_feed,
        .close = inflate_close,
};

const struct decoder decoder_deflate = {
        .name = "deflate",
        .state_bytes = sizeof(struct inflate_state),
        .probe = deflate_probe,
        .open = deflate_open,
        .feed = inflate_feed,
        .close = inflate_close,
};
