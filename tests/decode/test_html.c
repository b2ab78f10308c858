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

static const char page[] =
        "<!DOCTYPE html>\n"
        "<html><head><title>Letter</title><style>td { color: red }</style><script>var x = "
        "\"</p>1\";</script>\n"
        "<script type=\"application/ld+json\">{\"dob\":\"1980-02-01\"}</script></head>\n"
        "<body class=\"a\" data-x='>'><!-- --><!-- a note --><table><tr><td>Medicare</td><td>2123 "
        "45670 1</td></tr></table>\n"
        "<p><b>2123</b> 45670<span style=\"x\"> </span>1 Ren&eacute;e &amp; Jo &#50;&#x31; "
        "&lt;b&gt; a < b &unknown; &#147;q&#148;\n"
        "<img alt=\"a picture\" src=\"data:text/plain;base64,TVNI\"><input type=hidden "
        "value=35505><br/>last\n"
        "</body></html>\n";

static void test_page(void **state)
{
	struct span bytes = span_of(page, sizeof(page) - 1);
	struct transcript t = transcript_bytes(bytes, 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "begin text html"));
	assert_true(transcript_has(&t, "Letter\\x0a{\"dob\":\"1980-02-01\"}"));
	assert_true(transcript_has(&t, "Medicare\\x092123 45670 1\\x09"));
	assert_true(transcript_has(&t, "2123 45670 1 Ren\\xc3\\xa9e & Jo 21 <b> a < b &unknown; "
	                               "\\xe2\\x80\\x9cq\\xe2\\x80\\x9d"));
	assert_true(transcript_has(&t, "a note"));
	assert_true(transcript_has(&t, "a picture\\x0adata:text/plain;base64,TVNI") ||
	            transcript_has(&t, "a picture\\x0atext/plain;base64,TVNI"));
	assert_true(transcript_has(&t, "35505\\x0alast"));
	assert_false(transcript_has(&t, "color"));
	assert_false(transcript_has(&t, "var x"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(bytes, 80));
}

static struct transcript body(const char *type, const char *text)
{
	char bytes[1024];
	int len = snprintf(bytes, sizeof(bytes),
	        "POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Type: %s\r\n"
	        "Content-Length: %zu\r\n\r\n%s",
	        type, strlen(text), text);

	assert_true(len > 0 && (size_t)len < sizeof(bytes));
	assert_true(transcript_stable(span_of(bytes, (size_t)len), 80));
	return transcript_bytes(span_of(bytes, (size_t)len), 0, 80);
}

static void test_declared(void **state)
{
	struct transcript t = body("text/html; charset=iso-8859-1", "Hello,<br>Ren\xe9"
	                                                            "e &#233; <b>2123</b> 45670 1");

	(void)state;
	assert_true(transcript_has(&t, "Hello,\\x0aRen\\xc3\\xa9e \\xc3\\xa9 2123 45670 1\n"));
	transcript_free(&t);
	t = body("text/html", "{\"a\":\"<b>bold</b>\"}");
	assert_true(transcript_has(&t, "begin json"));
	transcript_free(&t);
	t = body("text/html", "no tags at all in here");
	assert_false(transcript_has(&t, "text html"));
	transcript_free(&t);
	t = body("text/plain", "if a <b then c");
	assert_false(transcript_has(&t, "text html"));
	transcript_free(&t);
}

/* Tags, comments and scripts that never end. */
static void test_hostile(void **state)
{
	static const char *const begins[] = {"<html><a b=\"", "<html><!-- ", "<html><script>",
	        "<html>&", "<html><", "<html><a ", "<html><!"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		char *bytes = malloc(100000);
		size_t len = strlen(begins[i]);
		struct transcript t;

		assert_non_null(bytes);
		memcpy(bytes, begins[i], len);
		memset(bytes + len, '-', 90000);
		t = transcript_bytes(span_of(bytes, len + 90000), 0, 80);
		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "stream [] complete"));
		assert_true(t.budget_peak < 256u << 10);
		transcript_free(&t);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_page),
	        cmocka_unit_test(test_declared),
	        cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
