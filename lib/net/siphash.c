#include "net/siphash.h"

struct sip_state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip_state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

uint64_t siphash24(const uint8_t key[static SIPHASH_KEY_BYTES], struct span message)
{
	struct cursor k = cursor_open_bytes(key, SIPHASH_KEY_BYTES);
	struct cursor c = cursor_open(message);
	uint64_t k0 = cursor_u64le(&k);
	uint64_t k1 = cursor_u64le(&k);
	struct sip_state s = {
	        .v0 = k0 ^ UINT64_C(0x736f6d6570736575),
	        .v1 = k1 ^ UINT64_C(0x646f72616e646f6d),
	        .v2 = k0 ^ UINT64_C(0x6c7967656e657261),
	        .v3 = k1 ^ UINT64_C(0x7465646279746573),
	};
	uint64_t last = (uint64_t)message.len << 56;
	unsigned shift = 0;

	while (cursor_left(&c) >= 8)
		sip_word(&s, cursor_u64le(&c));
	while (cursor_left(&c) > 0) {
		last |= (uint64_t)cursor_u8(&c) << shift;
		shift += 8;
	}
	sip_word(&s, last);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
