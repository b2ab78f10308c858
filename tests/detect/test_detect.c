/* Tiers, classes, labels and context: what a decode event becomes. All people are invented. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "harness.h"

#define MEDICARE     "2123456701"
#define MEDICARE_BAD "2123456711"
#define IHI          "8003608833357361"
#define HPIO         "8003621566684455"
#define HPII         "8003610833334085"

static struct harness h;

static int set_up(void **state)
{
	(void)state;
	h.rules = harness_rules();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	h.rules = detect_rules_free(h.rules);
	return 0;
}

static int open_session(void **state)
{
	(void)state;
	harness_open(&h);
	return 0;
}

static int close_session(void **state)
{
	(void)state;
	harness_close(&h);
	return 0;
}

static void test_hl7_result_with_patient(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_HL7_V2, "ORU^R01");
	harness_value(&h, LABEL_HL7_FIELD, "MSH-3", "PAPERBARK");
	harness_value(&h, LABEL_HL7_AUTHORITY, "AUSHIC^MC", "21234567011");
	harness_value(&h, LABEL_HL7_AUTHORITY, "AUSHIC^NI", IHI);
	harness_value(&h, LABEL_HL7_FIELD, "PID-5", "QUENNEVAR^ZEPHRINA");
	harness_value(&h, LABEL_HL7_FIELD, "PID-7", "19310703");
	harness_value(&h, LABEL_HL7_FIELD, "OBX-5", "5.9");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "hl7-result", TIER_HIGH), 1);
	assert_int_equal(harness_find(&h, "hl7-result")->category, CATEGORY_RESULTS);
	assert_int_equal(harness_find(&h, "hl7-result")->class, CLASS_PATIENT);
	assert_int_equal(harness_count(&h, "medicare", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "ihi", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "patient-name", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "birth-date", TIER_HIGH), 1);
	assert_int_equal(harness_patients(&h), 1);
}

static void test_hl7_without_patient(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_HL7_V2, "ACK^R01");
	harness_value(&h, LABEL_HL7_AUTHORITY, "AUSHIC^NI", HPIO);
	harness_value(&h, LABEL_HL7_FIELD, "MSA-2", "NFP0001");
	harness_end(&h);
	assert_int_equal(harness_highest(&h), TIER_DIRECTORY);
	harness_begin(&h, CARRIER_HL7_V2, "ORU^R01");
	harness_value(&h, LABEL_HL7_FIELD, "PID-3", "\"\"");
	harness_value(&h, LABEL_HL7_FIELD, "PID-8", "F");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "hl7-result", TIER_NONE), 0);
	harness_begin(&h, CARRIER_HL7_V2, "ORU^R01");
	harness_value(&h, LABEL_HL7_FIELD, "OBX-5", "5.9");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "hl7-result", TIER_MEDIUM), 1);
	assert_int_equal(harness_find(&h, "hl7-result")->class, CLASS_CARRIER);
}

static void test_fhir_classes(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_FHIR, "Patient");
	harness_value(&h, LABEL_FHIR_SYSTEM, "http://ns.electronichealth.net.au/id/medicare-number",
	        "21234567011");
	harness_value(&h, LABEL_FHIR_PATH, "Patient.name.family", "Quennevar");
	harness_value(&h, LABEL_FHIR_PATH, "Patient.birthDate", "1931-07-03");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "fhir-patient", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "medicare", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "patient-name", TIER_HIGH), 1);
	h.count = 0;
	harness_begin(&h, CARRIER_FHIR, "Observation");
	harness_value(&h, LABEL_FHIR_PATH, "Observation.valueQuantity.value", "5.9");
	harness_end(&h);
	assert_int_equal(harness_find(&h, "fhir-results")->category, CATEGORY_RESULTS);
	h.count = 0;
	harness_begin(&h, CARRIER_FHIR, "Practitioner");
	harness_value(
	        &h, LABEL_FHIR_SYSTEM, "http://ns.electronichealth.net.au/id/hi/hpii/1.0", HPII);
	harness_value(&h, LABEL_FHIR_PATH, "Practitioner.name.family", "Vandermolly");
	harness_value(&h, LABEL_FHIR_PATH, "Practitioner.telecom.value", "02 9999 0000");
	harness_end(&h);
	assert_int_equal(harness_highest(&h), TIER_DIRECTORY);
	h.count = 0;
	harness_begin(&h, CARRIER_FHIR, "StructureDefinition");
	harness_value(&h, LABEL_FHIR_PATH, "StructureDefinition.description",
	        "A Medicare number such as " MEDICARE " identifies a card.");
	harness_end(&h);
	assert_int_equal(harness_highest(&h), TIER_REFERENCE);
}

static void test_fhir_bundle_by_path(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_FHIR, "Bundle");
	harness_value(&h, LABEL_FHIR_PATH, "Organization.name", "Nullawarra Family Practice");
	harness_value(
	        &h, LABEL_FHIR_SYSTEM, "http://ns.electronichealth.net.au/id/hi/hpio/1.0", HPIO);
	harness_end(&h);
	assert_int_equal(harness_highest(&h), TIER_DIRECTORY);
	harness_begin(&h, CARRIER_FHIR, "Bundle");
	harness_value(&h, LABEL_FHIR_PATH, "Patient.name.family", "Quennevar");
	harness_value(&h, LABEL_FHIR_PATH, "Appointment.start", "2026-12-01T09:00:00+11:00");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "fhir-patient", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "fhir-appointment", TIER_HIGH), 1);
}

/* The label is worth more than the check; the check alone is worth little. */
static void test_label_outranks_check(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_JSON, "");
	harness_value(&h, LABEL_KEY, "patient.medicareNumber", MEDICARE_BAD);
	harness_value(&h, LABEL_KEY, "reference", MEDICARE);
	harness_value(&h, LABEL_KEY, "patient.medicare.note", "0000000000");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "medicare", TIER_MEDIUM), 1);
	assert_int_equal(harness_count(&h, "medicare", TIER_WEAK), 1);
	assert_int_equal(harness_patients(&h), 1);
	h.count = 0;
	harness_begin(&h, CARRIER_JSON, "");
	harness_value(&h, LABEL_KEY, "batch", "7710034526");
	harness_value(&h, LABEL_KEY, "reference", MEDICARE);
	harness_end(&h);
	assert_int_equal(harness_highest(&h), TIER_WEAK);
	assert_int_equal(harness_patients(&h), 0);
}

