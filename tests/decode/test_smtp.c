#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "decode/mime_header.h"
#include "transcript.h"

#define PORT 25

#define ENVELOPE                                                                                   \
	"EHLO pc1.clinic.example\r\nMAIL FROM:<a@clinic.example> SIZE=9\r\nRCPT "                  \
	"TO:<lab@lab.example>\r\n"

#define HEADERS                                                                                    \
	"Received: from pc1 by mail; 29518731251\r\n"                                              \
	"From: =?iso-8859-1?Q?Mar=EDa?= <maria@clinic.example>\r\n"                                \
	"Subject: =?utf-8?B?UmVmZXJyYWwg?= =?utf-8?Q?Jane_Citizen?=\r\n second line\r\n"           \
	"X-Mailer: PracticeMail 3\r\nMIME-Version: 1.0\r\n"

static const char mail[] = ENVELOPE
        "DATA\r\n" HEADERS "Content-Type: multipart/mixed;\r\n boundary=\"b1\"\r\n\r\n"
        "between\r\n--b1\r\n"
        "Content-Type: multipart/alternative; boundary=b2\r\n\r\n--b2\r\n"
        "Content-Type: text/plain; charset=iso-8859-1\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        "Dear Mar=EDa, Jane =\r\nCitizen\r\n..a dot\r\n--b2 is not a boundary\r\n--b2\r\n"
        "Content-Type: text/html\r\n\r\n<p>hello</p>\r\n--b2--\r\n\r\n--b1\r\n"
        "Content-Type: application/octet-stream; name=other.bin\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        "Content-Disposition: attachment; filename=second.csv\r\n\r\n"
        "TmFtZTtObwpD\r\nSVRJWkVOOzE7Cg==\r\n--b1\r\n"
        "Content-Disposition: attachment;\r\n filename*0*=utf-8''Jane%20; "
        "filename*1=\"Citizen.hl7\""
        "\r\n\r\nMSH|^~\\&|A||||||ADT^A08|1\r\nPID|1||5\r\n--b1--\r\nbehind\r\n.\r\nQUIT\r\n";

static struct span span_text(const char *text)
{
	return span_of(text, strlen(text));
}

static void has_all(const char *session, const char *const *lines, size_t count)
{
	struct transcript t = transcript_bytes(span_text(session), 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	transcript_free(&t);
	assert_true(transcript_stable(span_text(session), PORT));
}

static void reads_a_mail_and_its_parts(void **state)
{
	static const char *const lines[] = {
	        "field header key=ehlo [mail session] pc1.clinic.example\n",
	        "0.0 begin mail SMTP [mail 1]\n",
	        "field header key=rcpt-to [mail 1] <lab@lab.example>\n",
	        "0.1 begin mail  [mail 1]\n",
	        "field header key=From [mail 1] Mar\\xc3\\xada <maria@clinic.example>\n",
	        "field header key=Subject [mail 1] Referral Jane Citizen second line\n",
	        "field user-agent key=X-Mailer [mail 1] PracticeMail 3\n",
	        "0.1 field content [mail 1] between\n",
	        "[mail 1 > part 1] Dear Mar\\xc3\\xada, Jane Citizen\\x0d\\x0a.a dot\\x0d\\x0a--b2 "
	        "is not a "
	        "boundary\n",
	        "[mail 1 > part 2] hello\\x0a\n",
	        "0.1 field file-name [mail 1] other.bin\n",
	        "[mail 1 > attachment 3 (.bin)",
	        "0.1 field file-name [mail 1] Jane Citizen.hl7\n",
	        "0.2 begin hl7 ADT^A08 [mail 1 > attachment 4 (.hl7) > HL7 message 1]\n",
	        "0.1 field content [mail 1] behind\n",
	        "0.1 stream [mail 1] complete",
	        "0.0 stream [] complete",
	};
	struct transcript t = transcript_bytes(span_text(mail), 0, PORT);

	(void)state;
	assert_string_equal(t.summary.protocol, "smtp");
	assert_true(t.summary.clear);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_false(transcript_has(&t, "29518731251"));
	transcript_free(&t);
	has_all(mail, lines, ARRAY_LEN(lines));
}

static void both_directions(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(1, "220-mail.lab.example ESMTP\r\n220 ready\r\n"),
	        SEGMENT(0, "EHLO pc1\r\nSTARTTLS\r\n"),
	        SEGMENT(1, "250 STARTTLS\r\n220 go ahead\r\n"),
	        SEGMENT(0, "\x16\x03\x01"),
	        SEGMENT(1, "\x16\x03\x03"),
	};
	struct transcript t = transcript_run(segments, 5, 0, PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(
	        &t, "1.0 field host key=greeting [mail session] mail.lab.example\n"));
	assert_true(transcript_has(&t, "0.0 upgrade tls at 20\n"));
	transcript_free(&t);
	t = transcript_run(segments + 2, 1, 0, 2000); /* an FTP server greets with 220 too */
	assert_false(transcript_has(&t, "mail session"));
	transcript_free(&t);
}

