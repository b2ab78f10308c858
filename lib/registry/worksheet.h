/* worksheet: one sheet of a workbook as the CSV text that says the same, so that one reader, with
 * the same complaints, serves both. Row n of the sheet is row n of the text.
 *
 * Dates become YYYY-MM-DD, yes-or-no cells TRUE and FALSE. A formula becomes "=" and an error value
 * "#N/A", which the checks of cells then refuse: what Excel last computed may be out of date.
 *
 * Source: ECMA-376 part 1, 18.3 (worksheets). */
#ifndef EXEAT_REGISTRY_WORKSHEET_H
#define EXEAT_REGISTRY_WORKSHEET_H

#include "base/compiler.h"
#include "registry/problems.h"
#include "registry/workbook.h"

#define WORKSHEET_CELLS_MAX 524288 /* with content: 15,000 rows of 34 columns */

/* Appends the text to ret, which must be empty. 0, also when there were errors, and then ret stays
 * empty; or a failure. */
int worksheet_to_csv(const struct workbook *w, size_t sheet, enum registry_file file,
        struct problems *problems, struct buf *ret) WUNRES NONNULL(1, 4, 5);

#endif
