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

#define PORT  143
#define HELLO "* OK [CAPABILITY IMAP4rev1 STARTTLS] PracticePost ready.\r\n"

#define MAIL                                                                                       \
	"From: Lab <lab@lab.example>\r\nSubject: =?utf-8?Q?Result_Jane_Citizen?=\r\n\r\nDear "     \
	"Dr\r\n"
#define HL7_BASE64 "TVNIfF5+XCZ8QXx8fHx8fEFEVF5BMDh8MQ1QSUR8MXx8NQ0="

struct session {
	char text[8192];
	size_t len;
};

static void add(struct session *s, const char *text)
{
	size_t len = strlen(text);

	memcpy(s->text + s->len, text, len + 1);
	s->len += len;
}

/* A literal: "{n}", "~{n+}", and the bytes. */
static void add_literal(
        struct session *s, const char *before, const char *behind, const char *bytes)
{
	char head[48];

	snprintf(head, sizeof(head), "%s%zu%s\r\n", before, strlen(bytes), behind);
	add(s, head);
	add(s, bytes);
}

static void has_all(const struct session *s, const char *const *lines, size_t count)
{
	struct transcript t = transcript_bytes(span_of(s->text, s->len), 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_string_equal(t.summary.protocol, "imap");
	assert_int_equal(t.budget_left_used, 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	assert_int_equal(t.summary.malformed, 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(s->text, s->len), PORT));
}

static void the_server_sends_mails(void **state)
{
	static const char *const lines[] = {
	        "field software key=software [mail session] PracticePost ready.\n",
	        "0.0 begin mail IMAP [mail 1]\n",
	        "0.1 field header key=Subject [mail 1] Result Jane Citizen\n",
	        "[mail 1 > part 1] Dear Dr\\x0d\\x0a\n",
	        "0.0 field header key=Subject [mail 2] Mar\\xc3\\xada \"Citizen\"\n",
	        "0.0 field header key=From [mail 2] Dr Lee\n",
	        "0.0 field header key=From [mail 2] lee@clinic.example\n",
	        "0.0 field header key=To [mail 2] Jane Citizen\n",
	        "0.0 field file-name [mail 2] Jane Citizen.pdf\n",
	        "0.0 field file-name [mail 2] Jane C.hl7\n",
	        "begin hl7 ADT^A08 [mail 3",
	        "text content [mail 3] short text\n",
	        "0.0 stream [] complete",
	};
	struct session s = {.len = 0};

	(void)state;
	add(&s, HELLO "A1 OK signed in {not a literal} here\r\n* LIST (\\Noselect) \"/\" ");
	add_literal(&s, "{", "}", "in");
	add(&s, "\r\n* 2 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen) UID 7 BODY[] ");
	add_literal(&s, "{", "}", MAIL);
	add(&s, ")\r\n* 2 FETCH (ENVELOPE (\"1 Jan\" \"=?iso-8859-1?Q?Mar=EDa?= \\\"Citizen\\\"\" "
	        "((\"Dr Lee\" NIL \"lee\" \"clinic.example\")) NIL NIL ((");
	add_literal(&s, "{", "}", "Jane Citizen");
	add(&s, " NIL \"jane\" \"home.example\")) NIL NIL NIL \"<1@a>\") BODYSTRUCTURE ((\"TEXT\" "
	        "\"PLAIN\" (\"NAME\" \"=?utf-8?Q?Jane_Citizen.pdf?=\") NIL NIL \"7BIT\" 5 1)(\"A\" "
	        "\"B\" (\"FILENAME*\" \"utf-8''Jane%20C.hl7\") NIL NIL \"BASE64\" 5) "
	        "\"MIXED\"))\r\n"
	        "* 3 FETCH (BODY[2] ");
	add_literal(&s, "{", "}", HL7_BASE64 "\r\n");
	add(&s, " BODY[1] \"short text\" RFC822.SIZE 40)\r\n+ idling\r\nA2 OK done\r\n* BYE\r\n");
	has_all(&s, lines, ARRAY_LEN(lines));
}

static void guesses_what_a_section_is(void **state)
{
	static const char *const multipart[] = {"begin hl7 ADT^A08 [mail 1 > part 2"};
	static const char *const quoted[] = {"[mail 1] Mar\\xc3\\xada Citizen is well\n"};
	static const char *const text[] = {"[mail 1] From here: 2 = 3 to there\n"};
	static const char *const lines[] = {"begin hl7 ADT^A08 [mail 1 > HL7 message 1]"};
	struct session s = {.len = 0};

	(void)state;
	add(&s, HELLO "* 1 FETCH (BODY[TEXT] ");
	add_literal(&s, "{", "}",
	        "This is a mail in parts.\r\n\r\n--b1\r\nContent-Type: text/plain\r\n\r\nhi\r\n"
	        "--b1\r\nContent-Transfer-Encoding: base64\r\n\r\n" HL7_BASE64 "\r\n--b1--\r\n");
	add(&s, ")\r\n");
	{
		struct transcript t = transcript_bytes(span_of(s.text, s.len), 0, PORT);

		assert_true(transcript_has(&t, multipart[0]));
		transcript_free(&t);
		assert_true(transcript_stable(span_of(s.text, s.len), PORT));
	}
	s.len = 0;
	add(&s, HELLO "* 1 FETCH (UID 4 BODY[1.2] ");
	add_literal(&s, "{", "}", "Mar=C3=ADa Citizen is =\r\nwell");
	add(&s, ")\r\n");
	has_all(&s, quoted, 1);
	s.len = 0;
	add(&s, HELLO "* 1 FETCH (BODY[1] ");
	add_literal(&s, "{", "}", "From here: 2 = 3 to there");
	add(&s, ")\r\n");
	has_all(&s, text, 1);
	s.len = 0;
	add(&s, HELLO "* 1 FETCH (BINARY[1] ");
	add_literal(&s, "~{", "}", "MSH|^~\\&|A||||||ADT^A08|1\rPID|1||5\r");
	add(&s, ")\r\n");
	has_all(&s, lines, 1);
}

static void pieces_of_a_mail_are_one(void **state)
{
	static const char *const lines[] = {
	        "key=Subject [mail 1] Result Jane Citizen\n",
	        "[mail 1 > part 1] Dear Dr, all is well\\x0d\\x0a\n",
	        "key=Subject [mail 2] other\n",
	};
	struct session s = {.len = 0};
	char origin[64];

	(void)state;
	add(&s, HELLO "* 1 FETCH (UID 9 BODY[]<0> ");
	add_literal(&s, "{", "}", "Subject: Result Jane Citizen\r\n\r\nDear D");
	snprintf(origin, sizeof(origin), ")\r\nA1 OK\r\n* 1 FETCH (UID 9 BODY[]<%zu> ",
	        strlen("Subject: Result Jane Citizen\r\n\r\nDear D"));
	add(&s, origin);
	add_literal(&s, "{", "}", "r, all is well\r\n");
	add(&s, ")\r\nA2 OK\r\n* 2 FETCH (BODY[]<0> ");
	add_literal(&s, "{", "}", "Subject: other\r\n\r\n");
	add(&s, ")\r\n");
	has_all(&s, lines, ARRAY_LEN(lines));
}

static void the_client_puts_mails_away(void **state)
{
	static const char *const lines[] = {
	        "0.0 begin mail IMAP [mail 1]\n",
	        "0.1 field header key=Subject [mail 1] Result Jane Citizen\n",
	        "0.1 field header key=Subject [mail 1] two\n",
	        "0.0 field header key=search [mail 2] Jane Citizen\n",
	        "0.0 field header key=search [mail 2] 29518731251\n",
	        "0.0 stream [] complete",
	};
	struct session s = {.len = 0};
	struct transcript t;

	(void)state;
	add(&s, "A0 CAPABILITY\r\nA1 LOGIN ");
	add_literal(&s, "{", "+}", "jane");
	add(&s, " \"s3cret word\"\r\nA2 AUTHENTICATE PLAIN\r\nAHMzY3JldA==\r\nA3 APPEND ");
	add_literal(&s, "{", "}", "Sent");
	add(&s, " (\\Seen) \"01-Jan-2026 00:00:00 +1000\" ");
	add_literal(&s, "{", "}", MAIL);
	add(&s, " (\\Seen) ");
	add_literal(&s, "~{", "+}", "Subject: two\r\n\r\n");
	add(&s, "\r\nA4 UID SEARCH CHARSET UTF-8 SUBJECT \"Jane Citizen\" TEXT 29518731251\r\nA5 "
	        "IDLE\r\nDONE\r\n"
	        "A6 APPEND Sent {5000}\r\nA7 LOGOUT\r\n");
	t = transcript_bytes(span_of(s.text, s.len), 0, PORT);
	assert_false(transcript_has(&t, "s3cret"));
	assert_false(transcript_has(&t, "AHMzY3JldA"));
	transcript_free(&t);
	has_all(&s, lines, ARRAY_LEN(lines));
}

static void starttls_and_compress_have_names(void **state)
{
	static const struct segment tls[] = {
	        SEGMENT(1, HELLO),
	        SEGMENT(0, "a1 STARTTLS\r\n"),
	        SEGMENT(1, "a1 OK begin\r\n"),
	        SEGMENT(0, "\x16\x03\x01"),
	        SEGMENT(1, "\x16\x03\x03"),
	};
	static const struct segment packed[] = {
	        SEGMENT(1, HELLO),
	        SEGMENT(0, "a1 COMPRESS DEFLATE\r\n"),
	        SEGMENT(1, "a1 OK DEFLATE active\r\n"),
	        SEGMENT(0, "\x2a\xcd\x03"),
	        SEGMENT(1, "\x52\xcd\x03"),
	};

	(void)state;
	for (size_t step = 0; step < 4; step++) {
		struct transcript t = transcript_run(tls, 5, step, 20143);

		assert_true(transcript_has(&t, "0.0 upgrade tls at 13\n"));
		assert_true(transcript_has(&t, "1.0 upgrade tls at 71\n"));
		transcript_free(&t);
		t = transcript_run(packed, 5, step, PORT);
		assert_true(transcript_has(&t, "0.0 stream [] unknown bytes=24 unread=3\n"));
		assert_true(transcript_has(&t, "1.0 stream [] unknown bytes=83 unread=3\n"));
		transcript_free(&t);
	}
}

static void lies_and_long_things_are_bounded(void **state)
{
	static char big[40000];
	struct session s = {.len = 0};
	struct transcript t;

	(void)state;
	add(&s, HELLO "* 1 FETCH (BODY[] {4294967296}\r\nSubject: x\r\n\r\nhi");
	t = transcript_bytes(span_of(s.text, s.len), 0, PORT);
	assert_true(transcript_has(&t, "0.0 stream [] truncated"));
	assert_true(transcript_has(&t, "0.1 stream [mail 1] truncated"));
	transcript_free(&t);
	s.len = 0;
	add(&s, HELLO
	        "* 1 FETCH (BODY[] {99999999999999999999}\r\n* 2 FETCH (BODY[1] \"hi there\")\r\n");
	t = transcript_bytes(span_of(s.text, s.len), 0, PORT);
	assert_int_equal(t.summary.malformed, 1);
	assert_true(transcript_has(&t, "[mail 1] hi there\n"));
	transcript_free(&t);
	memset(big, '(', sizeof(big));
	memcpy(big, HELLO "* 1 FETCH ", sizeof(HELLO) + 9);
	memcpy(big + sizeof(big) - 32, "\r\n* 2 FETCH (BODY[1] \"hi there\")", 32);
	t = transcript_bytes(span_of(big, sizeof(big)), 0, PORT);
	assert_int_equal(t.summary.limits_hit, 1);
	assert_true(transcript_has(&t, "[mail 1] hi there\n"));
	transcript_free(&t);
	memset(big + 80, 'a', sizeof(big) - 80 - 32);
	t = transcript_bytes(span_of(big, sizeof(big)), 100, PORT);
	assert_int_equal(t.summary.limits_hit, 1);
	transcript_free(&t);
}

static void a_gap_in_a_literal(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(1, HELLO "* 1 FETCH (BODY[1] {30}\r\nthe letter of "),
	        {.direction = 1, .gap_bytes = 5},
	        SEGMENT(1, " the day is)\r\n* 2 FETCH (BODY[1] \"hi there\")\r\n"),
	        {.direction = 1, .gap_bytes = 5},
	        SEGMENT(1, "lost\r\n* 3 FETCH (BODY[1] \"hi again\")\r\n"),
	};
	struct transcript t = transcript_run(segments, 5, 0, PORT);

	(void)state;
	assert_true(transcript_has(&t, "1.1 stream [mail 1] gap"));
	assert_true(transcript_has(&t, "[mail 2] hi there\n"));
	assert_true(transcript_has(&t, "[mail 3] hi again\n"));
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_server_sends_mails),
	        cmocka_unit_test(guesses_what_a_section_is),
	        cmocka_unit_test(pieces_of_a_mail_are_one),
	        cmocka_unit_test(the_client_puts_mails_away),
	        cmocka_unit_test(starttls_and_compress_have_names),
	        cmocka_unit_test(lies_and_long_things_are_bounded),
	        cmocka_unit_test(a_gap_in_a_literal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
