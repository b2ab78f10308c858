#include "pipeline/related.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#define TCP 6

/* One connection that may come. */
struct awaited {
	struct addr listener, caller;
	int64_t time_ns;
	struct related_origin *origin;
};

struct related_table {
	struct budget *budget; /* borrows */
	/* Looked through for each conversation that begins, so it stands apart; 0: a free place. */
	uint16_t ports[RELATED_MAX];
	struct awaited awaited[RELATED_MAX];
	uint32_t count;
	struct related_counts counts;
};

int related_table_new(struct related_table **ret_gives, struct budget *borrowed)
{
	struct related_table *t = calloc(1, sizeof(*t));

	if (!t)
		return STATUS_NO_MEMORY;
	t->budget = borrowed;
	*ret_gives = t;
	return STATUS_OK;
}

struct related_origin *related_origin_free(struct related_table *t, struct related_origin *origin)
{
	if (origin)
		budget_release(t->budget, sizeof(*origin));
	free(origin);
	return NULL;
}

static void drop(struct related_table *t, size_t at)
{
	t->awaited[at].origin = related_origin_free(t, t->awaited[at].origin);
	t->ports[at] = 0;
	t->count--;
}

struct related_table *related_table_free(struct related_table *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < RELATED_MAX; i++)
		if (t->ports[i] != 0)
			drop(t, i);
	free(t);
	return NULL;
}

static bool is_late(const struct awaited *a, int64_t now_ns)
{
	return now_ns - a->time_ns > RELATED_WAIT_NS;
}

/* A free place; the earlier announcement of the same flow gives its own, and when there is none,
 * the oldest does. Announcements are rare, so all are looked at. */
static size_t find_place(struct related_table *t, uint64_t flow, int64_t now_ns)
{
	size_t free_place = RELATED_MAX, oldest = 0;

	for (size_t i = 0; i < RELATED_MAX; i++) {
		const struct awaited *a = &t->awaited[i];

		if (t->ports[i] != 0 && (a->origin->flow == flow || is_late(a, now_ns)))
			drop(t, i);
		if (t->ports[i] == 0)
			free_place = i;
		else if (a->time_ns < t->awaited[oldest].time_ns)
			oldest = i;
	}
	if (free_place < RELATED_MAX)
		return free_place;
	t->counts.forgotten++;
	drop(t, oldest);
	return oldest;
}

/* False when it points elsewhere. A server behind an address translation names the address that it
 * has there, and clients call the one that they know; a client that names another address than its
 * own asks for a connection between others. */
static bool may_come(
        struct related_table *t, const struct decode_related *related, const struct addr *listener)
{
	bool own = related->addr.family == ADDR_NONE || addr_equal(&related->addr, listener);

	if (own && related->port >= RELATED_PORT_MIN)
		return true;
	t->counts.refused++;
	return related->passive && related->port >= RELATED_PORT_MIN;
}

int related_table_add(struct related_table *t, const struct flow *flow,
        const struct decode_event *announcement, const struct related_origin *origin)
{
	bool server = announcement->direction == 1;
	const struct addr *listener = server ? &flow->tuple.dst.addr : &flow->tuple.src.addr;
	const struct addr *caller = server ? &flow->tuple.src.addr : &flow->tuple.dst.addr;
	struct related_origin *copy;
	size_t at;

	if (!may_come(t, &announcement->related, listener))
		return STATUS_OK;
	if (budget_charge(t->budget, sizeof(*copy)) != STATUS_OK) {
		t->counts.forgotten++;
		return STATUS_OK;
	}
	copy = malloc(sizeof(*copy));
	if (!copy) {
		budget_release(t->budget, sizeof(*copy));
		return STATUS_NO_MEMORY;
	}
	*copy = *origin;
	memcpy(copy->protocol, announcement->related.protocol, sizeof(copy->protocol));
	at = find_place(t, flow->id, announcement->time_ns);
	t->ports[at] = announcement->related.port;
	t->awaited[at] = (struct awaited){.listener = *listener,
	        .caller = *caller,
	        .time_ns = announcement->time_ns,
	        .origin = copy};
	t->count++;
	return STATUS_OK;
}

static bool is_awaited(
        const struct awaited *a, const struct endpoint *listener, const struct endpoint *caller)
{
	return addr_equal(&a->listener, &listener->addr) && addr_equal(&a->caller, &caller->addr);
}

/* Without its first packet, who began a conversation is a guess. */
static bool is_this(const struct related_table *t, size_t at, const struct flow *flow)
{
	const struct endpoint *src = &flow->tuple.src, *dst = &flow->tuple.dst;
	const struct awaited *a = &t->awaited[at];

	if (t->ports[at] == 0)
		return false;
	if (t->ports[at] == dst->port && is_awaited(a, dst, src))
		return true;
	return !flow->start_seen && t->ports[at] == src->port && is_awaited(a, src, dst);
}

struct related_origin *related_table_take(
        struct related_table *t, const struct flow *flow, int64_t time_ns)
{
	struct related_origin *origin;

	if (flow->tuple.protocol != TCP)
		return NULL;
	for (size_t i = 0; i < RELATED_MAX && t->count > 0; i++) {
		if (!is_this(t, i, flow) || is_late(&t->awaited[i], time_ns))
			continue;
		origin = t->awaited[i].origin;
		t->awaited[i].origin = NULL;
		drop(t, i);
		return origin;
	}
	return NULL;
}

void related_table_counts(const struct related_table *t, struct related_counts *ret)
{
	*ret = t->counts;
}
