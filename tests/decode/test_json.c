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

#define PORT 9999

#define MEDICARE "http://ns.electronichealth.net.au/id/medicare-number"
#define IHI      "http://ns.electronichealth.net.au/id/hi/ihi/1.0"

#define PATIENT                                                                                    \
	"{\"resourceType\": \"Patient\", \"identifier\": [{\"system\": \"" MEDICARE                \
	"\", \"value\": \"29518731251\"}, {\"value\": \"8003608833357361\", \"system\": \"" IHI    \
	"\"}], \"name\": [{\"family\": \"CITIZEN\", \"given\": [\"Jane\", \"\\u00e9\"]}], "        \
	"\"telecom\": [{\"system\": \"phone\", \"value\": \"0491 570 156\"}]}"
#define LATE                                                                                       \
	"{\"identifier\": [{\"value\": \"29518731251\", \"system\": \"" MEDICARE                   \
	"\"}], \"name\": [{\"family\": \"CITIZEN\"}], \"resourceType\": \"Patient\"}"

static struct span span_text(const char *text)
{
	return span_of(text, strlen(text));
}

static void has_all(const char *json, const char *const *lines, size_t count)
{
	struct transcript t = transcript_bytes(span_text(json), 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	transcript_free(&t);
	assert_true(transcript_stable(span_text(json), PORT));
}

static void a_number_stands_under_its_system(void **state)
{
	static const char *const lines[] = {
	        "0.0 begin fhir Patient [resource 1]\n",
	        "field content fhir-system=" MEDICARE " [resource 1] 29518731251\n",
	        "field content fhir-system=" IHI " [resource 1] 8003608833357361\n",
	        "field content fhir-path=Patient.name.family [resource 1] CITIZEN\n",
	        "field content fhir-path=Patient.name.given [resource 1] Jane\n",
	        "field content fhir-path=Patient.name.given [resource 1] \\xc3\\xa9\n",
	        "field content fhir-path=Patient.telecom.value [resource 1] 0491 570 156\n",
	        "0.0 end fhir\n",
	};

	(void)state;
	has_all(PATIENT, lines, ARRAY_LEN(lines));
}

static void the_order_of_keys_does_not_matter(void **state)
{
	static const char *const lines[] = {
	        "0.0 begin fhir Patient [resource 1]\n",
	        "fhir-system=" MEDICARE " [resource 1] 29518731251\n",
	        "fhir-path=Patient.name.family [resource 1] CITIZEN\n",
	};

	(void)state;
	has_all(LATE, lines, ARRAY_LEN(lines));
}

static void every_resource_is_a_message(void **state)
{
	static const char *const bundle[] = {
	        "begin fhir Patient [resource 1]\n",
	        "begin fhir Organization [resource 2]\n",
	        "fhir-path=Organization.name [resource 2] Hill\n",
	        "begin fhir Observation [resource 3]\n",
	        "fhir-system=http://loinc.org [resource 3] 718-7\n",
	        "fhir-path=Observation.valueQuantity.value [resource 3] 140.5\n",
	        "begin fhir Bundle [resource 4]\n",
	        "fhir-path=Bundle.entry.fullUrl [resource 4] urn:1\n",
	};
	static const char *const lines[] = {
	        "begin fhir Patient [resource 1]\n",
	        "begin fhir Patient [resource 2]\n",
	        "fhir-system=" MEDICARE " [resource 2] 29518731251\n",
	};

	(void)state;
	has_all("{\"entry\": [{\"fullUrl\": \"urn:1\", \"resource\": " LATE "}, {\"resource\": "
	        "{\"contained\": [{\"name\": \"Hill\", \"resourceType\": \"Organization\"}], "
	        "\"code\": {\"coding\": [{\"code\": \"718-7\", \"system\": "
	        "\"http://loinc.org\"}]}, "
	        "\"valueQuantity\": {\"value\": 140.5}, \"resourceType\": \"Observation\"}}], "
	        "\"resourceType\": \"Bundle\"}",
	        bundle, ARRAY_LEN(bundle));
	has_all(PATIENT "\n" LATE "\n", lines, ARRAY_LEN(lines));
}

static void other_json_has_key_paths(void **state)
{
	static const char *const lines[] = {"begin json  [record 1]\n",
	        "key=patient.medicareNumber [record 1] 2951\n", "key=patient.names [record 1] b\n",
	        "begin json  [record 2]\n", "field content [record 3] str\n"};
	static const char *const unknown[] = {
	        "begin json  []\n", "key=resourceType [] Jane Citizen\n", "key=a [] 1\n"};

	(void)state;
	has_all(" [{\"patient\": {\"medicareNumber\": \"2951\", \"names\": [\"a\", \"b\"]}}, "
	        "{\"x\": 1, "
	        "\"y\": null, \"z\": true}, \"str\"]",
	        lines, ARRAY_LEN(lines));
	has_all("{\"resourceType\": \"Jane Citizen\", \"a\": 1}", unknown, ARRAY_LEN(unknown));
}

static void base64_opens_a_stream(void **state)
{
	/* MSH|^~\&|A||||||ADT^A08|1 CR PID|1||5 CR NTE|1||xxxxx CR; the slash may be escaped */
	static const char *const lines[] = {
	        "fhir-path=Binary.contentType [resource 1] text/plain\n",
	        "0.1 begin hl7 ADT^A08 [resource 1 > base64 value > HL7 message 1]\n",
	        "hl7-field=NTE-3 [resource 1 > base64 value > HL7 message 1 > NTE-3] ?~?\n",
	        "0.1 stream [resource 1 > base64 value] complete bytes=54 unread=0\n",
	};

	(void)state;
	has_all("{\"resourceType\": \"Binary\", \"contentType\": \"text/plain\", \"data\": "
	        "\"TVNIfF5+XCZ8QXx8fHx8fEFEVF5BMDh8MQ1QSUR8MXx8NQ1OVEV8MXx8P1xSXD8NTlRFfDF8\", "
	        "\"after\": 1}",
	        lines, ARRAY_LEN(lines));
}

/* {"a": "xxx…", "b": 1}, of n letters or \u escapes. */
static struct span long_string(size_t len, const char *unit)
{
	struct buf b;

	buf_init(&b, 16u << 20, NULL);
	assert_int_equal(buf_append_text(&b, "{\"a\": \""), STATUS_OK);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(buf_append_text(&b, unit), STATUS_OK);
	assert_int_equal(buf_append_text(&b, "\", \"b\": 1}"), STATUS_OK);
	return buf_span(&b);
}

static void both_sides_of_the_value_limit(void **state)
{
	static const size_t lengths[] = {DECODE_VALUE_BYTES_MAX - 1, DECODE_VALUE_BYTES_MAX,
	        DECODE_VALUE_BYTES_MAX + 1, 2 * DECODE_VALUE_BYTES_MAX + 1, 100000};
	static const char *const units[] = {"x", "\\u00e9", "\\n", "\\ud83d\\ude00"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths) * ARRAY_LEN(units); i++) {
		size_t unit = i % ARRAY_LEN(units), len = lengths[i / ARRAY_LEN(units)];
		struct span bytes = long_string(len / strlen(units[unit]), units[unit]);
		struct transcript whole = transcript_bytes(bytes, 0, PORT);
		struct transcript cut = transcript_bytes(bytes, i % 3 ? 7 : 1, PORT);

		assert_int_equal(whole.status, STATUS_OK);
		if (len > DECODE_VALUE_BYTES_MAX + 12 || len <= DECODE_VALUE_BYTES_MAX)
			assert_true(transcript_has(&whole, len <= DECODE_VALUE_BYTES_MAX
			                                           ? "field content key=a"
			                                           : "text content key=a"));
		assert_true(transcript_count(&whole, " key=b") == 1);
		assert_int_equal(whole.summary.unread_bytes[0], 0);
		assert_true(transcript_equal(&whole, &cut));
		assert_true(whole.budget_peak < 512u << 10);
		transcript_free(&whole);
		transcript_free(&cut);
		free((void *)bytes.data);
	}
}

