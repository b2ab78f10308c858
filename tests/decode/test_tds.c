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

#define PORT  1433
#define OTHER 49170 /* where only the bytes say what it is */

#define ANSWER 4
#define LAST   1

/* ---- packets ---- */

/* A message in packets of so many bytes of payload. */
static void put_message(struct wire *to, uint8_t type, const struct wire *body, size_t payload)
{
	size_t at = 0;
	uint8_t number = 1;

	do {
		size_t len = body->len - at < payload ? body->len - at : payload;

		wire_u8(to, type);
		wire_u8(to, at + len == body->len ? LAST : 0);
		wire_be(to, len + 8, 2);
		wire_be(to, type == ANSWER ? 55 : 0, 2);
		wire_u8(to, number++);
		wire_u8(to, 0);
		wire_bytes(to, body->bytes + at, len);
		at += len;
	} while (at < body->len);
}

static void put_headers(struct wire *w)
{
	wire_le(w, 22, 4);
	wire_le(w, 18, 4);
	wire_le(w, 2, 2);
	wire_le(w, 0, 8);
	wire_le(w, 1, 4);
}

static void put_batch(struct wire *to, const char *sql, size_t payload)
{
	static struct wire body;

	body.len = 0;
	put_headers(&body);
	wire_wide(&body, sql);
	put_message(to, 1, &body, payload);
}

static void put_collation(struct wire *w)
{
	wire_bytes(w, "\x09\x04\xd0\x00\x34", 5);
}

/* A name whose length stands before it in one byte. */
static void put_name(struct wire *w, const char *name)
{
	wire_u8(w, (uint8_t)strlen(name));
	wire_wide(w, name);
}

static void put_column(
        struct wire *w, const void *type, size_t len, bool collated, const char *name)
{
	wire_le(w, 0, 4);
	wire_le(w, 9, 2);
	wire_bytes(w, type, len);
	if (collated)
		put_collation(w);
	put_name(w, name);
}

static void put_nvarchar(struct wire *w, const char *text)
{
	wire_le(w, 2 * strlen(text), 2);
	wire_wide(w, text);
}

static void put_done(struct wire *w)
{
	wire_u8(w, 0xfd);
	wire_le(w, 0x10, 2);
	wire_le(w, 0xc1, 2);
	wire_le(w, 1, 8);
}

/* Surname, MedicareNo, Dob, Id, Notes (of any length), Paid. */
static void put_columns(struct wire *w)
{
	wire_u8(w, 0x81);
	wire_le(w, 6, 2);
	put_column(w, "\xe7\x64\x00", 3, true, "Surname");
	put_column(w, "\xa7\x14\x00", 3, true, "MedicareNo");
	put_column(w, "\x6f\x08", 2, false, "Dob");
	put_column(w, "\x38", 1, false, "Id");
	put_column(w, "\xe7\xff\xff", 3, true, "Notes");
	put_column(w, "\x6a\x09\x12\x02", 4, false, "Paid");
}

static void put_row(struct wire *w, const char *surname, const char *medicare, const char *notes)
{
	wire_u8(w, 0xd1);
	put_nvarchar(w, surname);
	wire_le(w, strlen(medicare), 2);
	wire_bytes(w, medicare, strlen(medicare));
	wire_u8(w, 8);
	wire_le(w, 18443, 4); /* 1950-07-01 */
	wire_le(w, 0, 4);
	wire_le(w, 77, 4);
	wire_le(w, UINT64_MAX - 1, 8);
	wire_le(w, 2 * strlen(notes), 4);
	wire_wide(w, notes);
	wire_le(w, 0, 4);
	wire_bytes(w, "\x05\x01\x39\x30\x00\x00", 6);
}

static void put_answer(struct wire *to, size_t payload)
{
	static struct wire body;

	body.len = 0;
	put_columns(&body);
	put_row(&body, "CITIZEN", "29518731251", "well");
	wire_u8(&body, 0xd2); /* a row without a surname and what stands behind the number */
	wire_u8(&body, 0x3d);
	wire_le(&body, 10, 2);
	wire_bytes(&body, "2123456701", 10);
	put_done(&body);
	put_message(to, ANSWER, &body, payload);
}

static struct transcript two_ways(
        const struct wire *client, const struct wire *server, size_t step, uint16_t port)
{
	struct segment segments[] = {
	        {.direction = 0, .bytes = (const char *)client->bytes, .len = client->len},
	        {.direction = 1, .bytes = (const char *)server->bytes, .len = server->len},
	};

	return transcript_run(segments, 2, step, port);
}

/* ---- tests ---- */

static struct wire a, b;

static int set_up(void **state)
{
	(void)state;
	a.len = b.len = 0;
	return 0;
}

