/* fhir: the names of FHIR resources.
 *
 * Source: HL7 FHIR R4 (4.0.1), resource list. A closed list, because the name of a resource is
 * shown to people and must not be text of the sender's choice. */
#ifndef EXEAT_DECODE_FHIR_H
#define EXEAT_DECODE_FHIR_H

#include "base/compiler.h"
#include "base/cursor.h"

/* Our own copy of the name, or NULL when there is no such resource. */
const char *fhir_resource(struct span name);

#endif
