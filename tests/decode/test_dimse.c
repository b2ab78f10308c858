#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/status.h"
#include "transcript.h"

#define PORT         11112
#define IMPLICIT     "1.2.840.10008.1.2"
#define EXPLICIT     "1.2.840.10008.1.2.1"
#define COMMAND      1u
#define LAST         2u
#define C_STORE      1u
#define C_FIND       0x20u
#define C_ECHO       0x30u
#define DATA_FOLLOWS 0u
#define NO_DATA      0x101u
#define PIECE_BYTES  23u /* cuts headers and values anywhere */

static struct buf new_buf(void)
{
	struct buf b;

	buf_init(&b, 1u << 20, NULL);
	return b;
}

static void put(struct buf *b, struct span bytes)
{
	assert_int_equal(buf_append(b, bytes), STATUS_OK);
}

static void put_text(struct buf *b, const char *text)
{
	put(b, span_of_text(text));
}

static void put_big(struct buf *b, size_t value, size_t bytes)
{
	while (bytes-- > 0) {
		uint8_t byte = (uint8_t)(bytes < sizeof(value) ? value >> 8 * bytes : 0);

		put(b, span_of(&byte, 1));
	}
}

static void put_little(struct buf *b, size_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * i);

		put(b, span_of(&byte, 1));
	}
}

static void put_item(struct buf *b, unsigned kind, struct span content)
{
	put_big(b, kind, 1);
	put_big(b, 0, 1);
	put_big(b, content.len, 2);
	put(b, content);
}

/* A context with its syntaxes, up to two. */
static void put_context(struct buf *b, unsigned kind, unsigned id, const char *const *syntaxes)
{
	struct buf item = new_buf();

	put_big(&item, id, 1);
	put_big(&item, 0, 3);
	if (kind == 0x20)
		put_item(&item, 0x30, span_of_text("1.2.840.10008.5.1.4.1.1.2"));
	for (int i = 0; i < 2 && syntaxes[i]; i++)
		put_item(&item, 0x40, span_of_text(syntaxes[i]));
	put_item(b, kind, buf_span(&item));
	buf_free(&item);
}

static void put_unit(struct buf *b, unsigned kind, struct span content)
{
	put_big(b, kind, 1);
	put_big(b, 0, 1);
	put_big(b, content.len, 4);
	put(b, content);
}

/* kind 1: contexts 1 and 3 are proposed; 2: they are accepted. */
static void put_association(
        struct buf *b, unsigned kind, const char *const *one, const char *const *three)
{
	struct buf unit = new_buf(), user = new_buf();

	put_big(&unit, 1, 2);
	put_big(&unit, 0, 2);
	put_text(&unit, "MAGPIEPACS      WOMBAT          ");
	put_big(&unit, 0, 32);
	put_item(&unit, 0x10, span_of_text("1.2.840.10008.3.1.1.1"));
	put_context(&unit, kind == 1 ? 0x20 : 0x21, 1, one);
	put_context(&unit, kind == 1 ? 0x20 : 0x21, 3, three);
	put_item(&user, 0x51, span_of("\0\0\x40\0", 4));
	put_item(&user, 0x55, span_of_text("WOMBAT_3"));
	put_item(&unit, 0x50, buf_span(&user));
	put_unit(b, kind, buf_span(&unit));
	buf_free(&unit);
	buf_free(&user);
}

/* One piece in a unit of its own. */
static void put_piece(struct buf *b, unsigned id, unsigned flags, struct span bytes)
{
	struct buf unit = new_buf();

	put_big(&unit, bytes.len + 2, 4);
	put_big(&unit, id, 1);
	put_big(&unit, flags, 1);
	put(&unit, bytes);
	put_unit(b, 4, buf_span(&unit));
	buf_free(&unit);
}

static void put_pieces(struct buf *b, unsigned id, unsigned flags, struct span bytes)
{
	for (size_t at = 0; at < bytes.len; at += PIECE_BYTES)
		put_piece(b, id, flags | (at + PIECE_BYTES >= bytes.len ? LAST : 0),
		        span_slice(bytes, at, PIECE_BYTES));
}

static void put_number(struct buf *b, unsigned element, size_t value, size_t bytes)
{
	put_little(b, 0, 2);
	put_little(b, element, 2);
	put_little(b, bytes, 4);
	put_little(b, value, bytes);
}

