#include "source/process_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "source/source.h"

#define FIRST_CAPACITY 64

struct process_entry {
	uint64_t key; /* kind and key */
	int64_t start_ns;
	struct frame_process process; /* its texts stand in text */
	char *text;
	size_t text_bytes;
};

void process_table_init(struct process_table *t, struct budget *budget)
{
	*t = (struct process_table){.budget = budget};
}

void process_table_clear(struct process_table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		budget_release(t->budget, t->entries[i].text_bytes);
		free(t->entries[i].text);
	}
	free(t->entries);
	free(t->order);
	process_table_init(t, t->budget);
}

static uint64_t full_key(enum process_key_kind kind, uint32_t key)
{
	return (uint64_t)kind << 32 | key;
}

/* How many entries, in order, are not after this key and time. */
static size_t count_up_to(const struct process_table *t, uint64_t key, int64_t time_ns)
{
	size_t low = 0;
	size_t high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct process_entry *e = &t->entries[t->order[middle]];

		if (e->key < key || (e->key == key && e->start_ns <= time_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int grow(struct process_table *t)
{
	size_t capacity = t->capacity ? t->capacity * 2 : FIRST_CAPACITY;
	struct process_entry *entries;
	uint32_t *order;

	if (t->count < t->capacity)
		return STATUS_OK;
	if (t->count >= SOURCE_PROCESSES_MAX)
		return STATUS_LIMIT;
	entries = reallocarray(t->entries, capacity, sizeof(*entries));
	if (!entries)
		return STATUS_NO_MEMORY;
	t->entries = entries;
	order = reallocarray(t->order, capacity, sizeof(*order));
	if (!order)
		return STATUS_NO_MEMORY;
	t->order = order;
	t->capacity = capacity;
	return STATUS_OK;
}

/* Copies one text to *at with a closing zero; NULL when there is none. */
static const char *place(char **at, struct span text, char between)
{
	char *copy = *at;

	if (text.len == 0)
		return NULL;
	for (size_t i = 0; i < text.len; i++)
		copy[i] = text.data[i] ? (char)text.data[i] : between;
	copy[text.len] = '\0';
	*at += text.len + 1;
	return copy;
}

/* Up to its first zero, or with closing zeros taken off, and cut. */
static struct span tidy(struct span text, bool keep_inner_zeros)
{
	size_t zero = span_find_byte(text, 0);

	if (!keep_inner_zeros && zero < text.len)
		text.len = zero;
	while (text.len > 0 && text.data[text.len - 1] == 0)
		text.len--;
	return span_slice(text, 0, PROCESS_TEXT_BYTES_MAX);
}

static int copy_texts(
        struct process_table *t, const struct process_facts *facts, struct process_entry *e)
{
	struct span name = tidy(facts->name, false);
	struct span path = tidy(facts->path, false);
	struct span command = tidy(facts->command, true);
	char *at;

	e->text_bytes = name.len + path.len + command.len + 3;
	if (budget_charge(t->budget, e->text_bytes) != STATUS_OK)
		return STATUS_LIMIT;
	e->text = malloc(e->text_bytes);
	if (!e->text) {
		budget_release(t->budget, e->text_bytes);
		return STATUS_NO_MEMORY;
	}
	at = e->text;
	e->process.pid = facts->pid;
	e->process.name = place(&at, name, '\0');
	e->process.path = place(&at, path, '\0');
	e->process.command = place(&at, command, ' ');
	return STATUS_OK;
}

int process_table_add(struct process_table *t, const struct process_facts *facts)
{
	struct process_entry entry = {
	        .key = full_key(facts->kind, facts->key),
	        .start_ns = facts->start_ns,
	};
	size_t place_at;
	int status = grow(t);

	if (status == STATUS_OK)
		status = copy_texts(t, facts, &entry);
	if (status != STATUS_OK)
		return status;
	place_at = count_up_to(t, entry.key, entry.start_ns);
	memmove(&t->order[place_at + 1], &t->order[place_at],
	        (t->count - place_at) * sizeof(*t->order));
	t->order[place_at] = (uint32_t)t->count;
	t->entries[t->count++] = entry;
	return STATUS_OK;
}

int process_table_find(const struct process_table *t, enum process_key_kind kind, uint32_t key,
        int64_t time_ns, struct frame_process *ret)
{
	size_t after = count_up_to(t, full_key(kind, key), time_ns);
	const struct process_entry *e;

	if (after == 0)
		return STATUS_NOT_FOUND;
	e = &t->entries[t->order[after - 1]];
	if (e->key != full_key(kind, key))
		return STATUS_NOT_FOUND;
	*ret = e->process;
	return STATUS_OK;
}
