#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/status.h"
#include "frame_maker.h"
#include "net/cipher_suite.h"
#include "net/client_hello.h"

#define PUT(m, literal) put_bytes(m, literal, sizeof(literal) - 1)

static void put_extension(struct frame_maker *m, unsigned type, const void *bytes, size_t len)
{
	put16(m, type);
	put16(m, (unsigned)len);
	put_bytes(m, bytes, len);
}

#define EXTENSION(m, type, literal) put_extension(m, type, literal, sizeof(literal) - 1)

/* The body up to the extensions. */
static void put_body_start(struct frame_maker *m, unsigned version)
{
	put16(m, version);
	for (unsigned i = 0; i < 32; i++)
		put8(m, i);
	PUT(m, "\4abcd\0\6\x1a\x1a\x13\1\xc0\x2f\1\0");
}

static void put_extensions(struct frame_maker *m, const struct frame_maker *extensions)
{
	put16(m, (unsigned)extensions->len);
	put_bytes(m, extensions->bytes, extensions->len);
}

/* Wraps body in a handshake header and in records of at most record_bytes. */
static void put_records(
        struct frame_maker *m, unsigned type, const struct frame_maker *body, size_t record_bytes)
{
	struct frame_maker message = {.len = 0};

	put32(&message, type << 24 | (uint32_t)body->len);
	put_bytes(&message, body->bytes, body->len);
	for (size_t at = 0; at < message.len; at += record_bytes) {
		struct span part = span_slice(
		        span_of(message.bytes, message.len), at, record_bytes);

		put8(m, 22);
		put16(m, 0x0301);
		put16(m, (unsigned)part.len);
		put_bytes(m, part.data, part.len);
	}
}

/* A browser's hello: GREASE everywhere, name, ALPN, versions, ECH. */
static void put_modern(struct frame_maker *m, size_t record_bytes)
{
	struct frame_maker body = {.len = 0}, extensions = {.len = 0};

	EXTENSION(&extensions, 0x3a3a, "");
	EXTENSION(&extensions, 0,
	        "\0\x16\7\0\2xx\0\0\x0e"
	        "pms.example.au");
	EXTENSION(&extensions, 16, "\0\x0f\2\x3a\x3a\2h2\x08http/1.1");
	EXTENSION(&extensions, 43, "\6\x4a\x4a\3\4\3\3");
	EXTENSION(&extensions, 0xfe0d, "\0opaque");
	put_body_start(&body, 0x0303);
	put_extensions(&body, &extensions);
	put_records(m, 1, &body, record_bytes);
}

static void check_modern(const struct client_hello *h)
{
	assert_string_equal(h->server_name, "pms.example.au");
	assert_string_equal(h->alpn, "h2");
	assert_int_equal(h->version, 0x0304);
	assert_true(h->encrypted_hello);
}

static int parse(const struct frame_maker *m, struct client_hello *ret)
{
	return client_hello_parse(span_of(m->bytes, m->len), ret);
}

static void reads_a_hello_in_any_records(void **state)
{
	static const size_t sizes[] = {4096, 100, 64, 5, 4, 3, 2, 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct frame_maker m = {.len = 0};
		struct client_hello h;

		put_modern(&m, sizes[i]);
		put8(&m, 23); /* what follows does not matter */
		assert_int_equal(parse(&m, &h), STATUS_OK);
		check_modern(&h);
	}
}

static void asks_for_more_at_every_cut(void **state)
{
	struct client_hello untouched, h;

	(void)state;
	memset(&untouched, 0x5a, sizeof(untouched));
	for (size_t record = 40; record < 4096; record += 2000) {
		struct frame_maker m = {.len = 0};

		put_modern(&m, record);
		h = untouched;
		for (size_t len = 0; len < m.len; len++) {
			uint8_t *exact = malloc(len ? len : 1);

			assert_non_null(exact);
			memcpy(exact, m.bytes, len);
			assert_int_equal(client_hello_parse(span_of(exact, len), &h), STATUS_MORE);
			assert_memory_equal(&h, &untouched, sizeof(h));
			free(exact);
		}
		assert_int_equal(parse(&m, &h), STATUS_OK);
	}
}

