#include "pipeline/store_door.h"

#include "base/status.h"

int store_door_init(struct store_door *d, struct store *borrowed)
{
	int error = pthread_mutex_init(&d->mutex, NULL);

	d->store = borrowed;
	return error == 0 ? STATUS_OK : status_from_errno(error);
}

void store_door_destroy(struct store_door *d)
{
	pthread_mutex_destroy(&d->mutex);
}

void store_door_enter(struct store_door *d)
{
	pthread_mutex_lock(&d->mutex);
}

void store_door_leave(struct store_door *d)
{
	pthread_mutex_unlock(&d->mutex);
}
