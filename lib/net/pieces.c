#include "net/pieces.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

void pieces_init(struct pieces *p, struct budget *budget)
{
	*p = (struct pieces){.budget = budget};
}

static size_t charge_of(size_t room)
{
	return room + room / 8;
}

/* Both arrays are new, or both are as they were. */
static int grow(struct pieces *p, size_t need)
{
	size_t room = (need + PIECES_STEP_BYTES - 1) / PIECES_STEP_BYTES * PIECES_STEP_BYTES;
	uint8_t *bytes, *seen;

	if (need <= p->room)
		return STATUS_OK;
	if (budget_charge(p->budget, charge_of(room) - charge_of(p->room)) != STATUS_OK)
		return STATUS_LIMIT;
	bytes = calloc(1, room);
	seen = calloc(1, room / 8);
	if (!bytes || !seen) {
		free(bytes);
		free(seen);
		budget_release(p->budget, charge_of(room) - charge_of(p->room));
		return STATUS_NO_MEMORY;
	}
	if (p->room > 0) {
		memcpy(bytes, p->bytes, p->room);
		memcpy(seen, p->seen, p->room / 8);
	}
	free(p->bytes);
	free(p->seen);
	p->bytes = bytes;
	p->seen = seen;
	p->room = room;
	return STATUS_OK;
}

static bool is_seen(const struct pieces *p, size_t at)
{
	return (p->seen[at / 8] >> (at % 8) & 1) != 0;
}

int pieces_add(struct pieces *p, uint64_t offset, struct span bytes)
{
	size_t at;
	int status;

	if (offset > PIECES_BYTES_MAX || bytes.len > PIECES_BYTES_MAX - offset)
		return STATUS_LIMIT;
	at = (size_t)offset;
	status = grow(p, at + bytes.len);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < bytes.len; i++) {
		if (is_seen(p, at + i))
			continue;
		p->bytes[at + i] = bytes.data[i];
		p->seen[(at + i) / 8] |= (uint8_t)(1u << ((at + i) % 8));
	}
	while (p->front < p->room && is_seen(p, p->front))
		p->front++;
	return STATUS_OK;
}

struct span pieces_front(const struct pieces *p)
{
	return span_of(p->bytes, p->front);
}

void pieces_free(struct pieces *p)
{
	if (!p)
		return;
	free(p->bytes);
	free(p->seen);
	if (p->room > 0)
		budget_release(p->budget, charge_of(p->room));
	pieces_init(p, p->budget);
}
