/* protocol_none: the twin of protocol_ndpi.c for builds without nDPI: every label is empty. */
#include "classify/protocol.h"

#include <stdlib.h>

#include "base/status.h"

struct protocol_engine {
	char unused;
};

struct protocol_flow {
	char unused;
};

int protocol_engine_new(struct protocol_engine **ret_gives)
{
	*ret_gives = calloc(1, sizeof(**ret_gives));
	return *ret_gives ? STATUS_OK : STATUS_NO_MEMORY;
}

int protocol_engine_share(struct protocol_engine **ret_gives, const struct protocol_engine *from)
{
	(void)from;
	return protocol_engine_new(ret_gives);
}

struct protocol_engine *protocol_engine_free(struct protocol_engine *e)
{
	free(e);
	return NULL;
}

const char *protocol_engine_version(void)
{
	return "none";
}

int protocol_flow_new(
        struct protocol_flow **ret_gives, struct protocol_engine *borrowed, struct budget *budget)
{
	(void)borrowed;
	(void)budget;
	*ret_gives = calloc(1, sizeof(**ret_gives));
	return *ret_gives ? STATUS_OK : STATUS_NO_MEMORY;
}

struct protocol_flow *protocol_flow_free(struct protocol_flow *f)
{
	free(f);
	return NULL;
}

bool protocol_flow_feed(struct protocol_flow *f, const struct packet *p)
{
	(void)f;
	(void)p;
	return true;
}

void protocol_flow_label(struct protocol_flow *f, struct protocol_label *ret)
{
	(void)f;
	*ret = (struct protocol_label){.label = "", .confidence = "none"};
}
