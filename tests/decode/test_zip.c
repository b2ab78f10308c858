#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

#define PORT            9999
#define FLAG_ENCRYPTED  1u
#define FLAG_DESCRIPTOR 8u

struct member {
	const char *name;
	unsigned method, flags;
	struct span plain;
	int crc_error, length_error; /* added to what the header says */
	bool sizes_in_header;        /* although a descriptor follows */
};

static const char hl7[] = "MSH|^~\\&|A||||||ADT^A08|1\rPID|1||29518731251^^^AUSHIC^MC\r";

static void put16(struct buf *b, unsigned value)
{
	uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

	assert_int_equal(buf_append(b, span_of(bytes, 2)), STATUS_OK);
}

static void put32(struct buf *b, size_t value)
{
	put16(b, value & 0xffff);
	put16(b, value >> 16 & 0xffff);
}

/* Raw deflate; gives. */
static struct span deflated(struct span plain)
{
	uLong size = compressBound(plain.len) + 64;
	uint8_t *out = malloc(size);
	z_stream z = {0};

	assert_non_null(out);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (z_const Bytef *)(uintptr_t)plain.data;
	z.avail_in = (uInt)plain.len;
	z.next_out = out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size = z.total_out;
	deflateEnd(&z);
	return span_of(out, size);
}

static void put_member(struct buf *b, const struct member *m)
{
	bool late = (m->flags & FLAG_DESCRIPTOR) != 0 && !m->sizes_in_header;
	struct span data = m->method == 8 ? deflated(m->plain) : m->plain;
	uint32_t crc = (uint32_t)crc32(0, m->plain.data, (uInt)m->plain.len) +
	               (unsigned)m->crc_error;
	size_t said = data.len + (size_t)m->length_error;

	put32(b, 0x04034b50);
	put16(b, 20);
	put16(b, m->flags);
	put16(b, m->method);
	put32(b, 0x5b210000);
	put32(b, late ? 0 : crc);
	put32(b, late ? 0 : said);
	put32(b, late ? 0 : m->plain.len);
	put16(b, (unsigned)strlen(m->name));
	put16(b, 0);
	assert_int_equal(buf_append_text(b, m->name), STATUS_OK);
	assert_int_equal(buf_append(b, data), STATUS_OK);
	if (m->flags & FLAG_DESCRIPTOR) {
		put32(b, 0x08074b50);
		put32(b, crc);
		put32(b, said);
		put32(b, m->plain.len);
	}
	if (m->method == 8)
		free((void *)data.data);
}

static void put_end(struct buf *b)
{
	put32(b, 0x06054b50);
	for (int i = 0; i < 9; i++)
		put16(b, 0);
}

static struct buf archive(const struct member *members, size_t count)
{
	struct buf b;

	buf_init(&b, 64u << 20, NULL);
	for (size_t i = 0; i < count; i++)
		put_member(&b, &members[i]);
	put_end(&b);
	return b;
}

static struct member hl7_member(unsigned method, unsigned flags)
{
	return (struct member){.name = "Citizen Jane/message.hl7",
	        .method = method,
	        .flags = flags,
	        .plain = span_of(hl7, sizeof(hl7) - 1)};
}

static void reads_every_way_to_write_a_member(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 6; kind++) {
		struct member two[2] = {
		        hl7_member(kind % 2 ? 8 : 0, kind / 2 ? FLAG_DESCRIPTOR : 0),
		        {.name = "b.txt", .plain = span_of("Invented text", 13)},
		};
		struct buf zip;
		struct transcript t;

		two[0].sizes_in_header = kind / 2 == 2;
		zip = archive(two, 2);
		t = transcript_bytes(buf_span(&zip), 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "0.0 begin archive zip [member 1 (.hl7)]\n"));
		assert_true(transcript_has(&t, "field file-name [member 1 (.hl7)] Citizen Jane/"));
		assert_true(transcript_has(&t, "0.1 begin hl7 ADT^A08 [member 1 (.hl7) > "));
		assert_true(transcript_has(&t, "hl7-authority=AUSHIC^MC"));
		assert_true(transcript_has(&t, "[member 1 (.hl7)] complete bytes=57 unread=0"));
		assert_true(transcript_has(&t, "0.1 text content [member 2 (.txt)] Invented text"));
		assert_true(transcript_has(&t, "0.0 stream [] complete"));
		assert_int_equal(t.summary.malformed, 0);
		assert_int_equal(t.summary.unread_bytes[0], 0);
		transcript_free(&t);
		assert_true(transcript_stable(buf_span(&zip), PORT));
		buf_free(&zip);
	}
}

static void locked_and_unknown_members_are_named(void **state)
{
	struct member members[] = {
	        hl7_member(0, FLAG_ENCRYPTED),
	        hl7_member(0, FLAG_ENCRYPTED | FLAG_DESCRIPTOR),
	        hl7_member(12, 0),
	        hl7_member(8, 0),
	};
	struct buf zip = archive(members, ARRAY_LEN(members));
	struct transcript t = transcript_bytes(buf_span(&zip), 0, PORT);

	(void)state;
	assert_true(transcript_has(&t, "0.0 begin sealed zip [member 1 (.hl7)]"));
	assert_true(transcript_has(&t, "stream [member 1 (.hl7)] encrypted"));
	assert_true(transcript_has(&t, "0.0 begin sealed zip [member 2 (.hl7)]"));
	assert_true(transcript_has(&t, "stream [member 2 (.hl7)] encrypted"));
	assert_true(transcript_has(&t, "stream [member 3 (.hl7)] unknown"));
	assert_true(transcript_has(&t, "0.1 begin hl7 ADT^A08 [member 4 (.hl7)"));
	assert_true(transcript_has(&t, "0.0 stream [] complete"));
	assert_int_equal(t.summary.unread_bytes[0], 3 * (sizeof(hl7) - 1));
	assert_int_equal(t.summary.unread_reason, STREAM_ENCRYPTED);
	assert_int_equal(t.summary.malformed, 0);
	transcript_free(&t);
	assert_true(transcript_stable(buf_span(&zip), PORT));
	buf_free(&zip);
}

