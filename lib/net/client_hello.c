#include "net/client_hello.h"

#include <string.h>

#include "base/status.h"
#include "net/handshake.h"

#define SESSION_ID_MAX       32
#define TLS_1_3              0x0304
#define DTLS_BEFORE_1_0      0x0100
#define EXTENSION_NAME       0
#define EXTENSION_GROUPS     10 /* RFC 8446 section 4.2.7; RFC 4492 called them curves */
#define EXTENSION_POINTS     11 /* RFC 8422 section 5.1.2 */
#define EXTENSION_SIGNATURES 13
#define EXTENSION_ALPN       16
#define EXTENSION_VERSIONS   43
#define EXTENSION_ECH        0xfe0d
#define EXTENSION_ESNI       0xffce /* ECH's forerunner (draft-ietf-tls-esni-02) */

/* Which of the extensions that we read were there; a second copy breaks RFC 8446 section 4.2. */
enum seen { SEEN_NAME = 1, SEEN_ALPN = 2, SEEN_VERSIONS = 4 };

bool tls_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* DTLS counts downwards: 0xfeff is 1.0, 0xfefd 1.2, 0xfefc 1.3 (RFC 9147 section 5.3). OpenSSL
 * 0.9.8 wrote 0x0100, and VPN clients still do. */
static bool is_datagram_version(uint16_t version)
{
	return version >> 8 == 0xfe || version == DTLS_BEFORE_1_0;
}

static bool is_later(uint16_t a, uint16_t b)
{
	if (is_datagram_version(a) && is_datagram_version(b))
		return a < b;
	return a > b;
}

/* Drafts of TLS 1.3 called themselves 0x7f00 plus their number. */
static uint16_t final_version(uint16_t version)
{
	return version >> 8 == 0x7f ? TLS_1_3 : version;
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
		              tls_is_grease((uint16_t)(name.data[0] << 8 | name.data[1]));

		if (cursor_failed(&list) || name.len == 0)
			return STATUS_MALFORMED;
		if (ret->first_alpn.len == 0 && !grease)
			ret->first_alpn = name;
	}
	if (cursor_failed(&list))
		return STATUS_MALFORMED;
	(void)copy_text(ret->first_alpn, ret->alpn, sizeof(ret->alpn));
	return STATUS_OK;
}

/* Lists for fingerprints only, with their own length in front: the first of each, and a broken one
 * counts as empty. */
static void read_list(struct cursor *c, size_t len, struct span *ret)
{
	struct span list = cursor_span(c, len);

	if (!cursor_failed(c) && ret->len == 0)
		*ret = list;
}

