/* claim: the names by which a claim on Medicare, DVA, the Australian Immunisation Register or a
 * health fund is known, in JSON and in XML.
 *
 * Source: Services Australia, web services for health claiming (Medicare Online, DVA, AIR, ECLIPSE,
 * PBS Online): the names of requests and of the members in them. One name alone may stand in any
 * document; a card's and an event's together do not. */
#ifndef EXEAT_DECODE_CLAIM_H
#define EXEAT_DECODE_CLAIM_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/cursor.h"

/* Our own copy of the name of a request, or NULL. */
const char *claim_document(struct span name);
/* Bits that a name adds; 0 for most names. */
unsigned claim_mark(struct span name);
/* The marks of a document make it a claim. declared: the transport said so (dhs-* headers). */
bool claim_marks_suffice(unsigned marks, bool declared);

#endif
