#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/status.h"
#include "transcript.h"

#define WIRE_BYTES 65536
#define JSON       "{\"patient\": \"Jane Citizen\"}"
#define FIN        0x80
#define RSV1       0x40

struct wire {
	uint8_t bytes[WIRE_BYTES];
	size_t len;
};

/* A frame; a mask when one is given. */
static void add(struct wire *w, int first, const void *payload, size_t len, const char *mask)
{
	uint8_t *at = w->bytes + w->len;
	uint8_t bit = mask ? 0x80 : 0;

	*at++ = (uint8_t)first;
	if (len < 126) {
		*at++ = (uint8_t)(bit | len);
	} else {
		*at++ = bit | 126;
		*at++ = (uint8_t)(len >> 8);
		*at++ = (uint8_t)len;
	}
	for (int i = 0; mask && i < 4; i++)
		*at++ = (uint8_t)mask[i];
	for (size_t i = 0; i < len; i++)
		*at++ = ((const uint8_t *)payload)[i] ^ (mask ? (uint8_t)mask[i % 4] : 0);
	w->len = (size_t)(at - w->bytes);
}

static void add_text(struct wire *w, int first, const char *text)
{
	add(w, first, text, strlen(text), "\x11\xa2\x33\xf4");
}

/* One compressed message; the deflater keeps its window. */
static void add_packed(struct wire *w, z_stream *z, const void *bytes, size_t len)
{
	uint8_t packed[8192];

	z->next_in = (z_const Bytef *)(uintptr_t)bytes;
	z->avail_in = (uInt)len;
	z->next_out = packed;
	z->avail_out = sizeof(packed);
	assert_int_equal(deflate(z, Z_SYNC_FLUSH), Z_OK);
	add(w, FIN | RSV1 | 1, packed, sizeof(packed) - z->avail_out - 4, "abcd");
}

static struct transcript read_wire(const struct wire *w)
{
	struct segment all = {.bytes = (const char *)w->bytes, .len = w->len};
	struct transcript t = transcript_expect(&all, 1, 0, "websocket");

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	assert_string_equal(t.summary.protocol, "websocket");
	return t;
}

static void stays(const struct wire *w)
{
	assert_true(transcript_stable_as(span_of(w->bytes, w->len), "websocket"));
}

static void reads_messages_fragments_and_control_frames(void **state)
{
	struct wire w = {.len = 0};
	struct transcript t;

	(void)state;
	add_text(&w, FIN | 1, JSON);
	add_text(&w, 2, "MSH|^~\\&|A||||||");
	add_text(&w, FIN | 9, "are you there");
	add_text(&w, 0, "ADT^A08|1\rPID|1||");
	add_text(&w, FIN | 0, "5\r");
	add(&w, FIN | 1, JSON, sizeof(JSON) - 1, NULL);
	add_text(&w, FIN | 8, "\x03\xe8");
	t = read_wire(&w);
	assert_true(transcript_has(&t, "0.0 begin socket text [socket message 1]\n"));
	assert_int_equal(transcript_count(&t, "key=patient"), 2);
	assert_true(transcript_has(&t, "0.0 begin socket binary [socket message 2]\n"));
	assert_true(transcript_has(&t, "begin hl7 ADT^A08"));
	assert_true(transcript_has(&t, "0.0 stream [] complete"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_true(t.summary.clear);
	transcript_free(&t);
	stays(&w);
}

static void reads_compressed_messages(void **state)
{
	for (int keeps = 0; keeps < 2; keeps++) {
		struct wire w = {.len = 0};
		struct transcript t;
		z_stream z = {.zalloc = Z_NULL};

		assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, 0), Z_OK);
		for (int i = 0; i < 3; i++) {
			add_packed(&w, &z, JSON, sizeof(JSON) - 1);
			if (!keeps)
				assert_int_equal(deflateReset(&z), Z_OK);
		}
		deflateEnd(&z);
		add_text(&w, FIN | 1, JSON);
		t = read_wire(&w);
		assert_int_equal(transcript_count(&t, "key=patient"), 4);
		assert_int_equal(t.summary.unread_bytes[0], 0);
		transcript_free(&t);
		stays(&w);
	}
	(void)state;
}

