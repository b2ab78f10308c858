#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "base/status.h"
#include "transcript.h"

#define BUFFER_BYTES (1u << 20)

static const char story[] =
        "An invented person walks into an invented practice, and nothing else happens there. "
        "An invented person walks into an invented practice, and nothing else happens there. ";

struct bytes {
	uint8_t *data;
	size_t len;
};

static struct bytes bytes_new(void)
{
	struct bytes b = {.data = malloc(BUFFER_BYTES)};

	assert_non_null(b.data);
	return b;
}

static void append(struct bytes *b, const void *data, size_t len)
{
	assert_true(len <= BUFFER_BYTES - b->len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

/* window: 31 gzip, 15 zlib, -15 bare. */
static void deflate_append(struct bytes *b, const void *data, size_t len, int window)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (z_const Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = b->data + b->len;
	z.avail_out = (uInt)(BUFFER_BYTES - b->len);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b->len += z.total_out;
	deflateEnd(&z);
}

static void zstd_append(struct bytes *b, const void *data, size_t len)
{
	size_t made = ZSTD_compress(b->data + b->len, BUFFER_BYTES - b->len, data, len, 3);

	assert_false(ZSTD_isError(made));
	b->len += made;
}

static void brotli_append(struct bytes *b, const void *data, size_t len)
{
	size_t made = BUFFER_BYTES - b->len;

	assert_true(BrotliEncoderCompress(
	        9, 22, BROTLI_MODE_GENERIC, len, data, &made, b->data + b->len));
	b->len += made;
}

/* A response that carries the body under the encoding. Takes nothing. */
static struct bytes response(const char *encoding, const struct bytes *body)
{
	struct bytes b = bytes_new();
	char head[256];
	int len = snprintf(head, sizeof(head),
	        "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n", encoding,
	        body->len);

	append(&b, head, (size_t)len);
	append(&b, body->data, body->len);
	return b;
}

static struct span span_of_bytes(const struct bytes *b)
{
	return span_of(b->data, b->len);
}

static void check_read(const char *encoding, const struct bytes *body)
{
	struct bytes b = response(encoding, body);
	struct transcript t = transcript_bytes(span_of_bytes(&b), 0, 80);

	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, story));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.budget_left_used, 0);
	assert_false(transcript_has(&t, "truncated"));
	assert_false(transcript_has(&t, "malformed"));
	transcript_free(&t);
	assert_true(transcript_stable(span_of_bytes(&b), 80));
	free(b.data);
}

static void test_each_encoding(void **state)
{
	struct bytes b = bytes_new();

	(void)state;
	deflate_append(&b, story, sizeof(story) - 1, 31);
	check_read("gzip", &b);
	check_read("x-gzip", &b);
	check_read("identity", &b); /* recognised by its bytes */
	b.len = 0;
	deflate_append(&b, story, sizeof(story) - 1, 15);
	check_read("deflate", &b);
	b.len = 0;
	deflate_append(&b, story, sizeof(story) - 1, -15);
	check_read("deflate", &b);
	b.len = 0;
	brotli_append(&b, story, sizeof(story) - 1);
	check_read("br", &b);
	b.len = 0;
	zstd_append(&b, story, sizeof(story) - 1);
	check_read("zstd", &b);
	b.len = 0;
	append(&b, story, sizeof(story) - 1);
	check_read("gzip", &b); /* a declared encoding that is not there */
	free(b.data);
}

static void test_encodings_on_top_of_each_other(void **state)
{
	struct bytes inner = bytes_new();
	struct bytes outer = bytes_new();

	(void)state;
	deflate_append(&inner, story, sizeof(story) - 1, 31);
	brotli_append(&outer, inner.data, inner.len);
	check_read("gzip, br", &outer);
	free(inner.data);
	free(outer.data);
}

