/* computer: what the practice's own computers call themselves. Comes in: DHCP and NetBIOS messages
 * (lib/net). Goes out: the name of an address at the time of a flow, with its source.
 *
 * A message proves little: any computer inside can claim any name. So a name is shown beside the
 * address, never in its place, and these are the rules:
 * - only addresses inside the practice have names;
 * - a DHCP name counts when the server acknowledges the request that carried it (same transaction
 *   and hardware address), or when the client says it from the address that it names its own;
 * - the address's next lease to another client ends the name, also when that one gives none;
 * - a NetBIOS name counts when the computer claims or lists it from its own address, or when
 *   somebody inside answers with it;
 * - DHCP comes before NetBIOS. */
#ifndef EXEAT_CLASSIFY_COMPUTER_H
#define EXEAT_CLASSIFY_COMPUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "flow/inside.h"
#include "net/dhcp.h"
#include "net/netbios.h"

#define COMPUTER_NAME_CHARS DHCP_NAME_CHARS
/* Names are kept in so many groups, by address, of so many places: a practice has tens of computers
 * and fills no group. In a full one the name that was not heard of for longest goes, counted; so
 * does one of them when addresses are chosen to meet in a group. */
#define COMPUTER_GROUPS 1024 /* a power of two */
#define COMPUTER_PLACES 8
/* Requests that wait for their answer. A server answers within seconds; RFC 2131 section 4.1 lets a
 * client wait 64 seconds at most before it asks anew. */
#define COMPUTER_REQUESTS_MAX 256
#define COMPUTER_REQUEST_NS   (64 * INT64_C(1000000000))

enum computer_source { COMPUTER_UNNAMED, COMPUTER_DHCP, COMPUTER_NETBIOS };

struct computer_name {
	char name[COMPUTER_NAME_CHARS]; /* raw; through display before anybody reads it */
	enum computer_source source;
};

struct computer_table;

/* What lies inside is asked again for each message. */
int computer_table_new(struct computer_table **ret_gives,
        const struct inside_nets *borrowed_inside) WUNRES NONNULL(1, 2);
struct computer_table *computer_table_free(struct computer_table *t);
/* True for the acknowledgement of a request that was seen and waits for it, when that request went
 * to the broadcast address, which no router passes on (RFC 919 section 7), from a computer without
 * an address or from the one that it names its own, and asked for the very address that is granted:
 * the computer is of this link, and the subnet is its own. Whoever has an address here and wants to
 * call a far network inside would need another sender or another answer. */
bool computer_table_proves_subnet(const struct computer_table *t, const struct dhcp_message *m,
        int64_t time_ns) NONNULL(1, 2);
/* as_sent: of the packet that held the message. */
void computer_table_add_dhcp(struct computer_table *t, const struct tuple *as_sent,
        const struct dhcp_message *m, int64_t time_ns) NONNULL(1, 2, 3);
void computer_table_add_netbios(struct computer_table *t, const struct addr *sender,
        const struct netbios_message *m, int64_t time_ns) NONNULL(1, 2, 3);
/* The name that the address had when the flow began; failing that, the first that it had while the
 * flow went on. False when there is none: ret untouched. */
bool computer_table_find(const struct computer_table *t, const struct addr *addr, int64_t first_ns,
        int64_t last_ns, struct computer_name *ret) NONNULL(1, 2, 5);
/* Names, and requests without their answer, that had to make room or found none. */
uint64_t computer_table_forgotten(const struct computer_table *t) NONNULL(1);
const char *computer_source_text(enum computer_source s); /* "dhcp", "netbios", "" */

#endif
