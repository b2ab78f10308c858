/* Letters come out as they went in, in order, however many there are and however large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "pipeline/mailbox.h"

#define LETTERS     20000
#define FRAME_BYTES (256u << 10)

/* What the taking thread has seen; read after it was joined. */
struct taker {
	struct mailbox *mailbox;
	uint64_t letters, bytes, wrong;
};

static size_t length_of(uint64_t number)
{
	return number % 4999 == 0 ? FRAME_BYTES : (size_t)(number * 7919 % 1500);
}

static bool is_right(const struct letter *l)
{
	const struct packet *p = l->packet;
	uint8_t fill;

	if (l->kind == LETTER_TICK)
		return l->time_ns == 5;
	fill = (uint8_t)p->number;
	if (p->ip.len != length_of(p->number) || p->payload.len != p->ip.len / 2)
		return false;
	for (size_t i = 0; i < p->ip.len; i++)
		if (p->ip.data[i] != fill)
			return false;
	if (p->number % 3 == 0)
		return !p->process.name && p->payload.data == p->ip.data + p->ip.len / 2;
	return strcmp(p->process.name, "quoll.exe") == 0 && !p->process.path &&
	       strcmp(p->process.command, "quoll.exe /sync") == 0;
}

static void *take_all(void *arg)
{
	struct taker *t = arg;
	struct letter letter;

	while (mailbox_take(t->mailbox, &letter)) {
		bool tick = letter.kind == LETTER_TICK;

		t->wrong += !is_right(&letter) || (!tick && letter.packet->number != t->letters);
		t->letters += !tick;
		t->bytes += tick ? 0 : letter.packet->ip.len;
	}
	return NULL;
}

static void put(struct mailbox *m, uint64_t number, uint8_t *bytes)
{
	struct packet p = {.number = number};
	struct letter l = {.kind = number % 2 ? LETTER_PACKET : LETTER_HEARD, .packet = &p};
	size_t len = length_of(number);

	memset(bytes, (int)(uint8_t)number, len);
	p.ip = span_of(bytes, len);
	p.payload = span_of(bytes + len / 2, len / 2);
	/* Put together of fragments, the payload lies elsewhere. */
	if (number % 5 == 0 && number % 3 != 0)
		p.payload = span_of(bytes + len, len / 2);
	if (number % 3 != 0)
		p.process = (struct frame_process){
		        .pid = 7, .name = "quoll.exe", .command = "quoll.exe /sync"};
	assert_int_equal(mailbox_put(m, &l), STATUS_OK);
}

static void all_letters_arrive_in_order(void **state)
{
	uint8_t *bytes = calloc(2, FRAME_BYTES);
	struct taker t = {.mailbox = NULL};
	uint64_t sum = 0;
	pthread_t thread;

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(mailbox_new(&t.mailbox), STATUS_OK);
	assert_int_equal(pthread_create(&thread, NULL, take_all, &t), 0);
	for (uint64_t i = 0; i < LETTERS; i++) {
		put(t.mailbox, i, bytes);
		sum += length_of(i);
		if (i % 777 == 0)
			assert_int_equal(
			        mailbox_put(t.mailbox,
			                &(struct letter){.kind = LETTER_TICK, .time_ns = 5}),
			        STATUS_OK);
		if (i % 1000 == 0)
			mailbox_wait(t.mailbox);
	}
	mailbox_close(t.mailbox);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(t.letters, LETTERS);
	assert_int_equal(t.bytes, sum);
	assert_int_equal(t.wrong, 0);
	mailbox_free(t.mailbox);
	free(bytes);
}

static void nothing_put_is_nothing_to_wait_for(void **state)
{
	struct mailbox *m = NULL;
	struct letter letter;

	(void)state;
	assert_int_equal(mailbox_new(&m), STATUS_OK);
	mailbox_send(m);
	mailbox_wait(m);
	mailbox_close(m);
	assert_false(mailbox_take(m, &letter));
	mailbox_free(m);
}

static void what_no_frame_can_be_is_refused(void **state)
{
	struct packet p = {.number = 1};
	struct letter l = {.kind = LETTER_PACKET, .packet = &p};
	uint8_t *bytes = calloc(1, FRAME_BYTES + 1);
	struct mailbox *m = NULL;

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(mailbox_new(&m), STATUS_OK);
	p.ip = span_of(bytes, FRAME_BYTES + 1);
	assert_int_equal(mailbox_put(m, &l), STATUS_LIMIT);
	mailbox_free(m);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(all_letters_arrive_in_order),
	        cmocka_unit_test(nothing_put_is_nothing_to_wait_for),
	        cmocka_unit_test(what_no_frame_can_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
