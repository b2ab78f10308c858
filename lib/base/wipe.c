#include "base/wipe.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void wipe_free(void *memory)
{
	if (memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

void *wipe_zlib_alloc(void *unused, unsigned count, unsigned bytes)
{
	(void)unused;
	return calloc(count, bytes);
}

void wipe_zlib_free(void *unused, void *memory)
{
	(void)unused;
	wipe_free(memory);
}
