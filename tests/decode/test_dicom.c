#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/status.h"
#include "decode/dicom_element.h"
#include "transcript.h"

#define PORT         9999
#define SYNTAX(x)    "1.2.840.10008.1.2" x
#define NESTED       10000
#define LENGTH_LYING 0xfffffff0u
#define PIXEL_BYTES  3000u

enum way { IMPLICIT, EXPLICIT, SWAPPED, WAYS };

static void put(struct buf *b, struct span bytes)
{
	assert_int_equal(buf_append(b, bytes), STATUS_OK);
}

static void put_number(struct buf *b, uint64_t value, size_t bytes, bool big)
{
	for (size_t i = 0; i < bytes; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * (big ? bytes - 1 - i : i));

		put(b, span_of(&byte, 1));
	}
}

static bool is_long(const char *vr)
{
	return strstr("OB OW SQ UN UT UC UR", vr) != NULL;
}

static void put_header(struct buf *b, enum way way, uint32_t tag, const char *vr, uint32_t length)
{
	bool big = way == SWAPPED;

	put_number(b, tag >> 16, 2, big);
	put_number(b, tag & 0xffff, 2, big);
	if (way == IMPLICIT || tag >> 16 == 0xfffe) {
		put_number(b, length, 4, big);
		return;
	}
	put(b, span_of(vr, 2));
	if (is_long(vr))
		put_number(b, 0, 2, big);
	put_number(b, length, is_long(vr) ? 4 : 2, big);
}

static void put_bytes(struct buf *b, enum way way, uint32_t tag, const char *vr, struct span value)
{
	put_header(b, way, tag, vr, (uint32_t)value.len + value.len % 2);
	put(b, value);
	if (value.len % 2)
		put(b, span_of(strcmp(vr, "OB") == 0 || strcmp(vr, "UI") == 0 ? "\0" : " ", 1));
}

static void put_text(struct buf *b, enum way way, uint32_t tag, const char *vr, const char *text)
{
	put_bytes(b, way, tag, vr, span_of_text(text));
}

static void put_meta(struct buf *b, const char *syntax)
{
	static const char zeros[128];

	put(b, span_of(zeros, sizeof(zeros)));
	put(b, span_of("DICM", 4));
	put_bytes(b, EXPLICIT, DICOM_TAG(2, 0), "UL", span_of("\0\0\0\0", 4));
	put_bytes(b, EXPLICIT, DICOM_TAG(2, 1), "OB", span_of("\0\1", 2));
	put_text(b, EXPLICIT, DICOM_TAG(2, 0x10), "UI", syntax);
	put_text(b, EXPLICIT, DICOM_TAG(2, 0x13), "SH", "WOMBAT_3");
}

static void put_front(struct buf *b, enum way way)
{
	put_text(b, way, DICOM_TAG(8, 5), "CS", "ISO_IR 100");
	put_text(b, way, DICOM_TAG(8, 0x16), "UI", "1.2.840.10008.5.1.4.1.1.2");
	put_text(b, way, DICOM_TAG(8, 0x60), "CS", "CT");
}

static void put_patient(struct buf *b, enum way way)
{
	put_text(b, way, DICOM_TAG(8, 0x90), "PN", "Banksia^Ren\xe9^^Dr");
	put_text(b, way, DICOM_TAG(0x10, 0x10), "PN", "Citizen^Jane^^Ms=Kanji^Name");
	put_text(b, way, DICOM_TAG(0x10, 0x20), "LO", "WHC-4711");
	put_text(b, way, DICOM_TAG(0x10, 0x30), "DA", "19500703");
	put_text(b, way, DICOM_TAG(0x10, 0x1000), "LO", "A100\\B200");
}

/* A sequence of known and one of unknown length, each with an item of each kind. */
static void put_sequences(struct buf *b, enum way way)
{
	struct buf item;

	buf_init(&item, 1000, NULL);
	put_text(&item, way, DICOM_TAG(0x40, 0xa160), "UT", "Invented finding");
	put_header(b, way, DICOM_TAG(0x40, 0xa730), "SQ", 16 + 2 * (uint32_t)item.len + 8);
	put_header(b, way, DICOM_ITEM, "", (uint32_t)item.len);
	put(b, buf_span(&item));
	put_header(b, way, DICOM_ITEM, "", DICOM_LENGTH_UNDEFINED);
	put(b, buf_span(&item));
	put_header(b, way, DICOM_ITEM_DELIMITER, "", 0);
	put_header(b, way, DICOM_TAG(0x40, 0xa730), "SQ", DICOM_LENGTH_UNDEFINED);
	put_header(b, way, DICOM_ITEM, "", DICOM_LENGTH_UNDEFINED);
	put(b, buf_span(&item));
	put_header(b, way, DICOM_ITEM_DELIMITER, "", 0);
	put_header(b, way, DICOM_SEQUENCE_DELIMITER, "", 0);
	buf_free(&item);
}

