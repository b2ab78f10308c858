#include "net/packet_walk.h"

#include <string.h>

/* Link types: the tcpdump LINKTYPE list. */
enum link_type {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_RAW_BSD = 12,
	LINK_RAW_OPENBSD = 14,
	LINK_PPP_HDLC = 50,
	LINK_PPP_ETHER = 51,
	LINK_RAW = 101,
	LINK_CISCO_HDLC = 104,
	LINK_LOOP = 108,
	LINK_COOKED = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_COOKED_V2 = 276,
};

/* EtherTypes: IEEE registry. 0x9100 to 0x9300 are vendors' older double tags. */
enum ether_type {
	ETHER_LENGTH_END = 0x0600, /* below: IEEE 802.3 length, LLC follows */
	ETHER_IPV4 = 0x0800,
	ETHER_ERSPAN_3 = 0x22eb,
	ETHER_BRIDGING = 0x6558, /* Ethernet inside GRE (RFC 7637, RFC 1701) */
	ETHER_VLAN = 0x8100,
	ETHER_IPV6 = 0x86dd,
	ETHER_PPP = 0x880b, /* RFC 2637 */
	ETHER_MPLS = 0x8847,
	ETHER_MPLS_UPSTREAM = 0x8848,
	ETHER_PPPOE = 0x8864,
	ETHER_PROVIDER = 0x88a8,
	ETHER_ERSPAN = 0x88be,
	ETHER_QINQ_OLD = 0x9100,
	ETHER_QINQ_OLD_2 = 0x9200,
	ETHER_QINQ_OLD_3 = 0x9300,
};

/* The outer packet becomes the answer if what it holds cannot be read. */
static void remember_outer(struct walk *w, enum fallback fallback)
{
	if (w->fallback != FALLBACK_NONE)
		return;
	w->fallback = fallback;
	*w->outer = *w->p;
	w->outer->outcome = PACKET_OK;
	w->outer->payload_wire_bytes = (uint32_t)wire_left(w);
	w->outer->payload = span_of(w->c.at, w->c.left);
}

/* IEEE 802.3 clause 3 */
static enum step step_ethernet(struct walk *w)
{
	uint8_t dst[6], src[6];

	cursor_copy(&w->c, dst, sizeof(dst));
	cursor_copy(&w->c, src, sizeof(src));
	w->ether_type = cursor_u16be(&w->c);
	if (cursor_failed(&w->c))
		return ends_early(w);
	memcpy(w->p->mac_dst, dst, sizeof(dst));
	memcpy(w->p->mac_src, src, sizeof(src));
	return STEP_ETHER_TYPE;
}

/* IEEE 802.1Q: priority 3, drop 1, id 12, next type 16 */
static enum step step_vlan(struct walk *w)
{
	uint16_t control = cursor_u16be(&w->c);

	w->ether_type = cursor_u16be(&w->c);
	if (cursor_failed(&w->c))
		return ends_early(w);
	if (w->p->tuple.vlan == 0)
		w->p->tuple.vlan = control & 0x0fff;
	return wrapped(w, STEP_ETHER_TYPE);
}

static enum step step_ether_type(struct walk *w)
{
	if (w->ether_type < ETHER_LENGTH_END)
		return STEP_LLC;
	switch (w->ether_type) {
	case ETHER_IPV4:
		return STEP_IPV4;
	case ETHER_IPV6:
		return STEP_IPV6;
	case ETHER_VLAN:
	case ETHER_PROVIDER:
	case ETHER_QINQ_OLD:
	case ETHER_QINQ_OLD_2:
	case ETHER_QINQ_OLD_3:
		return step_vlan(w);
	case ETHER_MPLS:
	case ETHER_MPLS_UPSTREAM:
		return STEP_MPLS;
	case ETHER_PPPOE:
		return wrapped(w, STEP_PPPOE);
	case ETHER_BRIDGING:
		return wrapped(w, STEP_ETHERNET);
	default:
		return finish(w, PACKET_NOT_IP);
	}
}

/* IEEE 802.2 with the SNAP extension (RFC 1042); anything else is no IP. */
static enum step step_llc(struct walk *w)
{
	uint32_t head = cursor_u24be(&w->c);
	uint32_t organisation = cursor_u24be(&w->c);

