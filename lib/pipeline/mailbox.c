#include "pipeline/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "source/source.h"

/* The longest letter: a frame's packet, its payload when that lies elsewhere (in a datagram put
 * together), and three texts of its process. */
#define TEXT_BYTES_MAX   (8u << 10)
#define LETTER_BYTES_MAX (sizeof(struct parcel) + 2 * SOURCE_FRAME_BYTES_MAX + 3 * TEXT_BYTES_MAX)
#define BATCH_BYTES      (MAILBOX_BATCH_BYTES + LETTER_BYTES_MAX + ALIGNMENT)
#define ALIGNMENT        _Alignof(max_align_t)

/* A letter as it lies in a batch, with what it points to behind it. */
struct parcel {
	size_t bytes; /* with all that */
	struct letter letter;
	struct packet packet;
};

struct batch {
	size_t used, read;
	size_t used_peak;
	uint8_t *bytes; /* of BATCH_BYTES, most of which are never touched */
};

struct mailbox {
	pthread_mutex_t mutex;
	pthread_cond_t sent, emptied;
	struct batch batches[MAILBOX_BATCHES]; /* a ring */
	/* How many batches were sent and done with; they lie at their number modulo the ring. */
	uint64_t sent_count, done_count;
	bool closed;
	bool has_lock;
	bool reading; /* of the taker alone: it is in a batch */
};

int mailbox_new(struct mailbox **ret_gives)
{
	struct mailbox *m = calloc(1, sizeof(*m));
	int error;

	if (!m)
		return STATUS_NO_MEMORY;
	error = pthread_mutex_init(&m->mutex, NULL);
	if (error == 0)
		error = pthread_cond_init(&m->sent, NULL);
	if (error == 0)
		error = pthread_cond_init(&m->emptied, NULL);
	m->has_lock = error == 0;
	for (size_t i = 0; error == 0 && i < MAILBOX_BATCHES; i++) {
		m->batches[i].bytes = malloc(BATCH_BYTES);
		error = m->batches[i].bytes ? 0 : ENOMEM;
	}
	if (error != 0) {
		mailbox_free(m);
		return status_from_errno(error);
	}
	*ret_gives = m;
	return STATUS_OK;
}

struct mailbox *mailbox_free(struct mailbox *m)
{
	if (!m)
		return NULL;
	for (size_t i = 0; i < MAILBOX_BATCHES; i++) {
		if (m->batches[i].bytes)
			explicit_bzero(m->batches[i].bytes, m->batches[i].used_peak);
		free(m->batches[i].bytes);
	}
	if (m->has_lock) {
		pthread_cond_destroy(&m->sent);
		pthread_cond_destroy(&m->emptied);
		pthread_mutex_destroy(&m->mutex);
	}
	free(m);
	return NULL;
}

/* ---- the one who puts ---- */

static struct batch *writing(struct mailbox *m)
{
	return &m->batches[m->sent_count % MAILBOX_BATCHES];
}

/* With the lock: so many were sent that the next place in the ring is not free yet. */
static bool is_full(const struct mailbox *m)
{
	return m->sent_count - m->done_count >= MAILBOX_BATCHES;
}

void mailbox_send(struct mailbox *m)
{
	if (writing(m)->used == 0)
		return;
	pthread_mutex_lock(&m->mutex);
	m->sent_count++;
	pthread_cond_signal(&m->sent);
	while (is_full(m))
		pthread_cond_wait(&m->emptied, &m->mutex);
	pthread_mutex_unlock(&m->mutex);
	writing(m)->used = 0;
}

static struct span copy_span(struct batch *b, struct span from)
{
	uint8_t *to = b->bytes + b->used;

	if (from.len > 0)
		memcpy(to, from.data, from.len);
	b->used += from.len;
	return span_of(to, from.len);
}

static const char *copy_text(struct batch *b, const char *from)
{
	return from ? (const char *)copy_span(b, span_of(from, strlen(from) + 1)).data : NULL;
}

