/* archive_file: the members of an archive that cannot be read as it comes. Runs in a process of its
 * own (unpacker.h).
 *
 * The formats are libarchive's: 7z, RAR 4 and 5, CAB, and single files packed by xz, bzip2 and
 * lzip. */
#ifndef EXEAT_DECODE_ARCHIVE_FILE_H
#define EXEAT_DECODE_ARCHIVE_FILE_H

#include "base/compiler.h"
#include "base/cursor.h"
#include "decode/spool.h"
#include "decode/unpack_record.h"

#define ARCHIVE_MEMBERS_MAX 4096 /* DECODE_STREAMS_MAX */

/* Puts records up to and with UNPACK_END. */
void archive_file_read(struct span document, enum unpack_format format, struct unpack_sink *sink)
        NONNULL(3);

#endif
