/* history: what a run adds to the store's memory of earlier days, and what those days say about
 * this run. Comes in: the flows of a report, then its rows. Goes out: flags of programs,
 * destinations and computers in the report's tables; rows of the store. */
#ifndef EXEAT_REPORT_HISTORY_H
#define EXEAT_REPORT_HISTORY_H

#include "report/rows.h"

/* Versions and computers of one report; a practice has tens of both. What is left out is counted
 * in run.json. */
#define HISTORY_NOTES_MAX 20000
/* Hosts that all programs fetch updates from. */
#define HISTORY_HOSTS_MAX 4096

struct history;

/* Borrows the report's store, register and texts. */
int history_new(struct history **ret_gives, struct report *r) WUNRES NONNULL(1, 2);
struct history *history_free(struct history *h); /* NULL ok, returns NULL */
/* Versions, contact with update hosts, and what stands open to the outside; of internal flows,
 * too. */
int history_add(struct report *r, const struct report_flow *f) WUNRES NONNULL(1, 2);
/* Adds the flags that need more than one flow; the first call does it. */
int history_decide(struct report *r) WUNRES NONNULL(1);
/* Replaces what the store knows of the dates of this report. Inside a transaction. */
int history_note(struct report *r, const struct row_list *rows) WUNRES NONNULL(1, 2);
/* The index of a registered program; false for every other id. */
bool history_program(const struct report *r, const char *id, size_t *ret_index) NONNULL(1, 2, 3);
uint64_t history_left_out(const struct history *h) NONNULL(1);

#endif