static void has_all(const struct transcript *t, const char *const *lines, size_t count)
{
	assert_int_equal(t->status, STATUS_OK);
	assert_int_equal(t->budget_left_used, 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(t, lines[i]))
			fail_msg("expected line %zu is missing", i);
}

static void reads_statements(void **state)
{
	static const char *const lines[] = {
	        "0.0 begin database batch [database request]\n",
	        "SELECT * FROM Patients WHERE MedicareNo = '29518731251'",
	        "0.1 begin table  [database request]\n",
	        ("field content column=MedicareNo row=1 column=2 [database request > column 2] "
	         "2123456701\n"),
	        "0.0 end database\n",
	        "0.0 stream [] complete",
	};
	struct transcript t;

	(void)state;
	put_batch(&a, "SELECT * FROM Patients WHERE MedicareNo = '29518731251'", 40);
	put_batch(&a,
	        "INSERT INTO Patients (Surname, MedicareNo) VALUES (N'O''HARA', '2123456701')",
	        4000);
	t = transcript_bytes(wire_span(&a), 0, OTHER);
	assert_string_equal(t.summary.protocol, "tds");
	assert_true(t.summary.clear);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.summary.malformed, 0);
	has_all(&t, lines, ARRAY_LEN(lines));
	assert_true(transcript_has(&t, "] O'HARA\n"));
	transcript_free(&t);
	assert_true(transcript_stable(wire_span(&a), OTHER));
}

static void reads_rows(void **state)
{
	static const char *const lines[] = {
	        "0.0 begin table  [database answer]\n",
	        "column=Surname row=1 column=1 [database answer > column 1] CITIZEN\n",
	        "column=MedicareNo row=1 column=2 [database answer > column 2] 29518731251\n",
	        "column=Dob row=1 column=3 [database answer > column 3] 1950-07-01\n",
	        "column=Id row=1 column=4 [database answer > column 4] 77\n",
	        "column=Notes row=1 column=5 [database answer > column 5] well\n",
	        "column=Paid row=1 column=6 [database answer > column 6] 123.45\n",
	        "column=MedicareNo row=2 column=2 [database answer > column 2] 2123456701\n",
	        "0.0 end table\n",
	};

	(void)state;
	for (size_t payload = 7; payload < 5000; payload *= 3) {
		struct transcript t;

		a.len = 0;
		put_answer(&a, payload);
		t = transcript_bytes(wire_span(&a), 0, payload < 100 ? PORT : OTHER);
		has_all(&t, lines, ARRAY_LEN(lines));
		assert_int_equal(t.summary.unread_bytes[0], 0);
		assert_int_equal(t.summary.malformed, 0);
		assert_int_equal(transcript_count(&t, "field"), 7);
		transcript_free(&t);
		assert_true(transcript_stable(wire_span(&a), payload < 100 ? PORT : OTHER));
	}
}

/* A value over the maximum is running text; one that is a document opens a stream of its own. */
static void reads_long_values(void **state)
{
	static const char patient[] =
	        "0.1 begin fhir Patient [database answer > column 5 > resource 1]\n";
	static char notes[20000];
	static struct wire body;
	struct transcript t;

	(void)state;
	memset(notes, 'n', sizeof(notes) - 1);
	body.len = 0;
	put_columns(&body);
	put_row(&body, "CITIZEN", "29518731251", notes);
	put_row(&body, "CITIZEN", "29518731251",
	        "{\"resourceType\":\"Patient\",\"id\":\"a\",\"gender\":\"female\"}");
	put_done(&body);
	put_message(&a, ANSWER, &body, 4088);
	t = transcript_bytes(wire_span(&a), 0, OTHER);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_true(transcript_has(&t, "text content column=Notes row=1 column=5"));
	assert_true(transcript_has(&t, patient));
	assert_true(t.budget_peak < 400u << 10);
	transcript_free(&t);
	t = transcript_bytes(wire_span(&a), 1000, OTHER);
	assert_true(transcript_has(&t, patient));
	transcript_free(&t);
}

static void put_param(struct wire *w, const char *name, const char *value)
{
	put_name(w, name);
	wire_u8(w, 0);
	wire_bytes(w, "\xe7\x40\x1f", 3);
	put_collation(w);
	put_nvarchar(w, value);
}

