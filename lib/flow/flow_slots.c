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

static void link_roomy(struct flow_slots *s, struct flow_block *b)
{
	b->previous = NULL;
	b->next = s->roomy;
	if (b->next)
		b->next->previous = b;
	s->roomy = b;
}

static void unlink_roomy(struct flow_slots *s, struct flow_block *b)
{
	if (b->previous)
		b->previous->next = b->next;
	else
		s->roomy = b->next;
	if (b->next)
		b->next->previous = b->previous;
	b->previous = b->next = NULL;
}

static void free_block(struct flow_slots *s, size_t index)
{
	free(s->blocks[index]);
	s->blocks[index] = NULL;
	budget_release(s->budget, sizeof(struct flow_block));
}

void flow_slots_release(struct flow_slots *s)
{
	for (size_t i = 0; i < flow_slots_end(s); i++)
		if (flow_slots_at(s, i))
			release_content(s, flow_slots_at(s, i));
	for (size_t i = 0; i < s->block_count; i++)
		if (s->blocks[i])
			free_block(s, i);
	free(s->blocks);
	free(s->buckets);
	*s = (struct flow_slots){0};
}

size_t flow_slots_end(const struct flow_slots *s)
{
	size_t end = s->block_count * FLOW_SLOTS_BLOCK;

	return end < s->slots_max ? end : s->slots_max;
}

struct flow_entry *flow_slots_at(const struct flow_slots *s, size_t slot)
{
	struct flow_block *b = s->blocks[slot / FLOW_SLOTS_BLOCK];

	return b ? &b->entries[slot % FLOW_SLOTS_BLOCK] : NULL;
}

/* The lowest number that no block has; blocks_max: none. */
static size_t absent_block(const struct flow_slots *s)
{
	size_t index = 0;

	while (index < s->block_count && s->blocks[index])
		index++;
	return index;
}

bool flow_slots_make_free(struct flow_slots *s)
{
	struct flow_block *block;
	size_t index, first, fresh;

	if (s->roomy)
		return true;
	index = absent_block(s);
	if (index == s->blocks_max || budget_charge(s->budget, sizeof(*block)) != STATUS_OK)
		return false;
	block = calloc(1, sizeof(*block));
	if (!block) {
		budget_release(s->budget, sizeof(*block));
		return false;
	}
	first = index * FLOW_SLOTS_BLOCK;
	fresh = s->slots_max - first < FLOW_SLOTS_BLOCK ? s->slots_max - first : FLOW_SLOTS_BLOCK;
	for (size_t i = fresh; i > 0; i--) {
		block->entries[i - 1].flow.slot = (uint32_t)(first + i - 1);
		block->entries[i - 1].chain = block->free;
		block->free = &block->entries[i - 1];
	}
	s->blocks[index] = block;
	if (index == s->block_count)
		s->block_count++;
	link_roomy(s, block);
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
	struct flow_block *b = s->roomy;
	struct flow_entry *e;
	uint32_t slot;

	if (!b)
		return NULL;
	e = b->free;
	b->free = e->chain;
	b->used++;
	if (!b->free)
		unlink_roomy(s, b);
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

/* One block with room stays, so that a conversation now and then does not make one each time. */
void flow_slots_give_back(struct flow_slots *s, struct flow_entry *e)
{
	const size_t index = e->flow.slot / FLOW_SLOTS_BLOCK;
	struct flow_block *b = s->blocks[index];

	flow_slots_wait(s, e, false);
	unlink_entry(s, e);
	release_content(s, e);
	if (!b->free)
		link_roomy(s, b);
	e->chain = b->free;
	b->free = e;
	b->used--;
	if (b->used == 0 && (b->previous || b->next)) {
		unlink_roomy(s, b);
		free_block(s, index);
	}
}