static void data_and_chunks(void **state)
{
	static const char *const refused[] = {"0.0 begin mail SMTP [mail 2]\n",
	        "key=mail-from [mail 2] <b@clinic.example>\n", "0.0 stream [] complete"};
	static const char *const chunks[] = {"key=Subject [mail 1] x\n",
	        "[mail 1 > part 1] hi there\n", "0.0 stream [] complete"};
	static const char *const cut[] = {"key=Subject [mail 1] x\n",
	        "0.1 stream [mail 1] truncated", "0.0 stream [] truncated"};
	static const char *const dots[] = {"[mail 1 > part 1] .\\x0d\\x0ax.\\x0d\\x0a\n"};

	static const char *const again[] = {"0.1 stream [mail 1] truncated", "[mail session] pc2\n",
	        "key=mail-from [mail 2] <b@b>\n"};

	(void)state;
	has_all(ENVELOPE "BDAT 3\r\nSubEHLO pc2\r\nMAIL FROM:<b@b>\r\n", again, ARRAY_LEN(again));
	has_all(ENVELOPE "DATA\r\nRSET\r\nMAIL FROM:<b@clinic.example>\r\nQUIT\r\n", refused,
	        ARRAY_LEN(refused));
	has_all(ENVELOPE "BDAT 14\r\nSubject: x\r\n\r\nBDAT 8 LAST\r\nhi thereQUIT\r\n", chunks,
	        ARRAY_LEN(chunks));
	has_all(ENVELOPE "DATA\r\nSubject: x\r\n\r\nhi", cut, ARRAY_LEN(cut));
	has_all(ENVELOPE "DATA\r\nSubject: x\r\n\r\n..\r\nx.\r\n.\r\nQUIT\r\n", dots,
	        ARRAY_LEN(dots));
}

/* AUTH in both forms, commands in one go, chunks of bytes of any kind, and the last step. */
static void what_servers_extend(void **state)
{
	static const char *const lines[] = {
	        "field header key=ehlo [mail session] pc1\n",
	        "field header key=mail-from [mail 1] <mar\\xc3\\xada@clinic.example> "
	        "BODY=BINARYMIME "
	        "SMTPUTF8\n",
	        "field header key=rcpt-to [mail 1] <c@lab.example>\n",
	        "begin binary tnef [mail 1 > attachment 1 (.dat)]\n",
	        "0.1 stream [mail 1] complete",
	        "key=Subject [mail 2] two\n",
	        "0.0 stream [] complete",
	};
	static const char client[] =
	        "LHLO pc1\r\nAUTH LOGIN\r\nczNjcmV0\r\nczNjcmV0\r\nAUTH PLAIN AHMzY3JldA==\r\n"
	        "MAIL FROM:<mar\xc3\xad"
	        "a@clinic.example> BODY=BINARYMIME SMTPUTF8\r\n"
	        "RCPT TO:<b@lab.example>\r\nRCPT TO:<c@lab.example>\r\nBDAT 54\r\n"
	        "Content-Disposition: attachment; filename=winmail.dat\n"
	        "BDAT 7\r\n\r\n\x78\x9f\x3e\x22\nBDAT 0 LAST\r\n"
	        "MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nDATA\r\nSubject: two\r\n\r\n\r\n.\r\nQUIT\r\n";
	struct transcript t = transcript_bytes(span_text(client), 0, PORT);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	assert_false(transcript_has(&t, "czNjcmV0"));
	assert_false(transcript_has(&t, "AHMzY3JldA"));
	assert_false(transcript_has(&t, "s3cret"));
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	assert_true(transcript_stable(span_text(client), PORT));
	t = transcript_bytes(span_text("220 mx LMTP ready\r\n250 ok\r\n"), 0, 2003);
	assert_string_equal(t.summary.protocol, "smtp");
	transcript_free(&t);
}

static void a_gap_in_a_mail(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, ENVELOPE "DATA\r\nSubject: x\r\n\r\nbefore "),
	        {.gap_bytes = 5},
	        SEGMENT(0, " after\r\n.\r\nMAIL FROM:<c@clinic.example>\r\n"),
	};
	struct transcript t = transcript_run(segments, 3, 0, PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "[mail 1 > part 1] before \n"));
	assert_true(transcript_has(&t, "[mail 1 > part 1]  after\\x0d\\x0a\n"));
	assert_true(transcript_has(&t, "stream [mail 1 > part 1] gap"));
	assert_true(transcript_has(&t, "key=mail-from [mail 2] <c@clinic.example>\n"));
	transcript_free(&t);
}