static void names_sound_and_what_goes_on_with_it(void **state)
{
	struct wire w = {.len = 0};
	uint8_t sound[300];
	struct transcript t;

	(void)state;
	for (size_t i = 0; i < sizeof(sound); i++)
		sound[i] = (uint8_t)(i * 7);
	add_text(&w, FIN | 1, JSON);
	add(&w, FIN | 2, sound, sizeof(sound), "abcd");
	memcpy(sound, "OggS", 4);
	add(&w, FIN | 2, sound, sizeof(sound), "abcd");
	memset(sound, 0, 4);
	add(&w, FIN | 2, sound, sizeof(sound), "abcd");
	add_text(&w, FIN | 2, JSON);
	t = read_wire(&w);
	assert_true(transcript_has(&t, "stream [socket message 2] unknown bytes=300 unread=300\n"));
	assert_true(transcript_has(
	        &t, "0.1 begin audio ogg [socket message 3 > sound or video (.ogg)]\n"));
	assert_true(transcript_has(&t, "stream [socket message 3] media bytes=300 unread=300\n"));
	assert_true(transcript_has(&t, "stream [socket message 4] media bytes=300 unread=300\n"));
	assert_int_equal(transcript_count(&t, "key=patient"), 2);
	assert_int_equal(t.summary.unread_bytes[0], 900);
	transcript_free(&t);
	stays(&w);
}

static void add_header(struct wire *w, const char *name, const char *value)
{
	const char *const texts[] = {name, value};

	w->bytes[w->len++] = 0; /* literal, not kept, RFC 7541 section 6.2.2 */
	for (int i = 0; i < 2; i++) {
		w->bytes[w->len++] = (uint8_t)strlen(texts[i]);
		memcpy(w->bytes + w->len, texts[i], strlen(texts[i]));
		w->len += strlen(texts[i]);
	}
}

static void add_h2(struct wire *w, uint8_t type, const struct wire *payload)
{
	const uint8_t head[9] = {0, (uint8_t)(payload->len >> 8), (uint8_t)payload->len, type,
	        type == 1 ? 4 : 0, 0, 0, 0, type == 4 ? 0 : 1};

	memcpy(w->bytes + w->len, head, sizeof(head));
	memcpy(w->bytes + w->len + sizeof(head), payload->bytes, payload->len);
	w->len += sizeof(head) + payload->len;
}

/* RFC 8441: a stream of HTTP/2 that was opened for it, both ways. */
static void a_stream_of_http2(void **state)
{
	static struct wire none, ask, answer, sent, got, client, server;
	struct segment segments[2] = {{.direction = 0}, {.direction = 1}};
	struct transcript t;

	(void)state;
	memcpy(client.bytes, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
	client.len = 24;
	add_header(&ask, ":method", "CONNECT");
	add_header(&ask, ":protocol", "websocket");
	add_header(&ask, ":scheme", "https");
	add_header(&ask, ":path", "/talk");
	add_header(&ask, ":authority", "a.example");
	add_header(&answer, ":status", "200");
	add_text(&sent, FIN | 1, JSON);
	add(&got, FIN | 1, JSON, sizeof(JSON) - 1, NULL);
	add_h2(&client, 4, &none);
	add_h2(&client, 1, &ask);
	add_h2(&client, 0, &sent);
	add_h2(&server, 4, &none);
	add_h2(&server, 1, &answer);
	add_h2(&server, 0, &got);
	segments[0].bytes = (const char *)client.bytes;
	segments[0].len = client.len;
	segments[1].bytes = (const char *)server.bytes;
	segments[1].len = server.len;
	for (size_t step = 0; step < 3; step++) {
		t = transcript_run(segments, 2, step, 80);
		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(
		        &t, "0.1 begin socket text [HTTP body > socket message 1]\n"));
		assert_true(transcript_has(
		        &t, "1.1 begin socket text [HTTP body > socket message 1]\n"));
		assert_int_equal(transcript_count(&t, "key=patient"), 2);
		transcript_free(&t);
	}
}

static void a_capture_that_begins_later(void **state)
{
	struct wire w = {.len = 0}, short_one = {.len = 0};
	struct transcript t;

	(void)state;
	add_text(&w, FIN | 1, JSON);
	add_text(&w, FIN | 1, "ok");
	t = transcript_bytes(span_of(w.bytes, w.len), 0, 8080);
	assert_string_equal(t.summary.protocol, "websocket");
	assert_true(transcript_has(&t, "key=patient"));
	transcript_free(&t);
	assert_true(transcript_stable(span_of(w.bytes, w.len), 8080));
	add_text(&short_one, FIN | 1, "{\"a\": 1}");
	t = transcript_bytes(span_of(short_one.bytes, short_one.len), 0, 8080);
	assert_string_equal(t.summary.protocol, "");
	transcript_free(&t);
}

