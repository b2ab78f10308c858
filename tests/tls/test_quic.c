#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/digest.h"
#include "quic_maker.h"
#include "tls/quic.h"

#define BUDGET_BYTES ((size_t)1 << 20)
#define HELLO_BYTES  3000

/* RFC 9001 appendix A.1 */
static const uint8_t first_id[] = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};
static const uint8_t other_id[] = {1, 2, 3, 4, 5};

static const struct quic_sealing client = {.version = 1,
        .key_id = {first_id, sizeof(first_id)},
        .destination = {first_id, sizeof(first_id)},
        .of_client = true};

struct quic_state {
	struct budget budget;
	struct quic *quic;
	uint8_t hello[HELLO_BYTES]; /* stands for a ClientHello of that size */
	struct datagram datagram, frames;
};

static int setup(void **state)
{
	struct quic_state *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	budget_init(&s->budget, BUDGET_BYTES);
	assert_int_equal(quic_new(&s->quic, &s->budget), STATUS_OK);
	for (size_t i = 0; i < sizeof(s->hello); i++)
		s->hello[i] = (uint8_t)(i * 7 + i / 256);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct quic_state *s = *state;

	quic_free(s->quic);
	assert_int_equal(s->budget.used_bytes, 0);
	free(s);
	return 0;
}

static void check_hex(const uint8_t *bytes, size_t len, const char *wanted)
{
	char text[64];

	digest_to_hex(bytes, len, text);
	assert_string_equal(text, wanted);
}

static void derives_the_published_keys(void **state)
{
	struct span id = span_of(first_id, sizeof(first_id));
	struct quic_keys keys;

	(void)state;
	assert_int_equal(quic_keys_derive(quic_version_facts(1), id, true, &keys), STATUS_OK);
	check_hex(keys.key, sizeof(keys.key), "1f369613dd76d5467730efcbe3b1a22d");
	check_hex(keys.iv, sizeof(keys.iv), "fa044b2f42a3fd3b46fb255c");
	check_hex(keys.header_key, sizeof(keys.header_key), "9f50449e04a0e810283a1e9933adedd2");
	assert_int_equal(quic_keys_derive(quic_version_facts(1), id, false, &keys), STATUS_OK);
	check_hex(keys.key, sizeof(keys.key), "cf3a5331653c364c88f0f379b6067e37");
	check_hex(keys.iv, sizeof(keys.iv), "0ac1493ca1905853b0bba03e");
	check_hex(keys.header_key, sizeof(keys.header_key), "c206b8d9b9f0f37644430b490eeaa314");
	/* RFC 9369 appendix A.1 */
	assert_int_equal(
	        quic_keys_derive(quic_version_facts(0x6b3343cf), id, true, &keys), STATUS_OK);
	check_hex(keys.key, sizeof(keys.key), "8b1a0bc121284290a29e0971b5cd045d");
	check_hex(keys.iv, sizeof(keys.iv), "91f73e2351d8fa91660e909f");
	check_hex(keys.header_key, sizeof(keys.header_key), "45b95e15235d6f45a6b19cbcb0294ba9");
}

/* One Initial with a part of the hello. */
static int feed_part(struct quic_state *s, const struct quic_sealing *how, size_t from, size_t to)
{
	s->frames.len = s->datagram.len = 0;
	put_crypto(&s->frames, from, span_slice(span_of(s->hello, HELLO_BYTES), from, to - from));
	put_initial(&s->datagram, how, span_of(s->frames.bytes, s->frames.len));
	return quic_feed(s->quic, 0, span_of(s->datagram.bytes, s->datagram.len));
}

static void check_hello(const struct quic_state *s, size_t len)
{
	struct span have = quic_handshake(s->quic, true);

	assert_int_equal(have.len, len);
	if (len > 0)
		assert_memory_equal(have.data, s->hello, len);
}

static void reads_every_version(void **state)
{
	static const uint32_t versions[] = {1, 0x6b3343cf, 0x709a50c4, 0xff020000, 0xff000016,
	        0xff000017, 0xff00001b, 0xff00001d, 0xff000022, 0xfaceb001, 0xfaceb002, 0x1a2a3a4a};
	struct quic_state *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct quic_sealing how = client;

		how.version = versions[i];
		quic_free(s->quic);
		assert_int_equal(quic_new(&s->quic, &s->budget), STATUS_OK);
		assert_int_equal(feed_part(s, &how, 0, 900), STATUS_OK);
		assert_true(quic_is_initial(span_of(s->datagram.bytes, s->datagram.len)));
		assert_int_equal(quic_version(s->quic), versions[i]);
		check_hello(s, 900);
	}
}