static void reads_old_hellos(void **state)
{
	static const uint16_t versions[] = {0x0300, 0x0301, 0x0302, 0x0303};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct frame_maker m = {.len = 0}, body = {.len = 0};
		struct client_hello h;

		put_body_start(&body, versions[i]); /* no extensions at all */
		put_records(&m, 1, &body, 4096);
		assert_int_equal(parse(&m, &h), STATUS_OK);
		assert_int_equal(h.version, versions[i]);
		assert_string_equal(h.server_name, "");
		assert_string_equal(h.alpn, "");
		assert_false(h.encrypted_hello);
	}
}

/* A hello whose only extension is this one. */
static int with_extension(unsigned type, const void *bytes, size_t len, struct client_hello *ret)
{
	struct frame_maker m = {.len = 0}, body = {.len = 0}, extensions = {.len = 0};

	put_extension(&extensions, type, bytes, len);
	put_body_start(&body, 0x0303);
	put_extensions(&body, &extensions);
	put_records(&m, 1, &body, 4096);
	return parse(&m, ret);
}

#define WITH(type, literal, ret) with_extension(type, literal, sizeof(literal) - 1, ret)

static void reads_names_carefully(void **state)
{
	struct frame_maker name = {.len = 0};
	struct client_hello h;

	(void)state;
	assert_int_equal(WITH(0, "\0\4\0\0\1x", &h), STATUS_OK);
	assert_string_equal(h.server_name, "x");
	assert_int_equal(WITH(0, "\0\5\1\0\2xx", &h), STATUS_OK); /* not a host name */
	assert_string_equal(h.server_name, "");
	assert_int_equal(WITH(0, "\0\3\0\0\0", &h), STATUS_MALFORMED);           /* empty */
	assert_int_equal(WITH(0, "\0\5\0\0\2x\0", &h), STATUS_MALFORMED);        /* inner zero */
	assert_int_equal(WITH(0, "\0\4\0\0\2x", &h), STATUS_MALFORMED);          /* too short */
	assert_int_equal(WITH(0, "\0\x08\0\0\1x\0\0\1y", &h), STATUS_MALFORMED); /* two */
	for (unsigned len = 255; len <= 256; len++) {
		name.len = 0;
		put16(&name, len + 3), put8(&name, 0), put16(&name, len);
		for (unsigned i = 0; i < len; i++)
			put8(&name, 'n');
		assert_int_equal(with_extension(0, name.bytes, name.len, &h),
		        len == 255 ? STATUS_OK : STATUS_MALFORMED);
	}
	assert_int_equal(WITH(16, "\0\2\1", &h), STATUS_MALFORMED);
	assert_int_equal(WITH(16, "\0\1\0", &h), STATUS_MALFORMED);
	assert_int_equal(WITH(43, "\3\3\4\3", &h), STATUS_MALFORMED);
	assert_int_equal(WITH(43, "\2\x0a\x0a", &h), STATUS_MALFORMED);
	assert_int_equal(WITH(43, "\2\x7f\x1c", &h), STATUS_OK); /* draft 28 */
	assert_int_equal(h.version, 0x0304);
}

static void the_same_extension_twice_is_malformed(void **state)
{
	struct frame_maker m = {.len = 0}, body = {.len = 0}, extensions = {.len = 0};
	struct client_hello h;

	(void)state;
	EXTENSION(&extensions, 0, "\0\5\1\0\2xx");
	EXTENSION(&extensions, 0, "\0\4\0\0\1y");
	put_body_start(&body, 0x0303);
	put_extensions(&body, &extensions);
	put_records(&m, 1, &body, 4096);
	assert_int_equal(parse(&m, &h), STATUS_MALFORMED);
}

