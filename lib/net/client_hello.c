#include "net/client_hello.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#define RECORD_HANDSHAKE   22
#define RECORD_BYTES_MAX   (16384 + 2048) /* RFC 5246 section 6.2.3, the most lenient */
#define HANDSHAKE_HEADER   4
#define TYPE_CLIENT_HELLO  1
#define TYPE_SERVER_HELLO  2
#define SESSION_ID_MAX     32
#define TLS_1_3            0x0304
#define EXTENSION_NAME     0
#define EXTENSION_ALPN     16
#define EXTENSION_VERSIONS 43
#define EXTENSION_ECH      0xfe0d
#define EXTENSION_ESNI     0xffce /* ECH's forerunner (draft-ietf-tls-esni-02) */

/* Which of the extensions that we read were there; a second copy breaks RFC 8446 section 4.2. */
enum seen { SEEN_NAME = 1, SEEN_ALPN = 2, SEEN_VERSIONS = 4 };

/* RFC 8701: 0x0a0a, 0x1a1a, … mean nothing. */
static bool is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* Drafts of TLS 1.3 called themselves 0x7f00 plus their number. */
static uint16_t final_version(uint16_t version)
{
	return version >> 8 == 0x7f ? TLS_1_3 : version;
}

/* The next record's part of the handshake message, as far as it is there. STATUS_ITEM, MORE,
 * MALFORMED; UNSUPPORTED when the very first record is not TLS. */
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

struct gathered {
	struct span body; /* of the handshake message, without its header */
	uint8_t *copy;    /* owned; NULL when the message lies in one record */
};

/* How long the message of this type is with its header. STATUS_MORE: the header is not there. */
static int message_length(struct span stream, uint8_t type, size_t *ret)
{
	struct cursor c = cursor_open(stream);
	uint8_t header[HANDSHAKE_HEADER];
	size_t have = 0;

	while (have < sizeof(header)) {
		struct span part;
		int status = next_fragment(&c, c.at == stream.data, &part);

		if (status != STATUS_ITEM)
			return status;
		part = span_slice(part, 0, sizeof(header) - have);
		if (part.len > 0)
			memcpy(header + have, part.data, part.len);
		have += part.len;
		if (have > 0 && header[0] != type)
			return STATUS_UNSUPPORTED;
		if (part.len == 0)
			return STATUS_MORE;
	}
	*ret = HANDSHAKE_HEADER +
	       ((size_t)header[1] << 16 | (size_t)header[2] << 8 | (size_t)header[3]);
	return STATUS_OK;
}

/* Copies a message that lies in several records. STATUS_MORE until all of it is there. */
static int join_records(struct span stream, size_t need, uint8_t *out)
{
	struct cursor c = cursor_open(stream);
	size_t have = 0;

	for (unsigned records = 0; have < need; records++) {
		struct span part;
		int status;

		if (records == CLIENT_HELLO_RECORDS_MAX)
			return STATUS_LIMIT;
		status = next_fragment(&c, records == 0, &part);
		if (status != STATUS_ITEM)
			return status;
		part = span_slice(part, 0, need - have);
		if (part.len > 0 && out)
			memcpy(out + have, part.data, part.len);
		have += part.len;
	}
	return STATUS_OK;
}

static int gather(struct span stream, uint8_t type, struct gathered *ret)
{
	struct cursor c = cursor_open(stream);
	struct span first;
	size_t need = 0;
	int status = message_length(stream, type, &need);

	if (status != STATUS_OK)
		return status;
	if (need > CLIENT_HELLO_BYTES_MAX)
		return STATUS_LIMIT;
	status = join_records(stream, need, NULL);
	if (status != STATUS_OK)
		return status;
	ret->copy = NULL;
	if (next_fragment(&c, true, &first) == STATUS_ITEM && first.len >= need) {
		ret->body = span_slice(first, HANDSHAKE_HEADER, need - HANDSHAKE_HEADER);
		return STATUS_OK;
	}
	ret->copy = malloc(need);
	if (!ret->copy)
		return STATUS_NO_MEMORY;
	status = join_records(stream, need, ret->copy);
	ret->body = span_slice(span_of(ret->copy, need), HANDSHAKE_HEADER, need);
	return status;
}

