#include "pipeline/worker.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/unpacker.h"

#define TCP 6

struct lane {
	struct budget budget;
	struct protocol_engine *engine;   /* NULL: another worker's lane */
	struct decode_unpacker *unpacker; /* the same; NULL: nobody opens documents, too */
};

struct worker {
	struct overheard *overheard;
	struct certificate_cache *certificates;
	struct decode_spares *spares;
	struct lane lanes[WORKER_LANES];
	struct shard *shards[FLOW_SHARDS]; /* NULL: the same */
	struct store_queue *rows;          /* borrows */
	bool first;                        /* tells for all what all have overheard alike */
	uint64_t told[LOSSES];             /* in the store */
};

/* FTP's control and data (RFC 959, RFC 4217 section 13), or a port that anything may have. */
static bool may_be_related(uint16_t port)
{
	return port == 20 || port == 21 || port == 989 || port == 990 || port >= RELATED_PORT_MIN;
}

/* The finisher of a multiplicative hash (Steele, Lea, Flood: SplitMix, 2014). */
static uint64_t stir(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t stir_endpoint(const struct endpoint *e, bool with_port, uint64_t key)
{
	struct cursor c = cursor_open_bytes(e->addr.bytes, sizeof(e->addr.bytes));
	uint64_t high = cursor_u64be(&c);

	return stir(stir((high + (with_port ? e->port : 0)) ^ key) ^ cursor_u64be(&c));
}

/* Whoever knows the key may fill one shard, and takes room from its lane alone (flow_limits). The
 * table of each shard hashes by a key of its own. */
unsigned worker_shard(const struct tuple *tuple, uint64_t key)
{
	const bool ports = tuple->protocol != TCP || !may_be_related(tuple->src.port) ||
	                   !may_be_related(tuple->dst.port);
	uint64_t both = stir_endpoint(&tuple->src, ports, key) +
	                stir_endpoint(&tuple->dst, ports, key);

	return (unsigned)(stir(both + tuple->protocol) % FLOW_SHARDS);
}

static unsigned lane_of(unsigned shard)
{
	return shard % WORKER_LANES;
}

unsigned worker_of(unsigned shard, unsigned count)
{
	return lane_of(shard) % count;
}

/* What a lane may hold of documents is its own, as its budget is. */
static int make_unpacker(struct lane *lane, const struct worker_surroundings *s)
{
	return s->unpacker_fd > 0 && s->rules ? decode_unpacker_new(&lane->unpacker, s->unpacker_fd)
	                                      : STATUS_OK;
}

/* The first lane of a worker has the tables that its others read. */
static int make_engine(struct lane *lane, const struct lane *first)
{
	return lane == first ? protocol_engine_new(&lane->engine)
	                     : protocol_engine_share(&lane->engine, first->engine);
}

static int make_shards(
        struct worker *w, const struct worker_surroundings *s, unsigned index, unsigned count)
{
	const struct practice *practice = overheard_practice(w->overheard);
	struct shard_surroundings around = {.inside = &practice->inside,
	        .rows = s->rows,
	        .conversations = {.rules = s->rules,
	                .facts = s->facts,
	                .names = overheard_names(w->overheard),
	                .certificates = w->certificates,
	                .spares = w->spares,
	                .computers = practice->computers}};
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < WORKER_LANES; i++) {
		budget_init(&w->lanes[i].budget, WORKER_LANE_BYTES);
		if (worker_of(i, count) == index)
			status = make_engine(&w->lanes[i], &w->lanes[index]);
		if (status == STATUS_OK && worker_of(i, count) == index)
			status = make_unpacker(&w->lanes[i], s);
	}
	for (unsigned i = 0; status == STATUS_OK && i < FLOW_SHARDS; i++) {
		if (worker_of(i, count) != index)
			continue;
		around.conversations.engine = w->lanes[lane_of(i)].engine;
		around.conversations.budget = &w->lanes[lane_of(i)].budget;
		around.conversations.unpacker = w->lanes[lane_of(i)].unpacker;
		status = shard_new(&w->shards[i], &around, WORKER_FLOWS_MAX);
	}
	return status;
}

