#include "tls/google_quic.h"

#include "base/status.h"

#define FLAG_VERSION     0x01
#define FLAG_CONNECTION  0x08
#define FLAG_LONG        0x80
#define CONNECTION_BYTES 8
#define VERSION_FIRST    0x51303234 /* "Q024" */
#define VERSION_LAST     0x51303436 /* "Q046" */
#define TAG_SNI          0x534e4900 /* "SNI" and a zero */

static bool is_clear_version(uint32_t version)
{
	return version >= VERSION_FIRST && version <= VERSION_LAST;
}

static struct span hello_in(struct span bytes)
{
	size_t at = span_find(bytes, span_of_text("CHLO"));

	return at == SIZE_MAX ? (struct span){.len = 0} : span_slice(bytes, at, bytes.len);
}

/* Up to Q043 flags, connection id, version; Q046 has the IETF's long header. */
bool google_quic_is_hello(struct span datagram)
{
	struct cursor c = cursor_open(datagram);
	uint8_t flags = cursor_u8(&c);

	if ((flags & FLAG_LONG) == 0) {
		if ((flags & FLAG_VERSION) == 0)
			return false;
		cursor_skip(&c, (flags & FLAG_CONNECTION) != 0 ? CONNECTION_BYTES : 0);
	}
	return is_clear_version(cursor_u32be(&c)) && !cursor_failed(&c) &&
	       hello_in(datagram).len > 0;
}

/* "CHLO", a count, two bytes of padding; tags with the end of each value; then the values. */
int google_quic_name(struct span bytes, struct span *ret)
{
	struct cursor c = cursor_open(hello_in(bytes));
	struct span values;
	uint32_t begin = 0;
	uint16_t count;

	if (cursor_left(&c) == 0)
		return STATUS_NOT_FOUND;
	cursor_skip(&c, 4);
	count = cursor_u16le(&c);
	cursor_skip(&c, 2);
	if (count > GOOGLE_QUIC_TAGS_MAX)
		return STATUS_LIMIT;
	values = span_slice(span_of(c.at, c.left), (size_t)count * 8, c.left);
	for (unsigned i = 0; i < count; i++) {
		uint32_t tag = cursor_u32be(&c), end = cursor_u32le(&c);

		if (cursor_failed(&c))
			return STATUS_MORE;
		if (end < begin)
			return STATUS_MALFORMED;
		if (tag == TAG_SNI && end > values.len)
			return STATUS_MORE;
		if (tag == TAG_SNI) {
			*ret = span_slice(values, begin, end - begin);
			return STATUS_OK;
		}
		begin = end;
	}
	return STATUS_NOT_FOUND;
}
