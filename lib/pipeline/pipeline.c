#include "pipeline/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "net/dns.h"
#include "net/fragment.h"
#include "pipeline/conversation.h"
#include "pipeline/loss.h"
#include "pipeline/mirror_check.h"
#include "pipeline/progress.h"

#define STREAM_BYTES_MAX (1u << 20)    /* held out of order for one direction: a large window */
#define TICK_NS          NS_PER_SECOND /* of packet time between looks at idle flows */
#define POLL_MS          250
/* More than LIVE_BLOCK_TIMEOUT_MS, after which the kernel hands over what it has. */
#define DRAIN_MS 250
#define DRAIN_NS (DRAIN_MS * (NS_PER_SECOND / 1000))
/* A full ring is read in less; this bounds a flood that goes on under a clock that was set back. */
#define DRAIN_NS_MAX (60 * NS_PER_SECOND)
#define DNS_PORT     53
/* At the end of a live run a reader of the store is waited for: 5 seconds each time. */
#define COMMIT_TRIES 24

/* One of the 64: its flows, and what we hold for each of them, by the flow's slot. */
struct shard {
	struct flow_table *table;
	struct conversation **by_slot;
	uint32_t slots;
};

struct pipeline {
	struct source *source;                  /* borrows */
	struct store *store;                    /* borrows */
	const struct pipeline_options *options; /* of the run; borrows */
	struct budget budget;
	struct fragment_table *fragments;
	struct hostname_cache *names;
	struct related_table *related;
	struct practice practice;
	struct protocol_engine *engine;
	struct conversation_context context;
	struct shard shards[FLOW_SHARDS];
	struct mirror_check mirror;
	uint64_t losses[LOSSES];      /* counted here */
	uint64_t losses_told[LOSSES]; /* in the store, with those that other stages count */
	int64_t hour_ns;              /* in which losses happen; STORE_HOUR_UNKNOWN at first */
	/* By input: frames of a link type that is not read; what the store knows of the others. */
	uint64_t unread[SOURCE_INPUTS_MAX];
	uint64_t cut_told[SOURCE_INPUTS_MAX], dropped_told[SOURCE_INPUTS_MAX];
	uint64_t flows, frames;
	uint64_t clinical;    /* conversations that ended, and in which clinical data was seen */
	uint32_t unread_link; /* of the first frame whose link type is not known */
	int64_t first_ns, last_ns, ticked_ns;
	int64_t kept_ns, kept_hour_ns; /* live: when the store was last committed */
};

/* Not a secret: deals packets to shards, the same in every run. */
static const uint8_t shard_key[16] = "exeat shard key";

int pipeline_new(struct pipeline **ret_gives, struct source *source, struct detect_rules *rules,
        const struct destination_facts *facts, struct store *store)
{
	struct pipeline *p = calloc(1, sizeof(*p));
	int status;

	if (!p)
		return STATUS_NO_MEMORY;
	p->source = source;
	p->store = store;
	p->hour_ns = STORE_HOUR_UNKNOWN;
	budget_init(&p->budget, PIPELINE_BUDGET_BYTES);
	status = fragment_table_new(&p->fragments, &p->budget);
	if (status == STATUS_OK)
		status = hostname_cache_new(&p->names, &p->budget);
	if (status == STATUS_OK)
		status = related_table_new(&p->related, &p->budget);
	if (status == STATUS_OK)
		status = practice_begin(&p->practice);
	if (status == STATUS_OK)
		status = protocol_engine_new(&p->engine);
	if (status != STATUS_OK) {
		pipeline_free(p);
		return status;
	}
	p->context = (struct conversation_context){.budget = &p->budget,
	        .rules = rules,
	        .engine = p->engine,
	        .facts = facts,
	        .names = p->names,
	        .related = p->related,
	        .computers = p->practice.computers};
	*ret_gives = p;
	return STATUS_OK;
}

struct pipeline *pipeline_free(struct pipeline *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < FLOW_SHARDS; i++) {
		for (uint32_t slot = 0; slot < p->shards[i].slots; slot++)
			conversation_free(p->shards[i].by_slot[slot]);
		free(p->shards[i].by_slot);
		flow_table_free(p->shards[i].table);
	}
	protocol_engine_free(p->engine);
	hostname_cache_free(p->names);
	related_table_free(p->related);
	practice_end(&p->practice);
	fragment_table_free(p->fragments);
	free(p);
	return NULL;
}

