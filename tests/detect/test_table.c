/* Tables: the column-run rule on both sides of its limits, labels, patient lists, many rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "harness.h"

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

static int open_table(void **state)
{
	(void)state;
	harness_open(&h);
	harness_begin(&h, CARRIER_TABLE, "");
	return 0;
}

static int close_table(void **state)
{
	(void)state;
	harness_close(&h);
	return 0;
}

/* An invented card with a right or a wrong check digit. */
static void card(unsigned number, bool valid, char ret[static 16])
{
	static const unsigned weights[8] = {1, 3, 7, 9, 1, 3, 7, 9};
	char stem[16];
	unsigned sum = valid ? 0 : 1;

	snprintf(stem, sizeof(stem), "%u%07u", 2 + number % 5, 1000000 + number * 7919);
	for (size_t i = 0; i < 8; i++)
		sum += (unsigned)(stem[i] - '0') * weights[i];
	snprintf(ret, 16, "%.8s%u1", stem, sum % 10);
}

static void cards(unsigned from, unsigned count, bool valid, const char *header)
{
	for (unsigned i = from; i < from + count; i++) {
		char value[16];

		card(i, valid, value);
		harness_cell(&h, 3, i + 1, header, value);
	}
}

static void test_run_without_header(void **state)
{
	(void)state;
	cards(0, 4, true, "");
	assert_int_equal(h.count, 0);
	cards(4, 1, true, "");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "medicare", TIER_HIGH), 5);
	assert_int_equal(harness_patients(&h), 5);
	assert_string_equal(harness_find(&h, "medicare")->place, "table > column 3");
}

static void test_four_are_no_run(void **state)
{
	(void)state;
	cards(0, 4, true, "reference");
	cards(0, 4, true, "reference"); /* again the same four */
	harness_end(&h);
	assert_int_equal(harness_count(&h, "medicare", TIER_WEAK), 8);
	assert_int_equal(harness_patients(&h), 0);
}

static void test_pass_rate(void **state)
{
	(void)state;
	/* 6 of 10 is enough, 5 of 9 is not. */
	cards(100, 4, false, "");
	cards(0, 5, true, "");
	harness_cell(&h, 3, 99, "", "  ");
	assert_int_equal(h.count, 0);
	cards(5, 1, true, "");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "medicare", TIER_HIGH), 6);
}

static void test_rate_falls(void **state)
{
	(void)state;
	cards(0, 5, true, "");
	cards(100, 50, false, "");
	cards(5, 1, true, "");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "medicare", TIER_HIGH), 5);
	assert_int_equal(harness_count(&h, "medicare", TIER_WEAK), 1);
}

static void test_serial_numbers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		char value[16];

		snprintf(value, sizeof(value), "%u", 2000000000u + i);
		harness_cell(&h, 1, i, "id", value);
	}
	harness_end(&h);
	assert_int_equal(harness_highest(&h), TIER_WEAK);
}

/* Stock numbers that look like veterans' numbers pass together: a header must vouch for them. */
static void test_listed_kind_needs_header(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		char value[16];

		snprintf(value, sizeof(value), "TX%06u", 100000 + i);
		harness_cell(&h, 1, i, "sku", value);
		harness_cell(&h, 2, i, "DVA No", value);
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "dva", TIER_HIGH), 20);
	assert_int_equal(harness_count(&h, "dva", TIER_WEAK), 20);
}

static void test_labelled_column(void **state)
{
	(void)state;
	cards(0, 1, true, "Medicare No.");
	cards(200, 1, false, "Medicare No.");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "medicare", TIER_MEDIUM), 2);
	assert_int_equal(harness_patients(&h), 2);
}

/* One labelled number in one comment of an extract without names. */
static void test_comment_in_extract(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 160; i++) {
		harness_cell(&h, 1, i, "age_group", "20-29");
		harness_cell(&h, 2, i, "sex", i % 2 ? "F" : "M");
		harness_cell(&h, 3, i, "comment",
		        i == 117 ? "recall overdue, check Medicare number 2123 45670 1" : "");
	}
	harness_end(&h);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.findings[0].tier, TIER_MEDIUM);
	assert_int_equal(h.findings[0].class, CLASS_PATIENT);
	assert_int_equal(h.findings[0].category, CATEGORY_IDENTIFIERS);
	assert_int_equal(h.findings[0].count, 1);
}

