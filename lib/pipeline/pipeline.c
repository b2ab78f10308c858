#include "pipeline/pipeline.h"

#include <poll.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "net/fragment.h"
#include "pipeline/crew.h"
#include "pipeline/live_clock.h"
#include "pipeline/loss.h"
#include "pipeline/mirror_check.h"
#include "pipeline/progress.h"
#include "pipeline/saving.h"

#define TICK_NS NS_PER_SECOND /* of packet time between looks at idle flows */
#define POLL_MS 250
/* What the ring still holds at the end has come within that time. */
#define DRAIN_NS LIVE_CLOCK_LAG_NS
#define DRAIN_MS ((int)(DRAIN_NS / (NS_PER_SECOND / 1000)))
/* A full ring is read in less; this bounds a flood that goes on under a clock that was set back. */
#define DRAIN_NS_MAX (60 * NS_PER_SECOND)
/* At the end of a live run a reader of the store is waited for: 5 seconds each time. */
#define COMMIT_TRIES 24

struct pipeline {
	struct source *source;                  /* borrows */
	struct store *store;                    /* borrows */
	const struct pipeline_options *options; /* of the run; borrows */
	struct detect_rules *rules;             /* borrows; NULL: content is not looked into */
	const struct destination_facts *facts;  /* borrows */
	struct budget budget;                   /* of the fragments */
	struct fragment_table *fragments;
	struct practice practice; /* what the dealing itself has to know of it */
	struct crew *crew;
	struct store_queue *rows; /* to the store, while the crew works */
	struct mirror_check mirror;
	uint64_t losses[LOSSES];      /* counted here */
	uint64_t losses_told[LOSSES]; /* in the store, with those that other stages count */
	int64_t hour_ns;              /* in which losses happen; STORE_HOUR_UNKNOWN at first */
	/* By input: frames of a link type that is not read; what the store knows of the others. */
	uint64_t unread[SOURCE_INPUTS_MAX];
	uint64_t cut_told[SOURCE_INPUTS_MAX], dropped_told[SOURCE_INPUTS_MAX];
	uint64_t interface_told; /* live, which is one input */
	uint64_t frames;
	uint32_t unread_link; /* of the first frame whose link type is not known */
	int64_t first_ns, last_ns, ticked_ns;
	int64_t kept_ns, kept_hour_ns; /* live: when the store was last committed */
	int64_t flushed_ns;            /* live: when the crew last got all there was */
	struct live_clock clock;       /* live */
	int64_t started_ns, shown_ns;  /* when reading began, and progress was last shown */
};

int pipeline_new(struct pipeline **ret_gives, struct source *source, struct detect_rules *rules,
        const struct destination_facts *facts, struct store *store)
{
	struct pipeline *p = calloc(1, sizeof(*p));
	int status;

	if (!p)
		return STATUS_NO_MEMORY;
	p->source = source;
	p->store = store;
	p->hour_ns = STORE_HOUR_UNKNOWN;
	p->rules = rules;
	p->facts = facts;
	budget_init(&p->budget, PIPELINE_FRAGMENT_BYTES);
	status = fragment_table_new(&p->fragments, &p->budget);
	if (status == STATUS_OK)
		status = practice_begin(&p->practice);
	if (status != STATUS_OK) {
		pipeline_free(p);
		return status;
	}
	*ret_gives = p;
	return STATUS_OK;
}

/* After that nobody else is at the store. */
static void dismiss_crew(struct pipeline *p)
{
	p->crew = crew_free(p->crew);
	p->rows = store_queue_free(p->rows);
}

struct pipeline *pipeline_free(struct pipeline *p)
{
	if (!p)
		return NULL;
	dismiss_crew(p);
	practice_end(&p->practice);
	fragment_table_free(p->fragments);
	free(p);
	return NULL;
}

/* Files give the same in every run. What is captured live is captured once, and peers that are
 * there meanwhile must not choose the shard that they fill. */