/* A capture that breaks off: the name counts from its last byte on, and nothing else does. */
static void the_front_of_a_hello_has_its_name(void **state)
{
	struct frame_maker m = {.len = 0}, body = {.len = 0}, extensions = {.len = 0};
	size_t name_ends;

	(void)state;
	EXTENSION(&extensions, 43, "\4\3\4\3\3");
	EXTENSION(&extensions, 0, "\0\5\0\0\2xx");
	put_body_start(&body, 0x0303);
	name_ends = body.len + 2 + extensions.len;
	EXTENSION(&extensions, 0xfe0d, "\0\1");
	put_extensions(&body, &extensions);
	put_records(&m, 1, &body, 50);
	for (size_t len = 0; len <= m.len; len++) {
		struct client_hello h = {.version = 0xffff};
		struct handshake front = {.copy = NULL};
		int status = handshake_front(span_of(m.bytes, len), HANDSHAKE_CLIENT_HELLO, &front);
		bool there = front.body.len >= name_ends;

		assert_int_equal(status, len < 9 ? STATUS_MORE : STATUS_OK);
		if (status != STATUS_OK)
			continue;
		status = client_hello_read_front(front.body, &h);
		assert_int_equal(h.version, there ? 0 : 0xffff);
		assert_true(there ? status == STATUS_OK : status > STATUS_OK);
		assert_string_equal(h.server_name, there ? "xx" : "");
		assert_int_equal(h.encrypted_hello, front.body.len == body.len);
		handshake_free(&front);
	}
}

static void the_front_of_something_else_is_refused(void **state)
{
	struct frame_maker m = {.len = 0}, body = {.len = 0};
	struct handshake front;
	struct client_hello h;

	(void)state;
	put_body_start(&body, 0x0303);
	assert_int_equal(
	        client_hello_read_front(span_of(body.bytes, body.len), &h), STATUS_NOT_FOUND);
	put_records(&m, 2, &body, 4096);
	assert_int_equal(handshake_front(span_of(m.bytes, m.len), 1, &front), STATUS_UNSUPPORTED);
	assert_int_equal(handshake_front(span_of("GET / HTTP", 10), 1, &front), STATUS_UNSUPPORTED);
	assert_int_equal(
	        handshake_front(span_of("\x16\3\1\0\4\1\1\0\0", 9), 1, &front), STATUS_LIMIT);
}

static int parse_bytes(const char *bytes, size_t len)
{
	struct client_hello h;

	return client_hello_parse(span_of(bytes, len), &h);
}

static void tells_what_is_not_a_hello(void **state)
{
	struct frame_maker m = {.len = 0}, body = {.len = 0};
	struct client_hello h;

	(void)state;
	assert_int_equal(parse_bytes("GET / HTTP/1.1", 14), STATUS_UNSUPPORTED);
	assert_int_equal(parse_bytes("G", 1), STATUS_UNSUPPORTED);
	assert_int_equal(parse_bytes("\x16\x04", 2), STATUS_UNSUPPORTED);
	assert_int_equal(parse_bytes("\x16\3\1\0\0", 5), STATUS_UNSUPPORTED);
	assert_int_equal(parse_bytes("\x16\3\1\xff\xff", 5), STATUS_UNSUPPORTED);
	assert_int_equal(parse_bytes("\x16\3\1\0\4\2", 6), STATUS_UNSUPPORTED); /* a server's */
	assert_int_equal(parse_bytes("\x16\3\1\0\4\1\1\0\0", 9), STATUS_LIMIT);
	assert_int_equal(parse_bytes("\x16\3\1\0\2\1\0\x15\3\1\0\2", 12), STATUS_MALFORMED);
	assert_int_equal(parse_bytes("\x80\x2e\1\3\1", 5), STATUS_UNSUPPORTED); /* SSL 2.0 form */
	put_body_start(&body, 0x0203);
	put_records(&m, 1, &body, 4096);
	assert_int_equal(parse(&m, &h), STATUS_MALFORMED);
	m.len = body.len = 0;
	put_body_start(&body, 0x0303);
	put16(&body, 0);
	put8(&body, 0); /* one byte behind the extensions */
	put_records(&m, 1, &body, 4096);
	assert_int_equal(parse(&m, &h), STATUS_MALFORMED);
}

