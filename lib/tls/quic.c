#include "tls/quic.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "net/pieces.h"
#include "tls/google_quic.h"
#include "tls/quic_keys.h"

#define LONG_HEADER      0x80
#define TYPE_SHIFT       4 /* of the two type bits of a long header */
#define NUMBER_BYTES_MAX 4
#define VERSION_DRAFT_29 0xff00001d
#define FRAME_PADDING    0x00
#define FRAME_PING       0x01
#define FRAME_ACK        0x02
#define FRAME_ACK_ECN    0x03
#define FRAME_CRYPTO     0x06
#define FRAME_CLOSE      0x1c
#define FRAME_CLOSE_APP  0x1d
#define GOOGLE_CRYPTO    0x08
#define ACK_RANGES_MAX   256
#define FRAMES_MAX       4096 /* of one packet; paddings count together as one */

struct quic {
	struct budget *budget;                         /* borrows */
	struct pieces crypto[2];                       /* of the client, of the server */
	unsigned client;                               /* its direction, or QUIC_NO_DIRECTION */
	uint8_t connection_id[QUIC_CONNECTION_ID_MAX]; /* that the keys come from */
	size_t connection_id_len;
	uint32_t keys_version, version;
	struct quic_keys keys[2]; /* client's, server's; those of keys_version; 0: none yet */
	unsigned datagrams;
	char name[QUIC_NAME_CHARS];
};

/* One packet with a long header: RFC 9000 section 17.2. */
struct long_packet {
	uint32_t version;
	const struct quic_version_facts *facts;
	bool initial;
	struct span destination;
	struct span header; /* up to the packet number */
	struct span rest;   /* packet number and payload, still protected */
};

/* RFC 9000 section 16 */
static uint64_t read_varint(struct cursor *c)
{
	uint64_t value = cursor_u8(c);
	unsigned more = (1u << (value >> 6)) - 1;

	value &= 0x3f;
	for (unsigned i = 0; i < more; i++)
		value = value << 8 | cursor_u8(c);
	return value;
}

static struct span read_varint_span(struct cursor *c)
{
	uint64_t len = read_varint(c);

	return cursor_span(c, len > SIZE_MAX ? SIZE_MAX : (size_t)len);
}

bool quic_is_initial(struct span datagram)
{
	struct cursor c = cursor_open(datagram);
	uint8_t first = cursor_u8(&c);
	uint32_t version = cursor_u32be(&c);

	if (cursor_failed(&c))
		return false;
	if ((first & LONG_HEADER) != 0 && quic_version_facts(version))
		return true;
	return google_quic_is_hello(datagram);
}

int quic_new(struct quic **ret_gives, struct budget *borrowed)
{
	struct quic *q;

	if (budget_charge(borrowed, sizeof(*q)) != STATUS_OK)
		return STATUS_LIMIT;
	q = calloc(1, sizeof(*q));
	if (!q) {
		budget_release(borrowed, sizeof(*q));
		return STATUS_NO_MEMORY;
	}
	q->budget = borrowed;
	q->client = QUIC_NO_DIRECTION;
	for (int i = 0; i < 2; i++)
		pieces_init(&q->crypto[i], borrowed);
	*ret_gives = q;
	return STATUS_OK;
}

struct quic *quic_free(struct quic *q)
{
	if (!q)
		return NULL;
	for (int i = 0; i < 2; i++)
		pieces_free(&q->crypto[i]);
	budget_release(q->budget, sizeof(*q));
	free(q);
	return NULL;
}

unsigned quic_client(const struct quic *q)
{
	return q->client;
}

struct span quic_handshake(const struct quic *q, bool of_client)
{
	return pieces_front(&q->crypto[of_client ? 0 : 1]);
}

const char *quic_google_name(const struct quic *q)
{
	return q->name;
}

uint32_t quic_version(const struct quic *q)
{
	return q->version;
}

/* Reads one packet off a datagram. STATUS_UNSUPPORTED: a short header, a version of which we know
 * nothing, Retry or Version Negotiation: such a packet fills the rest of its datagram. */
static int read_packet(struct cursor *c, struct long_packet *ret)
{
	const uint8_t *start = c->at;
	uint8_t first = cursor_u8(c), destination, type;
	uint64_t len;

	ret->version = cursor_u32be(c);
	ret->facts = quic_version_facts(ret->version);
	if (cursor_failed(c) || (first & LONG_HEADER) == 0 || !ret->facts)
		return STATUS_UNSUPPORTED;
	type = first >> TYPE_SHIFT & 3;
	ret->initial = type == ret->facts->initial_type;
	destination = cursor_u8(c);
	ret->destination = cursor_span(c, destination);
	cursor_skip(c, cursor_u8(c));
	if (destination > QUIC_CONNECTION_ID_MAX)
		return STATUS_MALFORMED;
	/* Retry is the type before Initial in the order of either version; it has no length. */
	if (type == ((ret->facts->initial_type + 3) & 3))
		return STATUS_UNSUPPORTED;
	if (ret->initial)
		(void)read_varint_span(c);
	len = read_varint(c);
	ret->header = span_of(start, (size_t)(c->at - start));
	ret->rest = cursor_span(c, len > SIZE_MAX ? SIZE_MAX : (size_t)len);
	return cursor_failed(c) ? STATUS_MALFORMED : STATUS_OK;
}

