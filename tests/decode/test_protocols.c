#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

struct row {
	const char *bytes;
	size_t len;
	const char *protocol;
	enum stream_end reason;
	uint16_t port;
	bool datagram;
	bool clear;
};

#define ROW(b, ...)                                                                                \
	{                                                                                          \
		.bytes = b, .len = sizeof(b) - 1, __VA_ARGS__                                      \
	}

static const struct row rows[] = {
        ROW("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", .protocol = "tls",
                .reason = STREAM_ENCRYPTED, .port = 443),
        ROW("\x17\x03\x03\x00\x02xx", .protocol = "tls", .reason = STREAM_ENCRYPTED, .port = 993),
        ROW("\x16\x03\x01\xff\xff", .protocol = "", .reason = STREAM_UNKNOWN, .port = 443),
        ROW("SSH-2.0-invented\r\n", .protocol = "ssh", .reason = STREAM_COMPLETE, .port = 22),
        ROW("SSH-2.0-cut", .protocol = "ssh", .reason = STREAM_TRUNCATED, .port = 22),
        ROW("\xc3\x00\x00\x00\x01\x08\x11\x22\x33", .protocol = "quic", .reason = STREAM_ENCRYPTED,
                .port = 443, .datagram = true),
        ROW("\x41\x00\x00\x00\x01\x08\x11\x22\x33", .protocol = "quic", .reason = STREAM_ENCRYPTED,
                .port = 443, .datagram = true),
        ROW("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01",
                .protocol = "dns", .reason = STREAM_COMPLETE, .port = 53, .datagram = true,
                .clear = true),
        ROW("\x00\x11\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01",
                .protocol = "dns", .reason = STREAM_COMPLETE, .port = 53, .clear = true),
        ROW("\0\0\0\1\0\0\0\x13\0\0\0\3\0\0\0\1", .protocol = "firebird", .reason = STREAM_UNKNOWN,
                .port = 3050, .clear = true),
        ROW("\x23\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", .protocol = "ntp",
                .reason = STREAM_COMPLETE, .port = 123, .datagram = true, .clear = true),
        ROW("\x38"
            "SESSION8"
            "\0\0\0\0\0",
                .protocol = "openvpn", .reason = STREAM_ENCRYPTED, .port = 443, .datagram = true),
        ROW("\x38"
            "SESSION8"
            "DIGEST..........DIGE"
            "\0\0\0\1"
            "\x62\x5a\x9e\x97"
            "\0\0\0\0\0",
                .protocol = "openvpn", .reason = STREAM_ENCRYPTED, .port = 443, .datagram = true),
        ROW("\x50"
            "SESSION8"
            "\x0a\x01\0\1"
            "\x62\x5a\x9e\x97"
            "DIGEST..........DIGEST.........."
            "locked",
                .protocol = "openvpn", .reason = STREAM_ENCRYPTED, .port = 443, .datagram = true),
        ROW("\x4a\0\0\7"
            "\0\0\0\x21"
            "DIGEST..........",
                .protocol = "openvpn", .reason = STREAM_ENCRYPTED, .port = 1194, .datagram = true),
        ROW("\x4a\0\0\7"
            "\0\0\0\x21"
            "DIGEST..........",
                .protocol = "", .reason = STREAM_UNKNOWN, .port = 9999, .datagram = true),
        ROW("\0\x0e"
            "\x38"
            "SESSION8"
            "\0\0\0\0\0",
                .protocol = "openvpn", .reason = STREAM_ENCRYPTED, .port = 443),
        /* another program on the port */
        ROW("\x40\x83\x31\2\x19\x8b\x57\x4b\x3a\x77\x4b\x92\xf4\xb8\x1c\x5b\x44\0\0\x3a",
                .protocol = "", .reason = STREAM_UNKNOWN, .port = 1194, .datagram = true),
        ROW("\4\0\0\0"
            "PEER"
            "\x15\0\0\0\0\0\0\0"
            "DIGEST..........",
                .protocol = "wireguard", .reason = STREAM_ENCRYPTED, .port = 5060,
                .datagram = true),
        ROW("\4\0\0\0"
            "PEER"
            "\x15\0\0\0\0\0\0\1"
            "DIGEST..........",
                .protocol = "", .reason = STREAM_UNKNOWN, .port = 51820, .datagram = true),
        ROW("\3\0\0\0"
            "PEER"
            "NONCE...................COOKIE.."
            "................"
            "........",
                .protocol = "wireguard", .reason = STREAM_ENCRYPTED, .port = 443, .datagram = true),
        ROW("<34>Oct 1 an invented log line", .protocol = "", .reason = STREAM_COMPLETE,
                .port = 514, .datagram = true, .clear = true),
        ROW("{\"a\": [1, 2]}", .protocol = "", .reason = STREAM_COMPLETE, .port = 9999,
                .clear = true),
        ROW("name,born\nA,1\nB,2\nC,3\n", .protocol = "", .reason = STREAM_COMPLETE, .port = 9999,
                .clear = true),
        ROW("\xff\xd8\xff\xe0 a picture", .protocol = "", .reason = STREAM_MEDIA, .port = 9999),
        ROW("OggS\0\2 sound", .protocol = "", .reason = STREAM_MEDIA, .port = 9999),
        ROW("\1\2\3\0\4", .protocol = "", .reason = STREAM_UNKNOWN, .port = 9999),
};

