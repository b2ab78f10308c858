/* sentences: the plain English that the terminal and the printed report share. */
#ifndef EXEAT_REPORT_SENTENCES_H
#define EXEAT_REPORT_SENTENCES_H

#include "base/compiler.h"
#include "report/columns.h"
#include "report/rows.h"

#define SENTENCE_CHARS 2048

/* "Recorded 26 seconds in 1 file, 912 packets, …" */
int sentence_recorded(struct report *r, char ret[static SENTENCE_CHARS]) WUNRES NONNULL(1);
/* "The content of 912 packets (1.2 MB) was saved …"; "" when none was kept on purpose. */
void sentence_saved(const struct report *r, char ret[static SENTENCE_CHARS]) NONNULL(1);
/* "What was sent … was not looked into, as asked …"; "" when all was.
 * The store may hold others, of which it does not speak. */
void sentence_bypassed(const struct report *r, char ret[static SENTENCE_CHARS]) NONNULL(1);
/* "26 conversations left the practice: act on 4, …" */
void sentence_totals(const struct report *r, char ret[static SENTENCE_CHARS]) NONNULL(1);
/* "What could not be seen: …" */
void sentence_unseen(const struct report *r, char ret[static SENTENCE_CHARS]) NONNULL(1);
/* "812 bytes", "1.2 MB" */
void sentence_bytes(uint64_t bytes, char ret[static 24]);
/* "2026-11-22 09:30", local. */
void sentence_moment(int64_t time_ns, char ret[static 32]);
/* "21 November 2026", "from … to …": local days of the recordings. */
int sentence_period(struct report *r, char ret[static 64]) WUNRES NONNULL(1);
/* "AU|NZ": "Australia, New Zealand". */
void sentence_countries(const char *joined, char ret[static CELL_CHARS]) NONNULL(1);
/* How a country is known, for people. */
const char *sentence_country_confidence(const char *confidence) NONNULL(1);
/* Why a flag is worth a person's time; never a legal conclusion. */
const char *sentence_why(enum flag_id flag);
/* What a not_inspected_reason means. */
const char *sentence_reason(const char *reason) NONNULL(1);

#endif
