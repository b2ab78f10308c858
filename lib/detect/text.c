#include "detect/text.h"

#include <string.h>

#include "base/status.h"
#include "detect/check_digit.h"
#include "detect/label.h"
#include "detect/message.h"
#include "detect/person.h"
#include "detect/session.h"

#define TEXT_SLICE_BYTES 4096 /* squeezed at a time */
/* Root of the object identifiers of healthcare identifiers (HL7 AU Base). */
#define HEALTHCARE_OID "1.2.36.1.2001.1003.0."
/* A term with its gaps: more than three wide ones are no phrase. */
#define TERM_ROOM_BYTES  (TERM_TEXT_BYTES + 3 * TERM_GAP_MAX)
#define DATE_REACH_BYTES 70 /* from a name on the same line to a date of birth without a word */

/* The end of what is known of the text. */
static uint64_t known(const struct text_scan *t)
{
	return t->total + t->piece.len;
}

/* The byte at an offset, from the tail or the piece; -1: not at hand. */
static int byte_at(const struct text_scan *t, uint64_t at)
{
	if (at >= known(t) || at + t->tail_len < t->total)
		return -1;
	return at < t->total ? t->tail[at + t->tail_len - t->total] : t->piece.data[at - t->total];
}

/* ---- judging a candidate ---- */

/* The bytes around a candidate. */
static struct span window_of(const struct text_scan *t, uint64_t end, uint8_t *room, size_t before,
        size_t behind, size_t *ret_end)
{
	uint64_t oldest = t->total - t->tail_len;
	uint64_t from = end > oldest + before ? end - before : oldest;
	uint64_t to = end + behind < known(t) ? end + behind : known(t);
	size_t len = 0;

	for (uint64_t at = from; at < to; at++)
		room[len++] = (uint8_t)byte_at(t, at);
	*ret_end = end > from ? (size_t)(end - from) : 0;
	return span_of(room, len);
}

static bool is_word(int c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
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

/* Does a name or a date of birth stand behind the word? */
static void judge_person(struct text_scan *t, const struct candidate *c)
{
	struct narrative *narrative = &t->message->narrative;
	uint8_t room[PERSON_BEFORE_BYTES + PERSON_BEHIND_BYTES];
	size_t end;
	struct span window = window_of(
	        t, c->end, room, PERSON_BEFORE_BYTES, PERSON_BEHIND_BYTES, &end);
	struct span before = span_slice(window, 0, end);
	struct span behind = span_slice(window, end, window.len);

	if (c->group == TERM_BIRTH) {
		if (person_follows_birth(behind)) {
			narrative_birth(narrative, c->end);
			if (person_has_name(before))
				narrative_person(narrative, c->end);
		}
	} else if (c->group == TERM_TITLE ? person_follows_title(behind)
	                                  : person_follows_label(behind)) {
		narrative_name(narrative, c->end);
		if (person_then_date(span_slice(behind, 0, DATE_REACH_BYTES)))
			narrative_person(narrative, c->end);
	}
	explicit_bzero(room, sizeof(room));
}

/* In source the name that a number is given to says more than a word nearby: `ts:2951873125` is no
 * card. Names that say nothing (`value`, `cardNo`) leave it to the word. */
static bool named_otherwise(struct detect_rules *r, struct span before, uint8_t kind)
{
	static const char *const open[] = {"no", "num", "nbr", "number", "card", "value", "text"};
	const struct span name = label_assigned(before);

	if (name.len == 0 || kind_set_has(rules_label(r, LABEL_KEY, name), kind))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(open); i++) {
		const size_t len = strlen(open[i]);

		if (name.len >= len &&
		        span_equal_nocase(span_slice(name, name.len - len, len), open[i]))
			return false;
	}
	return true;
}

