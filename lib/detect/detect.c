#include "detect/detect.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "detect/session.h"

int session_allocate(struct detect_session *s, size_t bytes, void **ret_gives)
{
	int status = budget_charge(s->budget, bytes);

	if (status != STATUS_OK)
		return status;
	*ret_gives = calloc(1, bytes);
	if (*ret_gives)
		return STATUS_OK;
	budget_release(s->budget, bytes);
	return STATUS_NO_MEMORY;
}

void session_release(struct detect_session *s, void *memory, size_t bytes)
{
	if (!memory)
		return;
	explicit_bzero(memory, bytes);
	free(memory);
	budget_release(s->budget, bytes);
}

static int grow_queue(struct detect_session *s)
{
	unsigned capacity = s->queue_capacity ? 2 * s->queue_capacity : SESSION_QUEUE_FIRST;
	void *larger;
	int status = session_allocate(s, capacity * sizeof(*s->queue), &larger);

	if (status != STATUS_OK)
		return status;
	if (s->queue_count)
		memcpy(larger, s->queue, s->queue_count * sizeof(*s->queue));
	session_release(s, s->queue, s->queue_capacity * sizeof(*s->queue));
	s->queue = larger;
	s->queue_capacity = capacity;
	return STATUS_OK;
}

/* "HTTP body > resource 7 > …" becomes "HTTP body > resource > …": a bundle of a thousand patients
 * is one row of a report, not a thousand. Columns and members keep their numbers. */
static void leave_out_numbers(char place[static DECODE_PLACE_CHARS])
{
	static const char *const words[] = {"resource ", "message "};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		char *at = strstr(place, words[i]);

		while (at) {
			char *number = at + strlen(words[i]) - 1;
			size_t digits = strspn(number + 1, "0123456789");

			if (digits > 0)
				memmove(number, number + 1 + digits,
				        strlen(number + 1 + digits) + 1);
			at = strstr(number, words[i]);
		}
	}
}

int session_emit(struct detect_session *s, const struct finding *f)
{
	int status = s->queue_count == s->queue_capacity ? grow_queue(s) : STATUS_OK;

	if (status == STATUS_LIMIT) {
		s->incomplete = true;
		return STATUS_OK;
	}
	if (status != STATUS_OK)
		return status;
	s->queue[s->queue_count] = *f;
	if (s->emitted < SESSION_PLACES_MAX)
		s->emitted++;
	else
		leave_out_numbers(s->queue[s->queue_count].place);
	s->queue_count++;
	return STATUS_OK;
}

/* ---- tags ---- */

static void insert_tag(uint64_t *tags, unsigned capacity, uint64_t tag)
{
	unsigned at = (unsigned)(tag % capacity);

	while (tags[at] && tags[at] != tag)
		at = (at + 1) % capacity;
	tags[at] = tag;
}

static bool knows_tag(const struct detect_session *s, uint64_t tag)
{
	unsigned at;

	if (s->tag_capacity == 0)
		return false;
	at = (unsigned)(tag % s->tag_capacity);
	while (s->tags[at] && s->tags[at] != tag)
		at = (at + 1) % s->tag_capacity;
	return s->tags[at] == tag;
}

static bool grow_tags(struct detect_session *s)
{
	unsigned capacity = s->tag_capacity ? 2 * s->tag_capacity : SESSION_TAGS_FIRST;
	void *larger;

	if (session_allocate(s, capacity * sizeof(*s->tags), &larger) != STATUS_OK)
		return false;
	for (unsigned i = 0; i < s->tag_capacity; i++)
		if (s->tags[i])
			insert_tag(larger, capacity, s->tags[i]);
	session_release(s, s->tags, s->tag_capacity * sizeof(*s->tags));
	s->tags = larger;
	s->tag_capacity = capacity;
	return true;
}

bool session_keep_tag(struct detect_session *s, uint64_t tag)
{
	if (knows_tag(s, tag))
		return true;
	if (s->tag_count == DETECT_TAGS_MAX ||
	        (2 * (s->tag_count + 1) > s->tag_capacity && !grow_tags(s))) {
		s->tags_full = true;
		return false;
	}
	insert_tag(s->tags, s->tag_capacity, tag);
	s->tag_count++;
	return true;
}

