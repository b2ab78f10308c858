/* unknown: what nobody reads. All of it is counted as not looked into: as sound where it was
 * declared to be sound, which in the middle of a recording shows no mark of its own. */
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

struct unknown {
	bool sound;
};

static enum probe_answer unknown_probe(const struct probe *p)
{
	return p->head.len > 0 ? PROBE_YES : PROBE_MORE;
}

static int unknown_open(void *state, const struct decode_env *env)
{
	struct unknown *u = state;

	u->sound = strncmp(env->content->type, "audio/", 6) == 0;
	return STATUS_OK;
}

static int unknown_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	const struct unknown *u = state;

	(void)in;
	*ret_consumed = 0;
	decode_begin(out, u->sound ? CARRIER_AUDIO : CARRIER_BINARY, span_of_text(""), "");
	decode_end(out);
	decode_stop(out, u->sound ? STREAM_MEDIA : STREAM_UNKNOWN);
	return STATUS_OK;
}

const struct decoder decoder_unknown = {
        .name = "unknown",
        .state_bytes = sizeof(struct unknown),
        .probe = unknown_probe,
        .open = unknown_open,
        .feed = unknown_feed,
};