static int judge(struct text_scan *t, const struct candidate *c)
{
	struct detect_rules *r = t->rules;
	struct text_found found = {.kind = r->scan_kind[c->scan]};
	const struct detector *d = r->kinds[found.kind].detector;
	uint8_t room[TEXT_BEFORE_BYTES + TEXT_BEHIND_BYTES];
	size_t end;
	struct span window = window_of(t, c->end, room, TEXT_BEFORE_BYTES, TEXT_BEHIND_BYTES, &end);
	int status = STATUS_OK;

	if (!detector_extent(d, window, end, &found.shape) ||
	        !d->read(found.shape, &found.reading) || !found.reading.valid)
		goto wipe;
	found.labelled = follows_oid(window, found.shape) ||
	                 has_context(r, t->preset, found.kind) ||
	                 (has_context(r, c->contexts, found.kind) &&
	                         !named_otherwise(r,
	                                 span_slice(window, 0,
	                                         (size_t)(found.shape.data - window.data)),
	                                 found.kind));
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
		const struct candidate *c = &t->candidates[done++];
		int status = STATUS_OK;

		if (c->group != TERM_GROUPS)
			judge_person(t, c);
		else
			status = judge(t, c);
		if (t->status == STATUS_OK)
			t->status = status;
	}
	t->candidate_count -= done;
	memmove(t->candidates, t->candidates + done, t->candidate_count * sizeof(*t->candidates));
}

static void judge_oldest(struct text_scan *t)
{
	settle(t, t->candidates[0].end, 0);
}

static void add_candidate(struct text_scan *t, const struct candidate *c)
{
	if (t->candidate_count == TEXT_CANDIDATES_MAX)
		judge_oldest(t);
	t->candidates[t->candidate_count++] = *c;
}

/* ---- codes ---- */

/* Looks through the region as far as the text is known, and a code's length further unless the text
 * has ended. A code belongs to the region that it begins in. */
static void scan_codes(struct text_scan *t, enum code_system system, bool over)
{
	struct code_region *region = &t->regions[system];
	uint64_t limit = over                           ? known(t)
	                 : known(t) > CODES_TOKEN_BYTES ? known(t) - CODES_TOKEN_BYTES
	                                                : 0;

	for (; region->from < region->to && region->from < limit; region->from++) {
		uint8_t room[CODES_TOKEN_BYTES];
		enum code_system found = system;
		int before = region->from > 0 ? byte_at(t, region->from - 1) : -1;
		size_t len = 0, code;

		if (byte_at(t, region->from) < '0' || byte_at(t, region->from) > '9' ||
		        is_word(before) || before == '-')
			continue;
		while (len < sizeof(room) && byte_at(t, region->from + len) >= 0) {
			room[len] = (uint8_t)byte_at(t, region->from + len);
			len++;
		}
		code = codes_token(span_of(room, len), &found);
		if (code > 0 && found == system)
			codes_count(&t->message->codes, span_of(room, code));
		else if (code == 0)
			codes_number(&t->message->codes, span_of(room, len));
	}
}

static void open_region(struct text_scan *t, enum code_system system, uint64_t at)
{
	struct code_region *region = &t->regions[system];
	uint64_t from = at > CODES_REACH_BYTES ? at - CODES_REACH_BYTES : 0;

	scan_codes(t, system, false);
	if (from > region->to)
		region->from = from;
	else if (region->from == region->to)
		region->from = region->to > from ? region->to : from;
	region->to = at + CODES_REACH_BYTES;
}

/* ---- terms ---- */

/* A digit stands in front, with one space or hyphen between at most. */
static bool follows_digit(const struct text_scan *t, uint64_t start)
{
	int before = start > 0 ? byte_at(t, start - 1) : -1;

	if ((before == ' ' || before == '-') && start > 1)
		before = byte_at(t, start - 2);
	return before >= '0' && before <= '9';
}

/* The term fits up to where the scanner found its end; what is behind is not looked at. */
static bool fits_before(const struct text_scan *t, uint64_t end, const struct term *term)
{
	const bool counted = term->group == TERM_UNIT || term->group == TERM_AGE;
	uint8_t room[TERM_ROOM_BYTES];
	size_t at, len;
	const bool in_piece = end >= t->total + sizeof(room);
	const struct span before = in_piece ? span_of(t->piece.data + (end - t->total) -
	                                                      sizeof(room),
	                                              sizeof(room))
	                                    : window_of(t, end, room, sizeof(room), 0, &at);
	const bool fits = term_fits(term, before, &len);

	if (!in_piece)
		explicit_bzero(room, sizeof(room));
	if (!fits)
		return false;
	if (counted)
		return follows_digit(t, end - len);
	return !term->word_start || end == len || !is_word(byte_at(t, end - len - 1));
}

