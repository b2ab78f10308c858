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

#define PORT        9999
#define LARGE_BYTES 12000u
#define SMALL_BYTES 3000u

#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

static struct buf new_buf(void)
{
	struct buf b;

	buf_init(&b, 4u << 20, NULL);
	return b;
}

static void put(struct buf *b, const void *bytes, size_t len)
{
	assert_int_equal(buf_append(b, span_of(bytes, len)), STATUS_OK);
}

static void put_text(struct buf *b, const char *text)
{
	put(b, text, strlen(text));
}

static void put_big(struct buf *b, uint64_t value, size_t bytes)
{
	while (bytes-- > 0) {
		uint8_t byte = (uint8_t)(value >> 8 * bytes);

		put(b, &byte, 1);
	}
}

static void put_little(struct buf *b, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * i);

		put(b, &byte, 1);
	}
}

static void put_zeros(struct buf *b, size_t count)
{
	static const uint8_t zeros[1000];

	for (; count > 0; count -= count < sizeof(zeros) ? count : sizeof(zeros))
		put(b, zeros, count < sizeof(zeros) ? count : sizeof(zeros));
}

/* ---- sound ---- */

static void put_wav(struct buf *b, unsigned rate, size_t bytes)
{
	put_text(b, "RIFF");
	put_little(b, 0, 4);
	put_text(b, "WAVELIST");
	put_little(b, 3, 4);
	put_text(b, "abc.fmt ");
	put_little(b, 16, 4);
	put_little(b, 1, 4);
	put_little(b, rate, 4);
	put_little(b, rate, 4);
	put_little(b, 1, 4);
	put_text(b, "data");
	put_little(b, UINT32_MAX, 4);
	put_zeros(b, bytes);
}

static void put_page(struct buf *b, unsigned flags, uint64_t granule, struct span body)
{
	put_text(b, "OggS");
	put_big(b, 0, 1);
	put_big(b, flags, 1);
	put_little(b, granule, 8);
	put_little(b, 77, 4);
	put_zeros(b, 8);
	put_big(b, 1, 1);
	put_big(b, body.len, 1);
	put(b, body.data, body.len);
}

static void put_opus(struct buf *b, uint64_t seconds)
{
	static const char head[] = "OpusHead\1\1\x38\1\x80\xbb\0\0\0\0";

	put_page(b, 2, 0, span_of(head, 19));
	put_page(b, 0, 0, span_of_text("OpusTags"));
	for (uint64_t i = 1; i <= seconds; i++)
		put_page(b, 0, i * 48000 + 312, span_of_text("packet of sound"));
}

static void put_ebml(struct buf *b, uint64_t id, size_t id_bytes, struct span value)
{
	put_big(b, id, id_bytes);
	put_big(b, 0x4000 | value.len, 2);
	put(b, value.data, value.len);
}

/* Lengths of what holds others are unknown, as recorders in browsers write. */
static void put_webm(struct buf *b, const char *codec, unsigned clusters)
{
	put_ebml(b, 0x1a45dfa3, 4, span_of("\x42\x82\x84webm", 7));
	put_big(b, 0x1853806701ffffff, 8);
	put_big(b, 0xffffffff, 4);
	put_big(b, 0x1549a966, 4);
	put_big(b, 0x87, 1);
	put_ebml(b, 0x2ad7b1, 3, span_of("\x0f\x42\x40", 3));
	put_big(b, 0x1654ae6bff, 5);
	put_big(b, 0xaeff, 2);
	put_ebml(b, 0x86, 1, span_of_text(codec));
	for (unsigned i = 0; i < clusters; i++) {
		uint8_t at[4] = {(uint8_t)(i * 5000 >> 24), (uint8_t)(i * 5000 >> 16),
		        (uint8_t)(i * 5000 >> 8), (uint8_t)(i * 5000)};

		put_big(b, 0x1f43b675ff, 5);
		put_ebml(b, 0xe7, 1, span_of(at, 4));
		put_ebml(b, 0xa3, 1, span_of("\x81\0\0\x80 packet of sound", 20));
		put_ebml(b, 0xa3, 1, span_of("\x81\x13\x24\x80 packet of sound", 20));
	}
}

static void put_box(struct buf *b, const char *type, struct span content)
{
	put_big(b, content.len + 8, 4);
	put_text(b, type);
	put(b, content.data, content.len);
}

