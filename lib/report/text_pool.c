#include "report/text_pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cursor.h"
#include "base/status.h"

#define BLOCK_BYTES 65536
#define FIRST_SLOTS 1024 /* a power of two */

/* One address each, as equal texts have equal pointers. */
static const char empty_text[] = "";
static const char full_text[] = TEXT_POOL_FULL;

struct block {
	struct block *next;
	size_t used;
	char text[BLOCK_BYTES];
};

struct text_pool {
	struct block *blocks;
	const char **slots;
	size_t slot_count, count;
	size_t bytes, bytes_max;
	uint64_t left_out;
	uint64_t seed;
};

struct key_slot {
	struct row_key key;
	size_t index; /* SIZE_MAX: free */
};

struct key_map {
	struct key_slot *slots;
	size_t slot_count, count;
	uint64_t seed;
};

/* The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
 * 2014). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t hash_text(uint64_t seed, const char *text, size_t len)
{
	uint64_t hash = mix(seed ^ len);

	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		uint64_t word = 0;
		size_t rest = len - i;

		memcpy(&word, text + i, rest < sizeof(word) ? rest : sizeof(word));
		hash = mix(hash ^ word) + seed;
	}
	return hash;
}

static int random_seed(uint64_t *ret)
{
	if (getrandom(ret, sizeof(*ret), 0) != (ssize_t)sizeof(*ret))
		return STATUS_IO;
	return STATUS_OK;
}

int text_pool_new(struct text_pool **ret_gives, size_t bytes_max)
{
	struct text_pool *p = calloc(1, sizeof(*p));

	if (!p)
		return STATUS_NO_MEMORY;
	p->bytes_max = bytes_max;
	p->slot_count = FIRST_SLOTS;
	p->slots = calloc(p->slot_count, sizeof(*p->slots));
	if (!p->slots) {
		text_pool_free(p);
		return STATUS_NO_MEMORY;
	}
	if (random_seed(&p->seed) != STATUS_OK) {
		text_pool_free(p);
		return STATUS_IO;
	}
	*ret_gives = p;
	return STATUS_OK;
}

struct text_pool *text_pool_free(struct text_pool *p)
{
	if (!p)
		return NULL;
	while (p->blocks) {
		struct block *next = p->blocks->next;

		free(p->blocks);
		p->blocks = next;
	}
	free(p->slots);
	free(p);
	return NULL;
}

static bool same_text(const char *kept, const char *text, size_t len)
{
	return strncmp(kept, text, len) == 0 && kept[len] == '\0';
}

/* The slot that holds the text, or the free one where it belongs. */
static const char **find_slot(const struct text_pool *p, const char *text, size_t len)
{
	size_t at = hash_text(p->seed, text, len) & (p->slot_count - 1);

	while (p->slots[at] && !same_text(p->slots[at], text, len))
		at = (at + 1) & (p->slot_count - 1);
	return &p->slots[at];
}

static bool grow(struct text_pool *p)
{
	struct text_pool wider = *p;

	wider.slot_count *= 2;
	wider.slots = calloc(wider.slot_count, sizeof(*wider.slots));
	if (!wider.slots)
		return false;
	for (size_t i = 0; i < p->slot_count; i++)
		if (p->slots[i])
			*find_slot(&wider, p->slots[i], strlen(p->slots[i])) = p->slots[i];
	free(p->slots);
	*p = wider;
	return true;
}

static char *place_text(struct text_pool *p, const char *text, size_t len)
{
	char *place;

	if (!p->blocks || p->blocks->used + len + 1 > BLOCK_BYTES) {
		struct block *b = malloc(sizeof(*b));

		if (!b)
			return NULL;
		b->next = p->blocks;
		b->used = 0;
		p->blocks = b;
	}
	place = p->blocks->text + p->blocks->used;
	memcpy(place, text, len);
	place[len] = '\0';
	p->blocks->used += len + 1;
	p->bytes += len + 1;
	return place;
}

static const char *add(struct text_pool *p, const char *text, size_t len)
{
	const char **slot;

	if (len == 0)
		return empty_text;
	if (len > TEXT_POOL_TEXT_MAX)
		len = TEXT_POOL_TEXT_MAX;
	slot = find_slot(p, text, len);
	if (*slot)
		return *slot;
	if (p->bytes + len + 1 > p->bytes_max) {
		p->left_out++;
		return full_text;
	}
	if (p->count >= p->slot_count / 2) {
		if (!grow(p))
			return NULL;
		slot = find_slot(p, text, len);
	}
	*slot = place_text(p, text, len);
	if (*slot)
		p->count++;
	return *slot;
}

const char *text_pool_add(struct text_pool *p, const char *text)
{
	return text ? add(p, text, strlen(text)) : empty_text;
}

static bool comes_before(struct span a, struct span b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order < 0 || (order == 0 && a.len < b.len);
}

static bool stands_for_more(struct span member)
{
	return span_equal_text(member, TEXT_POOL_FULL);
}

/* True when the list is the same with the member: it is one of it, or would come behind the last of
 * as many as a list holds, where it already stands for more. */
