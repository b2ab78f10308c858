#include "flow/mirror.h"

#define TCP 6

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 divided by the golden ratio */
	return hash ^ hash >> 32;
}

static uint64_t payload_hash(uint64_t hash, struct span payload)
{
	struct cursor c = cursor_open(payload);

	while (cursor_left(&c) >= 8)
		hash = mix(hash, cursor_u64le(&c));
	while (cursor_left(&c) > 0)
		hash = mix(hash, cursor_u8(&c));
	return hash;
}

static uint64_t fingerprint(const struct packet *p, uint8_t direction, uint64_t key)
{
	uint64_t hash = mix(
	        key, (uint64_t)direction << 48 | (uint64_t)p->ip_id << 32 | p->payload_wire_bytes);

	if (p->tuple.protocol != TCP)
		return payload_hash(
		        mix(hash, (uint64_t)p->icmp_type << 8 | p->icmp_code), p->payload);
	hash = mix(hash, (uint64_t)p->tcp_seq << 32 | p->tcp_ack);
	return mix(hash, (uint64_t)p->tcp_flags << 16 | p->tcp_window);
}

/* Acknowledgements and resets without data. */
static bool repeats_by_design(const struct packet *p)
{
	return p->tuple.protocol == TCP && p->payload_wire_bytes == 0 &&
	       (p->tcp_flags & (TCP_SYN | TCP_FIN)) == 0;
}

bool mirror_is_copy(struct mirror *m, const struct packet *p, uint8_t direction, uint64_t key)
{
	uint64_t print = fingerprint(p, direction, key);
	bool ttl_must_differ = p->ip_id == 0 && repeats_by_design(p);

	for (size_t i = 0; i < MIRROR_MARKS; i++) {
		const struct mirror_mark *mark = &m->marks[i];
		int64_t apart = p->time_ns - mark->time_ns;
		int hops = (int)p->ttl - (int)mark->ttl;

		if (!mark->set || mark->print != print || apart > MIRROR_WINDOW_NS ||
		        apart < -MIRROR_WINDOW_NS || hops > 1 || hops < -1)
			continue;
		if (hops != 0 || !ttl_must_differ)
			return true;
	}
	m->marks[m->next] = (struct mirror_mark){print, p->time_ns, p->ttl, true};
	m->next = (uint8_t)((m->next + 1) % MIRROR_MARKS);
	return false;
}
