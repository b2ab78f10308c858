/* dhcp: who asked for which address, and which was granted: DHCP messages of IPv4 (RFC 2131;
 * options by RFC 2132, pieces of them by RFC 3396, the full name by RFC 4702). Comes in: the
 * payload of UDP ports 67 and 68. Goes out: a value; its names are raw, through display before
 * anybody reads them. */
#ifndef EXEAT_NET_DHCP_H
#define EXEAT_NET_DHCP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "net/addr.h"

#define DHCP_SERVER_PORT    67
#define DHCP_CLIENT_PORT    68
#define DHCP_HARDWARE_BYTES 16  /* RFC 2131 figure 1: chaddr */
#define DHCP_OPTION_MAX     255 /* one option, or its pieces together; no name is longer */
#define DHCP_NAME_CHARS     (DHCP_OPTION_MAX + 1)

/* RFC 2132 section 9.6 */
enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER = 2,
	DHCP_REQUEST = 3,
	DHCP_DECLINE = 4,
	DHCP_ACK = 5,
	DHCP_NAK = 6,
	DHCP_RELEASE = 7,
	DHCP_INFORM = 8
};

/* The client's hardware address; unused bytes are zero. */
struct dhcp_client {
	uint8_t len; /* bytes used */
	uint8_t bytes[DHCP_HARDWARE_BYTES];
};

struct dhcp_message {
	bool from_server;
	uint8_t type;         /* enum dhcp_type, or a later one */
	uint32_t transaction; /* chosen by the client, repeated by the server */
	struct dhcp_client client;
	struct addr own;       /* the address that the client says it has; ADDR_NONE for 0.0.0.0 */
	struct addr granted;   /* by the server ("your address"); likewise */
	struct addr requested; /* option 50; likewise */
	bool mask_known;
	uint8_t mask_bits; /* option 1, the width of the subnet */
	/* Option 12 and option 81, "" for none. Bytes as sent, but control characters are '?', as
	 * are dots within a label. */
	char host[DHCP_NAME_CHARS], full_name[DHCP_NAME_CHARS];
};

/* 0, STATUS_TRUNCATED (the options' end is missing), STATUS_MALFORMED, STATUS_UNSUPPORTED (BOOTP,
 * which has no message type), or STATUS_LIMIT (pieces of an option past DHCP_OPTION_MAX); ret
 * untouched unless 0. */
int dhcp_parse(struct span message, struct dhcp_message *ret) WUNRES NONNULL(2);
/* The address that an acknowledgement is about (RFC 2131 section 4.3.1: an answer to INFORM grants
 * nothing and repeats the client's own), or ADDR_NONE. Borrows from m. */
const struct addr *dhcp_address(const struct dhcp_message *m) NONNULL(1);

#endif