/* RFC 9000 section 19.3 */
static int skip_ack(struct cursor *c, bool with_ecn)
{
	uint64_t ranges;

	(void)read_varint(c);
	(void)read_varint(c);
	ranges = read_varint(c);
	if (ranges > ACK_RANGES_MAX)
		return STATUS_LIMIT;
	for (uint64_t i = 0; i < 2 * ranges + 1; i++)
		(void)read_varint(c);
	for (unsigned i = 0; with_ecn && i < 3; i++)
		(void)read_varint(c);
	return STATUS_OK;
}

static int take_crypto(struct quic *q, bool of_client, struct cursor *c)
{
	uint64_t offset = read_varint(c);
	struct span bytes = read_varint_span(c);

	if (cursor_failed(c))
		return STATUS_MALFORMED;
	return pieces_add(&q->crypto[of_client ? 0 : 1], offset, bytes);
}

/* Frames that Initial packets may hold: RFC 9000 section 17.2.2. After another one, or the end of
 * the connection, nothing is read. */
static int read_frames(
        struct quic *q, bool of_client, const struct quic_version_facts *facts, struct span payload)
{
	struct cursor c = cursor_open(payload);
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK; i++) {
		uint64_t type;

		while (cursor_peek(&c, 0) == FRAME_PADDING)
			cursor_skip(&c, 1);
		if (cursor_left(&c) == 0)
			return STATUS_OK;
		if (i == FRAMES_MAX)
			return STATUS_LIMIT;
		type = read_varint(&c);
		if (type == (facts->google_frames ? GOOGLE_CRYPTO : FRAME_CRYPTO))
			status = take_crypto(q, of_client, &c);
		else if (facts->google_frames || type == FRAME_CLOSE || type == FRAME_CLOSE_APP)
			return STATUS_OK;
		else if (type == FRAME_ACK || type == FRAME_ACK_ECN)
			status = skip_ack(&c, type == FRAME_ACK_ECN);
		else if (type != FRAME_PING)
			return STATUS_MALFORMED;
		if (cursor_failed(&c))
			return STATUS_MALFORMED;
	}
	return status;
}

/* A packet opened: header with its number, then the frames. */
struct opened {
	uint8_t *copy; /* owned */
	struct span frames;
};

/* Takes off the header protection (RFC 9001 section 5.4), then opens the packet. */
static int unseal(const struct quic_keys *keys, const struct long_packet *p, struct opened *ret)
{
	uint8_t mask[QUIC_MASK_BYTES] = {0};
	size_t number_bytes, header_len;
	uint32_t number = 0;
	uint8_t *copy;
	int status = quic_keys_mask(
	        keys, span_slice(p->rest, NUMBER_BYTES_MAX, QUIC_SAMPLE_BYTES), mask);

	if (status != STATUS_OK)
		return status;
	number_bytes = ((p->header.data[0] ^ mask[0]) & 3u) + 1u;
	header_len = p->header.len + number_bytes;
	copy = malloc(p->header.len + p->rest.len);
	if (!copy)
		return STATUS_NO_MEMORY;
	memcpy(copy, p->header.data, p->header.len);
	memcpy(copy + p->header.len, p->rest.data, number_bytes);
	copy[0] ^= mask[0] & 0x0f;
	for (size_t i = 0; i < number_bytes; i++) {
		copy[p->header.len + i] ^= mask[1 + i];
		number = number << 8 | copy[p->header.len + i];
	}
	status = quic_keys_open(keys, number, span_of(copy, header_len),
	        span_slice(p->rest, number_bytes, p->rest.len), copy + header_len);
	if (status != STATUS_OK) {
		free(copy);
		return status;
	}
	ret->copy = copy;
	ret->frames = span_of(copy + header_len, p->rest.len - number_bytes - QUIC_TAG_BYTES);
	return STATUS_OK;
}

static int open_packet(
        struct quic *q, bool of_client, const struct quic_keys *keys, const struct long_packet *p)
{
	struct opened opened;
	int status = unseal(keys, p, &opened);

	if (status != STATUS_OK)
		return status;
	status = read_frames(q, of_client, p->facts, opened.frames);
	free(opened.copy);
	return status;
}

