#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "decode/ftp_command.h"
#include "transcript.h"

#define PORT  21
#define OTHER 2121 /* where only the lines themselves say that this is FTP */

static const char commands[] =
        "HOST files.lab.example\r\nUSER clinic\r\nPASS hunter2\r\nCLNT Extractor 4.1\r\nTYPE I\r\n"
        "CWD /in/29518731251\r\nPASV\r\nSTOR patients 29518731251.csv\r\nEPSV\r\n"
        "RETR answer.pdf\r\n\xff\xf4\xff\xf2"
        "ABOR\r\nPORT 192,0,2,10,200,10\r\nEPRT |2|2001:db8::10|51211|\r\nSTOU\r\nQUIT\r\n";

static const char replies[] =
        "220-Welcome to files.lab.example FTP\r\n free text\r\n220 ready\r\n331 clinic, your "
        "password\r\n"
        "230-hello clinic\r\n230 in\r\n200 ok\r\n250 now in /in\r\n"
        "227 Entering Passive Mode (198,51,100,20,195,80).\r\n150 Opening patients.csv\r\n"
        "211-Status\r\n file one.csv\r\n211 End\r\n229 Extended (|||50001|)\r\n226 done\r\n";

static struct span span_text(const char *text)
{
	return span_of(text, strlen(text));
}

static void has_all(const char *session, uint16_t port, const char *const *lines, size_t count)
{
	struct transcript t = transcript_bytes(span_text(session), 0, port);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	transcript_free(&t);
	assert_true(transcript_stable(span_text(session), port));
}

static void reads_commands_and_names(void **state)
{
	static const char *const lines[] = {
	        "0.0 field host key=host [FTP session] files.lab.example\n",
	        "0.0 field user-agent key=client [FTP session] Extractor 4.1\n",
	        "0.0 begin ftp TYPE [FTP session]\n",
	        "field file-name key=name [FTP path 1] /in/29518731251\n",
	        "0.0 begin ftp STOR [FTP upload 1 (.csv)]\n",
	        "field file-name key=name [FTP upload 1 (.csv)] patients 29518731251.csv\n",
	        "0.0 begin ftp RETR [FTP download 1 (.pdf)]\n",
	        "0.0 related ftp-data active 192.0.2.10 port 51210\n",
	        "0.0 related ftp-data active 2001:db8::10 port 51211\n",
	        "0.0 begin ftp STOU [FTP upload 2]\n",
	        "0.0 stream [] complete",
	};
	struct transcript t = transcript_bytes(span_text(commands), 0, OTHER);

	(void)state;
	assert_string_equal(t.summary.protocol, "ftp");
	assert_true(t.summary.clear);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.summary.malformed, 0);
	assert_false(transcript_has(&t, "hunter2"));
	assert_false(transcript_has(&t, "] clinic\n"));
	transcript_free(&t);
	has_all(commands, PORT, lines, ARRAY_LEN(lines));
	has_all(commands, OTHER, lines, ARRAY_LEN(lines));
}

static void reads_replies(void **state)
{
	static const char *const lines[] = {
	        "0.0 related ftp-data passive 198.51.100.20 port 50000\n",
	        "0.0 related ftp-data passive own port 50001\n",
	        "0.0 begin ftp 250 [FTP session]\n",
	        "field header key=reply [FTP session] Opening patients.csv\n",
	        "field header key=reply [FTP session] file one.csv\n",
	        "0.0 stream [] complete",
	};
	struct transcript t = transcript_bytes(span_text(replies), 0, OTHER);

	(void)state;
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.summary.malformed, 0);
	assert_false(transcript_has(&t, "clinic"));
	transcript_free(&t);
	has_all(replies, PORT, lines, ARRAY_LEN(lines));
	has_all(replies, OTHER, lines, ARRAY_LEN(lines));
}

