#include "pipeline/practice.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "net/dhcp.h"
#include "net/netbios.h"
#include "net/router_advert.h"

#define UDP 17

int practice_begin(struct practice *p)
{
	return computer_table_new(&p->computers, &p->inside);
}

void practice_end(struct practice *p)
{
	p->computers = computer_table_free(p->computers);
}

void practice_know(struct practice *p, const struct inside_nets *borrowed)
{
	p->inside = *borrowed;
	p->inside.learnt = borrowed->count == 0 ? &p->learnt : NULL;
}

/* The subnet of an address that a computer of this link asked for and was given. */
static void learn_subnet(
        struct practice *p, const struct packet *packet, const struct dhcp_message *m)
{
	const struct addr *addr = dhcp_address(m);
	struct prefix subnet = prefix_around(addr, m->mask_bits);

	if (m->mask_known && !packet->tunnelled &&
	        computer_table_proves_subnet(p->computers, m, packet->time_ns))
		inside_learn(&p->learnt, &subnet, INSIDE_BY_DHCP);
}

static void feed_dhcp(struct practice *p, const struct packet *packet)
{
	struct dhcp_message m;

	if (dhcp_parse(packet->payload, &m) != STATUS_OK)
		return;
	learn_subnet(p, packet, &m);
	computer_table_add_dhcp(p->computers, &packet->tuple, &m, packet->time_ns);
}

static void feed_netbios(struct practice *p, const struct packet *packet)
{
	struct netbios_message m;

	if (netbios_parse(packet->payload, &m) != STATUS_OK)
		return;
	computer_table_add_netbios(p->computers, &packet->tuple.src.addr, &m, packet->time_ns);
}

static void feed_advert(struct practice *p, const struct packet *packet)
{
	struct router_advert advert;

	if (router_advert_parse(packet->payload, &advert) != STATUS_OK)
		return;
	for (unsigned i = 0; i < advert.count; i++)
		inside_learn(&p->learnt, &advert.on_link[i], INSIDE_BY_ROUTER);
	p->learnt.left_out += advert.left_out;
}

static bool has_port(const struct packet *packet, uint16_t port)
{
	return packet->tuple.src.port == port || packet->tuple.dst.port == port;
}

bool practice_concerns(const struct packet *packet)
{
	return router_advert_is_own(packet) ||
	       (packet->tuple.protocol == UDP &&
	               (has_port(packet, DHCP_SERVER_PORT) || has_port(packet, NETBIOS_PORT)));
}

void practice_feed(struct practice *p, const struct packet *packet)
{
	if (router_advert_is_own(packet))
		feed_advert(p, packet);
	if (packet->tuple.protocol != UDP)
		return;
	if (has_port(packet, DHCP_SERVER_PORT))
		feed_dhcp(p, packet);
	else if (has_port(packet, NETBIOS_PORT))
		feed_netbios(p, packet);
}

static size_t add_text(
        char ret[static PRACTICE_TEXT_CHARS], size_t len, const char *before, const char *text)
{
	int more = snprintf(ret + len, PRACTICE_TEXT_CHARS - len, "%s%s", before, text);
	size_t room = PRACTICE_TEXT_CHARS - 1 - len;

	return len + (more > 0 && (size_t)more < room ? (size_t)more : room);
}

static void describe_learnt(const struct inside_learnt *l, char ret[static PRACTICE_TEXT_CHARS])
{
	size_t len = add_text(ret, 0, "",
	        "the addresses that private networks use (such as 192.168.…), as no register says "
	        "otherwise");

	for (unsigned i = 0; i < l->count; i++) {
		char net[PREFIX_TEXT_CHARS];

		prefix_format(&l->nets[i].prefix, net);
		len = add_text(ret, len, i == 0 ? "; and, once it was seen, " : ", ", net);
		len = add_text(ret, len, " by ", inside_reason_text(l->nets[i].reason));
	}
	if (l->refused > 0)
		len = add_text(
		        ret, len, "; ", "what was shown too wide for a practice did not count");
	if (l->left_out > 0)
		add_text(ret, len, "; ", "more networks were shown than could be kept");
}

void practice_describe(const struct practice *p, char ret[static PRACTICE_TEXT_CHARS])
{
	size_t len = 0;

	if (p->inside.count == 0) {
		describe_learnt(&p->learnt, ret);
		return;
	}
	for (size_t i = 0; i < p->inside.count; i++) {
		char text[PREFIX_TEXT_CHARS];

		prefix_format(&p->inside.prefixes[i], text);
		if (len + strlen(text) + sizeof(", , …") > PRACTICE_TEXT_CHARS) {
			add_text(ret, len, ", ", "…");
			break;
		}
		len = add_text(ret, len, i > 0 ? ", " : "", text);
	}
}
