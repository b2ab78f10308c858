#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "decode/http1_line.h"
#include "transcript.h"

static const char post[] = "POST /results?name=Ada%20Invented&id=12%2F34 HTTP/1.1\r\n"
                           "Host: results.example:8080\r\n"
                           "User-Agent: PracticeApp/4.1\r\n"
                           "Accept: */*\r\n"
                           "Authorization: Bearer secret-token\r\n"
                           "X-Patient: first\r\n second\r\n"
                           "Content-Type: text/plain; charset=utf-8\r\n"
                           "Content-Length: 23\r\n"
                           "\r\n"
                           "The invented patient is";

static const char chunked[] = "HTTP/1.1 200 OK\r\n"
                              "Server: invented/1.0\r\n"
                              "Transfer-Encoding: chunked\r\n"
                              "\r\n"
                              "5\r\nfirst\r\n"
                              "10;name=value\r\n and then a long\r\n"
                              "A\r\ner second.\r\n"
                              "0\r\n"
                              "X-Check: 99\r\n"
                              "\r\n"
                              "HTTP/1.1 204 No Content\r\n\r\n";

static struct span text_span(const char *text)
{
	return span_of(text, strlen(text));
}

static void test_request_fields(void **state)
{
	struct transcript t = transcript_bytes(text_span(post), 0, 80);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	assert_true(transcript_has(&t, "0.0 begin http-request POST []"));
	assert_true(
	        transcript_has(&t, "field url [HTTP address] /results?name=Ada Invented&id=12/34"));
	assert_true(transcript_has(&t, "field url key=name [HTTP query] Ada Invented"));
	assert_true(transcript_has(&t, "field url key=id [HTTP query] 12/34"));
	assert_true(transcript_has(&t, "field host [HTTP host] results.example\n"));
	assert_true(transcript_has(&t, "field user-agent [HTTP user agent] PracticeApp/4.1"));
	assert_true(transcript_has(&t, "field header key=X-Patient [HTTP header] first second"));
	assert_true(transcript_has(&t, "field header key=Authorization [HTTP header] \n"));
	assert_false(transcript_has(&t, "secret-token"));
	assert_false(transcript_has(&t, "Accept"));
	assert_true(transcript_has(&t, "0.1 begin text  [HTTP body]"));
	assert_true(transcript_has(&t, "The invented patient is"));
	assert_true(transcript_has(&t, "0.1 stream [HTTP body] complete bytes=23 unread=0"));
	assert_true(transcript_has(&t, "0.0 stream [] complete"));
	assert_string_equal(t.summary.protocol, "http");
	assert_true(t.summary.clear);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.summary.read_bytes[0], sizeof(post) - 1);
	transcript_free(&t);
}

static void test_request_is_stable(void **state)
{
	(void)state;
	assert_true(transcript_stable(text_span(post), 80));
}

