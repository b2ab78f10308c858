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

#define REQUEST_BYTES_MAX (64u << 10)

/* A request that carries the body under the type. Gives; free() it. */
static struct span request(const char *type, const char *body)
{
	char *bytes = malloc(REQUEST_BYTES_MAX);
	int len;

	assert_non_null(bytes);
	len = snprintf(bytes, REQUEST_BYTES_MAX,
	        "POST /upload HTTP/1.1\r\nHost: h.example\r\nContent-Type: %s\r\n"
	        "Content-Length: %zu\r\n\r\n%s",
	        type, strlen(body), body);
	assert_true(len > 0 && (size_t)len < REQUEST_BYTES_MAX);
	return span_of(bytes, (size_t)len);
}

static void request_free(struct span request)
{
	free((void *)(uintptr_t)request.data);
}

static const char parts[] =
        "preamble\r\n"
        "--xyz\r\n"
        "Content-Disposition: form-data; name=\"sur\\\"name\"\r\n"
        "\r\n"
        "Invented\r\n"
        "--xyz\r\n"
        "Content-Disposition: form-data; name=note\r\n"
        "\r\n"
        "two\r\n--xyzz lines\r\n"
        "--xyz  \r\n"
        "content-disposition: form-data; name=\"f\"; filename=\"Ada Made.txt\"\r\n"
        "Content-Type: text/plain\r\n"
        "\r\n"
        "The file's text.\r\nIts second line.\r\n\r\n"
        "--xyz\r\n"
        "Content-Disposition: form-data; name=empty\r\n"
        "\r\n"
        "\r\n"
        "--xyz--\r\n";

static void test_multipart_parts(void **state)
{
	struct span bytes = request("multipart/form-data; boundary=\"xyz\"", parts);
	struct transcript t = transcript_bytes(bytes, 0, 80);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "0.1 begin form  [HTTP body]"));
	assert_true(transcript_has(&t, "field content key=sur\"name [HTTP body] Invented\n"));
	assert_true(transcript_has(
	        &t, "field content key=note [HTTP body] two\\x0d\\x0a--xyzz lines\n"));
	assert_true(transcript_has(&t, "field file-name [HTTP body > file name] Ada Made.txt"));
	assert_true(transcript_has(&t, "0.2 begin text  [HTTP body > part 3 (.txt)]"));
	assert_true(transcript_has(&t, "The file's text.\\x0d\\x0aIts second line.\\x0d\\x0a\n"));
	assert_true(transcript_has(&t, "key=empty [HTTP body] \n"));
	assert_int_equal(t.summary.unread_bytes[0], 8);
	assert_true(transcript_has(&t, "0.1 stream [HTTP body] complete"));
	transcript_free(&t);
	assert_true(transcript_stable(bytes, 80));
	request_free(bytes);
}

static void test_declared_transfer_encodings(void **state)
{
	static const char body[] =
	        "--b\r\nContent-Disposition: form-data; name=f; filename=a.txt\r\n"
	        "Content-Transfer-Encoding: base64\r\n\r\n"
	        "QW4gaW52ZW50ZWQgbGV0\r\ndGVyIGFib3V0IG5vYm9keS4=\r\n"
	        "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	        "na=C3=AFve soft=\r\nbreak\r\n--b--";
	struct span bytes = request("multipart/form-data; boundary=b", body);
	struct transcript t = transcript_bytes(bytes, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "An invented letter about nobody."));
	assert_true(transcript_has(&t, "na\\xc3\\xafve softbreak"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(bytes, 80));
	request_free(bytes);
}

static void test_folded_headers(void **state)
{
	static const char body[] =
	        "--b\r\nContent-Disposition: form-data;\r\n name=\"surname\"\r\n\r\nInvented\r\n"
	        "--b\nContent-Disposition:\n\tform-data; name=f;\n filename=\"a.txt\"\n"
	        "Content-Transfer-Encoding:\n base64\nContent-Type:\n text/plain\n\n"
	        "QW4gaW52ZW50ZWQgbGV0dGVyIGFib3V0IG5vYm9keS4=\n--b--";
	struct span bytes = request("multipart/form-data; boundary=b", body);
	struct transcript t = transcript_bytes(bytes, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "field content key=surname [HTTP body] Invented\n"));
	assert_true(transcript_has(&t, "field file-name [HTTP body > file name] a.txt\n"));
	assert_true(transcript_has(&t, "An invented letter about nobody."));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(bytes, 80));
	request_free(bytes);
}

/* Of a folded header the whole is counted; one that is too long ends its part. */
static void test_both_sides_of_the_header_limit(void **state)
{
	(void)state;
	for (size_t len = 8190; len <= 8194; len++) {
		char *body = calloc(1, len + 200);
		struct transcript whole, cut;
		struct span bytes;
		size_t at;

		assert_non_null(body);
		snprintf(body, len, "%s", "--b\r\nContent-Disposition: form-data; name=n;\r\n ");
		at = strlen(body);
		memset(body + at, 'x', len - (at - 5) - 2);
		memcpy(body + 5 + len - 2, "\r\n\r\nvalue\r\n--b--", 17);
		bytes = request("multipart/form-data; boundary=b", body);
		whole = transcript_bytes(bytes, 0, 80);
		cut = transcript_bytes(bytes, 7, 80);
		assert_int_equal(transcript_has(&whole, "key=n [HTTP body] value\n"), len <= 8192);
		assert_int_equal(whole.summary.malformed, len > 8192);
		assert_true(transcript_equal(&whole, &cut));
		transcript_free(&whole);
		transcript_free(&cut);
		request_free(bytes);
		free(body);
	}
}

