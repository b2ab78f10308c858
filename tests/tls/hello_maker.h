/* hello_maker: writes the body of a ClientHello from lists of numbers, for tests. */
#ifndef EXEAT_TESTS_TLS_HELLO_MAKER_H
#define EXEAT_TESTS_TLS_HELLO_MAKER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HELLO_BYTES_MAX 4096

struct writing {
	uint8_t bytes[HELLO_BYTES_MAX];
	size_t len;
};

static inline void add(struct writing *h, const void *bytes, size_t len)
{
	if (len > sizeof(h->bytes) - h->len)
		return;
	if (len > 0)
		memcpy(h->bytes + h->len, bytes, len);
	h->len += len;
}

static inline void add16(struct writing *h, unsigned value)
{
	const uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};

	add(h, bytes, sizeof(bytes));
}

static inline void add_list(struct writing *h, const uint16_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add16(h, numbers[i]);
}

/* Up to the extensions; these follow with their length in front. */
static inline void begin_hello(
        struct writing *h, unsigned version, const uint16_t *ciphers, size_t count)
{
	static const uint8_t random[33];

	h->len = 0;
	add16(h, version);
	add(h, random, sizeof(random));
	add16(h, (unsigned)(2 * count));
	add_list(h, ciphers, count);
	add(h, "\1\0", 2);
}

static inline void add_extension(struct writing *h, unsigned type, const void *bytes, size_t len)
{
	add16(h, type);
	add16(h, (unsigned)len);
	add(h, bytes, len);
}

/* An extension that holds a list of 16-bit numbers with its length in front. */
static inline void add_numbers(
        struct writing *h, unsigned type, const uint16_t *numbers, size_t count)
{
	add16(h, type);
	add16(h, (unsigned)(2 * count + 2));
	add16(h, (unsigned)(2 * count));
	add_list(h, numbers, count);
}

static inline void end_hello(struct writing *h, const struct writing *extensions)
{
	add16(h, (unsigned)extensions->len);
	add(h, extensions->bytes, extensions->len);
}

#endif
