/* unpacker: opens documents that cannot be read as a stream (PDF, 7z and its kin), by libraries
 * that do not bound their memory. So a decoder collects the document and hands it to a process that
 * has nothing to lose (priv_start_unpacker in lib/priv); its answer, a stream of records, is read
 * here.
 *
 * The document lies in memory that has no name and no file (memfd_create(2)), is wiped afterwards,
 * and never touches a disk. What the documents of one unpacker take is bounded; each lane of the
 * pipeline has one, so that it does not depend on the number of workers who finds room. */
#ifndef EXEAT_DECODE_UNPACKER_H
#define EXEAT_DECODE_UNPACKER_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/handover.h"
#include "decode/decode.h"

/* A letter has 100 KB, a scanned one 5 MB; 32 MiB hold a hundred pages of scans. */
#define UNPACK_SPOOL_BYTES_MAX  (32u << 20)
#define UNPACK_SPOOLS_BYTES_MAX (32u << 20) /* of all documents of an unpacker */
#define UNPACK_SPOOLS_MAX       16          /* documents at once */
/* What a document may say in all; beyond it ends STREAM_LIMIT. */
#define UNPACK_ANSWER_BYTES_MAX (512u << 20)
/* Of waiting for it, in all. Its process has less time to compute (PRIV_JOB_CPU_SECONDS). */
#define UNPACK_SECONDS_MAX 30

struct decode_unpacker;

/* fd: of priv_start_unpacker; borrowed. */
int decode_unpacker_new(struct decode_unpacker **ret_gives, int fd) WUNRES NONNULL(1);
struct decode_unpacker *decode_unpacker_free(struct decode_unpacker *u); /* NULL ok, returns NULL */
/* For the life of the session; without it such documents are named and counted as not read. */
void decode_session_open_with(struct decode_session *s, struct decode_unpacker *borrowed)
        NONNULL(1); /* borrowed: NULL ok */

/* In the process that was made for a document: opens it, answers, and gives the exit code to end
 * with. Uses what memory and time there is; whatever happens to it is an answer, too. */
int decode_unpack(const struct handover *job) WUNRES NONNULL(1);

#endif
