#include "registry/arena.h"

#include <stdint.h>
#include <stdlib.h>

#define ALIGNMENT 16

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(ALIGNMENT) unsigned char bytes[];
};

void *arena_alloc(struct arena *a, size_t count, size_t element_bytes)
{
	struct arena_block *block;
	size_t wanted;

	if (element_bytes != 0 && count > (SIZE_MAX / 4) / element_bytes)
		return NULL;
	wanted = (count * element_bytes + ALIGNMENT) & ~(size_t)(ALIGNMENT - 1);
	if (wanted > a->left) {
		size_t size = wanted > ARENA_BLOCK_BYTES ? wanted : ARENA_BLOCK_BYTES;

		block = calloc(1, sizeof(*block) + size);
		if (!block)
			return NULL;
		block->size = size;
		block->next = a->blocks;
		a->blocks = block;
		a->left = size;
	}
	a->left -= wanted;
	return a->blocks->bytes + a->left;
}

void arena_free(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	a->left = 0;
}