static void put_mp4(struct buf *b, const char *handler, bool movie_first)
{
	struct buf movie = new_buf(), media = new_buf(), head = new_buf();

	put_zeros(&head, 12);
	put_big(&head, 1000, 4);
	put_big(&head, 754000, 4);
	put_zeros(&head, 80);
	put_box(&movie, "mvhd", buf_span(&head));
	head.len = 8;
	put_text(&head, handler);
	put_zeros(&head, 13);
	put_box(&media, "hdlr", buf_span(&head));
	head.len = 0;
	put_box(&head, "mdia", buf_span(&media));
	put_box(&movie, "trak", buf_span(&head));
	put_box(b, "ftyp", span_of_text("isom0000"));
	if (movie_first)
		put_box(b, "moov", buf_span(&movie));
	put_box(b, "mdat", span_of_text("sound and pictures"));
	if (!movie_first)
		put_box(b, "moov", buf_span(&movie));
	buf_free(&movie);
	buf_free(&media);
	buf_free(&head);
}

static void is_told(const struct buf *b, const char *begin, const char *length)
{
	struct transcript t = transcript_bytes(buf_span(b), 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, begin));
	if (length)
		assert_true(transcript_has(&t, length));
	else
		assert_false(transcript_has(&t, "key=duration"));
	assert_true(transcript_has(&t, "0.0 stream [] media"));
	assert_int_equal(t.summary.unread_bytes[0], b->len);
	assert_int_equal(t.budget_left_used, 0);
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(b), PORT));
}

static void sound_says_how_long_it_is(void **state)
{
	struct buf b = new_buf();

	(void)state;
	put_wav(&b, 100, 4500);
	is_told(&b, "begin audio wav [sound (.wav)]", "key=duration [sound (.wav)] 45\n");
	b.len = 0;
	put_opus(&b, 61);
	is_told(&b, "begin audio ogg [sound (.ogg)]", "key=duration [sound (.ogg)] 61\n");
	b.len = 0;
	put_webm(&b, "A_OPUS", 12);
	is_told(&b, "begin audio webm [sound (.webm)]", "key=duration [sound (.webm)] 60\n");
	b.len = 0;
	put_webm(&b, "V_VP8", 3);
	is_told(&b, "begin audio webm [video (.webm)]", "key=duration [video (.webm)] 15\n");
	b.len = 0;
	put_mp4(&b, "soun", true);
	is_told(&b, "begin audio mp4 [sound (.mp4)]", "key=duration [sound (.mp4)] 754\n");
	b.len = 0;
	put_mp4(&b, "vide", true);
	is_told(&b, "begin audio mp4 [video (.mp4)]", "754\n");
	b.len = 0;
	put_mp4(&b, "vide", false);
	is_told(&b, "begin audio mp4 [sound or video (.mp4)]", "754\n");
	buf_free(&b);
}

static void other_sound_says_it_too(void **state)
{
	struct buf b = new_buf();

	(void)state;
	put(&b, "ID3\4\0\0\0\0\0\x05hello\xff\xfb\x90\0", 19); /* 128 kbit/s */
	put_zeros(&b, 160000 - 4);
	{
		struct transcript t = transcript_bytes(buf_span(&b), 0, PORT);

		assert_true(transcript_has(&t, "key=duration [sound (.mp3)] 10\n"));
		transcript_free(&t);
	}
	b.len = 0;
	put(&b, "fLaC\0\0\0\x22\0\0\0\0\0\0\0\0\0\0", 18);
	put_big(&b, UINT64_C(44100) << 44 | UINT64_C(44100) * 30, 8);
	put_zeros(&b, 100);
	is_told(&b, "begin audio flac [sound (.flac)]", "key=duration [sound (.flac)] 30\n");
	b.len = 0;
	put_text(&b, "#!AMR\n");
	for (int i = 0; i < 100; i++) {
		put_text(&b, "\4twelve bytes");
	}
	is_told(&b, "begin audio amr [sound (.amr)]", "key=duration [sound (.amr)] 2\n");
	buf_free(&b);
}

