#include "net/handshake.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#define RECORD_HANDSHAKE 22
#define RECORD_BYTES_MAX (16384 + 2048) /* RFC 5246 section 6.2.3, the most lenient */

/* A walk over handshake records as if they were one run of bytes. */
struct records {
	struct cursor c;
	struct span part; /* of the record at hand, not taken yet */
	unsigned count;
};

/* The next record's part of the handshake, as far as it is there. STATUS_ITEM, MORE, MALFORMED;
 * UNSUPPORTED when the very first record is not TLS. */
static int next_fragment(struct cursor *c, bool first, struct span *ret)
{
	struct cursor head = *c;
	int wrong = first ? STATUS_UNSUPPORTED : STATUS_MALFORMED;
	uint16_t len;

	if (cursor_left(&head) >= 1 && cursor_peek(&head, 0) != RECORD_HANDSHAKE)
		return wrong;
	if (cursor_left(&head) >= 2 && cursor_peek(&head, 1) != 3)
		return wrong;
	cursor_skip(&head, 3);
	len = cursor_u16be(&head);
	if (cursor_failed(&head))
		return STATUS_MORE;
	if (len == 0 || len > RECORD_BYTES_MAX)
		return wrong;
	*ret = cursor_span(&head, len < head.left ? len : head.left);
	*c = head;
	return STATUS_ITEM;
}

/* Moves over len bytes; copies them where out is not NULL. */
static int take(struct records *r, size_t len, uint8_t *out)
{
	while (len > 0) {
		struct span now;

		if (r->part.len == 0) {
			int status;

			if (r->count == HANDSHAKE_RECORDS_MAX)
				return STATUS_LIMIT;
			status = next_fragment(&r->c, r->count == 0, &r->part);
			if (status != STATUS_ITEM)
				return status;
			r->count++;
			if (r->part.len == 0)
				return STATUS_MORE;
		}
		now = span_slice(r->part, 0, len);
		if (out) {
			memcpy(out, now.data, now.len);
			out += now.len;
		}
		r->part = span_slice(r->part, now.len, r->part.len);
		len -= now.len;
	}
	return STATUS_OK;
}

static int take_length(struct records *r, size_t *ret)
{
	uint8_t bytes[3] = {0};
	struct cursor c = cursor_open_bytes(bytes, sizeof(bytes));
	int status = take(r, sizeof(bytes), bytes);

	if (status == STATUS_OK)
		*ret = cursor_u24be(&c);
	return status;
}

static int take_body(struct records *r, size_t len, struct handshake *ret)
{
	struct records after = *r;
	int status;

	if (len > HANDSHAKE_BYTES_MAX - HANDSHAKE_HEADER_BYTES)
		return STATUS_LIMIT;
	status = take(&after, len, NULL);
	if (status != STATUS_OK)
		return status;
	ret->copy = NULL;
	ret->body = span_slice(r->part, 0, len);
	if (ret->body.len == len)
		return STATUS_OK;
	ret->copy = malloc(len);
	if (!ret->copy)
		return STATUS_NO_MEMORY;
	ret->body = span_of(ret->copy, len);
	return take(r, len, ret->copy);
}

int handshake_find(struct span stream, uint8_t first, uint8_t wanted, struct handshake *ret)
{
	struct records r = {.c = cursor_open(stream)};

	for (unsigned i = 0; i < HANDSHAKE_MESSAGES_MAX; i++) {
		uint8_t type = 0;
		size_t len = 0;
		int status = take(&r, 1, &type);

		if (status == STATUS_OK && i == 0 && type != first)
			return STATUS_UNSUPPORTED;
		if (status == STATUS_OK)
			status = take_length(&r, &len);
		if (status != STATUS_OK)
			return status;
		if (type == wanted)
			return take_body(&r, len, ret);
		if (type == HANDSHAKE_SERVER_DONE)
			return STATUS_NOT_FOUND;
		status = take(&r, len, NULL);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_LIMIT;
}

/* Byte for byte into *out until the records end. */
static int take_what_is_there(struct records *r, size_t len, uint8_t *out, size_t *ret_len)
{
	int status = STATUS_OK;

	*ret_len = 0;
	while (*ret_len < len && status == STATUS_OK) {
		size_t now = r->part.len < len - *ret_len ? r->part.len : len - *ret_len;

		now = now > 0 ? now : 1;
		status = take(r, now, out + *ret_len);
		if (status == STATUS_OK)
			*ret_len += now;
	}
	return status < 0 ? status : STATUS_OK;
}

int handshake_front(struct span stream, uint8_t first, struct handshake *ret)
{
	struct records r = {.c = cursor_open(stream)};
	uint8_t type = 0, *copy;
	size_t len = 0, there;
	int status = take(&r, 1, &type);

	if (status == STATUS_OK && type != first)
		return STATUS_UNSUPPORTED;
	if (status == STATUS_OK)
		status = take_length(&r, &len);
	if (status != STATUS_OK)
		return status;
	if (len == 0 || len > HANDSHAKE_BYTES_MAX - HANDSHAKE_HEADER_BYTES)
		return STATUS_LIMIT;
	copy = malloc(len);
	if (!copy)
		return STATUS_NO_MEMORY;
	status = take_what_is_there(&r, len, copy, &there);
	if (status != STATUS_OK) {
		free(copy);
		return status;
	}
	*ret = (struct handshake){.body = span_of(copy, there), .copy = copy};
	return STATUS_OK;
}

void handshake_free(struct handshake *h)
{
	if (!h)
		return;
	free(h->copy);
	*h = (struct handshake){.copy = NULL};
}

int handshake_open(struct span bytes, uint8_t wanted, struct span *ret)
{
	struct cursor c = cursor_open(bytes);
	uint8_t type = cursor_u8(&c);
	size_t len = cursor_u24be(&c);

	if (bytes.len > 0 && type != wanted)
		return STATUS_UNSUPPORTED;
	if (cursor_failed(&c))
		return STATUS_MORE;
	if (len > HANDSHAKE_BYTES_MAX - HANDSHAKE_HEADER_BYTES)
		return STATUS_LIMIT;
	if (cursor_left(&c) < len)
		return STATUS_MORE;
	*ret = cursor_span(&c, len);
	return STATUS_OK;
}
