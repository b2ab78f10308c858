/* width: how many terminal columns a text takes, and where a line of it may end. */
#ifndef EXEAT_REPORT_WIDTH_H
#define EXEAT_REPORT_WIDTH_H

#include <stddef.h>

#include "base/compiler.h"

/* Columns of the first len bytes. Combining and invisible characters take none, East Asian wide
 * ones and emoji two (Unicode Standard Annex #11, wide ranges only); bytes that are not UTF-8 one
 * each. */
size_t text_width(const char *text, size_t len) NONNULL(1);
/* Columns of the longest part that a line cannot end in. */
size_t text_word_width(const char *text) NONNULL(1);
/* Length in bytes of the first line of text that fits `columns` (at least 1; 0 no limit): it ends
 * at a space, after a comma or a hyphen, else in the middle of a word. *ret_next: where the next
 * line begins. */
size_t text_line(const char *text, size_t columns, size_t *ret_next) NONNULL(1, 3);

#endif
