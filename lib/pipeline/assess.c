#include "pipeline/assess.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "classify/service.h"
#include "net/cipher_suite.h"

/* The far end and what it was called; borrows from the flow. */
static void describe_match(const struct store_flow *flow, struct match_subject *ret)
{
	const struct endpoint *far = flow->out_index == 1 ? &flow->tuple.src : &flow->tuple.dst;

	*ret = (struct match_subject){
	        .user_agent = flow->user_agent[0] ? flow->user_agent : NULL,
	        .process_name = flow->process_name[0] ? flow->process_name : NULL,
	        .far = far->addr,
	        .far_port = far->port,
	        .protocol = flow->tuple.protocol,
	};
	for (unsigned i = 0; i < flow->name_count && ret->name_count < ARRAY_LEN(ret->names); i++)
		ret->names[ret->name_count++] = flow->names[i].name;
}

static bool is_infrastructure(const struct store_flow *flow)
{
	static const char *const protocols[] = {"dns", "dhcp", "ntp", "mdns"};
	const struct endpoint *far = flow->out_index == 1 ? &flow->tuple.src : &flow->tuple.dst;

	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if (strcmp(flow->protocol, protocols[i]) == 0)
			return true;
	return flow->tuple.protocol == 17 && (far->port == 67 || far->port == 123);
}

static enum transport transport_of(const struct store_flow *flow)
{
	if (flow->tls_version[0] || strcmp(flow->not_inspected_reason, "encrypted") == 0)
		return TRANSPORT_ENCRYPTED;
	return flow->clear ? TRANSPORT_CLEAR : TRANSPORT_UNKNOWN;
}

static bool asked_by_name(const struct store_flow *flow)
{
	for (unsigned i = 0; i < flow->name_count; i++)
		if (strncmp(flow->names[i].source, "sni", 3) == 0)
			return true;
	return false;
}

/* At the time of the flow. RFC 5280 section 4.1.2.5: both ends of the dates are included. Calls
 * over DTLS agree on certificates of their own making by another way (RFC 8827) and ask for no
 * name. */
static enum certificate_doubt doubt_of(const struct store_flow *flow)
{
	const struct store_certificate *c = &flow->certificate;
	int64_t time_s = flow->first_ns / NS_PER_SECOND;

	if (!c->seen || (strncmp(flow->tls_version, "DTLS", 4) == 0 && !asked_by_name(flow)))
		return CERTIFICATE_NO_DOUBT;
	if (c->self_signed)
		return CERTIFICATE_SELF_SIGNED;
	if (time_s > c->not_after_s)
		return CERTIFICATE_EXPIRED;
	if (time_s < c->not_before_s)
		return CERTIFICATE_EARLY;
	return c->name_check == STORE_NAME_DIFFERS ? CERTIFICATE_OTHER_NAME : CERTIFICATE_NO_DOUBT;
}

/* What the kind of a service asks; kinds that are not listed ask nothing. */
static const struct {
	enum service_kind kind;
	enum far_service asks;
} kind_asks[] = {
        {SERVICE_REMOTE_ACCESS, FAR_SERVICE_REMOTE_ACCESS},
        {SERVICE_CONSUMER_CLOUD, FAR_SERVICE_PERSONAL},
        {SERVICE_CONSUMER_MAIL, FAR_SERVICE_PERSONAL},
        {SERVICE_MESSAGING, FAR_SERVICE_PERSONAL},
        {SERVICE_AI_SERVICE, FAR_SERVICE_AI},
        {SERVICE_ADVERTISING, FAR_SERVICE_TRACKER},
        {SERVICE_ANALYTICS, FAR_SERVICE_TRACKER},
        {SERVICE_DOH, FAR_SERVICE_HIDDEN_DNS},
        {SERVICE_TUNNEL, FAR_SERVICE_TUNNEL},
};

/* Protocols and ports of private tunnels: ESP and GRE; IKE and its way through NAT (RFC 7296, RFC
 * 3948), OpenVPN (IANA), WireGuard's usual one. */
static bool is_tunnel(const struct store_flow *flow, uint16_t far_port)
{
	static const uint16_t udp_ports[] = {500, 1194, 4500, 51820};

	if (flow->tuple.protocol == 50 || flow->tuple.protocol == 47)
		return true;
	for (size_t i = 0; flow->tuple.protocol == 17 && i < ARRAY_LEN(udp_ports); i++)
		if (udp_ports[i] == far_port)
			return true;
	return false;
}

static enum far_service far_service_of(const struct store_flow *flow, uint16_t far_port)
{
	enum far_service asks = FAR_SERVICE_OTHER;

