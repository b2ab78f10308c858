#include "net/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "net/siphash.h"

#define GROUPS 8 /* 16-bit groups of an IPv6 address */

struct addr addr_ipv4(const uint8_t bytes[static 4])
{
	struct addr a = {.family = ADDR_IPV4};

	memcpy(a.bytes, bytes, 4);
	return a;
}

struct addr addr_ipv6(const uint8_t bytes[static 16])
{
	struct addr a = {.family = ADDR_IPV6};

	memcpy(a.bytes, bytes, 16);
	return a;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a));
}

#define IPV4_TEXT_CHARS 16 /* 255.255.255.255 */

/* By hand: reports show each address of a million conversations several times. Bytes written. */
static size_t format_byte(uint8_t byte, char *ret)
{
	size_t len = 0;

	if (byte >= 100)
		ret[len++] = (char)('0' + byte / 100);
	if (byte >= 10)
		ret[len++] = (char)('0' + byte / 10 % 10);
	ret[len++] = (char)('0' + byte % 10);
	return len;
}

static void format_ipv4(const uint8_t b[static 4], char ret[static IPV4_TEXT_CHARS])
{
	size_t len = 0;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			ret[len++] = '.';
		len += format_byte(b[i], ret + len);
	}
	ret[len] = '\0';
}

static bool is_mapped(const uint8_t bytes[static 16])
{
	static const uint8_t head[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(bytes, head, sizeof(head)) == 0;
}

static unsigned group_at(const uint8_t bytes[static 16], unsigned i)
{
	return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

/* The run of zero groups that "::" stands for: the longest of two or more, the first of equals
 * (RFC 5952 section 4.2). Returns its length, 0 when there is none. */
static unsigned longest_zero_run(const uint8_t bytes[static 16], unsigned *ret_start)
{
	unsigned best = 0;

	for (unsigned i = 0; i < GROUPS; i++) {
		unsigned end = i;

		while (end < GROUPS && group_at(bytes, end) == 0)
			end++;
		if (end - i > best) {
			best = end - i;
			*ret_start = i;
		}
		i = end;
	}
	return best >= 2 ? best : 0;
}

static void format_ipv6(const uint8_t bytes[static 16], char ret[static ADDR_TEXT_CHARS])
{
	unsigned start = GROUPS;
	unsigned run = longest_zero_run(bytes, &start);
	size_t len = 0;

	if (run == 0)
		start = GROUPS;
	for (unsigned i = 0; i < GROUPS; i++) {
		if (i == start) {
			len += (size_t)snprintf(ret + len, ADDR_TEXT_CHARS - len, "::");
			i += run - 1;
			continue;
		}
		len += (size_t)snprintf(ret + len, ADDR_TEXT_CHARS - len, "%s%x",
		        i > 0 && i != start + run ? ":" : "", group_at(bytes, i));
	}
}

void addr_format(const struct addr *a, char ret[static ADDR_TEXT_CHARS])
{
	if (a->family == ADDR_IPV4) {
		format_ipv4(a->bytes, ret);
	} else if (a->family == ADDR_IPV6 && is_mapped(a->bytes)) {
		memcpy(ret, "::ffff:", 7); /* RFC 5952 section 5 */
		format_ipv4(a->bytes + 12, ret + 7);
	} else if (a->family == ADDR_IPV6) {
		format_ipv6(a->bytes, ret);
	} else {
		ret[0] = '\0';
	}
}

bool addr_parse(const char *text, struct addr *ret)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*ret = addr_ipv4(bytes);
		return true;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		*ret = addr_ipv6(bytes);
		return true;
	}
	return false;
}

bool addr_is_multicast(const struct addr *a)
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	if (a->family == ADDR_IPV4)
		return (a->bytes[0] & 0xf0) == 0xe0 || memcmp(a->bytes, broadcast, 4) == 0;
	return a->family == ADDR_IPV6 && a->bytes[0] == 0xff;
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	if (a->family == ADDR_IPV4)
		return a->bytes[0] == 127;
	return a->family == ADDR_IPV6 && memcmp(a->bytes, one, 16) == 0;
}

