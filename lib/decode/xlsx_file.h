/* xlsx_file: the sheets of a workbook, as tables. Runs in a process of its own (unpacker.h): texts
 * lie in one part, formats in another, rows in a third, in any order.
 *
 * Each sheet is given as a member in CSV, with dates where a format says that a number is one; so
 * that what is known of tables is known of sheets. Other parts are members as in any archive, but
 * for the settings of printers. A package that is no workbook has its parts as members.
 *
 * Source: ECMA-376 part 1, 18.3 (worksheets), 18.4 (shared strings), 18.8 (styles). */
#ifndef EXEAT_DECODE_XLSX_FILE_H
#define EXEAT_DECODE_XLSX_FILE_H

#include "base/compiler.h"
#include "base/cursor.h"
#include "decode/unpack_record.h"

#define XLSX_PARTS_MAX      4096 /* DECODE_STREAMS_MAX */
#define XLSX_STRINGS_MAX    2000000
#define XLSX_TEXT_BYTES_MAX (128u << 20) /* of the shared strings */
#define XLSX_STYLES_MAX     65536        /* Excel's own limit is 65,490 */
#define XLSX_FORMATS_MAX    1024         /* Excel's own limit is 250 */
#define XLSX_COLUMNS_MAX    1024         /* what stands further right stands side by side */
#define XLSX_CELL_BYTES_MAX (128u << 10) /* Excel's own limit is 32,767 characters */

/* Puts records up to and with UNPACK_END. */
void xlsx_file_read(struct span document, struct unpack_sink *sink) NONNULL(2);

#endif