	w->ether_type = cursor_u16be(&w->c);
	if (cursor_failed(&w->c) || head != 0xaaaa03 || organisation != 0 ||
	        w->ether_type < ETHER_LENGTH_END)
		return finish(w, PACKET_NOT_IP);
	return wrapped(w, STEP_ETHER_TYPE);
}

/* RFC 1661 and 1662: address and control may be left out, the protocol may be one odd byte. */
static enum step step_ppp(struct walk *w)
{
	unsigned protocol;

	if (cursor_peek(&w->c, 0) == 0xff && cursor_peek(&w->c, 1) == 0x03)
		cursor_skip(&w->c, 2);
	protocol = cursor_u8(&w->c);
	if ((protocol & 1) == 0)
		protocol = protocol << 8 | cursor_u8(&w->c);
	if (cursor_failed(&w->c))
		return ends_early(w);
	switch (protocol) {
	case 0x0021:
		return STEP_IPV4;
	case 0x0057:
		return STEP_IPV6;
	case 0x0281:
		return STEP_MPLS;
	default:
		return finish(w, PACKET_NOT_IP);
	}
}

/* RFC 2516: version and type 1, code 0 for a session, session id, length */
static enum step step_pppoe(struct walk *w)
{
	uint8_t version = cursor_u8(&w->c);
	uint8_t code = cursor_u8(&w->c);
	uint16_t len;

	cursor_skip(&w->c, 2);
	len = cursor_u16be(&w->c);
	if (cursor_failed(&w->c))
		return ends_early(w);
	if (version != 0x11)
		return finish(w, PACKET_MALFORMED);
	if (code != 0)
		return finish(w, PACKET_NOT_IP);
	set_length(w, len);
	return STEP_PPP;
}

/* RFC 3032: label 20, class 3, bottom 1, time to live 8. Below the last label nothing names what
 * follows: an IP version nibble, a pseudowire control word (RFC 4385, nibble 0), or Ethernet. */
static enum step step_mpls(struct walk *w)
{
	uint32_t label = cursor_u32be(&w->c);
	int nibble;

	if (cursor_failed(&w->c))
		return ends_early(w);
	if ((label & 0x100) == 0)
		return wrapped(w, STEP_MPLS);
	nibble = cursor_peek(&w->c, 0);
	if (nibble < 0)
		return ends_early(w);
	nibble >>= 4;
	if (nibble == 4 || nibble == 6)
		return wrapped(w, STEP_IP);
	if (nibble == 0)
		cursor_skip(&w->c, 4);
	return wrapped(w, STEP_ETHERNET);
}

static enum step step_vxlan(struct walk *w)
{
	remember_outer(w, FALLBACK_BROKEN);
	cursor_skip(&w->c, 8);
	return wrapped(w, STEP_ETHERNET);
}

/* ERSPAN (draft-foschiano-erspan-03): type I has no header, type II 8 bytes, type III 12 and
 * perhaps 8 more; frame type 2 of type III is a bare IP packet. */
static enum step step_erspan(struct walk *w, uint16_t type, bool has_sequence)
{
	struct cursor start = w->c;
	int version = cursor_peek(&w->c, 0) >> 4;
	uint16_t tail;

	if (type == ETHER_ERSPAN && !has_sequence)
		return wrapped(w, STEP_ETHERNET);
	if (type == ETHER_ERSPAN && version == 1) {
		cursor_skip(&w->c, 8);
		return cursor_failed(&w->c) ? ends_early(w) : wrapped(w, STEP_ETHERNET);
	}
	cursor_skip(&w->c, 10);
	tail = cursor_u16be(&w->c);
	if ((tail & 1) != 0)
		cursor_skip(&w->c, 8);
	if (cursor_failed(&w->c))
		return ends_early(w);
	if (version != 2) {
		w->c = start;
		return unread_payload(w);
	}
	return wrapped(w, (tail >> 10 & 0x1f) == 2 ? STEP_IP : STEP_ETHERNET);
}

/* RFC 2784, RFC 2890; version 1 is PPTP's (RFC 2637). What we cannot open stays a GRE packet. */
static enum step step_gre(struct walk *w)
{
	struct cursor start = w->c;
	uint16_t flags = cursor_u16be(&w->c);
	uint16_t type = cursor_u16be(&w->c);
	unsigned version = flags & 7;
	bool acknowledges = version == 1 && (flags & 0x0080) != 0;