static void test_members_and_frames_in_a_row(void **state)
{
	struct bytes b = bytes_new();
	static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};

	(void)state;
	deflate_append(&b, story, 40, 31);
	deflate_append(&b, story + 40, sizeof(story) - 41, 31);
	check_read("gzip", &b);
	b.len = 0;
	zstd_append(&b, story, 40);
	append(&b, skippable, sizeof(skippable));
	zstd_append(&b, story + 40, sizeof(story) - 41);
	check_read("zstd", &b);
	free(b.data);
}

static void test_cut_short_and_broken(void **state)
{
	static const char *const names[] = {"gzip", "br", "zstd"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct bytes b = bytes_new();
		struct bytes r;
		struct transcript t;

		if (i == 0)
			deflate_append(&b, story, sizeof(story) - 1, 31);
		else if (i == 1)
			brotli_append(&b, story, sizeof(story) - 1);
		else
			zstd_append(&b, story, sizeof(story) - 1);
		b.len -= 10;
		r = response(names[i], &b);
		t = transcript_bytes(span_of_bytes(&r), 0, 80);
		assert_true(transcript_has(&t, "stream [HTTP body] truncated"));
		transcript_free(&t);
		assert_true(transcript_stable(span_of_bytes(&r), 80));
		free(r.data);
		for (size_t at = 20; at < b.len; at++)
			b.data[at] ^= 0x5a;
		r = response(names[i], &b);
		t = transcript_bytes(span_of_bytes(&r), 0, 80);
		assert_int_equal(t.status, STATUS_OK);
		assert_false(transcript_has(&t, story));
		transcript_free(&t);
		free(r.data);
		free(b.data);
	}
}

static void test_trailing_bytes_are_counted(void **state)
{
	struct bytes b = bytes_new();
	struct bytes r;
	struct transcript t;

	(void)state;
	deflate_append(&b, story, sizeof(story) - 1, 31);
	append(&b, "hidden", 6);
	r = response("gzip", &b);
	t = transcript_bytes(span_of_bytes(&r), 0, 80);
	assert_true(transcript_has(&t, story));
	assert_int_equal(t.summary.unread_bytes[0], 6);
	assert_int_equal(t.summary.unread_reason, STREAM_UNKNOWN);
	transcript_free(&t);
	assert_true(transcript_stable(span_of_bytes(&r), 80));
	free(r.data);
	free(b.data);
}

static void test_unknown_encoding_is_not_read(void **state)
{
	struct bytes b = bytes_new();
	struct bytes r;
	struct transcript t;

	(void)state;
	append(&b, story, sizeof(story) - 1);
	r = response("rot13", &b);
	t = transcript_bytes(span_of_bytes(&r), 0, 80);
	assert_true(transcript_has(&t, "stream [HTTP body] unknown"));
	assert_int_equal(t.summary.unread_bytes[0], sizeof(story) - 1);
	transcript_free(&t);
	free(r.data);
	free(b.data);
}

/* What a decoder holds of megabytes of zeros, compressed a thousand to one. */
static void check_bomb(const char *encoding, struct bytes body)
{
	struct bytes r = response(encoding, &body);
	struct transcript t = transcript_bytes(span_of_bytes(&r), 1400, 80);

	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "stream [HTTP body] limit"));
	assert_true(t.summary.limits_hit > 0);
	assert_true(t.summary.unread_bytes[0] > 0);
	assert_int_equal(t.summary.unread_reason, STREAM_LIMIT);
	assert_int_equal(t.budget_left_used, 0);
	assert_true(t.budget_peak < (12u << 20));
	transcript_free(&t);
	free(r.data);
}

static void test_bombs_hit_the_ratio(void **state)
{
	size_t len = 100u << 20;
	char *spaces = malloc(len);
	struct bytes b = bytes_new();

	(void)state;
	assert_non_null(spaces);
	memset(spaces, ' ', len);
	deflate_append(&b, spaces, len, 31);
	check_bomb("gzip", b);
	b.len = 0;
	zstd_append(&b, spaces, len);
	check_bomb("zstd", b);
	b.len = 0;
	brotli_append(&b, spaces, len);
	check_bomb("br", b);
	free(b.data);
	free(spaces);
}

