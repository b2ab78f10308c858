#include "tls/quic_keys.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/status.h"

#define SALT_BYTES      20
#define INFO_BYTES_MAX  48 /* two of length, one, "tls13 " and a label of ours, two zeros, one */
#define TYPE_INITIAL    0
#define TYPE_INITIAL_V2 1

/* draft-ietf-quic-tls-22, -23, -29 and RFC 9001 section 5.2; RFC 9369 section 3.3.1 */
static const uint8_t salt_draft_22[SALT_BYTES] = {0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9,
        0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a};
static const uint8_t salt_draft_23[SALT_BYTES] = {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a,
        0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02};
static const uint8_t salt_draft_29[SALT_BYTES] = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c,
        0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
static const uint8_t salt_v1[SALT_BYTES] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d,
        0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
static const uint8_t salt_v2[SALT_BYTES] = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81,
        0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
/* draft-ietf-quic-v2-00 section 3.2 */
static const uint8_t salt_v2_draft[SALT_BYTES] = {0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18,
        0x4a, 0x1d, 0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a, 0xe3, 0xe5, 0xd3};
/* Chromium's quic_utils and crypto_utils: Q050, T050, T051 */
static const uint8_t salt_q050[SALT_BYTES] = {0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d,
        0x94, 0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45};
static const uint8_t salt_t050[SALT_BYTES] = {0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55,
        0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10};
static const uint8_t salt_t051[SALT_BYTES] = {0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4,
        0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d};

static const struct quic_version_facts versions[] = {
        {0x00000001, 0x00000001, salt_v1, TYPE_INITIAL, "quic", false},
        {0x6b3343cf, 0x6b3343cf, salt_v2, TYPE_INITIAL_V2, "quicv2", false},
        {0x709a50c4, 0x709a50c4, salt_v2, TYPE_INITIAL_V2, "quicv2", false}, /* drafts 01 to 10 */
        {0xff020000, 0xff020000, salt_v2_draft, TYPE_INITIAL, "quicv2", false},
        {0xff000016, 0xff000016, salt_draft_22, TYPE_INITIAL, "quic", false},
        {0xff000017, 0xff00001c, salt_draft_23, TYPE_INITIAL, "quic", false},
        {0xff00001d, 0xff000020, salt_draft_29, TYPE_INITIAL, "quic", false},
        {0xff000021, 0xff000022, salt_v1, TYPE_INITIAL, "quic", false},
        {0xfaceb001, 0xfaceb001, salt_draft_22, TYPE_INITIAL, "quic", false}, /* mvfst */
        {0xfaceb002, 0xfaceb002, salt_draft_23, TYPE_INITIAL, "quic", false},
        {0xfaceb00e, 0xfaceb00e, salt_draft_23, TYPE_INITIAL, "quic", false},
        {0x51303530, 0x51303530, salt_q050, TYPE_INITIAL, "quic", true},
        {0x54303530, 0x54303530, salt_t050, TYPE_INITIAL, "quic", true},
        {0x54303531, 0x54303531, salt_t051, TYPE_INITIAL, "quic", true},
};

const struct quic_version_facts *quic_version_facts(uint32_t version)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (version >= versions[i].first && version <= versions[i].last)
			return &versions[i];
	return quic_version_is_grease(version) ? &versions[0] : NULL;
}

