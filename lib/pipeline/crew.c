#include "pipeline/crew.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/status.h"
#include "pipeline/mailbox.h"
#include "pipeline/overheard.h"
#include "pipeline/thread.h"

/* A worker with its thread. */
struct hand {
	struct crew *crew; /* borrows */
	struct worker *worker;
	/* Its own shares, by their set; NULL: none, or the set itself. */
	struct detect_rules *rules[CREW_RULES_MAX];
	struct mailbox *mailbox; /* NULL: it works within the calls */
	pthread_t thread;
	bool started;
	atomic_ullong clinical;
};

struct crew {
	struct hand hands[CREW_WORKERS_MAX];
	unsigned count;
	struct store_queue *rows; /* borrows */
	uint64_t shard_key;
	struct detect_rules *sets[CREW_RULES_MAX];
	bool owned[CREW_RULES_MAX]; /* of the sets: the one that was given is borrowed */
	unsigned set;               /* that new conversations are searched by */
	atomic_int status;          /* of the first failure in a thread */
};

static int obey(struct worker *w, const struct letter *letter)
{
	switch (letter->kind) {
	case LETTER_PACKET:
		return worker_feed(w, letter->shard, letter->packet);
	case LETTER_HEARD:
		return worker_hear(w, letter->packet);
	case LETTER_TICK:
		return worker_tick(w, letter->time_ns);
	case LETTER_KEEP:
		return worker_keep(w);
	case LETTER_FINISH:
		return worker_finish(w);
	case LETTER_LOSSES:
		return worker_tell_losses(w, letter->time_ns);
	case LETTER_KNOW:
		worker_know(w, letter->inside);
		return STATUS_OK;
	}
	return STATUS_BUG;
}

/* After a failure letters are only taken, so that nobody waits for room. */
static void *work(void *arg)
{
	struct hand *h = arg;
	struct letter letter;
	int status = STATUS_OK;

	while (mailbox_take(h->mailbox, &letter)) {
		int none = STATUS_OK;

		if (status != STATUS_OK)
			continue;
		status = obey(h->worker, &letter);
		if (letter.kind == LETTER_TICK)
			atomic_store_explicit(
			        &h->clinical, worker_clinical(h->worker), memory_order_relaxed);
		if (status != STATUS_OK)
			atomic_compare_exchange_strong(&h->crew->status, &none, status);
	}
	return NULL;
}

static int start_thread(struct hand *h)
{
	int status = thread_start(&h->thread, work, h);

	h->started = status == STATUS_OK;
	return status;
}

static int add_hand(struct crew *c, const struct worker_surroundings *given, unsigned index)
{
	struct worker_surroundings around = *given;
	struct hand *h = &c->hands[index];
	int status = STATUS_OK;

	h->crew = c;
	if (index > 0 && given->rules) {
		status = detect_rules_share(&h->rules[0], given->rules);
		around.rules = h->rules[0];
	}
	if (status == STATUS_OK)
		status = worker_new(&h->worker, &around, index, c->count);
	if (status == STATUS_OK && c->count > 1)
		status = mailbox_new(&h->mailbox);
	return status == STATUS_OK && c->count > 1 ? start_thread(h) : status;
}

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
	c->rows = surroundings->rows;
	c->shard_key = surroundings->shard_key;
	c->sets[0] = surroundings->rules;
	for (unsigned i = 0; status == STATUS_OK && i < workers; i++)
		status = add_hand(c, surroundings, i);
	if (status != STATUS_OK) {
		crew_free(c);
		return status;
	}
	*ret_gives = c;
	return STATUS_OK;
}

/* Nobody uses it any more. */
static void forget_set(struct crew *c, unsigned set)
{
	for (unsigned i = 0; i < c->count; i++)
		c->hands[i].rules[set] = detect_rules_free(c->hands[i].rules[set]);
	if (c->owned[set])
		detect_rules_free(c->sets[set]);
	c->sets[set] = NULL;
	c->owned[set] = false;
}

struct crew *crew_free(struct crew *c)
{
	if (!c)
		return NULL;
	for (unsigned i = 0; i < c->count; i++) {
		struct hand *h = &c->hands[i];

		if (h->started) {
			mailbox_close(h->mailbox);
			pthread_join(h->thread, NULL);
		}
		worker_free(h->worker);
		mailbox_free(h->mailbox);
	}
	for (unsigned set = 0; set < CREW_RULES_MAX; set++)
		forget_set(c, set);
	free(c);
	return NULL;
}

static int status_of(const struct crew *c)
{
	return atomic_load_explicit(&c->status, memory_order_relaxed);
}

static int give(struct hand *h, const struct letter *letter)
{
	return h->mailbox ? mailbox_put(h->mailbox, letter) : obey(h->worker, letter);
}

