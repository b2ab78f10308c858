#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "store/store.h"
#include "store/store_internal.h"

static const struct store_query everything = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};

static struct store_flow example_flow(uint64_t id, uint32_t input, int64_t first_ns)
{
	struct store_flow f = {
	        .id = id,
	        .input = input,
	        .tuple = {.src = {{4, {192, 0, 2, 1}}, 50000},
	                .dst = {{4, {198, 51, 100, 7}}, 443},
	                .protocol = 6},
	        .community_id = "1:abc",
	        .direction = FLOW_OUTGOING,
	        .computer = {4, {192, 0, 2, 1}},
	        .computer_name = "reception1",
	        .computer_name_source = "netbios",
	        .first_ns = first_ns,
	        .last_ns = first_ns + 5,
	        .counts = {{.packets = 3, .payload_bytes = 700, .gap_bytes = 9}, {.packets = 2}},
	        .name_count = 2,
	        .names = {{"api.example", "sni", 0}, {"cdn.example", "dns", 77}},
	        .country = "AU",
	        .country_confidence = "database",
	        .tier = TIER_HIGH,
	        .distinct_patients = 2,
	        .app_category = "Web",
	        .app_risks = "Weak TLS Cipher|TLS Certificate Expired",
	        .related_to = UINT64_MAX - 1,
	        .related_port = 65535,
	        .related_from_outside = true,
	        .ja3 = "cd08e31494f9531f560d64c695473da9",
	        .certificate = {.seen = true,
	                .names = "api.example *.example.au",
	                .names_left_out = 9984,
	                .issuer = "Invented Trust",
	                .not_before_s = -62135596800,
	                .not_after_s = 253402300799,
	                .self_signed = true,
	                .name_check = STORE_NAME_DIFFERS},
	};
	return f;
}

static int64_t start_of(uint64_t id)
{
	return id < 100 ? (int64_t)(id - 1) * 1000 : 0;
}

static void add_run(struct store *s, const char *sha256, const uint64_t *ids, size_t count)
{
	struct store_input input = {.format = "pcap", .kind = "file", .frames = 10, .end = "end"};
	uint32_t index = 99;

	snprintf(input.sha256, sizeof(input.sha256), "%s", sha256);
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_OK);
	assert_int_equal(index, 0);
	for (size_t i = 0; i < count; i++) {
		struct store_flow f = example_flow(ids[i], index, start_of(ids[i]));
		struct store_record r = {.flow = ids[i], .bytes_out = 700, .last = true};
		struct store_finding n = {.flow = ids[i],
		        .finding = {.kind = "medicare",
		                .category = CATEGORY_IDENTIFIERS,
		                .tier = TIER_HIGH,
		                .count = 2,
		                .place = "HTTP body > column 4",
		                .mask = "...."},
		        .outward = true};

		assert_int_equal(store_add_flow(s, &f), STATUS_OK);
		assert_int_equal(store_add_record(s, &r), STATUS_OK);
		assert_int_equal(store_add_finding(s, &n), STATUS_OK);
		assert_int_equal(store_add_tag(s, ids[i], 1000 + i), STATUS_OK);
		assert_int_equal(store_add_tag(s, ids[i], UINT64_MAX), STATUS_OK);
	}
	struct store_loss loss = {"packets not IP", 4, STORE_HOUR_UNKNOWN};
	assert_int_equal(store_add_loss(s, index, &loss), STATUS_OK);
	assert_int_equal(store_input_set(s, index, &input), STATUS_OK);
	assert_int_equal(store_commit(s), STATUS_OK);
}

static size_t count_flows(struct store *s)
{
	struct store_cursor *c = NULL;
	struct store_flow f;
	size_t count = 0;

	assert_int_equal(store_flows(s, &everything, &c), STATUS_OK);
	while (store_next_flow(c, &f) == STATUS_ITEM)
		count++;
	store_cursor_free(c);
	return count;
}