static int make_shards(struct pipeline *p)
{
	const struct flow_limits limits = {.flows_max = PIPELINE_FLOWS_MAX / FLOW_SHARDS,
	        .stream_bytes_max = STREAM_BYTES_MAX};
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < FLOW_SHARDS; i++) {
		p->shards[i].by_slot = calloc(limits.flows_max, sizeof(struct conversation *));
		if (!p->shards[i].by_slot)
			return STATUS_NO_MEMORY;
		p->shards[i].slots = limits.flows_max;
		status = flow_table_new(
		        &p->shards[i].table, &limits, &p->practice.inside, &p->budget);
	}
	return status;
}

/* With what the other stages have counted by now. */
static void sum_losses(struct pipeline *p, uint64_t ret[static LOSSES])
{
	struct fragment_counts fragments;
	struct related_counts related;

	memcpy(ret, p->losses, sizeof(p->losses));
	fragment_table_counts(p->fragments, &fragments);
	ret[LOSS_FRAGMENTS_EXPIRED] = fragments.expired;
	ret[LOSS_FRAGMENTS_EVICTED] = fragments.evicted;
	ret[LOSS_FRAGMENT_OVERLAPS] = fragments.overlaps;
	ret[LOSS_MALFORMED] += fragments.malformed;
	ret[LOSS_NAMES_FORGOTTEN] = hostname_cache_evicted(p->names);
	related_table_counts(p->related, &related);
	ret[LOSS_RELATED_REFUSED] = related.refused;
	ret[LOSS_RELATED_FORGOTTEN] = related.forgotten;
	ret[LOSS_COMPUTERS_FORGOTTEN] = computer_table_forgotten(p->practice.computers);
	ret[LOSS_NETS_REFUSED] = p->practice.learnt.refused;
	ret[LOSS_NETS_LEFT_OUT] = p->practice.learnt.left_out;
	for (size_t i = 0; i < FLOW_SHARDS; i++) {
		struct flow_table_counts counts;

		flow_table_counts(p->shards[i].table, &counts);
		ret[LOSS_FLOWS_EVICTED] += counts.evicted;
		ret[LOSS_STREAMS_OVER_BUDGET] += counts.streams_over_budget;
		ret[LOSS_MIRROR_DUPLICATES] += counts.mirror_duplicates;
	}
}

static int store_loss_of(struct pipeline *p, uint32_t input, enum loss what, struct store_loss row)
{
	if (row.count == 0)
		return STATUS_OK;
	snprintf(row.name, sizeof(row.name), "%s", loss_name(what));
	return store_add_loss(p->store, input, &row);
}

/* A live source tells of its drops while they happen, a file at its end. */
static int store_input_losses(struct pipeline *p, uint32_t input)
{
	const int64_t hour_ns = source_is_live(p->source) ? p->hour_ns : STORE_HOUR_UNKNOWN;
	struct source_counts counts;
	struct store_loss row = {.hour_ns = hour_ns};
	int status = source_counts(p->source, input, &counts);

	if (status != STATUS_OK)
		return status;
	row.count = counts.cut_frames - p->cut_told[input];
	p->cut_told[input] = counts.cut_frames;
	status = store_loss_of(p, input, LOSS_FRAMES_CUT, row);
	row.count = counts.dropped_frames - p->dropped_told[input];
	p->dropped_told[input] = counts.dropped_frames;
	return status == STATUS_OK ? store_loss_of(p, input, LOSS_FRAMES_DROPPED, row) : status;
}

/* What was lost since the last time. */
static int store_losses_of(struct pipeline *p)
{
	uint64_t sums[LOSSES];
	int status = STATUS_OK;

	sum_losses(p, sums);
	for (int i = 0; status == STATUS_OK && i < LOSSES; i++) {
		struct store_loss row = {
		        .count = sums[i] - p->losses_told[i], .hour_ns = p->hour_ns};

		status = store_loss_of(p, 0, (enum loss)i, row);
		p->losses_told[i] = sums[i];
	}
	for (uint32_t i = 0; status == STATUS_OK && i < source_input_count(p->source); i++)
		status = store_input_losses(p, i);
	return status;
}