static void both_sides_of_the_depth_limit(void **state)
{
	char text[400];

	(void)state;
	for (size_t depth = 63; depth <= 66; depth++) {
		struct transcript t;

		memset(text, '[', depth);
		memcpy(text + depth, "\"x\"", 3);
		memset(text + depth + 3, ']', depth);
		t = transcript_bytes(span_of(text, 2 * depth + 3), 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_true(
		        transcript_has(&t, depth <= 64 ? "stream [] complete" : "stream [] limit"));
		transcript_free(&t);
		assert_true(transcript_stable(span_of(text, 2 * depth + 3), PORT));
	}
}

static void many_fields_stay_bounded(void **state)
{
	struct buf b;
	struct transcript t;

	(void)state;
	buf_init(&b, 16u << 20, NULL);
	assert_int_equal(
	        buf_append_text(&b, "{\"resourceType\": \"Patient\", \"n\": ["), STATUS_OK);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(buf_append_text(&b, "\"value\","), STATUS_OK);
	assert_int_equal(buf_append_text(&b, "1]}"), STATUS_OK);
	t = transcript_bytes(buf_span(&b), 1400, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(transcript_count(&t, "fhir-path=Patient.n ["), 5001);
	assert_true(transcript_count(&t, "begin fhir Patient") > 1);
	assert_true(t.budget_peak < 256u << 10);
	transcript_free(&t);
	buf_free(&b);
}

static void broken_and_cut_text_gives_what_was_read(void **state)
{
	static const char cut[] =
	        "{\"resourceType\": \"Patient\", \"identifier\": [{\"value\": \"5\"";
	static const char broken[] = "{\"a\": \"first\", \"b\": nonsense, \"c\": 1}";
	struct transcript t = transcript_bytes(span_text(cut), 0, PORT);

	(void)state;
	assert_true(transcript_has(&t, "fhir-path=Patient.identifier.value [resource 1] 5\n"));
	assert_true(transcript_has(&t, "stream [] truncated"));
	transcript_free(&t);
	assert_true(transcript_stable(span_text(cut), PORT));
	t = transcript_bytes(span_text(broken), 0, PORT);
	assert_true(transcript_has(&t, "key=a [] first\n"));
	assert_true(transcript_has(&t, "stream [] malformed"));
	assert_true(transcript_has(&t, "text content [text] nonsense, \"c\": 1}\n"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(span_text(broken), PORT));
}

struct broken_case {
	const char *text;
	const char *stream; /* how it ends */
	const char *lines[5];
};

static void has_lines(const struct transcript *t, const struct broken_case *c, size_t number)
{
	if (!transcript_has(t, c->stream))
		fail_msg("case %zu does not end as expected", number);
	for (size_t i = 0; i < ARRAY_LEN(c->lines) && c->lines[i]; i++)
		if (!transcript_has(t, c->lines[i]))
			fail_msg("case %zu: expected line %zu is missing", number, i);
}

static void what_follows_a_broken_place_is_read(void **state)
{
	static const struct broken_case cases[] = {
	        /* commas too many */
	        {"{\"a\": \"one\"},{\"b\": \"two\"}\n", "stream [] malformed",
	                {"key=a [] one\n", "key=b [record 2] two\n"}},
	        {"[{\"a\": \"one\",}, {\"b\": [1, 2,],\n},]", "stream [] malformed",
	                {"key=a [record 1] one\n", "key=b [record 2] 1\n", "key=b [record 2] 2\n"}},
	        {"[1,,2]{\"c\": \"3\"}", "stream [] malformed",
	                {"key=c [record 2] 3\n", "field content [] 1\n", "[text] 2]\n"}},
	        /* one record a line, and one of them broken */
	        {"{\"a\": \"one\"}\n{\"b\": oops}\n{\"c\": \"three\"}\n{\"d\": 4}",
	                "stream [] malformed",
	                {"key=a [] one\n", "begin text  [text]\n",
	                        "text content [text] oops}\\x0a\n", "key=c [record 2] three\n",
	                        "key=d [record 3] 4\n"}},
	        /* a quote that is not closed takes the next line's with it: both are read on */
	        {"{\"a\": \"one}\n{\"b\": \"two\"}", "stream [] malformed",
	                {"text content [text] \"one}\\x0a\n", "key=b [] two\n"}},
	        /* something else behind the text */
	        {"{\"a\": 1} Medicare 2951 87312 5", "stream [] malformed",
	                {"key=a [] 1\n", "text content [text] Medicare 2951 87312 5\n"}},
	        {"{\"a\": 12abc}", "stream [] malformed",
	                {"key=a [] 12\n", "text content [text] 12abc}\n"}},
	        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\n\r\n{\"a\": 1}\n"
	         "MSH|^~\\&|A||||||ADT^A08|1\rPID|1||5\r",
	                "0.1 stream [HTTP body] malformed bytes=44 unread=0",
	                {"0.2 begin hl7 ADT^A08 [HTTP body > other content > HL7 message 1]\n"}},
	        /* separators, RFC 7464 */
	        {"{\"a\": 1}\n\x1e{\"b\": 2}\n", "stream [] malformed",
	                {"key=a [] 1\n", "key=b [record 2] 2\n"}},
	        /* guards and calls are no mistakes */
	        {")]}',\n{\"a\": 1}", "stream [] complete", {"key=a [] 1\n"}},
	        {"while(1);[{\"a\": 1}]", "stream [] complete", {"key=a [record 1] 1\n"}},
	        {"app.show({\"a\": {\"b\": 1}});\n", "stream [] complete",
	                {"begin text  [text]\n", "text content [text] app.show(\n",
	                        "key=a.b [] 1\n"}},
	        {"/**/f([{\"a\": 1}]) ; more {\"b\": 2}", "stream [] complete",
	                {"key=a [record 1] 1\n", "text content [text] ) ; more \n",
	                        "key=b [record 2] 2\n"}},
	        /* the call must not be closed twice */
	        {"f({\"a\": 1}))", "stream [] complete", {"key=a [] 1\n"}},
	        {"f({\"a\": )", "stream [] malformed", {"text content [text] f(\n"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct span text = span_text(cases[i].text);
		struct transcript t = transcript_bytes(text, 0, PORT);

		if (getenv("TRANSCRIPT_SHOW"))
			fputs(t.text, stderr);
		assert_int_equal(t.status, STATUS_OK);
		assert_int_equal(t.budget_left_used, 0);
		assert_int_equal(t.summary.unread_bytes[0], 0);
		has_lines(&t, &cases[i], i);
		transcript_free(&t);
		assert_true(transcript_stable(text, PORT));
	}
}

/* What is no text either is counted, and what it is decides its own decoder. */
static void binary_behind_a_text_is_counted(void **state)
{
	static const char sent[] =
	        "{\"a\": 1}\0\1\2\3\4\5\6\7xyz\0 and more\0{\"b\" nothing \1\2\3\4\5";
	static const char padded[] = "{\"a\": 1}\0\0\0\0";
	struct transcript t = transcript_bytes(span_of(sent, sizeof(sent) - 1), 0, PORT);

	(void)state;
	assert_true(transcript_has(&t, "key=a [] 1\n"));
	assert_true(transcript_has(&t, "0.1 stream [other content] unknown bytes="));
	assert_true(transcript_has(&t, "0.0 stream [] malformed"));
	assert_true(t.summary.unread_bytes[0] > 15);
	assert_int_equal(t.summary.unread_reason, STREAM_UNKNOWN);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(sent, sizeof(sent) - 1), PORT));
	t = transcript_bytes(span_of(padded, sizeof(padded) - 1), 0, PORT);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_false(transcript_has(&t, "begin text"));
	transcript_free(&t);
	assert_true(transcript_stable(span_of(padded, sizeof(padded) - 1), PORT));
}

static void a_gap_ends_a_text_and_not_the_reading(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "{\"resourceType\": \"Patient\", \"name\": [{\"family\": \"CITIZEN\"}], "
	                   "\"x\""),
	        {.gap_bytes = 100},
	        SEGMENT(0, "tail\"}, {\"a\": \"after\"}]}"),
	};
	struct transcript t = transcript_run(segments, ARRAY_LEN(segments), 0, PORT);
	struct transcript cut = transcript_run(segments, ARRAY_LEN(segments), 1, PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "fhir-path=Patient.name.family [resource 1] CITIZEN\n"));
	assert_true(transcript_has(&t, "text content [text] tail\"}, \n"));
	assert_true(transcript_has(&t, "key=a [record 2] after\n"));
	assert_true(transcript_has(&t, "stream [] gap"));
	assert_true(transcript_equal(&t, &cut));
	transcript_free(&t);
	transcript_free(&cut);
}

