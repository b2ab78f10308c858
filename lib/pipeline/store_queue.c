#include "pipeline/store_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "pipeline/thread.h"

/* So many are put before the thread is woken, and written before others are told of the room: it
 * sleeps less often than conversations end, and nobody waits for a whole ring. */
#define WAKE_PLACES (STORE_QUEUE_PLACES / 8)

struct place {
	struct store_rows rows;
	struct finding_set findings; /* what rows.findings points to */
	bool is_loss;                /* and nothing else */
	enum loss what;
	struct store_loss loss;
};

struct store_queue {
	struct store *store; /* borrows */
	/* NULL: not threaded. A ring: how many were put and done with; they lie at their number
	 * modulo the ring. */
	struct place *places;
	uint64_t put_count, done_count;
	bool hurry;  /* somebody waits for all of it */
	bool closed; /* what is left is dropped */
	int status;  /* of the first that failed */
	pthread_mutex_t mutex;
	pthread_cond_t put, done;
	bool has_lock;
	pthread_t thread;
	bool started;
};

/* ---- writing ---- */

static int write_findings(struct store *s, const struct store_rows *rows)
{
	const struct finding_set *set = rows->findings;
	uint64_t flow = rows->flow.id;
	int status = rows->stored_before ? store_clear_findings(s, flow) : STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < set->count; i++) {
		const struct finding_sum *sum = &set->sums[i];
		struct store_finding row = {.flow = flow,
		        .outward = rows->flow.out_index >= 0 &&
		                   sum->finding.direction == rows->flow.out_index,
		        .first_ns = sum->finding.time_ns,
		        .last_ns = sum->last_ns};

		finding_set_tell(sum, &row.finding);
		status = store_add_finding(s, &row);
	}
	for (uint32_t i = 0; status == STATUS_OK && i < set->tag_capacity; i++)
		if (set->tags[i])
			status = store_add_tag(s, flow, set->tags[i]);
	return status;
}

static int write_rows(struct store *s, struct store_rows *rows)
{
	int status = store_add_flow(s, &rows->flow);

	rows->record.flow = rows->flow.id;
	if (status == STATUS_OK)
		status = store_add_record(s, &rows->record);
	if (status == STATUS_OK)
		status = loss_store(s, rows->flow.input, LOSS_GAP_BYTES,
		        (struct store_loss){
		                .count = rows->gap_bytes, .hour_ns = rows->record.hour_ns});
	return status == STATUS_OK && rows->findings ? write_findings(s, rows) : status;
}

static int write_place(struct store *s, struct place *p)
{
	return p->is_loss ? loss_store(s, 0, p->what, p->loss) : write_rows(s, &p->rows);
}

/* ---- the ring ---- */

static void free_copy(struct finding_set *s)
{
	free(s->sums);
	free(s->tags);
	*s = (struct finding_set){.count = 0};
}

/* Of what is needed to write them; no budget counts it. */
static int copy_findings(const struct finding_set *from, struct finding_set *to)
{
	*to = (struct finding_set){.count = from->count, .tag_capacity = from->tag_capacity};
	if (from->count > 0)
		to->sums = malloc(from->count * sizeof(*to->sums));
	if (from->tag_capacity > 0)
		to->tags = malloc(from->tag_capacity * sizeof(*to->tags));
	if ((from->count > 0 && !to->sums) || (from->tag_capacity > 0 && !to->tags)) {
		free_copy(to);
		return STATUS_NO_MEMORY;
	}
	if (from->count > 0)
		memcpy(to->sums, from->sums, from->count * sizeof(*to->sums));
	if (from->tag_capacity > 0)
		memcpy(to->tags, from->tags, from->tag_capacity * sizeof(*to->tags));
	return STATUS_OK;
}

/* After a failure what comes is only taken, so that nobody waits for room. */
static void *write_all(void *arg)
{
	struct store_queue *q = arg;
	int status = STATUS_OK;

	pthread_mutex_lock(&q->mutex);
	for (;;) {
		uint64_t from = q->done_count, to;

		while (!q->closed &&
		        (q->put_count == from || (!q->hurry && q->put_count - from < WAKE_PLACES)))
			pthread_cond_wait(&q->put, &q->mutex);
		if (q->closed)
			break;
		to = q->put_count - from < WAKE_PLACES ? q->put_count : from + WAKE_PLACES;
		pthread_mutex_unlock(&q->mutex);
		for (uint64_t i = from; i < to; i++) {
			struct place *p = &q->places[i % STORE_QUEUE_PLACES];

			if (status == STATUS_OK)
				status = write_place(q->store, p);
			free_copy(&p->findings);
		}
		pthread_mutex_lock(&q->mutex);
		q->done_count = to;
		q->status = status;
		pthread_cond_broadcast(&q->done);
	}
	pthread_mutex_unlock(&q->mutex);
	return NULL;
}

