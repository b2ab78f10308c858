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

#define PORT  3306
#define OTHER 33060

#define CAN_DATABASE 0x8u
#define CAN_COMPRESS 0x20u
#define CAN_41       0x200u
#define CAN_TLS      0x800u
#define CAN_SECURE   0x8000u

static struct wire a, b, body;

static int set_up(void **state)
{
	(void)state;
	a.len = b.len = body.len = 0;
	return 0;
}

/* What stands in `body`, as a packet. */
static void put(struct wire *to, uint8_t sequence)
{
	wire_le(to, body.len, 3);
	wire_u8(to, sequence);
	wire_bytes(to, body.bytes, body.len);
	body.len = 0;
}

static void put_greeting(struct wire *to, uint32_t can)
{
	wire_u8(&body, 10);
	wire_string(&body, "10.11.6-MariaDB");
	wire_le(&body, 7, 4);
	wire_string(&body, "12345678");
	wire_le(&body, can, 2);
	wire_zeros(&body, 18);
	put(to, 0);
}

static void put_login(struct wire *to, uint32_t can)
{
	wire_le(&body, can, 4);
	wire_le(&body, 1 << 24, 4);
	wire_u8(&body, 45);
	wire_zeros(&body, 23);
	if (can & CAN_TLS) {
		put(to, 1);
		return;
	}
	wire_string(&body, "clinic");
	wire_u8(&body, 7);
	wire_text(&body, "hunter2");
	wire_string(&body, "patients");
	put(to, 1);
}

static void put_command(struct wire *to, uint8_t command, const char *text)
{
	wire_u8(&body, command);
	wire_text(&body, text);
	put(to, 0);
}

static void put_lenenc(const char *text)
{
	wire_u8(&body, (uint8_t)strlen(text));
	wire_text(&body, text);
}

static void put_column(struct wire *to, uint8_t sequence, const char *name, uint8_t type)
{
	put_lenenc("def");
	put_lenenc("db");
	put_lenenc("p");
	put_lenenc("p");
	put_lenenc(name);
	put_lenenc(name);
	wire_u8(&body, 12);
	wire_le(&body, 45, 2);
	wire_le(&body, 100, 4);
	wire_u8(&body, type);
	wire_zeros(&body, 5);
	put(to, sequence);
}

static void put_end(struct wire *to, uint8_t sequence)
{
	wire_bytes(&body, "\xfe\0\0\2\0", 5);
	put(to, sequence);
}

static void put_ok(struct wire *to, uint8_t sequence)
{
	wire_bytes(&body, "\0\0\0\2\0\0\0", 7);
	put(to, sequence);
}

static void put_head(struct wire *to)
{
	wire_u8(&body, 2);
	put(to, 1);
	put_column(to, 2, "Surname", 0xfd);
	put_column(to, 3, "MedicareNo", 0xfd);
	put_end(to, 4);
}

static void put_answer(struct wire *to)
{
	put_head(to);
	put_lenenc("CITIZEN");
	put_lenenc("29518731251");
	put(to, 5);
	wire_u8(&body, 0xfb);
	put_lenenc("2123456701");
	put(to, 6);
	put_end(to, 7);
}

static void has_all(const struct transcript *t, const char *const *lines, size_t count)
{
	assert_int_equal(t->status, STATUS_OK);
	assert_int_equal(t->budget_left_used, 0);
	assert_int_equal(t->summary.malformed, 0);
	assert_string_equal(t->summary.protocol, "mysql");
	assert_false(transcript_has(t, "hunter2"));
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(t, lines[i]))
			fail_msg("expected line %zu is missing", i);
}

static void reads_what_a_client_says(void **state)
{
	static const char *const lines[] = {
	        "field content key=login [database request] clinic\n",
	        "field content key=database [database request] patients\n",
	        "SELECT 1 FROM p WHERE MedicareNo = '29518731251'",
	        "column=MedicareNo row=1 column=1 [database request > column 1] 2123456701\n",
	};
	struct transcript t;

	(void)state;
	put_login(&a, CAN_41 | CAN_SECURE | CAN_DATABASE);
	put_command(&a, 3, "SELECT 1 FROM p WHERE MedicareNo = '29518731251'");
	put_command(&a, 14, "");
	wire_u8(&body, 3);
	wire_bytes(&body, "\0\1", 2); /* no attributes of the query */
	wire_text(&body, "INSERT INTO p (MedicareNo) VALUES ('2123456701')");
	put(&a, 0);
	t = transcript_bytes(wire_span(&a), 0, OTHER);
	has_all(&t, lines, ARRAY_LEN(lines));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	assert_true(transcript_stable(wire_span(&a), OTHER));
	a.len = 0; /* in the middle of a conversation */
	put_command(&a, 3, "select MedicareNo from p");
	t = transcript_bytes(wire_span(&a), 0, OTHER);
	assert_string_equal(t.summary.protocol, "mysql");
	transcript_free(&t);
	assert_true(transcript_stable(wire_span(&a), OTHER));
}

