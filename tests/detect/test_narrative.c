/* Letters, notes and transcripts about invented people, and texts that only look like them: what
 * their words add up to, at every cut, in values, over the parts of a message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "detect/person.h"
#include "harness.h"

#define TEXT_BYTES_MAX 16384
#define TEXTS_MIN      12

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

static bool found(void)
{
	return harness_count(&h, "clinical-letter", TIER_NONE) +
	               harness_count(&h, "clinical-unnamed", TIER_NONE) ==
	       1;
}

static void scan(struct span text, size_t cut)
{
	harness_open(&h);
	harness_whole_text(&h, text, cut);
	harness_close(&h);
}

static void scan_bytes(struct span text)
{
	harness_open(&h);
	harness_begin(&h, CARRIER_TEXT, "");
	for (size_t i = 0; i < text.len; i++)
		harness_text(&h, span_slice(text, i, 1), i == 0, i + 1 == text.len);
	harness_end(&h);
	harness_close(&h);
}

/* The same findings, whichever way the text comes. */
static void expect_same(struct span text, const char *name)
{
	struct finding whole[8];
	size_t count;

	scan(text, 0);
	count = h.count;
	assert_true(count <= ARRAY_LEN(whole));
	memcpy(whole, h.findings, count * sizeof(whole[0]));
	for (size_t cut = 1; cut <= text.len; cut++) {
		if (cut < text.len)
			scan(text, cut);
		else
			scan_bytes(text);
		if (h.count != count || memcmp(whole, h.findings, count * sizeof(whole[0])) != 0)
			fail_msg("%s: other findings when cut at %zu", name, cut);
	}
	scan(text, 0);
}

static void each_text(const char *folder, bool patient)
{
	static uint8_t bytes[TEXT_BYTES_MAX];
	char path[1024];
	struct dirent *entry;
	unsigned texts = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", TEXTS_DIR, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		size_t len;
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", TEXTS_DIR, folder, entry->d_name);
		file = fopen(path, "rb");
		assert_non_null(file);
		len = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
		expect_same(span_of(bytes, len), path);
		if (patient && (!found() || harness_highest(&h) < TIER_MEDIUM))
			fail_msg("%s: not seen to be about a patient", path);
		if (!patient && harness_highest(&h) >= TIER_MEDIUM)
			fail_msg("%s: taken to be about a patient", path);
		texts++;
	}
	closedir(dir);
	assert_true(texts >= TEXTS_MIN);
}

static void test_patients(void **state)
{
	(void)state;
	each_text("patient", true);
}

static void test_others(void **state)
{
	(void)state;
	each_text("other", false);
}

/* Twelve terms of ours end in "doctor". Two that speak against a note outweigh it, and neither is
 * lost when the text is cut behind it. */
static void test_terms_that_end_alike(void **state)
{
	static const char *const advice[] = {"Ask your doctor.", "See your doctor.",
	        "Tell your doctor.", "Speak with your doctor.", "Speak to your doctor.",
	        "Talk to your doctor.", "Ask your doctor."};
	char text[256];

	(void)state;
	for (size_t i = 0; i + 1 < ARRAY_LEN(advice); i++) {
		int len = snprintf(text, sizeof(text),
		        "Asthma, cough, fever, wheeze, rash, eczema, gout. Thank you for seeing "
		        "him. He reports. He denies. %s %s",
		        advice[i], advice[i + 1]);

		expect_same(span_of(text, (size_t)len), advice[i]);
		assert_false(found());
	}
}

#define NOTE                                                                                       \
	"Presents with three days of dysuria and frequency. Afebrile, abdomen soft. Commenced on " \
	"trimethoprim 300 mg nocte for 3 nights."

/* A name and a date of birth in values of their own, the words in others. */
static void test_values(void **state)
{
	(void)state;
	harness_open(&h);
	harness_begin(&h, CARRIER_JSON, "");
	harness_value(&h, LABEL_KEY, "patient.name", "Rosalind Keay");
	harness_value(&h, LABEL_KEY, "patientName", "Rosalind Keay");
	harness_value(&h, LABEL_KEY, "patient.birthDate", "1961-02-27");
	harness_value(&h, LABEL_KEY, "note", NOTE);
	harness_end(&h);
	assert_int_equal(harness_find(&h, "clinical-letter")->tier, TIER_HIGH);
	harness_close(&h);
}

/* Turns whose speaker a value of its own names; each line alone says little. */
static void test_turns_in_values(void **state)
{
	static const char *const lines[][2] = {
	        {"doctor", "Hello there, what brings you in today?"},
	        {"patient", "I've been having headaches for a week now."},
	        {"doctor", "Any fever, any nausea at all?"},
	        {"patient", "A bit of nausea, yes. I've had this before with my migraine."},
	        {"doctor", "Let me check your blood pressure."},
	};

	(void)state;
	harness_open(&h);
	harness_begin(&h, CARRIER_JSON, "");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		harness_value(&h, LABEL_KEY, "turns.speaker", lines[i][0]);
		harness_value(&h, LABEL_KEY, "turns.text", lines[i][1]);
	}
	harness_end(&h);
	assert_int_equal(harness_find(&h, "clinical-unnamed")->tier, TIER_MEDIUM);
	assert_int_equal(harness_find(&h, "clinical-unnamed")->class, CLASS_CARRIER);
	harness_close(&h);
}