static void put_pixels(struct buf *b, enum way way)
{
	static const char pixels[PIXEL_BYTES];

	put_bytes(b, way, DICOM_TAG(0x7fe0, 0x10), "OW", span_of(pixels, sizeof(pixels)));
}

static struct buf new_buf(void)
{
	struct buf b;

	buf_init(&b, 16u << 20, NULL);
	return b;
}

static void put_data_set(struct buf *b, enum way way)
{
	put_front(b, way);
	put_patient(b, way);
	put_sequences(b, way);
	put_pixels(b, way);
}

static void says_what_is_in_it(const struct transcript *t)
{
	assert_int_equal(t->status, STATUS_OK);
	assert_true(transcript_has(t, "begin dicom CT ["));
	assert_true(transcript_has(t, "key=ReferringPhysicianName [ReferringPhysicianName] "
	                              "Banksia Ren\\xc3\\xa9 Dr\n"));
	assert_true(transcript_has(t, "key=PatientName [PatientName] Citizen Jane Ms\n"));
	assert_true(transcript_has(t, "key=PatientID [PatientID] WHC-4711\n"));
	assert_true(transcript_has(t, "key=PatientBirthDate [PatientBirthDate] 19500703\n"));
	assert_true(transcript_has(t, "key=OtherPatientIDs [OtherPatientIDs] B200\n"));
	assert_int_equal(transcript_count(t, "[TextValue] Invented finding\n"), 3);
	assert_int_equal(t->summary.malformed, 0);
	assert_int_equal(t->summary.unread_bytes[0], PIXEL_BYTES);
	assert_int_equal(t->summary.unread_reason, STREAM_MEDIA);
}

static void every_way_to_write_it_says_the_same(void **state)
{
	static const char *const syntaxes[] = {SYNTAX(""), SYNTAX(".1"), SYNTAX(".2")};

	(void)state;
	for (int way = 0; way < WAYS; way++) {
		for (int file = 0; file < 2; file++) {
			struct buf b = new_buf();
			struct transcript t;

			if (file)
				put_meta(&b, syntaxes[way]);
			put_data_set(&b, (enum way)way);
			t = transcript_bytes(buf_span(&b), 0, PORT);
			says_what_is_in_it(&t);
			assert_int_equal(transcript_has(&t, "field software [] WOMBAT_3"), file);
			assert_true(transcript_has(&t, "0.0 stream [] complete"));
			transcript_free(&t);
			assert_true(transcript_stable(buf_span(&b), PORT));
			buf_free(&b);
		}
	}
}

static void a_deflated_data_set_is_inflated(void **state)
{
	struct buf plain = new_buf(), b = new_buf();
	uLong size;
	uint8_t *packed;
	z_stream z = {0};
	struct transcript t;

	(void)state;
	put_data_set(&plain, EXPLICIT);
	size = compressBound(plain.len) + 64;
	packed = malloc(size);
	assert_non_null(packed);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = plain.data;
	z.avail_in = (uInt)plain.len;
	z.next_out = packed;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	put_meta(&b, SYNTAX(".1.99"));
	put(&b, span_of(packed, z.total_out));
	deflateEnd(&z);
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_true(transcript_has(&t, "0.2 begin dicom CT [DICOM data set]"));
	assert_true(transcript_has(&t, "PatientName] Citizen Jane Ms\n"));
	assert_true(transcript_stable(buf_span(&b), PORT));
	transcript_free(&t);
	free(packed);
	buf_free(&plain);
	buf_free(&b);
}

static void encapsulated_pixels_are_counted(void **state)
{
	static const char fragment[500] = {'\xff', '\xd8'};
	struct buf b = new_buf();
	struct transcript t;

	(void)state;
	put_meta(&b, SYNTAX(".4.70"));
	put_front(&b, EXPLICIT);
	put_header(&b, EXPLICIT, DICOM_TAG(0x7fe0, 0x10), "OB", DICOM_LENGTH_UNDEFINED);
	put_header(&b, EXPLICIT, DICOM_ITEM, "", 0);
	for (int i = 0; i < 2; i++) {
		put_header(&b, EXPLICIT, DICOM_ITEM, "", sizeof(fragment));
		put(&b, span_of(fragment, sizeof(fragment)));
	}
	put_header(&b, EXPLICIT, DICOM_SEQUENCE_DELIMITER, "", 0);
	put_text(&b, EXPLICIT, DICOM_TAG(0x7fe1, 0x10), "LO", "behind");
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_true(transcript_has(&t, "key=tag7fe1.0010 [] behind\n"));
	assert_int_equal(t.summary.unread_bytes[0], 2 * sizeof(fragment));
	assert_int_equal(t.summary.unread_reason, STREAM_MEDIA);
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(&b), PORT));
	buf_free(&b);
}

