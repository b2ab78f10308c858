/* transfer: contents that are declared to be base64 or quoted-printable, as parts of mail and of
 * forms are; lib/decode/transfer_encoding.h undoes them. What base64 does not know is skipped, as
 * RFC 2045 section 6.8 asks, and counted as not looked into. */
#include "base/status.h"
#include "decode/decoder.h"
#include "decode/transfer_encoding.h"

#define TRANSFER_OUT_BYTES 4096

struct transfer {
	const struct decode_env *env;
	struct transfer_reader reader;
	bool opened, closed;
	uint8_t out[TRANSFER_OUT_BYTES];
};

static enum probe_answer transfer_probe(const struct probe *p)
{
	uint8_t wrapping = p->env->content->wrappings[0];

	return wrapping == WRAPPING_BASE64 || wrapping == WRAPPING_QUOTED_PRINTABLE ? PROBE_YES
	                                                                            : PROBE_NO;
}

static int transfer_open(void *state, const struct decode_env *env)
{
	struct transfer *t = state;

	t->env = env;
	transfer_reader_init(&t->reader, env->content->wrappings[0] == WRAPPING_BASE64
	                                         ? TRANSFER_BASE64
	                                         : TRANSFER_QUOTED_PRINTABLE);
	return STATUS_OK;
}

static void finish(struct transfer *t, enum stream_end end, struct decode_out *out)
{
	size_t len = transfer_reader_finish(&t->reader, t->out);

	if (len > 0)
		decode_child_bytes(out, span_of(t->out, len));
	if (t->reader.skipped_bytes > 0)
		decode_unread(out, t->reader.skipped_bytes, STREAM_MALFORMED);
	decode_child_close(out, end);
	t->closed = true;
}

static int transfer_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct transfer *t = state;
	struct cursor c = cursor_open(in->bytes);
	size_t len;

	if (t->closed)
		return STATUS_OK;
	if (!t->opened) {
		struct content inner = content_unwrapped(t->env->content, "");

		t->opened = true;
		decode_child_open(out, &inner);
	}
	if (cursor_left(&c) == 0) {
		if (in->last)
			finish(t, in->end, out);
		return STATUS_OK;
	}
	len = transfer_reader_read(&t->reader, &c, t->out, sizeof(t->out));
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (len > 0)
		decode_child_bytes(out, span_of(t->out, len));
	return cursor_left(&c) > 0 || in->last ? STATUS_MORE : STATUS_OK;
}

const struct decoder decoder_transfer = {
        .name = "transfer",
        .clear = true,
        .state_bytes = sizeof(struct transfer),
        .probe = transfer_probe,
        .open = transfer_open,
        .feed = transfer_feed,
};
