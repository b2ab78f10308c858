#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

#define PORT 80

#define OID_SIGNED "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define OID_DATA   "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define VERSION    "\x02\x01\x01"
#define DIGESTS    "\x31\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define NOTE       "A note about nobody.\r\n" /* 22 bytes */
#define SIGNERS    "\xa0\x03\x01\x02\x03\x31\x04\x30\x02\x05\x05"
#define PLACE      "HTTP body > signed content"

/* All lengths are there. */
static const char definite[] = "\x30\x5a" OID_SIGNED "\xa0\x4d\x30\x4b" VERSION DIGESTS
                               "\x30\x29" OID_DATA "\xa0\x18\x04\x16" NOTE SIGNERS;
/* As programs write that do not know yet how much will come; the string is in two parts. */
static const char indefinite[] = "\x30\x80" OID_SIGNED "\xa0\x80\x30\x80" VERSION DIGESTS
                                 "\x30\x80" OID_DATA "\xa0\x80\x24\x80\x04\x06"
                                 "A note"
                                 "\x04\x81\x10"
                                 " about nobody.\r\n"
                                 "\0\0\0\0\0\0" SIGNERS "\0\0\0\0\0\0";
static const char parts[] = "\x30\x5e" OID_SIGNED "\xa0\x51\x30\x4f" VERSION DIGESTS
                            "\x30\x2d" OID_DATA "\xa0\x1c\x24\x1a\x04\x06"
                            "A note"
                            "\x04\x10"
                            " about nobody.\r\n" SIGNERS;
/* Signed from afar: certificates follow where the content would be. */
static const char detached[] = "\x30\x3f" OID_SIGNED "\xa0\x32\x30\x30" VERSION DIGESTS
                               "\x30\x0b" OID_DATA SIGNERS;
static const char detached_indefinite[] = "\x30\x80" OID_SIGNED "\xa0\x80\x30\x80" VERSION DIGESTS
                                          "\x30\x80" OID_DATA "\0\0" SIGNERS "\0\0\0\0\0\0";

static struct buf request(const void *der, size_t len, size_t filler)
{
	struct buf b;
	char head[128];

	buf_init(&b, 1u << 20, NULL);
	snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n",
	        len + filler);
	assert_int_equal(buf_append_text(&b, head), STATUS_OK);
	assert_int_equal(buf_append(&b, span_of(der, len)), STATUS_OK);
	for (size_t i = 0; i < filler; i++)
		assert_int_equal(buf_append_byte(&b, 0), STATUS_OK);
	return b;
}

static void what_was_signed_is_read(void **state)
{
	static const struct {
		const char *der;
		size_t len;
	} forms[] = {{definite, sizeof(definite) - 1}, {indefinite, sizeof(indefinite) - 1},
	        {parts, sizeof(parts) - 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct buf b = request(forms[i].der, forms[i].len, 0);
		struct transcript t = transcript_bytes(buf_span(&b), 0, PORT);

		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(
		        &t, "text content [" PLACE "] A note about nobody.\\x0d\\x0a\n"));
		assert_true(transcript_has(&t, "stream [" PLACE "] complete bytes=22 unread=0"));
		assert_true(transcript_has(&t, "stream [HTTP body] complete"));
		assert_int_equal(t.summary.unread_bytes[0], 0);
		transcript_free(&t);
		assert_true(transcript_stable(buf_span(&b), PORT));
		buf_free(&b);
	}
}

static void a_signature_alone_has_no_content(void **state)
{
	static const struct {
		const char *der;
		size_t len;
	} forms[] = {{detached, sizeof(detached) - 1},
	        {detached_indefinite, sizeof(detached_indefinite) - 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct buf b = request(forms[i].der, forms[i].len, 0);
		struct transcript t = transcript_bytes(buf_span(&b), 0, PORT);

		assert_false(transcript_has(&t, "signed content"));
		assert_true(transcript_has(&t, "stream [HTTP body] complete"));
		assert_int_equal(t.summary.unread_bytes[0], 0);
		transcript_free(&t);
		assert_true(transcript_stable(buf_span(&b), PORT));
		buf_free(&b);
	}
}

/* No signature is that long: it could hide anything. */
static void both_sides_of_the_signature_limit(void **state)
{
	(void)state;
	for (size_t over = 0; over <= 2; over++) {
		size_t filler = (64u << 10) - (sizeof(SIGNERS) - 1) - 1 + over;
		struct buf b = request(definite, sizeof(definite) - 1, filler);
		struct transcript whole = transcript_bytes(buf_span(&b), 0, PORT);
		struct transcript cut = transcript_bytes(buf_span(&b), 7, PORT);

		assert_int_equal(whole.summary.unread_bytes[0], over > 1 ? over - 1 : 0);
		assert_true(transcript_equal(&whole, &cut));
		transcript_free(&whole);
		transcript_free(&cut);
		buf_free(&b);
	}
}

/* Another byte at each place: what was read stays read, the rest is counted, nothing is lost. */
static void broken_and_cut_data_is_counted(void **state)
{
	size_t len = sizeof(indefinite) - 1;

	(void)state;
	for (size_t at = 0; at < len; at++) {
		char broken[sizeof(indefinite)];
		struct buf b;
		struct transcript t;

		memcpy(broken, indefinite, sizeof(broken));
		broken[at] = (char)(broken[at] ^ 0xff);
		b = request(broken, len, 0);
		t = transcript_bytes(buf_span(&b), 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_int_equal(t.budget_left_used, 0);
		assert_int_equal(t.summary.read_bytes[0] + t.summary.unread_bytes[0], b.len);
		transcript_free(&t);
		buf_free(&b);
		b = request(indefinite, at, 0);
		t = transcript_bytes(buf_span(&b), 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		transcript_free(&t);
		assert_true(transcript_stable(buf_span(&b), PORT));
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_signed_is_read),
	        cmocka_unit_test(a_signature_alone_has_no_content),
	        cmocka_unit_test(both_sides_of_the_signature_limit),
	        cmocka_unit_test(broken_and_cut_data_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
