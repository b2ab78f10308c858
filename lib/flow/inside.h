/* inside: which addresses are the practice's own. Comes in: the register's networks or, where no
 * register gives any, networks that DHCP and router advertisements show. Goes out: yes or no for an
 * address, and the list with the reason of each.
 *
 * Loopback, link-local and unspecified addresses always lie inside. Else the register's networks
 * decide alone. Without them the private ranges do (addr_is_private()), and what is learnt adds to
 * these: a practice with public IPv6 addresses would otherwise have no inside end in most of its
 * conversations.
 *
 * Whoever can send advertisements could hide recipients by calling their networks inside. So: a
 * network wider than INSIDE_BITS_MIN is refused and counted (a practice is given a /48 at most, RFC
 * 6177, and /16 is the widest of the private IPv4 ranges that equipment is set up with), no more
 * than INSIDE_LEARNT_MAX are learnt, multicast and what is given to no computer are never inside,
 * and reports name each network with how it became known. None is taken out of a tunnel, and from
 * DHCP only what a computer of the link asked for: any program may send the rest.
 *
 * A network counts from the packet that shows it. A flow that began before keeps what it was then:
 * transit, when neither end lay inside; reports count and name these. Routers advertise every few
 * minutes, and when a computer joins, so that is the start of a capture. */
#ifndef EXEAT_FLOW_INSIDE_H
#define EXEAT_FLOW_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/addr.h"

#define INSIDE_BITS_MIN_IPV4 16
#define INSIDE_BITS_MIN_IPV6 48
#define INSIDE_LEARNT_MAX    8 /* a practice has one or two; reports name them all */

enum inside_reason { INSIDE_BY_DHCP, INSIDE_BY_ROUTER };

struct inside_net {
	struct prefix prefix;
	enum inside_reason reason; /* the first */
};

/* Zero to begin with. */
struct inside_learnt {
	struct inside_net nets[INSIDE_LEARNT_MAX]; /* in the order in which they were seen */
	unsigned count;
	uint64_t refused;  /* times that a network was too wide, or of no computers */
	uint64_t left_out; /* times that there was no room for one */
};

/* A value; borrows what it points to. */
struct inside_nets {
	const struct prefix *prefixes; /* of the register */
	size_t count;
	const struct inside_learnt
	        *learnt; /* asked only when count is 0; NULL: nothing is learnt */
};

/* Takes in one that is not known yet; those within the private ranges are inside anyway. */
void inside_learn(struct inside_learnt *l, const struct prefix *p, enum inside_reason reason)
        NONNULL(1, 2);
bool inside_nets_contain(const struct inside_nets *nets, const struct addr *a) NONNULL(1, 2);
const char *inside_reason_text(enum inside_reason reason); /* "DHCP", "router advertisements" */

#endif
