#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/status.h"
#include "frame_maker.h"
#include "net/client_hello.h"
#include "net/dtls.h"

#define BUDGET_BYTES ((size_t)1 << 20)

struct dtls_state {
	struct budget budget;
	struct dtls dtls;
};

static int setup(void **state)
{
	struct dtls_state *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	budget_init(&s->budget, BUDGET_BYTES);
	dtls_init(&s->dtls, &s->budget);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct dtls_state *s = *state;

	dtls_free(&s->dtls);
	assert_int_equal(s->budget.used_bytes, 0);
	free(s);
	return 0;
}

/* A hello with a cookie and a name. */
static void put_hello(struct frame_maker *m, unsigned version)
{
	put16(m, version);
	for (unsigned i = 0; i < 32; i++)
		put8(m, i);
	put_bytes(m, "\0\3cke\0\2\xc0\x2f\1\0", 11);
	put16(m, 23);
	put_bytes(m,
	        "\0\0\0\x13\0\x11\0\0\x0e"
	        "pms.example.au",
	        23);
}

static void put_fragment(
        struct frame_maker *m, unsigned sequence, struct span body, size_t from, size_t len)
{
	struct span part = span_slice(body, from, len);

	put8(m, 22);
	put16(m, 0xfeff);
	put32(m, 0);
	put32(m, 5);
	put16(m, (unsigned)(12 + part.len));
	put32(m, HANDSHAKE_CLIENT_HELLO << 24 | (uint32_t)body.len);
	put16(m, sequence);
	put8(m, 0);
	put16(m, (unsigned)from);
	put8(m, 0);
	put16(m, (unsigned)part.len);
	put_bytes(m, part.data, part.len);
}

static int feed(struct dtls_state *s, const struct frame_maker *m, struct span *ret)
{
	return dtls_feed(&s->dtls, span_of(m->bytes, m->len), HANDSHAKE_CLIENT_HELLO, ret);
}

static void reads_a_hello_in_fragments(void **state)
{
	static const uint16_t versions[] = {0xfeff, 0xfefd, 0x0100};
	struct dtls_state *s = *state;

	for (unsigned v = 0; v < ARRAY_LEN(versions); v++) {
		struct frame_maker body = {.len = 0}, m;
		struct client_hello hello;
		struct span whole, got;

		put_hello(&body, versions[v]);
		whole = span_of(body.bytes, body.len);
		for (size_t i = body.len / 10 + 1; i-- > 0;) {
			m.len = 0;
			put_fragment(&m, v, whole, i * 10, 10);
			assert_int_equal(feed(s, &m, &got), i > 0 ? STATUS_MORE : STATUS_ITEM);
		}
		assert_true(span_equal(got, whole));
		assert_int_equal(client_hello_read(got, &hello), STATUS_OK);
		assert_string_equal(hello.server_name, "pms.example.au");
		assert_int_equal(hello.version, versions[v]);
	}
}

/* Both records of a datagram; and of two hellos the later one counts. */
static void takes_the_later_hello(void **state)
{
	struct dtls_state *s = *state;
	struct frame_maker first = {.len = 0}, second = {.len = 0}, m = {.len = 0};
	struct span got;

	put_hello(&first, 0xfeff);
	put_hello(&second, 0xfefd);
	put_fragment(&m, 0, span_of(first.bytes, first.len), 0, 20);
	put_fragment(&m, 1, span_of(second.bytes, second.len), 0, 30);
	put_fragment(&m, 1, span_of(second.bytes, second.len), 20, 400);
	assert_int_equal(feed(s, &m, &got), STATUS_ITEM);
	assert_true(span_equal(got, span_of(second.bytes, second.len)));
}

static void refuses_lies_and_cuts(void **state)
{
	struct dtls_state *s = *state;
	struct frame_maker body = {.len = 0}, m = {.len = 0};
	struct span got;

	put_hello(&body, 0xfefd);
	put_fragment(&m, 0, span_of(body.bytes, body.len), 0, body.len);
	for (size_t len = 0; len < m.len; len++) {
		uint8_t *exact = malloc(len ? len : 1);
		int status;

		assert_non_null(exact);
		memcpy(exact, m.bytes, len);
		status = dtls_feed(&s->dtls, span_of(exact, len), HANDSHAKE_CLIENT_HELLO, &got);
		assert_true(status == STATUS_UNSUPPORTED || status == STATUS_MALFORMED);
		free(exact);
	}
	m.bytes[13 + 8] = 200; /* the fragment begins past the message's end */
	assert_int_equal(feed(s, &m, &got), STATUS_MALFORMED);
	m.bytes[13 + 8] = 0;
	m.bytes[13 + 1] = 2; /* of more than 64 KiB */
	assert_int_equal(feed(s, &m, &got), STATUS_LIMIT);
	m.bytes[13 + 1] = 0;
	m.bytes[4] = 1; /* a later epoch is encrypted */
	assert_int_equal(feed(s, &m, &got), STATUS_MORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(reads_a_hello_in_fragments, setup, teardown),
	        cmocka_unit_test_setup_teardown(takes_the_later_hello, setup, teardown),
	        cmocka_unit_test_setup_teardown(refuses_lies_and_cuts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
