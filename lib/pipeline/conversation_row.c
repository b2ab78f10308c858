#include <ctype.h>
#include <string.h>

#include "base/display.h"
#include "base/text.h"
#include "classify/place.h"
#include "net/cipher_suite.h"
#include "net/community_id.h"
#include "pipeline/conversation.h"

#define TCP      6
#define UDP      17
#define ESP      50 /* encapsulating security payload, RFC 4303: a tunnel */
#define UDP_LITE 136

static void copy_names(const struct conversation *c, struct store_flow *ret)
{
	for (unsigned i = 0; c->names && i < c->names->count && i < STORE_NAMES_MAX; i++) {
		const struct hostname *from = &c->names->names[i];
		struct store_name *to = &ret->names[ret->name_count++];

		display_host(span_of_text(from->name), to->name, sizeof(to->name));
		text_copy(to->source, sizeof(to->source), hostname_source_text(from->source));
		to->age_ns = from->age_ns;
	}
	if (c->names && c->names->count > 0)
		display_host(span_of_text(place_registered(c->names->names[0].name)), ret->domain,
		        sizeof(ret->domain));
}

/* What the inside end called itself at the time; a name that the flow's end finds newly known is
 * taken, too. */
static void copy_computer(
        const struct conversation *c, const struct flow *flow, struct store_flow *ret)
{
	struct computer_name name;

	if (!c->context->computers || !computer_table_find(c->context->computers, &flow->computer,
	                                      flow->first_ns, flow->last_ns, &name))
		return;
	display_computer(span_of_text(name.name), ret->computer_name, sizeof(ret->computer_name));
	text_copy(ret->computer_name_source, sizeof(ret->computer_name_source),
	        computer_source_text(name.source));
}

static void copy_service(const struct service *s, struct store_flow *ret)
{
	if (!s)
		return;
	display_text(span_of_text(s->organisation), ret->service, sizeof(ret->service));
	text_copy(ret->service_kind, sizeof(ret->service_kind), service_kind_name(s->kind));
	ret->service_test = (s->flags & SERVICE_TEST) != 0;
}

/* The far end of an internal conversation is one of the practice's own computers. */
static void copy_destination(
        const struct conversation *c, const struct flow *flow, struct store_flow *ret)
{
	const char *host = c->names && c->names->count > 0 ? c->names->names[0].name : NULL;
	struct destination d = {.location = {.confidence = COUNTRY_NONE}};

	if (flow->direction != FLOW_INTERNAL)
		destination_find(c->context->facts, &c->far, host, &d);
	memcpy(ret->country, d.location.country, sizeof(ret->country));
	text_copy(ret->country_confidence, sizeof(ret->country_confidence),
	        country_confidence_text(d.location.confidence));
	display_text(span_of_text(d.location.organisation), ret->organisation,
	        sizeof(ret->organisation));
	ret->asn = d.location.asn;
	ret->anycast = d.location.anycast;
	copy_service(d.service, ret);
}

/* What the conversation does not show itself, it takes over from the one that announced it. */
static void copy_origin(const struct related_origin *o, struct store_flow *ret)
{
	ret->related_to = o->flow;
	ret->related_port = o->port;
	ret->related_from_outside = o->from_outside;
	if (ret->user_agent[0] == '\0')
		memcpy(ret->user_agent, o->user_agent, sizeof(ret->user_agent));
	if (ret->process_name[0] == '\0') {
		memcpy(ret->process_name, o->process_name, sizeof(ret->process_name));
		memcpy(ret->process_path, o->process_path, sizeof(ret->process_path));
	}
	if (ret->app[0] != '\0')
		return;
	for (size_t i = 0; i < sizeof(ret->app) - 1 && o->protocol[i] != '\0'; i++)
		ret->app[i] = (char)toupper((unsigned char)o->protocol[i]);
	text_copy(ret->app_confidence, sizeof(ret->app_confidence), "related");
}

static void copy_tls(const struct conversation *c, struct store_flow *ret)
{
	uint16_t version = c->server_seen ? c->server.version : 0;

	if (!c->client_seen && !c->server_seen)
		return;
	text_copy(ret->tls_version, sizeof(ret->tls_version), tls_version_text(version));
	if (c->server_seen)
		cipher_suite_text(c->server.cipher, ret->cipher);
	text_copy(ret->ja3, sizeof(ret->ja3), c->ja3);
	text_copy(ret->ja4, sizeof(ret->ja4), c->ja4);
	if (c->certificate)
		ret->certificate = *c->certificate;
}

/* The closed list of design.md section 6. */
static const char *reason_text(enum stream_end end)
{
	switch (end) {
	case STREAM_ENCRYPTED:
		return "encrypted";
	case STREAM_SEALED:
		return "sealed";
	case STREAM_GAP:
	case STREAM_TRUNCATED:
		return "gap";
	case STREAM_LIMIT:
		return "limit";
	case STREAM_MEDIA:
		return "media";
	default:
		return "unknown-protocol";
	}
}

