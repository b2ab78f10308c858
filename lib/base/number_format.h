/* number_format: what a number in a cell of a workbook means. Excel keeps a date as a number of
 * days and says only in the cell's format that it is one.
 *
 * Source: ECMA-376 part 1, 18.8.30 (numFmt, with the formats that have no code), 18.8.31 (format
 * codes), 18.17.4.1 (the two date systems). Only what is certain is turned: a number without the
 * format of a date stays a number. */
#ifndef EXEAT_BASE_NUMBER_FORMAT_H
#define EXEAT_BASE_NUMBER_FORMAT_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define NUMBER_TEXT_CHARS 32

enum number_format { NUMBER_PLAIN, NUMBER_DATE, NUMBER_TIME };

/* Of a format that has an id and no code. */
enum number_format number_format_builtin(unsigned id);
/* Of a format code such as "dd/mm/yyyy;@". */
enum number_format number_format_of(const char *code) NONNULL(1);
/* A number as it stands in the file, as text: 15 digits at most, as Excel shows them; a date as
 * YYYY-MM-DD, with its time when it has one; a time as HH:MM:SS, without seconds when there are
 * none. Day 60 of the 1900 system is 1900-02-29, which Excel shows and which never was. False: no
 * number. */
bool number_text(struct span number, enum number_format format, bool from_1904,
        char ret[static NUMBER_TEXT_CHARS]);

#endif