	cursor_skip(&w->c, (flags & 0x8000) ? 4 : 0);
	cursor_skip(&w->c, (flags & 0x2000) ? 4 : 0);
	cursor_skip(&w->c, (flags & 0x1000) ? 4 : 0);
	cursor_skip(&w->c, acknowledges ? 4 : 0);
	if (cursor_failed(&w->c))
		return ends_early(w);
	if (version == 1 && type == ETHER_PPP && (flags & 0x1000) && wire_left(w) > 0) {
		remember_outer(w, FALLBACK_NOT_IP);
		return wrapped(w, STEP_PPP);
	}
	if (wire_left(w) == 0) {
		w->c = start;
		return whole_payload(w);
	}
	if (version != 0 || (flags & 0x4000) != 0) {
		w->c = start;
		return unread_payload(w);
	}
	if (type == ETHER_ERSPAN || type == ETHER_ERSPAN_3)
		return step_erspan(w, type, (flags & 0x1000) != 0);
	remember_outer(w, type == ETHER_BRIDGING ? FALLBACK_BROKEN : FALLBACK_NOT_IP);
	w->ether_type = type;
	return wrapped(w, STEP_ETHER_TYPE);
}

static enum step take_step(struct walk *w, enum step step)
{
	switch (step) {
	case STEP_ETHERNET:
		return step_ethernet(w);
	case STEP_ETHER_TYPE:
		return step_ether_type(w);
	case STEP_LLC:
		return step_llc(w);
	case STEP_PPP:
		return step_ppp(w);
	case STEP_PPPOE:
		return step_pppoe(w);
	case STEP_MPLS:
		return step_mpls(w);
	case STEP_IP:
		return packet_step_ip(w);
	case STEP_IPV4:
		return packet_step_ipv4(w);
	case STEP_IPV6:
		return packet_step_ipv6(w);
	case STEP_PROTOCOL:
		return packet_step_protocol(w);
	case STEP_GRE:
		return step_gre(w);
	case STEP_VXLAN:
		return step_vxlan(w);
	case STEP_DONE:
		break;
	}
	return STEP_DONE;
}

static void run(struct walk *w, enum step step)
{
	enum packet_outcome outcome;

	while (step != STEP_DONE)
		step = take_step(w, step);
	outcome = w->p->outcome;
	if ((w->fallback >= FALLBACK_BROKEN &&
	            (outcome == PACKET_MALFORMED || outcome == PACKET_CUT)) ||
	        (w->fallback == FALLBACK_NOT_IP && outcome == PACKET_NOT_IP)) {
		*w->p = *w->outer;
		w->p->inner_unread = true;
	}
}

/* BSD loopback: the address family as the capturing host numbers it. 2 is IPv4 everywhere; IPv6 is
 * 24 (NetBSD, OpenBSD), 28 (FreeBSD), 30 (macOS), 10 (Linux) or 23 (Windows). */
static enum step start_loopback(struct walk *w, bool network_order)
{
	struct cursor copy = w->c;
	uint32_t family = cursor_u32be(&w->c);

	if (!network_order && family > 0xffff)
		family = cursor_u32le(&copy);
	if (cursor_failed(&w->c))
		return ends_early(w);
	switch (family) {
	case 2:
		return STEP_IPV4;
	case 10:
	case 23:
	case 24:
	case 28:
	case 30:
		return STEP_IPV6;
	default:
		return finish(w, PACKET_NOT_IP);
	}
}

/* Linux cooked capture: v1 is packet type, ARPHRD, address length, address, EtherType; v2 is
 * EtherType, reserved, interface, ARPHRD, packet type, address length, address. */
static enum step start_cooked(struct walk *w, bool v2)
{
	uint8_t address[8];
	unsigned address_bytes;

	if (v2) {
		w->ether_type = cursor_u16be(&w->c);
		cursor_skip(&w->c, 9);
		address_bytes = cursor_u8(&w->c);
	} else {
		cursor_skip(&w->c, 4);
		address_bytes = cursor_u16be(&w->c);
	}
	cursor_copy(&w->c, address, sizeof(address));
	if (!v2)
		w->ether_type = cursor_u16be(&w->c);
	if (cursor_failed(&w->c))
		return ends_early(w);
	if (address_bytes == 6)
		memcpy(w->p->mac_src, address, 6);
	return STEP_ETHER_TYPE;
}

