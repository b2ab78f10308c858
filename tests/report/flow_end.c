/* The one text of the flow layer that flows.jsonl prints, for tests without that layer. */
#include "flow/flow.h"

const char *flow_end_text(enum flow_end end)
{
	return end == FLOW_FIN ? "fin" : "open";
}