static void a_document_inside_is_opened(void **state)
{
	struct buf b = new_buf();
	struct transcript t;

	(void)state;
	put_meta(&b, SYNTAX(".1"));
	put_front(&b, EXPLICIT);
	put_text(&b, EXPLICIT, DICOM_TAG(0x42, 0x10), "ST", "Invented title");
	put_text(&b, EXPLICIT, DICOM_TAG(0x42, 0x11), "OB", "{\"patientName\":\"Jane Citizen\"}  ");
	put_text(&b, EXPLICIT, DICOM_TAG(0x42, 0x12), "LO", "application/json");
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_true(transcript_has(&t, "0.1 begin json  [document]"));
	assert_true(transcript_has(&t, "key=patientName"));
	assert_true(transcript_has(&t, "key=tag0042.0012 [] application/json\n"));
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(&b), PORT));
	buf_free(&b);
}

/* An unknown representation: a sequence of implicit elements, of known and unknown length; a text;
 * bytes. */
static void unknown_representations_show_what_they_are(void **state)
{
	struct buf b = new_buf(), item = new_buf();
	struct transcript t;

	(void)state;
	put_text(&item, IMPLICIT, DICOM_TAG(0x10, 0x20), "LO", "WHC-4712");
	put_meta(&b, SYNTAX(".1"));
	put_front(&b, EXPLICIT);
	put_text(&b, EXPLICIT, DICOM_TAG(9, 0x1001), "UN", "Invented words of a maker");
	put_bytes(&b, EXPLICIT, DICOM_TAG(9, 0x1002), "UN", span_of("\1\2\3\4", 4));
	put_header(&b, EXPLICIT, DICOM_TAG(9, 0x1003), "UN", DICOM_LENGTH_UNDEFINED);
	put_header(&b, IMPLICIT, DICOM_ITEM, "", DICOM_LENGTH_UNDEFINED);
	put(&b, buf_span(&item));
	put_header(&b, IMPLICIT, DICOM_ITEM_DELIMITER, "", 0);
	put_header(&b, IMPLICIT, DICOM_SEQUENCE_DELIMITER, "", 0);
	put_header(&b, EXPLICIT, DICOM_TAG(9, 0x1004), "UN", 8 + (uint32_t)item.len);
	put_header(&b, IMPLICIT, DICOM_ITEM, "", (uint32_t)item.len);
	put(&b, buf_span(&item));
	put_patient(&b, EXPLICIT);
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_true(transcript_has(&t, "key=tag0009.1001 [] Invented words of a maker\n"));
	assert_int_equal(transcript_count(&t, "[PatientID] WHC-4712\n"), 2);
	assert_true(transcript_has(&t, "[PatientBirthDate] 19500703\n"));
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(&b), PORT));
	buf_free(&b);
	buf_free(&item);
}

static void nobodys_name_and_number_have_no_meaning(void **state)
{
	static const char *const names[] = {"ANONYMOUS", "Anonymized^123", "anon", "REMOVED^^"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct buf b = new_buf();
		struct transcript t;

		put_front(&b, EXPLICIT);
		put_text(&b, EXPLICIT, DICOM_TAG(0x10, 0x10), "PN", names[i]);
		put_text(&b, EXPLICIT, DICOM_TAG(0x10, 0x20), "LO", "ID 12345");
		t = transcript_bytes(buf_span(&b), 0, PORT);
		assert_true(transcript_has(&t, "key=tag0010.0020 [] ID 12345\n"));
		assert_false(transcript_has(&t, "key=PatientName"));
		transcript_free(&t);
		buf_free(&b);
	}
}

