/* protocols: conversations that are recognised by their first bytes and then not read: encrypted
 * ones, and those whose content is nobody's data or is read elsewhere (names of DNS: lib/net).
 *
 * TLS records RFC 8446 section 5.1; QUIC RFC 9000 section 17.2 and RFC 9369; DNS RFC 1035
 * section 4.1.1; NTP RFC 5905 section 7.3; DHCP RFC 2131 section 2; OpenVPN
 * draft-openvpn-wire-protocol; WireGuard's white paper, section 5.4. */
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

#define TLS_RECORD_BYTES_MAX (16384u + 2048u) /* RFC 5246 section 6.2.3 */
#define UDP_PROTOCOL         17
#define WIREGUARD_PORT       51820 /* in the examples of its tools */
#define OPENVPN_PORT         1194
#define OPENVPN_RESET_BYTES  14u /* code, session, no acknowledgements, number 0 */
#define OPENVPN_CRYPT_BYTES  54u /* the same, behind a number, a time and a digest of 32 bytes */
#define OPENVPN_DATA_BYTES   24u /* code, peer, number, digest of 16 bytes */

static bool has_port(const struct probe *p, uint16_t port)
{
	return p->env->tuple->src.port == port || p->env->tuple->dst.port == port;
}

static bool is_udp(const struct probe *p)
{
	return p->env->depth == 0 && p->env->datagram;
}

static enum probe_answer tls_probe(const struct probe *p)
{
	struct cursor c = cursor_open(p->head);
	uint8_t type = cursor_u8(&c);
	uint8_t major = cursor_u8(&c);
	uint8_t minor = cursor_u8(&c);
	uint16_t len = cursor_u16be(&c);

	if (p->env->depth > 0 || p->env->datagram || type < 20 || type > 23)
		return PROBE_NO;
	if ((p->head.len > 1 && major != 3) || (p->head.len > 2 && minor > 4))
		return PROBE_NO;
	if (cursor_failed(&c))
		return PROBE_MORE;
	return len > 0 && len <= TLS_RECORD_BYTES_MAX ? PROBE_YES : PROBE_NO;
}

