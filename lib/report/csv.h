/* csv: writes RFC 4180: CRLF, a cell in quotes when it must be. A cell that a spreadsheet would run
 * as a formula (OWASP, "CSV injection": a leading = + - @, their full-width twins, tab or carriage
 * return) gets an apostrophe in front; numbers are never negative here and stay as they are. */
#ifndef EXEAT_REPORT_CSV_H
#define EXEAT_REPORT_CSV_H

#include <stdio.h>

#include "base/compiler.h"

/* Errors of the stream are asked for at the end of a row, by stream_status. */
void csv_write_cell(FILE *out, unsigned column, const char *text) NONNULL(1, 3);
void csv_end_row(FILE *out) NONNULL(1);

#endif
