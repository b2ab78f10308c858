/* addr: network addresses, five-tuples and prefixes as plain values.
 *
 * Comes in: bytes of packets and text of registers. Goes out: values that compare, hash and print.
 * IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2) are kept as they stand. */
#ifndef EXEAT_NET_ADDR_H
#define EXEAT_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define ADDR_TEXT_CHARS   46 /* INET6_ADDRSTRLEN */
#define PREFIX_TEXT_CHARS 50

enum addr_family { ADDR_NONE = 0, ADDR_IPV4 = 4, ADDR_IPV6 = 6 };

/* Unused bytes are zero, so that memcmp orders and compares. */
struct addr {
	uint8_t family; /* enum addr_family */
	uint8_t bytes[16];
};

struct endpoint {
	struct addr addr;
	uint16_t port; /* host order; 0 for protocols without ports */
};

/* From the first packet's sender to its receiver. */
struct tuple {
	struct endpoint src;
	struct endpoint dst;
	uint8_t protocol; /* IANA protocol number: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6, … */
	uint16_t vlan;    /* outermost 802.1Q id; 0 none. Shown, not part of identity. */
};

struct prefix {
	struct addr addr;
	uint8_t bits;
};

struct addr addr_ipv4(const uint8_t bytes[static 4]);
struct addr addr_ipv6(const uint8_t bytes[static 16]);
bool addr_equal(const struct addr *a, const struct addr *b) NONNULL(1, 2);
int addr_compare(const struct addr *a, const struct addr *b) NONNULL(1, 2);
/* RFC 5952 text. */
void addr_format(const struct addr *a, char ret[static ADDR_TEXT_CHARS]) NONNULL(1);
/* IPv4 dotted or IPv6 text, nothing around it; false leaves ret untouched. */
bool addr_parse(const char *text, struct addr *ret) NONNULL(1, 2);
bool addr_is_multicast(const struct addr *a) NONNULL(1); /* and IPv4 255.255.255.255 */
bool addr_is_loopback(const struct addr *a) NONNULL(1);
bool addr_is_link_local(const struct addr *a) NONNULL(1); /* 169.254/16, fe80::/10 */
/* RFC 1918, RFC 4193 (ULA), RFC 3927 and RFC 4291 link-local: inside when nothing better is
 * known. */
bool addr_is_private(const struct addr *a) NONNULL(1);

/* "192.0.2.0/24", "2001:db8::/32", or a bare address. False for bits past the family's width or
 * host bits that are set; leaves ret untouched. */
bool prefix_parse(const char *text, struct prefix *ret) NONNULL(1, 2);
bool prefix_contains(const struct prefix *p, const struct addr *a) NONNULL(1, 2);
void prefix_format(const struct prefix *p, char ret[static PREFIX_TEXT_CHARS]) NONNULL(1);
/* The network of this width that holds an address; no more bits than its family has. */
struct prefix prefix_around(const struct addr *a, unsigned bits) NONNULL(1);
/* The /24 or /48 that holds an address: how summaries name a destination without a name. */
struct prefix prefix_of(const struct addr *a) NONNULL(1);

/* Same for both directions of a conversation; keyed, so that no peer can aim at a bucket. */
uint64_t tuple_hash(const struct tuple *t, const uint8_t key[static 16]) NONNULL(1);
/* True when b is a or a with the ends exchanged; vlan is ignored. */
bool tuple_same_conversation(const struct tuple *a, const struct tuple *b) NONNULL(1, 2);
bool tuple_equal(const struct tuple *a, const struct tuple *b) NONNULL(1, 2);
struct tuple tuple_reverse(const struct tuple *t) NONNULL(1);

#endif
