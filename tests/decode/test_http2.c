/* HTTP/2 connections, made frame by frame. Field lists are written as HPACK literals without
 * indexing, but where a test is about the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "decode/http2_frame.h"
#include "transcript.h"

#define WIRE_BYTES_MAX (256u << 10)

/* One direction of a connection. */
struct wire {
	uint8_t bytes[WIRE_BYTES_MAX];
	size_t len;
	uint8_t block[WIRE_BYTES_MAX]; /* of fields, until a frame takes it */
	size_t block_len;
};

static struct wire *wire_new(bool preface)
{
	struct wire *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	if (preface) {
		memcpy(w->bytes, HTTP2_PREFACE, HTTP2_PREFACE_BYTES);
		w->len = HTTP2_PREFACE_BYTES;
	}
	return w;
}

static void put(struct wire *w, const void *bytes, size_t len)
{
	assert_true(len <= WIRE_BYTES_MAX - w->len);
	if (len > 0)
		memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
}

static void frame(struct wire *w, uint8_t type, uint8_t flags, uint32_t stream, struct span payload)
{
	uint8_t head[HTTP2_FRAME_HEADER_BYTES] = {(uint8_t)(payload.len >> 16),
	        (uint8_t)(payload.len >> 8), (uint8_t)payload.len, type, flags,
	        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8),
	        (uint8_t)stream};

	put(w, head, sizeof(head));
	put(w, payload.data, payload.len);
}

static void text(struct wire *w, uint8_t flags, uint32_t stream, const char *body)
{
	frame(w, HTTP2_DATA, flags, stream, span_of_text(body));
}

static void block_byte(struct wire *w, uint8_t b)
{
	assert_true(w->block_len < WIRE_BYTES_MAX);
	w->block[w->block_len++] = b;
}

/* RFC 7541 section 5.2, without Huffman; at most 127 + 2^14 bytes. */
static void block_string(struct wire *w, const char *s)
{
	size_t len = strlen(s);

	if (len < 127) {
		block_byte(w, (uint8_t)len);
	} else {
		block_byte(w, 127);
		block_byte(w, (uint8_t)(((len - 127) & 127) | 128));
		block_byte(w, (uint8_t)((len - 127) >> 7));
	}
	for (size_t i = 0; i < len; i++)
		block_byte(w, (uint8_t)s[i]);
}

/* kind: 0x00 not indexed, 0x40 added to the table (sections 6.2.2 and 6.2.1). */
static void field(struct wire *w, uint8_t kind, const char *name, const char *value)
{
	block_byte(w, kind);
	block_string(w, name);
	block_string(w, value);
}

static void request(struct wire *w, const char *method, const char *path)
{
	field(w, 0, ":method", method);
	field(w, 0, ":scheme", "http");
	field(w, 0, ":path", path);
	field(w, 0, ":authority", "results.example:8080");
}

static void headers(struct wire *w, uint8_t flags, uint32_t stream)
{
	frame(w, HTTP2_HEADERS, flags, stream, span_of(w->block, w->block_len));
	w->block_len = 0;
}

static void settings(struct wire *w)
{
	frame(w, HTTP2_SETTINGS, 0, 0, span_of("\0\1\0\0\x10\0\0\3\0\0\0\x64", 12));
}

static struct transcript run(const struct wire *w)
{
	struct transcript t = transcript_bytes(span_of(w->bytes, w->len), 0, 80);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	assert_string_equal(t.summary.protocol, "http2");
	assert_true(t.summary.clear);
	return t;
}

static void check_stable(struct wire *w)
{
	assert_true(transcript_stable(span_of(w->bytes, w->len), 80));
	free(w);
}

