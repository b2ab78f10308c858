/* protocols: conversations that are recognised by their first bytes and then not read: encrypted
 * ones, and those whose content is nobody's data or is read elsewhere (names of DNS: lib/net).
 *
 * TLS records RFC 8446 section 5.1; SSH RFC 4253 section 4.2; QUIC RFC 9000 section 17.2
 * and RFC 9369; DNS RFC 1035 section 4.1.1; NTP RFC 5905 section 7.3; DHCP RFC 2131 section 2. */
#include "base/status.h"
#include "decode/decoder.h"

#define TLS_RECORD_BYTES_MAX (16384u + 2048u) /* RFC 5246 section 6.2.3 */
#define UDP_PROTOCOL         17

static bool has_port(const struct probe *p, uint16_t port)
{
	return p->env->tuple->src.port == port || p->env->tuple->dst.port == port;
}

static bool is_udp(const struct probe *p)
{
	return p->env->depth == 0 && p->env->datagram;
}

/* What begins with a known text; undecided while it is shorter. */
static enum probe_answer starts_with(const struct probe *p, const char *text, size_t len)
{
	size_t have = p->head.len < len ? p->head.len : len;

	if (p->env->depth > 0 || p->env->datagram)
		return PROBE_NO;
	if (!span_equal(span_slice(p->head, 0, have), span_of(text, have)))
		return PROBE_NO;
	return have == len ? PROBE_YES : PROBE_MORE;
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

static enum probe_answer ssh_probe(const struct probe *p)
{
	return starts_with(p, "SSH-", 4);
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

const struct decoder decoder_ssh = {
        .name = "ssh",
        .protocol = "ssh",
        .probe = ssh_probe,
        .feed = encrypted_feed,
};

const struct decoder decoder_quic = {
        .name = "quic",
        .protocol = "quic",
        .probe = quic_probe,
        .feed = encrypted_feed,
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