static void what_goes_in_comes_out(void **state)
{
	const uint64_t ids[] = {UINT64_MAX - 3, 7};
	struct store *s = NULL;
	struct store_cursor *c = NULL;
	struct store_finding *findings = NULL;
	struct store_record *records = NULL;
	struct store_flow f;
	size_t count = 0;
	uint64_t tags = 0;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	add_run(s, "aa", ids, 2);
	assert_int_equal(store_flows(s, &everything, &c), STATUS_OK);
	assert_int_equal(store_next_flow(c, &f), STATUS_ITEM);
	struct store_flow expected = example_flow(ids[0], 0, 0);
	assert_true(f.id == expected.id);
	assert_true(tuple_equal(&f.tuple, &expected.tuple));
	assert_memory_equal(f.counts, expected.counts, sizeof(f.counts));
	assert_string_equal(f.app_category, expected.app_category);
	assert_string_equal(f.app_risks, expected.app_risks);
	assert_string_equal(f.ja3, expected.ja3);
	assert_true(f.related_to == expected.related_to);
	assert_int_equal(f.related_port, expected.related_port);
	assert_true(f.related_from_outside);
	assert_string_equal(f.computer_name, "reception1");
	assert_string_equal(f.computer_name_source, "netbios");
	assert_memory_equal(&f.certificate, &expected.certificate, sizeof(f.certificate));
	assert_int_equal(f.name_count, 2);
	assert_string_equal(f.names[1].name, "cdn.example");
	assert_string_equal(f.names[1].source, "dns");
	assert_int_equal(f.names[1].age_ns, 77);
	assert_string_equal(f.country, "AU");
	assert_string_equal(f.community_id, "1:abc");
	assert_int_equal(f.tier, TIER_HIGH);
	assert_int_equal(f.distinct_patients, 2);
	assert_int_equal(f.last_ns, 5);
	assert_int_equal(store_next_flow(c, &f), STATUS_ITEM);
	assert_int_equal(store_next_flow(c, &f), 0);
	store_cursor_free(c);
	assert_int_equal(store_findings(s, ids[0], &findings, &count), STATUS_OK);
	assert_int_equal(count, 1);
	assert_string_equal(findings[0].finding.kind, "medicare");
	assert_int_equal(findings[0].finding.count, 2);
	free(findings);
	assert_int_equal(store_records(s, ids[0], &records, &count), STATUS_OK);
	assert_int_equal(count, 1);
	assert_true(records[0].last);
	free(records);
	assert_int_equal(store_distinct_tags(s, ids, 2, &tags), STATUS_OK);
	assert_int_equal(tags, 3); /* one of them in both flows */
	s = store_free(s);
}

static void the_same_input_replaces_itself(void **state)
{
	const uint64_t first[] = {1, 2, 3};
	const uint64_t second[] = {2, 3};
	const uint64_t other[] = {9};
	struct store *s = NULL;
	struct store_finding *findings = NULL;
	struct store_input *inputs = NULL;
	struct store_loss *losses = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	add_run(s, "aa", first, 3);
	add_run(s, "bb", other, 1);
	add_run(s, "aa", second, 2);
	assert_int_equal(count_flows(s), 3);
	assert_int_equal(store_findings(s, 2, &findings, &count), STATUS_OK);
	assert_int_equal(count, 1);
	free(findings);
	assert_int_equal(store_inputs(s, &everything, &inputs, &count), STATUS_OK);
	assert_int_equal(count, 2);
	free(inputs);
	assert_int_equal(store_losses(s, &everything, &losses, &count), STATUS_OK);
	assert_int_equal(count, 1);
	assert_int_equal(losses[0].count, 8);
	free(losses);
	s = store_free(s);
}

