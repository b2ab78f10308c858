#include "pipeline/service_asked.h"

#include <string.h>

#include "classify/service.h"

#define TCP             6
#define UDP             17
#define IPV4_IN_IP      4
#define IPV6_IN_IP      41
#define GRE             47
#define ESP             50
#define VXLAN           4789
#define PORT_DNS        53
#define PORT_DNS_HIDDEN 853  /* over TLS, RFC 7858, and over QUIC, RFC 9250 */
#define PORT_TEAMVIEWER 5938 /* the maker's own, over TCP and UDP */

struct port {
	uint8_t protocol;
	uint16_t number;
};

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

/* How nDPI names protocols that ask. By a relay both ends call out; a screen that is shared without
 * one is seen by whoever calls in, so of calls out it only says that they left the practice. */
enum way { WAY_RELAY, WAY_SCREEN };

static const struct spoken {
	const char *label, *shown;
	enum way way;
} spoken[] = {
        {"TeamViewer", "TeamViewer", WAY_RELAY},
        {"AnyDesk", "AnyDesk", WAY_RELAY},
        {"RDP", "Remote Desktop", WAY_SCREEN},
        {"VNC", "VNC", WAY_SCREEN},
};

static bool is_among(struct port port, const struct port *ports, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i].protocol == port.protocol && ports[i].number == port.number)
			return true;
	return false;
}

/* The protocol inside of all others, when its bytes told it; NULL for none that asks. A look-up of
 * a name ("DNS.AnyDesk") is no use of it. */
static const struct spoken *spoken_by(const struct store_flow *flow)
{
	const char *inner = strrchr(flow->app, '.');

	if (strcmp(flow->app_confidence, "dpi") != 0 || strncmp(flow->app, "DNS.", 4) == 0)
		return NULL;
	inner = inner ? inner + 1 : flow->app;
	for (size_t i = 0; i < ARRAY_LEN(spoken); i++)
		if (strcmp(spoken[i].label, inner) == 0)
			return &spoken[i];
	return NULL;
}

/* By its bytes (OpenVPN, WireGuard), by its IP protocol, or by the ports of VXLAN, IKE and IKE's
 * way through NAT (RFC 7296, RFC 3948), where what follows cannot be told from noise. */
static bool is_tunnel(const struct store_flow *flow, struct port far)
{
	static const struct port ports[] = {{UDP, 500}, {UDP, 4500}, {UDP, VXLAN}};
	static const uint8_t protocols[] = {IPV4_IN_IP, IPV6_IN_IP, GRE, ESP};

	return memchr(protocols, far.protocol, sizeof(protocols)) != NULL ||
	       strcmp(flow->protocol, "openvpn") == 0 || strcmp(flow->protocol, "wireguard") == 0 ||
	       is_among(far, ports, ARRAY_LEN(ports));
}

/* Services for inside a practice: files, directories, screens, databases, printers, clinical
 * messages (MLLP 2575, DICOM 104, 2762 and 11112), by their numbers at IANA. */
static bool is_lan_port(struct port port)
{
	static const struct port ports[] = {{TCP, 104}, {TCP, 135}, {TCP, 139}, {TCP, 389},
	        {TCP, 445}, {TCP, 1433}, {TCP, 1521}, {TCP, 2049}, {TCP, 2575}, {TCP, 2762},
	        {TCP, 3050}, {TCP, 3306}, {TCP, 3389}, {TCP, 5432}, {TCP, 5900}, {TCP, 5901},
	        {TCP, 9100}, {TCP, 11112}, {UDP, 137}, {UDP, 138}, {UDP, 1434}, {UDP, 2049},
	        {UDP, 3389}};

	return is_among(port, ports, ARRAY_LEN(ports));
}

static enum far_service asked_by_kind(const struct store_flow *flow)
{
	for (size_t i = 0; i < ARRAY_LEN(kind_asks); i++)
		if (strcmp(service_kind_name(kind_asks[i].kind), flow->service_kind) == 0)
			return kind_asks[i].asks;
	return FAR_SERVICE_OTHER;
}

/* What was spoken; false when that asks nothing. */
static bool ask_by_protocol(const struct store_flow *flow, const struct spoken *what,
        struct port far, struct verdict_subject *s)
{
	if (what && (what->way == WAY_RELAY || s->from_outside)) {
		s->far_service = FAR_SERVICE_REMOTE_ACCESS;
		s->service_shown = what->shown;
	} else if (is_tunnel(flow, far)) {
		s->far_service = FAR_SERVICE_TUNNEL;
	} else if (far.number == PORT_DNS_HIDDEN) {
		s->far_service = FAR_SERVICE_HIDDEN_DNS;
	} else if (far.number == PORT_TEAMVIEWER && !s->from_outside) {
		s->far_service = FAR_SERVICE_REMOTE_ACCESS;
		s->service_shown = "TeamViewer";
	} else {
		return false;
	}
	return true;
}

/* A connection that another conversation had announced may go the other way; that one's beginning
 * counts. */
static bool is_from_outside(const struct store_flow *flow)
{
	return flow->related_to != 0 ? flow->related_from_outside : flow->out_index == 1;
}

uint16_t service_far_port(const struct store_flow *flow)
{
	if (flow->related_to != 0 && !flow->related_from_outside)
		return flow->related_port;
	return flow->out_index == 1 ? flow->tuple.src.port : flow->tuple.dst.port;
}

void service_asked(const struct store_flow *flow, struct verdict_subject *s)
{
	struct port far = {flow->tuple.protocol, service_far_port(flow)};
	/* Who began has the port that means nothing; the other's tells the service. */
	struct port called = {flow->tuple.protocol,
	        flow->related_to != 0 ? flow->related_port : flow->tuple.dst.port};
	const struct spoken *what = spoken_by(flow);

	s->service_shown = flow->service;
	s->test_service = flow->service_test;
	s->from_outside = is_from_outside(flow);
	s->lan_port = is_lan_port(called) || (what && what->way == WAY_SCREEN) ||
	              strcmp(flow->protocol, "mllp") == 0;
	if (ask_by_protocol(flow, what, far, s))
		return;
	s->far_service = asked_by_kind(flow);
	/* A look-up at such a server that anybody can read hides nothing. */
	if (s->far_service == FAR_SERVICE_HIDDEN_DNS && (far.number == PORT_DNS || flow->clear))
		s->far_service = FAR_SERVICE_OTHER;
}