static void reads_rows(void **state)
{
	static const char *const lines[] = {
	        "field software key=server [database answer] 10.11.6-MariaDB\n",
	        "1.0 begin table  [database answer]\n",
	        "column=Surname row=1 column=1 [database answer > column 1] CITIZEN\n",
	        "column=MedicareNo row=2 column=2 [database answer > column 2] 2123456701\n",
	};

	(void)state;
	put_greeting(&a, CAN_41);
	put_ok(&a, 2);
	put_answer(&a);
	put_ok(&a, 1);
	for (size_t step = 0; step < 3; step++) {
		struct segment segments[] = {
		        {.direction = 1, .bytes = (const char *)a.bytes, .len = a.len},
		};
		struct transcript t = transcript_run(segments, 1, step, OTHER);

		has_all(&t, lines, ARRAY_LEN(lines));
		assert_int_equal(t.summary.unread_bytes[1], 0);
		assert_int_equal(transcript_count(&t, "begin table"), 1);
		transcript_free(&t);
	}
	a.len = 0;
	put_answer(&a); /* known by the first description alone */
	assert_true(transcript_stable(wire_span(&a), OTHER));
}

/* Parameters are known by what the server said of the statement, rows by what was asked. */
static void reads_prepared_statements(void **state)
{
	static const char *const lines[] = {
	        "SELECT a FROM p WHERE b = ? AND c = ?",
	        "0.0 begin database execute [database request]\n",
	        "field content [database request > parameter] 29518731251\n",
	        "field content [database request > parameter] 42\n",
	        "column=Dob row=1 column=1 [database answer > column 1] 1950-07-01\n",
	        "column=MedicareNo row=1 column=2 [database answer > column 2] 2123456701\n",
	};
	static struct wire parts[4];
	struct segment segments[4];
	struct transcript t;

	(void)state;
	memset(parts, 0, sizeof(parts));
	put_command(&parts[0], 0x16, "SELECT a FROM p WHERE b = ? AND c = ?");
	wire_bytes(&body, "\0\1\0\0\0\2\0\2\0\0\0\0", 12);
	put(&parts[1], 1);
	for (uint8_t i = 0; i < 2; i++)
		put_column(&parts[1], (uint8_t)(2 + i), "?", 0xfd);
	put_end(&parts[1], 4);
	for (uint8_t i = 0; i < 2; i++)
		put_column(&parts[1], (uint8_t)(5 + i), "x", 0xfd);
	put_end(&parts[1], 7);
	wire_bytes(&body, "\x17\1\0\0\0\0\1\0\0\0\0\1\xfd\0\3\0", 16);
	put_lenenc("29518731251");
	wire_le(&body, 42, 4);
	put(&parts[2], 0);
	wire_u8(&body, 2);
	put(&parts[3], 1);
	put_column(&parts[3], 2, "Dob", 10);
	put_column(&parts[3], 3, "MedicareNo", 0xfd);
	put_end(&parts[3], 4);
	wire_bytes(&body, "\0\0\4\x9e\7\7\1", 7);
	put_lenenc("2123456701");
	put(&parts[3], 5);
	put_end(&parts[3], 6);
	for (uint8_t i = 0; i < 4; i++)
		segments[i] = (struct segment){.direction = i & 1,
		        .bytes = (const char *)parts[i].bytes,
		        .len = parts[i].len};
	for (size_t step = 0; step < 4; step++) {
		t = transcript_run(segments, 4, step, PORT);
		has_all(&t, lines, ARRAY_LEN(lines));
		assert_int_equal(t.summary.unread_bytes[0] + t.summary.unread_bytes[1], 0);
		transcript_free(&t);
	}
}

/* A file that the server asks for is a table of its own. */
static void reads_a_file(void **state)
{
	struct transcript t;

	(void)state;
	put_command(&a, 3, "LOAD DATA LOCAL INFILE 'x' INTO TABLE p");
	wire_text(&body, "Surname,Given,MedicareNo\nCITIZEN,Jan,29518731251\n");
	put(&a, 2);
	put(&a, 3);
	t = transcript_bytes(wire_span(&a), 0, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.malformed, 0);
	assert_true(transcript_has(&t, "column=MedicareNo row=1 column=3 [database request > "
	                               "table's file > column 3] 29518731251\n"));
	transcript_free(&t);
	assert_true(transcript_stable(wire_span(&a), PORT));
}