/* Time may go back a little between frames; the hour does not. */
static int enter_hour(struct pipeline *p, int64_t hour_ns)
{
	int status = STATUS_OK;

	if (hour_ns <= p->hour_ns)
		return STATUS_OK;
	if (p->hour_ns != STORE_HOUR_UNKNOWN)
		status = store_losses_of(p);
	p->hour_ns = hour_ns;
	return status;
}

/* Writes what is known of the flow by now, and what came since the last time. */
static int store_flow_now(
        struct pipeline *p, struct conversation *c, const struct flow *flow, bool last)
{
	struct store_flow row;
	struct store_record record;
	int status;

	conversation_row(c, flow, &row);
	conversation_record(c, flow, last, &record);
	p->clinical += last && (row.tier == TIER_MEDIUM || row.tier == TIER_HIGH);
	status = store_add_flow(p->store, &row);
	return status == STATUS_OK ? store_add_record(p->store, &record) : status;
}

/* Of a record that is final. A flow may end long after the hours that its gaps belong to. */
static int store_gaps_of(struct pipeline *p, const struct conversation *c, const struct flow *flow)
{
	struct store_record record;

	conversation_record(c, flow, false, &record);
	return store_loss_of(p, flow->input, LOSS_GAP_BYTES,
	        (struct store_loss){.count = record.gap_bytes, .hour_ns = record.hour_ns});
}

/* All that were found by now, in place of what was stored before. */
static int store_findings_of(struct pipeline *p, struct conversation *c, const struct flow *flow)
{
	int status = c->findings_kept ? store_clear_findings(p->store, flow->id) : STATUS_OK;

	c->findings_kept = c->findings.count > 0;
	for (unsigned i = 0; status == STATUS_OK && i < c->findings.count; i++) {
		const struct finding_sum *sum = &c->findings.sums[i];
		struct store_finding row = {.flow = flow->id,
		        .finding = sum->finding,
		        .outward = flow->out_index >= 0 &&
		                   sum->finding.direction == flow->out_index,
		        .first_ns = sum->finding.time_ns,
		        .last_ns = sum->last_ns};

		status = store_add_finding(p->store, &row);
	}
	for (uint32_t i = 0; status == STATUS_OK && i < c->findings.tag_capacity; i++)
		if (c->findings.tags[i])
			status = store_add_tag(p->store, flow->id, c->findings.tags[i]);
	return status;
}

/* A flow for which there was no room is still a row: it is reported as not inspected. */
static int store_without_room(struct pipeline *p, const struct flow *flow, bool last)
{
	struct conversation empty = {.context = &p->context, .over_budget = true};
	int status;

	empty.far = flow->out_index == 1 ? flow->tuple.src.addr : flow->tuple.dst.addr;
	empty.hour_ns = time_hour(flow->first_ns);
	p->losses[LOSS_FLOWS_WITHOUT_ROOM] += last;
	status = store_flow_now(p, &empty, flow, last);
	return status == STATUS_OK && last ? store_gaps_of(p, &empty, flow) : status;
}

static int end_flow(struct pipeline *p, struct shard *s, const struct flow *flow)
{
	struct conversation *c = s->by_slot[flow->slot];
	int status;

	p->flows++;
	if (!c)
		return store_without_room(p, flow, true);
	status = conversation_finish(c, flow);
	if (status == STATUS_OK)
		status = store_flow_now(p, c, flow, true);
	if (status == STATUS_OK)
		status = store_gaps_of(p, c, flow);
	if (status == STATUS_OK)
		status = store_findings_of(p, c, flow);
	p->losses[LOSS_FINDINGS_FOLDED] += c->findings.folded;
	p->losses[LOSS_FIELDS_WITHOUT_ROOM] += c->detect_refusals;
	p->losses[LOSS_CERTIFICATES_TOO_LARGE] += c->certificate_too_large;
	p->losses[LOSS_CERTIFICATES_UNREAD] += c->certificate_unread;
	p->losses[LOSS_LABELS_WITHOUT_ROOM] += c->label_refused;
	p->losses[LOSS_NAMES_UNASKED] += c->answers_unasked;
	s->by_slot[flow->slot] = conversation_free(c);
	return status;
}

