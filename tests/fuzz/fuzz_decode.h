/* fuzz_decode: what the fuzz targets of lib/decode share. The first byte says how the rest is cut;
 * the rest goes through a session whole and cut, in one direction. A failure of ours, a leak of the
 * budget, a span that outlives its call, or two runs that differ, is a finding.
 *
 * Runs are compared only when both recognised the same format and read it to its end: for text, and
 * for what nobody reads, the session looks for a protocol again at the start of each chunk. That
 * each format is recognised in any pieces is what the unit tests ask. */
#ifndef EXEAT_TESTS_FUZZ_DECODE_H
#define EXEAT_TESTS_FUZZ_DECODE_H

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/decode.h"

#define FUZZ_BUDGET_BYTES (16u << 20)
#ifndef FUZZ_EXPECTED /* the protocol that another conversation has announced */
#define FUZZ_EXPECTED ""
#endif

struct fuzz_run {
	uint64_t hash;
	enum carrier carrier; /* of the first message */
	uint64_t malformed;
	bool fed;     /* all of it was given */
	bool stopped; /* the outermost stream ended before: another may begin at any chunk */
};

static void fuzz_hash(struct fuzz_run *r, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		r->hash = (r->hash ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
}

/* Pieces of text are joined: only the end of a text leaves a mark of its own. */
static void fuzz_event(struct fuzz_run *r, const struct decode_event *e)
{
	const struct field *f = &e->field;
	bool piece = e->kind == DECODE_FIELD && f->kind == FIELD_TEXT;

	if (e->kind == DECODE_MESSAGE_BEGIN && r->carrier == CARRIER_NONE)
		r->carrier = e->carrier;
	if (!piece || f->first)
		fuzz_hash(r, &e->kind, sizeof(e->kind));
	if (e->kind == DECODE_MESSAGE_BEGIN)
		fuzz_hash(r, e->name, strlen(e->name));
	if (e->kind == DECODE_FIELD) {
		if (f->first)
			fuzz_hash(r, f->label.data, f->label.len);
		fuzz_hash(r, f->bytes.data, f->bytes.len);
		fuzz_hash(r, "|", f->last);
	}
	if (e->kind == DECODE_STREAM_END) {
		fuzz_hash(r, &e->end, sizeof(e->end));
		/* Of a stream that has stopped reading, not all bytes need to be given. */
		if (e->depth == 0 && e->end != STREAM_COMPLETE &&
		        (e->end != STREAM_TRUNCATED || !r->fed))
			r->stopped = true;
		if (e->depth == 0)
			fuzz_hash(r, &e->stream_bytes, sizeof(e->stream_bytes));
	}
}

static void fuzz_drain(struct decode_session *s, struct fuzz_run *r)
{
	struct decode_event e;
	int status;

	while ((status = decode_session_next(s, &e)) == STATUS_ITEM)
		fuzz_event(r, &e);
	if (status != STATUS_OK)
		abort();
}

static void fuzz_feed(struct decode_session *s, struct fuzz_run *r, const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len);
	struct chunk c = {.gap = CHUNK_DATA, .bytes = span_of(exact, len)};

	if (!exact)
		abort();
	memcpy(exact, data, len);
	if (decode_session_feed(s, &c) < 0)
		abort();
	fuzz_drain(s, r);
	free(exact);
}

static struct fuzz_run fuzz_session(const uint8_t *data, size_t size, size_t step, uint16_t port)
{
	struct fuzz_run r = {.hash = 14695981039346656037u};
	struct tuple tuple = {.protocol = 6, .dst.port = port};
	struct decode_summary summary;
	struct decode_session *s;
	struct budget budget;

	budget_init(&budget, FUZZ_BUDGET_BYTES);
	if (decode_session_new(&s, &tuple, &decode_default_limits, &budget) != STATUS_OK)
		abort();
	decode_session_expect(s, FUZZ_EXPECTED);
	for (size_t at = 0; at < size; at += step)
		fuzz_feed(s, &r, data + at, step < size - at ? step : size - at);
	r.fed = true;
	if (decode_session_finish(s, 0) < 0)
		abort();
	fuzz_drain(s, &r);
	decode_session_summary(s, &summary);
	r.malformed = summary.malformed;
	decode_session_free(s);
	if (budget.used_bytes != 0)
		abort();
	return r;
}

static inline int fuzz_decode(const uint8_t *data, size_t size, uint16_t port)
{
	struct fuzz_run whole, cut;

	if (size < 2)
		return 0;
	whole = fuzz_session(data + 1, size - 1, size, port);
	cut = fuzz_session(data + 1, size - 1, data[0] + 1u, port);
	if (whole.carrier != CARRIER_NONE && whole.carrier != CARRIER_TEXT &&
	        whole.carrier != CARRIER_BINARY && whole.carrier == cut.carrier && !whole.stopped &&
	        !cut.stopped && whole.hash != cut.hash)
		abort();
	return 0;
}

#endif