/* RFC 9113 section 6: what a client sends. */
static void test_request(void **state)
{
	struct wire *w = wire_new(true);
	struct transcript t;

	(void)state;
	settings(w);
	frame(w, HTTP2_WINDOW_UPDATE, 0, 0, span_of("\0\1\0\0", 4));
	request(w, "POST", "/results?name=Ada%20Invented&id=12%2F34");
	field(w, 0, "user-agent", "PracticeApp/4.1");
	field(w, 0, "accept", "*/*");
	field(w, 0x10, "authorization", "Bearer secret-token");
	field(w, 0, "x-patient", "first second");
	field(w, 0, "content-type", "text/plain; charset=utf-8");
	headers(w, HTTP2_FLAG_END_HEADERS, 1);
	text(w, 0, 1, "The invented ");
	frame(w, HTTP2_PING, 0, 0, span_of("12345678", 8));
	text(w, HTTP2_FLAG_END_STREAM, 1, "patient is");
	t = run(w);
	assert_true(transcript_has(&t, "0.0 begin http-request POST []"));
	assert_true(
	        transcript_has(&t, "field url [HTTP address] /results?name=Ada Invented&id=12/34"));
	assert_true(transcript_has(&t, "field url key=name [HTTP query] Ada Invented"));
	assert_true(transcript_has(&t, "field host [HTTP host] results.example\n"));
	assert_true(transcript_has(&t, "field user-agent [HTTP user agent] PracticeApp/4.1"));
	assert_true(transcript_has(&t, "field header key=x-patient [HTTP header] first second"));
	assert_true(transcript_has(&t, "field header key=authorization [HTTP header] \n"));
	assert_false(transcript_has(&t, "secret-token"));
	assert_false(transcript_has(&t, "accept"));
	assert_false(transcript_has(&t, ":scheme"));
	assert_true(transcript_has(&t, "The invented patient is"));
	assert_true(transcript_has(&t, "0.1 stream [HTTP body] complete bytes=23 unread=0"));
	assert_true(transcript_has(&t, "0.0 stream [] complete"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.summary.read_bytes[0], w->len);
	transcript_free(&t);
	check_stable(w);
}

static void test_response(void **state)
{
	struct wire *w = wire_new(false);
	struct transcript t;

	(void)state;
	settings(w);
	field(w, 0, ":status", "103");
	field(w, 0, "link", "</style.css>");
	headers(w, HTTP2_FLAG_END_HEADERS, 1);
	field(w, 0, ":status", "200");
	field(w, 0, "server", "invented/1.0");
	headers(w, HTTP2_FLAG_END_HEADERS, 1);
	text(w, 0, 1, "first and then a longer second.");
	field(w, 0, "x-check", "99");
	headers(w, HTTP2_FLAG_END_HEADERS | HTTP2_FLAG_END_STREAM, 1);
	field(w, 0, ":status", "204");
	headers(w, HTTP2_FLAG_END_HEADERS | HTTP2_FLAG_END_STREAM, 3);
	frame(w, HTTP2_GOAWAY, 0, 0, span_of("\0\0\0\3\0\0\0\0debug", 13));
	t = run(w);
	assert_true(transcript_has(&t, "begin http-response 103"));
	assert_true(transcript_has(&t, "begin http-response 200"));
	assert_true(transcript_has(&t, "field software [HTTP server] invented/1.0"));
	assert_true(transcript_has(&t, "stream [HTTP body] complete bytes=31 unread=0"));
	assert_true(transcript_has(&t, "key=x-check [HTTP header] 99"));
	assert_true(transcript_has(&t, "begin http-response 204"));
	assert_int_equal(transcript_count(&t, "begin http-response"), 3);
	assert_int_equal(transcript_count(&t, "end http-response"), 3);
	assert_int_equal(t.summary.unread_bytes[0], 13); /* of GOAWAY */
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	check_stable(w);
}

/* Bodies that take turns stay apart. */
static void test_streams_take_turns(void **state)
{
	struct wire *w = wire_new(true);
	struct transcript t;

	(void)state;
	settings(w);
	for (uint32_t id = 1; id <= 5; id += 2) {
		request(w, "PUT", "/a");
		field(w, 0, "content-type", "application/json");
		headers(w, HTTP2_FLAG_END_HEADERS, id);
	}
	text(w, 0, 1, "{\"a\": \"one ");
	text(w, 0, 3, "{\"b\": \"two ");
	text(w, 0, 5, "{\"c\": ");
	text(w, HTTP2_FLAG_END_STREAM, 3, "and more\"}");
	text(w, HTTP2_FLAG_END_STREAM, 1, "and the rest\"}");
	t = run(w);
	assert_true(transcript_has(&t, "one and the rest"));
	assert_true(transcript_has(&t, "two and more"));
	assert_int_equal(transcript_count(&t, "0.1 stream [HTTP body] complete"), 2);
	assert_int_equal(transcript_count(&t, "0.1 stream [HTTP body] cut short") +
	                         transcript_count(&t, "0.1 stream [HTTP body] truncated"),
	        1);
	assert_int_equal(transcript_count(&t, "end http-request"), 3);
	transcript_free(&t);
	check_stable(w);
}

static void test_padding_priority_continuation(void **state)
{
	struct wire *w = wire_new(true);
	uint8_t payload[256] = {4, 0, 0, 0, 0, 16};
	size_t first;
	struct transcript t;

	(void)state;
	request(w, "POST", "/p");
	first = w->block_len / 2;
	memcpy(payload + 6, w->block, first);
	frame(w, HTTP2_HEADERS, HTTP2_FLAG_PADDED | HTTP2_FLAG_PRIORITY, 7,
	        span_of(payload, 6 + first + 4));
	frame(w, HTTP2_CONTINUATION, 0, 7, span_of(NULL, 0));
	frame(w, HTTP2_CONTINUATION, HTTP2_FLAG_END_HEADERS, 7,
	        span_of(w->block + first, w->block_len - first));
	frame(w, HTTP2_DATA, HTTP2_FLAG_PADDED | HTTP2_FLAG_END_STREAM, 7,
	        span_of("\3the body\0\0\0", 12));
	frame(w, 0xfa, 0xff, 9, span_of("grease", 6));
	t = run(w);
	assert_true(transcript_has(&t, "[HTTP address] /p"));
	assert_true(transcript_has(&t, "the body"));
	assert_true(transcript_has(&t, "0.1 stream [HTTP body] complete bytes=8"));
	assert_int_equal(t.summary.unread_bytes[0], 6); /* of the unknown frame */
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	check_stable(w);
}

/* The second head refers to the first one's fields, in a table of 64 KiB. */
static void test_table(void **state)
{
	struct wire *w = wire_new(true);
	struct transcript t;

	(void)state;
	w->block_len = 4;
	memcpy(w->block, "\x3f\xe1\xff\x03", 4); /* size update: 65,536 */
	request(w, "GET", "/a");
	field(w, 0x40, "x-ward", "invented ward");
	headers(w, HTTP2_FLAG_END_HEADERS | HTTP2_FLAG_END_STREAM, 1);
	request(w, "GET", "/b");
	block_byte(w, 0x80 | 62); /* the table's newest field */
	headers(w, HTTP2_FLAG_END_HEADERS | HTTP2_FLAG_END_STREAM, 3);
	t = run(w);
	assert_int_equal(transcript_count(&t, "key=x-ward [HTTP header] invented ward"), 2);
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	check_stable(w);
}

/* A table larger than ours: no more heads; the bodies are read on. */
static void test_table_over_the_maximum(void **state)
{
	struct wire *w = wire_new(true);
	struct transcript t;

	(void)state;
	w->block_len = 4;
	memcpy(w->block, "\x3f\xe2\xff\x03", 4); /* 65,537 */
	request(w, "POST", "/a");
	headers(w, HTTP2_FLAG_END_HEADERS, 1);
	text(w, HTTP2_FLAG_END_STREAM, 1, "{\"a\": \"still read\"}");
	t = run(w);
	assert_false(transcript_has(&t, "/a"));
	assert_true(transcript_has(&t, "still read"));
	assert_int_equal(t.summary.malformed, 1);
	assert_int_equal(t.summary.unread_reason, STREAM_MALFORMED);
	assert_true(t.summary.unread_bytes[0] > 40);
	transcript_free(&t);
	check_stable(w);
}

/* More streams at once than there are branches: the oldest are given up. */
static void test_streams_over_the_maximum(void **state)
{
	struct wire *w = wire_new(true);
	struct transcript t;

	(void)state;
	for (uint32_t i = 0; i < DECODE_BRANCHES_MAX + 3; i++) {
		request(w, "PUT", "/s");
		headers(w, HTTP2_FLAG_END_HEADERS, 2 * i + 1);
	}
	t = run(w);
	assert_int_equal(t.summary.limits_hit, 3);
	assert_int_equal(transcript_count(&t, "begin http-request PUT"), DECODE_BRANCHES_MAX + 3);
	assert_int_equal(transcript_count(&t, "end http-request"), DECODE_BRANCHES_MAX + 3);
	transcript_free(&t);
	free(w);
}

static void test_list_over_the_maximum(void **state)
{
	struct wire *w = wire_new(true);
	char value[2001];
	struct transcript t;

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	request(w, "GET", "/long");
	field(w, 0x40, "x-long", value);
	for (int i = 0; i < 40; i++)
		block_byte(w, 0x80 | 62);
	headers(w, HTTP2_FLAG_END_HEADERS | HTTP2_FLAG_END_STREAM, 1);
	request(w, "GET", "/next");
	block_byte(w, 0x80 | 62);
	headers(w, HTTP2_FLAG_END_HEADERS | HTTP2_FLAG_END_STREAM, 3);
	t = run(w);
	assert_int_equal(t.summary.limits_hit, 1);
	assert_int_equal(t.summary.malformed, 0);
	assert_true(transcript_count(&t, "key=x-long") > 30);
	assert_true(transcript_has(&t, "/next"));
	transcript_free(&t);
	free(w);
}

static void test_block_over_the_maximum(void **state)
{
	struct wire *w = wire_new(true);
	static const uint8_t zeros[16384];
	struct transcript t;

	(void)state;
	request(w, "POST", "/never");
	headers(w, 0, 1);
	for (int i = 0; i < 5; i++)
		frame(w, HTTP2_CONTINUATION, i == 4 ? HTTP2_FLAG_END_HEADERS : 0, 1,
		        span_of(zeros, sizeof(zeros)));
	text(w, HTTP2_FLAG_END_STREAM, 1, "{\"a\": \"still read\"}");
	t = run(w);
	assert_false(transcript_has(&t, "/never"));
	assert_true(transcript_has(&t, "still read"));
	assert_int_equal(t.summary.limits_hit, 1);
	assert_int_equal(t.summary.unread_reason, STREAM_LIMIT);
	assert_true(t.summary.unread_bytes[0] > 5 * sizeof(zeros));
	transcript_free(&t);
	free(w);
}

static void test_reset_and_push(void **state)
{
	struct wire *w = wire_new(false);
	struct transcript t;

	(void)state;
	settings(w);
	field(w, 0, ":status", "200");
	headers(w, HTTP2_FLAG_END_HEADERS, 1);
	text(w, 0, 1, "only a part");
	memcpy(w->block, "\0\0\0\2", 4);
	w->block_len = 4;
	request(w, "GET", "/pushed");
	frame(w, HTTP2_PUSH_PROMISE, HTTP2_FLAG_END_HEADERS, 1, span_of(w->block, w->block_len));
	w->block_len = 0;
	frame(w, HTTP2_RST_STREAM, 0, 1, span_of("\0\0\0\x8", 4));
	field(w, 0, ":status", "200");
	headers(w, HTTP2_FLAG_END_HEADERS, 2);
	text(w, HTTP2_FLAG_END_STREAM, 2, "pushed body");
	t = run(w);
	assert_true(transcript_has(&t, "begin http-request GET"));
	assert_true(transcript_has(&t, "/pushed"));
	assert_true(transcript_has(&t, "pushed body"));
	assert_true(transcript_has(&t, "0.1 stream [HTTP body] complete bytes=11"));
	assert_int_equal(transcript_count(&t, "begin http-response 200"), 2);
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	check_stable(w);
}

static void test_encoded_body(void **state)
{
	/* gzip of "an invented result" without its file name, RFC 1952 */
	static const uint8_t packed[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
	        0x4b, 0xcc, 0x53, 0xc8, 0xcc, 0x2b, 0x4b, 0xcd, 0x2b, 0x49, 0x4d, 0x51, 0x28, 0x4a,
	        0x2d, 0x2e, 0xcd, 0x29, 0x01, 0x00, 0x27, 0xfe, 0xd6, 0x41, 0x12, 0x00, 0x00, 0x00};
	struct wire *w = wire_new(true);
	struct transcript t;

	(void)state;
	request(w, "POST", "/z");
	field(w, 0, "content-encoding", "gzip");
	headers(w, HTTP2_FLAG_END_HEADERS, 1);
	frame(w, HTTP2_DATA, 0, 1, span_of(packed, 15));
	frame(w, HTTP2_DATA, HTTP2_FLAG_END_STREAM, 1, span_of(packed + 15, sizeof(packed) - 15));
	t = run(w);
	assert_true(transcript_has(&t, "an invented result"));
	transcript_free(&t);
	check_stable(w);
}

/* Bytes missing inside a body, and where nobody knows. */
static void test_gaps(void **state)
{
	struct wire *a = wire_new(true);
	struct wire *b = wire_new(true);
	struct segment segments[3] = {{0}, {.bytes = NULL}, {0}};
	struct transcript t;

	(void)state;
	request(a, "POST", "/a");
	headers(a, HTTP2_FLAG_END_HEADERS, 1);
	text(a, HTTP2_FLAG_END_STREAM, 1, "first part, missing, last part");
	b->len = 0;
	request(b, "POST", "/b");
	headers(b, HTTP2_FLAG_END_HEADERS, 3);
	text(b, HTTP2_FLAG_END_STREAM, 3, "{\"b\": \"after the gap\"}");
	put(a, b->bytes, b->len);
	for (int known = 1; known >= 0; known--) {
		size_t cut = a->len - b->len - 20; /* behind "first part" */

		segments[0].bytes = (const char *)a->bytes;
		segments[0].len = cut;
		segments[1].gap_bytes = known ? 10 : TRANSCRIPT_GAP_UNKNOWN;
		segments[2].bytes = (const char *)a->bytes + cut + 10;
		segments[2].len = a->len - cut - 10;
		for (size_t step = 0; step <= 2; step++) {
			t = transcript_run(segments, 3, step, 80);
			assert_int_equal(t.status, STATUS_OK);
			assert_int_equal(t.budget_left_used, 0);
			assert_true(transcript_has(&t, "first part"));
			assert_true(transcript_has(&t, "after the gap"));
			assert_int_equal(transcript_has(&t, "/b"), known);
			assert_int_equal(transcript_has(&t, "last part"), known);
			assert_int_equal(t.summary.unread_bytes[0] == 0, known);
			transcript_free(&t);
		}
	}
	free(a);
	free(b);
}

static void test_broken_frames(void **state)
{
	struct wire *w = wire_new(true);
	struct transcript t;

	(void)state;
	frame(w, HTTP2_DATA, 0, 0, span_of("no stream", 9));
	request(w, "GET", "/lost");
	headers(w, HTTP2_FLAG_END_HEADERS | HTTP2_FLAG_END_STREAM, 1);
	settings(w);
	text(w, HTTP2_FLAG_END_STREAM, 3, "{\"b\": \"found again\"}");
	t = run(w);
	assert_int_equal(t.summary.malformed, 1);
	assert_false(transcript_has(&t, "/lost"));
	assert_true(transcript_has(&t, "found again"));
	transcript_free(&t);
	check_stable(w);
	w = wire_new(true);
	frame(w, HTTP2_DATA, HTTP2_FLAG_PADDED, 1, span_of("\x9 short", 7));
	t = run(w);
	assert_int_equal(t.summary.malformed, 1);
	transcript_free(&t);
	check_stable(w);
}

static void test_lone_preface_is_cut_short(void **state)
{
	struct wire *w = wire_new(true);
	struct transcript t;

	(void)state;
	put(w, "\0\0", 2);
	t = run(w);
	assert_int_equal(t.summary.unread_bytes[0], 2);
	assert_int_equal(t.summary.unread_reason, STREAM_TRUNCATED);
	transcript_free(&t);
	check_stable(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_request),
	        cmocka_unit_test(test_response),
	        cmocka_unit_test(test_streams_take_turns),
	        cmocka_unit_test(test_padding_priority_continuation),
	        cmocka_unit_test(test_table),
	        cmocka_unit_test(test_table_over_the_maximum),
	        cmocka_unit_test(test_streams_over_the_maximum),
	        cmocka_unit_test(test_list_over_the_maximum),
	        cmocka_unit_test(test_block_over_the_maximum),
	        cmocka_unit_test(test_reset_and_push),
	        cmocka_unit_test(test_encoded_body),
	        cmocka_unit_test(test_gaps),
	        cmocka_unit_test(test_broken_frames),
	        cmocka_unit_test(test_lone_preface_is_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
