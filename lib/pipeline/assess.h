/* assess: stored evidence and the register in force give the program and the verdict of a flow. */
#ifndef EXEAT_PIPELINE_ASSESS_H
#define EXEAT_PIPELINE_ASSESS_H

#include "base/compiler.h"
#include "program/program.h"
#include "registry/registry.h"
#include "store/store.h"
#include "verdict/verdict.h"

struct assessment {
	struct program_answer program;
	struct verdict verdict;
};

/* What the register's match rules are held against: the far end and what it was called. Borrows. */
void assess_match(const struct store_flow *flow, struct match_subject *ret) NONNULL(1, 2);
/* registry may be NULL. Pure but for the process's time zone. */
int assess_flow(const struct store_flow *flow, const struct store_finding *findings, size_t count,
        const struct registry *registry, const struct flag_rules *rules,
        struct assessment *ret) WUNRES NONNULL(1, 5, 6);

#endif
