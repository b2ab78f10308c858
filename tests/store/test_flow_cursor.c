/* Conversations come in the order that store.h names, each with what belongs to it, whatever the
 * period and however many begin at the same time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "store/store.h"

#define FLOWS 60

/* In no order, and of both signs where they are kept. */
static uint64_t id_of(unsigned n)
{
	return (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static int64_t first_of(unsigned n)
{
	return (int64_t)(n * 7 % FLOWS / 3) * NS_PER_HOUR;
}

static struct store_flow flow_of(unsigned n)
{
	struct store_flow f = {.id = id_of(n),
	        .tuple = {.src = {{4, {192, 0, 2, 1}}, (uint16_t)(5000 - n)},
	                .dst = {{4, {198, 51, 100, (uint8_t)n}}, 443},
	                .protocol = 6},
	        .first_ns = first_of(n),
	        .last_ns = first_of(n) + (n % 5 == 0 ? 9 : 0) * NS_PER_HOUR,
	        .name_count = n % 3,
	        .software_count = n % 2};

	for (unsigned i = 0; i < f.name_count; i++)
		f.names[i] = (struct store_name){"a.example", "sni", n};
	f.software[0] = (struct store_software){0, "user-agent", "Example/1"};
	return f;
}

static struct store *filled(void)
{
	struct store_input input = {.sha256 = "aa", .frames = 1};
	struct store *s = NULL;
	uint32_t index;

	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_OK);
	for (unsigned n = 0; n < FLOWS; n++) {
		struct store_flow f = flow_of(n);

		assert_int_equal(store_add_flow(s, &f), STATUS_OK);
		for (unsigned i = 0; i < n % 4; i++) {
			struct store_finding finding = {
			        .flow = f.id, .finding = {.tier = TIER_WEAK + i, .count = n}};

			assert_int_equal(store_add_finding(s, &finding), STATUS_OK);
		}
		for (uint32_t i = 0; i < n % 3; i++) {
			struct store_record record = {.flow = f.id, .sequence = i, .bytes_out = n};

			assert_int_equal(store_add_record(s, &record), STATUS_OK);
		}
	}
	assert_int_equal(store_input_set(s, index, &input), STATUS_OK);
	assert_int_equal(store_commit(s), STATUS_OK);
	return s;
}

/* By time, then by the near end's port, which falls with the number. */
static int by_order(const void *left, const void *right)
{
	unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;

	if (first_of(a) != first_of(b))
		return first_of(a) > first_of(b) ? 1 : -1;
	return a < b ? 1 : -1;
}

static size_t expect(const struct store_query *q, unsigned ret[static FLOWS])
{
	size_t count = 0;

	for (unsigned n = 0; n < FLOWS; n++) {
		struct store_flow f = flow_of(n);

		if (f.last_ns >= q->from_ns && f.first_ns < q->to_ns)
			ret[count++] = n;
	}
	if (count > 0)
		qsort(ret, count, sizeof(*ret), by_order);
	return count;
}

static void check_evidence(struct store_cursor *c, unsigned n)
{
	struct store_finding *findings = NULL;
	struct store_record *records = NULL;
	size_t count = 0;

	assert_int_equal(store_cursor_findings(c, &findings, &count), STATUS_OK);
	assert_int_equal(count, n % 4);
	for (size_t i = 0; i < count; i++) {
		assert_true(findings[i].flow == id_of(n) && findings[i].finding.count == n);
		assert_int_equal(findings[i].finding.tier, TIER_WEAK + count - 1 - i);
	}
	assert_int_equal(store_cursor_records(c, &records, &count), STATUS_OK);
	assert_int_equal(count, n % 3);
	for (size_t i = 0; i < count; i++)
		assert_true(records[i].flow == id_of(n) && records[i].sequence == i &&
		            records[i].bytes_out == n);
	free(findings);
	free(records);
}

/* step: evidence is asked of each step-th flow. */
static void check_period(struct store *s, const struct store_query *q, size_t step)
{
	unsigned expected[FLOWS];
	size_t count = expect(q, expected);
	struct store_cursor *c = NULL;
	struct store_flow f;

	assert_int_equal(store_flows(s, q, &c), STATUS_OK);
	for (size_t i = 0; i < count; i++) {
		unsigned n = expected[i];

		assert_int_equal(store_next_flow(c, &f), STATUS_ITEM);
		assert_true(f.id == id_of(n));
		assert_int_equal(f.name_count, n % 3);
		assert_true(f.name_count == 0 || f.names[f.name_count - 1].age_ns == n);
		assert_int_equal(f.software_count, n % 2);
		if (i % step == 0)
			check_evidence(c, n);
	}
	assert_int_equal(store_next_flow(c, &f), STATUS_OK);
	store_cursor_free(c);
}

static void order_and_evidence(void **state)
{
	static const struct store_query all = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store *s = filled();

	(void)state;
	check_period(s, &all, 1);
	check_period(s, &all, 7);
	for (int from = 0; from < 25; from++)
		for (int to = from; to < 25; to += 4) {
			const struct store_query q = {
			        .from_ns = from * NS_PER_HOUR, .to_ns = to * NS_PER_HOUR};

			check_period(s, &q, 1 + (size_t)from % 2);
		}
	store_free(s);
}

/* As they lie: by id. */
static void all_of_them_without_an_order(void **state)
{
	static const struct store_query q = {
	        .from_ns = INT64_MIN, .to_ns = INT64_MAX, .in_no_order = true};
	struct store *s = filled();
	struct store_cursor *c = NULL;
	bool given[FLOWS] = {false};
	struct store_flow f;
	int64_t before = INT64_MIN;

	(void)state;
	assert_int_equal(store_flows(s, &q, &c), STATUS_OK);
	for (unsigned i = 0; i < FLOWS; i++) {
		unsigned n = 0;

		assert_int_equal(store_next_flow(c, &f), STATUS_ITEM);
		assert_true(i == 0 || (int64_t)f.id > before);
		before = (int64_t)f.id;
		while (n < FLOWS && id_of(n) != f.id)
			n++;
		assert_true(n < FLOWS && !given[n]);
		given[n] = true;
		assert_int_equal(f.name_count, n % 3);
		assert_int_equal(f.software_count, n % 2);
		if (i % 3 != 1)
			check_evidence(c, n);
	}
	assert_int_equal(store_next_flow(c, &f), STATUS_OK);
	store_cursor_free(c);
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(order_and_evidence),
	        cmocka_unit_test(all_of_them_without_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
