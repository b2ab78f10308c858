/* assessed: a stored conversation with all that was decided about it under one register, as reports
 * and `exeat register` show it. */
#ifndef EXEAT_CMD_ASSESSED_H
#define EXEAT_CMD_ASSESSED_H

#include "base/compiler.h"
#include "pipeline/assess.h"
#include "pipeline/assess_memory.h"
#include "pipeline/own_findings.h"
#include "report/report.h"
#include "store/store.h"

#define ASSESSED_CANDIDATES_CHARS (PROGRAM_CANDIDATES_MAX * PROGRAM_ID_CHARS)

/* What public data says of the far end, as the store keeps it. */
struct assessed_place {
	char country[3], country_confidence[16], organisation[DISPLAY_CHARS_MAX];
};

/* Filled from the top: assessed_next gives a flow with its evidence (assessed_read that of a flow
 * which is there already), assessed_judge the rest, which may be asked again with another register
 * (assessed_use before it, when that has findings of its own). Begins as {.own = …}. */
struct assessed {
	const struct overrides *own; /* the register's; borrows; NULL: it has none */
	struct store_flow flow;      /* with these applied */
	struct assessed_place place;
	struct store_finding *findings;
	struct store_record *records;
	size_t finding_count, record_count;
	struct assess_question question; /* set with the evidence; borrows from the flow */
	struct assessment assessment;
	char candidates[ASSESSED_CANDIDATES_CHARS];
	struct report_flow row; /* borrows from all of the above, and from the register */
};

/* Findings and hourly records of a->flow; forgets those of the flow before. */
int assessed_read(struct assessed *a, struct store *store) WUNRES NONNULL(1, 2);
/* The next flow of the cursor with its evidence: STATUS_ITEM, or 0. */
int assessed_next(struct assessed *a, struct store_cursor *cursor) WUNRES NONNULL(1, 2);
/* The same conversation with these findings of the practice's own; own may be NULL. */
void assessed_use(struct assessed *a, const struct overrides *own) NONNULL(1);
/* registry may be NULL. */
int assessed_judge(struct assessed *a, const struct registry *registry,
        const struct flag_rules *rules) WUNRES NONNULL(1, 3);
/* The same for many flows; the register is that of the memory. */
int assessed_recall(struct assessed *a, struct assess_memory *memory,
        const struct registry *registry) WUNRES NONNULL(1, 2);
void assessed_end(struct assessed *a) NONNULL(1);

#endif