	if (is_tunnel(flow, far_port))
		return FAR_SERVICE_TUNNEL;
	if (far_port == 853) /* DNS over TLS, RFC 7858, and over QUIC, RFC 9250 */
		return FAR_SERVICE_HIDDEN_DNS;
	for (size_t i = 0; i < ARRAY_LEN(kind_asks); i++)
		if (strcmp(service_kind_name(kind_asks[i].kind), flow->service_kind) == 0)
			asks = kind_asks[i].asks;
	/* A plain look-up at such a server hides nothing. */
	return asks == FAR_SERVICE_HIDDEN_DNS && far_port == 53 ? FAR_SERVICE_OTHER : asks;
}

/* Services for inside a practice: files, screens, databases, printers, clinical messages. */
static bool is_lan_port(const struct store_flow *flow, uint16_t port)
{
	static const uint16_t tcp_ports[] = {104, 135, 139, 389, 445, 1433, 1521, 2049, 2575, 3050,
	        3306, 3389, 5432, 5900, 9100, 11112};

	for (size_t i = 0; flow->tuple.protocol == 6 && i < ARRAY_LEN(tcp_ports); i++)
		if (tcp_ports[i] == port)
			return true;
	return false;
}

static void describe_service(const struct store_flow *flow, struct verdict_subject *s)
{
	const struct endpoint *far = flow->out_index == 1 ? &flow->tuple.src : &flow->tuple.dst;

	s->far_service = far_service_of(flow, far->port);
	s->service_shown = flow->service;
	s->test_service = flow->service_test;
	/* Who began has the port that means nothing; the other's tells the service. */
	s->from_outside = flow->out_index == 1;
	s->lan_port = is_lan_port(flow, flow->tuple.dst.port);
}

static void describe_findings(
        const struct store_finding *findings, size_t count, struct verdict_subject *s)
{
	for (size_t i = 0; i < count; i++) {
		const struct finding *f = &findings[i].finding;

		if (!findings[i].outward || (f->tier != TIER_MEDIUM && f->tier != TIER_HIGH))
			continue;
		s->seen |= UINT32_C(1) << f->category;
		if (f->class == CLASS_PATIENT)
			s->patient_seen = true;
		if (f->metadata && f->class == CLASS_PATIENT)
			s->identifier_in_metadata = true;
	}
}

/* Bytes that the capture missed went out all the same. */
static bool has_left(const struct store_flow *flow)
{
	const struct flow_counts *out = &flow->counts[flow->out_index == 1];

	return flow->out_index >= 0 && (out->payload_bytes > 0 || out->gap_bytes > 0);
}

static const char *shown_program(
        const struct program_answer *answer, const struct registry *registry)
{
	if (answer->program >= 0 && registry)
		return registry_program(registry, (size_t)answer->program)->name;
	return answer->carrier[0] ? answer->carrier : answer->id;
}

int assess_flow(const struct store_flow *flow, const struct store_finding *findings, size_t count,
        const struct registry *registry, const struct flag_rules *rules, struct assessment *ret)
{
	size_t rule_count = 0;
	const struct match_rule *match = registry ? registry_program_rules(registry, &rule_count)
	                                          : NULL;
	struct program_evidence evidence = {.process_path = flow->process_path};
	char far[ADDR_TEXT_CHARS];
	struct verdict_subject s = {.day = time_local_day(flow->first_ns)};

	describe_match(flow, &evidence.match);
	program_identify(&evidence, match, rule_count, &ret->program);
	if (ret->program.program >= 0)
		snprintf(ret->program.id, sizeof(ret->program.id), "%s",
		        registry_program(registry, (size_t)ret->program.program)->id);
	addr_format(&evidence.match.far, far);
	s.egress = flow->direction != FLOW_INTERNAL && has_left(flow);
	s.program = ret->program.program;
	s.program_shown = shown_program(&ret->program, registry);
	s.computer_shown = flow->computer_name;
	s.far_shown = flow->name_count > 0 ? flow->names[0].name : far;
	s.match = evidence.match;
	s.country = flow->country;
	s.country_certain = strcmp(flow->country_confidence, "database") == 0 ||
	                    strcmp(flow->country_confidence, "override") == 0;
	s.transport = transport_of(flow);
	s.weak_encryption = tls_version_is_old(flow->tls_version) ||
	                    cipher_suite_is_weak(flow->cipher);
	s.certificate = doubt_of(flow);
	describe_service(flow, &s);
	s.infrastructure = is_infrastructure(flow);
	s.tier = flow->tier;
	describe_findings(findings, count, &s);
	/* A gap of unknown length is one byte at least. */
	for (int d = 0; d < 2; d++)
		if (d == flow->out_index)
			s.gap_bytes += flow->counts[d].gap_bytes + flow->counts[d].gaps_unknown;
	s.unread_bytes = flow->not_inspected_bytes;
	return verdict_decide(&s, registry, rules, &ret->verdict);
}
