/* Feeding only stores the packet and moves the clock. The pull then gives, in this order: the end
 * of flows whose time is over, hours that ended and gaps given up, and only then what the packet
 * itself brings; so an hour's event shows the counters of that hour and nothing of the next. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "flow/flow_facts.h"
#include "flow/flow_slots.h"

#define TCP      6
#define UDP      17
#define UDP_LITE 136

#define SWEEP_NS NS_PER_SECOND /* how often waiting gaps are looked at */
/* Above this share of the budget a new flow takes the place of others, so that attempts to
 * connect leave the rest to the content of those that did. A shard with few does not fill it, nor
 * one that holds no more than its own share. */
#define SHARE_OF_FLOWS(budget) ((budget)->max_bytes / 4 * 3)
#define FEW_FLOWS              64

struct flow_table {
	struct flow_slots slots;
	struct flow_limits limits;
	const struct inside_nets *inside;
	struct budget *budget;
	struct flow_table_counts counts;
	uint64_t mirror_key;

	bool clock_set;
	int64_t clock_ns, hour_ns, swept_ns;

	bool pending; /* events may be left to pull */
	bool has_packet;
	struct packet packet; /* borrows its payload until it has been pulled */

	bool scanning; /* over the slots, for the hour that has ended */
	size_t scan_slot;
	struct flow_entry *sweeping; /* of those behind a gap, the next to look at */
	struct flow_entry *ended;    /* its END was given; freed at the next call */
	struct flow_entry *current;  /* of the packet */
	bool start_pending;
	struct chunk datagram[2]; /* its bytes, and what the capture cut */
	unsigned datagram_count, datagram_next;
};

int flow_table_new(struct flow_table **ret_gives, const struct flow_limits *limits,
        const struct inside_nets *borrowed_inside, struct budget *borrowed_budget)
{
	struct flow_table *t;
	int status;

	if (limits->flows_max < 2)
		return STATUS_USAGE;
	t = calloc(1, sizeof(*t));
	if (!t)
		return STATUS_NO_MEMORY;
	t->limits = *limits;
	t->inside = borrowed_inside;
	t->budget = borrowed_budget;
	status = flow_slots_init(&t->slots, limits->flows_max, borrowed_budget);
	if (status != STATUS_OK) {
		flow_table_free(t);
		return status;
	}
	memcpy(&t->mirror_key, t->slots.key, sizeof(t->mirror_key));
	*ret_gives = t;
	return STATUS_OK;
}

struct flow_table *flow_table_free(struct flow_table *t)
{
	if (!t)
		return NULL;
	flow_slots_release(&t->slots);
	free(t);
	return NULL;
}

/* The flow leaves the table; its remaining events follow in the pull. */
static void end_flow(struct flow_table *t, struct flow_entry *e, enum flow_end end)
{
	if (e->flow.end == FLOW_OPEN)
		e->flow.end = end;
	flow_slots_forget(&t->slots, e);
	flow_slots_move(&t->slots, e, FLOW_LIST_ENDING);
	flow_slots_wait(&t->slots, e, false);
	for (int i = 0; i < 2; i++)
		if (e->streams[i])
			tcp_stream_flush(e->streams[i]);
	t->counts.open--;
}

static void end_idle(struct flow_table *t, enum flow_list list, int64_t idle_ns)
{
	struct flow_entry *e;

	while ((e = t->slots.first[list]) && t->clock_ns - e->used_ns > idle_ns)
		end_flow(t, e, FLOW_TIMEOUT);
}

static void end_all(struct flow_table *t, enum flow_end end)
{
	for (enum flow_list list = FLOW_LIST_TCP; list <= FLOW_LIST_CLOSED; list++)
		while (t->slots.first[list])
			end_flow(t, t->slots.first[list], end);
}

