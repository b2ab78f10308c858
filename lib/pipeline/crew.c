#include "pipeline/crew.h"

#include <stdlib.h>

#include "base/status.h"
#include "pipeline/overheard.h"

struct crew {
	struct worker *workers[CREW_WORKERS_MAX];
	unsigned count;
};

int crew_new(
        struct crew **ret_gives, const struct worker_surroundings *surroundings, unsigned workers)
{
	struct crew *c;
	int status = STATUS_OK;

	if (workers == 0 || workers > CREW_WORKERS_MAX)
		return STATUS_BUG;
	c = calloc(1, sizeof(*c));
	if (!c)
		return STATUS_NO_MEMORY;
	c->count = workers;
	for (unsigned i = 0; status == STATUS_OK && i < workers; i++)
		status = worker_new(&c->workers[i], surroundings, i, workers);
	if (status != STATUS_OK) {
		crew_free(c);
		return status;
	}
	*ret_gives = c;
	return STATUS_OK;
}

struct crew *crew_free(struct crew *c)
{
	if (!c)
		return NULL;
	for (unsigned i = 0; i < c->count; i++)
		worker_free(c->workers[i]);
	free(c);
	return NULL;
}

int crew_feed(struct crew *c, const struct packet *packet)
{
	unsigned shard = worker_shard(&packet->tuple);
	bool heard = overheard_concerns(packet);
	int status = STATUS_OK;

	for (unsigned i = 0; heard && status == STATUS_OK && i < c->count; i++)
		status = worker_hear(c->workers[i], packet);
	return status == STATUS_OK
	               ? worker_feed(c->workers[worker_of(shard, c->count)], shard, packet)
	               : status;
}

int crew_tick(struct crew *c, int64_t now_ns)
{
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < c->count; i++)
		status = worker_tick(c->workers[i], now_ns);
	return status;
}

int crew_keep(struct crew *c)
{
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < c->count; i++)
		status = worker_keep(c->workers[i]);
	return status;
}

int crew_finish(struct crew *c)
{
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < c->count; i++)
		status = worker_finish(c->workers[i]);
	return status;
}

int crew_tell_losses(struct crew *c, int64_t hour_ns)
{
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < c->count; i++)
		status = worker_tell_losses(c->workers[i], hour_ns);
	return status;
}

void crew_counts(const struct crew *c, struct shard_counts *ret)
{
	struct shard_counts one;

	*ret = (struct shard_counts){0};
	for (unsigned i = 0; i < c->count; i++) {
		worker_counts(c->workers[i], &one);
		shard_counts_add(ret, &one);
	}
}