static bool stays_the_same(const char *list, struct span member)
{
	struct span last = {.len = 0};
	size_t count = 0;
	bool closed = false;

	for (const char *at = list; *at;) {
		struct span here = span_of(at, (size_t)(strchrnul(at, '|') - at));

		if (here.len == member.len && memcmp(here.data, member.data, member.len) == 0)
			return true;
		closed = stands_for_more(here);
		if (!closed) {
			last = here;
			count++;
		}
		at += here.len;
		at += *at == '|';
	}
	return closed && count == TEXT_POOL_LIST_MEMBERS && !stands_for_more(member) &&
	       comes_before(last, member);
}

/* A list taken apart: its members in order, and whether it stands for more. */
struct members {
	struct span of[TEXT_POOL_LIST_MEMBERS + 1];
	size_t count;
	bool closed;
};

static void insert_member(struct members *m, struct span member)
{
	size_t at = m->count;

	if (stands_for_more(member)) {
		m->closed = true;
		return;
	}
	for (; at > 0 && comes_before(member, m->of[at - 1]); at--)
		m->of[at] = m->of[at - 1];
	m->of[at] = member;
	m->count++;
	if (m->count > TEXT_POOL_LIST_MEMBERS) {
		m->count--;
		m->closed = true;
	}
}

static struct members take_apart(const char *list)
{
	struct members m = {.count = 0};

	while (*list) {
		size_t len = (size_t)(strchrnul(list, '|') - list);

		insert_member(&m, span_of(list, len));
		list += len;
		list += *list == '|';
	}
	return m;
}

static const char *put_together(struct text_pool *p, struct members *m)
{
	char joined[TEXT_POOL_TEXT_MAX + 1];
	size_t len = 0;

	for (size_t i = 0; i < m->count; i++) {
		if (len + 1 + m->of[i].len + sizeof("|" TEXT_POOL_FULL) > sizeof(joined)) {
			m->closed = true;
			break;
		}
		if (i > 0)
			joined[len++] = '|';
		memcpy(joined + len, m->of[i].data, m->of[i].len);
		len += m->of[i].len;
	}
	if (m->closed) {
		if (len > 0)
			joined[len++] = '|';
		memcpy(joined + len, TEXT_POOL_FULL, strlen(TEXT_POOL_FULL));
		len += strlen(TEXT_POOL_FULL);
	}
	return add(p, joined, len);
}

static const char *join_one(
        struct text_pool *p, const char *list, const char *member, size_t member_len)
{
	struct members m;

	if (member_len == 0 || stays_the_same(list, span_of(member, member_len)))
		return list;
	if (*list == '\0')
		return add(p, member, member_len);
	m = take_apart(list);
	insert_member(&m, span_of(member, member_len));
	return put_together(p, &m);
}

const char *text_pool_join(struct text_pool *p, const char *list, const char *more)
{
	const char *joined = list;

	if (list == more)
		return list;
	for (const char *at = more; joined && *at;) {
		size_t len = (size_t)(strchrnul(at, '|') - at);

		joined = join_one(p, joined, at, len);
		at += len;
		at += *at == '|';
	}
	return joined;
}

bool text_pool_is_full(const struct text_pool *p)
{
	return p->bytes_max - p->bytes < BLOCK_BYTES;
}

uint64_t text_pool_left_out(const struct text_pool *p)
{
	return p->left_out;
}

int key_map_new(struct key_map **ret_gives)
{
	struct key_map *m = calloc(1, sizeof(*m));

	if (!m)
		return STATUS_NO_MEMORY;
	if (random_seed(&m->seed) != STATUS_OK) {
		free(m);
		return STATUS_IO;
	}
	*ret_gives = m;
	return STATUS_OK;
}

struct key_map *key_map_free(struct key_map *m)
{
	if (!m)
		return NULL;
	free(m->slots);
	free(m);
	return NULL;
}

static struct key_slot *find_key(const struct key_map *m, const struct row_key *key)
{
	uint64_t hash = m->seed;
	size_t at;

	for (size_t i = 0; i < KEY_PARTS; i++)
		hash = mix(hash ^ key->part[i]) + m->seed;
	at = (size_t)hash & (m->slot_count - 1);
	while (m->slots[at].index != SIZE_MAX && memcmp(&m->slots[at].key, key, sizeof(*key)) != 0)
		at = (at + 1) & (m->slot_count - 1);
	return &m->slots[at];
}

size_t key_map_find(const struct key_map *m, const struct row_key *key)
{
	return m->slot_count == 0 ? SIZE_MAX : find_key(m, key)->index;
}

static int widen(struct key_map *m)
{
	struct key_map wider = *m;

	wider.slot_count = m->slot_count ? m->slot_count * 2 : FIRST_SLOTS;
	wider.slots = calloc(wider.slot_count, sizeof(*wider.slots));
	if (!wider.slots)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < wider.slot_count; i++)
		wider.slots[i].index = SIZE_MAX;
	for (size_t i = 0; i < m->slot_count; i++)
		if (m->slots[i].index != SIZE_MAX)
			*find_key(&wider, &m->slots[i].key) = m->slots[i];
	free(m->slots);
	*m = wider;
	return STATUS_OK;
}

int key_map_add(struct key_map *m, const struct row_key *key, size_t index)
{
	if (m->count >= m->slot_count / 2) {
		int status = widen(m);

		if (status != STATUS_OK)
			return status;
	}
	*find_key(m, key) = (struct key_slot){*key, index};
	m->count++;
	return STATUS_OK;
}
