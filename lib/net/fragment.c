/* A datagram under assembly is one block, its bytes at their final place behind room for an IP
 * header, and one bit for each eight bytes (the unit of fragment offsets) that is there. */
#include "net/fragment.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#define UNIT_BYTES        8
#define DATAGRAM_MAX      65535
#define UNITS_MAX         ((DATAGRAM_MAX + UNIT_BYTES) / UNIT_BYTES)
#define HEADER_ROOM       40 /* of IPv6; IPv4 uses the last 20 of it */
#define IPV4_HEADER       20
#define FIRST_BLOCK_BYTES 4096

enum datagram_state { DATAGRAM_FREE, DATAGRAM_OPEN, DATAGRAM_DROPPED, DATAGRAM_DONE };

struct datagram {
	enum datagram_state state;
	struct tuple tuple;
	uint32_t id;
	int64_t first_ns;
	int64_t done_ns;
	uint64_t order; /* of creation: the oldest goes first */
	uint8_t *block; /* HEADER_ROOM and capacity bytes */
	size_t capacity;
	size_t total; /* payload bytes; 0 until the last fragment told */
	size_t end;   /* of the furthest fragment */
	size_t units; /* that are there */
	uint32_t wire_bytes;
	uint8_t next_protocol; /* of the first fragment */
	uint8_t ttl;
	uint8_t have[UNITS_MAX / 8 + 1];
};

struct fragment_table {
	struct datagram datagrams[FRAGMENT_DATAGRAMS_MAX];
	struct budget *budget;
	struct fragment_counts counts;
	uint64_t order;
	uint8_t *out; /* the last datagram given out */
	size_t out_bytes;
};

int fragment_table_new(struct fragment_table **ret_gives, struct budget *borrowed)
{
	struct fragment_table *t = calloc(1, sizeof(*t));

	if (!t)
		return STATUS_NO_MEMORY;
	t->budget = borrowed;
	*ret_gives = t;
	return STATUS_OK;
}

static void free_block(struct fragment_table *t, uint8_t *block, size_t bytes)
{
	if (!block)
		return;
	explicit_bzero(block, bytes);
	free(block);
	budget_release(t->budget, bytes);
}

static void release_block(struct fragment_table *t, struct datagram *d)
{
	free_block(t, d->block, HEADER_ROOM + d->capacity);
	d->block = NULL;
	d->capacity = 0;
}

struct fragment_table *fragment_table_free(struct fragment_table *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++)
		release_block(t, &t->datagrams[i]);
	free_block(t, t->out, t->out_bytes);
	free(t);
	return NULL;
}

/* RFC 791 section 3.2 and RFC 8200 section 4.5: addresses and identification, with IPv4 also the
 * protocol. */
static bool same_datagram(const struct datagram *d, const struct packet *p)
{
	return d->state != DATAGRAM_FREE && d->id == p->fragment_id &&
	       addr_equal(&d->tuple.src.addr, &p->tuple.src.addr) &&
	       addr_equal(&d->tuple.dst.addr, &p->tuple.dst.addr) &&
	       (p->tuple.src.addr.family == ADDR_IPV6 || d->tuple.protocol == p->tuple.protocol);
}

/* Ends what waited too long. A finished datagram is remembered a moment for its mirror copies. */
static void expire(struct fragment_table *t, int64_t now_ns)
{
	for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++) {
		struct datagram *d = &t->datagrams[i];
		bool late = d->state == DATAGRAM_DONE ? now_ns - d->done_ns > FRAGMENT_DUPLICATE_NS
		                                      : now_ns - d->first_ns > FRAGMENT_TIMEOUT_NS;

		if (d->state == DATAGRAM_FREE || !late)
			continue;
		if (d->state == DATAGRAM_OPEN)
			t->counts.expired++;
		release_block(t, d);
		d->state = DATAGRAM_FREE;
	}
}

/* The oldest that waits, but not keep; NULL when there is none. */
static struct datagram *oldest(struct fragment_table *t, const struct datagram *keep)
{
	struct datagram *best = NULL;