static int start_flow(struct pipeline *p, struct shard *s, const struct flow *flow)
{
	int status = conversation_new(&s->by_slot[flow->slot], &p->context, flow);

	return status == STATUS_LIMIT ? STATUS_OK : status;
}

static int handle_event(struct pipeline *p, struct shard *s, const struct flow_event *e,
        const struct packet *packet)
{
	struct conversation *c;
	int status = STATUS_OK;

	if (e->kind == FLOW_EVENT_START)
		return start_flow(p, s, e->flow);
	if (e->kind == FLOW_EVENT_END)
		return end_flow(p, s, e->flow);
	c = s->by_slot[e->flow->slot];
	if (!c)
		return STATUS_OK;
	if (e->kind == FLOW_EVENT_HOUR) {
		status = store_flow_now(p, c, e->flow, false);
		if (status == STATUS_OK)
			status = store_gaps_of(p, c, e->flow);
		conversation_told(c, e->flow);
		c->hour_ns = time_hour(e->hour_ns + NS_PER_HOUR);
		return status;
	}
	if (packet && e->chunk.packet == packet->number)
		status = conversation_label(c, packet);
	return status == STATUS_OK ? conversation_feed(c, e->flow, &e->chunk) : status;
}

static int pull_events(struct pipeline *p, struct shard *s, const struct packet *packet)
{
	struct flow_event event;
	int status;

	while ((status = flow_table_next(s->table, &event)) == STATUS_ITEM) {
		status = handle_event(p, s, &event, packet);
		if (status != STATUS_OK)
			return status;
	}
	return status;
}

/* Packet time moves all shards, so that idle flows end even where no packet comes. */
static int tick(struct pipeline *p, int64_t now_ns)
{
	int status = STATUS_OK;

	if (now_ns - p->ticked_ns < TICK_NS)
		return STATUS_OK;
	p->ticked_ns = now_ns;
	for (size_t i = 0; status == STATUS_OK && i < FLOW_SHARDS; i++) {
		status = flow_table_tick(p->shards[i].table, now_ns);
		if (status == STATUS_OK)
			status = pull_events(p, &p->shards[i], NULL);
	}
	return status;
}

static bool is_excluded(const struct pipeline *p, const struct packet *packet)
{
	for (size_t i = 0; i < p->options->excluded_count; i++)
		if (prefix_contains(&p->options->excluded[i], &packet->tuple.src.addr) ||
		        prefix_contains(&p->options->excluded[i], &packet->tuple.dst.addr))
			return true;
	return false;
}

static int note_names(struct pipeline *p, const struct packet *packet)
{
	struct dns_message message;

	if (packet->tuple.protocol != 17 || packet->tuple.src.port != DNS_PORT)
		return STATUS_OK;
	if (dns_parse(packet->payload, &message) != STATUS_OK)
		return STATUS_OK; /* its flow is recorded all the same */
	p->losses[LOSS_NAMES_UNASKED] += message.answers_unasked;
	return hostname_cache_add(p->names, &packet->tuple.dst.addr, &message, packet->time_ns);
}

static int handle_packet(struct pipeline *p, const struct packet *packet)
{
	struct shard *s;
	int status;

	if (is_excluded(p, packet)) {
		p->losses[LOSS_EXCLUDED_NET]++;
		return STATUS_OK;
	}
	if (mirror_check_feed(&p->mirror, packet, &p->practice.inside))
		log_warning("%s", p->mirror.warning);
	practice_feed(&p->practice, packet);
	status = note_names(p, packet);
	if (status != STATUS_OK)
		return status;
	s = &p->shards[tuple_hash(&packet->tuple, shard_key) % FLOW_SHARDS];
	status = flow_table_feed(s->table, packet);
	if (status == STATUS_OK)
		status = pull_events(p, s, packet);
	return status == STATUS_OK ? tick(p, packet->time_ns) : status;
}

/* A mirror port may wrap its frames, inside of the practice; a tunnel over the border is egress
 * of its own, whatever the packets in it say of their ends. */
