/* kind_set: some of the kinds of rules/identifiers.csv, a bit each: by value, without memory. */
#ifndef EXEAT_DETECT_KIND_SET_H
#define EXEAT_DETECT_KIND_SET_H

#include <stdbool.h>
#include <stdint.h>

#define KIND_SET_WORDS 2
#define KIND_SET_KINDS (64 * KIND_SET_WORDS)

struct kind_set {
	uint64_t bits[KIND_SET_WORDS];
};

static inline bool kind_set_has(struct kind_set s, uint8_t kind)
{
	return s.bits[kind / 64] >> kind % 64 & 1;
}

static inline void kind_set_add(struct kind_set *s, uint8_t kind)
{
	s->bits[kind / 64] |= (uint64_t)1 << kind % 64;
}

static inline bool kind_set_any(struct kind_set s)
{
	return (s.bits[0] | s.bits[1]) != 0;
}

static inline struct kind_set kind_set_join(struct kind_set a, struct kind_set b)
{
	for (unsigned i = 0; i < KIND_SET_WORDS; i++)
		a.bits[i] |= b.bits[i];
	return a;
}

#endif
