/* pdf_file: what a PDF document says: the text of its pages, the words about it, what was filled in
 * and stuck on, and the files that are attached. Runs in a process of its own (unpacker.h).
 *
 * Source: ISO 32000-2:2020. Objects, streams and their filters, and encryption with an empty
 * password, are qpdf's; pages, fonts and text are read here. Work is bounded by counts of our own,
 * so that the same document ends the same everywhere. */
#ifndef EXEAT_DECODE_PDF_FILE_H
#define EXEAT_DECODE_PDF_FILE_H

#include "base/compiler.h"
#include "base/cursor.h"
#include "decode/unpack_record.h"

#define PDF_PAGES_MAX         20000
#define PDF_CONTENT_BYTES_MAX (256u << 20) /* of all content streams, unpacked */
#define PDF_TEXT_BYTES_MAX    (64u << 20)
#define PDF_FORMS_MAX         20000 /* form XObjects that are drawn */
#define PDF_FORM_DEPTH_MAX    8
#define PDF_TREE_DEPTH_MAX    16 /* of fields, of names, of pages */
#define PDF_TREE_NODES_MAX    20000
#define PDF_FONTS_MAX         512 /* read at once; more: they are read again */
#define PDF_FONTS_READ_MAX    20000
#define PDF_ATTACHMENTS_MAX   1000
#define PDF_ANNOTATIONS_MAX   20000

/* Puts records up to and with UNPACK_END. */
void pdf_file_read(struct span document, struct unpack_sink *sink) NONNULL(2);

#endif
