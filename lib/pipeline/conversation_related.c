/* What a conversation announces, and what it takes over from the one that announced it. */
#include <stdio.h>

#include "base/display.h"
#include "base/status.h"
#include "pipeline/conversation.h"

void conversation_process(const struct flow *flow, char ret_name[static DISPLAY_CHARS_MAX],
        char ret_path[static DISPLAY_CHARS_MAX])
{
	const char *path = flow->process.path;
	const char *name = flow->process.name ? flow->process.name : path;

	if (name)
		display_program(span_of_text(name), ret_name, DISPLAY_CHARS_MAX);
	if (path)
		display_text(span_of_text(path), ret_path, DISPLAY_CHARS_MAX);
}

int conversation_announce(
        struct conversation *c, const struct flow *flow, const struct decode_event *e)
{
	struct related_origin origin = {
	        .flow = flow->id,
	        .port = flow->tuple.dst.port,
	        .from_outside = flow->out_index == 1,
	};

	if (c->names)
		origin.names = *c->names;
	if (c->user_agent)
		snprintf(origin.user_agent, sizeof(origin.user_agent), "%s", c->user_agent);
	conversation_process(flow, origin.process_name, origin.process_path);
	return related_table_add(c->context->related, flow, e, &origin);
}

int conversation_take_over(struct conversation *c, const struct flow *flow, int64_t time_ns)
{
	int status = STATUS_OK;

	if (c->origin)
		return STATUS_OK;
	c->origin = related_table_take(c->context->related, flow, time_ns);
	for (unsigned i = 0; c->origin && status == STATUS_OK && i < c->origin->names.count; i++)
		status = conversation_add_name(
		        c, span_of_text(c->origin->names.names[i].name), HOSTNAME_RELATED, 0);
	return status;
}