/* Bytes that were not looked into, of the direction that leaves (both for internal flows). */
struct unread {
	uint64_t bytes[STREAM_ENDS]; /* by reason */
	uint64_t all;
};

static void add_unread(struct unread *u, enum stream_end reason, uint64_t bytes)
{
	u->bytes[reason] += bytes;
	u->all += bytes;
}

/* What TLS was to follow in and could not be recognised, as behind a gap, is TLS all the same. */
static void add_layer(struct unread *u, const struct layer *layer, int direction)
{
	struct decode_summary summary = {.clear = false};
	enum stream_end reason = layer->reason;

	add_unread(u, reason, layer->unread_bytes[direction]);
	if (!layer->decode)
		return;
	decode_session_summary(layer->decode, &summary);
	reason = summary.unread_reason;
	if (layer->tls && reason == STREAM_UNKNOWN)
		reason = STREAM_ENCRYPTED;
	add_unread(u, reason, summary.unread_bytes[direction]);
}

/* Locked to whoever listens, by what it showed of itself. */
static bool shows_encryption(const struct conversation *c, const struct flow *flow)
{
	static const char *const protocols[] = {"tls", "quic", "ssh", "openvpn", "wireguard"};

	for (size_t i = 0; c->recognised.protocol && i < ARRAY_LEN(protocols); i++)
		if (strcmp(c->recognised.protocol, protocols[i]) == 0)
			return true;
	return c->layers[0].tls || c->server_seen || flow->tuple.protocol == ESP;
}

/* In either direction: nobody looked into what came in, too. */
static bool carried_something(const struct flow *flow)
{
	return flow->counts[0].payload_bytes + flow->counts[1].payload_bytes > 0;
}

/* Why nobody looked into it, where nobody was to: what cannot be read keeps its own reason. */
static const char *reason_unopened(const struct conversation *c, const struct flow *flow)
{
	uint8_t protocol = flow->tuple.protocol;

	if (shows_encryption(c, flow))
		return "encrypted";
	return protocol == TCP || protocol == UDP || protocol == UDP_LITE ? "bypassed"
	                                                                  : "unknown-protocol";
}

static enum stream_end main_reason(const struct unread *u)
{
	enum stream_end most = STREAM_ENCRYPTED;

	for (int i = 0; i < STREAM_ENDS; i++)
		if (u->bytes[i] > u->bytes[most])
			most = (enum stream_end)i;
	return most;
}

static void judge_inspection(
        const struct conversation *c, const struct flow *flow, struct store_flow *ret)
{
	bool decoded = c->layers[0].decode != NULL;
	bool unopened = !c->context->rules && carried_something(flow);
	uint64_t gaps = 0, unknown_gaps = 0;
	struct unread unread = {.all = 0};
	const char *reason = "gap";

	for (int d = 0; d < 2; d++) {
		if (flow->out_index >= 0 && d != flow->out_index)
			continue;
		for (int i = 0; i < CONVERSATION_LAYERS && decoded; i++)
			add_layer(&unread, &c->layers[i], d);
		/* Nobody looked into it, if only because of what is neither TCP nor UDP no chunks
		 * came. */
		if (!decoded)
			add_unread(&unread,
			        flow->tuple.protocol == ESP ? STREAM_ENCRYPTED : STREAM_UNKNOWN,
			        flow->counts[d].payload_bytes);
		gaps += flow->counts[d].gap_bytes;
		unknown_gaps += flow->counts[d].gaps_unknown;
	}
	ret->not_inspected_bytes = unread.all + gaps;
	ret->inspected = ret->not_inspected_bytes == 0 && unknown_gaps == 0 && !unopened;
	if (ret->inspected)
		return;
	if (c->over_budget)
		reason = "budget";
	else if (unopened)
		reason = reason_unopened(c, flow);
	else if (unread.all > 0)
		reason = reason_text(main_reason(&unread));
	text_copy(ret->not_inspected_reason, sizeof(ret->not_inspected_reason), reason);
}

/* Medium and high say what was seen and come first; then what was sealed, then what was locked. */
static enum tier flow_tier(const struct conversation *c, const struct flow *flow, bool encrypted)
{
	enum tier best = TIER_NONE, closed = TIER_NONE;

	for (unsigned i = 0; i < c->findings.count; i++) {
		const struct finding *f = &c->findings.sums[i].finding;

		if (flow->out_index >= 0 && f->direction != flow->out_index)
			continue;
		if (f->tier == TIER_SEALED)
			closed = TIER_SEALED;
		else if (f->tier == TIER_OPAQUE && closed == TIER_NONE)
			closed = TIER_OPAQUE;
		else if (f->tier <= TIER_HIGH && f->tier > best)
			best = f->tier;
	}
	if (best >= TIER_MEDIUM)
		return best;
	if (closed != TIER_NONE)
		return closed;
	return encrypted ? TIER_OPAQUE : best;
}

