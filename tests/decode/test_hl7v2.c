#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

#define MLLP_PORT 2575

/* An invented patient; the numbers are the test vectors of the validators. */
static const char result[] =
        "MSH|^~\\&|PRACTICE^1|Hill "
        "Clinic|LAB|LAB|20261005||ORU^R01^ORU_R01|7|P|2.4|||||AUS|8859/1\r"
        "PID|1||29518731251^^^AUSHIC^MC~8003608833357361^^^AUSHIC^NI~WA123456B^^^AUSDVA^DVG"
        "~307111942H^^^AUSLINK^AN~77^^^FAC&1.2.36.1.2001.1005&ISO^MR~88||CITIZEN^Jane\\T\\A^Mar\xed"
        "a||19800229\r"
        "PV1|1|O|||||2426621B^Welby^Marcus^^^Dr^^^AUSHICPR^^^^UPIN|4024742F^Kildare^James^^^Dr^^"
        "^AUSHICPR^^^^UPIN\r"
        "OBX|1|NM|718-7^Haemoglobin^LN||140|g/L\r"
        "OBX|2|FT|||one\\.br\\two \\X4142\\\r"
        "OBX|3|CX|||2123456701^^^AUSHIC^MC\r"
        "PRD|RP||||||2448261H^AUSHICPR\r";

static const char ack[] = "MSH|^~\\&|LAB|LAB|||20261005||ACK^R01|8|P|2.4\rMSA|AA|7\r";

static struct span span_text(const char *text)
{
	return span_of(text, strlen(text));
}

static void has_all(const struct transcript *t, const char *const *lines, size_t count)
{
	assert_int_equal(t->status, STATUS_OK);
	assert_int_equal(t->budget_left_used, 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(t, lines[i]))
			fail_msg("expected line %zu is missing", i);
}

static void names_who_gave_a_number(void **state)
{
	static const char *const lines[] = {
	        "0.0 begin hl7 ORU^R01 [HL7 message 1]",
	        "field software hl7-field=MSH-3 [HL7 message 1 > MSH-3] PRACTICE^1\n",
	        "field content hl7-authority=AUSHIC^MC [HL7 message 1 > PID-3] 29518731251\n",
	        "hl7-authority=AUSHIC^NI [HL7 message 1 > PID-3] 8003608833357361\n",
	        "hl7-authority=AUSDVA^DVG [HL7 message 1 > PID-3] WA123456B\n",
	        "hl7-authority=AUSLINK^AN [HL7 message 1 > PID-3] 307111942H\n",
	        "hl7-authority=FAC^MR [HL7 message 1 > PID-3] 77\n",
	        "oid=1.2.36.1.2001.1005 [HL7 message 1 > PID-3] 77\n",
	        "hl7-field=PID-3 [HL7 message 1 > PID-3] 88\n",
	        "hl7-field=PID-5 [HL7 message 1 > PID-5] CITIZEN^Jane&A^Mar\\xc3\\xada\n",
	        "hl7-field=PID-7 [HL7 message 1 > PID-7] 19800229\n",
	        "hl7-authority=AUSHICPR^UPIN [HL7 message 1 > PV1-7] 2426621B\n",
	        "hl7-field=PV1-7 [HL7 message 1 > PV1-7] Welby^Marcus",
	        "hl7-authority=AUSHICPR^UPIN [HL7 message 1 > PV1-8] 4024742F\n",
	        "hl7-field=OBX-3 [HL7 message 1 > OBX-3] 718-7^Haemoglobin^LN\n",
	        "hl7-field=OBX-5 [HL7 message 1 > OBX-5] one\\x0atwo AB\n",
	        "hl7-authority=AUSHIC^MC [HL7 message 1 > OBX-5] 2123456701\n",
	        "hl7-authority=AUSHICPR [HL7 message 1 > PRD-7] 2448261H\n",
	        "0.0 end hl7\n",
	};
	struct transcript t = transcript_bytes(span_text(result), 0, 9999);

	(void)state;
	has_all(&t, lines, ARRAY_LEN(lines) - 2);
	assert_true(transcript_has(&t, lines[ARRAY_LEN(lines) - 1]));
	assert_string_equal(t.summary.protocol, "hl7");
	transcript_free(&t);
	assert_true(transcript_stable(span_text(result), 9999));
}

