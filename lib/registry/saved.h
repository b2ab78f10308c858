/* saved: what a spreadsheet's way of saving did to a register file. Comes in: the bytes of a file.
 * Goes out: UTF-8 text with commas, or complaints. What can be read in one way only is converted
 * with a warning; the rest is refused with what to do.
 *
 * UTF-16 (RFC 2781) with its byte-order mark can be read in one way only. The old Windows encoding
 * is refused: the same byte is one letter in Windows-1252, another in Windows-1250 and a third on
 * old Macs, nothing in the file tells which, and a recipient's name read wrongly joins nothing. */
#ifndef EXEAT_REGISTRY_SAVED_H
#define EXEAT_REGISTRY_SAVED_H

#include "base/compiler.h"
#include "base/cursor.h"
#include "registry/arena.h"
#include "registry/problems.h"

/* ret_borrows: the bytes themselves, or text in the arena; empty after an error. 0 even when there
 * are complaints, or STATUS_NO_MEMORY. */
int saved_encoding(struct arena *a, enum registry_file file, struct span bytes,
        struct span *ret_borrows, struct problems *p) WUNRES NONNULL(1, 4, 5);
/* The same for the separators of columns. Semicolons and tabs become commas where every row then
 * has as many cells as the header and no cell holds a comma. */
int saved_delimiter(struct arena *a, enum registry_file file, struct span text,
        struct span *ret_borrows, struct problems *p) WUNRES NONNULL(1, 4, 5);

#endif
