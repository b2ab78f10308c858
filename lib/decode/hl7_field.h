/* hl7_field: which HL7 fields hold numbers together with who gave them.
 *
 * Source: HL7 v2.4 chapters 2.9 (data types CX, XCN, PLN), 3 (PID, PV1, MRG), 4 (ORC, OBR, RX*), 6
 * (GT1, IN1, DG1, PR1), 7 (OBX), 9 (TXA), 10 (AIP), 11 (PRD); Australian use of them as in the HL7
 * AU referral and diagnostic profiles (2.4^AUS). */
#ifndef EXEAT_DECODE_HL7_FIELD_H
#define EXEAT_DECODE_HL7_FIELD_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

/* Where the parts of an identified number stand in a repetition. */
enum hl7_shape {
	HL7_SHAPE_PLAIN, /* a value like any other */
	HL7_SHAPE_CX,    /* number, authority in component 4, type of the number in 5 */
	HL7_SHAPE_XCN,   /* a person: number, names, authority in 9, type in 13 */
	HL7_SHAPE_PLN,   /* number, authority in 2 */
};

enum hl7_shape hl7_field_shape(const char segment[static 4], unsigned field) NONNULL(1);
/* By the data type that OBX-2 names. */
enum hl7_shape hl7_type_shape(struct span type);

#endif
