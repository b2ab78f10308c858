/* unknown: what nobody reads. All of it is counted as not looked into. */
#include "base/status.h"
#include "decode/decoder.h"

static enum probe_answer unknown_probe(const struct probe *p)
{
	return p->head.len > 0 ? PROBE_YES : PROBE_MORE;
}

static int unknown_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	(void)state;
	(void)in;
	*ret_consumed = 0;
	decode_begin(out, CARRIER_BINARY, span_of_text(""), "");
	decode_end(out);
	decode_stop(out, STREAM_UNKNOWN);
	return STATUS_OK;
}

const struct decoder decoder_unknown = {
        .name = "unknown",
        .probe = unknown_probe,
        .feed = unknown_feed,
};