static void what_is_not_looked_into(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		uint32_t can = CAN_41 | CAN_SECURE | CAN_DATABASE | (i ? CAN_TLS : CAN_COMPRESS);
		static struct wire more;
		struct segment segments[3];
		struct transcript t;

		(void)set_up(state);
		more.len = 0;
		put_greeting(&b, can);
		put_login(&a, can);
		if (i)
			wire_bytes(&a, "\x16\x03\x01\x00\x02hi", 7);
		wire_bytes(&more, "\x09\0\0\0\0\0\0\5\0\0\0\3abcd", 16);
		segments[0] = (struct segment){
		        .direction = 1, .bytes = (const char *)b.bytes, .len = b.len};
		segments[1] = (struct segment){.bytes = (const char *)a.bytes, .len = a.len};
		segments[2] = (struct segment){.bytes = (const char *)more.bytes, .len = more.len};
		t = transcript_run(segments, 3, 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_string_equal(t.summary.protocol, "mysql");
		assert_int_equal(transcript_has(&t, "upgrade tls at 36"), i);
		if (!i)
			assert_int_equal(t.summary.unread_bytes[0], more.len);
		transcript_free(&t);
	}
}

static void a_gap_loses_one_packet(void **state)
{
	(void)state;
	put_command(&a, 3, "SELECT 'before' FROM a");
	put_command(&b, 3, "SELECT 'between' FROM b, and a lot of text behind it that is lost");
	for (size_t cut = 0; cut < b.len - 1; cut++) {
		static struct wire rest;
		struct segment segments[] = {
		        {.bytes = (const char *)a.bytes, .len = a.len},
		        {.bytes = (const char *)b.bytes, .len = cut},
		        {.gap_bytes = 1},
		        {.bytes = (const char *)rest.bytes},
		};
		struct transcript t;

		rest.len = 0;
		wire_bytes(&rest, b.bytes + cut + 1, b.len - cut - 1);
		put_command(&rest, 3, "SELECT 'behind' FROM c");
		segments[3].len = rest.len;
		t = transcript_run(segments, 4, 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_int_equal(t.budget_left_used, 0);
		assert_true(transcript_has(&t, "'before'"));
		assert_true(transcript_has(&t, "'behind'"));
		transcript_free(&t);
	}
}

/* Commands that are not known, and what a second server gets. */
static void tells_what_is_not_read(void **state)
{
	struct segment segments[3];
	struct transcript t;

	(void)state;
	put_greeting(&b, CAN_41 | CAN_SECURE | CAN_DATABASE);
	put_login(&a, CAN_41 | CAN_SECURE | CAN_DATABASE);
	put_command(&a, 0x0e, "");
	put_command(&a, 0xfa, "many rows at once");
	put_command(&a, 0x12, "from here");
	put_ok(&b, 2);
	segments[0] = (struct segment){
	        .direction = 1, .bytes = (const char *)b.bytes, .len = b.len};
	segments[1] = (struct segment){.bytes = (const char *)a.bytes, .len = a.len};
	wire_text(&body, "");
	wire_u8(&body, 0);
	wire_text(&body, "a row that has changed");
	put(&b, 1);
	segments[2] = (struct segment){.direction = 1,
	        .bytes = (const char *)b.bytes + segments[0].len,
	        .len = b.len - segments[0].len};
	t = transcript_run(segments, 3, 0, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.unread_bytes[0], sizeof("many rows at once"));
	assert_int_equal(t.summary.unread_bytes[1], sizeof("a row that has changed"));
	assert_int_equal(t.summary.unread_reason, STREAM_UNKNOWN);
	transcript_free(&t);
}

/* A packet that is too long goes on in others: none of them is read. */
static void counts_all_of_a_long_packet(void **state)
{
	size_t full = 0xffffff, len;
	struct wire *head = &a;
	struct segment segments[3];
	struct transcript t;
	char *long_one = calloc(1, full);

	(void)state;
	assert_non_null(long_one);
	put_login(head, CAN_41 | CAN_SECURE | CAN_DATABASE);
	len = head->len;
	wire_le(head, full, 3);
	wire_u8(head, 0);
	long_one[0] = 0x17;
	wire_text(&body, "and this");
	put(&b, 1);
	segments[0] = (struct segment){.bytes = (const char *)head->bytes, .len = len + 4};
	segments[1] = (struct segment){.bytes = long_one, .len = full};
	segments[2] = (struct segment){.bytes = (const char *)b.bytes, .len = b.len};
	t = transcript_run(segments, 3, 0, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.limits_hit, 1);
	assert_int_equal(t.summary.unread_bytes[0], full + strlen("and this"));
	transcript_free(&t);
	free(long_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(reads_what_a_client_says, set_up),
	        cmocka_unit_test_setup(reads_rows, set_up),
	        cmocka_unit_test_setup(reads_prepared_statements, set_up),
	        cmocka_unit_test_setup(reads_a_file, set_up),
	        cmocka_unit_test_setup(what_is_not_looked_into, set_up),
	        cmocka_unit_test_setup(a_gap_loses_one_packet, set_up),
	        cmocka_unit_test_setup(tells_what_is_not_read, set_up),
	        cmocka_unit_test_setup(counts_all_of_a_long_packet, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