static bool is_quic_version(uint32_t version)
{
	return version == 0 || version == 1 || version == 0x6b3343cf || version >> 8 == 0xff0000 ||
	       (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}

static enum probe_answer quic_probe(const struct probe *p)
{
	struct cursor c = cursor_open(p->head);
	uint8_t first = cursor_u8(&c);
	uint32_t version = cursor_u32be(&c);
	uint8_t id_len = cursor_u8(&c);

	if (!is_udp(p) || cursor_failed(&c))
		return PROBE_NO;
	if (first & 0x80)
		return is_quic_version(version) && id_len <= 20 ? PROBE_YES : PROBE_NO;
	/* A short header names nothing: it is QUIC's on QUIC's port. */
	return (first & 0x40) && has_port(p, 443) ? PROBE_YES : PROBE_NO;
}

static enum probe_answer dns_probe(const struct probe *p)
{
	bool udp = is_udp(p);
	struct cursor c = cursor_open(p->head);
	uint16_t questions;

	if (p->env->depth > 0 ||
	        !(has_port(p, 53) || (udp && (has_port(p, 5353) || has_port(p, 5355)))))
		return PROBE_NO;
	cursor_skip(&c, udp ? 4 : 6); /* over TCP a length comes first */
	questions = cursor_u16be(&c);
	cursor_skip(&c, 6);
	if (cursor_failed(&c))
		return udp ? PROBE_NO : PROBE_MORE;
	return questions <= 16 ? PROBE_YES : PROBE_NO;
}

static enum probe_answer ntp_probe(const struct probe *p)
{
	int version = p->head.len > 0 ? (p->head.data[0] >> 3) & 7 : 0;

	if (!is_udp(p) || !has_port(p, 123) || p->head.len < 12)
		return PROBE_NO;
	return version >= 1 && version <= 4 ? PROBE_YES : PROBE_NO;
}

static enum probe_answer dhcp_probe(const struct probe *p)
{
	struct span cookie = span_slice(p->head, 236, 4);

	if (!is_udp(p) || !(has_port(p, 67) || has_port(p, 68)))
		return PROBE_NO;
	return span_equal(cookie, span_of("\x63\x82\x53\x63", 4)) ? PROBE_YES : PROBE_NO;
}

/* A request for a new session that nothing covers; one with a digest before a number, 1, and the
 * time (tls-auth); or one behind such a number that is locked itself (tls-crypt). */
static bool is_openvpn_reset(struct span message)
{
	static const uint8_t digests[] = {0, 16, 20, 28, 32, 48, 64};
	struct cursor c = cursor_open(message);
	uint8_t code = cursor_u8(&c);

	if (code != 0x38 && code != 0x50 && code != 0x40)
		return false;
	cursor_skip(&c, 8);
	if (message.len >= OPENVPN_CRYPT_BYTES && (cursor_u32be(&c) & 0xffff) == 1) {
		uint8_t year = cursor_u8(&c); /* of the time in seconds: 2010 to 2037 */

		if (year >= 0x4b && year <= 0x7f)
			return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(digests); i++) {
		size_t number = digests[i] ? 8 : 0;
		struct span tail = span_slice(message, message.len - 5, 5);

		if (message.len == OPENVPN_RESET_BYTES + digests[i] + number &&
		        span_equal(tail, span_of("\0\0\0\0", 5)))
			return true;
	}
	return false;
}

/* Data of a session whose beginning was not captured, to the first 256 of a server's peers. */
static bool is_openvpn_data(const struct probe *p)
{
	return has_port(p, OPENVPN_PORT) && p->head.len >= OPENVPN_DATA_BYTES &&
	       (p->head.data[0] & 0xf8) == 0x48 && p->head.data[1] == 0 && p->head.data[2] == 0;
}

static enum probe_answer openvpn_probe(const struct probe *p)
{
	struct cursor c = cursor_open(p->head);
	uint16_t len = cursor_u16be(&c);

	if (p->env->depth > 0)
		return PROBE_NO;
	if (is_udp(p))
		return is_openvpn_reset(p->head) || is_openvpn_data(p) ||
		                       (p->other && p->head.len >= OPENVPN_RESET_BYTES)
		               ? PROBE_YES
		               : PROBE_NO;
	/* Over TCP a length comes first. */
	if (p->head.len >= 2 && (len < OPENVPN_RESET_BYTES || len > DECODE_PROBE_BYTES_MAX - 2))
		return PROBE_NO;
	if (p->head.len < 2u + len)
		return p->head.len > 0 && p->head.data[0] > 1 ? PROBE_NO : PROBE_MORE;
	if (p->other)
		return PROBE_YES;
	return is_openvpn_reset(span_slice(p->head, 2, len)) ? PROBE_YES : PROBE_NO;
}

/* The four kinds of message: two of the handshake, a cookie, and data, whose counter of eight bytes
 * is far below its end. */
static enum probe_answer wireguard_probe(const struct probe *p)
{
	static const uint8_t lens[] = {0, 148, 92, 64};
	struct span zeros = span_slice(p->head, 1, 3);
	uint8_t kind = p->head.len > 0 ? p->head.data[0] : 0;

	if (!is_udp(p) || kind < 1 || kind > 4 || !span_equal(zeros, span_of("\0\0", 3)))
		return PROBE_NO;
	/* Some services put noise behind a handshake. */
	if (kind < 4)
		return p->head.len == lens[kind] ||
		                       (p->head.len > lens[kind] && has_port(p, WIREGUARD_PORT))
		               ? PROBE_YES
		               : PROBE_NO;
	zeros = span_slice(p->head, 13, 3);
	return p->head.len >= 32 && p->head.len % 16 == 0 && span_equal(zeros, span_of("\0\0", 3))
	               ? PROBE_YES
	               : PROBE_NO;
}

/* The first packet of Firebird: to connect (1), to attach (19), by version 2 or 3 of that, from a
 * kind of computer below 64. Firebird's sources, remote/protocol.h. */
static enum probe_answer firebird_probe(const struct probe *p)
{
	static const uint8_t model[] = {0, 0, 0, 1, 0, 0, 0, 19, 0, 0, 0};
	size_t len = p->head.len < sizeof(model) ? p->head.len : sizeof(model);

	if (p->env->depth > 0 || p->env->datagram ||
	        !span_equal(span_slice(p->head, 0, len), span_of(model, len)))
		return PROBE_NO;
	if (p->head.len <= sizeof(model))
		return PROBE_MORE;
	return p->head.data[sizeof(model)] == 2 || p->head.data[sizeof(model)] == 3 ? PROBE_YES
	                                                                            : PROBE_NO;
}

/* Clear, but nobody here reads it. */
static int unread_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	(void)state;
	(void)in;
	*ret_consumed = 0;
	decode_stop(out, STREAM_UNKNOWN);
	return STATUS_OK;
}

static int encrypted_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	(void)state;
	(void)in;
	*ret_consumed = 0;
	decode_stop(out, STREAM_ENCRYPTED);
	return STATUS_OK;
}

/* Read by others: passes by and is not missed. */
static int label_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	(void)state;
	(void)out;
	*ret_consumed = in->bytes.len;
	return STATUS_OK;
}

static int label_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	(void)state;
	(void)before;
	(void)missing_bytes;
	(void)out;
	return STATUS_OK;
}

const struct decoder decoder_tls = {
        .name = "tls",
        .protocol = "tls",
        .probe = tls_probe,
        .feed = encrypted_feed,
};

const struct decoder decoder_quic = {
        .name = "quic",
        .protocol = "quic",
        .probe = quic_probe,
        .feed = encrypted_feed,
};

const struct decoder decoder_openvpn = {
        .name = "openvpn",
        .protocol = "openvpn",
        .probe = openvpn_probe,
        .feed = encrypted_feed,
};

const struct decoder decoder_wireguard = {
        .name = "wireguard",
        .protocol = "wireguard",
        .probe = wireguard_probe,
        .feed = encrypted_feed,
};

const struct decoder decoder_firebird = {
        .name = "firebird",
        .protocol = "firebird",
        .clear = true,
        .probe = firebird_probe,
        .feed = unread_feed,
};

const struct decoder decoder_dns = {
        .name = "dns",
        .protocol = "dns",
        .clear = true,
        .probe = dns_probe,
        .feed = label_feed,
        .gap = label_gap,
};

const struct decoder decoder_ntp = {
        .name = "ntp",
        .protocol = "ntp",
        .clear = true,
        .probe = ntp_probe,
        .feed = label_feed,
        .gap = label_gap,
};

const struct decoder decoder_dhcp = {
        .name = "dhcp",
        .protocol = "dhcp",
        .clear = true,
        .probe = dhcp_probe,
        .feed = label_feed,
        .gap = label_gap,
};
