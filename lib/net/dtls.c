#include "net/dtls.h"

#include "base/status.h"
#include "net/handshake.h"

#define RECORD_HANDSHAKE     22
#define RECORD_HEADER_BYTES  13
#define VERSION_FIRST        0xfeff /* 1.0; 0xfefd is 1.2 */
#define VERSION_LAST         0xfefc /* 1.3 */
#define VERSION_BEFORE_1_0   0x0100 /* OpenSSL 0.9.8's, still sent by VPN clients */
#define EPOCH_AND_SEQUENCE   8
#define DATAGRAM_RECORDS_MAX 64 /* records of a few bytes are possible, not usual */

struct fragment {
	uint8_t type;
	uint32_t message_len;
	uint16_t sequence;
	uint32_t offset;
	struct span bytes;
};

static bool is_version(uint16_t version)
{
	return (version <= VERSION_FIRST && version >= VERSION_LAST) ||
	       version == VERSION_BEFORE_1_0;
}

bool dtls_is_handshake(struct span datagram)
{
	struct cursor c = cursor_open(datagram);
	uint8_t type = cursor_u8(&c);

	return datagram.len > RECORD_HEADER_BYTES && type == RECORD_HANDSHAKE &&
	       is_version(cursor_u16be(&c));
}

void dtls_init(struct dtls *d, struct budget *budget)
{
	*d = (struct dtls){.begun = false};
	pieces_init(&d->pieces, budget);
}

void dtls_free(struct dtls *d)
{
	if (d)
		pieces_free(&d->pieces);
}

/* RFC 6347 section 4.2.2 */
static struct fragment read_fragment(struct cursor *c)
{
	struct fragment f = {.type = cursor_u8(c)};

	f.message_len = cursor_u24be(c);
	f.sequence = cursor_u16be(c);
	f.offset = cursor_u24be(c);
	f.bytes = cursor_span(c, cursor_u24be(c));
	return f;
}

static int take_fragment(struct dtls *d, const struct fragment *f)
{
	if (f->message_len > HANDSHAKE_BYTES_MAX)
		return STATUS_LIMIT;
	if (f->offset > f->message_len || f->bytes.len > f->message_len - f->offset)
		return STATUS_MALFORMED;
	if (!d->begun || f->sequence != d->sequence || f->message_len != d->len) {
		pieces_free(&d->pieces);
		d->begun = true;
		d->sequence = f->sequence;
		d->len = f->message_len;
	}
	return pieces_add(&d->pieces, f->offset, f->bytes);
}

/* The fragments of one record. An encrypted Finished of a later epoch is no handshake to us. */
static int read_record(struct dtls *d, struct cursor *c, uint8_t wanted)
{
	uint8_t type = cursor_u8(c);
	uint16_t version = cursor_u16be(c);
	struct cursor content, epoch;

	epoch = cursor_sub(c, EPOCH_AND_SEQUENCE);
	content = cursor_sub(c, cursor_u16be(c));
	if (cursor_failed(c))
		return STATUS_MALFORMED;
	if (type != RECORD_HANDSHAKE || !is_version(version) || cursor_u16be(&epoch) != 0)
		return STATUS_OK;
	while (cursor_left(&content) > 0) {
		struct fragment f = read_fragment(&content);
		int status = STATUS_OK;

		if (cursor_failed(&content))
			return STATUS_MALFORMED;
		if (f.type == wanted)
			status = take_fragment(d, &f);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

int dtls_feed(struct dtls *d, struct span datagram, uint8_t wanted, struct span *ret)
{
	struct cursor c = cursor_open(datagram);
	int status = STATUS_OK;

	if (!dtls_is_handshake(datagram))
		return STATUS_UNSUPPORTED;
	for (unsigned i = 0; status == STATUS_OK && cursor_left(&c) > 0; i++) {
		if (i == DATAGRAM_RECORDS_MAX)
			return STATUS_LIMIT;
		status = read_record(d, &c, wanted);
	}
	if (status != STATUS_OK)
		return status;
	if (!d->begun || pieces_front(&d->pieces).len < d->len)
		return STATUS_MORE;
	*ret = span_slice(pieces_front(&d->pieces), 0, d->len);
	return STATUS_ITEM;
}
