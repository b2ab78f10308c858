#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/status.h"
#include "transcript.h"

#define PORT 80

struct body {
	uint8_t bytes[200000];
	size_t len;
};

static struct body body, inner, wire;

static void put(struct body *b, const void *bytes, size_t len)
{
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
}

static void put_varint(struct body *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		b->bytes[b->len++] = (uint8_t)(value | 0x80);
	b->bytes[b->len++] = (uint8_t)value;
}

static void put_bytes(struct body *b, unsigned field, const void *bytes, size_t len)
{
	put_varint(b, field << 3 | 2);
	put_varint(b, len);
	put(b, bytes, len);
}

static void put_text(struct body *b, unsigned field, const char *text)
{
	put_bytes(b, field, text, strlen(text));
}

/* {1: {1: name, 3: number, 4: {2: text}}, 2: note} */
static void make_message(struct body *b)
{
	struct body *deep = &wire;

	inner.len = deep->len = b->len = 0;
	put_text(deep, 2, "allergic to penicillin");
	put_text(&inner, 1, "Jane Citizen");
	put_varint(&inner, 3 << 3);
	put_varint(&inner, 2123456701u);
	put_bytes(&inner, 4, deep->bytes, deep->len);
	put_bytes(b, 1, inner.bytes, inner.len);
	put_text(b, 2, "see \xe2\x82\xac note");
	put_varint(b, 3 << 3 | 1);
	put(b, "\0\1\2\3\4\5\6\7", 8);
}

static void frame(struct body *b, uint8_t flags, const void *bytes, size_t len)
{
	const uint8_t prefix[5] = {
	        flags, 0, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};

	put(b, prefix, sizeof(prefix));
	put(b, bytes, len);
}

/* A request with that body into `wire`. */
static struct span request(const char *type, const struct body *b)
{
	static struct body whole;
	int len = snprintf((char *)whole.bytes, 512,
	        "POST /a.Letters/Send HTTP/1.1\r\nHost: a.example\r\nContent-Type: %s\r\n"
	        "Content-Length: %zu\r\n\r\n",
	        type, b->len);

	whole.len = (size_t)len;
	put(&whole, b->bytes, b->len);
	return span_of(whole.bytes, whole.len);
}

static void has_all(struct span bytes, const char *const *lines, size_t count)
{
	struct transcript t = transcript_bytes(bytes, 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	transcript_free(&t);
	assert_true(transcript_stable(bytes, PORT));
}

static const char *const read_lines[] = {
        "begin rpc  [HTTP body > message 1]\n",
        "field content key=1.1 [HTTP body > message 1] Jane Citizen\n",
        "key=1.3 [HTTP body > message 1] 2123456701\n",
        "key=1.4.2 [HTTP body > message 1] allergic to penicillin\n",
        "key=2 [HTTP body > message 1] see \\xe2\\x82\\xac note\n",
};

static void reads_messages_without_their_schema(void **state)
{
	static const char *const json[] = {"key=name [HTTP body > message 2] Jane\n"};
	static struct body messages;

	(void)state;
	make_message(&body);
	messages.len = 0;
	frame(&messages, 0, body.bytes, body.len);
	frame(&messages, 0, body.bytes, 0);
	frame(&messages, 0, body.bytes, body.len);
	has_all(request("application/grpc", &messages), read_lines, ARRAY_LEN(read_lines));
	has_all(request("application/grpc-web+proto", &messages), read_lines,
	        ARRAY_LEN(read_lines));
	messages.len = 0;
	frame(&messages, 0, "", 0);
	frame(&messages, 0, "{\"name\": \"Jane\"}", 16);
	frame(&messages, 0x80, "grpc-status: 0\r\n", 16);
	has_all(request("application/grpc-web+json", &messages), json, ARRAY_LEN(json));
	has_all(request("application/connect+json", &messages), json, ARRAY_LEN(json));
}

static void reads_compressed_messages(void **state)
{
	(void)state;
	for (int window = 15; window <= 31; window += 16) { /* zlib, gzip */
		static struct body messages;
		uint8_t packed[1024];
		z_stream z = {.avail_out = sizeof(packed), .next_out = packed};

		make_message(&body);
		assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, window, 8, 0), Z_OK);
		z.next_in = body.bytes;
		z.avail_in = (uInt)body.len;
		assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
		deflateEnd(&z);
		messages.len = 0;
		frame(&messages, 1, packed, sizeof(packed) - z.avail_out);
		has_all(request("application/grpc+proto", &messages), read_lines,
		        ARRAY_LEN(read_lines));
	}
}

static void reads_base64_of_the_web(void **state)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static struct body messages, text;

	(void)state;
	make_message(&body);
	messages.len = text.len = 0;
	frame(&messages, 0, body.bytes, body.len);
	while (messages.len % 3 != 0)
		frame(&messages, 0, "", 0);
	for (size_t i = 0; i < messages.len; i += 3) {
		const uint8_t *at = messages.bytes + i;

		text.bytes[text.len++] = (uint8_t)digits[at[0] >> 2];
		text.bytes[text.len++] = (uint8_t)digits[(at[0] & 3) << 4 | at[1] >> 4];
		text.bytes[text.len++] = (uint8_t)digits[(at[1] & 15) << 2 | at[2] >> 6];
		text.bytes[text.len++] = (uint8_t)digits[at[2] & 63];
	}
	has_all(request("application/grpc-web-text+proto", &text), read_lines,
	        ARRAY_LEN(read_lines));
}

