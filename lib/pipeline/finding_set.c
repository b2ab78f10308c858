#include "pipeline/finding_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#define SECONDS_TOLD_MAX 90 /* longer recordings are told in minutes */
#define LENGTH_CHARS     40
#define TAGS_FIRST       64 /* a power of two, doubled at half full */

void finding_set_init(struct finding_set *s, struct budget *borrowed)
{
	*s = (struct finding_set){.budget = borrowed};
}

void finding_set_free(struct finding_set *s)
{
	budget_release(s->budget, s->capacity * sizeof(*s->sums));
	budget_release(s->budget, s->tag_capacity * sizeof(*s->tags));
	free(s->sums);
	free(s->tags);
	*s = (struct finding_set){.budget = s->budget};
}

static struct finding_sum *find(struct finding_set *s, const struct finding *f)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct finding *have = &s->sums[i].finding;

		if (have->tier == f->tier && have->direction == f->direction &&
		        have->metadata == f->metadata && strcmp(have->kind, f->kind) == 0 &&
		        strcmp(have->place, f->place) == 0)
			return &s->sums[i];
	}
	return NULL;
}

/* Room for one more, or NULL with *ret_status saying why: 0 means the set is full. */
static struct finding_sum *take_room(struct finding_set *s, int *ret_status)
{
	unsigned capacity = s->capacity ? s->capacity * 2 : 4;
	size_t more = (capacity - s->capacity) * sizeof(*s->sums);
	struct finding_sum *sums;

	*ret_status = STATUS_OK;
	if (s->count < s->capacity)
		return &s->sums[s->count++];
	if (capacity > FINDING_SET_MAX || budget_charge(s->budget, more) != STATUS_OK)
		return NULL;
	sums = reallocarray(s->sums, capacity, sizeof(*sums));
	if (!sums) {
		budget_release(s->budget, more);
		*ret_status = STATUS_NO_MEMORY;
		return NULL;
	}
	s->sums = sums;
	s->capacity = capacity;
	return &s->sums[s->count++];
}

/* True when the tag was not there. The table has a free place. */
static bool put_tag(uint64_t *tags, uint32_t capacity, uint64_t tag)
{
	uint32_t at = (uint32_t)tag & (capacity - 1);

	while (tags[at] && tags[at] != tag)
		at = (at + 1) & (capacity - 1);
	if (tags[at] == tag)
		return false;
	tags[at] = tag;
	return true;
}

static int grow_tags(struct finding_set *s)
{
	uint32_t capacity = s->tag_capacity ? s->tag_capacity * 2 : TAGS_FIRST;
	uint64_t *tags;

	if (budget_charge(s->budget, capacity * sizeof(*tags)) != STATUS_OK)
		return STATUS_LIMIT;
	tags = calloc(capacity, sizeof(*tags));
	if (!tags) {
		budget_release(s->budget, capacity * sizeof(*tags));
		return STATUS_NO_MEMORY;
	}
	for (uint32_t i = 0; i < s->tag_capacity; i++)
		if (s->tags[i])
			(void)put_tag(tags, capacity, s->tags[i]);
	budget_release(s->budget, s->tag_capacity * sizeof(*tags));
	free(s->tags);
	s->tags = tags;
	s->tag_capacity = capacity;
	return STATUS_OK;
}

static int add_tag(struct finding_set *s, uint64_t tag)
{
	int status = STATUS_OK;

	if (s->tag_count >= DETECT_TAGS_MAX) {
		s->tags_at_least = true;
		return STATUS_OK;
	}
	if (s->tag_count * 2 >= s->tag_capacity)
		status = grow_tags(s);
	if (status == STATUS_LIMIT) {
		s->tags_at_least = true;
		return STATUS_OK;
	}
	if (status == STATUS_OK && put_tag(s->tags, s->tag_capacity, tag))
		s->tag_count++;
	return status;
}

int finding_set_add(struct finding_set *s, const struct finding *f, bool outward)
{
	struct finding_sum *sum = find(s, f);
	int status = STATUS_OK;

	if (sum) {
		sum->finding.count += f->count;
		sum->finding.seconds += f->seconds;
		sum->measured += f->count == 0;
		sum->last_ns = f->time_ns;
	} else if (f->count > 0) {
		sum = take_room(s, &status);
		if (status != STATUS_OK)
			return status;
		if (sum) {
			sum->finding = *f;
			sum->finding.tag = 0;
			sum->measured = 0;
			sum->last_ns = f->time_ns;
		} else {
			s->folded += f->count;
		}
	}
	if (outward && f->tag != 0 && f->class == CLASS_PATIENT &&
	        (f->tier == TIER_MEDIUM || f->tier == TIER_HIGH))
		status = add_tag(s, f->tag);
	return status;
}

static void write_length(const struct finding_sum *sum, char *text, size_t size)
{
	uint64_t seconds = sum->finding.seconds;
	const char *about = sum->measured < sum->finding.count ? "at least" : "about";

	if (sum->measured == 0)
		snprintf(text, size, ", of unknown length");
	else if (seconds < SECONDS_TOLD_MAX)
		snprintf(text, size, ", %s %llu second%s", about, (unsigned long long)seconds,
		        seconds == 1 ? "" : "s");
	else
		snprintf(text, size, ", %s %llu minutes", about,
		        (unsigned long long)((seconds + 30) / 60));
}

void finding_set_tell(const struct finding_sum *sum, struct finding *ret)
{
	char length[LENGTH_CHARS];
	size_t at;

	*ret = sum->finding;
	if (!ret->sound)
		return;
	write_length(sum, length, sizeof(length));
	at = strnlen(ret->place, sizeof(ret->place));
	if (at + strlen(length) < sizeof(ret->place))
		memcpy(ret->place + at, length, strlen(length) + 1);
}
