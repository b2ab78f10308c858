#include "detect/text.h"

#include <string.h>

#include "base/status.h"
#include "detect/check_digit.h"
#include "detect/message.h"

#define TEXT_SLICE_BYTES 4096 /* squeezed at a time */
/* Root of the object identifiers of healthcare identifiers (HL7 AU Base). */
#define HEALTHCARE_OID "1.2.36.1.2001.1003.0."

/* ---- judging a candidate ---- */

/* The bytes around a candidate, from the tail and the piece. */
static struct span window_of(
        const struct text_scan *t, uint64_t end, uint8_t *room, size_t *ret_end)
{
	uint64_t oldest = t->total - t->tail_len;
	uint64_t from = end > oldest + TEXT_BEFORE_BYTES ? end - TEXT_BEFORE_BYTES : oldest;
	uint64_t to = end + TEXT_BEHIND_BYTES;
	size_t len = 0;

	if (to > t->total + t->piece.len)
		to = t->total + t->piece.len;
	for (uint64_t at = from; at < to; at++)
		room[len++] = at < t->total ? t->tail[at - oldest] : t->piece.data[at - t->total];
	*ret_end = end > from ? (size_t)(end - from) : 0;
	return span_of(room, len);
}

static bool follows_oid(struct span window, struct span shape)
{
	size_t before = (size_t)(shape.data - window.data), root = sizeof(HEALTHCARE_OID) - 1;

	return before >= root && !memcmp(shape.data - root, HEALTHCARE_OID, root);
}

static bool has_context(const struct detect_rules *r, uint32_t contexts, uint8_t kind)
{
	uint8_t context = kind == RULES_NONE ? RULES_NONE : r->kinds[kind].context;

	return context != RULES_NONE && (contexts >> context & 1);
}

static int judge(struct text_scan *t, const struct candidate *c)
{
	const struct detect_rules *r = t->rules;
	struct text_found found = {.kind = r->scan_kind[c->scan]};
	const struct detector *d = r->kinds[found.kind].detector;
	uint8_t room[TEXT_BEFORE_BYTES + TEXT_BEHIND_BYTES];
	size_t end;
	struct span window = window_of(t, c->end, room, &end);
	int status = STATUS_OK;

	if (!detector_extent(d, window, end, &found.shape) ||
	        !d->read(found.shape, &found.reading) || !found.reading.valid)
		goto wipe;
	found.labelled = has_context(r, c->contexts, found.kind) ||
	                 follows_oid(window, found.shape);
	/* A business number that passes the Medicare check, in a letterhead that names it. */
	if (has_context(r, c->contexts, r->special.abn) && check_abn(found.shape) &&
	        r->kinds[found.kind].class == CLASS_PATIENT)
		goto wipe;
	if (found.labelled || d->checked || d->specific)
		status = message_found(t->message, &found);
wipe:
	explicit_bzero(room, sizeof(room));
	explicit_bzero(&found, sizeof(found));
	return status;
}

/* Judges the candidates that end at least that far before an offset. */
static void settle(struct text_scan *t, uint64_t offset, unsigned distance)
{
	unsigned done = 0;

	while (done < t->candidate_count && t->candidates[done].end + distance <= offset) {
		int status = judge(t, &t->candidates[done]);

		if (t->status == STATUS_OK)
			t->status = status;
		done++;
	}
	t->candidate_count -= done;
	memmove(t->candidates, t->candidates + done, t->candidate_count * sizeof(*t->candidates));
}

static void judge_oldest(struct text_scan *t)
{
	settle(t, t->candidates[0].end, 0);
}

void text_hit(struct text_scan *t, const struct scanner_hit *hit)
{
	struct candidate c = {.end = hit->end, .scan = hit->number, .contexts = t->preset};

	settle(t, hit->end, TEXT_CONTEXT_BYTES + TEXT_BEHIND_BYTES);
	if (hit->word) {
		t->word_end[hit->number] = hit->end;
		for (unsigned i = 0; i < t->candidate_count; i++)
			t->candidates[i].contexts |= (uint32_t)1 << hit->number;
		return;
	}
	for (unsigned i = 0; i < t->rules->context_count; i++)
		if (t->word_end[i] && t->word_end[i] + TEXT_CONTEXT_BYTES >= hit->end)
			c.contexts |= (uint32_t)1 << i;
	if (t->candidate_count == TEXT_CANDIDATES_MAX)
		judge_oldest(t);
	t->candidates[t->candidate_count++] = c;
}

/* ---- squeezing UTF-16 ---- */

static void squeeze_init(struct squeeze *q)
{
	*q = (struct squeeze){.before2 = -1, .before1 = -1, .held = {-1, -1}};
}

static void squeeze_out(struct squeeze *q, int c, bool keep, uint8_t *out, size_t *len)
{
	if (keep)
		out[(*len)++] = (uint8_t)c;
	q->before2 = q->before1;
	q->before1 = c;
}

/* The held zero is decided: c is the byte two behind it, -1 at the end. */
static void squeeze_decide(struct squeeze *q, int c, uint8_t *out, size_t *len)
{
	bool alternates = q->before1 != 0 && q->held[1] != 0 && (q->before2 == 0 || c == 0);
	int second = q->held[1];

	squeeze_out(q, 0, !alternates, out, len);
	q->held[0] = q->held[1] = -1;
	if (second == 0)
		q->held[0] = 0;
	else if (second > 0)
		squeeze_out(q, second, true, out, len);
}

