/* What HTTP carries, in the forms that clients send and servers answer in. */
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

#define PORT 80
#define JSON "{\"patient\": {\"name\": \"Jane\"}}"
#define HL7  "MSH|^~\\&|A||||||ADT^A08|1\rPID|1||5\r"

struct text {
	char bytes[4096];
	size_t len;
};

/* A request with its length. */
static struct text request(const char *method, const char *headers, const char *body)
{
	struct text t;
	int len = snprintf(t.bytes, sizeof(t.bytes),
	        "%s /a HTTP/1.1\r\nHost: a.example\r\n%sContent-Length: %zu\r\n\r\n%s", method,
	        headers, strlen(body), body);

	t.len = (size_t)len;
	return t;
}

static void has_all(struct text t, const char *const *lines, size_t count)
{
	struct span bytes = span_of(t.bytes, t.len);
	struct transcript whole = transcript_bytes(bytes, 0, PORT);

	assert_int_equal(whole.status, STATUS_OK);
	assert_int_equal(whole.budget_left_used, 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&whole, lines[i]))
			fail_msg("expected line %zu is missing", i);
	assert_int_equal(whole.summary.unread_bytes[0], 0);
	assert_int_equal(whole.summary.malformed, 0);
	transcript_free(&whole);
	assert_true(transcript_stable(bytes, PORT));
}

static struct text all_of(const char *bytes)
{
	struct text t = {.len = strlen(bytes)};

	memcpy(t.bytes, bytes, t.len + 1);
	return t;
}

