#include "pipeline/overheard.h"

#include <stdlib.h>

#include "base/status.h"
#include "flow/flow.h"
#include "net/dns.h"

#define TCP      6
#define UDP      17
#define DNS_PORT 53

/* What a DNS server sends over TCP: the message that is not whole yet. */
struct answers {
	bool followed; /* behind a gap, or without room, the rest names nobody */
	struct buf bytes;
};

struct overheard {
	struct budget budget;
	struct practice practice;
	struct hostname_cache *names;
	struct flow_table *streams; /* DNS over TCP: their shard records them */
	struct answers answers[OVERHEARD_STREAMS_MAX];
	uint64_t unasked;
	uint64_t without_room; /* answers over TCP that were given up */
};

int overheard_new(struct overheard **ret_gives, const struct inside_nets *borrowed)
{
	const struct flow_limits limits = {
	        .flows_max = OVERHEARD_STREAMS_MAX, .stream_bytes_max = DNS_STREAM_MAX};
	struct overheard *o = calloc(1, sizeof(*o));
	int status;

	if (!o)
		return STATUS_NO_MEMORY;
	budget_init(&o->budget, OVERHEARD_BUDGET_BYTES);
	for (size_t i = 0; i < OVERHEARD_STREAMS_MAX; i++)
		buf_init(&o->answers[i].bytes, DNS_STREAM_MAX, &o->budget);
	status = practice_begin(&o->practice);
	if (status == STATUS_OK) {
		practice_know(&o->practice, borrowed);
		status = hostname_cache_new(&o->names, &o->budget);
	}
	if (status == STATUS_OK)
		status = flow_table_new(&o->streams, &limits, &o->practice.inside, &o->budget);
	if (status != STATUS_OK) {
		overheard_free(o);
		return status;
	}
	*ret_gives = o;
	return STATUS_OK;
}

struct overheard *overheard_free(struct overheard *o)
{
	if (!o)
		return NULL;
	for (size_t i = 0; i < OVERHEARD_STREAMS_MAX; i++)
		buf_free(&o->answers[i].bytes);
	flow_table_free(o->streams);
	hostname_cache_free(o->names);
	practice_end(&o->practice);
	free(o);
	return NULL;
}

static bool is_dns_datagram(const struct packet *packet)
{
	return packet->tuple.protocol == UDP && packet->tuple.src.port == DNS_PORT;
}

static bool is_dns_stream(const struct packet *packet)
{
	return packet->tuple.protocol == TCP &&
	       (packet->tuple.src.port == DNS_PORT || packet->tuple.dst.port == DNS_PORT);
}

bool overheard_concerns(const struct packet *packet)
{
	return is_dns_datagram(packet) || is_dns_stream(packet) || practice_concerns(packet);
}

static int feed_datagram(struct overheard *o, const struct packet *packet)
{
	struct dns_message message;

	if (dns_parse(packet->payload, &message) != STATUS_OK)
		return STATUS_OK;
	o->unasked += message.answers_unasked;
	return hostname_cache_add(o->names, &packet->tuple.dst.addr, &message, packet->time_ns);
}

/* Answers too long for a datagram come over TCP. */
static int feed_answers(
        struct overheard *o, const struct flow *flow, struct answers *a, const struct chunk *chunk)
{
	struct dns_message message;
	struct span bytes;
	int status = chunk->gap == CHUNK_DATA ? buf_append(&a->bytes, chunk->bytes) : STATUS_LIMIT;

	while (status == STATUS_OK &&
	        dns_next_message(buf_span(&a->bytes), &bytes) == STATUS_ITEM) {
		if (dns_parse(bytes, &message) == STATUS_OK) {
			o->unasked += message.answers_unasked;
			status = hostname_cache_add(
			        o->names, &flow->computer, &message, chunk->time_ns);
		}
		buf_drop_front(&a->bytes, bytes.len + DNS_LENGTH_BYTES);
	}
	if (status != STATUS_LIMIT)
		return status;
	/* What a gap took is counted with the conversation. */
	o->without_room += chunk->gap == CHUNK_DATA;
	a->followed = false;
	buf_free(&a->bytes);
	return STATUS_OK;
}

static int handle_event(struct overheard *o, const struct flow_event *e)
{
	struct answers *a = &o->answers[e->flow->slot];

	if (e->kind == FLOW_EVENT_START)
		a->followed = e->flow->tuple.dst.port == DNS_PORT;
	if (e->kind == FLOW_EVENT_END)
		buf_free(&a->bytes);
	if (e->kind == FLOW_EVENT_CHUNK && a->followed && e->chunk.direction == 1)
		return feed_answers(o, e->flow, a, &e->chunk);
	return STATUS_OK;
}

static int feed_stream(struct overheard *o, const struct packet *packet)
{
	struct flow_event event;
	int status = flow_table_feed(o->streams, packet);

	while (status == STATUS_OK && (status = flow_table_next(o->streams, &event)) == STATUS_ITEM)
		status = handle_event(o, &event);
	return status;
}

int overheard_feed(struct overheard *o, const struct packet *packet)
{
	practice_feed(&o->practice, packet);
	if (is_dns_datagram(packet))
		return feed_datagram(o, packet);
	return is_dns_stream(packet) ? feed_stream(o, packet) : STATUS_OK;
}

void overheard_know(struct overheard *o, const struct inside_nets *borrowed)
{
	practice_know(&o->practice, borrowed);
}

struct hostname_cache *overheard_names(struct overheard *o)
{
	return o->names;
}

const struct practice *overheard_practice(const struct overheard *o)
{
	return &o->practice;
}

const struct budget *overheard_budget(const struct overheard *o)
{
	return &o->budget;
}

void overheard_add_losses(const struct overheard *o, uint64_t losses[static LOSSES])
{
	struct flow_table_counts streams;

	flow_table_counts(o->streams, &streams);
	losses[LOSS_NAMES_FORGOTTEN] += hostname_cache_evicted(o->names) + streams.evicted +
	                                streams.streams_over_budget + o->without_room;
	losses[LOSS_NAMES_UNASKED] += o->unasked;
	losses[LOSS_COMPUTERS_FORGOTTEN] += computer_table_forgotten(o->practice.computers);
	losses[LOSS_NETS_REFUSED] += o->practice.learnt.refused;
	losses[LOSS_NETS_LEFT_OUT] += o->practice.learnt.left_out;
}
