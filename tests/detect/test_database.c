/* Conversations with databases, from their bytes to what is found in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "harness.h"
#include "wire.h"

#define NUMBERS 6

static struct harness h;
static struct wire conversation, body;

static int set_up(void **state)
{
	(void)state;
	h.rules = harness_rules();
	harness_open(&h);
	conversation.len = body.len = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	harness_close(&h);
	h.rules = detect_rules_free(h.rules);
	return 0;
}

static void put_packet(uint8_t type)
{
	wire_u8(&conversation, type);
	wire_u8(&conversation, 1);
	wire_be(&conversation, body.len + 8, 2);
	wire_zeros(&conversation, 2);
	wire_u8(&conversation, 1);
	wire_u8(&conversation, 0);
	wire_bytes(&conversation, body.bytes, body.len);
}

/* An invented card. */
static void put_card(unsigned number)
{
	static const unsigned weights[8] = {1, 3, 7, 9, 1, 3, 7, 9};
	char card[16];
	unsigned sum = 0;

	snprintf(card, sizeof(card), "%u%07u", 2 + number % 5, 1000000 + number * 7919);
	for (size_t i = 0; i < 8; i++)
		sum += (unsigned)(card[i] - '0') * weights[i];
	snprintf(card + 8, 4, "%u1", sum % 10);
	wire_le(&body, 2 * strlen(card), 2);
	wire_wide(&body, card);
}

/* One column of that name, of text of 20 characters. */
static void put_answer(const char *column)
{
	wire_u8(&body, 0x81);
	wire_le(&body, 1, 2);
	wire_zeros(&body, 6);
	wire_bytes(&body, "\xe7\x28\x00\x09\x04\xd0\x00\x34", 8);
	wire_u8(&body, (uint8_t)strlen(column));
	wire_wide(&body, column);
	for (unsigned i = 0; i < NUMBERS; i++) {
		wire_u8(&body, 0xd1);
		put_card(i);
	}
	wire_u8(&body, 0xfd);
	wire_zeros(&body, 12);
	put_packet(4);
}

static void run(size_t step)
{
	struct tuple tuple = {.protocol = 6, .dst.port = 1433};
	struct decode_session *s = NULL;
	struct decode_event e;

	assert_int_equal(
	        decode_session_new(&s, &tuple, &decode_default_limits, &h.budget), STATUS_OK);
	for (size_t at = 0; at <= conversation.len; at += step) {
		struct chunk c = {.gap = CHUNK_DATA,
		        .offset = at,
		        .bytes = span_slice(wire_span(&conversation), at, step)};

		if (c.bytes.len > 0)
			assert_int_equal(decode_session_feed(s, &c), STATUS_OK);
		else
			assert_int_equal(decode_session_finish(s, 0), STATUS_OK);
		while (decode_session_next(s, &e) == STATUS_ITEM)
			harness_feed(&h, &e);
	}
	assert_int_equal(decode_session_finish(s, 0), STATUS_OK);
	while (decode_session_next(s, &e) == STATUS_ITEM)
		harness_feed(&h, &e);
	decode_session_free(s);
	harness_finish(&h);
}

/* Whatever the column is called, its numbers vouch for each other. */
static void a_column_of_an_answer(void **state)
{
	(void)state;
	put_answer("c1");
	run(1000);
	assert_int_equal(harness_count(&h, "medicare", TIER_HIGH), NUMBERS);
	assert_int_equal(harness_patients(&h), NUMBERS);
}

static void in_pieces(void **state)
{
	(void)state;
	put_answer("MedicareNo");
	run(1);
	assert_int_equal(harness_count(&h, "medicare", TIER_HIGH), NUMBERS);
}

static void a_statement_in_utf16(void **state)
{
	(void)state;
	wire_wide(&body, "SELECT Notes FROM Patients WHERE Id = 7 -- medicare 29518731251");
	put_packet(1);
	run(64);
	assert_int_equal(harness_count(&h, "medicare", TIER_MEDIUM), 1);
}

static void a_row_that_is_stored(void **state)
{
	(void)state;
	wire_wide(&body, "INSERT INTO Patients (Surname, MedicareNo) VALUES ");
	wire_wide(&body, "(N'CITIZEN', N'29518731251')");
	put_packet(1);
	run(1000);
	assert_int_equal(harness_count(&h, "medicare", TIER_NONE), 1);
	assert_true(harness_highest(&h) >= TIER_MEDIUM);
}

static void a_dump(void **state)
{
	(void)state;
	wire_text(&conversation, "CREATE TABLE p (id int, x text);\nINSERT INTO p VALUES ");
	wire_text(&conversation, "(1,'2123456701'),(2,'29518731251'),(3,'32788511952'),");
	wire_text(&conversation, "(4,'2222222111'),(5,'2951 87312 5/1'),(6,'2123 45670 1'),");
	wire_text(&conversation, "(7,'4951879111');\n");
	run(100);
	assert_int_equal(harness_count(&h, "medicare", TIER_NONE) >= 4, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_column_of_an_answer, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(in_pieces, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(a_statement_in_utf16, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(a_row_that_is_stored, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(a_dump, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
