/* Any number of workers gives the same, and one that fails ends the run without anybody waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "pipeline/crew.h"
#include "rules_of_source.h"

#define PACKETS  3000
#define UNASKED  7 /* of them, answers to questions that nobody asked */
#define BEGIN_NS INT64_C(1790000000000000000)

static const unsigned numbers[] = {1, 2, 3, 8};

struct place {
	struct store *store;
	struct store_queue *rows;
	struct crew *crew;
};

/* recorded: the store knows the input that packets are of. */
static void begin(struct place *p, unsigned workers, bool recorded)
{
	static const struct destination_facts nothing_known;
	static const struct inside_nets learnt;
	struct worker_surroundings around = {
	        .rules = rules, .facts = &nothing_known, .inside = &learnt};
	uint32_t input;

	assert_int_equal(store_open(&p->store, NULL, false), STATUS_OK);
	assert_int_equal(store_begin(p->store), STATUS_OK);
	if (recorded)
		assert_int_equal(store_input_begin(p->store, &input), STATUS_OK);
	assert_int_equal(store_queue_new(&p->rows, p->store, workers > 1), STATUS_OK);
	around.rows = p->rows;
	assert_int_equal(crew_new(&p->crew, &around, workers), STATUS_OK);
}

static void end(struct place *p)
{
	crew_free(p->crew);
	store_queue_free(p->rows);
	store_abandon(p->store);
	store_free(p->store);
}

/* A datagram of its own conversation; the first few are answers of a DNS server about a name that
 * was not the question's. */
static struct packet packet_of(unsigned n)
{
	static const uint8_t unasked[] = "\0\1\x81\x80\0\1\0\1\0\0\0\0\3pms\2au\0\0\1\0\1"
	                                 "\4evil\xc0\x10\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\x09";
	struct packet p = {.tuple = {.src = {{4, {192, 168, 20, 10}}, (uint16_t)(20000 + n)},
	                           .dst = {{4, {203, 0, 113, (uint8_t)n}}, 9},
	                           .protocol = 17},
	        .time_ns = BEGIN_NS + n * 1000,
	        .number = n + 1};

	if (n < UNASKED) {
		p.tuple = tuple_reverse(&p.tuple);
		p.tuple.src.port = 53;
		p.payload = span_of(unasked, sizeof(unasked) - 1);
		p.payload_wire_bytes = (uint32_t)p.payload.len;
	}
	return p;
}

static int feed_all(struct crew *c)
{
	int status = STATUS_OK;

	for (unsigned n = 0; status == STATUS_OK && n < PACKETS; n++) {
		struct packet p = packet_of(n);

		status = crew_feed(c, &p);
		if (status == STATUS_OK && n % 500 == 0)
			status = crew_tick(c, p.time_ns);
	}
	return status;
}

/* So many as the store was told of. */
static uint64_t told(struct place *p, enum loss what)
{
	static const struct store_query everything = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_loss *losses = NULL;
	size_t count = 0;
	uint64_t sum = 0;

	assert_int_equal(store_losses(p->store, &everything, &losses, &count), STATUS_OK);
	for (size_t i = 0; i < count; i++)
		if (strcmp(losses[i].name, loss_name(what)) == 0)
			sum += losses[i].count;
	free(losses);
	return sum;
}

/* Of the conversations that fall to this shard, without a key. */
static unsigned ended_for(enum flow_end why, struct store *s, unsigned shard)
{
	static const struct store_query everything = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_cursor *cursor = NULL;
	struct store_flow flow;
	unsigned count = 0;

	assert_int_equal(store_flows(s, &everything, &cursor), STATUS_OK);
	while (store_next_flow(cursor, &flow) == STATUS_ITEM)
		count += flow.end == why && worker_shard(&flow.tuple, 0) == shard;
	store_cursor_free(cursor);
	return count;
}

static void any_number_of_workers_counts_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct shard_counts counts;
		struct worker_budgets budgets;
		struct place p;

		begin(&p, numbers[i], true);
		assert_int_equal(feed_all(p.crew), STATUS_OK);
		crew_flush(p.crew);
		assert_int_equal(crew_keep(p.crew), STATUS_OK);
		assert_int_equal(crew_finish(p.crew), STATUS_OK);
		assert_int_equal(crew_tell_losses(p.crew, BEGIN_NS), STATUS_OK);
		assert_int_equal(crew_tell_losses(p.crew, BEGIN_NS), STATUS_OK);
		crew_counts(p.crew, &counts);
		crew_budgets(p.crew, &budgets);
		assert_int_equal(counts.flows, PACKETS);
		assert_int_equal(crew_clinical(p.crew), 0);
		assert_true(budgets.peak_bytes > 0);
		/* All of them hear it, and one tells. */
		assert_int_equal(told(&p, LOSS_NAMES_UNASKED), UNASKED);
		end(&p);
	}
}