static void move_clock(struct flow_table *t, int64_t now_ns)
{
	if (!t->clock_set || now_ns < t->clock_ns - FLOW_CLOCK_BACK_NS) {
		end_all(t, FLOW_TIMEOUT); /* another recording: none of these can go on */
		t->clock_set = true;
		t->clock_ns = t->swept_ns = now_ns;
		t->hour_ns = time_hour(now_ns);
	}
	if (now_ns <= t->clock_ns)
		return;
	t->clock_ns = now_ns;
	end_idle(t, FLOW_LIST_CLOSED, FLOW_TCP_CLOSED_NS);
	end_idle(t, FLOW_LIST_OTHER, FLOW_UDP_IDLE_NS);
	end_idle(t, FLOW_LIST_TCP, FLOW_TCP_IDLE_NS);
	end_idle(t, FLOW_LIST_UNANSWERED, FLOW_TCP_IDLE_NS);
	if (now_ns >= t->hour_ns + NS_PER_HOUR) {
		t->hour_ns = time_hour(now_ns);
		t->scanning = true;
		t->scan_slot = 0;
	}
	if (now_ns - t->swept_ns >= SWEEP_NS) {
		t->swept_ns = now_ns;
		t->sweeping = t->slots.first_waiting;
	}
}

int flow_table_feed(struct flow_table *t, const struct packet *p)
{
	if (t->pending || p->outcome != PACKET_OK)
		return STATUS_BUG;
	t->pending = true;
	t->packet = *p;
	t->has_packet = true;
	move_clock(t, p->time_ns);
	return STATUS_OK;
}

int flow_table_tick(struct flow_table *t, int64_t now_ns)
{
	if (t->pending)
		return STATUS_BUG;
	t->pending = true;
	if (t->clock_set)
		move_clock(t, now_ns);
	return STATUS_OK;
}

int flow_table_finish(struct flow_table *t)
{
	if (t->pending)
		return STATUS_BUG;
	t->pending = true;
	end_all(t, FLOW_INPUT_ENDED);
	return STATUS_OK;
}

static struct flow_entry *oldest(
        const struct flow_table *t, enum flow_list list, const struct flow_entry *keep)
{
	struct flow_entry *e = t->slots.first[list];

	return e && e == keep ? e->next : e;
}

/* The flow that was idle longest; closed ones first, then those that nobody answered. Not keep. */
static void evict_one(struct flow_table *t, const struct flow_entry *keep)
{
	struct flow_entry *victim = oldest(t, FLOW_LIST_CLOSED, keep);
	struct flow_entry *other = oldest(t, FLOW_LIST_OTHER, keep);

	if (!victim)
		victim = oldest(t, FLOW_LIST_UNANSWERED, keep);
	if (!victim) {
		victim = oldest(t, FLOW_LIST_TCP, keep);
		if (!victim || (other && other->used_ns < victim->used_ns))
			victim = other;
	}
	if (!victim)
		return;
	t->counts.evicted += victim->flow.end == FLOW_OPEN;
	end_flow(t, victim, FLOW_EVICTED);
}

static bool crowded(const struct flow_table *t)
{
	const struct budget *all = t->budget->whole ? t->budget->whole : t->budget;

	return t->counts.open > FEW_FLOWS && all->used_bytes > SHARE_OF_FLOWS(all) &&
	       t->budget->used_bytes > t->limits.share_bytes;
}

/* Makes the flow of the packet. One slot is always kept free for the next, by eviction if need
 * be. */
static int begin_flow(struct flow_table *t, uint64_t hash, struct flow_entry **ret)
{
	struct flow_entry *e = flow_slots_take(&t->slots);
	int status;

	if (!e)
		return STATUS_BUG;
	status = flow_facts_begin(&e->flow, &t->packet, t->inside);
	if (status != STATUS_OK) {
		flow_slots_give_back(&t->slots, e);
		return status;
	}
	e->hash = hash;
	e->hour_ns = t->hour_ns;
	flow_slots_enter(&t->slots, e);
	flow_slots_move(&t->slots, e,
	        e->flow.tuple.protocol == TCP ? FLOW_LIST_UNANSWERED : FLOW_LIST_OTHER);
	t->start_pending = true;
	t->counts.flows++;
	t->counts.open++;
	if (!flow_slots_make_free(&t->slots) || crowded(t))
		evict_one(t, e);
	/* And one more, so that who holds too much has less of it with every flow. */
	if (crowded(t))
		evict_one(t, e);
	if (t->counts.open > t->counts.open_peak)
		t->counts.open_peak = t->counts.open;
	*ret = e;
	return STATUS_OK;
}