/* Text without inner zeros that fits, or nothing. */
static bool copy_text(struct span text, char *ret, size_t size)
{
	if (text.len >= size || span_find_byte(text, 0) != SIZE_MAX)
		return false;
	if (text.len > 0)
		memcpy(ret, text.data, text.len);
	ret[text.len] = '\0';
	return true;
}

/* RFC 6066 section 3: a list of typed names, of which only host_name (0) was ever defined. */
static int read_server_name(struct cursor *c, struct client_hello *ret)
{
	struct cursor list = cursor_sub(c, cursor_u16be(c));

	while (!cursor_failed(&list) && cursor_left(&list) > 0) {
		uint8_t type = cursor_u8(&list);
		uint16_t len = cursor_u16be(&list);
		struct span name = cursor_span(&list, len);

		if (cursor_failed(&list) || type != 0)
			continue;
		if (ret->server_name[0] != '\0' || name.len == 0)
			return STATUS_MALFORMED;
		if (!copy_text(name, ret->server_name, sizeof(ret->server_name)))
			return STATUS_MALFORMED;
	}
	return cursor_failed(&list) ? STATUS_MALFORMED : STATUS_OK;
}

/* RFC 7301 section 3.1: the first that is not GREASE. */
static int read_alpn(struct cursor *c, struct client_hello *ret)
{
	struct cursor list = cursor_sub(c, cursor_u16be(c));

	while (!cursor_failed(&list) && cursor_left(&list) > 0) {
		struct span name = cursor_span(&list, cursor_u8(&list));
		bool grease = name.len == 2 &&
		              is_grease((uint16_t)(name.data[0] << 8 | name.data[1]));

		if (cursor_failed(&list) || name.len == 0)
			return STATUS_MALFORMED;
		if (ret->alpn[0] == '\0' && !grease)
			(void)copy_text(name, ret->alpn, sizeof(ret->alpn));
	}
	return cursor_failed(&list) ? STATUS_MALFORMED : STATUS_OK;
}

/* RFC 8446 section 4.2.1: it replaces the version field. */
static int read_versions(struct cursor *c, struct client_hello *ret)
{
	struct cursor list = cursor_sub(c, cursor_u8(c));
	uint16_t best = 0;

	while (!cursor_failed(&list) && cursor_left(&list) > 0) {
		uint16_t version = cursor_u16be(&list);

		if (is_grease(version))
			continue;
		version = final_version(version);
		if (version > best)
			best = version;
	}
	if (cursor_failed(&list) || best == 0)
		return STATUS_MALFORMED;
	ret->version = best;
	return STATUS_OK;
}

static int once(unsigned *seen, enum seen which)
{
	bool again = (*seen & which) != 0;

	*seen |= which;
	return again ? STATUS_MALFORMED : STATUS_OK;
}

static int read_extension(uint16_t type, struct cursor *c, unsigned *seen, struct client_hello *ret)
{
	int status = STATUS_OK;

	switch (type) {
	case EXTENSION_NAME:
		status = once(seen, SEEN_NAME);
		return status == STATUS_OK ? read_server_name(c, ret) : status;
	case EXTENSION_ALPN:
		status = once(seen, SEEN_ALPN);
		return status == STATUS_OK ? read_alpn(c, ret) : status;
	case EXTENSION_VERSIONS:
		status = once(seen, SEEN_VERSIONS);
		return status == STATUS_OK ? read_versions(c, ret) : status;
	case EXTENSION_ECH:
	case EXTENSION_ESNI:
		ret->encrypted_hello = true;
		return STATUS_OK;
	default:
		return STATUS_OK;
	}
}

static int read_extensions(struct cursor *c, struct client_hello *ret)
{
	struct cursor list = cursor_sub(c, cursor_u16be(c));
	unsigned seen = 0;

	while (!cursor_failed(&list) && cursor_left(&list) > 0) {
		uint16_t type = cursor_u16be(&list);
		struct cursor data = cursor_sub(&list, cursor_u16be(&list));
		int status;

		if (cursor_failed(&list))
			break;
		status = read_extension(type, &data, &seen, ret);
		if (status != STATUS_OK)
			return status;
	}
	return cursor_failed(&list) || cursor_left(c) > 0 ? STATUS_MALFORMED : STATUS_OK;
}

