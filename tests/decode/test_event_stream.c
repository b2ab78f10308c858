#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

#define PORT 80
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"

static void has_all(const char *session, const char *const *lines, size_t count)
{
	struct span bytes = span_of(session, strlen(session));
	struct transcript t = transcript_bytes(bytes, 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(bytes, PORT));
}

static void joins_the_lines_of_an_event(void **state)
{
	static const char *const lines[] = {
	        "key=patient.name [HTTP body > event 1] Jane\n",
	        "text content [HTTP body > event 2] one\\x0atwo\\x0a\n",
	        "text content [HTTP body > event 3] data\n",
	        "key=a [HTTP body > event 4] b\n",
	        "stream [HTTP body > event 4] complete",
	};

	(void)state;
	has_all(HEAD ": hello\r\nevent: note\r\nid: 1\r\ndata: {\"patient\":\r\ndata:{\"name\": "
	             "\"Jane\"}}\r\n\r\n"
	             "data: one\rdata: two\rdata:\r\rdata: data\n\ndatabase: x\n\n"
	             "data: {\"a\": \"b\"}",
	        lines, ARRAY_LEN(lines));
}

static void a_gap_ends_an_event(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(1, HEAD "data: one\n\ndata: tw"),
	        {.direction = 1, .gap_bytes = 5},
	        SEGMENT(1, "ee\n\ndata: four\n\n"),
	};
	struct transcript t = transcript_run(segments, 3, 0, PORT);

	(void)state;
	assert_true(transcript_has(&t, "stream [HTTP body > event 2] gap"));
	assert_true(transcript_has(&t, "[HTTP body > event 3] four\n"));
	transcript_free(&t);
}

/* A line that is too long for a name or a number has not been read. */
static void counts_what_is_no_data(void **state)
{
	static const char stream[] = HEAD ": 0123456789012345678901234567890123456789"
	                                  "0123456789012345678901234567890123456789\n\ndata: a\n\n";
	struct span bytes = span_of(stream, sizeof(stream) - 1);

	(void)state;
	for (size_t step = 0; step < 3; step++) {
		struct transcript t = transcript_bytes(bytes, step, PORT);

		assert_int_equal(t.summary.unread_bytes[0], 82 - 64);
		assert_int_equal(t.summary.unread_reason, STREAM_UNKNOWN);
		transcript_free(&t);
	}
	assert_true(transcript_stable(bytes, PORT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(joins_the_lines_of_an_event),
	        cmocka_unit_test(a_gap_ends_an_event),
	        cmocka_unit_test(counts_what_is_no_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