static void squeeze_byte(struct squeeze *q, int c, uint8_t *out, size_t *len)
{
	if (q->held[0] == 0 && q->held[1] >= 0)
		squeeze_decide(q, c, out, len);
	if (q->held[0] == 0)
		q->held[1] = c;
	else if (c == 0)
		q->held[0] = 0;
	else
		squeeze_out(q, c, true, out, len);
}

/* ---- pieces ---- */

static void keep_tail(struct text_scan *t)
{
	size_t len = t->piece.len, keep;

	if (len >= TEXT_TAIL_BYTES) {
		memcpy(t->tail, t->piece.data + len - TEXT_TAIL_BYTES, TEXT_TAIL_BYTES);
		t->tail_len = TEXT_TAIL_BYTES;
	} else if (len > 0) {
		keep = t->tail_len + len > TEXT_TAIL_BYTES ? TEXT_TAIL_BYTES - len : t->tail_len;
		memmove(t->tail, t->tail + t->tail_len - keep, keep);
		memcpy(t->tail + keep, t->piece.data, len);
		t->tail_len = keep + len;
	}
	t->total += len;
	t->piece = span_of(NULL, 0);
}

static int scan_piece(struct text_scan *t, struct span bytes)
{
	int status;

	t->piece = bytes;
	status = scanner_stream_feed(t->rules->scanner, t->stream, bytes, t);
	settle(t, t->total + bytes.len, TEXT_CONTEXT_BYTES + TEXT_BEHIND_BYTES);
	keep_tail(t);
	return status != STATUS_OK ? status : t->status;
}

/* One slice through the squeeze; room for it and for what was held before. */
static int scan_squeezed(struct text_scan *t, struct span bytes)
{
	uint8_t out[TEXT_SLICE_BYTES + 4];
	size_t len = 0;
	int status;

	for (size_t i = 0; i < bytes.len; i++)
		squeeze_byte(&t->squeeze, bytes.data[i], out, &len);
	status = scan_piece(t, span_of(out, len));
	explicit_bzero(out, len);
	return status;
}

static bool needs_squeeze(const struct text_scan *t, struct span bytes)
{
	return t->squeeze.held[0] >= 0 || memchr(bytes.data, 0, bytes.len) != NULL;
}

static void remember_last(struct squeeze *q, struct span bytes)
{
	for (size_t i = bytes.len > 2 ? bytes.len - 2 : 0; i < bytes.len; i++) {
		q->before2 = q->before1;
		q->before1 = bytes.data[i];
	}
}

int text_feed(struct text_scan *t, struct span bytes)
{
	int status = STATUS_OK;

	for (size_t at = 0; at < bytes.len && status == STATUS_OK; at += TEXT_SLICE_BYTES) {
		struct span slice = span_slice(bytes, at, TEXT_SLICE_BYTES);

		if (needs_squeeze(t, slice)) {
			status = scan_squeezed(t, slice);
			continue;
		}
		remember_last(&t->squeeze, slice);
		status = scan_piece(t, slice);
	}
	return status;
}

static void text_init(struct text_scan *t, struct detect_rules *rules, struct message *message,
        struct kind_set label)
{
	memset(t, 0, offsetof(struct text_scan, tail));
	t->rules = rules;
	t->message = message;
	squeeze_init(&t->squeeze);
	for (unsigned i = 0; kind_set_any(label) && i < rules->context_count; i++)
		if (kind_set_has(label, rules->context_kind[i]))
			t->preset |= (uint32_t)1 << i;
}

int text_open(struct text_scan *t, struct detect_rules *rules, struct message *message,
        struct kind_set label)
{
	text_init(t, rules, message, label);
	return scanner_stream_open(rules->scanner, &t->stream);
}

void text_abandon(struct text_scan *t)
{
	(void)scanner_stream_close(t->rules->scanner, t->stream, NULL);
	explicit_bzero(t, sizeof(*t));
}

int text_finish(struct text_scan *t)
{
	uint8_t out[4];
	size_t len = 0;
	int status, closed;

	while (t->squeeze.held[0] >= 0)
		squeeze_decide(&t->squeeze, -1, out, &len);
	status = len ? scan_piece(t, span_of(out, len)) : STATUS_OK;
	closed = scanner_stream_close(t->rules->scanner, t->stream, t);
	t->stream = NULL;
	settle(t, UINT64_MAX, 0);
	if (status == STATUS_OK)
		status = closed != STATUS_OK ? closed : t->status;
	text_abandon(t);
	return status;
}

/* A value is scanned in place; only one in UTF-16 is copied, slice by slice, as a text. */
int text_value(struct text_scan *t, struct detect_rules *rules, struct message *message,
        struct span value, struct kind_set label)
{
	int status;

	if (memchr(value.data, 0, value.len)) {
		status = text_open(t, rules, message, label);
		if (status == STATUS_OK)
			status = text_feed(t, value);
		if (status != STATUS_OK) {
			text_abandon(t);
			return status;
		}
		return text_finish(t);
	}
	text_init(t, rules, message, label);
	t->piece = value;
	status = scanner_block(rules->scanner, value, t);
	settle(t, UINT64_MAX, 0);
	if (status == STATUS_OK)
		status = t->status;
	t->piece = span_of(NULL, 0);
	return status;
}
