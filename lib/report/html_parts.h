/* html_parts: the pieces report.html is made of. Everything that is not ours passes html_text. */
#ifndef EXEAT_REPORT_HTML_PARTS_H
#define EXEAT_REPORT_HTML_PARTS_H

#include <stdio.h>

#include "base/compiler.h"
#include "report/rows.h"

#define HTML_DECISIONS_MAX 5   /* in full: what a person can take in at one sitting */
#define HTML_ROWS_MAX      500 /* of a table; more are in the CSV files */

/* Escapes & < > " ' and makes control characters spaces. */
void html_text(FILE *out, const char *text) NONNULL(1, 2);
/* The same for a host name, which may break after its dots. */
void html_name(FILE *out, const char *text) NONNULL(1, 2);
/* <tag>escaped</tag> */
void html_element(FILE *out, const char *tag, const char *text) NONNULL(1, 2, 3);

/* What to decide, gravest first: the first few in full, the rest in a table. Rows are sorted by
 * gravity. */
int html_write_decisions(const struct report *r, const struct row_list *rows,
        const struct flag_row *flags, size_t flag_count, FILE *out) WUNRES NONNULL(1, 2, 5);
/* changes.c: nothing when no comparison was asked for. */
void html_write_changes(const struct report *r, FILE *out) NONNULL(1, 2);
/* Whether a row asks for a person's decision. */
bool html_asks_decision(const struct summary_row *row) NONNULL(1);

#endif
