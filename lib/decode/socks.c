/* socks: the negotiation in front of a conversation through a SOCKS proxy. Its request names the
 * far end; what follows it is another protocol.
 *
 * Sources: RFC 1928 (version 5), RFC 1929 (user name and password), the SOCKS 4 and 4A memos of
 * Ying-Da Lee. Requests but CONNECT, and GSSAPI, are not read. */
#include "base/status.h"
#include "decode/decoder.h"

#define SOCKS4          4
#define SOCKS5          5
#define PASSWORD        1 /* version byte of RFC 1929 */
#define CONNECT         1
#define GRANTED4        0x5a
#define METHODS_MAX     16 /* offered; ten are registered */
#define SOCKS4_TEXT_MAX 255

struct socks {
	bool server;
	bool greeted;
	bool password; /* the server asked for it */
	bool over;
};

/* The two ends of SOCKS 4A: user and, for an address 0.0.0.x, name; each ends with a zero. */
static enum probe_answer text_probe(struct cursor *c, bool end)
{
	for (size_t i = 0; i <= SOCKS4_TEXT_MAX; i++) {
		uint8_t byte = cursor_u8(c);

		if (cursor_failed(c))
			return end ? PROBE_NO : PROBE_MORE;
		if (byte == 0)
			return PROBE_YES;
		if (byte <= ' ' || byte >= 0x7f)
			return PROBE_NO;
	}
	return PROBE_NO;
}

static enum probe_answer probe4(struct cursor c, bool end)
{
	uint8_t command = cursor_u8(&c);

	if (!cursor_failed(&c) && command != CONNECT)
		return PROBE_NO;
	cursor_skip(&c, 6); /* port and address */
	if (cursor_failed(&c))
		return end ? PROBE_NO : PROBE_MORE;
	return text_probe(&c, end);
}

static enum probe_answer probe5(struct cursor c, bool end)
{
	uint8_t count = cursor_u8(&c);

	if (!cursor_failed(&c) && (count == 0 || count > METHODS_MAX))
		return PROBE_NO;
	for (uint8_t i = 0; i < count && !cursor_failed(&c); i++) {
		uint8_t method = cursor_u8(&c);

		if (method > 9 && method < 0x80)
			return PROBE_NO;
	}
	if (cursor_failed(&c))
		return end ? PROBE_NO : PROBE_MORE;
	return PROBE_YES;
}

static enum probe_answer socks_probe(const struct probe *p)
{
	struct cursor c = cursor_open(p->head);
	uint8_t version = cursor_u8(&c);

	if (p->env->depth > 0 || p->env->datagram || cursor_failed(&c))
		return PROBE_NO;
	if (p->other && p->env->direction == 1) /* the answers to a request that is known */
		return version == SOCKS5 || version == 0 ? PROBE_YES : PROBE_NO;
	if (p->env->direction == 1)
		return PROBE_NO;
	return version == SOCKS5   ? probe5(c, p->end)
	       : version == SOCKS4 ? probe4(c, p->end)
	                           : PROBE_NO;
}

static int socks_open(void *state, const struct decode_env *env)
{
	struct socks *s = state;

	s->server = env->direction == 1;
	return STATUS_OK;
}

static void name(struct decode_out *out, struct span host)
{
	struct field field = {
	        .kind = FIELD_VALUE,
	        .role = ROLE_HOST,
	        .bytes = host,
	        .first = true,
	        .last = true,
	};

	if (host.len == 0)
		return;
	decode_begin(out, CARRIER_NONE, span_of_text("CONNECT"), "");
	decode_field(out, &field, "proxy request");
	decode_end(out);
}

/* Up to and with the next zero, which is not given. Fails the cursor when there is none. */
static struct span text_take(struct cursor *c)
{
	size_t len = span_find_byte(span_of(c->at, cursor_left(c)), 0);
	struct span text = cursor_span(c, len == SIZE_MAX ? cursor_left(c) : len);