static void test_each_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct segment seg = {
		        .bytes = row->bytes, .len = row->len, .datagram = row->datagram};
		struct transcript t = transcript_run(&seg, 1, 0, row->port);
		bool read = row->reason == STREAM_COMPLETE;

		assert_int_equal(t.status, STATUS_OK);
		assert_string_equal(t.summary.protocol, row->protocol);
		assert_int_equal(t.summary.unread_reason, row->reason);
		assert_int_equal(t.summary.unread_bytes[0], read ? 0 : row->len);
		assert_int_equal(t.summary.read_bytes[0], read ? row->len : 0);
		assert_int_equal(t.summary.clear, row->clear);
		assert_int_equal(t.budget_left_used, 0);
		transcript_free(&t);
		if (!row->datagram)
			assert_true(transcript_stable(span_of(row->bytes, row->len), row->port));
	}
}

static void test_both_directions_of_tls(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"),
	        SEGMENT(1, "\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00"),
	        SEGMENT(0, "\x17\x03\x03\x00\x02xx"),
	};
	struct transcript t = transcript_run(segments, 3, 0, 443);

	(void)state;
	assert_string_equal(t.summary.protocol, "tls");
	assert_false(t.summary.clear);
	assert_int_equal(t.summary.unread_bytes[0], 17);
	assert_int_equal(t.summary.unread_bytes[1], 10);
	assert_int_equal(transcript_count(&t, "stream [] encrypted"), 2);
	transcript_free(&t);
}

static void test_ssh_says_its_software(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "SSH-2.0-InventedSSH_9.2 Wattle 3.1\r\n\0\0\1\2locked"),
	        SEGMENT(1, "SSH-1.99-Far\n\0\0\1\2locked"),
	};
	struct transcript t = transcript_run(segments, 2, 0, 22);

	(void)state;
	assert_string_equal(t.summary.protocol, "ssh");
	assert_false(t.summary.clear);
	assert_true(transcript_has(&t, "InventedSSH_9.2 Wattle 3.1"));
	assert_true(transcript_has(&t, "Far"));
	assert_int_equal(t.summary.read_bytes[0], 36);
	assert_int_equal(t.summary.unread_bytes[0], 10);
	assert_int_equal(t.summary.unread_bytes[1], 10);
	assert_int_equal(t.summary.unread_reason, STREAM_ENCRYPTED);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(segments[0].bytes, segments[0].len), 22));
}

/* A greeting without an end, and one without a version: nothing is said, nothing passes as read. */
static void test_ssh_greetings_that_are_none(void **state)
{
	static const char nameless[] = "SSH-2.0\r\nlocked";
	char endless[300];
	struct transcript t;

	(void)state;
	memset(endless, 'x', sizeof(endless));
	memcpy(endless, "SSH-2.0-", 8);
	t = transcript_bytes(span_of(endless, sizeof(endless)), 0, 22);
	assert_int_equal(transcript_count(&t, "software"), 0);
	assert_int_equal(t.summary.unread_bytes[0], sizeof(endless));
	assert_int_equal(t.summary.unread_reason, STREAM_MALFORMED);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(endless, sizeof(endless)), 22));
	t = transcript_bytes(span_of(nameless, sizeof(nameless) - 1), 0, 22);
	assert_int_equal(transcript_count(&t, "software"), 0);
	assert_int_equal(t.summary.unread_bytes[0], 6);
	transcript_free(&t);
}

static void test_each_datagram_is_a_text(void **state)
{
	struct segment segments[3] = {
	        SEGMENT(0, "first datagram"), SEGMENT(0, "second datagram"), SEGMENT(1, "answer")};
	struct transcript t;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		segments[i].datagram = true;
	t = transcript_run(segments, 3, 0, 514);
	assert_int_equal(transcript_count(&t, "text content"), 3);
	assert_int_equal(t.summary.unread_bytes[0] + t.summary.unread_bytes[1], 0);
	transcript_free(&t);
}

/* Without a session, cut anywhere: what is said early stays. */
static void test_each_is_recognised(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct tuple tuple = {.protocol = row->datagram ? 17 : 6};
		struct decode_opening o = {.tuple = &tuple, .datagram = row->datagram, .other = ""};
		struct decode_recognised found = {.protocol = ""};
		bool said = false;

		tuple.src.port = 50000;
		tuple.dst.port = row->port;
		for (size_t len = row->datagram ? row->len : 1; len <= row->len; len++) {
			int status;

			o.front = span_of(row->bytes, len);
			o.over = len == row->len;
			status = decode_recognise(&o, &found);
			assert_true(status >= 0);
			if (said)
				assert_int_equal(status, STATUS_ITEM);
			said = status == STATUS_ITEM;
			if (said)
				assert_string_equal(found.protocol, row->protocol);
		}
		assert_string_equal(said ? found.protocol : "", row->protocol);
		assert_true(!row->clear || !said || found.clear);
	}
}

static void test_names_of_ends_and_carriers(void **state)
{
	(void)state;
	for (int i = 0; i < CARRIERS; i++)
		assert_true(strlen(carrier_text((enum carrier)i)) > 3);
	for (int i = 0; i < STREAM_ENDS; i++)
		assert_true(strlen(stream_end_text((enum stream_end)i)) > 3);
	assert_non_null(carrier_text((enum carrier)999));
	assert_non_null(stream_end_text((enum stream_end)999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_is_named),
	        cmocka_unit_test(test_both_directions_of_tls),
	        cmocka_unit_test(test_ssh_says_its_software),
	        cmocka_unit_test(test_ssh_greetings_that_are_none),
	        cmocka_unit_test(test_each_datagram_is_a_text),
	        cmocka_unit_test(test_each_is_recognised),
	        cmocka_unit_test(test_names_of_ends_and_carriers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