static void test_bomb_inside_a_bomb(void **state)
{
	size_t len = 20u << 20;
	char *spaces = malloc(len);
	struct bytes inner = bytes_new();
	struct bytes outer = bytes_new();

	(void)state;
	assert_non_null(spaces);
	memset(spaces, ' ', len);
	deflate_append(&inner, spaces, len, 31);
	deflate_append(&outer, inner.data, inner.len, 31);
	check_bomb("gzip, gzip", outer);
	free(spaces);
	free(inner.data);
	free(outer.data);
}

static void test_wrapped_too_deep(void **state)
{
	struct bytes a = bytes_new();
	struct bytes b = bytes_new();
	struct bytes r;
	struct transcript t;

	(void)state;
	append(&a, story, sizeof(story) - 1);
	for (int i = 0; i < 10; i++) {
		struct bytes swap = a;

		b.len = 0;
		deflate_append(&b, a.data, a.len, 31);
		a = b;
		b = swap;
	}
	r = response("gzip", &a);
	t = transcript_bytes(span_of_bytes(&r), 0, 80);
	assert_int_equal(t.status, STATUS_OK);
	assert_false(transcript_has(&t, story));
	assert_int_equal(transcript_count(&t, " limit bytes="), 1);
	assert_true(t.summary.unread_bytes[0] > 0);
	assert_int_equal(t.summary.unread_reason, STREAM_LIMIT);
	transcript_free(&t);
	assert_true(transcript_stable(span_of_bytes(&r), 80));
	free(r.data);
	free(a.data);
	free(b.data);
}

static void test_zstd_window_is_refused(void **state)
{
	/* A frame header that asks for a window of 2 TiB. */
	static const uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 1, 2, 3, 4, 5, 6, 7, 8,
	        9, 10, 11, 12, 13, 14, 15, 16};
	struct bytes b = bytes_new();
	struct bytes r;
	struct transcript t;

	(void)state;
	append(&b, frame, sizeof(frame));
	r = response("zstd", &b);
	t = transcript_bytes(span_of_bytes(&r), 0, 80);
	assert_true(transcript_has(&t, "stream [HTTP body] limit"));
	assert_true(t.budget_peak < (1u << 20));
	transcript_free(&t);
	free(r.data);
	free(b.data);
}

static void test_utf16_becomes_utf8(void **state)
{
	static const char le[] = "\xff\xfe"
	                         "A\0d\0a\0 \0\xe9\0 \0"
	                         "\x3d\xd8\x00\xde"
	                         "!\0";
	static const char be[] =
	        "\0B\0i\0r\0t\0h\0 \0d\0a\0t\0e\0:\0 \0\x31\0\x39\0\x38\0\x30\0-\0\x30\0\x31";
	struct transcript t = transcript_bytes(span_of(le, sizeof(le) - 1), 0, 9999);

	(void)state;
	assert_true(transcript_has(&t, "Ada \\xc3\\xa9 \\xf0\\x9f\\x98\\x80!"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(le, sizeof(le) - 1), 9999));
	t = transcript_bytes(span_of(be, sizeof(be) - 1), 0, 9999);
	assert_true(transcript_has(&t, "Birth date: 1980-01"));
	transcript_free(&t);
	assert_true(transcript_stable(span_of(be, sizeof(be) - 1), 9999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_encoding),
	        cmocka_unit_test(test_encodings_on_top_of_each_other),
	        cmocka_unit_test(test_members_and_frames_in_a_row),
	        cmocka_unit_test(test_cut_short_and_broken),
	        cmocka_unit_test(test_trailing_bytes_are_counted),
	        cmocka_unit_test(test_unknown_encoding_is_not_read),
	        cmocka_unit_test(test_bombs_hit_the_ratio),
	        cmocka_unit_test(test_bomb_inside_a_bomb),
	        cmocka_unit_test(test_wrapped_too_deep),
	        cmocka_unit_test(test_zstd_window_is_refused),
	        cmocka_unit_test(test_utf16_becomes_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
