#include "pipeline/shard.h"

#include <stdlib.h>

#include "base/status.h"
#include "base/timestamp.h"

#define STREAM_BYTES_MAX (1u << 20) /* held out of order for one direction: a large window */

/* Of the budget of its lane: never more than this, whatever its peers send … */
#define BYTES_MAX(lane) ((lane)->max_bytes / 4 * 3)
/* … and, before it gives up conversations so that its siblings have room, no less. */
#define SHARE_BYTES(lane) (BYTES_MAX(lane) / SHARDS_OF_A_LANE)

struct shard {
	struct shard_surroundings around;
	struct budget budget; /* of the lane's */
	struct related_table *related;
	struct flow_table *table;
	struct conversation *
	        *by_slot; /* what is held for each open flow; NULL: there was no room */
	uint32_t slots;
	struct shard_counts counts; /* without those of the table */
};

int shard_new(
        struct shard **ret_gives, const struct shard_surroundings *surroundings, uint32_t flows_max)
{
	struct budget *lane = surroundings->conversations.budget;
	const struct flow_limits limits = {.flows_max = flows_max,
	        .stream_bytes_max = STREAM_BYTES_MAX,
	        .share_bytes = SHARE_BYTES(lane)};
	struct shard *s = calloc(1, sizeof(*s));
	int status;

	if (!s)
		return STATUS_NO_MEMORY;
	s->around = *surroundings;
	budget_init_part(&s->budget, BYTES_MAX(lane), lane);
	s->around.conversations.budget = &s->budget;
	s->by_slot = calloc(flows_max, sizeof(struct conversation *));
	s->slots = s->by_slot ? flows_max : 0;
	status = s->by_slot ? related_table_new(&s->related, &s->budget) : STATUS_NO_MEMORY;
	s->around.conversations.related = s->related;
	if (status == STATUS_OK)
		status = flow_table_new(&s->table, &limits, surroundings->inside, &s->budget);
	if (status != STATUS_OK) {
		shard_free(s);
		return status;
	}
	*ret_gives = s;
	return STATUS_OK;
}

struct shard *shard_free(struct shard *s)
{
	if (!s)
		return NULL;
	for (uint32_t slot = 0; slot < s->slots; slot++)
		conversation_free(s->by_slot[slot]);
	free(s->by_slot);
	flow_table_free(s->table);
	related_table_free(s->related);
	free(s);
	return NULL;
}

/* When a conversation is stored: while it is open, as of an hour that has passed, at its end. */
enum moment { SO_FAR, PAST_HOUR, ENDED };

/* What is known of the flow by now, and what came since the last time. Gaps are told with each hour
 * that is over: a flow may end long after. */
static int store_conversation(
        struct shard *s, struct conversation *c, const struct flow *flow, enum moment when)
{
	struct store_rows rows; /* of 6 KB, which conversation_row clears */

	conversation_row(c, flow, &rows.flow);
	conversation_record(c, flow, when == ENDED, &rows.record);
	rows.findings = when == PAST_HOUR ? NULL : &c->findings;
	rows.stored_before = c->findings_kept;
	rows.gap_bytes = when == SO_FAR ? 0 : rows.record.gap_bytes;
	if (when != PAST_HOUR)
		c->findings_kept = c->findings.count > 0;
	s->counts.clinical += when == ENDED &&
	                      (rows.flow.tier == TIER_MEDIUM || rows.flow.tier == TIER_HIGH);
	return store_queue_put(s->around.rows, &rows);
}

/* A flow for which there was no room is still a row: it is reported as not inspected. */
static int store_without_room(struct shard *s, const struct flow *flow, enum moment when)
{
	struct conversation empty = {.context = &s->around.conversations,
	        .out_index = flow->out_index,
	        .over_budget = true};

	empty.far = flow->out_index == 1 ? flow->tuple.src.addr : flow->tuple.dst.addr;
	empty.hour_ns = time_hour(flow->first_ns);
	s->counts.losses[LOSS_FLOWS_WITHOUT_ROOM] += when == ENDED;
	return store_conversation(s, &empty, flow, when);
}

static int end_flow(struct shard *s, const struct flow *flow)
{
	struct conversation *c = s->by_slot[flow->slot];
	int status;

	s->counts.flows++;
	if (!c)
		return store_without_room(s, flow, ENDED);
	status = conversation_finish(c, flow);
	if (status == STATUS_OK)
		status = store_conversation(s, c, flow, ENDED);
	s->counts.losses[LOSS_FINDINGS_FOLDED] += c->findings.folded;
	s->counts.losses[LOSS_FIELDS_WITHOUT_ROOM] += c->detect_refusals;
	s->counts.losses[LOSS_CERTIFICATES_TOO_LARGE] += c->certificate_too_large;
	s->counts.losses[LOSS_CERTIFICATES_UNREAD] += c->certificate_unread;
	s->counts.losses[LOSS_LABELS_WITHOUT_ROOM] += c->label_refused;
	s->by_slot[flow->slot] = conversation_free(c);
	return status;
}