static void joins_packets_in_any_order(void **state)
{
	static const size_t cuts[][2] = {
	        {2500, 3000}, {700, 1200}, {0, 10}, {1200, 2500}, {600, 800}, {10, 600}};
	struct quic_state *s = *state;
	struct quic_sealing how = client;

	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		how.number++;
		assert_int_equal(feed_part(s, &how, cuts[i][0], cuts[i][1]), STATUS_OK);
	}
	check_hello(s, HELLO_BYTES);
}

/* Chromium's way: small frames shuffled among paddings and pings; then one byte a frame. */
static void joins_shuffled_frames(void **state)
{
	struct quic_state *s = *state;
	struct span hello = span_of(s->hello, 300);

	for (size_t step = 1; step <= 50; step += 7) {
		quic_free(s->quic);
		assert_int_equal(quic_new(&s->quic, &s->budget), STATUS_OK);
		s->frames.len = s->datagram.len = 0;
		for (size_t at = 0; at < 300; at += step) {
			size_t from = (300 - 1) / step * step - at;

			put_crypto(&s->frames, from, span_slice(hello, from, step));
			put(&s->frames, "\0\0\1\0", at % 4);
		}
		put_initial(&s->datagram, &client, span_of(s->frames.bytes, s->frames.len));
		assert_int_equal(quic_feed(s->quic, 0, span_of(s->datagram.bytes, s->datagram.len)),
		        STATUS_OK);
		check_hello(s, 300);
	}
}

static void reads_coalesced_packets_of_both_ends(void **state)
{
	static const uint8_t handshake[] = {0xe0, 0, 0, 0, 1, 0, 0, 3, 'a', 'b', 'c'};
	struct quic_state *s = *state;
	struct quic_sealing how = client;

	assert_int_equal(feed_part(s, &client, 0, 500), STATUS_OK);
	how.of_client = false;
	how.destination = span_of(other_id, sizeof(other_id));
	s->datagram.len = s->frames.len = 0;
	put(&s->frames, "\2\1\0\0\0", 5); /* an acknowledgement */
	put_crypto(&s->frames, 0, span_of_text("server's hello"));
	put(&s->datagram, handshake, sizeof(handshake));
	put_initial(&s->datagram, &how, span_of(s->frames.bytes, s->frames.len));
	put(&s->datagram, "\x40short", 6);
	assert_int_equal(
	        quic_feed(s->quic, 1, span_of(s->datagram.bytes, s->datagram.len)), STATUS_OK);
	assert_true(span_equal_text(quic_handshake(s->quic, false), "server's hello"));
	check_hello(s, 500);
	/* The client goes on with the server's connection id and the first keys. */
	how = client;
	how.destination = span_of(other_id, sizeof(other_id));
	how.number = 2;
	assert_int_equal(feed_part(s, &how, 500, 700), STATUS_OK);
	check_hello(s, 700);
}

/* After Retry, and after Version Negotiation, the hello comes again under other keys. */
static void begins_again_after_retry(void **state)
{
	static const uint8_t retry[] = {0xf0, 0, 0, 0, 1, 0, 5, 1, 2, 3, 4, 5, 't', 'o', 'k', 'e'};
	static const uint8_t negotiation[] = {0x80, 0, 0, 0, 0, 0, 0, 0x6b, 0x33, 0x43, 0xcf};
	struct quic_state *s = *state;
	struct quic_sealing how = client;

	assert_int_equal(feed_part(s, &client, 1000, 1200), STATUS_OK);
	assert_int_equal(quic_feed(s->quic, 1, span_of(retry, sizeof(retry))), STATUS_UNSUPPORTED);
	how.key_id = how.destination = span_of(other_id, sizeof(other_id));
	how.token = span_of_text("token");
	assert_int_equal(feed_part(s, &how, 0, 1000), STATUS_OK);
	check_hello(s, 1000); /* what the first attempt had further on is gone */
	assert_int_equal(quic_feed(s->quic, 1, span_of(negotiation, sizeof(negotiation))),
	        STATUS_UNSUPPORTED);
	how.version = 0x6b3343cf;
	assert_int_equal(feed_part(s, &how, 0, 800), STATUS_OK);
}

