#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/status.h"
#include "frame_maker.h"
#include "net/dhcp.h"

#define PUT(m, literal) put_bytes(m, literal, sizeof(literal) - 1)

#define NAME_AT 44  /* of the server's name, in the fixed part */
#define FILE_AT 108 /* of the boot file's */

/* The fixed part and the cookie: a client with a 6-byte address. */
static void put_head(struct frame_maker *m, unsigned op, const char *own, const char *granted)
{
	m->len = 0;
	put8(m, op), put8(m, 1), put8(m, 6), put8(m, 0);
	put32(m, 0xcafe0001);
	put32(m, 0);
	put_addr(m, own);
	put_addr(m, granted);
	put_zeros(m, 8);
	PUT(m, "\x02\x00\x5e\x00\x53\x07");
	put_zeros(m, 10 + 64 + 128);
	put32(m, 0x63825363);
}

static void put_request(struct frame_maker *m)
{
	put_head(m, 1, "0.0.0.0", "0.0.0.0");
	PUT(m, "\x35\1\3\0\x32\4\xc0\0\2\x2a");
	PUT(m, "\x0c\x0aRECEPTION1");
	PUT(m, "\x51\x1d\5\0\0\x0aRECEPTION1\x08practice\4test\0");
	PUT(m, "\xff");
}

static struct dhcp_message parsed;

static int parse(const struct frame_maker *m)
{
	return dhcp_parse(span_of(m->bytes, m->len), &parsed);
}

static void assert_addr(const struct addr *a, const char *wanted)
{
	char text[ADDR_TEXT_CHARS];

	addr_format(a, text);
	assert_string_equal(text, wanted);
}

static void reads_a_request(void **state)
{
	struct frame_maker m;

	(void)state;
	put_request(&m);
	assert_int_equal(parse(&m), STATUS_OK);
	assert_false(parsed.from_server);
	assert_int_equal(parsed.type, DHCP_REQUEST);
	assert_int_equal(parsed.transaction, 0xcafe0001);
	assert_int_equal(parsed.client.len, 6);
	assert_memory_equal(parsed.client.bytes, "\x02\x00\x5e\x00\x53\x07", 6);
	assert_int_equal(parsed.own.family, ADDR_NONE);
	assert_int_equal(parsed.granted.family, ADDR_NONE);
	assert_addr(&parsed.requested, "192.0.2.42");
	assert_false(parsed.mask_known);
	assert_string_equal(parsed.host, "RECEPTION1");
	assert_string_equal(parsed.full_name, "RECEPTION1.practice.test");
}

static void reads_an_acknowledgement(void **state)
{
	struct frame_maker m;

	(void)state;
	put_head(&m, 2, "192.0.2.41", "192.0.2.42");
	PUT(&m, "\x35\1\5\1\4\xff\xff\xfe\0\xff padding");
	assert_int_equal(parse(&m), STATUS_OK);
	assert_true(parsed.from_server);
	assert_int_equal(parsed.type, DHCP_ACK);
	assert_addr(&parsed.own, "192.0.2.41");
	assert_addr(&parsed.granted, "192.0.2.42");
	assert_addr(dhcp_address(&parsed), "192.0.2.42");
	assert_true(parsed.mask_known);
	assert_int_equal(parsed.mask_bits, 23);
	assert_string_equal(parsed.host, "");
	assert_string_equal(parsed.full_name, "");
}

static void cut_anywhere_it_is_truncated_and_untouched(void **state)
{
	static struct dhcp_message before;
	struct frame_maker m;

	(void)state;
	put_request(&m);
	memset(&parsed, 0x5a, sizeof(parsed));
	before = parsed;
	for (size_t len = 0; len < m.len; len++) {
		uint8_t *exact = malloc(len ? len : 1);

		assert_non_null(exact);
		memcpy(exact, m.bytes, len);
		assert_int_equal(dhcp_parse(span_of(exact, len), &parsed), STATUS_TRUNCATED);
		free(exact);
	}
	assert_memory_equal(&parsed, &before, sizeof(parsed));
	assert_int_equal(parse(&m), STATUS_OK);
}

static void options_may_stand_in_other_fields(void **state)
{
	struct frame_maker m;

	(void)state;
	put_head(&m, 1, "192.0.2.9", "0.0.0.0");
	PUT(&m, "\x34\1\3\x35\1\x08\x0c\2RE\xff");
	memcpy(m.bytes + FILE_AT, "\x0c\5CEPTI\xff", 8);
	memcpy(m.bytes + NAME_AT, "\x0c\3ON2\xff", 6);
	assert_int_equal(parse(&m), STATUS_OK);
	assert_int_equal(parsed.type, DHCP_INFORM);
	assert_string_equal(parsed.host, "RECEPTION2"); /* pieces in the order of RFC 3396 */
	/* The same fields say nothing when nobody said that they hold options. */
	put_head(&m, 1, "192.0.2.9", "0.0.0.0");
	PUT(&m, "\x35\1\x08\xff");
	memcpy(m.bytes + FILE_AT, "\x0c\5CEPTI\xff", 8);
	assert_int_equal(parse(&m), STATUS_OK);
	assert_string_equal(parsed.host, "");
	put_head(&m, 1, "192.0.2.9", "0.0.0.0");
	PUT(&m, "\x35\1\x08\x34\1\2\xff");
	memset(m.bytes + NAME_AT, 0, 64); /* no end in it */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_head(&m, 1, "192.0.2.9", "0.0.0.0");
	PUT(&m, "\x35\1\x08\x34\1\4\xff");
	assert_int_equal(parse(&m), STATUS_MALFORMED);
}