static void test_patient_list(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 465; i++) {
		char value[16];

		card(i, true, value);
		harness_cell(&h, 1, i, "Surname", "Quennevar");
		harness_cell(&h, 2, i, "DOB", "03/07/1931");
		harness_cell(&h, 3, i, "MedicareNo", value);
		harness_cell(&h, 4, i, "Phone", "0491 570 101");
		harness_cell(&h, 5, i, "Diagnosis", "Asthma");
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "medicare", TIER_HIGH), 465);
	assert_int_equal(harness_count(&h, "patient-name", TIER_HIGH), 465);
	assert_int_equal(harness_count(&h, "phone", TIER_HIGH), 465);
	assert_int_equal(harness_count(&h, "diagnosis", TIER_HIGH), 465);
	assert_int_equal(harness_count(&h, "patient-table", TIER_HIGH), 1);
	assert_int_equal(harness_patients(&h), 465);
	assert_true(h.count < 465 + 40);
}

static void test_names_and_dates(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		harness_cell(&h, 1, i, "last_name", "Quennevar");
		harness_cell(&h, 2, i, "Date of Birth", "1931-07-03");
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "patient-table", TIER_HIGH), 1);
	assert_int_equal(harness_count(&h, "birth-date", TIER_HIGH), 6);
}

static void test_staff_list(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		harness_cell(&h, 1, i, "Doctor Name", "Vandermolly");
		harness_cell(&h, 2, i, "Provider No", "2426621B");
		harness_cell(&h, 3, i, "phone", "02 9999 0000");
	}
	harness_end(&h);
	assert_int_equal(harness_highest(&h), TIER_WEAK);
	assert_int_equal(harness_count(&h, "provider-number", TIER_DIRECTORY), 6);
}

static void test_deidentified(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		harness_cell(&h, 1, i, "YearOfBirth", "1960");
		harness_cell(&h, 2, i, "Diagnosis", "Asthma");
		harness_cell(&h, 3, i, "Medication", "Salbutamol");
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "deidentified-table", TIER_MEDIUM), 1);
	assert_int_equal(harness_find(&h, "deidentified-table")->class, CLASS_CARRIER);
	assert_int_equal(harness_find(&h, "deidentified-table")->category, CATEGORY_DEIDENTIFIED);
	assert_int_equal(harness_count(&h, "diagnosis", TIER_MEDIUM), 0);
}

#define PEOPLE 8

static const char *const people[PEOPLE] = {"Quennevar, Zephrina", "Tollemande, Ruby May",
        "O'Brannigan, Finn", "Vandermolly, Ines", "Kestrelby, Hugo", "Ashgrovian, Mei",
        "Pellworthy, Jack", "Dunmarrick, Olive"};
static const char *const births[PEOPLE] = {"03/07/1931", "12-Mar-2016", "1956-09-02 00:00:00",
        "28/11/1988", "1/02/1974", "19 Aug 2009", "30/06/1962", "14/10/1997"};
static const char *const starts[PEOPLE] = {"03/07/2011", "12-Mar-2016", "2006-09-02 00:00:00",
        "28/11/2018", "1/02/2024", "19 Aug 2009", "30/06/2012", "14/10/2017"};

/* Eight people: their names, dates, and one thing more. */
static void people_table(const char *name, const char *date, const char *const *dates,
        const char *header, const char *const more[static 2])
{
	for (unsigned i = 0; i < PEOPLE; i++) {
		harness_cell(&h, 1, i + 1, name, people[i]);
		harness_cell(&h, 2, i + 1, date, dates[i]);
		harness_cell(&h, 3, i + 1, header, more[i % 2]);
	}
	harness_end(&h);
}

static void test_list_without_headers(void **state)
{
	static const char *const sexes[] = {"F", "M"};

	(void)state;
	people_table("", "", births, "", sexes);
	assert_int_equal(harness_count(&h, "patient-table", TIER_MEDIUM), 1);
	assert_int_equal(harness_find(&h, "patient-table")->class, CLASS_PATIENT);
}

static void test_list_with_own_headers(void **state)
{
	static const char *const phones[] = {"0491 570 156", "(02) 5550 1234"};

	(void)state;
	people_table("Who", "Born", births, "Reach on", phones);
	assert_int_equal(harness_count(&h, "patient-table", TIER_MEDIUM), 1);
}

