#include "decode/transfer_encoding.h"

#include <string.h>

#include "decode/opener.h"

void transfer_reader_init(struct transfer_reader *r, enum transfer_encoding encoding)
{
	*r = (struct transfer_reader){.encoding = encoding};
}

int base64_digit(uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A';
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 26;
	if (byte >= '0' && byte <= '9')
		return byte - '0' + 52;
	if (byte == '+' || byte == '-')
		return 62;
	return byte == '/' || byte == '_' ? 63 : -1;
}

static int hex_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static size_t read_base64(struct transfer_reader *r, struct cursor *in, uint8_t *out, size_t room)
{
	size_t count = 0;

	while (count < room && cursor_left(in) > 0) {
		uint8_t byte = cursor_u8(in);
		int digit = base64_digit(byte);

		if (byte == '=') { /* the end of a group; another text may follow */
			r->bits = 0;
			r->bit_count = 0;
			continue;
		}
		if (digit < 0) {
			r->skipped_bytes += byte != '\r' && byte != '\n';
			continue;
		}
		r->bits = (r->bits << 6 | (uint32_t)digit) & 0xfffu;
		r->bit_count += 6;
		if (r->bit_count >= 8) {
			r->bit_count -= 8;
			out[count++] = (uint8_t)(r->bits >> r->bit_count);
		}
	}
	return count;
}

/* What is held turned out to be no escape: it stands for itself. */
static size_t give_held(struct transfer_reader *r, uint8_t *out)
{
	size_t count = r->held_count;

	memcpy(out, r->held, count);
	r->skipped_bytes += count;
	r->held_count = 0;
	return count;
}

/* One byte after a "=" that is held. Returns the bytes given. */
static size_t escape_byte(struct transfer_reader *r, uint8_t byte, uint8_t *out)
{
	size_t count;

	if (r->held_count == 1 && byte == '\n') {
		r->held_count = 0;
		return 0;
	}
	if (r->held_count == 1 && (byte == '\r' || hex_digit(byte) >= 0)) {
		r->held[r->held_count++] = byte;
		return 0;
	}
	if (r->held_count == 2 && r->held[1] == '\r' && byte == '\n') {
		r->held_count = 0;
		return 0;
	}
	if (r->held_count == 2 && r->held[1] != '\r' && hex_digit(byte) >= 0) {
		out[0] = (uint8_t)(hex_digit(r->held[1]) << 4 | hex_digit(byte));
		r->held_count = 0;
		return 1;
	}
	count = give_held(r, out);
	if (byte == '=')
		r->held[r->held_count++] = byte;
	else
		out[count++] = byte;
	return count;
}

static size_t read_quoted(struct transfer_reader *r, struct cursor *in, uint8_t *out, size_t room)
{
	size_t count = 0;

	while (room - count >= sizeof(r->held) + 1 && cursor_left(in) > 0) {
		uint8_t byte = cursor_u8(in);

		if (r->held_count > 0)
			count += escape_byte(r, byte, out + count);
		else if (byte == '=')
			r->held[r->held_count++] = byte;
		else
			out[count++] = byte;
	}
	return count;
}

size_t transfer_reader_read(struct transfer_reader *r, struct cursor *in, uint8_t *out, size_t room)
{
	struct span part;

	if (r->encoding == TRANSFER_BASE64)
		return read_base64(r, in, out, room);
	if (r->encoding == TRANSFER_QUOTED_PRINTABLE)
		return read_quoted(r, in, out, room);
	part = cursor_span(in, cursor_left(in) < room ? cursor_left(in) : room);
	if (part.len > 0)
		memcpy(out, part.data, part.len);
	return part.len;
}

size_t transfer_reader_finish(struct transfer_reader *r, uint8_t out[static 3])
{
	size_t count = 0;

	if (r->held_count > 0)
		count = give_held(r, out);
	transfer_reader_init(r, r->encoding);
	return count;
}

enum transfer_encoding transfer_encoding_parse(struct span value)
{
	value = span_trim(value);
	if (span_equal_nocase(value, "base64"))
		return TRANSFER_BASE64;
	if (span_equal_nocase(value, "quoted-printable"))
		return TRANSFER_QUOTED_PRINTABLE;
	return TRANSFER_IDENTITY;
}

bool base64_run(struct span text)
{
	uint8_t front[BASE64_RUN_BYTES];
	struct transfer_reader reader;
	struct cursor in = cursor_open(span_slice(text, 0, BASE64_RUN_BYTES));
	size_t len;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.data[i];

		if (base64_digit(byte) < 0 && byte != '=' && byte != '\r' && byte != '\n')
			return false;
	}
	transfer_reader_init(&reader, TRANSFER_BASE64);
	len = transfer_reader_read(&reader, &in, front, sizeof(front));
	return opener_known(span_of(front, len));
}