/* The same broken line, over and over: neither memory nor time grow with it. */
static void many_broken_texts_stay_bounded(void **state)
{
	static const char line[] = "{\"a\": nonsense, \"b\": \"two\"}\n";
	struct transcript whole, cut;
	struct buf b;

	(void)state;
	buf_init(&b, 16u << 20, NULL);
	for (size_t i = 0; i < 2000; i++)
		assert_int_equal(buf_append_text(&b, line), STATUS_OK);
	whole = transcript_bytes(buf_span(&b), 0, PORT);
	cut = transcript_bytes(buf_span(&b), 13, PORT);
	assert_int_equal(whole.status, STATUS_OK);
	assert_int_equal(transcript_count(&whole, "[text] nonsense, \"b\": \"two\"}"), 2000);
	assert_int_equal(whole.summary.malformed, 2000);
	assert_int_equal(whole.summary.unread_bytes[0], 0);
	assert_true(transcript_equal(&whole, &cut));
	assert_true(whole.budget_peak < 256u << 10);
	transcript_free(&whole);
	transcript_free(&cut);
	buf_free(&b);
}

/* Lines of logs and turns of a conversation begin with a bracket, too. */
static void a_bracket_is_not_yet_an_array(void **state)
{
	static const char *const arrays[] = {"[0]", "[-1.5e+3, 2]", "[ true, \"b\"]", "[null,1]",
	        "[\"a\"]", "[{\"a\": 1}]", "[[1]]"};
	static const char *const texts[] = {"[00:16] GP: How are you?",
	        "[2026-03-11 10:45:00] started", "[notice] disk", "[01] one", "[1.2.3] up",
	        "[truely]", "[12", "[1234567890123456789012345678901234567890]", "[-] none"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(arrays) + ARRAY_LEN(texts); i++) {
		bool array = i < ARRAY_LEN(arrays);
		struct span text = span_text(array ? arrays[i] : texts[i - ARRAY_LEN(arrays)]);
		struct transcript t = transcript_bytes(text, 0, PORT);

		if (!transcript_has(&t, array ? "begin json" : "begin text"))
			fail_msg("%s %zu", array ? "array" : "text",
			        array ? i : i - ARRAY_LEN(arrays));
		transcript_free(&t);
		assert_true(transcript_stable(text, PORT));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_bracket_is_not_yet_an_array),
	        cmocka_unit_test(a_number_stands_under_its_system),
	        cmocka_unit_test(the_order_of_keys_does_not_matter),
	        cmocka_unit_test(every_resource_is_a_message),
	        cmocka_unit_test(other_json_has_key_paths),
	        cmocka_unit_test(base64_opens_a_stream),
	        cmocka_unit_test(both_sides_of_the_value_limit),
	        cmocka_unit_test(both_sides_of_the_depth_limit),
	        cmocka_unit_test(many_fields_stay_bounded),
	        cmocka_unit_test(broken_and_cut_text_gives_what_was_read),
	        cmocka_unit_test(what_follows_a_broken_place_is_read),
	        cmocka_unit_test(binary_behind_a_text_is_counted),
	        cmocka_unit_test(a_gap_ends_a_text_and_not_the_reading),
	        cmocka_unit_test(many_broken_texts_stay_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
