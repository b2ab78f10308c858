#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/number_format.h"

static void codes_of_dates_are_known(void **state)
{
	static const struct {
		const char *code;
		enum number_format format;
	} codes[] = {
	        {"General", NUMBER_PLAIN},
	        {"0.00E+00", NUMBER_PLAIN},
	        {"#,##0.00;[Red]-#,##0.00", NUMBER_PLAIN},
	        {"0\" days\"", NUMBER_PLAIN},
	        {"0 \\d", NUMBER_PLAIN},
	        {"_-* #,##0_d", NUMBER_PLAIN},
	        {"[Magenta]0", NUMBER_PLAIN},
	        {"0;dd/mm/yyyy", NUMBER_PLAIN},
	        {"@", NUMBER_PLAIN},
	        {"", NUMBER_PLAIN},
	        {"0\"d", NUMBER_DATE}, /* a quotation mark that never closes quotes nothing */
	        {"yyyy-mm-dd", NUMBER_DATE},
	        {"dd/mm/yyyy;@", NUMBER_DATE},
	        {"[$-C09]dddd, d mmmm yyyy", NUMBER_DATE},
	        {"D-MMM", NUMBER_DATE},
	        {"mmmm", NUMBER_DATE},
	        {"m/d/yy h:mm", NUMBER_DATE},
	        {"h:mm AM/PM", NUMBER_TIME},
	        {"mm:ss", NUMBER_TIME},
	        {"[h]:mm", NUMBER_TIME},
	        {"[mm]", NUMBER_TIME},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_int_equal(number_format_of(codes[i].code), codes[i].format);
}

static void formats_without_a_code_are_known(void **state)
{
	(void)state;
	for (unsigned id = 0; id < 200; id++) {
		enum number_format expected = NUMBER_PLAIN;

		if ((id >= 14 && id <= 17) || id == 22)
			expected = NUMBER_DATE;
		if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47))
			expected = NUMBER_TIME;
		assert_int_equal(number_format_builtin(id), expected);
	}
}

static void numbers_become_texts(void **state)
{
	static const struct {
		const char *number;
		enum number_format format;
		bool from_1904;
		const char *text;
	} numbers[] = {
	        {"0", NUMBER_PLAIN, false, "0"},
	        {"30", NUMBER_PLAIN, false, "30"},
	        {"3.0000000000000004", NUMBER_PLAIN, false, "3"},
	        {"999999999999999", NUMBER_PLAIN, false, "999999999999999"},
	        {"1E15", NUMBER_PLAIN, false, "1E+15"},
	        {"1", NUMBER_DATE, false, "1900-01-01"},
	        {"59", NUMBER_DATE, false, "1900-02-28"},
	        {"60", NUMBER_DATE, false, "1900-02-29"},
	        {"61", NUMBER_DATE, false, "1900-03-01"},
	        {"25569", NUMBER_DATE, false, "1970-01-01"},
	        {"45351", NUMBER_DATE, false, "2024-02-29"},
	        {"0", NUMBER_DATE, false, "0"},
	        {"0", NUMBER_DATE, true, "1904-01-01"},
	        {"60", NUMBER_DATE, true, "1904-03-01"},
	        {"43844", NUMBER_DATE, true, "2024-01-15"},
	        {"2957003", NUMBER_DATE, true, "9999-12-31"},
	        {"2957004", NUMBER_DATE, true, "2957004"},
	        {"2958465", NUMBER_DATE, false, "9999-12-31"},
	        {"2958465.9999999", NUMBER_DATE, false, "2958465.9999999"},
	        {"-1", NUMBER_DATE, false, "-1"},
	        {"1E+300", NUMBER_DATE, false, "1E+300"},
	        {"45306.25", NUMBER_DATE, false, "2024-01-15 06:00"},
	        {"45306.999999", NUMBER_DATE, false, "2024-01-16"},
	        {"0.5", NUMBER_TIME, false, "12:00"},
	        {"0.50001157407", NUMBER_TIME, false, "12:00:01"},
	        {"2.5", NUMBER_TIME, false, "2.5"},
	};
	static const char *const none[] = {"", "x", "1x", "nan", "inf", "0x10", "1E999", "--1",
	        "1 ", "1,5", "+", "000000000000000000000000000000000001"};
	char text[NUMBER_TEXT_CHARS] = "as before";

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_false(number_text(span_of_text(none[i]), NUMBER_DATE, false, text));
		assert_string_equal(text, "as before");
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_true(number_text(span_of_text(numbers[i].number), numbers[i].format,
		        numbers[i].from_1904, text));
		assert_string_equal(text, numbers[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(codes_of_dates_are_known),
	        cmocka_unit_test(formats_without_a_code_are_known),
	        cmocka_unit_test(numbers_become_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
