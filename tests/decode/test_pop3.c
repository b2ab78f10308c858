#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

#define PORT  110
#define HELLO "+OK PracticePost POP3 ready <1896.6970@mail.example>\r\n"
#define LOGIN                                                                                      \
	"CAPA\r\nUSER jane@clinic.example\r\nPASS s3cret.word\r\nAUTH PLAIN\r\nAHMzY3JldA==\r\n"   \
	"STAT\r\n"

#define MAIL                                                                                       \
	"From: Lab <lab@lab.example>\r\nSubject: =?utf-8?Q?Result_Jane_Citizen?=\r\n"              \
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" \
	"..dear\r\n--b\r\nContent-Transfer-Encoding: base64\r\n"                                   \
	"Content-Disposition: attachment; filename*0*=utf-8''Jane%20; filename*1=C.hl7\r\n\r\n"    \
	"TVNIfF5+XCZ8QXx8fHx8fEFEVF5BMDh8MQ1QSUR8MXx8NQ0=\r\n--b--\r\n"

static const char server[] = HELLO
        "+OK capability list follows\r\nTOP\r\nSASL PLAIN LOGIN\r\nSTLS\r\n.\r\n+OK\r\n+OK "
        "signed in\r\n+ \r\n+OK\r\n+OK 2 320\r\n+OK 2 messages\r\n1 120\r\n2 200\r\n.\r\n"
        "+OK 120 octets\r\n" MAIL ".\r\n-ERR no such message\r\n+OK top\r\nSubject: two\r\n\r\n"
        "body\r\n.\r\n+OK\r\njust words: of a note\r\n.\r\n+OK bye\r\n";

static struct span span_text(const char *text)
{
	return span_of(text, strlen(text));
}

static void the_server_alone(void **state)
{
	static const char *const lines[] = {
	        "field software key=software [mail session] PracticePost POP3 ready\n",
	        "0.0 begin mail POP3 [mail 1]\n",
	        "field header key=Subject [mail 1] Result Jane Citizen\n",
	        "[mail 1 > part 1] .dear\n",
	        "field file-name [mail 1] Jane C.hl7\n",
	        "begin hl7 ADT^A08 [mail 1 > attachment 2 (.hl7)",
	        "0.1 stream [mail 1] complete",
	        "key=Subject [mail 2] two\n",
	        "[mail 2 > part 1] body\\x0d\\x0a\n",
	        "text content [mail 3] just words: of a note\\x0d\\x0a\n",
	        "0.0 stream [] complete",
	};
	struct transcript t = transcript_bytes(span_text(server), 0, PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_string_equal(t.summary.protocol, "pop3");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	assert_int_equal(t.summary.malformed, 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.budget_left_used, 0);
	transcript_free(&t);
	assert_true(transcript_stable(span_text(server), PORT));
	t = transcript_bytes(span_text(server), 0, 20110); /* the words name it */
	assert_string_equal(t.summary.protocol, "pop3");
	transcript_free(&t);
}

static void the_client_tells_nothing(void **state)
{
	static const char client[] = LOGIN "LIST\r\nRETR 1\r\nTOP 2 0\r\nQUIT\r\n";
	struct transcript t = transcript_bytes(span_text(client), 0, PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_string_equal(t.summary.protocol, "pop3");
	assert_int_equal(t.summary.malformed, 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_false(transcript_has(&t, "s3cret"));
	assert_false(transcript_has(&t, "AHMzY3JldA"));
	assert_false(transcript_has(&t, "begin"));
	transcript_free(&t);
	assert_true(transcript_stable(span_text(client), PORT));
	t = transcript_bytes(span_text("USER a\r\n"), 0, 21);
	assert_string_equal(t.summary.protocol, "ftp");
	transcript_free(&t);
}

static void stls_goes_over_to_tls(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(1, HELLO),
	        SEGMENT(0, "STLS\r\n"),
	        SEGMENT(1, "+OK begin\r\n"),
	        SEGMENT(0, "\x16\x03\x01"),
	        SEGMENT(1, "\x16\x03\x03"),
	};

	(void)state;
	for (size_t step = 0; step < 4; step++) {
		struct transcript t = transcript_run(segments, 5, step, 20110);

		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "0.0 upgrade tls at 6\n"));
		assert_true(transcript_has(&t, "1.0 upgrade tls at 65\n"));
		transcript_free(&t);
	}
}

static void gaps_and_cuts_have_names(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(1, HELLO "+OK\r\nSubject: x\r\n\r\nbefore "),
	        {.direction = 1, .gap_bytes = 5},
	        SEGMENT(1, " after\r\n.\r\n+OK\r\nSubject: y\r\n\r\nhi"),
	};
	struct transcript t = transcript_run(segments, 3, 0, PORT);

	(void)state;
	assert_true(transcript_has(&t, "[mail 1 > part 1]  after\\x0d\\x0a\n"));
	assert_true(transcript_has(&t, "1.1 stream [mail 1] gap"));
	assert_true(transcript_has(&t, "1.1 stream [mail 2] truncated"));
	transcript_free(&t);
}

static void a_line_without_an_end_is_bounded(void **state)
{
	static char line[40000];
	struct transcript t;

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line, "USER ", 5);
	memcpy(line + sizeof(line) - 8, "\r\nQUIT\r\n", 8);
	t = transcript_bytes(span_of(line, sizeof(line)), 0, PORT);
	assert_int_equal(t.summary.malformed, 1);
	assert_int_equal(t.summary.unread_bytes[0], sizeof(line) - 6);
	assert_true(transcript_has(&t, "0.0 stream [] complete"));
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_server_alone),
	        cmocka_unit_test(the_client_tells_nothing),
	        cmocka_unit_test(stls_goes_over_to_tls),
	        cmocka_unit_test(gaps_and_cuts_have_names),
	        cmocka_unit_test(a_line_without_an_end_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