static void test_labels(void **state)
{
	static const struct {
		enum label_kind kind;
		const char *label, *value, *want;
	} cases[] = {
	        {LABEL_KEY, "patient.medicare.number", MEDICARE, "medicare"},
	        {LABEL_KEY, "MEDICARE_NO", "2123 45670 1", "medicare"},
	        {LABEL_KEY, "ihi", IHI, "ihi"},
	        {LABEL_KEY, "dvaNumber", "NBUR9080", "dva"},
	        {LABEL_KEY, "pensionNo", "307 111 942H", "crn"},
	        {LABEL_KEY, "medicareProviderNumber", "2426621B", "provider-number"},
	        {LABEL_KEY, "abn", "51 824 753 556", "abn"},
	        {LABEL_HL7_AUTHORITY, "AUSDVA^DVG", "WA123456B", "dva"},
	        {LABEL_HL7_AUTHORITY, "AUSLINK^AN", "307111942H", "crn"},
	        {LABEL_HL7_AUTHORITY, "AUSHIC^NI", HPII, "hpi-i"},
	        {LABEL_HL7_AUTHORITY, "ROYAL^MR", "A12345", "record-number"},
	        {LABEL_HL7_AUTHORITY, "AUSHICPR^UPIN", "2426621B", "provider-number"},
	        {LABEL_OID, "1.2.36.1.2001.1003.0", IHI, "ihi"},
	        {LABEL_OID, "1.2.36.1.2001.1003.0", HPIO, "hpi-o"},
	        {LABEL_FHIR_SYSTEM, "http://ns.electronichealth.net.au/id/hi/ihi/1.0",
	                "8003608833357362", "ihi"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		h.count = 0;
		harness_begin(&h, CARRIER_JSON, "");
		harness_value(&h, cases[i].kind, cases[i].label, cases[i].value);
		harness_end(&h);
		if (h.count != 1 || strcmp(h.findings[0].kind, cases[i].want) != 0)
			fail_msg("label %zu: %zu findings, %s", i, h.count,
			        h.count ? h.findings[0].kind : "none");
	}
}

/* Names and dates count in pairs. */
static void test_contact_details(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_FORM, "");
	harness_value(&h, LABEL_KEY, "firstName", "Zephrina");
	harness_value(&h, LABEL_KEY, "phone", "0491 570 101");
	harness_end(&h);
	assert_int_equal(harness_highest(&h), TIER_WEAK);
	h.count = 0;
	harness_begin(&h, CARRIER_FORM, "");
	harness_value(&h, LABEL_KEY, "surname", "Quennevar");
	harness_value(&h, LABEL_KEY, "dob", "03/07/1931");
	harness_value(&h, LABEL_KEY, "mobile", "0491 570 101");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "patient-name", TIER_MEDIUM), 1);
	assert_int_equal(harness_count(&h, "phone", TIER_MEDIUM), 1);
	assert_int_equal(harness_find(&h, "birth-date")->category, CATEGORY_CONTACT);
}

