#include "decode/picture_size.h"

#define FRONT_BYTES 30 /* of the formats whose size stands at a fixed place */

void picture_size_open(struct picture_size *p, enum picture_format format)
{
	*p = (struct picture_size){.format = format, .settled = format == PICTURE_OTHER};
}

static void settle(struct picture_size *p, uint32_t width, uint32_t height)
{
	p->settled = true;
	p->width = width;
	p->height = height;
}

/* RFC 9649 sections 2.5 to 2.7: with loss, without, extended. */
static void read_webp(struct picture_size *p, struct span front)
{
	struct span kind = span_slice(front, 12, 4);
	struct cursor c = cursor_open(span_slice(front, 20, SIZE_MAX));
	uint32_t bits;

	if (span_equal_text(kind, "VP8 ")) {
		cursor_skip(&c, 6);
		bits = cursor_u16le(&c) & 0x3fffu;
		settle(p, bits, cursor_u16le(&c) & 0x3fffu);
	} else if (span_equal_text(kind, "VP8L")) {
		cursor_skip(&c, 1);
		bits = cursor_u32le(&c);
		settle(p, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
	} else {
		cursor_skip(&c, 4);
		bits = cursor_u16le(&c);
		bits |= (uint32_t)cursor_u8(&c) << 16;
		p->width = bits + 1;
		bits = cursor_u16le(&c);
		bits |= (uint32_t)cursor_u8(&c) << 16;
		settle(p, p->width, bits + 1);
	}
}

static void read_front(struct picture_size *p, struct cursor *c)
{
	struct span front = cursor_span(c, FRONT_BYTES);
	struct cursor at = cursor_open(front);
	uint32_t width, height;

	switch (p->format) {
	case PICTURE_PNG:
		cursor_skip(&at, 16);
		width = cursor_u32be(&at);
		settle(p, width, cursor_u32be(&at));
		break;
	case PICTURE_GIF:
		cursor_skip(&at, 6);
		width = cursor_u16le(&at);
		settle(p, width, cursor_u16le(&at));
		break;
	case PICTURE_BMP: /* a negative height counts from the top */
		cursor_skip(&at, 18);
		width = cursor_u32le(&at);
		height = cursor_u32le(&at);
		settle(p, width, height > INT32_MAX ? 0u - height : height);
		break;
	default:
		read_webp(p, front);
		break;
	}
}

/* The next marker segment up to the one that begins a frame. False: more bytes are needed. */
static bool jpeg_segment(struct picture_size *p, struct cursor *c)
{
	struct cursor peek = *c;
	uint8_t fill, marker;
	uint16_t len;

	if (!p->begun) {
		cursor_skip(&peek, 2);
		if (cursor_failed(&peek))
			return false;
		p->begun = true;
		*c = peek;
	}
	fill = cursor_u8(&peek);
	marker = cursor_u8(&peek);
	len = cursor_u16be(&peek);
	if (cursor_failed(&peek))
		return false;
	if (fill != 0xff || len < 2 || marker == 0xda) {
		settle(p, 0, 0);
	} else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
	           marker != 0xcc) {
		uint32_t height;

		cursor_skip(&peek, 1);
		height = cursor_u16be(&peek);
		len = cursor_u16be(&peek);
		if (cursor_failed(&peek))
			return false;
		settle(p, len, height);
	} else {
		p->skip_bytes = len - 2u;
	}
	*c = peek;
	return true;
}

void picture_size_feed(struct picture_size *p, struct cursor *c)
{
	bool more = true;

	while (more && !p->settled) {
		size_t len = cursor_left(c) < p->skip_bytes ? cursor_left(c)
		                                            : (size_t)p->skip_bytes;

		cursor_skip(c, len);
		p->skip_bytes -= len;
		if (p->format == PICTURE_JPEG) {
			more = p->skip_bytes == 0 && jpeg_segment(p, c);
		} else {
			more = cursor_left(c) >= FRONT_BYTES;
			if (more)
				read_front(p, c);
		}
	}
	if (p->settled)
		cursor_skip(c, cursor_left(c));
}
