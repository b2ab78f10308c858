#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/category.h"

#define BIT(c) (UINT32_C(1) << (c))

static void names_go_round(void **state)
{
	enum category c = CATEGORY_UNKNOWN;
	char text[CATEGORY_SET_CHARS];

	(void)state;
	for (unsigned i = 0; i < CATEGORIES; i++) {
		assert_true(category_parse(category_name((enum category)i), &c));
		assert_int_equal(c, i);
	}
	assert_false(category_parse("Contact", &c));
	category_set_format(BIT(CATEGORIES) - 1, text);
	assert_non_null(strstr(text, "telemetry|unknown"));
	category_set_format(0, text);
	assert_string_equal(text, "");
}

static void a_document_covers_the_patient_it_names(void **state)
{
	category_set results = category_set_covers(BIT(CATEGORY_RESULTS));
	category_set deid = category_set_covers(BIT(CATEGORY_DEIDENTIFIED));
	category_set full = category_set_covers(BIT(CATEGORY_FULL_DB));

	(void)state;
	assert_true(results & BIT(CATEGORY_IDENTIFIERS));
	assert_true(results & BIT(CATEGORY_CONTACT));
	assert_false(results & BIT(CATEGORY_LETTERS));
	assert_int_equal(deid, BIT(CATEGORY_DEIDENTIFIED));
	assert_true(full & BIT(CATEGORY_LETTERS));
	assert_false(full & BIT(CATEGORY_AUDIO));
	assert_true(category_set_covers(BIT(CATEGORY_APPOINTMENT)) & BIT(CATEGORY_CONTACT));
	assert_false(category_set_covers(BIT(CATEGORY_APPOINTMENT)) & BIT(CATEGORY_IDENTIFIERS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_go_round),
	        cmocka_unit_test(a_document_covers_the_patient_it_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
