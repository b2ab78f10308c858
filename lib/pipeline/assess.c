#include "pipeline/assess.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/timestamp.h"
#include "net/cipher_suite.h"
#include "pipeline/service_asked.h"

#define COMPUTER_SHOWN_CHARS (DISPLAY_CHARS_MAX + ADDR_TEXT_CHARS + 4)

void assess_match(const struct store_flow *flow, struct match_subject *ret)
{
	const struct endpoint *far = flow->out_index == 1 ? &flow->tuple.src : &flow->tuple.dst;

	*ret = (struct match_subject){
	        .user_agent = flow->user_agent[0] ? flow->user_agent : NULL,
	        .process_name = flow->process_name[0] ? flow->process_name : NULL,
	        .far = far->addr,
	        .far_port = service_far_port(flow),
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

/* A clock that was never set begins in 1970 or 2000: before 2001 dates tell nothing. */
#define CLOCK_SET_S 978307200

/* Kinds of rules/identifiers.csv that raise flags of their own: their names are fixed. */
#define KIND_LOCKED       "encrypted-content"
#define KIND_PICTURE      "image-document"
#define KIND_PRESCRIPTION "prescription-token"
#define KIND_MHR_METHOD   "mhr-method"
#define KIND_MHR_DOCUMENT "mhr-document"

/* Less in no known form may be a key, a cookie or a question to a certificate's maker. */
#define SCRAMBLED_BYTES_MIN 4096

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
	if (time_s >= CLOCK_SET_S && time_s > c->not_after_s)
		return CERTIFICATE_EXPIRED;
	if (time_s >= CLOCK_SET_S && time_s < c->not_before_s)
		return CERTIFICATE_EARLY;
	return c->name_check == STORE_NAME_DIFFERS ? CERTIFICATE_OTHER_NAME : CERTIFICATE_NO_DOUBT;
}

/* Over HTTP, by which alone the gateway speaks, to what nobody knows as a service of the
 * government. */
static bool is_strange_gateway(const struct store_flow *flow, const struct finding *f)
{
	return strcmp(f->kind, KIND_MHR_METHOD) == 0 && strncmp(flow->protocol, "http", 4) == 0 &&
	       strcmp(flow->service_kind, "government-health") != 0;
}

static void describe_document(
        const struct store_flow *flow, const struct finding *f, struct verdict_subject *s)
{
	if (strcmp(f->kind, KIND_LOCKED) == 0)
		s->locked_files = true;
	else if (strcmp(f->kind, KIND_PICTURE) == 0)
		s->pictures = true;
	else if (strcmp(f->kind, KIND_PRESCRIPTION) == 0)
		s->prescription = true;
	else if (strcmp(f->kind, KIND_MHR_DOCUMENT) == 0)
		s->mhr_document = true;
	if (!is_strange_gateway(flow, f))
		return;
	s->mhr_unknown = true;
	s->mhr_why = "its requests name the connection method";
}

static void describe_findings(const struct store_flow *flow, const struct store_finding *findings,
        size_t count, struct verdict_subject *s)
{
	for (size_t i = 0; i < count; i++) {
		const struct finding *f = &findings[i].finding;

		if (!findings[i].outward)
			continue;
		describe_document(flow, f, s);
		if (f->tier != TIER_MEDIUM && f->tier != TIER_HIGH)
			continue;
		s->seen |= UINT32_C(1) << f->category;
		if (f->class == CLASS_PATIENT)
			s->patient_seen = true;
		if (f->metadata && f->class == CLASS_PATIENT)
			s->identifier_in_metadata = true;
	}
}

/* Out of a protocol that can be read came what has no form that anybody knows. */
static bool is_scrambled(const struct store_flow *flow)
{
	return flow->clear && strcmp(flow->not_inspected_reason, "unknown-protocol") == 0 &&
	       flow->not_inspected_bytes >= SCRAMBLED_BYTES_MIN;
}

/* Called by the gateway's name, and certainly not in Australia. */
static void describe_gateway(const struct store_flow *flow, struct verdict_subject *s)
{
	/* live and test, of the agency's own client libraries (rules/services.csv, NOTICE.md) */
	static const char *const gateways[] = {"services.ehealth.gov.au",
	        "b2b.ehealthvendortest.health.gov.au", "services.svt.gw.myhealthrecord.gov.au"};

	if (!s->country_certain || flow->country[0] == '\0' || strcmp(flow->country, "AU") == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(gateways); i++) {
		if (flow->name_count == 0 || strcasecmp(flow->names[0].name, gateways[i]) != 0)
			continue;
		s->mhr_unknown = true;
		s->mhr_why = "it was called by the name of the service, and appears to be overseas";
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

/* A computer may call itself anything: its address stands beside the name. */
static void show_computer(const struct assess_question *q, char ret[static COMPUTER_SHOWN_CHARS])
{
	char address[ADDR_TEXT_CHARS];

	addr_format(&q->computer, address);
	if (q->text[ASSESS_COMPUTER_NAME][0] != '\0')
		snprintf(ret, COMPUTER_SHOWN_CHARS, "%s (%s)", q->text[ASSESS_COMPUTER_NAME],
		        address);
	else
		snprintf(ret, COMPUTER_SHOWN_CHARS, "%s", address);
}

void assess_ask(const struct store_flow *flow, const struct store_finding *findings, size_t count,
        struct assess_question *ret)
{
	struct verdict_subject *s = &ret->subject;
	struct match_subject match;

	memset(ret, 0, sizeof(*ret));
	assess_match(flow, &match);
	for (size_t i = 0; i < match.name_count; i++)
		ret->text[ASSESS_NAMES + i] = match.names[i];
	ret->name_count = match.name_count;
	ret->text[ASSESS_USER_AGENT] = flow->user_agent;
	ret->text[ASSESS_PROCESS_NAME] = flow->process_name;
	ret->text[ASSESS_PROCESS_PATH] = flow->process_path;
	ret->text[ASSESS_COMPUTER_NAME] = flow->computer_name;
	ret->text[ASSESS_COUNTRY] = flow->country;
	ret->text[ASSESS_TLS_VERSION] = flow->tls_version;
	ret->far = match.far;
	ret->far_port = match.far_port;
	ret->protocol = match.protocol;
	ret->computer = flow->computer;
	s->day = time_local_day(flow->first_ns);
	s->first_ns = flow->first_ns;
	s->last_ns = flow->last_ns;
	s->egress = flow->direction != FLOW_INTERNAL && has_left(flow);
	s->country_certain = strcmp(flow->country_confidence, "database") == 0 ||
	                     strcmp(flow->country_confidence, "override") == 0;
	s->transport = transport_of(flow);
	s->weak_encryption = tls_version_is_old(flow->tls_version) ||
	                     cipher_suite_is_weak(flow->cipher);
	s->certificate = doubt_of(flow);
	service_asked(flow, s);
	s->infrastructure = is_infrastructure(flow);
	s->tier = flow->tier;
	describe_findings(flow, findings, count, s);
	s->locked_files = s->locked_files || is_scrambled(flow);
	describe_gateway(flow, s);
	/* A gap of unknown length is one byte at least. How many says nothing more. */
	for (int d = 0; d < 2; d++)
		if (d == flow->out_index &&
		        (flow->counts[d].gap_bytes | flow->counts[d].gaps_unknown))
			s->gap_bytes = 1;
	s->unread_bytes = flow->not_inspected_bytes > 0;
	s->bypassed = store_flow_bypassed(flow);
	ret->text[ASSESS_SERVICE] = s->service_shown;
	ret->text[ASSESS_MHR_WHY] = s->mhr_why;
	s->service_shown = s->mhr_why = NULL;
	for (size_t i = 0; i < ASSESS_TEXTS; i++)
		if (!ret->text[i])
			ret->text[i] = "";
}

static struct program_evidence evidence_of(const struct assess_question *q)
{
	const char *agent = q->text[ASSESS_USER_AGENT], *process = q->text[ASSESS_PROCESS_NAME];
	struct program_evidence e = {.process_path = q->text[ASSESS_PROCESS_PATH],
	        .match = {.user_agent = agent[0] ? agent : NULL,
	                .process_name = process[0] ? process : NULL,
	                .far = q->far,
	                .far_port = q->far_port,
	                .protocol = q->protocol,
	                .name_count = q->name_count}};

	for (size_t i = 0; i < q->name_count; i++)
		e.match.names[i] = q->text[ASSESS_NAMES + i];
	return e;
}

int assess_answer(const struct assess_question *q, const struct registry *registry,
        const struct flag_rules *rules, struct assessment *ret)
{
	size_t rule_count = 0;
	const struct match_rule *match = registry ? registry_program_rules(registry, &rule_count)
	                                          : NULL;
	const struct program_evidence evidence = evidence_of(q);
	char far[ADDR_TEXT_CHARS], computer[COMPUTER_SHOWN_CHARS];
	struct verdict_subject s = q->subject;

	program_identify(&evidence, match, rule_count, &ret->program);
	if (ret->program.program >= 0)
		snprintf(ret->program.id, sizeof(ret->program.id), "%s",
		        registry_program(registry, (size_t)ret->program.program)->id);
	addr_format(&q->far, far);
	show_computer(q, computer);
	s.match = evidence.match;
	s.program = ret->program.program;
	s.program_shown = shown_program(&ret->program, registry);
	s.computer_shown = computer;
	s.far_shown = q->name_count > 0 ? q->text[ASSESS_NAMES] : far;
	s.country = q->text[ASSESS_COUNTRY];
	s.tls_version = q->text[ASSESS_TLS_VERSION];
	s.service_shown = q->text[ASSESS_SERVICE];
	s.mhr_why = q->text[ASSESS_MHR_WHY];
	return verdict_decide(&s, registry, rules, &ret->verdict);
}