static bool crosses_border(const struct pipeline *p, const struct tuple *t)
{
	return inside_nets_contain(&p->practice.inside, &t->src.addr) !=
	       inside_nets_contain(&p->practice.inside, &t->dst.addr);
}

/* The last fragment of a datagram that holds a tunnel's packet stands for all of them. */
static int handle_carrier(struct pipeline *p, const struct packet *fragment)
{
	struct packet carrier = *fragment;

	carrier.outcome = PACKET_OK;
	return handle_packet(p, &carrier);
}

/* A datagram put together may hold a fragment again (a tunnel's); each round strips a header. */
static int handle_fragment(struct pipeline *p, const struct packet *fragment)
{
	struct packet part = *fragment, whole;

	for (int round = 0; round < PACKET_LAYERS_MAX; round++) {
		int status = fragment_table_feed(p->fragments, &part, &whole);

		if (status != STATUS_ITEM)
			return status;
		if (whole.tunnelled && !part.tunnelled && crosses_border(p, &part.tuple))
			status = handle_carrier(p, &part);
		if (status < 0)
			return status;
		if (whole.outcome == PACKET_OK)
			return handle_packet(p, &whole);
		if (whole.outcome != PACKET_FRAGMENT)
			break;
		part = whole;
	}
	p->losses[LOSS_MALFORMED]++;
	return STATUS_OK;
}

static int handle_outermost(struct pipeline *p, const struct frame *frame)
{
	struct packet outer;

	packet_decode_outermost(frame, &outer);
	if (outer.outcome != PACKET_OK || !crosses_border(p, &outer.tuple))
		return STATUS_OK;
	return handle_packet(p, &outer);
}

static int handle_frame(struct pipeline *p, const struct frame *frame)
{
	static const enum loss losses[PACKET_OUTCOMES] = {
	        [PACKET_NOT_IP] = LOSS_NOT_IP,
	        [PACKET_UNKNOWN_LINK] = LOSS_UNKNOWN_LINK,
	        [PACKET_CUT] = LOSS_CUT,
	        [PACKET_MALFORMED] = LOSS_MALFORMED,
	        [PACKET_LIMIT] = LOSS_TOO_DEEP,
	};
	struct packet packet;
	int status = enter_hour(p, time_hour(frame->time_ns));

	if (status != STATUS_OK)
		return status;
	p->frames++;
	if (p->first_ns == 0 || frame->time_ns < p->first_ns)
		p->first_ns = frame->time_ns;
	if (frame->time_ns > p->last_ns)
		p->last_ns = frame->time_ns;
	packet_decode(frame, &packet);
	if (packet.tunnelled)
		status = handle_outermost(p, frame);
	if (status != STATUS_OK)
		return status;
	if (packet.outcome == PACKET_OK)
		return handle_packet(p, &packet);
	if (packet.outcome == PACKET_UNKNOWN_LINK) {
		if (p->losses[LOSS_UNKNOWN_LINK] == 0)
			p->unread_link = frame->link_type;
		p->unread[frame->input]++;
	}
	if (packet.outcome != PACKET_FRAGMENT) {
		p->losses[losses[packet.outcome]]++;
		return STATUS_OK;
	}
	return handle_fragment(p, &packet);
}

/* Copies one input's counts to the store. Until a live input has ended, what is stored of it says
 * that it never did, should nothing come after. */
static int store_input_of(struct pipeline *p, uint32_t index, bool open)
{
	struct source_counts counts;
	struct store_input row;
	int status = source_counts(p->source, index, &counts);

	if (status != STATUS_OK)
		return status;
	if (open) {
		counts.end = STATUS_TRUNCATED;
		counts.end_reason = "the capture did not end in order";
		counts.end_after_frame = counts.frames;
	}
	row = (struct store_input){
	        .frames = counts.frames,
	        .bytes = counts.bytes,
	        .dropped = counts.dropped_frames,
	        .cut = counts.cut_frames,
	        .unread = p->unread[index],
	        .filtered = counts.filtered_frames,
	        .first_ns = counts.first_ns,
	        .last_ns = counts.last_ns,
	        .end_after_frame = counts.end_after_frame,
	};
	snprintf(row.sha256, sizeof(row.sha256), "%s", counts.sha256);
	snprintf(row.format, sizeof(row.format), "%s", counts.format ? counts.format : "");
	snprintf(row.kind, sizeof(row.kind), "%s",
	        strcmp(row.format, "live") == 0 ? "live" : "file");
	snprintf(row.end, sizeof(row.end), "%s", status_text(counts.end));
	snprintf(row.end_reason, sizeof(row.end_reason), "%s",
	        counts.end_reason ? counts.end_reason : "");
	return store_input_set(p->store, index, &row);
}

