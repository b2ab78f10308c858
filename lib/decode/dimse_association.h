/* dimse_association: what two programs that speak DICOM agree upon before they send pictures: who
 * they are, and how the data sets of each presentation context will be written.
 *
 * Source: DICOM PS3.8 (2024e) section 9.3, PS3.7 annex D.3.3. */
#ifndef EXEAT_DECODE_DIMSE_ASSOCIATION_H
#define EXEAT_DECODE_DIMSE_ASSOCIATION_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "decode/dicom_element.h"

#define DIMSE_CONTEXTS     128 /* their numbers are odd, from 1 to 255 */
#define DIMSE_HEADER_BYTES 6   /* of each unit: type, reserved, length */
#define DIMSE_FIXED_BYTES  68  /* of an association's unit, behind that */
#define DIMSE_CONTEXT(id)  ((size_t)((id) >> 1))

struct dimse_association {
	struct span called, calling; /* titles of the two programs; borrow */
	struct span software;        /* name of the version of the one that writes; borrows */
	/* enum dicom_syntax of each context, by DIMSE_CONTEXT: the one that was accepted, or the
	 * one that was proposed where there was no choice */
	uint8_t syntaxes[DIMSE_CONTEXTS];
};

/* The unit behind its header. STATUS_MALFORMED when an item is longer than what holds it; what came
 * before is in *ret. */
int dimse_association_read(struct span unit, struct dimse_association *ret) WUNRES NONNULL(2);

#endif
