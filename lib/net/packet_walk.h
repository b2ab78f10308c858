/* packet_walk: what packet.c (links and wrappings) and packet_ip.c (IP and what it carries) share.
 *
 * A frame is walked one header at a time: each step reads its header through the cursor and names
 * the next step. What the wire carried beyond the captured bytes is one number, `missing`, which
 * the length fields of IP, PPPoE and UDP correct on the way: padding is trimmed, cuts are known. */
#ifndef EXEAT_NET_PACKET_WALK_H
#define EXEAT_NET_PACKET_WALK_H

#include "net/packet.h"

enum step {
	STEP_DONE,
	STEP_ETHERNET,
	STEP_ETHER_TYPE,
	STEP_LLC,
	STEP_PPP,
	STEP_PPPOE,
	STEP_MPLS,
	STEP_IP, /* version nibble decides */
	STEP_IPV4,
	STEP_IPV6,
	STEP_PROTOCOL,
	STEP_GRE,
	STEP_VXLAN,
};

/* When the outer packet stands although something was found inside it. */
enum fallback { FALLBACK_NONE, FALLBACK_BROKEN, FALLBACK_NOT_IP };

struct walk {
	struct packet *p;
	struct cursor c;
	size_t missing; /* wire bytes of this layer beyond the captured ones */
	unsigned wrappings;
	unsigned extensions;
	bool outermost; /* nothing is taken out of the first IP packet */
	uint16_t ether_type;
	uint8_t protocol;
	enum fallback fallback;
	struct packet *outer; /* borrows; filled when fallback is not FALLBACK_NONE */
};

static inline enum step finish(struct walk *w, enum packet_outcome outcome)
{
	w->p->outcome = outcome;
	return STEP_DONE;
}

/* A header does not fit into what is left: was it the capture that cut, or does the packet lie? */
static inline enum step ends_early(struct walk *w)
{
	return finish(w, w->missing > 0 ? PACKET_CUT : PACKET_MALFORMED);
}

/* A length field says that this layer has len bytes from here on. */
static inline void set_length(struct walk *w, size_t len)
{
	if (len < w->c.left) {
		w->c = cursor_sub(&w->c, len);
		w->missing = 0;
	} else {
		w->missing = len - w->c.left;
	}
}

static inline size_t wire_left(const struct walk *w)
{
	return cursor_left(&w->c) + w->missing;
}

static inline enum step wrapped(struct walk *w, enum step next)
{
	w->p->tunnelled = w->p->tunnelled || w->p->tuple.src.addr.family != ADDR_NONE;
	w->wrappings++;
	return w->wrappings > PACKET_LAYERS_MAX ? finish(w, PACKET_LIMIT) : next;
}

static inline void take_payload(struct walk *w)
{
	w->p->payload_wire_bytes = (uint32_t)wire_left(w);
	w->p->payload = cursor_rest(&w->c);
}

static inline enum step whole_payload(struct walk *w)
{
	take_payload(w);
	return finish(w, PACKET_OK);
}

/* The same, of a tunnel that is not opened. */
static inline enum step unread_payload(struct walk *w)
{
	w->p->inner_unread = true;
	return whole_payload(w);
}

/* packet_ip.c */
enum step packet_step_ip(struct walk *w);
enum step packet_step_ipv4(struct walk *w);
enum step packet_step_ipv6(struct walk *w);
enum step packet_step_protocol(struct walk *w);

#endif