static struct buf command(unsigned field, unsigned data_set)
{
	struct buf b = new_buf();

	put_number(&b, 0, 20, 4);
	put_number(&b, 0x100, field, 2);
	put_number(&b, 0x110, 1, 2);
	put_number(&b, 0x800, data_set, 2);
	return b;
}

static void put_command(struct buf *b, unsigned id, unsigned field, unsigned data_set)
{
	struct buf c = command(field, data_set);

	put_pieces(b, id, COMMAND, buf_span(&c));
	buf_free(&c);
}

static void put_element(struct buf *b, bool explicit, unsigned group, unsigned element,
        const char *vr, const char *text)
{
	put_little(b, group, 2);
	put_little(b, element, 2);
	if (explicit)
		put_text(b, vr);
	put_little(b, strlen(text), explicit ? 2 : 4);
	put_text(b, text);
}

static struct buf data_set(bool explicit, const char *id)
{
	struct buf b = new_buf();

	put_element(&b, explicit, 8, 0x16, "UI", "1.2.840.10008.5.1.4.1.1.20");
	put_element(&b, explicit, 8, 0x60, "CS", "US");
	put_element(&b, explicit, 0x10, 0x10, "PN", "Citizen^Jane");
	put_element(&b, explicit, 0x10, 0x20, "LO", id);
	return b;
}

static void put_store(struct buf *b, unsigned context, bool explicit, const char *id)
{
	struct buf d = data_set(explicit, id);

	put_command(b, context, C_STORE, DATA_FOLLOWS);
	put_pieces(b, context, 0, buf_span(&d));
	buf_free(&d);
}

static struct segment segment_of(uint8_t direction, const struct buf *b)
{
	return (struct segment){
	        .direction = direction, .bytes = (const char *)b->data, .len = b->len};
}

static bool steps_agree(const struct segment *parts, size_t count)
{
	struct transcript whole = transcript_run(parts, count, 0, PORT);
	bool same = true;

	for (size_t step = 1; step < 40; step++) {
		struct transcript cut = transcript_run(parts, count, step, PORT);

		same = same && transcript_equal(&whole, &cut);
		transcript_free(&cut);
	}
	transcript_free(&whole);
	return same;
}

/* The client offers both ways to write; which one the server took shows in its answer. */
static void data_sets_are_read_as_agreed(void **state)
{
	static const char *const both[] = {EXPLICIT, IMPLICIT};
	static const char *const implicit[] = {IMPLICIT, NULL}, *const explicit[] = {
	                                                                EXPLICIT, NULL};
	struct buf request = new_buf(), answer = new_buf(), data = new_buf(), reply = new_buf();
	struct segment parts[4];
	struct transcript t;

	(void)state;
	put_association(&request, 1, both, both);
	put_association(&answer, 2, implicit, explicit);
	put_store(&data, 1, false, "WHC-4711");
	put_store(&data, 3, true, "WHC-4712");
	put_command(&data, 1, C_ECHO, NO_DATA);
	put_unit(&data, 5, span_of("\0\0\0\0", 4));
	put_command(&reply, 1, 0x8000 | C_STORE, NO_DATA);
	put_unit(&reply, 6, span_of("\0\0\0\0", 4));
	parts[0] = segment_of(0, &request);
	parts[1] = segment_of(1, &answer);
	parts[2] = segment_of(0, &data);
	parts[3] = segment_of(1, &reply);
	t = transcript_run(parts, 4, 0, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_string_equal(t.summary.protocol, "dicom");
	assert_true(t.summary.clear);
	assert_int_equal(t.summary.malformed, 0);
	assert_int_equal(t.summary.unread_bytes[0] + t.summary.unread_bytes[1], 0);
	assert_true(transcript_has(&t, "0.0 begin rpc A-ASSOCIATE-RQ [DICOM association]\n"
	                               "0.0 field software [DICOM association] WOMBAT\n"
	                               "0.0 field software [DICOM association] MAGPIEPACS\n"
	                               "0.0 field software [DICOM association] WOMBAT_3\n"));
	assert_true(transcript_has(&t, "1.0 begin rpc A-ASSOCIATE-AC"));
	assert_true(transcript_has(&t, "0.0 begin rpc C-STORE-RQ [DICOM message 1]\n"
	                               "0.1 begin dicom US [DICOM message 1 > data set]\n"));
	assert_true(transcript_has(&t, "> data set > PatientID] WHC-4711\n"));
	assert_true(transcript_has(&t, "> data set > PatientID] WHC-4712\n"));
	assert_true(transcript_has(&t, "begin rpc C-ECHO-RQ [DICOM message 3]\n0.0 end rpc\n"));
	assert_true(transcript_has(&t, "1.0 begin rpc C-STORE-RSP"));
	assert_int_equal(transcript_count(&t, "stream [] complete"), 2);
	transcript_free(&t);
	assert_true(steps_agree(parts, 4));
	buf_free(&request);
	buf_free(&answer);
	buf_free(&data);
	buf_free(&reply);
}

static void a_single_offer_is_taken(void **state)
{
	static const char *const implicit[] = {IMPLICIT, NULL}, *const explicit[] = {
	                                                                EXPLICIT, NULL};
	struct buf b = new_buf();
	struct transcript t;

	(void)state;
	put_association(&b, 1, implicit, explicit);
	put_store(&b, 3, true, "WHC-4711");
	put_store(&b, 1, false, "WHC-4712");
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_int_equal(transcript_count(&t, "begin dicom US"), 2);
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(&b), PORT));
	buf_free(&b);
}

