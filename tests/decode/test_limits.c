/* What a session holds, and what it says, when content is larger, deeper or more than it may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

#define GIB        (UINT64_C(1) << 30)
#define PIECE      (64u << 10)
#define HEAD_BYTES 512

struct totals {
	uint64_t fields;
	uint64_t text_bytes;
	uint64_t limits; /* streams that ended so */
	uint64_t streams;
	unsigned depth_max;
};

struct run {
	struct decode_session *session;
	struct budget budget;
	struct totals totals;
	uint64_t offset;
};

static void run_begin(struct run *r, const struct decode_limits *limits, size_t budget_bytes)
{
	struct tuple tuple = {.protocol = 6, .src.port = 50000, .dst.port = 80};

	memset(r, 0, sizeof(*r));
	budget_init(&r->budget, budget_bytes);
	assert_int_equal(decode_session_new(&r->session, &tuple, limits, &r->budget), STATUS_OK);
}

static void run_drain(struct run *r)
{
	struct decode_event e;
	int status;

	while ((status = decode_session_next(r->session, &e)) == STATUS_ITEM) {
		if (e.kind == DECODE_FIELD) {
			r->totals.fields++;
			r->totals.text_bytes += e.field.kind == FIELD_TEXT ? e.field.bytes.len : 0;
		}
		if (e.kind == DECODE_STREAM_END) {
			r->totals.streams++;
			r->totals.limits += e.end == STREAM_LIMIT;
		}
		if (e.depth > r->totals.depth_max)
			r->totals.depth_max = e.depth;
	}
	assert_int_equal(status, STATUS_OK);
}

static void run_feed(struct run *r, const void *bytes, size_t len)
{
	struct chunk c = {.offset = r->offset, .bytes = span_of(bytes, len)};

	assert_int_equal(decode_session_feed(r->session, &c), STATUS_OK);
	run_drain(r);
	r->offset += len;
}

static void run_end(struct run *r, struct decode_summary *ret)
{
	assert_int_equal(decode_session_finish(r->session, 0), STATUS_OK);
	run_drain(r);
	decode_session_summary(r->session, ret);
	r->session = decode_session_free(r->session);
	assert_int_equal(r->budget.used_bytes, 0);
}

static void feed_text(struct run *r, const char *text)
{
	run_feed(r, text, strlen(text));
}

static void check_huge_body(int byte, bool is_text)
{
	uint8_t *piece = malloc(PIECE);
	char head[HEAD_BYTES];
	struct decode_summary summary;
	struct run r;
	size_t peak_early;

	assert_non_null(piece);
	memset(piece, byte, PIECE);
	run_begin(&r, &decode_default_limits, 32u << 20);
	snprintf(head, sizeof(head), "PUT /big HTTP/1.1\r\nContent-Length: %llu\r\n\r\n",
	        (unsigned long long)GIB);
	feed_text(&r, head);
	run_feed(&r, piece, PIECE);
	peak_early = r.budget.peak_bytes;
	for (uint64_t at = PIECE; at < GIB; at += PIECE)
		run_feed(&r, piece, PIECE);
	assert_int_equal(r.budget.peak_bytes, peak_early);
	assert_true(peak_early < (256u << 10));
	feed_text(&r, "GET /after HTTP/1.1\r\n\r\n");
	run_end(&r, &summary);
	assert_int_equal(r.totals.text_bytes, is_text ? GIB : 0);
	assert_int_equal(summary.unread_bytes[0], is_text ? 0 : GIB);
	assert_int_equal(summary.unread_reason, is_text ? STREAM_COMPLETE : STREAM_UNKNOWN);
	free(piece);
}

static void test_a_gibibyte_in_constant_memory(void **state)
{
	(void)state;
	check_huge_body(0, false);
	check_huge_body('x', true);
}

