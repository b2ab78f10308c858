#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

static struct span text_span(const char *text)
{
	return span_of(text, strlen(text));
}

static void test_text_is_read_whole_and_cut(void **state)
{
	struct span bytes = text_span("The quick brown fox\r\njumps over the lazy dog\r\n");
	struct transcript t = transcript_bytes(bytes, 0, 9999);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "0.0 begin text"));
	assert_true(transcript_has(&t, "brown fox\\x0d\\x0ajumps over"));
	assert_true(transcript_has(&t, "0.0 stream [] complete bytes=46 unread=0"));
	assert_int_equal(t.budget_left_used, 0);
	assert_string_equal(t.summary.protocol, "");
	assert_int_equal(t.summary.read_bytes[0], 46);
	transcript_free(&t);
	assert_true(transcript_stable(bytes, 9999));
}

static void test_gap_ends_one_text_and_begins_another(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "first part "),
	        {.direction = 0, .gap_bytes = 100},
	        SEGMENT(0, "second part"),
	};
	struct transcript t = transcript_run(segments, 3, 0, 9999);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(transcript_count(&t, "text content"), 2);
	assert_true(transcript_has(&t, "stream [] gap bytes=22 unread=0"));
	transcript_free(&t);
}

static void test_binary_is_counted_as_unread(void **state)
{
	static const char bytes[300] = {1, 2, 3, 0, 0, 4};
	struct transcript t = transcript_bytes(span_of(bytes, sizeof(bytes)), 7, 9999);

	(void)state;
	assert_true(transcript_has(&t, "stream [] unknown bytes=300 unread=300"));
	assert_int_equal(t.summary.unread_bytes[0], 300);
	assert_int_equal(t.summary.unread_reason, STREAM_UNKNOWN);
	assert_false(t.summary.clear);
	transcript_free(&t);
}

static void test_feeding_before_draining_is_refused(void **state)
{
	struct decode_session *s = NULL;
	struct tuple tuple = {.protocol = 6};
	struct chunk c = {.bytes = span_of("x", 1)};
	struct decode_event e = {.packet = 77};
	struct budget budget;

	(void)state;
	budget_init(&budget, 1 << 20);
	assert_int_equal(
	        decode_session_new(&s, &tuple, &decode_default_limits, &budget), STATUS_OK);
	assert_int_equal(decode_session_next(s, &e), 0);
	assert_int_equal(e.packet, 77);
	assert_int_equal(decode_session_feed(s, &c), STATUS_OK);
	assert_int_equal(decode_session_feed(s, &c), STATUS_BUG);
	assert_int_equal(decode_session_next(s, &e), 0);
	assert_int_equal(decode_session_feed(s, &c), STATUS_OK);
	s = decode_session_free(s);
	assert_null(s);
	assert_int_equal(budget.used_bytes, 0);
}

/* Two sessions in turn, with chunks that lie in each other's way, hand the same memory on; a third
 * has its own. */
static void test_sessions_with_spares_answer_the_same(void **state)
{
	static const char post[] = "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n"
	                           "Content-Type: application/json\r\n\r\n{\"a\":\"1\"}\n";
	struct decode_session *s[3] = {NULL, NULL, NULL};
	struct decode_spares *spares = NULL;
	struct tuple tuple = {.protocol = 6};
	struct budget budget;
	unsigned fields = 0;

	(void)state;
	budget_init(&budget, 1 << 20);
	assert_int_equal(decode_spares_new(&spares), STATUS_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(decode_session_new(&s[i], &tuple, &decode_default_limits, &budget),
		        STATUS_OK);
	decode_session_lend(s[0], spares);
	decode_session_lend(s[1], spares);
	for (unsigned round = 0; round < 6; round++) {
		struct chunk c = {
		        .bytes = span_of_text(post), .offset = round * (sizeof(post) - 1)};
		struct decode_event e[3];
		int status = STATUS_ITEM;

		for (size_t i = 0; i < 3; i++)
			assert_int_equal(decode_session_feed(s[i], &c), STATUS_OK);
		while ((status = decode_session_next(s[2], &e[2])) == STATUS_ITEM) {
			fields += e[2].kind == DECODE_FIELD;
			for (size_t i = 0; i < 2; i++) {
				assert_int_equal(decode_session_next(s[i], &e[i]), STATUS_ITEM);
				assert_int_equal(e[i].kind, e[2].kind);
				assert_true(span_equal(e[i].field.bytes, e[2].field.bytes));
			}
		}
		assert_int_equal(decode_session_next(s[0], &e[0]), status);
		assert_int_equal(decode_session_next(s[1], &e[1]), status);
	}
	assert_true(fields > 12);
	for (size_t i = 0; i < 3; i++)
		decode_session_free(s[i]);
	assert_int_equal(budget.used_bytes, 0);
	assert_null(decode_spares_free(spares));
	assert_null(decode_spares_free(NULL));
}

static void test_no_budget_is_a_limit(void **state)
{
	struct decode_session *s = NULL;
	struct tuple tuple = {.protocol = 6};
	struct budget budget;

	(void)state;
	budget_init(&budget, 10);
	assert_int_equal(
	        decode_session_new(&s, &tuple, &decode_default_limits, &budget), STATUS_LIMIT);
	assert_null(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_text_is_read_whole_and_cut),
	        cmocka_unit_test(test_gap_ends_one_text_and_begins_another),
	        cmocka_unit_test(test_binary_is_counted_as_unread),
	        cmocka_unit_test(test_feeding_before_draining_is_refused),
	        cmocka_unit_test(test_sessions_with_spares_answer_the_same),
	        cmocka_unit_test(test_no_budget_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
