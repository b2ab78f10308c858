#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "pipeline/store_queue.h"

#define CONVERSATIONS (3u * STORE_QUEUE_PLACES)
#define BEGIN_NS      (1700000000 * NS_PER_SECOND)

static const struct store_query everything = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};

/* The n-th conversation; the set is what was found in it, which is the caller's to free. */
static struct store_rows rows_of(unsigned n, struct finding_set *found)
{
	struct store_rows rows = {.flow = {.id = n + 1,
	                                  .first_ns = BEGIN_NS + n,
	                                  .last_ns = BEGIN_NS + n,
	                                  .tuple = {.src = {{4, {192, 0, 2, 1}}, 5000},
	                                          .dst = {{4, {203, 0, 113, 1}}, 443},
	                                          .protocol = 6}},
	        .record = {.flow = n + 1, .hour_ns = BEGIN_NS, .bytes_out = n, .last = true},
	        .findings = found,
	        .gap_bytes = n % 2};

	for (unsigned i = 0; i < n % 3; i++) {
		struct finding f = {.category = CATEGORY_IDENTIFIERS,
		        .class = CLASS_PATIENT,
		        .tier = TIER_HIGH,
		        .count = 1,
		        .tag = 1 + i};

		snprintf(f.kind, sizeof(f.kind), "kind-%u", i);
		snprintf(f.place, sizeof(f.place), "HTTP body > column %u", n);
		assert_int_equal(finding_set_add(found, &f, true), STATUS_OK);
	}
	return rows;
}

static struct store *store_of_one_input(void)
{
	struct store *s;
	uint32_t input;

	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &input), STATUS_OK);
	return s;
}

static void close_store(struct store *s)
{
	store_abandon(s);
	store_free(s);
}

/* What was put may be forgotten at once. */
static int put_one(struct store_queue *q, unsigned n, bool stored_before)
{
	struct budget budget;
	struct finding_set found;
	struct store_rows rows;
	int status;

	budget_init(&budget, 1 << 20);
	finding_set_init(&found, &budget);
	rows = rows_of(n, &found);
	rows.stored_before = stored_before;
	status = store_queue_put(q, &rows);
	for (unsigned i = 0; i < found.count; i++)
		memset(found.sums[i].finding.kind, 'x', sizeof(found.sums[i].finding.kind));
	finding_set_free(&found);
	memset(&rows, 0xff, sizeof(rows));
	return status;
}

static void check_one(struct store *s, unsigned n)
{
	struct store_flow flow;
	struct store_record *records;
	struct store_finding *findings;
	size_t record_count, finding_count;

	assert_int_equal(store_find_flow(s, n + 1, &flow), STATUS_ITEM);
	assert_int_equal(flow.first_ns, BEGIN_NS + n);
	assert_int_equal(store_records(s, n + 1, &records, &record_count), STATUS_OK);
	assert_int_equal(record_count, 1);
	assert_int_equal(records[0].bytes_out, n);
	assert_int_equal(store_findings(s, n + 1, &findings, &finding_count), STATUS_OK);
	assert_int_equal(finding_count, n % 3);
	for (size_t i = 0; i < finding_count; i++)
		assert_memory_equal(findings[i].finding.kind, "kind-", 5);
	free(records);
	free(findings);
}

static uint64_t gaps_told(struct store *s)
{
	struct store_loss *losses;
	size_t count;
	uint64_t sum = 0;

	assert_int_equal(store_losses(s, &everything, &losses, &count), STATUS_OK);
	for (size_t i = 0; i < count; i++)
		sum += losses[i].count;
	free(losses);
	return sum;
}

static void what_was_put_is_in_the_store(void **state)
{
	(void)state;
	for (int threaded = 0; threaded < 2; threaded++) {
		const struct store_loss lost = {.count = 7, .hour_ns = BEGIN_NS};
		struct store *s = store_of_one_input();
		struct store_queue *q;

		assert_int_equal(store_queue_new(&q, s, threaded), STATUS_OK);
		for (unsigned n = 0; n < CONVERSATIONS; n++)
			assert_int_equal(put_one(q, n, false), STATUS_OK);
		assert_int_equal(store_queue_loss(q, LOSS_FLOWS_EVICTED, &lost), STATUS_OK);
		/* A few, which wake nobody before they are waited for. */
		assert_int_equal(store_queue_wait(q), STATUS_OK);
		for (unsigned n = 0; n < CONVERSATIONS; n++)
			check_one(s, n);
		assert_int_equal(gaps_told(s), CONVERSATIONS / 2 + 7);
		/* And on with the same one; later findings replace earlier ones. */
		assert_int_equal(put_one(q, 2, true), STATUS_OK);
		assert_int_equal(store_queue_wait(q), STATUS_OK);
		check_one(s, 2);
		q = store_queue_free(q);
		close_store(s);
	}
}

static void a_failure_comes_back(void **state)
{
	(void)state;
	for (int threaded = 0; threaded < 2; threaded++) {
		struct store *s;
		struct store_queue *q;
		int status = STATUS_OK;

		/* It knows no input that rows could be of. */
		assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
		assert_int_equal(store_begin(s), STATUS_OK);
		assert_int_equal(store_queue_new(&q, s, threaded), STATUS_OK);
		for (unsigned n = 0; status == STATUS_OK && n < CONVERSATIONS; n++)
			status = put_one(q, n, false);
		assert_int_equal(status, STATUS_BUG);
		if (threaded)
			assert_int_equal(store_queue_wait(q), STATUS_BUG);
		q = store_queue_free(q);
		close_store(s);
	}
}

static void what_nobody_waits_for_is_dropped(void **state)
{
	struct store *s = store_of_one_input();
	struct store_queue *q;

	(void)state;
	assert_int_equal(store_queue_new(&q, s, true), STATUS_OK);
	for (unsigned n = 0; n < CONVERSATIONS; n++)
		assert_int_equal(put_one(q, n, false), STATUS_OK);
	q = store_queue_free(q);
	close_store(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_put_is_in_the_store),
	        cmocka_unit_test(a_failure_comes_back),
	        cmocka_unit_test(what_nobody_waits_for_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