/* The payload is a part of the IP packet, but for what was put together of fragments. */
static void copy_content(struct batch *b, const struct packet *from, struct packet *to)
{
	uintptr_t ip = (uintptr_t)from->ip.data, payload = (uintptr_t)from->payload.data;

	to->ip = copy_span(b, from->ip);
	if (payload >= ip && payload + from->payload.len <= ip + from->ip.len)
		to->payload = span_of(to->ip.data + (payload - ip), from->payload.len);
	else
		to->payload = copy_span(b, from->payload);
}

static bool is_too_long(const struct packet *p)
{
	const char *const texts[] = {p->process.name, p->process.path, p->process.command};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i] && strlen(texts[i]) >= TEXT_BYTES_MAX)
			return true;
	return p->ip.len > SOURCE_FRAME_BYTES_MAX || p->payload.len > SOURCE_FRAME_BYTES_MAX;
}

int mailbox_put(struct mailbox *m, const struct letter *letter)
{
	bool has_packet = letter->kind == LETTER_PACKET || letter->kind == LETTER_HEARD;
	struct batch *b = writing(m);
	size_t start = b->used;
	struct parcel *parcel = (struct parcel *)(void *)(b->bytes + start);
	struct packet *copy = &parcel->packet;

	if (has_packet && is_too_long(letter->packet))
		return STATUS_LIMIT;
	b->used += sizeof(*parcel);
	parcel->letter = *letter;
	if (has_packet) {
		*copy = *letter->packet;
		parcel->letter.packet = copy;
		copy_content(b, letter->packet, copy);
		copy->process.name = copy_text(b, letter->packet->process.name);
		copy->process.path = copy_text(b, letter->packet->process.path);
		copy->process.command = copy_text(b, letter->packet->process.command);
	}
	b->used += (ALIGNMENT - b->used % ALIGNMENT) % ALIGNMENT;
	b->used_peak = b->used > b->used_peak ? b->used : b->used_peak;
	parcel->bytes = b->used - start;
	if (b->used >= MAILBOX_BATCH_BYTES)
		mailbox_send(m);
	return STATUS_OK;
}

void mailbox_wait(struct mailbox *m)
{
	mailbox_send(m);
	pthread_mutex_lock(&m->mutex);
	while (m->done_count != m->sent_count)
		pthread_cond_wait(&m->emptied, &m->mutex);
	pthread_mutex_unlock(&m->mutex);
}

void mailbox_close(struct mailbox *m)
{
	mailbox_send(m);
	pthread_mutex_lock(&m->mutex);
	m->closed = true;
	pthread_cond_signal(&m->sent);
	pthread_mutex_unlock(&m->mutex);
}

/* ---- the one who takes ---- */

static void end_batch(struct mailbox *m)
{
	m->reading = false;
	pthread_mutex_lock(&m->mutex);
	m->done_count++;
	pthread_cond_signal(&m->emptied);
	pthread_mutex_unlock(&m->mutex);
}

static bool begin_batch(struct mailbox *m)
{
	pthread_mutex_lock(&m->mutex);
	while (m->sent_count == m->done_count && !m->closed)
		pthread_cond_wait(&m->sent, &m->mutex);
	m->reading = m->sent_count != m->done_count;
	pthread_mutex_unlock(&m->mutex);
	if (m->reading)
		m->batches[m->done_count % MAILBOX_BATCHES].read = 0;
	return m->reading;
}

bool mailbox_take(struct mailbox *m, struct letter *ret)
{
	struct batch *b = &m->batches[m->done_count % MAILBOX_BATCHES];
	const struct parcel *parcel;

	if (m->reading && b->read == b->used)
		end_batch(m);
	if (!m->reading && !begin_batch(m))
		return false;
	b = &m->batches[m->done_count % MAILBOX_BATCHES];
	parcel = (const struct parcel *)(const void *)(b->bytes + b->read);
	*ret = parcel->letter;
	b->read += parcel->bytes;
	return true;
}
