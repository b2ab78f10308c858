/* xml_gate: keeps base64 in an attribute from the parser, which would have to hold all of it.
 *
 * FHIR writes the pages of a letter as `<data value="…"/>`. Where the first BASE64_RUN_BYTES of a
 * value show to be base64 of a known format, the tag is ended for the parser right there, and all
 * of the value follows as the element's text, which comes in pieces. What else stands in the tag
 * behind it is left out and counted. Source: XML 1.0 sections 2.4 to 2.7 and 3.1. Holds a name and
 * an opening. */
#ifndef EXEAT_DECODE_XML_GATE_H
#define EXEAT_DECODE_XML_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "decode/transfer_encoding.h"

#define XML_GATE_MARK       '*' /* ends the opening that the parser gets of such a value */
#define XML_GATE_NAME_CHARS 64  /* of a tag; those of longer ones are not looked into */
#define XML_GATE_OUT_MAX    (XML_GATE_NAME_CHARS + BASE64_RUN_BYTES + 8) /* that a byte may bring */

struct xml_gate {
	int state;
	uint8_t quote;
	uint8_t tail[2]; /* the bytes before, in a comment or section */
	uint8_t name_len;
	uint8_t opening_len;
	uint8_t name[XML_GATE_NAME_CHARS];
	uint8_t opening[BASE64_RUN_BYTES];
	uint64_t left_out; /* bytes of attributes */
};

/* Between two tags: up to the next "<" the parser gets every byte as it is. */
static inline bool xml_gate_in_text(const struct xml_gate *g)
{
	return g->state == 0;
}

/* Returns the bytes written: those that the parser gets. */
size_t xml_gate_byte(struct xml_gate *g, uint8_t byte, uint8_t out[static XML_GATE_OUT_MAX])
        NONNULL(1);

#endif
