/* The vectors of every number that exeat knows: valid, wrong by one digit, wrong in shape. Numbers
 * are synthetic or published as examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "detect/check_digit.h"

typedef bool (*check_function)(struct span text);

static void expect_all(check_function check, const char *const *vectors, size_t count, bool valid)
{
	for (size_t i = 0; i < count; i++)
		if (check(span_of_text(vectors[i])) != valid)
			fail_msg("vector %zu of the list should be %s", i,
			        valid ? "valid" : "invalid");
}

#define VALID(check, ...)                                                                          \
	do {                                                                                       \
		static const char *const vectors[] = {__VA_ARGS__};                                \
		expect_all(check, vectors, ARRAY_LEN(vectors), true);                              \
	} while (0)
#define INVALID(check, ...)                                                                        \
	do {                                                                                       \
		static const char *const vectors[] = {__VA_ARGS__};                                \
		expect_all(check, vectors, ARRAY_LEN(vectors), false);                             \
	} while (0)

static void test_medicare(void **state)
{
	(void)state;
	VALID(check_medicare, "2123456701", "2222222111", "32788511952", "29518731251",
	        "29518731251");
	INVALID(check_medicare, "2123456711", "2123456700", "1123456701", "8921319895",
	        "6951449677", "29518731250", "1700000000", "0412345678", "9876543210", "",
	        "212345670", "212345670112", "2123 45670 1", "21234567O1");
}

/* Every change of a single digit of the stem is caught: the weights share no factor with ten. */
static void test_medicare_single_digit_errors(void **state)
{
	(void)state;
	for (size_t at = 0; at < 9; at++) {
		for (unsigned add = 1; add < 10; add++) {
			uint8_t number[] = "2123456701";

			number[at] = (uint8_t)('0' + (number[at] - '0' + add) % 10);
			assert_false(check_medicare(span_of(number, 10)));
		}
	}
}

static void test_healthcare_identifier(void **state)
{
	(void)state;
	VALID(check_luhn, "8003608833357361", "8003608333647261", "8003608000311613",
	        "8003605679672853", "8003610833334085", "8003621566684455", "8003630000000004",
	        "9003600000000013", "4111111111111111");
	INVALID(check_luhn, "8003608833357362", "8003608000311631", "8003610833333744", "", "0");
	assert_int_equal(
	        healthcare_identifier_of(span_of_text("8003608833357361")), HEALTHCARE_PATIENT);
	assert_int_equal(
	        healthcare_identifier_of(span_of_text("8003608833357362")), HEALTHCARE_PATIENT);
	assert_int_equal(
	        healthcare_identifier_of(span_of_text("8003610833334085")), HEALTHCARE_CLINICIAN);
	assert_int_equal(
	        healthcare_identifier_of(span_of_text("9003600000000013")), HEALTHCARE_OTHER);
	assert_int_equal(healthcare_identifier_of(span_of_text("8003621566684455")),
	        HEALTHCARE_ORGANISATION);
	assert_int_equal(
	        healthcare_identifier_of(span_of_text("8003630000000004")), HEALTHCARE_OTHER);
	assert_int_equal(
	        healthcare_identifier_of(span_of_text("8003640000000003")), HEALTHCARE_OTHER);
	assert_int_equal(
	        healthcare_identifier_of(span_of_text("800362000022222")), HEALTHCARE_NONE);
	assert_int_equal(
	        healthcare_identifier_of(span_of_text("4111111111111111")), HEALTHCARE_NONE);
}

static void test_dva(void **state)
{
	(void)state;
	VALID(check_dva, "NBUR9080", "QX144963", "WA123456B", "NX5", "NX5A");
	INVALID(check_dva, "NQQQ9080", "ABUR9080", "NBUR", "NBUR90801", "NBUR9080BB", "nbur9080",
	        "N", "", "N123456");
}

static void test_provider(void **state)
{
	(void)state;
	VALID(check_provider, "2426621B", "4024742F", "2448261H", "457833CF", "0268203W", "268203W",
	        "1234561B");
	INVALID(check_provider, "1234561A", "147860MW", "242662IB", "242662SB", "24266211",
	        "2426621", "2426621b", "1B", "B", "");
}

static void test_prescriber(void **state)
{
	(void)state;
	VALID(check_prescriber, "2603485", "3326185", "0848402", "2425739", "8000040", "0000000");
	INVALID(check_prescriber, "2603486", "453221", "26034855", "");
}

static void test_crn(void **state)
{
	(void)state;
	VALID(check_crn, "307111942H", "123456789T", "123456789TB");
	INVALID(check_crn, "307111942X", "123456789A", "946916653F", "123456789", "123456789T1",
	        "12345678T", "");
}

static void test_abn(void **state)
{
	(void)state;
	VALID(check_abn, "51824753556", "83914571673");
	INVALID(check_abn, "51824753557", "12345678901", "5182475355", "00000000000", "");
}

static void test_tax(void **state)
{
	(void)state;
	VALID(check_tfn, "123456782", "876543210", "12345677");
	INVALID(check_tfn, "004085616", "123456789", "999999999", "000000000", "1234567",
	        "1234567820", "");
	VALID(check_acn, "004085616", "010499966");
	INVALID(check_acn, "004085617", "000000000", "00408561", "0040856160", "");
}

static void test_safety_net(void **state)
{
	(void)state;
	VALID(check_safety_net, "SN412345672", "CN412345672");
	INVALID(check_safety_net, "SN412345678", "PN412345672", "412345672", "SN41234567",
	        "SN4123456720", "SN", "");
}

static void test_pbs_item(void **state)
{
	(void)state;
	VALID(check_pbs_item, "8254K", "12022R", "02647H", "10001J");
	INVALID(check_pbs_item, "8254J", "825K", "0008254K", "8254", "K", "");
}

static void test_snomed(void **state)
{
	(void)state;
	VALID(check_snomed, "32506021000036107", "900062011000036108", "195967001", "22298006",
	        "138875005");
	INVALID(check_snomed, "32506021000036108", "195967002", "22298007", "11000036107",
	        "022298006", "22298", "1234567890123456789", "22298006a", "");
}

static void test_loinc(void **state)
{
	(void)state;
	VALID(check_loinc, "718-7", "2345-7", "18842-5", "11488-4", "2093-3");
	INVALID(check_loinc, "718-8", "2093-4", "LA29518-0", "7187", "-7", "718-", "12345678-9",
	        "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_medicare),
	        cmocka_unit_test(test_medicare_single_digit_errors),
	        cmocka_unit_test(test_healthcare_identifier),
	        cmocka_unit_test(test_dva),
	        cmocka_unit_test(test_provider),
	        cmocka_unit_test(test_prescriber),
	        cmocka_unit_test(test_crn),
	        cmocka_unit_test(test_abn),
	        cmocka_unit_test(test_tax),
	        cmocka_unit_test(test_safety_net),
	        cmocka_unit_test(test_pbs_item),
	        cmocka_unit_test(test_snomed),
	        cmocka_unit_test(test_loinc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