static void methods_that_put_and_mend(void **state)
{
	static const char *const lines[] = {"key=patient.name [HTTP body] Jane\n"};
	static const char *const methods[] = {"PUT", "PATCH", "POST", "DELETE", "REPORT"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		has_all(request(methods[i], "Content-Type: application/json\r\n", JSON), lines, 1);
}

static void parts_of_a_batch_are_messages(void **state)
{
	static const char *const lines[] = {
	        "1 begin http-request POST [HTTP body > part 1]\n",
	        "key=patient.name [HTTP body > part 1 > HTTP body] Jane\n",
	        "begin http-request GET [HTTP body > part 2]\n",
	        "begin http-request PUT [HTTP body > part 3 > part 1]\n",
	        "key=patient.name [HTTP body > part 3 > part 1 > HTTP body] Jane\n",
	};
	static const char *const answers[] = {
	        "begin http-response 200 [HTTP body > part 1]\n",
	        "key=patient.name [HTTP body > part 1 > HTTP body] Jane\n",
	};

	(void)state;
	has_all(request("POST", "Content-Type: multipart/mixed; boundary=b\r\n",
	                "--b\r\nContent-Type: application/http\r\n"
	                "Content-Transfer-Encoding: binary\r\n\r\n"
	                "POST /Patient HTTP/1.1\r\nContent-Type: application/json\r\n\r\n" JSON
	                "\r\n--b\r\nContent-Type: application/http\r\n\r\n"
	                "GET /Patient/1 HTTP/1.1\r\nHost: a.example\r\n\r\n\r\n"
	                "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n"
	                "Content-Type: application/http\r\n\r\nPUT /Patient/2 HTTP/1.1\r\n\r\n" JSON
	                "\r\n--c--\r\n--b--\r\n"),
	        lines + 1, ARRAY_LEN(lines) - 1);
	has_all(all_of("HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	               "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n"
	               "Upgrade: websocket\r\nContent-Type: application/json\r\n\r\n" JSON
	               "\r\n--b--\r\n"),
	        answers, ARRAY_LEN(answers));
}

static void answers_without_a_body(void **state)
{
	static const char *const lines[] = {"key=patient.name [HTTP body] Jane\n"};
	static const struct segment segments[] = {
	        SEGMENT(0, "HEAD /a HTTP/1.1\r\nHost: a.example\r\n\r\n"
	                   "GET /b HTTP/1.1\r\nHost: a.example\r\n\r\n"),
	        SEGMENT(1, "HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n"
	                   "HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n" JSON),
	};
	struct transcript t = transcript_run(segments, 2, 0, PORT);

	(void)state;
	assert_int_equal(transcript_count(&t, "key=patient.name"), 1);
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	has_all(all_of("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
	               "HTTP/1.1 304 Not Modified\r\nContent-Length: 29\r\n\r\n"
	               "HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n" JSON),
	        lines, 1);
	has_all(request("POST", "Expect: 100-continue\r\n", JSON), lines, 1);
}

/* Each piece is a content of its own: what it begins with says what it is. */
static void pieces_of_a_content(void **state)
{
	static const char *const first[] = {"begin hl7 ADT^A08 [HTTP body > HL7 message 1]\n"};
	static const char *const later[] = {"text content [HTTP body] Citizen, of no fixed"};
	static const char *const ranges[] = {"begin hl7 ADT^A08 [HTTP body > part 1 > HL7"};

	(void)state;
	has_all(request("PATCH",
	                "Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
	                "Content-Type: application/offset+octet-stream\r\n",
	                HL7),
	        first, 1);
	has_all(request("PUT", "Content-Range: bytes 100-144/145\r\n",
	                "Citizen, of no fixed abode and without a card."),
	        later, 1);
	has_all(all_of("HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; "
	               "boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n"
	               "Content-Range: bytes 0-40/100\r\n\r\n" HL7 "\r\n--b--\r\n"),
	        ranges, 1);
}

static void streams_of_lines_in_chunks(void **state)
{
	static const char *const lines[] = {"key=name [HTTP body", "] Jane\n", "] Ada\n"};

	(void)state;
	has_all(all_of("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
	               "Transfer-Encoding: chunked\r\n\r\n"
	               "a\r\n{\"name\": \"\r\n8\r\nJane\"}\r\n\r\n10\r\n{\"name\": \"Ada\"}\n"
	               "\r\n0\r\n\r\n"),
	        lines, ARRAY_LEN(lines));
}

static void signed_pieces_of_an_object_store(void **state)
{
	static const char *const lines[] = {"begin hl7 ADT^A08 [HTTP body > HL7 message 1]\n",
	        "stream [HTTP body] complete bytes=35 unread=0\n"};
	static const char *const bodies[] = {
	        "13;chunk-signature=0055ff\r\nMSH|^~\\&|A||||||ADT\r\n"
	        "10;chunk-signature=aa\r\n^A08|1\rPID|1||5\r\n0;chunk-signature=bb\r\n\r\n",
	        "13\r\nMSH|^~\\&|A||||||ADT\r\n10\r\n^A08|1\rPID|1||5\r\n0\r\n"
	        "x-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:ab\r\n\r\n",
	};
	static const char *const bad[] = {
	        "5\r\nabcdefg\r\n", "zz\r\nabc", "fffffffffffff\r\na", "5\r\nab"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		has_all(request("PUT", "Content-Encoding: aws-chunked\r\n", bodies[i]), lines, 1);
		has_all(request("PUT",
		                "Content-Encoding: aws-chunked\r\nx-amz-content-sha256: "
		                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n",
		                bodies[i]),
		        lines, 1);
		has_all(request("PUT",
		                "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n",
		                bodies[i]),
		        lines, 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct text t = request("PUT", "Content-Encoding: aws-chunked\r\n", bad[i]);
		struct span bytes = span_of(t.bytes, t.len);
		struct transcript whole = transcript_bytes(bytes, 0, PORT);

		assert_true(transcript_has(&whole,
		        i == 3 ? "stream [HTTP body] truncated" : "stream [HTTP body] malformed"));
		transcript_free(&whole);
		assert_true(transcript_stable(bytes, PORT));
	}
}

static void names_of_files(void **state)
{
	static const char *const form[] = {
	        "field file-name [HTTP body > file name] Jane Citizen \\xe2\\x82\\xac.hl7\n",
	        "begin hl7 ADT^A08 [HTTP body > part 1 (.hl7) > HL7 message 1]\n",
	};
	static const char *const put[] = {
	        "field file-name [HTTP file name] Jane Mar\\xc3\\xada.hl7\n"};

	(void)state;
	has_all(request("POST", "Content-Type: multipart/form-data; boundary=b\r\n",
	                "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"; "
	                "filename*=UTF-8''Jane%20Citizen%20%e2%82%ac.hl7\r\n"
	                "Content-Type: application/octet-stream\r\n\r\n" HL7 "\r\n--b--\r\n"),
	        form, ARRAY_LEN(form));
	has_all(request("PUT",
	                "Content-Disposition: attachment; "
	                "filename*=iso-8859-1'en'Jane%20Mar%EDa.hl7"
	                "\r\n",
	                HL7),
	        put, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(methods_that_put_and_mend),
	        cmocka_unit_test(parts_of_a_batch_are_messages),
	        cmocka_unit_test(answers_without_a_body),
	        cmocka_unit_test(pieces_of_a_content),
	        cmocka_unit_test(streams_of_lines_in_chunks),
	        cmocka_unit_test(signed_pieces_of_an_object_store),
	        cmocka_unit_test(names_of_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