/* A header that names the date is enough: they may all be of one age. */
static void test_labelled_births(void **state)
{
	static const char *const sexes[] = {"Female", "Male"};

	(void)state;
	people_table("Who", "D.O.B.", starts, "S", sexes);
	assert_int_equal(harness_count(&h, "patient-table", TIER_MEDIUM), 1);
}

static void test_labelled_births_with_month_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PEOPLE; i++) {
		harness_cell(&h, 1, i + 1, "Surname", "Quennevar");
		harness_cell(&h, 2, i + 1, "DOB", "12-Mar-1956");
	}
	harness_end(&h);
	assert_int_equal(harness_count(&h, "patient-table", TIER_HIGH), 1);
}

/* Orders, visits and players: dates of few years. */
static void test_dates_of_few_years(void **state)
{
	static const char *const phones[] = {"0491 570 156", "0491 570 157"};

	(void)state;
	people_table("Customer", "Ordered", starts, "Phone no", phones);
	assert_int_equal(harness_count(&h, "patient-table", TIER_NONE), 0);
	assert_true(harness_highest(&h) < TIER_MEDIUM);
}

/* Births of all ages, but nothing else that is known of patients: authors, politicians. */
static void test_births_alone(void **state)
{
	static const char *const works[] = {"The Long Paddock (novel, 3 parts)", "17 poems"};

	(void)state;
	people_table("Author", "Born", births, "Work", works);
	assert_int_equal(harness_count(&h, "patient-table", TIER_NONE), 0);
	assert_true(harness_highest(&h) < TIER_MEDIUM);
}

static void test_times_are_no_births(void **state)
{
	static const char *const sexes[] = {"F", "M"};
	static const char *times[PEOPLE] = {"1931-07-03 10:15:00", "2016-03-12 09:01:44",
	        "1956-09-02 17:30:00", "1988-11-28 08:00:00", "1974-02-01 23:59:59",
	        "2009-08-19 10:10:10", "1962-06-30 11:11:11", "1997-10-14 01:02:03"};

	(void)state;
	people_table("", "", times, "", sexes);
	assert_int_equal(harness_count(&h, "patient-table", TIER_NONE), 0);
}

static void payroll(const char *last, const char *value)
{
	for (unsigned i = 0; i < PEOPLE; i++) {
		harness_cell(&h, 1, i + 1, "Surname", "Vandermolly");
		harness_cell(&h, 2, i + 1, "DOB", births[i]);
		harness_cell(&h, 3, i + 1, "Employee No", "10417");
		harness_cell(&h, 4, i + 1, last, value);
	}
	harness_end(&h);
}

static void test_payroll(void **state)
{
	(void)state;
	payroll("Mobile", "0491 570 156");
	assert_int_equal(harness_count(&h, "patient-table", TIER_NONE), 0);
	assert_true(harness_highest(&h) < TIER_MEDIUM);
}

/* Vaccinations of a firm's employees are of patients. */
static void test_employees_as_patients(void **state)
{
	(void)state;
	payroll("Vaccine", "Influenza");
	assert_int_equal(harness_count(&h, "patient-table", TIER_HIGH), 1);
}

/* More columns than are kept: the rest are still looked through. */
static void test_wide_table(void **state)
{
	(void)state;
	for (uint32_t column = 1; column <= 1400; column++)
		harness_cell(&h, column, 1, "", "medicare 2123456701");
	harness_end(&h);
	assert_int_equal(harness_count(&h, "medicare", TIER_MEDIUM), 1400);
	assert_int_equal(harness_patients(&h), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_table, close_table)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_run_without_header),
	        TEST(test_four_are_no_run),
	        TEST(test_pass_rate),
	        TEST(test_rate_falls),
	        TEST(test_serial_numbers),
	        TEST(test_listed_kind_needs_header),
	        TEST(test_labelled_column),
	        TEST(test_comment_in_extract),
	        TEST(test_patient_list),
	        TEST(test_names_and_dates),
	        TEST(test_staff_list),
	        TEST(test_deidentified),
	        TEST(test_list_without_headers),
	        TEST(test_list_with_own_headers),
	        TEST(test_labelled_births),
	        TEST(test_labelled_births_with_month_names),
	        TEST(test_dates_of_few_years),
	        TEST(test_births_alone),
	        TEST(test_times_are_no_births),
	        TEST(test_payroll),
	        TEST(test_employees_as_patients),
	        TEST(test_wide_table),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
