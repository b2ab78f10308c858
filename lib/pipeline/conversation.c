#include "pipeline/conversation.h"

#include <stdlib.h>
#include <string.h>

#include "base/display.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "decode/unpacker.h"
#include "net/opening.h"

static struct addr far_end(const struct flow *flow)
{
	return flow->out_index == 1 ? flow->tuple.src.addr : flow->tuple.dst.addr;
}

/* The name that the computer had asked DNS for before this conversation began. */
static int add_asked_name(struct conversation *c, const struct flow *flow)
{
	struct hostname_list found = {.count = 0};

	hostname_cache_find(c->context->names, &flow->computer, &c->far, flow->first_ns, &found);
	if (found.count == 0)
		return STATUS_OK;
	return conversation_add_name(
	        c, span_of_text(found.names[0].name), HOSTNAME_DNS, found.names[0].age_ns);
}

bool conversation_is_ours(const struct conversation *c, unsigned direction)
{
	return c->out_index < 0 || direction == (unsigned)c->out_index;
}

bool conversation_is_far(const struct conversation *c, unsigned direction)
{
	return c->out_index < 0 || direction != (unsigned)c->out_index;
}

int conversation_new(struct conversation **ret_gives, const struct conversation_context *borrowed,
        const struct flow *flow)
{
	struct conversation *c;
	int status = STATUS_OK;

	if (budget_charge(borrowed->budget, sizeof(*c)) != STATUS_OK)
		return STATUS_LIMIT;
	c = calloc(1, sizeof(*c));
	if (!c) {
		budget_release(borrowed->budget, sizeof(*c));
		return STATUS_NO_MEMORY;
	}
	c->context = borrowed;
	c->far = far_end(flow);
	c->computer = flow->computer;
	c->out_index = flow->out_index;
	c->hour_ns = time_hour(flow->first_ns);
	finding_set_init(&c->findings, borrowed->budget);
	for (int i = 0; i < 2; i++) {
		buf_init(&c->hello[i].bytes, CLIENT_HELLO_BYTES_MAX, borrowed->budget);
		buf_init(&c->front[i].bytes, OPENING_BYTES_MAX, borrowed->budget);
	}
	status = add_asked_name(c, flow);
	if (status == STATUS_OK)
		status = conversation_take_over(c, flow, flow->first_ns);
	if (status != STATUS_OK) {
		conversation_free(c);
		return status;
	}
	*ret_gives = c;
	return STATUS_OK;
}

struct conversation *conversation_free(struct conversation *c)
{
	if (!c)
		return NULL;
	for (int i = 0; i < CONVERSATION_LAYERS; i++)
		decode_session_free(c->layers[i].decode);
	detect_session_free(c->detect);
	protocol_flow_free(c->protocol);
	for (int i = 0; i < 2; i++) {
		buf_free(&c->hello[i].bytes);
		buf_free(&c->front[i].bytes);
	}
	conversation_end_datagrams(c);
	conversation_drop_certificate(c);
	conversation_drop_software(c);
	finding_set_free(&c->findings);
	if (c->names)
		budget_release(c->context->budget, sizeof(*c->names));
	free(c->names);
	c->origin = related_origin_free(c->context->related, c->origin);
	free(c->user_agent);
	budget_release(c->context->budget, sizeof(*c));
	free(c);
	return NULL;
}

int conversation_label(struct conversation *c, const struct packet *p)
{
	int status = STATUS_OK;

	if (c->label_settled || c->labelled_packet == p->number)
		return STATUS_OK;
	c->labelled_packet = p->number;
	if (!c->protocol)
		status = protocol_flow_new(&c->protocol, c->context->engine, c->context->budget);
	if (status != STATUS_OK) {
		c->label_settled = c->label_refused = status == STATUS_LIMIT;
		return status < 0 ? status : STATUS_OK;
	}
	if (protocol_flow_feed(c->protocol, p)) {
		protocol_flow_label(c->protocol, &c->label);
		c->protocol = protocol_flow_free(c->protocol);
		c->label_settled = true;
	}
	return STATUS_OK;
}

bool conversation_is_client(
        const struct conversation *c, const struct flow *flow, unsigned direction)
{
	return conversation_is_ours(c, direction) &&
	       (flow->out_index >= 0 || direction == 0 || !flow->start_seen);
}

int conversation_keep_user_agent(struct conversation *c, struct span text)
{
	char shown[DISPLAY_CHARS_MAX];

	if (c->user_agent)
		return STATUS_OK;
	display_text(text, shown, sizeof(shown));
	c->user_agent = strdup(shown);
	return c->user_agent ? STATUS_OK : STATUS_NO_MEMORY;
}

/* Names and hints that a decoder met on its way: what program it is and whom it calls, as our end
 * says it. */