/* RFC 4702 section 2.3: with the flag labels, without it text. */
static void full_names_have_two_encodings(void **state)
{
	static const struct {
		const char *option;
		size_t len;
		int status;
		const char *name;
	} rows[] = {
	        {"\x51\x08\1\0\0pc.a.", 10, STATUS_OK, "pc.a"},
	        {"\x51\x06\1\0\0pc\0", 8, STATUS_OK, "pc"},
	        {"\x51\x03\1\0\0", 5, STATUS_OK, ""},
	        {"\x51\x08\4\0\0\2pc\1a", 10, STATUS_OK, "pc.a"}, /* part of a name: no root */
	        {"\x51\x09\4\0\0\2p.\1\033\0", 11, STATUS_OK, "p?.?"},
	        {"\x51\x04\4\0\0\0", 6, STATUS_OK, ""},
	        {"\x51\x06\4\0\0\3pc", 8, STATUS_MALFORMED, ""},
	        {"\x51\x05\4\0\0\xc0\0", 7, STATUS_MALFORMED, ""},
	        {"\x51\x02\1\0", 4, STATUS_MALFORMED, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct frame_maker m;

		put_head(&m, 1, "0.0.0.0", "0.0.0.0");
		PUT(&m, "\x35\1\3");
		put_bytes(&m, rows[i].option, rows[i].len);
		PUT(&m, "\xff");
		assert_int_equal(parse(&m), rows[i].status);
		if (rows[i].status == STATUS_OK)
			assert_string_equal(parsed.full_name, rows[i].name);
	}
}

static void names_have_a_maximum(void **state)
{
	struct frame_maker m;

	(void)state;
	for (unsigned over = 0; over <= 1; over++) {
		put_head(&m, 1, "0.0.0.0", "0.0.0.0");
		PUT(&m, "\x35\1\3");
		put8(&m, 12), put8(&m, 200);
		for (int i = 0; i < 200; i++)
			put8(&m, 'a');
		put8(&m, 12), put8(&m, 55 + over);
		for (unsigned i = 0; i < 55 + over; i++)
			put8(&m, 'b');
		PUT(&m, "\xff");
		assert_int_equal(parse(&m), over ? STATUS_LIMIT : STATUS_OK);
		assert_int_equal(strlen(parsed.host), DHCP_OPTION_MAX);
	}
	put_head(&m, 1, "0.0.0.0", "0.0.0.0");
	PUT(&m, "\x35\1\3\x0c\5\0a\nb\0\xff");
	assert_int_equal(parse(&m), STATUS_OK);
	assert_string_equal(parsed.host, "?a?b");
}

static void refuses_contradictions(void **state)
{
	static const struct {
		const char *options;
		size_t len;
		int status;
	} rows[] = {
	        {"\xff", 1, STATUS_UNSUPPORTED},                        /* BOOTP */
	        {"\x35\1\3\x35\1\3\xff", 7, STATUS_MALFORMED},          /* two types */
	        {"\x35\0\xff", 3, STATUS_MALFORMED},                    /* none in it */
	        {"\x35\1\5\1\3\xff\xff\0\xff", 9, STATUS_MALFORMED},    /* mask of three bytes */
	        {"\x35\1\5\1\4\xff\0\xff\0\xff", 10, STATUS_MALFORMED}, /* with a hole */
	        {"\x35\1\3\x32\3\1\2\3\xff", 9, STATUS_MALFORMED},
	        {"\x35\1\5\1\4\0\0\0\0\xff", 10, STATUS_OK},
	};
	struct frame_maker m;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put_head(&m, 2, "0.0.0.0", "192.0.2.1");
		put_bytes(&m, rows[i].options, rows[i].len);
		assert_int_equal(parse(&m), rows[i].status);
	}
	assert_int_equal(parsed.mask_bits, 0);
	put_request(&m);
	m.bytes[0] = 3; /* neither request nor reply */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_request(&m);
	m.bytes[2] = 17; /* a hardware address longer than its field */
	assert_int_equal(parse(&m), STATUS_MALFORMED);
	put_request(&m);
	m.bytes[236] = 0; /* the cookie */
	assert_int_equal(parse(&m), STATUS_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_a_request),
	        cmocka_unit_test(reads_an_acknowledgement),
	        cmocka_unit_test(cut_anywhere_it_is_truncated_and_untouched),
	        cmocka_unit_test(options_may_stand_in_other_fields),
	        cmocka_unit_test(full_names_have_two_encodings),
	        cmocka_unit_test(names_have_a_maximum),
	        cmocka_unit_test(refuses_contradictions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