/* Nobody has seen the association; the second time not even the command. */
static void the_middle_of_an_association_is_read(void **state)
{
	(void)state;
	for (int explicit = 0; explicit < 2; explicit ++) {
		struct buf b = new_buf(), d = data_set(explicit, "WHC-4711");
		struct transcript t;

		put_store(&b, 5, explicit, "WHC-4711");
		t = transcript_bytes(buf_span(&b), 0, PORT);
		assert_string_equal(t.summary.protocol, "dicom");
		assert_true(transcript_has(&t, "begin rpc C-STORE-RQ"));
		assert_true(transcript_has(&t, "PatientID] WHC-4711\n"));
		transcript_free(&t);
		assert_true(transcript_stable(buf_span(&b), PORT));
		b.len = 0;
		put_piece(&b, 5, LAST, buf_span(&d));
		t = transcript_bytes(buf_span(&b), 0, PORT);
		assert_true(transcript_has(&t, "0.0 begin rpc  [DICOM message 1]"));
		assert_true(transcript_has(&t, "PatientID] WHC-4711\n"));
		transcript_free(&t);
		buf_free(&b);
		buf_free(&d);
	}
}

/* Two contexts send by turns. */
static void pieces_of_two_contexts_are_kept_apart(void **state)
{
	static const char *const explicit[] = {EXPLICIT, NULL};
	struct buf b = new_buf(), one = data_set(true, "WHC-4711"),
	           two = data_set(true, "WHC-4712");
	struct transcript t;

	(void)state;
	put_association(&b, 1, explicit, explicit);
	put_command(&b, 1, C_STORE, DATA_FOLLOWS);
	put_piece(&b, 1, 0, span_slice(buf_span(&one), 0, 50));
	put_command(&b, 3, C_FIND, DATA_FOLLOWS);
	put_piece(&b, 3, 0, span_slice(buf_span(&two), 0, 61));
	put_piece(&b, 1, LAST, span_slice(buf_span(&one), 50, SIZE_MAX));
	put_piece(&b, 3, LAST, span_slice(buf_span(&two), 61, SIZE_MAX));
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_true(transcript_has(&t, "[DICOM message 1 > data set > PatientID] WHC-4711\n"));
	assert_true(transcript_has(&t, "begin rpc C-FIND-RQ [DICOM message 2]"));
	assert_true(transcript_has(&t, "[DICOM message 2 > data set > PatientID] WHC-4712\n"));
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(&b), PORT));
	buf_free(&b);
	buf_free(&one);
	buf_free(&two);
}

static void broken_units_end_with_a_name(void **state)
{
	static const char *const units[] = {"\x09\0\0\0\0\4..........", "\4\0\0\0\0\3abc.......",
	        "\4\0\0\0\0\x0a\0\0\0\x20\1\0....", "\4\0\0\0\0\x0a\0\0\0\6\2\0....",
	        "\5\0\0\0\0\x09..........", "\1\0\xff\xff\xff\xff.........."};
	static const char *const explicit[] = {EXPLICIT, NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		struct buf b = new_buf();
		struct transcript t;

		put_association(&b, 1, explicit, explicit);
		put_store(&b, 1, true, "WHC-4711");
		put(&b, span_of(units[i], 16));
		t = transcript_bytes(buf_span(&b), 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "PatientID] WHC-4711\n"));
		assert_true(transcript_has(&t, "0.0 stream [] malformed"));
		assert_int_equal(t.budget_left_used, 0);
		transcript_free(&t);
		buf_free(&b);
	}
}