static int pick_hints(struct conversation *c, const struct flow *flow, const struct decode_event *e)
{
	bool client = conversation_is_client(c, flow, e->direction);
	enum hostname_source source = HOSTNAME_HTTP;

	if (e->kind != DECODE_FIELD || e->field.kind != FIELD_VALUE)
		return STATUS_OK;
	/* The authority of a tunnel is the name of its far end, RFC 9110 section 9.3.6. */
	if (client && e->field.role == ROLE_URL && e->carrier == CARRIER_HTTP_REQUEST &&
	        e->depth == 0 && strcmp(e->name, "CONNECT") == 0)
		return conversation_add_name(c, e->field.bytes, HOSTNAME_HTTP, 0);
	if (e->field.role == ROLE_HOST && e->depth == 0) {
		if (e->carrier == CARRIER_NONE)
			source = HOSTNAME_SOCKS;
		else if (e->carrier == CARRIER_FTP)
			source = HOSTNAME_FTP;
		else if (e->carrier != CARRIER_HTTP_REQUEST)
			source = HOSTNAME_SMTP;
		/* A mail client greets with its own name: only the server's is the far end's. */
		if (source == HOSTNAME_SMTP ? conversation_is_far(c, e->direction) : client)
			return conversation_add_name(c, e->field.bytes, source, 0);
	}
	if (client && e->field.role == ROLE_USER_AGENT)
		return conversation_keep_user_agent(c, e->field.bytes);
	return STATUS_OK;
}

/* A page comes with pictures: what a server sends to a browser is no document of the practice. */
static bool is_of_a_page(const struct flow *flow, const struct finding *f)
{
	return flow->out_index >= 0 && f->direction != flow->out_index &&
	       strcmp(f->kind, "image-document") == 0 && strncmp(f->place, "HTTP body", 9) == 0;
}

static int pull_findings(struct conversation *c, const struct flow *flow)
{
	struct finding finding;
	int status;

	while ((status = detect_session_next(c->detect, &finding)) == STATUS_ITEM) {
		bool outward = flow->out_index >= 0 && finding.direction == flow->out_index;

		if (is_of_a_page(flow, &finding))
			continue;
		status = finding_set_add(&c->findings, &finding, outward);
		if (status != STATUS_OK)
			return status;
	}
	return status;
}

/* No room for a field's context is an outcome: counted, and the flow goes on. */
static int count_refusal(struct conversation *c, int status)
{
	if (status != STATUS_LIMIT)
		return status;
	c->detect_refusals++;
	return STATUS_OK;
}

/* Sessions number their messages and streams from 1: those of each layer get a range. */
static void number_event(struct decode_event *e, unsigned level)
{
	const uint64_t message_base = (uint64_t)level << 48;
	const uint32_t stream_base = (uint32_t)level << 28;

	e->stream += stream_base;
	e->parent += e->parent ? stream_base : 0;
	e->message += e->message ? message_base : 0;
	e->parent_message += e->parent_message ? message_base : 0;
}

/* WebSocket (RFC 6455) has no mark of its own; all else is probed like a new conversation. */
static int begin_layer(
        struct conversation *c, const struct flow *flow, unsigned level, const char *protocol)
{
	struct layer *layer = &c->layers[level];
	int status;

	layer->begun = true;
	layer->tls = strcmp(protocol, "tls") == 0;
	layer->reason = STREAM_UNKNOWN;
	status = decode_session_new(
	        &layer->decode, &flow->tuple, &decode_default_limits, c->context->budget);
	if (status == STATUS_OK) {
		decode_session_lend(layer->decode, c->context->spares);
		decode_session_open_with(layer->decode, c->context->unpacker);
		if (strcmp(protocol, "websocket") == 0)
			decode_session_expect(layer->decode, protocol);
	}
	if (status != STATUS_LIMIT)
		return status;
	layer->reason = STREAM_LIMIT;
	return STATUS_OK;
}

static int feed_layer(struct conversation *c, const struct flow *flow, const struct chunk *chunk);

/* From here on this direction speaks another protocol; the other one may follow later. Whether TLS
 * follows is seen from its hello, whatever was asked for: a tunnel may carry it too. */
static int go_over(struct conversation *c, const struct flow *flow, const struct decode_event *e)
{
	unsigned level = c->level[e->direction] + 1u;
	struct hello *hello = &c->hello[e->direction];
	struct chunk chunk = {.direction = e->direction,
	        .offset = e->upgrade_offset,
	        .time_ns = e->time_ns,
	        .packet = e->packet};
	int status = STATUS_OK;

	if (level >= CONVERSATION_LAYERS)
		return STATUS_BUG; /* the last layer has no session that could end */
	if (!c->layers[level].begun && level > CONVERSATION_TUNNELS_MAX)
		c->layers[level] = (struct layer){.begun = true, .reason = STREAM_LIMIT};
	else if (!c->layers[level].begun)
		status = begin_layer(c, flow, level, e->upgrade_to);
	c->level[e->direction] = (uint8_t)level;
	buf_free(&hello->bytes);
	hello->start = e->upgrade_offset;
	hello->awaits_certificate = false;
	hello->done = false;
	for (int i = 0; i < 2 && status == STATUS_OK; i++) {
		chunk.bytes = e->upgrade_bytes[i];
		if (chunk.bytes.len > 0)
			status = feed_layer(c, flow, &chunk);
		chunk.offset += chunk.bytes.len;
	}
	return status;
}