static void copy_tuple(const struct flow *flow, struct store_flow *ret)
{
	ret->id = flow->id;
	ret->input = flow->input;
	ret->tuple = flow->tuple;
	/* An id that cannot be made is left empty: it is a convenience for joining with others. */
	if (community_id(&flow->tuple, flow->icmp_type, flow->icmp_code, ret->community_id) != 0)
		ret->community_id[0] = '\0';
	ret->direction = flow->direction;
	ret->out_index = flow->out_index;
	ret->computer = flow->computer;
	ret->first_ns = flow->first_ns;
	ret->last_ns = flow->last_ns;
	ret->first_packet = flow->first_packet;
	memcpy(ret->counts, flow->counts, sizeof(ret->counts));
	ret->end = flow->end;
}

/* True when whoever listens can read the content: what goes over into TLS carries its content
 * there, behind a greeting or a request for a tunnel that hold none. */
static bool content_in_clear(const struct conversation *c)
{
	bool clear = c->recognised.protocol && c->recognised.clear;

	for (int i = 0; i < CONVERSATION_LAYERS; i++) {
		struct decode_summary summary = {.clear = false};

		if (c->layers[i].tls)
			return false;
		if (!c->layers[i].decode)
			continue;
		decode_session_summary(c->layers[i].decode, &summary);
		if (summary.unread_reason == STREAM_ENCRYPTED && !summary.clear)
			return false;
		clear |= summary.clear;
	}
	return clear;
}

/* The protocol that the conversation is for: HTTP only opens the way for WebSocket. */
static void copy_protocol(const struct conversation *c, struct store_flow *ret)
{
	struct decode_summary summary = {.clear = false};

	if (c->layers[0].decode)
		decode_session_summary(c->layers[0].decode, &summary);
	text_copy(ret->protocol, sizeof(ret->protocol),
	        c->recognised.protocol ? c->recognised.protocol : summary.protocol);
	for (int i = 1; i < CONVERSATION_LAYERS && c->layers[i].decode; i++) {
		decode_session_summary(c->layers[i].decode, &summary);
		if (strcmp(summary.protocol, "websocket") == 0)
			text_copy(ret->protocol, sizeof(ret->protocol), summary.protocol);
	}
}

void conversation_row(struct conversation *c, const struct flow *flow, struct store_flow *ret)
{
	memset(ret, 0, sizeof(*ret));
	copy_tuple(flow, ret);
	copy_computer(c, flow, ret);
	copy_names(c, ret);
	ret->software_count = c->software_count;
	for (unsigned i = 0; i < c->software_count; i++)
		ret->software[i] = c->software[i];
	copy_destination(c, flow, ret);
	conversation_process(flow, ret->process_name, ret->process_path);
	copy_tls(c, ret);
	text_copy(ret->app, sizeof(ret->app), c->label.label);
	text_copy(ret->app_confidence, sizeof(ret->app_confidence),
	        c->label.confidence[0] ? c->label.confidence : "none");
	text_copy(ret->app_category, sizeof(ret->app_category), c->label.category);
	text_copy(ret->app_risks, sizeof(ret->app_risks), c->label.risks);
	copy_protocol(c, ret);
	if (c->user_agent)
		text_copy(ret->user_agent, sizeof(ret->user_agent), c->user_agent);
	if (c->origin)
		copy_origin(c->origin, ret);
	judge_inspection(c, flow, ret);
	ret->tier = flow_tier(c, flow, strcmp(ret->not_inspected_reason, "encrypted") == 0);
	/* Whatever was seen could be read, wherever it stood. */
	ret->clear = content_in_clear(c) || ret->tier == TIER_MEDIUM || ret->tier == TIER_HIGH;
	ret->distinct_patients = c->findings.tag_count;
	ret->distinct_at_least = c->findings.tags_at_least ||
	                         (c->detect && detect_session_tags_full(c->detect));
}

void conversation_record(
        const struct conversation *c, const struct flow *flow, bool last, struct store_record *ret)
{
	int out = flow->out_index < 0 ? 0 : flow->out_index;
	const struct flow_counts *now = flow->counts;

	*ret = (struct store_record){
	        .flow = flow->id,
	        .hour_ns = c->hour_ns,
	        .bytes_out = now[out].payload_bytes - c->told[out].payload_bytes,
	        .bytes_in = now[!out].payload_bytes - c->told[!out].payload_bytes,
	        .packets_out = now[out].packets - c->told[out].packets,
	        .packets_in = now[!out].packets - c->told[!out].packets,
	        .gap_bytes = now[0].gap_bytes - c->told[0].gap_bytes + now[1].gap_bytes -
	                     c->told[1].gap_bytes,
	        .sequence = c->records,
	        .last = last,
	};
}

void conversation_told(struct conversation *c, const struct flow *flow)
{
	c->records++;
	memcpy(c->told, flow->counts, sizeof(c->told));
}
