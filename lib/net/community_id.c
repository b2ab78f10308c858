#include "net/community_id.h"

/* Looking for the algorithm anew for each conversation, as EVP does, takes most of the time. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/status.h"

#define SHA1_BYTES 20

/* The type that answers an ICMP type; -1 for one-way messages. RFC 792, RFC 950, RFC 1256. */
static int icmp_answer(uint8_t type)
{
	switch (type) {
	case 0:
		return 8;
	case 8:
		return 0;
	case 9:
		return 10;
	case 10:
		return 9;
	case 13:
	case 15:
	case 17:
		return type + 1;
	case 14:
	case 16:
	case 18:
		return type - 1;
	default:
		return -1;
	}
}

/* RFC 4443, RFC 2710, RFC 4861, RFC 4620, RFC 6275 */
static int icmpv6_answer(uint8_t type)
{
	switch (type) {
	case 128:
	case 130:
	case 133:
	case 135:
	case 139:
	case 144:
		return type + 1;
	case 129:
	case 131:
	case 134:
	case 136:
	case 140:
	case 145:
		return type - 1;
	default:
		return -1;
	}
}

static bool ordered(const struct endpoint *a, const struct endpoint *b)
{
	int order = addr_compare(&a->addr, &b->addr);

	return order < 0 || (order == 0 && a->port <= b->port);
}

static size_t put(uint8_t *out, const void *bytes, size_t len)
{
	memcpy(out, bytes, len);
	return len;
}

static size_t put_port(uint8_t *out, uint16_t port)
{
	out[0] = (uint8_t)(port >> 8);
	out[1] = (uint8_t)port;
	return 2;
}

/* seed 2 (zero), addresses, protocol 1, zero 1, ports where there are any */
static size_t write_message(const struct tuple *t, bool ports, uint8_t *out)
{
	size_t width = t->src.addr.family == ADDR_IPV4 ? 4 : 16;
	size_t len = put(out, "\0\0", 2);

	len += put(out + len, t->src.addr.bytes, width);
	len += put(out + len, t->dst.addr.bytes, width);
	len += put(out + len, &t->protocol, 1);
	len += put(out + len, "\0", 1);
	if (ports) {
		len += put_port(out + len, t->src.port);
		len += put_port(out + len, t->dst.port);
	}
	return len;
}

int community_id(const struct tuple *t, uint8_t icmp_type, uint8_t icmp_code,
        char ret[static COMMUNITY_ID_CHARS])
{
	uint8_t message[2 + 2 * 16 + 2 + 4], digest[SHA1_BYTES];
	unsigned char text[4 * ((SHA1_BYTES + 2) / 3) + 1];
	struct tuple o = *t;
	bool icmp = t->protocol == 1 || t->protocol == 58;
	bool ports = icmp || t->protocol == 6 || t->protocol == 17 || t->protocol == 132;
	SHA_CTX context;
	int answer = t->protocol == 1 ? icmp_answer(icmp_type) : icmpv6_answer(icmp_type);
	size_t len;

	if (t->src.addr.family == ADDR_NONE || t->dst.addr.family != t->src.addr.family)
		return STATUS_UNSUPPORTED;
	if (icmp) {
		o.src.port = icmp_type;
		o.dst.port = answer >= 0 ? (uint16_t)answer : icmp_code;
	}
	if (!(icmp && answer < 0) && !ordered(&o.src, &o.dst))
		o = tuple_reverse(&o);
	len = write_message(&o, ports, message);
	if (SHA1_Init(&context) != 1 || SHA1_Update(&context, message, len) != 1 ||
	        SHA1_Final(digest, &context) != 1)
		return STATUS_LIBRARY;
	EVP_EncodeBlock(text, digest, SHA1_BYTES);
	memcpy(ret, "1:", 2);
	memcpy(ret + 2, text, sizeof(text));
	return STATUS_OK;
}