	cursor_skip(c, 1);
	return text;
}

/* What one unit was; the cursor fails when it is not all there. */
enum unit {
	UNIT_READ,
	UNIT_LAST, /* another protocol follows */
	UNIT_BROKEN,
};

static enum unit address5(struct cursor *c, struct span *ret_name)
{
	uint8_t type = cursor_u8(c);

	*ret_name = span_of(NULL, 0);
	if (type == 3)
		*ret_name = cursor_span(c, cursor_u8(c));
	else if (type == 1 || type == 4)
		cursor_skip(c, type == 1 ? 4 : 16);
	else if (!cursor_failed(c))
		return UNIT_BROKEN;
	cursor_skip(c, 2); /* port */
	return UNIT_LAST;
}

static enum unit request4(struct cursor *c, struct decode_out *out)
{
	struct span host = span_of(NULL, 0), address;

	cursor_skip(c, 4);
	address = cursor_span(c, 4);
	(void)text_take(c);
	if (address.len == 4 && address.data[0] == 0 && address.data[1] == 0 &&
	        address.data[2] == 0 && address.data[3] != 0)
		host = text_take(c);
	if (!cursor_failed(c))
		name(out, host);
	return UNIT_LAST;
}

static enum unit client_unit(struct socks *s, struct cursor *c, struct decode_out *out)
{
	int version = cursor_peek(c, 0);
	struct span host;
	enum unit unit;

	if (!s->greeted && version == SOCKS4)
		return request4(c, out);
	cursor_skip(c, 1);
	if (!s->greeted || version == PASSWORD) {
		s->greeted = true;
		cursor_skip(c, cursor_u8(c));
		if (version == PASSWORD)
			cursor_skip(c, cursor_u8(c));
		return UNIT_READ;
	}
	if (version != SOCKS5 || (cursor_left(c) > 0 && cursor_peek(c, 0) != CONNECT))
		return UNIT_BROKEN;
	cursor_skip(c, 2);
	unit = address5(c, &host);
	if (!cursor_failed(c) && unit == UNIT_LAST)
		name(out, host);
	return unit;
}

static enum unit server_unit(struct socks *s, struct cursor *c)
{
	uint8_t version = cursor_u8(c);
	uint8_t answer = cursor_u8(c);
	struct span host;

	if (cursor_failed(c))
		return UNIT_READ;
	if (version == 0 && !s->greeted) {
		cursor_skip(c, 6);
		return answer == GRANTED4 ? UNIT_LAST : UNIT_READ;
	}
	if (!s->greeted || (version == PASSWORD && s->password)) {
		s->password = !s->greeted && answer == 2;
		s->greeted = true;
		return UNIT_READ;
	}
	cursor_skip(c, 1);
	if (version != SOCKS5)
		return UNIT_BROKEN;
	return answer == 0 ? address5(c, &host) : UNIT_BROKEN;
}

static int socks_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct socks *s = state;
	struct cursor c = cursor_open(in->bytes);
	enum unit unit = UNIT_READ;

	while (unit == UNIT_READ && cursor_left(&c) > 0 && !s->over) {
		struct socks before = *s;
		struct cursor part = c;

		unit = s->server ? server_unit(s, &part) : client_unit(s, &part, out);
		if (cursor_failed(&part)) {
			*s = before;
			return STATUS_OK;
		}
		c = part;
		if (unit == UNIT_BROKEN)
			return STATUS_MALFORMED;
		*ret_consumed = in->bytes.len - cursor_left(&c);
	}
	if (unit == UNIT_LAST) {
		s->over = true;
		decode_upgrade(out, "unknown", *ret_consumed);
	}
	return STATUS_OK;
}

const struct decoder decoder_socks = {
        .name = "socks",
        .protocol = "socks",
        .clear = true,
        .state_bytes = sizeof(struct socks),
        .probe = socks_probe,
        .open = socks_open,
        .feed = socks_feed,
};