static void any_delimiters_and_line_ends(void **state)
{
	static const char *const bodies[] = {
	        "MSH#*!?%#A######ADT*A08#\rPID#1##295*a*b*AUSHIC*MC!7##CITIZEN*Jane\r",
	        "MSH#*!?%#A######ADT*A08#\nPID#1##295*a*b*AUSHIC*MC!7##CITIZEN*Jane\n",
	        "\r\nMSH#*!?%#A######ADT*A08#\r\nPID#1##295*a*b*AUSHIC*MC!7##CITIZEN*Jane",
	};
	static const char *const lines[] = {
	        "begin hl7 ADT^A08 [",
	        "hl7-authority=AUSHIC^MC [HL7 message 1 > PID-3] 295\n",
	        "hl7-field=PID-3 [HL7 message 1 > PID-3] 7\n",
	        "hl7-field=PID-5 [HL7 message 1 > PID-5] CITIZEN^Jane\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct transcript t = transcript_bytes(span_text(bodies[i]), 0, 9999);

		has_all(&t, lines, ARRAY_LEN(lines));
		transcript_free(&t);
		assert_true(transcript_stable(span_text(bodies[i]), 9999));
	}
}

static void a_batch_and_several_messages(void **state)
{
	static const char batch[] =
	        "FHS|^~\\&|F|Hill\rBHS|^~\\&|B\r"
	        "MSH|^~\\&|A||||||ADT^A08|1\rPID|1||5\rMSH|^~\\&|A||||||not a name|2\rPID|1||6\r"
	        "BTS|2\rFTS|1\r";
	static const char *const lines[] = {
	        "begin hl7 FHS [HL7 message 1]",
	        "begin hl7 BHS [HL7 message 2]",
	        "begin hl7 ADT^A08 [HL7 message 3]",
	        "begin hl7  [HL7 message 4]",
	        "[HL7 message 4 > PID-3] 6",
	        "begin hl7 BTS [HL7 message 5]",
	        "begin hl7 FTS [HL7 message 6]",
	};
	struct transcript t = transcript_bytes(span_text(batch), 0, 9999);

	(void)state;
	has_all(&t, lines, ARRAY_LEN(lines));
	assert_int_equal(transcript_count(&t, "0.0 begin hl7"), 6);
	assert_int_equal(transcript_count(&t, "0.0 end hl7"), 6);
	transcript_free(&t);
	assert_true(transcript_stable(span_text(batch), 9999));
}

static void base64_opens_a_stream(void **state)
{
	static const char message[] =
	        "MSH|^~\\&|A||||||MDM^T02|1\r"
	        "OBX|1|ED|PDF||^application^pdf^Base64^SmFuZSBDaXRpemVuIGhhcyBhIGNvbGQ=||F\r"
	        /* MSH|^~\&|IN||||||ADT^A08|1 CR PID|1||55 CR in a field of any type, wrapped */
	        "ZZZ|a^TVNIfF5+"
	        "XCZ8SU58fHx8fHxBRFReQTA4fDENUElEfDF8fDU1DXxaWlp8MXxaWlp8MXxa\r\nWlp8MQ=="
	        "^b|c\r"
	        "ZZZ|TVNIfF5+XCZ8short\r";
	static const char *const lines[] = {
	        "0.1 text content [HL7 message 1 > OBX-5] Jane Citizen has a cold\n",
	        "0.1 stream [HL7 message 1 > OBX-5] complete bytes=23 unread=0\n",
	        "hl7-field=OBX-7 [HL7 message 1 > OBX-7] F\n",
	        "hl7-field=ZZZ-1 [HL7 message 1 > ZZZ-1] a\n",
	        "0.1 begin hl7 ADT^A08 [HL7 message 1 > ZZZ-1 > HL7 message 1]\n",
	        "hl7-field=ZZZ-1 [HL7 message 1 > ZZZ-1] b\n",
	        "hl7-field=ZZZ-2 [HL7 message 1 > ZZZ-2] c\n",
	        "hl7-field=ZZZ-1 [HL7 message 1 > ZZZ-1] TVNIfF5+XCZ8short\n",
	};
	struct transcript t = transcript_bytes(span_text(message), 0, 9999);

	(void)state;
	has_all(&t, lines, ARRAY_LEN(lines));
	transcript_free(&t);
	assert_true(transcript_stable(span_text(message), 9999));
}