static void test_multipart_cut_short(void **state)
{
	static const char cut[] =
	        "--b\r\nContent-Disposition: form-data; name=f; filename=a.txt\r\n"
	        "\r\nonly the beginning of";
	struct span bytes = request("multipart/form-data; boundary=b", cut);
	struct transcript t = transcript_bytes(bytes, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "only the beginning of"));
	assert_true(transcript_has(&t, "part 1 (.txt)] truncated"));
	assert_true(transcript_has(&t, "stream [HTTP body] truncated"));
	transcript_free(&t);
	assert_true(transcript_stable(bytes, 80));
	request_free(bytes);
}

static void test_multipart_gap_inside_a_file(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "POST /u HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
	                   "Content-Length: 160\r\n\r\n"
	                   "--b\r\nContent-Disposition: form-data; name=f; filename=a.txt\r\n"
	                   "\r\nfirst half "),
	        {.direction = 0, .gap_bytes = 61},
	        SEGMENT(0, "other half\r\n--b--\r\n"),
	};
	struct transcript t = transcript_run(segments, 3, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "first half"));
	assert_true(transcript_has(&t, "other half"));
	assert_true(transcript_has(&t, "part 1 (.txt)] gap"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
}

static void test_long_field_becomes_a_stream(void **state)
{
	char *body = malloc(40000);
	size_t len;
	struct span bytes;
	struct transcript t;

	(void)state;
	assert_non_null(body);
	len = (size_t)snprintf(body, 100, "--b\r\nContent-Disposition: form-data; name=n\r\n\r\n");
	memset(body + len, 'x', 30000);
	snprintf(body + len + 30000, 100, "\r\n--b--");
	bytes = request("multipart/form-data; boundary=b", body);
	t = transcript_bytes(bytes, 0, 80);
	assert_true(transcript_has(&t, "[HTTP body > form field 1] complete bytes=30000 unread=0"));
	transcript_free(&t);
	t = transcript_bytes(bytes, 11, 80);
	assert_true(transcript_has(&t, "[HTTP body > form field 1] complete bytes=30000 unread=0"));
	transcript_free(&t);
	request_free(bytes);
	free(body);
}

static void test_urlencoded(void **state)
{
	static const char body[] = "surname=In+vented&dob=1980%2D01%2D01&&flag&x=%zz"
	                           "&doc=%7B%22a%22%3A%20%22some%20document%22%7D";
	struct span bytes = request("application/x-www-form-urlencoded; charset=UTF-8", body);
	struct transcript t = transcript_bytes(bytes, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "0.1 begin form"));
	assert_true(transcript_has(&t, "key=surname [HTTP body] In vented\n"));
	assert_true(transcript_has(&t, "key=dob [HTTP body] 1980-01-01\n"));
	assert_true(transcript_has(&t, "key=flag [HTTP body] \n"));
	assert_true(transcript_has(&t, "key=x [HTTP body] %zz\n"));
	assert_true(transcript_has(&t, "[HTTP body > form field 5] complete bytes=22"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(bytes, 80));
	request_free(bytes);
}

static void test_base64_value_is_opened(void **state)
{
	static const char body[] =
	        "a=1&doc=TVNIfF5%2BXCZ8QXxCfEN8RHwyMDI2MTAwMXx8T1JVXlIwMXwxfFB8Mi40DVBJRHwx"
	        "fHw5OV5eXkZeTVJ8fE1BREVeQURBDU9CWHwxfFNUfFh8fGludmVudGVkDQ%3D%3D";
	struct span bytes = request("application/x-www-form-urlencoded", body);
	struct transcript t = transcript_bytes(bytes, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "begin hl7 ORU^R01 [HTTP body > form field 2"));
	transcript_free(&t);
	assert_true(transcript_stable(bytes, 80));
	request_free(bytes);
}

static void test_urlencoded_long_value(void **state)
{
	char *body = malloc(60000);
	size_t len = 2;
	struct span bytes;
	struct transcript t;

	(void)state;
	assert_non_null(body);
	memcpy(body, "a=", 2);
	while (len < 45000)
		len += (size_t)snprintf(body + len, 8, "%%41+x");
	snprintf(body + len, 8, "&b=2");
	bytes = request("application/x-www-form-urlencoded", body);
	t = transcript_bytes(bytes, 0, 80);
	assert_true(transcript_has(&t, "[HTTP body > form field 1] complete bytes=27000 unread=0"));
	assert_true(transcript_has(&t, "key=b [HTTP body] 2\n"));
	assert_false(transcript_has(&t, "%41"));
	transcript_free(&t);
	t = transcript_bytes(bytes, 1, 80);
	assert_true(transcript_has(&t, "[HTTP body > form field 1] complete bytes=27000 unread=0"));
	assert_false(transcript_has(&t, "%41"));
	transcript_free(&t);
	request_free(bytes);
	free(body);
}

static void test_declared_form_that_is_none(void **state)
{
	struct span bytes = request(
	        "application/x-www-form-urlencoded", "<note>just a note</note>");
	struct transcript t = transcript_bytes(bytes, 0, 80);

	(void)state;
	assert_false(transcript_has(&t, "begin form"));
	assert_true(transcript_has(&t, "just a note"));
	transcript_free(&t);
	request_free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_multipart_parts),
	        cmocka_unit_test(test_declared_transfer_encodings),
	        cmocka_unit_test(test_folded_headers),
	        cmocka_unit_test(test_both_sides_of_the_header_limit),
	        cmocka_unit_test(test_multipart_cut_short),
	        cmocka_unit_test(test_multipart_gap_inside_a_file),
	        cmocka_unit_test(test_long_field_becomes_a_stream),
	        cmocka_unit_test(test_urlencoded),
	        cmocka_unit_test(test_base64_value_is_opened),
	        cmocka_unit_test(test_urlencoded_long_value),
	        cmocka_unit_test(test_declared_form_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
