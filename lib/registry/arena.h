/* arena: memory of a snapshot, given piece by piece and freed as a whole. Bounded by what is put
 * in: the register's files, which are bounded themselves. */
#ifndef EXEAT_REGISTRY_ARENA_H
#define EXEAT_REGISTRY_ARENA_H

#include <stddef.h>

#include "base/compiler.h"

#define ARENA_BLOCK_BYTES 65536

struct arena_block;

/* Initialise to zero. */
struct arena {
	struct arena_block *blocks;
	size_t left; /* bytes of the first block */
};

/* Zeroed bytes, aligned for any object; NULL without memory. Borrows from the arena. */
void *arena_alloc(struct arena *a, size_t count, size_t element_bytes) WUNRES NONNULL(1);
void arena_free(struct arena *a) NONNULL(1);

#endif
