/* harness: decode events by hand, and what detect makes of them. */
#ifndef EXEAT_TESTS_DETECT_HARNESS_H
#define EXEAT_TESTS_DETECT_HARNESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "detect/detect.h"

#define HARNESS_FINDINGS_MAX 2048

struct harness {
	struct detect_rules *rules;
	struct budget budget;
	struct detect_session *session;
	struct decode_event event; /* of the open message */
	uint64_t messages;
	struct finding findings[HARNESS_FINDINGS_MAX];
	size_t count;
};

/* The rules of the project, read once. */
struct detect_rules *harness_rules(void);

void harness_open(struct harness *h);  /* a new session with 1 MiB of budget */
void harness_close(struct harness *h); /* ends it; asserts that no memory is left charged */
void harness_feed(struct harness *h, const struct decode_event *e);
void harness_finish(struct harness *h);

void harness_begin(struct harness *h, enum carrier carrier, const char *name);
void harness_end(struct harness *h);
void harness_stream_end(struct harness *h, enum stream_end end);
void harness_value(struct harness *h, enum label_kind kind, const char *label, const char *value);
/* row from 0: the first below the header. */
void harness_cell(
        struct harness *h, uint32_t column, uint64_t row, const char *header, const char *value);
void harness_text(struct harness *h, struct span text, bool first, bool last);
/* A whole text message, cut at an offset (0: not cut). */
void harness_whole_text(struct harness *h, struct span text, size_t cut);

/* Added up over all findings of a kind; tier TIER_NONE: of any. */
uint64_t harness_count(const struct harness *h, const char *kind, enum tier tier);
/* Distinct tags of all findings. */
size_t harness_patients(const struct harness *h);
enum tier harness_highest(const struct harness *h);
/* The first finding of a kind; fails the test when there is none. */
const struct finding *harness_find(const struct harness *h, const char *kind);

#endif
