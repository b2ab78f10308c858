/* Running text: context on both sides, neighbours, UTF-16, and the same findings at every cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "detect/rules.h"
#include "detect/text.h"
#include "harness.h"

#define LETTER                                                                                     \
	"Dear colleague,\n\nThank you for seeing Zephrina Quennevar, born 03/07/1931.\n"           \
	"Medicare number: 2951 87312 5/1    IHI: 8003 6088 3335 7361\nDVA: NBUR9080, CRN "         \
	"307 111 942H. Our provider number is 2426621B.\nKind regards\n"

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

static void scan(struct span text, size_t cut)
{
	harness_open(&h);
	harness_whole_text(&h, text, cut);
	harness_close(&h);
}

static void scan_text(const char *text)
{
	scan(span_of_text(text), 0);
}

static void expect_letter(size_t cut)
{
	static const char *const kinds[] = {"medicare", "ihi", "dva", "crn"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (harness_count(&h, kinds[i], TIER_MEDIUM) != 1)
			fail_msg("%s not found when cut at %zu", kinds[i], cut);
	if (harness_count(&h, "provider-number", TIER_DIRECTORY) != 1 || h.count != 5)
		fail_msg("%zu findings when cut at %zu", h.count, cut);
	if (harness_patients(&h) != 1)
		fail_msg("%zu patients when cut at %zu", harness_patients(&h), cut);
}

static void test_letter_cut_everywhere(void **state)
{
	uint64_t tag;

	(void)state;
	scan_text(LETTER);
	expect_letter(0);
	tag = harness_find(&h, "medicare")->tag;
	for (size_t cut = 1; cut < sizeof(LETTER) - 1; cut++) {
		scan(span_of_text(LETTER), cut);
		expect_letter(cut);
		assert_true(harness_find(&h, "medicare")->tag == tag);
	}
}

static void test_letter_byte_by_byte(void **state)
{
	static const char letter[] = LETTER;

	(void)state;
	harness_open(&h);
	harness_begin(&h, CARRIER_TEXT, "");
	for (size_t i = 0; i < sizeof(LETTER) - 1; i++)
		harness_text(&h, span_of(&letter[i], 1), i == 0, i == sizeof(LETTER) - 2);
	harness_end(&h);
	expect_letter(1);
	harness_close(&h);
}

static size_t widen(const char *text, bool big_endian, uint8_t *ret)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		ret[2 * i + big_endian] = (uint8_t)text[i];
		ret[2 * i + !big_endian] = 0;
	}
	return 2 * len;
}

/* What a number is called outranks a word nearby; a name that says nothing does not. */
static void test_names_in_source(void **state)
{
	static const char *const others[] = {
	        "ts:2951873125,", "\"id\":2951873125,", "x='2951873125';", "&post=2951873125&"};
	static const char *const cards[] = {"cardNo:\"2951873125\",", "\"value\":\"2951873125\",",
	        "medicareNum=2951873125;", "Hers:2951873125 ", "2951873125 "};
	char text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		snprintf(text, sizeof(text), "medicare card {a:1,%s}", others[i]);
		scan_text(text);
		assert_int_equal(harness_count(&h, "medicare", TIER_WEAK), 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(cards); i++) {
		snprintf(text, sizeof(text), "medicare card {a:1, %s}", cards[i]);
		scan_text(text);
		assert_int_equal(harness_count(&h, "medicare", TIER_MEDIUM), 1);
	}
}

static void test_open_text_is_charged(void **state)
{
	size_t before;

	(void)state;
	harness_open(&h);
	harness_begin(&h, CARRIER_TEXT, "");
	before = h.budget.used_bytes;
	harness_text(&h, span_of_text("half"), true, false);
	assert_int_equal(h.budget.used_bytes - before,
	        sizeof(struct text_scan) + scanner_stream_bytes(h.rules->scanner));
	harness_end(&h);
	harness_close(&h);
}

