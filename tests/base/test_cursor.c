#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cursor.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void reads_both_orders(void **state)
{
	struct cursor c = cursor_open_bytes(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_u16be(&c), 0x0203);
	assert_int_equal(cursor_u16le(&c), 0x0504);
	assert_int_equal(cursor_u24be(&c), 0x060708);
	assert_int_equal(cursor_left(&c), 1);
	assert_false(cursor_failed(&c));
	assert_int_equal(cursor_u32be(&c), 0);
	assert_true(cursor_failed(&c));
	assert_int_equal(cursor_u8(&c), 0); /* the error stays, though a byte is left */
	c = cursor_open_bytes(bytes, sizeof(bytes));
	assert_true(cursor_u64le(&c) == UINT64_C(0x0807060504030201));
	c = cursor_open_bytes(bytes, sizeof(bytes));
	assert_true(cursor_u64be(&c) == UINT64_C(0x0102030405060708));
	c = cursor_open_bytes(bytes, sizeof(bytes));
	assert_int_equal(cursor_u32be(&c), 0x01020304);
	assert_int_equal(cursor_u32le(&c), 0x08070605);
}

static void nothing_escapes_a_sub_cursor(void **state)
{
	struct cursor c = cursor_open_bytes(bytes, sizeof(bytes));
	struct cursor sub = cursor_sub(&c, 3);

	(void)state;
	assert_int_equal(cursor_left(&sub), 3);
	assert_int_equal(cursor_left(&c), 6);
	cursor_skip(&sub, 4);
	assert_true(cursor_failed(&sub));
	assert_false(cursor_failed(&c));
	assert_int_equal(cursor_u8(&c), 4);
	sub = cursor_sub(&c, 6); /* one more than there is */
	assert_true(cursor_failed(&sub));
	assert_true(cursor_failed(&c));
}

static void huge_lengths_do_not_wrap(void **state)
{
	struct cursor c = cursor_open_bytes(bytes, sizeof(bytes));
	uint8_t out[4] = {9, 9, 9, 9};

	(void)state;
	cursor_skip(&c, SIZE_MAX);
	assert_true(cursor_failed(&c));
	c = cursor_open_bytes(bytes, 3);
	cursor_copy(&c, out, sizeof(out));
	assert_true(cursor_failed(&c));
	assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
	c = cursor_open_bytes(NULL, 0);
	assert_int_equal(cursor_rest(&c).len, 0);
	assert_false(cursor_failed(&c));
	assert_int_equal(cursor_peek(&c, 0), -1);
}

static void spans_compare_and_search(void **state)
{
	struct span s = span_of_text("  Content-Type \t");
	uint64_t value = 7;

	(void)state;
	assert_true(span_equal_nocase(span_trim(s), "content-type"));
	assert_true(span_starts(span_trim(s), "Content"));
	assert_int_equal(span_find(s, span_of_text("Type")), 10);
	assert_true(span_find(s, span_of_text("type")) == SIZE_MAX);
	assert_int_equal(span_slice(s, 100, 5).len, 0);
	assert_true(span_to_u64(span_of_text("42"), 42, &value));
	assert_int_equal(value, 42);
	assert_false(span_to_u64(span_of_text("43"), 42, &value));
	assert_false(span_to_u64(span_of_text("9"), 8, &value));
	assert_false(span_to_u64(span_of_text("4x"), 100, &value));
	assert_false(span_to_u64(span_of_text(""), 100, &value));
	assert_int_equal(value, 42);
	assert_true(span_to_u64(span_of_text("18446744073709551615"), UINT64_MAX, &value));
	assert_false(span_to_u64(span_of_text("18446744073709551616"), UINT64_MAX, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_both_orders),
	        cmocka_unit_test(nothing_escapes_a_sub_cursor),
	        cmocka_unit_test(huge_lengths_do_not_wrap),
	        cmocka_unit_test(spans_compare_and_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