static int make_crew(struct pipeline *p)
{
	const unsigned workers = p->options->workers ? p->options->workers : 1;
	struct worker_surroundings around = {.rules = p->rules,
	        .facts = p->facts,
	        .inside = &p->options->inside,
	        .unpacker_fd = p->options->unpacker_fd};
	int status = STATUS_OK;

	if (source_is_live(p->source) && getrandom(&around.shard_key, sizeof(around.shard_key),
	                                         0) != (ssize_t)sizeof(around.shard_key))
		status = STATUS_IO;
	if (status == STATUS_OK)
		status = store_queue_new(&p->rows, p->store, workers > 1);
	if (status != STATUS_OK)
		return status;
	around.rows = p->rows;
	return crew_new(&p->crew, &around, workers);
}

/* Those of the dealing, by now. */
static void sum_losses(struct pipeline *p, uint64_t ret[static LOSSES])
{
	struct fragment_counts fragments;

	memcpy(ret, p->losses, sizeof(p->losses));
	fragment_table_counts(p->fragments, &fragments);
	ret[LOSS_FRAGMENTS_EXPIRED] = fragments.expired;
	ret[LOSS_FRAGMENTS_EVICTED] = fragments.evicted;
	ret[LOSS_FRAGMENT_OVERLAPS] = fragments.overlaps;
	ret[LOSS_MALFORMED] += fragments.malformed;
	if (p->options->not_asked)
		ret[LOSS_REGISTERS_REFUSED] += atomic_load(p->options->not_asked);
	ret[LOSS_FRAMES_NOT_SAVED] = saving_lost(p->options->saver);
}

/* A live source tells of its drops while they happen, a file at its end. */
static int store_input_losses(struct pipeline *p, uint32_t input)
{
	const int64_t hour_ns = source_is_live(p->source) ? p->hour_ns : STORE_HOUR_UNKNOWN;
	struct source_counts counts;
	struct store_loss row = {.hour_ns = hour_ns};
	int status = source_counts(p->source, input, &counts);

	if (status != STATUS_OK)
		return status;
	row.count = counts.cut_frames - p->cut_told[input];
	p->cut_told[input] = counts.cut_frames;
	status = loss_store(p->store, input, LOSS_FRAMES_CUT, row);
	row.count = counts.dropped_frames - p->dropped_told[input];
	p->dropped_told[input] = counts.dropped_frames;
	if (status == STATUS_OK)
		status = loss_store(p->store, input, LOSS_FRAMES_DROPPED, row);
	if (status != STATUS_OK || !source_is_live(p->source))
		return status;
	row.count = counts.interface_dropped_frames - p->interface_told;
	p->interface_told = counts.interface_dropped_frames;
	return loss_store(p->store, input, LOSS_INTERFACE_DROPPED, row);
}

/* What was lost since the last time. When the crew has told of its own it rests, so that the store
 * is ours. */
static int store_losses_of(struct pipeline *p)
{
	int status = crew_tell_losses(p->crew, p->hour_ns);
	uint64_t sums[LOSSES];

	sum_losses(p, sums);
	for (int i = 0; status == STATUS_OK && i < LOSSES; i++) {
		struct store_loss row = {
		        .count = sums[i] - p->losses_told[i], .hour_ns = p->hour_ns};

		status = loss_store(p->store, 0, (enum loss)i, row);
		p->losses_told[i] = sums[i];
	}
	for (uint32_t i = 0; status == STATUS_OK && i < source_input_count(p->source); i++)
		status = store_input_losses(p, i);
	return status;
}

/* Time may go back a little between frames; the hour does not. */
static int enter_hour(struct pipeline *p, int64_t hour_ns)
{
	int status = STATUS_OK;

	if (hour_ns <= p->hour_ns)
		return STATUS_OK;
	if (p->hour_ns != STORE_HOUR_UNKNOWN)
		status = store_losses_of(p);
	p->hour_ns = hour_ns;
	return status;
}

/* Packet time moves all shards, so that idle flows end even where no packet comes. */
static int tick(struct pipeline *p, int64_t now_ns)
{
	if (now_ns - p->ticked_ns < TICK_NS)
		return STATUS_OK;
	p->ticked_ns = now_ns;
	return crew_tick(p->crew, now_ns);
}

