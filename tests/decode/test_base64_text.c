/* Base64 in the text of fields, and the character sets of text: what every decoder's fields go
 * through on their way out (lib/decode/field.c). */
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

#define TEXT_MAX (256u << 10)

static const char message[] = "MSH|^~\\&|LAB|SITE|GP|SITE|20261001||ORU^R01|1|P|2.4\r"
                              "PID|1||99^^^^MR||INVENTED^JO\rOBX|1|ST|GLU||5.4\r"
                              "OBX|2|ST|UREA||5.1\r";

struct draft {
	char *text;
	size_t len;
};

static void add(struct draft *d, const char *text)
{
	size_t len = strlen(text);

	assert_true(d->len + len < TEXT_MAX);
	memcpy(d->text + d->len, text, len + 1);
	d->len += len;
}

static struct draft draft_new(void)
{
	struct draft d = {.text = calloc(1, TEXT_MAX)};

	assert_non_null(d.text);
	return d;
}

/* How a writer spells what it puts into the base64. */
struct spelling {
	unsigned columns; /* 0: one line */
	const char *line_end;
	const char *slash, *plus, *pad;
};

static const struct spelling plain = {0, "\n", "/", "+", "="};

static void add_base64(
        struct draft *d, const void *bytes, size_t len, const struct spelling *spelling)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	const uint8_t *from = bytes;
	unsigned column = 0;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = (uint32_t)from[i] << 16;

		group |= i + 1 < len ? (uint32_t)from[i + 1] << 8 : 0;
		group |= i + 2 < len ? from[i + 2] : 0;
		for (unsigned k = 0; k < 4; k++) {
			unsigned digit = group >> (18 - 6 * k) & 63;
			char one[2] = {digit < 62 ? digits[digit] : '\0', '\0'};

			if (spelling->columns > 0 && column == spelling->columns) {
				add(d, spelling->line_end);
				column = 0;
			}
			column++;
			if (i + k > len)
				add(d, spelling->pad);
			else
				add(d, digit == 62    ? spelling->plus
				        : digit == 63 ? spelling->slash
				                      : one);
		}
	}
}

static void add_message(struct draft *d, const struct spelling *spelling)
{
	add_base64(d, message, sizeof(message) - 1, spelling);
}

/* The text as the body of a request, so that all of it is running text. */
static struct draft body_of(const struct draft *text)
{
	struct draft d = draft_new();
	char head[160];

	snprintf(head, sizeof(head),
	        "POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Type: text/plain\r\n"
	        "Content-Length: %zu\r\n\r\n",
	        text->len);
	add(&d, head);
	memcpy(d.text + d.len, text->text, text->len);
	d.len += text->len;
	return d;
}

static struct transcript run(const struct draft *text, size_t step)
{
	struct draft body = body_of(text);
	struct transcript t = transcript_bytes(span_of(body.text, body.len), step, 80);

	free(body.text);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	return t;
}

/* The pieces of a text end where the input was cut: only what was found is compared. */
static void assert_found(const struct draft *text, const char *line, size_t times)
{
	for (size_t step = 0; step <= 97; step = step == 0 ? 1 : step * 3 + 1) {
		struct transcript t = run(text, step);

		if (transcript_count(&t, line) != times)
			fail_msg("step %zu, %.24s", step, text->text);
		transcript_free(&t);
	}
}

static void assert_cut_anywhere(const struct draft *text, size_t times)
{
	struct draft body = body_of(text);

	for (size_t at = 1; at < body.len; at++) {
		struct transcript t = transcript_split(span_of(body.text, body.len), at, 80);

		if (transcript_count(&t, "begin hl7 ORU^R01") != times)
			fail_msg("cut at %zu", at);
		assert_int_equal(t.budget_left_used, 0);
		transcript_free(&t);
	}
	free(body.text);
}

