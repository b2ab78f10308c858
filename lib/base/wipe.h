/* wipe: memory that libraries take for content of ours is overwritten before it is given back, so
 * that it does not turn up in what is allocated next. For libraries that let their callers choose
 * the allocator. */
#ifndef EXEAT_BASE_WIPE_H
#define EXEAT_BASE_WIPE_H

/* As free(3), for memory of malloc(3). */
void wipe_free(void *memory);
/* As zlib wants them (zlib.h, alloc_func and free_func); the first argument is not used. */
void *wipe_zlib_alloc(void *unused, unsigned count, unsigned bytes);
void wipe_zlib_free(void *unused, void *memory);

#endif