bool quic_version_is_grease(uint32_t version)
{
	return (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}

/* RFC 8446 section 7.1, HKDF-Expand-Label with an empty context and at most 32 bytes: one block. */
static int expand_label(struct span secret, const char *label, uint8_t *ret, size_t len)
{
	uint8_t info[INFO_BYTES_MAX] = {0}, block[DIGEST_SHA256_BYTES];
	int written = snprintf((char *)info + 3, sizeof(info) - 5, "tls13 %s", label);
	int status;

	if (written < 0 || (size_t)written >= sizeof(info) - 5 || len > sizeof(block))
		return STATUS_BUG;
	info[1] = (uint8_t)len;
	info[2] = (uint8_t)written;
	info[3 + written + 1] = 1;
	status = digest_hmac(secret, span_of(info, (size_t)written + 5), block);
	if (status == STATUS_OK)
		memcpy(ret, block, len);
	return status;
}

static int expand_part(
        struct span secret, const char *version, const char *part, uint8_t *ret, size_t len)
{
	char label[24];

	snprintf(label, sizeof(label), "%s %s", version, part);
	return expand_label(secret, label, ret, len);
}

int quic_keys_derive(const struct quic_version_facts *facts, struct span connection_id,
        bool of_client, struct quic_keys *ret)
{
	uint8_t initial[DIGEST_SHA256_BYTES], side[DIGEST_SHA256_BYTES] = {0};
	struct span secret = span_of(side, sizeof(side));
	struct quic_keys keys;
	int status = digest_hmac(span_of(facts->salt, SALT_BYTES), connection_id, initial);

	if (status == STATUS_OK)
		status = expand_label(span_of(initial, sizeof(initial)),
		        of_client ? "client in" : "server in", side, sizeof(side));
	if (status == STATUS_OK)
		status = expand_part(secret, facts->label, "key", keys.key, sizeof(keys.key));
	if (status == STATUS_OK)
		status = expand_part(secret, facts->label, "iv", keys.iv, sizeof(keys.iv));
	if (status == STATUS_OK)
		status = expand_part(
		        secret, facts->label, "hp", keys.header_key, sizeof(keys.header_key));
	if (status == STATUS_OK)
		*ret = keys;
	return status;
}

int quic_keys_mask(
        const struct quic_keys *keys, struct span sample, uint8_t ret[static QUIC_MASK_BYTES])
{
	uint8_t block[QUIC_SAMPLE_BYTES];
	EVP_CIPHER_CTX *context;
	int len = 0, ok;

	if (sample.len != QUIC_SAMPLE_BYTES)
		return STATUS_BUG;
	context = EVP_CIPHER_CTX_new();
	ok = context &&
	     EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), NULL, keys->header_key, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
	     EVP_EncryptUpdate(context, block, &len, sample.data, QUIC_SAMPLE_BYTES) == 1;
	EVP_CIPHER_CTX_free(context);
	if (!ok)
		return STATUS_LIBRARY;
	memcpy(ret, block, QUIC_MASK_BYTES);
	return STATUS_OK;
}

/* RFC 9001 section 5.3: the packet number laid over the end of the IV. */
static void make_nonce(const struct quic_keys *keys, uint32_t number, uint8_t *ret)
{
	memcpy(ret, keys->iv, QUIC_IV_BYTES);
	for (unsigned i = 0; i < 4; i++)
		ret[QUIC_IV_BYTES - 1 - i] ^= (uint8_t)(number >> (8 * i));
}

int quic_keys_open(const struct quic_keys *keys, uint32_t packet_number, struct span header,
        struct span sealed, uint8_t *out)
{
	uint8_t nonce[QUIC_IV_BYTES], tag[QUIC_TAG_BYTES];
	struct span text = span_slice(sealed, 0, sealed.len - QUIC_TAG_BYTES);
	EVP_CIPHER_CTX *context;
	int len = 0, ok;

	if (sealed.len < QUIC_TAG_BYTES || sealed.len > UINT16_MAX || header.len > UINT16_MAX)
		return STATUS_BUG;
	memcpy(tag, sealed.data + text.len, sizeof(tag));
	make_nonce(keys, packet_number, nonce);
	context = EVP_CIPHER_CTX_new();
	ok = context &&
	     EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), NULL, keys->key, nonce) == 1 &&
	     EVP_DecryptUpdate(context, NULL, &len, header.data, (int)header.len) == 1 &&
	     EVP_DecryptUpdate(context, out, &len, text.data, (int)text.len) == 1 &&
	     EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, QUIC_TAG_BYTES, tag) == 1;
	if (!ok) {
		EVP_CIPHER_CTX_free(context);
		return STATUS_LIBRARY;
	}
	ok = EVP_DecryptFinal_ex(context, out + text.len, &len) == 1;
	EVP_CIPHER_CTX_free(context);
	return ok ? STATUS_OK : STATUS_ENCRYPTED;
}
