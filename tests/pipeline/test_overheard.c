/* What everybody hears: names that DNS gives, by datagram and over TCP, as whole as they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/status.h"
#include "pipeline/overheard.h"

#define TCP 6
#define UDP 17

/* "pms.au" is at 203.0.113.9. */
static const char answer[] = "\0\x2d\0\1\x81\x80\0\1\0\1\0\0\0\0\3pms\2au\0\0\1\0\1"
                             "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\x09zzzzz";
/* The same of a name that was not the question's. */
static const char unasked[] = "\0\x2d\0\1\x81\x80\0\1\0\1\0\0\0\0\3pms\2au\0\0\1\0\1"
                              "\4evil\xc0\x10\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\x09";

struct talk {
	struct overheard *overheard;
	uint32_t next;
	uint64_t number;
};

static struct talk begin(void)
{
	static const struct inside_nets learnt = {.count = 0};
	struct talk t = {.next = 1};

	assert_int_equal(overheard_new(&t.overheard, &learnt), STATUS_OK);
	return t;
}

/* From the server to 192.168.20.10, at port 53 or not. */
static struct packet from_server(struct talk *t, uint8_t protocol, uint16_t port)
{
	return (struct packet){.tuple = {.src = {{4, {192, 168, 20, 1}}, port},
	                               .dst = {{4, {192, 168, 20, 10}}, 50000},
	                               .protocol = protocol},
	        .time_ns = 1000,
	        .number = ++t->number,
	        .tcp_seq = t->next,
	        .tcp_flags = TCP_ACK};
}

static void say(struct talk *t, uint16_t port, struct span bytes)
{
	struct packet p = from_server(t, TCP, port);

	p.payload = bytes;
	p.payload_wire_bytes = (uint32_t)bytes.len;
	t->next += (uint32_t)bytes.len;
	if (overheard_concerns(&p))
		assert_int_equal(overheard_feed(t->overheard, &p), STATUS_OK);
}

static void say_slowly(struct talk *t, uint16_t port, struct span bytes, size_t step)
{
	for (size_t at = 0; at < bytes.len; at += step)
		say(t, port, span_slice(bytes, at, step));
}

/* The name that the computer found 203.0.113.9 by; false: none. */
static bool named(const struct talk *t)
{
	const struct addr computer = {4, {192, 168, 20, 10}}, far = {4, {203, 0, 113, 9}};
	struct hostname_list found = {.count = 0};

	hostname_cache_find(overheard_names(t->overheard), &computer, &far, 2000, &found);
	if (found.count == 0)
		return false;
	assert_string_equal(found.names[0].name, "pms.au");
	return true;
}

static uint64_t lost(const struct talk *t, enum loss what)
{
	uint64_t losses[LOSSES] = {0};

	overheard_add_losses(t->overheard, losses);
	return losses[what];
}

static void names_come_over_tcp_in_any_pieces(void **state)
{
	static const size_t steps[] = {200, 7, 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct talk t = begin();

		say_slowly(&t, 53, span_of(answer, sizeof(answer) - 1), steps[i]);
		assert_true(named(&t));
		assert_int_equal(lost(&t, LOSS_NAMES_UNASKED), 0);
		overheard_free(t.overheard);
	}
}

/* Cut at every place, what is not whole names nobody, and what is does. */
static void a_cut_answer_names_nobody(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(answer); len++) {
		struct talk t = begin();

		say(&t, 53, span_of(answer, len));
		assert_int_equal(named(&t), len + 1 >= sizeof(answer));
		overheard_free(t.overheard);
	}
}

static void names_come_by_datagram(void **state)
{
	struct talk t = begin();
	struct packet p = from_server(&t, UDP, 53);

	(void)state;
	p.payload = span_of(answer + 2, sizeof(answer) - 3);
	assert_true(overheard_concerns(&p));
	assert_int_equal(overheard_feed(t.overheard, &p), STATUS_OK);
	assert_true(named(&t));
	overheard_free(t.overheard);
}

static void other_ports_are_nobodys_business(void **state)
{
	struct talk t = begin();
	struct packet p = from_server(&t, UDP, 5353);

	(void)state;
	assert_false(overheard_concerns(&p));
	say(&t, 5353, span_of(answer, sizeof(answer) - 1));
	assert_false(named(&t));
	overheard_free(t.overheard);
}

static void a_gap_ends_the_reading(void **state)
{
	struct talk t = begin();

	(void)state;
	say(&t, 53, span_of(answer, 20));
	t.next += 1000000;
	say(&t, 53, span_of(answer, sizeof(answer) - 1));
	assert_false(named(&t));
	overheard_free(t.overheard);
}

static void counts_what_nobody_asked(void **state)
{
	struct talk t = begin();

	(void)state;
	say_slowly(&t, 53, span_of(unasked, sizeof(unasked) - 1), 7);
	assert_int_equal(lost(&t, LOSS_NAMES_UNASKED), 1);
	assert_false(named(&t));
	overheard_free(t.overheard);
}

/* One more than are followed at once, each with the first half of an answer. */
static void what_is_given_up_is_counted(void **state)
{
	struct talk t = begin();

	(void)state;
	for (unsigned i = 0; i <= OVERHEARD_STREAMS_MAX; i++) {
		struct packet p = from_server(&t, TCP, 53);

		p.tuple.dst.port = (uint16_t)(50000 + i);
		p.payload = span_of(answer, 20);
		p.payload_wire_bytes = 20;
		assert_int_equal(overheard_feed(t.overheard, &p), STATUS_OK);
	}
	assert_true(lost(&t, LOSS_NAMES_FORGOTTEN) > 0);
	overheard_free(t.overheard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_given_up_is_counted),
	        cmocka_unit_test(names_come_over_tcp_in_any_pieces),
	        cmocka_unit_test(a_cut_answer_names_nobody),
	        cmocka_unit_test(names_come_by_datagram),
	        cmocka_unit_test(other_ports_are_nobodys_business),
	        cmocka_unit_test(a_gap_ends_the_reading),
	        cmocka_unit_test(counts_what_nobody_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
