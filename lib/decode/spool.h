/* spool: a document that is being collected, and its way to the process that opens it. */
#ifndef EXEAT_DECODE_SPOOL_H
#define EXEAT_DECODE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

/* What a document is taken for, by its first bytes. */
enum unpack_format {
	UNPACK_PDF,
	UNPACK_7Z,
	UNPACK_RAR,
	UNPACK_CAB,
	UNPACK_XZ,
	UNPACK_BZIP2,
	UNPACK_LZIP,
	UNPACK_OFFICE, /* a package of the office, which may be a workbook */
	UNPACK_FORMATS
};

struct decode_unpacker;

/* A value; all zero but for the descriptors, which are -1: nothing is collected. */
struct spool {
	struct decode_unpacker *unpacker; /* borrows; NULL: not open */
	int fd;
	size_t len;
	int answer_fd;        /* -1: nobody was asked */
	int64_t wait_left_ns; /* for the answer */
};

/* STATUS_LIMIT: too many documents are open at once. STATUS_NO_PERMISSION: the machine gives no
 * memory of this kind. */
int spool_open(struct spool *s, struct decode_unpacker *borrowed) WUNRES NONNULL(1, 2);
/* All or nothing. STATUS_LIMIT: there is no room. */
int spool_add(struct spool *s, struct span bytes) WUNRES NONNULL(1);
/* Hands it over. STATUS_NOT_FOUND: nobody opens documents (any more). */
int spool_ask(struct spool *s, enum unpack_format format) WUNRES NONNULL(1);
/* Waits for more of the answer. STATUS_ITEM: *ret_len bytes, at least one. STATUS_END: it is over.
 * STATUS_LIMIT: the waits for it took too long together. */
int spool_read(struct spool *s, uint8_t *ret, size_t max_bytes, size_t *ret_len) WUNRES
        NONNULL(1, 2, 4);
/* Wiped. Not open: fine. */
void spool_close(struct spool *s) NONNULL(1);

#endif
