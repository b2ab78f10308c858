#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/status.h"
#include "store/store.h"

#define NUMBER ((UINT64_C(77) << 41) + 7)

static size_t count_flows(struct store *s)
{
	const struct store_query everything = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_cursor *c = NULL;
	struct store_flow f;
	size_t count = 0;

	assert_int_equal(store_flows(s, &everything, &c), STATUS_OK);
	while (store_next_flow(c, &f) == STATUS_ITEM)
		count++;
	store_cursor_free(c);
	return count;
}

#define ALIKE 4

/* One number for all, as in a crafted file: another far end, another time, and twice the same ends
 * at the same time. */
static void make_alike(struct store_flow flows[ALIKE], uint32_t input)
{
	for (unsigned i = 0; i < ALIKE; i++) {
		flows[i] = (struct store_flow){.id = NUMBER,
		        .input = input,
		        .tuple = {.src = {{4, {192, 0, 2, 1}}, 50000},
		                .dst = {{4, {198, 51, 100, 7}}, 443},
		                .protocol = 6},
		        .first_ns = 1000,
		        .last_ns = 3000,
		        .first_packet = 10 + i};
	}
	flows[1].tuple.dst.port = 8443;
	flows[2].first_ns = 2000;
}

static void add_alike(struct store *s, struct store_flow flows[ALIKE])
{
	struct store_input input = {.sha256 = "dd", .format = "pcap", .kind = "file", .frames = 9};
	uint32_t index;

	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_OK);
	make_alike(flows, index);
	for (unsigned hour = 0; hour < 2; hour++)
		for (unsigned i = 0; i < ALIKE; i++) {
			struct store_record r = {.sequence = hour, .bytes_out = 100 + i};
			struct store_flow before = flows[i];

			flows[i].id = NUMBER;
			assert_int_equal(store_add_flow(s, &flows[i]), STATUS_OK);
			assert_true(hour == 0 || flows[i].id == before.id);
			r.flow = flows[i].id;
			assert_int_equal(store_add_record(s, &r), STATUS_OK);
		}
	assert_int_equal(store_input_set(s, index, &input), STATUS_OK);
	assert_int_equal(store_commit(s), STATUS_OK);
}

static void conversations_of_one_number_are_all_kept(void **state)
{
	struct store_flow first[ALIKE], again[ALIKE], back;
	struct store_record *records = NULL;
	struct store *s = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	add_alike(s, first);
	assert_int_equal(count_flows(s), ALIKE);
	add_alike(s, again); /* the same input: the same numbers, and nothing twice */
	assert_int_equal(count_flows(s), ALIKE);
	for (unsigned i = 0; i < ALIKE; i++) {
		assert_true(first[i].id == again[i].id);
		assert_true(first[i].id >> 41 == 77); /* beside the others of its time */
		assert_int_equal(store_find_flow(s, first[i].id, &back), STATUS_ITEM);
		assert_int_equal(back.first_packet, 10 + i);
		assert_int_equal(store_records(s, first[i].id, &records, &count), STATUS_OK);
		assert_int_equal(count, 2);
		assert_int_equal(records[0].bytes_out, 100 + i);
		free(records);
	}
	s = store_free(s);
}

/* Two files of a run that hold the same conversation: the later one's counts, with its findings. */
static void a_conversation_of_two_inputs_is_one(void **state)
{
	struct store_finding finding = {.finding = {.kind = "medicare", .count = 1}};
	struct store_finding *findings = NULL;
	struct store_flow flows[ALIKE];
	struct store *s = NULL;
	uint32_t index;
	size_t count = 0;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	assert_int_equal(store_begin(s), STATUS_OK);
	for (unsigned file = 0; file < 2; file++) {
		assert_int_equal(store_input_begin(s, &index), STATUS_OK);
		make_alike(flows, index);
		flows[0].first_packet += file;
		assert_int_equal(store_add_flow(s, &flows[0]), STATUS_OK);
		assert_true(flows[0].id == NUMBER);
		finding.flow = NUMBER;
		assert_int_equal(store_add_finding(s, &finding), STATUS_OK);
	}
	assert_int_equal(store_commit(s), STATUS_OK);
	assert_int_equal(count_flows(s), 1);
	assert_int_equal(store_findings(s, NUMBER, &findings, &count), STATUS_OK);
	assert_int_equal(count, 1);
	free(findings);
	s = store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(conversations_of_one_number_are_all_kept),
	        cmocka_unit_test(a_conversation_of_two_inputs_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