/* Whoever changes the networks writes to the store next. */
static void networks_change_when_all_is_in_the_store(void **state)
{
	static const struct inside_nets none;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct packet packet = packet_of(UNASKED);
		struct place p;

		begin(&p, numbers[i], true);
		assert_int_equal(crew_feed(p.crew, &packet), STATUS_OK);
		assert_int_equal(
		        crew_tick(p.crew, packet.time_ns + 2 * FLOW_UDP_IDLE_NS), STATUS_OK);
		assert_int_equal(crew_know(p.crew, &none), STATUS_OK);
		assert_int_equal(
		        ended_for(FLOW_TIMEOUT, p.store, worker_shard(&packet.tuple, 0)), 1);
		end(&p);
	}
}

static void a_failure_comes_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct place p;
		int status;

		begin(&p, numbers[i], false);
		status = feed_all(p.crew);
		assert_true(status == STATUS_OK || status == STATUS_BUG);
		assert_int_equal(crew_finish(p.crew), STATUS_BUG);
		if (numbers[i] > 1)
			assert_int_equal(feed_all(p.crew), STATUS_BUG);
		end(&p);
	}
}

static void whoever_is_let_go_finishes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct place p;

		begin(&p, numbers[i], true);
		assert_int_equal(feed_all(p.crew), STATUS_OK);
		end(&p);
	}
}

static void check_shards(uint64_t key)
{
	struct tuple ftp = {.src = {{4, {192, 168, 20, 10}}, 50000},
	        .dst = {{4, {203, 0, 113, 9}}, 21},
	        .protocol = 6};
	struct tuple data = ftp, web = ftp, back;
	unsigned differ = 0;

	data.src.port = 50001;
	data.dst.port = 51210;
	assert_int_equal(worker_shard(&ftp, key), worker_shard(&data, key));
	for (uint16_t port = 50000; port < 50100; port++) {
		web.src.port = port;
		web.dst.port = 443;
		back = tuple_reverse(&web);
		assert_int_equal(worker_shard(&web, key), worker_shard(&back, key));
		differ += worker_shard(&web, key) != worker_shard(&ftp, key);
		assert_true(worker_of(worker_shard(&web, key), 3) < 3);
	}
	assert_true(differ > 50);
}

static void a_conversation_has_one_shard(void **state)
{
	(void)state;
	check_shards(0);
	check_shards(UINT64_C(0x0123456789abcdef));
}

/* The next conversation after *port that falls to this shard, without a key: with content, so that
 * decoders are made for it. */
static struct packet aimed_at(unsigned shard, uint32_t *port)
{
	static const uint8_t content[] = "MSH|^~\\&|";
	struct packet p = packet_of(UNASKED);

	p.payload = span_of(content, sizeof(content) - 1);
	p.payload_wire_bytes = (uint32_t)p.payload.len;
	do {
		(*port)++;
		p.tuple.src.port = (uint16_t)*port;
		p.tuple.dst.addr.bytes[2] = (uint8_t)(*port >> 16);
	} while (worker_shard(&p.tuple, 0) != shard);
	return p;
}

static void a_key_spreads_what_was_aimed_at_one(void **state)
{
	unsigned in_shard[FLOW_SHARDS] = {0}, most = 0;
	uint32_t port = 0;

	(void)state;
	for (unsigned n = 0; n < 6400; n++) {
		struct packet p = aimed_at(5, &port);

		in_shard[worker_shard(&p.tuple, UINT64_C(0x0123456789abcdef))]++;
	}
	for (unsigned i = 0; i < FLOW_SHARDS; i++)
		most = in_shard[i] > most ? in_shard[i] : most;
	assert_true(most < 200);
}

/* A shard that is flooded gives up its own; those beside it keep the few that they have. */
static void a_flood_of_one_shard_is_its_own_loss(void **state)
{
	enum { FLOOD = 20000, OTHERS = 150 };
	struct shard_counts counts;
	uint32_t port = 0, other = 0;
	struct place p;

	(void)state;
	begin(&p, 1, true);
	for (unsigned n = 0; n < FLOOD + OTHERS; n++) {
		bool beside = n > FLOOD / 2 && n % (FLOOD / 2 / OTHERS) == 0;
		struct packet packet = aimed_at(
		        beside ? 5 + WORKER_LANES : 5, beside ? &other : &port);

		packet.time_ns = BEGIN_NS + n * 1000;
		if (beside)
			packet.payload.len = packet.payload_wire_bytes = 0;
		assert_int_equal(crew_feed(p.crew, &packet), STATUS_OK);
	}
	crew_counts(p.crew, &counts);
	assert_true(counts.losses[LOSS_FLOWS_EVICTED] > 1000);
	assert_int_equal(crew_finish(p.crew), STATUS_OK);
	assert_int_equal(ended_for(FLOW_EVICTED, p.store, 5 + WORKER_LANES), 0);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(any_number_of_workers_counts_the_same),
	        cmocka_unit_test(networks_change_when_all_is_in_the_store),
	        cmocka_unit_test(a_failure_comes_back),
	        cmocka_unit_test(whoever_is_let_go_finishes_nothing),
	        cmocka_unit_test(a_conversation_has_one_shard),
	        cmocka_unit_test(a_key_spreads_what_was_aimed_at_one),
	        cmocka_unit_test(a_flood_of_one_shard_is_its_own_loss),
	};

	return cmocka_run_group_tests(tests, open_rules, close_rules);
}
