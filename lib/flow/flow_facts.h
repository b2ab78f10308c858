/* flow_facts: what a flow's first packet says of it: who began it, what lies inside, its id. */
#ifndef EXEAT_FLOW_FLOW_FACTS_H
#define EXEAT_FLOW_FLOW_FACTS_H

#include "flow/flow.h"

/* Fills tuple, direction, out_index, computer, id, first and last time, MACs and the like. */
int flow_facts_begin(struct flow *f, const struct packet *p,
        const struct inside_nets *inside) WUNRES NONNULL(1, 2, 3);

#endif