static int handle_packet(struct pipeline *p, const struct packet *packet)
{
	int status;

	if (saving_excludes_packet(p->options, packet)) {
		p->losses[LOSS_EXCLUDED_NET]++;
		return STATUS_OK;
	}
	if (mirror_check_feed(&p->mirror, packet, &p->practice.inside))
		log_warning("%s", p->mirror.warning);
	practice_feed(&p->practice, packet);
	status = crew_feed(p->crew, packet);
	return status == STATUS_OK ? tick(p, packet->time_ns) : status;
}

/* A mirror port may wrap its frames, inside of the practice; a tunnel over the border is egress
 * of its own, whatever the packets in it say of their ends. */
static bool crosses_border(const struct pipeline *p, const struct tuple *t)
{
	return inside_nets_contain(&p->practice.inside, &t->src.addr) !=
	       inside_nets_contain(&p->practice.inside, &t->dst.addr);
}

/* The last fragment of a datagram that holds a tunnel's packet stands for all of them. */
static int handle_carrier(struct pipeline *p, const struct packet *fragment)
{
	struct packet carrier = *fragment;

	carrier.outcome = PACKET_OK;
	return handle_packet(p, &carrier);
}

/* A datagram put together may hold a fragment again (a tunnel's); each round strips a header. */
static int handle_fragment(struct pipeline *p, const struct packet *fragment)
{
	struct packet part = *fragment, whole;

	for (int round = 0; round < PACKET_LAYERS_MAX; round++) {
		int status = fragment_table_feed(p->fragments, &part, &whole);

		if (status != STATUS_ITEM)
			return status;
		if (whole.tunnelled && !part.tunnelled && crosses_border(p, &part.tuple))
			status = handle_carrier(p, &part);
		if (status < 0)
			return status;
		if (whole.outcome == PACKET_OK)
			return handle_packet(p, &whole);
		if (whole.outcome != PACKET_FRAGMENT)
			break;
		part = whole;
	}
	p->losses[LOSS_MALFORMED]++;
	return STATUS_OK;
}

static int handle_outermost(struct pipeline *p, const struct frame *frame)
{
	struct packet outer;

	packet_decode_outermost(frame, &outer);
	if (outer.outcome != PACKET_OK || !crosses_border(p, &outer.tuple))
		return STATUS_OK;
	return handle_packet(p, &outer);
}

static int handle_frame(struct pipeline *p, const struct frame *frame)
{
	static const enum loss losses[PACKET_OUTCOMES] = {
	        [PACKET_NOT_IP] = LOSS_NOT_IP,
	        [PACKET_UNKNOWN_LINK] = LOSS_UNKNOWN_LINK,
	        [PACKET_CUT] = LOSS_CUT,
	        [PACKET_MALFORMED] = LOSS_MALFORMED,
	        [PACKET_LIMIT] = LOSS_TOO_DEEP,
	};
	struct packet packet;
	int status = enter_hour(p, time_hour(frame->time_ns));

	if (status != STATUS_OK)
		return status;
	p->frames++;
	if (p->first_ns == 0 || frame->time_ns < p->first_ns)
		p->first_ns = frame->time_ns;
	if (frame->time_ns > p->last_ns)
		p->last_ns = frame->time_ns;
	packet_decode(frame, &packet);
	if (saving_excludes_frame(p->options, frame, &packet)) {
		p->losses[LOSS_EXCLUDED_NET]++;
		return STATUS_OK;
	}
	if (!saving_feed(p->options, frame, &packet))
		p->losses[LOSS_FRAMES_PERHAPS_EXCLUDED]++;
	if (packet.tunnelled)
		status = handle_outermost(p, frame);
	if (status != STATUS_OK)
		return status;
	if (packet.outcome == PACKET_OK)
		return handle_packet(p, &packet);
	if (packet.outcome == PACKET_UNKNOWN_LINK) {
		if (p->losses[LOSS_UNKNOWN_LINK] == 0)
			p->unread_link = frame->link_type;
		p->unread[frame->input]++;
	}
	if (packet.outcome != PACKET_FRAGMENT) {
		p->losses[losses[packet.outcome]]++;
		return STATUS_OK;
	}
	return handle_fragment(p, &packet);
}

