#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"
#include "wire.h"

#define PORT  5432
#define OTHER 6543

static struct wire a, b, body;

static int set_up(void **state)
{
	(void)state;
	a.len = b.len = body.len = 0;
	return 0;
}

/* What stands in `body`, as a message. */
static void put(struct wire *to, char type)
{
	if (type)
		wire_u8(to, (uint8_t)type);
	wire_be(to, body.len + 4, 4);
	wire_bytes(to, body.bytes, body.len);
	body.len = 0;
}

static void put_text(struct wire *to, char type, const char *text)
{
	wire_string(&body, text);
	put(to, type);
}

static void put_startup(struct wire *to)
{
	wire_be(&body, 196608, 4);
	wire_string(&body, "user");
	wire_string(&body, "clinic");
	wire_string(&body, "database");
	wire_string(&body, "patients");
	wire_string(&body, "application_name");
	wire_string(&body, "extractor");
	wire_u8(&body, 0);
	put(to, 0);
}

static void put_cell(const char *text)
{
	wire_be(&body, text ? strlen(text) : UINT32_MAX, 4);
	wire_text(&body, text ? text : "");
}

static void put_columns(struct wire *to)
{
	static const char *const names[] = {"surname", "medicare_no"};

	wire_be(&body, 2, 2);
	for (size_t i = 0; i < 2; i++) {
		wire_string(&body, names[i]);
		wire_zeros(&body, 18);
	}
	put(to, 'T');
}

static void put_row(struct wire *to, const char *surname, const char *number)
{
	wire_be(&body, 2, 2);
	put_cell(surname);
	put_cell(number);
	put(to, 'D');
}

static void put_answer(struct wire *to)
{
	put_columns(to);
	put_row(to, "CITIZEN", "29518731251");
	put_row(to, NULL, "2123456701");
	put_text(to, 'C', "SELECT 2");
	wire_u8(&body, 'I');
	put(to, 'Z');
}

static void has_all(const struct wire *w, uint16_t port, const char *const *lines, size_t count)
{
	struct transcript t = transcript_bytes(wire_span(w), 0, port);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.summary.malformed, 0);
	assert_string_equal(t.summary.protocol, "postgresql");
	assert_false(transcript_has(&t, "hunter2"));
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	transcript_free(&t);
	assert_true(transcript_stable(wire_span(w), port));
}

static void reads_what_a_client_says(void **state)
{
	static const char *const lines[] = {
	        "0.0 begin database login [database request]\n",
	        "field content key=login [database request] clinic\n",
	        "field software key=program [database request] extractor\n",
	        "SELECT * FROM patients WHERE medicare_no = '29518731251'",
	        "column=medicare_no row=1 column=1 [database request > column 1] 2123456701\n",
	        "UPDATE p SET a = $1",
	        "field content [database request > parameter] 29518731251\n",
	        "0.1 begin table  [database request > table's file]\n",
	        ("column=Surname row=1 column=1 [database request > table's file > column 1] "
	         "O'HARA\n"),
	};

	(void)state;
	put_startup(&a);
	put_text(&a, 'p', "hunter2");
	put_text(&a, 'Q', "SELECT * FROM patients WHERE medicare_no = '29518731251'");
	put_text(&a, 'Q', "INSERT INTO patients (medicare_no) VALUES ('2123456701')");
	wire_string(&body, "s1");
	wire_string(&body, "UPDATE p SET a = $1");
	wire_be(&body, 0, 2);
	put(&a, 'P');
	wire_bytes(&body, "\0\0\0\0\0\2", 6);
	put_cell("29518731251");
	put_cell(NULL);
	wire_be(&body, 0, 2);
	put(&a, 'B');
	put(&a, 'S');
	wire_text(&body, "Surname,Given,MedicareNo\nO'HARA,Pat,29518731251\n");
	put(&a, 'd');
	wire_text(&body, "CITIZEN,Jan,2123456701\n");
	put(&a, 'd');
	put(&a, 'c');
	has_all(&a, OTHER, lines, ARRAY_LEN(lines));
}

