/* pdf_document: what the files of the PDF reader share: pdf_file.c (the document), pdf_pages.c
 * (what is shown), pdf_fonts.c (fonts as dictionaries say them). */
#ifndef EXEAT_DECODE_PDF_DOCUMENT_H
#define EXEAT_DECODE_PDF_DOCUMENT_H

#include <qpdf/qpdf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "decode/pdf_file.h"
#include "decode/pdf_font.h"
#include "decode/unpack_record.h"

/* A font that was read, by its object; one that is written where it is used, by its name there. */
struct pdf_known_font {
	int object, generation;
	uint64_t owner; /* of a font without an object: whose resources */
	char name[32];
	struct pdf_font font;
};

struct pdf_document {
	qpdf_data qpdf;
	struct unpack_sink *sink;
	struct pdf_known_font **fonts; /* owned; so are they */
	size_t font_count, font_capacity;
	uint64_t content_bytes, text_bytes, contents;
	uint64_t lost_bytes; /* of the document: pdf_lose */
	unsigned forms, nodes, attachments, annotations;
	uint32_t pages;      /* begun */
	uint32_t page_count; /* that there are */
	uint32_t picture_pages, broken_pages;
	uint64_t readable, unreadable; /* see pdf_text.h */
	bool limited;                  /* a maximum was reached: there is more than was read */
};

/* The key of a dictionary or of a stream's; null for anything else. To be given back. */
qpdf_oh pdf_key(struct pdf_document *d, qpdf_oh from, const char *key) NONNULL(1, 3);
void pdf_drop(struct pdf_document *d, qpdf_oh object) NONNULL(1);
bool pdf_is_name(struct pdf_document *d, qpdf_oh object, const char *name) NONNULL(1, 3);
double pdf_number(struct pdf_document *d, qpdf_oh object, double otherwise) NONNULL(1);
/* A stream's bytes, unpacked, counted; to be freed with free(3). False: they cannot be had. What a
 * filter has packed that nobody here knows (a picture's) comes as it is, unless it is wanted as
 * content. */
bool pdf_stream(struct pdf_document *d, qpdf_oh stream, bool content, struct span *ret_gives)
        NONNULL(1, 4);
/* Nobody looks into it: it counts by its bytes in the document. */
void pdf_lose(struct pdf_document *d, qpdf_oh stream) NONNULL(1);

/* The font of that name; NULL: there is none, or no reading it. owner: of the resources. */
const struct pdf_font *pdf_find_font(
        struct pdf_document *d, qpdf_oh resources, uint64_t owner, const char *name) NONNULL(1, 4);
void pdf_fonts_free(struct pdf_document *d) NONNULL(1);

/* All pages, and what is stuck on them; up to a limit. */
void pdf_read_pages(struct pdf_document *d) NONNULL(1);
/* A file that is attached. */
void pdf_read_attachment(struct pdf_document *d, qpdf_oh specification) NONNULL(1);
/* A text that people wrote, with its label. */
void pdf_put_words(struct pdf_document *d, enum unpack_value what, struct span label, qpdf_oh words)
        NONNULL(1);

#endif
