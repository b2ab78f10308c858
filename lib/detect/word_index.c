#include "detect/word_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "base/status.h"

/* Most texts are done with after so many bytes: no longer word begins, or ends, like that. */
#define FIRST_BYTES 3
#define FIRST_BITS  (1u << 13) /* beginnings by hash: 1 in 20 is set */

/* Where a word has to lie in a text. The bytes of an end are hashed from the last one on. */
enum anchor { ANCHOR_WHOLE, ANCHOR_START, ANCHOR_END, ANCHOR_INSIDE, ANCHORS };

struct word_index {
	const struct word *words; /* borrows */
	uint16_t *next;    /* of the same slot or list, by word; the index plus one; 0: none */
	uint16_t *slots;   /* the same */
	size_t slot_count; /* a power of two */
	uint16_t inside[WORD_SETS];
	uint32_t *letters; /* of each word */
	uint32_t first[FIRST_BITS / 32];
	bool lengths[WORD_SETS][ANCHORS][WORD_BYTES_MAX + 1]; /* some word is that long */
	size_t longest[WORD_SETS][ANCHORS];
};

static enum anchor anchor_of(const struct word *w)
{
	if (w->star_before)
		return w->star_behind ? ANCHOR_INSIDE : ANCHOR_END;
	return w->star_behind ? ANCHOR_START : ANCHOR_WHOLE;
}

static size_t slot_of(const struct word_index *x, uint32_t hash, enum word_set set, enum anchor at)
{
	return fnv_byte(fnv_byte(hash, (uint8_t)set), (uint8_t)at) & (x->slot_count - 1);
}

static uint32_t hash_of(const struct word *w, enum anchor at, size_t len)
{
	uint32_t hash = FNV_BASIS;

	for (size_t i = 0; i < len; i++)
		hash = fnv_byte(hash, (uint8_t)w->text[at == ANCHOR_END ? w->len - 1 - i : i]);
	return hash;
}

/* The bit of a hash of FIRST_BYTES; whole words are found by their start. */
static size_t first_bit(uint32_t hash, enum word_set set, enum anchor at)
{
	return fnv_byte(fnv_byte(hash, (uint8_t)set), at == ANCHOR_END) % FIRST_BITS;
}

static bool some_goes_on(
        const struct word_index *x, uint32_t hash, enum word_set set, enum anchor at)
{
	const size_t bit = first_bit(hash, set, at);

	return x->first[bit / 32] >> bit % 32 & 1;
}

/* Which letters a text has: a word that has others does not lie in it. */
static uint32_t letters_of(struct span text)
{
	uint32_t letters = 0;

	for (size_t i = 0; i < text.len; i++)
		letters |= (uint32_t)1 << (text.data[i] & 31);
	return letters;
}

static void enter_first(struct word_index *x, const struct word *w, enum anchor at)
{
	const size_t bit = first_bit(hash_of(w, at, FIRST_BYTES), (enum word_set)w->set, at);

	x->first[bit / 32] |= (uint32_t)1 << bit % 32;
}

static void enter(struct word_index *x, size_t number)
{
	const struct word *w = &x->words[number];
	enum anchor at = anchor_of(w);
	uint16_t *list = &x->inside[w->set];

	x->letters[number] = letters_of(span_of(w->text, w->len));
	x->lengths[w->set][at][w->len] = true;
	if (w->len > x->longest[w->set][at])
		x->longest[w->set][at] = w->len;
	if (at != ANCHOR_INSIDE)
		list = &x->slots[slot_of(x, hash_of(w, at, w->len), (enum word_set)w->set, at)];
	if (at != ANCHOR_INSIDE && w->len > FIRST_BYTES)
		enter_first(x, w, at);
	x->next[number] = *list;
	*list = (uint16_t)(number + 1);
}