static void a_command_without_end_is_bounded(void **state)
{
	struct buf b = new_buf(), c = command(C_STORE, DATA_FOLLOWS);
	struct transcript t;

	(void)state;
	put_piece(&b, 1, COMMAND, buf_span(&c));
	for (int i = 0; i < 200; i++)
		put_piece(&b, 1, COMMAND, span_of_text("12345678901234567890"));
	put_piece(&b, 1, COMMAND | LAST, span_of(NULL, 0));
	put_piece(&b, 1, COMMAND, span_of(NULL, 0));
	put_piece(&b, 1, 0, span_of(NULL, 0));
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.limits_hit, 1);
	assert_true(transcript_has(&t, "begin rpc C-STORE-RQ"));
	assert_true(transcript_has(&t, "0.0 stream [] truncated"));
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(&b), PORT));
	buf_free(&b);
	buf_free(&c);
}

static void a_conversation_cut_anywhere_has_a_name(void **state)
{
	static const char *const explicit[] = {EXPLICIT, NULL};
	struct buf b = new_buf();

	(void)state;
	put_association(&b, 1, explicit, explicit);
	put_store(&b, 1, true, "WHC-4711");
	for (size_t len = 100; len < b.len; len++) {
		struct transcript t = transcript_bytes(span_slice(buf_span(&b), 0, len), 0, PORT);

		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "0.0 stream [] truncated") ||
		            transcript_has(&t, "0.0 stream [] complete"));
		assert_int_equal(t.budget_left_used, 0);
		transcript_free(&t);
	}
	buf_free(&b);
}

/* In a long value the gap is passed over; elsewhere the next unit is waited for. */
static void reading_goes_on_behind_a_gap(void **state)
{
	static const char pixels[400];
	struct buf b = new_buf(), d = data_set(true, "WHC-4711"), behind = new_buf();
	struct segment parts[3] = {{.gap_bytes = 0}, {.gap_bytes = 100}, {.gap_bytes = 0}};
	struct transcript t;

	(void)state;
	put_text(&d, "\xe0\x7f");
	put(&d, span_of("\x10\0OW\0\0\x90\1\0\0", 10));
	put(&d, span_of(pixels, sizeof(pixels)));
	put_element(&d, true, 0x7fe1, 0x10, "LO", "behind");
	put_command(&b, 1, C_STORE, DATA_FOLLOWS);
	put_piece(&b, 1, LAST, buf_span(&d));
	put_store(&b, 1, true, "WHC-4712");
	put(&behind, span_slice(buf_span(&b), 500, SIZE_MAX));
	parts[0] = (struct segment){.bytes = (const char *)b.data, .len = 400};
	parts[2] = segment_of(0, &behind);
	t = transcript_run(parts, 3, 0, PORT);
	assert_true(transcript_has(&t, "key=tag7fe1.0010 [DICOM message 1 > data set] behind\n"));
	assert_true(transcript_has(&t, "PatientID] WHC-4712\n"));
	transcript_free(&t);
	behind.len = 0;
	put_store(&behind, 1, true, "WHC-4713");
	parts[1].gap_bytes = TRANSCRIPT_GAP_UNKNOWN;
	parts[2] = segment_of(0, &behind);
	t = transcript_run(parts, 3, 0, PORT);
	assert_true(transcript_has(&t, "0.0 stream [] gap"));
	assert_true(transcript_has(&t, "PatientID] WHC-4713\n"));
	transcript_free(&t);
	buf_free(&b);
	buf_free(&d);
	buf_free(&behind);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(data_sets_are_read_as_agreed),
	        cmocka_unit_test(a_single_offer_is_taken),
	        cmocka_unit_test(the_middle_of_an_association_is_read),
	        cmocka_unit_test(pieces_of_two_contexts_are_kept_apart),
	        cmocka_unit_test(broken_units_end_with_a_name),
	        cmocka_unit_test(a_command_without_end_is_bounded),
	        cmocka_unit_test(a_conversation_cut_anywhere_has_a_name),
	        cmocka_unit_test(reading_goes_on_behind_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