static void too_many_records_end_it(void **state)
{
	uint8_t *bytes = calloc(HANDSHAKE_RECORDS_MAX + 1, 6);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i <= HANDSHAKE_RECORDS_MAX; i++)
		memcpy(bytes + 6 * i, "\x16\3\1\0\1", 5);
	bytes[5] = 1;         /* ClientHello */
	bytes[6 * 2 + 5] = 8; /* of 2048 bytes */
	assert_int_equal(parse_bytes((char *)bytes, (HANDSHAKE_RECORDS_MAX - 1) * 6), STATUS_MORE);
	assert_int_equal(parse_bytes((char *)bytes, HANDSHAKE_RECORDS_MAX * 6), STATUS_LIMIT);
	free(bytes);
}

static void put_server_hello(struct frame_maker *m, bool tls13, size_t record_bytes)
{
	struct frame_maker body = {.len = 0}, extensions = {.len = 0};

	put16(&body, 0x0303);
	put_zeros(&body, 32);
	PUT(&body, "\0\x13\2\0");
	if (tls13)
		EXTENSION(&extensions, 43, "\3\4");
	EXTENSION(&extensions, 51, "\0\x1d");
	put_extensions(&body, &extensions);
	put_records(m, 2, &body, record_bytes);
}

static void reads_the_servers_choice(void **state)
{
	struct server_hello h = {.version = 1};

	(void)state;
	for (int tls13 = 0; tls13 < 2; tls13++) {
		struct frame_maker m = {.len = 0};

		put_server_hello(&m, tls13, tls13 ? 7 : 4096);
		for (size_t len = 0; len < m.len; len++)
			assert_int_equal(
			        server_hello_parse(span_of(m.bytes, len), &h), STATUS_MORE);
		assert_int_equal(server_hello_parse(span_of(m.bytes, m.len), &h), STATUS_OK);
		assert_int_equal(h.version, tls13 ? 0x0304 : 0x0303);
		assert_int_equal(h.cipher, 0x1302);
	}
	assert_int_equal(server_hello_parse(span_of_text("\x15\3\1"), &h), STATUS_UNSUPPORTED);
}

static void names_versions_and_suites(void **state)
{
	char text[48];

	(void)state;
	assert_string_equal(tls_version_text(0x0304), "TLS 1.3");
	assert_string_equal(tls_version_text(0x0300), "SSL 3.0");
	assert_string_equal(tls_version_text(0x0305), "");
	cipher_suite_text(0xc02f, text);
	assert_string_equal(text, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	cipher_suite_text(0x1303, text);
	assert_string_equal(text, "TLS_CHACHA20_POLY1305_SHA256");
	cipher_suite_text(0xfefe, text);
	assert_string_equal(text, "0xfefe");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_a_hello_in_any_records),
	        cmocka_unit_test(asks_for_more_at_every_cut),
	        cmocka_unit_test(reads_old_hellos),
	        cmocka_unit_test(reads_names_carefully),
	        cmocka_unit_test(the_same_extension_twice_is_malformed),
	        cmocka_unit_test(the_front_of_a_hello_has_its_name),
	        cmocka_unit_test(the_front_of_something_else_is_refused),
	        cmocka_unit_test(tells_what_is_not_a_hello),
	        cmocka_unit_test(too_many_records_end_it),
	        cmocka_unit_test(reads_the_servers_choice),
	        cmocka_unit_test(names_versions_and_suites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