static void a_long_text_arrives_in_pieces(void **state)
{
	struct buf b = new_buf();
	struct transcript t;

	(void)state;
	put_meta(&b, SYNTAX(".1"));
	put_front(&b, EXPLICIT);
	put_header(&b, EXPLICIT, DICOM_TAG(0x40, 0xa160), "UT", 40000);
	for (int i = 0; i < 4000; i++)
		put(&b, span_of_text("caf\xe9 text\n"));
	put_patient(&b, EXPLICIT);
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_true(
	        transcript_has(&t, "text content key=TextValue [TextValue] caf\\xc3\\xa9 text"));
	assert_true(transcript_has(&t, "[PatientID] WHC-4711\n"));
	assert_true(t.budget_peak < 256u << 10);
	transcript_free(&t);
	buf_free(&b);
}

static void ten_thousand_items_are_walked_through(void **state)
{
	struct buf b = new_buf();
	struct transcript t;

	(void)state;
	put_meta(&b, SYNTAX(".1"));
	put_front(&b, EXPLICIT);
	for (int i = 0; i < NESTED; i++) {
		put_header(&b, EXPLICIT, DICOM_TAG(0x40, 0xa730), "SQ", DICOM_LENGTH_UNDEFINED);
		put_header(&b, EXPLICIT, DICOM_ITEM, "", DICOM_LENGTH_UNDEFINED);
	}
	put_patient(&b, EXPLICIT);
	t = transcript_bytes(buf_span(&b), 0, PORT);
	assert_true(transcript_has(&t, "[PatientID] WHC-4711\n"));
	assert_true(t.budget_peak < 256u << 10);
	transcript_free(&t);
	buf_free(&b);
}

struct broken {
	uint32_t tag;
	const char *vr;
	uint32_t length;
	const char *end;
};

static void broken_elements_end_with_a_name(void **state)
{
	static const struct broken cases[] = {
	        {DICOM_TAG(0x7fe0, 0x10), "OW", LENGTH_LYING, "0.0 stream [] truncated"},
	        {DICOM_TAG(0x40, 0xa160), "UT", LENGTH_LYING, "0.0 stream [] truncated"},
	        {DICOM_TAG(0x42, 0x11), "OB", LENGTH_LYING, "0.0 stream [] truncated"},
	        {DICOM_TAG(0x10, 0x20), "LO", 60000, "0.0 stream [] truncated"},
	        {DICOM_TAG(0x28, 0x10), "\1\2", 2, "0.0 stream [] malformed"},
	        {0, "UL", 0, "0.0 stream [] malformed"},
	        {DICOM_TAG(0xfffe, 1), "", 0, "0.0 stream [] malformed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = new_buf();
		struct transcript t;

		put_meta(&b, SYNTAX(".1"));
		put_front(&b, EXPLICIT);
		put_patient(&b, EXPLICIT);
		put_header(&b, EXPLICIT, cases[i].tag, cases[i].vr, cases[i].length);
		put_text(&b, EXPLICIT, DICOM_TAG(0x40, 0x1002), "LO", "Invented reason");
		t = transcript_bytes(buf_span(&b), 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, cases[i].end));
		assert_true(transcript_has(&t, "[PatientID] WHC-4711\n"));
		assert_int_equal(t.budget_left_used, 0);
		transcript_free(&t);
		assert_true(transcript_stable(buf_span(&b), PORT));
		buf_free(&b);
	}
}

static void a_file_cut_anywhere_has_a_name(void **state)
{
	struct buf b = new_buf();

	(void)state;
	put_meta(&b, SYNTAX(".1"));
	put_data_set(&b, EXPLICIT);
	for (size_t len = 132; len < b.len; len++) {
		struct transcript t = transcript_bytes(span_slice(buf_span(&b), 0, len), 0, PORT);

		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "0.0 stream [] truncated") ||
		            transcript_has(&t, "0.0 stream [] complete"));
		assert_int_equal(t.budget_left_used, 0);
		transcript_free(&t);
	}
	buf_free(&b);
}

static void a_gap_in_the_pixels_is_passed_over(void **state)
{
	struct buf b = new_buf();
	struct transcript t;

	(void)state;
	put_meta(&b, SYNTAX(".1"));
	put_front(&b, EXPLICIT);
	put_pixels(&b, EXPLICIT);
	{
		const char *text = (const char *)b.data;
		size_t front = b.len - PIXEL_BYTES + 100;
		struct buf rest = new_buf();
		struct segment parts[3] = {{.bytes = text, .len = front}, {.gap_bytes = 1000}};

		put(&rest, span_of(text + front + 1000, b.len - front - 1000));
		put_patient(&rest, EXPLICIT);
		parts[2] = (struct segment){.bytes = (const char *)rest.data, .len = rest.len};
		t = transcript_run(parts, 3, 0, PORT);
		assert_true(transcript_has(&t, "[PatientID] WHC-4711\n"));
		assert_true(transcript_has(&t, "0.0 stream [] gap"));
		transcript_free(&t);
		parts[1].gap_bytes = TRANSCRIPT_GAP_UNKNOWN;
		t = transcript_run(parts, 2, 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "0.0 stream [] gap"));
		transcript_free(&t);
		buf_free(&rest);
	}
	buf_free(&b);
}

