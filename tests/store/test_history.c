/* What outlives the flows: days, versions, contacts with update hosts, and what goes by age. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "store/store.h"

#define TODAY  20781 /* 2026-11-24 */
#define DAY_NS (24 * NS_PER_HOUR)

static struct store *fresh(void)
{
	struct store *s = NULL;

	assert_true(time_set_zone("Australia/Sydney"));
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	return s;
}

static int64_t at(int32_t day, int hour, int minute)
{
	return time_local_midnight(day) + hour * NS_PER_HOUR + minute * 60 * NS_PER_SECOND;
}

/* One input with one flow, from its first frame to its last, and a record an hour. */
static void add_input(struct store *s, char name, uint64_t flow, int64_t first_ns, int64_t last_ns)
{
	struct store_input input = {.kind = "file",
	        .frames = 10,
	        .first_ns = first_ns,
	        .last_ns = last_ns,
	        .end = "end"};
	struct store_flow f = {
	        .id = flow, .out_index = 0, .first_ns = first_ns, .last_ns = last_ns};
	uint32_t index, sequence = 0;

	memset(input.sha256, name, sizeof(input.sha256) - 1);
	f.software_count = 1;
	f.software[0] = (struct store_software){.sender = 1, .source = "hl7", .text = "Quoll 4.2"};
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_OK);
	f.input = index;
	assert_int_equal(store_add_flow(s, &f), STATUS_OK);
	for (int64_t hour = time_hour(first_ns); hour <= last_ns; hour += NS_PER_HOUR) {
		struct store_record r = {
		        .flow = flow, .hour_ns = hour, .bytes_out = 1, .sequence = sequence++};

		assert_int_equal(store_add_record(s, &r), STATUS_OK);
	}
	assert_int_equal(store_input_set(s, index, &input), STATUS_OK);
	assert_int_equal(store_commit(s), STATUS_OK);
}

static size_t count_flows(struct store *s, struct store_flow *ret)
{
	static const struct store_query all = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_cursor *c = NULL;
	size_t count = 0;

	assert_int_equal(store_flows(s, &all, &c), STATUS_OK);
	while (store_next_flow(c, ret) == STATUS_ITEM)
		count++;
	store_cursor_free(c);
	return count;
}

static void note(struct store *s, const char *destination, const char *date, uint64_t bytes)
{
	struct store_day day = {.flows = 1, .bytes_out = bytes, .hours = bytes == 1 ? 1 : 4};

	snprintf(day.date, sizeof(day.date), "%s", date);
	assert_int_equal(store_note_day(s, "p", destination, &day), STATUS_OK);
}

static void days_are_replaced_and_added_up(void **state)
{
	struct store *s = fresh();
	struct store_day *days = NULL;
	size_t count = 0;
	bool seen = true;

	(void)state;
	note(s, "a", "2026-11-20", 1);
	note(s, "a", "2026-11-20", 5);
	note(s, "b", "2026-11-20", 1);
	note(s, "a", "2026-11-21", 7);
	assert_int_equal(store_days(s, "p", "a", "2026-11-21", &days, &count), STATUS_OK);
	assert_int_equal(count, 1);
	assert_int_equal(days[0].bytes_out, 5);
	free(days);
	assert_int_equal(store_program_days(s, "p", "2026-11-22", &days, &count), STATUS_OK);
	assert_int_equal(count, 2);
	assert_int_equal(days[0].bytes_out, 6);
	assert_int_equal(days[0].flows, 2);
	assert_int_equal(days[0].hours, 5);
	assert_string_equal(days[1].date, "2026-11-21");
	free(days);
	assert_int_equal(store_clear_days(s, "2026-11-20", "2026-11-20"), STATUS_OK);
	assert_int_equal(store_seen_before(s, "p", "b", "2026-12-01", &seen), STATUS_OK);
	assert_false(seen);
	assert_int_equal(store_seen_before(s, "p", "a", "2026-11-21", &seen), STATUS_OK);
	assert_false(seen);
	assert_int_equal(store_seen_before(s, "p", "a", "2026-11-22", &seen), STATUS_OK);
	assert_true(seen);
	store_free(s);
}

static void versions_keep_their_first_and_last_date(void **state)
{
	static const char *const dates[] = {"2026-11-03", "2026-11-01", "2026-11-09", "2026-11-09"};
	struct store *s = fresh();
	struct store_version *versions = NULL;
	char date[TIME_DATE_CHARS];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		struct store_version v = {.program = "p",
		        .computer = "192.0.2.7",
		        .text = "Quoll 4.2",
		        .source = "user-agent"};

		snprintf(v.first_date, sizeof(v.first_date), "%s", dates[i]);
		assert_int_equal(store_note_version(s, &v), STATUS_OK);
		assert_int_equal(store_note_update(s, "p", dates[i]), STATUS_OK);
	}
	assert_int_equal(store_versions(s, "2026-11-09", &versions, &count), STATUS_OK);
	assert_int_equal(count, 1);
	assert_string_equal(versions[0].first_date, "2026-11-01");
	assert_string_equal(versions[0].last_date, "2026-11-03");
	assert_string_equal(versions[0].text, "Quoll 4.2");
	free(versions);
	assert_int_equal(store_last_update(s, "p", "2026-11-09", date), STATUS_OK);
	assert_string_equal(date, "2026-11-03");
	assert_int_equal(store_last_update(s, "q", "2026-11-09", date), STATUS_OK);
	assert_string_equal(date, "");
	store_free(s);
}