/* Copies one input's counts to the store. Until a live input has ended, what is stored of it says
 * that it never did, should nothing come after. */
static int store_input_of(struct pipeline *p, uint32_t index, bool open)
{
	struct source_counts counts;
	struct store_input row;
	int status = source_counts(p->source, index, &counts);

	if (status != STATUS_OK)
		return status;
	if (open) {
		counts.end = STATUS_TRUNCATED;
		counts.end_reason = "the capture did not end in order";
		counts.end_after_frame = counts.frames;
	}
	if (source_is_live(p->source))
		live_clock_stretch(&p->clock, &counts.first_ns, &counts.last_ns);
	row = (struct store_input){
	        .frames = counts.frames,
	        .bytes = counts.bytes,
	        .dropped = counts.dropped_frames + counts.interface_dropped_frames,
	        .cut = counts.cut_frames,
	        .unread = p->unread[index],
	        .filtered = counts.filtered_frames,
	        .first_ns = counts.first_ns,
	        .last_ns = counts.last_ns,
	        .end_after_frame = counts.end_after_frame,
	};
	snprintf(row.sha256, sizeof(row.sha256), "%s", counts.sha256);
	snprintf(row.format, sizeof(row.format), "%s", counts.format ? counts.format : "");
	snprintf(row.kind, sizeof(row.kind), "%s",
	        strcmp(row.format, "live") == 0 ? "live" : "file");
	snprintf(row.end, sizeof(row.end), "%s", status_text(counts.end));
	snprintf(row.end_reason, sizeof(row.end_reason), "%s",
	        counts.end_reason ? counts.end_reason : "");
	return store_input_set(p->store, index, &row);
}

static int count_filtered(struct pipeline *p, uint64_t *ret)
{
	struct source_counts counts;
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < source_input_count(p->source); i++) {
		status = source_counts(p->source, i, &counts);
		if (status == STATUS_OK)
			*ret += counts.filtered_frames;
	}
	return status;
}

static int store_inputs_of(struct pipeline *p, bool open)
{
	size_t inputs = source_input_count(p->source);
	int status = STATUS_OK;

	for (uint32_t i = 0; status == STATUS_OK && i < inputs; i++)
		status = store_input_of(p, i, open);
	return status;
}

/* Commits all that is known by now. With a reader in the way it is kept the next time. */
static int keep(struct pipeline *p)
{
	int status = crew_keep(p->crew);

	if (status == STATUS_OK)
		status = store_inputs_of(p, true);
	if (status == STATUS_OK)
		status = store_losses_of(p);
	if (status != STATUS_OK)
		return status;
	status = store_keep(p->store);
	return status == STATUS_BUSY ? STATUS_OK : status;
}

/* A minute of the clock has passed, or packet time has reached the next hour. */
static int keep_in_time(struct pipeline *p, int64_t now_ns)
{
	int64_t hour_ns = time_hour(p->ticked_ns);

	if (now_ns - p->kept_ns < PIPELINE_KEEP_NS && hour_ns == p->kept_hour_ns)
		return STATUS_OK;
	p->kept_ns = now_ns;
	p->kept_hour_ns = hour_ns;
	return keep(p);
}

static int64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* A line a second at most; a shorter one leaves nothing of a longer one behind. */
static void show_progress(struct pipeline *p, int64_t now_ns)
{
	const struct source_position position = source_position(p->source);
	struct progress now = {.bytes = position.bytes,
	        .bytes_total = position.bytes_total,
	        .packets = p->frames,
	        .no_content = !p->rules,
	        .elapsed_ns = now_ns - p->started_ns,
	        .duration_ns = p->options->duration_ns};
	char line[PROGRESS_CHARS];

	now.clinical = crew_clinical(p->crew);
	p->shown_ns = now_ns;
	progress_line(&now, line);
	fprintf(stderr, "\r%s\x1b[K", line);
}

static int64_t time_of_day_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* Frames captured before the stop may still wait, in a block that the kernel has not handed over
 * or, after a flood, in many: all of them are read. */
