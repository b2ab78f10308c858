/* dicom_element: the elements that a DICOM data set is made of: their headers, what stands in them,
 * and the names of those that speak of people.
 *
 * Sources: DICOM PS3.5 (2024e) sections 6.2 (value representations), 7.1 (elements) and 7.5
 * (items), PS3.6 (tags), PS3.10 section 7 (files). */
#ifndef EXEAT_DECODE_DICOM_ELEMENT_H
#define EXEAT_DECODE_DICOM_ELEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define DICOM_TAG(group, element) ((uint32_t)(group) << 16 | (element))
#define DICOM_LENGTH_UNDEFINED    0xffffffffu
#define DICOM_HEADER_MAX          12 /* bytes of an element's header */

/* What a media type of our own says of a data set whose file or association has told how it is
 * written. No header can declare one: it has a space. */
#define DICOM_TYPE_IMPLICIT   "application/dicom implicit"
#define DICOM_TYPE_EXPLICIT   "application/dicom explicit"
#define DICOM_TYPE_BIG_ENDIAN "application/dicom big-endian"

/* How elements are written. */
enum dicom_syntax {
	DICOM_SYNTAX_UNKNOWN, /* shows in the first element */
	DICOM_IMPLICIT,       /* little-endian, without value representations */
	DICOM_EXPLICIT,       /* little-endian, with them; also around encapsulated pixels */
	DICOM_BIG_ENDIAN,     /* with them */
	DICOM_DEFLATED,       /* explicit little-endian, packed by RFC 1951 */
};

enum dicom_value {
	DICOM_TEXT,
	DICOM_NUMBER,
	DICOM_BYTES,
	DICOM_SEQUENCE,
	DICOM_UNKNOWN, /* nobody says: what stands there shows it */
};

struct dicom_vr {
	char code[3];
	enum dicom_value value;
	bool long_length; /* its length has four bytes */
	bool many;        /* its values are told one by one: a backslash divides them */
};

struct dicom_element {
	uint32_t tag;
	uint32_t length;           /* DICOM_LENGTH_UNDEFINED: up to a delimiter */
	const struct dicom_vr *vr; /* NULL: an item, or a delimiter */
	size_t header_bytes;
};

#define DICOM_ITEM               DICOM_TAG(0xfffe, 0xe000)
#define DICOM_ITEM_DELIMITER     DICOM_TAG(0xfffe, 0xe00d)
#define DICOM_SEQUENCE_DELIMITER DICOM_TAG(0xfffe, 0xe0dd)

/* The header at the front. STATUS_OK; STATUS_MORE: it is cut; STATUS_MALFORMED. syntax: one of the
 * three that say how elements are written. */
int dicom_element_read(struct span s, enum dicom_syntax syntax, struct dicom_element *ret) WUNRES
        NONNULL(3);
/* By the first element, of at least six bytes; what was declared is believed unless it cannot be.
 */
enum dicom_syntax dicom_syntax_guess(struct span s, enum dicom_syntax declared);
/* Of a transfer syntax by its unique identifier; spaces and zeros behind it do not matter. */
enum dicom_syntax dicom_syntax_of(struct span identifier);
/* The keyword of a tag that this product knows; NULL: another. */
const char *dicom_keyword(uint32_t tag);
/* Nothing that a text may hold is missing, and nothing else is there. */
bool dicom_is_text(struct span value);
/* A value without the spaces and zeros behind it. */
struct span dicom_trim(struct span value);
/* Whether a stream begins with a data set without file meta information: STATUS_OK, STATUS_MORE or
 * STATUS_NOT_FOUND. end: there is no more to see. */
int dicom_data_set_probe(struct span head, bool end) WUNRES;

#endif