/* 2026-10-04 has 23 hours in Sydney; two captures overlap; one is too short for its hour. */
static void captured_hours_are_local(void **state)
{
	struct store *s = fresh();
	int32_t spring, first, last;
	uint32_t hours[3] = {9, 9, 9};
	bool any = true;

	(void)state;
	assert_int_equal(store_captured_days(s, &any, &first, &last), STATUS_OK);
	assert_false(any);
	assert_true(time_parse_date("2026-10-04", &spring));
	add_input(s, 'a', 1, time_local_midnight(spring), time_local_midnight(spring + 1));
	add_input(s, 'b', 2, at(spring + 1, 9, 0), at(spring + 1, 11, 0));
	add_input(s, 'c', 3, at(spring + 1, 10, 30), at(spring + 1, 12, 40));
	assert_int_equal(store_captured_days(s, &any, &first, &last), STATUS_OK);
	assert_true(any);
	assert_int_equal(first, spring);
	assert_int_equal(last, spring + 1);
	assert_int_equal(store_captured_hours(s, spring, 3, hours), STATUS_OK);
	assert_int_equal(hours[0], 0xffffff & ~(1u << 2)); /* 02:00 to 03:00 did not happen */
	assert_int_equal(hours[1], 7u << 9 & ~(1u << 12));
	assert_int_equal(hours[2], 0);
	store_free(s);
}

static void age_deletes_flows_first_and_history_later(void **state)
{
	struct store *s = fresh();
	struct store_forgotten gone = {.flows = 9};
	struct store_coverage coverage;
	struct store_query day;
	struct store_flow f;
	char date[TIME_DATE_CHARS];
	bool any;
	int32_t first, last;

	(void)state;
	add_input(s, 'a', 1, at(TODAY - 36, 9, 0), at(TODAY - 36, 12, 0));
	add_input(s, 'b', 2, at(TODAY - 35, 9, 0), at(TODAY - 35, 12, 0));
	add_input(s, 'c', 3, at(TODAY - 40, 9, 0), at(TODAY - 34, 12, 0));
	add_input(s, 'd', 4, at(TODAY, 9, 0), at(TODAY, 12, 0));
	note(s, "a", "2025-10-19", 1); /* 401 days */
	note(s, "a", "2025-10-20", 1); /* 400 days */
	assert_int_equal(store_forget(s, at(TODAY, 13, 0), &gone), STATUS_OK);
	assert_int_equal(gone.flows, 1);
	assert_int_equal(gone.days, 1);
	assert_int_equal(gone.inputs, 0);
	time_format_day(TODAY - 35, date);
	assert_string_equal(gone.flows_before, date);
	assert_int_equal(count_flows(s, &f), 3);
	assert_int_equal(f.software_count, 1);
	assert_string_equal(f.software[0].text, "Quoll 4.2");
	/* What was captured on a day whose flows went is no longer reported, but remembered. */
	day = (struct store_query){.from_ns = time_local_midnight(TODAY - 36),
	        .to_ns = time_local_midnight(TODAY - 35)};
	assert_int_equal(store_coverage(s, &day, &coverage), STATUS_OK);
	assert_false(coverage.captured);
	assert_int_equal(store_captured_days(s, &any, &first, &last), STATUS_OK);
	assert_int_equal(first, TODAY - 40);
	/* Once is enough. */
	assert_int_equal(store_forget(s, at(TODAY, 13, 0), &gone), STATUS_OK);
	assert_int_equal(gone.flows, 0);
	assert_string_equal(gone.flows_before, date);
	store_free(s);
}

/* A capture from a clock that was set wrong must not delete a practice's memory. */
static void a_clock_in_the_future_deletes_nothing(void **state)
{
	struct store *s = fresh();
	struct store_forgotten gone;
	struct store_flow f;

	(void)state;
	add_input(s, 'a', 1, at(TODAY, 9, 0), at(TODAY, 12, 0));
	add_input(s, 'b', 2, at(TODAY + 9000, 9, 0), at(TODAY + 9000, 12, 0));
	assert_int_equal(store_forget(s, at(TODAY, 13, 0), &gone), STATUS_OK);
	assert_int_equal(gone.flows, 0);
	assert_int_equal(count_flows(s, &f), 2);
	/* nor does a machine without a battery */
	assert_int_equal(store_forget(s, 0, &gone), STATUS_OK);
	assert_int_equal(count_flows(s, &f), 2);
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(days_are_replaced_and_added_up),
	        cmocka_unit_test(versions_keep_their_first_and_last_date),
	        cmocka_unit_test(captured_hours_are_local),
	        cmocka_unit_test(age_deletes_flows_first_and_history_later),
	        cmocka_unit_test(a_clock_in_the_future_deletes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
