#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/status.h"
#include "frame_maker.h"
#include "net/dns.h"

#define PUT(m, literal) put_bytes(m, literal, sizeof(literal) - 1)

/* Question www.example.com A; answers: CNAME to edge.example.net, A, AAAA, and a TXT in between. */
static void put_response(struct frame_maker *m)
{
	put16(m, 0xbeef), put16(m, 0x8180);
	put16(m, 1), put16(m, 4), put16(m, 0), put16(m, 0);
	PUT(m, "\3wWw\7example\3COM\0\0\1\0\1");
	PUT(m, "\xc0\x0c\0\5\0\1\0\0\1\x2c\0\x12\4edge\7example\3net\0");
	PUT(m, "\xc0\x2d\0\x10\0\1\0\0\0\x3c\0\2\1x");
	PUT(m, "\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x07");
	PUT(m, "\xc0\x2d\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09");
}

static struct dns_message parsed;

static int parse(const struct frame_maker *m)
{
	return dns_parse(span_of(m->bytes, m->len), &parsed);
}

static void reads_a_response(void **state)
{
	struct frame_maker m = {.len = 0};
	char text[ADDR_TEXT_CHARS];

	(void)state;
	put_response(&m);
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.id, 0xbeef);
	assert_true(parsed.response);
	assert_int_equal(parsed.response_code, 0);
	assert_string_equal(parsed.question, "www.example.com");
	assert_int_equal(parsed.question_type, 1);
	assert_int_equal(parsed.answer_count, 3);
	assert_int_equal(parsed.answers_left_out, 0);
	assert_string_equal(parsed.answers[0].name, "www.example.com");
	assert_string_equal(parsed.answers[0].target, "edge.example.net");
	assert_int_equal(parsed.answers[0].addr.family, ADDR_NONE);
	assert_int_equal(parsed.answers[0].ttl_seconds, 300);
	assert_string_equal(parsed.answers[1].name, "edge.example.net");
	assert_string_equal(parsed.answers[1].target, "");
	addr_format(&parsed.answers[1].addr, text);
	assert_string_equal(text, "192.0.2.7");
	addr_format(&parsed.answers[2].addr, text);
	assert_string_equal(text, "2001:db8::9");
}

static void cut_anywhere_it_is_truncated_and_untouched(void **state)
{
	struct frame_maker m = {.len = 0};
	static struct dns_message before;

	(void)state;
	put_response(&m);
	memset(&parsed, 0x5a, sizeof(parsed));
	before = parsed;
	for (size_t len = 0; len < m.len; len++) {
		uint8_t *exact = malloc(len ? len : 1);

		assert_non_null(exact);
		memcpy(exact, m.bytes, len);
		assert_int_equal(dns_parse(span_of(exact, len), &parsed), STATUS_TRUNCATED);
		free(exact);
	}
	assert_memory_equal(&parsed, &before, sizeof(parsed));
}

static void put_header(struct frame_maker *m, unsigned questions, unsigned answers);

/* An answer for another name than was asked, and aliases that run in a circle or backwards. */
static void keeps_what_was_asked_for(void **state)
{
	struct frame_maker m;

	(void)state;
	put_header(&m, 1, 4);
	PUT(&m, "\1a\0\0\1\0\1");
	PUT(&m, "\1c\0\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"); /* reached by the last record */
	PUT(&m, "\1x\0\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\2"); /* nobody asked */
	PUT(&m, "\1a\0\0\5\0\1\0\0\0\x3c\0\3\1b\0");
	PUT(&m, "\1b\0\0\5\0\1\0\0\0\x3c\0\3\1c\0");
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.answer_count, 3);
	assert_int_equal(parsed.answers_unasked, 1);
	assert_string_equal(parsed.answers[0].name, "c");
	put_header(&m, 1, 3);
	PUT(&m, "\1a\0\0\1\0\1");
	PUT(&m, "\1a\0\0\5\0\1\0\0\0\x3c\0\3\1b\0");
	PUT(&m, "\1b\0\0\5\0\1\0\0\0\x3c\0\3\1a\0");
	PUT(&m, "\1x\0\0\5\0\1\0\0\0\x3c\0\3\1a\0");
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.answer_count, 2);
	assert_int_equal(parsed.answers_unasked, 1);
}

static void takes_messages_off_a_stream(void **state)
{
	static const uint8_t stream[] = {0, 3, 'a', 'b', 'c', 0, 0};
	struct span message = span_of_text("old");

	(void)state;
	for (size_t len = 0; len < 5; len++) {
		assert_int_equal(dns_next_message(span_of(stream, len), &message), STATUS_MORE);
		assert_true(span_equal_text(message, "old"));
	}
	assert_int_equal(dns_next_message(span_of(stream, 7), &message), STATUS_ITEM);
	assert_true(span_equal_text(message, "abc"));
	assert_int_equal(dns_next_message(span_of(stream + 5, 2), &message), STATUS_ITEM);
	assert_int_equal(message.len, 0);
}

