/* zip_file: the members of a zip file that lies in memory, by its central directory. Comes in: the
 * bytes of a workbook. Goes out: one member at a time, checked against its length and its CRC.
 *
 * Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory),
 * 4.3.16 (its end). Every byte of the directory is accounted for, and each local header must agree
 * with it: a file of which two readers would read two contents is refused. */
#ifndef EXEAT_REGISTRY_ZIP_FILE_H
#define EXEAT_REGISTRY_ZIP_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/cursor.h"

#define ZIP_FILE_MEMBERS_MAX 256 /* a workbook of six sheets has about 20 */
/* 15,000 rows of 25 cells make 15 MB of XML at 40 bytes a cell; a CSV file may be as large. */
#define ZIP_FILE_PART_BYTES_MAX (16u << 20)
/* Rows of a sheet pack about 20 to 1, empty formatted ones up to 100. Small parts may do better. */
#define ZIP_FILE_RATIO_MAX        200
#define ZIP_FILE_RATIO_FROM_BYTES (1u << 20)

struct zip_member {
	struct span name; /* borrows from the file, as does the data */
	struct span data; /* as it is stored */
	size_t from, to;  /* in the file: local header and data */
	uint16_t method;
	uint32_t crc;
	uint32_t plain_bytes;
};

/* A value; borrows the bytes it was opened on. */
struct zip_file {
	struct zip_member members[ZIP_FILE_MEMBERS_MAX];
	size_t count;
};

/* The reason is one clear sentence, static.
 * 0; STATUS_MALFORMED, STATUS_LIMIT, STATUS_ENCRYPTED (a member is locked) or STATUS_UNSUPPORTED
 * (zip64, several disks, another method) with the reason. */
int zip_file_open(struct zip_file *z, struct span bytes, const char **ret_reason) WUNRES
        NONNULL(1, 3);
/* The index of the member; capitals do not count (ECMA-376 part 2, 6.2.2.3). SIZE_MAX: none. */
size_t zip_file_find(const struct zip_file *z, struct span name) NONNULL(1);
/* Appends a member's whole content to ret, which must be empty. 0; STATUS_MALFORMED or
 * STATUS_LIMIT with the reason, ret then empty; or a failure. */
int zip_file_read(const struct zip_file *z, size_t index, struct buf *ret,
        const char **ret_reason) WUNRES NONNULL(1, 3, 4);

#endif