static int take_event(struct conversation *c, const struct flow *flow, struct decode_event *event)
{
	int status = pick_hints(c, flow, event);

	if (status == STATUS_OK)
		status = conversation_note_software(c, event);
	if (status == STATUS_OK)
		status = count_refusal(c, detect_session_feed(c->detect, event));
	if (status == STATUS_OK)
		status = pull_findings(c, flow);
	if (status == STATUS_OK && event->kind == DECODE_UPGRADE)
		status = go_over(c, flow, event);
	if (status == STATUS_OK && event->kind == DECODE_RELATED)
		status = conversation_announce(c, flow, event);
	return status;
}

/* Comes back to itself when a layer ends inside the bytes of another: CONVERSATION_TUNNELS_MAX. */
static int pull_events(struct conversation *c, const struct flow *flow, unsigned level)
{
	struct decode_event event;
	int status;

	while ((status = decode_session_next(c->layers[level].decode, &event)) == STATUS_ITEM) {
		number_event(&event, level);
		status = take_event(c, flow, &event);
		if (status != STATUS_OK)
			return status;
	}
	return status;
}

static int feed_layer(struct conversation *c, const struct flow *flow, const struct chunk *chunk)
{
	unsigned level = c->level[chunk->direction];
	struct layer *layer = &c->layers[level];
	int status = conversation_watch_hello(c, chunk);

	if (!layer->decode) {
		layer->unread_bytes[chunk->direction] += chunk->bytes.len;
		return status;
	}
	if (status == STATUS_OK)
		status = decode_session_feed(layer->decode, chunk);
	return status == STATUS_OK ? pull_events(c, flow, level) : status;
}

/* The first payload byte makes the decoders: most flows of a scan never have one. */
static int make_sessions(struct conversation *c, const struct flow *flow, const struct chunk *chunk)
{
	struct layer *outermost = &c->layers[0];
	int status = STATUS_OK;

	if (outermost->decode || c->over_budget)
		return STATUS_OK;
	status = conversation_take_over(c, flow, chunk->time_ns);
	if (status == STATUS_OK)
		status = begin_layer(c, flow, 0, "");
	if (status == STATUS_OK && outermost->decode && c->origin)
		decode_session_expect(outermost->decode, c->origin->protocol);
	if (status == STATUS_OK && outermost->decode)
		status = detect_session_new(&c->detect, c->context->rules, c->context->budget);
	if (status != STATUS_OK)
		outermost->decode = decode_session_free(outermost->decode);
	if (status == STATUS_LIMIT)
		status = STATUS_OK;
	c->over_budget = status == STATUS_OK && !outermost->decode;
	return status;
}

/* Names alone. */
static int watch_opening(struct conversation *c, const struct flow *flow, const struct chunk *chunk)
{
	int status = conversation_watch_hello(c, chunk);

	return status == STATUS_OK ? conversation_watch_front(c, flow, chunk) : status;
}

bool conversation_wants(const struct conversation *c, unsigned direction)
{
	return c->context->rules || !c->label_settled || !c->hello[direction].done ||
	       !c->front[direction].done;
}

int conversation_feed(struct conversation *c, const struct flow *flow, const struct chunk *chunk)
{
	int status;

	if (!c->context->rules)
		return watch_opening(c, flow, chunk);
	status = make_sessions(c, flow, chunk);
	return status == STATUS_OK ? feed_layer(c, flow, chunk) : status;
}

/* A session may go over at its very end: the next one ends after it. */
static int finish_layers(struct conversation *c, const struct flow *flow)
{
	int status = STATUS_OK;

	for (unsigned level = 0; level < CONVERSATION_LAYERS; level++) {
		for (uint8_t d = 0; status == STATUS_OK && d < 2 && c->layers[level].decode; d++) {
			status = decode_session_finish(c->layers[level].decode, d);
			if (status == STATUS_OK)
				status = pull_events(c, flow, level);
		}
	}
	return status;
}

int conversation_finish(struct conversation *c, const struct flow *flow)
{
	int status;

	if (c->protocol) {
		protocol_flow_label(c->protocol, &c->label);
		c->protocol = protocol_flow_free(c->protocol);
	}
	status = conversation_end_names(c);
	if (status == STATUS_OK && !c->context->rules)
		status = conversation_end_fronts(c, flow);
	if (status != STATUS_OK || !c->detect)
		return status;
	status = finish_layers(c, flow);
	if (status == STATUS_OK)
		status = count_refusal(c, detect_session_finish(c->detect));
	return status == STATUS_OK ? pull_findings(c, flow) : status;
}
