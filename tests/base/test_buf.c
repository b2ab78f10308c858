#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/status.h"

static void grows_to_its_maximum_and_no_further(void **state)
{
	struct budget budget;
	struct buf b;

	(void)state;
	budget_init(&budget, 1000);
	buf_init(&b, 300, &budget);
	for (int i = 0; i < 300; i++)
		assert_int_equal(buf_append_byte(&b, (uint8_t)i), STATUS_OK);
	assert_int_equal(buf_append_byte(&b, 1), STATUS_LIMIT);
	assert_int_equal(b.len, 300);
	assert_int_equal(budget.used_bytes, 300);
	buf_free(&b);
	assert_int_equal(budget.used_bytes, 0);
	assert_int_equal(budget.peak_bytes, 300);
}

static void a_part_is_charged_to_the_whole(void **state)
{
	struct budget whole, parts[2];

	(void)state;
	budget_init(&whole, 1000);
	for (int i = 0; i < 2; i++)
		budget_init_part(&parts[i], 700, &whole);
	assert_int_equal(budget_charge(&parts[0], 700), STATUS_OK);
	assert_int_equal(budget_charge(&parts[0], 1), STATUS_LIMIT);
	assert_int_equal(budget_charge(&parts[1], 301), STATUS_LIMIT);
	assert_int_equal(parts[1].used_bytes, 0);
	assert_int_equal(budget_charge(&parts[1], 300), STATUS_OK);
	assert_int_equal(whole.used_bytes, 1000);
	assert_int_equal(whole.refusals, 2);
	budget_release(&parts[0], 700);
	assert_int_equal(parts[0].used_bytes, 0);
	assert_int_equal(whole.used_bytes, 300);
	assert_int_equal(whole.peak_bytes, 1000);
}

static void the_budget_refuses_and_counts(void **state)
{
	struct budget budget;
	struct buf b;

	(void)state;
	budget_init(&budget, 256);
	buf_init(&b, 4096, &budget);
	assert_int_equal(buf_append_text(&b, "hello"), STATUS_OK);
	assert_int_equal(budget.used_bytes, 256);
	b.len = 256;
	assert_int_equal(buf_append_byte(&b, 1), STATUS_LIMIT);
	assert_int_equal(budget.refusals, 1);
	assert_int_equal(b.len, 256);
	assert_int_equal(buf_reserve(&b, 1), STATUS_LIMIT);
	b.len = 255;
	assert_int_equal(buf_reserve(&b, 1), STATUS_OK);
	assert_int_equal(budget_charge(&budget, SIZE_MAX), STATUS_LIMIT);
	buf_free(&b);
}

static void drops_from_the_front(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096, NULL);
	assert_int_equal(buf_printf(&b, "%d-%s", 12, "abc"), STATUS_OK);
	buf_drop_front(&b, 3);
	assert_true(span_equal_text(buf_span(&b), "abc"));
	buf_drop_front(&b, 0);
	assert_int_equal(b.len, 3);
	buf_drop_front(&b, 99);
	assert_int_equal(b.len, 0);
	buf_free(&b);
	buf_free(&b);
	buf_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(grows_to_its_maximum_and_no_further),
	        cmocka_unit_test(the_budget_refuses_and_counts),
	        cmocka_unit_test(a_part_is_charged_to_the_whole),
	        cmocka_unit_test(drops_from_the_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
