#include "pipeline/loss.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"

static const char *const loss_names[LOSSES] = {
        [LOSS_NOT_IP] = "frames that are not IP",
        [LOSS_UNKNOWN_LINK] = "frames of an unknown link type",
        [LOSS_CUT] = "frames cut inside their headers",
        [LOSS_MALFORMED] = "malformed packets",
        [LOSS_TOO_DEEP] = "packets with too many wrappings",
        [LOSS_FRAGMENTS_EXPIRED] = "fragmented packets never completed",
        [LOSS_FRAGMENTS_EVICTED] = "fragmented packets without room",
        [LOSS_FRAGMENT_OVERLAPS] = "fragmented packets that overlap",
        [LOSS_EXCLUDED_NET] = "packets of guest or voice networks",
        [LOSS_FLOWS_EVICTED] = "conversations given up for room",
        [LOSS_STREAMS_OVER_BUDGET] = "stretches of content given up for room",
        [LOSS_MIRROR_DUPLICATES] = "packets doubled by the mirror port",
        [LOSS_FLOWS_WITHOUT_ROOM] = "conversations not inspected for room",
        [LOSS_FINDINGS_FOLDED] = "findings without a row of their own",
        [LOSS_FIELDS_WITHOUT_ROOM] = "fields not searched for lack of room",
        [LOSS_NAMES_FORGOTTEN] = "looked-up names forgotten for room",
        [LOSS_NAMES_UNASKED] = "answers for names that nobody asked",
        [LOSS_COMPUTERS_FORGOTTEN] = "names of own computers forgotten for room",
        [LOSS_NETS_REFUSED] = "networks shown too wide to be the practice's",
        [LOSS_NETS_LEFT_OUT] = "networks of the practice without room",
        [LOSS_CERTIFICATES_TOO_LARGE] = "certificates too large to read",
        [LOSS_CERTIFICATES_UNREAD] = "certificates malformed or without room",
        [LOSS_LABELS_WITHOUT_ROOM] = "conversations without a label for room",
        [LOSS_RELATED_REFUSED] = "announced connections that lead elsewhere",
        [LOSS_RELATED_FORGOTTEN] = "announced connections forgotten for room",
        [LOSS_FRAMES_CUT] = "frames shortened by the capture",
        [LOSS_FRAMES_DROPPED] = "frames dropped by the capturing machine",
        [LOSS_GAP_BYTES] = "bytes missing inside conversations",
        [LOSS_INTERFACE_DROPPED] = "frames dropped by the network interface",
        [LOSS_FRAMES_NOT_SAVED] = "frames not saved",
        [LOSS_FRAMES_PERHAPS_EXCLUDED] = "frames not saved as their network is unknown",
        [LOSS_REGISTERS_REFUSED] = "changed registers refused while capturing",
        [LOSS_RULES_REFUSED] = "changed rules refused while capturing",
};

const char *loss_name(enum loss what)
{
	return loss_names[what];
}

int loss_store(struct store *store, uint32_t input, enum loss what, struct store_loss row)
{
	if (row.count == 0)
		return STATUS_OK;
	snprintf(row.name, sizeof(row.name), "%s", loss_name(what));
	return store_add_loss(store, input, &row);
}

/* Losses that mean that content, or what was found in it, is missing. What is not IP holds none
 * that exeat looks for; a malformed packet is refused by its receiver, too. */
static const enum loss gaps[] = {LOSS_UNKNOWN_LINK, LOSS_CUT, LOSS_TOO_DEEP, LOSS_FRAGMENTS_EXPIRED,
        LOSS_FRAGMENTS_EVICTED, LOSS_FRAGMENT_OVERLAPS, LOSS_FINDINGS_FOLDED, LOSS_FLOWS_EVICTED,
        LOSS_STREAMS_OVER_BUDGET, LOSS_FLOWS_WITHOUT_ROOM, LOSS_FIELDS_WITHOUT_ROOM,
        LOSS_FRAMES_CUT, LOSS_FRAMES_DROPPED, LOSS_INTERFACE_DROPPED, LOSS_GAP_BYTES};

bool loss_is_gap(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(gaps); i++)
		if (strcmp(name, loss_names[gaps[i]]) == 0)
			return true;
	return false;
}