/* With the lock; the place is whose who asks until he lets go of it. */
static struct place *next_place(struct store_queue *q)
{
	while (q->put_count - q->done_count == STORE_QUEUE_PLACES)
		pthread_cond_wait(&q->done, &q->mutex);
	return &q->places[q->put_count % STORE_QUEUE_PLACES];
}

static void place_filled(struct store_queue *q)
{
	q->put_count++;
	if (q->put_count - q->done_count >= WAKE_PLACES)
		pthread_cond_signal(&q->put);
}

static int start(struct store_queue *q)
{
	int status, error = pthread_mutex_init(&q->mutex, NULL);

	if (error == 0)
		error = pthread_cond_init(&q->put, NULL);
	if (error == 0)
		error = pthread_cond_init(&q->done, NULL);
	q->has_lock = error == 0;
	if (error != 0)
		return status_from_errno(error);
	q->places = calloc(STORE_QUEUE_PLACES, sizeof(*q->places));
	if (!q->places)
		return STATUS_NO_MEMORY;
	status = thread_start(&q->thread, write_all, q);
	q->started = status == STATUS_OK;
	return status;
}

int store_queue_new(struct store_queue **ret_gives, struct store *borrowed, bool threaded)
{
	struct store_queue *q = calloc(1, sizeof(*q));
	int status;

	if (!q)
		return STATUS_NO_MEMORY;
	q->store = borrowed;
	status = threaded ? start(q) : STATUS_OK;
	if (status != STATUS_OK) {
		store_queue_free(q);
		return status;
	}
	*ret_gives = q;
	return STATUS_OK;
}

struct store_queue *store_queue_free(struct store_queue *q)
{
	if (!q)
		return NULL;
	if (q->started) {
		pthread_mutex_lock(&q->mutex);
		q->closed = true;
		pthread_cond_signal(&q->put);
		pthread_mutex_unlock(&q->mutex);
		pthread_join(q->thread, NULL);
	}
	for (uint64_t i = q->done_count; i < q->put_count; i++)
		free_copy(&q->places[i % STORE_QUEUE_PLACES].findings);
	if (q->has_lock) {
		pthread_cond_destroy(&q->put);
		pthread_cond_destroy(&q->done);
		pthread_mutex_destroy(&q->mutex);
	}
	free(q->places);
	free(q);
	return NULL;
}

int store_queue_put(struct store_queue *q, struct store_rows *rows)
{
	struct finding_set findings = {.count = 0};
	struct place *p;
	int status = STATUS_OK;

	if (!q->places)
		return write_rows(q->store, rows);
	if (rows->findings)
		status = copy_findings(rows->findings, &findings);
	if (status != STATUS_OK)
		return status;
	pthread_mutex_lock(&q->mutex);
	p = next_place(q);
	p->is_loss = false;
	p->rows = *rows;
	p->findings = findings;
	p->rows.findings = rows->findings ? &p->findings : NULL;
	place_filled(q);
	status = q->status;
	pthread_mutex_unlock(&q->mutex);
	return status;
}

int store_queue_loss(struct store_queue *q, enum loss what, const struct store_loss *row)
{
	struct place *p;
	int status;

	if (!q->places)
		return loss_store(q->store, 0, what, *row);
	pthread_mutex_lock(&q->mutex);
	p = next_place(q);
	p->is_loss = true; /* its findings were freed with the place's last rows */
	p->what = what;
	p->loss = *row;
	place_filled(q);
	status = q->status;
	pthread_mutex_unlock(&q->mutex);
	return status;
}

int store_queue_wait(struct store_queue *q)
{
	int status;

	if (!q->places)
		return STATUS_OK;
	pthread_mutex_lock(&q->mutex);
	q->hurry = true;
	pthread_cond_signal(&q->put);
	while (q->done_count != q->put_count)
		pthread_cond_wait(&q->done, &q->mutex);
	q->hurry = false;
	status = q->status;
	pthread_mutex_unlock(&q->mutex);
	return status;
}