	for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++) {
		struct datagram *d = &t->datagrams[i];

		if (d->state != DATAGRAM_FREE && d != keep && (!best || d->order < best->order))
			best = d;
	}
	return best;
}

static void evict(struct fragment_table *t, struct datagram *d)
{
	if (d->state == DATAGRAM_OPEN)
		t->counts.evicted++;
	release_block(t, d);
	d->state = DATAGRAM_FREE;
}

static struct datagram *find(struct fragment_table *t, const struct packet *p)
{
	for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++)
		if (same_datagram(&t->datagrams[i], p))
			return &t->datagrams[i];
	return NULL;
}

static struct datagram *open_datagram(struct fragment_table *t, const struct packet *p)
{
	struct datagram *d = NULL;

	for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX && !d; i++)
		if (t->datagrams[i].state == DATAGRAM_FREE)
			d = &t->datagrams[i];
	if (!d) {
		d = oldest(t, NULL);
		evict(t, d);
	}
	*d = (struct datagram){
	        .state = DATAGRAM_OPEN,
	        .tuple = p->tuple,
	        .id = p->fragment_id,
	        .first_ns = p->time_ns,
	        .order = ++t->order,
	        .next_protocol = p->tuple.protocol,
	        .ttl = p->ttl,
	};
	return d;
}

/* Wants room for the payload up to end. Others are evicted before this one is given up. */
static int make_room(struct fragment_table *t, struct datagram *d, size_t end)
{
	size_t capacity = d->capacity ? d->capacity : FIRST_BLOCK_BYTES;
	uint8_t *block;

	if (end <= d->capacity)
		return STATUS_OK;
	while (capacity < end)
		capacity *= 2;
	while (budget_charge(t->budget, HEADER_ROOM + capacity) != STATUS_OK) {
		struct datagram *other = oldest(t, d);

		if (!other)
			return STATUS_LIMIT;
		evict(t, other);
	}
	block = calloc(1, HEADER_ROOM + capacity);
	if (!block) {
		budget_release(t->budget, HEADER_ROOM + capacity);
		return STATUS_NO_MEMORY;
	}
	if (d->block)
		memcpy(block, d->block, HEADER_ROOM + d->capacity);
	release_block(t, d);
	d->block = block;
	d->capacity = capacity;
	return STATUS_OK;
}

/* False when the lengths of this fragment contradict themselves or what came before. */
static bool lengths_agree(const struct datagram *d, const struct packet *p)
{
	size_t offset = p->fragment_offset_bytes;
	size_t len = p->payload_wire_bytes;
	size_t max = p->tuple.src.addr.family == ADDR_IPV4 ? DATAGRAM_MAX - IPV4_HEADER
	                                                   : DATAGRAM_MAX;

	if (len == 0 || len > max || offset > max - len)
		return false;
	if (p->fragment_more && len % UNIT_BYTES != 0)
		return false;
	if (d->total != 0 &&
	        (offset + len > d->total || (!p->fragment_more && offset + len != d->total)))
		return false;
	return true;
}

static bool has_unit(const struct datagram *d, size_t unit)
{
	return (d->have[unit / 8] >> (unit % 8) & 1) != 0;
}

/* Places the captured bytes; false when a byte that is there already differs. A unit that the
 * capture cut is left out: it was not seen. */
static bool place(struct datagram *d, const struct packet *p)
{
	size_t len = p->payload.len;
	uint8_t *base = d->block + HEADER_ROOM;

	if (len < p->payload_wire_bytes)
		len -= len % UNIT_BYTES;
	for (size_t at = 0; at < len; at += UNIT_BYTES) {
		size_t offset = p->fragment_offset_bytes + at;
		size_t width = len - at < UNIT_BYTES ? len - at : UNIT_BYTES;
		size_t unit = offset / UNIT_BYTES;

		if (has_unit(d, unit)) {
			if (memcmp(base + offset, p->payload.data + at, width) != 0)
				return false;
			continue;
		}
		memcpy(base + offset, p->payload.data + at, width);
		d->have[unit / 8] |= (uint8_t)(1u << unit % 8);
		d->units++;
	}
	return true;
}