static void both_sides_of_the_header_limit(void **state)
{
	(void)state;
	for (size_t len = MIME_HEADER_BYTES_MAX - 20; len < MIME_HEADER_BYTES_MAX + 20; len += 13) {
		struct buf b;
		struct transcript whole, cut;

		buf_init(&b, 1u << 20, NULL);
		assert_int_equal(buf_append_text(&b, ENVELOPE "DATA\r\nSubject: "), STATUS_OK);
		for (size_t i = 0; i < len; i++)
			assert_int_equal(buf_append_byte(&b, 'x'), STATUS_OK);
		assert_int_equal(
		        buf_append_text(&b, "\r\nTo: b@b\r\n\r\nbody\r\n.\r\n"), STATUS_OK);
		whole = transcript_bytes(buf_span(&b), 0, PORT);
		cut = transcript_bytes(buf_span(&b), 1, PORT);
		assert_int_equal(whole.status, STATUS_OK);
		assert_true(transcript_has(&whole, "key=Subject [mail 1] xxxx"));
		assert_true(transcript_has(&whole, "key=To [mail 1] b@b\n"));
		assert_true(transcript_has(&whole, "[mail 1 > part 1] body"));
		assert_int_equal(whole.summary.limits_hit, len + 11 > MIME_HEADER_BYTES_MAX);
		assert_true(transcript_equal(&whole, &cut));
		transcript_free(&whole);
		transcript_free(&cut);
		buf_free(&b);
	}
}

static void words_and_parameters(void **state)
{
	static const char *const words[][2] = {
	        {"plain", "plain"},
	        {"=?UTF-8?q?a=5Fb_c?=", "a_b c"},
	        {"=?utf-8?B?Y2l0?= =?utf-8?B?aXplbg==?= x", "citizen x"},
	        {"=?iso-8859-1?Q?=E9?=", "\xc3\xa9"},
	        {"=?broken?Q?x", "=?broken?Q?x"},
	        {"=??", "=??"},
	        {"a =?utf-8?X?b?= c", "a =?utf-8?X?b?= c"},
	};
	static const char *const parameters[][2] = {
	        {"attachment; filename=a.csv", "a.csv"},
	        {"attachment; filename=\"a;\\\"b\\\".csv\"; x=y", "a;\"b\".csv"},
	        {"attachment; filename*=iso-8859-1'en'Mar%EDa.pdf", "Mar\xc3\xad"
	                                                            "a.pdf"},
	        {"attachment; filename*1=b; filename*0=a", "ab"},
	        {"attachment; filename=\"=?utf-8?B?YS5jc3Y=?=\"", "a.csv"},
	        {"attachment; filename*=%zz%4", "%zz%4"},
	        {"attachment; filename*0*=iso-8859-1''Mar%ED; filename*1=\"a Citizen\";\t"
	         "filename*2*=%20%E9t%E9; FILENAME*3=.pdf",
	                "Mar\xc3\xad"
	                "a Citizen \xc3\xa9t\xc3\xa9.pdf"},
	        {"attachment; filename=x.txt; filename*=utf-8''Jane%20C.pdf", "Jane C.pdf"},
	        {"a; filename*0=\"=?utf-8?B?SmFu\"; filename*1=\"ZQ==?= C.pdf\"", "Jane C.pdf"},
	        {"a; filename*0=a; filename*2=c", "a"},
	        {"a; filename*0*=utf-8''; filename*1=b", "b"},
	        {"a; filename=\"=?windows-1252?Q?Jane=92s?= =?utf-8?Q?_pdf?=\"",
	                "Jane\xe2\x80\x99s pdf"},
	        {"attachment", ""},
	};
	uint8_t out[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_true(span_equal_text(
		        span_of(out, mime_words(span_text(words[i][0]), out)), words[i][1]));
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++)
		assert_true(span_equal_text(
		        span_of(out, mime_parameter(span_text(parameters[i][0]), "filename", out)),
		        parameters[i][1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_a_mail_and_its_parts),
	        cmocka_unit_test(both_directions),
	        cmocka_unit_test(data_and_chunks),
	        cmocka_unit_test(what_servers_extend),
	        cmocka_unit_test(a_gap_in_a_mail),
	        cmocka_unit_test(both_sides_of_the_header_limit),
	        cmocka_unit_test(words_and_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
