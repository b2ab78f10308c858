#include "pipeline/assess_memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#define SLOTS         65536 /* a power of two, more than there is room for answers */
#define KEY_BYTES_MAX (sizeof(struct assess_question) + ASSESS_TEXTS * DISPLAY_CHARS_MAX)
#define ANSWER_ALIGN  16

/* A flag without the room behind its texts: they follow one another, each with its closing zero. */
struct kept_flag {
	enum flag_id id;
	enum severity severity;
	enum flag_scope scope;
	const struct registry_exception *accepted;
	const char *rule;
};

/* What is kept of an answer: behind it its flags, then their texts, then the question in bytes. */
struct kept {
	uint64_t hash;
	size_t key_len;
	struct program_answer program;
	_Alignas(struct verdict) unsigned char verdict[offsetof(struct verdict, flags)];
	unsigned flag_count;
	size_t text_bytes;
};

struct assess_memory {
	const struct registry *registry;
	const struct flag_rules *rules;
	struct kept *slots[SLOTS]; /* by hash: the last with that place */
	unsigned char *room;
	size_t used;
	uint64_t hits;
	unsigned char key[KEY_BYTES_MAX];
};

int assess_memory_new(struct assess_memory **ret_gives, const struct registry *registry,
        const struct flag_rules *rules)
{
	struct assess_memory *m = calloc(1, sizeof(*m));

	if (!m)
		return STATUS_NO_MEMORY;
	m->room = malloc(ASSESS_MEMORY_BYTES);
	if (!m->room) {
		assess_memory_free(m);
		return STATUS_NO_MEMORY;
	}
	m->registry = registry;
	m->rules = rules;
	*ret_gives = m;
	return STATUS_OK;
}

struct assess_memory *assess_memory_free(struct assess_memory *m)
{
	if (m)
		free(m->room);
	free(m);
	return NULL;
}

uint64_t assess_memory_hits(const struct assess_memory *m)
{
	return m->hits;
}

/* The whole question in bytes, texts with their closing zeros, but for the time of day, of which
 * the answer tells whether it mattered; 0 when a text is longer than any that is shown. Bytes
 * between members are whatever they are: at worst an answer is not found. */
static size_t write_key(struct assess_memory *m, const struct assess_question *q)
{
	struct assess_question plain;
	size_t len = offsetof(struct assess_question, text);

	memcpy(&plain, q, sizeof(plain));
	plain.subject.first_ns = plain.subject.last_ns = 0;
	memcpy(m->key, &plain, len);
	for (size_t i = 0; i < ASSESS_TEXTS; i++) {
		size_t bytes = strlen(q->text[i]) + 1;

		if (bytes > DISPLAY_CHARS_MAX)
			return 0;
		memcpy(m->key + len, q->text[i], bytes);
		len += bytes;
	}
	return len;
}

/* The places of two questions may be one: then the later takes it, and nothing else happens. */
static uint64_t hash_of(const unsigned char *key, size_t len)
{
	uint64_t hash = len;

	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		uint64_t word = 0;
		size_t rest = len - i;

		memcpy(&word, key + i, rest < sizeof(word) ? rest : sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return hash;
}

static struct kept_flag *flags_of(struct kept *k)
{
	return (struct kept_flag *)(void *)(k + 1);
}

static char *texts_of(struct kept *k)
{
	return (char *)(flags_of(k) + k->flag_count);
}

static unsigned char *key_of(struct kept *k)
{
	return (unsigned char *)texts_of(k) + k->text_bytes;
}

static size_t text_bytes(const struct flag *f)
{
	return strlen(f->sentence) + strlen(f->register_says) + strlen(f->would_clear) + 3;
}

static char *put_text(char *at, const char *text)
{
	size_t bytes = strlen(text) + 1;

	memcpy(at, text, bytes);
	return at + bytes;
}

static const char *get_text(const char *at, char *ret)
{
	size_t bytes = strlen(at) + 1;

	memcpy(ret, at, bytes);
	return at + bytes;
}

static void put_flags(struct kept *k, const struct verdict *v)
{
	char *at = texts_of(k);

	for (unsigned i = 0; i < v->flag_count; i++) {
		const struct flag *f = &v->flags[i];

		flags_of(k)[i] = (struct kept_flag){.id = f->id,
		        .severity = f->severity,
		        .scope = f->scope,
		        .accepted = f->accepted,
		        .rule = f->rule};
		at = put_text(at, f->sentence);
		at = put_text(at, f->register_says);
		at = put_text(at, f->would_clear);
	}
}

static bool is_answer_to(struct kept *k, uint64_t hash, const unsigned char *key, size_t len)
{
	return k && k->hash == hash && k->key_len == len && memcmp(key_of(k), key, len) == 0;
}

static void recall(struct kept *k, struct assessment *ret)
{
	const char *at = texts_of(k);

	ret->program = k->program;
	memcpy(&ret->verdict, k->verdict, sizeof(k->verdict));
	for (unsigned i = 0; i < k->flag_count; i++) {
		const struct kept_flag *kept = &flags_of(k)[i];
		struct flag *f = &ret->verdict.flags[i];

		f->id = kept->id;
		f->severity = kept->severity;
		f->scope = kept->scope;
		f->accepted = kept->accepted;
		f->rule = kept->rule;
		at = get_text(at, f->sentence);
		at = get_text(at, f->register_says);
		at = get_text(at, f->would_clear);
	}
}

static void keep(struct assess_memory *m, uint64_t hash, size_t len, const struct assessment *a)
{
	size_t bytes = sizeof(struct kept) + len, texts = 0;
	struct kept *k;

	for (unsigned i = 0; i < a->verdict.flag_count; i++)
		texts += text_bytes(&a->verdict.flags[i]);
	bytes += a->verdict.flag_count * sizeof(struct kept_flag) + texts;
	bytes = (bytes + ANSWER_ALIGN - 1) / ANSWER_ALIGN * ANSWER_ALIGN;
	if (bytes > ASSESS_MEMORY_BYTES - m->used) {
		memset(m->slots, 0, sizeof(m->slots));
		m->used = 0;
	}
	k = (struct kept *)(void *)(m->room + m->used);
	m->used += bytes;
	k->hash = hash;
	k->key_len = len;
	k->program = a->program;
	memcpy(k->verdict, &a->verdict, sizeof(k->verdict));
	k->flag_count = a->verdict.flag_count;
	k->text_bytes = texts;
	put_flags(k, &a->verdict);
	memcpy(key_of(k), m->key, len);
	m->slots[hash % SLOTS] = k;
}

int assess_recall(struct assess_memory *m, const struct assess_question *q, struct assessment *ret)
{
	size_t len = write_key(m, q);
	uint64_t hash = hash_of(m->key, len);
	struct kept *k = m->slots[hash % SLOTS];
	int status;

	if (len > 0 && is_answer_to(k, hash, m->key, len)) {
		recall(k, ret);
		m->hits++;
		return STATUS_OK;
	}
	status = assess_answer(q, m->registry, m->rules, ret);
	if (status == STATUS_OK && len > 0 && !ret->verdict.timed)
		keep(m, hash, len, ret);
	return status;
}