int worker_new(struct worker **ret_gives, const struct worker_surroundings *surroundings,
        unsigned index, unsigned count)
{
	struct worker *w = calloc(1, sizeof(*w));
	int status;

	if (!w)
		return STATUS_NO_MEMORY;
	w->rows = surroundings->rows;
	w->first = index == 0;
	status = overheard_new(&w->overheard, surroundings->inside);
	if (status == STATUS_OK)
		status = certificate_cache_new(&w->certificates);
	if (status == STATUS_OK)
		status = decode_spares_new(&w->spares);
	if (status == STATUS_OK)
		status = make_shards(w, surroundings, index, count);
	if (status != STATUS_OK) {
		worker_free(w);
		return status;
	}
	*ret_gives = w;
	return STATUS_OK;
}

struct worker *worker_free(struct worker *w)
{
	if (!w)
		return NULL;
	for (unsigned i = 0; i < FLOW_SHARDS; i++)
		shard_free(w->shards[i]);
	for (unsigned i = WORKER_LANES; i-- > 0;)
		protocol_engine_free(w->lanes[i].engine);
	for (unsigned i = 0; i < WORKER_LANES; i++)
		decode_unpacker_free(w->lanes[i].unpacker);
	certificate_cache_free(w->certificates);
	decode_spares_free(w->spares);
	overheard_free(w->overheard);
	free(w);
	return NULL;
}

int worker_hear(struct worker *w, const struct packet *packet)
{
	return overheard_feed(w->overheard, packet);
}

void worker_know(struct worker *w, const struct inside_nets *borrowed)
{
	overheard_know(w->overheard, borrowed);
}

int worker_feed(struct worker *w, unsigned shard, const struct packet *packet)
{
	return shard_feed(w->shards[shard], packet);
}

void worker_use_rules(struct worker *w, struct detect_rules *rules)
{
	for (unsigned i = 0; i < FLOW_SHARDS; i++)
		if (w->shards[i])
			shard_use_rules(w->shards[i], rules);
}

int worker_tick(struct worker *w, int64_t now_ns)
{
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < FLOW_SHARDS; i++)
		if (w->shards[i])
			status = shard_tick(w->shards[i], now_ns);
	return status;
}

int worker_keep(struct worker *w)
{
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < FLOW_SHARDS; i++)
		if (w->shards[i])
			status = shard_keep(w->shards[i]);
	return status;
}

int worker_finish(struct worker *w)
{
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < FLOW_SHARDS; i++)
		if (w->shards[i])
			status = shard_finish(w->shards[i]);
	return status;
}

uint64_t worker_clinical(const struct worker *w)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < FLOW_SHARDS; i++)
		if (w->shards[i])
			sum += shard_clinical(w->shards[i]);
	return sum;
}

void worker_counts(const struct worker *w, struct shard_counts *ret)
{
	struct shard_counts one;

	*ret = (struct shard_counts){0};
	for (unsigned i = 0; i < FLOW_SHARDS; i++) {
		if (!w->shards[i])
			continue;
		shard_counts(w->shards[i], &one);
		shard_counts_add(ret, &one);
	}
}

void worker_add_budgets(const struct worker *w, struct worker_budgets *sum)
{
	const struct budget *overheard = overheard_budget(w->overheard);

	if (w->first) {
		sum->peak_bytes += overheard->peak_bytes;
		sum->refusals += overheard->refusals;
	}
	for (unsigned i = 0; i < WORKER_LANES; i++) {
		sum->peak_bytes += w->lanes[i].budget.peak_bytes;
		sum->refusals += w->lanes[i].budget.refusals;
	}
}

int worker_tell_losses(struct worker *w, int64_t hour_ns)
{
	struct shard_counts now;
	int status = STATUS_OK;

	worker_counts(w, &now);
	if (w->first)
		overheard_add_losses(w->overheard, now.losses);
	for (int i = 0; status == STATUS_OK && i < LOSSES; i++) {
		const struct store_loss row = {
		        .count = now.losses[i] - w->told[i], .hour_ns = hour_ns};

		if (row.count > 0)
			status = store_queue_loss(w->rows, (enum loss)i, &row);
		w->told[i] = now.losses[i];
	}
	return status;
}