static void put_header(struct frame_maker *m, unsigned questions, unsigned answers)
{
	m->len = 0;
	put16(m, 1), put16(m, 0x8000);
	put16(m, questions), put16(m, answers), put16(m, 0), put16(m, 0);
}

static void names_cannot_loop_or_grow(void **state)
{
	struct frame_maker m;

	(void)state;
	put_header(&m, 1, 0);
	PUT(&m, "\xc0\x0c\0\1\0\1"); /* to itself */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_header(&m, 1, 0);
	PUT(&m, "\xc0\x0e\xc0\x0c\0\1\0\1"); /* forward, then back */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_header(&m, 1, 0);
	PUT(&m, "\1a\xc0\x0c\0\1\0\1"); /* round and round */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_header(&m, 1, 0);
	PUT(&m, "\x40\1a\0\0\1\0\1"); /* label type 01 */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_header(&m, 1, 0);
	for (int i = 0; i < 127; i++) /* 254 octets and the root: the longest name */
		PUT(&m, "\1a");
	PUT(&m, "\0\0\1\0\1");
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(strlen(parsed.question), 253);
	put_header(&m, 1, 0);
	PUT(&m, "\2aa");
	for (int i = 0; i < 126; i++)
		PUT(&m, "\1a");
	PUT(&m, "\0\0\1\0\1");
	assert_int_equal(parse(&m), STATUS_MALFORMED);
}

/* Question n points at question n - 1 and so on back to the first. */
static void pointers_are_counted(void **state)
{
	struct frame_maker m;

	(void)state;
	for (unsigned count = DNS_POINTERS_MAX; count <= DNS_POINTERS_MAX + 1; count++) {
		put_header(&m, count + 1, 0);
		PUT(&m, "\1a\0\0\1\0\1");
		for (unsigned i = 0; i < count; i++) {
			put16(&m, 0xc000 | (i == 0 ? 12 : 12 + 7 + 6 * (i - 1)));
			PUT(&m, "\0\1\0\1");
		}
		assert_int_equal(parse(&m), count <= DNS_POINTERS_MAX ? STATUS_OK : STATUS_LIMIT);
	}
}

static void answers_past_the_maximum_are_counted(void **state)
{
	struct frame_maker m;

	(void)state;
	put_header(&m, 0, DNS_ANSWERS_MAX + 3);
	for (int i = 0; i < DNS_ANSWERS_MAX + 3; i++)
		PUT(&m, "\1b\0\0\1\x80\1\0\0\0\1\0\4\xc0\0\2\1"); /* multicast DNS: cache flush */
	assert_int_equal(parse(&m), STATUS_OK);
	assert_string_equal(parsed.question, "");
	assert_int_equal(parsed.answer_count, DNS_ANSWERS_MAX);
	assert_int_equal(parsed.answers_left_out, 3);
}

static void refuses_contradictions(void **state)
{
	struct frame_maker m;

	(void)state;
	put_header(&m, 0, 1);
	PUT(&m, "\0\0\1\0\1\0\0\0\1\0\5\xc0\0\2\1\0"); /* an A record of five bytes */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_header(&m, 0, 1);
	PUT(&m, "\0\0\5\0\1\0\0\0\1\0\4\1a\0\0"); /* bytes behind a CNAME */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_header(&m, 0, 1);
	PUT(&m, "\0\0\5\0\1\0\0\0\1\0\2\3abc\0"); /* a CNAME longer than its data */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
}

static void odd_bytes_in_labels_stay_harmless(void **state)
{
	struct frame_maker m;

	(void)state;
	put_header(&m, 1, 0);
	PUT(&m, "\6a.b\0\x1b\x7f\3com\0\0\1\0\1");
	assert_int_equal(parse(&m), STATUS_OK);
	assert_string_equal(parsed.question, "a?b???.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(keeps_what_was_asked_for),
	        cmocka_unit_test(takes_messages_off_a_stream),
	        cmocka_unit_test(reads_a_response),
	        cmocka_unit_test(cut_anywhere_it_is_truncated_and_untouched),
	        cmocka_unit_test(names_cannot_loop_or_grow),
	        cmocka_unit_test(pointers_are_counted),
	        cmocka_unit_test(answers_past_the_maximum_are_counted),
	        cmocka_unit_test(refuses_contradictions),
	        cmocka_unit_test(odd_bytes_in_labels_stay_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