static void reads_what_a_server_says(void **state)
{
	static const char *const lines[] = {
	        "field software key=server_version [database answer] 15.18\n",
	        "1.0 begin table  [database answer]\n",
	        "column=surname row=1 column=1 [database answer > column 1] CITIZEN\n",
	        "column=medicare_no row=2 column=2 [database answer > column 2] 2123456701\n",
	        "1.0 begin database message [database answer]\n",
	        "field content key=message [database answer] no such number 2123456701\n",
	};

	(void)state;
	wire_be(&body, 0, 4);
	put(&a, 'R');
	wire_string(&body, "server_version");
	put_text(&a, 'S', "15.18");
	put_answer(&a);
	wire_text(&body, "SERROR");
	wire_u8(&body, 0);
	wire_text(&body, "Mno such number 2123456701");
	wire_u8(&body, 0);
	put_text(&a, 'E', "");
	for (size_t i = 0; i < 2; i++) {
		struct segment segments[] = {
		        {.direction = 1, .bytes = (const char *)a.bytes, .len = a.len},
		};
		struct transcript t = transcript_run(segments, 1, i, OTHER);

		assert_int_equal(t.status, STATUS_OK);
		assert_string_equal(t.summary.protocol, "postgresql");
		assert_int_equal(t.summary.unread_bytes[1], 0);
		for (size_t k = 0; k < ARRAY_LEN(lines); k++)
			if (!transcript_has(&t, lines[k]))
				fail_msg("expected line %zu is missing", k);
		transcript_free(&t);
	}
}

/* A text without its zero ends the reading of that message, and of no other. */
static void a_remark_without_an_end(void **state)
{
	struct segment segment = {.direction = 1};
	struct transcript t;

	(void)state;
	wire_be(&body, 0, 4);
	put(&a, 'R');
	wire_text(&body, "Sa text that does not end");
	put(&a, 'E');
	put_answer(&a);
	segment.bytes = (const char *)a.bytes;
	segment.len = a.len;
	t = transcript_run(&segment, 1, 0, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.malformed, 1);
	assert_true(transcript_has(&t, "column=surname row=1"));
	transcript_free(&t);
}

/* What follows the server's letter is TLS, or it is not. */
static void goes_over_to_tls(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		struct segment segments[4] = {
		        SEGMENT(0, "\x00\x00\x00\x08\x04\xd2\x16\x2f"),
		        {.direction = 1, .bytes = i ? "S" : "N", .len = 1},
		};
		struct transcript t;

		(void)set_up(state);
		if (i) {
			wire_bytes(&a, "\x16\x03\x01\x00\x02hi", 7);
			wire_bytes(&b, "\x16\x03\x03\x00\x02hi", 7);
		} else {
			put_startup(&a);
			wire_be(&body, 0, 4);
			put(&b, 'R');
		}
		segments[2] = (struct segment){.bytes = (const char *)a.bytes, .len = a.len};
		segments[3] = (struct segment){
		        .direction = 1, .bytes = (const char *)b.bytes, .len = b.len};
		t = transcript_run(segments, 4, 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_string_equal(t.summary.protocol, "postgresql");
		assert_int_equal(t.summary.malformed, 0);
		assert_int_equal(transcript_count(&t, "upgrade tls"), i ? 2 : 0);
		assert_int_equal(transcript_has(&t, "key=login"), !i);
		transcript_free(&t);
	}
}

static void a_gap_loses_one_message(void **state)
{
	(void)state;
	put_text(&a, 'Q', "SELECT 'before' FROM a");
	put_text(&b, 'Q', "SELECT 'between' FROM b, and a lot of text behind it that is lost");
	for (size_t cut = 0; cut < b.len - 1; cut++) {
		for (size_t missing = 1; missing < b.len - cut; missing += 7) {
			static struct wire rest;
			struct segment segments[] = {
			        {.bytes = (const char *)a.bytes, .len = a.len},
			        {.bytes = (const char *)b.bytes, .len = cut},
			        {.gap_bytes = missing},
			        {.bytes = (const char *)rest.bytes},
			};
			struct transcript t;

			rest.len = 0;
			wire_bytes(&rest, b.bytes + cut + missing, b.len - cut - missing);
			put_text(&rest, 'Q', "SELECT 'behind' FROM c");
			segments[3].len = rest.len;
			t = transcript_run(segments, 4, 0, PORT);
			assert_int_equal(t.status, STATUS_OK);
			assert_int_equal(t.budget_left_used, 0);
			assert_true(transcript_has(&t, "'before'"));
			if (cut >= 5) /* before, nothing says where it ends */
				assert_true(transcript_has(&t, "'behind'"));
			transcript_free(&t);
		}
	}
}

