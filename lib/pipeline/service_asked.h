/* service_asked: what the far end of a conversation, or the way the two speak, asks a person. By
 * the kind of the service (rules/services.csv), by ports, and by protocols that were recognised.
 * It only ever raises a question. */
#ifndef EXEAT_PIPELINE_SERVICE_ASKED_H
#define EXEAT_PIPELINE_SERVICE_ASKED_H

#include "base/compiler.h"
#include "store/store.h"
#include "verdict/verdict.h"

/* Of the far end; of a connection that another conversation had announced, that one's, since its
 * own says nothing. */
uint16_t service_far_port(const struct store_flow *flow) NONNULL(1);
/* Fills in far_service, service_shown, test_service, from_outside and lan_port; borrows from the
 * flow. */
void service_asked(const struct store_flow *flow, struct verdict_subject *s) NONNULL(1, 2);

#endif