static int count_filtered(struct pipeline *p, uint64_t *ret)
{
	struct source_counts counts;
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < source_input_count(p->source); i++) {
		status = source_counts(p->source, i, &counts);
		if (status == STATUS_OK)
			*ret += counts.filtered_frames;
	}
	return status;
}

static int store_inputs_of(struct pipeline *p, bool open)
{
	size_t inputs = source_input_count(p->source);
	int status = STATUS_OK;

	for (uint32_t i = 0; status == STATUS_OK && i < inputs; i++)
		status = store_input_of(p, i, open);
	return status;
}

/* What an open flow has shown by now; its next hour or its end replaces that. */
static int keep_flow(struct pipeline *p, struct conversation *c, const struct flow *flow)
{
	uint64_t packets = flow->counts[0].packets + flow->counts[1].packets;
	int status;

	if (!c)
		return store_without_room(p, flow, false);
	if (c->kept_packets == packets)
		return STATUS_OK;
	c->kept_packets = packets;
	status = store_flow_now(p, c, flow, false);
	return status == STATUS_OK ? store_findings_of(p, c, flow) : status;
}

/* Commits all that is known by now. With a reader in the way it is kept the next time. */
static int keep(struct pipeline *p)
{
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < FLOW_SHARDS; i++) {
		struct shard *s = &p->shards[i];

		for (uint32_t slot = 0; status == STATUS_OK && slot < s->slots; slot++) {
			const struct flow *flow = flow_table_at(s->table, slot);

			if (flow)
				status = keep_flow(p, s->by_slot[slot], flow);
		}
	}
	if (status == STATUS_OK)
		status = store_inputs_of(p, true);
	if (status == STATUS_OK)
		status = store_losses_of(p);
	if (status == STATUS_OK)
		status = store_keep(p->store);
	return status == STATUS_BUSY ? STATUS_OK : status;
}

/* A minute of the clock has passed, or packet time has reached the next hour. */
static int keep_in_time(struct pipeline *p, int64_t now_ns)
{
	int64_t hour_ns = time_hour(p->ticked_ns);

	if (now_ns - p->kept_ns < PIPELINE_KEEP_NS && hour_ns == p->kept_hour_ns)
		return STATUS_OK;
	p->kept_ns = now_ns;
	p->kept_hour_ns = hour_ns;
	return keep(p);
}

static int64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* A line a second at most; a shorter one leaves nothing of a longer one behind. */
static void show_progress(
        const struct pipeline *p, int64_t started_ns, int64_t now_ns, int64_t *last_shown_ns)
{
	const struct source_position position = source_position(p->source);
	const struct progress now = {.bytes = position.bytes,
	        .bytes_total = position.bytes_total,
	        .packets = p->frames,
	        .clinical = p->clinical,
	        .elapsed_ns = now_ns - started_ns,
	        .duration_ns = p->options->duration_ns};
	char line[PROGRESS_CHARS];

	*last_shown_ns = now_ns;
	progress_line(&now, line);
	fprintf(stderr, "\r%s\x1b[K", line);
}

static int64_t time_of_day_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* Frames captured before the stop may still wait, in a block that the kernel has not handed over
 * or, after a flood, in many: all of them are read. */
static int drain_live(struct pipeline *p)
{
	int64_t began_ns = wall_clock_ns(), stopped_ns = time_of_day_ns();
	struct frame frame;

	while (wall_clock_ns() - began_ns < DRAIN_NS_MAX && !source_ended(p->source)) {
		int status = source_next(p->source, DRAIN_MS, &frame);

		if (status < 0)
			return status;
		if (status == STATUS_OK && wall_clock_ns() - began_ns >= DRAIN_NS)
			break;
		if (status != STATUS_ITEM)
			continue;
		status = handle_frame(p, &frame);
		if (status != STATUS_OK || frame.time_ns > stopped_ns)
			return status;
	}
	return STATUS_OK;
}