static void test_response_without_request(void **state)
{
	struct transcript t = transcript_bytes(text_span(chunked), 0, 80);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "begin http-response 200"));
	assert_true(transcript_has(&t, "field software [HTTP server] invented/1.0"));
	assert_true(transcript_has(&t, "first and then a longer second."));
	assert_true(transcript_has(&t, "stream [HTTP body] complete bytes=31 unread=0"));
	assert_true(transcript_has(&t, "key=X-Check [HTTP header] 99"));
	assert_true(transcript_has(&t, "begin http-response 204"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	assert_true(transcript_stable(text_span(chunked), 80));
}

static void test_pipelined_requests(void **state)
{
	static const char bytes[] = "GET /a HTTP/1.1\r\nHost: h.example\r\n\r\n"
	                            "GET /b HTTP/1.1\r\nHost: h.example\r\n\r\n"
	                            "PUT /c HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
	                            "\r\nDELETE /d HTTP/1.0\n\n";
	struct transcript t = transcript_bytes(text_span(bytes), 0, 80);

	(void)state;
	assert_int_equal(transcript_count(&t, "begin http-request"), 4);
	assert_true(transcript_has(&t, "begin http-request DELETE"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(text_span(bytes), 80));
}

static void test_answer_to_head_has_no_body(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "HEAD /a HTTP/1.1\r\nHost: h.example\r\n\r\n"),
	        SEGMENT(0, "GET /b HTTP/1.1\r\nHost: h.example\r\n\r\n"),
	        SEGMENT(1, "HTTP/1.1 100 Continue\r\n\r\n"),
	        SEGMENT(1, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
	        SEGMENT(1, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
	};

	(void)state;
	for (size_t step = 0; step < 3; step++) {
		struct transcript t = transcript_run(segments, 5, step, 80);

		assert_int_equal(transcript_count(&t, "begin http-response 200"), 2);
		assert_int_equal(transcript_count(&t, "begin http-response 100"), 1);
		assert_true(transcript_has(&t, "1.1 stream [HTTP body] complete bytes=5"));
		assert_int_equal(t.summary.unread_bytes[1], 0);
		transcript_free(&t);
	}
}

static void test_connect_and_upgrade(void **state)
{
	static const struct segment connect[] = {
	        SEGMENT(0, "CONNECT h.example:443 HTTP/1.1\r\nHost: h.example\r\n\r\n"),
	        SEGMENT(1, "HTTP/1.1 200 Connection established\r\n\r\n\x16\x03\x03"),
	        SEGMENT(0, "\x16\x03\x01\x02\x00"),
	        SEGMENT(1, "\x17\x03\x03"),
	};
	static const struct segment upgrade[] = {
	        SEGMENT(0, "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
	        SEGMENT(1, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81"),
	};
	struct transcript t = transcript_run(connect, 4, 0, 3128);

	(void)state;
	assert_true(transcript_has(&t, "1.0 upgrade unknown at 39"));
	assert_true(transcript_has(&t, "0.0 upgrade unknown at 51"));
	assert_int_equal(t.summary.unread_bytes[0] + t.summary.unread_bytes[1], 0);
	transcript_free(&t);
	t = transcript_run(connect, 4, 1, 3128);
	assert_true(transcript_has(&t, "1.0 upgrade unknown at 39"));
	assert_true(transcript_has(&t, "0.0 upgrade unknown at 51"));
	transcript_free(&t);
	t = transcript_run(upgrade, 2, 0, 80);
	assert_true(transcript_has(&t, "1.0 upgrade websocket at 56"));
	transcript_free(&t);
}

static void test_refused_connect_goes_on(void **state)
{
	static const char bytes[] = "CONNECT h.example:443 HTTP/1.1\r\n\r\n"
	                            "GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n";
	struct transcript t = transcript_bytes(text_span(bytes), 0, 3128);

	(void)state;
	assert_int_equal(transcript_count(&t, "begin http-request"), 2);
	assert_false(transcript_has(&t, "upgrade"));
	transcript_free(&t);
	assert_true(transcript_stable(text_span(bytes), 3128));
}

static void test_known_gap_inside_a_body(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "POST /a HTTP/1.1\r\nContent-Length: 40\r\n\r\nten bytes."),
	        {.direction = 0, .gap_bytes = 20},
	        SEGMENT(0, "ten bytes.GET /b HTTP/1.1\r\n\r\n"),
	};
	struct transcript t = transcript_run(segments, 3, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "stream [HTTP body] gap bytes=20 unread=0"));
	assert_true(transcript_has(&t, "begin http-request GET"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
}

static void test_gap_in_chunked_finds_the_next_message(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\nten bytes."),
	        {.direction = 0, .gap_bytes = TRANSCRIPT_GAP_UNKNOWN},
	        SEGMENT(0, "rest of a chunk\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
	                   "2\r\n\r\nok"),
	};

	(void)state;
	for (size_t step = 0; step < 2; step++) {
		struct transcript t = transcript_run(segments, 3, step, 80);

		assert_true(transcript_has(&t, "rest of a chunk"));
		assert_int_equal(transcript_count(&t, "begin http-response 200"), 2);
		assert_true(transcript_has(&t, "stream [HTTP body] complete bytes=2"));
		assert_int_equal(transcript_count(&t, "stream [HTTP body] gap"), 1);
		transcript_free(&t);
	}
}

static void test_start_in_the_middle(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "the end of some body that nobody saw the start of"),
	        SEGMENT(0,
	                "POST /later HTTP/1.1\r\nHost: h.example\r\nContent-Length: 2\r\n\r\nok"),
	};
	struct transcript t = transcript_run(segments, 2, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "begin http-request POST"));
	assert_string_equal(t.summary.protocol, "http");
	transcript_free(&t);
}

static void test_gap_over_a_head(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "GET /a HTTP/1.1\r\nHost: h.exa"),
	        {.direction = 0, .gap_bytes = 1000},
	        SEGMENT(0, "body bytes\r\nGET /b HTTP/1.1\r\nHost: h.example\r\n\r\n"),
	};
	struct transcript t = transcript_run(segments, 3, 0, 80);

	(void)state;
	assert_int_equal(transcript_count(&t, "begin http-request GET"), 1);
	assert_true(transcript_has(&t, "[HTTP address] /b"));
	assert_int_equal(t.summary.unread_bytes[0], 28 + 12);
	assert_int_equal(t.summary.unread_reason, STREAM_GAP);
	transcript_free(&t);
}

