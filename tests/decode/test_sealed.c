#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

#define PORT       25
#define MAIL(type) "EHLO pc1\r\nMAIL FROM:<a@a>\r\nDATA\r\nSubject: x\r\nContent-Type: " type "\r\n"
#define END        "\r\n.\r\nQUIT\r\n"

static struct buf mail_with(const char *head, const void *body, size_t len, size_t filler)
{
	struct buf b;

	buf_init(&b, 1u << 20, NULL);
	assert_int_equal(buf_append_text(&b, head), STATUS_OK);
	assert_int_equal(buf_append_text(&b, "\r\n"), STATUS_OK);
	assert_int_equal(buf_append(&b, span_of(body, len)), STATUS_OK);
	for (size_t i = 0; i < filler; i++)
		assert_int_equal(buf_append_byte(&b, 'A'), STATUS_OK);
	return b;
}

static void cms_by_its_object_identifier(void **state)
{
	static const char types[] = {3, 6, 2, 1}; /* enveloped, encrypted; signed, data */
	uint8_t der[] = {
	        0x30, 0x82, 5, 0xdc, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 0, 0xa0};

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		struct buf b;
		struct transcript t;

		der[14] = (uint8_t)types[i];
		b = mail_with(MAIL("application/pkcs7-mime"), der, sizeof(der), 900);
		assert_int_equal(buf_append_text(&b, END), STATUS_OK);
		t = transcript_bytes(buf_span(&b), 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_int_equal(
		        transcript_has(&t, "0.2 begin sealed cms [mail 1 > part 1]"), i < 2);
		assert_int_equal(transcript_has(&t, "stream [mail 1 > part 1] sealed"), i < 2);
		if (i < 2) {
			assert_int_equal(t.summary.unread_reason, STREAM_SEALED);
			assert_true(t.summary.unread_bytes[0] >= 900);
		}
		transcript_free(&t);
		assert_true(transcript_stable(buf_span(&b), PORT));
		buf_free(&b);
	}
}

static void base64_cms_in_a_mail(void **state)
{
	static const char body[] = "MIIF3AYJKoZIhvcNAQcDoIIFzTCCBckCAQAxggEw";
	struct buf b = mail_with(MAIL("application/pkcs7-mime; smime-type=enveloped-data\r\n"
	                              "Content-Transfer-Encoding: base64"),
	        body, sizeof(body) - 1, 0);
	struct transcript t;

	(void)state;
	assert_int_equal(buf_append_text(&b, END), STATUS_OK);
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_true(transcript_has(&t, "0.2 begin sealed cms"));
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(&b), PORT));
	buf_free(&b);
}

static void armour_of_a_message_only(void **state)
{
	static const char *const kinds[] = {"MESSAGE", "SIGNED MESSAGE"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf b = mail_with(MAIL("text/plain"), "-----BEGIN PGP ", 15, 0);
		struct transcript t;

		assert_int_equal(buf_append_text(&b, kinds[i]), STATUS_OK);
		assert_int_equal(buf_append_text(&b, "-----\r\n\r\nhQEMA" END), STATUS_OK);
		t = transcript_bytes(buf_span(&b), 0, PORT);
		assert_int_equal(transcript_has(&t, "begin sealed pgp"), i == 0);
		transcript_free(&t);
		assert_true(transcript_stable(buf_span(&b), PORT));
		buf_free(&b);
	}
}

static void an_envelope_shows_its_addresses(void **state)
{
	static const char head[] =
	        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"urn:x\"><s:Body>"
	        "<m:SealedMessage><m:sender>8003621566684455</m:sender><CipherValue>";
	static const char tail[] = "</CipherValue><m:receiver>clear</m:receiver></m:SealedMessage>"
	                           "</s:Body></s:Envelope>" END;
	struct buf b = mail_with(MAIL("text/xml"), head, sizeof(head) - 1, 5000);
	struct transcript t;

	(void)state;
	assert_int_equal(buf_append_text(&b, tail), STATUS_OK);
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_true(transcript_has(&t, "begin sealed xml [mail 1 > part 1 > sealed message]"));
	assert_true(transcript_has(&t, "key=Envelope.Body.SealedMessage.sender"));
	assert_true(transcript_has(&t, "] 8003621566684455\n"));
	assert_true(transcript_has(&t, "key=Envelope.Body.SealedMessage.receiver"));
	assert_true(transcript_has(&t, "] clear\n"));
	assert_true(transcript_has(&t, "stream [mail 1 > part 1] sealed"));
	assert_int_equal(t.summary.unread_bytes[0], 5000);
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(&b), PORT));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(cms_by_its_object_identifier),
	        cmocka_unit_test(base64_cms_in_a_mail),
	        cmocka_unit_test(armour_of_a_message_only),
	        cmocka_unit_test(an_envelope_shows_its_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
