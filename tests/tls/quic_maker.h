/* quic_maker: seals QUIC Initial packets for tests, as a client or a server would: RFC 9001
 * sections 5.3 and 5.4 forwards. */
#ifndef EXEAT_TESTS_TLS_QUIC_MAKER_H
#define EXEAT_TESTS_TLS_QUIC_MAKER_H

#include <openssl/evp.h>
#include <string.h>

#include "base/status.h"
#include "tls/quic_keys.h"

#define DATAGRAM_BYTES_MAX 65536

struct datagram {
	uint8_t bytes[DATAGRAM_BYTES_MAX];
	size_t len;
};

struct quic_sealing {
	uint32_t version;
	struct span key_id;      /* the connection id that the keys come from */
	struct span destination; /* that in the header */
	struct span token;
	bool of_client;
	uint8_t number; /* packet number, one byte */
};

static inline void put(struct datagram *d, const void *bytes, size_t len)
{
	if (len > sizeof(d->bytes) - d->len)
		return;
	if (len > 0)
		memcpy(d->bytes + d->len, bytes, len);
	d->len += len;
}

static inline void put_byte(struct datagram *d, unsigned byte)
{
	uint8_t one = (uint8_t)byte;

	put(d, &one, 1);
}

/* In two bytes, whatever its size: RFC 9000 section 16. */
static inline void put_varint(struct datagram *d, size_t value)
{
	put_byte(d, 0x40 | (unsigned)(value >> 8 & 0x3f));
	put_byte(d, (unsigned)(value & 0xff));
}

static inline void put_crypto(struct datagram *d, size_t offset, struct span bytes)
{
	put_byte(d, 6);
	put_varint(d, offset);
	put_varint(d, bytes.len);
	put(d, bytes.data, bytes.len);
}

static inline void put_header(struct datagram *d, const struct quic_sealing *s, size_t sealed_len)
{
	const struct quic_version_facts *facts = quic_version_facts(s->version);

	put_byte(d, 0xc0u | (unsigned)facts->initial_type << 4);
	for (int shift = 24; shift >= 0; shift -= 8)
		put_byte(d, s->version >> shift & 0xff);
	put_byte(d, (unsigned)s->destination.len);
	put(d, s->destination.data, s->destination.len);
	put_byte(d, 0);
	put_varint(d, s->token.len);
	put(d, s->token.data, s->token.len);
	put_varint(d, 1 + sealed_len);
	put_byte(d, s->number);
}

/* Appends one Initial packet with these frames; nothing when there is no room. */
static inline void put_initial(struct datagram *d, const struct quic_sealing *s, struct span frames)
{
	uint8_t mask[QUIC_MASK_BYTES], nonce[QUIC_IV_BYTES];
	size_t start = d->len, body;
	struct quic_keys keys = {.key = {0}};
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int len = 0;

	if (frames.len + 256 > sizeof(d->bytes) - d->len ||
	        quic_keys_derive(quic_version_facts(s->version), s->key_id, s->of_client, &keys) !=
	                STATUS_OK) {
		EVP_CIPHER_CTX_free(context);
		return;
	}
	put_header(d, s, frames.len + QUIC_TAG_BYTES);
	body = d->len;
	memcpy(nonce, keys.iv, sizeof(nonce));
	nonce[QUIC_IV_BYTES - 1] ^= s->number;
	EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, keys.key, nonce);
	EVP_EncryptUpdate(context, NULL, &len, d->bytes + start, (int)(body - start));
	EVP_EncryptUpdate(context, d->bytes + body, &len, frames.data, (int)frames.len);
	EVP_EncryptFinal_ex(context, d->bytes + body + frames.len, &len);
	EVP_CIPHER_CTX_ctrl(
	        context, EVP_CTRL_AEAD_GET_TAG, QUIC_TAG_BYTES, d->bytes + body + frames.len);
	EVP_CIPHER_CTX_free(context);
	d->len = body + frames.len + QUIC_TAG_BYTES;
	if (quic_keys_mask(&keys, span_of(d->bytes + body - 1 + 4, QUIC_SAMPLE_BYTES), mask) !=
	        STATUS_OK)
		return;
	d->bytes[start] ^= mask[0] & 0x0f;
	d->bytes[body - 1] ^= mask[1];
}

#endif