/* One file named twice on a command line: its flows belong to its first reading. */
static void an_input_named_twice_is_kept(void **state)
{
	struct store_input input = {.sha256 = "cc", .format = "pcap", .kind = "file", .frames = 10};
	struct store *s = NULL;
	uint32_t index = 99;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	for (int run = 0; run < 2; run++) {
		struct store_flow f = example_flow(4, 0, 0);

		assert_int_equal(store_begin(s), STATUS_OK);
		assert_int_equal(store_input_begin(s, &index), STATUS_OK);
		assert_int_equal(store_input_begin(s, &index), STATUS_OK);
		assert_int_equal(index, 1);
		assert_int_equal(store_add_flow(s, &f), STATUS_OK);
		assert_int_equal(store_input_set(s, 0, &input), STATUS_OK);
		assert_int_equal(store_input_set(s, 1, &input), STATUS_OK);
		assert_int_equal(store_commit(s), STATUS_OK);
		assert_int_equal(count_flows(s), 1);
	}
	s = store_free(s);
}

static size_t count_between(struct store *s, int64_t from_ns, int64_t to_ns)
{
	const struct store_query query = {.from_ns = from_ns, .to_ns = to_ns};
	struct store_cursor *c = NULL;
	struct store_flow f;
	size_t count = 0;

	assert_int_equal(store_flows(s, &query, &c), STATUS_OK);
	while (store_next_flow(c, &f) == STATUS_ITEM)
		count++;
	store_cursor_free(c);
	return count;
}

/* A day's report asks for all that went on in it, and for nothing of the day before. */
static void a_flow_belongs_to_every_day_that_it_touches(void **state)
{
	const uint64_t ids[] = {1};
	struct store *s = NULL;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	add_run(s, "dd", ids, 1); /* from 0 to 5 */
	assert_int_equal(count_between(s, -10, 0), 0);
	assert_int_equal(count_between(s, -10, 1), 1);
	assert_int_equal(count_between(s, 2, 4), 1);
	assert_int_equal(count_between(s, 5, 9), 1);
	assert_int_equal(count_between(s, 6, 9), 0);
	s = store_free(s);
}

static void an_interrupted_run_leaves_no_trace(void **state)
{
	char path[] = "/tmp/exeat-store-XXXXXX";
	const uint64_t ids[] = {1};
	struct store *s = NULL;
	uint32_t index;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(store_open(&s, path, false), STATUS_OK);
	add_run(s, "aa", ids, 1);
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_OK);
	struct store_flow f = example_flow(5, index, 0);
	assert_int_equal(store_add_flow(s, &f), STATUS_OK);
	s = store_free(s);
	assert_int_equal(store_open(&s, path, true), STATUS_OK);
	assert_int_equal(count_flows(s), 1);
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_NO_PERMISSION);
	s = store_free(s);
	unlink(path);
}

static void foreign_and_later_files_are_refused(void **state)
{
	char path[] = "/tmp/exeat-store-XXXXXX";
	struct store *s = NULL;
	int fd = mkstemp(path);
	char page[8192];

	(void)state;
	assert_true(fd >= 0);
	memset(page, 'x', sizeof(page));
	assert_int_equal(write(fd, page, sizeof(page)), (ssize_t)sizeof(page));
	assert_int_equal(store_open(&s, path, false), STATUS_MALFORMED);
	assert_null(s);
	/* A file of a later version: user_version stands at offset 60 of the first page. */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(store_open(&s, path, false), STATUS_OK);
	s = store_free(s);
	assert_int_equal(pwrite(fd, "\0\0\0\x63", 4, 60), 4);
	assert_int_equal(store_open(&s, path, false), STATUS_UNSUPPORTED);
	assert_null(s);
	assert_int_equal(store_open(&s, path, true), STATUS_UNSUPPORTED);
	assert_null(s);
	/* Another program's database has tables and no version of ours. */
	assert_int_equal(pwrite(fd, "\0\0\0\0", 4, 60), 4);
	assert_int_equal(store_open(&s, path, false), STATUS_MALFORMED);
	assert_null(s);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(store_open(&s, path, true), STATUS_MALFORMED);
	assert_null(s);
	close(fd);
	unlink(path);
}

#define DAY_NS  (24 * NS_PER_HOUR)
#define HALF_NS (NS_PER_HOUR / 2)