static void drop(struct fragment_table *t, struct datagram *d, uint64_t *counter)
{
	(*counter)++;
	release_block(t, d);
	d->state = DATAGRAM_DROPPED;
}

/* Takes a fragment into its datagram. STATUS_ITEM when that is whole now. */
static int take(struct fragment_table *t, struct datagram *d, const struct packet *p)
{
	size_t end = (size_t)p->fragment_offset_bytes + p->payload_wire_bytes;
	int status;

	if (!lengths_agree(d, p)) {
		drop(t, d, &t->counts.malformed);
		return STATUS_OK;
	}
	status = make_room(t, d, end);
	if (status == STATUS_LIMIT)
		drop(t, d, &t->counts.evicted);
	if (status != STATUS_OK)
		return status == STATUS_LIMIT ? STATUS_OK : status;
	d->wire_bytes += p->wire_bytes;
	if (p->fragment_offset_bytes == 0) {
		d->next_protocol = p->tuple.protocol;
		d->ttl = p->ttl;
	}
	if (!place(d, p)) {
		drop(t, d, &t->counts.overlaps);
		return STATUS_OK;
	}
	if (end > d->end)
		d->end = end;
	if (!p->fragment_more)
		d->total = end;
	if (d->total != 0 && d->end > d->total) {
		drop(t, d, &t->counts.malformed);
		return STATUS_OK;
	}
	return d->total != 0 && d->units == (d->total + UNIT_BYTES - 1) / UNIT_BYTES ? STATUS_ITEM
	                                                                             : STATUS_OK;
}

static void put16(uint8_t *out, size_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

/* The header of the whole datagram, in front of its payload; options are not repeated. */
static struct span write_header(struct datagram *d)
{
	bool ipv4 = d->tuple.src.addr.family == ADDR_IPV4;
	size_t len = ipv4 ? IPV4_HEADER : HEADER_ROOM;
	uint8_t *h = d->block + HEADER_ROOM - len;

	memset(h, 0, len);
	if (ipv4) {
		h[0] = 0x45;
		put16(h + 2, d->total + IPV4_HEADER);
		put16(h + 4, d->id);
		h[8] = d->ttl;
		h[9] = d->next_protocol;
		memcpy(h + 12, d->tuple.src.addr.bytes, 4);
		memcpy(h + 16, d->tuple.dst.addr.bytes, 4);
	} else {
		h[0] = 0x60;
		put16(h + 4, d->total);
		h[6] = d->next_protocol;
		h[7] = d->ttl;
		memcpy(h + 8, d->tuple.src.addr.bytes, 16);
		memcpy(h + 24, d->tuple.dst.addr.bytes, 16);
	}
	return span_of(h, len + d->total);
}

static void give_out(
        struct fragment_table *t, struct datagram *d, const struct packet *p, struct packet *ret)
{
	struct packet like = *p;

	like.wire_bytes = d->wire_bytes;
	packet_decode_ip(write_header(d), &like, ret);
	t->out = d->block;
	t->out_bytes = HEADER_ROOM + d->capacity;
	d->block = NULL;
	d->capacity = 0;
	d->state = DATAGRAM_DONE;
	d->done_ns = p->time_ns;
	t->counts.reassembled++;
}

int fragment_table_feed(struct fragment_table *t, const struct packet *p, struct packet *ret)
{
	uint8_t *last = t->out; /* p may borrow from it */
	size_t last_bytes = t->out_bytes;
	struct datagram *d;
	int status = STATUS_OK;

	if (p->outcome != PACKET_FRAGMENT)
		return STATUS_BUG;
	t->out = NULL;
	t->out_bytes = 0;
	t->counts.fragments++;
	expire(t, p->time_ns);
	d = find(t, p);
	if (d && d->state == DATAGRAM_DONE)
		t->counts.duplicates++;
	else if (!d)
		d = open_datagram(t, p);
	if (d->state == DATAGRAM_OPEN)
		status = take(t, d, p);
	if (status == STATUS_ITEM)
		give_out(t, d, p, ret);
	free_block(t, last, last_bytes);
	return status;
}

void fragment_table_counts(const struct fragment_table *t, struct fragment_counts *ret)
{
	*ret = t->counts;
}