/* The port is a hint for lines that others have, too, and no more than that. */
static void what_is_ftp(void **state)
{
	static const struct {
		const char *bytes;
		uint16_t port;
		const char *protocol;
	} rows[] = {
	        {"220 ready\r\n", PORT, "ftp"},
	        {"220 ready\r\n", OTHER, ""},
	        {"220 ready\r\n331 password\r\n", OTHER, "ftp"},
	        {"220 (vsFTPd 3.0.3)\r\n", OTHER, "ftp"},
	        {"220 mail.example ESMTP\r\n", OTHER, "smtp"},
	        {"227 Entering (198,51,100,20,195,80)\r\n", OTHER, "ftp"},
	        {"USER clinic\r\n", PORT, "ftp"},
	        {"USER clinic\r\nPASS x\r\nLIST\r\n", OTHER, ""},
	        {"USER clinic\r\nPASS x\r\nUIDL\r\nSTOR a\r\n", OTHER, ""},
	        {"USER clinic\r\nPASS x\r\nPASV\r\n", OTHER, "ftp"},
	        {"AUTH TLS\r\n", OTHER, "ftp"},
	        {"AUTH PLAIN\r\n", OTHER, ""},
	        {"SIZE 12\r\nTYPE of file\r\n", OTHER, ""},
	        {"STORE 12\r\n", PORT, ""},
	        {"GET / HTTP/1.1\r\n\r\n", PORT, "http"},
	        {"Name;Number\r\nCITIZEN;12\r\n", PORT, ""},
	        {"29518731251,CITIZEN\r\n", PORT, ""},
	        {"\x1\x2\x3 junk\r\n", PORT, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct transcript t = transcript_bytes(span_text(rows[i].bytes), 0, rows[i].port);

		if (strcmp(t.summary.protocol, rows[i].protocol) != 0)
			fail_msg("row %zu", i);
		transcript_free(&t);
	}
}

/* One direction tells of the other. */
static void a_greeting_without_a_name(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(1, "220 ready\r\n"),
	        SEGMENT(0, "USER clinic\r\n"),
	        SEGMENT(1, "331 password\r\n"),
	        SEGMENT(0, "PASS hunter2\r\n"),
	        SEGMENT(1, "230 in\r\n"),
	};

	(void)state;
	for (size_t step = 0; step < 5; step++) {
		struct transcript t = transcript_run(segments, ARRAY_LEN(segments), step, OTHER);

		assert_string_equal(t.summary.protocol, "ftp");
		assert_int_equal(t.summary.unread_bytes[0], 0);
		assert_int_equal(t.summary.unread_bytes[1], 0);
		transcript_free(&t);
	}
}

static void goes_over_to_tls(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(1, "220 (vsFTPd 3.0.3)\r\n"),
	        SEGMENT(0, "AUTH TLS\r\n"),
	        SEGMENT(1, "234 Proceed with negotiation.\r\n"),
	        SEGMENT(0, "\x16\x03\x01\x02"),
	        SEGMENT(1, "\x16\x03\x03\x02"),
	};

	(void)state;
	for (size_t step = 0; step < 5; step++) {
		struct transcript t = transcript_run(segments, ARRAY_LEN(segments), step, OTHER);

		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "0.0 upgrade tls at 10\n"));
		assert_true(transcript_has(&t, "1.0 upgrade tls at 51\n"));
		transcript_free(&t);
	}
}

