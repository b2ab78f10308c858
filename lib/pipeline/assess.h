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

enum assess_text {
	ASSESS_NAMES,
	ASSESS_USER_AGENT = ASSESS_NAMES + MATCH_NAMES_MAX,
	ASSESS_PROCESS_NAME,
	ASSESS_PROCESS_PATH,
	ASSESS_COMPUTER_NAME,
	ASSESS_COUNTRY,
	ASSESS_TLS_VERSION,
	ASSESS_SERVICE,
	ASSESS_MHR_WHY,
	ASSESS_TEXTS
};

/* All that is asked of a flow. The answer knows nothing else of it, so that two equal questions
 * have one answer (assess_memory.h). */
struct assess_question {
	/* Without what the register says, and without texts: its pointers are NULL. */
	struct verdict_subject subject;
	struct addr far, computer;
	uint16_t far_port;
	uint8_t protocol;
	size_t name_count;
	const char *text[ASSESS_TEXTS]; /* borrows from the flow; "" for none */
};

/* What the register's match rules are held against: the far end and what it was called. Borrows. */
void assess_match(const struct store_flow *flow, struct match_subject *ret) NONNULL(1, 2);
/* Pure but for the process's time zone. The flow is borrowed as long as the question is used. */
void assess_ask(const struct store_flow *flow, const struct store_finding *findings, size_t count,
        struct assess_question *ret) NONNULL(1, 4);
/* registry may be NULL. Pure but for the process's time zone. */
int assess_answer(const struct assess_question *q, const struct registry *registry,
        const struct flag_rules *rules, struct assessment *ret) WUNRES NONNULL(1, 3, 4);

#endif
