/* The session core: chunks of both directions, with gaps, datagrams and ends at any place. Every
 * stream that opens must close, no field may stand outside of a message, and depth, memory and
 * pieces stay within their limits. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/decode.h"

#define BUDGET_BYTES (8u << 20)
#define OPEN_MAX     64

struct watch {
	uint64_t open[OPEN_MAX]; /* messages */
	size_t open_count;
	uint32_t streams_ended;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static size_t find_open(const struct watch *w, uint64_t message)
{
	size_t i = 0;

	while (i < w->open_count && w->open[i] != message)
		i++;
	return i;
}

static void watch_event(struct watch *w, const struct decode_event *e)
{
	size_t at = find_open(w, e->message);

	check(e->depth <= DECODE_DEPTH_MAX + 1 && e->direction < 2 && e->stream > 0);
	check(memchr(e->place, '\0', sizeof(e->place)) != NULL);
	switch (e->kind) {
	case DECODE_MESSAGE_BEGIN:
		check(at == w->open_count && w->open_count < OPEN_MAX);
		w->open[w->open_count++] = e->message;
		break;
	case DECODE_FIELD:
		check(at < w->open_count && e->field.bytes.len <= DECODE_PIECE_BYTES_MAX);
		check(e->field.label.len <= DECODE_LABEL_BYTES_MAX);
		break;
	case DECODE_MESSAGE_END:
		check(at < w->open_count);
		w->open[at] = w->open[--w->open_count];
		break;
	case DECODE_STREAM_END:
		check(e->unread_bytes <= e->stream_bytes);
		w->streams_ended++;
		break;
	case DECODE_UPGRADE:
		check(e->depth == 0);
		break;
	case DECODE_RELATED:
		check(e->related.port > 0);
		check(memchr(e->related.protocol, '\0', sizeof(e->related.protocol)) != NULL);
		break;
	}
}

static void drain(struct decode_session *s, struct watch *w)
{
	struct decode_event e;
	int status;

	while ((status = decode_session_next(s, &e)) == STATUS_ITEM)
		watch_event(w, &e);
	check(status == STATUS_OK);
}

/* One instruction: a byte of what, a byte of how much, the bytes. Returns what it took. */
static size_t step(struct decode_session *s, struct watch *w, const uint8_t *data, size_t size)
{
	static const uint16_t lengths[] = {1, 2, 7, 40, 200, 600, 1400, 9000};
	struct chunk c = {.direction = data[0] & 1, .datagram = data[0] & 2, .packet = 1};
	size_t len = lengths[data[1] & 7];
	uint8_t *exact;

	if ((data[0] & 0x70) == 0x10) {
		c.gap = data[0] & 8 ? CHUNK_GAP_KNOWN : CHUNK_GAP_UNKNOWN;
		c.gap_bytes = data[0] & 8 ? data[1] : 0;
		check(decode_session_feed(s, &c) >= 0);
		drain(s, w);
		return 2;
	}
	if (len > size - 2)
		len = size - 2;
	exact = malloc(len > 0 ? len : 1);
	check(exact != NULL);
	memcpy(exact, data + 2, len);
	c.bytes = span_of(exact, len);
	check(decode_session_feed(s, &c) >= 0);
	drain(s, w);
	free(exact);
	return 2 + len;
}

/* The first byte chooses the server's port and the size of the budget. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ports[] = {80, 443, 53, 2575, 25, 9999, 123, 67};
	struct tuple tuple = {.protocol = 6, .src.port = 50000};
	struct watch watch = {0};
	struct decode_summary summary;
	struct decode_session *s;
	struct budget budget;

	if (size < 3)
		return 0;
	tuple.dst.port = ports[data[0] & 7];
	budget_init(&budget, data[0] & 8 ? 60000 : BUDGET_BYTES);
	check(decode_session_new(&s, &tuple, &decode_default_limits, &budget) == STATUS_OK);
	for (size_t at = 1; at + 2 <= size;)
		at += step(s, &watch, data + at, size - at);
	for (uint8_t direction = 0; direction < 2; direction++) {
		check(decode_session_finish(s, direction) == STATUS_OK);
		drain(s, &watch);
	}
	check(watch.open_count == 0);
	decode_session_summary(s, &summary);
	check(summary.read_bytes[0] + summary.unread_bytes[0] <= size);
	decode_session_free(s);
	check(budget.used_bytes == 0 && budget.peak_bytes <= budget.max_bytes);
	return 0;
}
