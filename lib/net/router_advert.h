/* router_advert: the networks that a router says are its link's own: ICMPv6 router advertisements
 * (RFC 4861 section 4.2, prefix information by section 4.6.2). Comes in: a decoded packet. Goes
 * out: the prefixes with the on-link flag. */
#ifndef EXEAT_NET_ROUTER_ADVERT_H
#define EXEAT_NET_ROUTER_ADVERT_H

#include "base/compiler.h"
#include "base/cursor.h"
#include "net/packet.h"

#define ROUTER_PREFIXES_MAX 16 /* of one advertisement; a router announces one or two */

struct router_advert {
	unsigned count, left_out;
	struct prefix on_link[ROUTER_PREFIXES_MAX]; /* those that are valid for any time at all */
};

/* True for an advertisement that only a router of this very link can have sent (RFC 4861 section
 * 6.1.2: hop limit 255, a link-local sender) and that went to all of it: sent to ff02::1, in a
 * frame to the multicast address that belongs to it (RFC 2464 section 7), where the capture has
 * frames with addresses. One that came inside of another IP packet does not count. */
bool router_advert_is_own(const struct packet *p) NONNULL(1);
/* payload: what follows the checksum. 0, STATUS_TRUNCATED or STATUS_MALFORMED; ret untouched unless
 * 0. */
int router_advert_parse(struct span payload, struct router_advert *ret) WUNRES NONNULL(2);

#endif