static int give_all(struct crew *c, const struct letter *letter)
{
	int status = status_of(c);

	for (unsigned i = 0; status == STATUS_OK && i < c->count; i++)
		status = give(&c->hands[i], letter);
	return status;
}

static int give_all_and_wait(struct crew *c, const struct letter *letter)
{
	int status = give_all(c, letter);

	for (unsigned i = 0; i < c->count; i++)
		if (c->hands[i].mailbox)
			mailbox_wait(c->hands[i].mailbox);
	return status == STATUS_OK ? status_of(c) : status;
}

/* As give_all_and_wait; the rows that came of it are in the store, too. */
static int give_all_and_store(struct crew *c, const struct letter *letter)
{
	int status = give_all_and_wait(c, letter);
	int stored = store_queue_wait(c->rows);

	return status == STATUS_OK ? stored : status;
}

int crew_feed(struct crew *c, const struct packet *packet)
{
	struct letter letter = {.kind = LETTER_HEARD, .packet = packet};
	int status = STATUS_OK;

	if (overheard_concerns(packet))
		status = give_all(c, &letter);
	if (status == STATUS_OK)
		status = status_of(c);
	if (status != STATUS_OK)
		return status;
	letter.kind = LETTER_PACKET;
	letter.shard = worker_shard(&packet->tuple, c->shard_key);
	return give(&c->hands[worker_of(letter.shard, c->count)], &letter);
}

int crew_tick(struct crew *c, int64_t now_ns)
{
	return give_all(c, &(struct letter){.kind = LETTER_TICK, .time_ns = now_ns});
}

void crew_flush(struct crew *c)
{
	for (unsigned i = 0; i < c->count; i++)
		if (c->hands[i].mailbox)
			mailbox_send(c->hands[i].mailbox);
}

int crew_keep(struct crew *c)
{
	return give_all_and_store(c, &(struct letter){.kind = LETTER_KEEP});
}

int crew_finish(struct crew *c)
{
	return give_all_and_store(c, &(struct letter){.kind = LETTER_FINISH});
}

int crew_know(struct crew *c, const struct inside_nets *borrowed)
{
	return give_all_and_store(c, &(struct letter){.kind = LETTER_KNOW, .inside = borrowed});
}

static bool is_in_use(const struct crew *c, unsigned set)
{
	if (set == c->set || (c->sets[set] && detect_rules_in_use(c->sets[set])))
		return true;
	for (unsigned i = 0; i < c->count; i++)
		if (c->hands[i].rules[set] && detect_rules_in_use(c->hands[i].rules[set]))
			return true;
	return false;
}

static int share_set(struct crew *c, unsigned set)
{
	int status = STATUS_OK;

	for (unsigned i = 1; status == STATUS_OK && i < c->count; i++)
		status = detect_rules_share(&c->hands[i].rules[set], c->sets[set]);
	return status;
}

int crew_use_rules(struct crew *c, struct detect_rules *rules)
{
	unsigned place = CREW_RULES_MAX;
	int status;

	for (unsigned set = 0; set < CREW_RULES_MAX; set++) {
		if (is_in_use(c, set))
			continue;
		forget_set(c, set);
		place = set;
	}
	if (place == CREW_RULES_MAX)
		return STATUS_LIMIT;
	c->sets[place] = rules;
	status = share_set(c, place);
	if (status != STATUS_OK) {
		forget_set(c, place);
		return status;
	}
	c->owned[place] = true;
	c->set = place;
	for (unsigned i = 0; i < c->count; i++)
		worker_use_rules(c->hands[i].worker, i == 0 ? rules : c->hands[i].rules[place]);
	return STATUS_OK;
}

int crew_tell_losses(struct crew *c, int64_t hour_ns)
{
	return give_all_and_store(c, &(struct letter){.kind = LETTER_LOSSES, .time_ns = hour_ns});
}

uint64_t crew_clinical(const struct crew *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < c->count; i++)
		sum += c->hands[i].mailbox
		               ? atomic_load_explicit(&c->hands[i].clinical, memory_order_relaxed)
		               : worker_clinical(c->hands[i].worker);
	return sum;
}

void crew_counts(const struct crew *c, struct shard_counts *ret)
{
	struct shard_counts one;

	*ret = (struct shard_counts){0};
	for (unsigned i = 0; i < c->count; i++) {
		worker_counts(c->hands[i].worker, &one);
		shard_counts_add(ret, &one);
	}
}

void crew_budgets(const struct crew *c, struct worker_budgets *ret)
{
	*ret = (struct worker_budgets){0};
	for (unsigned i = 0; i < c->count; i++)
		worker_add_budgets(c->hands[i].worker, ret);
}