static void bad_frames_have_an_end(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *says;
	} cases[] = {
	        {"\x81\xfe\x00\x05", 4, "malformed"}, /* longer than it needs */
	        {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, "malformed"},
	        {"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"
	         "abc",
	                13, "truncated"},
	        {"\x80\x01"
	         "a",
	                3, "malformed"}, /* goes on with nothing */
	        {"\x01\x01"
	         "a\x81\x01"
	         "b",
	                6, "malformed"},              /* begins inside another */
	        {"\x89\x7e\x00\x80", 4, "malformed"}, /* a long ping */
	        {"\x81\x05"
	         "ab",
	                4, "truncated"},
	        {"\xc1\x04\xff\xff\xff\xff", 6, "malformed"}, /* not deflate */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct segment all = {.bytes = cases[i].bytes, .len = cases[i].len};
		struct transcript t = transcript_expect(&all, 1, 0, "websocket");

		assert_int_equal(t.status, STATUS_OK);
		if (!transcript_has(&t, cases[i].says))
			fail_msg("case %zu ends otherwise", i);
		transcript_free(&t);
		/* Behind what is malformed, a session begins again at any chunk. */
		if (strcmp(cases[i].says, "malformed") != 0)
			assert_true(transcript_stable_as(
			        span_of(cases[i].bytes, cases[i].len), "websocket"));
	}
}

static void a_gap_inside_a_payload(void **state)
{
	static const struct segment plain[] = {
	        SEGMENT(0, "\x81\x1c"
	                   "Dear Jane, "),
	        {.gap_bytes = 7},
	        SEGMENT(0, "the result"
	                   "\x81\x05"
	                   "again"),
	};
	struct transcript t = transcript_expect(plain, 3, 0, "websocket");

	(void)state;
	assert_true(transcript_has(&t, "stream [socket message 1] gap"));
	assert_true(transcript_has(&t, "[socket message 2] again\n"));
	transcript_free(&t);
}

static void many_fragments_and_bombs_are_bounded(void **state)
{
	const size_t fragments = 100000;
	uint8_t *bytes = malloc(fragments * 3 + 3);
	struct segment all = {.bytes = (const char *)bytes, .len = fragments * 3 + 3};
	static uint8_t zeros[1 << 20];
	struct wire w = {.len = 0};
	struct transcript t;
	z_stream z = {.zalloc = Z_NULL};

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i <= fragments; i++)
		memcpy(bytes + 3 * i,
		        i == 0 ? "\x01\x01"
		                 "a"
		               : "\x00\x01"
		                 "a",
		        3);
	bytes[3 * fragments] = 0x80;
	t = transcript_expect(&all, 1, 0, "websocket");
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "stream [socket message 1] complete bytes=100001 unread=0"));
	assert_true(t.budget_peak < 1 << 20);
	transcript_free(&t);
	free(bytes);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, 0), Z_OK);
	memset(zeros, 'a', sizeof(zeros));
	for (int i = 0; i < 8; i++)
		add_packed(&w, &z, zeros, sizeof(zeros));
	deflateEnd(&z);
	t = read_wire(&w);
	assert_true(transcript_has(&t, " limit bytes="));
	assert_int_not_equal(t.summary.limits_hit, 0);
	assert_true(t.budget_peak < 1 << 20);
	transcript_free(&t);
}

/* What a ping carries is not read. */
static void a_long_ping_is_counted(void **state)
{
	static const char text[] = "Jane Citizen, 29518731251, is due for a recall";
	struct wire w = {.len = 0};
	struct transcript t;

	(void)state;
	add_text(&w, FIN | 1, JSON);
	add_text(&w, FIN | 9, text);
	t = read_wire(&w);
	assert_int_equal(t.summary.unread_bytes[0], strlen(text));
	assert_int_equal(t.summary.unread_reason, STREAM_UNKNOWN);
	transcript_free(&t);
	stays(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_messages_fragments_and_control_frames),
	        cmocka_unit_test(reads_compressed_messages),
	        cmocka_unit_test(names_sound_and_what_goes_on_with_it),
	        cmocka_unit_test(a_stream_of_http2),
	        cmocka_unit_test(a_capture_that_begins_later),
	        cmocka_unit_test(bad_frames_have_an_end),
	        cmocka_unit_test(a_gap_inside_a_payload),
	        cmocka_unit_test(many_fragments_and_bombs_are_bounded),
	        cmocka_unit_test(a_long_ping_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