static void lying_lengths_and_sums_end_their_member_only(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 10; kind++) {
		struct member two[2] = {
		        hl7_member(kind % 2 ? 8 : 0, kind >= 6 ? FLAG_DESCRIPTOR : 0),
		        hl7_member(8, 0)};
		struct buf zip;
		struct transcript t;

		two[0].crc_error = kind / 2 == 0 || kind / 2 == 3;
		two[0].length_error = kind / 2 == 1   ? 3
		                      : kind / 2 == 2 ? -3
		                      : kind / 2 == 4 ? 1
		                                      : 0;
		two[1].name = "next.hl7";
		zip = archive(two, 2);
		t = transcript_bytes(buf_span(&zip), 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_true(t.summary.malformed > 0 || transcript_has(&t, "truncated"));
		if (kind != 2 && kind != 6 && kind != 8) /* stored: where it ends cannot be told */
			assert_true(transcript_has(&t, "begin hl7 ADT^A08 [member 2 (.hl7)"));
		transcript_free(&t);
		assert_true(transcript_stable(buf_span(&zip), PORT));
		buf_free(&zip);
	}
}

static void a_cut_archive_says_so(void **state)
{
	struct member members[2] = {hl7_member(8, 0), hl7_member(0, FLAG_DESCRIPTOR)};
	struct buf zip = archive(members, 2);

	(void)state;
	for (size_t len = 4; len < zip.len; len++) {
		struct transcript t = transcript_bytes(span_slice(buf_span(&zip), 0, len), 0, PORT);

		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "0.0 stream [] truncated"));
		assert_int_equal(t.budget_left_used, 0);
		transcript_free(&t);
	}
	buf_free(&zip);
}

static void what_follows_the_end_is_not_clean(void **state)
{
	struct member member = hl7_member(8, 0);
	struct buf zip = archive(&member, 1);
	struct transcript t;

	(void)state;
	assert_int_equal(buf_append_text(&zip, "hidden behind the end"), STATUS_OK);
	t = transcript_bytes(buf_span(&zip), 0, PORT);
	assert_int_equal(t.summary.unread_bytes[0], 21);
	transcript_free(&t);
	buf_free(&zip);
	zip = archive(&member, 1); /* a second archive behind the first */
	put_member(&zip, &member);
	put_end(&zip);
	t = transcript_bytes(buf_span(&zip), 0, PORT);
	assert_int_equal(transcript_count(&t, "begin hl7 ADT^A08"), 2);
	transcript_free(&t);
	buf_free(&zip);
}

static void a_bomb_is_stopped(void **state)
{
	size_t len = 32u << 20;
	uint8_t *zeros = calloc(1, len);
	struct member bomb = {.name = "bomb.txt", .method = 8, .plain = span_of(zeros, len)};
	struct buf zip;
	struct transcript t;

	(void)state;
	assert_non_null(zeros);
	memset(zeros, 'a', len);
	zip = archive(&bomb, 1);
	t = transcript_bytes(buf_span(&zip), 0, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "stream [member 1 (.txt)] limit"));
	assert_true(t.summary.limits_hit > 0);
	assert_true(t.budget_peak < 1u << 20);
	assert_true(
	        t.text_len < (size_t)DECODE_RATIO_FREE_BYTES + zip.len * (DECODE_RATIO_MAX + 2));
	transcript_free(&t);
	buf_free(&zip);
	free(zeros);
}

static void zips_inside_zips_stop_at_the_depth(void **state)
{
	struct member member = hl7_member(8, 0);
	struct buf zip = archive(&member, 1);
	struct transcript t;

	(void)state;
	for (unsigned depth = 2; depth <= DECODE_DEPTH_MAX + 2; depth++) {
		struct member outer = {.name = "in.zip", .plain = buf_span(&zip)};
		struct buf next = archive(&outer, 1);

		buf_free(&zip);
		zip = next;
		t = transcript_bytes(buf_span(&zip), 0, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_int_equal(
		        transcript_has(&t, "begin hl7 ADT^A08"), depth <= DECODE_DEPTH_MAX);
		assert_int_equal(t.summary.limits_hit > 0, depth > DECODE_DEPTH_MAX);
		transcript_free(&t);
	}
	buf_free(&zip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_every_way_to_write_a_member),
	        cmocka_unit_test(locked_and_unknown_members_are_named),
	        cmocka_unit_test(lying_lengths_and_sums_end_their_member_only),
	        cmocka_unit_test(a_cut_archive_says_so),
	        cmocka_unit_test(what_follows_the_end_is_not_clean),
	        cmocka_unit_test(a_bomb_is_stopped),
	        cmocka_unit_test(zips_inside_zips_stop_at_the_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
