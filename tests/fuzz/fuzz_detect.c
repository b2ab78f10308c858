/* Decode events made from bytes. Besides memory errors it looks for: findings without a kind or a
 * count, tags on anything but a patient's number, memory left charged, and running text that
 * says something else when it is cut.
 *
 * Input: an event an item: kind, carrier, label, role, flags, column, length of the label, length
 * of the value (two bytes), then both. An input that starts with T is one running text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/status.h"
#include "detect/detect.h"

#define BUDGET_BYTES (256u << 10)
#define RULES_BYTES  (1u << 20)

struct tally {
	uint64_t count[8]; /* by tier */
};

static struct detect_rules *rules;

static struct span read_rules(const char *path, uint8_t bytes[static RULES_BYTES])
{
	FILE *file = fopen(path, "rb");
	size_t len;

	if (!file)
		abort();
	len = fread(bytes, 1, RULES_BYTES, file);
	fclose(file);
	return span_of(bytes, len);
}

static void load_rules(void)
{
	static const uint8_t key[DIGEST_KEY_BYTES];
	static uint8_t identifiers[RULES_BYTES], terms[RULES_BYTES];
	struct detect_files files = {.identifiers = read_rules(IDENTIFIERS_CSV, identifiers),
	        .terms = read_rules(TERMS_CSV, terms)};
	struct detect_problem problem;

	if (detect_rules_new(&rules, &files, key, &problem) != STATUS_OK)
		abort();
}

static void pull(struct detect_session *s, struct tally *tally)
{
	struct finding f;

	while (detect_session_next(s, &f) == STATUS_ITEM) {
		if (f.count == 0 || f.kind[0] == '\0' || f.tier == TIER_NONE)
			abort();
		if (f.tag && (f.class != CLASS_PATIENT || f.tier < TIER_MEDIUM))
			abort();
		if (memchr(f.mask, '\0', sizeof(f.mask)) == NULL)
			abort();
		tally->count[f.tier] += f.count;
	}
}

static void feed(struct detect_session *s, const struct decode_event *e, struct tally *tally)
{
	int status = detect_session_feed(s, e);

	if (status < 0)
		abort();
	pull(s, tally);
}

static void finish(struct detect_session *s, struct budget *budget, struct tally *tally)
{
	if (detect_session_finish(s) < 0)
		abort();
	pull(s, tally);
	detect_session_free(s);
	if (budget->used_bytes != 0)
		abort();
}

static void feed_events(struct cursor c)
{
	static const char *const names[] = {"", "ORU^R01", "Patient", "Bundle", "ACK", "ValueSet"};
	struct detect_session *s = NULL;
	struct tally tally = {{0}};
	struct budget budget;

	budget_init(&budget, BUDGET_BYTES);
	if (detect_session_new(&s, rules, &budget) != STATUS_OK)
		abort();
	while (cursor_left(&c) > 0 && !cursor_failed(&c)) {
		struct decode_event e = {.kind = cursor_u8(&c) % (DECODE_RELATED + 1),
		        .carrier = cursor_u8(&c) % CARRIERS};
		uint8_t label = cursor_u8(&c), role = cursor_u8(&c), flags = cursor_u8(&c);
		size_t label_len, len;

		e.field.column = cursor_u8(&c);
		label_len = cursor_u8(&c);
		len = cursor_u16be(&c) % (DECODE_VALUE_BYTES_MAX + 1);
		e.field.kind = flags & 1;
		e.field.first = flags >> 1 & 1;
		e.field.last = flags >> 2 & 1;
		e.message = flags >> 3;
		e.stream = 1 + (flags >> 6);
		e.depth = flags >> 7;
		e.end = role % STREAM_ENDS;
		e.field.role = role % (ROLE_SOFTWARE + 1);
		e.field.label_kind = label % (LABEL_OID + 1);
		snprintf(e.name, sizeof(e.name), "%s", names[label % 6]);
		e.field.label = cursor_span(&c, label_len < cursor_left(&c) ? label_len : 0);
		e.field.bytes = cursor_span(&c, len < cursor_left(&c) ? len : cursor_left(&c));
		feed(s, &e, &tally);
	}
	finish(s, &budget, &tally);
}

/* The text in pieces of the given size (0: whole). */
static struct tally feed_text(struct span text, size_t piece)
{
	struct detect_session *s = NULL;
	struct tally tally = {{0}};
	struct budget budget;
	struct decode_event e = {.kind = DECODE_FIELD, .message = 1, .carrier = CARRIER_TEXT};

	budget_init(&budget, BUDGET_BYTES);
	if (detect_session_new(&s, rules, &budget) != STATUS_OK)
		abort();
	if (piece == 0)
		piece = text.len;
	e.field.kind = FIELD_TEXT;
	for (size_t at = 0; at < text.len; at += piece) {
		e.field.bytes = span_slice(text, at, piece);
		e.field.first = at == 0;
		e.field.last = at + piece >= text.len;
		feed(s, &e, &tally);
	}
	finish(s, &budget, &tally);
	return tally;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_slice(span_of(data, size), 1, size);
	struct tally whole, cut;

	if (!rules)
		load_rules();
	if (size == 0 || data[0] != 'T') {
		feed_events(cursor_open_bytes(data, size));
		return 0;
	}
	whole = feed_text(text, 0);
	cut = feed_text(text, 1);
	if (memcmp(&whole, &cut, sizeof(cut)) != 0)
		abort();
	cut = feed_text(text, 7);
	if (memcmp(&whole, &cut, sizeof(cut)) != 0)
		abort();
	return 0;
}
