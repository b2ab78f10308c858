/* zip_header: reads what stands before and after the data of a zip member.
 *
 * Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 (local file header), 4.3.9 (data descriptor),
 * 4.4.4 (flags), 4.4.5 (methods), 4.5.3 (zip64 extra field). The archive is read forwards from its
 * local headers, so a central directory that lies, or members that overlap through it, do not exist
 * for us. */
#ifndef EXEAT_DECODE_ZIP_HEADER_H
#define EXEAT_DECODE_ZIP_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define ZIP_LOCAL_BYTES    30                 /* of a local header, before name and extra field */
#define ZIP_HEADER_MAX     (30 + 2 * 0xffffu) /* the largest that its 16-bit lengths can say */
#define ZIP_METHOD_STORED  0
#define ZIP_METHOD_DEFLATE 8

enum zip_record {
	ZIP_LOCAL,      /* PK 3 4: a member follows */
	ZIP_DESCRIPTOR, /* PK 7 8 */
	ZIP_TAIL,       /* central directory, its end records, or archive extra data */
	ZIP_SPANNED,    /* PK 3 0 / PK 0 0: a marker of split archives; the local header follows */
	ZIP_OTHER,
};

struct zip_local {
	uint16_t method;
	bool encrypted;   /* flag bit 0, strong encryption, or method 99 */
	bool descriptor;  /* flag bit 3: sizes follow the data */
	bool sizes_known; /* compressed and plain are true before the data */
	bool zip64;       /* a descriptor holds 8-byte sizes */
	bool utf8;        /* flag bit 11: of the name */
	uint32_t crc;     /* only when !descriptor */
	uint64_t compressed_bytes;
	uint64_t plain_bytes;
	struct span name; /* borrows the header */
	size_t header_bytes;
};

enum zip_record zip_record_of(uint32_t signature);
/* STATUS_MORE: *ret_needed bytes from the signature on are needed. STATUS_MALFORMED: no local
 * header, or an extra field that contradicts itself. */
int zip_local_read(struct span bytes, struct zip_local *ret, size_t *ret_needed) WUNRES
        NONNULL(2, 3);
/* Whether bytes begin with a descriptor that says crc and sizes, with or without its signature,
 * with 4- or 8-byte sizes; its length, or 0. Needs up to 24 bytes to say yes to every form. */
size_t zip_descriptor_length(
        struct span bytes, uint32_t crc, uint64_t compressed, uint64_t plain) WUNRES;
#define ZIP_DESCRIPTOR_MAX 24

#endif
