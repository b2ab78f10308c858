#include "flow/inside.h"

#include <string.h>

static bool is_unspecified(const struct addr *a)
{
	static const uint8_t zeros[sizeof(a->bytes)];

	return memcmp(a->bytes, zeros, sizeof(zeros)) == 0;
}

static bool is_learnt(const struct inside_learnt *l, const struct addr *a)
{
	for (unsigned i = 0; l && i < l->count; i++)
		if (prefix_contains(&l->nets[i].prefix, a))
			return true;
	return false;
}

bool inside_nets_contain(const struct inside_nets *nets, const struct addr *a)
{
	if (is_unspecified(a) || addr_is_link_local(a) || addr_is_loopback(a))
		return true;
	if (nets->count == 0)
		return addr_is_private(a) || is_learnt(nets->learnt, a);
	for (size_t i = 0; i < nets->count; i++)
		if (prefix_contains(&nets->prefixes[i], a))
			return true;
	return false;
}

static bool is_known(const struct inside_learnt *l, const struct prefix *p)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->nets[i].prefix.bits <= p->bits &&
		        prefix_contains(&l->nets[i].prefix, &p->addr))
			return true;
	return false;
}

/* RFC 4291 section 2.4: of IPv6, what computers are given lies in 2000::/3. Elsewhere a prefix may
 * stand for all of IPv4 (64:ff9b::/96, RFC 6052). */
static bool is_for_computers(const struct addr *a)
{
	return a->family == ADDR_IPV6 ? (a->bytes[0] & 0xe0) == 0x20 : !addr_is_multicast(a);
}

void inside_learn(struct inside_learnt *l, const struct prefix *p, enum inside_reason reason)
{
	unsigned bits_min = p->addr.family == ADDR_IPV4 ? INSIDE_BITS_MIN_IPV4
	                                                : INSIDE_BITS_MIN_IPV6;

	if (addr_is_private(&p->addr) || is_known(l, p))
		return;
	if (p->bits < bits_min || !is_for_computers(&p->addr))
		l->refused++;
	else if (l->count == INSIDE_LEARNT_MAX)
		l->left_out++;
	else
		l->nets[l->count++] = (struct inside_net){.prefix = *p, .reason = reason};
}

const char *inside_reason_text(enum inside_reason reason)
{
	switch (reason) {
	case INSIDE_BY_DHCP:
		return "DHCP";
	case INSIDE_BY_ROUTER:
		return "router advertisements";
	}
	return "";
}
