/* own_findings: what the practice found out of a far end. Comes in: a stored conversation and the
 * practice's own overrides.csv. Goes out: the conversation with the country and the organisation
 * from there. The store keeps what public data says, so that a corrected file counts for what was
 * recorded before. */
#ifndef EXEAT_PIPELINE_OWN_FINDINGS_H
#define EXEAT_PIPELINE_OWN_FINDINGS_H

#include "base/compiler.h"
#include "classify/overrides.h"
#include "store/store.h"

/* own may be NULL. A conversation between two of the practice's own computers stays as it is. True:
 * a row fitted. */
bool own_findings_apply(const struct overrides *own, struct store_flow *flow) NONNULL(2);

#endif
