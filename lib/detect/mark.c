/* mark: literal text that stands in one kind of message only: the link of an electronic
 * prescription, My Health Record's requests and documents. That it is there is the finding.
 *
 * Sources: the eRx public token address; the name spaces of the Australian Digital Health Agency's
 * B2B gateway (its client libraries) and of its CDA implementation guides. */
#include <string.h>

#include "detect/detector.h"

/* The text is the pattern's: there is nothing to check, and no patient to count by it. */
static bool read_mark(struct span value, struct reading *ret)
{
	(void)value;
	ret->valid = true;
	ret->normal[0] = '\0';
	return true;
}

/* Whoever has the address has the prescription. Eight characters tell it from the page itself. */
const struct detector detector_script_link = {
        .name = "script_link",
        .pattern = "ausscripts\\.erx\\.com\\.au/scripts/[A-Za-z0-9]{8}",
        .chars = 8,
        .tail = TAIL_WORD,
        .specific = true,
        .read = read_mark,
};

/* The header of every request to the gateway is of this name space. */
const struct detector detector_mhr_method = {
        .name = "mhr_method",
        .pattern = "ns\\.electronichealth\\.net\\.au/pcehr/xsd/common/CommonCoreElements",
        .chars = 18,
        .specific = true,
        .read = read_mark,
};

/* Clinical documents by the Australian guides, of the kind that My Health Record holds. */
const struct detector detector_mhr_document = {
        .name = "mhr_document",
        .pattern = "ns\\.electronichealth\\.net\\.au/Ci/Cda/Extensions",
        .chars = 10,
        .specific = true,
        .read = read_mark,
};
