#include "flow/flow_facts.h"

#include <string.h>

#include "base/digest.h"
#include "base/status.h"

#define TCP 6

/* True when the sender of this first packet is the end that answers. */
static bool sender_is_server(const struct packet *p)
{
	bool syn = p->tuple.protocol == TCP && (p->tcp_flags & TCP_SYN) != 0;

	if (syn)
		return (p->tcp_flags & TCP_ACK) != 0;
	return p->tuple.src.port < p->tuple.dst.port;
}

static void set_direction(struct flow *f, const struct inside_nets *nets)
{
	bool src = inside_nets_contain(nets, &f->tuple.src.addr);
	bool dst = inside_nets_contain(nets, &f->tuple.dst.addr);

	f->computer = f->tuple.src.addr;
	f->out_index = -1;
	if ((src && dst) || addr_is_multicast(&f->tuple.dst.addr) ||
	        addr_is_multicast(&f->tuple.src.addr)) {
		f->direction = FLOW_INTERNAL;
	} else if (src) {
		f->direction = FLOW_OUTGOING;
		f->out_index = 0;
	} else if (dst) {
		f->direction = FLOW_INCOMING;
		f->out_index = 1;
		f->computer = f->tuple.dst.addr;
	} else {
		f->direction = FLOW_TRANSIT;
	}
}

static size_t put_number(uint8_t *out, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		out[i] = (uint8_t)(value >> 8 * (width - 1 - i));
	return width;
}

static size_t put_endpoint(uint8_t *out, const struct endpoint *e)
{
	memcpy(out, &e->addr, sizeof(e->addr));
	return sizeof(e->addr) + put_number(out + sizeof(e->addr), e->port, 2);
}

/* Steps of 2^30 ns, about a second: they come around after 104 days, when the store has
 * forgotten. */
#define ID_TIME_SHIFT 30

/* The step of the first time, then bits of SHA-256 over first time, protocol and both ends. Who
 * keeps flows by id writes one beside the last, and not somewhere among millions: with steps of two
 * minutes it was somewhere in what a cache does not hold. Of ten million in a day, two share an id
 * about once in 1,600 days, and then the store tells them apart. */
static int set_id(struct flow *f)
{
	uint8_t message[8 + 1 + 2 * (sizeof(struct addr) + 2)];
	uint8_t digest[DIGEST_SHA256_BYTES];
	size_t len = put_number(message, (uint64_t)f->first_ns, 8);
	struct cursor c = cursor_open_bytes(digest, sizeof(digest));
	int status;

	len += put_number(message + len, f->tuple.protocol, 1);
	len += put_endpoint(message + len, &f->tuple.src);
	len += put_endpoint(message + len, &f->tuple.dst);
	status = digest_sha256(span_of(message, len), digest);
	if (status != STATUS_OK)
		return status;
	f->id = (uint64_t)f->first_ns >> ID_TIME_SHIFT << (64 - FLOW_ID_TIME_BITS) |
	        cursor_u64be(&c) >> FLOW_ID_TIME_BITS;
	if (f->id == 0)
		f->id = 1;
	return STATUS_OK;
}

int flow_facts_begin(struct flow *f, const struct packet *p, const struct inside_nets *inside)
{
	bool reverse = sender_is_server(p);

	f->tuple = reverse ? tuple_reverse(&p->tuple) : p->tuple;
	f->first_ns = p->time_ns;
	f->last_ns = p->time_ns;
	f->first_packet = p->number;
	f->input = p->input;
	f->icmp_type = p->icmp_type;
	f->icmp_code = p->icmp_code;
	memcpy(f->mac[reverse ? 1 : 0], p->mac_src, 6);
	memcpy(f->mac[reverse ? 0 : 1], p->mac_dst, 6);
	set_direction(f, inside);
	return set_id(f);
}

const char *flow_end_text(enum flow_end end)
{
	switch (end) {
	case FLOW_OPEN:
		return "open";
	case FLOW_FIN:
		return "fin";
	case FLOW_RESET:
		return "reset";
	case FLOW_TIMEOUT:
		return "timeout";
	case FLOW_EVICTED:
		return "evicted";
	case FLOW_INPUT_ENDED:
		return "input-ended";
	}
	return "";
}

const char *flow_direction_text(enum flow_direction direction)
{
	switch (direction) {
	case FLOW_INTERNAL:
		return "internal";
	case FLOW_OUTGOING:
		return "outgoing";
	case FLOW_INCOMING:
		return "incoming";
	case FLOW_TRANSIT:
		return "transit";
	}
	return "";
}
