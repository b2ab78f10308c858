#include "net/packet_walk.h"

#define EXTENSIONS_MAX 8 /* IPv6 extension headers and AH of one packet; hosts send one or two */
#define VXLAN_PORT     4789

/* IANA protocol numbers. */
enum protocol {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_ICMP = 1,
	PROTOCOL_IPV4 = 4,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_IPV6 = 41,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_AH = 51,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_OPTIONS = 60,
	PROTOCOL_SCTP = 132,
	PROTOCOL_MOBILITY = 135,
	PROTOCOL_UDP_LITE = 136,
	PROTOCOL_MPLS = 137,
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,
};

enum step packet_step_ip(struct walk *w)
{
	int first = cursor_peek(&w->c, 0);

	if (first < 0)
		return ends_early(w);
	if (first >> 4 == 4)
		return STEP_IPV4;
	if (first >> 4 == 6)
		return STEP_IPV6;
	return finish(w, PACKET_NOT_IP);
}

/* A new innermost IP packet: what an outer one said of its transport no longer holds. */
static void begin_ip(struct walk *w)
{
	struct packet *p = w->p;

	p->tuple.src = (struct endpoint){0};
	p->tuple.dst = (struct endpoint){0};
	p->ip_id = 0;
	p->icmp_type = p->icmp_code = 0;
	p->ip_headers++;
	w->extensions = 0;
}

static enum step fragment(struct walk *w, uint32_t id, uint32_t offset_bytes, bool more)
{
	w->p->fragment_id = id;
	w->p->fragment_offset_bytes = offset_bytes;
	w->p->fragment_more = more;
	w->p->tuple.protocol = w->protocol;
	take_payload(w);
	return finish(w, PACKET_FRAGMENT);
}

/* RFC 791 section 3.1 */
enum step packet_step_ipv4(struct walk *w)
{
	struct cursor head = w->c;
	uint8_t version = cursor_u8(&head);
	size_t header_bytes = (size_t)(version & 15) * 4;
	uint16_t total, id, place;
	uint8_t ttl, addresses[8];

	cursor_skip(&head, 1);
	total = cursor_u16be(&head);
	id = cursor_u16be(&head);
	place = cursor_u16be(&head);
	ttl = cursor_u8(&head);
	w->protocol = cursor_u8(&head);
	cursor_skip(&head, 2);
	cursor_copy(&head, addresses, sizeof(addresses));
	if (cursor_failed(&head))
		return ends_early(w);
	if (version >> 4 != 4 || header_bytes < 20 || (total != 0 && total < header_bytes))
		return finish(w, PACKET_MALFORMED);
	begin_ip(w);
	w->p->tuple.src.addr = addr_ipv4(addresses);
	w->p->tuple.dst.addr = addr_ipv4(addresses + 4);
	w->p->tuple.protocol = w->protocol;
	w->p->ip_id = id;
	w->p->ttl = ttl;
	if (total != 0) /* 0: the network card was to cut this packet up (TSO); take it all */
		set_length(w, total);
	w->p->ip = span_of(w->c.at, w->c.left);
	cursor_skip(&w->c, header_bytes);
	if (cursor_failed(&w->c))
		return ends_early(w);
	if ((place & 0x3fff) != 0)
		return fragment(w, id, (uint32_t)(place & 0x1fff) * 8, (place & 0x2000) != 0);
	return STEP_PROTOCOL;
}

/* RFC 8200 section 3 */
enum step packet_step_ipv6(struct walk *w)
{
	struct cursor head = w->c;
	uint8_t version = cursor_u8(&head);
	uint16_t len;
	uint8_t ttl, addresses[32];

	cursor_skip(&head, 3);
	len = cursor_u16be(&head);
	w->protocol = cursor_u8(&head);
	ttl = cursor_u8(&head);
	cursor_copy(&head, addresses, sizeof(addresses));
	if (cursor_failed(&head))
		return ends_early(w);
	if (version >> 4 != 6)
		return finish(w, PACKET_MALFORMED);
	begin_ip(w);
	w->p->tuple.src.addr = addr_ipv6(addresses);
	w->p->tuple.dst.addr = addr_ipv6(addresses + 16);
	w->p->tuple.protocol = w->protocol;
	w->p->ttl = ttl;
	if (len != 0) /* 0: a jumbogram (RFC 2675) or TSO; take it all */
		set_length(w, (size_t)len + 40);
	w->p->ip = span_of(w->c.at, w->c.left);
	cursor_skip(&w->c, 40);
	return STEP_PROTOCOL;
}

/* RFC 8200 section 4.3 to 4.6; AH (RFC 4302) counts in other units. */
static enum step step_extension(struct walk *w)
{
	uint8_t next = cursor_u8(&w->c);
	size_t len = cursor_u8(&w->c);

	len = w->protocol == PROTOCOL_AH ? (len + 2) * 4 : (len + 1) * 8;
	cursor_skip(&w->c, len - 2);
	if (cursor_failed(&w->c))
		return ends_early(w);
	w->extensions++;
	if (w->extensions > EXTENSIONS_MAX)
		return finish(w, PACKET_LIMIT);
	w->protocol = next;
	w->p->tuple.protocol = next;
	return STEP_PROTOCOL;
}