static struct transcript answers(const struct wire *w, size_t step)
{
	struct segment segment = {.direction = 1, .bytes = (const char *)w->bytes, .len = w->len};
	struct transcript t = transcript_run(&segment, 1, step, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	return t;
}

/* A row that announces more values than it has: what follows it is no part of it. */
static void values_end_with_their_message(void **state)
{
	struct transcript t;

	(void)state;
	for (size_t step = 0; step < 2; step++) {
		(void)set_up(state);
		put_columns(&a);
		wire_be(&body, 2, 2);
		put(&a, 'D');
		put_answer(&a);
		t = answers(&a, step);
		assert_int_equal(t.summary.malformed, 1);
		assert_true(transcript_has(&t, "column=medicare_no row=1 column=2"));
		assert_true(transcript_has(&t, "2123456701"));
		transcript_free(&t);
	}
}

/* What a message says of its length is not what has come. */
static void counts_only_what_came(void **state)
{
	struct transcript t;
	uint64_t len;

	(void)state;
	put_answer(&a);
	len = a.len;
	wire_u8(&a, 'T');
	wire_be(&a, 1 << 20, 4);
	wire_be(&a, 5000, 2);
	wire_text(&a, "nothing more");
	t = answers(&a, 0);
	assert_int_equal(t.summary.limits_hit, 1);
	assert_int_equal(t.summary.unread_bytes[1], a.len - len - 7);
	transcript_free(&t);
}

/* Texts are written the same in both forms; numbers in binary form say nothing. */
static void reads_texts_in_binary_form(void **state)
{
	static const char *const lines[] = {
	        "field content [database request > parameter] 29518731251\n",
	};

	(void)state;
	put_startup(&a);
	wire_bytes(&body, "\0\0\0\1\0\1\0\3", 8);
	put_cell("29518731251");
	wire_bytes(&body, "\0\0\0\4\0\0\0\7", 8);
	wire_bytes(&body, "\0\0\0\2\xff\xfe", 6);
	wire_be(&body, 0, 2);
	put(&a, 'B');
	has_all(&a, OTHER, lines, ARRAY_LEN(lines));
}

/* Arguments of functions carry large objects; what is let known to others is text. */
static void tells_what_is_not_read(void **state)
{
	struct transcript t;

	(void)state;
	put_startup(&a);
	put_text(&a, 'F', "a large object");
	t = transcript_bytes(wire_span(&a), 0, PORT);
	assert_int_equal(t.summary.unread_bytes[0], sizeof("a large object"));
	assert_int_equal(t.summary.unread_reason, STREAM_UNKNOWN);
	transcript_free(&t);
	put_answer(&b);
	wire_be(&body, 7, 4);
	wire_string(&body, "recalls");
	put_text(&b, 'A', "29518731251 is due");
	put_text(&b, 'V', "a large object");
	t = answers(&b, 0);
	assert_true(transcript_has(&t, "key=notice [database answer] 29518731251 is due\n"));
	assert_int_equal(t.summary.unread_bytes[1], sizeof("a large object"));
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(reads_what_a_client_says, set_up),
	        cmocka_unit_test_setup(reads_what_a_server_says, set_up),
	        cmocka_unit_test_setup(a_remark_without_an_end, set_up),
	        cmocka_unit_test_setup(goes_over_to_tls, set_up),
	        cmocka_unit_test_setup(a_gap_loses_one_message, set_up),
	        cmocka_unit_test_setup(values_end_with_their_message, set_up),
	        cmocka_unit_test_setup(counts_only_what_came, set_up),
	        cmocka_unit_test_setup(reads_texts_in_binary_form, set_up),
	        cmocka_unit_test_setup(tells_what_is_not_read, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