static void test_metadata(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_HTTP_REQUEST, "GET");
	h.event.field.role = ROLE_URL;
	harness_value(&h, LABEL_KEY, "medicare", MEDICARE);
	harness_end(&h);
	assert_true(harness_find(&h, "medicare")->metadata);
}

static void test_sealed_and_media(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_SEALED, "smd");
	harness_end(&h);
	harness_stream_end(&h, STREAM_SEALED);
	assert_int_equal(harness_count(&h, "sealed-message", TIER_SEALED), 1);
	h.count = 0;
	harness_close(&h);
	harness_open(&h);
	harness_stream_end(&h, STREAM_SEALED);
	assert_int_equal(harness_count(&h, "sealed-message", TIER_SEALED), 1);
	harness_begin(&h, CARRIER_AUDIO, "ogg");
	harness_end(&h);
	harness_begin(&h, CARRIER_IMAGE, "png");
	harness_end(&h);
	assert_int_equal(harness_find(&h, "audio")->tier, TIER_OPAQUE);
	assert_int_equal(harness_find(&h, "audio")->category, CATEGORY_AUDIO);
	assert_true(harness_find(&h, "audio")->sound);
	assert_int_equal(harness_find(&h, "image-document")->class, CLASS_CARRIER);
}

/* How long a recording is shows at its end. */
static void test_length_of_sound(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_AUDIO, "webm");
	assert_int_equal(harness_count(&h, "audio", TIER_OPAQUE), 1);
	harness_value(&h, LABEL_KEY, "duration", "754");
	harness_end(&h);
	assert_int_equal(h.count, 2);
	assert_int_equal(harness_count(&h, "audio", TIER_OPAQUE), 1);
	assert_int_equal(h.findings[1].seconds, 754);
	harness_value(&h, LABEL_KEY, "duration", "no number");
	assert_int_equal(h.count, 2);
}

/* A picture of somebody; one whose name was taken out; the same in DICOM JSON. */
static void test_dicom(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_DICOM, "CT");
	harness_value(&h, LABEL_KEY, "PatientName", "QUENNEVAR ZEPHRINA");
	harness_value(&h, LABEL_KEY, "PatientID", "WHC-4711");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "dicom-image", TIER_HIGH), 1);
	assert_int_equal(harness_find(&h, "dicom-image")->class, CLASS_PATIENT);
	assert_int_equal(harness_count(&h, "patient-name", TIER_MEDIUM), 1);
	assert_int_equal(harness_count(&h, "record-number", TIER_MEDIUM), 1);
	h.count = 0;
	harness_begin(&h, CARRIER_DICOM, "SR");
	harness_value(&h, LABEL_KEY, "tag0010.0010", "ANONYMOUS");
	harness_value(&h, LABEL_KEY, "tag0010.0020", "ID 12345");
	harness_value(&h, LABEL_KEY, "ReferringPhysicianName", "BANKSIA RENEE");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "dicom-report", TIER_MEDIUM), 1);
	assert_int_equal(harness_find(&h, "dicom-report")->class, CLASS_CARRIER);
	assert_int_equal(harness_find(&h, "staff-name")->class, CLASS_DIRECTORY);
	h.count = 0;
	harness_begin(&h, CARRIER_JSON, "");
	harness_value(&h, LABEL_KEY, "00100010.Value.Alphabetic", "QUENNEVAR^ZEPHRINA");
	harness_value(&h, LABEL_KEY, "00100030.Value", "19500703");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "patient-name", TIER_MEDIUM), 1);
}

/* An open message is judged when the flow ends, or when its stream does. */
static void test_cut_short(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_HL7_V2, "REF^I12");
	harness_value(&h, LABEL_HL7_FIELD, "PID-5", "QUENNEVAR^ZEPHRINA");
	harness_finish(&h);
	assert_int_equal(harness_count(&h, "hl7-letter", TIER_HIGH), 1);
	harness_begin(&h, CARRIER_HL7_V2, "ADT^A04");
	harness_value(&h, LABEL_HL7_FIELD, "PID-5", "QUENNEVAR^ZEPHRINA");
	harness_stream_end(&h, STREAM_TRUNCATED);
	assert_int_equal(harness_count(&h, "hl7-admission", TIER_HIGH), 1);
}

