#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#define RULES_BYTES_MAX (1u << 20)

static const uint8_t test_key[DIGEST_KEY_BYTES] = {1, 2, 3};

static struct span read_rules(const char *path)
{
	uint8_t *bytes = malloc(RULES_BYTES_MAX);
	FILE *file = fopen(path, "rb");
	size_t len;

	assert_non_null(file);
	assert_non_null(bytes);
	len = fread(bytes, 1, RULES_BYTES_MAX, file);
	fclose(file);
	return span_of(bytes, len);
}

struct detect_rules *harness_rules(void)
{
	struct detect_files files = {
	        .identifiers = read_rules(IDENTIFIERS_CSV), .terms = read_rules(TERMS_CSV)};
	struct detect_rules *rules = NULL;
	struct detect_problem problem;

	if (detect_rules_new(&rules, &files, test_key, &problem) != STATUS_OK)
		fail_msg("%s:%u:%u: %s", problem.file, problem.at.line, problem.at.column,
		        problem.at.text);
	free((void *)files.identifiers.data);
	free((void *)files.terms.data);
	return rules;
}

void harness_open(struct harness *h)
{
	h->count = 0;
	h->messages = 0;
	h->event = (struct decode_event){0};
	budget_init(&h->budget, 1u << 20);
	assert_int_equal(detect_session_new(&h->session, h->rules, &h->budget), STATUS_OK);
}

static void pull(struct harness *h)
{
	struct finding f;

	while (detect_session_next(h->session, &f) == STATUS_ITEM) {
		assert_true(h->count < HARNESS_FINDINGS_MAX);
		h->findings[h->count++] = f;
	}
}

void harness_feed(struct harness *h, const struct decode_event *e)
{
	assert_int_equal(detect_session_feed(h->session, e), STATUS_OK);
	pull(h);
}

void harness_finish(struct harness *h)
{
	assert_int_equal(detect_session_finish(h->session), STATUS_OK);
	pull(h);
}

void harness_close(struct harness *h)
{
	h->session = detect_session_free(h->session);
	assert_int_equal(h->budget.used_bytes, 0);
}

void harness_begin(struct harness *h, enum carrier carrier, const char *name)
{
	h->event = (struct decode_event){.kind = DECODE_MESSAGE_BEGIN,
	        .stream = 1,
	        .message = ++h->messages,
	        .carrier = carrier};
	snprintf(h->event.name, sizeof(h->event.name), "%s", name);
	snprintf(h->event.place, sizeof(h->event.place), "message");
	harness_feed(h, &h->event);
}

void harness_end(struct harness *h)
{
	h->event.kind = DECODE_MESSAGE_END;
	harness_feed(h, &h->event);
}

void harness_stream_end(struct harness *h, enum stream_end end)
{
	struct decode_event e = {.kind = DECODE_STREAM_END,
	        .stream = 1,
	        .depth = 1,
	        .end = end,
	        .place = "HTTP body"};

	harness_feed(h, &e);
}

void harness_value(struct harness *h, enum label_kind kind, const char *label, const char *value)
{
	h->event.kind = DECODE_FIELD;
	h->event.field.kind = FIELD_VALUE;
	h->event.field.label_kind = kind;
	h->event.field.label = span_of_text(label);
	h->event.field.bytes = span_of_text(value);
	h->event.field.first = h->event.field.last = true;
	harness_feed(h, &h->event);
}

void harness_cell(
        struct harness *h, uint32_t column, uint64_t row, const char *header, const char *value)
{
	snprintf(h->event.place, sizeof(h->event.place), "table > column %u", column);
	h->event.field.column = column;
	h->event.field.row = row + 1;
	harness_value(h, header[0] ? LABEL_COLUMN : LABEL_NONE, header, value);
}

void harness_text(struct harness *h, struct span text, bool first, bool last)
{
	h->event.kind = DECODE_FIELD;
	h->event.field = (struct field){
	        .kind = FIELD_TEXT, .bytes = text, .first = first, .last = last};
	harness_feed(h, &h->event);
}

void harness_whole_text(struct harness *h, struct span text, size_t cut)
{
	harness_begin(h, CARRIER_TEXT, "");
	if (cut > 0) {
		/* Copies of the exact size, so that a sanitizer sees a read past the cut. */
		uint8_t *head = malloc(cut), *tail = malloc(text.len - cut + 1);

		assert_non_null(head);
		assert_non_null(tail);
		memcpy(head, text.data, cut);
		memcpy(tail, text.data + cut, text.len - cut);
		harness_text(h, span_of(head, cut), true, false);
		memset(head, 'x', cut);
		free(head);
		harness_text(h, span_of(tail, text.len - cut), false, true);
		free(tail);
	} else {
		harness_text(h, text, true, true);
	}
	harness_end(h);
}

uint64_t harness_count(const struct harness *h, const char *kind, enum tier tier)
{
	uint64_t count = 0;

	for (size_t i = 0; i < h->count; i++)
		if (!strcmp(h->findings[i].kind, kind) &&
		        (tier == TIER_NONE || h->findings[i].tier == tier))
			count += h->findings[i].count;
	return count;
}

size_t harness_patients(const struct harness *h)
{
	size_t distinct = 0;

	for (size_t i = 0; i < h->count; i++) {
		bool known = h->findings[i].tag == 0;

		for (size_t k = 0; k < i && !known; k++)
			known = h->findings[k].tag == h->findings[i].tag;
		distinct += !known;
	}
	return distinct;
}

enum tier harness_highest(const struct harness *h)
{
	enum tier highest = TIER_NONE;

	for (size_t i = 0; i < h->count; i++)
		if (h->findings[i].tier > highest)
			highest = h->findings[i].tier;
	return highest;
}

const struct finding *harness_find(const struct harness *h, const char *kind)
{
	for (size_t i = 0; i < h->count; i++)
		if (!strcmp(h->findings[i].kind, kind))
			return &h->findings[i];
	fail_msg("no finding of kind %s", kind);
	return NULL;
}
