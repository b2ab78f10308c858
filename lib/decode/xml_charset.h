/* xml_charset: brings the bytes of an XML text to UTF-8 that its parser accepts, as they come.
 *
 * Sources: XML 1.0 sections 2.2 (characters) and 4.3.3 (encodings); the WHATWG Encoding Standard's
 * table of windows-1252, which is also read where ISO 8859-1 is declared. A byte that is not UTF-8
 * where UTF-8 was declared is read as windows-1252: practice software writes that. Holds at most
 * four bytes. */
#ifndef EXEAT_DECODE_XML_CHARSET_H
#define EXEAT_DECODE_XML_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define XML_CHARSET_OUT_MAX   16  /* bytes of UTF-8 that one byte may bring, and room to write */
#define XML_DECLARATION_BYTES 256 /* a longer declaration is none */

struct xml_charset {
	bool one_byte;  /* windows-1252 */
	uint64_t wrong; /* bytes that were not what was declared, or that XML forbids */
	uint8_t held[4];
	uint8_t held_count, held_needed;
};

/* declared: the charset of the transport, or "". head: the text's first XML_DECLARATION_BYTES, or
 * all of it. */
void xml_charset_init(struct xml_charset *c, const char *declared, struct span head) NONNULL(1, 2);
/* Returns the bytes written. */
size_t xml_charset_byte(
        struct xml_charset *c, uint8_t byte, uint8_t out[static XML_CHARSET_OUT_MAX]) NONNULL(1);
/* The text has ended: gives what was held. */
size_t xml_charset_finish(struct xml_charset *c, uint8_t out[static XML_CHARSET_OUT_MAX])
        NONNULL(1);

#endif