int word_index_new(struct word_index **ret_gives, const struct word *words, size_t count)
{
	struct word_index *x = calloc(1, sizeof(*x));

	if (!x)
		return STATUS_NO_MEMORY;
	x->words = words;
	x->slot_count = 64;
	while (x->slot_count < 2 * count)
		x->slot_count *= 2;
	x->slots = calloc(x->slot_count, sizeof(*x->slots));
	x->next = calloc(count + 1, sizeof(*x->next));
	x->letters = calloc(count + 1, sizeof(*x->letters));
	if (!x->slots || !x->next || !x->letters) {
		word_index_free(x);
		return STATUS_NO_MEMORY;
	}
	for (size_t i = 0; i < count; i++)
		enter(x, i);
	*ret_gives = x;
	return STATUS_OK;
}

struct word_index *word_index_free(struct word_index *x)
{
	if (!x)
		return NULL;
	free(x->slots);
	free(x->next);
	free(x->letters);
	free(x);
	return NULL;
}

/* Words of a slot that are this part of a text: others may share the slot. */
static struct kind_set kinds_at(const struct word_index *x, size_t slot, enum word_set set,
        enum anchor at, struct span part)
{
	struct kind_set kinds = {{0}};

	for (uint16_t n = x->slots[slot]; n != 0; n = x->next[n - 1]) {
		const struct word *w = &x->words[n - 1];

		if (w->set == set && anchor_of(w) == at && w->len == part.len &&
		        !memcmp(w->text, part.data, part.len))
			kind_set_add(&kinds, w->kind);
	}
	return kinds;
}

struct kind_set word_index_find_start(
        const struct word_index *x, enum word_set set, struct span text)
{
	const bool *lengths = x->lengths[set][ANCHOR_START];
	const size_t longest = x->longest[set][ANCHOR_START];
	const bool whole = text.len <= WORD_BYTES_MAX && x->lengths[set][ANCHOR_WHOLE][text.len];
	uint32_t hash = FNV_BASIS;
	struct kind_set kinds = {{0}};

	for (size_t len = 1; len <= text.len && (whole || len <= longest); len++) {
		hash = fnv_byte(hash, text.data[len - 1]);
		if (len <= longest && lengths[len])
			kinds = kind_set_join(
			        kinds, kinds_at(x, slot_of(x, hash, set, ANCHOR_START), set,
			                       ANCHOR_START, span_of(text.data, len)));
		if (len == FIRST_BYTES && len < text.len &&
		        !some_goes_on(x, hash, set, ANCHOR_START))
			return kinds;
	}
	if (whole)
		kinds = kind_set_join(kinds,
		        kinds_at(x, slot_of(x, hash, set, ANCHOR_WHOLE), set, ANCHOR_WHOLE, text));
	return kinds;
}

static struct kind_set find_inside(const struct word_index *x, enum word_set set, struct span text)
{
	const uint32_t letters = x->inside[set] != 0 ? letters_of(text) : 0;
	struct kind_set kinds = {{0}};

	for (uint16_t n = x->inside[set]; n != 0; n = x->next[n - 1]) {
		const struct word *w = &x->words[n - 1];

		if ((x->letters[n - 1] & ~letters) == 0 && text.len >= w->len &&
		        memmem(text.data, text.len, w->text, w->len))
			kind_set_add(&kinds, w->kind);
	}
	return kinds;
}

struct kind_set word_index_find_end(const struct word_index *x, enum word_set set, struct span text)
{
	const bool *lengths = x->lengths[set][ANCHOR_END];
	const size_t longest = x->longest[set][ANCHOR_END];
	uint32_t hash = FNV_BASIS;
	struct kind_set kinds = find_inside(x, set, text);

	for (size_t len = 1; len <= text.len && len <= longest; len++) {
		const uint8_t *from = text.data + text.len - len;

		hash = fnv_byte(hash, *from);
		if (lengths[len])
			kinds = kind_set_join(kinds, kinds_at(x, slot_of(x, hash, set, ANCHOR_END),
			                                     set, ANCHOR_END, span_of(from, len)));
		if (len == FIRST_BYTES && !some_goes_on(x, hash, set, ANCHOR_END))
			break;
	}
	return kinds;
}
