/* tds: the protocol of Microsoft SQL Server: packets, put together to messages (tds_body.h).
 *
 * Source: [MS-TDS] sections 2.2.3 (packets), 2.2.6.5 (PRELOGIN) and 3.2.5.2 (TLS: its handshake
 * stands inside of packets, what comes then in records between them). When only the login is
 * encrypted, packets follow again; when all is, this ends with a change to TLS.
 *
 * A gap in the capture loses the message that it is in: reading goes on at the next packet that
 * begins one. */
#include <string.h>

#include "base/status.h"
#include "decode/tds_body.h"

#define SERVER_PORT        1433
#define HEADER_BYTES       8u
#define PACKET_BYTES_MAX   32767u
#define PROBE_BYTES        9u /* a header, and what a message begins with */
#define RECORD_BYTES       5u /* the header of a TLS record */
#define TOP_UP_BYTES       4096u
#define STATUS_LAST        0x01
#define STATUS_KNOWN       0x1b
#define PRELOGIN_BYTES_MIN 26u /* five options and their end */

enum place { BETWEEN, IN_PACKET, IN_RECORD };

struct header {
	uint8_t message, status, number;
	uint16_t len, session;
};

struct tds {
	const struct decode_env *env;
	enum place place;
	bool begun;          /* a message is under way, over several packets perhaps */
	bool last;           /* this packet ends it */
	bool ending;         /* it is over, and what is open must be closed */
	enum stream_end end; /* how */
	bool lost;           /* after a gap: looks for a header */
	uint8_t message;
	uint16_t session;
	uint32_t left_bytes; /* of the packet, or of the record */
	struct buf pending;  /* of the message, not read yet */
	struct tds_body body;
};

static bool is_message(uint8_t type)
{
	switch (type) {
	case TDS_BATCH:
	case TDS_RPC:
	case TDS_ANSWER:
	case TDS_ATTENTION:
	case TDS_BULK:
	case TDS_TOKEN_LOGIN:
	case TDS_TRANSACTION:
	case TDS_LOGIN:
	case TDS_SSPI:
	case TDS_PRELOGIN:
		return true;
	default:
		return false;
	}
}

static struct header read_header(struct cursor *c)
{
	struct header h = {.message = cursor_u8(c)};

	h.status = cursor_u8(c);
	h.len = cursor_u16be(c);
	h.session = cursor_u16be(c);
	h.number = cursor_u8(c);
	if (cursor_u8(c) != 0)
		h.len = 0;
	return h;
}

static bool is_header(const struct header *h)
{
	return is_message(h->message) && !(h->status & ~STATUS_KNOWN) && h->len >= HEADER_BYTES &&
	       h->len <= PACKET_BYTES_MAX;
}

/* ---- recognition ---- */

static bool is_token(int byte)
{
	static const uint8_t tokens[] = {
	        0x79, 0x81, 0xaa, 0xab, 0xac, 0xad, 0xe3, 0xe5, 0xed, 0xfd, 0xfe, 0xff};

	return byte >= 0 && memchr(tokens, byte, sizeof(tokens));
}

/* What stands behind the header begins a message of its type. */
static bool begins_message(const struct header *h, struct span head)
{
	struct cursor c = cursor_open(span_slice(head, HEADER_BYTES, SIZE_MAX));
	int first = cursor_peek(&c, 0), second = cursor_peek(&c, 1);

	switch (h->message) {
	case TDS_ANSWER:
		return is_token(first) || (first == 0 && h->len >= PRELOGIN_BYTES_MIN);
	case TDS_PRELOGIN:
		return (first == 0 && h->len >= PRELOGIN_BYTES_MIN) || first == 0x16;
	case TDS_LOGIN:
	case TDS_BATCH: /* two bytes of a length, or a letter of UTF-16 */
		return second < 0 || second == 0 || h->message == TDS_LOGIN;
	case TDS_RPC:
		return second < 0 || second == 0 || (first == 0xff && second == 0xff);
	case TDS_BULK:
		return first == 0x81;
	default:
		return false;
	}
}

static bool byte_fits(size_t at, uint8_t byte)
{
	switch (at) {
	case 0:
		return is_message(byte);
	case 1:
		return !(byte & ~STATUS_KNOWN);
	case 2:
		return byte <= PACKET_BYTES_MAX >> 8;
	case 7:
		return byte == 0;
	default:
		return true;
	}
}

static enum probe_answer tds_probe(const struct probe *p)
{
	const struct tuple *t = p->env->tuple;
	bool hint = p->other || t->src.port == SERVER_PORT || t->dst.port == SERVER_PORT;
	struct cursor c = cursor_open(p->head);
	struct header h = read_header(&c);