static void reads_calls(void **state)
{
	static const char *const lines[] = {
	        "0.0 begin database sp_executesql [database request]\n",
	        "UPDATE Patients SET Notes = @Notes WHERE MedicareNo = @MedicareNo",
	        "field content key=MedicareNo [database request > parameter] 29518731251\n",
	        "0.0 begin database BP_FindPatient [database request]\n",
	        "field content key=Surname [database request > parameter] CITIZEN\n",
	        "field content key=Count [database request > parameter] 12\n",
	};
	static struct wire body;
	struct transcript t;

	(void)state;
	body.len = 0;
	put_headers(&body);
	wire_le(&body, 0xffff, 2);
	wire_le(&body, 10, 2);
	wire_le(&body, 0, 2);
	put_param(&body, "", "UPDATE Patients SET Notes = @Notes WHERE MedicareNo = @MedicareNo");
	put_param(&body, "", "@Notes nvarchar(9), @MedicareNo nvarchar(20)");
	put_param(&body, "@MedicareNo", "29518731251");
	wire_u8(&body, 0xff);
	wire_le(&body, 14, 2);
	wire_wide(&body, "BP_FindPatient");
	wire_le(&body, 0, 2);
	put_param(&body, "@Surname", "CITIZEN");
	put_name(&body, "@Count");
	wire_bytes(&body, "\x00\x26\x04\x04\x0c\x00\x00\x00", 8);
	put_message(&a, 3, &body, 64);
	t = transcript_bytes(wire_span(&a), 0, PORT);
	has_all(&t, lines, ARRAY_LEN(lines));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	assert_true(transcript_stable(wire_span(&a), PORT));
}

static void put_login(struct wire *to)
{
	static const char *const strings[] = {"RECEPTION1", "bpsviewer", "secret", "Extractor",
	        "BPSERVER", "", "ODBC", "", "BPSPatients"};
	static struct wire body;
	size_t at = 94, all = 94;

	body.len = 0;
	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		all += 2 * strlen(strings[i]);
	wire_le(&body, all, 4);
	wire_le(&body, 0x74000004, 4);
	wire_zeros(&body, 28);
	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		wire_le(&body, at, 2);
		wire_le(&body, strlen(strings[i]), 2);
		at += 2 * strlen(strings[i]);
	}
	wire_zeros(&body, 94 - body.len);
	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		wire_wide(&body, strings[i]);
	put_message(to, 16, &body, 4088);
}

static void reads_who_logs_in(void **state)
{
	static const char *const lines[] = {
	        "0.0 begin database login [database request]\n",
	        "field content key=login [database request] bpsviewer\n",
	        "field software key=program [database request] Extractor\n",
	        "field content key=database [database request] BPSPatients\n",
	};
	struct transcript t;

	(void)state;
	put_login(&a);
	t = transcript_bytes(wire_span(&a), 0, OTHER);
	has_all(&t, lines, ARRAY_LEN(lines));
	assert_string_equal(t.summary.protocol, "tds");
	assert_false(transcript_has(&t, "secret"));
	transcript_free(&t);
	assert_true(transcript_stable(wire_span(&a), OTHER));
}

static void put_prelogin(struct wire *to, uint8_t type, uint8_t encryption)
{
	static struct wire body;

	body.len = 0;
	wire_bytes(&body, "\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff", 11);
	wire_bytes(&body, "\x10\x00\x00\x00\x00\x00", 6);
	wire_u8(&body, encryption);
	put_message(to, type, &body, 4088);
}

static void put_handshake(struct wire *to)
{
	static struct wire body;

	body.len = 0;
	wire_bytes(&body, "\x16\x03\x03\x00\x05hello", 10);
	put_message(to, 18, &body, 4088);
}

static void put_record(struct wire *to)
{
	wire_bytes(to, "\x17\x03\x03\x00\x0alocked log", 15);
}

/* Login-only encryption drops to clear text behind the login; the other kind never does. */
static void follows_the_encryption(void **state)
{
	for (uint8_t answer = 0; answer < 2; answer++) {
		struct transcript t;

		(void)set_up(state);
		put_prelogin(&b, ANSWER, answer);
		put_handshake(&b);
		put_answer(&b, 4088);
		put_prelogin(&a, 18, answer);
		put_handshake(&a);
		put_record(&a);
		put_batch(&a, "SELECT 1 FROM Recalls", 4088);
		t = two_ways(&b, &a, 0, PORT); /* the server's answer comes first */
		assert_int_equal(t.status, STATUS_OK);
		assert_string_equal(t.summary.protocol, "tds");
		assert_int_equal(transcript_has(&t, "SELECT 1"), answer == 0);
		assert_int_equal(transcript_has(&t, "upgrade tls"), answer == 1);
		if (answer == 0) {
			assert_int_equal(t.summary.unread_bytes[1], 25);
			assert_int_equal(t.summary.unread_reason, STREAM_ENCRYPTED);
		}
		transcript_free(&t);
	}
}

