/* Documents that stand as plain text in a field of another format (lib/decode/nested.c). */
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

#define PORT     80
#define LONG_MAX (64u << 10)

/* The body of a request: an outermost stream looks for a protocol at the start of each chunk. */
static struct span body_of(const char *text)
{
	size_t size = strlen(text) + 128;
	char *body = malloc(size);

	assert_non_null(body);
	return span_of(body, (size_t)snprintf(body, size,
	                             "POST /x HTTP/1.1\r\nHost: h.example\r\n"
	                             "Content-Length: %zu\r\n\r\n%s",
	                             strlen(text), text));
}

static void expect(const char *text, const char *const *lines, size_t count, bool there)
{
	struct span body = body_of(text);
	struct transcript t = transcript_bytes(body, 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	for (size_t i = 0; i < count; i++)
		if (transcript_has(&t, lines[i]) != there)
			fail_msg("line %zu of %.32s", i, text);
	transcript_free(&t);
	if (!transcript_stable(body, PORT))
		fail_msg("cut: %.32s", text);
	free((void *)(uintptr_t)body.data);
}

#define HAS(text, ...)                                                                             \
	do {                                                                                       \
		static const char *const lines[] = {__VA_ARGS__};                                  \
		expect(text, lines, ARRAY_LEN(lines), true);                                       \
	} while (0)

#define HL7                                                                                        \
	"MSH|^~\\\\&|LAB|SITE|GP|SITE|20261001||ORU^R01|1|P|2.4\\rPID|1||99^^^^MR||INVENTED^JO\\r"

static void a_string_of_json(void **state)
{
	(void)state;
	HAS("{\"payload\": \"" HL7 "\", \"v\": 2}",
	        "0.2 begin hl7 ORU^R01 [HTTP body > text value > HL7 message 1]\n",
	        "hl7-field=PID-5", "key=v");
	HAS("{\"payload\": \"\\r\\n" HL7 "\"}", "0.2 begin hl7 ORU^R01");
	HAS("{\"m\": \"{\\\"resourceType\\\": \\\"Patient\\\", \\\"name\\\": [{\\\"family\\\": "
	    "\\\"INVENTED\\\"}]}\"}",
	        "0.2 begin fhir Patient", "fhir-path=Patient.name.family");
	HAS("{\"m\": \"<?xml version=\\\"1.0\\\"?>\\n<ClinicalDocument "
	    "xmlns=\\\"urn:hl7-org:v3\\\">"
	    "<title>A</title></ClinicalDocument>\"}",
	        "0.2 begin cda");
	HAS("{\"m\": \"<Patient xmlns=\\\"http://hl7.org/fhir\\\"><name><family value="
	    "\\\"INVENTED\\\"/></name></Patient>\"}",
	        "0.2 begin fhir Patient");
	HAS("{\"m\": \"{\\\\rtf1\\\\ansi Dear Dr Invented\\\\par}\"}", "Dear Dr Invented",
	        "0.2 begin document rtf");
	HAS("{\"m\": \"001 ABC PATHOLOGY REPORTS\\r\\n100 Start Patient: 1\\r\\n101 INVENTED "
	    "JO\\r\\n"
	    "999 END\\r\\n\"}",
	        "0.2 begin pit");
	HAS("[{\"m\": \"" HL7 "\"}, {\"m\": \"" HL7 "\"}]",
	        "0.2 begin hl7 ORU^R01 [HTTP body > record 1 > ",
	        "0.2 begin hl7 ORU^R01 [HTTP body > record 2 > ");
}

/* JSON in a string of JSON in a string of JSON. */
static void twice(void **state)
{
	(void)state;
	HAS("{\"m\": \"{\\\"m\\\": \\\"{\\\\\\\"resourceType\\\\\\\": \\\\\\\"Patient\\\\\\\", "
	    "\\\\\\\"id\\\\\\\": \\\\\\\"INVENTED\\\\\\\"}\\\"}\"}",
	        "0.3 begin fhir Patient [HTTP body > text value > text value > resource 1]\n");
}

static void other_carriers(void **state)
{
	(void)state;
	HAS("<Upload><Body>{&quot;resourceType&quot;: &quot;Patient&quot;, &quot;id&quot;: "
	    "&quot;INVENTED&quot;}</Body></Upload>",
	        "0.2 begin fhir Patient");
	HAS("<Upload><Body><![CDATA[MSH|^~\\&|LAB|S|G|S|20261001||ADT^A08|1|P|2.4\n"
	    "PID|1||9\n]]></Body></Upload>",
	        "0.2 begin hl7 ADT^A08");
	HAS("id;kind;body\n1;a;\"{\"\"resourceType\"\": \"\"Patient\"\", \"\"id\"\": "
	    "\"\"INVENTED\"\"}\"\n2;b;x\n",
	        "0.2 begin fhir Patient");
	HAS("INSERT INTO queue (id, body) VALUES (1, '{\"resourceType\": \"Patient\", \"id\": "
	    "\"INVENTED\"}');\n",
	        "0.2 begin fhir Patient");
}

static void a_long_string(void **state)
{
	char *text = calloc(1, LONG_MAX);
	struct span body;
	size_t len;

	(void)state;
	assert_non_null(text);
	len = (size_t)snprintf(text, LONG_MAX, "{\"a\": 1, \"m\": \"" HL7);
	while (len < LONG_MAX / 2)
		len += (size_t)snprintf(text + len, LONG_MAX - len, "OBX|1|ST|GLU||5.4\\r");
	snprintf(text + len, LONG_MAX - len, "OBX|2|ST|LAST||5.4\\r\", \"b\": 2}");
	body = body_of(text);
	for (size_t step = 0; step < 4096; step = step * 5 + 1) {
		struct transcript t = transcript_bytes(body, step, PORT);

		assert_int_equal(t.status, STATUS_OK);
		assert_int_equal(t.budget_left_used, 0);
		assert_int_equal(transcript_count(&t, "begin hl7 ORU^R01"), 1);
		assert_int_equal(transcript_count(&t, "LAST"), 2); /* and the text beside it */
		assert_int_equal(transcript_count(&t, "key=b"), 1);
		transcript_free(&t);
	}
	free((void *)(uintptr_t)body.data);
	free(text);
}

static void what_is_none(void **state)
{
	static const char *const texts[] = {
	        "{\"m\": \"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\"}",
	        "{\"m\": \"{patient} was seen in the rooms today\"}",
	        "{\"m\": \"{\\\"a quotation\\\" of somebody else, in braces}\"}",
	        "{\"m\": \"<b>bold words in a comment of the page</b>\"}",
	        "{\"m\": \"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">narrative</div>\"}",
	        "{\"m\": \"<someone@host.example> wrote to us this morning\"}",
	        "{\"m\": \"MSH is a hormone, and it was not measured\"}",
	        "{\"m\": \"001 Invented Street, Sometown, where nobody lives\"}",
	        "{\"m\": \"{\\\\rt and no further, in a long enough string\"}",
	        "{\"m\": \"{\\\"a\\\":1}\"}", /* shorter than any document */
	        "{\"m\": \"{\\\"the string ends in the middle of a k\"}",
	};
	static const char *const child[] = {"text value"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		expect(texts[i], child, ARRAY_LEN(child), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_string_of_json),
	        cmocka_unit_test(twice),
	        cmocka_unit_test(other_carriers),
	        cmocka_unit_test(a_long_string),
	        cmocka_unit_test(what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
