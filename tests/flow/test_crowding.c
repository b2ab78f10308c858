/* Tables that have parts of one budget: a flood in one of them is its own loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "flow/flow.h"

#define T0        (INT64_C(1790000000) * NS_PER_SECOND)
#define UDP       17
#define BUDGET    (2u << 20)
#define SHARE     (BUDGET / 4 * 3 / 8)
#define FLOWS_MAX 4096
#define FLOOD     20000
#define ORDINARY  100 /* flows that a table has which nobody attacks: within its share */

struct tables {
	struct budget lane, parts[2];
	struct flow_table *tables[2];
	int64_t now_ns;
	unsigned evicted[2];
};

static void begin(struct tables *t)
{
	static const struct inside_nets inside;
	const struct flow_limits limits = {
	        .flows_max = FLOWS_MAX, .stream_bytes_max = 1 << 16, .share_bytes = SHARE};

	*t = (struct tables){.now_ns = T0};
	budget_init(&t->lane, BUDGET);
	for (int i = 0; i < 2; i++) {
		budget_init_part(&t->parts[i], BUDGET, &t->lane);
		assert_int_equal(
		        flow_table_new(&t->tables[i], &limits, &inside, &t->parts[i]), STATUS_OK);
	}
}

static void end(struct tables *t)
{
	for (int i = 0; i < 2; i++) {
		flow_table_free(t->tables[i]);
		assert_int_equal(t->parts[i].used_bytes, 0);
	}
	assert_int_equal(t->lane.used_bytes, 0);
}

static void pull(struct tables *t, int which)
{
	struct flow_event e;
	int status;

	while ((status = flow_table_next(t->tables[which], &e)) == STATUS_ITEM)
		t->evicted[which] += e.kind == FLOW_EVENT_END && e.flow->end == FLOW_EVICTED;
	assert_int_equal(status, STATUS_OK);
}

/* One datagram of its own conversation. */
static void feed(struct tables *t, int which, uint16_t port)
{
	const struct packet p = {.tuple = {.src = {{4, {192, 168, 20, 10}}, port},
	                                 .dst = {{4, {203, 0, 113, 9}}, 9},
	                                 .protocol = UDP},
	        .time_ns = t->now_ns += 1000,
	        .number = 1};

	assert_int_equal(flow_table_feed(t->tables[which], &p), STATUS_OK);
	pull(t, which);
}

static unsigned open_flows(const struct tables *t, int which)
{
	struct flow_table_counts counts;

	flow_table_counts(t->tables[which], &counts);
	return counts.open;
}

static void a_flood_leaves_its_siblings_what_they_have(void **state)
{
	struct tables t;

	(void)state;
	begin(&t);
	for (unsigned i = 0; i < ORDINARY / 2; i++)
		feed(&t, 0, (uint16_t)(1024 + i));
	for (unsigned i = 0; i < FLOOD; i++)
		feed(&t, 1, (uint16_t)(1024 + i));
	assert_true(t.lane.peak_bytes > BUDGET / 4 * 3);
	assert_true(t.evicted[1] > 0);
	for (unsigned i = 0; i < ORDINARY / 2; i++)
		feed(&t, 0, (uint16_t)(1024 + ORDINARY / 2 + i));
	assert_int_equal(t.evicted[0], 0);
	assert_int_equal(open_flows(&t, 0), ORDINARY);
	end(&t);
}

/* What another needs comes out of the flood, flow by flow, until there is room again. */
static void a_flood_shrinks_while_others_grow(void **state)
{
	struct tables t;
	unsigned flooded;

	(void)state;
	begin(&t);
	for (unsigned i = 0; i < FLOOD; i++)
		feed(&t, 1, (uint16_t)(1024 + i));
	flooded = open_flows(&t, 1);
	assert_int_equal(budget_charge(&t.parts[0], BUDGET / 4), STATUS_OK); /* content */
	for (unsigned i = 0; i < FLOOD; i++)
		feed(&t, 1, (uint16_t)(1024 + i));
	assert_true(open_flows(&t, 1) < flooded);
	assert_true(t.lane.used_bytes < BUDGET / 16 * 13);
	budget_release(&t.parts[0], BUDGET / 4);
	end(&t);
}

static void a_flood_takes_no_room_for_good(void **state)
{
	struct tables t;

	(void)state;
	begin(&t);
	for (unsigned i = 0; i < FLOOD; i++)
		feed(&t, 1, (uint16_t)(1024 + i));
	assert_true(t.parts[1].used_bytes > BUDGET / 2);
	assert_int_equal(flow_table_tick(t.tables[1], t.now_ns + 2 * FLOW_UDP_IDLE_NS), STATUS_OK);
	pull(&t, 1);
	assert_int_equal(open_flows(&t, 1), 0);
	assert_true(t.parts[1].used_bytes < BUDGET / 64);
	t.now_ns += 2 * FLOW_UDP_IDLE_NS;
	for (unsigned i = 0; i < ORDINARY; i++)
		feed(&t, 1, (uint16_t)(1024 + i));
	assert_int_equal(open_flows(&t, 1), ORDINARY);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_flood_leaves_its_siblings_what_they_have),
	        cmocka_unit_test(a_flood_shrinks_while_others_grow),
	        cmocka_unit_test(a_flood_takes_no_room_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