/* The subject names whom the part inside is about. */
static void test_subject_and_body(void **state)
{
	struct decode_event part = {.kind = DECODE_MESSAGE_BEGIN,
	        .stream = 2,
	        .message = 99,
	        .parent_message = 1,
	        .carrier = CARRIER_TEXT};

	(void)state;
	harness_open(&h);
	harness_begin(&h, CARRIER_MAIL, "");
	harness_value(&h, LABEL_NONE, "", "Referral of Mr Edwin Tarplee DOB 12/03/1956");
	harness_feed(&h, &part);
	part.kind = DECODE_FIELD;
	part.field = (struct field){
	        .kind = FIELD_TEXT, .bytes = span_of_text(NOTE), .first = true, .last = true};
	harness_feed(&h, &part);
	part.kind = DECODE_MESSAGE_END;
	harness_feed(&h, &part);
	harness_end(&h);
	assert_int_equal(harness_find(&h, "clinical-letter")->tier, TIER_HIGH);
	harness_close(&h);
}

/* Lines wrapped in the middle of phrases, and a curly apostrophe. */
static void test_wrapped(void **state)
{
	static const char text[] =
	        "What brings\r\nyou in? I\xe2\x80\x99ve been having chest\r\n  pain. Any "
	        "shortness\n"
	        "of breath? Let me listen, deep breath\r\nin. Any family history of angina?";

	(void)state;
	expect_same(span_of_text(text), "wrapped");
	assert_true(found());
}

static enum tier codes_tier(const char *text)
{
	expect_same(span_of_text(text), "codes");
	return harness_count(&h, "clinical-codes", TIER_NONE)
	               ? harness_find(&h, "clinical-codes")->tier
	               : TIER_NONE;
}

static void test_codes(void **state)
{
	(void)state;
	assert_int_equal(codes_tier("snomed 22298006 2024-03-01, snomed 195967001 2024-05-06, "
	                            "LOINC 718-7 148, age 67, sex m"),
	        TIER_MEDIUM);
	assert_int_equal(codes_tier("SNOMED CT: 22298006 infarction, 195967001 asthma, 38341003 "
	                            "hypertension, 44054006 diabetes"),
	        TIER_REFERENCE);
	/* two; not valid; no name of a system; the other system's */
	assert_int_equal(codes_tier("snomed 22298006 2024-03-01, snomed 195967001"), TIER_NONE);
	assert_int_equal(codes_tier("snomed 22298007 195967002 38341004 2024-03-01"), TIER_NONE);
	assert_int_equal(codes_tier("22298006 195967001 38341003 2024-03-01"), TIER_NONE);
	assert_int_equal(codes_tier("loinc 22298006 195967001 38341003 2024-03-01"), TIER_NONE);
}

/* In fields the system may stand before or behind its code, and the key may name it. */
static void test_codes_in_fields(void **state)
{
	static const char *const codes[] = {"22298006", "195967001", "38341003"};

	(void)state;
	harness_open(&h);
	harness_begin(&h, CARRIER_JSON, "");
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (i % 2 == 0)
			harness_value(&h, LABEL_KEY, "code.system", "http://snomed.info/sct");
		harness_value(&h, LABEL_KEY, "code.code", codes[i]);
		harness_value(&h, LABEL_KEY, "code.onset", "2019-04-02");
		if (i % 2 == 1)
			harness_value(&h, LABEL_KEY, "code.system", "SCT");
	}
	harness_end(&h);
	assert_int_equal(harness_find(&h, "clinical-codes")->tier, TIER_MEDIUM);
	assert_int_equal(harness_find(&h, "clinical-codes")->class, CLASS_CARRIER);
	harness_close(&h);
}

static void test_birth(void **state)
{
	static const char *const good[] = {": 12/03/1956", " 12-3-56", ": 12.03.1956",
	        ". 1956-03-12", ": 19560312", " - 12 March 1956", ": 12th of March 1956",
	        " 12-Mar-1956", ": Mar 12, 1956", ": **3 Jul 48**", "=1/1/01"};
	static const char *const bad[] = {"", ": ", ": 32/03/1956", ": 12/13/1956", ": 12/03",
	        ": unknown", ": 12/03/19567", ": 1856-03-12", " in 1956", ": 12 chairs 1956"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!person_follows_birth(span_of_text(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (person_follows_birth(span_of_text(bad[i])))
			fail_msg("%s", bad[i]);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(person_follows_title(span_of_text(" Tarplee")));
	assert_true(person_follows_title(span_of_text(". O'Dell")));
	assert_false(person_follows_title(span_of_text("Tarplee")));
	assert_false(person_follows_title(span_of_text(" tarplee")));
	assert_true(person_follows_label(span_of_text(" Mr Tarplee")));
	assert_true(person_follows_label(span_of_text(": Edwin Tarplee")));
	assert_true(person_follows_label(span_of_text(": TARPLEE, Edwin")));
	assert_true(person_follows_label(span_of_text(": Edwin J. Tarplee")));
	assert_false(person_follows_label(span_of_text(": your order")));
	assert_false(person_follows_label(span_of_text(": Project Meeting")));
	assert_true(person_then_date(span_of_text(" Edwin Tarplee, 12/03/1956")));
	assert_false(person_then_date(span_of_text(" Tarplee was seen on 12/03/1996")));
	assert_false(person_then_date(span_of_text(" Tarplee 12/03/2024")));
	assert_true(person_has_name(span_of_text("for Geraldine Fosterly DOB")));
	assert_false(person_has_name(span_of_text("Patient Name and Date of Birth")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_patients),
	        cmocka_unit_test(test_others),
	        cmocka_unit_test(test_terms_that_end_alike),
	        cmocka_unit_test(test_values),
	        cmocka_unit_test(test_turns_in_values),
	        cmocka_unit_test(test_subject_and_body),
	        cmocka_unit_test(test_wrapped),
	        cmocka_unit_test(test_codes),
	        cmocka_unit_test(test_codes_in_fields),
	        cmocka_unit_test(test_birth),
	        cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
