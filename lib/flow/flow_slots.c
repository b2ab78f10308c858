#include "flow/flow_slots.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/status.h"

#define BUCKETS_FIRST 64

int flow_slots_init(struct flow_slots *s, size_t slots_max, struct budget *borrowed)
{
	*s = (struct flow_slots){.slots_max = slots_max, .budget = borrowed};
	s->blocks_max = (slots_max + FLOW_SLOTS_BLOCK - 1) / FLOW_SLOTS_BLOCK;
	if (getrandom(s->key, sizeof(s->key), 0) != (ssize_t)sizeof(s->key))
		return STATUS_IO;
	s->blocks = calloc(s->blocks_max, sizeof(*s->blocks));
	s->buckets = calloc(BUCKETS_FIRST, sizeof(*s->buckets));
	if (!s->blocks || !s->buckets)
		return STATUS_NO_MEMORY;
	s->bucket_count = BUCKETS_FIRST;
	return flow_slots_make_free(s) ? STATUS_OK : STATUS_NO_MEMORY;
}

static void release_content(struct flow_slots *s, struct flow_entry *e)
{
	e->streams[0] = tcp_stream_free(e->streams[0]);
	e->streams[1] = tcp_stream_free(e->streams[1]);
	if (e->process_text)
		budget_release(s->budget, e->process_bytes);
	free(e->process_text);
	e->process_text = NULL;
}

void flow_slots_release(struct flow_slots *s)
{
	for (size_t i = 0; i < s->slot_count; i++)
		release_content(s, flow_slots_at(s, i));
	for (size_t i = 0; i < s->block_count; i++) {
		free(s->blocks[i]);
		budget_release(s->budget, FLOW_SLOTS_BLOCK * sizeof(struct flow_entry));
	}
	free(s->blocks);
	free(s->buckets);
	*s = (struct flow_slots){0};
}

struct flow_entry *flow_slots_at(const struct flow_slots *s, size_t slot)
{
	return &s->blocks[slot / FLOW_SLOTS_BLOCK][slot % FLOW_SLOTS_BLOCK];
}

bool flow_slots_make_free(struct flow_slots *s)
{
	const size_t bytes = FLOW_SLOTS_BLOCK * sizeof(struct flow_entry);
	struct flow_entry *block;
	size_t fresh = s->slots_max - s->slot_count;

	if (s->free)
		return true;
	if (fresh == 0 || budget_charge(s->budget, bytes) != STATUS_OK)
		return false;
	block = calloc(FLOW_SLOTS_BLOCK, sizeof(*block));
	if (!block) {
		budget_release(s->budget, bytes);
		return false;
	}
	if (fresh > FLOW_SLOTS_BLOCK)
		fresh = FLOW_SLOTS_BLOCK;
	s->blocks[s->block_count++] = block;
	for (size_t i = fresh; i > 0; i--) {
		block[i - 1].flow.slot = (uint32_t)(s->slot_count + i - 1);
		block[i - 1].chain = s->free;
		s->free = &block[i - 1];
	}
	s->slot_count += fresh;
	return true;
}

uint64_t flow_slots_hash(const struct flow_slots *s, const struct tuple *t)
{
	return tuple_hash(t, s->key);
}

struct flow_entry *flow_slots_find(const struct flow_slots *s, uint64_t hash, const struct tuple *t)
{
	struct flow_entry *e = s->buckets[hash & (s->bucket_count - 1)];

	while (e && (e->hash != hash || !tuple_same_conversation(&e->flow.tuple, t)))
		e = e->chain;
	return e;
}

struct flow_entry *flow_slots_take(struct flow_slots *s)
{
	struct flow_entry *e = s->free;
	uint32_t slot;

	if (!e)
		return NULL;
	s->free = e->chain;
	slot = e->flow.slot;
	memset(e, 0, sizeof(*e));
	e->flow.slot = slot;
	return e;
}

/* Twice the buckets; without memory the chains just grow longer. */
static void grow_buckets(struct flow_slots *s)
{
	size_t count = s->bucket_count * 2;
	struct flow_entry **buckets = calloc(count, sizeof(*buckets));

	if (!buckets)
		return;
	for (size_t i = 0; i < s->bucket_count; i++) {
		struct flow_entry *e = s->buckets[i];

		while (e) {
			struct flow_entry *chain = e->chain;
			struct flow_entry **bucket = &buckets[e->hash & (count - 1)];

			e->chain = *bucket;
			*bucket = e;
			e = chain;
		}
	}
	free(s->buckets);
	s->buckets = buckets;
	s->bucket_count = count;
}

void flow_slots_enter(struct flow_slots *s, struct flow_entry *e)
{
	struct flow_entry **bucket;

	if (s->in_hash >= s->bucket_count)
		grow_buckets(s);
	bucket = &s->buckets[e->hash & (s->bucket_count - 1)];
	e->chain = *bucket;
	*bucket = e;
	s->in_hash++;
}

void flow_slots_forget(struct flow_slots *s, struct flow_entry *e)
{
	struct flow_entry **at = &s->buckets[e->hash & (s->bucket_count - 1)];

	while (*at && *at != e)
		at = &(*at)->chain;
	if (!*at)
		return;
	*at = e->chain;
	e->chain = NULL;
	s->in_hash--;
}

static void unlink_entry(struct flow_slots *s, struct flow_entry *e)
{
	if (e->list == FLOW_LIST_NONE)
		return;
	if (e->previous)
		e->previous->next = e->next;
	else
		s->first[e->list] = e->next;
	if (e->next)
		e->next->previous = e->previous;
	else
		s->last[e->list] = e->previous;
	e->previous = e->next = NULL;
	e->list = FLOW_LIST_NONE;
}

void flow_slots_move(struct flow_slots *s, struct flow_entry *e, enum flow_list list)
{
	if (e->list == list && !e->next)
		return;
	unlink_entry(s, e);
	e->list = list;
	e->previous = s->last[list];
	if (e->previous)
		e->previous->next = e;
	else
		s->first[list] = e;
	s->last[list] = e;
}

void flow_slots_wait(struct flow_slots *s, struct flow_entry *e, bool waiting)
{
	if (e->waiting == waiting)
		return;
	e->waiting = waiting;
	if (waiting) {
		e->waiting_previous = NULL;
		e->waiting_next = s->first_waiting;
		if (e->waiting_next)
			e->waiting_next->waiting_previous = e;
		s->first_waiting = e;
		return;
	}
	if (e->waiting_previous)
		e->waiting_previous->waiting_next = e->waiting_next;
	else
		s->first_waiting = e->waiting_next;
	if (e->waiting_next)
		e->waiting_next->waiting_previous = e->waiting_previous;
	e->waiting_previous = e->waiting_next = NULL;
}

void flow_slots_give_back(struct flow_slots *s, struct flow_entry *e)
{
	flow_slots_wait(s, e, false);
	unlink_entry(s, e);
	release_content(s, e);
	e->chain = s->free;
	s->free = e;
}