/* A message with one OBX-5 of the given length. */
static struct span long_value(size_t len)
{
	static const char head[] = "MSH|^~\\&|A||||||ORU^R01|1\rOBX|1|TX|||";
	size_t head_len = sizeof(head) - 1;
	uint8_t *bytes = malloc(head_len + len + 4);

	assert_non_null(bytes);
	memcpy(bytes, head, head_len);
	memset(bytes + head_len, 'x', len);
	memcpy(bytes + head_len + len, "|F|\r", 4);
	return span_of(bytes, head_len + len + 4);
}

static void both_sides_of_the_value_limit(void **state)
{
	static const size_t lengths[] = {DECODE_VALUE_BYTES_MAX - 1, DECODE_VALUE_BYTES_MAX,
	        DECODE_VALUE_BYTES_MAX + 1, 2 * DECODE_VALUE_BYTES_MAX + 1, 100000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct span bytes = long_value(lengths[i]);
		struct transcript whole = transcript_bytes(bytes, 0, 9999);
		struct transcript cut = transcript_bytes(bytes, 1, 9999);
		bool value = lengths[i] <= DECODE_VALUE_BYTES_MAX;

		assert_int_equal(whole.status, STATUS_OK);
		assert_true(transcript_has(&whole, value ? "0.0 field content hl7-field=OBX-5"
		                                         : "0.0 text content hl7-field=OBX-5"));
		assert_true(transcript_has(&whole, "hl7-field=OBX-6 [HL7 message 1 > OBX-6] F\n"));
		assert_true(transcript_equal(&whole, &cut));
		assert_true(whole.budget_peak < DECODE_MESSAGE_BYTES_MAX);
		transcript_free(&whole);
		transcript_free(&cut);
		free((void *)bytes.data);
	}
}

static void a_header_without_end_stays_bounded(void **state)
{
	static const char head[] = "MSH|^~\\&|A~B~C~D~E~F~G~H|";
	uint8_t *bytes = malloc(64u << 10);
	struct transcript t;

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'y', 64u << 10);
	memcpy(bytes, head, sizeof(head) - 1);
	t = transcript_bytes(span_of(bytes, 64u << 10), 1000, 9999);
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "begin hl7  [HL7 message 1]"));
	assert_int_equal(transcript_count(&t, "hl7-field=MSH-3"), 8);
	assert_int_equal(transcript_count(&t, "text content hl7-field=MSH-4"), 1);
	transcript_free(&t);
	free(bytes);
}

/* VT message FS CR, for each part. */
static size_t frames(char *to, const char *const *messages, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		to[len++] = 0x0b;
		memcpy(to + len, messages[i], strlen(messages[i]));
		len += strlen(messages[i]);
		to[len++] = 0x1c;
		to[len++] = '\r';
	}
	return len;
}