static void documents_in_fields_are_contents(void **state)
{
	static const char *const lines[] = {
	        "key=name [HTTP body > field 5] Jane\n",
	        "begin hl7 ADT^A08 [HTTP body > field 6 >",
	        "begin audio ogg [HTTP body > field 7 > sound or video (.ogg)]\n",
	        "[HTTP body > field 8] Dear Dr. Dear Dr. ",
	        "key=9 [HTTP body] Mar\\xc3\\xada\n",
	        "key=10.1 [HTTP body] Jane\n",
	};
	static char letter[20001];
	static uint8_t sound[200] = "OggS";
	static struct body big;

	(void)state;
	for (size_t i = 0; i + 9 <= sizeof(letter); i += 9)
		memcpy(letter + i, "Dear Dr. ", 9);
	memset(letter + 19998, ' ', 2);
	body.len = big.len = 0;
	put_text(&body, 5, "{\"name\": \"Jane\", \"age\": 5}");
	put_text(&body, 6, "MSH|^~\\&|A||||||ADT^A08|1\rPID|1||5\r");
	put_bytes(&body, 7, sound, sizeof(sound));
	put_text(&body, 8, letter);
	put_text(&body, 9,
	        "Mar\xed"
	        "a");
	put_text(&big, 1, "Jane");
	put_bytes(&big, 2, letter, 20000);
	put_bytes(&body, 10, big.bytes, big.len);
	{
		struct transcript t = transcript_bytes(
		        request("application/x-protobuf", &body), 0, PORT);

		for (size_t i = 0; i < ARRAY_LEN(lines); i++)
			if (!transcript_has(&t, lines[i]))
				fail_msg("expected line %zu is missing", i);
		transcript_free(&t);
		t = transcript_bytes(request("application/x-protobuf", &body), 1, PORT);
		assert_true(transcript_has(&t, lines[5]));
		transcript_free(&t);
	}
}

/* What is declared and is something else shows what it is; what lies has an end. */
static void lies_have_an_end(void **state)
{
	static const char *const json[] = {"key=name [HTTP body] Jane\n"};
	static const char *const cut[] = {"stream [HTTP body > message 1] truncated"};
	static const char *const bad[] = {"stream [HTTP body] malformed"};
	static const char *const snappy[] = {"stream [HTTP body > message 1] unknown"};
	static struct body messages;

	(void)state;
	body.len = messages.len = 0;
	put(&body, "{\"name\": \"Jane\"}", 16);
	has_all(request("application/x-protobuf", &body), json, ARRAY_LEN(json));
	body.len = 0;
	put(&body,
	        "\0\xff\xff\xff\xff\x0a\x04"
	        "Jane",
	        11);
	has_all(request("application/grpc", &body), cut, ARRAY_LEN(cut));
	body.len = 0;
	put(&body, "\x40\0\0\0\1a", 6);
	has_all(request("application/grpc", &body), bad, ARRAY_LEN(bad));
	frame(&messages, 1, "\x05snappy", 7);
	has_all(request("application/grpc", &messages), snappy, ARRAY_LEN(snappy));
}

/* Each message of a call that goes on all day is read; nesting has an end. */
static void many_messages_and_deep_ones(void **state)
{
	static struct body messages;
	struct transcript t;
	char text[32];

	(void)state;
	messages.len = 0;
	for (unsigned i = 0; i < 4500; i++) {
		body.len = 0;
		snprintf(text, sizeof(text), "a note with the number %04u", i);
		put_text(&body, 1, text);
		frame(&messages, 0, body.bytes, body.len);
	}
	t = transcript_bytes(request("application/grpc", &messages), 1460, PORT);
	assert_int_equal(transcript_count(&t, "a note with the number"), 4500);
	assert_int_equal(t.summary.limits_hit, 0);
	transcript_free(&t);
	inner.len = 0;
	put_text(&inner, 1, "Jane\x01");
	for (int i = 0; i < 40; i++) {
		body.len = 0;
		put_bytes(&body, 1, inner.bytes, inner.len);
		inner.len = 0;
		put(&inner, body.bytes, body.len);
	}
	t = transcript_bytes(request("application/x-protobuf", &body), 0, PORT);
	assert_int_equal(t.summary.limits_hit, 1);
	assert_int_not_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_messages_without_their_schema),
	        cmocka_unit_test(reads_compressed_messages),
	        cmocka_unit_test(reads_base64_of_the_web),
	        cmocka_unit_test(documents_in_fields_are_contents),
	        cmocka_unit_test(lies_have_an_end),
	        cmocka_unit_test(many_messages_and_deep_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