/* RFC 8446 section 4.2.1: it replaces the version field. */
static int read_versions(struct cursor *c, struct client_hello *ret)
{
	struct cursor list = cursor_sub(c, cursor_u8(c));
	uint16_t best = 0, highest = 0;

	while (!cursor_failed(&list) && cursor_left(&list) > 0) {
		uint16_t version = cursor_u16be(&list);

		if (tls_is_grease(version))
			continue;
		if (version > highest)
			highest = version;
		version = final_version(version);
		if (best == 0 || is_later(version, best))
			best = version;
	}
	if (cursor_failed(&list) || best == 0)
		return STATUS_MALFORMED;
	ret->version = best;
	ret->highest_number = highest;
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
	case EXTENSION_GROUPS:
		read_list(c, cursor_u16be(c), &ret->groups);
		return STATUS_OK;
	case EXTENSION_POINTS:
		read_list(c, cursor_u8(c), &ret->points);
		return STATUS_OK;
	case EXTENSION_SIGNATURES:
		read_list(c, cursor_u16be(c), &ret->signature_algorithms);
		return STATUS_OK;
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

	ret->extensions = span_of(list.at, list.left);
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

/* All before the extensions. RFC 8446 section 4.1.2; DTLS has a cookie (RFC 6347 section 4.2.1). */
static int read_choices(struct cursor *c, struct client_hello *ret)
{
	uint8_t session, compression;
	uint16_t suites;

	ret->version = cursor_u16be(c);
	ret->body_version = ret->highest_number = ret->version;
	cursor_skip(c, 32);
	session = cursor_u8(c);
	cursor_skip(c, session);
	if (is_datagram_version(ret->version))
		cursor_skip(c, cursor_u8(c));
	suites = cursor_u16be(c);
	ret->cipher_suites = cursor_span(c, suites);
	compression = cursor_u8(c);
	cursor_skip(c, compression);
	if (cursor_failed(c) || session > SESSION_ID_MAX || suites == 0 || suites % 2 != 0 ||
	        compression == 0)
		return STATUS_MALFORMED;
	if (ret->version >> 8 != 3 && !is_datagram_version(ret->version))
		return STATUS_MALFORMED;
	return STATUS_OK;
}

/* Hellos before TLS 1.2 may end without extensions. */
int client_hello_read(struct span body, struct client_hello *ret)
{
	struct client_hello hello = {.version = 0};
	struct cursor c = cursor_open(body);
	int status = read_choices(&c, &hello);

	if (status == STATUS_OK && cursor_left(&c) > 0)
		status = read_extensions(&c, &hello);
	if (status == STATUS_OK)
		*ret = hello;
	return status;
}

int client_hello_read_front(struct span front, struct client_hello *ret)
{
	struct client_hello hello = {.version = 0};
	struct cursor c = cursor_open(front);
	unsigned seen = 0;
	int status = read_choices(&c, &hello);

	cursor_skip(&c, 2); /* the length of all extensions, of which some are missing */
	while (status == STATUS_OK && !cursor_failed(&c) && cursor_left(&c) > 0) {
		uint16_t type = cursor_u16be(&c);
		struct cursor data = cursor_sub(&c, cursor_u16be(&c));

		if (!cursor_failed(&c))
			status = read_extension(type, &data, &seen, &hello);
	}
	if (status != STATUS_OK)
		return status;
	if (hello.server_name[0] == '\0')
		return STATUS_NOT_FOUND;
	*ret = (struct client_hello){.encrypted_hello = hello.encrypted_hello};
	memcpy(ret->server_name, hello.server_name, sizeof(ret->server_name));
	return STATUS_OK;
}

int client_hello_parse(struct span stream, struct client_hello *ret)
{
	struct client_hello hello;
	struct handshake message = {.copy = NULL};
	int status = handshake_find(
	        stream, HANDSHAKE_CLIENT_HELLO, HANDSHAKE_CLIENT_HELLO, &message);

	if (status == STATUS_OK)
		status = client_hello_read(message.body, &hello);
	handshake_free(&message);
	if (status != STATUS_OK)
		return status;
	hello.cipher_suites = hello.extensions = hello.first_alpn = (struct span){.len = 0};
	hello.groups = hello.points = hello.signature_algorithms = (struct span){.len = 0};
	*ret = hello;
	return STATUS_OK;
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

int server_hello_read(struct span body, struct server_hello *ret)
{
	struct server_hello hello = {.version = 0};
	int status = read_server_hello(body, &hello);

	if (status == STATUS_OK)
		*ret = hello;
	return status;
}

int server_hello_parse(struct span stream, struct server_hello *ret)
{
	struct handshake message = {.copy = NULL};
	int status = handshake_find(
	        stream, HANDSHAKE_SERVER_HELLO, HANDSHAKE_SERVER_HELLO, &message);

	if (status == STATUS_OK)
		status = server_hello_read(message.body, ret);
	handshake_free(&message);
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
	case 0xfeff:
		return "DTLS 1.0";
	case 0xfefd:
		return "DTLS 1.2";
	case 0xfefc:
		return "DTLS 1.3";
	default:
		return "";
	}
}
