/* probe: which decoder reads a stream, by its first bytes. */
#include <string.h>

#include "base/status.h"
#include "decode/session.h"

static const struct decoder *const decoders[] = {
#define DECODER_ROW(x) &decoder_##x,
        DECODERS(DECODER_ROW)
#undef DECODER_ROW
};

const struct decoder *probe_choose(const struct probe *p, const struct decoder *other)
{
	struct probe probe = *p;

	if (p->env->content->wrappings[0] == WRAPPING_UNKNOWN)
		return &decoder_unknown;
	for (size_t i = 0; i < ARRAY_LEN(decoders); i++) {
		enum probe_answer answer;

		probe.other = decoders[i] == other;
		answer = decoders[i]->probe(&probe);
		if (answer == PROBE_YES)
			return decoders[i];
		if (answer == PROBE_MORE && !p->end)
			return NULL;
	}
	return &decoder_unknown;
}

const struct decoder *probe_protocol(const struct probe *p)
{
	for (size_t i = 0; i < ARRAY_LEN(decoders); i++) {
		if (!decoders[i]->protocol)
			continue;
		if (decoders[i]->probe(p) == PROBE_YES)
			return decoders[i];
	}
	return NULL;
}

bool probe_protocol_possible(const struct probe *p)
{
	for (size_t i = 0; i < ARRAY_LEN(decoders); i++)
		if (decoders[i]->protocol && decoders[i]->probe(p) != PROBE_NO)
			return true;
	return false;
}

int decode_recognise(const struct decode_opening *o, struct decode_recognised *ret)
{
	static const struct content undeclared;
	const struct decode_env env = {.tuple = o->tuple,
	        .content = &undeclared,
	        .direction = o->direction,
	        .datagram = o->datagram,
	        .expected = ""};
	struct probe probe = {.head = span_slice(o->front, 0, DECODE_PROBE_BYTES_MAX),
	        .end = o->over || o->datagram || o->front.len >= DECODE_PROBE_BYTES_MAX,
	        .env = &env};

	for (size_t i = 0; i < ARRAY_LEN(decoders); i++) {
		enum probe_answer answer;

		if (!decoders[i]->protocol)
			continue;
		probe.other = strcmp(decoders[i]->protocol, o->other) == 0;
		answer = decoders[i]->probe(&probe);
		if (answer == PROBE_MORE && !probe.end)
			return STATUS_MORE;
		if (answer != PROBE_YES)
			continue;
		*ret = (struct decode_recognised){decoders[i]->protocol, decoders[i]->clear};
		return STATUS_ITEM;
	}
	return STATUS_OK;
}