/* A SYN that the flow's own connection cannot have sent: the ports are in use again. */
static bool begins_anew(const struct flow_entry *e, const struct packet *p, uint8_t direction)
{
	if (p->tuple.protocol != TCP || (p->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	if (e->start_known[direction])
		return e->start_sequence[direction] != p->tcp_seq + 1;
	return !e->flow.start_seen || direction == 0; /* else both ends opened at once */
}

static uint8_t direction_of(const struct flow_entry *e, const struct packet *p)
{
	return tuple_equal(&e->flow.tuple, &p->tuple) ? 0 : 1;
}

static size_t text_bytes(const char *text, size_t max)
{
	return text ? strnlen(text, max) + 1 : 0;
}

static const char *copy_text(char **at, const char *text, size_t bytes)
{
	char *start = *at;

	if (bytes == 0)
		return NULL;
	memcpy(start, text, bytes - 1);
	start[bytes - 1] = '\0';
	*at += bytes;
	return start;
}

/* Remembers the first process that the capture names; over budget its number only. */
static int take_process(struct flow_table *t, struct flow_entry *e)
{
	const struct frame_process *from = &t->packet.process;
	struct frame_process *to = &e->flow.process;
	size_t name = text_bytes(from->name, FLOW_PROCESS_NAME_BYTES);
	size_t path = text_bytes(from->path, FLOW_PROCESS_PATH_BYTES);
	size_t command = text_bytes(from->command, FLOW_PROCESS_COMMAND_BYTES);
	size_t bytes = name + path + command;
	char *at;

	if (to->pid != 0 || to->name || (from->pid == 0 && bytes == 0))
		return STATUS_OK;
	to->pid = from->pid;
	if (bytes == 0 || budget_charge(t->budget, bytes) != STATUS_OK)
		return STATUS_OK;
	at = malloc(bytes);
	if (!at) {
		budget_release(t->budget, bytes);
		return STATUS_NO_MEMORY;
	}
	e->process_text = at;
	e->process_bytes = bytes;
	to->name = copy_text(&at, from->name, name);
	to->path = copy_text(&at, from->path, path);
	to->command = copy_text(&at, from->command, command);
	return STATUS_OK;
}

static int feed_stream(struct flow_table *t, struct flow_entry *e, uint8_t direction)
{
	int status;

	if (!e->streams[direction]) {
		status = tcp_stream_new(
		        &e->streams[direction], direction, t->limits.stream_bytes_max, t->budget);
		if (status != STATUS_OK)
			return status;
		if (e->start_known[direction])
			tcp_stream_start(e->streams[direction], e->start_sequence[direction]);
	}
	return tcp_stream_feed(e->streams[direction], &t->packet);
}

static void know_start(struct flow_entry *e, uint8_t direction, uint32_t sequence)
{
	if (e->start_known[direction])
		return;
	e->start_known[direction] = true;
	e->start_sequence[direction] = sequence;
}

/* Where the streams begin. An answer to a SYN tells both, should the SYN be captured after it. */
static void take_start(struct flow_entry *e, const struct packet *p, uint8_t direction)
{
	if ((p->tcp_flags & TCP_SYN) == 0)
		return;
	know_start(e, direction, p->tcp_seq + 1);
	if (p->tcp_flags & TCP_ACK)
		know_start(e, 1 - direction, p->tcp_ack);
	else
		e->flow.start_seen = true;
}

static int take_tcp(struct flow_table *t, struct flow_entry *e, uint8_t direction)
{
	const struct packet *p = &t->packet;
	struct tcp_stream *other = e->streams[1 - direction];
	int status = STATUS_OK;

	take_start(e, p, direction);
	if ((p->tcp_flags & TCP_RST) && e->flow.end == FLOW_OPEN)
		e->flow.end = FLOW_RESET; /* what it carries left the computer all the same */
	if ((p->tcp_flags & (TCP_ACK | TCP_RST)) == TCP_ACK && other)
		tcp_stream_acknowledged(other, p->tcp_ack);
	if (p->payload_wire_bytes > 0 || e->streams[direction])
		status = feed_stream(t, e, direction);
	if (p->tcp_flags & TCP_FIN)
		e->fin_seen[direction] = true;
	if (e->fin_seen[0] && e->fin_seen[1] && e->flow.end == FLOW_OPEN)
		e->flow.end = FLOW_FIN;
	return status;
}

/* UDP payloads become chunks; what other protocols carry is counted. */
static void take_datagram(struct flow_table *t, struct flow_entry *e, uint8_t direction)
{
	const struct packet *p = &t->packet;
	struct flow_counts *counts = &e->flow.counts[direction];
	struct chunk c = {
	        .direction = direction,
	        .datagram = true,
	        .offset = counts->payload_bytes + counts->gap_bytes,
	        .time_ns = p->time_ns,
	        .packet = p->number,
	};
	uint32_t missing = p->payload_wire_bytes - (uint32_t)p->payload.len;

	counts->payload_bytes += p->payload.len;
	counts->gap_bytes += missing;
	if (p->tuple.protocol != UDP && p->tuple.protocol != UDP_LITE)
		return;
	if (p->payload.len > 0) {
		c.bytes = p->payload;
		t->datagram[t->datagram_count++] = c;
		c.bytes = span_of(NULL, 0);
		c.offset += p->payload.len;
	}
	if (missing > 0) {
		c.gap = CHUNK_GAP_KNOWN;
		c.gap_bytes = missing;
		t->datagram[t->datagram_count++] = c;
	}
}

static enum flow_list list_after(
        const struct flow_entry *e, const struct packet *p, uint8_t direction)
{
	bool begins = (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && p->payload_wire_bytes == 0;

	if (e->flow.end != FLOW_OPEN)
		return FLOW_LIST_CLOSED;
	return e->list == FLOW_LIST_UNANSWERED && (!begins || direction == 1) ? FLOW_LIST_TCP
	                                                                      : e->list;
}

static int take_packet(struct flow_table *t)
{
	const struct packet *p = &t->packet;
	uint64_t hash = flow_slots_hash(&t->slots, &p->tuple);
	struct flow_entry *e = flow_slots_find(&t->slots, hash, &p->tuple);
	uint8_t direction;
	int status = STATUS_OK;

	t->datagram_count = t->datagram_next = 0;
	if (e && begins_anew(e, p, direction_of(e, p))) {
		end_flow(t, e, FLOW_RESET);
		e = NULL;
	}
	if (!e)
		status = begin_flow(t, hash, &e);
	if (status != STATUS_OK)
		return status;
	t->current = e;
	direction = direction_of(e, p);
	if (mirror_is_copy(&e->mirror, p, direction, t->mirror_key)) {
		e->flow.mirror_duplicates++;
		t->counts.mirror_duplicates++;
		return STATUS_OK;
	}
	e->used_ns = t->clock_ns;
	if (p->time_ns > e->flow.last_ns)
		e->flow.last_ns = p->time_ns;
	e->flow.counts[direction].packets++;
	e->flow.counts[direction].wire_bytes += p->wire_bytes;
	status = take_process(t, e);
	if (status == STATUS_OK && p->tuple.protocol == TCP)
		status = take_tcp(t, e, direction);
	else if (status == STATUS_OK)
		take_datagram(t, e, direction);
	flow_slots_move(&t->slots, e, list_after(e, p, direction));
	return status;
}

/* The next chunk of either stream, the flow's counters with it. */
static int pull_streams(struct flow_table *t, struct flow_entry *e, struct flow_event *ret)
{
	for (int i = 0; i < 2; i++) {
		struct tcp_stream *s = e->streams[i];
		struct chunk chunk;
		int status;

		if (!s)
			continue;
		do
			status = tcp_stream_next(s, &chunk);
		while (status == STATUS_ITEM && tcp_stream_passes_over(s));
		tcp_stream_counts(s, &e->flow.counts[i]);
		t->counts.streams_over_budget += tcp_stream_over_budget(s) - e->over_budget_seen[i];
		e->over_budget_seen[i] = tcp_stream_over_budget(s);
		if (status == STATUS_ITEM)
			*ret = (struct flow_event){
			        .kind = FLOW_EVENT_CHUNK, .flow = &e->flow, .chunk = chunk};
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static int pull_ending(struct flow_table *t, struct flow_event *ret)
{
	struct flow_entry *e = t->slots.first[FLOW_LIST_ENDING];
	int status;

	if (!e)
		return STATUS_OK;
	status = pull_streams(t, e, ret);
	if (status != STATUS_OK)
		return status;
	*ret = (struct flow_event){.kind = FLOW_EVENT_END, .flow = &e->flow};
	t->ended = e;
	return STATUS_ITEM;
}

static bool waits(const struct flow_entry *e)
{
	return (e->streams[0] && tcp_stream_waits(e->streams[0])) ||
	       (e->streams[1] && tcp_stream_waits(e->streams[1]));
}

/* Gaps that nothing has closed for too long are given up. */
static int pull_late(struct flow_table *t, struct flow_event *ret)
{
	while (t->sweeping) {
		struct flow_entry *e = t->sweeping;
		int status;

		for (int i = 0; i < 2; i++)
			if (e->streams[i] && tcp_stream_waits_since(
			                             e->streams[i], t->clock_ns - FLOW_GAP_WAIT_NS))
				tcp_stream_flush(e->streams[i]);
		status = pull_streams(t, e, ret);
		if (status != STATUS_OK)
			return status;
		t->sweeping = e->waiting_next;
		flow_slots_wait(&t->slots, e, waits(e));
	}
	return STATUS_OK;
}

static int pull_hour(struct flow_table *t, struct flow_event *ret)
{
	for (; t->scanning && t->scan_slot < flow_slots_end(&t->slots); t->scan_slot++) {
		struct flow_entry *e = flow_slots_at(&t->slots, t->scan_slot);

		if (!e || e->list == FLOW_LIST_NONE || e->hour_ns >= t->hour_ns)
			continue;
		*ret = (struct flow_event){
		        .kind = FLOW_EVENT_HOUR, .flow = &e->flow, .hour_ns = e->hour_ns};
		e->hour_ns = t->hour_ns;
		return STATUS_ITEM;
	}
	t->scanning = false;
	return STATUS_OK;
}

static int pull_current(struct flow_table *t, struct flow_event *ret)
{
	struct flow_entry *e = t->current;
	int status;

	if (!e)
		return STATUS_OK;
	if (t->start_pending) {
		t->start_pending = false;
		*ret = (struct flow_event){.kind = FLOW_EVENT_START, .flow = &e->flow};
		return STATUS_ITEM;
	}
	status = pull_streams(t, e, ret);
	if (status != STATUS_OK)
		return status;
	if (t->datagram_next < t->datagram_count) {
		*ret = (struct flow_event){.kind = FLOW_EVENT_CHUNK,
		        .flow = &e->flow,
		        .chunk = t->datagram[t->datagram_next++]};
		return STATUS_ITEM;
	}
	if (e->list != FLOW_LIST_ENDING)
		flow_slots_wait(&t->slots, e, waits(e));
	t->current = NULL;
	return STATUS_OK;
}

int flow_table_next(struct flow_table *t, struct flow_event *ret)
{
	int status;

	if (t->ended) {
		flow_slots_give_back(&t->slots, t->ended);
		t->ended = NULL;
	}
	for (;;) {
		status = pull_ending(t, ret);
		if (status == STATUS_OK)
			status = pull_late(t, ret);
		if (status == STATUS_OK)
			status = pull_hour(t, ret);
		if (status != STATUS_OK)
			return status;
		if (!t->has_packet)
			break;
		t->has_packet = false;
		status = take_packet(t);
		if (status != STATUS_OK)
			return status;
	}
	status = pull_current(t, ret);
	if (status == STATUS_OK)
		t->pending = false;
	return status;
}

void flow_table_pass_over(struct flow_table *t, uint32_t slot, uint8_t direction)
{
	struct flow_entry *e = slot < flow_slots_end(&t->slots) ? flow_slots_at(&t->slots, slot)
	                                                        : NULL;

	if (e && direction < 2 && e->streams[direction])
		tcp_stream_pass_over(e->streams[direction]);
}

const struct flow *flow_table_at(const struct flow_table *t, uint32_t slot)
{
	const struct flow_entry *e;

	if (slot >= flow_slots_end(&t->slots))
		return NULL;
	e = flow_slots_at(&t->slots, slot);
	return e && e->list >= FLOW_LIST_TCP && e->list <= FLOW_LIST_CLOSED ? &e->flow : NULL;
}

void flow_table_counts(const struct flow_table *t, struct flow_table_counts *ret)
{
	*ret = t->counts;
}