static void test_places_in_text(void **state)
{
	static const struct {
		const char *before, *behind;
	} places[] = {
	        {"2026-10-01 10:02:11 INFO sent body=", " in 20 ms\n"},
	        {"INSERT INTO letters VALUES (1,'", "','x');\n"},
	        {"const char *s = \"", "\";\n"},
	        {"<a href=\"data:application/hl7-v2;base64,", "\">x</a>"},
	        {"see https://h.example/documents/", "?x=1 for it"},
	        {"{\\\"data\\\":\\\"", "\\\"}"},
	        {"doc=%22", "%22"},
	        {"<v>\n  ", "\n</v>"},
	        {"Message:\\n", "\\nEnd"},
	        {"_", "_"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct draft d = draft_new();

		add(&d, "some words come first, as they do ");
		add(&d, places[i].before);
		add_message(&d, &plain);
		add(&d, places[i].behind);
		add(&d, " and words follow, as they do\n");
		assert_found(&d, "begin hl7 ORU^R01 [HTTP body > base64 text", 1);
		free(d.text);
	}
}

static void test_spellings(void **state)
{
	static const struct spelling spellings[] = {
	        {64, "\n", "/", "+", "="},
	        {76, "\r\n", "/", "+", "="},
	        {76, "\n\t\t", "/", "+", "="},
	        {64, "\\n", "\\/", "+", "="},
	        {76, "\\r\\n", "/", "\\u002B", "\\u003d"},
	        {76, "\\\\n", "\\\\/", "+", "="},
	        {76, "&#xD;\n", "/", "+", "="},
	        {76, "&#13;&#10;", "/", "+", "="},
	        {0, "", "_", "-", ""},
	        {0, "", "%2F", "%2B", "%3D"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		struct draft d = draft_new();

		add(&d, "Letter: ");
		add_message(&d, &spellings[i]);
		add(&d, "\n-----END-----\nRegards, somebody");
		assert_found(&d, "begin hl7 ORU^R01", 1);
		assert_cut_anywhere(&d, 1);
		free(d.text);
	}
}

static void test_text_around_is_one_text(void **state)
{
	struct draft d = draft_new();
	struct transcript t;

	(void)state;
	add(&d, "before the document ");
	add_message(&d, &plain);
	add(&d, " behind the document\n");
	t = run(&d, 0);
	assert_int_equal(transcript_count(&t, "text content [HTTP body] before the document"), 1);
	assert_true(transcript_has(&t, "behind the document"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	add_message(&d, &plain);
	add(&d, "\nand a third time ");
	add_message(&d, &plain);
	assert_found(&d, "begin hl7 ORU^R01", 3);
	free(d.text);
}

static void test_openers(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *begins;
	} openers[] = {
#define OPENER(b, begins) {b, sizeof(b) - 1, begins}
	        OPENER("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj 2 0 obj",
	                " pdf"),
	        OPENER("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0 invented invented invented",
	                "binary jpeg"),
	        OPENER("\x89PNG\r\n\x1a\n\0\0\0\rIHDR invented invented invented invented",
	                "binary png"),
	        OPENER("II*\0\x08\0\0\0\x0f\0 invented invented invented invented invented",
	                "image tiff"),
	        OPENER("OggS\0\2\0\0\0\0\0\0\0\0 invented invented invented invented inven",
	                "audio ogg"),
	        OPENER("RIFF\x24\x08\0\0WAVEfmt \x10\0\0\0 invented invented invented invent",
	                "audio wav"),
	        OPENER("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1 invented invented invented invent",
	                "audio webm"),
	        OPENER("\x30\x82\x05\x01\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0 invented "
	               "invented invented inv",
	                "sealed cms"),
	        OPENER("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0 invented invented invented i",
	                "begin "),
	        OPENER("{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Invented\"}]}",
	                "fhir Patient"),
	        OPENER("Dear doctor, thank you for seeing this invented person.\r\n", "text"),
	        OPENER("M\0S\0H\0|\0^\0~\0\\\0&\0|\0A\0|\0B\0|\0C\0|\0D\0|\0E\0|\0F\0|\0G\0|\0H\0",
	                "hl7"),
	};
#undef OPENER
	char bytes[96];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(openers); i++) {
		struct draft d = draft_new();
		struct transcript t;

		add(&d, "It is: ");
		memset(bytes, ' ', sizeof(bytes));
		memcpy(bytes, openers[i].bytes, openers[i].len);
		add_base64(&d, bytes, sizeof(bytes), &plain);
		add(&d, " and that is all");
		t = run(&d, 0);
		if (!transcript_has(&t, openers[i].begins))
			fail_msg("opener %zu", i);
		assert_true(transcript_has(&t, "base64 text"));
		transcript_free(&t);
		free(d.text);
	}
}

/* What only looks like a beginning stays text. */
static void test_false_alarms(void **state)
{
	static const char *const texts[] = {
	        "SUkqThisIsAnIdentifierThatSomebodyMadeVeryLongForNoReasonAtAllOrNearlySo",
	        "/9j/usr/share/doc/something/very/long/that/goes/on/and/on/and/on/for/ever/and",
	        "GkXfABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRST",
	        "UklGRABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRS",
	        "H4sIABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL", /* too short */
	        "MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJRTESMBAGA1UE",
	        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3",
	        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567",
	        "xTVNIfF5rXCZ8TEFCfFNJVEV8R1B8U0lURXwyMDI2MTAwMXx8T1JVXlIwMXwxfFB8Mi40DVBJRHwx",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct draft d = draft_new();

		add(&d, "It is ");
		add(&d, texts[i]);
		add(&d, " and no more\n");
		assert_found(&d, "base64 text", 0);
		free(d.text);
	}
}

/* A line that is no base64 ends it; what follows is not taken for its end. */
static void test_where_it_ends(void **state)
{
	struct spelling wrapped = {76, "\n", "/", "+", ""};
	struct draft d = draft_new();
	struct transcript t;

	(void)state;
	add(&d, "x\n");
	add_base64(&d, message, 114, &wrapped); /* two full lines, no padding */
	add(&d, "\nRegards,\nSomebody\n");
	t = run(&d, 0);
	assert_true(transcript_has(&t, "[HTTP body > base64 text] complete bytes=114 unread=0"));
	transcript_free(&t);
	free(d.text);
}

/* base64 of base64 of …: down to the greatest depth, and named there. */
static void test_base64_in_base64(void **state)
{
	struct draft inner = draft_new();
	struct transcript t;

	(void)state;
	add_message(&inner, &plain);
	for (unsigned i = 0; i < DECODE_DEPTH_MAX + 2; i++) {
		struct draft outer = draft_new();

		add(&outer, "and inside: ");
		add_base64(&outer, inner.text, inner.len, &plain);
		free(inner.text);
		inner = outer;
	}
	t = run(&inner, 0);
	assert_true(transcript_has(&t, " limit bytes="));
	assert_true(t.summary.limits_hit > 0);
	transcript_free(&t);
	free(inner.text);
}

static void test_in_other_formats(void **state)
{
	struct draft d = draft_new();
	struct transcript t;

	(void)state;
	add(&d, "Id,Note,Document\n1,first,\"see ");
	add_message(&d, &plain);
	add(&d, "\"\n2,second,none\n");
	t = transcript_bytes(span_of(d.text, d.len), 0, 80);
	assert_true(transcript_has(&t, "begin table"));
	assert_int_equal(transcript_count(&t, "begin hl7 ORU^R01"), 1);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(d.text, d.len), 80));
	d.len = 0;
	add(&d, "{\"note\":\"the document: ");
	add_message(&d, &plain);
	add(&d, "\",\"more\":1}");
	t = transcript_bytes(span_of(d.text, d.len), 0, 80);
	assert_true(transcript_has(&t, "begin json"));
	assert_int_equal(transcript_count(&t, "begin hl7 ORU^R01"), 1);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(d.text, d.len), 80));
	d.len = 0;
	add(&d, "MSH|^~\\&|A|B|C|D|20261001||MDM^T02|7|P|2.4\rOBX|1|TX|1^note||It is ");
	add_message(&d, &plain);
	add(&d, " here\r");
	t = transcript_bytes(span_of(d.text, d.len), 0, 80);
	assert_int_equal(transcript_count(&t, "begin hl7 ORU^R01"), 1);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(d.text, d.len), 80));
	free(d.text);
}