static void test_endless_chunked_response(void **state)
{
	struct decode_summary summary;
	struct run r;
	size_t peak;

	(void)state;
	run_begin(&r, &decode_default_limits, 32u << 20);
	feed_text(&r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 1000; i++)
		feed_text(&r, "10\r\nabcdefghijklmno\n\r\n");
	peak = r.budget.peak_bytes;
	for (int i = 0; i < 100000; i++)
		feed_text(&r, "10\r\nabcdefghijklmno\n\r\n");
	assert_int_equal(r.budget.peak_bytes, peak);
	feed_text(&r, "0\r\n\r\n");
	run_end(&r, &summary);
	assert_int_equal(r.totals.text_bytes, 101000 * 16);
	assert_int_equal(summary.unread_bytes[0], 0);
}

static void test_many_messages_in_constant_memory(void **state)
{
	struct decode_summary summary;
	struct run r;
	size_t peak = 0;

	(void)state;
	run_begin(&r, &decode_default_limits, 32u << 20);
	for (int i = 0; i < 20000; i++) {
		feed_text(&r, "POST /x?a=b HTTP/1.1\r\nHost: h.example\r\nContent-Length: "
		              "5\r\n\r\nhello");
		if (i == 100)
			peak = r.budget.peak_bytes;
	}
	assert_int_equal(r.budget.peak_bytes, peak);
	run_end(&r, &summary);
	assert_int_equal(r.totals.streams, 20001);
	assert_int_equal(r.totals.limits, 0);
	assert_int_equal(summary.limits_hit, 0);
}

static void test_too_many_parts_in_one_message(void **state)
{
	static const char part[] = "--b\r\n\r\nx\r\n"; /* too many for their bytes */
	/* Each comes with its bytes: so many fit until there is one too many for them. */
	const size_t parts = 10000, part_bytes = sizeof(part) - 1;
	const size_t allowed = DECODE_STREAMS_MAX * DECODE_STREAM_BYTES_MIN /
	                       (DECODE_STREAM_BYTES_MIN - part_bytes);
	struct decode_summary summary;
	char head[HEAD_BYTES];
	struct run r;

	(void)state;
	run_begin(&r, &decode_default_limits, 32u << 20);
	snprintf(head, sizeof(head),
	        "POST / HTTP/1.1\r\nContent-Type: multipart/mixed; boundary=b\r\n"
	        "Content-Length: %zu\r\n\r\n",
	        parts * part_bytes + 7);
	feed_text(&r, head);
	for (size_t i = 0; i < parts; i++)
		feed_text(&r, part);
	feed_text(&r, "--b--\r\n");
	feed_text(&r, "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nnext");
	run_end(&r, &summary);
	assert_true(r.totals.limits + allowed >= parts - 10);
	assert_true(r.totals.limits + allowed <= parts + 10);
	assert_int_equal(summary.limits_hit, r.totals.limits);
	assert_int_equal(summary.unread_reason, STREAM_LIMIT);
}

static void test_decoded_bytes_have_a_maximum(void **state)
{
	struct decode_limits limits = decode_default_limits;
	struct decode_summary summary;
	struct run r;

	(void)state;
	limits.child_bytes_max = 1000;
	run_begin(&r, &limits, 32u << 20);
	feed_text(&r, "POST / HTTP/1.1\r\nContent-Length: 4000\r\n\r\n");
	for (int i = 0; i < 400; i++)
		feed_text(&r, "ten bytes.");
	feed_text(&r, "GET /after HTTP/1.1\r\n\r\n");
	run_end(&r, &summary);
	assert_int_equal(r.totals.text_bytes, 1000);
	assert_int_equal(r.totals.limits, 1);
	assert_int_equal(summary.unread_bytes[0], 3000);
	assert_int_equal(summary.unread_reason, STREAM_LIMIT);
}

