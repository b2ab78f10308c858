#include "net/router_advert.h"

#include <string.h>

#include "base/status.h"

#define ICMPV6        58
#define TYPE_ADVERT   134
#define HOP_LIMIT     255
#define HEAD_BYTES    12 /* hop limit, flags, life time, two timers */
#define OPTION_UNIT   8  /* bytes that an option's length counts */
#define OPTION_PREFIX 3
#define PREFIX_BYTES  (4 * OPTION_UNIT)
#define FLAG_ON_LINK  0x80
#define IPV6_BITS     128

bool router_advert_is_own(const struct packet *p)
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	static const uint8_t no_mac[6];

	return p->tuple.protocol == ICMPV6 && p->icmp_type == TYPE_ADVERT && p->icmp_code == 0 &&
	       p->ttl == HOP_LIMIT && !p->tunnelled && addr_is_link_local(&p->tuple.src.addr) &&
	       memcmp(p->tuple.dst.addr.bytes, all_nodes, sizeof(all_nodes)) == 0 &&
	       (memcmp(p->mac_dst, all_nodes_mac, sizeof(no_mac)) == 0 ||
	               memcmp(p->mac_dst, no_mac, sizeof(no_mac)) == 0);
}

/* RFC 4861 section 4.6.2. Bits behind the prefix mean nothing. */
static int read_prefix(struct cursor *c, struct router_advert *out)
{
	uint8_t bits = cursor_u8(c), flags = cursor_u8(c), bytes[16];
	uint32_t valid_seconds = cursor_u32be(c);
	struct addr addr;

	cursor_skip(c, 8); /* how long it is preferred, reserved */
	cursor_copy(c, bytes, sizeof(bytes));
	if (cursor_failed(c) || bits > IPV6_BITS)
		return STATUS_MALFORMED;
	if (valid_seconds == 0 || (flags & FLAG_ON_LINK) == 0)
		return STATUS_OK;
	addr = addr_ipv6(bytes);
	if (out->count < ROUTER_PREFIXES_MAX)
		out->on_link[out->count++] = prefix_around(&addr, bits);
	else
		out->left_out++;
	return STATUS_OK;
}

static int read_option(struct cursor *c, struct router_advert *out)
{
	uint8_t type = cursor_u8(c);
	size_t bytes = (size_t)cursor_u8(c) * OPTION_UNIT;
	struct cursor option;

	if (cursor_failed(c))
		return STATUS_TRUNCATED;
	if (bytes == 0)
		return STATUS_MALFORMED;
	option = cursor_sub(c, bytes - 2);
	if (cursor_failed(c))
		return STATUS_TRUNCATED;
	if (type != OPTION_PREFIX)
		return STATUS_OK;
	return bytes == PREFIX_BYTES ? read_prefix(&option, out) : STATUS_MALFORMED;
}

int router_advert_parse(struct span payload, struct router_advert *ret)
{
	struct cursor c = cursor_open(payload);
	struct router_advert out;
	int status = STATUS_OK;

	memset(&out, 0, sizeof(out));
	cursor_skip(&c, HEAD_BYTES);
	if (cursor_failed(&c))
		return STATUS_TRUNCATED;
	while (status == STATUS_OK && cursor_left(&c) > 0)
		status = read_option(&c, &out);
	if (status == STATUS_OK)
		*ret = out;
	return status;
}