/* RFC 8200 section 4.5; whole packets with a fragment header go on (RFC 6946). */
static enum step step_fragment_header(struct walk *w)
{
	uint8_t next = cursor_u8(&w->c);
	uint16_t place;
	uint32_t id;

	cursor_skip(&w->c, 1);
	place = cursor_u16be(&w->c);
	id = cursor_u32be(&w->c);
	if (cursor_failed(&w->c))
		return ends_early(w);
	w->extensions++;
	if (w->extensions > EXTENSIONS_MAX)
		return finish(w, PACKET_LIMIT);
	w->protocol = next;
	w->p->tuple.protocol = next;
	if ((place & 0xfff9) == 0)
		return STEP_PROTOCOL;
	return fragment(w, id, place & 0xfff8, (place & 1) != 0);
}

/* RFC 9293 section 3.1. A capture that ends inside the options still tells all that matters. */
static enum step step_tcp(struct walk *w)
{
	struct packet *p = w->p;
	size_t header_bytes, whole = wire_left(w);
	struct cursor head = w->c;

	p->tuple.src.port = cursor_u16be(&head);
	p->tuple.dst.port = cursor_u16be(&head);
	p->tcp_seq = cursor_u32be(&head);
	p->tcp_ack = cursor_u32be(&head);
	header_bytes = (size_t)(cursor_u8(&head) >> 4) * 4;
	p->tcp_flags = cursor_u8(&head) & 0x1f;
	p->tcp_window = cursor_u16be(&head);
	cursor_skip(&head, 4);
	if (cursor_failed(&head))
		return ends_early(w);
	if (header_bytes < 20 || header_bytes > whole)
		return finish(w, PACKET_MALFORMED);
	if (header_bytes > w->c.left) {
		cursor_skip(&w->c, w->c.left);
		w->missing = whole - header_bytes;
	} else {
		cursor_skip(&w->c, header_bytes);
	}
	return whole_payload(w);
}

/* RFC 7348 section 5: behind the destination port, the flag that a network id is valid. */
static bool looks_like_vxlan(const struct walk *w)
{
	return cursor_left(&w->c) >= 8 && (cursor_peek(&w->c, 0) & 0x08) != 0 &&
	       cursor_peek(&w->c, 7) == 0;
}

/* RFC 768. Length 0 is TSO or a jumbogram; UDP-Lite (RFC 3828) has a coverage there. */
static enum step step_udp(struct walk *w)
{
	uint16_t len;

	w->p->tuple.src.port = cursor_u16be(&w->c);
	w->p->tuple.dst.port = cursor_u16be(&w->c);
	len = cursor_u16be(&w->c);
	cursor_skip(&w->c, 2);
	if (cursor_failed(&w->c))
		return ends_early(w);
	if (w->protocol == PROTOCOL_UDP && len != 0) {
		if (len < 8 || len - 8u > wire_left(w))
			return finish(w, PACKET_MALFORMED);
		set_length(w, len - 8u);
	}
	if (w->outermost || w->p->tuple.dst.port != VXLAN_PORT || wire_left(w) == 0)
		return whole_payload(w);
	return looks_like_vxlan(w) ? STEP_VXLAN : unread_payload(w);
}

/* RFC 9260 section 3 */
static enum step step_sctp(struct walk *w)
{
	w->p->tuple.src.port = cursor_u16be(&w->c);
	w->p->tuple.dst.port = cursor_u16be(&w->c);
	cursor_skip(&w->c, 8);
	return cursor_failed(&w->c) ? ends_early(w) : whole_payload(w);
}

/* RFC 792, RFC 4443 */
static enum step step_icmp(struct walk *w)
{
	w->p->icmp_type = cursor_u8(&w->c);
	w->p->icmp_code = cursor_u8(&w->c);
	cursor_skip(&w->c, 2);
	return cursor_failed(&w->c) ? ends_early(w) : whole_payload(w);
}

enum step packet_step_protocol(struct walk *w)
{
	bool ipv6 = w->p->tuple.src.addr.family == ADDR_IPV6;

	switch (w->protocol) {
	case PROTOCOL_TCP:
		return step_tcp(w);
	case PROTOCOL_UDP:
	case PROTOCOL_UDP_LITE:
		return step_udp(w);
	case PROTOCOL_SCTP:
		return step_sctp(w);
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return step_icmp(w);
	case PROTOCOL_IPV4:
		return w->outermost ? whole_payload(w) : wrapped(w, STEP_IPV4);
	case PROTOCOL_IPV6:
		return w->outermost ? whole_payload(w) : wrapped(w, STEP_IPV6);
	case PROTOCOL_GRE:
		return w->outermost ? whole_payload(w) : STEP_GRE;
	case PROTOCOL_MPLS:
		return w->outermost ? whole_payload(w) : STEP_MPLS;
	case PROTOCOL_AH:
		return step_extension(w);
	case PROTOCOL_FRAGMENT:
		return ipv6 ? step_fragment_header(w) : whole_payload(w);
	case PROTOCOL_HOP_BY_HOP:
	case PROTOCOL_ROUTING:
	case PROTOCOL_OPTIONS:
	case PROTOCOL_MOBILITY:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return ipv6 ? step_extension(w) : whole_payload(w);
	default:
		return whole_payload(w);
	}
}
