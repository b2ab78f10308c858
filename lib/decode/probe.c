/* probe: which decoder reads a stream, by its first bytes. */
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