static void test_many_open_messages(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		harness_begin(&h, CARRIER_JSON, "");
	harness_value(&h, LABEL_KEY, "ihi", IHI);
	h.event.message = 1;
	harness_value(&h, LABEL_KEY, "medicareNo", MEDICARE);
	harness_finish(&h);
	assert_int_equal(harness_count(&h, "ihi", TIER_MEDIUM), 1);
	assert_int_equal(harness_count(&h, "medicare", TIER_MEDIUM), 1);
}

/* Of many messages only the first say which one they are. */
static void test_places_of_many_messages(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		harness_begin(&h, CARRIER_FHIR, "Condition");
		snprintf(h.event.place, sizeof(h.event.place), "HTTP body > resource %u > x", i);
		harness_value(&h, LABEL_FHIR_SYSTEM,
		        "http://ns.electronichealth.net.au/id/hi/ihi/1.0", IHI);
		harness_end(&h);
	}
	assert_int_equal(h.count, 600);
	assert_string_equal(h.findings[0].place, "HTTP body > resource 0 > x");
	assert_string_equal(h.findings[598].place, "HTTP body > resource > x");
}

static void test_no_value_in_findings(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_JSON, "");
	harness_value(&h, LABEL_KEY, "medicareNo", "2123 45670 1");
	harness_value(&h, LABEL_KEY, "surname", "Quennevar");
	harness_end(&h);
	assert_string_equal(harness_find(&h, "medicare")->mask,
	        "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2 "
	        "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2 \xe2\x80\xa2");
	assert_string_equal(
	        harness_find(&h, "patient-name")->mask, "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2");
}

static void test_small_budget(void **state)
{
	struct budget tiny;
	struct detect_session *s = NULL;
	struct decode_event e = {
	        .kind = DECODE_MESSAGE_BEGIN, .message = 1, .carrier = CARRIER_JSON};

	(void)state;
	for (size_t max = 0; max < 4096; max += 64) {
		int status;

		budget_init(&tiny, max);
		assert_int_equal(detect_session_new(&s, h.rules, &tiny), STATUS_OK);
		e.kind = DECODE_FIELD;
		e.field = (struct field){.label_kind = LABEL_KEY,
		        .label = span_of_text("ihi"),
		        .bytes = span_of_text(IHI)};
		status = detect_session_feed(s, &e);
		assert_true(status == STATUS_OK || (status == STATUS_LIMIT && tiny.refusals));
		detect_session_free(s);
		assert_int_equal(tiny.used_bytes, 0);
	}
}

static void test_feed_before_pull(void **state)
{
	struct decode_event e = {.kind = DECODE_STREAM_END, .depth = 1, .end = STREAM_SEALED};
	struct finding f;

	(void)state;
	e.stream = 7;
	assert_int_equal(detect_session_feed(h.session, &e), STATUS_OK);
	assert_int_equal(detect_session_feed(h.session, &e), STATUS_BUG);
	assert_int_equal(detect_session_next(h.session, &f), STATUS_ITEM);
	assert_int_equal(detect_session_next(h.session, &f), STATUS_OK);
}

static void test_names(void **state)
{
	enum tier tier = TIER_HIGH;
	enum finding_class class = CLASS_PATIENT;

	(void)state;
	for (int i = TIER_NONE; i <= TIER_OPAQUE; i++) {
		assert_true(tier_parse(tier_name((enum tier)i), &tier));
		assert_int_equal(tier, i);
	}
	assert_false(tier_parse("urgent", &tier));
	assert_int_equal(tier, TIER_OPAQUE);
	assert_true(finding_class_parse("directory", &class));
	assert_false(finding_class_parse("", &class));
	assert_int_equal(class, CLASS_DIRECTORY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_session, close_session)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_hl7_result_with_patient),
	        TEST(test_hl7_without_patient),
	        TEST(test_fhir_classes),
	        TEST(test_fhir_bundle_by_path),
	        TEST(test_label_outranks_check),
	        TEST(test_labels),
	        TEST(test_contact_details),
	        TEST(test_metadata),
	        TEST(test_sealed_and_media),
	        TEST(test_dicom),
	        TEST(test_length_of_sound),
	        TEST(test_cut_short),
	        TEST(test_many_open_messages),
	        TEST(test_places_of_many_messages),
	        TEST(test_no_value_in_findings),
	        TEST(test_small_budget),
	        TEST(test_feed_before_pull),
	        TEST(test_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