/* Cisco HDLC: address 0x0f or 0x8f, control 0, EtherType (RFC 1547 section 4.3.1). */
static enum step start_cisco(struct walk *w)
{
	cursor_skip(&w->c, 2);
	w->ether_type = cursor_u16be(&w->c);
	return cursor_failed(&w->c) ? ends_early(w) : STEP_ETHER_TYPE;
}

static enum step start_hdlc(struct walk *w)
{
	int first = cursor_peek(&w->c, 0);

	return first == 0x0f || first == 0x8f ? start_cisco(w) : STEP_PPP;
}

static enum step start_link(struct walk *w, uint32_t link_type)
{
	switch (link_type) {
	case LINK_NULL:
		return start_loopback(w, false);
	case LINK_LOOP:
		return start_loopback(w, true);
	case LINK_ETHERNET:
		return STEP_ETHERNET;
	case LINK_PPP:
		return STEP_PPP;
	case LINK_PPP_HDLC:
		return start_hdlc(w);
	case LINK_PPP_ETHER:
		return STEP_PPPOE;
	case LINK_CISCO_HDLC:
		return start_cisco(w);
	case LINK_COOKED:
		return start_cooked(w, false);
	case LINK_COOKED_V2:
		return start_cooked(w, true);
	case LINK_RAW:
	case LINK_RAW_BSD:
	case LINK_RAW_OPENBSD:
		return STEP_IP;
	case LINK_IPV4:
		return STEP_IPV4;
	case LINK_IPV6:
		return STEP_IPV6;
	default:
		return finish(w, PACKET_UNKNOWN_LINK);
	}
}

static void decode(const struct frame *frame, bool outermost, struct packet *ret)
{
	struct packet outer;
	struct walk w = {
	        .p = ret, .c = cursor_open(frame->bytes), .outer = &outer, .outermost = outermost};

	*ret = (struct packet){
	        .time_ns = frame->time_ns,
	        .number = frame->number,
	        .interface = frame->interface,
	        .input = frame->input,
	        .wire_bytes = frame->length_bytes,
	        .process = frame->process,
	};
	if (frame->length_bytes > frame->bytes.len)
		w.missing = frame->length_bytes - frame->bytes.len;
	else
		ret->wire_bytes = (uint32_t)frame->bytes.len;
	run(&w, start_link(&w, frame->link_type));
}

void packet_decode(const struct frame *frame, struct packet *ret)
{
	decode(frame, false, ret);
}

void packet_decode_outermost(const struct frame *frame, struct packet *ret)
{
	decode(frame, true, ret);
}

void packet_decode_ip(struct span ip, const struct packet *like, struct packet *ret)
{
	*ret = (struct packet){
	        .tuple.vlan = like->tuple.vlan,
	        .time_ns = like->time_ns,
	        .number = like->number,
	        .interface = like->interface,
	        .input = like->input,
	        .wire_bytes = like->wire_bytes,
	        .tunnelled = like->tunnelled,
	        .process = like->process,
	};
	struct packet outer;
	struct walk w = {.p = ret, .c = cursor_open(ip), .outer = &outer};

	memcpy(ret->mac_src, like->mac_src, sizeof(ret->mac_src));
	memcpy(ret->mac_dst, like->mac_dst, sizeof(ret->mac_dst));
	run(&w, STEP_IP);
}

const char *packet_outcome_text(enum packet_outcome outcome)
{
	static const char *const texts[PACKET_OUTCOMES] = {
	        [PACKET_OK] = "decoded",
	        [PACKET_FRAGMENT] = "IP fragment",
	        [PACKET_NOT_IP] = "not IP",
	        [PACKET_UNKNOWN_LINK] = "unknown link type",
	        [PACKET_CUT] = "cut inside the headers",
	        [PACKET_MALFORMED] = "malformed header",
	        [PACKET_LIMIT] = "too many wrappings",
	};

	return (unsigned)outcome < PACKET_OUTCOMES ? texts[outcome] : "";
}