	if (p->env->depth > 0 || p->env->datagram)
		return PROBE_NO;
	for (size_t i = 0; i < p->head.len && i < HEADER_BYTES; i++)
		if (!byte_fits(i, p->head.data[i]))
			return PROBE_NO;
	if (p->head.len < HEADER_BYTES)
		return p->end ? PROBE_NO : PROBE_MORE;
	if (!is_header(&h))
		return PROBE_NO;
	if (hint)
		return PROBE_YES;
	if (h.len == HEADER_BYTES)
		return PROBE_NO;
	if (p->head.len < PROBE_BYTES)
		return p->end ? PROBE_NO : PROBE_MORE;
	if (h.message != TDS_ANSWER && h.session != 0)
		return PROBE_NO; /* clients leave it empty */
	return h.number <= 1 && begins_message(&h, span_slice(p->head, 0, PROBE_BYTES)) ? PROBE_YES
	                                                                                : PROBE_NO;
}

/* ---- life ---- */

static int tds_open(void *state, const struct decode_env *env)
{
	struct tds *t = state;

	t->env = env;
	buf_init(&t->pending, TDS_UNIT_BYTES_MAX, env->budget);
	tds_body_init(&t->body, env->budget);
	return STATUS_OK;
}

static void tds_close(void *state)
{
	struct tds *t = state;

	buf_free(&t->pending);
	tds_body_free(&t->body);
}

/* ---- messages ---- */

static void message_begin(struct tds *t, const struct header *h)
{
	const struct tds *peer = t->env->peer;

	if (!t->body.version_known && peer && peer->body.version_known)
		t->body.old = peer->body.old;
	t->begun = true;
	t->message = h->message;
	buf_clear(&t->pending);
	tds_body_begin(&t->body, h->message);
}

static void message_over(struct tds *t, enum stream_end end)
{
	t->ending = true;
	t->end = end;
}

static int message_end(struct tds *t, struct decode_out *out)
{
	int status = tds_body_end(&t->body, t->end, out);

	if (status != STATUS_OK)
		return status;
	if (t->pending.len > 0)
		decode_unread(
		        out, t->pending.len, t->end == STREAM_COMPLETE ? STREAM_MALFORMED : t->end);
	if (t->pending.len > 0 && t->end == STREAM_COMPLETE)
		decode_count_malformed(out);
	buf_clear(&t->pending);
	t->begun = false;
	t->ending = false;
	return STATUS_ITEM;
}

/* Reads on in what has come of the message. */
static int body_step(struct tds *t, struct decode_out *out)
{
	struct tds_input in = {
	        .c = cursor_open(buf_span(&t->pending)),
	        .last = t->last && t->left_bytes == 0,
	};
	size_t before = cursor_left(&in.c);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM)
		status = tds_body_step(&t->body, &in, out);
	buf_drop_front(&t->pending, before - cursor_left(&in.c));
	if (status == STATUS_OK && in.last)
		message_over(t, STREAM_COMPLETE);
	return status == STATUS_OK && in.last ? STATUS_ITEM : status;
}

/* ---- packets ---- */

/* Every step: STATUS_ITEM, go on; STATUS_OK, more input is needed; STATUS_MORE, drain first. */

static int packet_step(struct tds *t, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < t->left_bytes ? cursor_left(c) : t->left_bytes;
	int status;

	if (t->pending.len >= TDS_UNIT_BYTES_MAX) {
		tds_lose(&t->body, STREAM_LIMIT, out);
		return body_step(t, out);
	}
	if (len > TOP_UP_BYTES)
		len = TOP_UP_BYTES;
	if (len > TDS_UNIT_BYTES_MAX - t->pending.len)
		len = TDS_UNIT_BYTES_MAX - t->pending.len;
	if (len == 0 && t->left_bytes > 0)
		return STATUS_OK;
	status = buf_append(&t->pending, cursor_span(c, len));
	if (status != STATUS_OK)
		return status;
	t->left_bytes -= (uint32_t)len;
	if (t->left_bytes == 0)
		t->place = BETWEEN;
	status = body_step(t, out);
	return status == STATUS_OK ? STATUS_ITEM : status;
}

static int record_step(struct tds *t, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < t->left_bytes ? cursor_left(c) : t->left_bytes;

	decode_unread(out, len, STREAM_ENCRYPTED);
	cursor_skip(c, len);
	t->left_bytes -= (uint32_t)len;
	if (t->left_bytes == 0)
		t->place = BETWEEN;
	return len > 0 ? STATUS_ITEM : STATUS_OK;
}

static bool all_is_encrypted(const struct tds *t)
{
	const struct tds *peer = t->env->peer;
	uint8_t answer = t->body.encryption;

	if (answer == TDS_ENCRYPTION_UNKNOWN && peer)
		answer = peer->body.encryption;
	return answer == TDS_ALL_ENCRYPTED || answer == TDS_ENCRYPTION_REQUIRED;
}