static void test_cut_short(void **state)
{
	struct transcript t = transcript_bytes(span_of(post, sizeof(post) - 5), 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "stream [HTTP body] truncated bytes=19 unread=0"));
	assert_true(transcript_has(&t, "0.0 stream [] truncated"));
	transcript_free(&t);
	t = transcript_bytes(span_of(post, 60), 0, 80);
	assert_true(transcript_has(&t, "0.0 stream [] truncated bytes=60 unread=60"));
	transcript_free(&t);
}

static void test_chunk_size_lies(void **state)
{
	static const char *const sizes[] = {"FFFFFFFFFFFFFFFFF", "-1", "zz", "", "7fffffffffffff"};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		char bytes[256];
		struct transcript t;

		snprintf(bytes, sizeof(bytes),
		        "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		        "chunked\r\n\r\n%s\r\nabc\r\n0\r\n\r\n",
		        sizes[i]);
		t = transcript_bytes(text_span(bytes), 0, 80);
		assert_int_equal(t.status, STATUS_OK);
		assert_int_equal(transcript_count(&t, "stream [HTTP body] complete"), 0);
		assert_true(t.summary.malformed > 0 || transcript_has(&t, "truncated"));
		transcript_free(&t);
		assert_true(transcript_stable(text_span(bytes), 80));
	}
}

static void test_contradicting_lengths(void **state)
{
	static const char bytes[] = "POST / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n"
	                            "hello\r\nGET /next HTTP/1.1\r\n\r\n";
	struct transcript t = transcript_bytes(text_span(bytes), 0, 80);

	(void)state;
	assert_int_equal(t.summary.malformed, 1);
	assert_true(transcript_has(&t, "[HTTP address] /next"));
	assert_int_equal(t.summary.unread_bytes[0], 7);
	transcript_free(&t);
	assert_true(transcript_stable(text_span(bytes), 80));
}

static void test_header_flood_is_a_limit(void **state)
{
	size_t len = 300000;
	char *bytes = malloc(len + 100);
	size_t at;
	struct transcript t;

	(void)state;
	assert_non_null(bytes);
	at = (size_t)snprintf(bytes, len, "GET / HTTP/1.1\r\n");
	while (at < len)
		at += (size_t)snprintf(bytes + at, 32, "X-%zu: y\r\n", at);
	at += (size_t)snprintf(bytes + at, 40, "\r\nGET /after HTTP/1.1\r\n\r\n");
	t = transcript_bytes(span_of(bytes, at), 1400, 80);
	assert_int_equal(t.status, STATUS_OK);
	assert_true(t.summary.limits_hit > 0);
	assert_true(transcript_has(&t, "[HTTP address] /after"));
	assert_true(t.summary.unread_bytes[0] > 290000);
	assert_true(t.budget_peak < (2u << 20));
	transcript_free(&t);
	free(bytes);
}

static void test_many_headers_come_out(void **state)
{
	char bytes[8192];
	size_t at = (size_t)snprintf(bytes, sizeof(bytes), "GET / HTTP/1.1\r\n");
	struct transcript t;

	(void)state;
	for (int i = 0; i < 100; i++)
		at += (size_t)snprintf(bytes + at, 40, "X-Number-%d: value %d\r\n", i, i);
	at += (size_t)snprintf(bytes + at, 8, "\r\n");
	t = transcript_bytes(span_of(bytes, at), 0, 80);
	assert_int_equal(transcript_count(&t, "field header key=X-Number-"), 100);
	transcript_free(&t);
}

static void test_old_http_is_not_read(void **state)
{
	struct transcript t = transcript_bytes(text_span("GET /index.html\r\n"), 0, 80);

	(void)state;
	assert_false(transcript_has(&t, "begin http-request"));
	assert_int_equal(t.status, STATUS_OK);
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_request_fields),
	        cmocka_unit_test(test_request_is_stable),
	        cmocka_unit_test(test_response_without_request),
	        cmocka_unit_test(test_pipelined_requests),
	        cmocka_unit_test(test_answer_to_head_has_no_body),
	        cmocka_unit_test(test_connect_and_upgrade),
	        cmocka_unit_test(test_refused_connect_goes_on),
	        cmocka_unit_test(test_known_gap_inside_a_body),
	        cmocka_unit_test(test_gap_in_chunked_finds_the_next_message),
	        cmocka_unit_test(test_start_in_the_middle),
	        cmocka_unit_test(test_gap_over_a_head),
	        cmocka_unit_test(test_cut_short),
	        cmocka_unit_test(test_chunk_size_lies),
	        cmocka_unit_test(test_contradicting_lengths),
	        cmocka_unit_test(test_header_flood_is_a_limit),
	        cmocka_unit_test(test_many_headers_come_out),
	        cmocka_unit_test(test_old_http_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