static int drain_live(struct pipeline *p)
{
	int64_t began_ns = wall_clock_ns(), stopped_ns = time_of_day_ns();
	struct frame frame;

	while (wall_clock_ns() - began_ns < DRAIN_NS_MAX && !source_ended(p->source)) {
		int status = source_next(p->source, DRAIN_MS, &frame);

		if (status < 0)
			return status;
		if (status == STATUS_OK && wall_clock_ns() - began_ns >= DRAIN_NS)
			break;
		if (status != STATUS_ITEM)
			continue;
		status = handle_frame(p, &frame);
		if (status != STATUS_OK || frame.time_ns > stopped_ns)
			return status;
	}
	return STATUS_OK;
}

static bool is_asked(const struct pipeline_options *o)
{
	struct pollfd asks = {.fd = o->asks_fd, .events = POLLIN};

	return o->asks_fd >= 0 && poll(&asks, 1, 0) == 1 && (asks.revents & POLLIN);
}

/* Conversations end, and hours, also while no packet comes. */
static int tick_by_clock(struct pipeline *p, const struct live_moment *now)
{
	int64_t ns = live_clock_now(&p->clock, now, p->ticked_ns);
	int status = STATUS_OK;

	if (ns >= p->ticked_ns) {
		if (ns > p->ticked_ns && ns <= now->time_of_day_ns)
			status = enter_hour(p, time_hour(ns));
		return status == STATUS_OK ? tick(p, ns) : status;
	}
	p->ticked_ns = ns;
	return crew_tick(p->crew, ns);
}

/* What goes by the clock, also while few packets come, or so many that no wait ends empty. */
static int work_in_time(struct pipeline *p, int64_t now_ns, bool quiet)
{
	const struct live_moment now = {now_ns, time_of_day_ns(), quiet};
	int status;

	saving_tick(p->options->saver, now_ns, now.time_of_day_ns);
	if (!source_is_live(p->source))
		return STATUS_OK;
	if (now_ns - p->flushed_ns >= POLL_MS * (NS_PER_SECOND / 1000)) {
		p->flushed_ns = now_ns;
		status = tick_by_clock(p, &now);
		if (status != STATUS_OK)
			return status;
		crew_flush(p->crew);
		if (is_asked(p->options))
			return STATUS_ITEM;
	}
	return keep_in_time(p, now_ns);
}

/* Of any frame that was read, also one without a packet that is followed. */
static int note_time(struct pipeline *p, int64_t frame_ns, int64_t now_ns)
{
	live_clock_heard(&p->clock, now_ns);
	return tick(p, frame_ns);
}

static int read_source(struct pipeline *p)
{
	const struct pipeline_options *o = p->options;
	int64_t now_ns = wall_clock_ns();
	const bool live = source_is_live(p->source);
	struct frame frame;
	bool quiet = false;
	int status = STATUS_OK;

	for (uint64_t turn = 0; !(o->stop && *o->stop); turn++) {
		if (live || turn % 256 == 0 || status == STATUS_OK) {
			now_ns = wall_clock_ns();
			status = work_in_time(p, now_ns, quiet);
			if (status != STATUS_OK)
				return status;
		}
		if (o->duration_ns > 0 && now_ns - p->started_ns >= o->duration_ns)
			break;
		if (o->progress && now_ns - p->shown_ns >= NS_PER_SECOND)
			show_progress(p, now_ns);
		status = source_next(p->source, POLL_MS, &frame);
		if (status < 0)
			return status;
		quiet = status == STATUS_OK;
		if (status == STATUS_ITEM) {
			int handled = handle_frame(p, &frame);

			if (handled == STATUS_OK && live)
				handled = note_time(p, frame.time_ns, now_ns);
			if (handled != STATUS_OK)
				return handled;
		} else if (source_ended(p->source)) {
			break;
		}
	}
	if (o->progress && p->shown_ns != p->started_ns)
		fprintf(stderr, "\r\x1b[K");
	return live ? drain_live(p) : STATUS_OK;
}

