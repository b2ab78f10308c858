/* fill_store FROM.db TO.db COUNT: a store of COUNT conversations, made of those of another that are
 * repeated through the store's own interface with other ids, times, computers, sizes and patients,
 * over a month. For figures of how long reports take. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "store/store.h"

#define SOURCES_MAX 4096 /* conversations that are repeated */
#define DAYS        30
#define COMPUTERS   40
#define PATIENTS    6000 /* of a practice of four doctors */

struct source {
	struct store_flow flow;
	struct store_finding *findings;
	struct store_record *records;
	size_t finding_count, record_count;
};

static int read_sources(struct store *from, struct source *all, size_t *ret_count)
{
	static const struct store_query period = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_cursor *cursor = NULL;
	size_t count = 0;
	int status = store_flows(from, &period, &cursor);

	while (status == STATUS_OK && count < SOURCES_MAX &&
	        (status = store_next_flow(cursor, &all[count].flow)) == STATUS_ITEM) {
		struct source *s = &all[count++];

		status = store_findings(from, s->flow.id, &s->findings, &s->finding_count);
		if (status == STATUS_OK)
			status = store_records(from, s->flow.id, &s->records, &s->record_count);
	}
	store_cursor_free(cursor);
	*ret_count = count;
	return status;
}

/* Every number once, and none in order: as the ids of flows are. */
static uint64_t mixed(uint64_t n)
{
	n = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	return n ^ (n >> 27);
}

/* From once to twice of it: a program sends no two conversations of one size. */
static uint64_t scaled(uint64_t bytes, uint64_t n)
{
	return bytes + bytes / 1024 * (mixed(n + 1) % 1024);
}

/* To some second of an hour of the month. */
static struct store_flow repeated_flow(const struct source *s, uint64_t n, uint64_t count)
{
	struct store_flow flow = s->flow;
	struct endpoint *near = flow.out_index == 1 ? &flow.tuple.dst : &flow.tuple.src;
	int64_t hours = (int64_t)(n * DAYS * 24 / count);
	int64_t shift_ns = hours * NS_PER_HOUR + (int64_t)(mixed(n + 2) % 3600) * NS_PER_SECOND;

	flow.id = mixed(n);
	flow.input = 0;
	flow.first_ns += shift_ns;
	flow.last_ns += shift_ns;
	for (int d = 0; d < 2; d++)
		flow.counts[d].payload_bytes = scaled(flow.counts[d].payload_bytes, n);
	flow.not_inspected_bytes = scaled(flow.not_inspected_bytes, n);
	near->port = (uint16_t)(1024 + n % 60000);
	if (flow.computer.family == ADDR_IPV4) {
		flow.computer.bytes[3] = (uint8_t)(10 + mixed(n) % COMPUTERS);
		near->addr = flow.computer;
	}
	return flow;
}

static int add_records(
        struct store *to, const struct source *s, const struct store_flow *flow, uint64_t n)
{
	int64_t shift_ns = time_hour(flow->first_ns) - time_hour(s->flow.first_ns);
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < s->record_count; i++) {
		struct store_record record = s->records[i];

		record.flow = flow->id;
		record.hour_ns += shift_ns;
		record.bytes_out = scaled(record.bytes_out, n);
		record.bytes_in = scaled(record.bytes_in, n);
		status = store_add_record(to, &record);
	}
	return status;
}

static int add_findings(struct store *to, const struct source *s, const struct store_flow *flow)
{
	int64_t shift_ns = flow->first_ns - s->flow.first_ns;
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < s->finding_count; i++) {
		struct store_finding finding = s->findings[i];

		finding.flow = flow->id;
		finding.first_ns += shift_ns;
		finding.last_ns += shift_ns;
		status = store_add_finding(to, &finding);
	}
	return status;
}

static int add_one(struct store *to, const struct source *s, uint64_t n, uint64_t count)
{
	struct store_flow flow = repeated_flow(s, n, count);
	int status = store_add_flow(to, &flow);

	if (status == STATUS_OK)
		status = add_records(to, s, &flow, n);
	if (status == STATUS_OK)
		status = add_findings(to, s, &flow);
	for (uint64_t i = 0; status == STATUS_OK && i < flow.distinct_patients; i++)
		status = store_add_tag(to, flow.id, mixed(mixed(n * 64 + i) % PATIENTS));
	return status;
}

static int add_input(struct store *to, const struct source *all, size_t count)
{
	struct store_input input = {
	        .sha256 = "00", .format = "pcapng", .end = "end", .kind = "file"};
	uint32_t index;
	int status = store_input_begin(to, &index);

	input.frames = count;
	input.first_ns = all[0].flow.first_ns;
	input.last_ns = input.first_ns + DAYS * 24 * NS_PER_HOUR;
	return status == STATUS_OK ? store_input_set(to, index, &input) : status;
}

static int fill(const char *from_path, const char *to_path, uint64_t wanted, struct source *all)
{
	struct store *from = NULL, *to = NULL;
	size_t count = 0;
	int status = store_open(&from, from_path, true);

	if (status == STATUS_OK)
		status = read_sources(from, all, &count);
	if (status == STATUS_OK && count == 0)
		status = STATUS_MALFORMED;
	if (status == STATUS_OK)
		status = store_open(&to, to_path, false);
	if (status == STATUS_OK)
		status = store_begin(to);
	if (status == STATUS_OK)
		status = add_input(to, all, count);
	for (uint64_t n = 0; status == STATUS_OK && n < wanted; n++)
		status = add_one(to, &all[n % count], n, wanted);
	if (status == STATUS_OK)
		status = store_commit(to);
	for (size_t i = 0; i < count; i++) {
		free(all[i].findings);
		free(all[i].records);
	}
	store_free(to);
	store_free(from);
	return status;
}

int main(int argc, char **argv)
{
	struct source *all = calloc(SOURCES_MAX, sizeof(*all));
	uint64_t wanted = 0;
	int status;

	if (!all || argc != 4 || !span_to_u64(span_of_text(argv[3]), 100000000, &wanted)) {
		log_error("usage: fill_store FROM.db TO.db COUNT");
		free(all);
		return 2;
	}
	status = fill(argv[1], argv[2], wanted, all);
	free(all);
	if (status != STATUS_OK)
		log_error("cannot fill the store: %s", status_text(status));
	return status == STATUS_OK ? 0 : 1;
}