static void mllp_frames_in_both_directions(void **state)
{
	static const char *const sent[] = {result, ack, result};
	static const char *const answered[] = {ack};
	char bytes[4096], answer[1024];
	size_t len = frames(bytes, sent, 3);
	struct segment segments[2] = {
	        {.direction = 0, .bytes = bytes, .len = len},
	        {.direction = 1, .bytes = answer, .len = frames(answer, answered, 1)},
	};
	struct transcript t = transcript_run(segments, 2, 0, MLLP_PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_string_equal(t.summary.protocol, "mllp");
	assert_true(t.summary.clear);
	assert_int_equal(transcript_count(&t, "0.0 begin hl7 ORU^R01"), 2);
	assert_int_equal(transcript_count(&t, "0.0 begin hl7 ACK^R01 [HL7 message 2]"), 1);
	assert_int_equal(transcript_count(&t, "1.0 begin hl7 ACK^R01"), 1);
	assert_int_equal(t.summary.malformed, 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(bytes, len), MLLP_PORT));
}

static void mllp_finds_the_next_frame(void **state)
{
	static const char bytes[] =
	        "\vMSH|^~\\&|A||||||ADT^A08|1\rPID|1||5\r"              /* no end */
	        "\vMSH|^~\\&|A||||||ADT^A04|2\rPID|1||6\x1c"            /* no line end */
	        "\r\njunk\r\n\vMSH|^~\\&|A||||||ADT^A03|3\rPID|1||7\r"; /* cut */
	struct transcript t = transcript_bytes(span_of(bytes, sizeof(bytes) - 1), 0, MLLP_PORT);

	(void)state;
	assert_true(transcript_has(&t, "begin hl7 ADT^A08 ["));
	assert_true(transcript_has(&t, "begin hl7 ADT^A04 ["));
	assert_true(transcript_has(&t, "begin hl7 ADT^A03 ["));
	assert_true(transcript_has(&t, "PID-3] 6\n"));
	assert_true(transcript_has(&t, "PID-3] 7\n"));
	assert_true(transcript_has(&t, "0.0 stream [] truncated"));
	assert_int_equal(t.summary.malformed, 1);
	assert_int_equal(t.summary.unread_bytes[0], 4);
	transcript_free(&t);
	assert_true(transcript_stable(span_of(bytes, sizeof(bytes) - 1), MLLP_PORT));
}

static void mllp_goes_on_behind_a_gap(void **state)
{
	static const struct segment in_message[] = {
	        SEGMENT(0, "\vMSH|^~\\&|A||||||ADT^A08|1\rPID|1||29518"),
	        {.gap_bytes = 7},
	        SEGMENT(0, "MC||CITIZEN\rPV1|1|O\r\x1c\r\vMSH|^~\\&|A||||||ADT^A04|1\rPID|1||"
	                   "6\r\x1c\r"),
	};
	static const struct segment over_frames[] = {
	        SEGMENT(0, "\vMSH|^~\\&|A||||||ADT^A08|1\rPID|1||5\r\x1c\r"),
	        {.gap_bytes = TRANSCRIPT_GAP_UNKNOWN},
	        SEGMENT(0, "\vMSH|^~\\&|A||||||ADT^A04|1\rPID|1||6\r\x1c\r"),
	};
	struct transcript t = transcript_run(in_message, 3, 0, MLLP_PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "hl7-field=PV1-2 [HL7 message 1 > PV1-2] O\n"));
	assert_true(transcript_has(&t, "begin hl7 ADT^A04 [HL7 message 2]"));
	assert_true(transcript_has(&t, "stream [] gap"));
	assert_int_equal(t.summary.unread_bytes[0], 11);
	transcript_free(&t);
	t = transcript_run(over_frames, 3, 0, MLLP_PORT);
	assert_int_equal(transcript_count(&t, "begin hl7"), 2);
	assert_int_equal(t.summary.malformed, 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_who_gave_a_number),
	        cmocka_unit_test(any_delimiters_and_line_ends),
	        cmocka_unit_test(a_batch_and_several_messages),
	        cmocka_unit_test(base64_opens_a_stream),
	        cmocka_unit_test(both_sides_of_the_value_limit),
	        cmocka_unit_test(a_header_without_end_stays_bounded),
	        cmocka_unit_test(mllp_frames_in_both_directions),
	        cmocka_unit_test(mllp_finds_the_next_frame),
	        cmocka_unit_test(mllp_goes_on_behind_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