bool addr_is_link_local(const struct addr *a)
{
	if (a->family == ADDR_IPV4)
		return a->bytes[0] == 169 && a->bytes[1] == 254;
	return a->family == ADDR_IPV6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

bool addr_is_private(const struct addr *a)
{
	const uint8_t *b = a->bytes;

	if (addr_is_link_local(a))
		return true;
	if (a->family == ADDR_IPV4)
		return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
		       (b[0] == 192 && b[1] == 168);
	return a->family == ADDR_IPV6 && (b[0] & 0xfe) == 0xfc;
}

static unsigned family_bits(uint8_t family)
{
	return family == ADDR_IPV4 ? 32 : family == ADDR_IPV6 ? 128 : 0;
}

static struct addr mask_addr(const struct addr *a, unsigned bits)
{
	struct addr ret = *a;

	for (unsigned i = 0; i < sizeof(ret.bytes); i++) {
		unsigned keep = bits > 8 * i ? bits - 8 * i : 0;

		if (keep < 8)
			ret.bytes[i] &= (uint8_t)(0xff00u >> keep);
	}
	return ret;
}

/* Decimal without sign or leading zero, at most max. */
static bool parse_bits(const char *text, unsigned max, uint8_t *ret)
{
	struct span digits = span_of_text(text);
	uint64_t value;

	if (digits.len > 1 && digits.data[0] == '0')
		return false;
	if (!span_to_u64(digits, max, &value))
		return false;
	*ret = (uint8_t)value;
	return true;
}

bool prefix_parse(const char *text, struct prefix *ret)
{
	char address[ADDR_TEXT_CHARS];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct prefix p;
	struct addr masked;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!addr_parse(address, &p.addr))
		return false;
	p.bits = (uint8_t)family_bits(p.addr.family);
	if (slash && !parse_bits(slash + 1, p.bits, &p.bits))
		return false;
	masked = mask_addr(&p.addr, p.bits);
	if (!addr_equal(&masked, &p.addr))
		return false;
	*ret = p;
	return true;
}

bool prefix_contains(const struct prefix *p, const struct addr *a)
{
	struct addr masked;

	if (a->family != p->addr.family || p->bits > family_bits(a->family))
		return false;
	masked = mask_addr(a, p->bits);
	return addr_equal(&masked, &p->addr);
}

void prefix_format(const struct prefix *p, char ret[static PREFIX_TEXT_CHARS])
{
	char address[ADDR_TEXT_CHARS];

	addr_format(&p->addr, address);
	if (p->addr.family == ADDR_NONE)
		ret[0] = '\0';
	else
		snprintf(ret, PREFIX_TEXT_CHARS, "%s/%u", address, p->bits);
}

struct prefix prefix_around(const struct addr *a, unsigned bits)
{
	unsigned width = family_bits(a->family);
	struct prefix p = {.bits = (uint8_t)(bits < width ? bits : width)};

	p.addr = mask_addr(a, p.bits);
	return p;
}

struct prefix prefix_of(const struct addr *a)
{
	return prefix_around(a, a->family == ADDR_IPV4 ? 24 : 48);
}

static int endpoint_compare(const struct endpoint *a, const struct endpoint *b)
{
	int order = addr_compare(&a->addr, &b->addr);

	return order != 0 ? order : (int)a->port - (int)b->port;
}

static size_t put_endpoint(uint8_t *out, const struct endpoint *e)
{
	size_t len = e->addr.family == ADDR_IPV4 ? 4 : 16;

	memcpy(out, e->addr.bytes, len);
	out[len] = (uint8_t)(e->port >> 8);
	out[len + 1] = (uint8_t)e->port;
	return len + 2;
}

uint64_t tuple_hash(const struct tuple *t, const uint8_t key[static 16])
{
	uint8_t message[2 * (16 + 2) + 1];
	bool swap = endpoint_compare(&t->src, &t->dst) > 0;
	size_t len = put_endpoint(message, swap ? &t->dst : &t->src);

	len += put_endpoint(message + len, swap ? &t->src : &t->dst);
	message[len++] = t->protocol;
	return siphash24(key, span_of(message, len));
}

static bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
	return a->protocol == b->protocol && endpoint_equal(&a->src, &b->src) &&
	       endpoint_equal(&a->dst, &b->dst);
}

bool tuple_same_conversation(const struct tuple *a, const struct tuple *b)
{
	struct tuple reversed = tuple_reverse(b);

	return tuple_equal(a, b) || tuple_equal(a, &reversed);
}

struct tuple tuple_reverse(const struct tuple *t)
{
	struct tuple ret = *t;

	ret.src = t->dst;
	ret.dst = t->src;
	return ret;
}