/* PS3.18 sections 8.3.4 (queries) and 10.5 (storing): what stands in a request to store, and the
 * labels of one to search. */
static void web_requests_carry_it(void **state)
{
	struct buf file = new_buf(), b = new_buf(), body = new_buf();
	struct transcript t;
	char head[300];

	(void)state;
	put_meta(&file, SYNTAX(".1"));
	put_data_set(&file, EXPLICIT);
	put(&body, span_of_text("--xyz\r\nContent-Type: application/dicom\r\n\r\n"));
	put(&body, buf_span(&file));
	put(&body, span_of_text("\r\n--xyz\r\nContent-Type: application/dicom+json\r\n\r\n"
	                        "[{\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":"
	                        "\"Citizen^Jane\"}]}}]\r\n--xyz--\r\n"));
	snprintf(head, sizeof(head),
	        "POST /studies?PatientID=WHC-4713 HTTP/1.1\r\nHost: pacs.example\r\n"
	        "Content-Type: multipart/related; type=\"application/dicom\"; boundary=xyz\r\n"
	        "Content-Length: %zu\r\n\r\n",
	        body.len);
	put(&b, span_of_text(head));
	put(&b, buf_span(&body));
	t = transcript_bytes(buf_span(&b), 0, 80);
	assert_true(transcript_has(&t, "field url key=PatientID [HTTP query] WHC-4713\n"));
	assert_true(transcript_has(&t, "begin dicom CT [HTTP body > part 1]\n"));
	assert_true(transcript_has(&t, "> PatientName] Citizen Jane Ms\n"));
	assert_true(transcript_has(&t, "key=00100010.Value.Alphabetic"));
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(&b), 80));
	buf_free(&file);
	buf_free(&body);
	buf_free(&b);
}

static void other_bytes_are_not_dicom(void **state)
{
	static const char *const others[] = {"\x08\0\x05\0\xff\xff\xff\xff............",
	        "\x08\0\x05\0CS\x0a\0ISO_IR 100\x07\0\x05\0CS\2\0AB", "\2\0\0\0\xff\xff\xff\xff",
	        "\0\x08\0\x05XX\0\x0aISO_IR 100", "\x08\0\x08\0UI\4\0\1\2\3\4\x08\0\x09\0UI\2\0ab"};
	static const size_t lengths[] = {20, 28, 8, 18, 22};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_int_equal(dicom_data_set_probe(span_of(others[i], lengths[i]), true),
		        STATUS_NOT_FOUND);
	}
}

static void all_known_tags_can_be_found(void **state)
{
	(void)state;
	assert_string_equal(dicom_keyword(DICOM_TAG(0x10, 0x10)), "PatientName");
	assert_string_equal(dicom_keyword(DICOM_TAG(0x32, 0x1030)), "ReasonForStudy");
	assert_string_equal(dicom_keyword(DICOM_TAG(0x4008, 0x300)), "Impressions");
	assert_string_equal(dicom_keyword(DICOM_TAG(8, 0x20)), "StudyDate");
	assert_string_equal(dicom_keyword(DICOM_TAG(0x40, 0xa160)), "TextValue");
	assert_null(dicom_keyword(DICOM_TAG(0x11, 0x10)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_way_to_write_it_says_the_same),
	        cmocka_unit_test(a_deflated_data_set_is_inflated),
	        cmocka_unit_test(encapsulated_pixels_are_counted),
	        cmocka_unit_test(a_document_inside_is_opened),
	        cmocka_unit_test(unknown_representations_show_what_they_are),
	        cmocka_unit_test(nobodys_name_and_number_have_no_meaning),
	        cmocka_unit_test(a_long_text_arrives_in_pieces),
	        cmocka_unit_test(ten_thousand_items_are_walked_through),
	        cmocka_unit_test(broken_elements_end_with_a_name),
	        cmocka_unit_test(a_file_cut_anywhere_has_a_name),
	        cmocka_unit_test(a_gap_in_the_pixels_is_passed_over),
	        cmocka_unit_test(web_requests_carry_it),
	        cmocka_unit_test(other_bytes_are_not_dicom),
	        cmocka_unit_test(all_known_tags_can_be_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
