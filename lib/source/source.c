#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "source/filter.h"
#include "source/input.h"
#include "source/live.h"

/* Below this many files each gets a large window. */
#define FILES_WITH_LARGE_WINDOWS 64

/* Files are merged with a heap of those that have a frame at hand, the earliest on top. */
struct source {
	struct live *live; /* or NULL */
	struct input *inputs;
	size_t count;
	size_t opened; /* inputs that have had their first frame asked for */
	struct input **heap;
	size_t heap_count;
	bool top_given; /* the frame of heap[0] is with the caller */
	struct filter *filter;
	struct source_shared shared;
};

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Each input takes its descriptor even when it fails; the caller closes those that are left. */
static int open_inputs(struct source *s, const int *fds, size_t count)
{
	size_t window = count < FILES_WITH_LARGE_WINDOWS ? INPUT_STREAM_WINDOW_BYTES
	                                                 : INPUT_STREAM_WINDOW_SMALL;
	int status = STATUS_OK;

	s->inputs = calloc(count, sizeof(*s->inputs));
	s->heap = calloc(count, sizeof(struct input *));
	if (!s->inputs || !s->heap)
		return STATUS_NO_MEMORY;
	while (status == STATUS_OK && s->count < count) {
		status = input_open(
		        &s->inputs[s->count], fds[s->count], (uint32_t)s->count, window);
		s->count++;
	}
	return status;
}

int source_open_files(
        struct source **ret_gives, const int *fds_taken, size_t count, const char *filter)
{
	char reason[FILTER_REASON_CHARS];
	struct source *s = calloc(1, sizeof(*s));
	int status = s ? STATUS_OK : STATUS_NO_MEMORY;

	if (s)
		source_shared_init(&s->shared);
	if (count == 0 || count > SOURCE_INPUTS_MAX)
		status = STATUS_USAGE;
	if (status == STATUS_OK && filter)
		status = filter_open(&s->filter, filter, reason);
	if (status == STATUS_OK)
		status = open_inputs(s, fds_taken, count);
	if (status != STATUS_OK) {
		size_t taken = s ? s->count : 0;

		source_free(s);
		close_all(fds_taken + taken, count - taken);
		return status;
	}
	*ret_gives = s;
	return STATUS_OK;
}

void source_without_hash(struct source *s)
{
	for (size_t i = 0; i < s->count; i++)
		input_stream_without_hash(&s->inputs[i].stream);
}

int source_open_live(struct source **ret_gives, const struct source_live_options *options,
        char ret_reason[static 256])
{
	struct source *s = calloc(1, sizeof(*s));
	int status;

	if (!s)
		return STATUS_NO_MEMORY;
	source_shared_init(&s->shared);
	status = live_open(&s->live, options, ret_reason);
	if (status != STATUS_OK) {
		source_free(s);
		return status;
	}
	*ret_gives = s;
	return STATUS_OK;
}

int source_exclude(
        struct source *s, const struct prefix *nets, size_t count, char ret_reason[static 256])
{
	if (s->live)
		return live_exclude(s->live, nets, count, ret_reason);
	snprintf(ret_reason, 256, "no kernel filters files");
	return STATUS_UNSUPPORTED;
}

struct source *source_free(struct source *s)
{
	if (!s)
		return NULL;
	live_free(s->live);
	for (size_t i = 0; i < s->count; i++)
		input_close(&s->inputs[i]);
	free(s->inputs);
	free(s->heap);
	filter_free(s->filter);
	source_shared_free(&s->shared);
	free(s);
	return NULL;
}

static bool earlier(const struct input *a, const struct input *b)
{
	if (a->frame.time_ns != b->frame.time_ns)
		return a->frame.time_ns < b->frame.time_ns;
	return a->index < b->index;
}

static void swap(struct input **a, struct input **b)
{
	struct input *held = *a;

	*a = *b;
	*b = held;
}

static void sift_down(struct source *s)
{
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= s->heap_count)
			return;
		if (child + 1 < s->heap_count && earlier(s->heap[child + 1], s->heap[child]))
			child++;
		if (!earlier(s->heap[child], s->heap[at]))
			return;
		swap(&s->heap[child], &s->heap[at]);
		at = child;
	}
}

static void push(struct source *s, struct input *in)
{
	size_t at = s->heap_count++;

	s->heap[at] = in;
	while (at > 0 && earlier(s->heap[at], s->heap[(at - 1) / 2])) {
		swap(&s->heap[at], &s->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

/* Moves the input on top, whose frame the caller has had, to its next frame. */
static int advance_top(struct source *s)
{
	int status = input_next(s->heap[0], &s->shared, s->filter);

	if (status < 0 || status == STATUS_MORE)
		return status;
	s->top_given = false;
	if (status == 0)
		s->heap[0] = s->heap[--s->heap_count];
	sift_down(s);
	return STATUS_OK;
}

/* Reads the first frame of every input. */
static int start_inputs(struct source *s)
{
	while (s->opened < s->count) {
		struct input *in = &s->inputs[s->opened];
		int status = input_next(in, &s->shared, s->filter);

		if (status < 0 || status == STATUS_MORE)
			return status;
		s->opened++;
		if (status == STATUS_ITEM)
			push(s, in);
	}
	return STATUS_OK;
}

static int next_of_files(struct source *s, struct frame *ret)
{
	int status = start_inputs(s);

	if (status == STATUS_OK && s->top_given)
		status = advance_top(s);
	if (status != STATUS_OK)
		return status == STATUS_MORE ? 0 : status;
	if (s->heap_count == 0)
		return 0;
	*ret = s->heap[0]->frame;
	s->top_given = true;
	return STATUS_ITEM;
}

int source_next(struct source *s, int timeout_ms, struct frame *ret)
{
	return s->live ? live_next(s->live, timeout_ms, ret) : next_of_files(s, ret);
}

bool source_ended(const struct source *s)
{
	if (s->live)
		return live_ended(s->live);
	return s->opened == s->count && s->heap_count == 0;
}

bool source_is_live(const struct source *s)
{
	return s->live != NULL;
}

bool source_can_be_read_again(const struct source *s)
{
	struct stat info;

	for (size_t i = 0; i < s->count; i++)
		if (fstat(s->inputs[i].stream.fd, &info) != 0 || !S_ISREG(info.st_mode))
			return false;
	return !s->live;
}

size_t source_input_count(const struct source *s)
{
	return s->live ? 1 : s->count;
}

int source_counts(struct source *s, size_t input, struct source_counts *ret)
{
	if (input >= source_input_count(s))
		return STATUS_USAGE;
	if (s->live)
		return live_counts(s->live, ret);
	input_counts(&s->inputs[input], ret);
	return STATUS_OK;
}

struct source_position source_position(const struct source *s)
{
	struct source_position position = {0};
	bool known = s->count > 0;

	if (s->live)
		position.bytes = live_bytes(s->live);
	for (size_t i = 0; i < s->count; i++) {
		const struct input_stream *in = &s->inputs[i].stream;
		struct stat info;

		position.bytes += in->stored_bytes;
		if (fstat(in->fd, &info) == 0 && S_ISREG(info.st_mode))
			position.bytes_total += (uint64_t)info.st_size;
		else
			known = false;
	}
	if (!known)
		position.bytes_total = 0;
	return position;
}

size_t source_secrets_count(const struct source *s)
{
	return s->shared.secrets_count;
}

struct source_secrets source_secrets(const struct source *s, size_t index)
{
	if (index >= s->shared.secrets_count)
		return (struct source_secrets){0};
	return s->shared.secrets[index];
}
