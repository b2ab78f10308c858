/* judge: stored evidence and the register of clinic-day in, what is made of it out. */
#ifndef EXEAT_TESTS_PIPELINE_JUDGE_H
#define EXEAT_TESTS_PIPELINE_JUDGE_H

#include "pipeline/assess.h"

struct rules_in_force {
	struct registry *registry;
	struct flag_rules *flags;
};

/* For a group of tests: *state is a struct rules_in_force. The register's mistakes are its own
 * (fixtures/clinic-day). */
int judge_setup(void **state);
int judge_teardown(void **state);
/* As exeat does for one stored flow; the test fails where memory runs out. */
void judge(const struct rules_in_force *rules, const struct store_flow *flow,
        const struct store_finding *findings, size_t count, struct assessment *ret);
/* Whether the flag is one of the verdict's. */
bool judge_asks(const struct assessment *a, enum flag_id id);

#endif