static void add_capture(struct store *s, const char *name, int64_t first_ns, int64_t last_ns)
{
	struct store_input input = {.frames = 90, .first_ns = first_ns, .last_ns = last_ns};
	struct store_loss loss = {"bytes missing", 5, time_hour(last_ns)};
	struct store_record record = {.flow = (uint64_t)first_ns, .bytes_out = 60, .bytes_in = 15};
	uint32_t index;

	snprintf(input.sha256, sizeof(input.sha256), "%s", name);
	record.hour_ns = time_hour(last_ns);
	record.gap_bytes = 25;
	input.unread = strcmp(name, "unread") == 0 ? input.frames : 0;
	input.dropped = strcmp(name, "dropping") == 0 ? 910 : 0;
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_OK);
	assert_int_equal(store_input_set(s, index, &input), STATUS_OK);
	assert_int_equal(store_add_loss(s, index, &loss), STATUS_OK);
	assert_int_equal(store_add_record(s, &record), STATUS_OK);
	assert_int_equal(store_commit(s), STATUS_OK);
}

static uint64_t losses_of(struct store *s, int64_t from_ns, int64_t to_ns)
{
	const struct store_query q = {.from_ns = from_ns, .to_ns = to_ns};
	struct store_loss *losses = NULL;
	uint64_t sum = 0;
	size_t count = 0;

	assert_int_equal(store_losses(s, &q, &losses, &count), STATUS_OK);
	for (size_t i = 0; i < count; i++)
		sum += losses[i].count;
	free(losses);
	return sum;
}

static void a_day_has_its_own_coverage(void **state)
{
	static const struct {
		int64_t from_ns, to_ns, captured_ns;
		bool captured;
		double percent;
		uint64_t losses;
	} rows[] = {
	        {0, DAY_NS, NS_PER_HOUR, true, 25.0, 5}, /* two that overlap; one goes on */
	        {DAY_NS, 2 * DAY_NS, HALF_NS, true, 25.0, 5},
	        {2 * DAY_NS, 3 * DAY_NS, 0, false, 25.0, 5}, /* nothing that could be read */
	        {3 * DAY_NS, 4 * DAY_NS, 0, true, 91.0, 5},  /* of a single frame */
	        {4 * DAY_NS, 5 * DAY_NS, 0, false, 0, 0},
	        {INT64_MIN, INT64_MAX, NS_PER_HOUR + HALF_NS, true, 77.12, 20},
	};
	struct store *s = NULL;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	add_capture(s, "first", DAY_NS - NS_PER_HOUR, DAY_NS - HALF_NS);
	add_capture(s, "beyond", DAY_NS - HALF_NS - 7, DAY_NS + HALF_NS);
	add_capture(s, "unread", 2 * DAY_NS, 2 * DAY_NS + HALF_NS);
	add_capture(s, "dropping", 3 * DAY_NS, 3 * DAY_NS);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct store_query q = {.from_ns = rows[i].from_ns, .to_ns = rows[i].to_ns};
		struct store_coverage c;

		assert_int_equal(store_coverage(s, &q, &c), STATUS_OK);
		assert_int_equal(c.captured_ns, rows[i].captured_ns);
		assert_int_equal(c.captured, rows[i].captured);
		assert_true(c.loss_percent > rows[i].percent - 0.01 &&
		            c.loss_percent < rows[i].percent + 0.01);
		assert_int_equal(losses_of(s, q.from_ns, q.to_ns), rows[i].losses);
	}
	s = store_free(s);
}

/* The sums of the hours are kept between questions, until the records change. */
static void coverage_is_of_the_records_now(void **state)
{
	static const struct store_query q = {.from_ns = 0, .to_ns = DAY_NS};
	struct store *s = NULL;
	struct store_coverage c;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	add_capture(s, "elsewhere", 3 * DAY_NS, 3 * DAY_NS + HALF_NS);
	assert_int_equal(store_coverage(s, &q, &c), STATUS_OK);
	assert_true(c.loss_percent < 0.01);
	add_capture(s, "later", 0, HALF_NS);
	assert_int_equal(store_coverage(s, &q, &c), STATUS_OK);
	assert_true(c.loss_percent > 24.99 && c.loss_percent < 25.01);
	s = store_free(s);
}

