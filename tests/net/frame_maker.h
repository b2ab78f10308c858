/* frame_maker: writes frames for the tests, header by header, into a fixed buffer. Lengths of IP
 * and UDP headers are those given; nothing is checked, so that wrong frames can be made too. */
#ifndef EXEAT_TESTS_NET_FRAME_MAKER_H
#define EXEAT_TESTS_NET_FRAME_MAKER_H

#include <string.h>

#include "net/packet.h"

#define FRAME_BYTES_MAX 4096

struct frame_maker {
	uint8_t bytes[FRAME_BYTES_MAX];
	size_t len;
};

static inline void put_bytes(struct frame_maker *m, const void *bytes, size_t len)
{
	if (len > sizeof(m->bytes) - m->len)
		return;
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static inline void put8(struct frame_maker *m, unsigned value)
{
	uint8_t byte = (uint8_t)value;

	put_bytes(m, &byte, 1);
}

static inline void put16(struct frame_maker *m, unsigned value)
{
	put8(m, value >> 8);
	put8(m, value);
}

static inline void put32(struct frame_maker *m, uint32_t value)
{
	put16(m, value >> 16);
	put16(m, value & 0xffff);
}

static inline void put_zeros(struct frame_maker *m, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put8(m, 0);
}

static inline void put_ethernet(struct frame_maker *m, unsigned type)
{
	put_bytes(m, "\x02\x00\x00\x00\x00\x0d\x02\x00\x00\x00\x00\x05", 12);
	put16(m, type);
}

static inline void put_addr(struct frame_maker *m, const char *text)
{
	struct addr a = {0};

	(void)addr_parse(text, &a);
	put_bytes(m, a.bytes, a.family == ADDR_IPV4 ? 4 : 16);
}

/* 192.0.2.1 to 198.51.100.2; payload_bytes counts what follows the 20-byte header. */
static inline void put_ipv4(struct frame_maker *m, unsigned protocol, size_t payload_bytes)
{
	put8(m, 0x45);
	put8(m, 0);
	put16(m, (unsigned)payload_bytes + 20);
	put16(m, 0x1234);
	put16(m, 0);
	put8(m, 63);
	put8(m, protocol);
	put16(m, 0);
	put_addr(m, "192.0.2.1");
	put_addr(m, "198.51.100.2");
}

/* 2001:db8::1 to 2001:db8::2 */
static inline void put_ipv6(struct frame_maker *m, unsigned next, size_t payload_bytes)
{
	put32(m, 0x60000000);
	put16(m, (unsigned)payload_bytes);
	put8(m, next);
	put8(m, 62);
	put_addr(m, "2001:db8::1");
	put_addr(m, "2001:db8::2");
}

static inline void put_tcp(struct frame_maker *m, unsigned header_bytes, unsigned flags)
{
	put16(m, 40000);
	put16(m, 443);
	put32(m, 0x01020304);
	put32(m, 0x05060708);
	put8(m, header_bytes / 4 << 4);
	put8(m, flags);
	put16(m, 512);
	put32(m, 0);
	if (header_bytes > 20)
		put_zeros(m, header_bytes - 20);
}

static inline void put_udp(struct frame_maker *m, unsigned dst_port, size_t payload_bytes)
{
	put16(m, 5353);
	put16(m, dst_port);
	put16(m, (unsigned)payload_bytes + 8);
	put16(m, 0);
}

static inline struct packet decode_as(
        const struct frame_maker *m, uint32_t link, size_t captured, size_t wire)
{
	struct frame frame = {
	        .bytes = span_of(m->bytes, captured),
	        .length_bytes = (uint32_t)wire,
	        .link_type = link,
	        .interface = 3,
	        .input = 2,
	        .number = 7,
	        .time_ns = 11,
	};
	struct packet p;

	packet_decode(&frame, &p);
	return p;
}

static inline struct packet decode(const struct frame_maker *m, uint32_t link)
{
	return decode_as(m, link, m->len, m->len);
}

#endif