/* A term that stands there. */
static void take_term(struct text_scan *t, uint64_t end, const struct term *term)
{
	const struct candidate c = {.end = end, .group = term->group};

	switch (term->group) {
	case TERM_PATIENT_TURN:
	case TERM_TITLE:
	case TERM_NAME:
	case TERM_BIRTH:
		add_candidate(t, &c);
		break;
	case TERM_SNOMED:
		open_region(t, CODE_SNOMED, end);
		break;
	case TERM_LOINC:
		open_region(t, CODE_LOINC, end);
		break;
	default:
		break;
	}
	narrative_term(&t->message->narrative, end, term);
}

/* The text goes on, or is over, behind the terms at the end of the last piece. */
static void take_pending(struct text_scan *t)
{
	unsigned count = t->pending_count;

	t->pending_count = 0;
	for (unsigned i = 0; i < count && !is_word(byte_at(t, t->total)); i++)
		take_term(t, t->total, &t->rules->terms.terms[t->pending[i]]);
}

/* Most hits lie inside of other words: their neighbours are looked at first. */
static void term_hit(struct text_scan *t, const struct scanner_hit *hit)
{
	const struct term *term = &t->rules->terms.terms[hit->number];

	if (term->word_end && is_word(byte_at(t, hit->end)))
		return;
	if (!fits_before(t, hit->end, term))
		return;
	if (!term->word_end || hit->end < known(t) || !t->stream)
		take_term(t, hit->end, term);
	else if (t->pending_count < TEXT_PENDING_MAX)
		t->pending[t->pending_count++] = hit->number;
}

static void pattern_hit(struct text_scan *t, const struct scanner_hit *hit)
{
	struct candidate c = {.end = hit->end,
	        .scan = (uint8_t)hit->number,
	        .group = TERM_GROUPS,
	        .contexts = t->preset};

	for (unsigned i = 0; i < t->rules->context_count; i++)
		if (t->word_end[i] && t->word_end[i] + TEXT_CONTEXT_BYTES >= hit->end)
			c.contexts |= (uint32_t)1 << i;
	add_candidate(t, &c);
}

static void word_hit(struct text_scan *t, const struct scanner_hit *hit)
{
	t->word_end[hit->number] = hit->end;
	for (unsigned i = 0; i < t->candidate_count; i++)
		t->candidates[i].contexts |= (uint32_t)1 << hit->number;
}

void text_hit(struct text_scan *t, const struct scanner_hit *hit)
{
	if (t->candidate_count > 0)
		settle(t, hit->end, TEXT_CONTEXT_BYTES + TEXT_BEHIND_BYTES);
	switch (hit->sort) {
	case SCANNER_TERM:
		term_hit(t, hit);
		break;
	case SCANNER_WORD:
		word_hit(t, hit);
		break;
	case SCANNER_PATTERN:
		pattern_hit(t, hit);
		break;
	}
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
	if (bytes.len > 0)
		take_pending(t);
	status = scanner_stream_feed(t->rules->scanner, t->stream, bytes, t);
	settle(t, t->total + bytes.len, TEXT_CONTEXT_BYTES + TEXT_BEHIND_BYTES);
	for (int i = 0; i < CODE_SYSTEMS; i++)
		scan_codes(t, (enum code_system)i, false);
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
	struct budget *budget = message->session->budget;
	int status = budget_charge(budget, scanner_stream_bytes(rules->scanner));

	if (status != STATUS_OK)
		return status;
	text_init(t, rules, message, label);
	status = scanner_stream_open(rules->scanner, &t->stream);
	if (status != STATUS_OK)
		budget_release(budget, scanner_stream_bytes(rules->scanner));
	return status;
}

void text_abandon(struct text_scan *t)
{
	(void)scanner_stream_close(t->rules->scanner, t->stream, NULL);
	budget_release(t->message->session->budget, scanner_stream_bytes(t->rules->scanner));
	explicit_bzero(t, sizeof(*t));
}

static void end_of_text(struct text_scan *t)
{
	settle(t, UINT64_MAX, 0);
	for (int i = 0; i < CODE_SYSTEMS; i++)
		scan_codes(t, (enum code_system)i, true);
	narrative_text_end(&t->message->narrative, known(t));
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
	take_pending(t);
	end_of_text(t);
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
		if (status != STATUS_OK)
			return status;
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
	end_of_text(t);
	if (status == STATUS_OK)
		status = t->status;
	t->piece = span_of(NULL, 0);
	return status;
}