/* RFC 8446 section 4.1.2; hellos before TLS 1.2 may end without extensions. */
static int read_client_hello(struct span body, struct client_hello *ret)
{
	struct cursor c = cursor_open(body);
	uint8_t session, compression;
	uint16_t suites;

	ret->version = cursor_u16be(&c);
	cursor_skip(&c, 32);
	session = cursor_u8(&c);
	cursor_skip(&c, session);
	suites = cursor_u16be(&c);
	cursor_skip(&c, suites);
	compression = cursor_u8(&c);
	cursor_skip(&c, compression);
	if (cursor_failed(&c) || ret->version >> 8 != 3 || session > SESSION_ID_MAX ||
	        suites == 0 || suites % 2 != 0 || compression == 0)
		return STATUS_MALFORMED;
	return cursor_left(&c) == 0 ? STATUS_OK : read_extensions(&c, ret);
}

int client_hello_parse(struct span stream, struct client_hello *ret)
{
	struct client_hello hello = {0};
	struct gathered message = {0};
	int status = gather(stream, TYPE_CLIENT_HELLO, &message);

	if (status == STATUS_OK)
		status = read_client_hello(message.body, &hello);
	free(message.copy);
	if (status == STATUS_OK)
		*ret = hello;
	return status;
}

/* RFC 8446 section 4.1.3. A HelloRetryRequest has the same form and names the same choices. */
static int read_server_hello(struct span body, struct server_hello *ret)
{
	struct cursor c = cursor_open(body);
	struct cursor list;
	uint8_t session;

	ret->version = final_version(cursor_u16be(&c));
	cursor_skip(&c, 32);
	session = cursor_u8(&c);
	cursor_skip(&c, session);
	ret->cipher = cursor_u16be(&c);
	cursor_skip(&c, 1);
	if (cursor_failed(&c) || session > SESSION_ID_MAX)
		return STATUS_MALFORMED;
	if (cursor_left(&c) == 0)
		return STATUS_OK;
	list = cursor_sub(&c, cursor_u16be(&c));
	while (!cursor_failed(&list) && cursor_left(&list) > 0) {
		uint16_t type = cursor_u16be(&list);
		struct cursor data = cursor_sub(&list, cursor_u16be(&list));

		if (type == EXTENSION_VERSIONS && cursor_left(&data) == 2)
			ret->version = final_version(cursor_u16be(&data));
	}
	return cursor_failed(&list) || cursor_left(&c) > 0 ? STATUS_MALFORMED : STATUS_OK;
}

int server_hello_parse(struct span stream, struct server_hello *ret)
{
	struct server_hello hello = {0};
	struct gathered message = {0};
	int status = gather(stream, TYPE_SERVER_HELLO, &message);

	if (status == STATUS_OK)
		status = read_server_hello(message.body, &hello);
	free(message.copy);
	if (status == STATUS_OK)
		*ret = hello;
	return status;
}

const char *tls_version_text(uint16_t version)
{
	switch (version) {
	case 0x0300:
		return "SSL 3.0";
	case 0x0301:
		return "TLS 1.0";
	case 0x0302:
		return "TLS 1.1";
	case 0x0303:
		return "TLS 1.2";
	case TLS_1_3:
		return "TLS 1.3";
	default:
		return "";
	}
}

/* IANA TLS Cipher Suites registry: those that servers of the last fifteen years chose. */
static const struct {
	uint16_t cipher;
	const char *name;
} suites[] = {
        {0x0004, "TLS_RSA_WITH_RC4_128_MD5"},
        {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
        {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
        {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
        {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
        {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
        {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
        {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
        {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
        {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
        {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
        {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
        {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
        {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
        {0x1301, "TLS_AES_128_GCM_SHA256"},
        {0x1302, "TLS_AES_256_GCM_SHA384"},
        {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
        {0x1304, "TLS_AES_128_CCM_SHA256"},
        {0x1305, "TLS_AES_128_CCM_8_SHA256"},
        {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
        {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
        {0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"},
        {0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
        {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
        {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
        {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
        {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
        {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
        {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
        {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
        {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
        {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
        {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
        {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
        {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
        {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
};

void tls_cipher_text(uint16_t cipher, char ret[static 48])
{
	for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
		if (suites[i].cipher == cipher) {
			snprintf(ret, 48, "%s", suites[i].name);
			return;
		}
	}
	snprintf(ret, 48, "0x%04x", cipher);
}