/* In a transaction of its own, so that an address of each family comes back as it went in. */
static void addresses_of_both_families_are_kept(void **state)
{
	struct store *s = NULL;
	struct store_cursor *c = NULL;
	struct store_flow f = example_flow(3, 0, 0), got;
	uint32_t index;

	(void)state;
	assert_true(addr_parse("2001:db8::7", &f.tuple.dst.addr));
	f.computer = (struct addr){0};
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_OK);
	assert_int_equal(store_add_flow(s, &f), STATUS_OK);
	assert_int_equal(store_commit(s), STATUS_OK);
	assert_int_equal(store_flows(s, &everything, &c), STATUS_OK);
	assert_int_equal(store_next_flow(c, &got), STATUS_ITEM);
	assert_true(tuple_equal(&got.tuple, &f.tuple));
	assert_true(addr_equal(&got.computer, &f.computer));
	store_cursor_free(c);
	s = store_free(s);
}

/* What another program, or a hostile hand, wrote into the file must not become an index. */
static void impossible_values_are_refused(void **state)
{
	struct store *s = NULL;
	struct store_cursor *c = NULL;
	struct store_finding n = {.flow = 1, .finding = {.kind = "x", .count = 1}};
	struct store_finding *findings = NULL;
	struct store_flow f = example_flow(1, 0, 0);
	size_t count = 7;
	uint32_t index;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_OK);
	f.out_index = 4;
	n.finding.category = (enum category)77;
	assert_int_equal(store_add_flow(s, &f), STATUS_OK);
	assert_int_equal(store_add_finding(s, &n), STATUS_OK);
	assert_int_equal(store_commit(s), STATUS_OK);
	assert_int_equal(store_flows(s, &everything, &c), STATUS_OK);
	assert_int_equal(store_next_flow(c, &f), STATUS_LIBRARY);
	store_cursor_free(c);
	assert_int_equal(store_findings(s, 1, &findings, &count), STATUS_LIBRARY);
	assert_null(findings);
	assert_int_equal(count, 7);
	s = store_free(s);
}

static void settings_and_first_dates_are_remembered(void **state)
{
	struct store *s = NULL;
	char text[16] = "old";
	bool seen = true;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	assert_int_equal(store_get_meta(s, "timezone", text, sizeof(text)), STATUS_OK);
	assert_string_equal(text, "");
	assert_int_equal(store_set_meta(s, "timezone", "Australia/Brisbane"), STATUS_OK);
	assert_int_equal(store_get_meta(s, "timezone", text, sizeof(text)), STATUS_OK);
	assert_string_equal(text, "Australia/Brisb"); /* cut to the caller's room */
	assert_int_equal(
	        store_note_day(s, "p", "d", &(struct store_day){.date = "2026-10-02"}), STATUS_OK);
	assert_int_equal(store_seen_before(s, "p", "d", "2026-10-02", &seen), STATUS_OK);
	assert_false(seen);
	assert_int_equal(store_seen_before(s, "p", "d", "2026-10-03", &seen), STATUS_OK);
	assert_true(seen);
	s = store_free(s);
}

