/* fuzz_flow: synthetic packets, eight bytes each, through a flow table of eight slots and a small
 * budget. Bytes: conversation and direction; TCP flags; sequence (2); wire length; bytes that the
 * capture cut; time step; identification, or what else the packet is (tick, jump in sequence or
 * time). */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "flow/flow.h"

#define FLOWS  8
#define BUDGET 24000

struct expected {
	bool open;
	uint64_t at[2]; /* where the next chunk of each direction must begin */
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_chunk(struct expected *e, const struct flow_event *event)
{
	const struct chunk *c = &event->chunk;

	require(c->direction < 2 && c->layer == CHUNK_RAW);
	require(c->offset == e->at[c->direction]);
	require(c->datagram == (event->flow->tuple.protocol == 17));
	if (c->gap == CHUNK_DATA)
		require(c->bytes.len > 0 && c->gap_bytes == 0);
	else
		require(c->bytes.len == 0);
	for (size_t i = 1; i < c->bytes.len; i++) /* a chunk never mixes packets: all bytes alike */
		require(c->bytes.data[i] == c->bytes.data[0]);
	e->at[c->direction] += c->bytes.len;
	e->at[c->direction] += c->gap == CHUNK_GAP_KNOWN ? c->gap_bytes : 0;
}

static void pull(struct flow_table *t, struct expected *expected)
{
	struct flow_event event;
	int status;

	while ((status = flow_table_next(t, &event)) == STATUS_ITEM) {
		const struct flow *f = event.flow;
		struct expected *e;

		require(f->slot < FLOWS && f->id != 0);
		e = &expected[f->slot];
		require(e->open == (event.kind != FLOW_EVENT_START));
		if (event.kind == FLOW_EVENT_START)
			*e = (struct expected){.open = true};
		else if (event.kind == FLOW_EVENT_CHUNK)
			check_chunk(e, &event);
		else if (event.kind == FLOW_EVENT_END)
			e->open = false;
		if (event.kind == FLOW_EVENT_END && f->tuple.protocol == 6)
			for (int i = 0; i < 2; i++)
				require(f->counts[i].payload_bytes + f->counts[i].gap_bytes ==
				        e->at[i]);
		require(event.kind != FLOW_EVENT_END || f->end != FLOW_OPEN);
	}
	require(status == STATUS_OK);
}

static void make_tuple(struct packet *p, uint8_t selector)
{
	static const uint8_t protocols[] = {6, 6, 6, 17, 6, 1, 17, 6};
	uint8_t inside[4] = {10, 0, 0, (uint8_t)(1 + (selector >> 3 & 7))};
	uint8_t outside[4] = {203, 0, 113, 9};

	p->tuple.protocol = protocols[selector & 7];
	p->tuple.src = (struct endpoint){addr_ipv4(inside), (uint16_t)(50000 + (selector & 7))};
	p->tuple.dst = (struct endpoint){addr_ipv4(outside), 443};
	if (p->tuple.protocol == 1)
		p->tuple.src.port = p->tuple.dst.port = 0;
	if (selector & 0x80)
		p->tuple = tuple_reverse(&p->tuple);
}

/* Reads one packet; its payload is an exact allocation, so that a read past it is seen. */
static uint8_t *read_packet(struct cursor *c, struct packet *p, int64_t *now_ns)
{
	uint8_t cut, extra, *payload;
	size_t len;

	make_tuple(p, cursor_u8(c));
	p->tcp_flags = cursor_u8(c) & 0x1f;
	p->tcp_seq = UINT32_C(0xffffff00) + cursor_u16be(c);
	len = cursor_u8(c);
	cut = cursor_u8(c);
	*now_ns += (int64_t)cursor_u8(c) * 40 * INT64_C(1000000);
	extra = cursor_u8(c);
	if ((extra & 0xf0) == 0xf0)
		p->tcp_seq += UINT32_C(1) << (16 + (extra & 15));
	if ((extra & 0xf0) == 0xe0)
		*now_ns += (extra & 8 ? -1 : 1) *
		           ((int64_t)(extra & 7) * 1200 * INT64_C(1000000000));
	p->ip_id = extra;
	p->tcp_ack = p->tcp_seq + (uint32_t)len;
	p->time_ns = *now_ns;
	p->wire_bytes = (uint32_t)len + 54;
	p->payload_wire_bytes = (uint32_t)len;
	len = cut > len ? 0 : len - cut;
	payload = malloc(len ? len : 1);
	if (!payload)
		abort();
	memset(payload, extra, len);
	p->payload = span_of(payload, len);
	return payload;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct flow_limits limits = {.flows_max = FLOWS, .stream_bytes_max = 2000};
	const struct inside_nets inside = {0};
	struct cursor c = cursor_open_bytes(data, size);
	struct expected expected[FLOWS] = {0};
	int64_t now_ns = INT64_C(1790000000000000000);
	struct flow_table_counts counts;
	struct flow_table *t;
	struct budget budget;

	budget_init(&budget, BUDGET);
	if (flow_table_new(&t, &limits, &inside, &budget) != STATUS_OK)
		return 0;
	while (cursor_left(&c) >= 8) {
		struct packet p = {.ttl = 64, .number = size - c.left};
		uint8_t *payload = read_packet(&c, &p, &now_ns);

		if (p.ip_id == 0xd0)
			require(flow_table_tick(t, now_ns) == STATUS_OK);
		else
			require(flow_table_feed(t, &p) == STATUS_OK);
		pull(t, expected);
		free(payload);
		require(budget.used_bytes <= BUDGET);
	}
	require(flow_table_finish(t) == STATUS_OK);
	pull(t, expected);
	flow_table_counts(t, &counts);
	require(counts.open == 0 && counts.open_peak < FLOWS);
	for (size_t i = 0; i < FLOWS; i++)
		require(!expected[i].open);
	flow_table_free(t);
	require(budget.used_bytes == 0);
	return 0;
}