/* A record of TLS between packets. */
static int record_begin(struct tds *t, struct cursor *c, size_t at, struct decode_out *out)
{
	struct cursor next = *c;

	cursor_skip(&next, 3);
	t->left_bytes = cursor_u16be(&next);
	if (cursor_failed(&next))
		return STATUS_OK;
	if (all_is_encrypted(t)) {
		decode_upgrade(out, "tls", at);
		return STATUS_OK;
	}
	*c = next;
	decode_unread(out, RECORD_BYTES, STREAM_ENCRYPTED);
	t->place = t->left_bytes > 0 ? IN_RECORD : BETWEEN;
	return STATUS_ITEM;
}

/* Where no packet begins. */
static int not_a_header(struct tds *t, struct cursor *c, struct decode_out *out)
{
	if (!t->lost)
		decode_count_malformed(out);
	t->lost = true;
	decode_unread(out, 1, STREAM_GAP);
	cursor_skip(c, 1);
	return STATUS_ITEM;
}

static bool is_plausible(const struct tds *t, const struct header *h, struct span from)
{
	if (!is_header(h))
		return false;
	if (!t->lost)
		return true;
	return h->number <= 1 && (t->session == 0 || h->session == t->session) &&
	       begins_message(h, from);
}

static int header_step(struct tds *t, struct cursor *c, size_t at, struct decode_out *out)
{
	struct cursor next = *c;
	struct span from = span_of(c->at, cursor_left(c));
	struct header h = read_header(&next);
	int first = cursor_peek(c, 0);

	if (!t->lost && first >= 0x14 && first <= 0x17 &&
	        (cursor_left(c) < 2 || cursor_peek(c, 1) == 3))
		return cursor_left(c) < RECORD_BYTES ? STATUS_OK : record_begin(t, c, at, out);
	if (cursor_failed(&next) || (t->lost && from.len < PROBE_BYTES + 1))
		return STATUS_OK;
	if (!is_plausible(t, &h, from))
		return not_a_header(t, c, out);
	if (t->begun && h.message != t->message) {
		decode_count_malformed(out);
		message_over(t, STREAM_TRUNCATED);
		return STATUS_ITEM;
	}
	*c = next;
	t->lost = false;
	if (!t->begun)
		message_begin(t, &h);
	t->session = h.session;
	t->last = h.status & STATUS_LAST;
	t->left_bytes = h.len - HEADER_BYTES;
	t->place = IN_PACKET;
	return STATUS_ITEM;
}

static int tds_step(struct tds *t, struct cursor *c, size_t at, struct decode_out *out)
{
	int status;

	if (decode_room(out) < TDS_BODY_ROOM)
		return STATUS_MORE;
	if (t->ending)
		return message_end(t, out);
	/* what a full queue has left */
	if (t->begun && (t->pending.len > 0 || (t->place == BETWEEN && t->last))) {
		status = body_step(t, out);
		if (status != STATUS_OK)
			return status;
	}
	switch (t->place) {
	case IN_PACKET:
		return packet_step(t, c, out);
	case IN_RECORD:
		return record_step(t, c, out);
	case BETWEEN:
		break;
	}
	return cursor_left(c) > 0 ? header_step(t, c, at, out) : STATUS_OK;
}

static int tds_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct tds *t = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM) {
		status = tds_step(t, &c, in->bytes.len - cursor_left(&c), out);
		if (status == STATUS_OK && in->last && t->begun) {
			message_over(t, in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end);
			decode_stop(out, t->end);
			status = STATUS_ITEM;
		}
	}
	*ret_consumed = in->bytes.len - cursor_left(&c);
	return status;
}

static int tds_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct tds *t = state;
	int status = STATUS_OK;

	decode_unread(out, before.len, STREAM_GAP);
	if (t->begun) {
		t->end = STREAM_GAP;
		status = message_end(t, out);
	}
	if (t->place != BETWEEN && missing_bytes > 0 && missing_bytes <= t->left_bytes) {
		t->left_bytes -= (uint32_t)missing_bytes; /* the packets still hang together */
		t->begun = t->place == IN_PACKET;
		if (t->begun)
			tds_lose(&t->body, STREAM_GAP, out);
		if (t->left_bytes == 0)
			t->place = BETWEEN;
		return status == STATUS_ITEM ? STATUS_OK : status;
	}
	t->place = BETWEEN;
	t->lost = true;
	return status == STATUS_ITEM ? STATUS_OK : status;
}

const struct decoder decoder_tds = {
        .name = "tds",
        .protocol = "tds",
        .clear = true,
        .state_bytes = sizeof(struct tds),
        .probe = tds_probe,
        .open = tds_open,
        .feed = tds_feed,
        .gap = tds_gap,
        .close = tds_close,
};
