/* part: one XML part of a workbook, pulled element by element, and the texts in it.
 *
 * Source: ECMA-376 part 1, 18.4 (shared and inline strings), 22.9.2.19 (ST_Xstring); both its
 * transitional and its strict namespaces. */
#ifndef EXEAT_REGISTRY_PART_H
#define EXEAT_REGISTRY_PART_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/xml.h"
#include "registry/zip_file.h"

struct part {
	struct buf bytes;
	struct xml *xml;
};

/* STATUS_NOT_FOUND: there is no such part; or an outcome of zip_file_read. After any of them the
 * part need not be closed, but may be. The reason is one clear sentence, static. */
int part_open(struct part *p, const struct zip_file *z, struct span name,
        const char **ret_reason) WUNRES NONNULL(1, 2, 4);
/* STATUS_ITEM; STATUS_END; STATUS_MALFORMED, STATUS_UNSUPPORTED or STATUS_LIMIT with the reason; or
 * a failure. */
int part_next(struct part *p, struct xml_event *ret_borrows, const char **ret_reason) WUNRES
        NONNULL(1, 2, 3);
void part_close(struct part *p) NONNULL(1);
/* Whether the event starts or ends this element of a spreadsheet. */
bool part_is(const struct xml_event *e, const char *name) NONNULL(1, 2);

/* The text of a string item: of its own <t> and those of its runs, not of its phonetic ones. */
struct string_item {
	struct buf raw;          /* as it stands, with _xHHHH_ */
	bool in_text;            /* inside a <t> */
	unsigned phonetic_depth; /* of the <rPh> that we are inside; 0: none */
};

void string_item_init(struct string_item *s) NONNULL(1);
void string_item_free(struct string_item *s) NONNULL(1);
/* Takes in what happens inside of <si> or <is>. */
int string_item_feed(struct string_item *s, const struct xml_event *e) WUNRES NONNULL(1, 2);
/* Appends the text, clipped to one byte more than a cell may hold, and begins anew. */
int string_item_take(struct string_item *s, struct buf *ret) WUNRES NONNULL(1, 2);

#endif