static void what_breaks_the_format_is_counted(void **state)
{
	static const struct {
		const char *bytes;
		uint64_t unread, malformed;
		enum stream_end why;
	} rows[] = {
	        {"PASV\r\nFROB x\r\nPASV\r\n", 8, 0, STREAM_UNKNOWN},
	        {"PASV\r\nST\x01R x\r\n", 8, 1, STREAM_MALFORMED},
	        {"PASV\r\nENC SGVsbG8=\r\n", 14, 0, STREAM_ENCRYPTED},
	        {"220 FTP\r\nno reply\r\n", 10, 1, STREAM_MALFORMED},
	        {"PORT 192,0,2,10,1\r\n", 0, 1, STREAM_COMPLETE},
	        {"PORT 192,0,2,256,1,1\r\n", 0, 1, STREAM_COMPLETE},
	        {"PORT 192,0,2,10,0,0\r\n", 0, 1, STREAM_COMPLETE},
	        {"EPRT |1|192.0.2.10|66000|\r\n", 0, 1, STREAM_COMPLETE},
	        {"EPRT |1||600|\r\n", 0, 1, STREAM_COMPLETE},
	        {"EPRT\r\n", 0, 1, STREAM_COMPLETE},
	        {"227 nothing\r\n", 0, 1, STREAM_COMPLETE},
	        {"229 (|||0|)\r\n", 0, 1, STREAM_COMPLETE},
	        {"229 (||\r\n", 0, 1, STREAM_COMPLETE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct transcript t = transcript_bytes(span_text(rows[i].bytes), 0, PORT);

		if (t.summary.unread_bytes[0] != rows[i].unread ||
		        t.summary.malformed != rows[i].malformed ||
		        t.summary.unread_reason != rows[i].why || transcript_has(&t, "related"))
			fail_msg("row %zu", i);
		transcript_free(&t);
		assert_true(transcript_stable(span_text(rows[i].bytes), PORT));
	}
}

static void a_line_that_is_too_long_is_passed_over(void **state)
{
	static char session[20000];
	size_t len = sizeof("220 FTP ") - 1;
	struct transcript t;

	(void)state;
	memcpy(session, "220 FTP ", len);
	memset(session + len, 'x', 12000);
	len += 12000;
	memcpy(session + len, "\r\n229 (|||50001|)\r\n", 19);
	len += 19;
	for (size_t step = 0; step < 4000; step += 1999) {
		t = transcript_bytes(span_of(session, len), step, PORT);
		assert_int_equal(t.summary.malformed, 1);
		assert_int_equal(t.summary.unread_bytes[0], 12010);
		assert_int_equal(t.summary.unread_reason, STREAM_MALFORMED);
		assert_true(transcript_has(&t, "related ftp-data passive own port 50001\n"));
		transcript_free(&t);
	}
}

static void a_gap_loses_a_line(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "USER clinic\r\nSTOR one"),
	        {.gap_bytes = 7},
	        SEGMENT(0, ".csv\r\nSTOR two.hl7\r\n"),
	};
	struct transcript t = transcript_run(segments, 3, 0, PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "[FTP upload 1 (.hl7)] two.hl7\n"));
	assert_true(transcript_has(&t, "0.0 stream [] gap"));
	assert_int_equal(t.summary.unread_bytes[0], 14);
	assert_int_equal(t.summary.unread_reason, STREAM_GAP);
	transcript_free(&t);
}

static void failures_leave_the_announcement(void **state)
{
	struct decode_related related = {.port = 7};

	(void)state;
	assert_false(ftp_read_port(span_text("1,2,3,4,5"), &related));
	assert_false(ftp_read_port(span_text("a"), &related));
	assert_false(ftp_read_port_long(span_text("|1|x|5|"), &related));
	assert_false(ftp_read_port_long(span_text(""), &related));
	assert_false(ftp_read_passive(span_text(""), &related));
	assert_false(ftp_read_passive_long(span_text("(111151)"), &related));
	assert_int_equal(related.port, 7);
	assert_true(ftp_read_passive(span_text("=198,51,100,20,0,21"), &related));
	assert_int_equal(related.port, 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_commands_and_names),
	        cmocka_unit_test(reads_replies),
	        cmocka_unit_test(what_is_ftp),
	        cmocka_unit_test(a_greeting_without_a_name),
	        cmocka_unit_test(goes_over_to_tls),
	        cmocka_unit_test(what_breaks_the_format_is_counted),
	        cmocka_unit_test(a_line_that_is_too_long_is_passed_over),
	        cmocka_unit_test(a_gap_loses_a_line),
	        cmocka_unit_test(failures_leave_the_announcement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
