/* store_door: the store of a run, for one thread at a time. Whoever writes more than one row of a
 * conversation stays inside until the last. */
#ifndef EXEAT_PIPELINE_STORE_DOOR_H
#define EXEAT_PIPELINE_STORE_DOOR_H

#include <pthread.h>

#include "base/compiler.h"
#include "store/store.h"

struct store_door {
	struct store *store; /* borrows */
	pthread_mutex_t mutex;
};

int store_door_init(struct store_door *d, struct store *borrowed) WUNRES NONNULL(1, 2);
void store_door_destroy(struct store_door *d) NONNULL(1);
/* Waits. The store may be used until store_door_leave(). */
void store_door_enter(struct store_door *d) NONNULL(1);
void store_door_leave(struct store_door *d) NONNULL(1);

#endif