static int read_source(struct pipeline *p)
{
	const struct pipeline_options *o = p->options;
	int64_t started_ns = wall_clock_ns(), shown_ns = started_ns, now_ns = started_ns;
	struct frame frame;
	int status = STATUS_OK;

	for (uint64_t turn = 0; !(o->stop && *o->stop); turn++) {
		if (turn % 256 == 0 || status == STATUS_OK)
			now_ns = wall_clock_ns();
		if (o->duration_ns > 0 && now_ns - started_ns >= o->duration_ns)
			break;
		if (o->progress && now_ns - shown_ns >= NS_PER_SECOND)
			show_progress(p, started_ns, now_ns, &shown_ns);
		if (source_is_live(p->source) && (status = keep_in_time(p, now_ns)) != STATUS_OK)
			return status;
		status = source_next(p->source, POLL_MS, &frame);
		if (status < 0)
			return status;
		if (status == STATUS_ITEM) {
			int handled = handle_frame(p, &frame);

			if (handled != STATUS_OK)
				return handled;
		} else if (source_ended(p->source)) {
			break;
		}
	}
	if (o->progress && shown_ns != started_ns)
		fprintf(stderr, "\r\x1b[K");
	return source_is_live(p->source) ? drain_live(p) : STATUS_OK;
}

static int finish_shards(struct pipeline *p)
{
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < FLOW_SHARDS; i++) {
		status = flow_table_finish(p->shards[i].table);
		if (status == STATUS_OK)
			status = pull_events(p, &p->shards[i], NULL);
	}
	return status;
}

static void describe_result(const struct pipeline *p, struct pipeline_result *ret)
{
	ret->frames = p->frames;
	ret->flows = p->flows;
	ret->unread_frames = p->losses[LOSS_UNKNOWN_LINK];
	ret->unread_link = p->unread_link;
	ret->any_packet = ret->frames > ret->unread_frames;
	ret->first_ns = p->first_ns;
	ret->last_ns = p->last_ns;
	ret->budget_peak_bytes = p->budget.peak_bytes;
	ret->budget_refusals = p->budget.refusals;
	snprintf(ret->mirror_warning, sizeof(ret->mirror_warning), "%s", p->mirror.warning);
	practice_describe(&p->practice, ret->inside);
}

static int read_and_store(struct pipeline *p, struct pipeline_result *ret)
{
	size_t inputs = source_input_count(p->source);
	uint32_t index = 0;
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < inputs; i++)
		status = store_input_begin(p->store, &index);
	if (status == STATUS_OK)
		status = read_source(p);
	/* Half a file must not pass for the whole of it, nor replace what the whole gave. What came
	 * through a pipe is reported, as cut short. */
	ret->interrupted = !source_ended(p->source) && source_can_be_read_again(p->source);
	if (status != STATUS_OK || ret->interrupted)
		return status;
	status = finish_shards(p);
	mirror_check_finish(&p->mirror);
	if (status == STATUS_OK)
		status = store_inputs_of(p, false);
	if (status == STATUS_OK)
		status = count_filtered(p, &ret->filtered);
	if (status == STATUS_OK)
		status = store_losses_of(p);
	return status;
}

/* What was captured live cannot be read again, so readers of the store are waited for. */
static int commit(struct pipeline *p)
{
	int status = store_commit(p->store);

	for (int i = 1; status == STATUS_BUSY && source_is_live(p->source) && i < COMMIT_TRIES; i++)
		status = store_commit(p->store);
	return status;
}

int pipeline_run(
        struct pipeline *p, const struct pipeline_options *options, struct pipeline_result *ret)
{
	int status;

	*ret = (struct pipeline_result){0};
	p->options = options;
	practice_know(&p->practice, &options->inside);
	status = make_shards(p);
	if (status == STATUS_OK)
		status = read_and_store(p, ret);
	if (status == STATUS_OK && !ret->interrupted)
		describe_result(p, ret);
	/* A time in which nothing could be read must not count as one that was captured. */
	if (status == STATUS_OK && (ret->any_packet || source_is_live(p->source)))
		return commit(p);
	store_abandon(p->store);
	return status;
}
