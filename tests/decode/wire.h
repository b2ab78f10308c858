/* wire: bytes of a protocol, put together number by number. */
#ifndef EXEAT_TESTS_DECODE_WIRE_H
#define EXEAT_TESTS_DECODE_WIRE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

struct wire {
	uint8_t bytes[256 << 10];
	size_t len;
};

static inline void wire_bytes(struct wire *w, const void *bytes, size_t len)
{
	if (len > sizeof(w->bytes) - w->len)
		abort();
	memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
}

static inline void wire_u8(struct wire *w, uint8_t value)
{
	wire_bytes(w, &value, 1);
}

static inline void wire_le(struct wire *w, uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		wire_u8(w, (uint8_t)(value >> (8 * i)));
}

static inline void wire_be(struct wire *w, uint64_t value, unsigned width)
{
	for (unsigned i = width; i > 0; i--)
		wire_u8(w, (uint8_t)(value >> (8 * (i - 1))));
}

static inline void wire_text(struct wire *w, const char *text)
{
	wire_bytes(w, text, strlen(text));
}

/* With its closing zero. */
static inline void wire_string(struct wire *w, const char *text)
{
	wire_bytes(w, text, strlen(text) + 1);
}

/* ASCII as UTF-16LE. */
static inline void wire_wide(struct wire *w, const char *text)
{
	for (; *text; text++)
		wire_le(w, (uint8_t)*text, 2);
}

static inline void wire_zeros(struct wire *w, size_t len)
{
	for (size_t i = 0; i < len; i++)
		wire_u8(w, 0);
}

static inline struct span wire_span(const struct wire *w)
{
	return span_of(w->bytes, w->len);
}

#endif