static void broken_sound_is_of_unknown_length(void **state)
{
	static const struct span broken[] = {
	        BYTES("RIFF....WAVEdata\x10\0\0\0................"),
	        BYTES("\x1a\x45\xdf\xa3\x80\0\0\0\0\0\0\0\0\0"),
	        BYTES("\0\0\0\x0c"
	              "ftypisom\0\0\0\3moov......"),
	        BYTES("ID3\4\0\0\0\0\0\0not a frame of sound"),
	        BYTES("OggS\0\2.............\0...\1\x20opus"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		struct buf b = new_buf();

		put(&b, broken[i].data, broken[i].len);
		is_told(&b, "begin audio", NULL);
		buf_free(&b);
	}
}

/* ---- pictures ---- */

static void put_png(struct buf *b, unsigned width, unsigned height, size_t bytes)
{
	put(b, "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 16);
	put_big(b, width, 4);
	put_big(b, height, 4);
	put_zeros(b, bytes);
}

static void put_jpeg(struct buf *b, unsigned width, unsigned height, size_t bytes)
{
	put(b, "\xff\xd8\xff\xe1\x30\0", 6); /* 12 KB of another program's */
	put_zeros(b, 0x3000 - 2);
	put(b, "\xff\xc0\0\x11\x08", 5);
	put_big(b, height, 2);
	put_big(b, width, 2);
	put_zeros(b, bytes);
}

static void put_gif(struct buf *b, unsigned width, unsigned height, size_t bytes)
{
	put_text(b, "GIF89a");
	put_little(b, width, 2);
	put_little(b, height, 2);
	put_zeros(b, bytes);
}

static void put_webp(struct buf *b, unsigned width, unsigned height, size_t bytes)
{
	put_text(b, "RIFF....WEBPVP8X....");
	put_little(b, 0, 4);
	put_little(b, width - 1, 3);
	put_little(b, height - 1, 3);
	put_zeros(b, bytes);
}

static void put_bmp(struct buf *b, unsigned width, unsigned height, size_t bytes)
{
	put_text(b, "BM....");
	put_little(b, 0, 4);
	put_little(b, 54, 4);
	put_little(b, 40, 4);
	put_little(b, width, 4);
	put_little(b, 0u - height, 4);
	put_zeros(b, bytes);
}

static void only_large_pictures_are_documents(void **state)
{
	static void (*const formats[])(struct buf *, unsigned, unsigned, size_t) = {
	        put_png, put_jpeg, put_gif, put_webp, put_bmp};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		for (int kind = 0; kind < 4; kind++) {
			struct buf b = new_buf();
			bool large = kind < 2 && (kind == 0 || formats[i] == put_jpeg);
			struct transcript t;

			formats[i](&b, 1200,
			        kind == 3   ? 60
			        : kind == 2 ? 1
			                    : 1600,
			        kind == 1 ? SMALL_BYTES : LARGE_BYTES);
			t = transcript_bytes(buf_span(&b), 0, PORT);
			assert_int_equal(transcript_has(&t, "begin image"), large);
			assert_int_equal(transcript_has(&t, "begin binary"), !large);
			assert_true(transcript_has(
			        &t, large ? "0.0 stream [] media" : "0.0 stream [] complete"));
			assert_int_equal(t.summary.unread_bytes[0], b.len);
			assert_int_equal(t.summary.unread_reason, STREAM_MEDIA);
			transcript_free(&t);
			buf_free(&b);
		}
	}
}

static void pictures_are_judged_the_same_however_cut(void **state)
{
	(void)state;
	for (int small = 0; small < 2; small++) {
		struct buf b = new_buf();

		put_jpeg(&b, small ? 90 : 1200, 1600, 100);
		assert_true(transcript_stable(span_slice(buf_span(&b), 12000, 400), PORT));
		for (size_t step = 1; step < 6000; step += 997) {
			struct transcript t = transcript_bytes(buf_span(&b), step, PORT);

			assert_int_equal(transcript_has(&t, "begin image"), !small);
			transcript_free(&t);
		}
		buf_free(&b);
	}
}

/* A fax of one page may be small, and says nothing of its size at its beginning. */
static void faxes_are_documents(void **state)
{
	static const char *const begins[] = {"II*\0\x08\0\0\0\0\0\0\0", "MM\0*\0\0\0\x08\0\0\0\0",
	        "\0\0\0\x18"
	        "ftypheic",
	        "\0\0\0\x18"
	        "ftypmif1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		struct buf b = new_buf();

		put(&b, begins[i], 12);
		put_zeros(&b, 500);
		is_told(&b, "begin image", NULL);
		buf_free(&b);
	}
}

/* The logo of a page comes from its server; a client that sends nothing but a picture means it. */
static void what_a_client_uploads_is_a_document(void **state)
{
	(void)state;
	for (uint8_t direction = 0; direction < 2; direction++) {
		struct buf b = new_buf(), png = new_buf();
		struct segment part = {.direction = direction};
		struct transcript t;

		put_png(&png, 72, 72, 4);
		put_text(&b, direction == 0 ? "POST /returns HTTP/1.1\r\nHost: shop.example\r\n"
		                            : "HTTP/1.1 200 OK\r\n");
		put_text(&b, "Content-Type: image/png\r\nContent-Length: 28\r\n\r\n");
		put(&b, png.data, png.len);
		part.bytes = (const char *)b.data;
		part.len = b.len;
		t = transcript_run(&part, 1, 0, 80);
		assert_int_equal(transcript_has(&t, "begin image png"), direction == 0);
		assert_int_equal(transcript_has(&t, "begin binary png"), direction == 1);
		transcript_free(&t);
		buf_free(&b);
		buf_free(&png);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sound_says_how_long_it_is),
	        cmocka_unit_test(other_sound_says_it_too),
	        cmocka_unit_test(broken_sound_is_of_unknown_length),
	        cmocka_unit_test(only_large_pictures_are_documents),
	        cmocka_unit_test(pictures_are_judged_the_same_however_cut),
	        cmocka_unit_test(faxes_are_documents),
	        cmocka_unit_test(what_a_client_uploads_is_a_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