static void test_utf16(void **state)
{
	uint8_t wide[2 * sizeof(LETTER)];

	(void)state;
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		size_t len = widen(LETTER, big_endian, wide);

		for (size_t cut = 0; cut < len; cut++) {
			scan(span_of(wide, len), cut);
			expect_letter(cut);
		}
	}
	/* The number alone: found, but nothing says what it is. */
	scan(span_of(wide, widen("29518731251", false, wide)), 0);
	assert_int_equal(harness_count(&h, "medicare", TIER_WEAK), 1);
}

/* Fields that end in a zero byte are not run together. */
static void test_zero_ends_a_number(void **state)
{
	static const char record[] = "Medicare\0"
	                             "2123456701\0"
	                             "Zephrina\0\0\0"
	                             "2222222111\0";

	(void)state;
	for (size_t cut = 0; cut < sizeof(record) - 1; cut++) {
		scan(span_of(record, sizeof(record) - 1), cut);
		assert_int_equal(harness_count(&h, "medicare", TIER_MEDIUM), 2);
	}
}

/* A keyword counts up to 300 bytes away, before and behind. */
static void test_distance(void **state)
{
	char text[1024];

	(void)state;
	for (int gap = 250; gap < 350; gap++) {
		snprintf(text, sizeof(text), "medicare%*s2123456701 end", gap, "");
		scan_text(text);
		assert_int_equal(harness_highest(&h), gap <= 290 ? TIER_MEDIUM : TIER_WEAK);
		snprintf(text, sizeof(text), "2123456701%*smedicare end", gap, "");
		scan_text(text);
		assert_int_equal(harness_count(&h, "medicare", TIER_NONE), 1);
		if (gap < 285)
			assert_int_equal(harness_highest(&h), TIER_MEDIUM);
		if (gap > 310)
			assert_int_equal(harness_highest(&h), TIER_WEAK);
	}
}

static void test_neighbours(void **state)
{
	static const struct {
		const char *text;
		unsigned count;
	} cases[] = {
	        {"medicare 2123456701", 1},
	        {"medicare 2123-45670-1.", 1},
	        {"medicare (2123456701)", 1},
	        {"medicare .2123456701", 1},
	        {"medicare 21234567019", 1}, /* card and reference number */
	        {"medicare 212345670199", 0},
	        {"medicare 12123456701", 0},
	        {"medicare a2123456701", 0},
	        {"medicare 2123456701a", 0},
	        {"medicare 2123456701.25", 0},
	        {"medicare 7f3e-2123456701", 0},
	        {"medicare 2123456711", 0},
	        {"medicare 1700000000", 0},
	        {"medicare 0412345678", 0},
	        {"medicare ABN 51824753556", 0},
	        {"medicare card 4111111111111111", 0},
	        {"ihi 1.2.36.1.2001.1003.0.8003605679672853", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scan_text(cases[i].text);
		if (harness_count(&h, "medicare", TIER_NONE) != cases[i].count)
			fail_msg("case %zu", i);
	}
}

static void test_labels_in_text(void **state)
{
	(void)state;
	scan_text("<id root=\"1.2.36.1.2001.1003.0.8003605679672853\"/>");
	assert_int_equal(harness_count(&h, "ihi", TIER_MEDIUM), 1);
	scan_text("<patientMedicareNumber>2123456701</patientMedicareNumber>");
	assert_int_equal(harness_count(&h, "medicare", TIER_MEDIUM), 1);
	scan_text("the suspension of ihigh 8003608833357361 and 123456789T");
	assert_int_equal(harness_highest(&h), TIER_WEAK);
	scan_text("http://ns.electronichealth.net.au/id/hi/hpio/1.0/8003621566684455");
	assert_int_equal(harness_highest(&h), TIER_DIRECTORY);
	scan_text("medicare_number=29518731251&x=1");
	assert_int_equal(harness_count(&h, "medicare", TIER_MEDIUM), 1);
}

/* An ABN that passes the Medicare check as well is a firm's when the text says ABN. */
static void test_business_number(void **state)
{
	char number[16], text[96];
	const struct finding *f;
	bool tried = false;

	(void)state;
	for (unsigned long n = 20000000001; n < 69999999999 && !tried; n += 1000003) {
		snprintf(number, sizeof(number), "%lu", n);
		snprintf(text, sizeof(text), "medicare %s", number);
		scan_text(text);
		if (harness_highest(&h) != TIER_MEDIUM)
			continue;
		f = harness_find(&h, "medicare");
		assert_true(f->tag != 0);
		snprintf(text, sizeof(text), "medicare, ABN %s", number);
		scan_text(text);
		tried = harness_count(&h, "medicare", TIER_NONE) == 0;
	}
	assert_true(tried);
}

/* More candidates than fit: the oldest are judged early, none is lost. */
static void test_crowd(void **state)
{
	enum { NUMBERS = 400 };
	static char text[NUMBERS * 12 + 16];
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < NUMBERS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "2123456701,");
	for (size_t cut = 0; cut < 400; cut += 7) {
		scan(span_of(text, len), cut);
		assert_int_equal(harness_count(&h, "medicare", TIER_WEAK), NUMBERS);
	}
}

