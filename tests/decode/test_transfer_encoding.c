#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode/transfer_encoding.h"

struct vector {
	enum transfer_encoding encoding;
	const char *in, *out;
	uint64_t skipped_bytes;
};

static const struct vector vectors[] = {
        {TRANSFER_IDENTITY, "as it stands =3D", "as it stands =3D", 0},
        {TRANSFER_BASE64, "", "", 0},
        {TRANSFER_BASE64, "TVNIfF5+XCZ8", "MSH|^~\\&|", 0},
        {TRANSFER_BASE64, "TVNIfF5-XCZ8", "MSH|^~\\&|", 0}, /* the URL-safe alphabet */
        {TRANSFER_BASE64, "Zm9v\r\nYmFy\r\n", "foobar", 0},
        {TRANSFER_BASE64, "Zm9vYg==", "foob", 0},
        {TRANSFER_BASE64, "Zm9vYg", "foob", 0},          /* no padding */
        {TRANSFER_BASE64, "Zm9vYg==YmFy", "foobbar", 0}, /* two texts, one after the other */
        {TRANSFER_BASE64, "Zm 9v!Ym.Fy", "foobar", 3},
        {TRANSFER_QUOTED_PRINTABLE, "Citizen=2C Jane", "Citizen, Jane", 0},
        {TRANSFER_QUOTED_PRINTABLE, "one=\r\nword, one=\nmore", "oneword, onemore", 0},
        {TRANSFER_QUOTED_PRINTABLE, "lower =c3=a9", "lower \xc3\xa9", 0},
        {TRANSFER_QUOTED_PRINTABLE, "a=zb =4z ==41", "a=zb =4z =A", 4},
        {TRANSFER_QUOTED_PRINTABLE, "end=", "end=", 1},
        {TRANSFER_QUOTED_PRINTABLE, "end=4", "end=4", 2},
};

/* Feeds in pieces of the given length with a small room; the room must never matter. */
static size_t read_in_pieces(const struct vector *v, size_t piece, size_t room, uint8_t *out,
        uint64_t *ret_skipped_bytes)
{
	struct transfer_reader r;
	size_t len = strlen(v->in);
	size_t count = 0;

	transfer_reader_init(&r, v->encoding);
	for (size_t at = 0; at < len; at += piece) {
		struct cursor in = cursor_open(span_slice(span_of_text(v->in), at, piece));

		while (cursor_left(&in) > 0)
			count += transfer_reader_read(&r, &in, out + count, room);
	}
	*ret_skipped_bytes = r.skipped_bytes;
	if (r.held_count > 0)
		*ret_skipped_bytes += r.held_count;
	return count + transfer_reader_finish(&r, out + count);
}

static void gives_the_same_however_it_is_cut(void **state)
{
	uint8_t out[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];

		for (size_t piece = 1; piece <= strlen(v->in) + 1; piece++) {
			for (size_t room = 4; room < 40; room += 9) {
				uint64_t skipped_bytes;
				size_t count = read_in_pieces(v, piece, room, out, &skipped_bytes);

				assert_int_equal(count, strlen(v->out));
				assert_memory_equal(out, v->out, count);
				assert_int_equal(skipped_bytes, v->skipped_bytes);
			}
		}
	}
}

static void names_of_encodings(void **state)
{
	(void)state;
	assert_int_equal(transfer_encoding_parse(span_of_text(" BASE64 ")), TRANSFER_BASE64);
	assert_int_equal(transfer_encoding_parse(span_of_text("Quoted-Printable")),
	        TRANSFER_QUOTED_PRINTABLE);
	assert_int_equal(transfer_encoding_parse(span_of_text("8bit")), TRANSFER_IDENTITY);
	assert_int_equal(transfer_encoding_parse(span_of(NULL, 0)), TRANSFER_IDENTITY);
}

static void a_run_must_decode_to_a_known_format(void **state)
{
	(void)state;
	assert_true(base64_run(span_of_text("JVBERi0xLjcKJeLjz9MKMSAwIG9iago8PC9UeXBl")));
	assert_true(base64_run(span_of_text("TVNIfF5+XCZ8U09GVHxGQUN8fHwyMDI2")));
	assert_true(base64_run(span_of_text("TVNIfF5-XCZ8U09G\r\nVHxGQUN8fHwyMDI2")));
	assert_true(base64_run(span_of_text("SUkqAAgAAAAPAP4ABAABAAAAAAAAAAAB")));
	assert_false(base64_run(span_of_text("JVBERi0 xLjcKJeLjz9MKMSAwIG9iago8PC9UeXBl")));
	assert_false(base64_run(span_of_text("SUkqThisIsNoPictureAtAllJustWords")));
	assert_false(base64_run(span_of_text("/9j/usr/local/share/doc/libsomething")));
	assert_false(base64_run(span_of_text("MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa")));
	assert_false(base64_run(span_of_text("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9eyJhbGci")));
	assert_false(base64_run(span_of_text("29518731251295187312")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(gives_the_same_however_it_is_cut),
	        cmocka_unit_test(names_of_encodings),
	        cmocka_unit_test(a_run_must_decode_to_a_known_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
