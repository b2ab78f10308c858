/* xml: pulls the elements and texts out of an XML document, by expat. Feed bytes, then pull.
 *
 * Format: XML 1.0 with namespaces (W3C, "Namespaces in XML 1.0"); UTF-8, UTF-16, Latin-1, ASCII.
 * A document type is refused, so there are no entities but the five of XML itself, and nothing is
 * ever fetched. What waits to be pulled is charged to a budget; expat's own memory follows from the
 * limits below, and is wiped when it is given back.
 *
 * Documents that somebody else wrote are read with more patience (xml_new_patient()): prefixes stay
 * in the names and need no declaration, an entity that nobody declared is a space, comments and
 * processing instructions are given too, and xml_read_bytes() says where reading came to an end. */
#ifndef EXEAT_BASE_XML_H
#define EXEAT_BASE_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/cursor.h"

#define XML_DEPTH_MAX               64  /* spreadsheets have 12, clinical documents about 30 */
#define XML_ATTRIBUTES_MAX          64  /* of one element, declarations of namespaces apart */
#define XML_NAME_BYTES_MAX          512 /* a name with its namespace, which is a web address */
#define XML_TOKEN_BYTES_MAX         (64u << 10) /* one tag or comment: expat must hold it whole */
#define XML_PATIENT_ATTRIBUTES_MAX  256 /* declarations of namespaces count: an office has 35 */
#define XML_PATIENT_TOKEN_BYTES_MAX (32u << 10) /* so that an open message stays small */
#define XML_PATIENT_BYTES           (96u << 10) /* expat's: a token, its copy, names */
#define XML_NAMES_MAX               1024        /* different names, which expat keeps to the end */

enum xml_event_kind { XML_EVENT_START, XML_EVENT_TEXT, XML_EVENT_END, XML_EVENT_COMMENT };

struct xml_attribute {
	const char *space; /* "" when the name has no prefix */
	const char *name;
	const char *value;
};

/* Borrows from the reader, until the next call on it. */
struct xml_event {
	enum xml_event_kind kind;
	unsigned depth;    /* of the element that starts or ends or holds the text; root: 1 */
	const char *space; /* of start and end: the namespace, "" for none */
	const char *name;  /* of start and end: without prefix */
	struct span text;  /* of text: UTF-8; one text may come in several pieces. Of a comment */
	const struct xml_attribute *attributes; /* of start */
	size_t attribute_count;
};

struct xml;

/* Borrows the budget (NULL: none) for its life. */
int xml_new(struct xml **ret_gives, struct budget *budget) WUNRES NONNULL(1);
/* For documents of others. They must be in UTF-8, whatever they declare. Charges the budget with
 * XML_PATIENT_BYTES; STATUS_LIMIT. */
int xml_new_patient(struct xml **ret_gives, struct budget *budget) WUNRES NONNULL(1);
struct xml *xml_free(struct xml *x); /* NULL ok, returns NULL */
/* Borrows the bytes until xml_next returned something else than STATUS_ITEM. last: the document
 * ends with them. */
void xml_feed(struct xml *x, struct span bytes, bool last) NONNULL(1);
/* STATUS_ITEM; 0: feed more; STATUS_END: the document was whole; STATUS_MALFORMED;
 * STATUS_UNSUPPORTED: it has a document type; STATUS_LIMIT: a maximum above, or the budget; or a
 * failure. All but the first two stay. */
int xml_next(struct xml *x, struct xml_event *ret_borrows) WUNRES NONNULL(1, 2);
/* Bytes of what was fed that the events so far came from: what is broken stands behind them. */
uint64_t xml_read_bytes(const struct xml *x) NONNULL(1);
/* The value of an attribute; NULL when the element has none of that name. */
const char *xml_attribute(const struct xml_event *e, const char *space, const char *name)
        NONNULL(1, 2, 3);

#endif