/* A register's file may hold any byte; a text of an earlier run reads as its bytes. */
static void bytes_come_out_as_they_went_in(void **state)
{
	static const uint8_t bytes[] = {0, 'a', 0, 0xff, '\n', 0};
	struct store *s = NULL;
	struct buf got, small;

	(void)state;
	buf_init(&got, 64, NULL);
	buf_init(&small, sizeof(bytes) - 1, NULL);
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	assert_int_equal(store_get_meta_bytes(s, "register/x.csv", &got), STATUS_OK);
	assert_int_equal(got.len, 0);
	assert_int_equal(store_set_meta_bytes(s, "register/x.csv", span_of(bytes, sizeof(bytes))),
	        STATUS_OK);
	assert_int_equal(store_get_meta_bytes(s, "register/x.csv", &small), STATUS_LIMIT);
	assert_int_equal(small.len, 0);
	assert_int_equal(store_get_meta_bytes(s, "register/x.csv", &got), STATUS_OK);
	assert_int_equal(got.len, sizeof(bytes));
	assert_memory_equal(got.data, bytes, sizeof(bytes));
	buf_clear(&got);
	assert_int_equal(store_set_meta(s, "register/x.csv", "text"), STATUS_OK);
	assert_int_equal(store_get_meta_bytes(s, "register/x.csv", &got), STATUS_OK);
	assert_memory_equal(got.data, "text", got.len);
	assert_int_equal(store_set_meta_bytes(s, "register/x.csv", span_of(bytes, 0)), STATUS_OK);
	buf_clear(&got);
	assert_int_equal(store_get_meta_bytes(s, "register/x.csv", &got), STATUS_OK);
	assert_int_equal(got.len, 0);
	buf_free(&got);
	buf_free(&small);
	s = store_free(s);
}

static void a_flow_is_found_by_its_id(void **state)
{
	const uint64_t ids[] = {7, UINT64_MAX};
	struct store_flow f = {.id = 5};
	struct store *s = NULL;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	add_run(s, "aa", ids, ARRAY_LEN(ids));
	assert_int_equal(store_find_flow(s, 8, &f), STATUS_OK);
	assert_int_equal(f.id, 5);
	assert_int_equal(store_find_flow(s, UINT64_MAX, &f), STATUS_ITEM);
	assert_true(f.id == UINT64_MAX);
	assert_int_equal(f.name_count, 2);
	s = store_free(s);
}

/* A live input is committed in steps: what came after the last one is taken back, no more. */
static void what_was_kept_stays(void **state)
{
	struct store_input input = {.sha256 = "live", .kind = "live", .end_reason = "no end"};
	struct store_finding finding = {.flow = 7, .finding = {.kind = "medicare", .count = 1}};
	struct store_finding *findings = NULL;
	struct store_record record = {.flow = 7, .bytes_out = 10};
	struct store_record *records = NULL;
	struct store_flow f;
	struct store *s = NULL;
	uint32_t index = 0;
	size_t count = 0;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_OK);
	f = example_flow(7, index, 0);
	for (unsigned step = 1; step <= 2; step++) {
		finding.finding.count = record.bytes_out = step;
		assert_int_equal(store_add_flow(s, &f), STATUS_OK);
		assert_int_equal(store_add_record(s, &record), STATUS_OK);
		assert_int_equal(store_clear_findings(s, 7), STATUS_OK);
		assert_int_equal(store_add_finding(s, &finding), STATUS_OK);
		assert_int_equal(store_input_set(s, index, &input), STATUS_OK);
		assert_int_equal(store_keep(s), STATUS_OK);
	}
	f = example_flow(8, index, 0);
	assert_int_equal(store_add_flow(s, &f), STATUS_OK);
	assert_int_equal(store_clear_findings(s, 7), STATUS_OK);
	store_abandon(s);
	assert_int_equal(count_flows(s), 1);
	assert_int_equal(store_findings(s, 7, &findings, &count), STATUS_OK);
	assert_int_equal(count, 1);
	assert_int_equal(findings[0].finding.count, 2);
	free(findings);
	assert_int_equal(store_records(s, 7, &records, &count), STATUS_OK);
	assert_int_equal(count, 1);
	assert_int_equal(records[0].bytes_out, 2);
	free(records);
	store_free(s);
}

/* Another writer came between a keep's commit and its next transaction: the next keep goes on. */
static void a_keep_without_a_transaction_begins_one(void **state)
{
	struct store_flow f;
	struct store *s = NULL;
	uint32_t index = 0;

	(void)state;
	assert_int_equal(store_open(&s, NULL, false), STATUS_OK);
	assert_int_equal(store_begin(s), STATUS_OK);
	assert_int_equal(store_input_begin(s, &index), STATUS_OK);
	assert_int_equal(store_exec(s, "COMMIT"), STATUS_OK);
	f = example_flow(7, index, 0);
	assert_int_equal(store_add_flow(s, &f), STATUS_OK);
	assert_int_equal(store_keep(s), STATUS_OK);
	f = example_flow(8, index, 0);
	assert_int_equal(store_add_flow(s, &f), STATUS_OK);
	store_abandon(s);
	assert_int_equal(count_flows(s), 1);
	store_free(s);
}

