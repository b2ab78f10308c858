/* session: the inside of struct detect_session: open messages, tags seen, findings to be pulled. */
#ifndef EXEAT_DETECT_SESSION_H
#define EXEAT_DETECT_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "detect/detect.h"
#include "detect/message.h"
#include "detect/rules.h"

#define SESSION_MESSAGES_MAX                                                                       \
	32 /* depth 6 in two directions, twice over; then the oldest is judged */
#define SESSION_QUEUE_FIRST 4
#define SESSION_PLACES_MAX  256 /* findings of one flow that say in which of its messages */
#define SESSION_TAGS_FIRST  16

struct detect_session {
	struct detect_rules *rules; /* borrows */
	struct budget *budget;      /* borrows */
	struct message *messages[SESSION_MESSAGES_MAX];
	unsigned message_count;
	struct finding *queue;
	unsigned queue_at, queue_count, queue_capacity;
	uint64_t *tags; /* open addressing; 0: free */
	unsigned tag_count, tag_capacity;
	bool tags_full;
	uint32_t sealed_stream; /* the stream that a sealed or media message was last in */
	unsigned emitted;       /* up to SESSION_PLACES_MAX */
	bool incomplete;        /* the budget refused room for a finding in this feed */
};

/* Memory of the session, zeroed and charged; STATUS_LIMIT when the budget refuses. */
int session_allocate(struct detect_session *s, size_t bytes, void **ret_gives) WUNRES NONNULL(1, 3);
/* Wipes. NULL ok. */
void session_release(struct detect_session *s, void *memory, size_t bytes) NONNULL(1);
/* A finding goes out; without room for it the feed answers STATUS_LIMIT. */
int session_emit(struct detect_session *s, const struct finding *f) WUNRES NONNULL(1, 2);
/* Remembers a tag; false when the flow has DETECT_TAGS_MAX others already. */
bool session_keep_tag(struct detect_session *s, uint64_t tag) NONNULL(1);

#endif