bool detect_session_tags_full(const struct detect_session *s)
{
	return s->tags_full;
}

/* ---- findings that need no message ---- */

static struct finding end_finding(
        const struct detect_session *s, const struct decode_event *e, uint8_t kind, enum tier tier)
{
	struct finding f = {
	        .tier = tier,
	        .category = s->rules->kinds[kind].category,
	        .class = s->rules->kinds[kind].class,
	        .count = 1,
	        .sound = e->carrier == CARRIER_AUDIO,
	        .direction = e->direction,
	        .time_ns = e->time_ns,
	        .packet = e->packet,
	        .message = e->message ? e->message : e->parent_message,
	};

	memcpy(f.kind, s->rules->kinds[kind].name, sizeof(f.kind));
	memcpy(f.place, e->place, sizeof(f.place));
	return f;
}

static int emit_end(
        struct detect_session *s, const struct decode_event *e, uint8_t kind, enum tier tier)
{
	struct finding f;

	if (kind == RULES_NONE)
		return STATUS_OK;
	f = end_finding(s, e, kind, tier);
	s->sealed_stream = e->stream;
	return session_emit(s, &f);
}

static bool is_length(const struct decode_event *e)
{
	return e->carrier == CARRIER_AUDIO && span_equal_text(e->field.label, "duration");
}

static int emit_length(struct detect_session *s, const struct decode_event *e)
{
	struct finding f;

	if (s->rules->special.audio == RULES_NONE)
		return STATUS_OK;
	f = end_finding(s, e, s->rules->special.audio, TIER_OPAQUE);
	f.count = 0;
	if (!span_to_u64(e->field.bytes, UINT32_MAX, &f.seconds))
		return STATUS_OK;
	return session_emit(s, &f);
}

/* A message that nobody on the way can read says so at once. */
static int note_unreadable(struct detect_session *s, const struct decode_event *e)
{
	const struct rules_special *special = &s->rules->special;

	switch (e->carrier) {
	case CARRIER_SEALED:
		return emit_end(s, e, special->sealed, TIER_SEALED);
	case CARRIER_IMAGE:
		return emit_end(s, e, special->image, TIER_OPAQUE);
	case CARRIER_AUDIO:
		return emit_end(s, e, special->audio, TIER_OPAQUE);
	default:
		return STATUS_OK;
	}
}

/* The end of a stream says it where no message did. Depth 0 under TLS is the flow's own matter. */
static int note_end(struct detect_session *s, const struct decode_event *e)
{
	const struct rules_special *special = &s->rules->special;

	if (s->sealed_stream == e->stream)
		return STATUS_OK;
	switch (e->end) {
	case STREAM_SEALED:
		return emit_end(s, e, special->sealed, TIER_SEALED);
	case STREAM_ENCRYPTED:
		return e->depth ? emit_end(s, e, special->encrypted, TIER_OPAQUE) : STATUS_OK;
	case STREAM_MEDIA:
		return emit_end(s, e, special->media, TIER_OPAQUE);
	default:
		return STATUS_OK;
	}
}

/* ---- messages ---- */

static struct message *find_message(struct detect_session *s, const struct decode_event *e)
{
	for (unsigned i = s->message_count; i-- > 0;)
		if (s->messages[i]->id == e->message)
			return s->messages[i];
	return NULL;
}

static int close_at(struct detect_session *s, unsigned at)
{
	struct message *m = s->messages[at];
	int status = message_close(m);

	message_free(m);
	s->message_count--;
	memmove(s->messages + at, s->messages + at + 1,
	        (s->message_count - at) * sizeof(struct message *));
	return status;
}

/* A part of a mail is about whom its subject names. */
static void inherit(const struct detect_session *s, struct message *m, uint64_t parent)
{
	for (unsigned i = 0; parent && i < s->message_count; i++)
		if (s->messages[i]->id == parent && s->messages[i] != m)
			narrative_inherit(&m->narrative, &s->messages[i]->narrative);
}