/* ---- character sets ---- */

static void test_single_byte_text(void **state)
{
	static const char text[] = "name,note,number\nRen\xe9"
	                           "e,\x93well\x94,2123\xa0"
	                           "45670\xa0"
	                           "1\n"
	                           "Jos\xc3\xa9,na\xefve,3278 85119\n";
	struct transcript t = transcript_bytes(span_of(text, sizeof(text) - 1), 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "Ren\\xc3\\xa9e"));
	assert_true(transcript_has(&t, "\\xe2\\x80\\x9cwell\\xe2\\x80\\x9d"));
	assert_true(transcript_has(&t, "2123 45670 1"));
	assert_true(transcript_has(&t, "Jos\\xc3\\xa9"));
	assert_true(transcript_has(&t, "na\\xc3\\xafve"));
	transcript_free(&t);
	assert_true(transcript_stable(span_of(text, sizeof(text) - 1), 80));
}

static void test_typographic_numbers(void **state)
{
	static const char text[] = "Medicare 2123\xc2\xa0"
	                           "45670\xe2\x80\xaf"
	                           "1, 2123\xe2\x80\x87"
	                           "45670"
	                           "\xe2\x80\x89"
	                           "1, 2123\xe2\x80\x91"
	                           "45670\xe2\x80\x90"
	                           "1, "
	                           "21\xe2\x80\x8b"
	                           "23 45670 1, \xef\xbc\x92\xef\xbc\x91 end\n";
	struct draft d = {.text = (char *)(uintptr_t)text, .len = sizeof(text) - 1};

	(void)state;
	for (size_t step = 0; step < 4; step++) {
		struct transcript t = run(&d, step);

		assert_true(transcript_has(&t, "Medicare 2123 45670 1, 2123 45670 1, "
		                               "2123-45670-1, 2123 45670 1, 21 end"));
		transcript_free(&t);
	}
}

