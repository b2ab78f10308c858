/* brotli: Content-Encoding br (RFC 7932), by libbrotlidec. It has no signature: only what is
 * declared is taken for it. Its window of at most 16 MiB is charged to the budget as it is
 * allocated. */
#include <brotli/decode.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

struct brotli {
	const struct decode_env *env;
	BrotliDecoderState *decoder;
	bool opened, done;
	uint8_t out[DECODE_PIECE_BYTES_MAX];
};

/* In front of each allocation, so that it can be given back; keeps the alignment of malloc. */
union block {
	size_t bytes;
	max_align_t align;
};

static void *charged_alloc(void *budget, size_t bytes)
{
	union block *block;

	if (bytes > SIZE_MAX - sizeof(*block) ||
	        budget_charge(budget, bytes + sizeof(*block)) != STATUS_OK)
		return NULL;
	block = malloc(bytes + sizeof(*block));
	if (!block) {
		budget_release(budget, bytes + sizeof(*block));
		return NULL;
	}
	block->bytes = bytes;
	return block + 1;
}

static void charged_free(void *budget, void *memory)
{
	union block *block;

	if (!memory)
		return;
	block = (union block *)memory - 1;
	budget_release(budget, block->bytes + sizeof(*block));
	explicit_bzero(block, block->bytes + sizeof(*block));
	free(block);
}

static enum probe_answer brotli_probe(const struct probe *p)
{
	return p->env->content->wrappings[0] == WRAPPING_BROTLI ? PROBE_YES : PROBE_NO;
}

static int brotli_open(void *state, const struct decode_env *env)
{
	struct brotli *b = state;

	b->env = env;
	b->decoder = BrotliDecoderCreateInstance(charged_alloc, charged_free, env->budget);
	return b->decoder ? STATUS_OK : STATUS_LIMIT;
}

static void brotli_close(void *state)
{
	struct brotli *b = state;

	if (b->decoder)
		BrotliDecoderDestroyInstance(b->decoder);
}

static void finish(struct brotli *b, struct decode_out *out, enum stream_end end)
{
	b->done = true;
	decode_child_close(out, end);
	decode_stop(out, end);
}

/* Refused allocations are the budget's word, not a broken format. */
static enum stream_end error_end(const struct brotli *b)
{
	BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(b->decoder);

	return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
	                       code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
	               ? STREAM_LIMIT
	               : STREAM_MALFORMED;
}

static int brotli_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct brotli *b = state;
	const uint8_t *next = in->bytes.data;
	size_t left = in->bytes.len;
	uint8_t *to = b->out;
	size_t room = sizeof(b->out);
	BrotliDecoderResult result;

	if (b->done)
		return STATUS_OK;
	if (!b->opened) {
		struct content inner = content_unwrapped(b->env->content, "");

		b->opened = true;
		decode_child_open(out, &inner);
	}
	result = BrotliDecoderDecompressStream(b->decoder, &left, &next, &room, &to, NULL);
	*ret_consumed = in->bytes.len - left;
	if (room < sizeof(b->out))
		decode_child_bytes(out, span_of(b->out, sizeof(b->out) - room));
	if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT)
		return STATUS_MORE;
	if (result == BROTLI_DECODER_RESULT_ERROR)
		finish(b, out, error_end(b));
	else if (result == BROTLI_DECODER_RESULT_SUCCESS)
		finish(b, out, STREAM_COMPLETE);
	else if (in->last)
		finish(b, out, in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end);
	return STATUS_OK;
}

const struct decoder decoder_brotli = {
        .name = "brotli",
        .state_bytes = sizeof(struct brotli),
        .probe = brotli_probe,
        .open = brotli_open,
        .feed = brotli_feed,
        .close = brotli_close,
};