static int open_message(struct detect_session *s, const struct decode_event *e)
{
	int status = STATUS_OK;

	if (s->message_count == SESSION_MESSAGES_MAX)
		status = close_at(s, 0);
	if (status == STATUS_OK)
		status = message_open(s, e, &s->messages[s->message_count]);
	if (status != STATUS_OK)
		return status;
	inherit(s, s->messages[s->message_count++], e->parent_message);
	return STATUS_OK;
}

/* A field whose message was judged early, or whose beginning nobody told: it is opened again. */
static int feed_field(struct detect_session *s, const struct decode_event *e)
{
	struct message *m = find_message(s, e);
	int status;

	if (is_length(e))
		return emit_length(s, e);
	if (!m) {
		status = open_message(s, e);
		if (status != STATUS_OK)
			return status;
		m = s->messages[s->message_count - 1];
	}
	return message_field(m, e);
}

static int close_message(struct detect_session *s, const struct decode_event *e)
{
	for (unsigned i = s->message_count; i-- > 0;)
		if (s->messages[i]->id == e->message)
			return close_at(s, i);
	return STATUS_OK;
}

static int close_stream(struct detect_session *s, const struct decode_event *e)
{
	int status = STATUS_OK;

	for (unsigned i = s->message_count; i-- > 0 && status == STATUS_OK;)
		if (s->messages[i]->stream == e->stream &&
		        s->messages[i]->direction == e->direction)
			status = close_at(s, i);
	return status == STATUS_OK ? note_end(s, e) : status;
}

static int feed_event(struct detect_session *s, const struct decode_event *e)
{
	int status;

	switch (e->kind) {
	case DECODE_MESSAGE_BEGIN:
		status = find_message(s, e) ? STATUS_OK : open_message(s, e);
		return status == STATUS_OK ? note_unreadable(s, e) : status;
	case DECODE_FIELD:
		return feed_field(s, e);
	case DECODE_MESSAGE_END:
		return close_message(s, e);
	case DECODE_STREAM_END:
		return close_stream(s, e);
	case DECODE_UPGRADE:
	case DECODE_RELATED:
		break;
	}
	return STATUS_OK;
}

int detect_session_new(struct detect_session **ret_gives, struct detect_rules *borrowed,
        struct budget *borrowed_budget)
{
	struct detect_session *s = calloc(1, sizeof(*s));

	if (!s)
		return STATUS_NO_MEMORY;
	s->rules = borrowed;
	s->rules->sessions++;
	s->budget = borrowed_budget;
	*ret_gives = s;
	return STATUS_OK;
}

struct detect_session *detect_session_free(struct detect_session *s)
{
	if (!s)
		return NULL;
	for (unsigned i = 0; i < s->message_count; i++)
		message_free(s->messages[i]);
	session_release(s, s->queue, s->queue_capacity * sizeof(*s->queue));
	session_release(s, s->tags, s->tag_capacity * sizeof(*s->tags));
	s->rules->sessions--;
	free(s);
	return NULL;
}

/* The queue must be empty; the answer tells whether a finding found no room. */
static int begin_feed(struct detect_session *s)
{
	if (s->queue_at < s->queue_count)
		return STATUS_BUG;
	s->queue_at = s->queue_count = 0;
	s->incomplete = false;
	return STATUS_OK;
}

int detect_session_feed(struct detect_session *s, const struct decode_event *e)
{
	int status = begin_feed(s);

	if (status == STATUS_OK)
		status = feed_event(s, e);
	return status == STATUS_OK && s->incomplete ? STATUS_LIMIT : status;
}

int detect_session_finish(struct detect_session *s)
{
	int status = begin_feed(s);

	while (status == STATUS_OK && s->message_count > 0)
		status = close_at(s, 0);
	return status == STATUS_OK && s->incomplete ? STATUS_LIMIT : status;
}

int detect_session_next(struct detect_session *s, struct finding *ret)
{
	if (s->queue_at == s->queue_count) {
		/* A large table's findings are not kept room for. */
		if (s->queue_capacity > MESSAGE_ENTRIES_MAX) {
			session_release(s, s->queue, s->queue_capacity * sizeof(*s->queue));
			s->queue = NULL;
			s->queue_at = s->queue_count = s->queue_capacity = 0;
		}
		return STATUS_OK;
	}
	*ret = s->queue[s->queue_at++];
	return STATUS_ITEM;
}