static void an_unknown_token_loses_its_message_only(void **state)
{
	static struct wire body;
	struct transcript t;

	(void)state;
	body.len = 0;
	put_columns(&body);
	put_row(&body, "CITIZEN", "29518731251", "well");
	wire_bytes(&body, "\x42 what is this", 14);
	put_message(&a, ANSWER, &body, 50);
	put_answer(&a, 4088);
	t = transcript_bytes(wire_span(&a), 0, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.malformed, 1);
	assert_int_equal(t.summary.unread_bytes[0], 14);
	assert_int_equal(transcript_count(&t, "begin table"), 2);
	transcript_free(&t);
	assert_true(transcript_stable(wire_span(&a), PORT));
}

/* A gap loses the message that it lies in. */
static void a_gap_loses_one_message(void **state)
{
	(void)state;
	put_batch(&a, "SELECT 'before' FROM a", 4088);
	b.len = 0;
	put_batch(&b, "SELECT 'between' FROM b, and a lot of text behind it that is lost", 4088);
	for (size_t cut = 0; cut < b.len - 1; cut++) {
		for (size_t missing = 1; missing < b.len - cut; missing += 13) {
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
			put_batch(&rest, "SELECT 'behind' FROM c", 4088);
			segments[3].len = rest.len;
			t = transcript_run(segments, 4, 0, PORT);
			assert_int_equal(t.status, STATUS_OK);
			assert_int_equal(t.budget_left_used, 0);
			assert_true(transcript_has(&t, "'before'"));
			assert_true(transcript_has(&t, "'behind'"));
			transcript_free(&t);
		}
	}
}

static void is_not_everything(void **state)
{
	static const char *const rows[] = {
	        "\x04\x01\x00\x50\xc6\x33\x01\x00user",       /* SOCKS 4 */
	        "\x01\x00\x00\x00\x00\xcd\x00\x01",           /* DICOM */
	        "\x01\x01\x00\x16\x00\x00\x01\x07 no window", /* */
	};
	static const size_t lens[] = {13, 8, 18};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct transcript t = transcript_bytes(span_of(rows[i], lens[i]), 0, OTHER);

		assert_string_not_equal(t.summary.protocol, "tds");
		transcript_free(&t);
	}
}

/* A packet that is only a header says nothing of its kind, whatever comes behind it. */
static void a_bare_header_is_not_enough(void **state)
{
	(void)state;
	wire_bytes(&a, "\x04\x01\x00\x08\x00\x37\x01\x00\xfd and what else there is", 33);
	assert_true(transcript_stable(wire_span(&a), OTHER));
}

/* What is read of a login is what it says of its length, however much has come. */
static void a_login_ends_where_it_says(void **state)
{
	static struct wire body;

	(void)state;
	body.len = 0;
	wire_le(&body, 94, 4);
	wire_le(&body, 0x74000004, 4);
	wire_zeros(&body, 32);
	wire_le(&body, 94, 2); /* where the login's name stands, and its length */
	wire_le(&body, 6, 2);
	wire_zeros(&body, 50);
	wire_wide(&body, "beyond");
	put_message(&a, 16, &body, 4088);
	assert_true(transcript_stable(wire_span(&a), PORT));
}

/* Rows of one byte that stand for thousands of cells. */
static void columns_of_nothing_are_not_read(void **state)
{
	static struct wire body;
	struct transcript t;

	(void)state;
	body.len = 0;
	wire_u8(&body, 0x81);
	wire_le(&body, 4096, 2);
	for (size_t i = 0; i < 4096; i++)
		put_column(&body, "\x1f", 1, false, "");
	for (size_t i = 0; i < 1000; i++)
		wire_u8(&body, 0xd1);
	put_message(&a, ANSWER, &body, 4088);
	t = transcript_bytes(wire_span(&a), 0, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.malformed, 1);
	assert_int_equal(t.summary.unread_bytes[0], body.len - 3);
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(reads_statements, set_up),
	        cmocka_unit_test_setup(reads_rows, set_up),
	        cmocka_unit_test_setup(reads_long_values, set_up),
	        cmocka_unit_test_setup(reads_calls, set_up),
	        cmocka_unit_test_setup(reads_who_logs_in, set_up),
	        cmocka_unit_test_setup(follows_the_encryption, set_up),
	        cmocka_unit_test_setup(an_unknown_token_loses_its_message_only, set_up),
	        cmocka_unit_test_setup(a_gap_loses_one_message, set_up),
	        cmocka_unit_test_setup(is_not_everything, set_up),
	        cmocka_unit_test_setup(a_bare_header_is_not_enough, set_up),
	        cmocka_unit_test_setup(a_login_ends_where_it_says, set_up),
	        cmocka_unit_test_setup(columns_of_nothing_are_not_read, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
