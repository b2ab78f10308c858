#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/status.h"
#include "frame_maker.h"
#include "net/netbios.h"

#define PUT(m, literal) put_bytes(m, literal, sizeof(literal) - 1)

static void put_header(struct frame_maker *m, unsigned flags, unsigned questions, unsigned answers,
        unsigned additional)
{
	m->len = 0;
	put16(m, 0xbeef), put16(m, flags);
	put16(m, questions), put16(m, answers), put16(m, 0), put16(m, additional);
}

static void put_raw(struct frame_maker *m, const char *name, unsigned suffix, char fill)
{
	char raw[15];

	memset(raw, fill, sizeof(raw));
	memcpy(raw, name, strlen(name));
	put_bytes(m, raw, sizeof(raw));
	put8(m, suffix);
}

static void put_name(struct frame_maker *m, const char *name, unsigned suffix)
{
	struct frame_maker raw = {.len = 0};

	put_raw(&raw, name, suffix, ' ');
	put8(m, 32);
	for (size_t i = 0; i < raw.len; i++) {
		put8(m, 'A' + (raw.bytes[i] >> 4));
		put8(m, 'A' + (raw.bytes[i] & 15));
	}
	put8(m, 0);
}

/* RFC 1002 section 4.2.2: a computer registers its name; the record's name points to the
 * question's. */
static void put_registration(
        struct frame_maker *m, unsigned opcode, unsigned suffix, unsigned flags)
{
	put_header(m, opcode << 11 | 0x110, 1, 0, 1);
	put_name(m, "RECEPTION1", suffix);
	put16(m, 0x20), put16(m, 1);
	put16(m, 0xc00c), put16(m, 0x20), put16(m, 1), put32(m, 300), put16(m, 6);
	put16(m, flags), put_addr(m, "192.0.2.10");
}

static void put_answer(struct frame_maker *m, unsigned addresses)
{
	put_header(m, 0x8500, 0, 1, 0);
	put_name(m, "FILESERVER", 0x20);
	put16(m, 0x20), put16(m, 1), put32(m, 300), put16(m, 6 * addresses);
	for (unsigned i = 0; i < addresses; i++)
		put16(m, 0x6000), put32(m, 0xc0000214 + i);
}

/* RFC 1002 section 4.2.18, with the statistics behind the names. */
static void put_status(struct frame_maker *m)
{
	put_header(m, 0x8400, 0, 1, 0);
	put_name(m, "*", 0);
	put16(m, 0x21), put16(m, 1), put32(m, 0), put16(m, 1 + 5 * 18 + 46);
	put8(m, 5);
	put_raw(m, "WORKGROUP", 0x00, ' '), put16(m, 0x8400); /* a group */
	put_raw(m, "USER", 0x03, ' '), put16(m, 0x0400);      /* who is logged on */
	put_raw(m, "OLDNAME", 0x00, ' '), put16(m, 0x1400);   /* being given up */
	put_raw(m, "NURSE2", 0x00, ' '), put16(m, 0x0400);
	put_raw(m, "NURSE2", 0x20, 0), put16(m, 0x0400);
	put_zeros(m, 46);
}

static struct netbios_message parsed;

static int parse(const struct frame_maker *m)
{
	return netbios_parse(span_of(m->bytes, m->len), &parsed);
}

static void assert_name(unsigned at, const char *name, unsigned suffix, const char *addr)
{
	char text[ADDR_TEXT_CHARS];

	assert_true(at < parsed.count);
	assert_string_equal(parsed.names[at].name, name);
	assert_int_equal(parsed.names[at].suffix, suffix);
	addr_format(&parsed.names[at].addr, text);
	assert_string_equal(text, addr);
}

static void reads_what_a_computer_claims(void **state)
{
	static const unsigned opcodes[] = {5, 8, 9, 15};
	struct frame_maker m;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(opcodes); i++) {
		put_registration(&m, opcodes[i], 0x00, 0);
		assert_int_equal(parse(&m), STATUS_OK);
		assert_int_equal(parsed.kind, NETBIOS_CLAIM);
		assert_int_equal(parsed.count, 1);
		assert_name(0, "RECEPTION1", 0x00, "192.0.2.10");
	}
	put_registration(&m, 5, 0x00, 0x8000); /* of a group */
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.count, 0);
	put_registration(&m, 5, 0x1d, 0); /* of another service */
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.count, 0);
	put_registration(&m, 6, 0x00, 0); /* given up */
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.kind, NETBIOS_OTHER);
}