/* Where the folder cannot be opened: what is there is read, nothing is written. */
static void a_store_is_read_through_its_descriptor(void **state)
{
	const uint64_t ids[] = {5, 7};
	char path[] = "/tmp/exeat-store-XXXXXX";
	struct store *s = NULL, *other = NULL;
	int fd = mkstemp(path);
	int empty = open("/dev/null", O_RDONLY);

	(void)state;
	assert_true(fd >= 0 && empty >= 0);
	assert_int_equal(store_open_descriptor(&s, fd), STATUS_MALFORMED); /* empty */
	assert_int_not_equal(store_open_descriptor(&s, empty), STATUS_OK); /* no file */
	assert_null(s);
	assert_int_equal(store_open(&s, path, false), STATUS_OK);
	add_run(s, "aa", ids, 2);
	store_free(s);
	assert_int_equal(store_open_descriptor(&other, fd), STATUS_OK);
	unlink(path);
	assert_int_equal(count_flows(other), 2);
	assert_true(store_note_update(other, "p", "2026-10-02") != STATUS_OK);
	store_free(other);
	assert_int_equal(pwrite(fd, "not a store", 11, 0), 11);
	assert_int_equal(store_open_descriptor(&s, fd), STATUS_MALFORMED);
	close(fd);
	close(empty);
}

/* ---- a store that nobody keeps ---- */

#define MANY 30000 /* conversations: more than the cache holds */

