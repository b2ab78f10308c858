#include "pipeline/own_findings.h"

#include <stdio.h>
#include <string.h>

#include "base/display.h"

bool own_findings_apply(const struct overrides *own, struct store_flow *flow)
{
	const struct endpoint *far = flow->out_index == 1 ? &flow->tuple.src : &flow->tuple.dst;
	struct location l = {.confidence = COUNTRY_NONE, .asn = flow->asn};

	if (!own || flow->direction == FLOW_INTERNAL ||
	        !overrides_apply(
	                own, &far->addr, flow->name_count > 0 ? flow->names[0].name : NULL, &l))
		return false;
	if (l.country[0]) {
		memcpy(flow->country, l.country, sizeof(flow->country));
		snprintf(flow->country_confidence, sizeof(flow->country_confidence), "%s",
		        country_confidence_text(l.confidence));
	}
	if (l.organisation[0])
		display_text(span_of_text(l.organisation), flow->organisation,
		        sizeof(flow->organisation));
	return true;
}