/* RFC 9368: the server answers in version 2 under keys from the same connection id. */
static void follows_a_compatible_version(void **state)
{
	struct quic_state *s = *state;
	struct quic_sealing how = client;

	assert_int_equal(feed_part(s, &client, 0, 500), STATUS_OK);
	how.version = 0x6b3343cf;
	how.of_client = false;
	s->frames.len = s->datagram.len = 0;
	put_crypto(&s->frames, 0, span_of_text("hello"));
	put(&s->frames, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	put_initial(&s->datagram, &how, span_of(s->frames.bytes, s->frames.len));
	assert_int_equal(
	        quic_feed(s->quic, 1, span_of(s->datagram.bytes, s->datagram.len)), STATUS_OK);
	assert_true(span_equal_text(quic_handshake(s->quic, false), "hello"));
	check_hello(s, 500);
}

static void survives_every_cut_and_flip(void **state)
{
	struct quic_state *s = *state;

	assert_int_equal(feed_part(s, &client, 0, 200), STATUS_OK);
	for (size_t len = 0; len <= s->datagram.len; len++) {
		uint8_t *exact = malloc(len ? len : 1);
		struct quic *q;
		int status;

		assert_non_null(exact);
		memcpy(exact, s->datagram.bytes, len);
		assert_int_equal(quic_new(&q, &s->budget), STATUS_OK);
		status = quic_feed(q, 0, span_of(exact, len));
		assert_int_equal(status == STATUS_OK, len == s->datagram.len);
		assert_int_equal(quic_handshake(q, true).len, status == STATUS_OK ? 200 : 0);
		if (len > 0) {
			memcpy(exact, s->datagram.bytes, len);
			exact[len - 1] ^= 0x10;
			assert_true(quic_feed(q, 0, span_of(exact, len)) > STATUS_OK);
		}
		quic_free(q);
		free(exact);
	}
}

static void keeps_its_limits(void **state)
{
	struct quic_state *s = *state;
	struct quic_sealing how = client;

	/* A frame past the largest message, in a varint of four bytes. */
	s->frames.len = s->datagram.len = 0;
	put(&s->frames, "\6\x80\1\0\1\4abcd", 10);
	put(&s->frames, "\0\0\0\0\0\0\0\0", 8);
	put_initial(&s->datagram, &client, span_of(s->frames.bytes, s->frames.len));
	assert_int_equal(
	        quic_feed(s->quic, 0, span_of(s->datagram.bytes, s->datagram.len)), STATUS_LIMIT);
	/* A frame that Initial packets may not hold. */
	s->frames.len = s->datagram.len = 0;
	put(&s->frames, "\x08stream frame, stream frame", 26);
	how.number = 1;
	put_initial(&s->datagram, &how, span_of(s->frames.bytes, s->frames.len));
	assert_int_equal(quic_feed(s->quic, 0, span_of(s->datagram.bytes, s->datagram.len)),
	        STATUS_MALFORMED);
	for (unsigned i = 2; i < QUIC_DATAGRAMS_MAX; i++)
		assert_int_equal(quic_feed(s->quic, 0, span_of("\x40", 1)), STATUS_UNSUPPORTED);
	assert_int_equal(quic_feed(s->quic, 0, span_of("\x40", 1)), STATUS_LIMIT);
}

/* "Q043", a stream frame with a hello of two tags. */
static void reads_googles_older_hello(void **state)
{
	static const char packet[] = "\x09\1\2\3\4\5\6\7\x08Q043\1twelve bytes\xa0\1\0\x30"
	                             "CHLO\2\0\0\0PAD\0\3\0\0\0SNI\0\x11\0\0\0zzz"
	                             "pms.example.au";
	struct quic_state *s = *state;

	assert_true(quic_is_initial(span_of(packet, sizeof(packet) - 1)));
	for (size_t len = 0; len + 1 < sizeof(packet); len++) {
		(void)!quic_feed(s->quic, 0, span_of(packet, len));
		assert_string_equal(quic_google_name(s->quic), "");
	}
	quic_free(s->quic);
	assert_int_equal(quic_new(&s->quic, &s->budget), STATUS_OK);
	assert_int_equal(quic_feed(s->quic, 0, span_of(packet, sizeof(packet) - 1)), STATUS_OK);
	assert_string_equal(quic_google_name(s->quic), "pms.example.au");
}

static void knows_what_is_not_quic(void **state)
{
	(void)state;
	assert_false(quic_is_initial(span_of("", 0)));
	assert_false(quic_is_initial(span_of("\xc0\0\0\0", 4)));
	assert_false(quic_is_initial(span_of("\xc0\0\0\0\2\0\0", 7)));
	assert_false(quic_is_initial(span_of("\x40\0\0\0\1\0\0", 7)));
	assert_true(quic_is_initial(span_of("\xc0\0\0\0\1\0\0", 7)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(derives_the_published_keys),
	        cmocka_unit_test_setup_teardown(reads_every_version, setup, teardown),
	        cmocka_unit_test_setup_teardown(joins_packets_in_any_order, setup, teardown),
	        cmocka_unit_test_setup_teardown(joins_shuffled_frames, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                reads_coalesced_packets_of_both_ends, setup, teardown),
	        cmocka_unit_test_setup_teardown(begins_again_after_retry, setup, teardown),
	        cmocka_unit_test_setup_teardown(follows_a_compatible_version, setup, teardown),
	        cmocka_unit_test_setup_teardown(survives_every_cut_and_flip, setup, teardown),
	        cmocka_unit_test_setup_teardown(keeps_its_limits, setup, teardown),
	        cmocka_unit_test_setup_teardown(reads_googles_older_hello, setup, teardown),
	        cmocka_unit_test(knows_what_is_not_quic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