static int unnamed_file(void)
{
	char path[] = "/tmp/exeat-store-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static off_t bytes_in(int fd)
{
	struct stat info;

	assert_int_equal(fstat(fd, &info), 0);
	return info.st_size;
}

static uint64_t id_of(uint64_t n)
{
	return (n + 1) * UINT64_C(0x9e3779b97f4a7c15); /* in no order, as those of conversations */
}

static int add_conversation(struct store *s, uint32_t input, uint64_t n)
{
	struct store_flow f = example_flow(id_of(n), input, (int64_t)n);
	struct store_record r = {.flow = f.id, .bytes_out = n, .last = true};
	int status = store_add_flow(s, &f);

	return status == STATUS_OK ? store_add_record(s, &r) : status;
}

/* Each one twice, as a conversation that goes on is. */
static int add_conversations(struct store *s, uint64_t count)
{
	const struct store_input input = {.format = "pcap", .kind = "file", .end = "end"};
	uint32_t index = 0;
	int status = store_begin(s);

	if (status == STATUS_OK)
		status = store_input_begin(s, &index);
	for (uint64_t n = 0; status == STATUS_OK && n < 2 * count; n++)
		status = add_conversation(s, index, n % count);
	if (status == STATUS_OK)
		status = store_input_set(s, index, &input);
	return status == STATUS_OK ? store_commit(s) : status;
}

static void expect_same(struct store *a, struct store *b, const struct store_query *q)
{
	struct store_cursor *cursors[2] = {NULL};
	struct store_flow flows[2];
	int status;

	assert_int_equal(store_flows(a, q, &cursors[0]), STATUS_OK);
	assert_int_equal(store_flows(b, q, &cursors[1]), STATUS_OK);
	while ((status = store_next_flow(cursors[0], &flows[0])) == STATUS_ITEM) {
		struct store_record *records = NULL;
		size_t count = 0;

		assert_int_equal(store_next_flow(cursors[1], &flows[1]), STATUS_ITEM);
		assert_true(flows[0].id == flows[1].id);
		assert_true(flows[0].first_ns == flows[1].first_ns);
		assert_string_equal(flows[1].names[1].name, "cdn.example");
		assert_int_equal(store_cursor_records(cursors[1], &records, &count), STATUS_OK);
		assert_int_equal(count, 1);
		assert_int_equal(records[0].bytes_out, flows[0].first_ns);
		free(records);
	}
	assert_int_equal(status, STATUS_OK);
	assert_int_equal(store_next_flow(cursors[1], &flows[1]), STATUS_OK);
	store_cursor_free(cursors[0]);
	store_cursor_free(cursors[1]);
}

static void a_small_temporary_store_writes_nothing(void **state)
{
	const uint64_t ids[] = {5, 7};
	struct store *s = NULL;
	int fd = unnamed_file();

	(void)state;
	assert_int_equal(store_open_temporary(&s, fd), STATUS_OK);
	add_run(s, "aa", ids, 2);
	assert_int_equal(count_flows(s), 2);
	assert_int_equal(bytes_in(fd), 0);
	assert_false(store_ran_out(s));
	store_free(s);
	assert_int_equal(bytes_in(fd), 0);
	assert_int_equal(close(fd), 0); /* borrowed: still open */
}

static void a_large_temporary_store_is_as_one_in_memory(void **state)
{
	struct store_query in_no_order = everything;
	struct store *s = NULL, *in_memory = NULL;
	int fd = unnamed_file();

	(void)state;
	in_no_order.in_no_order = true;
	assert_int_equal(store_open_temporary(&s, fd), STATUS_OK);
	assert_int_equal(store_open(&in_memory, NULL, false), STATUS_OK);
	assert_int_equal(add_conversations(s, MANY), STATUS_OK);
	assert_int_equal(add_conversations(in_memory, MANY), STATUS_OK);
	assert_true(bytes_in(fd) > 0);
	expect_same(in_memory, s, &in_no_order);
	expect_same(in_memory, s, &everything);
	store_free(in_memory);
	store_free(s);
	close(fd);
}

static void a_temporary_store_says_that_there_is_no_room(void **state)
{
	struct store *s = NULL;
	int full = open("/dev/full", O_RDWR), unwritable = open("/dev/full", O_RDONLY);

	(void)state;
	assert_true(full >= 0 && unwritable >= 0);
	assert_int_equal(store_open_temporary(&s, full), STATUS_OK);
	assert_int_equal(add_conversations(s, MANY), STATUS_NO_SPACE);
	assert_true(store_ran_out(s));
	store_abandon(s);
	store_free(s);
	assert_int_equal(store_open_temporary(&s, unwritable), STATUS_OK);
	assert_int_equal(add_conversations(s, MANY), STATUS_IO);
	assert_false(store_ran_out(s));
	store_abandon(s);
	store_free(s);
	close(full);
	close(unwritable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_goes_in_comes_out),
	        cmocka_unit_test(the_same_input_replaces_itself),
	        cmocka_unit_test(an_input_named_twice_is_kept),
	        cmocka_unit_test(a_flow_belongs_to_every_day_that_it_touches),
	        cmocka_unit_test(an_interrupted_run_leaves_no_trace),
	        cmocka_unit_test(foreign_and_later_files_are_refused),
	        cmocka_unit_test(a_day_has_its_own_coverage),
	        cmocka_unit_test(coverage_is_of_the_records_now),
	        cmocka_unit_test(addresses_of_both_families_are_kept),
	        cmocka_unit_test(impossible_values_are_refused),
	        cmocka_unit_test(settings_and_first_dates_are_remembered),
	        cmocka_unit_test(bytes_come_out_as_they_went_in),
	        cmocka_unit_test(a_flow_is_found_by_its_id),
	        cmocka_unit_test(what_was_kept_stays),
	        cmocka_unit_test(a_keep_without_a_transaction_begins_one),
	        cmocka_unit_test(a_store_is_read_through_its_descriptor),
	        cmocka_unit_test(a_small_temporary_store_writes_nothing),
	        cmocka_unit_test(a_large_temporary_store_is_as_one_in_memory),
	        cmocka_unit_test(a_temporary_store_says_that_there_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