/* Parts inside parts inside parts: each level is one more than the last. */
static void test_nested_parts_stop_at_the_depth(void **state)
{
	char *body = calloc(1, 8192);
	char head[HEAD_BYTES];
	struct decode_summary summary;
	struct run r;
	size_t len = 0;

	(void)state;
	assert_non_null(body);
	for (int i = 0; i < 20; i++)
		len += (size_t)snprintf(body + len, 8192 - len,
		        "--b%02d\r\nContent-Type: multipart/mixed; boundary=b%02d\r\n\r\n", i,
		        i + 1);
	len += (size_t)snprintf(body + len, 8192 - len, "deep inside");
	run_begin(&r, &decode_default_limits, 32u << 20);
	snprintf(head, sizeof(head),
	        "POST / HTTP/1.1\r\nContent-Type: multipart/mixed; boundary=b00\r\n"
	        "Content-Length: %zu\r\n\r\n",
	        len);
	feed_text(&r, head);
	run_feed(&r, body, len);
	run_end(&r, &summary);
	assert_int_equal(r.totals.depth_max, DECODE_DEPTH_MAX + 1);
	assert_int_equal(r.totals.limits, 1);
	assert_true(summary.unread_bytes[0] > 0);
	assert_int_equal(summary.unread_reason, STREAM_LIMIT);
	free(body);
}

static void test_little_budget_is_told(void **state)
{
	static const size_t budgets[] = {4000, 8000, 16000, 24000, 32000, 64000, 128000};

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		struct decode_summary summary;
		struct run r;

		run_begin(&r, &decode_default_limits, budgets[i]);
		feed_text(&r, "POST /x?a=%41 HTTP/1.1\r\nHost: h.example\r\n");
		feed_text(&r, "Content-Length: 50\r\n\r\n");
		feed_text(&r, "an invented letter about an invented person. Yours");
		run_end(&r, &summary);
		assert_true(r.budget.peak_bytes <= budgets[i]);
		if (r.totals.text_bytes == 0) {
			assert_true(summary.limits_hit > 0);
			assert_true(summary.unread_bytes[0] > 0);
			assert_int_equal(summary.unread_reason, STREAM_LIMIT);
		}
	}
}

/* Fields of an object wait for its end: whichever of them finds no room, those before it count. */
static void test_a_long_object_under_any_budget(void **state)
{
	static char body[96u << 10];

	(void)state;
	for (unsigned shift = 0; shift < 40; shift++) {
		size_t len = (size_t)snprintf(
		        body, sizeof(body), "{\"%*s\":1", (int)shift + 1, "k");

		while (len < sizeof(body) - 64)
			len += (size_t)snprintf(body + len, sizeof(body) - len,
			        ",\"name%zu\":\"value %zu\"", len, len);
		body[len++] = '}';
		for (size_t budget = 40u << 10; budget < 200u << 10; budget += 4u << 10) {
			struct decode_summary summary;
			char head[HEAD_BYTES];
			struct run r;

			run_begin(&r, &decode_default_limits, budget);
			snprintf(head, sizeof(head),
			        "POST / HTTP/1.1\r\nContent-Type: application/json\r\n"
			        "Content-Length: %zu\r\n\r\n",
			        len);
			feed_text(&r, head);
			run_feed(&r, body, len);
			run_end(&r, &summary);
			assert_true(r.totals.fields > 0 || summary.limits_hit > 0);
		}
	}
}

static void test_waiting_for_ever_is_a_limit(void **state)
{
	struct decode_summary summary;
	struct run r;
	char *line = malloc(PIECE);

	(void)state;
	assert_non_null(line);
	memset(line, 'x', PIECE);
	run_begin(&r, &decode_default_limits, 32u << 20);
	feed_text(&r, "GET /");
	for (int i = 0; i < 64; i++)
		run_feed(&r, line, PIECE);
	feed_text(&r, "\r\nGET /after HTTP/1.1\r\n\r\n");
	assert_true(r.budget.peak_bytes < (1u << 20));
	run_end(&r, &summary);
	assert_true(summary.unread_bytes[0] > 60u * PIECE);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_gibibyte_in_constant_memory),
	        cmocka_unit_test(test_endless_chunked_response),
	        cmocka_unit_test(test_many_messages_in_constant_memory),
	        cmocka_unit_test(test_too_many_parts_in_one_message),
	        cmocka_unit_test(test_decoded_bytes_have_a_maximum),
	        cmocka_unit_test(test_nested_parts_stop_at_the_depth),
	        cmocka_unit_test(test_little_budget_is_told),
	        cmocka_unit_test(test_a_long_object_under_any_budget),
	        cmocka_unit_test(test_waiting_for_ever_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
