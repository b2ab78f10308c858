#include "decode/unpack_record.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/status.h"
#include "decode/decode.h"

#define LABEL_BYTES_MAX DECODE_LABEL_BYTES_MAX

static unsigned detail_end(enum unpack_kind kind)
{
	switch (kind) {
	case UNPACK_VALUE:
		return UNPACK_VALUES;
	case UNPACK_MEMBER:
		return UNPACK_TABLE + 1;
	case UNPACK_MEMBER_END:
	case UNPACK_END:
		return STREAM_ENDS;
	default:
		return 1;
	}
}

int unpack_record_read(struct span bytes, struct unpack_record *ret, size_t *ret_len)
{
	struct cursor c = cursor_open(bytes);
	unsigned kind = cursor_u8(&c), detail = cursor_u8(&c);
	size_t len = cursor_u16le(&c);
	uint32_t number = cursor_u32le(&c);

	if (cursor_failed(&c))
		return STATUS_MORE;
	if (kind == UNPACK_NONE || kind >= UNPACK_KINDS || len > UNPACK_PAYLOAD_BYTES ||
	        detail >= detail_end((enum unpack_kind)kind) ||
	        (kind == UNPACK_END && number > UNPACK_WHOLE))
		return STATUS_MALFORMED;
	if (cursor_left(&c) < len)
		return STATUS_MORE;
	*ret = (struct unpack_record){.kind = (enum unpack_kind)kind,
	        .detail = detail,
	        .number = number,
	        .payload = cursor_span(&c, len)};
	*ret_len = UNPACK_HEADER_BYTES + len;
	return STATUS_ITEM;
}

/* Nobody reads any more: there is nothing left to do here. */
static int write_all(int fd, struct iovec *pieces, int count)
{
	while (count > 0) {
		ssize_t len = writev(fd, pieces, count);
		size_t done = len > 0 ? (size_t)len : 0;

		if (len < 0 && errno != EINTR)
			return status_from_errno(errno);
		while (count > 0 && done >= pieces->iov_len) {
			done -= pieces->iov_len;
			pieces++;
			count--;
		}
		if (count > 0) {
			pieces->iov_base = (uint8_t *)pieces->iov_base + done;
			pieces->iov_len -= done;
		}
	}
	return STATUS_OK;
}

static void put_pieces(struct unpack_sink *s, uint8_t *header, const struct span *parts, int count)
{
	struct iovec pieces[4] = {{.iov_base = header, .iov_len = UNPACK_HEADER_BYTES}};

	if (s->fd < 0) {
		s->status = buf_append(s->buf, span_of(header, UNPACK_HEADER_BYTES));
		for (int i = 0; i < count && s->status == STATUS_OK; i++)
			s->status = buf_append(s->buf, parts[i]);
		return;
	}
	for (int i = 0; i < count; i++)
		pieces[i + 1] = (struct iovec){
		        .iov_base = (void *)(uintptr_t)parts[i].data, .iov_len = parts[i].len};
	s->status = write_all(s->fd, pieces, count + 1);
}

static void put(struct unpack_sink *s, struct unpack_record *r, const struct span *parts, int count)
{
	uint8_t header[UNPACK_HEADER_BYTES] = {(uint8_t)r->kind, (uint8_t)r->detail};
	size_t len = 0;

	for (int i = 0; i < count; i++)
		len += parts[i].len;
	if (s->status == STATUS_OK && len > UNPACK_PAYLOAD_BYTES)
		s->status = STATUS_BUG;
	if (s->status != STATUS_OK)
		return;
	header[2] = (uint8_t)len;
	header[3] = (uint8_t)(len >> 8);
	for (unsigned i = 0; i < 4; i++)
		header[4 + i] = (uint8_t)(r->number >> 8 * i);
	s->bytes += sizeof(header) + len;
	put_pieces(s, header, parts, count);
}

void unpack_put(struct unpack_sink *s, enum unpack_kind kind, unsigned detail, uint32_t number,
        struct span payload)
{
	struct unpack_record r = {.kind = kind, .detail = detail, .number = number};

	put(s, &r, &payload, 1);
}

void unpack_put_all(
        struct unpack_sink *s, enum unpack_kind kind, uint32_t number, struct span bytes)
{
	while (bytes.len > 0 && s->status == STATUS_OK) {
		unpack_put(s, kind, 0, number, span_slice(bytes, 0, UNPACK_PAYLOAD_BYTES));
		bytes = span_slice(bytes, UNPACK_PAYLOAD_BYTES, bytes.len);
	}
}

void unpack_put_value(
        struct unpack_sink *s, enum unpack_value what, struct span label, struct span value)
{
	struct unpack_record r = {.kind = UNPACK_VALUE, .detail = what};
	struct span parts[3] = {span_slice(label, 0, LABEL_BYTES_MAX), span_of("", 1), value};

	if (value.len > UNPACK_PAYLOAD_BYTES - LABEL_BYTES_MAX - 1) {
		unpack_put_all(s, UNPACK_TEXT, 0, value);
		unpack_put(s, UNPACK_BREAK, 0, 0, span_of(NULL, 0));
		return;
	}
	parts[0] = span_slice(parts[0], 0, span_find_byte(parts[0], 0));
	put(s, &r, parts, 3);
}