static void test_declared_single_byte(void **state)
{
	static const char text[] =
	        "POST /x HTTP/1.1\r\nHost: h.example\r\nContent-Type: text/plain; "
	        "charset=ISO-8859-1\r\nContent-Length: 10\r\n\r\nRen\xc3\xa9 x y\n";
	struct transcript t = transcript_bytes(span_of(text, sizeof(text) - 1), 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "Ren\\xc3\\x83\\xc2\\xa9 x y"));
	transcript_free(&t);
}

/* Half a character at the end of a text, and characters that UTF-8 forbids. */
static void test_broken_utf8(void **state)
{
	static const char text[] =
	        "a,b\n\xc0\xaf,\xe2\x82\n\xed\xa0\x80,\xf0\x9f\x98\x80\nlast,\xe2";
	struct transcript t = transcript_bytes(span_of(text, sizeof(text) - 1), 0, 80);

	(void)state;
	assert_true(transcript_has(&t, "\\xf0\\x9f\\x98\\x80"));
	assert_true(transcript_has(&t, "\\xc3\\x80\\xc2\\xaf"));
	assert_true(transcript_has(&t, "\\xc3\\xa2\\xe2\\x80\\x9a"));
	transcript_free(&t);
	assert_true(transcript_stable(span_of(text, sizeof(text) - 1), 80));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_places_in_text),
	        cmocka_unit_test(test_spellings),
	        cmocka_unit_test(test_text_around_is_one_text),
	        cmocka_unit_test(test_openers),
	        cmocka_unit_test(test_false_alarms),
	        cmocka_unit_test(test_where_it_ends),
	        cmocka_unit_test(test_base64_in_base64),
	        cmocka_unit_test(test_in_other_formats),
	        cmocka_unit_test(test_single_byte_text),
	        cmocka_unit_test(test_typographic_numbers),
	        cmocka_unit_test(test_declared_single_byte),
	        cmocka_unit_test(test_broken_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