static void describe_result(const struct pipeline *p, struct pipeline_result *ret)
{
	struct shard_counts shards;
	struct worker_budgets budgets;

	crew_counts(p->crew, &shards);
	crew_budgets(p->crew, &budgets);
	ret->frames = p->frames;
	ret->flows = shards.flows;
	ret->unread_frames = p->losses[LOSS_UNKNOWN_LINK];
	ret->unread_link = p->unread_link;
	ret->any_packet = ret->frames > ret->unread_frames;
	ret->first_ns = p->first_ns;
	ret->last_ns = p->last_ns;
	ret->budget_peak_bytes = budgets.peak_bytes + p->budget.peak_bytes;
	ret->budget_refusals = budgets.refusals + p->budget.refusals;
	snprintf(ret->mirror_warning, sizeof(ret->mirror_warning), "%s", p->mirror.warning);
	practice_describe(&p->practice, ret->inside);
}

static int read_and_store(struct pipeline *p, struct pipeline_result *ret)
{
	int status = read_source(p);

	if (status == STATUS_ITEM)
		return status;
	/* Half a file must not pass for the whole of it, nor replace what the whole gave. What came
	 * through a pipe is reported, as cut short. */
	ret->interrupted = !source_ended(p->source) && source_can_be_read_again(p->source);
	if (status != STATUS_OK || ret->interrupted)
		return status;
	status = crew_finish(p->crew);
	saving_finish(p->options->saver);
	mirror_check_finish(&p->mirror);
	if (status == STATUS_OK)
		status = store_inputs_of(p, false);
	if (status == STATUS_OK)
		status = count_filtered(p, &ret->filtered);
	if (status == STATUS_OK)
		status = store_losses_of(p);
	return status;
}

/* What was captured live cannot be read again, so readers of the store are waited for. */
static int commit(struct pipeline *p)
{
	int status = store_commit(p->store);

	for (int i = 1; status == STATUS_BUSY && source_is_live(p->source) && i < COMMIT_TRIES; i++)
		status = store_commit(p->store);
	return status;
}

static int begin_run(struct pipeline *p)
{
	size_t inputs = source_input_count(p->source);
	uint32_t index = 0;
	int status;

	practice_know(&p->practice, &p->options->inside);
	status = make_crew(p);
	for (size_t i = 0; status == STATUS_OK && i < inputs; i++)
		status = store_input_begin(p->store, &index);
	p->started_ns = p->shown_ns = wall_clock_ns();
	live_clock_begin(&p->clock, p->started_ns);
	return status;
}

static void give_up(struct pipeline *p)
{
	dismiss_crew(p);
	store_abandon(p->store);
}

int pipeline_run(
        struct pipeline *p, const struct pipeline_options *options, struct pipeline_result *ret)
{
	int status = STATUS_OK;

	p->options = options;
	if (!p->crew) {
		*ret = (struct pipeline_result){0};
		status = begin_run(p);
	}
	if (status == STATUS_OK)
		status = read_and_store(p, ret);
	if (status == STATUS_ITEM)
		return status;
	if (status == STATUS_OK && !ret->interrupted)
		describe_result(p, ret);
	/* A time in which nothing could be read must not count as one that was captured. */
	if (status != STATUS_OK || (!ret->any_packet && !source_is_live(p->source))) {
		give_up(p);
		return status;
	}
	dismiss_crew(p);
	/* What the crew held lies between the store's pages: it is given back before the reports
	 * take theirs. */
	malloc_trim(0);
	return commit(p);
}

int pipeline_renew(struct pipeline *p, const struct pipeline_options *options)
{
	int status;

	p->options = options;
	practice_know(&p->practice, &options->inside);
	status = crew_know(p->crew, &options->inside);
	/* With the next rows the store is committed. */
	p->kept_ns = 0;
	return status;
}

int pipeline_use_rules(struct pipeline *p, struct detect_rules *rules)
{
	int status = crew_know(p->crew, &p->options->inside);

	if (rules && !p->rules)
		return STATUS_BUG;
	return status == STATUS_OK && rules ? crew_use_rules(p->crew, rules) : status;
}

void pipeline_count_loss(struct pipeline *p, enum loss what)
{
	p->losses[what]++;
}