static int derive(
        const struct long_packet *p, struct span connection_id, struct quic_keys ret[static 2])
{
	int status = quic_keys_derive(p->facts, connection_id, true, &ret[0]);

	return status == STATUS_OK ? quic_keys_derive(p->facts, connection_id, false, &ret[1])
	                           : status;
}

static void keep_keys(struct quic *q, const struct long_packet *p, struct span connection_id,
        const struct quic_keys keys[static 2])
{
	/* May be our own copy already. */
	if (connection_id.len > 0)
		memmove(q->connection_id, connection_id.data, connection_id.len);
	q->connection_id_len = connection_id.len;
	memcpy(q->keys, keys, sizeof(q->keys));
	q->keys_version = p->version;
}

/* With the keys that fitted before; a server may answer in another version than it was asked in
 * (RFC 9368), with keys from the same connection id. */
static int open_with_known(struct quic *q, unsigned direction, const struct long_packet *p)
{
	bool of_client = direction == q->client;
	struct quic_keys keys[2];
	struct span id = span_of(q->connection_id, q->connection_id_len);
	int status;

	if (q->keys_version == 0)
		return STATUS_ENCRYPTED;
	if (q->keys_version == p->version)
		return open_packet(q, of_client, &q->keys[of_client ? 0 : 1], p);
	status = derive(p, id, keys);
	if (status == STATUS_OK)
		status = open_packet(q, of_client, &keys[of_client ? 0 : 1], p);
	if (status == STATUS_OK)
		keep_keys(q, p, id, keys);
	return status;
}

/* A client's first packet, or its first after Retry or Version Negotiation: the keys come from the
 * connection id in it, and the handshake begins again. */
static int open_as_first(struct quic *q, unsigned direction, const struct long_packet *p)
{
	struct long_packet guess = *p;
	struct quic_keys keys[2];
	struct opened opened;
	int status = derive(&guess, p->destination, keys);

	if (status == STATUS_OK)
		status = unseal(&keys[0], &guess, &opened);
	if (status == STATUS_ENCRYPTED && quic_version_is_grease(p->version)) {
		guess.facts = quic_version_facts(VERSION_DRAFT_29);
		status = derive(&guess, p->destination, keys);
		if (status == STATUS_OK)
			status = unseal(&keys[0], &guess, &opened);
	}
	if (status != STATUS_OK)
		return status;
	for (int i = 0; i < 2; i++)
		pieces_free(&q->crypto[i]);
	q->client = direction;
	keep_keys(q, p, p->destination, keys);
	status = read_frames(q, true, guess.facts, opened.frames);
	free(opened.copy);
	return status;
}

static int read_initial(struct quic *q, unsigned direction, const struct long_packet *p)
{
	int status;

	/* Number and sample, then the tag: RFC 9001 section 5.4.2. */
	if (p->rest.len < NUMBER_BYTES_MAX + QUIC_SAMPLE_BYTES)
		return STATUS_MALFORMED;
	status = open_with_known(q, direction, p);
	if (status == STATUS_ENCRYPTED &&
	        (q->client == QUIC_NO_DIRECTION || q->client == direction))
		status = open_as_first(q, direction, p);
	return status;
}

/* What a broken or foreign packet says must not undo what others in its datagram said. */
static int read_packets(struct quic *q, unsigned direction, struct span datagram)
{
	struct cursor c = cursor_open(datagram);
	int worst = STATUS_UNSUPPORTED;

	for (unsigned i = 0; cursor_left(&c) > 0; i++) {
		struct long_packet p;
		int status = read_packet(&c, &p);

		if (status == STATUS_UNSUPPORTED)
			return worst;
		if (status != STATUS_OK)
			return status;
		if (i == QUIC_PACKETS_MAX)
			return STATUS_LIMIT;
		q->version = p.version;
		if (!p.initial)
			continue;
		status = read_initial(q, direction, &p);
		if (status < 0)
			return status;
		if (status == STATUS_OK || worst != STATUS_OK)
			worst = status;
	}
	return worst;
}

int quic_feed(struct quic *q, unsigned direction, struct span datagram)
{
	struct span name, hello;
	int status;

	if (q->datagrams == QUIC_DATAGRAMS_MAX)
		return STATUS_LIMIT;
	q->datagrams++;
	if (google_quic_is_hello(datagram)) {
		status = google_quic_name(datagram, &name);
	} else {
		status = read_packets(q, direction, datagram);
		hello = quic_handshake(q, true);
		if (status != STATUS_OK || !span_starts(hello, "CHLO"))
			return status;
		status = google_quic_name(hello, &name);
	}
	if (status == STATUS_OK && name.len < sizeof(q->name) &&
	        span_find_byte(name, 0) == SIZE_MAX) {
		if (name.len > 0)
			memcpy(q->name, name.data, name.len);
		q->name[name.len] = '\0';
	}
	return status;
}
