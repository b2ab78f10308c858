/* opener: whether a few decoded bytes begin something that can hold clinical data: what is asked of
 * the front of a base64 text before it is opened.
 *
 * Short marks alone (`II*`, `1f 8b`, four letters of base64) stand in ordinary text by chance, so
 * each must go on as its format does: the header's constant fields, or readable text throughout.
 * Sources: RFC 1952 (gzip), RFC 8878 (zstd), APPNOTE 6.3.10 (zip), ISO 32000-2 (PDF), RFC 5652
 * (CMS), HL7 v2.4 chapter 2, TIFF 6.0, RFC 2083 (PNG), ISO/IEC 10918-1 (JPEG), RFC 3533 (Ogg), RFC
 * 8794 (EBML), [MS-CFB] (OLE), RTF 1.9.1. */
#ifndef EXEAT_DECODE_OPENER_H
#define EXEAT_DECODE_OPENER_H

#include <stdbool.h>

#include "base/cursor.h"

#define OPENER_BYTES          48 /* of 64 base64 digits: enough for the type of a CMS content */
#define OPENER_BYTES_MIN      12
#define OPENER_TEXT_BYTES_MIN 24 /* fewer readable characters in a row are chance */

/* bytes: the front, of which OPENER_BYTES are looked at. The header of a signed token (JWT) is
 * text, and is none. */
bool opener_known(struct span bytes);

#endif