/* Tags: the same card is the same patient, however it is written or issued. */
static void test_tags(void **state)
{
	uint64_t tag;

	(void)state;
	scan_text("medicare 2123456701");
	tag = harness_find(&h, "medicare")->tag;
	assert_true(tag != 0);
	scan_text("medicare 2123 45670 2");
	assert_true(harness_find(&h, "medicare")->tag == tag);
	scan_text("medicare 2123456701/1");
	assert_true(harness_find(&h, "medicare")->tag != tag);
	tag = harness_find(&h, "medicare")->tag;
	scan_text("medicare 2123 45670 1/1    seen on 3 May");
	assert_true(harness_find(&h, "medicare")->tag == tag);
	scan_text("medicare 2123 45670 1 1.");
	assert_true(harness_find(&h, "medicare")->tag == tag);
	scan_text("medicare 21234567011");
	assert_true(harness_find(&h, "medicare")->tag == tag);
	scan_text("medicare 2123 45670 1 1 23");
	assert_true(harness_find(&h, "medicare")->tag != tag);
}

/* Literal text counts wherever it stands whole, and makes no patient to count by. */
static void test_marks(void **state)
{
	static const struct {
		const char *text, *kind;
		enum tier tier; /* TIER_NONE: not found */
	} cases[] = {
	        {"Your script: https://ausscripts.erx.com.au/scripts/1QGQ1XJ4QZ8T3W2XY1 .",
	                "prescription-token", TIER_MEDIUM},
	        {"https://ausscripts.erx.com.au/scripts/ABCDEFGH", "prescription-token",
	                TIER_MEDIUM},
	        {"https://ausscripts.erx.com.au/scripts/help", "prescription-token", TIER_NONE},
	        {"https://erx.com.au/scripts/1QGQ1XJ4QZ8T3W2XY1", "prescription-token", TIER_NONE},
	        {"<c:PCEHRHeader xmlns:c=\"http://ns.electronichealth.net.au/pcehr/xsd/common/"
	         "CommonCoreElements/1.0\">",
	                "mhr-method", TIER_DIRECTORY},
	        {"http://ns.electronichealth.net.au/pcehr/xsd/interfaces/GetView/1.0", "mhr-method",
	                TIER_NONE},
	        {"<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:ext=\"http://"
	         "ns.electronichealth.net.au/Ci/Cda/Extensions/3.0\">",
	                "mhr-document", TIER_MEDIUM},
	        {"<ClinicalDocument xmlns=\"urn:hl7-org:v3\">", "mhr-document", TIER_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t cut = 0; cut < strlen(cases[i].text); cut++) {
			scan(span_of_text(cases[i].text), cut);
			assert_int_equal(harness_count(&h, cases[i].kind, TIER_NONE),
			        cases[i].tier != TIER_NONE);
			if (cases[i].tier != TIER_NONE)
				assert_int_equal(
				        harness_find(&h, cases[i].kind)->tier, cases[i].tier);
			assert_int_equal(harness_patients(&h), 0);
		}
	}
}