static void reads_answers(void **state)
{
	struct frame_maker m;

	(void)state;
	put_answer(&m, 2);
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.kind, NETBIOS_ANSWER);
	assert_int_equal(parsed.count, 2);
	assert_name(0, "FILESERVER", 0x20, "192.0.2.20");
	assert_name(1, "FILESERVER", 0x20, "192.0.2.21");
	put_answer(&m, NETBIOS_NAMES_MAX + 3);
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.count, NETBIOS_NAMES_MAX);
	assert_int_equal(parsed.left_out, 3);
	m.bytes[3] = 3; /* no such name */
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.count, 0);
	put_status(&m);
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.kind, NETBIOS_STATUS);
	assert_int_equal(parsed.count, 2);
	assert_name(0, "NURSE2", 0x00, "");
	assert_name(1, "NURSE2", 0x20, "");
}

static void cut_anywhere_it_is_truncated_and_untouched(void **state)
{
	static struct netbios_message before;
	struct frame_maker all[3];

	(void)state;
	put_registration(&all[0], 5, 0x00, 0);
	put_answer(&all[1], 2);
	put_status(&all[2]);
	memset(&parsed, 0x5a, sizeof(parsed));
	before = parsed;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t len = 0; len < all[i].len; len++) {
			uint8_t *exact = malloc(len ? len : 1);

			assert_non_null(exact);
			memcpy(exact, all[i].bytes, len);
			assert_int_equal(
			        netbios_parse(span_of(exact, len), &parsed), STATUS_TRUNCATED);
			free(exact);
		}
	assert_memory_equal(&parsed, &before, sizeof(parsed));
}

static void refuses_contradictions(void **state)
{
	struct frame_maker m;

	(void)state;
	put_answer(&m, 1);
	m.bytes[12] = 31;
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_answer(&m, 1);
	m.bytes[13] = 'Q'; /* the letters end at 'P' */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_answer(&m, 1);
	m.bytes[13] = '@';
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_answer(&m, 1);
	m.bytes[12 + 33] = 3; /* a scope follows */
	assert_int_equal(parse(&m), STATUS_UNSUPPORTED);
	put_answer(&m, 1);
	m.bytes[7] = 2; /* two records */
	assert_int_equal(parse(&m), STATUS_UNSUPPORTED);
	put_answer(&m, 1);
	m.bytes[12 + 34 + 9] = 5; /* half an address */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_registration(&m, 5, 0, 0);
	m.bytes[12 + 34 + 4 + 1] = 13; /* the record's name points into the question's */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_header(&m, 0x8500, 0, 1, 0);
	PUT(&m, "\xc0\x0c\0\x20\0\1\0\0\0\0\0\6\0\0\1\2\3\4"); /* to a question that is not there */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_status(&m);
	m.bytes[12 + 34 + 10] = 200; /* more names than bytes */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
}

static void odd_bytes_in_names_stay_harmless(void **state)
{
	struct frame_maker m;

	(void)state;
	put_header(&m, 0x8500, 0, 1, 0);
	put_name(&m, "A B\033\x7f", 0);
	PUT(&m, "\0\x20\0\1\0\0\0\0\0\6\0\0\xc0\0\2\1");
	assert_int_equal(parse(&m), STATUS_OK);
	assert_name(0, "A B??", 0, "192.0.2.1");
	put_header(&m, 0x8500, 0, 1, 0);
	put_name(&m, "", 0); /* spaces alone are no name */
	PUT(&m, "\0\x20\0\1\0\0\0\0\0\6\0\0\xc0\0\2\1");
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_what_a_computer_claims),
	        cmocka_unit_test(reads_answers),
	        cmocka_unit_test(cut_anywhere_it_is_truncated_and_untouched),
	        cmocka_unit_test(refuses_contradictions),
	        cmocka_unit_test(odd_bytes_in_names_stay_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
