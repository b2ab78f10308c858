/* template: the files with which a practice begins its register: each table with its header row
 * alone, a guide to every column, and an example. Comes in: nothing but the tables of columns. Goes
 * out: bytes of files.
 *
 * Tables begin with the byte-order mark and end their lines in CR LF: so Excel opens them as UTF-8,
 * and keeps them so. */
#ifndef EXEAT_REGISTRY_TEMPLATE_H
#define EXEAT_REGISTRY_TEMPLATE_H

#include "base/buf.h"
#include "base/compiler.h"
#include "registry/registry.h"

#define TEMPLATE_BYTES_MAX 65536

/* All append to a buffer that the caller initialised, and return 0, STATUS_NO_MEMORY or
 * STATUS_LIMIT. */
int template_table(enum registry_file file, struct buf *ret) WUNRES NONNULL(2);
/* The same table filled for a practice and makers that are invented; the six together load without
 * a complaint until 2027-06-30. */
int template_example(enum registry_file file, struct buf *ret) WUNRES NONNULL(2);
/* Plain text for people. */
int template_guide(struct buf *ret) WUNRES NONNULL(1);

#endif