/* Every way in which word processors write a number. */
static void test_written_forms(void **state)
{
	static const char *const cards[] = {"medicare 2951 87312 5/1", "medicare 2951 87312 5-1",
	        "medicare 2951 87312 5 1", "medicare 29518731251", "medicare 2951-87312-5/1",
	        "medicare 2951\xc2\xa0"
	        "87312\xc2\xa0"
	        "5\xc2\xa0"
	        "1",
	        "medicare 2951\xe2\x80\x89"
	        "87312\xe2\x80\x89"
	        "5/1",
	        "medicare 2951\xe2\x80\x87"
	        "87312\xe2\x80\x91"
	        "5/1",
	        "medicare 2951\xe2\x80\xaf"
	        "87312\xe2\x80\x90"
	        "5-1",
	        "medicare 2951\xa0"
	        "87312\xa0"
	        "5/1"};
	uint64_t tag = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		for (size_t cut = 0; cut < strlen(cards[i]); cut++) {
			scan(span_of_text(cards[i]), cut);
			if (harness_count(&h, "medicare", TIER_MEDIUM) != 1)
				fail_msg("form %zu not found when cut at %zu", i, cut);
			if (tag == 0)
				tag = harness_find(&h, "medicare")->tag;
			assert_true(harness_find(&h, "medicare")->tag == tag);
		}
	}
	scan_text("IHI 8003\xc2\xa0"
	          "6088\xc2\xa0"
	          "3335\xc2\xa0"
	          "7361");
	assert_int_equal(harness_count(&h, "ihi", TIER_MEDIUM), 1);
}

static void test_more_identifiers(void **state)
{
	static const struct {
		const char *text, *kind;
		enum tier tier; /* TIER_NONE: not found */
	} cases[] = {
	        {"CSP 8003630000000004", "hi-other", TIER_DIRECTORY},
	        {"agency 9003600000000013", "hi-other", TIER_DIRECTORY},
	        {"safety net SN412345672", "safety-net-card", TIER_MEDIUM},
	        {"part SN412345672", "safety-net-card", TIER_WEAK},
	        {"safety net SN412345678", "safety-net-card", TIER_NONE},
	        {"TFN 123 456 782", "tfn", TIER_MEDIUM},
	        {"Tax file number: 123456782", "tfn", TIER_MEDIUM},
	        {"TFN 123 456 789", "tfn", TIER_NONE},
	        {"number 123456782", "tfn", TIER_NONE},
	        {"ACN 010 499 966", "acn", TIER_DIRECTORY},
	        {"number 010 499 966", "acn", TIER_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t cut = 0; cut < strlen(cases[i].text); cut++) {
			scan(span_of_text(cases[i].text), cut);
			if (harness_count(&h, cases[i].kind, TIER_NONE) !=
			        (cases[i].tier != TIER_NONE))
				fail_msg("%s", cases[i].text);
			if (cases[i].tier != TIER_NONE)
				assert_int_equal(
				        harness_find(&h, cases[i].kind)->tier, cases[i].tier);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_marks),
	        cmocka_unit_test(test_letter_cut_everywhere),
	        cmocka_unit_test(test_letter_byte_by_byte),
	        cmocka_unit_test(test_names_in_source),
	        cmocka_unit_test(test_open_text_is_charged),
	        cmocka_unit_test(test_utf16),
	        cmocka_unit_test(test_zero_ends_a_number),
	        cmocka_unit_test(test_distance),
	        cmocka_unit_test(test_neighbours),
	        cmocka_unit_test(test_labels_in_text),
	        cmocka_unit_test(test_business_number),
	        cmocka_unit_test(test_crowd),
	        cmocka_unit_test(test_tags),
	        cmocka_unit_test(test_written_forms),
	        cmocka_unit_test(test_more_identifiers),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
