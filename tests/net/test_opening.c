#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "net/opening.h"

/* A direction's first bytes and what they say; "" for nothing. */
struct sample {
	enum opening_protocol protocol;
	const char *bytes;
	size_t len;
	const char *host, *software;
	bool request, tunnel;
};

#define BYTES(text) (text), sizeof(text) - 1

static const struct sample samples[] = {
        {OPENING_HTTP,
                BYTES("POST /a?x=1 HTTP/1.1\r\nCookie: host: no\r\nhOST: \tone.example:8080 \r\n"
                      "User-Agent: Sync/2.1 (x)\r\nAuthorization: Basic zzz\r\n\r\nbody"),
                "one.example:8080", "Sync/2.1 (x)", true, false},
        {OPENING_HTTP, BYTES("\r\n\r\nGET / HTTP/1.0\nHost: one.example\nHost: two.example\n\n"),
                "one.example", "", true, false},
        {OPENING_HTTP, BYTES("GET / HTTP/1.1\r\nX-Host: no.example\r\n\r\nHost: body.example\r\n"),
                "", "", true, false},
        {OPENING_HTTP,
                BYTES("CONNECT far.example:443 HTTP/1.1\r\nHost: proxy.example\r\n"
                      "User-Agent: Sync/2.1\r\n\r\n"),
                "far.example:443", "Sync/2.1", true, true},
        {OPENING_HTTP, BYTES("HTTP/1.1 200 OK\r\nHost: no.example\r\n\r\n"), "", "", false, false},
        {OPENING_SSH, BYTES("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\nrest"), "", "OpenSSH_9.2p1 Debian-2",
                false, false},
        {OPENING_SSH, BYTES("SSH-2.0\r\n"), "", "", false, false},
        {OPENING_SMTP, BYTES("220 mail.example ESMTP Postfix\r\n"), "mail.example", "ESMTP Postfix",
                false, true},
        {OPENING_SMTP, BYTES("220-mail.example ESMTP\r\n220 more\r\n"), "mail.example", "ESMTP",
                false, true},
        {OPENING_SMTP, BYTES("EHLO pc7.example\r\n"), "", "", false, true},
        {OPENING_FTP, BYTES("220 (vsFTPd 3.0.3)\r\n"), "", "(vsFTPd 3.0.3)", false, true},
        {OPENING_FTP, BYTES("HOST ftp.example\r\nUSER x\r\n"), "ftp.example", "", false, true},
        {OPENING_FTP, BYTES("USER x\r\n"), "", "", false, true},
        {OPENING_SOCKS,
                BYTES("\x05\x01\x00\x05\x01\x00\x03\x0b"
                      "far.example\x01\xbb"),
                "far.example", "", false, true},
        {OPENING_SOCKS,
                BYTES("\x05\x01\x02\x01\x01u\x02pw\x05\x01\x00\x03\x0b"
                      "far.example\x01\xbb"),
                "far.example", "", false, true},
        {OPENING_SOCKS, BYTES("\x05\x01\x00\x05\x01\x00\x01\xcb\x00\x71\x09\x01\xbb"), "", "",
                false, true},
        {OPENING_SOCKS,
                BYTES("\x05\x01\x00\x05\x02\x00\x03\x01"
                      "a\x01\xbb"),
                "", "", false, true},
        {OPENING_SOCKS,
                BYTES("\x04\x01\x01\xbb\x00\x00\x00\x01u\x00"
                      "far.example\x00"),
                "far.example", "", false, true},
        {OPENING_SOCKS, BYTES("\x04\x01\x01\xbb\xcb\x00\x71\x09u\x00"), "", "", false, true},
};

static void check(const struct sample *s, const struct opening *o)
{
	assert_int_equal(o->host.len, strlen(s->host));
	assert_memory_equal(o->host.data ? (const char *)o->host.data : "", s->host, o->host.len);
	assert_int_equal(o->software.len, strlen(s->software));
	assert_memory_equal(o->software.data ? (const char *)o->software.data : "", s->software,
	        o->software.len);
	assert_int_equal(o->request, s->request);
	assert_int_equal(o->tunnel, s->tunnel);
}

/* Whole; and with every number of bytes more, as they come. What comes later changes nothing. */
static void openings_say_the_same_however_they_come(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		bool said = false;

		for (size_t len = 0; len <= s->len; len++) {
			struct opening o = {.software = {.len = 77}};
			uint8_t *copy = malloc(len + 1);
			int status;

			assert_non_null(copy);
			memcpy(copy, s->bytes, len);
			status = opening_read(s->protocol, span_of(copy, len), false, &o);
			assert_int_equal(status, said ? STATUS_OK : status);
			if (status == STATUS_OK)
				check(s, &o);
			else
				assert_int_equal(o.software.len, 77);
			assert_true(status == STATUS_OK || status == STATUS_MORE);
			said = status == STATUS_OK;
			free(copy);
		}
		assert_true(said);
	}
}

static void what_ends_early_says_what_was_whole(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: one.example\r\nUser-Agent: Syn";
	struct opening o;

	(void)state;
	assert_int_equal(opening_read(OPENING_HTTP, span_of_text(head), false, &o), STATUS_MORE);
	assert_int_equal(opening_read(OPENING_HTTP, span_of_text(head), true, &o), STATUS_OK);
	assert_true(span_equal_text(o.host, "one.example"));
	assert_int_equal(o.software.len, 0);
	assert_int_equal(opening_read(OPENING_SSH, span_of_text("SSH-2.0-x"), true, &o), STATUS_OK);
	assert_int_equal(o.software.len, 0);
}

/* Both sides of the maximum. */
static void a_long_head_is_given_up(void **state)
{
	static uint8_t head[OPENING_BYTES_MAX + 100];
	static const char host[] = "\r\nHost: one.example\r\n";
	struct opening o;

	(void)state;
	memset(head, 'a', sizeof(head));
	memcpy(head, "GET /", 5);
	assert_int_equal(
	        opening_read(OPENING_HTTP, span_of(head, OPENING_BYTES_MAX - 1), false, &o),
	        STATUS_MORE);
	assert_int_equal(
	        opening_read(OPENING_HTTP, span_of(head, OPENING_BYTES_MAX), false, &o), STATUS_OK);
	memcpy(head + OPENING_BYTES_MAX - (sizeof(host) - 1), host, sizeof(host) - 1);
	assert_int_equal(
	        opening_read(OPENING_HTTP, span_of(head, sizeof(head)), false, &o), STATUS_OK);
	assert_true(span_equal_text(o.host, "one.example"));
	memset(head, 'a', sizeof(head));
	memcpy(head, "GET /", 5);
	memcpy(head + OPENING_BYTES_MAX - (sizeof(host) - 2), host, sizeof(host) - 1);
	assert_int_equal(
	        opening_read(OPENING_HTTP, span_of(head, sizeof(head)), false, &o), STATUS_OK);
	assert_int_equal(o.host.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(openings_say_the_same_however_they_come),
	        cmocka_unit_test(what_ends_early_says_what_was_whole),
	        cmocka_unit_test(a_long_head_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
