/* CDA documents, prescriptions, claims and plain XML: who is seen in them, and how surely. All
 * people are invented. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/status.h"
#include "harness.h"

#define MEDICARE "2123456701"
#define IHI      "8003608833357361"
#define HPII     "8003610833334085"

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

static void cda_with_its_patient(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_CDA, "18842-5");
	harness_value(&h, LABEL_OID, "2.16.840.1.113883.6.1", "18842-5");
	harness_value(&h, LABEL_KEY, "ClinicalDocument.recordTarget.patientRole.id", "URN4711");
	harness_value(&h, LABEL_KEY, "recordTarget.patientRole.addr.streetAddressLine",
	        "12 Banksia Crescent");
	harness_value(
	        &h, LABEL_KEY, "ClinicalDocument.recordTarget.patientRole.telecom", "0412345678");
	harness_value(&h, LABEL_KEY, "patientRole.patient.name.given", "Zephrina");
	harness_value(&h, LABEL_KEY, "patientRole.patient.name.family", "Quennevar");
	harness_value(&h, LABEL_KEY, "recordTarget.patientRole.patient.birthTime", "19310703");
	harness_value(&h, LABEL_OID, "1.2.36.1.2001.1003.0", IHI);
	harness_value(&h, LABEL_OID, "1.2.36.1.5001.1.0.7.1", MEDICARE);
	harness_value(&h, LABEL_KEY, "assignedAuthor.assignedPerson.name.family", "Vandermolly");
	harness_value(&h, LABEL_OID, "1.2.36.1.2001.1003.0", HPII);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "cda-document", TIER_HIGH), 1);
	assert_int_equal(harness_find(&h, "cda-document")->class, CLASS_PATIENT);
	assert_int_equal(harness_count(&h, "record-number", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "patient-name", TIER_HIGH), 2);
	assert_int_equal(harness_count(&h, "birth-date", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "address", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "phone", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "ihi", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "medicare", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "staff-name", TIER_DIRECTORY), 1);
	assert_int_equal(harness_count(&h, "hpi-i", TIER_DIRECTORY), 1);
	assert_int_equal(harness_patients(&h), 1);
}

/* Of another country: no number that we know, and a patient all the same. */
static void cda_of_a_stranger(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_CDA, "34133-9");
	harness_value(&h, LABEL_KEY, "ClinicalDocument.recordTarget.patientRole.id", "111-00-2330");
	harness_value(&h, LABEL_KEY, "patientRole.patient.name.given", "Zephrina");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "cda-document", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "patient-name", TIER_HIGH), 1);
}

static void cda_without_a_patient(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_CDA, "18842-5");
	harness_value(&h, LABEL_KEY, "ClinicalDocument.title", "Discharge summary");
	harness_value(&h, LABEL_KEY, "assignedAuthor.assignedPerson.name.family", "Vandermolly");
	harness_value(&h, LABEL_KEY, "assignedAuthor.representedOrganization.name", "Nullawarra");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "cda-document", TIER_MEDIUM), 1);
	assert_int_equal(harness_find(&h, "cda-document")->class, CLASS_CARRIER);
	assert_int_equal(harness_count(&h, "patient-name", TIER_NONE), 0);
}

static void prescriptions_and_claims(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_PRESCRIPTION, "ePrescription");
	harness_value(&h, LABEL_KEY, "ePrescription.PatientMedicareNumber", MEDICARE);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "prescription", TIER_HIGH), 1);
	assert_int_equal(harness_find(&h, "prescription")->category, CATEGORY_MEDICATION);
	harness_begin(&h, CARRIER_CLAIM, "");
	harness_value(&h, LABEL_KEY, "claim.medicalEvent.patient.medicare.memberNumber", MEDICARE);
	harness_value(&h, LABEL_KEY, "claim.serviceProvider.providerNumber", "2447781L");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "claim", TIER_HIGH), 1);
	assert_int_equal(harness_find(&h, "claim")->category, CATEGORY_BILLING);
	h.count = 0;
	harness_begin(&h, CARRIER_CLAIM, "");
	harness_value(&h, LABEL_KEY, "claimId", "M0001@");
	harness_end(&h);
	assert_int_equal(harness_find(&h, "claim")->class, CLASS_CARRIER);
}

/* In XML a word vouches for the number in the element beside it; in JSON it does not. */
static void words_beside_a_number(void **state)
{
	(void)state;
	harness_begin(&h, CARRIER_XML, "");
	harness_value(&h, LABEL_KEY, "row.label", "Medicare");
	harness_value(&h, LABEL_KEY, "row.content", MEDICARE);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "medicare", TIER_MEDIUM), 1);
	h.count = 0;
	harness_begin(&h, CARRIER_XML, "");
	harness_value(&h, LABEL_KEY, "row.label", "Parcel");
	harness_value(&h, LABEL_KEY, "row.content", MEDICARE);
	harness_end(&h);
	assert_int_equal(harness_highest(&h), TIER_WEAK);
	h.count = 0;
	harness_begin(&h, CARRIER_XML, "");
	harness_value(&h, LABEL_KEY, "patient.medicareNumber", MEDICARE);
	harness_end(&h);
	assert_int_equal(harness_count(&h, "medicare", TIER_NONE), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_session, close_session)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(cda_with_its_patient),
	        TEST(cda_of_a_stranger),
	        TEST(cda_without_a_patient),
	        TEST(prescriptions_and_claims),
	        TEST(words_beside_a_number),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