static int start_flow(struct shard *s, const struct flow *flow)
{
	int status = conversation_new(&s->by_slot[flow->slot], &s->around.conversations, flow);

	return status == STATUS_LIMIT ? STATUS_OK : status;
}

static int handle_event(struct shard *s, const struct flow_event *e, const struct packet *packet)
{
	struct conversation *c;
	int status = STATUS_OK;

	if (e->kind == FLOW_EVENT_START)
		return start_flow(s, e->flow);
	if (e->kind == FLOW_EVENT_END)
		return end_flow(s, e->flow);
	c = s->by_slot[e->flow->slot];
	if (!c)
		return STATUS_OK;
	if (e->kind == FLOW_EVENT_HOUR) {
		status = store_conversation(s, c, e->flow, PAST_HOUR);
		conversation_told(c, e->flow);
		c->hour_ns = time_hour(e->hour_ns + NS_PER_HOUR);
		return status;
	}
	if (packet && e->chunk.packet == packet->number)
		status = conversation_label(c, packet);
	if (status == STATUS_OK)
		status = conversation_feed(c, e->flow, &e->chunk);
	if (status == STATUS_OK && !conversation_wants(c, e->chunk.direction))
		flow_table_pass_over(s->table, e->flow->slot, e->chunk.direction);
	return status;
}

static int pull_events(struct shard *s, const struct packet *packet)
{
	struct flow_event event;
	int status;

	while ((status = flow_table_next(s->table, &event)) == STATUS_ITEM) {
		status = handle_event(s, &event, packet);
		if (status != STATUS_OK)
			return status;
	}
	return status;
}

/* What an open flow has shown by now; its next hour or its end replaces that. */
static int keep_flow(struct shard *s, struct conversation *c, const struct flow *flow)
{
	uint64_t packets = flow->counts[0].packets + flow->counts[1].packets;

	if (!c)
		return store_without_room(s, flow, SO_FAR);
	if (c->kept_packets == packets)
		return STATUS_OK;
	c->kept_packets = packets;
	return store_conversation(s, c, flow, SO_FAR);
}

int shard_feed(struct shard *s, const struct packet *packet)
{
	int status = flow_table_feed(s->table, packet);

	return status == STATUS_OK ? pull_events(s, packet) : status;
}

int shard_tick(struct shard *s, int64_t now_ns)
{
	int status = flow_table_tick(s->table, now_ns);

	return status == STATUS_OK ? pull_events(s, NULL) : status;
}

void shard_use_rules(struct shard *s, struct detect_rules *rules)
{
	s->around.conversations.rules = rules;
}

int shard_keep(struct shard *s)
{
	int status = STATUS_OK;

	for (uint32_t slot = 0; status == STATUS_OK && slot < s->slots; slot++) {
		const struct flow *flow = flow_table_at(s->table, slot);

		if (flow)
			status = keep_flow(s, s->by_slot[slot], flow);
	}
	return status;
}

int shard_finish(struct shard *s)
{
	int status = flow_table_finish(s->table);

	return status == STATUS_OK ? pull_events(s, NULL) : status;
}

uint64_t shard_clinical(const struct shard *s)
{
	return s->counts.clinical;
}

void shard_counts(const struct shard *s, struct shard_counts *ret)
{
	struct flow_table_counts table;
	struct related_counts related;

	*ret = s->counts;
	related_table_counts(s->related, &related);
	ret->losses[LOSS_RELATED_REFUSED] = related.refused;
	ret->losses[LOSS_RELATED_FORGOTTEN] = related.forgotten;
	flow_table_counts(s->table, &table);
	ret->losses[LOSS_FLOWS_EVICTED] = table.evicted;
	ret->losses[LOSS_STREAMS_OVER_BUDGET] = table.streams_over_budget;
	ret->losses[LOSS_MIRROR_DUPLICATES] = table.mirror_duplicates;
}

void shard_counts_add(struct shard_counts *sum, const struct shard_counts *more)
{
	sum->flows += more->flows;
	sum->clinical += more->clinical;
	for (int i = 0; i < LOSSES; i++)
		sum->losses[i] += more->losses[i];
}
